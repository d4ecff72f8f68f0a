//! Somebody who has no link: whom they say they are, and what their browser keeps while a code is under way.
//!
//! In: what was typed, or what the library's sign-in says of them. Out: a [`Whom`] to look for; and a [`Knock`], sealed into a cookie. It is
//! made of what was typed alone, and is the same whether we know such a patron or not. Not here: looking for them (`web`), how often
//! somebody may ask (the page).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use standards::address::{Address, in_small_letters};

use super::import::number_problem;
use super::{Asked, CODE_LASTS, Purpose};
use crate::library::{LibraryCode, SignOn};
use crate::secret::Secret;

/// What a knock is sealed for: it cannot stand in for a pass.
const ABOUT: &str = "patron knock";

/// Octets of what is typed: an address has 254 at most, a number a hundred letters.
const TYPED_OCTETS_MAX: usize = 400;

/// Whom somebody says they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whom {
    /// Whoever has this mail address on record.
    Mail(Address),
    /// Whoever has this number at the library.
    Number(String),
}

impl Whom {
    /// Reads what was typed: an address, or a number; none where it is neither.
    #[must_use]
    pub fn read(typed: &str) -> Option<Self> {
        let typed = typed.trim();
        if typed.len() > TYPED_OCTETS_MAX {
            return None;
        }
        if typed.contains('@') {
            return Address::parse(typed).ok().map(Self::Mail);
        }
        Self::number(typed)
    }

    /// The patron with this number. What begins like the key of somebody without one is no number.
    fn number(text: &str) -> Option<Self> {
        let number = text.trim();
        number_problem(number).is_none().then(|| Self::Number(number.to_owned()))
    }

    /// Whom the library's sign-in names in `claims`: by the number, and by the address where no number is there. An `email` counts only
    /// where the service says that it made sure of it: at some, people write any address into their profile.
    #[must_use]
    pub fn of_claims(sign_on: &SignOn, claims: &Value) -> Option<Self> {
        let number = sign_on.number_claim.as_ref().and_then(|claim| match &claims[claim.as_str()] {
            Value::String(text) => Self::number(text),
            Value::Number(number) => Self::number(&number.to_string()),
            _ => None,
        });
        number.or_else(|| {
            let claim = sign_on.mail_claim.as_deref()?;
            let is_sure = claim != "email" || matches!(&claims["email_verified"], Value::Bool(true));
            let text = claims[claim].as_str().filter(|_| is_sure)?;
            Address::parse(text.trim()).ok().map(Self::Mail)
        })
    }

    /// In one line, for counting how often they are asked for.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Mail(address) => in_small_letters(&address.to_string()),
            Self::Number(number) => number.to_lowercase(),
        }
    }
}

/// Somebody who has asked for a code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Knock {
    /// The library.
    pub library: String,
    /// Whom they say they are.
    pub whom: Whom,
    /// The code.
    pub asked: Asked,
    /// Whether they have typed it: the address is theirs.
    pub is_shown: bool,
    /// Until when it opens anything.
    pub until: Timestamp,
}

impl Knock {
    /// For whoever asks at `now`, with the octets `chance`: the digits to send, and what the browser keeps.
    #[must_use]
    pub fn new(secret: &Secret, library: &LibraryCode, whom: Whom, chance: [u8; 16], now: Timestamp) -> (String, Self) {
        // Where it goes is not told: it would say whether we know them.
        let (digits, asked) = Asked::new(secret, Purpose::Prove, String::new(), chance, now);
        let until = asked.until;
        (digits, Self { library: library.as_str().to_owned(), whom, asked, is_shown: false, until })
    }

    /// The same, once the code was typed: long enough to look for a card.
    #[must_use]
    pub fn shown(self, now: Timestamp) -> Self {
        Self { is_shown: true, until: now.checked_add(CODE_LASTS).unwrap_or(Timestamp::MAX), ..self }
    }

    /// As the cookie has it.
    #[must_use]
    pub fn seal(&self, secret: &Secret) -> String {
        secret.seal_text(self, ABOUT)
    }

    /// That of a cookie, where it is ours and not over.
    #[must_use]
    pub fn open(secret: &Secret, sealed: &str, now: Timestamp) -> Option<Self> {
        let knock: Self = secret.open_text(sealed, ABOUT)?;
        (now < knock.until).then_some(knock)
    }
}
