//! One DMARC policy record (RFC 9989 §4.7, §4.8): octets in, a [`Record`] out.
//!
//! A text that does not begin with `v=DMARC1` is none. All else is read as far as it can be: syntax errors fall back
//! to defaults, unknown tags are ignored, and what was passed over is kept as [`Note`]s for people.

use std::collections::BTreeSet;

/// What the owner of a domain asks receivers to do with mail that fails (RFC 9989 §4.7 `p`), mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// No wish.
    None,
    /// Suspicious: usually the spam folder.
    Quarantine,
    /// Refuse.
    Reject,
}

impl Policy {
    /// One step milder, as `t=y` asks (RFC 9989 §4.7 `t`).
    #[must_use]
    pub fn lowered(self) -> Self {
        match self {
            Self::Reject => Self::Quarantine,
            Self::Quarantine | Self::None => Self::None,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "none" => Some(Self::None),
            "quarantine" => Some(Self::Quarantine),
            "reject" => Some(Self::Reject),
            _ => None,
        }
    }
}

/// How exactly an identifier must match the author domain (`adkim`, `aspf`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The same organizational domain.
    #[default]
    Relaxed,
    /// The same name.
    Strict,
}

/// What the owner says about its place in the tree (`psd`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Psd {
    /// `psd=y`: others register names below it.
    Yes,
    /// `psd=n`: it is the organizational domain.
    No,
    /// `psd=u`, or nothing: the walk decides.
    #[default]
    Unsaid,
}

/// The tag whose policy applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tag {
    /// The domain's own policy.
    P,
    /// That of its subdomains.
    Sp,
    /// That of subdomains which do not exist.
    Np,
    /// None was valid, and reports are wanted: as if `p=none` (RFC 9989 §4.10.1).
    Assumed,
}

/// Something in a record that its owner would want to know of.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// A tag that RFC 9989 took out: `pct`, `rf`, `ri`.
    Removed(String),
    /// A tag that no standard knows.
    Unknown(String),
    /// A tag with a value it cannot have.
    Invalid(String),
    /// A tag that stands there twice; the first counts.
    Twice(String),
    /// A part without `=`.
    NoTag(String),
}

/// A DMARC policy record, read.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Record {
    /// The record as published.
    pub text: String,
    /// `p`, where it is valid.
    pub p: Option<Policy>,
    /// `sp`, where it is valid.
    pub sp: Option<Policy>,
    /// `np`, where it is valid.
    pub np: Option<Policy>,
    /// `adkim`.
    pub adkim: Mode,
    /// `aspf`.
    pub aspf: Mode,
    /// `t=y`: the owner is testing.
    pub testing: bool,
    /// `psd`.
    pub psd: Psd,
    /// Where aggregate reports go: the valid URIs.
    pub rua: Vec<String>,
    /// Where failure reports go: the valid URIs.
    pub ruf: Vec<String>,
    /// When failure reports are wanted: `0`, `1`, `d`, `s`.
    pub fo: Vec<char>,
    /// What was passed over.
    pub notes: Vec<Note>,
    /// `p` is missing or wrong, or `sp` or `np` is there and wrong (RFC 9989 §4.10.1).
    pub policy_invalid: bool,
}

impl Record {
    /// Reads a record; none when the text does not begin with `v=DMARC1`, in exactly these letters (RFC 9989 §4.7 `v`).
    #[must_use]
    pub fn parse(octets: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(octets).into_owned();
        let mut parts = text.split(';');
        let (name, value) = parts.next()?.split_once('=')?;
        // RFC 9989 §4.8: white space is SP and HTAB.
        if !trim(name).eq_ignore_ascii_case("v") || name.starts_with([' ', '\t']) || trim(value) != "DMARC1" {
            return None;
        }
        let mut record = Self::empty();
        let mut seen = BTreeSet::new();
        for part in parts.map(trim).filter(|part| !part.is_empty()) {
            record.read(part, &mut seen);
        }
        record.policy_invalid |= record.p.is_none();
        record.text = text;
        Some(record)
    }

    /// The policy for the domain this record stands at, or for one below it, and the tag that says so. None: no
    /// DMARC processing applies (RFC 9989 §4.10.1: no valid policy, and no reports wanted).
    #[must_use]
    pub fn policy_for(&self, place: Place) -> Option<(Policy, Tag)> {
        if self.policy_invalid {
            return (!self.rua.is_empty()).then_some((Policy::None, Tag::Assumed));
        }
        let p = self.p.map(|policy| (policy, Tag::P));
        let sp = self.sp.map(|policy| (policy, Tag::Sp));
        let np = self.np.map(|policy| (policy, Tag::Np));
        match place {
            Place::Here => p,
            Place::Below => sp.or(p),
            Place::BelowAndMissing => np.or(sp).or(p),
        }
    }

