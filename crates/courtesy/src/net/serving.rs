//! The server side of TLS at our doors: the operator's certificate, read again when its file changes, for it is renewed
//! every few weeks and nobody should have to restart a mail server for it; one that an authority gave us (`acme`); or one of our own making.
//!
//! In: two PEM files, two PEM texts, or a host name. Out: acceptors. Senders of mail that comes back encrypt where they can, and few ask who we
//! are (RFC 3207 §4.1, RFC 7435); a mail program that hands mail in and checks names has to be told to trust a self-made one.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Where a self-made certificate and its key are kept in the data folder, so that whoever trusts it once may go on.
const SELF_MADE: [&str; 2] = ["smtp-certificate.pem", "smtp-key.pem"];

/// A certificate with its key.
pub struct Certificate {
    certificate: PathBuf,
    key: PathBuf,
    current: Mutex<Current>,
}

struct Current {
    acceptors: Acceptors,
    changed_at: Option<SystemTime>,
    looked_at: Instant,
    /// It did not come from the files, which are looked at no more.
    is_held: bool,
}

#[derive(Clone)]
struct Acceptors {
    smtp: TlsAcceptor,
    https: TlsAcceptor,
}

impl Certificate {
    /// Reads both files.
    ///
    /// # Errors
    /// When one cannot be read, or they do not belong together.
    pub fn open(certificate: &Path, key: &Path, now: Instant) -> Result<Self> {
        let acceptors = read(certificate, key)?;
        let current = Current { acceptors, changed_at: changed_at(certificate), looked_at: now, is_held: false };
        Ok(Self { certificate: certificate.to_owned(), key: key.to_owned(), current: Mutex::new(current) })
    }

    /// The certificate that we made for `host` and keep in `folder`, made now where there is none yet. It proves nothing.
    ///
    /// # Errors
    /// When it cannot be made, written or read.
    pub fn self_made(host: &str, folder: &Path, now: Instant) -> Result<Self> {
        let [certificate, key] = SELF_MADE.map(|name| folder.join(name));
        if !(certificate.is_file() && key.is_file()) {
            let made =
                rcgen::generate_simple_self_signed(vec![host.to_owned()]).context("no certificate can be made")?;
            write(&key, &made.signing_key.serialize_pem())?;
            write(&certificate, &made.cert.pem())?;
        }
        Self::open(&certificate, &key, now)
    }

    /// Has the files looked at by the next who asks, however lately they were.
    pub fn look_again(&self) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.looked_at = current.looked_at.checked_sub(LOOK_EVERY).unwrap_or(current.looked_at);
        current.changed_at = None;
    }

    /// Takes this certificate, with its chain, and this key from now on: PEM both.
    ///
    /// # Errors
    /// When they cannot be read, or do not belong together. The one before stays.
    pub fn hold(&self, chain: &str, key: &[u8]) -> Result<()> {
        let chain: Result<Vec<CertificateDer<'static>>, _> = CertificateDer::pem_slice_iter(chain.as_bytes()).collect();
        let chain = chain.context("the certificate cannot be read")?;
        let key = PrivateKeyDer::from_pem_slice(key).context("its key cannot be read")?;
        let acceptors = acceptors(chain, key)?;
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.acceptors = acceptors;
        current.is_held = true;
        Ok(())
    }

    /// For the SMTP doors.
    pub fn smtp(&self, now: Instant) -> TlsAcceptor {
        self.acceptors(now).smtp
    }

    /// For the HTTPS door.
    pub fn https(&self, now: Instant) -> TlsAcceptor {
        self.acceptors(now).https
    }

    /// The server side of TLS with the certificate there is now; with the last good one where a new one cannot be read.
    fn acceptors(&self, now: Instant) -> Acceptors {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if !current.is_held && now.saturating_duration_since(current.looked_at) >= LOOK_EVERY {
            current.looked_at = now;
            let changed_at = changed_at(&self.certificate);
            if changed_at != current.changed_at {
                match read(&self.certificate, &self.key) {
                    Ok(acceptors) => *current = Current { acceptors, changed_at, looked_at: now, is_held: false },
                    Err(error) => tracing::error!("the new certificate is not used: {error:#}"),
                }
            }
        }
        current.acceptors.clone()
    }
}

fn changed_at(file: &Path) -> Option<SystemTime> {
    std::fs::metadata(file).and_then(|facts| facts.modified()).ok()
}

fn read(certificate: &Path, key: &Path) -> Result<Acceptors> {
    let of_certificate = || format!("listen.smtp_certificate: {} cannot be used", certificate.display());
    let of_key = || format!("listen.smtp_key: {} cannot be used", key.display());
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .with_context(of_certificate)?
        .collect::<Result<_, _>>()
        .with_context(of_certificate)?;
    let key = PrivateKeyDer::from_pem_file(key).with_context(of_key)?;
    acceptors(chain, key).with_context(of_certificate)
}

fn acceptors(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Acceptors> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    // TLS 1.0 and 1.1 are gone (RFC 8996).
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    let mut https = config.clone();
    https.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Acceptors { smtp: TlsAcceptor::from(Arc::new(config)), https: TlsAcceptor::from(Arc::new(https)) })
}

/// Writes a file that only the service's own account may read.
fn write(file: &Path, text: &str) -> Result<()> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(file).and_then(|mut open| open.write_all(text.as_bytes()));
    written.with_context(|| format!("{} cannot be written", file.display()))
}
