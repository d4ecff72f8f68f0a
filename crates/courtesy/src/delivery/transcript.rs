//! The whole conversation of an attempt, as staff and IT read it afterwards.
//!
//! In: every line as it is said. Out: text of one line each, `offset direction words`, small enough to store beside
//! the attempt. Addresses stay as they were said and are masked on display. Never here: the mail itself (only its
//! size), and secrets of AUTH.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::net::IpAddr;

use standards::address::Address;
use standards::domain::Domain;
use tokio::time::Instant;

/// The conversation so far. Its text form ([`Transcript::as_str`]) is what is stored; [`Transcript::from_text`]
/// reads it back.
#[derive(Clone)]
pub struct Transcript {
    text: String,
    began: Instant,
    full: bool,
    /// How TLS went with each host that was called.
    pub(super) sessions: Vec<Session>,
}

/// How TLS went with one host that was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Session {
    /// The host.
    pub host: Domain,
    /// Our address, where it got as far as a connection.
    pub source: Option<IpAddr>,
    /// Why it failed, in the words of RFC 8460 §4.3; none where it went well.
    pub failed: Option<&'static str>,
}

/// Who said a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// We did.
    Us,
    /// The server did.
    Them,
    /// Nobody: what happened beside the words (connected, TLS, time-out).
    Note,
}

/// One line of a transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Milliseconds since the attempt began.
    pub at_ms: u64,
    /// Who said it.
    pub who: Who,
    /// The words.
    pub text: &'a str,
}

/// A conversation with ten hosts and talkative servers is about 8 KB; ten million attempts must fit on a disk.
const OCTETS_MAX: usize = 16 * 1024;

/// One line: RFC 5321 §4.5.3.1.5 allows 512 octets; some servers say more.
const LINE_OCTETS_MAX: usize = 1024;

impl Transcript {
    /// An empty one of an attempt that begins at `began`.
    #[must_use]
    pub fn new(began: Instant) -> Self {
        Self { text: String::with_capacity(512), began, full: false, sessions: Vec::new() }
    }

    /// From the store. What does not look like a line of ours is left out when read.
    #[must_use]
    pub fn from_text(text: String) -> Self {
        Self { text, began: Instant::now(), full: true, sessions: Vec::new() }
    }

    /// As it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The lines in order.
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.text.lines().filter_map(|line| {
            let (at_ms, rest) = line.split_once(' ')?;
            let (who, text) = rest.split_at_checked(1)?;
            let who = match who {
                ">" => Who::Us,
                "<" => Who::Them,
                "*" => Who::Note,
                _ => return None,
            };
            Some(Line { at_ms: at_ms.parse().ok()?, who, text: text.strip_prefix(' ').unwrap_or(text) })
        })
    }

    /// The same, fit for eyes that may not read addresses: `local@domain` masked, and the patron's local part
    /// wherever a server repeats it alone.
    #[must_use]
    pub fn masked(&self) -> Self {
        let locals: BTreeSet<&str> = self.lines().filter_map(|line| envelope_local(line.text)).collect();
        let mut text = String::with_capacity(self.text.len());
        for line in self.text.split_inclusive('\n') {
            mask_line(line, &locals, &mut text);
        }
        Self { text, began: self.began, full: true, sessions: Vec::new() }
    }

    /// Adds a line of ours.
    pub(super) fn us(&mut self, text: impl fmt::Display) {
        self.add('>', text);
    }

    /// Adds a line of the server.
    pub(super) fn them(&mut self, text: impl fmt::Display) {
        self.add('<', text);
    }

    /// Adds what happened beside the words.
    pub(super) fn note(&mut self, text: impl fmt::Display) {
        self.add('*', text);
    }

    /// Remembers how TLS went with a host.
    pub(super) fn session(&mut self, host: &Domain, source: Option<IpAddr>, failed: Option<&'static str>) {
        self.sessions.push(Session { host: host.clone(), source, failed });
    }

    fn add(&mut self, sign: char, words: impl fmt::Display) {
        if self.full {
            return;
        }
        let at = self.text.len();
        // Writing to a String does not fail.
        let _ = write!(self.text, "{} {sign} ", self.began.elapsed().as_millis());
        let from = self.text.len();
        let _ = write!(self.text, "{words}");
        if self.text.len() - from > LINE_OCTETS_MAX {
            let end = self.text.floor_char_boundary(from + LINE_OCTETS_MAX);
            self.text.truncate(end);
            self.text.push('…');
        }
        let printable = self.text.as_bytes()[from..].iter().all(|octet| (b' '..=b'~').contains(octet));
        if !printable && self.text[from..].contains(char::is_control) {
            let clean: String = self.text[from..].chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            self.text.truncate(from);
            self.text.push_str(&clean);
        }
        self.text.push('\n');
        if self.text.len() > OCTETS_MAX {
            self.text.truncate(at);
            let _ = writeln!(self.text, "{} * the rest was not kept", self.began.elapsed().as_millis());
            self.full = true;
        }
    }
}

/// Logs see no address (invariant 5), and there is no `Display` that could show one by mistake.
impl fmt::Debug for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.masked().as_str())
    }
}

/// Any text, such as one reply, with its addresses masked.
#[must_use]
pub fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    mask_line(text, &BTreeSet::new(), &mut out);
    out
}

/// Of `RCPT TO:<local@domain>` the local part, when it is long enough to mean somebody.
fn envelope_local(line: &str) -> Option<&str> {
    let (local, _) = line.strip_prefix("RCPT TO:<")?.split_once('>')?.0.rsplit_once('@')?;
    (local.chars().count() >= 3).then_some(local)
}

/// Characters that can stand in an unquoted address, on either side of the `@`.
fn is_address_char(c: char) -> bool {
    !c.is_ascii() && !c.is_whitespace() || c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.\"".contains(c)
}

fn mask_line(line: &str, locals: &BTreeSet<&str>, out: &mut String) {
    let mut rest = line;
    // A quoted local part may hold spaces, so the envelope's own address is taken between its angle brackets.
    for command in ["MAIL FROM:<", "RCPT TO:<"] {
        if let Some((before, after)) = line.split_once(command)
            && let Some((address, tail)) = after.rsplit_once('>')
        {
            out.push_str(before);
            out.push_str(command);
            mask_word(address, locals, out);
            rest = tail;
            out.push('>');
        }
    }
    while !rest.is_empty() {
        let word = rest.find(|c| c != '@' && !is_address_char(c)).unwrap_or(rest.len());
        if word == 0 {
            let step = rest.chars().next().map_or(1, char::len_utf8);
            out.push_str(&rest[..step]);
            rest = &rest[step..];
        } else {
            mask_word(&rest[..word], locals, out);
            rest = &rest[word..];
        }
    }
}

fn mask_word(word: &str, locals: &BTreeSet<&str>, out: &mut String) {
    let bare = word.trim_end_matches(['.', '\'', '"', '?', '!']);
    if let Some((_, domain)) = bare.rsplit_once('@') {
        match Address::parse(bare) {
            Ok(address) => out.push_str(&address.masked()),
            Err(_) => {
                out.push_str("•••@");
                out.push_str(domain);
            }
        }
    } else if locals.iter().any(|local| bare.trim_start_matches(['\'', '"']).eq_ignore_ascii_case(local)) {
        out.push_str("•••");
    } else {
        out.push_str(bare);
    }
    out.push_str(&word[bare.len()..]);
}
