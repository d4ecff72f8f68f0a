//! What a reply means: rules in data, tried in order, the first that holds decides.
//!
//! In: code, enhanced status and words of a reply, who said it and when. Out: a [`Reading`]: the cause, and how sure we
//! are. The rules are in `replies.toml`, each with its source. Not here: whether to try again ([`super::judge`]).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::bytes::{RegexSet, RegexSetBuilder, SetMatches};
use serde::Deserialize;
use standards::reply::Status;

use super::{Cause, Provider, Stage};

/// A reply's words are read up to here. RFC 5321 §4.5.3.1.5 allows 512 octets a line; replies of several lines with
/// links stay below this, and a longer one is somebody's log.
const TEXT_OCTETS_MAX: usize = 4096;

/// How sure a reading is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// Nothing in it said why.
    Guess,
    /// From the three digits alone (RFC 5321 §4.2.3).
    Code,
    /// From the enhanced status (RFC 3463 and the registry).
    Status,
    /// From words that many servers use.
    Words,
    /// From a rule about this very provider.
    Exact,
}

/// What a reply means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Why.
    pub cause: Cause,
    /// How sure that is.
    pub certainty: Certainty,
    /// Where the rule comes from.
    pub source: &'static str,
}

/// What was said, in the form the rules look at.
#[derive(Clone, Copy, Debug)]
pub struct Wording<'a> {
    /// Three digits, where there were any.
    pub code: Option<u16>,
    /// Enhanced status, where there was one.
    pub status: Option<Status>,
    /// The words, as they came.
    pub text: &'a str,
    /// When in the conversation.
    pub stage: Stage,
    /// Who said it.
    pub provider: Provider,
}

/// Reads a reply. Always answers: what no rule knows is `unknown`.
#[must_use]
pub fn read(said: &Wording<'_>) -> Reading {
    let text = plain(said.text);
    let hits = RULES.matches(&with_sentences(&text));
    for rule in &RULES.rules {
        let words_hold = match rule.texts.clone() {
            range if range.is_empty() => true,
            mut range => range.any(|index| hits.matched(index)),
        };
        if words_hold && rule.fits(said) && !rule.unless.clone().any(|index| hits.matched(index)) {
            let reading = Reading { cause: rule.cause, certainty: rule.certainty(), source: &rule.source };
            return if rule.clear { reading } else { witnessed(reading, said, &text) };
        }
    }
    Reading { cause: Cause::unknown(), certainty: Certainty::Guess, source: "" }
}

/// Who speaks, from words that only one provider uses.
#[must_use]
pub fn voice(text: &str) -> Option<Provider> {
    let hits = RULES.matches(&with_sentences(&plain(text)));
    RULES.voices.iter().find(|(_, texts)| texts.clone().any(|index| hits.matched(index))).map(|(provider, _)| *provider)
}

/// "User unknown" is believed from who must know: at RCPT (RFC 5321 §3.3), or with a status about addresses (RFC 3463
/// X.1.x), or from a reporter that speaks for itself. A server that took RCPT knows the address, and what it says after
/// the content is a decision about the mail; a phrase quoted without its code and command may be either. A doubt is
/// the patron's (invariant 4).
fn witnessed(reading: Reading, said: &Wording<'_>, text: &str) -> Reading {
    if reading.cause.code() != "addr.unknown" {
        return reading;
    }
    let after_data = matches!(said.stage, Stage::Data | Stage::Content);
    let by_status = said.status.is_some_and(|status| status.subject == 1);
    let by_name = !after_data && text.contains("<@>: user unknown");
    let by_itself =
        said.stage == Stage::Report && said.code.is_none() && !QUOTED.iter().any(|phrase| text.contains(phrase));
    if said.stage == Stage::RcptTo || by_status || by_itself || by_name {
        return reading;
    }
    Reading { cause: Cause::of("policy.recipient"), ..reading }
}

/// Phrases that servers use in their replies.
const QUOTED: [&str; 4] = ["user unknown", "tried to reach", "recipient address rejected", "no such user here"];

/// Lower case, accents off, one space for any white space, every address one `<@>`: what the rules' patterns see.
pub(crate) fn plain(text: &str) -> String {
    let mut end = text.len().min(TEXT_OCTETS_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut out = String::with_capacity(end);
    for word in text[..end].split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        if word.contains('@') {
            push_without_address(&mut out, word);
        } else {
            out.extend(word.chars().flat_map(char::to_lowercase).map(without_accent));
        }
    }
    out
}