    fn empty() -> Self {
        Self {
            text: String::new(),
            p: None,
            sp: None,
            np: None,
            adkim: Mode::Relaxed,
            aspf: Mode::Relaxed,
            testing: false,
            psd: Psd::Unsaid,
            rua: Vec::new(),
            ruf: Vec::new(),
            fo: vec!['0'],
            notes: Vec::new(),
            policy_invalid: false,
        }
    }

    fn read(&mut self, part: &str, seen: &mut BTreeSet<String>) {
        let Some((name, value)) = part.split_once('=') else {
            self.notes.push(Note::NoTag(part.to_owned()));
            return;
        };
        let (name, value) = (trim(name).to_ascii_lowercase(), trim(value));
        if !seen.insert(name.clone()) {
            self.notes.push(Note::Twice(name));
            return;
        }
        let known = match name.as_str() {
            "p" => keep(&mut self.p, Policy::parse(value)),
            // A wrong sp or np spoils the whole policy, not only itself.
            "sp" => keep(&mut self.sp, Policy::parse(value)) || self.spoil(),
            "np" => keep(&mut self.np, Policy::parse(value)) || self.spoil(),
            "adkim" => mode(value).is_some_and(|mode| set(&mut self.adkim, mode)),
            "aspf" => mode(value).is_some_and(|mode| set(&mut self.aspf, mode)),
            "t" => yes_or_no(value).is_some_and(|yes| set(&mut self.testing, yes)),
            "psd" => psd(value).is_some_and(|psd| set(&mut self.psd, psd)),
            "rua" => set(&mut self.rua, uris(value)) && !self.rua.is_empty(),
            "ruf" => set(&mut self.ruf, uris(value)) && !self.ruf.is_empty(),
            "fo" => failure_options(value).is_some_and(|fo| set(&mut self.fo, fo)),
            "pct" | "rf" | "ri" => return self.notes.push(Note::Removed(name)),
            _ => return self.notes.push(Note::Unknown(name)),
        };
        if !known {
            self.notes.push(Note::Invalid(name));
        }
    }

    fn spoil(&mut self) -> bool {
        self.policy_invalid = true;
        false
    }
}

/// Where the author domain stands, seen from the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The record is the author domain's own.
    Here,
    /// The author domain is below it.
    Below,
    /// The author domain is below it and does not exist (RFC 9989 §3.2.13).
    BelowAndMissing,
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

fn set<T>(place: &mut T, value: T) -> bool {
    *place = value;
    true
}

fn keep<T>(place: &mut Option<T>, value: Option<T>) -> bool {
    let found = value.is_some();
    *place = value;
    found
}

fn mode(value: &str) -> Option<Mode> {
    match value {
        "r" | "R" => Some(Mode::Relaxed),
        "s" | "S" => Some(Mode::Strict),
        _ => None,
    }
}

fn yes_or_no(value: &str) -> Option<bool> {
    match value {
        "y" | "Y" => Some(true),
        "n" | "N" => Some(false),
        _ => None,
    }
}

fn psd(value: &str) -> Option<Psd> {
    match value {
        "y" | "Y" => Some(Psd::Yes),
        "n" | "N" => Some(Psd::No),
        "u" | "U" => Some(Psd::Unsaid),
        _ => None,
    }
}

/// The URIs that could be reported to, without the size limit that RFC 9989 §4.8 made obsolete (`!10m`).
fn uris(value: &str) -> Vec<String> {
    let sound = |uri: &str| {
        let uri = trim(uri);
        let bare = uri.split_once('!').map_or(uri, |(bare, _)| bare);
        let (scheme, rest) = bare.split_once(':')?;
        let scheme_is_sound = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
        let rest_is_sound = !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_graphic());
        let mail_is_sound = !scheme.eq_ignore_ascii_case("mailto") || rest.contains('@');
        (scheme_is_sound && rest_is_sound && mail_is_sound).then(|| bare.to_owned())
    };
    value.split(',').filter_map(sound).collect()
}

fn failure_options(value: &str) -> Option<Vec<char>> {
    let mut options = Vec::new();
    for option in value.split(':').map(trim) {
        let letter = match option.to_ascii_lowercase().as_str() {
            "0" => '0',
            "1" => '1',
            "d" => 'd',
            "s" => 's',
            _ => return None,
        };
        // RFC 9989 §4.7 fo: `0` and `1` exclude each other, and each letter stands at most once.
        let other = if letter == '0' { '1' } else { '0' };
        if options.contains(&letter) || letter.is_ascii_digit() && options.contains(&other) {
            return None;
        }
        options.push(letter);
    }
    Some(options)
}
