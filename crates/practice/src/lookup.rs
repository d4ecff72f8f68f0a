//! The practice providers' DNS client: real queries to the practice name server, never remembered.
//!
//! In: the questions of [`standards::dns::Dns`]. Out: answers as of this very moment; a provider that remembered
//! would hide what a library has just published.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::client::{Client, ClientHandle};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::udp::UdpClientStream;
use hickory_resolver::net::{DnsError, NetError};
use standards::dns::{Answer, Asking, Dns, Found, Mx, NoAnswer};
use standards::domain::Domain;

/// A name server on loopback answers at once or not at all.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a denial without SOA may be remembered: not at all.
const NO_TTL_S: u32 = 0;

/// Where and how the practice providers ask.
pub(crate) fn settings(server: SocketAddr) -> (ResolverConfig, ResolverOpts) {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()]
        .into_iter()
        .map(|mut connection| {
            connection.port = server.port();
            connection
        })
        .collect();
    let server = NameServerConfig::new(server.ip(), true, connections);
    let mut options = ResolverOpts::default();
    options.cache_size = 0;
    options.timeout = PATIENCE;
    options.attempts = 1;
    options.use_hosts_file = ResolveHosts::Never;
    // Without search domains a name is a name; `ndots` would only make a second question of it.
    options.ndots = 0;
    (ResolverConfig::from_parts(None, Vec::new(), vec![server]), options)
}

/// A resolver, as the standards want to ask it.
pub(crate) struct Lookup<'r> {
    pub(crate) resolver: &'r TokioResolver,
    /// The name server itself, for names that the resolver answers without asking.
    pub(crate) server: SocketAddr,
}

impl Lookup<'_> {
    async fn ask<T>(
        &self,
        name: &str,
        kind: RecordType,
        word: &'static str,
        take: impl Fn(&Record) -> Option<T>,
    ) -> Answer<T> {
        let no_answer = |why: String| NoAnswer { name: name.to_owned(), kind: word, why };
        let mut question = Name::from_ascii(name).map_err(|error| no_answer(error.to_string()))?;
        question.set_fqdn(true);
        match self.resolver.lookup(question, kind).await {
            Ok(lookup) => {
                let ttl_s = lookup.answers().iter().map(|record| record.ttl).min().unwrap_or(NO_TTL_S);
                Ok(Found { records: lookup.answers().iter().filter_map(take).collect(), name_exists: true, ttl_s })
            }
            Err(NetError::Dns(DnsError::NoRecordsFound(denial)))
                if matches!(denial.response_code, ResponseCode::NoError | ResponseCode::NXDomain) =>
            {
                let name_exists = denial.response_code == ResponseCode::NoError;
                Ok(Found { records: Vec::new(), name_exists, ttl_s: denial.negative_ttl.unwrap_or(NO_TTL_S) })
            }
            Err(error) => Err(no_answer(error.to_string())),
        }
    }
}

/// A name from an answer; none for what is no domain name, such as the root.
fn domain(name: &Name) -> Option<Domain> {
    Domain::parse(&name.to_ascii()).ok()
}

impl Dns for Lookup<'_> {
    fn txt<'a>(&'a self, name: &'a Domain) -> Asking<'a, Vec<u8>> {
        Box::pin(self.ask(name.as_str(), RecordType::TXT, "TXT", |record| match &record.data {
            RData::TXT(text) => Some(text.txt_data.concat()),
            _ => None,
        }))
    }

    fn a<'a>(&'a self, name: &'a Domain) -> Asking<'a, Ipv4Addr> {
        Box::pin(self.ask(name.as_str(), RecordType::A, "A", |record| match &record.data {
            RData::A(address) => Some(address.0),
            _ => None,
        }))
    }

    fn aaaa<'a>(&'a self, name: &'a Domain) -> Asking<'a, Ipv6Addr> {
        Box::pin(self.ask(name.as_str(), RecordType::AAAA, "AAAA", |record| match &record.data {
            RData::AAAA(address) => Some(address.0),
            _ => None,
        }))
    }

    fn mx<'a>(&'a self, name: &'a Domain) -> Asking<'a, Mx> {
        Box::pin(self.ask(name.as_str(), RecordType::MX, "MX", |record| match &record.data {
            RData::MX(mx) => Some(Mx { preference: mx.preference, host: domain(&mx.exchange) }),
            _ => None,
        }))
    }

    fn ptr(&self, ip: IpAddr) -> Asking<'_, Domain> {
        Box::pin(async move {
            let name = Name::from(ip);
            let no_answer = |why: String| NoAnswer { name: name.to_ascii(), kind: "PTR", why };
            // hickory answers every reverse name of 127/8 itself (RFC 6761 §6.3), and our world lives there: the
            // question goes to the name server without it.
            let stream = UdpClientStream::builder(self.server, TokioRuntimeProvider::default())
                .with_timeout(Some(PATIENCE))
                .build();
            let (mut client, background) = Client::<TokioRuntimeProvider>::from_sender(stream);
            tokio::spawn(background);
            let answer = client.query(name.clone(), DNSClass::IN, RecordType::PTR).await;
            let answer = answer.map_err(|error| no_answer(error.to_string()))?;
            if !matches!(answer.response_code, ResponseCode::NoError | ResponseCode::NXDomain) {
                return Err(no_answer(answer.response_code.to_string()));
            }
            let hosts = answer.answers.iter().filter_map(|record| match &record.data {
                RData::PTR(host) => domain(&host.0),
                _ => None,
            });
            let ttl_s = answer.answers.iter().map(|record| record.ttl).min().unwrap_or(NO_TTL_S);
            let name_exists = answer.response_code == ResponseCode::NoError;
            Ok(Found { records: hosts.collect(), name_exists, ttl_s })
        })
    }

    fn cname<'a>(&'a self, name: &'a Domain) -> Asking<'a, Domain> {
        Box::pin(self.ask(name.as_str(), RecordType::CNAME, "CNAME", |record| match &record.data {
            RData::CNAME(target) => domain(&target.0),
            _ => None,
        }))
    }

    fn ns<'a>(&'a self, name: &'a Domain) -> Asking<'a, Domain> {
        Box::pin(self.ask(name.as_str(), RecordType::NS, "NS", |record| match &record.data {
            RData::NS(host) => domain(&host.0),
            _ => None,
        }))
    }
}
