//! ISO 18626, the messages by which interlibrary loan systems speak: version 1.2 of 2017, and of the 2021 edition what
//! is seen in use.
//!
//! In: the octets somebody posted ([`read`]), or a message to send ([`write()`]). Out: a [`Document`] with one of the six
//! messages, in the standard's words, and what was odd about it; or a [`ReadError`] with the standard's error type
//! and a sentence that names the element. [`confirm`] makes the answer every message must get.
//!
//! Reading is as lenient as real senders are sloppy: with or without namespace, prefix and envelope, element names in any
//! letter case, `ill:version` or `version`, offsets without a colon, empty dates, unknown elements and code values. It is
//! strict where a document could do harm: no DOCTYPE, no entities, and a limit on size, depth, count and length.
//!
//! Not here: HTTP, what a message means for a patron or a library, and checking against the schema.

mod encoding;
mod message;
mod moment;
mod note;
mod part;
mod parts;
mod words;
mod xml;

pub mod confirm;

#[cfg(test)]
mod tests;

pub use message::{
    Kind, Message, Request, RequestConfirmation, RequestingAgencyMessage, RequestingAgencyMessageConfirmation,
    SupplyingAgencyMessage, SupplyingAgencyMessageConfirmation,
};
pub use moment::Moment;
pub use note::{Note, Token};
pub use part::Oddity;
pub use parts::{
    Address, AgencyId, BibliographicInfo, BibliographicItemId, BibliographicRecordId, BillingInfo, Code,
    ConfirmationHeader, Costs, DeliveryInfo, ElectronicAddress, ErrorData, Header, Id, MessageInfo,
    MultipleItemRequestId, PatronInfo, PhysicalAddress, PublicationInfo, RequestedDeliveryInfo,
    RequestingAgencyAuthentication, RequestingAgencyInfo, ReturnInfo, Secret, ServiceInfo, StatusInfo, SupplierInfo,
};
pub use words::{
    Action, ErrorType, MessageStatus, ReasonForMessage, RequestSubType, RequestType, ServiceType, Status, YesNo,
};

use part::{Fault, Field, Log, Writer};
use xml::Element;

/// The namespace of every version so far.
pub const NAMESPACE: &str = "http://illtransactions.org/2013/iso18626";

/// The version we write where we do not answer another.
pub const VERSION: &str = "1.2";

/// A request with fifty suppliers has about fifty kilobytes. The HTTP door caps bodies too; this holds for every caller.
pub const DOCUMENT_BYTES_MAX: usize = 1024 * 1024;

const ENVELOPE: &str = "ISO18626Message";

/// One message in its envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The version its sender says it is.
    pub version: Option<String>,
    /// The message.
    pub message: Message,
    /// What was left out while reading. Nothing of it is written.
    pub oddities: Vec<Oddity>,
}

impl From<Message> for Document {
    fn from(message: Message) -> Self {
        Self { version: None, message, oddities: Vec::new() }
    }
}

/// Why a document was not taken, and what is known of it all the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct ReadError {
    /// The standard's kind of error.
    pub error_type: ErrorType,
    /// The path of the element it is about; empty where it is about the whole document.
    pub element: String,
    /// What is wrong, for people, naming the element. No value of the message is in it.
    pub sentence: String,
    /// The message it was meant to be, where that can be told.
    pub kind: Option<Kind>,
    /// What could be read for the answer.
    pub echo: Box<Echo>,
}

/// What a confirmation repeats of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Echo {
    /// The version its sender says it is.
    pub version: Option<String>,
    /// The lending library.
    pub supplying_agency_id: Option<AgencyId>,
    /// The borrowing library.
    pub requesting_agency_id: Option<AgencyId>,
    /// When the message was made.
    pub timestamp: Option<Moment>,
    /// The request's number.
    pub requesting_agency_request_id: Option<Id>,
    /// The number of a request for several items.
    pub multiple_item_request_id: Option<Id>,
    /// The reason of a lending library's message.
    pub reason_for_message: Option<ReasonForMessage>,
    /// The action of a borrowing library's message.
    pub action: Option<Action>,
}

/// Reads one document. The cost grows with its length and nothing else.
///
/// # Errors
/// [`ReadError`]: not XML, more than the limits allow, no message of ISO 18626, or without an element it cannot do without.
pub fn read(xml: &[u8]) -> Result<Document, ReadError> {
    if xml.len() > DOCUMENT_BYTES_MAX {
        return Err(unreadable(format!("the document is longer than {DOCUMENT_BYTES_MAX} octets")));
    }
    let text = encoding::decode(xml).map_err(unreadable)?;
    let root = xml::parse(&text).map_err(broken)?;
    let Some((version, kind, element)) = message_in(&root) else {
        return Err(no_message(&root));
    };
    let mut log = Log::at(kind.element());
    match Message::read(kind, element, &mut log) {
        Ok(message) => Ok(Document { version, message, oddities: log.oddities }),
        Err(fault) => Err(faulty(fault, kind, Echo::of(version, element))),
    }
}

