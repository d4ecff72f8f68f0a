//! `courtesy library sign-on`: where a library's patrons sign in to see their own page: shown, set, turned off.
//!
//! In: a library, and what its OpenID provider gave for us. Out: the record's `sign_on` over the API, the secret apart, and what the library
//! registers there. The secret comes from a file: on the command line others of this machine would see it.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Body, Client, segment};
use super::table::{answer, answer_json, clean, columns, say, text};
use super::{Common, Exit};

/// Where a library's patrons sign in.
#[derive(Args)]
pub(super) struct SignOn {
    /// The library's code
    code: String,
    /// The service, as its discovery document names it; it begins with https://
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// The name that the service gave us
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// A file with the client's secret, or - for standard input
    #[arg(long, value_name = "FILE")]
    secret: Option<PathBuf>,
    /// The claim that is the patron's number, as your ILL system sends it
    #[arg(long, value_name = "CLAIM")]
    number_claim: Option<String>,
    /// The claim that is the patron's mail address, where there is no number
    #[arg(long, value_name = "CLAIM")]
    mail_claim: Option<String>,
    /// What patrons call the service, on the button
    #[arg(long)]
    name: Option<String>,
    /// The same in French
    #[arg(long)]
    name_fr: Option<String>,
    /// Patrons no longer sign in; the secret kept here is erased
    #[arg(long, conflicts_with_all = ["issuer", "client_id", "secret", "number_claim", "mail_claim", "name", "name_fr"])]
    off: bool,
}

impl SignOn {
    /// What is given, by its place in the record.
    fn given(&self) -> [(&'static str, Option<&String>); 6] {
        [
            ("/issuer", self.issuer.as_ref()),
            ("/client_id", self.client_id.as_ref()),
            ("/number_claim", self.number_claim.as_ref()),
            ("/mail_claim", self.mail_claim.as_ref()),
            ("/name/en", self.name.as_ref()),
            ("/name/fr", self.name_fr.as_ref()),
        ]
    }

    /// The record with what is given; none where nothing is.
    fn changed(&self, mut record: Value) -> Option<Value> {
        let fields = record.as_object_mut()?;
        if self.off {
            return fields.remove("sign_on").map(|_| record);
        }
        let given: Vec<_> = self.given().into_iter().filter_map(|(place, value)| Some((place, value?))).collect();
        if given.is_empty() {
            return None;
        }
        let sign_on =
            fields.entry("sign_on").or_insert_with(|| json!({ "issuer": "", "client_id": "", "name": { "en": "" } }));
        for (place, value) in given {
            let (above, name) = place.rsplit_once('/')?;
            sign_on.pointer_mut(above)?[name] = Value::from(value.trim());
        }
        Some(record)
    }
}

pub(super) async fn run(what: SignOn, client: &Client, common: &Common) -> Result<Exit> {
    let library = format!("/v1/libraries/{}", segment(&what.code));
    let secret = what.secret.as_deref().map(super::library::read).transpose()?;
    let secret = secret.map(String::from_utf8).transpose().context("the secret is no text")?;
    if let Some(record) = what.changed(client.get(&library).await?) {
        client.json(Method::PUT, &library, Body::Json(record)).await?;
    }
    if let Some(secret) = secret {
        // Editors end a file with a line break.
        let body = json!({ "client_secret": secret.trim_end_matches(['\r', '\n']) });
        client.json(Method::PUT, &format!("{library}/sign-on-secret"), Body::Json(body)).await?;
    }
    let sign_on = client.get(&format!("{library}/sign-on")).await?;
    if common.json {
        answer_json(&sign_on)?;
        return Ok(Exit::Good);
    }
    answer(&lines(&sign_on))?;
    say(match (sign_on.get("sign_on"), sign_on["has_secret"].as_bool()) {
        (None, _) => {
            "Patrons sign in nowhere, and no secret is kept; the link in each notice and a code open their page."
        }
        (Some(_), Some(true)) => "Patrons can sign in.",
        (Some(_), _) => "The secret is missing: give it with --secret FILE. Until then patrons cannot sign in.",
    });
    Ok(Exit::Good)
}

/// What is set, and what is to be registered at the service.
fn lines(told: &Value) -> String {
    let sign_on = told.get("sign_on").unwrap_or(&Value::Null);
    let name = sign_on.get("name").unwrap_or(&Value::Null);
    let set = [
        ("issuer", text(sign_on, "issuer")),
        ("client id", text(sign_on, "client_id")),
        ("number claim", text(sign_on, "number_claim")),
        ("mail claim", text(sign_on, "mail_claim")),
        ("name", text(name, "en")),
        ("name (fr)", text(name, "fr")),
        ("register there", text(told, "redirect_uri")),
        ("link to this", text(told, "page")),
    ];
    let rows = set.into_iter().filter(|(_, value)| !value.is_empty());
    columns(&rows.map(|(label, value)| vec![label.to_owned(), clean(&value)]).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests;
