//! A notice in short, where it is told together with others: the day that it is about.
//!
//! In: what happened, and the values of its fields. Out: a few words beside its subject. Not here: the subject (`render`), and which
//! notices are told together (`catalogue`).

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Language;
use super::field::Field;
use super::status::Status;
use super::value::Fields;
use super::words::Filter;

/// What is said of the day that a notice of `status` is about; none where it is about none, or does not name it.
#[must_use]
pub fn day(status: Status, fields: &Fields, language: Language, zone: &TimeZone) -> Option<String> {
    let (field, en, fr) = about(status, fields)?;
    let day = fields.write(field, Some(Filter::Date), language, zone)?;
    Some(match language {
        Language::En => format!("{en} {day}"),
        Language::Fr => format!("{fr} {day}"),
    })
}

/// The day itself: of notices of one kind, the earliest is told first.
#[must_use]
pub fn date(status: Status, fields: &Fields, zone: &TimeZone) -> Option<Date> {
    fields.day(about(status, fields)?.0, zone)
}

/// The field with that day, and what is said of it.
fn about(status: Status, fields: &Fields) -> Option<(Field, &'static str, &'static str)> {
    Some(match status {
        Status::DueSoon => (Field::DueDate, "due", "à rendre le"),
        Status::Overdue => (Field::DueDate, "was due", "était à rendre le"),
        Status::PickupReminder => (Field::PickupBy, "held until", "gardé jusqu’au"),
        Status::RenewalAccepted if fields.has(Field::NewDueDate) => (Field::NewDueDate, "now due", "à rendre le"),
        Status::RenewalAccepted => (Field::DueDate, "now due", "à rendre le"),
        Status::NeedByExpired => (Field::NeedBefore, "needed by", "attendu pour le"),
        _ => return None,
    })
}

/// Which is told first: what is late, then what has a day.
#[must_use]
pub fn rank(status: Status) -> u8 {
    match status {
        Status::Overdue => 0,
        Status::PickupReminder => 1,
        Status::DueSoon => 2,
        Status::RenewalAccepted => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests;
