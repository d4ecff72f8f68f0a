//! `courtesy init`: data folder, settings, the operator's first key and first sign-in.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use super::{Common, Exit};
use crate::clock;
use crate::config::TEMPLATE;
use crate::http::auth::{hash, new_secret, shown};
use crate::id::KeyId;
use crate::secret::write_private;
use crate::service;
use crate::store::{ApiKey, Scope, Store};
use crate::web::{link, new_operator};

/// The operator's key in the data folder: commands on this machine find it by themselves.
pub(super) const KEY_FILE: &str = "operator.key";

/// Options of `init`.
#[derive(Args)]
pub(super) struct InitArgs {
    /// Where to write the settings
    #[arg(long, value_name = "FILE", default_value = "courtesy.toml")]
    settings: PathBuf,
}

pub(super) async fn run(args: &InitArgs, common: &Common) -> Result<Exit> {
    let file = &args.settings;
    let made_settings = !file.exists();
    if made_settings {
        std::fs::write(file, TEMPLATE).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    let common = Common { config: Some(common.config.clone().unwrap_or_else(|| file.clone())), ..common.clone() };
    let config = common.settings()?;
    let key_file = config.data.join(KEY_FILE);
    if key_file.exists() {
        bail!("{} exists: this installation has been made before; nothing was changed", key_file.display());
    }
    let store = service::open_store(&config).await?;
    service::open_secret(&config)?;
    make_operator_key(&store, &config.data).await?;
    let now = clock::now();
    let sign_in = link(&store, new_operator(&store, now).await?, now).await?;
    let sign_in = format!("{}{sign_in}", config.url());
    store.close().await;
    if common.json {
        let paths =
            serde_json::json!({ "settings": file, "data": config.data, "key_file": key_file, "sign_in": sign_in });
        println!("{paths}");
        return Ok(Exit::Good);
    }
    let settings = if made_settings { "made" } else { "kept as it was" };
    println!("settings   {} ({settings}; every option is explained in it)", file.display());
    println!("data       {}", config.data.display());
    println!("key        {} (the operator's; commands here find it by themselves)", key_file.display());
    println!("sign in    {sign_in}");
    println!("           (opens once, within a day, while the service runs; courtesy sign-in makes another)");
    println!(
        "\nNext: set public_host, shared.domain and [[relay]] in the settings, then\n  courtesy serve\n  courtesy doctor"
    );
    Ok(Exit::Good)
}

/// Sees to it that the data folder has an operator's key that `store` knows; one of another database is put aside. True where it was made.
pub(super) async fn operator_key_of(store: &Store, data: &Path) -> Result<bool> {
    let file = data.join(KEY_FILE);
    if let Ok(secret) = std::fs::read_to_string(&file) {
        if store.key_by_hash(hash(secret.trim())).await?.is_some_and(|key| key.revoked_at.is_none()) {
            return Ok(false);
        }
        let aside = data.join(format!("{KEY_FILE}.old"));
        std::fs::rename(&file, &aside).with_context(|| format!("{} cannot be put aside", file.display()))?;
    }
    make_operator_key(store, data).await?;
    Ok(true)
}

/// Makes the operator's API key and leaves it in the data folder, readable to its owner alone.
pub(super) async fn make_operator_key(store: &Store, data: &Path) -> Result<()> {
    let secret = new_secret();
    let now = clock::now();
    let key = ApiKey {
        id: KeyId::new(now),
        library: None,
        scope: Scope::All,
        name: "operator".to_owned(),
        shown: shown(&secret),
        created_at: now,
        revoked_at: None,
    };
    store.add_key(key, hash(&secret)).await?;
    let file = data.join(KEY_FILE);
    write_private(&file, secret.as_bytes()).with_context(|| format!("{} cannot be written", file.display()))
}
