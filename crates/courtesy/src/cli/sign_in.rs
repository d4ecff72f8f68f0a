//! `courtesy sign-in`: a link that signs somebody in once. For whoever may read the data folder; no server is asked.

use anyhow::{Result, bail};
use clap::Args;
use standards::address::in_small_letters;

use super::{Common, Exit};
use crate::clock;
use crate::service;
use crate::web::{link, new_operator};

/// Options of `sign-in`.
#[derive(Args)]
pub(super) struct SignInArgs {
    /// The name or address somebody signs in by; without it the operator
    login: Option<String>,
}

pub(super) async fn run(args: &SignInArgs, common: &Common) -> Result<Exit> {
    let config = common.settings()?;
    let store = service::open_store(&config).await?;
    let now = clock::now();
    let staff = match &args.login {
        None => new_operator(&store, now).await?,
        Some(login) => match store.staff_by_login(&in_small_letters(login)).await? {
            Some((staff, _)) => staff.id,
            None => {
                store.close().await;
                bail!("nobody signs in as {login}");
            }
        },
    };
    let url = format!("{}{}", config.url(), link(&store, staff, now).await?);
    store.close().await;
    if common.json {
        println!("{}", serde_json::json!({ "url": url }));
    } else {
        println!("{url}");
        super::table::say("It opens once, within a day, while the service runs.");
    }
    Ok(Exit::Good)
}
