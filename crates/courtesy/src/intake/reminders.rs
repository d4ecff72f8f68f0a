//! Reminders from dates: what is due soon, overdue, still on the shelf, or no longer needed.
//!
//! In: requests whose next look has come. Out: for each reminder an event like any other, named by the day it is about: made once,
//! whatever restarts and however many processes look. A library that changes its settings has the requests that run planned anew, from
//! then on. Not here: which reminders there are (`request/plan.rs`), and whether one is still true when it leaves (`request/truth.rs`).

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::rounds::Rounds;
use super::{Event, Handed, Intake, Side, Strictness, Told};
use crate::library::Library;
use crate::notice::status::Status;
use crate::request::plan::{self, Reminder};
use crate::store::{Looked, RequestRow};

/// How often we look: nobody waits for a reminder.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Requests of one look: some transactions of the writer's.
const AT_ONCE: u32 = 200;

/// Requests planned anew in one transaction.
const PLANNED_AT_ONCE: u32 = 500;

/// How long to wait after the store was broken.
const AFTER_TROUBLE: Duration = Duration::from_secs(30);

/// The door by which reminders come.
pub const SOURCE: &str = "timing";

/// Reminds until `stop`.
pub async fn run(intake: Arc<Intake>, stop: impl Future<Output = ()>) {
    let (every, at_once, after_trouble) = (LOOK_EVERY, AT_ONCE, AFTER_TROUBLE);
    let rounds = Rounds { every, at_once, after_trouble, trouble: "reminders could not be made" };
    rounds.run(stop, |now| intake.remind(now)).await;
}

impl Intake {
    /// Makes the reminders that are due at `now`; gives how many requests were looked at.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn remind(&self, now: Timestamp) -> crate::store::Result<usize> {
        let rows = self.store.requests_due(now, AT_ONCE).await?;
        let looked_at = rows.len();
        let (mut events, mut looked) = (Vec::new(), Vec::with_capacity(looked_at));
        for row in rows {
            let planned_from = row.planned_from;
            let Some(library) = self.book.library(&row.library) else {
                looked.push(Looked { row, planned_from, next_at: None });
                continue;
            };
            let standing = row.life.stands();
            let due = plan::due(&standing, &library, planned_from, now);
            events.extend(due.iter().map(|one| Handed { event: reminder(&row, &library, one, now), key: None }));
            let next_at = plan::next_after(&standing, &library, planned_from, now);
            looked.push(Looked { row, planned_from, next_at });
        }
        if !events.is_empty() {
            self.take_at(events, Strictness::Lenient, false, |_| String::new(), now).await?;
        }
        // After the events: a look that is broken off is made again, and finds what it made.
        if !looked.is_empty() {
            self.store.looked(looked).await?;
        }
        // Once nothing that was due waits: what is planned anew is planned from now on, and would forget it.
        if looked_at < AT_ONCE as usize {
            self.plan_anew(now).await?;
        }
        Ok(looked_at)
    }

    /// Plans the requests of libraries anew that have changed when they remind. What would have been due before under the new
    /// settings is not made up for.
    async fn plan_anew(&self, now: Timestamp) -> crate::store::Result<()> {
        let planned = self.store.planned().await?;
        for library in self.book.libraries() {
            let settings = settings(&library);
            let known = planned.get(library.code.as_str());
            if known == Some(&settings) {
                continue;
            }
            // Under the settings of a library that is seen for the first time its requests were planned as they came.
            if known.is_some() {
                self.plan_library(&library, now).await?;
            }
            self.store.put_planned(library.code.clone(), settings).await?;
        }
        Ok(())
    }

    async fn plan_library(&self, library: &Library, now: Timestamp) -> crate::store::Result<()> {
        let mut after = String::new();
        loop {
            let rows = self.store.requests_after(&library.code, &after, PLANNED_AT_ONCE).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after.clone_from(&last.request);
            let looked = rows.into_iter().map(|row| {
                let next_at = plan::next_look(&row.life.stands(), library, now, now);
                Looked { row, planned_from: now, next_at }
            });
            self.store.looked(looked.collect()).await?;
        }
    }
}

/// All that says when reminders of `library` are due.
fn settings(library: &Library) -> String {
    serde_json::to_string(&(&library.timing, &library.closures, &library.time_zone)).unwrap_or_default()
}

/// The event of a reminder.
fn reminder(row: &RequestRow, library: &Library, one: &Reminder, now: Timestamp) -> Event {
    let facts = row.facts.clone();
    let mut fields = facts.fields;
    let day = one.day.to_string();
    let name = match one.status {
        Status::PickupReminder => "pickup_by",
        Status::NeedByExpired => "need_before",
        _ => "due_date",
    };
    fields.insert(name.to_owned(), day);
    if one.status == Status::Overdue {
        fields.insert("overdue_level".to_owned(), one.level.to_string());
        let late = plan::today(library, now).since(one.day).map_or(0, |span| span.get_days());
        fields.insert("days_overdue".to_owned(), late.to_string());
    }
    Event {
        library: row.library.clone(),
        request: row.request.clone(),
        status: one.status,
        side: Side::Borrowing,
        occurrence: one.occurrence(),
        told: Told { patron: facts.patron, fields, hide_titles: facts.hide_titles, at: Some(now), ..Told::default() },
        source: SOURCE,
    }
}
