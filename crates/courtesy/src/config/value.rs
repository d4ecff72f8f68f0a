//! How single values of the file are read.

use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// Reads `"15m"`.
pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// Reads `["1m", "2m"]`.
pub(super) fn durations<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Duration>, D::Error> {
    Vec::<String>::deserialize(deserializer)?.iter().map(|text| parse(text).map_err(D::Error::custom)).collect()
}

/// Reads a text as `T`; the empty text is none.
pub(super) fn absent_when_empty<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let text = String::deserialize(deserializer)?;
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(D::Error::custom) }
}

fn parse(text: &str) -> Result<Duration, String> {
    let allowed = || format!("“{text}” is not a duration; write a number and a unit: \"30s\", \"15m\", \"8h\", \"2d\"");
    // jiff counts a day as 24 hours only where told so; here nothing else can be meant.
    let in_hours = match text.strip_suffix('d').and_then(|days| days.trim().parse::<u64>().ok()) {
        Some(days) if days < 10_000 => format!("{}h", days * 24),
        _ => text.to_owned(),
    };
    let span: jiff::SignedDuration = in_hours.parse().map_err(|_| allowed())?;
    Duration::try_from(span).map_err(|_| allowed())
}
