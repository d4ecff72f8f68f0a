//! What gateways hand in: receipts, and what patrons write back, with the gateway's proof.

use jiff::SignedDuration;
use serde::Deserialize;

use super::{News, Receipt, Texts, twilio, verdict};
use crate::channel::{Number, Word, is_answered_by_twilio, is_french, word};
use crate::clock;
use crate::config::Gateway;
use crate::id::MessageId;
use crate::intake::Intake;
use crate::notice::Language;
use crate::outcome::Cause;
use crate::store::Consent;

/// Longest text that is read: ten parts in the 7-bit alphabet.
const TEXT_LETTERS_MAX: usize = 1530;

/// Text messages of one number that are passed on to a library within a day.
const PASSED_ON_A_DAY: i64 = 20;
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A text message that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// The gateway's code.
    pub gateway: &'static str,
    /// What the gateway calls it: the same one tells it once.
    pub gateway_id: String,
    /// Who wrote.
    pub from: Number,
    /// What they wrote.
    pub text: String,
    /// Whether the gateway answers the words that rule our text messages itself.
    pub is_answered: bool,
}

/// What a gateway handed in.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// It did not prove that it is the gateway.
    Unproven,
    /// It is nothing that we know.
    Unreadable,
    /// What became of a text message.
    Receipt(Receipt),
    /// A patron wrote.
    Incoming(Incoming),
}

/// What was done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It is about a message of ours, and stands in its timeline.
    Joined,
    /// It is about none.
    Unknown,
    /// It was told before.
    Again,
    /// No more text messages go there.
    Stopped,
    /// Text messages go there again.
    Started,
    /// The library hears of it.
    PassedOn,
    /// Nothing is to be done about it, or too many came.
    Noted,
}

impl Heard {
    /// Of a receipt.
    #[must_use]
    pub fn of_receipt(joined: bool) -> Self {
        if joined { Self::Joined } else { Self::Unknown }
    }
}

/// What the gateway that the settings describe hands in.
#[derive(Debug, Deserialize)]
struct Described {
    /// What it calls the message.
    id: String,
    /// Our own id for it, where it was given that.
    reference: Option<String>,
    /// Of a receipt: `delivered`, `failed`, or anything else while it is on its way.
    status: Option<String>,
    /// Of a patron's text: their number.
    from: Option<String>,
    /// Of a patron's text.
    text: Option<String>,
}

impl Texts {
    /// Reads what came to the address for Twilio's interface: a form, its signature made with the account's token.
    #[must_use]
    pub fn told_by_twilio(&self, query: &str, body: &[u8], signature: &str) -> Told {
        let form: Vec<(String, String)> = serde_urlencoded::from_bytes(body).unwrap_or_default();
        let callback = twilio::callback_url(&self.public_url);
        let url = if query.is_empty() { callback } else { format!("{callback}?{query}") };
        let ours = self.settings.gateway == Some(Gateway::Twilio);
        if !ours || !twilio::is_signed(&self.settings.twilio.token, &url, &form, signature) {
            return Told::Unproven;
        }
        let value = |name: &str| form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let Some(gateway_id) = value("MessageSid").or(value("SmsSid")).map(str::to_owned) else {
            return Told::Unreadable;
        };
        let gateway = Gateway::Twilio.code();
        if let Some(word) = value("MessageStatus") {
            let code = value("ErrorCode").and_then(|code| code.parse().ok()).unwrap_or_default();
            let news = match word {
                "delivered" | "read" => News::Delivered,
                "undelivered" | "failed" => News::Failed(verdict::twilio(code, 0).0),
                _ => News::OnItsWay,
            };
            let word = if code == 0 { word.to_owned() } else { format!("{word} {code}") };
            let queried: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
            let message = queried.iter().find(|(name, _)| name == "message").and_then(|(_, id)| id.parse().ok());
            return Told::Receipt(Receipt { gateway, gateway_id, message, news, word });
        }
        match (value("From").and_then(Number::from_e164), value("Body")) {
            (Some(from), Some(text)) => {
                // An account with words of its own says which one it has answered.
                let is_answered = value("OptOutType").is_some() || is_answered_by_twilio(text);
                Told::Incoming(Incoming { gateway, gateway_id, from, text: cut(text), is_answered })
            }
            _ => Told::Unreadable,
        }
    }

