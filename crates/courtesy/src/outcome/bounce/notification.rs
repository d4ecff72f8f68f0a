//! Amazon SES tells of bounces as JSON notifications, which some subscribe to by mail.
//!
//! In: a mail whose words are such a notification. Out: findings from its fields, or none if it is something else.

use serde::Deserialize;
use standards::dsn::{Letter, RECIPIENTS_MAX};
use standards::reply::Status;

use super::evidence::Evidence;
use super::{Cause, Finding, Kind, decide, plain_finding};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Notification {
    #[serde(alias = "eventType")]
    notification_type: String,
    bounce: Option<Bounce>,
    complaint: Option<Complaint>,
    delivery: Option<Delivery>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    #[serde(default)]
    bounced_recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    #[serde(default)]
    complained_recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delivery {
    #[serde(default)]
    recipients: Vec<String>,
    smtp_response: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    email_address: String,
    status: Option<String>,
    diagnostic_code: Option<String>,
}

/// The notification service's own envelope, where the whole of it was mailed.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope {
    message: String,
}

/// The first JSON value in a text, whatever follows it.
fn first<T: serde::de::DeserializeOwned>(json: &str) -> Option<T> {
    serde_json::Deserializer::from_str(json).into_iter::<T>().next()?.ok()
}

pub(super) fn read(letter: &Letter) -> Option<Vec<Finding>> {
    let tells = |text: &&String| text.contains("notificationType") || text.contains("eventType");
    let text = letter.texts.iter().find(tells)?;
    let json = &text[text.find('{')?..];
    // The one long line was folded on its way (RFC 5322 §2.1.1).
    let json = json.replace("\r\n ", "").replace("\n ", "").replace(['\r', '\n'], "");
    let notification = match first::<Envelope>(&json) {
        Some(envelope) => first::<Notification>(&envelope.message)?,
        None => first::<Notification>(&json)?,
    };
    match notification.notification_type.as_str() {
        "Bounce" => Some(notification.bounce?.bounced_recipients.iter().take(RECIPIENTS_MAX).map(bounced).collect()),
        "Complaint" => Some(
            (notification.complaint?.complained_recipients.into_iter().take(RECIPIENTS_MAX))
                .map(|one| plain_finding(Some(one.email_address), Kind::Complaint, Cause::of("complaint")))
                .collect(),
        ),
        "Delivery" => {
            let delivery = notification.delivery?;
            let said = delivery.smtp_response.unwrap_or_default();
            let evidence = Evidence::gather(None, &[&said], None);
            let code = said.get(..3).and_then(|digits| digits.parse().ok());
            let one = |name: &String| Finding { reply: code, ..decide(Some(name.clone()), Kind::Delivered, &evidence) };
            Some(delivery.recipients.iter().take(RECIPIENTS_MAX).map(one).collect())
        }
        _ => None,
    }
}

fn bounced(recipient: &Recipient) -> Finding {
    let status = recipient.status.as_deref().and_then(Status::parse);
    let said = recipient.diagnostic_code.as_deref().unwrap_or_default();
    let said = said.trim_start_matches("smtp;").trim();
    decide(Some(recipient.email_address.clone()), Kind::Failed, &Evidence::gather(status, &[said], None))
}
