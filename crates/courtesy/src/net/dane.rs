//! Certificates that the DNS vouches for (RFC 7672, RFC 6698): whether what a host shows is what its TLSA records promise.
//!
//! In: TLSA records that a validating resolver vouched for. Out: a certificate verifier. Usages 2 and 3 count; the others name public
//! authorities, which mail hosts are not held to (RFC 7672 §3.1.3).

#[cfg(test)]
mod tests;

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, Error, RootCertStore};
use webpki::EndEntityCert;

use super::held::Judge;

/// One TLSA record.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tlsa {
    /// 2: an authority of the host's chain; 3: the host's own certificate.
    pub usage: u8,
    /// 0: the whole certificate; 1: its public key.
    pub selector: u8,
    /// 0: as it is; 1: SHA-256; 2: SHA-512.
    pub matching: u8,
    /// What must be found.
    pub data: Vec<u8>,
}

/// As a zone file has it (RFC 6698 §2.2).
impl std::fmt::Display for Tlsa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {} ", self.usage, self.selector, self.matching)?;
        self.data.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl Tlsa {
    /// Whether we can hold a host to it.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        let long_enough = match self.matching {
            1 => self.data.len() == 32,
            2 => self.data.len() == 64,
            _ => !self.data.is_empty(),
        };
        matches!(self.usage, 2 | 3) && self.selector <= 1 && self.matching <= 2 && long_enough
    }

    fn fits(&self, certificate: &CertificateDer<'_>) -> bool {
        let selected = match self.selector {
            0 => certificate.to_vec(),
            _ => match EndEntityCert::try_from(certificate) {
                Ok(read) => read.subject_public_key_info().to_vec(),
                Err(_) => return false,
            },
        };
        match self.matching {
            0 => selected == self.data,
            1 => digest(&SHA256, &selected).as_ref() == self.data,
            _ => digest(&SHA512, &selected).as_ref() == self.data,
        }
    }
}

/// Holds a host to the usable ones among its TLSA records; with none of them usable any certificate will do, under TLS all the
/// same (RFC 7672 §2.2).
#[derive(Debug)]
pub(super) struct DaneVerifier {
    pub(super) records: Vec<Tlsa>,
    pub(super) provider: Arc<CryptoProvider>,
}

impl DaneVerifier {
    /// Whether an authority that a record names vouches for the host's certificate, for this name and now.
    fn vouched(
        &self,
        record: &Tlsa,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> bool {
        let mut roots = RootCertStore::empty();
        for shown in intermediates.iter().filter(|shown| record.fits(shown)) {
            let _ = roots.add(shown.clone().into_owned());
        }
        if (record.selector, record.matching) == (0, 0) {
            // The record is the certificate: the host need not show it (RFC 7672 §3.1.2).
            let _ = roots.add(CertificateDer::from(record.data.clone()));
        }
        if roots.is_empty() {
            return false;
        }
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&self.provider)).build();
        verifier.is_ok_and(|verifier| verifier.verify_server_cert(end_entity, intermediates, name, &[], now).is_ok())
    }
}

impl Judge for DaneVerifier {
    fn judge(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        let mut usable = self.records.iter().filter(|record| record.is_usable()).peekable();
        let fits = |record: &Tlsa| match record.usage {
            // RFC 7672 §3.1.1: neither name nor dates are looked at.
            3 => record.fits(end_entity),
            _ => self.vouched(record, end_entity, intermediates, name, now),
        };
        if usable.peek().is_none() || usable.any(fits) {
            Ok(())
        } else {
            Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
        }
    }
}
