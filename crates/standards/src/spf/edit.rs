//! The one record to publish: what a domain has, with our mechanism in it.
//!
//! In: all TXT records of the domain and the mechanisms to add. Out: a [`Merge`]: the record, its strings, and every
//! change with its reason. Old mechanisms stay, in their order, worded as they were. No DNS here: what the record
//! costs is in [`count`](super::count).
//!
//! Ours goes before the first directive that does not pass (mostly `all`): all before it can only pass too.

use std::fmt;

use serde::Serialize;

use super::parse::{Fault, Kind, Mechanism, Qualifier, Term, VERSION, printable};
use super::{Record, select};

/// RFC 1035 §3.3.14: octets of one string in a TXT record.
pub const STRING_OCTETS_MAX: usize = 255;
/// RFC 7208 §3.4: longer records may not fit in an answer over UDP.
pub const RECORD_OCTETS_ADVISED: usize = 450;

/// The one record to publish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Merge {
    /// The whole record.
    pub record: String,
    /// The record as the strings of one TXT record, each of at most [`STRING_OCTETS_MAX`] octets.
    pub strings: Vec<String>,
    /// The SPF records to take away when it is published, printable; empty when nothing is to be done.
    pub replaces: Vec<String>,
    /// Whether the domain's record is right as it is.
    pub unchanged: bool,
    /// What was changed or found, in order.
    pub notes: Vec<Note>,
}

/// A change, or a thing worth knowing, about a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "note", rename_all = "snake_case")]
pub enum Note {
    /// There was no SPF record.
    New,
    /// The mechanism is there and works.
    AlreadyThere {
        /// As published.
        term: String,
    },
    /// It is there, but another directive comes before it and may decide first.
    DecidedBefore {
        /// Ours, as published.
        term: String,
        /// The other one.
        by: String,
    },
    /// Added.
    Added {
        /// The mechanism.
        term: String,
    },
    /// There were several records, which makes all of them void.
    Joined {
        /// How many.
        records: usize,
    },
    /// A term that stood there before was left out.
    Duplicate {
        /// The term.
        term: String,
    },
    /// A term broke the record and was mended.
    Mended {
        /// As published.
        fault: Fault,
        /// As it must be.
        to: String,
    },
    /// A term broke the record, and only its owner can say what it was meant to be. It was left out.
    LeftOut {
        /// The term, and why.
        fault: Fault,
    },
    /// `all` stood before this term, which therefore had no effect, and now has.
    WasAfterAll {
        /// The term.
        term: String,
    },
    /// One of several `all` was kept.
    AllChosen {
        /// The one kept.
        kept: String,
        /// The others.
        dropped: Vec<String>,
    },
    /// A `redirect` beside an `all` has no effect and was left out.
    RedirectDropped {
        /// The term.
        term: String,
    },
    /// A `redirect` of one of several records became an `include`, because only one can stand.
    RedirectBecameInclude {
        /// The term.
        term: String,
        /// What stands for it.
        to: String,
    },
    /// `+all` lets everybody send in the domain's name.
    AnyoneMaySend,
    /// The record is longer than [`RECORD_OCTETS_ADVISED`].
    Long {
        /// Octets.
        octets: usize,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New => f.write_str(
                "There is no SPF record yet. The new one ends in “?all”, which judges nobody else: make it “~all” \
                 when all other servers that send in the domain's name are in it.",
            ),
            Self::AlreadyThere { term } => write!(f, "“{term}” is in the record already."),
            Self::DecidedBefore { term, by } => {
                write!(f, "“{by}” stands before “{term}” and decides first where both match.")
            }
            Self::Added { term } => write!(f, "“{term}” was added."),
            Self::Joined { records } => write!(
                f,
                "There are {records} SPF records. More than one makes all of them void, so they became one; take the \
                 others away."
            ),
            Self::Duplicate { term } => write!(f, "“{term}” stood there twice; once is enough."),
            Self::Mended { fault, to } => write!(f, "{fault}. This voids the whole record; it became “{to}”."),
            Self::LeftOut { fault } => write!(
                f,
                "{fault}. This voids the whole record, so it was left out: put it back in a valid form if a server of \
                 yours depends on it."
            ),
            Self::WasAfterAll { term } => {
                write!(f, "“{term}” stood after “all”, where it had no effect; now it has.")
            }
            Self::AllChosen { kept, dropped } => {
                write!(f, "Of several “all”, “{kept}” was kept and “{}” left out.", dropped.join("”, “"))
            }
            Self::RedirectDropped { term } => {
                write!(f, "“{term}” has no effect beside an “all” and was left out.")
            }
            Self::RedirectBecameInclude { term, to } => {
                write!(f, "“{term}” became “{to}”, because a record can have only one redirect and none beside “all”.")
            }
            Self::AnyoneMaySend => f.write_str("“+all” lets everybody send in the domain's name; use “~all”."),
            Self::Long { octets } => write!(
                f,
                "The record has {octets} octets. Above {RECORD_OCTETS_ADVISED} some resolvers cannot fetch it."
            ),
        }
    }
}

