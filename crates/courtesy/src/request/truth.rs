//! Whether what a notice says is still true when it leaves.
//!
//! In: what the event of a message told, how its request stands by now, and the library's day. Out: why it is no longer true, or none. A
//! notice that is only old news is true: what is held back is what would send somebody to the desk, or worry them, for nothing.

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Dated, Ending, Life, Phase, Standing};
use crate::notice::status::Status;

/// Why a notice is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The item went back.
    Returned,
    /// The request was withdrawn.
    Cancelled,
    /// Nobody could supply.
    Unfilled,
    /// The item counts as lost.
    Lost,
    /// The patron has it.
    PickedUp,
    /// The loan runs longer.
    Renewed,
    /// The lender wants it back on another day.
    Recalled,
    /// A newer event says otherwise.
    Newer,
    /// The event was taken back.
    Undone,
    /// Its day is over.
    Past,
    /// Of a correction: what it corrects never left.
    Untold,
    /// Of several notices told together: none of them is true.
    NothingLeft,
}

impl Why {
    /// The cause's code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Returned => "untrue.returned",
            Self::Cancelled => "untrue.cancelled",
            Self::Unfilled => "untrue.unfilled",
            Self::Lost => "untrue.lost",
            Self::PickedUp => "untrue.picked_up",
            Self::Renewed => "untrue.renewed",
            Self::Recalled => "untrue.recalled",
            Self::Newer => "untrue.newer",
            Self::Undone => "untrue.undone",
            Self::Past => "untrue.past",
            Self::Untold => "untrue.untold",
            Self::NothingLeft => "untrue.nothing_left",
        }
    }

    fn of(ending: Ending) -> Self {
        match ending {
            Ending::Returned => Self::Returned,
            Ending::Cancelled => Self::Cancelled,
            Ending::Unfilled => Self::Unfilled,
            Ending::Lost => Self::Lost,
            Ending::Delivered | Ending::TooLate => Self::Newer,
        }
    }
}

/// What the event of a message told, as far as it can become untrue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// What happened.
    pub status: Status,
    /// When.
    pub at: Timestamp,
    /// The day on which the loan is due.
    pub due: Option<Date>,
    /// The last day on which the item waits.
    pub pickup_by: Option<Date>,
    /// The day by which it is needed.
    pub need_before: Option<Date>,
    /// Of a correction: what it takes back.
    pub undoes: Option<Status>,
}

/// Why what was `said` is no longer true on the day `today`; none where it is.
#[must_use]
pub fn untrue(said: &Said, life: &Life, today: Date) -> Option<Why> {
    if life.was_taken_back(said.status, said.at) {
        return Some(Why::Undone);
    }
    let now = life.stands();
    match said.status {
        Status::RequestReceived
        | Status::Conditional
        | Status::WillSupply
        | Status::Shipped
        | Status::Retry
        | Status::OverLimit => match now.phase {
            Phase::Asked => None,
            Phase::Here | Phase::OnLoan => Some(Why::Newer),
            Phase::Ended(ending) => Some(Why::of(ending)),
        },
        Status::ReadyForPickup | Status::PickupReminder => waits(said, &now, today),
        Status::DueSoon | Status::Overdue | Status::Recalled | Status::RenewalAccepted | Status::RenewalRejected => {
            is_lent(said, life, &now, today)
        }
        Status::Returned | Status::Cancelled | Status::Unfilled | Status::LostOrBilled => match now.phase {
            Phase::Ended(Ending::Returned) if said.status == Status::LostOrBilled => Some(Why::Returned),
            Phase::Ended(_) => None,
            _ => Some(Why::Newer),
        },
        Status::NeedByExpired => match now.phase {
            Phase::Asked | Phase::Ended(Ending::TooLate) => differs(said.need_before, now.need_before),
            Phase::Ended(ending) => Some(Why::of(ending)),
            Phase::Here | Phase::OnLoan => Some(Why::Newer),
        },
        // What is said to be wrong has become right again.
        Status::Correction => said.undoes.filter(|undone| life.was_told_after(*undone, said.at)).map(|_| Why::Newer),
        _ => None,
    }
}

/// Of notices that an item is on the shelf.
fn waits(said: &Said, now: &Standing, today: Date) -> Option<Why> {
    match now.phase {
        Phase::Ended(ending) => return Some(Why::of(ending)),
        Phase::OnLoan => return Some(Why::PickedUp),
        Phase::Asked => return Some(Why::Newer),
        Phase::Here => {}
    }
    let is_over = said.status == Status::PickupReminder && said.pickup_by.is_some_and(|day| today > day);
    differs(said.pickup_by, now.pickup_by).or(is_over.then_some(Why::Past))
}

/// Of notices about a loan that runs.
fn is_lent(said: &Said, life: &Life, now: &Standing, today: Date) -> Option<Why> {
    match now.phase {
        Phase::Ended(ending) => return Some(Why::of(ending)),
        // That it came was taken back.
        Phase::Asked if matches!(said.status, Status::DueSoon | Status::Overdue) => return Some(Why::Newer),
        _ => {}
    }
    if let Some(why) = differs(said.due, now.due) {
        return Some(why);
    }
    match (said.status, said.due, now.due) {
        // Renewed without a new day: no day stands any more.
        (Status::DueSoon | Status::Overdue | Status::Recalled, Some(_), None) => Some(Why::Renewed),
        (Status::DueSoon | Status::Overdue, None, None) if life.was_told_after(Status::RenewalAccepted, said.at) => {
            Some(Why::Renewed)
        }
        (Status::DueSoon, Some(day), _) if today > day => Some(Why::Past),
        // It did not say which day had passed: another one has been set since, and has not.
        (Status::Overdue, None, Some(due)) if due.at > said.at && today <= due.day => Some(by(&due)),
        (Status::RenewalRejected, None, Some(due)) if due.at > said.at && due.by == Status::RenewalAccepted => {
            Some(Why::Renewed)
        }
        _ => None,
    }
}

/// Whether another day has been set than the one that was said.
fn differs(said: Option<Date>, now: Option<Dated>) -> Option<Why> {
    let (said, now) = said.zip(now)?;
    (said != now.day).then(|| by(&now))
}

fn by(dated: &Dated) -> Why {
    match dated.by {
        Status::RenewalAccepted => Why::Renewed,
        Status::Recalled => Why::Recalled,
        _ => Why::Newer,
    }
}
