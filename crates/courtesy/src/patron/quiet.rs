//! The hours of a day in which a patron's telephone is to stay silent.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

/// From one hour to another, in the library's time zone; over midnight where `from` is the later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quiet {
    /// Silent from this time on …
    pub from: Time,
    /// … until this one. The same as the other: never silent.
    pub to: Time,
}

impl Quiet {
    /// When a text message or notification may leave that is due at `now`.
    #[must_use]
    pub fn not_before(&self, now: Timestamp, zone: &TimeZone) -> Timestamp {
        let at = now.to_zoned(zone.clone()).datetime();
        let (time, over_night) = (at.time(), self.from > self.to);
        let is_quiet = match over_night {
            true => time >= self.from || time < self.to,
            false => time >= self.from && time < self.to,
        };
        if !is_quiet {
            return now;
        }
        let day = if over_night && time >= self.from { at.date().saturating_add(1.day()) } else { at.date() };
        day.to_datetime(self.to).to_zoned(zone.clone()).map_or(now, |zoned| zoned.timestamp())
    }
}
