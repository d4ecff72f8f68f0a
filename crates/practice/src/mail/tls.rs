//! Certificates of the practice providers: self-signed, made at start, forgotten at the end.
//!
//! Real MX hosts often show certificates no client can verify; opportunistic TLS (RFC 7435) takes them all.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

/// An acceptor with a fresh self-signed certificate for these host names.
///
/// # Errors
/// When the key cannot be made or is not taken: we are broken.
pub(crate) fn acceptor(hosts: Vec<String>) -> anyhow::Result<TlsAcceptor> {
    let made = rcgen::generate_simple_self_signed(hosts)?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())
        .map_err(|why| anyhow::anyhow!("the fresh key is not taken: {why}"))?;
    let crypto = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(crypto)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
