//! MTA-STS (RFC 8461): what a domain says of the hosts that take its mail, and of their certificates.
//!
//! In: the TXT records at `_mta-sts`, and the text of the policy file. Out: the record's id, and a [`Policy`]. Not here: fetching the
//! file, remembering it, and acting on it.

use crate::domain::Domain;

/// What a sender is to do where the hosts do not keep to the policy (§5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Not deliver.
    Enforce,
    /// Deliver, and report.
    Testing,
    /// Nothing: the policy is taken back.
    None,
}

/// A policy (§3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What follows from it.
    pub mode: Mode,
    /// Seconds it may be remembered.
    pub max_age_s: u32,
    /// The hosts: names, or `*.` and a name for one label more.
    pub mx: Vec<String>,
}

/// The longest a policy is remembered: a year (§3.2).
pub const MAX_AGE_MAX_S: u32 = 31_557_600;

/// Hosts read from one policy; large sites name a handful of patterns.
const MX_MAX: usize = 100;

/// The id in the TXT records at `_mta-sts` (§3.1). None unless exactly one of them is a record of version 1: more than one is
/// none.
#[must_use]
pub fn record_id<'a>(records: impl IntoIterator<Item = &'a [u8]>) -> Option<String> {
    let mut ids = records.into_iter().filter_map(|record| {
        let text = std::str::from_utf8(record).ok()?;
        let mut fields = text.split(';').map(str::trim);
        (fields.next()? == "v=STSv1").then_some(())?;
        let id = fields.find_map(|field| field.strip_prefix("id")?.trim_start().strip_prefix('='))?.trim();
        let sound = (1..=32).contains(&id.len()) && id.bytes().all(|octet| octet.is_ascii_alphanumeric());
        Some(sound.then(|| id.to_owned()))
    });
    match (ids.next(), ids.next()) {
        (Some(id), None) => id,
        _ => None,
    }
}

/// Why a text is no policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the policy cannot be used: {0}")]
pub struct NotAPolicy(pub &'static str);

impl Policy {
    /// Reads the policy file: `key: value` lines, ended by LF or CR LF. Of a key that stands twice the first counts, but for `mx`.
    ///
    /// # Errors
    /// [`NotAPolicy`], with what is wrong.
    pub fn parse(text: &str) -> Result<Self, NotAPolicy> {
        let (mut version, mut mode, mut max_age, mut mx) = (None, None, None, Vec::new());
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let (key, value) = line.split_once(':').ok_or(NotAPolicy("a line has no colon"))?;
            let value = value.trim();
            match key.trim() {
                "version" => drop(version.get_or_insert(value)),
                "mode" => drop(mode.get_or_insert(value)),
                "max_age" => drop(max_age.get_or_insert(value)),
                "mx" if mx.len() < MX_MAX => mx.push(value.to_ascii_lowercase()),
                _ => {}
            }
        }
        if version != Some("STSv1") {
            return Err(NotAPolicy("the version is not STSv1"));
        }
        let mode = match mode {
            Some("enforce") => Mode::Enforce,
            Some("testing") => Mode::Testing,
            Some("none") => Mode::None,
            _ => return Err(NotAPolicy("the mode is not enforce, testing or none")),
        };
        let max_age: u64 = max_age.and_then(|text| text.parse().ok()).ok_or(NotAPolicy("max_age is not a number"))?;
        if mx.is_empty() && mode != Mode::None {
            return Err(NotAPolicy("no mx is named"));
        }
        let max_age_s = u32::try_from(max_age).unwrap_or(MAX_AGE_MAX_S).min(MAX_AGE_MAX_S);
        Ok(Self { mode, max_age_s, mx })
    }

    /// Whether the policy names this host (§4.1): `*.` stands for exactly one label.
    #[must_use]
    pub fn names(&self, host: &Domain) -> bool {
        names(&self.mx, host)
    }
}

/// Whether one of `patterns` names `host`, as [`Policy::names`].
#[must_use]
pub fn names(patterns: &[String], host: &Domain) -> bool {
    let host = host.as_str().to_ascii_lowercase();
    patterns.iter().any(|pattern| {
        let pattern = pattern.trim_end_matches('.');
        match pattern.strip_prefix("*.") {
            Some(rest) => host.split_once('.').is_some_and(|(first, behind)| !first.is_empty() && behind == rest),
            None => host == pattern,
        }
    })
}

#[cfg(test)]
mod tests;
