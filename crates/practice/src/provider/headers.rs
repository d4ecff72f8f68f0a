//! The rules of RFC 5322 §3.6 that large providers enforce: required fields once, and nothing twice.

use mail_parser::{HeaderName, Message, MessageParser};

use standards::domain::Domain;

/// What is wrong with a header, first fault only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HeaderFault {
    /// A field that must be there is not, or cannot be read.
    Missing(&'static str),
    /// A field that may stand once stands more often.
    Duplicate(&'static str),
    /// From names more than one mailbox.
    SeveralAuthors,
}

/// What judging needs from the header.
#[derive(Clone, Debug, Default)]
pub(crate) struct Header {
    pub(crate) fault: Option<HeaderFault>,
    pub(crate) from_domain: Option<Domain>,
    pub(crate) message_id: String,
}

/// Fields of which RFC 5322 §3.6 allows one.
const ONCE: [(HeaderName<'static>, &str); 10] = [
    (HeaderName::From, "From"),
    (HeaderName::Date, "Date"),
    (HeaderName::MessageId, "Message-ID"),
    (HeaderName::Subject, "Subject"),
    (HeaderName::To, "To"),
    (HeaderName::Cc, "Cc"),
    (HeaderName::Sender, "Sender"),
    (HeaderName::ReplyTo, "Reply-To"),
    (HeaderName::InReplyTo, "In-Reply-To"),
    (HeaderName::References, "References"),
];

/// Reads the header of a message as it came.
pub(crate) fn read(raw: &[u8]) -> Header {
    let Some(message) = MessageParser::default().parse_headers(raw) else {
        return Header { fault: Some(HeaderFault::Missing("From")), ..Header::default() };
    };
    let authors: Vec<Option<Domain>> = authors(&message);
    let from_domain = match authors.as_slice() {
        [domain] => domain.clone(),
        // RFC 9989 §5.3.1: several authors of one domain can still be judged by that domain.
        [first, rest @ ..] if rest.iter().all(|other| other == first) => first.clone(),
        _ => None,
    };
    let message_id = message.message_id().unwrap_or_default().to_owned();
    let count = |wanted: &HeaderName<'_>| message.headers().iter().filter(|field| &field.name == wanted).count();
    let duplicate = ONCE.iter().find(|(name, _)| count(name) > 1).map(|&(_, name)| HeaderFault::Duplicate(name));
    let fault = duplicate.or(match authors.len() {
        0 => Some(HeaderFault::Missing("From")),
        1 if from_domain.is_none() => Some(HeaderFault::Missing("From")),
        1 if message.date().is_none() => Some(HeaderFault::Missing("Date")),
        1 if !is_message_id(&message_id) => Some(HeaderFault::Missing("Message-ID")),
        1 => None,
        _ => Some(HeaderFault::SeveralAuthors),
    });
    Header { fault, from_domain, message_id }
}

/// The domain of every mailbox in every From field; none for one that is no address.
fn authors(message: &Message<'_>) -> Vec<Option<Domain>> {
    message
        .headers()
        .iter()
        .filter(|field| field.name == HeaderName::From)
        .filter_map(|field| field.value.as_address())
        .flat_map(mail_parser::Address::iter)
        .map(|mailbox| mailbox.address().and_then(|text| Domain::parse(text.rsplit_once('@')?.1).ok()))
        .collect()
}

/// RFC 5322 §3.6.4: something on both sides of an `@`.
fn is_message_id(id: &str) -> bool {
    id.split_once('@').is_some_and(|(left, right)| !left.is_empty() && !right.is_empty())
}

#[cfg(test)]
mod tests;
