//! TLS as a client of mail hosts (RFC 3207, RFC 7435).
//!
//! In: an open TCP stream, the name of the host and how much security the message demands. Out: the same stream
//! under TLS 1.2 or 1.3, and the facts for the transcript. Sessions are resumed, per policy and host.
//! Not here: whether STARTTLS was offered, what follows from a failed handshake, and finding out which policy a
//! domain asks for (MTA-STS, DANE): that is `delivery`; holding a certificate to TLSA records is `dane`.

mod tried;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use rustls::client::{ClientConfig, Resumption};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, Error, HandshakeKind, ProtocolVersion, RootCertStore, SupportedProtocolVersion};
use standards::domain::Domain;
use standards::mta_sts::names;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use self::tried::Tried;
use super::dane::{DaneVerifier, Tlsa};
use super::held::{Held, Judge};

/// How much security a conversation needs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub enum Security {
    /// TLS where it is offered and works, with any certificate; else in clear (RFC 7435 §3).
    #[default]
    Opportunistic,
    /// TLS with a certificate that chains to a trusted root, or no delivery (RFC 8461 §4.1, a library's own relay).
    Required {
        /// The name the certificate must carry; none means that of the host we connect to.
        name: Option<Domain>,
    },
    /// What the receivers' domain, or the library, wants of each host.
    Demands(Arc<Demands>),
}

/// What is wanted of the hosts of one domain.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Demands {
    /// The library sends nothing in clear.
    pub encrypted: bool,
    /// The hosts that the domain's MTA-STS policy names (RFC 8461 §4.1), where it is enforced.
    pub sts: Option<Vec<String>>,
    /// The hosts that it names where it is only tried out: mail goes on, and the domain is told what would have failed (RFC 8461 §5).
    pub sts_tried: Option<Vec<String>>,
    /// Hosts with TLSA records that the DNS vouches for; none where it could not be learned whether they have any (RFC 7672 §2.1.2).
    pub dane: Vec<(Domain, Option<Vec<Tlsa>>)>,
}

/// What is wanted of one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Demand {
    /// TLS where it works.
    Nothing,
    /// TLS with any certificate.
    Encrypted,
    /// TLS with a certificate of trust that carries this name; by MTA-STS, or by a setting of the library's relay.
    Named {
        /// The name.
        name: Domain,
        /// Whether MTA-STS wants it.
        by_policy: bool,
    },
    /// TLS with a certificate that one of these vouches for.
    Vouched(Vec<Tlsa>),
    /// TLS where it works, or with any certificate, and a look at what a policy that is tried out would say of it.
    Tried {
        /// Whether the policy names the host.
        named: bool,
        /// The library sends nothing in clear.
        encrypted: bool,
    },
    /// It must not be used: the domain's policy does not name it.
    NotNamed,
    /// It must not be used: whether it has TLSA records could not be learned.
    Unknown,
}

impl Security {
    /// What is wanted of `host`. DANE goes before MTA-STS (RFC 8461 §2).
    #[must_use]
    pub fn at(&self, host: &Domain) -> Demand {
        let demands = match self {
            Self::Opportunistic => return Demand::Nothing,
            Self::Required { name } => {
                let name = name.as_ref().unwrap_or(host).clone();
                return Demand::Named { name, by_policy: false };
            }
            Self::Demands(demands) => demands,
        };
        match (demands.dane.iter().find(|(known, _)| known == host), &demands.sts) {
            (Some((_, Some(records))), _) => Demand::Vouched(records.clone()),
            (Some((_, None)), _) => Demand::Unknown,
            (None, Some(patterns)) if names(patterns, host) => Demand::Named { name: host.clone(), by_policy: true },
            (None, Some(_)) => Demand::NotNamed,
            (None, None) if demands.sts_tried.is_some() => Demand::Tried {
                named: demands.sts_tried.as_ref().is_some_and(|patterns| names(patterns, host)),
                encrypted: demands.encrypted,
            },
            (None, None) if demands.encrypted => Demand::Encrypted,
            (None, None) => Demand::Nothing,
        }
    }
}

impl Demand {
    /// Whether mail may go in clear where there is no TLS.
    #[must_use]
    pub fn allows_clear(&self) -> bool {
        matches!(self, Self::Nothing | Self::Tried { encrypted: false, .. })
    }
}

/// What TLS came to, for the transcript and for TLS reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFacts {
    /// `TLS 1.3` or `TLS 1.2`.
    pub version: &'static str,
    /// The suite by its IANA name.
    pub cipher: &'static str,
    /// Whether the certificate was checked against the roots and the name.
    pub verified: bool,
    /// Whether an earlier session was taken up again.
    pub resumed: bool,
    /// What a policy that is tried out would have said against it, in the words of RFC 8460 §4.3.
    pub would_fail: Option<&'static str>,
}

/// The client side of TLS: two sets of rules, each with its remembered sessions. Cheap to clone.
#[derive(Clone)]
pub struct ClientTls {
    any: Arc<ClientConfig>,
    verified: Arc<ClientConfig>,
    roots: Arc<RootCertStore>,
}

/// Sessions remembered per set of rules: some thousand mail hosts are busy at once in the largest consortium, and
/// a session is about 1 KB.
const SESSIONS_MAX: usize = 4096;

