//! The way through a library's own relay: its addresses, who we are there, and handing a message over.
//!
//! In: a library with a relay, the sealed secret, a message. Out: what was said, or what is missing to try. An access token
//! that the relay refuses is asked for anew, once.

use std::sync::Arc;

use standards::domain::Domain;

use super::conversation::{Envelope, Manner};
use super::dial::RelayAddr;
use super::pool::{Asker, Attempted, Busy, Pool};
use super::route::{Route, Routes};
use super::sign_in::{Proof, SignIn};
use super::token::{NoToken, Tokens};
use crate::clock;
use crate::library::{Library, LibraryCode, OwnRelay, RelayAuth, RelayTls};
use crate::net::tls::Security;
use crate::outcome::{Said, Stage, Trouble};
use crate::secret::Secret;
use crate::store::Store;

/// What a relay answers to a sign-in that it does not believe (RFC 4954 §6).
const SIGN_IN_REFUSED: u16 = 535;

/// What messages go through libraries' own relays with.
pub struct OwnRelays {
    /// Where relays are.
    pub routes: Arc<Routes>,
    /// Sealed secrets.
    pub store: Store,
    /// The installation's secret.
    pub secret: Arc<Secret>,
    /// Access tokens.
    pub tokens: Tokens,
    /// Connections.
    pub pool: Arc<Pool>,
}

/// A way that can be gone.
struct Way {
    route: Route,
    manner: Manner,
}

/// Why there is no way.
pub enum NoWay {
    /// There is no secret, or one for another relay or account.
    NoSecret,
    /// There is no access token to be had.
    NoToken(NoToken),
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
            Self::NoToken(_) => (Stage::Auth, Trouble::NoToken),
            Self::NoHost => (Stage::Connect, Trouble::Unreachable),
            Self::Broken(error) => return Err(error),
        };
        Ok(Said::Broken { stage, trouble, host: Some(host.to_string()) })
    }
}

/// What a secret is sealed for: another library, relay, account or token endpoint cannot open it, so that whoever may
/// change a record cannot send the secret somewhere else.
#[must_use]
pub fn about(library: &LibraryCode, relay: &OwnRelay) -> String {
    match &relay.tokens {
        None => format!("relay {library} {}", relay.name()),
        Some(source) => format!("relay {library} {} {} {}", relay.name(), source.token_url, source.client_id),
    }
}

impl OwnRelays {
    /// Hands a message to the library's own relay.
    ///
    /// # Errors
    /// [`NoWay`].
    pub async fn submit<E: Into<Option<Envelope>>>(
        &self,
        library: &Library,
        relay: &OwnRelay,
        asker: Asker<'_>,
        speaker: &RelayAddr,
        write: impl Fn() -> E,
    ) -> Result<Result<Attempted, Busy>, NoWay> {
        let way = self.way(library, relay).await?;
        let first = self.pool.submit(&write, &way.route, speaker, &way.manner, asker).await;
        let token = match way.manner.sign_in.map(|sign_in| sign_in.proof) {
            Some(Proof::Token(token)) if relay.tokens.is_some() && is_refused_sign_in(&first) => token,
            _ => return Ok(first),
        };
        // It may have been taken back before its time. A second refusal is an answer.
        self.tokens.refused(&library.code, &token).await;
        let way = self.way(library, relay).await?;
        Ok(self.pool.submit(&write, &way.route, speaker, &way.manner, asker).await)
    }

    /// The way to `relay`, asked of the DNS now.
    async fn way(&self, library: &Library, relay: &OwnRelay) -> Result<Way, NoWay> {
        let sealed = self.store.relay_secret(&library.code).await.map_err(NoWay::Broken)?.ok_or(NoWay::NoSecret)?;
        let opened = self.secret.open_sealed(&sealed, &about(&library.code, relay)).map_err(|_| NoWay::NoSecret)?;
        let proof = match (&relay.tokens, relay.auth) {
            (Some(source), RelayAuth::Xoauth2) => {
                let token = self.tokens.of(&library.code, relay, source, &sealed, clock::now()).await;
                Proof::Token(token.map_err(NoWay::NoToken)?)
            }
            (_, auth) => {
                let words = String::from_utf8(opened).map_err(|_| NoWay::NoSecret)?;
                if auth == RelayAuth::Plain { Proof::Password(words) } else { Proof::Token(words) }
            }
        };
        let in_clear = relay.tls == RelayTls::None;
        let route = self.routes.to_relay(&relay.host, relay.port, in_clear).await.map_err(|_| NoWay::NoHost)?;
        let manner = Manner {
            security: if in_clear { Security::Opportunistic } else { Security::Required { name: None } },
            begins_in_tls: relay.tls == RelayTls::Implicit,
            sign_in: Some(SignIn { user: relay.user.clone(), proof }),
        };
        Ok(Way { route, manner })
    }
}

fn is_refused_sign_in(attempted: &Result<Attempted, Busy>) -> bool {
    let Ok(Attempted { said: Said::Replied { stage: Stage::Auth, reply, .. }, .. }) = attempted else { return false };
    reply.code == SIGN_IN_REFUSED
}
