//! Patron and item of a request, for reminders: they are written long after whoever told of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::patron::{Patron, Record};

/// Fields that are true of one event alone, and would mislead in a later notice. Dates are kept with what was heard.
const OF_ONE_EVENT: [&str; 16] = [
    "due_date",
    "new_due_date",
    "pickup_by",
    "need_before",
    "days_overdue",
    "overdue_level",
    "note",
    "reason",
    "cancel_reason",
    "unfilled_reason",
    "retry_reason",
    "old_status",
    "new_status",
    "condition",
    "cost",
    "currency",
];

/// Fields that are a patron's, where a door leaves them among the item's.
const OF_PATRON: [&str; 7] =
    ["email", "first_name", "full_name", "patron_address", "patron_id", "patron_phone", "surname"];

/// Patron and item, the newest that was told of each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// The patron.
    #[serde(default)]
    pub patron: Patron,
    /// Values for words.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// Whether the patron wishes that titles and authors stay out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hide_titles: bool,
}

impl Facts {
    /// Takes in what an event told. `is_newest`: nothing that happened later is known; else only gaps are filled.
    pub fn learn(&mut self, told: &Self, is_newest: bool) {
        let (older, newer) = if is_newest { (&self.patron, &told.patron) } else { (&told.patron, &self.patron) };
        let is_same = are_one(older, newer);
        self.patron = if is_same {
            let record = Record::default().with(older).with(newer);
            Patron { postal: record.postal, texts: newer.texts.or(older.texts), ..record.patron }
        } else {
            newer.clone()
        };
        let is_of_other = |name: &String| !is_same && OF_PATRON.contains(&name.as_str());
        if is_newest {
            self.fields.retain(|name, _| !is_of_other(name));
        }
        for (name, value) in told.fields.iter().filter(|(name, _)| !OF_ONE_EVENT.contains(&name.as_str())) {
            if !is_newest && is_of_other(name) {
                continue;
            }
            if is_newest || !self.fields.contains_key(name) {
                self.fields.insert(name.clone(), value.clone());
            }
        }
        self.hide_titles |= told.hide_titles;
    }
}

/// Whether two events tell of one patron: the facts of two are never mixed. Where one does not say who, there is nothing to tell them
/// apart by.
fn are_one(one: &Patron, other: &Patron) -> bool {
    match (one.number(), other.number()) {
        (Some(one), Some(other)) => one == other,
        _ => one.email.is_none() || other.email.is_none() || one.email == other.email,
    }
}
