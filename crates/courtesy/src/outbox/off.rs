//! Tells a library's staff, once, that a webhook of theirs was switched off: the notice `ops_webhook_off`.

use super::Outbox;
use crate::intake::{Event, Side, Told};
use crate::net::https::Url;
use crate::notice::Language;
use crate::notice::status::Status;
use crate::store::Webhook;
use crate::webhook::Off;

impl Outbox {
    /// Tells of every webhook that is off and of which nobody has heard. The notice is on disk before it counts as told.
    pub(super) async fn tell_of_those_off(&self) -> crate::store::Result<()> {
        for webhook in self.store.webhooks_untold().await? {
            if let Some(event) = self.notice_of(&webhook) {
                tracing::warn!(library = %webhook.library, webhook = %webhook.id, "a webhook was switched off");
                self.intake.tell(event).await?;
            }
            self.store.webhook_told(webhook.library, webhook.id).await?;
        }
        Ok(())
    }

    /// None for one that is on again, or that a person switched off.
    fn notice_of(&self, webhook: &Webhook) -> Option<Event> {
        let (since, why) = webhook.off?;
        // Staff notices are in the library's first language, and so is the reason.
        let language = self.intake.language_of(&webhook.library)?;
        let reason = reason(why, language)?;
        let host = Url::parse(&webhook.url).ok().and_then(|url| url.host_str().map(str::to_owned));
        let mut told = Told::default();
        told.fields.insert("domain".to_owned(), host.unwrap_or_else(|| webhook.id.to_string()));
        told.fields.insert("reason".to_owned(), reason.to_owned());
        Some(Event {
            library: webhook.library.clone(),
            request: webhook.id.to_string(),
            status: Status::OpsWebhookOff,
            side: Side::Borrowing,
            occurrence: since.to_string(),
            told,
            source: "outbox",
        })
    }
}

fn reason(why: Off, language: Language) -> Option<&'static str> {
    Some(match (why, language) {
        (Off::ByHand, _) => return None,
        (Off::Failing, Language::En) => "It has taken nothing from us for five days.",
        (Off::Failing, Language::Fr) => "Il n’a rien accepté de notre part depuis cinq jours.",
        (Off::Gone, Language::En) => "It told us that it is gone for good (410).",
        (Off::Gone, Language::Fr) => "Il nous a répondu qu’il n’existe plus (410).",
    })
}