/// An address says nothing about why, and its letters could be mistaken for words.
fn push_without_address(out: &mut String, word: &str) {
    let part = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.\"@<>[]".contains(c);
    let mut rest = word;
    while let Some(at) = rest.find('@') {
        let start =
            rest[..at].rfind(|c| !part(c)).map_or(0, |i| i + rest[i..].chars().next().map_or(1, char::len_utf8));
        let stop = rest[at..].find(|c| !part(c)).map_or(rest.len(), |i| at + i);
        out.extend(rest[..start].chars().flat_map(char::to_lowercase).map(without_accent));
        out.push_str("<@>");
        rest = &rest[stop..];
    }
    out.extend(rest.chars().flat_map(char::to_lowercase).map(without_accent));
}

fn without_accent(c: char) -> char {
    match c {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' => 'a',
        'ç' => 'c',
        'è' | 'é' | 'ê' | 'ë' => 'e',
        'ì' | 'í' | 'î' | 'ï' => 'i',
        'ñ' => 'n',
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' => 'o',
        'ù' | 'ú' | 'û' | 'ü' => 'u',
        '’' | '‘' | '`' => '\'',
        '\u{a0}' => ' ',
        other => other,
    }
}

/// A rule as the data has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    cause: String,
    #[serde(default)]
    provider: Vec<Provider>,
    #[serde(default)]
    stage: Vec<Stage>,
    #[serde(default)]
    code: Vec<String>,
    #[serde(default)]
    status: Vec<String>,
    #[serde(default)]
    text: Vec<String>,
    #[serde(default)]
    unless: Vec<String>,
    /// Whoever says so knows: no other evidence is wanted.
    #[serde(default)]
    clear: bool,
    source: String,
}

#[derive(Deserialize)]
struct Source {
    say: BTreeMap<String, String>,
    voice: Vec<Voice>,
    rule: Vec<Row>,
}

impl Source {
    /// A pattern as the data has it, as a regular expression: fragments put in, `…` kept within the sentence.
    fn expression(&self, pattern: &str) -> String {
        let mut whole = pattern.to_owned();
        for (name, fragment) in &self.say {
            whole = whole.replace(&format!("{{{name}}}"), fragment);
        }
        whole.replace(" … ", SOME_WORDS).replace('…', SOME_WORDS)
    }
}

/// What `…` stands for: anything up to the end of the sentence, so that two words far apart do not meet.
const SOME_WORDS: &str = r"[^\x01;!?]*";

/// Stands behind the full stop of a sentence. One inside an address, a number or a host's name ends none, and telling that
/// in every pattern would make the automata half as large again.
const SENTENCE_END: char = '\u{1}';

fn with_sentences(plain: &str) -> String {
    plain.replace(". ", &format!(".{SENTENCE_END} "))
}

/// Words that only this provider uses.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Voice {
    provider: Provider,
    text: Vec<String>,
}

struct Rule {
    cause: Cause,
    providers: Vec<Provider>,
    stages: Vec<Stage>,
    codes: Vec<(u16, u16)>,
    statuses: Vec<[(u16, u16); 3]>,
    texts: std::ops::Range<usize>,
    unless: std::ops::Range<usize>,
    clear: bool,
    source: String,
}

struct Rules {
    rules: Vec<Rule>,
    voices: Vec<(Provider, std::ops::Range<usize>)>,
    texts: Vec<RegexSet>,
}

/// Patterns matched in one pass. All in one automaton would have a new state for nearly every new text; fifty in each
/// keep a reading of words never seen before at some tens of microseconds.
const PATTERNS_A_SET: usize = 50;
/// Room for the automaton of one set and for its cache of states.
const AUTOMATON_OCTETS_MAX: usize = 16 << 20;

/// Which patterns are in a text.
struct Hits(Vec<SetMatches>);

impl Hits {
    fn matched(&self, index: usize) -> bool {
        self.0.get(index / PATTERNS_A_SET).is_some_and(|set| set.matched(index % PATTERNS_A_SET))
    }
}

impl Rules {
    fn matches(&self, text: &str) -> Hits {
        Hits(self.texts.iter().map(|set| set.matches(text.as_bytes())).collect())
    }
}

