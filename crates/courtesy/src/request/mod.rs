//! What is known of a request, from all that was told of it in whatever order.
//!
//! In: what each event told, with the time at which it happened. Out: how the request stands ([`Life::stands`]), which reminders its
//! dates ask for ([`plan`]), and whether what a notice says is still true ([`truth`]). What came late, twice or in the wrong order
//! changes nothing wrongly: the order is that of the times told, not that of coming. Pure. Not here: what is kept of it
//! (`store/request.rs`), and the sending of reminders (`intake/reminders.rs`).

mod facts;
pub mod plan;
#[cfg(test)]
mod tests;
pub mod truth;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::notice::status::Status;
pub use facts::Facts;

/// What one event told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// When it happened, as its system says; else when it came.
    #[serde(with = "moment")]
    pub at: Timestamp,
    /// When it came.
    #[serde(with = "moment")]
    pub on: Timestamp,
    /// What happened.
    #[serde(with = "code")]
    pub status: Status,
    /// The day on which the loan is due from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Date>,
    /// The last day on which the item waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pickup_by: Option<Date>,
    /// The day by which it is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub need_before: Option<Date>,
    /// Of a correction: the status that it takes back.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "maybe_code")]
    pub undoes: Option<Status>,
}

/// All that was told of a request, in the order in which it happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Life {
    heard: Vec<Heard>,
}

/// How a request came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The item went back.
    Returned,
    /// It was withdrawn.
    Cancelled,
    /// Nobody could supply.
    Unfilled,
    /// The item counts as lost.
    Lost,
    /// A copy was delivered.
    Delivered,
    /// The day by which it was needed has passed.
    TooLate,
}

/// Where a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Asked for, or on its way.
    Asked,
    /// On the shelf, or taken home where nobody tells us of that.
    Here,
    /// With the patron.
    OnLoan,
    /// Over.
    Ended(Ending),
}

/// A day of a request, with who said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dated {
    /// The day.
    pub day: Date,
    /// What set it.
    pub by: Status,
    /// When that happened.
    pub at: Timestamp,
    /// When we first heard of it.
    pub known_on: Timestamp,
}

/// How a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Where it is.
    pub phase: Phase,
    /// When it is due.
    pub due: Option<Dated>,
    /// Until when the item waits.
    pub pickup_by: Option<Dated>,
    /// Until when it is needed.
    pub need_before: Option<Dated>,
    /// The newest status that was not taken back.
    pub last: Option<Status>,
    /// Whether the patron was told by another system that the loan is due, or overdue, for this very day.
    pub reminded: Option<Status>,
}

/// Events remembered of one request; a loan with five renewals, each recalled and undone, has thirty. Beyond it the oldest are forgotten.
const HEARD_MAX: usize = 64;

/// Whether a status tells of the life of a request. The others are about messages, libraries or this service.
#[must_use]
pub fn is_of_life(status: Status) -> bool {
    use Status::{
        Cancelled, Conditional, Correction, DeliveredElectronically, DueSoon, LostOrBilled, NeedByExpired, OverLimit,
        Overdue, PickedUp, PickupReminder, ReadyForPickup, Recalled, RenewalAccepted, RenewalRejected, RequestReceived,
        Retry, Returned, Shipped, Unfilled, WillSupply,
    };
    matches!(
        status,
        RequestReceived
            | Conditional
            | WillSupply
            | Shipped
            | Retry
            | OverLimit
            | ReadyForPickup
            | PickedUp
            | DeliveredElectronically
            | PickupReminder
            | DueSoon
            | Overdue
            | Recalled
            | RenewalAccepted
            | RenewalRejected
            | Returned
            | Unfilled
            | Cancelled
            | NeedByExpired
            | LostOrBilled
            | Correction
    )
}

impl Life {
    /// Takes in what an event told. Of those that happened at the same moment, the one that came first stands first.
    pub fn hear(&mut self, news: Heard) {
        let place = self.heard.partition_point(|known| known.at <= news.at);
        self.heard.insert(place, news);
        if self.heard.len() > HEARD_MAX {
            self.heard.remove(0);
        }
    }

    /// Whether an event of `status` is all that was ever told: then nothing can have changed since.
    #[must_use]
    pub fn is_only(&self, status: Status) -> bool {
        matches!(self.heard.as_slice(), [one] if one.status == status)
    }

    /// When the newest of it happened; none where nothing is known.
    #[must_use]
    pub fn newest(&self) -> Option<Timestamp> {
        self.heard.last().map(|heard| heard.at)
    }

    /// For each thing heard, whether it was taken back later: a correction takes back the newest of its status before it.
    fn taken_back(&self) -> Vec<bool> {
        let mut back = vec![false; self.heard.len()];
        for (place, one) in self.heard.iter().enumerate() {
            let Some(undone) = one.undoes else { continue };
            let before =
                self.heard[..place].iter().zip(&back).rposition(|(known, back)| known.status == undone && !back);
            if let Some(before) = before {
                back[before] = true;
            }
        }
        back
    }

