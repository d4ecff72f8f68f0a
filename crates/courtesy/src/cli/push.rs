//! `courtesy push`: links with which patrons turn notifications on, and the key for their devices.

use anyhow::Result;
use clap::Subcommand;
use reqwest::Method;
use serde_json::json;

use super::client::{Body, Client, segment};
use super::table::{answer, answer_json, clean, say, text};
use super::{Common, Exit};

pub(super) const EXAMPLES: &str = "\
Examples:
  courtesy push link MRPL 21234          the page on which patron 21234 turns notifications on
  courtesy push rotate                   a new key, for devices that are turned on from now on";

/// What to do.
#[derive(Subcommand)]
pub(super) enum Push {
    /// A link for one patron, to the page on which they turn notifications on; it opens for a week
    Link {
        /// The library's code
        library: String,
        /// The library's number for the patron
        patron: String,
    },
    /// Bind new devices to a new key; those that are on keep theirs
    Rotate,
}

pub(super) async fn run(what: Push, common: &Common) -> Result<Exit> {
    let client = Client::of(common)?;
    let told = match &what {
        Push::Link { library, patron } => {
            let path = format!("/v1/libraries/{}/push-link", segment(library));
            client.json(Method::POST, &path, Body::Json(json!({ "patron": patron }))).await?
        }
        Push::Rotate => client.json(Method::POST, "/v1/push/rotate", Body::Json(json!({}))).await?,
    };
    match what {
        _ if common.json => answer_json(&told)?,
        Push::Link { .. } => answer(&clean(&text(&told, "url")))?,
        Push::Rotate => say(&format!("New devices are bound to {} from now on.", text(&told, "key"))),
    }
    Ok(Exit::Good)
}
