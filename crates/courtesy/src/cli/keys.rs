//! `courtesy keys`: API keys. A secret is shown once, when it is made.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Subcommand;
use reqwest::Method;

use super::client::{Body, Client, segment};
use super::table::{Table, answer, answer_json, answer_lines, list, moment, say, text};
use super::{Common, Exit};
use crate::secret::write_private;

pub(super) const EXAMPLES: &str = "\
Examples:
  courtesy keys make \"ILS live\" --library MRPL     for one library
  courtesy keys make \"Koha\" --library MRPL --scope submit   for a smart host alone
  courtesy keys make \"consortium ILS\"              for all of them
  courtesy keys list
  courtesy keys revoke key_…";

/// What to do with API keys.
#[derive(Subcommand)]
pub(super) enum Keys {
    /// Every key, without its secret
    List,
    /// Make a key and show its secret once
    Make {
        /// What people call it
        name: String,
        /// The one library it speaks for; without it, the whole consortium
        #[arg(long, value_name = "CODE")]
        library: Option<String>,
        /// all, or submit for a system that only hands in mail by SMTP
        #[arg(long, value_name = "SCOPE", value_parser = ["all", "submit"], default_value = "all")]
        scope: String,
        /// Write the secret to this new file, readable to you alone, instead of showing it
        #[arg(long, value_name = "FILE")]
        to_file: Option<PathBuf>,
    },
    /// End a key for good
    Revoke {
        /// Its id, as list shows it
        id: String,
    },
}

pub(super) async fn run(what: Keys, common: &Common) -> Result<Exit> {
    let client = Client::of(common)?;
    match what {
        Keys::List => all(&client, common).await,
        Keys::Make { name, library, scope, to_file } => {
            if let Some(file) = to_file.as_ref().filter(|file| file.exists()) {
                anyhow::bail!("{} exists; name another file, and the key is made", file.display());
            }
            let body = match library {
                Some(code) => serde_json::json!({ "name": name, "library": code, "scope": scope }),
                None => serde_json::json!({ "name": name, "scope": scope }),
            };
            let mut made = client.json(Method::POST, "/v1/keys", Body::Json(body)).await?;
            let secret = text(&made, "secret");
            if let Some(file) = &to_file {
                write_private(file, secret.as_bytes())
                    .with_context(|| format!("{} cannot be written", file.display()))?;
                if let Some(object) = made.as_object_mut() {
                    object.remove("secret");
                }
            }
            let speaks = match text(&made, "library") {
                code if code.is_empty() => "every library".to_owned(),
                code => code,
            };
            if common.json {
                answer_json(&made)?;
            } else if let Some(file) = to_file {
                say(&format!("{} speaks for {speaks}; its secret is in {}.", text(&made, "id"), file.display()));
            } else {
                answer(&secret)?;
                say(&format!("{} speaks for {speaks}. Its secret is shown this once: keep it now.", text(&made, "id")));
            }
            Ok(Exit::Good)
        }
        Keys::Revoke { id } => {
            client.json(Method::DELETE, &format!("/v1/keys/{}", segment(&id)), Body::None).await?;
            say("The key opens nothing any more.");
            Ok(Exit::Good)
        }
    }
}

async fn all(client: &Client, common: &Common) -> Result<Exit> {
    let keys = client.get("/v1/keys").await?;
    let keys = list(&keys, "data");
    if common.json {
        answer_lines(keys)?;
        return Ok(Exit::Good);
    }
    let mut table = Table::new(&["ID", "SPEAKS FOR", "NAME", "BEGINS", "MADE", "ENDED"]);
    for key in keys {
        let library = text(key, "library");
        let library = if library.is_empty() { "everybody".to_owned() } else { library };
        let ended = text(key, "revoked_at");
        let ended = if ended.is_empty() { String::new() } else { moment(&ended) };
        table.row([
            text(key, "id"),
            library,
            text(key, "name"),
            text(key, "shown"),
            moment(&text(key, "created_at")),
            ended,
        ]);
    }
    answer(&table.to_string())?;
    Ok(Exit::Good)
}
