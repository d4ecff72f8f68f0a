//! Signing in at a relay (RFC 4954): PLAIN (RFC 4616), LOGIN, XOAUTH2.
//!
//! In: who we are there, and what the server offers. Out: the lines to say, one after another. Pure: the conversation
//! says them, and never shows them. Not here: under which security that may be done (`conversation`).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Who we are at a relay.
#[derive(Clone, PartialEq, Eq)]
pub struct SignIn {
    /// The name of the account.
    pub user: String,
    /// What proves it.
    pub proof: Proof,
}

/// What proves who we are. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub enum Proof {
    /// A password.
    Password(String),
    /// An OAuth 2 access token, for XOAUTH2.
    Token(String),
}

/// The mechanisms a server offers, of those we know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mechanisms {
    plain: bool,
    login: bool,
    xoauth2: bool,
}

/// What is said to sign in: the command, and the answers to the server's challenges.
pub(super) struct Script {
    /// The AUTH line.
    pub(super) command: String,
    /// The same, fit for other eyes.
    pub(super) shown: &'static str,
    /// One for each 334, the last first.
    pub(super) answers: Vec<String>,
}

/// RFC 4954 §4: an AUTH line keeps to the length of any command (RFC 5321 §4.5.3.1.4); what is longer waits for a 334.
const COMMAND_OCTETS_MAX: usize = 510;

impl Mechanisms {
    /// From what follows AUTH in an EHLO line.
    pub(super) fn read(&mut self, words: &str) {
        for word in words.split([' ', '=']) {
            match word.to_ascii_uppercase().as_str() {
                "PLAIN" => self.plain = true,
                "LOGIN" => self.login = true,
                "XOAUTH2" => self.xoauth2 = true,
                _ => {}
            }
        }
    }
}

impl SignIn {
    /// What to say to a server that offers these; none where it offers nothing that fits.
    pub(super) fn script(&self, offered: Mechanisms) -> Option<Script> {
        let user = &self.user;
        match &self.proof {
            Proof::Password(password) if offered.plain => {
                // RFC 4616 §2: no authorization identity, then who and with what.
                Some(with_first("AUTH PLAIN", "AUTH PLAIN …", &format!("\0{user}\0{password}")))
            }
            Proof::Password(password) if offered.login => Some(Script {
                command: "AUTH LOGIN".to_owned(),
                shown: "AUTH LOGIN",
                answers: vec![STANDARD.encode(password), STANDARD.encode(user)],
            }),
            Proof::Token(token) if offered.xoauth2 => {
                let first = format!("user={user}\x01auth=Bearer {token}\x01\x01");
                Some(with_first("AUTH XOAUTH2", "AUTH XOAUTH2 …", &first))
            }
            _ => None,
        }
    }
}

/// The first answer rides on the command where it is short enough.
fn with_first(command: &str, shown: &'static str, first: &str) -> Script {
    let first = STANDARD.encode(first);
    let whole = format!("{command} {first}");
    if whole.len() <= COMMAND_OCTETS_MAX {
        return Script { command: whole, shown, answers: Vec::new() };
    }
    Script { command: command.to_owned(), shown, answers: vec![first] }
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignIn(…)")
    }
}
