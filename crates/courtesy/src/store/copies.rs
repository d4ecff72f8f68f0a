//! Notices of which nobody got a copy: what a list of the day is made of.

use std::collections::HashSet;

use jiff::Timestamp;

use super::erasure::event_is_hidden;
use super::statement::{Builder, Statement, checked};
use super::{Result, Store, id_from};
use crate::id::MessageId;
use crate::library::LibraryCode;

/// A notice that was made and not copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncopied {
    /// When.
    pub at: Timestamp,
    /// The notice's code.
    pub notice: String,
    /// The request's number.
    pub request: String,
    /// What the event told, as JSON.
    pub fields: String,
}

impl Store {
    /// The notices of `library` that were made from `begin` until before `end` and of which no copy went to one of
    /// `copied_to`, each once however often it was sent, in their order. `most` messages are looked at.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn not_copied(
        &self,
        library: &LibraryCode,
        begin: Timestamp,
        end: Timestamp,
        copied_to: &[String],
        most: u32,
    ) -> Result<Vec<Uncopied>> {
        let (mut seen, mut found) = (HashSet::new(), Vec::new());
        for row in asked_for_uncopied(library, begin, end, copied_to, most).fetch_all(&self.readers).await? {
            let notice: String = row.try_get(2)?;
            if seen.insert((row.try_get::<Vec<u8>>(1)?, notice.clone())) {
                let id = MessageId::from_bytes(id_from(&row.try_get::<Vec<u8>>(0)?)?);
                found.push(Uncopied { at: id.made_at(), notice, request: row.try_get(3)?, fields: row.try_get(4)? });
            }
        }
        Ok(found)
    }
}

pub(super) fn asked_for_uncopied(
    library: &LibraryCode,
    begin: Timestamp,
    end: Timestamp,
    copied_to: &[String],
    most: u32,
) -> Statement {
    let mut asked = Builder::new(concat!(
        "select message.id, message.event, message.notice, message.request, case when ",
        event_is_hidden!(),
        " then '{}' else event.fields end from message join event on event.id = message.event where message.library = "
    ));
    asked.push_bind(library.as_str());
    asked.push(" and message.id >= ").push_bind(MessageId::first_at(begin).to_bytes());
    asked.push(" and message.id < ").push_bind(MessageId::first_at(end).to_bytes());
    asked.push(concat!(
        " and not exists (select 1 from message as copy where copy.event = message.event and ",
        checked!("copy.notice"),
        " = message.notice and copy.address in "
    ));
    asked.push_list(copied_to.iter().map(String::as_str));
    asked.push(") order by message.id limit ").push_bind(i64::from(most));
    asked.build()
}
