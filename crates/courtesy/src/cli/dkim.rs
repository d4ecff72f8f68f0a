//! `courtesy dkim`: the keys that sign, and the zone that the operator publishes.

use std::io::Read as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Subcommand;
use reqwest::Method;
use serde_json::Value;

use super::client::{Body, Client};
use super::table::{Table, answer, answer_json, answer_lines, say, text};
use super::{Common, Exit};

pub(super) const EXAMPLES: &str = "\
  courtesy dkim list                                       every key, and the record to publish for it
  courtesy dkim zone > notices.example.zone                all that you publish for the shared domain
  courtesy dkim import notices.example c1 key.pem          a key made elsewhere
  courtesy dkim rotate notices.example                     let the other selector sign";

/// A private key file larger than this is another file: RSA-8192 in PEM has 6.5 kB.
const KEY_OCTETS_MAX: u64 = 64 * 1024;

/// What to do with DKIM keys.
#[derive(Subcommand)]
pub(super) enum Dkim {
    /// Every key, without its private half, and its record
    List,
    /// Keep a key made elsewhere, in place of the one that this domain and selector have
    Import {
        /// The signing domain
        domain: String,
        /// The selector
        selector: String,
        /// The private key in PEM; - for standard input
        file: PathBuf,
        /// The library whose domain it is; left out for the shared domain
        #[arg(long, value_name = "CODE")]
        library: Option<String>,
        /// Only keep it: it signs after the next rotation
        #[arg(long)]
        idle: bool,
    },
    /// Let the other selector sign, once DNS shows that its key is published
    Rotate {
        /// The signing domain
        domain: String,
    },
    /// The records to publish for the shared domain, as a zone file
    Zone,
}

pub(super) async fn run(what: Dkim, common: &Common) -> Result<Exit> {
    let client = Client::of(common)?;
    match what {
        Dkim::List => show(&client.get("/v1/dkim").await?, common)?,
        Dkim::Import { domain, selector, file, library, idle } => {
            let mut body = serde_json::json!({
                "domain": domain, "selector": selector, "private_key": pem(&file)?, "active": !idle
            });
            if let Some(code) = library {
                body["library"] = Value::String(code);
            }
            let kept = client.json(Method::POST, "/v1/dkim/import", Body::Json(body)).await?;
            if common.json {
                answer_json(&kept)?;
            } else {
                answer(&text(&kept, "record"))?;
                say(&format!(
                    "The key is kept. The record above must stand where {selector}._domainkey.{domain} leads:\n  courtesy dkim zone"
                ));
            }
        }
        Dkim::Rotate { domain } => {
            let body = serde_json::json!({ "domain": domain });
            show(&client.json(Method::POST, "/v1/dkim/rotate", Body::Json(body)).await?, common)?;
            say("Leave the old key published for a week: mail on its way is still checked with it.");
        }
        Dkim::Zone => {
            let zone = client.send(Method::GET, "/v1/zone", Body::None).await?;
            answer(&String::from_utf8_lossy(&zone))?;
        }
    }
    Ok(Exit::Good)
}

fn pem(file: &std::path::Path) -> Result<String> {
    let mut text = String::new();
    if file.as_os_str() == "-" {
        std::io::stdin().take(KEY_OCTETS_MAX).read_to_string(&mut text).context("standard input is no PEM file")?;
        return Ok(text);
    }
    let name = || format!("{} cannot be read", file.display());
    std::fs::File::open(file).with_context(name)?.take(KEY_OCTETS_MAX).read_to_string(&mut text).with_context(name)?;
    Ok(text)
}

fn show(keys: &Value, common: &Common) -> Result<()> {
    let keys = keys.as_array().map_or(&[][..], Vec::as_slice);
    if common.json {
        return answer_lines(keys);
    }
    let mut table = Table::new(&["DOMAIN", "SELECTOR", "LIBRARY", "SIGNS", "RECORD"]);
    for key in keys {
        let signs = if key["active"].as_bool() == Some(true) { "yes" } else { "" };
        table.row([
            text(key, "domain"),
            text(key, "selector"),
            text(key, "library"),
            signs.to_owned(),
            text(key, "record"),
        ]);
    }
    answer(&table.to_string())
}
