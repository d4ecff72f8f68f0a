//! SMPP 3.4, the language of text message gateways: the PDUs that a client needs, written and read.
//!
//! In: octets as they come. Out: a [`Pdu`], and what its body says; and back. “§” names sections of the Short Message Peer-to-Peer
//! Protocol Specification v3.4. Not here: sockets, windows, time-outs (`net`), and what a status means.

#[cfg(test)]
mod tests;

/// The commands that we speak (§5.1.2.1). An answer has the highest bit set.
pub mod command {
    /// Something in what was said could not be read.
    pub const GENERIC_NACK: u32 = 0x8000_0000;
    /// Signs in to send and to receive.
    pub const BIND_TRANSCEIVER: u32 = 0x0000_0009;
    /// A text message for somebody.
    pub const SUBMIT_SM: u32 = 0x0000_0004;
    /// A text message, or a receipt, from somebody.
    pub const DELIVER_SM: u32 = 0x0000_0005;
    /// Takes leave.
    pub const UNBIND: u32 = 0x0000_0006;
    /// Asks whether the other side is there.
    pub const ENQUIRE_LINK: u32 = 0x0000_0015;
    /// The bit of answers.
    pub const RESPONSE: u32 = 0x8000_0000;
}

/// Statuses (§5.1.3) that are told apart.
pub mod status {
    /// All is well.
    pub const OK: u32 = 0x00;
    /// The other side has no room for now.
    pub const QUEUE_FULL: u32 = 0x14;
    /// Too many at once.
    pub const THROTTLED: u32 = 0x58;
    /// The receiver of a deliver_sm has trouble for now: it is to be sent again.
    pub const TRY_AGAIN: u32 = 0x64;
    /// A command that is not known.
    pub const INVALID_COMMAND: u32 = 0x03;
}

/// Octets of a header (§3.2).
const HEADER: usize = 16;

/// The largest PDU that is read: a receipt with all that may go with it is far below.
pub const PDU_OCTETS_MAX: usize = 8192;

/// One protocol data unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pdu {
    /// Which command.
    pub command: u32,
    /// Of an answer: how it went.
    pub status: u32,
    /// An answer has that of what it answers.
    pub sequence: u32,
    /// What belongs to the command.
    pub body: Vec<u8>,
}

/// Octets that are no PDU: the two sides no longer agree where one begins, and the connection is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not SMPP: a PDU of {0} octets")]
pub struct NotSmpp(pub usize);

impl Pdu {
    /// A command with what belongs to it.
    #[must_use]
    pub fn new(command: u32, sequence: u32, body: Vec<u8>) -> Self {
        Self { command, status: status::OK, sequence, body }
    }

    /// The answer to this command.
    #[must_use]
    pub fn answer(&self, status: u32, body: Vec<u8>) -> Self {
        Self { command: self.command | command::RESPONSE, status, sequence: self.sequence, body }
    }

    /// Whether it answers something.
    #[must_use]
    pub fn is_answer(&self) -> bool {
        self.command & command::RESPONSE != 0
    }

    /// The first PDU of `octets` and its length; none where it is not whole yet.
    ///
    /// # Errors
    /// [`NotSmpp`], where its length is impossible.
    pub fn read(octets: &[u8]) -> Result<Option<(Self, usize)>, NotSmpp> {
        let Some(length) = word(octets, 0) else { return Ok(None) };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if !(HEADER..=PDU_OCTETS_MAX).contains(&length) {
            return Err(NotSmpp(length));
        }
        let Some(whole) = octets.get(..length) else { return Ok(None) };
        let at = |place| word(whole, place).unwrap_or_default();
        let pdu = Self { command: at(4), status: at(8), sequence: at(12), body: whole[HEADER..].to_vec() };
        Ok(Some((pdu, length)))
    }

    /// Its octets.
    #[must_use]
    pub fn octets(&self) -> Vec<u8> {
        let length = u32::try_from(HEADER + self.body.len()).unwrap_or(u32::MAX);
        let mut octets = Vec::with_capacity(HEADER + self.body.len());
        for word in [length, self.command, self.status, self.sequence] {
            octets.extend_from_slice(&word.to_be_bytes());
        }
        octets.extend_from_slice(&self.body);
        octets
    }
}

