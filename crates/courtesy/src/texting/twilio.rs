//! Gateways with Twilio's interface: how a text message is handed in, how receipts are signed.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::{OutText, Texts, reply, verdict};
use crate::net::https::{Answer, HeaderMap, HeaderValue, Method, NoAnswer, Request};
use crate::outcome::Outcome;

/// What we ask.
pub(super) fn request(texts: &Texts, text: &OutText<'_>) -> Result<Request, NoAnswer> {
    let settings = &texts.settings.twilio;
    let place =
        format!("{}/2010-04-01/Accounts/{}/Messages.json", settings.url.trim_end_matches('/'), settings.account);
    let url = texts.https.url(&place)?;
    let callback = format!("{}?message={}", callback_url(&texts.public_url), text.message);
    let form =
        [("To", text.to.as_str()), ("From", &texts.settings.from), ("Body", text.text), ("StatusCallback", &callback)];
    let body = serde_urlencoded::to_string(form).unwrap_or_default().into_bytes();
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
    let proof = STANDARD.encode(format!("{}:{}", settings.account, settings.token));
    if let Ok(mut value) = HeaderValue::from_str(&format!("Basic {proof}")) {
        value.set_sensitive(true);
        headers.insert("authorization", value);
    }
    Ok(Request { method: Method::POST, url, headers, body })
}

/// Where receipts and patrons' texts come to.
pub(super) fn callback_url(public_url: &str) -> String {
    format!("{public_url}/texts/twilio")
}

/// What it answers.
#[derive(Debug, Default, Deserialize)]
struct Told {
    sid: Option<String>,
    code: Option<u64>,
    message: Option<String>,
    error_code: Option<u64>,
}

pub(super) fn read(answer: &Answer) -> (Outcome, Vec<String>) {
    let told: Told = serde_json::from_slice(&answer.body).unwrap_or_default();
    if matches!(answer.status, 200..=299)
        && let Some(sid) = told.sid
    {
        return (Outcome::Accepted { reply: reply(answer.status, "accepted") }, vec![sid]);
    }
    let code = told.code.or(told.error_code);
    let (cause, for_now) = verdict::twilio(code.unwrap_or_default(), answer.status);
    let code = code.map(|code| format!("{code} ")).unwrap_or_default();
    let said = reply(answer.status, &format!("{code}{}", told.message.unwrap_or_default()));
    if for_now {
        (Outcome::Deferred { cause, reply: Some(said) }, Vec::new())
    } else {
        (Outcome::Refused { cause, reply: Some(said) }, Vec::new())
    }
}

/// Whether `signature` is what the account's token makes of a form posted to `url`: HMAC-SHA1 over the URL and all values in the
/// order of their names.
pub(super) fn is_signed(token: &str, url: &str, form: &[(String, String)], signature: &str) -> bool {
    let mut sorted: Vec<&(String, String)> = form.iter().collect();
    sorted.sort();
    let mut signed = url.to_owned();
    for (name, value) in sorted {
        signed.push_str(name);
        signed.push_str(value);
    }
    let Ok(given) = STANDARD.decode(signature) else { return false };
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    !token.is_empty() && hmac::verify(&key, signed.as_bytes(), &given).is_ok()
}
