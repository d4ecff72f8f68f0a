//! Dates and times as ILL systems write them.
//!
//! In: `xs:dateTime` (XML Schema part 2 §3.2.7) and its common accidents: `+0000` without a colon, no offset, a blank
//! for the `T`, a date alone, 24:00. Out: a [`Moment`] that keeps what was said and no more. Not here: the time zone
//! of a library.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::temporal::{Pieces, PiecesOffset};
use jiff::tz::{Offset, TimeZone};

/// A date and time, with the offset where one was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The day as written.
    pub date: Date,
    /// The time as written; midnight where there was a date alone.
    pub time: Time,
    /// The offset from UTC as written, in whole minutes.
    pub offset: Option<Offset>,
}

impl Moment {
    /// Reads a date or a date and time. `None`: it is neither.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        // XML Schema part 2 §3.2.7: 24:00:00 is the end of the day. A reader cares for the day.
        if let Some((day, rest)) = text.split_once("T24:00:00") {
            let rest = rest.trim_start_matches(['.', '0']);
            return Self::pieces(&format!("{day}T23:59:59{rest}"));
        }
        Self::pieces(text).or_else(|| Self::day(text))
    }

    fn pieces(text: &str) -> Option<Self> {
        let pieces = Pieces::parse(text).ok()?;
        // XML Schema part 2 §3.2.7.3: offsets have no seconds.
        let offset = pieces.offset().map(|offset| match offset {
            PiecesOffset::Numeric(numeric) => minutes(numeric.offset()),
            _ => Offset::UTC,
        });
        let sound = pieces.date().year() > 0;
        sound.then(|| Self { date: pieces.date(), time: pieces.time().unwrap_or(Time::midnight()), offset })
    }

    /// A date with an offset (`xs:date`), whose offset says nothing about the day.
    fn day(text: &str) -> Option<Self> {
        let (day, rest) = text.split_at_checked(10)?;
        let rest = rest.trim();
        let is_offset = rest.starts_with(['Z', 'z', '+', '-']) && rest.len() <= 6;
        is_offset.then(|| day.parse().ok()).flatten().map(|date| Self { date, time: Time::midnight(), offset: None })
    }

    /// The instant, where an offset makes it one.
    #[must_use]
    pub fn instant(&self) -> Option<Timestamp> {
        self.offset?.to_timestamp(DateTime::from_parts(self.date, self.time)).ok()
    }

    /// The day a reader in `zone` means by it.
    ///
    /// Midnight is how a system writes a day without a time, whatever offset it then adds; only a real time of day
    /// is brought into the reader's zone.
    #[must_use]
    pub fn day_in(&self, zone: &TimeZone) -> Date {
        match self.instant() {
            Some(instant) if self.time != Time::midnight() => instant.to_zoned(zone.clone()).date(),
            _ => self.date,
        }
    }
}

fn minutes(offset: Offset) -> Offset {
    Offset::from_seconds(offset.seconds() / 60 * 60).unwrap_or(Offset::UTC)
}

impl From<Timestamp> for Moment {
    fn from(instant: Timestamp) -> Self {
        let utc = Offset::UTC.to_datetime(instant);
        Self { date: utc.date(), time: utc.time(), offset: Some(Offset::UTC) }
    }
}

/// As `xs:dateTime`.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}T{}", self.date, self.time)?;
        match self.offset {
            None => Ok(()),
            Some(offset) if offset.is_zero() => f.write_str("Z"),
            Some(offset) => {
                let minutes = offset.seconds() / 60;
                let sign = if minutes < 0 { '-' } else { '+' };
                write!(f, "{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
            }
        }
    }
}