fn word(octets: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(octets.get(at..at + 4)?.try_into().ok()?))
}

/// The body of bind_transceiver (§4.1.5). What is too long for its field is cut: the other side then refuses it.
#[must_use]
pub fn bind(system_id: &str, password: &str, system_type: &str) -> Vec<u8> {
    let mut body = Vec::new();
    put_text(&mut body, system_id, 15);
    put_text(&mut body, password, 8);
    put_text(&mut body, system_type, 12);
    // Version 3.4; no range of addresses.
    body.extend_from_slice(&[0x34, 0, 0, 0]);
    body
}

/// Who a text message is from or for: type of number, numbering plan, and the address (§5.2.5, §5.2.6).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    /// Type of number.
    pub ton: u8,
    /// Numbering plan.
    pub npi: u8,
    /// Digits, or a name.
    pub address: String,
}

impl Party {
    /// A number in international form, without its +.
    #[must_use]
    pub fn international(digits: &str) -> Self {
        Self { ton: 1, npi: 1, address: digits.to_owned() }
    }

    /// Whatever text messages come from: a number with +, a short code, or a name of at most eleven letters.
    #[must_use]
    pub fn of_sender(from: &str) -> Self {
        match from.strip_prefix('+') {
            Some(digits) => Self::international(digits),
            None if from.bytes().all(|b| b.is_ascii_digit()) => Self { ton: 3, npi: 0, address: from.to_owned() },
            None => Self { ton: 5, npi: 0, address: from.to_owned() },
        }
    }
}

/// submit_sm (§4.4.1) and deliver_sm (§4.6.1), which have the same fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShortMessage {
    /// From whom.
    pub source: Party,
    /// To whom.
    pub destination: Party,
    /// What kind of message it is (§5.2.12).
    pub esm_class: u8,
    /// Whether a receipt is wished for (§5.2.17).
    pub registered_delivery: u8,
    /// The alphabet (§5.2.19): 0 the network's own, which is that of 3GPP TS 23.038; 8 UCS-2.
    pub data_coding: u8,
    /// What it says, with the header that joins parts where `esm_class` says so.
    pub octets: Vec<u8>,
    /// Optional parameters: tag and value.
    pub options: Vec<(u16, Vec<u8>)>,
}

/// There is a header in front of the text (§5.2.12).
pub const ESM_HEADER: u8 = 0x40;
/// It is a receipt.
pub const ESM_RECEIPT: u8 = 0x04;
/// UCS-2.
pub const CODING_UCS2: u8 = 0x08;

const RECEIPTED_MESSAGE_ID: u16 = 0x001e;
const MESSAGE_STATE: u16 = 0x0427;
const MESSAGE_PAYLOAD: u16 = 0x0424;