    /// Reads what came to the address of the described gateway: JSON, proven by the secret in the address.
    #[must_use]
    pub fn told_by_described(&self, secret: &str, body: &[u8]) -> Told {
        let settings = &self.settings.http;
        let known = aws_lc_rs::constant_time::verify_slices_are_equal(secret.as_bytes(), settings.secret.as_bytes());
        if self.settings.gateway != Some(Gateway::Http) || settings.secret.is_empty() || known.is_err() {
            return Told::Unproven;
        }
        let Ok(told) = serde_json::from_slice::<Described>(body) else { return Told::Unreadable };
        let (gateway, gateway_id) = (Gateway::Http.code(), told.id);
        match (told.status, told.from, told.text) {
            (Some(status), _, _) => {
                let news = match status.to_ascii_lowercase().as_str() {
                    "delivered" => News::Delivered,
                    "failed" | "undelivered" | "rejected" | "expired" => News::Failed(Cause::of("sms.failed")),
                    "invalid" => News::Failed(Cause::of("sms.invalid")),
                    _ => News::OnItsWay,
                };
                let message: Option<MessageId> = told.reference.and_then(|id| id.parse().ok());
                let word = status.chars().filter(|c| !c.is_control()).take(40).collect();
                Told::Receipt(Receipt { gateway, gateway_id, message, news, word })
            }
            (None, Some(from), Some(text)) => match Number::parse(&from, self.country()) {
                Ok(from) => {
                    Told::Incoming(Incoming { gateway, gateway_id, from, text: cut(&text), is_answered: false })
                }
                Err(_) => Told::Unreadable,
            },
            _ => Told::Unreadable,
        }
    }

    /// Obeys or notes what a patron wrote, once.
    ///
    /// # Errors
    /// When the store is broken: the gateway should tell it again.
    pub async fn incoming(&self, intake: &Intake, incoming: &Incoming) -> crate::store::Result<Heard> {
        let now = clock::now();
        let last = self.store.last_beside_mail(incoming.from.as_str()).await?;
        let library = last.as_ref().map(|row| row.library.clone());
        let since = now.checked_sub(DAY).unwrap_or(now);
        let (id, writer) = (incoming.gateway_id.clone(), (incoming.from.to_string(), since));
        let Some(today) = self.store.take_text_in(incoming.gateway, id, library, writer, now).await? else {
            return Ok(Heard::Again);
        };
        let word = word(&incoming.text);
        if let (Some(word), Some(row)) = (word, &last)
            && self.settings.answers
            && !incoming.is_answered
        {
            let language = is_french(&incoming.text).then_some(Language::Fr);
            intake.answer_text(row, &incoming.gateway_id, word, language).await?;
        }
        let given = match (word, last) {
            (Some(Word::Stop), _) => false,
            (Some(Word::Start), _) => true,
            (Some(Word::Help), _) => return Ok(Heard::Noted),
            (None, Some(row)) if today <= PASSED_ON_A_DAY => {
                intake.tell_of_text(&row, &incoming.gateway_id, &incoming.text).await?;
                return Ok(Heard::PassedOn);
            }
            (None, _) => return Ok(Heard::Noted),
        };
        let consent = Consent { given, at: now, how: "text".to_owned(), by: "patron".to_owned() };
        // A number of ours may serve many libraries, and whoever writes STOP to it means it.
        self.store.note_consent(None, incoming.from.to_string(), consent).await?;
        Ok(if given { Heard::Started } else { Heard::Stopped })
    }
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_LETTERS_MAX).collect()
}
