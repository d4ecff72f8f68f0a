//! SPF macros (RFC 7208 §7).
//!
//! In: text with `%{…}` and the facts of a connection. Out: text. Asking the DNS for the name behind `p` is the
//! caller's part: [`MacroString::uses_validated_name`] says when it is needed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A text with macros, sound by the grammar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MacroString(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    /// `%%`, `%_`, `%-`.
    Escape(&'static str),
    Expand(Expand),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Expand {
    /// Lower case.
    letter: char,
    /// Upper case in the text: escape for URLs.
    escape: bool,
    /// Right-hand parts to keep.
    keep: Option<usize>,
    reverse: bool,
    /// Empty stands for `.`.
    delimiters: String,
}

/// Which macro letters a text may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Letters {
    /// `s l o d i p h v`.
    Domain,
    /// Also `c r t`, which only explanations may use (RFC 7208 §7.2).
    All,
}

/// The text breaks the grammar of macros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadMacro;

/// The facts that macros stand for (RFC 7208 §7.2).
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'a> {
    /// Local part of the sender.
    pub local: &'a str,
    /// Domain of the sender.
    pub sender_domain: &'a str,
    /// Domain whose record is evaluated.
    pub domain: &'a str,
    /// The connecting address.
    pub ip: IpAddr,
    /// Validated name of the address, or `unknown`.
    pub validated: &'a str,
    pub helo: &'a str,
    pub receiver: &'a str,
    /// Seconds since 1970.
    pub now_s: i64,
}

impl MacroString {
    /// Reads a macro-string of printable ASCII. Spaces, which only explanations can have, are literals here.
    pub(super) fn parse(text: &str, letters: Letters) -> Result<Self, BadMacro> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((literal, macro_text)) = rest.split_once('%') {
            if !literal.is_empty() {
                parts.push(Part::Literal(literal.to_owned()));
            }
            rest = match macro_text.as_bytes().first() {
                Some(b'%') => escape(&mut parts, "%", macro_text),
                Some(b'_') => escape(&mut parts, " ", macro_text),
                Some(b'-') => escape(&mut parts, "%20", macro_text),
                Some(b'{') => {
                    let (inner, after) = macro_text[1..].split_once('}').ok_or(BadMacro)?;
                    parts.push(Part::Expand(Expand::parse(inner, letters)?));
                    after
                }
                _ => return Err(BadMacro),
            };
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// The literal text at the end; none when it ends in a macro.
    pub(super) fn literal_tail(&self) -> Option<&str> {
        match self.0.last() {
            Some(Part::Literal(text)) => Some(text),
            _ => None,
        }
    }

    /// The text when it has no macro in it, so that it says the same for every connection.
    #[must_use]
    pub fn plain(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether `%{p}` stands in it, and the DNS must be asked before it can be expanded.
    pub(super) fn uses_validated_name(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Expand(expand) if expand.letter == 'p'))
    }

    /// The text for one connection.
    pub(super) fn expand(&self, facts: &Facts<'_>) -> String {
        self.0
            .iter()
            .map(|part| match part {
                Part::Literal(text) => text.clone(),
                Part::Escape(text) => (*text).to_owned(),
                Part::Expand(expand) => expand.apply(facts),
            })
            .collect()
    }
}

fn escape<'a>(parts: &mut Vec<Part>, stands_for: &'static str, macro_text: &'a str) -> &'a str {
    parts.push(Part::Escape(stands_for));
    &macro_text[1..]
}

impl Expand {
    /// `macro-letter transformers *delimiter` (RFC 7208 §7.1).
    fn parse(inner: &str, letters: Letters) -> Result<Self, BadMacro> {
        let mut chars = inner.chars();
        let written = chars.next().ok_or(BadMacro)?;
        let letter = written.to_ascii_lowercase();
        let allowed = match letters {
            Letters::Domain => "slodiphv",
            Letters::All => "slodiphvcrt",
        };
        if !allowed.contains(letter) {
            return Err(BadMacro);
        }
        let rest = chars.as_str();
        let (digits, rest) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
        // RFC 7208 §7.3: the number must not be zero; one past any count of parts keeps them all.
        let keep = match digits {
            "" => None,
            _ => Some(digits.parse().unwrap_or(usize::MAX)),
        };
        let (reverse, delimiters) = match rest.strip_prefix(['r', 'R']) {
            Some(delimiters) => (true, delimiters),
            None => (false, rest),
        };
        if keep == Some(0) || !delimiters.chars().all(|c| ".-+,/_=".contains(c)) {
            return Err(BadMacro);
        }
        Ok(Self { letter, escape: written.is_ascii_uppercase(), keep, reverse, delimiters: delimiters.to_owned() })
    }

    fn apply(&self, facts: &Facts<'_>) -> String {
        let value = value(self.letter, facts);
        let is_delimiter = |c: char| if self.delimiters.is_empty() { c == '.' } else { self.delimiters.contains(c) };
        let mut parts: Vec<&str> = value.split(is_delimiter).collect();
        if self.reverse {
            parts.reverse();
        }
        let kept = parts.len() - self.keep.unwrap_or(parts.len()).min(parts.len());
        let text = parts[kept..].join(".");
        if self.escape { url_escape(&text) } else { text }
    }
}

fn value(letter: char, facts: &Facts<'_>) -> String {
    match letter {
        's' => format!("{}@{}", facts.local, facts.sender_domain),
        'l' => facts.local.to_owned(),
        'o' => facts.sender_domain.to_owned(),
        'd' => facts.domain.to_owned(),
        'i' => dotted(facts.ip),
        'p' => facts.validated.to_owned(),
        'v' => if facts.ip.is_ipv4() { "in-addr" } else { "ip6" }.to_owned(),
        'h' => facts.helo.to_owned(),
        'c' => facts.ip.to_string(),
        'r' => facts.receiver.to_owned(),
        't' => facts.now_s.to_string(),
        // `Expand::parse` lets no other letter in.
        _ => String::new(),
    }
}

/// RFC 7208 §7.3: IPv4 as usual, IPv6 as 32 dotted nibbles.
fn dotted(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => Ipv4Addr::to_string(&ip),
        IpAddr::V6(ip) => nibbles(ip).join("."),
    }
}

fn nibbles(ip: Ipv6Addr) -> Vec<String> {
    ip.octets().iter().flat_map(|octet| [format!("{:X}", octet >> 4), format!("{:X}", octet & 15)]).collect()
}

/// RFC 7208 §7.3: all but the unreserved characters of RFC 3986 §2.3, octet by octet.
fn url_escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}