/// TLS 1.0 and 1.1 are gone (RFC 8996).
const VERSIONS: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];

impl ClientTls {
    /// Rules from Mozilla's roots and `extra_roots` (a consortium's own authority, the practice internet's).
    ///
    /// # Errors
    /// An extra root that is not a certificate.
    pub fn new(extra_roots: &[CertificateDer<'static>]) -> Result<Self, Error> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for root in extra_roots {
            roots.add(root.clone())?;
        }
        let roots = Arc::new(roots);
        let mut any = judged_by(Arc::new(Held { judge: AnyCertificate, provider: Arc::clone(&provider) }))?;
        let mut verified = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(VERSIONS)?
            .with_root_certificates(Arc::clone(&roots))
            .with_no_client_auth();
        any.resumption = Resumption::in_memory_sessions(SESSIONS_MAX);
        verified.resumption = Resumption::in_memory_sessions(SESSIONS_MAX);
        Ok(Self { any: Arc::new(any), verified: Arc::new(verified), roots })
    }

    /// Rules for one host that is held to TLSA records. No session is taken up again: the records may have changed since.
    fn vouched(&self, records: &[Tlsa]) -> io::Result<Arc<ClientConfig>> {
        let provider = Arc::clone(self.any.crypto_provider());
        let judge = DaneVerifier { records: records.to_vec(), provider: Arc::clone(&provider) };
        judged_by(Arc::new(Held { judge, provider })).map(Arc::new).map_err(io::Error::other)
    }

    /// Rules under which any certificate is taken, and what is wrong with it is noted. No session is taken up again: each is looked at.
    fn tried(&self) -> io::Result<(Arc<ClientConfig>, Arc<Held<Tried>>)> {
        let provider = Arc::clone(self.any.crypto_provider());
        let judge = Tried::new(Arc::clone(&self.roots), Arc::clone(&provider)).map_err(io::Error::other)?;
        let held = Arc::new(Held { judge, provider });
        Ok((Arc::new(judged_by(Arc::clone(&held)).map_err(io::Error::other)?), held))
    }

    /// The handshake. The caller bounds its time.
    ///
    /// # Errors
    /// The handshake failed or the connection broke; the stream is spent either way.
    pub async fn shake(
        &self,
        stream: TcpStream,
        security: &Security,
        host: &Domain,
        remote: IpAddr,
    ) -> io::Result<(TlsStream<TcpStream>, TlsFacts)> {
        let demand = security.at(host);
        let mut tries = None;
        let (config, name, verified) = match &demand {
            Demand::Tried { .. } => {
                let (config, held) = self.tried()?;
                tries = Some(held);
                (config, host, false)
            }
            Demand::Named { name, .. } => (Arc::clone(&self.verified), name, true),
            Demand::Vouched(records) => (self.vouched(records)?, host, records.iter().any(Tlsa::is_usable)),
            _ => (Arc::clone(&self.any), host, false),
        };
        let name = match ServerName::try_from(name.as_str().to_owned()) {
            Ok(name) => name,
            // A host name the DNS allows and certificates do not: without SNI then, and never verified.
            Err(_) => ServerName::IpAddress(remote.into()),
        };
        let stream = TlsConnector::from(config).connect(name, stream).await?;
        let session = stream.get_ref().1;
        let facts = TlsFacts {
            version: match session.protocol_version() {
                Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
                _ => "TLS 1.2",
            },
            cipher: session.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str()).unwrap_or("unknown"),
            verified,
            resumed: session.handshake_kind() == Some(HandshakeKind::Resumed),
            would_fail: match demand {
                Demand::Tried { named: false, .. } => Some("validation-failure"),
                _ => tries.and_then(|held| held.judge.found()).map(|error| kind_of(&error)),
            },
        };
        Ok((stream, facts))
    }
}

/// Rules under which `held` has the last word on certificates, and no session is taken up again.
fn judged_by<J: Judge + 'static>(held: Arc<Held<J>>) -> Result<ClientConfig, Error> {
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&held.provider))
        .with_protocol_versions(VERSIONS)?
        .dangerous()
        .with_custom_certificate_verifier(held)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// Why a handshake failed, in the words of RFC 8460 §4.3.
#[must_use]
pub fn failure(error: &io::Error) -> &'static str {
    let found = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    found.map_or("validation-failure", kind_of)
}

fn kind_of(error: &Error) -> &'static str {
    let Error::InvalidCertificate(why) = error else { return "validation-failure" };
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "certificate-expired",
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "certificate-host-mismatch"
        }
        CertificateError::UnknownIssuer | CertificateError::BadSignature => "certificate-not-trusted",
        _ => "validation-failure",
    }
}

/// Takes any certificate, but holds the server to its handshake signature: whoever listens in learns nothing, whoever
/// stands in the middle is not found out. That is all opportunistic TLS promises (RFC 7435 §1.2). Most mail hosts
/// carry a name that is not the MX name, and webpki refuses self-signed leaves outright.
#[derive(Debug)]
struct AnyCertificate;

impl Judge for AnyCertificate {
    fn judge(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _now: UnixTime,
    ) -> Result<(), Error> {
        Ok(())
    }
}
