//! An SPF record as a value (RFC 7208 §4.6.1, §5, §6, §12).
//!
//! In: the octets of one TXT record. Out: a [`Record`] in which every term is sound, or the first [`Fault`]: one
//! wrong term voids a record. Each term keeps its text, so that records can be edited without rewording them.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Serialize, Serializer};

pub use super::macros::MacroString;
use super::{SpfResult, macros};

/// The version section (RFC 7208 §4.5).
pub const VERSION: &str = "v=spf1";

/// A sound SPF record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Mechanisms and modifiers as they stand.
    pub terms: Vec<Term>,
}

/// One term and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// As published.
    pub text: String,
    /// What it says.
    pub kind: Kind,
}

/// RFC 7208 §4.6.1: a directive or a modifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A mechanism and the result it gives when it matches.
    Directive(Qualifier, Mechanism),
    /// `redirect=`: the record to use when nothing here matches (RFC 7208 §6.1).
    Redirect(MacroString),
    /// `exp=`: where the words on a `fail` are (RFC 7208 §6.2).
    Explanation(MacroString),
    /// Any other modifier: sound, and without effect (RFC 7208 §6).
    Unknown,
}

/// RFC 7208 §4.6.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Qualifier {
    /// `+`, or nothing.
    Pass,
    /// `-`
    Fail,
    /// `~`
    SoftFail,
    /// `?`
    Neutral,
}

impl Qualifier {
    /// The result of a match.
    #[must_use]
    pub fn result(self) -> SpfResult {
        match self {
            Self::Pass => SpfResult::Pass,
            Self::Fail => SpfResult::Fail,
            Self::SoftFail => SpfResult::SoftFail,
            Self::Neutral => SpfResult::Neutral,
        }
    }
}

/// RFC 7208 §5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// Always matches.
    All,
    /// Matches where the other domain's check passes.
    Include(MacroString),
    /// Matches addresses of a host, the domain itself by default.
    A(Option<MacroString>, Prefixes),
    /// Matches addresses of the mail exchangers.
    Mx(Option<MacroString>, Prefixes),
    /// Matches names that the address claims and that point back to it.
    Ptr(Option<MacroString>),
    /// Matches an IPv4 network.
    Ip4(Ipv4Addr, u8),
    /// Matches an IPv6 network.
    Ip6(Ipv6Addr, u8),
    /// Matches when the name has any IPv4 address.
    Exists(MacroString),
}

impl Mechanism {
    /// Whether it counts against the limit of look-ups (RFC 7208 §4.6.4).
    #[must_use]
    pub fn asks_dns(&self) -> bool {
        !matches!(self, Self::All | Self::Ip4(..) | Self::Ip6(..))
    }
}

/// `dual-cidr-length` (RFC 7208 §5.3, §5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefixes {
    /// Bits of an IPv4 address that count.
    pub ip4: u8,
    /// Bits of an IPv6 address that count.
    pub ip6: u8,
}

/// Where a record breaks the grammar, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("“{term}” {why}")]
pub struct Fault {
    /// The term, printable.
    pub term: String,
    /// Why it is wrong.
    pub why: Why,
}

/// Why a term is wrong. Shown in JSON as its sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The record does not begin with `v=spf1`.
    Version,
    /// Octets that are not printable ASCII (RFC 7208 §3.1).
    NotAscii,
    /// No mechanism of this name, or characters a modifier's name may not have.
    UnknownMechanism,
    /// `redirect:` for `redirect=` and the like.
    ModifierAsMechanism,
    /// `all` takes nothing.
    AllTakesNothing,
    /// A domain is needed and missing.
    DomainMissing,
    /// The domain's last label is no top-level label, or there is only one.
    Domain,
    /// An IP address where a name must stand.
    AddressForName,
    /// `%` without a sound macro behind it (RFC 7208 §7.1).
    Macro,
    /// The address is none, or of the other family.
    Address,
    /// The prefix length is out of range, has a leading zero or stands where none may.
    Prefix,
    /// `redirect` or `exp` twice (RFC 7208 §6).
    Twice,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Version => "does not begin with v=spf1",
            Self::NotAscii => "has characters other than printable ASCII",
            Self::UnknownMechanism => "is no mechanism or modifier of SPF",
            Self::ModifierAsMechanism => "is a modifier and needs “=” in place of “:”",
            Self::AllTakesNothing => "may have nothing after “all”",
            Self::DomainMissing => "needs a domain name",
            Self::Domain => "does not end in a full domain name",
            Self::AddressForName => "has an IP address where a name must stand: use ip4: or ip6:",
            Self::Macro => "has a “%” without a valid macro behind it",
            Self::Address => "has no valid IP address of this kind",
            Self::Prefix => "has a prefix length that is not allowed there",
            Self::Twice => "stands twice, and may stand only once",
        })
    }
}

