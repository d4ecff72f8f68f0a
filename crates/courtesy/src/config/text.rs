//! How text messages leave: through which gateway, and what proves us there.

use std::time::Duration;

use serde::Deserialize;

use super::value::{absent_when_empty, duration};

/// How text messages leave.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextSettings {
    /// The gateway. None: nobody is texted.
    #[serde(deserialize_with = "absent_when_empty")]
    pub gateway: Option<Gateway>,
    /// The number or name that text messages come from.
    pub from: String,
    /// The country of numbers that are typed without one.
    #[serde(deserialize_with = "country")]
    pub country: phonenumber::country::Id,
    /// Whether we answer who writes STOP, START or HELP, where the gateway does not.
    pub answers: bool,
    /// A gateway with Twilio's interface.
    pub twilio: Twilio,
    /// A gateway that these settings describe.
    pub http: HttpGateway,
    /// A gateway that speaks SMPP 3.4.
    pub smpp: Smpp,
}

/// Which gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gateway {
    /// One with Twilio's interface.
    Twilio,
    /// One that the settings describe.
    Http,
    /// One that speaks SMPP 3.4.
    Smpp,
}

impl Gateway {
    /// As it stands in the settings, and beside what gateways call their messages.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Twilio => "twilio",
            Self::Http => "http",
            Self::Smpp => "smpp",
        }
    }
}

impl std::str::FromStr for Gateway {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Self::Twilio, Self::Http, Self::Smpp];
        let found = all.into_iter().find(|gateway| gateway.code() == text);
        found.ok_or_else(|| format!("“{text}” is no gateway; write \"twilio\", \"http\", \"smpp\" or nothing"))
    }
}

/// A gateway with Twilio's interface.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Twilio {
    /// Where its API is.
    pub url: String,
    /// The account's SID.
    pub account: String,
    /// The account's token: it proves us there, and proves its receipts to us.
    pub token: String,
}

/// A gateway that these settings describe.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpGateway {
    /// Where a text message is posted.
    pub url: String,
    /// The header that proves us there, such as `Authorization: Bearer …`.
    pub header: String,
    /// The type of the body.
    pub content_type: String,
    /// The body, with `{to}`, `{from}`, `{text}`, `{id}` and `{receipt_url}`.
    pub body: String,
    /// Where its answer says what it calls the message: a JSON pointer.
    pub id: String,
    /// The secret that its receipts and its patrons' texts are handed in with.
    pub secret: String,
}

/// A gateway that speaks SMPP 3.4.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smpp {
    /// Host and port.
    pub server: String,
    /// Whether the connection is TLS from its start.
    pub tls: bool,
    /// Who we are there.
    pub system_id: String,
    /// What proves it.
    pub password: String,
    /// What kind of system we are, where the gateway asks.
    pub system_type: String,
    /// Most text messages under way unanswered.
    pub window: usize,
    /// Most a second.
    pub per_second: u32,
    /// How often we ask whether it is still there.
    #[serde(deserialize_with = "duration")]
    pub enquire_every: Duration,
}

fn country<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<phonenumber::country::Id, D::Error> {
    let text = String::deserialize(deserializer)?.to_ascii_uppercase();
    let wrong = || serde::de::Error::custom(format!("“{text}” is not a country; write two letters, such as CA"));
    text.parse().map_err(|_| wrong())
}

/// Whether what the chosen gateway needs is set: sentences that name the options that are not.
pub(super) fn missing(text: &TextSettings) -> Vec<String> {
    let Some(gateway) = text.gateway else { return Vec::new() };
    let needed: Vec<(&str, &str)> = match gateway {
        Gateway::Twilio => {
            vec![("text.twilio.account", &text.twilio.account), ("text.twilio.token", &text.twilio.token)]
        }
        Gateway::Http => vec![("text.http.url", &text.http.url), ("text.http.body", &text.http.body)],
        Gateway::Smpp => vec![("text.smpp.server", &text.smpp.server), ("text.smpp.system_id", &text.smpp.system_id)],
    };
    let needed = needed.into_iter().chain([("text.from", text.from.as_str())]);
    let missing = needed.filter(|(_, value)| value.trim().is_empty());
    let mut wrong: Vec<String> = missing
        .map(|(option, _)| format!("text.gateway is {:?}, and {option} is empty; set it", gateway.code()))
        .collect();
    if gateway == Gateway::Smpp && (text.smpp.window == 0 || text.smpp.per_second == 0) {
        wrong.push("text.smpp.window and text.smpp.per_second must be at least 1".to_owned());
    }
    wrong
}