/// The text is not a mechanism that can be added: `include:`, `a:`, `mx:`, `exists:`, `ip4:` or `ip6:`, to pass.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a mechanism that can be added to an SPF record")]
pub struct NotAnAddition(pub String);

/// Gives the one record with `additions` (such as `include:_spf.notices.example`) in it.
///
/// `existing` are all TXT records of the domain; those that are not SPF are passed over. A record that breaks the
/// grammar is void today: its faulty terms are mended where their meaning is plain, else left out, with a note.
///
/// # Errors
/// [`NotAnAddition`] when an addition is not one passing mechanism other than `all` and `ptr`.
pub fn merge(existing: &[Vec<u8>], additions: &[&str]) -> Result<Merge, NotAnAddition> {
    let additions = additions.iter().map(|text| addition(text)).collect::<Result<Vec<_>, _>>()?;
    let published: Vec<&[u8]> = select(existing).collect();
    if let [record] = published.as_slice()
        && let Ok(parsed) = Record::parse(record)
        && let Some(notes) = already_there(&parsed, &additions)
    {
        return Ok(finished(String::from_utf8_lossy(record).into_owned(), Vec::new(), notes));
    }
    let mut draft = Draft::default();
    match published.len() {
        0 => draft.notes.push(Note::New),
        1 => {}
        records => draft.notes.push(Note::Joined { records }),
    }
    for record in &published {
        draft.take(record);
    }
    draft.choose_all(published.len());
    draft.choose_redirect(published.len());
    draft.add(additions);
    if published.is_empty() {
        draft.all = Some("?all".to_owned());
    }
    let replaces = published.iter().map(|record| printable(record)).collect();
    let notes = std::mem::take(&mut draft.notes);
    Ok(finished(draft.text(), replaces, notes))
}

/// The strings of one TXT record for a text: at most 255 octets each, cut after a space where there is one.
#[must_use]
pub fn strings(record: &str) -> Vec<String> {
    let mut strings = Vec::new();
    let mut rest = record;
    while rest.len() > STRING_OCTETS_MAX {
        let mut end = STRING_OCTETS_MAX;
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let end = rest[..end].rfind(' ').map_or(end, |space| space + 1);
        let (string, after) = rest.split_at(end);
        strings.push(string.to_owned());
        rest = after;
    }
    strings.push(rest.to_owned());
    strings
}

fn finished(record: String, replaces: Vec<String>, mut notes: Vec<Note>) -> Merge {
    if record.split(' ').any(|term| term.eq_ignore_ascii_case("all") || term.eq_ignore_ascii_case("+all")) {
        notes.push(Note::AnyoneMaySend);
    }
    if record.len() > RECORD_OCTETS_ADVISED {
        notes.push(Note::Long { octets: record.len() });
    }
    let unchanged = !notes.iter().any(|note| matches!(note, Note::New)) && replaces.is_empty();
    Merge { strings: strings(&record), record, replaces, unchanged, notes }
}

