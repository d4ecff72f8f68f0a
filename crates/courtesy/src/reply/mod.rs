//! A mail that somebody wrote to the shared address: who wrote it, what it refers to, whether it may be answered.
//!
//! In: the octets of a mail, its envelope, the library. Out: what the library gets, and what its writer gets. Pure. Not
//! here: which message it is about and that it is done once (`store`), the bytes that leave (`delivery`).

pub mod answer;
mod robot;
#[cfg(test)]
mod tests;

use mail_parser::{HeaderValue, MessageParser};
use standards::address::Address;
use standards::domain::Domain;

use crate::id::MessageId;
use crate::library::Library;
pub use robot::{Robot, Silence, answer_to, robot};

/// What a message does with a mail that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It passes it on to its library.
    PassedOn,
    /// It answers its writer.
    Answer,
}

impl Kind {
    /// As the store keeps it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::PassedOn => "passed_on",
            Self::Answer => "answer",
        }
    }

    /// Reads what the store keeps.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::PassedOn, Self::Answer].into_iter().find(|kind| kind.code() == code)
    }

    /// What stands in the place of a notice's code in such a message.
    #[must_use]
    pub fn notice(self) -> &'static str {
        match self {
            Self::PassedOn => "reply_passed_on",
            Self::Answer => "reply_answer",
        }
    }

    /// Reads [`Kind::notice`]; none where it is a notice of the catalogue, or nothing.
    #[must_use]
    pub fn from_notice(code: &str) -> Option<Self> {
        [Self::PassedOn, Self::Answer].into_iter().find(|kind| kind.notice() == code)
    }
}

/// Message-IDs looked at in one mail: a thread of a year has some dozens.
const REFERENCES_MAX: usize = 100;

/// Letters of a writer's name that are shown: more is no name.
const NAME_LETTERS_MAX: usize = 60;

/// What the header of a mail says of who wrote it, and about what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrote {
    /// The first address of From.
    pub from: Address,
    /// The name beside it, or the part of the address before the @.
    pub name: String,
    /// Where its writer wants answers: Reply-To, else From.
    pub reply_to: Address,
    /// The subject.
    pub subject: String,
    /// Its Message-ID, without the angle brackets.
    pub message_id: Option<String>,
    /// The Message-IDs it refers to, the nearest first.
    pub refers_to: Vec<String>,
}

impl Wrote {
    /// Reads the header of `mail`; none where nobody can be answered, for it has no From.
    #[must_use]
    pub fn read(mail: &[u8]) -> Option<Self> {
        let head = MessageParser::new().parse_headers(mail)?;
        let first = head.from()?.first()?;
        let from = Address::parse(first.address()?).ok()?;
        let reply_to = head.reply_to().and_then(|to| Address::parse(to.first()?.address()?).ok());
        let mut refers_to: Vec<String> = Vec::new();
        for value in [head.in_reply_to(), head.references()] {
            let mut ids = ids(value);
            ids.reverse();
            refers_to.extend(ids);
        }
        refers_to.truncate(REFERENCES_MAX);
        Some(Self {
            name: shown(first.name().filter(|name| !name.trim().is_empty()).unwrap_or(from.local())),
            reply_to: reply_to.unwrap_or_else(|| from.clone()),
            subject: head.subject().unwrap_or_default().chars().filter(|c| !c.is_control()).take(500).collect(),
            message_id: head.message_id().map(str::to_owned),
            refers_to,
            from,
        })
    }

    /// The messages of ours it refers to, the nearest first. Our Message-IDs have 80 random bits: who names one has it
    /// from the message.
    pub fn about<'a>(&'a self, ours: &'a Domain) -> impl Iterator<Item = MessageId> + 'a {
        self.refers_to.iter().filter_map(|id| of_message_id(id, ours))
    }
}

/// The Message-ID of one of our messages, without the angle brackets.
#[must_use]
pub fn message_id(id: MessageId, ours: &Domain) -> String {
    format!("{}@{ours}", id.bare().to_ascii_lowercase())
}

/// The message that a Message-ID names, where it is one of ours.
#[must_use]
pub fn of_message_id(text: &str, ours: &Domain) -> Option<MessageId> {
    let (bare, domain) = text.rsplit_once('@')?;
    let is_ours = domain.eq_ignore_ascii_case(ours.as_str());
    is_ours.then(|| format!("msg_{}", bare.to_ascii_uppercase()).parse().ok()).flatten()
}

/// Where a library reads its mail: its Reply-To or From address, else its staff, else who gets its copies. Never an address of
/// `not`, and none of `ours` domains: the mail would come back to us.
#[must_use]
pub fn desk(library: &Library, not: &Address, ours: &[Domain]) -> Option<Address> {
    let places = library.reply_to.iter().chain(&library.from).chain(&library.borrowing_staff);
    let mut places = places.chain(&library.lending_staff).chain(&library.cc);
    let is_elsewhere =
        |place: &&Address| !same(place, not) && !ours.iter().any(|domain| place.domain().is_within(domain));
    places.find(is_elsewhere).cloned()
}

/// Whether two addresses are one mailbox, as far as we can know: hardly anybody tells case apart.
#[must_use]
pub fn same(one: &Address, other: &Address) -> bool {
    one.to_string().eq_ignore_ascii_case(&other.to_string())
}

/// How many octets of `mail` are its header, with the empty line.
#[must_use]
pub fn head_octets(mail: &[u8]) -> usize {
    let crlf = memchr::memmem::find(mail, b"\r\n\r\n").map(|at| at + 4);
    let lf = memchr::memmem::find(mail, b"\n\n").map(|at| at + 2);
    crlf.into_iter().chain(lf).min().unwrap_or(mail.len())
}

fn ids(value: &HeaderValue<'_>) -> Vec<String> {
    match value {
        HeaderValue::Text(id) => vec![id.to_string()],
        HeaderValue::TextList(ids) => ids.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

/// A name that cannot be taken for an address or for two of them.
fn shown(name: &str) -> String {
    let plain = |c: char| if c.is_control() || matches!(c, '<' | '>' | '"' | '@' | ',' | ';') { ' ' } else { c };
    let name: String = name.chars().map(plain).take(NAME_LETTERS_MAX).collect();
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}
