//! Passes on to a library's staff what its patron answered by text message: the notice `text_reply`.

use super::{Event, Handed, Intake, Side, Strictness, Told};
use crate::notice::status::Status;
use crate::store::MessageRow;

impl Intake {
    /// Tells the staff of the library of `row`, the last text message to that number, what its patron wrote: once for each text
    /// message that came in.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn tell_of_text(&self, row: &MessageRow, id: &str, text: &str) -> crate::store::Result<()> {
        let told = self.store.event_fields(&row.library, row.event).await?;
        let mut told: Told = told.and_then(|fields| serde_json::from_str(&fields).ok()).unwrap_or_default();
        told.fields.insert("note".to_owned(), text.to_owned());
        let event = Event {
            library: row.library.clone(),
            request: row.request.clone(),
            status: Status::TextReply,
            side: Side::Borrowing,
            occurrence: id.to_owned(),
            told,
            source: "text",
        };
        self.take(vec![Handed { event, key: None }], Strictness::Lenient, false, |_| String::new()).await?;
        Ok(())
    }
}
