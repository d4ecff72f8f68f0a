//! Signing in at the submission door: PLAIN (RFC 4616), LOGIN, OAUTHBEARER (RFC 7628) and XOAUTH2, which is its elder.
//!
//! In: a mechanism and what the client says under it. Out: a name and a secret, or the next challenge. Not here: whether they
//! open (`submit`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use smtp_proto::{AUTH_LOGIN, AUTH_OAUTHBEARER, AUTH_PLAIN, AUTH_XOAUTH2};

/// What EHLO offers.
pub(super) const OFFER: &str = "AUTH PLAIN LOGIN OAUTHBEARER XOAUTH2";

/// A way to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mechanism {
    Plain,
    Login,
    /// OAUTHBEARER and XOAUTH2: the key is the token.
    Bearer,
}

/// Who somebody says they are.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    /// A library's code, or whatever the system wants to have a name.
    pub(super) name: String,
    /// The key.
    pub(super) secret: String,
}

impl Mechanism {
    /// The mechanism of an AUTH command.
    pub(super) fn of(bit: u64) -> Option<Self> {
        match bit {
            AUTH_PLAIN => Some(Self::Plain),
            AUTH_LOGIN => Some(Self::Login),
            AUTH_OAUTHBEARER | AUTH_XOAUTH2 => Some(Self::Bearer),
            _ => None,
        }
    }

    /// What is asked for after `said` answers; none when nothing more is needed. In base64, as the wire has it.
    pub(super) fn challenge(self, said: usize) -> Option<&'static str> {
        match (self, said) {
            // “Username:” and “Password:”.
            (Self::Login, 0) => Some("VXNlcm5hbWU6"),
            (Self::Login, 1) => Some("UGFzc3dvcmQ6"),
            (Self::Plain | Self::Bearer, 0) => Some(""),
            _ => None,
        }
    }

    /// Reads the answers, each in base64.
    pub(super) fn read(self, answers: &[String]) -> Option<Credentials> {
        let decoded: Vec<String> = answers
            .iter()
            .map(|answer| String::from_utf8(STANDARD.decode(answer.trim()).ok()?).ok())
            .collect::<Option<_>>()?;
        match (self, &decoded[..]) {
            (Self::Login, [name, secret]) => Some(Credentials { name: name.clone(), secret: secret.clone() }),
            (Self::Plain, [all]) => {
                let mut parts = all.split('\0');
                let (acts_as, name, secret) = (parts.next()?, parts.next()?, parts.next()?);
                let name = if acts_as.is_empty() { name } else { acts_as };
                Some(Credentials { name: name.to_owned(), secret: secret.to_owned() })
            }
            (Self::Bearer, [all]) => bearer(all),
            _ => None,
        }
    }
}

/// `n,a=NAME,^Ahost=…^Aauth=Bearer TOKEN^A^A`, or `user=NAME^Aauth=Bearer TOKEN^A^A`.
fn bearer(text: &str) -> Option<Credentials> {
    let mut parts = text.split('\u{1}');
    let front = parts.next()?;
    let name = front.strip_prefix("user=").or_else(|| front.split(',').find_map(|part| part.strip_prefix("a=")));
    let auth = parts.find_map(|part| part.strip_prefix("auth="))?;
    let (scheme, token) = auth.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| Credentials { name: name.unwrap_or_default().to_owned(), secret: token.trim().to_owned() })
}
