//! When a library reminds its patrons: days before and after a date, and at which hour; and until when what may wait is told together.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use super::{Library, RecordProblem};
use crate::notice::catalogue::Entry;
use crate::notice::status::Status;

/// Reminders of one kind at most.
const REMINDERS_MAX: usize = 5;

/// The longest before or after a day: a loan of three months, and a quarter after it.
const DAYS_MAX: u8 = 90;

/// Minutes after the hour at which the notices of a day are told together: reminders of that hour are made by then.
const GATHERED_AFTER_MIN: i8 = 10;

/// Days of closure that they wait over at most: who is closed for longer has its patrons told all the same.
const CLOSED_DAYS_MAX: i64 = 14;

/// When patrons are reminded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Timing {
    /// Days before the day on which a loan is due: `[7, 2]` reminds twice. Empty: nobody is reminded by us.
    pub due_soon_days: Vec<u8>,
    /// Days after that day: each is the next level of overdue notices. Empty: as the library's system tells.
    pub overdue_days: Vec<u8>,
    /// Days before the last day on which an item waits. For systems that tell when it was picked up.
    pub pickup_days: Vec<u8>,
    /// Whether a patron is told that the day by which they needed something has passed.
    pub need_by: bool,
    /// The hour of the library's day at which reminders are made, and what may wait is told together.
    pub hour: i8,
}

impl Default for Timing {
    fn default() -> Self {
        // The one reminder that every patron is glad of, and hardly any interlibrary loan system sends. The others are sent by many.
        Self { due_soon_days: vec![3], overdue_days: Vec::new(), pickup_days: Vec::new(), need_by: false, hour: 9 }
    }
}

impl Timing {
    /// Whether it is as with every library that never said anything: then it is not written down.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// What cannot stand.
    pub(super) fn problems(&self) -> Vec<RecordProblem> {
        let mut problems = Vec::new();
        let mut wrong = |field, detail: String| problems.push(RecordProblem { field, detail });
        for (field, days) in [
            ("timing.due_soon_days", &self.due_soon_days),
            ("timing.overdue_days", &self.overdue_days),
            ("timing.pickup_days", &self.pickup_days),
        ] {
            if days.len() > REMINDERS_MAX || days.iter().any(|day| *day > DAYS_MAX) {
                wrong(field, format!("at most {REMINDERS_MAX} numbers of days, each up to {DAYS_MAX}"));
            }
        }
        if !self.overdue_days.is_sorted_by(|one, next| one < next) || self.overdue_days.first() == Some(&0) {
            wrong(
                "timing.overdue_days",
                "each level comes later than the one before, the first after a day".to_owned(),
            );
        }
        if !(0..=23).contains(&self.hour) {
            wrong("timing.hour", "an hour of the day, 0 to 23".to_owned());
        }
        problems
    }
}

impl Library {
    /// Whether it sends the notice `entry`; `gathers`: whether patrons of libraries that never said so are told together what may wait.
    #[must_use]
    pub fn sends(&self, entry: &Entry, gathers: bool) -> bool {
        let by_default = if entry.notice.status == Status::PatronDigest { gathers } else { entry.on_by_default };
        self.switches.get(&entry.notice.code()).copied().unwrap_or(by_default)
    }

    /// Whether patrons are told together what may wait; `by_default`: whether those of libraries that never said so are.
    #[must_use]
    pub fn gathers(&self, by_default: bool) -> bool {
        Status::PatronDigest.notices().any(|entry| self.sends(entry, by_default))
    }

    /// Until when a notice that is made at `now` waits for others of its patron's: some minutes after the hour of reminders, on a day on
    /// which the desk is open. A reminder that is made late, `is_reminder`, waits for its like alone, and not for another day.
    #[must_use]
    pub fn gather_at(&self, is_reminder: bool, now: Timestamp) -> Timestamp {
        let zone = TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC);
        let today = now.to_zoned(zone.clone()).date();
        // An hour that a change of clocks leaves out is the one after it.
        let on = |day: Date| {
            let at = day.at(self.timing.hour, GATHERED_AFTER_MIN, 0, 0).to_zoned(zone.clone());
            at.ok().map(|at| at.timestamp()).filter(|at| *at > now)
        };
        let soon = now.checked_add(SignedDuration::from_mins(i64::from(GATHERED_AFTER_MIN))).unwrap_or(now);
        if is_reminder {
            return on(today).filter(|at| *at <= soon).unwrap_or(soon);
        }
        let is_open = |day: &Date| !self.closures.iter().any(|closure| (closure.from..=closure.to).contains(day));
        let days = || (0..=CLOSED_DAYS_MAX).filter_map(|ahead| today.checked_add(ahead.days()).ok());
        let open = days().filter(is_open).find_map(on);
        open.or_else(|| days().find_map(on)).unwrap_or(soon)
    }
}