impl Rule {
    fn fits(&self, said: &Wording<'_>) -> bool {
        let provider = self.providers.is_empty() || self.providers.contains(&said.provider);
        let stage = self.stages.is_empty() || self.stages.contains(&said.stage);
        let code = self.codes.is_empty()
            || said.code.is_some_and(|code| self.codes.iter().any(|(low, high)| (*low..=*high).contains(&code)));
        let status = self.statuses.is_empty()
            || said.status.is_some_and(|status| {
                let parts = [u16::from(status.class), status.subject, status.detail];
                let holds = |want: &[(u16, u16); 3]| {
                    want.iter().zip(parts).all(|((low, high), got)| (*low..=*high).contains(&got))
                };
                self.statuses.iter().any(holds)
            });
        provider && stage && code && status
    }

    fn certainty(&self) -> Certainty {
        match (self.texts.is_empty(), self.providers.is_empty()) {
            (_, false) => Certainty::Exact,
            (false, true) => Certainty::Words,
            (true, true) if !self.statuses.is_empty() => Certainty::Status,
            (true, true) => Certainty::Code,
        }
    }
}

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    let source: Source = toml::from_str(include_str!("replies.toml"))
        .expect("the rules are part of the binary, and a test reads all of them");
    let mut patterns = Vec::new();
    let mut keep = |texts: &[String]| {
        let from = patterns.len();
        patterns.extend(texts.iter().map(|text| source.expression(text)));
        from..patterns.len()
    };
    let rules = source.rule.iter().map(|row| Rule {
        cause: Cause::of(&row.cause),
        providers: row.provider.clone(),
        stages: row.stage.clone(),
        codes: row.code.iter().filter_map(|text| code_range(text)).collect(),
        statuses: row.status.iter().filter_map(|text| status_pattern(text)).collect(),
        texts: keep(&row.text),
        unless: keep(&row.unless),
        clear: row.clear,
        source: row.source.clone(),
    });
    let rules: Vec<Rule> = rules.collect();
    let voices = source.voice.iter().map(|voice| (voice.provider, keep(&voice.text))).collect();
    // Bytes without Unicode classes keep the automaton small; `plain` has already folded case and accents.
    let set = |patterns: &[String]| {
        RegexSetBuilder::new(patterns)
            .unicode(false)
            .size_limit(AUTOMATON_OCTETS_MAX)
            .dfa_size_limit(AUTOMATON_OCTETS_MAX)
            .build()
            .expect("the patterns are part of the binary, and a test compiles them")
    };
    let texts = patterns.chunks(PATTERNS_A_SET).map(set).collect();
    Rules { rules, voices, texts }
});

/// `550`, `5xx` or `550-554`.
fn code_range(text: &str) -> Option<(u16, u16)> {
    if let Some(class) = text.strip_suffix("xx") {
        let class: u16 = class.parse().ok()?;
        return Some((class * 100, class * 100 + 99));
    }
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    Some((low.parse().ok()?, high.parse().ok()?))
}

/// `5.7.26`, `x.7.26` for any class, `5.7.606-649` for a range.
fn status_pattern(text: &str) -> Option<[(u16, u16); 3]> {
    let mut parts = text.split('.').map(|part| {
        if part == "x" {
            return Some((0, u16::MAX));
        }
        let (low, high) = part.split_once('-').unwrap_or((part, part));
        Some((low.parse().ok()?, high.parse().ok()?))
    });
    let pattern = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(pattern)
}

#[cfg(test)]
pub(super) mod data {
    //! The rules as data, for the tests that read all of them.

    /// Every row whose cause is not in the table, or whose code or status pattern cannot be read.
    pub(crate) fn unsound() -> Vec<String> {
        let source: super::Source = toml::from_str(include_str!("replies.toml")).unwrap();
        let mut bad = Vec::new();
        for row in source.rule {
            if super::Cause::from_code(&row.cause).is_none_or(|cause| cause.code() != row.cause) {
                bad.push(row.cause.clone());
            }
            bad.extend(row.code.iter().filter(|text| super::code_range(text).is_none()).cloned());
            bad.extend(row.status.iter().filter(|text| super::status_pattern(text).is_none()).cloned());
            let empty = row.code.is_empty() && row.status.is_empty() && row.text.is_empty();
            if empty || row.source.is_empty() {
                bad.push(format!("{}: no condition or no source", row.cause));
            }
        }
        bad
    }
}
