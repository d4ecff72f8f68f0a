//! Gateways that the operator's settings describe: a body with places for number and text, and where its answer names the message.

use serde_json::Value;

use super::{OutText, Texts, reply, verdict};
use crate::net::https::{Answer, HeaderMap, HeaderName, HeaderValue, Method, NoAnswer, Request};
use crate::outcome::Outcome;

/// What we ask.
pub(super) fn request(texts: &Texts, text: &OutText<'_>) -> Result<Request, NoAnswer> {
    let settings = &texts.settings.http;
    let url = texts.https.url(&settings.url)?;
    let receipts = receipt_url(&texts.public_url, &settings.secret);
    let message = text.message.to_string();
    let values = [
        ("{to}", text.to.as_str()),
        ("{from}", &texts.settings.from),
        ("{text}", text.text),
        ("{id}", &message),
        ("{receipt_url}", &receipts),
    ];
    let body = filled(&settings.body, &settings.content_type, &values).into_bytes();
    let mut headers = HeaderMap::new();
    let mut put = |name: &str, value: &str, is_secret: bool| {
        if let (Ok(name), Ok(mut value)) = (name.trim().parse::<HeaderName>(), HeaderValue::from_str(value.trim())) {
            value.set_sensitive(is_secret);
            headers.insert(name, value);
        }
    };
    put("content-type", &settings.content_type, false);
    if let Some((name, value)) = settings.header.split_once(':') {
        put(name, value, true);
    }
    Ok(Request { method: Method::POST, url, headers, body })
}

/// Where receipts and patrons' texts come to; empty where nothing does.
pub(super) fn receipt_url(public_url: &str, secret: &str) -> String {
    if secret.is_empty() { String::new() } else { format!("{public_url}/texts/http/{secret}") }
}

/// `body` with its places filled, each value written as the type of the body needs it: one pass, so that no value becomes a place.
fn filled(body: &str, content_type: &str, values: &[(&str, &str)]) -> String {
    let write = |value: &str| {
        if content_type.contains("json") {
            let quoted = Value::from(value).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        } else if content_type.contains("urlencoded") {
            let pair = serde_urlencoded::to_string([("", value)]).unwrap_or_default();
            pair.trim_start_matches('=').to_owned()
        } else {
            value.to_owned()
        }
    };
    let mut out = String::with_capacity(body.len() + 200);
    let mut rest = body;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match values.iter().find(|(place, _)| rest.starts_with(place)) {
            Some((place, value)) => {
                out.push_str(&write(value));
                rest = &rest[place.len()..];
            }
            None => {
                out.push('{');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// What it answers: any 2yz is acceptance.
pub(super) fn read(answer: &Answer, pointer: &str) -> (Outcome, Vec<String>) {
    let text = String::from_utf8_lossy(&answer.body);
    if matches!(answer.status, 200..=299) {
        let told: Option<Value> = serde_json::from_slice(&answer.body).ok();
        let id = told.as_ref().and_then(|told| told.pointer(pointer)).map(|id| match id {
            Value::String(id) => id.clone(),
            other => other.to_string(),
        });
        return (Outcome::Accepted { reply: reply(answer.status, "accepted") }, id.into_iter().collect());
    }
    let (cause, for_now) = verdict::http(answer.status);
    let said = Some(reply(answer.status, &text));
    let outcome =
        if for_now { Outcome::Deferred { cause, reply: said } } else { Outcome::Refused { cause, reply: said } };
    (outcome, Vec::new())
}

#[cfg(test)]
mod tests;
