//! HTTPS as a client, for addresses that other people give us: token endpoints, webhooks.
//!
//! In: a method, a URL, headers and a body. Out: status, headers and the whole body, within a time and a length. It
//! follows no redirect, uses no proxy of the environment, keeps no cookies, and speaks to no private address unless
//! that was allowed when it was made: the address is looked at when it is connected to, so a name that changes its
//! mind leads nowhere. Not here: signing, trying again, and what an answer means.

use std::error::Error as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use rustls::RootCertStore;
use rustls::client::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use standards::dns::Dns;
use standards::domain::Domain;

pub use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
pub use reqwest::{Method, Url};

/// How long a connection, with its TLS, may take: a server that is farther away than this is down.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a whole exchange may take. What answers should take the work and do it later.
pub const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(15);

/// The longest answer that is read. Tokens and acknowledgements are a few hundred octets.
pub const ANSWER_OCTETS_MAX: usize = 64 * 1024;

/// Connections kept open to one host, and for how long: bursts use them again.
const IDLE_PER_HOST: usize = 4;
const IDLE_FOR: Duration = Duration::from_secs(60);

/// How far it may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The public internet alone, under TLS.
    Public,
    /// Also private networks, and this very machine without TLS: the operator's own servers, and tests.
    Private,
}

/// An HTTPS client. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Https {
    client: reqwest::Client,
    reach: Reach,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Request {
    /// GET, POST ...
    pub method: Method,
    /// Where, as [`Https::url`] gave it.
    pub url: Url,
    /// What goes with it, its `Content-Type` too.
    pub headers: HeaderMap,
    /// The body; may be empty.
    pub body: Vec<u8>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status: 200, 404 ... A redirect is an answer like any other.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Vec<u8>,
}

/// Why there is no answer. None of them holds the URL or the body, which may be secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// We may not speak to that address.
    #[error("{0}")]
    NotAllowed(String),
    /// Nobody answered in time.
    #[error("no answer in time")]
    TimedOut,
    /// No connection, or no trust in it: the name, the network, the certificate.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// The answer broke off or was no HTTP.
    #[error("the answer broke off: {0}")]
    Broken(String),
    /// The answer is longer than [`ANSWER_OCTETS_MAX`].
    #[error("the answer is longer than {ANSWER_OCTETS_MAX} octets")]
    TooLong,
}

/// The client cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("no HTTPS client: {0}")]
pub struct NoClient(String);

/// TLS as a client that trusts Mozilla's roots and `extra_roots`.
///
/// # Errors
/// [`NoClient`]: an extra root that is not a certificate.
pub fn trusting(extra_roots: &[CertificateDer<'static>]) -> Result<ClientConfig, NoClient> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for root in extra_roots {
        roots.add(root.clone()).map_err(|error| NoClient(error.to_string()))?;
    }
    let versions = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| NoClient(error.to_string()))?;
    Ok(versions.with_root_certificates(roots).with_no_client_auth())
}

