//! A certificate check that stops nothing: for MTA-STS policies that their domain only tries out (RFC 8461 §5).
//!
//! In: a certificate. Out: what an enforced policy would have said against it.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::ServerCertVerifier;
use rustls::client::{VerifierBuilderError, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{Error, RootCertStore};

use crate::net::held::Judge;

/// Checks one certificate, of one handshake.
#[derive(Debug)]
pub(super) struct Tried {
    strict: Arc<WebPkiServerVerifier>,
    found: Mutex<Option<Error>>,
}

impl Tried {
    pub(super) fn new(roots: Arc<RootCertStore>, provider: Arc<CryptoProvider>) -> Result<Self, VerifierBuilderError> {
        let strict = WebPkiServerVerifier::builder_with_provider(roots, provider).build()?;
        Ok(Self { strict, found: Mutex::default() })
    }

    /// What is wrong with the certificate.
    pub(super) fn found(&self) -> Option<Error> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Judge for Tried {
    fn judge(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        if let Err(error) = self.strict.verify_server_cert(end_entity, intermediates, name, &[], now) {
            *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        }
        Ok(())
    }
}
