//! The cause table: every reason why a message did not arrive, with its words, whose job it is and what we do.
//!
//! In: a code such as `auth.dmarc`, from a rule, a database row or another engineer's table. Out: a [`Cause`], a small
//! value that knows its words. The table itself is data (`words/causes.toml`). Not here: which reply has which cause
//! (`replies.toml`, [`super::meaning`]).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::notice::Language;

/// Who can mend what a cause names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fixer {
    /// The desk of the library.
    Desk,
    /// Who the notice is for.
    Patron,
    /// The library's IT department.
    It,
    /// Who runs this service.
    Operator,
    /// Who edits the notice's words.
    Editor,
    /// The IT department of the receiver.
    TheirIt,
    /// Nobody has to: it settles by itself.
    Nobody,
}

/// What the machine does about a cause by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The same again, later.
    Retry,
    /// Later, and less at a time to that provider.
    SlowDown,
    /// Again under the shared address, at once.
    ResendShared,
    /// Again through another of our relays or another source address.
    OtherRelay,
    /// Another channel of the ladder.
    OtherChannel,
    /// Stop using the address, and another channel.
    StopAddress,
    /// Wait for a person.
    Hold,
    /// Ask the desk.
    Ask,
    /// End here.
    GiveUp,
    /// Nothing is wrong.
    None,
}

/// One named reason. Copy; as text it is its code.
#[derive(Clone, Copy, serde::Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cause(&'static Entry);

/// What the words of a cause may mention. What is missing is said in general words ("the receiving server").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts<'a> {
    /// Who answered, as people call it: `Gmail`.
    pub provider: Option<&'a str>,
    /// The domain of the sender's address.
    pub domain: Option<&'a str>,
    /// The domain of the address written to.
    pub their_domain: Option<&'a str>,
    /// The receiving organisation, where it is not a mailbox provider.
    pub org: Option<&'a str>,
    /// What was typed.
    pub given: Option<&'a str>,
    /// What was probably meant.
    pub suggest: Option<&'a str>,
    /// The placeholder field that is missing.
    pub field: Option<&'a str>,
    /// The channel taken instead.
    pub channel: Option<&'a str>,
    /// The reference of an incident.
    pub reference: Option<&'a str>,
}

impl<'a> Facts<'a> {
    /// Of an answer: who gave it, and the domain written to, by which a receiver is called that has no other name.
    #[must_use]
    pub fn of(provider: Option<&'a str>, their_domain: Option<&'a str>) -> Self {
        Self { provider: provider.or(their_domain), their_domain, ..Self::default() }
    }
}

/// A text that names no cause.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a cause")]
pub struct NotACause(pub String);

impl Cause {
    /// The cause with this code, or with its longest known dotted prefix: `auth.dmarc.alignment` is `auth.dmarc`.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        let mut name = code;
        loop {
            if let Some(entry) = TABLE.by_code.get(name) {
                return Some(Self(entry));
            }
            name = name.rsplit_once('.')?.0;
        }
    }

    /// As [`Cause::from_code`]; what the table does not know is `unknown`, which never stops an address.
    #[must_use]
    pub fn of(code: &str) -> Self {
        Self::from_code(code).unwrap_or_else(Self::unknown)
    }

    /// The cause of what nobody explained.
    #[must_use]
    pub fn unknown() -> Self {
        Self(TABLE.by_code.get("unknown").expect("the table is embedded, and a test reads this entry"))
    }

    /// Every cause, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.causes.iter().copied().map(Self)
    }

    /// The dotted code: `auth.dmarc`.
    #[must_use]
    pub fn code(self) -> &'static str {
        &self.0.code
    }

    /// Whether this is `code` or a more exact case of it: `auth.dmarc` is within `auth`.
    #[must_use]
    pub fn is_within(self, code: &str) -> bool {
        self.code().strip_prefix(code).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// The headline, a sentence without its full stop.
    #[must_use]
    pub fn headline(self, language: Language, facts: &Facts<'_>) -> String {
        let bare = match language {
            Language::En => &self.0.bare_en,
            Language::Fr => &self.0.bare_fr,
        };
        match bare {
            Some(words) if facts.their_domain.is_none() => words.clone(),
            _ => fill(self.0.words(language).0, language, facts),
        }
    }

    /// What we do about it, in sentences.
    #[must_use]
    pub fn doing(self, language: Language, facts: &Facts<'_>) -> String {
        fill(self.0.words(language).1, language, facts)
    }

    /// What there is to say of it once the message has ended: what we did to the address, or what staff can do next. Nothing that we
    /// would still do by ourselves.
    #[must_use]
    pub fn in_the_end(self, language: Language, facts: &Facts<'_>) -> String {
        match self.0.action {
            Action::StopAddress => self.doing(language, facts),
            _ => super::Step::after(self).words(language).to_owned(),
        }
    }

    /// Whose job it is, as a noun phrase: `the IT department of mapleridge.example`.
    #[must_use]
    pub fn whose_job(self, language: Language, facts: &Facts<'_>) -> String {
        let Some(words) = TABLE.fixers.get(&self.0.fixer) else { return String::new() };
        let known = match self.0.fixer {
            Fixer::It => facts.domain.is_some(),
            Fixer::TheirIt => facts.org.or(facts.their_domain).is_some(),
            _ => true,
        };
        let (named, bare) = match language {
            Language::En => (&words.en, &words.bare_en),
            Language::Fr => (&words.fr, &words.bare_fr),
        };
        let pattern = if known { named } else { bare.as_ref().unwrap_or(named) };
        substitute(pattern, language, facts)
    }

    /// Who can mend it.
    #[must_use]
    pub fn fixer(self) -> Fixer {
        self.0.fixer
    }

    /// What the machine does by itself.
    #[must_use]
    pub fn action(self) -> Action {
        self.0.action
    }

    /// Whether one clear refusal of this kind ends our use of the address (invariant 4: only causes that speak of the
    /// recipient may).
    #[must_use]
    pub fn stops(self) -> bool {
        self.0.stops
    }

    /// How many clear refusals of this kind, on different days, end our use of the address. None: no number does.
    #[must_use]
    pub fn stops_after(self) -> Option<u8> {
        if self.0.stops { Some(1) } else { self.0.stops_after }
    }

    /// Whether it passes by itself more often than not.
    #[must_use]
    pub fn is_transient(self) -> bool {
        self.0.transient
    }
}

impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}
impl Eq for Cause {}

impl std::hash::Hash for Cause {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.code().hash(state);
    }
}

impl PartialOrd for Cause {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Cause {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.code().cmp(other.code())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cause({})", self.code())
    }
}

impl TryFrom<String> for Cause {
    type Error = NotACause;
    fn try_from(text: String) -> Result<Self, NotACause> {
        Self::from_code(&text).ok_or(NotACause(text))
    }
}
impl From<Cause> for String {
    fn from(cause: Cause) -> Self {
        cause.code().to_owned()
    }
}

/// One entry as the table has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    code: String,
    en: String,
    fr: String,
    we_en: String,
    we_fr: String,
    #[serde(default)]
    bare_en: Option<String>,
    #[serde(default)]
    bare_fr: Option<String>,
    fixer: Fixer,
    action: Action,
    #[serde(default)]
    stops: bool,
    #[serde(default)]
    stops_after: Option<u8>,
    #[serde(default)]
    transient: bool,
}

impl Entry {
    fn words(&self, language: Language) -> (&str, &str) {
        match language {
            Language::En => (&self.en, &self.we_en),
            Language::Fr => (&self.fr, &self.we_fr),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Phrase {
    en: String,
    fr: String,
    #[serde(default)]
    bare_en: Option<String>,
    #[serde(default)]
    bare_fr: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    placeholder: BTreeMap<String, Phrase>,
    fixer: BTreeMap<Fixer, Phrase>,
    step: BTreeMap<String, Phrase>,
    cause: Vec<Entry>,
}

struct Table {
    placeholders: BTreeMap<String, Phrase>,
    fixers: BTreeMap<Fixer, Phrase>,
    steps: BTreeMap<String, Phrase>,
    causes: Vec<&'static Entry>,
    by_code: BTreeMap<&'static str, &'static Entry>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let source: Source = toml::from_str(include_str!("../../../../words/causes.toml"))
        .expect("the table is part of the binary, and a test reads all of it");
    // Read once and kept for the life of the process, so that a cause is as small as a pointer.
    let causes: Vec<&'static Entry> = source.cause.into_iter().map(|entry| &*Box::leak(Box::new(entry))).collect();
    let by_code = causes.iter().map(|entry| (entry.code.as_str(), *entry)).collect();
    Table { placeholders: source.placeholder, fixers: source.fixer, steps: source.step, causes, by_code }
});

/// The words of a step; empty where the table has none.
pub(super) fn step_words(code: &str, language: Language) -> &'static str {
    TABLE.steps.get(code).map_or("", |words| match language {
        Language::En => &words.en,
        Language::Fr => &words.fr,
    })
}

/// The pattern with its placeholders filled, beginning with a capital.
fn fill(pattern: &str, language: Language, facts: &Facts<'_>) -> String {
    let text = substitute(pattern, language, facts);
    // A domain keeps its own letters even at the start of a sentence.
    let starts_with_domain = pattern.starts_with("{domain}") || pattern.starts_with("{their_domain}");
    let given = if pattern.starts_with("{domain}") { facts.domain } else { facts.their_domain };
    if starts_with_domain && given.is_some() {
        return text;
    }
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => text,
    }
}

fn substitute(pattern: &str, language: Language, facts: &Facts<'_>) -> String {
    let mut out = String::with_capacity(pattern.len() + 32);
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        let given = match name {
            "provider" => facts.provider,
            "domain" => facts.domain,
            "their_domain" => facts.their_domain,
            "org" => facts.org.or(facts.their_domain),
            "given" => facts.given,
            "suggest" => facts.suggest,
            "field" => facts.field,
            "channel" => facts.channel,
            "ref" => facts.reference,
            _ => None,
        };
        match (given, TABLE.placeholders.get(name)) {
            (Some(value), _) => out.push_str(value),
            (None, Some(words)) => out.push_str(match language {
                Language::En => &words.en,
                Language::Fr => &words.fr,
            }),
            (None, None) => {}
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}
