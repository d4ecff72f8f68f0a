//! The way to a library's own relay: its addresses, and who we are there.
//!
//! In: a library with a relay, and the sealed secret. Out: a route and a manner for the pool, or what is missing.

use standards::domain::Domain;

use super::conversation::Manner;
use super::route::{Route, Routes};
use super::sign_in::{Proof, SignIn};
use crate::library::{Library, LibraryCode, OwnRelay, RelayAuth, RelayTls};
use crate::net::tls::Security;
use crate::outcome::{Said, Stage, Trouble};
use crate::secret::Secret;
use crate::store::Store;

/// A way that can be gone.
pub struct Way {
    /// The relay's addresses.
    pub route: Route,
    /// How the conversation begins.
    pub manner: Manner,
}

/// Why there is no way.
pub enum NoWay {
    /// There is no secret, or one for another relay or account.
    NoSecret,
    /// The relay has no address.
    NoHost,
    /// We are broken.
    Broken(crate::store::StoreError),
}

impl NoWay {
    /// The same, as what was said on the wire; broken ourselves there is nothing to say.
    ///
    /// # Errors
    /// When the store is broken.
    pub fn into_said(self, host: &Domain) -> crate::store::Result<Said> {
        let (stage, trouble) = match self {
            Self::NoSecret => (Stage::Auth, Trouble::Lacking),
            Self::NoHost => (Stage::Connect, Trouble::Unreachable),
            Self::Broken(error) => return Err(error),
        };
        Ok(Said::Broken { stage, trouble, host: Some(host.to_string()) })
    }
}

/// What a secret is sealed for: another library, relay or account cannot open it, so that whoever may change a record
/// cannot send the secret somewhere else.
#[must_use]
pub fn about(library: &LibraryCode, relay: &OwnRelay) -> String {
    format!("relay {library} {}", relay.name())
}

/// The way to `relay`, asked of the DNS now.
///
/// # Errors
/// [`NoWay`].
pub async fn way(
    routes: &Routes,
    store: &Store,
    secret: &Secret,
    library: &Library,
    relay: &OwnRelay,
) -> Result<Way, NoWay> {
    let sealed = store.relay_secret(&library.code).await.map_err(NoWay::Broken)?.ok_or(NoWay::NoSecret)?;
    let opened = secret.open_sealed(&sealed, &about(&library.code, relay)).map_err(|_| NoWay::NoSecret)?;
    let words = String::from_utf8(opened).map_err(|_| NoWay::NoSecret)?;
    let proof = match relay.auth {
        RelayAuth::Plain => Proof::Password(words),
        RelayAuth::Xoauth2 => Proof::Token(words),
    };
    let in_clear = relay.tls == RelayTls::None;
    let route = routes.to_relay(&relay.host, relay.port, in_clear).await.map_err(|_| NoWay::NoHost)?;
    let manner = Manner {
        security: if in_clear { Security::Opportunistic } else { Security::Required { name: None } },
        begins_in_tls: relay.tls == RelayTls::Implicit,
        sign_in: Some(SignIn { user: relay.user.clone(), proof }),
    };
    Ok(Way { route, manner })
}