impl ShortMessage {
    /// Its body.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        let mut body = vec![0];
        for party in [&self.source, &self.destination] {
            body.extend_from_slice(&[party.ton, party.npi]);
            put_text(&mut body, &party.address, 20);
        }
        // Protocol, priority, when, until when.
        body.extend_from_slice(&[self.esm_class, 0, 0, 0, 0]);
        // Replaces nothing; the text is its own.
        body.extend_from_slice(&[self.registered_delivery, 0, self.data_coding, 0]);
        let short = &self.octets[..self.octets.len().min(254)];
        body.push(u8::try_from(short.len()).unwrap_or_default());
        body.extend_from_slice(short);
        for (tag, value) in &self.options {
            body.extend_from_slice(&tag.to_be_bytes());
            body.extend_from_slice(&u16::try_from(value.len()).unwrap_or_default().to_be_bytes());
            body.extend_from_slice(value);
        }
        body
    }

    /// Reads a body; none where it is not one.
    #[must_use]
    pub fn read(body: &[u8]) -> Option<Self> {
        let mut rest = Rest(body);
        rest.text()?;
        let mut party = || Some(Party { ton: rest.octet()?, npi: rest.octet()?, address: rest.text()? });
        let (source, destination) = (party()?, party()?);
        let esm_class = rest.octet()?;
        let _protocol_and_priority = (rest.octet()?, rest.octet()?);
        let _when = (rest.text()?, rest.text()?);
        let registered_delivery = rest.octet()?;
        let _replaces = rest.octet()?;
        let data_coding = rest.octet()?;
        let _default = rest.octet()?;
        let length = usize::from(rest.octet()?);
        let mut octets = rest.take(length)?.to_vec();
        let mut options = Vec::new();
        while let Some(tag) = rest.pair() {
            let length = usize::from(rest.pair()?);
            options.push((tag, rest.take(length)?.to_vec()));
        }
        if octets.is_empty()
            && let Some((_, payload)) = options.iter().find(|(tag, _)| *tag == MESSAGE_PAYLOAD)
        {
            octets.clone_from(payload);
        }
        Some(Self { source, destination, esm_class, registered_delivery, data_coding, octets, options })
    }

    /// What it says, without the header that joins parts.
    #[must_use]
    pub fn text(&self) -> String {
        let header = match self.esm_class & ESM_HEADER {
            0 => 0,
            _ => self.octets.first().map_or(0, |length| usize::from(*length) + 1),
        };
        let octets = self.octets.get(header..).unwrap_or_default();
        match self.data_coding {
            CODING_UCS2 => crate::sms::read_ucs2(octets),
            // ASCII, and Latin-1.
            1 | 3 => octets.iter().map(|octet| char::from(*octet)).collect(),
            _ => crate::sms::read_gsm7(octets),
        }
    }

    /// The receipt that it is, where it is one: by its parameters, or by the words that most gateways write (appendix B).
    #[must_use]
    pub fn receipt(&self) -> Option<Receipt> {
        if self.esm_class & 0x3c != ESM_RECEIPT {
            return None;
        }
        let words = String::from_utf8_lossy(&self.octets).into_owned();
        let after = |name: &str| {
            let lower = words.to_ascii_lowercase();
            let at = lower.find(name)? + name.len();
            let value = words.get(at..)?.split_whitespace().next()?;
            Some(value.to_owned()).filter(|value| !value.is_empty())
        };
        let option = |tag| self.options.iter().find(|(known, _)| *known == tag).map(|(_, value)| value);
        let id = option(RECEIPTED_MESSAGE_ID).map(|value| {
            String::from_utf8_lossy(value.split(|octet| *octet == 0).next().unwrap_or_default()).into_owned()
        });
        let state = option(MESSAGE_STATE).and_then(|value| value.first().copied()).map(|state| match state {
            1 => "ENROUTE",
            2 => "DELIVRD",
            3 => "EXPIRED",
            4 => "DELETED",
            5 => "UNDELIV",
            6 => "ACCEPTD",
            8 => "REJECTD",
            _ => "UNKNOWN",
        });
        Some(Receipt {
            id: id.or_else(|| after("id:"))?,
            state: after("stat:").or(state.map(str::to_owned))?.to_ascii_uppercase(),
            error: after("err:").unwrap_or_default(),
        })
    }
}

/// What a gateway says of a message it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// What it calls it.
    pub id: String,
    /// `DELIVRD`, `EXPIRED`, `UNDELIV`, `REJECTD`, `ENROUTE` …
    pub state: String,
    /// The network's own code, where it tells one.
    pub error: String,
}

/// The first text of a body: what the gateway calls itself, or a message.
#[must_use]
pub fn first_text(body: &[u8]) -> String {
    Rest(body).text().unwrap_or_default()
}

/// A text with its NUL, as long as its field allows.
pub fn put_text(body: &mut Vec<u8>, text: &str, most: usize) {
    body.extend(text.bytes().filter(|octet| *octet != 0).take(most));
    body.push(0);
}

/// What is left of a body.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn octet(&mut self) -> Option<u8> {
        self.take(1).map(|one| one[0])
    }

    fn pair(&mut self) -> Option<u16> {
        self.take(2).map(|two| u16::from_be_bytes([two[0], two[1]]))
    }

    fn text(&mut self) -> Option<String> {
        let end = self.0.iter().position(|octet| *octet == 0)?;
        let text = self.take(end)?;
        self.take(1)?;
        Some(String::from_utf8_lossy(text).into_owned())
    }
}