impl Serialize for Why {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Whether a TXT record is an SPF record: `v=spf1`, then a space or the end (RFC 7208 §4.5).
#[must_use]
pub fn is_spf(record: &[u8]) -> bool {
    record.split_at_checked(VERSION.len()).is_some_and(|(head, rest)| {
        head.eq_ignore_ascii_case(VERSION.as_bytes()) && matches!(rest.first(), None | Some(b' '))
    })
}

impl Record {
    /// Reads one record.
    ///
    /// # Errors
    /// The first [`Fault`].
    pub fn parse(octets: &[u8]) -> Result<Self, Fault> {
        let fault = |term: &[u8], why| Fault { term: printable(term), why };
        if !is_spf(octets) {
            return Err(fault(octets.split(|b| *b == b' ').next().unwrap_or_default(), Why::Version));
        }
        let mut terms: Vec<Term> = Vec::new();
        for term in octets[VERSION.len()..].split(|b| *b == b' ').filter(|term| !term.is_empty()) {
            let text = std::str::from_utf8(term)
                .ok()
                .filter(|text| text.bytes().all(|b| b.is_ascii_graphic()))
                .ok_or_else(|| fault(term, Why::NotAscii))?;
            let kind = read_term(text).map_err(|why| fault(term, why))?;
            let twice = match kind {
                Kind::Redirect(_) => terms.iter().any(|t| matches!(t.kind, Kind::Redirect(_))),
                Kind::Explanation(_) => terms.iter().any(|t| matches!(t.kind, Kind::Explanation(_))),
                _ => false,
            };
            if twice {
                return Err(fault(term, Why::Twice));
            }
            terms.push(Term { text: text.to_owned(), kind });
        }
        Ok(Self { terms })
    }

    /// The directives in their order, each with its text.
    pub fn directives(&self) -> impl Iterator<Item = (&Term, Qualifier, &Mechanism)> {
        self.terms.iter().filter_map(|term| match &term.kind {
            Kind::Directive(qualifier, mechanism) => Some((term, *qualifier, mechanism)),
            _ => None,
        })
    }

    /// Whether an `all` stands anywhere: then `redirect` has no effect (RFC 7208 §5.1, §6.1).
    #[must_use]
    pub fn has_all(&self) -> bool {
        self.directives().any(|(_, _, mechanism)| *mechanism == Mechanism::All)
    }

    /// The `redirect` that applies when nothing matches.
    #[must_use]
    pub fn redirect(&self) -> Option<(&Term, &MacroString)> {
        if self.has_all() {
            return None;
        }
        self.terms.iter().find_map(|term| match &term.kind {
            Kind::Redirect(target) => Some((term, target)),
            _ => None,
        })
    }