fn addition(text: &str) -> Result<Term, NotAnAddition> {
    let refuse = || NotAnAddition(text.chars().take(100).collect());
    let record = Record::parse(format!("{VERSION} {text}").as_bytes()).map_err(|_| refuse())?;
    let [term] = record.terms.as_slice() else { return Err(refuse()) };
    match &term.kind {
        Kind::Directive(Qualifier::Pass, Mechanism::All | Mechanism::Ptr(_)) => Err(refuse()),
        Kind::Directive(Qualifier::Pass, _) => Ok(term.clone()),
        _ => Err(refuse()),
    }
}

/// The notes when nothing needs doing: every addition stands in the record, before any `all`.
fn already_there(record: &Record, additions: &[Term]) -> Option<Vec<Note>> {
    let mut notes = Vec::new();
    for addition in additions {
        let mut decides_first = None;
        let there = record.directives().take_while(|(_, _, mechanism)| **mechanism != Mechanism::All).find(
            |(term, qualifier, _)| {
                if *qualifier != Qualifier::Pass {
                    decides_first.get_or_insert_with(|| term.text.clone());
                }
                same(term, addition)
            },
        );
        let term = there?.0.text.clone();
        notes.push(match decides_first {
            Some(by) => Note::DecidedBefore { term, by },
            None => Note::AlreadyThere { term },
        });
    }
    Some(notes)
}

/// Whether two terms say the same, however they are written. The case of a macro's letter matters (RFC 7208 §7.3).
fn same(one: &Term, other: &Term) -> bool {
    let has_macro = one.text.contains('%') || other.text.contains('%');
    one.kind == other.kind && matches!(one.kind, Kind::Directive(..))
        || !has_macro && bare(&one.text).eq_ignore_ascii_case(bare(&other.text))
}

/// Without the `+` that may be left out.
fn bare(text: &str) -> &str {
    text.strip_prefix('+').unwrap_or(text)
}

/// A record being put together.
#[derive(Default)]
struct Draft {
    /// Directives but `all`.
    directives: Vec<Term>,
    /// `exp` and unknown modifiers.
    modifiers: Vec<Term>,
    /// Every `all` found: its text and qualifier.
    alls: Vec<(String, Qualifier)>,
    redirects: Vec<Term>,
    all: Option<String>,
    redirect: Option<String>,
    notes: Vec<Note>,
}

impl Draft {
    /// Takes the terms of one record in.
    fn take(&mut self, record: &[u8]) {
        let mut after_all = false;
        for term in record[VERSION.len()..].split(|b| *b == b' ').filter(|term| !term.is_empty()) {
            let Some(term) = self.read(term) else { continue };
            match &term.kind {
                Kind::Directive(qualifier, Mechanism::All) => {
                    self.alls.push((term.text.clone(), *qualifier));
                    after_all = true;
                }
                Kind::Directive(..) => {
                    if self.directives.iter().any(|old| same(old, &term)) {
                        self.notes.push(Note::Duplicate { term: term.text });
                        continue;
                    }
                    if after_all {
                        self.notes.push(Note::WasAfterAll { term: term.text.clone() });
                    }
                    self.directives.push(term);
                }
                Kind::Redirect(_) => self.redirects.push(term),
                Kind::Explanation(_) if self.modifiers.iter().any(|old| matches!(old.kind, Kind::Explanation(_))) => {
                    self.notes.push(Note::Duplicate { term: term.text });
                }
                Kind::Explanation(_) | Kind::Unknown => self.modifiers.push(term),
            }
        }
    }

    /// One term as it stands, mended, or left out.
    fn read(&mut self, octets: &[u8]) -> Option<Term> {
        let fault = match one_term(octets) {
            Ok(term) => return Some(term),
            Err(fault) => fault,
        };
        let mended = mend(&fault.term).and_then(|text| one_term(text.as_bytes()).ok());
        self.notes.push(match &mended {
            Some(term) => Note::Mended { fault, to: term.text.clone() },
            None => Note::LeftOut { fault },
        });
        mended
    }

