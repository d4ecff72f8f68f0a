//! When a library reminds its patrons: days before and after a date, and at which hour.

use serde::{Deserialize, Serialize};

use super::RecordProblem;

/// Reminders of one kind at most.
const REMINDERS_MAX: usize = 5;

/// The longest before or after a day: a loan of three months, and a quarter after it.
const DAYS_MAX: u8 = 90;

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
    /// The hour of the library's day at which reminders are made.
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