impl Https {
    /// A client that trusts Mozilla's roots and `extra_roots`, and finds hosts by `dns`.
    ///
    /// # Errors
    /// [`NoClient`]: an extra root that is not a certificate.
    pub fn new(dns: Arc<dyn Dns>, extra_roots: &[CertificateDer<'static>], reach: Reach) -> Result<Self, NoClient> {
        let mut tls = trusting(extra_roots)?;
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(Arc::new(Guarded { dns, reach }))
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(EXCHANGE_TIMEOUT)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .pool_idle_timeout(IDLE_FOR)
            .user_agent(concat!("courtesy/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| NoClient(in_words(&error)))?;
        Ok(Self { client, reach })
    }

    /// Reads a URL and says at once whether it may ever be spoken to: for whoever sets one. A host given by name is
    /// looked at when it is connected to.
    ///
    /// # Errors
    /// [`NoAnswer::NotAllowed`] with the reason.
    pub fn url(&self, text: &str) -> Result<Url, NoAnswer> {
        let no = |why: &str| NoAnswer::NotAllowed(why.to_owned());
        let url = Url::parse(text).map_err(|error| NoAnswer::NotAllowed(format!("not a URL: {error}")))?;
        self.allowed(&url)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(no("a URL with a name or password in it is not used"));
        }
        Ok(url)
    }

    /// One exchange.
    ///
    /// # Errors
    /// [`NoAnswer`]; a status of any kind is an answer.
    pub async fn send(&self, request: Request) -> Result<Answer, NoAnswer> {
        // Whoever made the request may have changed the URL since it was read.
        self.allowed(&request.url)?;
        let sent = self.client.request(request.method, request.url).headers(request.headers).body(request.body);
        let mut answer = sent.send().await.map_err(why)?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(why)? {
            if body.len() + part.len() > ANSWER_OCTETS_MAX {
                return Err(NoAnswer::TooLong);
            }
            body.extend_from_slice(&part);
        }
        Ok(Answer { status, headers, body })
    }

    fn allowed(&self, url: &Url) -> Result<(), NoAnswer> {
        let no = |why: &str| Err(NoAnswer::NotAllowed(why.to_owned()));
        let Some(host) = url.host_str() else { return no("the URL names no host") };
        // Literal addresses never come to the resolver.
        let literal = host.trim_matches(['[', ']']).parse::<IpAddr>().ok();
        match (url.scheme(), literal, self.reach) {
            ("http", Some(ip), Reach::Private) if ip.is_loopback() => Ok(()),
            ("https", Some(ip), Reach::Public) if !is_public(ip) => no(PRIVATE),
            ("https", _, _) => Ok(()),
            _ => no("the URL must begin with https://"),
        }
    }
}

const PRIVATE: &str = "the host is at a private address";

/// Finds hosts, and keeps to the addresses that may be spoken to.
struct Guarded {
    dns: Arc<dyn Dns>,
    reach: Reach,
}

/// All addresses of a host are private.
#[derive(Debug, thiserror::Error)]
#[error("{PRIVATE}")]
struct IsPrivate;

/// A host has no address.
#[derive(Debug, thiserror::Error)]
#[error("DNS: {0}")]
struct NoAddress(String);

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (dns, reach) = (Arc::clone(&self.dns), self.reach);
        Box::pin(async move {
            let host = Domain::parse(name.as_str()).map_err(|error| NoAddress(error.to_string()))?;
            let (v4, v6) = tokio::join!(dns.a(&host), dns.aaaa(&host));
            let unknown = v4.as_ref().err().or(v6.as_ref().err()).map(|none| none.why.clone());
            let mut addresses: Vec<IpAddr> = Vec::new();
            addresses.extend(v6.into_iter().flat_map(|found| found.records).map(IpAddr::V6));
            addresses.extend(v4.into_iter().flat_map(|found| found.records).map(IpAddr::V4));
            if addresses.is_empty() {
                return Err(NoAddress(unknown.unwrap_or_else(|| "the host has no address".to_owned())).into());
            }
            addresses.retain(|ip| reach == Reach::Private || is_public(*ip));
            if addresses.is_empty() {
                return Err(IsPrivate.into());
            }
            // The port comes from the URL.
            Ok(Box::new(addresses.into_iter().map(|ip| SocketAddr::new(ip, 0))) as Addrs)
        })
    }
}

/// Whether an address is one of the public internet: none of the IANA registries of special-purpose addresses
/// (RFC 6890), in which the operator's own network is, and the clouds' metadata servers.
#[must_use]
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || ip.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        // RFC 7526: the relays of 6to4, which whoever runs one of them answers at.
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19));
    !special
}

/// Global unicast alone (RFC 4291 §2.4), without what carries an IPv4 address that would be reached instead: 6to4 and
/// Teredo. NAT64 and mapped addresses are outside of it.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    let special = a == 0x2002 || (a == 0x2001 && (b < 0x200 || b == 0xdb8)) || (a == 0x3fff && b < 0x1000);
    a & 0xe000 == 0x2000 && !special
}

fn why(error: reqwest::Error) -> NoAnswer {
    let mut cause = error.source();
    while let Some(one) = cause {
        if one.is::<IsPrivate>() {
            return NoAnswer::NotAllowed(PRIVATE.to_owned());
        }
        cause = one.source();
    }
    if error.is_timeout() {
        NoAnswer::TimedOut
    } else if error.is_connect() {
        NoAnswer::Unreachable(in_words(&error))
    } else {
        NoAnswer::Broken(in_words(&error))
    }
}

/// The innermost cause: the outer ones name the URL.
fn in_words(error: &reqwest::Error) -> String {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = error.source();
    let mut words = None;
    while let Some(one) = cause {
        words = Some(one.to_string());
        cause = one.source();
    }
    words.unwrap_or_else(|| "no more is known".to_owned())
}

#[cfg(test)]
mod tests;