    /// Where the words on a `fail` are.
    #[must_use]
    pub fn explanation(&self) -> Option<&MacroString> {
        self.terms.iter().find_map(|term| match &term.kind {
            Kind::Explanation(target) => Some(target),
            _ => None,
        })
    }
}

/// As much of a foreign text as people can read.
pub(super) fn printable(octets: &[u8]) -> String {
    /// A TXT record can have 64 KiB; two DNS strings are enough to recognise it.
    const SHOWN_MAX: usize = 510;
    let shown = &octets[..octets.len().min(SHOWN_MAX)];
    let mut text = String::with_capacity(shown.len());
    for byte in shown {
        match byte {
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
    if shown.len() < octets.len() {
        text.push('…');
    }
    text
}

fn read_term(text: &str) -> Result<Kind, Why> {
    // RFC 7208 §4.6.1: "=" right after a name, before any ":" or "/", makes a modifier.
    if let Some(at) = text.find([':', '/', '='])
        && text.as_bytes()[at] == b'='
    {
        return read_modifier(&text[..at], &text[at + 1..]);
    }
    let (qualifier, rest) = match text.as_bytes().first() {
        Some(b'+') => (Qualifier::Pass, &text[1..]),
        Some(b'-') => (Qualifier::Fail, &text[1..]),
        Some(b'~') => (Qualifier::SoftFail, &text[1..]),
        Some(b'?') => (Qualifier::Neutral, &text[1..]),
        _ => (Qualifier::Pass, text),
    };
    let (name, arguments) = rest.split_at(rest.find([':', '/']).unwrap_or(rest.len()));
    Ok(Kind::Directive(qualifier, read_mechanism(name, arguments)?))
}

fn read_modifier(name: &str, value: &str) -> Result<Kind, Why> {
    let sound = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    if !sound {
        return Err(Why::UnknownMechanism);
    }
    if name.eq_ignore_ascii_case("redirect") {
        return Ok(Kind::Redirect(domain_spec(value)?));
    }
    if name.eq_ignore_ascii_case("exp") {
        return Ok(Kind::Explanation(domain_spec(value)?));
    }
    MacroString::parse(value, macros::Letters::All).map_err(|_| Why::Macro)?;
    Ok(Kind::Unknown)
}

/// `arguments` still has its leading `:` or `/`.
fn read_mechanism(name: &str, arguments: &str) -> Result<Mechanism, Why> {
    let needed = |arguments: &str| match arguments.strip_prefix(':') {
        Some(spec) => domain_spec(spec),
        None => Err(Why::DomainMissing),
    };
    match name.to_ascii_lowercase().as_str() {
        "all" if arguments.is_empty() => Ok(Mechanism::All),
        "all" => Err(Why::AllTakesNothing),
        "include" => Ok(Mechanism::Include(needed(arguments)?)),
        "exists" => Ok(Mechanism::Exists(needed(arguments)?)),
        "ptr" => Ok(Mechanism::Ptr(optional(arguments)?)),
        "a" => dual(arguments).map(|(target, prefixes)| Mechanism::A(target, prefixes)),
        "mx" => dual(arguments).map(|(target, prefixes)| Mechanism::Mx(target, prefixes)),
        "ip4" => network(arguments, 32).map(|(address, prefix)| Mechanism::Ip4(address, prefix)),
        "ip6" => network(arguments, 128).map(|(address, prefix)| Mechanism::Ip6(address, prefix)),
        "redirect" | "exp" => Err(Why::ModifierAsMechanism),
        _ => Err(Why::UnknownMechanism),
    }
}

fn optional(arguments: &str) -> Result<Option<MacroString>, Why> {
    match arguments.strip_prefix(':') {
        Some(spec) => domain_spec(spec).map(Some),
        None if arguments.is_empty() => Ok(None),
        None => Err(Why::Prefix),
    }
}

/// `[ ":" domain-spec ] [ "/" bits ] [ "//" bits ]`. Slashes may also stand in the domain, so lengths are read
/// from the end.
fn dual(arguments: &str) -> Result<(Option<MacroString>, Prefixes), Why> {
    let mut prefixes = Prefixes { ip4: 32, ip6: 128 };
    let mut rest = arguments;
    if let Some((before, digits)) = rest.rsplit_once("//")
        && is_number(digits)
    {
        prefixes.ip6 = prefix(digits, 128)?;
        rest = before;
    }
    if let Some((before, digits)) = rest.rsplit_once('/')
        && is_number(digits)
    {
        prefixes.ip4 = prefix(digits, 32)?;
        rest = before;
    }
    Ok((optional(rest)?, prefixes))
}

fn network<A: std::str::FromStr>(arguments: &str, bits: u8) -> Result<(A, u8), Why> {
    let text = arguments.strip_prefix(':').ok_or(Why::Address)?;
    let (address, length) = match text.split_once('/') {
        Some((address, digits)) if is_number(digits) => (address, prefix(digits, bits)?),
        Some(_) => return Err(Why::Prefix),
        None => (text, bits),
    };
    Ok((address.parse().map_err(|_| Why::Address)?, length))
}

fn is_number(digits: &str) -> bool {
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// RFC 7208 §12 `ip4-cidr-length`, `ip6-cidr-length`: no leading zeros.
fn prefix(digits: &str, max: u8) -> Result<u8, Why> {
    if digits.len() > 1 && digits.starts_with('0') {
        return Err(Why::Prefix);
    }
    digits.parse().ok().filter(|bits| *bits <= max).ok_or(Why::Prefix)
}

/// RFC 7208 §7.1 `domain-spec`: a macro-string that ends in a macro or in `.` and a top-level label.
fn domain_spec(text: &str) -> Result<MacroString, Why> {
    if text.is_empty() {
        return Err(Why::DomainMissing);
    }
    let spec = MacroString::parse(text, macros::Letters::Domain).map_err(|_| Why::Macro)?;
    let Some(tail) = spec.literal_tail() else {
        return Ok(spec);
    };
    let bare = tail.strip_suffix('.').unwrap_or(tail);
    if bare.rsplit_once('.').is_some_and(|(_, label)| is_top_label(label)) {
        return Ok(spec);
    }
    let is_address = text.parse::<std::net::IpAddr>().is_ok();
    Err(if is_address { Why::AddressForName } else { Why::Domain })
}

/// RFC 7208 §7.1 `toplabel`: letters, digits and inner hyphens, not digits alone.
fn is_top_label(label: &str) -> bool {
    label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().any(|b| !b.is_ascii_digit())
}