/// Writes a document as the schema wants it: default namespace, `ill:version` and `ill:scheme` qualified.
#[must_use]
pub fn write(document: &Document) -> String {
    let mut out = Writer::default();
    out.out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let version = part::escaped(document.version.as_deref().unwrap_or(VERSION));
    out.open_with(ENVELOPE, &format!(" xmlns=\"{NAMESPACE}\" xmlns:ill=\"{NAMESPACE}\" ill:version=\"{version}\""));
    document.message.write(&mut out);
    out.close(ENVELOPE);
    out.out
}

/// The message in an envelope, or the root itself where a sender left the envelope out.
fn message_in(root: &Element) -> Option<(Option<String>, Kind, &Element)> {
    if let Some(kind) = Kind::of(&root.name) {
        return Some((root.attribute("version").map(str::to_owned), kind, root));
    }
    if !root.name.eq_ignore_ascii_case(ENVELOPE) {
        return None;
    }
    let version = root.attribute("version").map(str::to_owned);
    root.children.iter().find_map(|child| Some((version.clone(), Kind::of(&child.name)?, child)))
}

impl Echo {
    fn of(version: Option<String>, element: &Element) -> Self {
        let mut log = Log::default();
        let none = Element::default();
        let header = element.child("header").unwrap_or(&none);
        Self {
            version,
            supplying_agency_id: Field::take(header, "supplyingAgencyId", &mut log).unwrap_or_default(),
            requesting_agency_id: Field::take(header, "requestingAgencyId", &mut log).unwrap_or_default(),
            timestamp: Field::take(header, "timestamp", &mut log).unwrap_or_default(),
            requesting_agency_request_id: Field::take(header, "requestingAgencyRequestId", &mut log)
                .unwrap_or_default(),
            multiple_item_request_id: Field::take(header, "multipleItemRequestId", &mut log).unwrap_or_default(),
            reason_for_message: element
                .child("messageInfo")
                .and_then(|info| Field::take(info, "reasonForMessage", &mut log).unwrap_or_default()),
            action: Field::take(element, "action", &mut log).unwrap_or_default(),
        }
    }
}

fn unreadable(why: String) -> ReadError {
    let sentence = sentence("", &why);
    let error_type = ErrorType::BadlyFormedMessage;
    ReadError { error_type, element: String::new(), sentence, kind: None, echo: Box::default() }
}

fn broken(broken: xml::Broken) -> ReadError {
    let sentence = if broken.element.is_empty() {
        sentence("", &broken.why)
    } else {
        sentence("", &format!("in {}, {}", broken.element, broken.why))
    };
    let found = broken.partial.as_deref().and_then(message_in);
    let (kind, echo) = match found {
        Some((version, kind, element)) => (Some(kind), Echo::of(version, element)),
        None => (None, Echo::default()),
    };
    ReadError {
        error_type: ErrorType::BadlyFormedMessage,
        element: broken.element,
        sentence,
        kind,
        echo: Box::new(echo),
    }
}

fn faulty(fault: Fault, kind: Kind, echo: Echo) -> ReadError {
    let sentence = sentence(&fault.element, fault.why);
    ReadError { error_type: fault.error_type, element: fault.element, sentence, kind: Some(kind), echo: Box::new(echo) }
}

fn no_message(root: &Element) -> ReadError {
    let strange = root.name.eq_ignore_ascii_case(ENVELOPE).then(|| root.children.first()).flatten().unwrap_or(root);
    let name: String = strange.name.chars().take(60).collect();
    let element = if std::ptr::eq(strange, root) { name.clone() } else { format!("{ENVELOPE}/{name}") };
    let why = if root.name.eq_ignore_ascii_case(ENVELOPE) && root.children.is_empty() {
        "holds no message"
    } else {
        "is not a message of ISO 18626"
    };
    ReadError {
        error_type: ErrorType::UnrecognisedDataElement,
        sentence: sentence(&element, why),
        element,
        kind: None,
        echo: Box::default(),
    }
}

/// A sentence of an element and a clause.
fn sentence(element: &str, why: &str) -> String {
    if !element.is_empty() {
        return format!("{element} {why}.");
    }
    let mut letters = why.chars();
    match letters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), letters.as_str()),
        None => String::new(),
    }
}