    /// In one record the first `all` is the one that works. Of several records none works, and the strictest of
    /// their wishes holds, since all their senders are now in the one record.
    fn choose_all(&mut self, records: usize) {
        let strictness = |(_, qualifier): &(String, Qualifier)| match qualifier {
            Qualifier::Fail => 0,
            Qualifier::SoftFail => 1,
            Qualifier::Neutral => 2,
            Qualifier::Pass => 3,
        };
        if records > 1 {
            self.alls.sort_by_key(strictness);
        }
        let mut texts = std::mem::take(&mut self.alls).into_iter().map(|(text, _)| text);
        self.all = texts.next();
        let dropped: Vec<String> = texts.collect();
        if let Some(kept) = self.all.clone().filter(|_| !dropped.is_empty()) {
            self.notes.push(Note::AllChosen { kept, dropped });
        }
    }

    /// RFC 7208 §6.1: one `redirect`, and none beside `all`.
    fn choose_redirect(&mut self, records: usize) {
        for term in std::mem::take(&mut self.redirects) {
            if self.all.is_none() && self.redirect.is_none() {
                self.redirect = Some(term.text);
            } else if (records > 1 || self.all.is_none())
                && let Some((_, target)) = term.text.split_once('=')
                && let Ok(include) = one_term(format!("include:{target}").as_bytes())
            {
                self.notes.push(Note::RedirectBecameInclude { term: term.text, to: include.text.clone() });
                self.directives.push(include);
            } else {
                self.notes.push(Note::RedirectDropped { term: term.text });
            }
        }
    }

    fn add(&mut self, additions: Vec<Term>) {
        for addition in additions {
            if let Some(old) = self.directives.iter().find(|old| same(old, &addition)) {
                self.notes.push(Note::AlreadyThere { term: old.text.clone() });
                continue;
            }
            let passes = |term: &Term| matches!(term.kind, Kind::Directive(Qualifier::Pass, _));
            let at = self.directives.iter().position(|term| !passes(term)).unwrap_or(self.directives.len());
            self.notes.push(Note::Added { term: addition.text.clone() });
            self.directives.insert(at, addition);
        }
    }

    /// Mechanisms, modifiers, then what decides about all the rest: `all`, or else `redirect` (RFC 7208 §6.1).
    fn text(&self) -> String {
        let terms = self.directives.iter().chain(&self.modifiers).map(|term| term.text.as_str());
        let last = self.all.as_deref().or(self.redirect.as_deref());
        std::iter::once(VERSION).chain(terms).chain(last).collect::<Vec<_>>().join(" ")
    }
}

fn one_term(octets: &[u8]) -> Result<Term, Fault> {
    let record = Record::parse(&[VERSION.as_bytes(), b" ", octets].concat())?;
    // No space is in it, so it is one term.
    record
        .terms
        .into_iter()
        .next()
        .ok_or_else(|| Fault { term: printable(octets), why: super::parse::Why::UnknownMechanism })
}

/// Slips whose meaning is plain: `ipv4:`, an address after `a:` or `mx:`, `redirect:`, a dot or nothing after `all`.
fn mend(term: &str) -> Option<String> {
    let (sign, rest) = term.split_at(usize::from(term.starts_with(['+', '-', '~', '?'])));
    let (name, value) = rest.split_once(':').unwrap_or((rest, ""));
    let family = |value: &str| {
        let address = value.split('/').next().unwrap_or(value);
        match address.parse().ok()? {
            std::net::IpAddr::V4(_) => Some("ip4"),
            std::net::IpAddr::V6(_) => Some("ip6"),
        }
    };
    match name.to_ascii_lowercase().as_str() {
        "a" | "mx" | "ip" | "ip4" | "ip6" | "ipv4" | "ipv6" => Some(format!("{sign}{}:{value}", family(value)?)),
        "redirect" if sign.is_empty() => Some(format!("redirect={value}")),
        "exp" if sign.is_empty() => Some(format!("exp={value}")),
        "all." | "all;" | "all," => Some(format!("{sign}all")),
        _ => None,
    }
}