    /// When that happened which the correction of `at` takes back; none where it takes back nothing that is known.
    #[must_use]
    pub fn taken_back_by(&self, undone: Status, at: Timestamp) -> Option<Timestamp> {
        let place = self.heard.iter().rposition(|heard| heard.undoes == Some(undone) && heard.at == at)?;
        let before = Self { heard: self.heard[..place].to_vec() };
        before.standing().filter(|heard| heard.status == undone).last().map(|heard| heard.at)
    }

    /// What stands of what was heard.
    fn standing(&self) -> impl Iterator<Item = &Heard> {
        let back = self.taken_back();
        self.heard.iter().zip(back).filter(|(_, back)| !back).map(|(heard, _)| heard)
    }

    /// Whether the event of `status` that happened at `at` was taken back.
    #[must_use]
    pub fn was_taken_back(&self, status: Status, at: Timestamp) -> bool {
        let back = self.taken_back();
        self.heard.iter().zip(back).any(|(heard, back)| back && heard.status == status && heard.at == at)
    }

    /// Whether `status` was told again after `at`, and stands.
    #[must_use]
    pub fn was_told_after(&self, status: Status, at: Timestamp) -> bool {
        self.standing().any(|heard| heard.status == status && heard.at > at)
    }

    /// How the request stands.
    #[must_use]
    pub fn stands(&self) -> Standing {
        let mut now =
            Standing { phase: Phase::Asked, due: None, pickup_by: None, need_before: None, last: None, reminded: None };
        for one in self.standing() {
            now.phase = step(now.phase, one.status);
            let due = match (one.status, one.due) {
                // It runs longer than was known, and nobody says until when.
                (Status::RenewalAccepted, None) => None,
                _ => dated(now.due, one.due, one),
            };
            if due.map(|due| due.day) != now.due.map(|due| due.day) {
                now.reminded = None;
            }
            now.due = due;
            now.pickup_by = dated(now.pickup_by, one.pickup_by, one);
            now.need_before = dated(now.need_before, one.need_before, one);
            match one.status {
                Status::DueSoon | Status::Overdue => now.reminded = Some(one.status),
                // The correction itself is no status of a request.
                Status::Correction => continue,
                _ => {}
            }
            now.last = Some(one.status);
        }
        now
    }
}

/// The day from now on: who first said the one that stands is remembered.
fn dated(known: Option<Dated>, told: Option<Date>, by: &Heard) -> Option<Dated> {
    match (known, told) {
        (Some(known), Some(day)) if known.day == day => Some(Dated { known_on: known.known_on.min(by.on), ..known }),
        (_, Some(day)) => Some(Dated { day, by: by.status, at: by.at, known_on: by.on }),
        (known, None) => known,
    }
}

/// Where a request is after `status`.
fn step(phase: Phase, status: Status) -> Phase {
    match status {
        Status::RequestReceived
        | Status::Conditional
        | Status::WillSupply
        | Status::Shipped
        | Status::Retry
        | Status::OverLimit => match phase {
            // Two libraries, two clocks: what is here was sent, whatever the time that the lender gives for it.
            Phase::Here | Phase::OnLoan => phase,
            Phase::Asked | Phase::Ended(_) => Phase::Asked,
        },
        Status::ReadyForPickup => Phase::Here,
        Status::PickupReminder if phase == Phase::Asked => Phase::Here,
        Status::PickedUp => Phase::OnLoan,
        // A lender may call an item overdue, or ask for it back, that is on its way home.
        Status::DueSoon | Status::Overdue | Status::RenewalAccepted | Status::RenewalRejected => match phase {
            Phase::Ended(_) => phase,
            _ => Phase::OnLoan,
        },
        Status::Returned => Phase::Ended(Ending::Returned),
        Status::Cancelled => Phase::Ended(Ending::Cancelled),
        Status::Unfilled => Phase::Ended(Ending::Unfilled),
        Status::LostOrBilled => Phase::Ended(Ending::Lost),
        Status::DeliveredElectronically => Phase::Ended(Ending::Delivered),
        Status::NeedByExpired if phase == Phase::Asked => Phase::Ended(Ending::TooLate),
        _ => phase,
    }
}

/// A time as the store keeps it.
mod moment {
    use jiff::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::clock::{from_micros, micros};

    pub(super) fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(micros(*time))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(deserializer).map(from_micros)
    }
}

/// A status by its code.
mod code {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use crate::notice::status::Status;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    pub(super) fn serialize<S: Serializer>(status: &Status, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(status.code())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Status, D::Error> {
        let code = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Status::from_code(&code).map_err(D::Error::custom)
    }
}

/// The same where there may be none.
pub(crate) mod maybe_code {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use crate::notice::status::Status;

    #[expect(clippy::ref_option, reason = "serde gives a reference")]
    pub(crate) fn serialize<S: Serializer>(status: &Option<Status>, serializer: S) -> Result<S::Ok, S::Error> {
        match status {
            Some(status) => serializer.serialize_str(status.code()),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Status>, D::Error> {
        let code = <Option<String>>::deserialize(deserializer)?;
        code.map(|code| Status::from_code(&code)).transpose().map_err(D::Error::custom)
    }
}
