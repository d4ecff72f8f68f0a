//! How a library reaches its patrons beside mail: which way first, which next, and at what hours.

use std::collections::BTreeMap;

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use super::{Closure, Library, RecordProblem};
use crate::channel::Channel;
use crate::notice::catalogue::Notice;

/// Most lines of a postal address, and letters in one: what shows in the window of an envelope.
pub const POSTAL_LINES_MAX: usize = 7;
/// See [`POSTAL_LINES_MAX`].
pub const POSTAL_LETTERS_MAX: usize = 60;

/// The longest that a message waits before the next way is tried: two days.
const HOURS_MAX: u16 = 48;

/// How patrons are reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reach {
    /// Which way first, and which next, where the patron has not chosen: `["text", "mail", "letter"]`.
    #[serde(default = "mail_alone")]
    pub ladder: Vec<Channel>,
    /// The same for single notices, by their codes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ladders: BTreeMap<String, Vec<Channel>>,
    /// Hours after which the next way is tried although the one before has not failed yet. 0: only when it has failed.
    #[serde(default)]
    pub next_after_hours: u16,
    /// Text messages and notifications wait from this hour of the library's day …
    #[serde(default = "evening")]
    pub quiet_from: Time,
    /// … until this one. The same as the other: they never wait.
    #[serde(default = "morning")]
    pub quiet_to: Time,
    /// Whether they also wait on days on which the library is closed.
    #[serde(default)]
    pub quiet_when_closed: bool,
    /// The library's postal address, which letters come back to: one line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub postal: Vec<String>,
    /// What letters are folded into.
    #[serde(default, skip_serializing_if = "Envelope::is_usual")]
    pub envelope: Envelope,
}

/// A window envelope, and with it the paper: where an address has to stand to be seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Envelope {
    /// North American Letter in a No. 10 envelope with its window at the left.
    #[default]
    #[serde(rename = "no10")]
    No10,
    /// A4 in a DL or C6/5 envelope with its window at the left, as DIN 5008 has it, form B.
    #[serde(rename = "din_5008_b")]
    Din5008B,
    /// A4 in a DL envelope with its window at the right, as in France.
    DlRight,
}

impl Envelope {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::No10, Self::Din5008B, Self::DlRight];

    /// The code in records and API.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::No10 => "no10",
            Self::Din5008B => "din_5008_b",
            Self::DlRight => "dl_right",
        }
    }

    /// Reads a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }

    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

fn mail_alone() -> Vec<Channel> {
    vec![Channel::Mail]
}

fn evening() -> Time {
    Time::constant(21, 0, 0, 0)
}

fn morning() -> Time {
    Time::constant(9, 0, 0, 0)
}

impl Default for Reach {
    fn default() -> Self {
        Self {
            ladder: mail_alone(),
            ladders: BTreeMap::new(),
            next_after_hours: 0,
            quiet_from: evening(),
            quiet_to: morning(),
            quiet_when_closed: false,
            postal: Vec::new(),
            envelope: Envelope::default(),
        }
    }
}

impl Reach {
    /// Whether it is as with every library that never said anything: then it is not written down.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// The ways for `notice`, in their order.
    #[must_use]
    pub fn order(&self, notice: Notice) -> &[Channel] {
        let of_notice = self.ladders.get(&notice.code()).filter(|order| !order.is_empty());
        of_notice.unwrap_or(&self.ladder)
    }

    /// Whether any notice may go by `channel`.
    #[must_use]
    pub fn uses(&self, channel: Channel) -> bool {
        self.ladder.contains(&channel) || self.ladders.values().any(|order| order.contains(&channel))
    }

    /// What cannot stand.
    pub(super) fn problems(&self) -> Vec<RecordProblem> {
        let mut problems = Vec::new();
        let mut wrong = |field, detail: String| problems.push(RecordProblem { field, detail });
        if self.ladder.is_empty() {
            wrong("reach.ladder", "name at least one way: mail, text, push or letter".to_owned());
        }
        for code in self.ladders.keys() {
            if let Err(error) = Notice::from_code(code) {
                wrong("reach.ladders", error.to_string());
            }
        }
        if self.next_after_hours > HOURS_MAX {
            wrong("reach.next_after_hours", format!("at most {HOURS_MAX} hours"));
        }
        let too_long = |line: &String| line.chars().count() > POSTAL_LETTERS_MAX || line.chars().any(char::is_control);
        if self.postal.len() > POSTAL_LINES_MAX || self.postal.iter().any(too_long) {
            wrong("reach.postal", format!("at most {POSTAL_LINES_MAX} lines of {POSTAL_LETTERS_MAX} letters"));
        }
        problems
    }
}

impl Library {
    /// When a text message or notification may leave that is due at `now`: at once, or when the quiet hours, and the days on which
    /// the library is closed where those count, are over.
    #[must_use]
    pub fn not_before(&self, now: Timestamp) -> Timestamp {
        /// A library that is closed for longer wants its patrons told all the same.
        const DAYS_MAX: usize = 7;
        let zone = TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC);
        let begin = now.to_zoned(zone.clone()).datetime();
        let mut at = begin;
        for _ in 0..DAYS_MAX {
            at = awake(&self.reach, at);
            let closed = self.reach.quiet_when_closed && self.closures.iter().any(|days| is_within(days, at));
            if !closed {
                // A time that a change of clocks leaves out is the one after it.
                return if at == begin { now } else { at.to_zoned(zone).map_or(now, |zoned| zoned.timestamp()) };
            }
            at = at.date().saturating_add(1.day()).at(0, 0, 0, 0);
        }
        now
    }
}

fn is_within(closure: &Closure, at: DateTime) -> bool {
    (closure.from..=closure.to).contains(&at.date())
}

/// The first moment from `at` on that is outside of the quiet hours.
fn awake(reach: &Reach, at: DateTime) -> DateTime {
    let (from, to, time) = (reach.quiet_from, reach.quiet_to, at.time());
    let over_night = from > to;
    let is_quiet = if over_night { time >= from || time < to } else { time >= from && time < to };
    if !is_quiet {
        return at;
    }
    let day = if over_night && time >= from { at.date().saturating_add(1.day()) } else { at.date() };
    day.to_datetime(to)
}
