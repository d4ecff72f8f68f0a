//! Asks a library's staff to speak with a patron who complained: the notice `address_problem`.

use super::{Event, Intake, Side, Told};
use crate::notice::Language;
use crate::notice::catalogue::{Audience, Notice};
use crate::notice::status::Status;
use crate::outcome::{Cause, Facts};
use crate::store::MessageRow;

impl Intake {
    /// Tells the staff of the message's library that its patron complained of `row`, once for each message. Complaints about
    /// notices to staff are told to nobody by mail.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn tell_of_complaint(&self, row: &MessageRow, cause: Cause) -> crate::store::Result<()> {
        let to_patron = Notice::from_code(&row.notice).is_ok_and(|notice| notice.audience == Audience::Patron);
        let Some(library) = self.book.library(&row.library).filter(|_| to_patron) else { return Ok(()) };
        let mut told = Told::of(&self.store, &row.library, row.event).await?.unwrap_or_default();
        // Staff notices are in the library's first language, and so is what happened.
        let language: Language = library.language_for(None);
        let facts = Facts { provider: row.provider.as_deref(), ..Facts::default() };
        let reason = format!("{}. {}", cause.headline(language, &facts), cause.doing(language, &facts));
        told.fields.insert("address".to_owned(), row.address.clone());
        told.fields.insert("reason".to_owned(), reason);
        let event = Event {
            library: row.library.clone(),
            request: row.request.clone(),
            status: Status::AddressProblem,
            side: Side::Borrowing,
            occurrence: row.id.to_string(),
            told,
            source: "inbound",
        };
        self.tell(event).await?;
        Ok(())
    }
}
