//! The header of a mail as octets: what is not rewritten leaves as it came.
//!
//! In: a mail with CR LF. Out: its fields, each with its own octets, and the body. What is no field ends the header: systems that
//! print text into a socket forget the empty line.

use mail_parser::MessageParser;
use standards::address::Address;

/// One field with its folded lines and their ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its name as written.
    pub name: &'a str,
    /// All of it, up to and with its last CR LF.
    pub raw: &'a [u8],
}

/// A mail in two parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head<'a> {
    /// The fields in their order.
    pub fields: Vec<Field<'a>>,
    /// What follows the empty line, or the first line that is no field.
    pub body: &'a [u8],
}

impl<'a> Head<'a> {
    /// Takes `mail` apart.
    #[must_use]
    pub fn of(mail: &'a [u8]) -> Self {
        let mut fields: Vec<Field<'a>> = Vec::new();
        let mut rest = mail;
        // What an mbox puts before a mail is no field.
        if rest.starts_with(b"From ") {
            rest = line(rest).1;
        }
        loop {
            let (first, mut after) = line(rest);
            if first.is_empty() || first == b"\r\n" {
                return Self { fields, body: after };
            }
            let Some(name) = name_of(first) else { return Self { fields, body: rest } };
            while after.first().is_some_and(|octet| matches!(octet, b' ' | b'\t')) {
                after = line(after).1;
            }
            fields.push(Field { name, raw: &rest[..rest.len() - after.len()] });
            rest = after;
        }
    }

    /// The fields of this name.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &Field<'a>> {
        self.fields.iter().filter(move |field| field.is(name))
    }

    /// The first field of this name.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&Field<'a>> {
        self.all(name).next()
    }
}

impl Field<'_> {
    /// Whether it has this name; case does not count.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// What it says: unfolded, encoded words read.
    #[must_use]
    pub fn value(&self) -> String {
        // Any field of plain text is read as a subject is.
        let read = [b"Subject:", self.after_name(), b"\r\n"].concat();
        let mail = MessageParser::default().parse_headers(&read);
        mail.as_ref().and_then(|mail| mail.subject()).unwrap_or_default().trim().to_owned()
    }

    /// What stands behind the colon.
    #[must_use]
    pub fn after_name(&self) -> &[u8] {
        memchr::memchr(b':', self.raw).map_or(&[], |colon| &self.raw[colon + 1..])
    }
}

/// The mailboxes of an address field: name and address. Those that are no addresses are left out.
#[must_use]
pub fn addresses(field: &Field<'_>) -> Vec<(String, Address)> {
    let read = [b"From:", field.after_name(), b"\r\n"].concat();
    let Some(mail) = MessageParser::default().parse_headers(&read) else { return Vec::new() };
    let Some(from) = mail.from() else { return Vec::new() };
    from.iter()
        .filter_map(|one| {
            let address = Address::parse(one.address()?).ok()?;
            Some((one.name().unwrap_or_default().to_owned(), address))
        })
        .collect()
}

/// The first line with its end, and what follows.
fn line(text: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(b'\n', text).map_or(text.len(), |at| at + 1);
    text.split_at(end)
}

/// The name of the field that this line begins (RFC 5322 §3.6.8; §4.5 allows spaces before the colon).
fn name_of(line: &[u8]) -> Option<&str> {
    let colon = memchr::memchr(b':', line)?;
    let name = line[..colon].trim_ascii_end();
    let sound = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    sound.then(|| std::str::from_utf8(name).ok()).flatten()
}
