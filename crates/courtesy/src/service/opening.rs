//! Opens what is kept, and sets up what the world is asked through: store, secret, keys, certificate, DNS, TLS.
//!
//! In: the settings. Out: each thing ready for use, made where it was not there yet; or which setting is at fault.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::clock;
use crate::config::{Config, Database};
use crate::keyring::Keyring;
use crate::net::dns::{Limits, Resolver};
use crate::net::https::{Https, Reach};
use crate::net::serving::Certificate;
use crate::net::tls::ClientTls;
use crate::secret::{SECRET_FILE, Secret, write_private};
use crate::store::{Sole, Store};

/// Opens the store. Where this is the one process on it, it keeps others out, and what the last one had under way is
/// tried again at once.
pub(super) async fn open_alone_or_shared(config: &Config) -> Result<(Store, Option<Sole>)> {
    make_folder(&config.data)?;
    let Database::Sqlite(file) = config.database_at() else { return Ok((open_store(config).await?, None)) };
    let sole = Sole::of(&file)?;
    let store = open_store(config).await?;
    let orphans = store.take_over(&sole, clock::now()).await?;
    if orphans > 0 {
        tracing::info!(messages = orphans, "what was under way when the last process ended is tried again");
    }
    Ok((store, Some(sole)))
}

/// Opens the store of `config`, making data folder and database where they are not there yet.
///
/// # Errors
/// When they cannot be made or opened.
pub async fn open_store(config: &Config) -> Result<Store> {
    make_folder(&config.data)?;
    let database = config.database_at();
    if let Database::Sqlite(file) = &database {
        make_private_file(file)?;
    }
    let opened = Store::open(database.clone()).await;
    opened.with_context(|| format!("the database {database} cannot be opened"))
}

/// Opens the installation's secret, making it where it is not there yet.
///
/// # Errors
/// When it cannot be read or written.
pub fn open_secret(config: &Config) -> Result<Secret> {
    let file = config.data.join(SECRET_FILE);
    Secret::open(&file).with_context(|| format!("the secret {} cannot be used", file.display()))
}

/// Makes an empty file for a database, open to its owner alone, where there is none yet; what SQLite puts beside it is as open as it is.
///
/// # Errors
/// When it cannot be made.
pub fn make_private_file(file: &Path) -> Result<()> {
    if file.exists() {
        return Ok(());
    }
    match write_private(file, b"") {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(error).with_context(|| format!("{} cannot be made", file.display()))
        }
        _ => Ok(()),
    }
}

/// Makes the data folder, open to its owner alone.
///
/// # Errors
/// When it cannot be made.
pub fn make_folder(folder: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).with_context(|| format!("the data folder {} cannot be made", folder.display()))
}

pub(super) fn resolver(config: &Config) -> Result<Resolver> {
    let limits = Limits { ttl_max: config.dns.believe_at_most, ..Limits::default() };
    match config.dns.resolver {
        Some(server) => Resolver::at(server, limits),
        None => Resolver::system(limits),
    }
    .context("dns.resolver: no DNS server can be asked")
}

/// Opens the DKIM keys, and makes those of the shared domain where they are not there yet.
pub(super) async fn open_keyring(config: &Config, store: &Store, secret: &Arc<Secret>) -> Result<Arc<Keyring>> {
    let keyring = Keyring::open(store.clone(), Arc::clone(secret)).await?;
    for (index, selector) in config.shared.selectors.iter().enumerate() {
        keyring.make(&config.shared.domain, selector, None, index == 0).await?;
    }
    Ok(Arc::new(keyring))
}

/// The certificate of the SMTP doors: the operator's, or one of our own making.
pub(super) fn certificate(config: &Config) -> Result<Arc<Certificate>> {
    let now = tokio::time::Instant::now();
    let certificate = match (&config.listen.smtp_certificate, &config.listen.smtp_key) {
        (Some(certificate), Some(key)) => Certificate::open(certificate, key, now)?,
        _ => Certificate::self_made(config.public_host.as_str(), &config.data, now)?,
    };
    Ok(Arc::new(certificate))
}

pub(super) fn client_tls(config: &Config) -> Result<ClientTls> {
    ClientTls::new(&extra_roots(config)?).context("TLS cannot be set up")
}

/// The client for servers that libraries name.
///
/// # Errors
/// When `smtp.extra_ca` cannot be read or is none.
pub fn https(config: &Config, dns: &Resolver) -> Result<Https> {
    let reach = if config.https.private { Reach::Private } else { Reach::Public };
    Ok(Https::new(Arc::new(dns.clone()), &extra_roots(config)?, reach)?)
}

pub(super) fn extra_roots(config: &Config) -> Result<Vec<CertificateDer<'static>>> {
    let mut roots = Vec::new();
    if let Some(file) = &config.smtp.extra_ca {
        let name = || format!("smtp.extra_ca: {} cannot be read", file.display());
        for certificate in CertificateDer::pem_file_iter(file).with_context(name)? {
            roots.push(certificate.with_context(name)?);
        }
    }
    Ok(roots)
}
