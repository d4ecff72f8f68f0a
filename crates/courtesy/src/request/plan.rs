//! Which reminders a request's dates ask for, and when.
//!
//! In: how the request stands, and the library's settings. Out: reminders with the moment each is to be made at. Nothing of this is
//! kept: a later date moves a reminder by itself, and what is over has none. Each reminder has a name ([`Reminder::occurrence`]) that
//! is the same however often it is planned, so that it is made once. A reminder whose moment had passed before anybody told us of
//! the date is not made up for; one that we missed is, while it is true, and of several of a kind the last.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::{Dated, Phase, Standing};
use crate::library::{Library, Timing};
use crate::notice::status::Status;

/// A reminder that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reminder {
    /// Which: `due_soon`, `overdue`, `pickup_reminder` or `need_by_expired`.
    pub status: Status,
    /// The day it is about.
    pub day: Date,
    /// Days before that day, or after it.
    pub days: u8,
    /// Of overdue loans: which reminder it is. 1 is the first.
    pub level: u8,
    /// When it is to be made.
    pub at: Timestamp,
}

impl Reminder {
    /// What tells it from every other of its request.
    #[must_use]
    pub fn occurrence(&self) -> String {
        format!("{} {}", self.day, self.days)
    }
}

/// Days of closure that a reminder is moved over at most: one that is closed for longer has its patrons told all the same.
const CLOSED_DAYS_MAX: u8 = 14;

/// Every reminder that the dates of a request ask for, whether its moment has passed or not. `from`: moments before it are none of ours.
#[must_use]
pub fn all(standing: &Standing, library: &Library, from: Timestamp) -> Vec<Reminder> {
    let timing = &library.timing;
    let zone = TimeZone::get(&library.time_zone).unwrap_or(TimeZone::UTC);
    let mut planned = Vec::new();
    let mut put = |status, dated: Dated, days: u8, level: u8, is_before: bool| {
        let span = i64::from(days).days();
        let wished = if is_before { dated.day.checked_sub(span) } else { dated.day.checked_add(span) };
        let Ok(wished) = wished else { return };
        let Some(moment) = at_hour(wished, timing, &zone) else { return };
        if moment < dated.known_on.max(from) {
            return;
        }
        let open = open_day(library, wished, is_before);
        let at = at_hour(open, timing, &zone).unwrap_or(moment).max(dated.known_on);
        planned.push(Reminder { status, day: dated.day, days, level, at });
    };
    if let (Phase::Here | Phase::OnLoan, Some(due)) = (standing.phase, standing.due) {
        // Who is told of it by another system is not told by us as well.
        if standing.reminded.is_none() {
            timing.due_soon_days.iter().for_each(|days| put(Status::DueSoon, due, *days, 0, true));
        }
        if standing.reminded != Some(Status::Overdue) {
            let levels = (1..).zip(&timing.overdue_days);
            levels.for_each(|(level, days)| put(Status::Overdue, due, *days, level, false));
        }
    }
    if let (Phase::Here, Some(until)) = (standing.phase, standing.pickup_by) {
        timing.pickup_days.iter().for_each(|days| put(Status::PickupReminder, until, *days, 0, true));
    }
    if let (Phase::Asked, Some(until), true) = (standing.phase, standing.need_before, timing.need_by) {
        put(Status::NeedByExpired, until, 1, 0, false);
    }
    planned
}

/// The reminders that are to be made at `now`: of each kind the last whose moment has come, where it is still true on that day.
#[must_use]
pub fn due(standing: &Standing, library: &Library, from: Timestamp, now: Timestamp) -> Vec<Reminder> {
    let today = today(library, now);
    let mut due: Vec<Reminder> = Vec::new();
    for one in all(standing, library, from) {
        let is_before = matches!(one.status, Status::DueSoon | Status::PickupReminder);
        if one.at > now || is_before && today > one.day {
            continue;
        }
        match due.iter_mut().find(|known| known.status == one.status) {
            Some(known) if (known.at, known.level) < (one.at, one.level) => *known = one,
            Some(_) => {}
            None => due.push(one),
        }
    }
    due
}

/// When the request is to be looked at next: now where a reminder may be due, else when the next one is. None: never.
#[must_use]
pub fn next_look(standing: &Standing, library: &Library, from: Timestamp, now: Timestamp) -> Option<Timestamp> {
    if !due(standing, library, from, now).is_empty() {
        return Some(now);
    }
    next_after(standing, library, from, now)
}

/// When the first reminder after `now` is due.
#[must_use]
pub fn next_after(standing: &Standing, library: &Library, from: Timestamp, now: Timestamp) -> Option<Timestamp> {
    all(standing, library, from).into_iter().map(|one| one.at).filter(|at| *at > now).min()
}

/// The library's day at `now`.
#[must_use]
pub fn today(library: &Library, now: Timestamp) -> Date {
    now.to_zoned(TimeZone::get(&library.time_zone).unwrap_or(TimeZone::UTC)).date()
}

fn at_hour(day: Date, timing: &Timing, zone: &TimeZone) -> Option<Timestamp> {
    // An hour that a change of clocks leaves out is the one after it.
    day.at(timing.hour, 0, 0, 0).to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp())
}

/// The day itself, or the nearest on which the desk is open: earlier for what is said before a day, later for what is said after it.
fn open_day(library: &Library, wished: Date, is_before: bool) -> Date {
    let is_closed = |day: &Date| library.closures.iter().any(|closure| (closure.from..=closure.to).contains(day));
    let mut day = wished;
    for _ in 0..=CLOSED_DAYS_MAX {
        if !is_closed(&day) {
            return day;
        }
        day = if is_before { day.yesterday().unwrap_or(day) } else { day.tomorrow().unwrap_or(day) };
    }
    wished
}
