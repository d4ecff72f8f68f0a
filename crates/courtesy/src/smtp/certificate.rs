//! The certificate of the SMTP door, read again when its file changes: it is renewed every few weeks, and nobody should
//! have to restart a mail server for it. Where there is none, one of our own making: senders of mail that comes back
//! encrypt where they can, and few ask who we are (RFC 3207 §4.1).

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

/// A certificate with its key.
pub(super) struct Certificate {
    /// Certificate and key; none where it is of our own making.
    files: Option<(PathBuf, PathBuf)>,
    current: Mutex<Current>,
}

struct Current {
    acceptor: TlsAcceptor,
    changed_at: Option<SystemTime>,
    looked_at: Instant,
}

impl Certificate {
    /// Reads both files.
    ///
    /// # Errors
    /// When one cannot be read, or they do not belong together.
    pub(super) fn open(certificate: &Path, key: &Path, now: Instant) -> Result<Self> {
        let acceptor = read(certificate, key)?;
        let current = Current { acceptor, changed_at: changed_at(certificate), looked_at: now };
        Ok(Self { files: Some((certificate.to_owned(), key.to_owned())), current: Mutex::new(current) })
    }

    /// Makes one for `host`, which proves nothing.
    ///
    /// # Errors
    /// When the host's name cannot stand in a certificate.
    pub(super) fn make(host: &str, now: Instant) -> Result<Self> {
        let made = rcgen::generate_simple_self_signed(vec![host.to_owned()])?;
        let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let acceptor = acceptor(vec![made.cert.der().clone()], key)?;
        Ok(Self { files: None, current: Mutex::new(Current { acceptor, changed_at: None, looked_at: now }) })
    }

    /// The server side of TLS with the certificate there is now; with the last good one where a new one cannot be read.
    pub(super) fn acceptor(&self, now: Instant) -> TlsAcceptor {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((certificate, key)) = &self.files
            && now.saturating_duration_since(current.looked_at) >= LOOK_EVERY
        {
            current.looked_at = now;
            let changed_at = changed_at(certificate);
            if changed_at != current.changed_at {
                match read(certificate, key) {
                    Ok(acceptor) => *current = Current { acceptor, changed_at, looked_at: now },
                    Err(error) => tracing::error!("the new SMTP certificate is not used: {error:#}"),
                }
            }
        }
        current.acceptor.clone()
    }
}

fn changed_at(file: &Path) -> Option<SystemTime> {
    std::fs::metadata(file).and_then(|facts| facts.modified()).ok()
}

fn read(certificate: &Path, key: &Path) -> Result<TlsAcceptor> {
    let of_certificate = || format!("listen.smtp_certificate: {} cannot be used", certificate.display());
    let of_key = || format!("listen.smtp_key: {} cannot be used", key.display());
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .with_context(of_certificate)?
        .collect::<Result<_, _>>()
        .with_context(of_certificate)?;
    let key = PrivateKeyDer::from_pem_file(key).with_context(of_key)?;
    acceptor(chain, key).with_context(of_certificate)
}

fn acceptor(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<TlsAcceptor> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    // TLS 1.0 and 1.1 are gone (RFC 8996).
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
