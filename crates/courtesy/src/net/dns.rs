//! The DNS over the network: who answers what `standards` asks.
//!
//! In: a name server (the system's, or any address). Out: answers in which "there is none" is an answer, and only
//! not knowing is an error (SERVFAIL, also for a bogus DNSSEC signature at a validating server; refusal; silence).
//! Names are asked as they are: no search list, no hosts file.
//!
//! Deliberately not here: what the answers mean. Names that never leave a machine (`localhost`, `127.in-addr.arpa`,
//! `invalid`; RFC 6761) are answered by the resolver library itself.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts, ServerOrderingStrategy,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError, NoRecords};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::{Resolver as HickoryResolver, TokioResolver};
use standards::dns::{Answer, Asking, Dns, Found, Mx, NoAnswer};
use standards::domain::Domain;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// How long one question may take, with its repetition and the way over TCP. Longer than a resolver needs to walk
/// from the root to a slow zone; shorter than anyone waits at a page.
pub const QUESTION_TIMEOUT: Duration = Duration::from_secs(5);
/// An answer is not remembered longer than this, whatever its TTL: a mended record is seen within the hour.
pub const TTL_MAX: Duration = Duration::from_hours(1);
/// Answers remembered: some tens for each of a thousand libraries and providers.
pub const ANSWERS_KEPT: u64 = 65_536;
/// Questions under way at once. Each holds a socket, of which a process commonly may have 1,024; the others wait.
pub const QUESTIONS_AT_ONCE: usize = 256;
/// RFC 7208 §4.6.4: a whole SPF check gets no less than 20 seconds.
pub const SPF_CHECK_TIMEOUT: Duration = Duration::from_secs(20);

/// What a [`Resolver`] keeps to.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Time for one question in all.
    pub timeout: Duration,
    /// Longest time an answer is remembered.
    pub ttl_max: Duration,
    /// How many answers are remembered.
    pub answers_kept: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { timeout: QUESTION_TIMEOUT, ttl_max: TTL_MAX, answers_kept: ANSWERS_KEPT }
    }
}

/// There is no resolver: the system's configuration cannot be read, or names no server.
#[derive(Debug, thiserror::Error)]
#[error("no DNS resolver: {0}")]
pub struct NoResolver(String);

/// Asks one set of name servers and remembers their answers. A clone shares the memory.
#[derive(Clone, Debug)]
pub struct Resolver {
    hickory: TokioResolver,
    servers: Vec<NameServerConfig>,
    limits: Limits,
    deadline: Option<Instant>,
    turns: Arc<Semaphore>,
}

impl Resolver {
    /// The name servers of `/etc/resolv.conf`, and nothing else of it.
    ///
    /// # Errors
    /// [`NoResolver`] when the file cannot be read or names no server.
    pub fn system(limits: Limits) -> Result<Self, NoResolver> {
        let (config, _) =
            hickory_resolver::system_conf::read_system_conf().map_err(|error| NoResolver(error.to_string()))?;
        if config.name_servers().is_empty() {
            return Err(NoResolver("the system names no name server".into()));
        }
        Self::build(config.name_servers().to_vec(), limits, Arc::new(Semaphore::new(QUESTIONS_AT_ONCE)))
    }

    /// One name server, by UDP and, for long answers, TCP on the same port.
    ///
    /// # Errors
    /// [`NoResolver`] when the resolver cannot be built.
    pub fn at(server: SocketAddr, limits: Limits) -> Result<Self, NoResolver> {
        let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
            connection.port = server.port();
            connection
        });
        let servers = vec![NameServerConfig::new(server.ip(), true, connections.into())];
        Self::build(servers, limits, Arc::new(Semaphore::new(QUESTIONS_AT_ONCE)))
    }

    /// The same servers with nothing remembered, so that all answers are live. For one check, then dropped: it
    /// remembers what that check asks twice.
    ///
    /// # Errors
    /// [`NoResolver`] when the resolver cannot be built.
    pub fn fresh(&self) -> Result<Self, NoResolver> {
        let fresh = Self::build(self.servers.clone(), self.limits, Arc::clone(&self.turns))?;
        Ok(Self { deadline: self.deadline, ..fresh })
    }

    /// The same resolver, which stops answering at `deadline`: the limit for a check of many questions.
    #[must_use]
    pub fn until(&self, deadline: Instant) -> Self {
        Self { deadline: Some(deadline), ..self.clone() }
    }

    /// The first server that is asked.
    #[must_use]
    pub fn server(&self) -> Option<SocketAddr> {
        let server = self.servers.first()?;
        let port = server.connections.first().map_or(53, |connection| connection.port);
        Some(SocketAddr::new(server.ip, port))
    }

    /// Forgets all answers, for all clones.
    pub fn forget(&self) {
        self.hickory.clear_cache();
    }

    /// The resolver underneath, for libraries that want one and share its memory.
    #[must_use]
    pub fn hickory(&self) -> &TokioResolver {
        &self.hickory
    }

    fn build(servers: Vec<NameServerConfig>, limits: Limits, turns: Arc<Semaphore>) -> Result<Self, NoResolver> {
        let config = ResolverConfig::from_name_servers(servers.clone());
        let mut builder = HickoryResolver::builder_with_config(config, TokioRuntimeProvider::default());
        *builder.options_mut() = options(limits);
        let hickory = builder.build().map_err(|error| NoResolver(error.to_string()))?;
        Ok(Self { hickory, servers, limits, deadline: None, turns })
    }

    /// One question, and the records of its type among the answers.
    async fn ask<T>(
        &self,
        question: Result<Name, String>,
        shown: String,
        kind: RecordType,
        read: impl Fn(&RData) -> Option<T>,
    ) -> Answer<T> {
        let no_answer = |why: String| NoAnswer { name: shown.clone(), kind: kind.into(), why };
        let name = question.map_err(no_answer)?;
        // Waiting for a turn may take as long again as the question.
        let Ok(Ok(_turn)) = tokio::time::timeout_at(self.limit(), self.turns.acquire()).await else {
            return Err(no_answer("too many questions at once".into()));
        };
        if self.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return Err(no_answer("the time for the whole check was over".into()));
        }
        let limit = self.limit();
        let answer = tokio::time::timeout_at(limit, self.hickory.lookup(name.clone(), kind)).await;
        match answer {
            Err(_) => Err(no_answer("no answer in time".into())),
            Ok(Ok(lookup)) => {
                let ttl_s = lookup.answers().iter().map(|record| record.ttl).min().unwrap_or(0);
                let records = lookup.answers().iter().filter_map(|record| read(&record.data)).collect();
                Ok(Found { records, name_exists: true, ttl_s: self.capped(ttl_s) })
            }
            Ok(Err(NetError::Dns(DnsError::NoRecordsFound(none)))) => {
                if kind != RecordType::CNAME && is_bare_denial(&none) && self.is_alias(&name, limit).await {
                    return Err(no_answer("a CNAME leads nowhere or in a circle".into()));
                }
                let name_exists = none.response_code != ResponseCode::NXDomain;
                // RFC 2308 §5: a denial without SOA must not be remembered.
                let ttl_s = self.capped(none.negative_ttl.unwrap_or(0));
                Ok(Found { records: Vec::new(), name_exists, ttl_s })
            }
            Ok(Err(error)) => Err(no_answer(in_words(&error))),
        }
    }

    /// When a thing begun now must be over.
    fn limit(&self) -> Instant {
        let limit = Instant::now() + self.limits.timeout;
        self.deadline.map_or(limit, |deadline| limit.min(deadline))
    }

    /// Whether the name is a CNAME: the library tells a circle of them (RFC 1034 §3.6.2: an error) as "no record".
    async fn is_alias(&self, name: &Name, limit: Instant) -> bool {
        let answer = tokio::time::timeout_at(limit, self.hickory.lookup(name.clone(), RecordType::CNAME)).await;
        matches!(answer, Ok(Ok(lookup)) if lookup.answers().iter().any(|record| matches!(record.data, RData::CNAME(_))))
    }

    fn capped(&self, ttl_s: u32) -> u32 {
        u32::try_from(self.limits.ttl_max.as_secs()).map_or(ttl_s, |max| ttl_s.min(max))
    }
}

impl Dns for Resolver {
    fn txt<'a>(&'a self, name: &'a Domain) -> Asking<'a, Vec<u8>> {
        Box::pin(self.ask(to_name(name), name.to_string(), RecordType::TXT, |data| match data {
            RData::TXT(txt) => Some(txt.txt_data.concat()),
            _ => None,
        }))
    }

    fn a<'a>(&'a self, name: &'a Domain) -> Asking<'a, Ipv4Addr> {
        Box::pin(self.ask(to_name(name), name.to_string(), RecordType::A, |data| match data {
            RData::A(a) => Some(a.0),
            _ => None,
        }))
    }

    fn aaaa<'a>(&'a self, name: &'a Domain) -> Asking<'a, Ipv6Addr> {
        Box::pin(self.ask(to_name(name), name.to_string(), RecordType::AAAA, |data| match data {
            RData::AAAA(aaaa) => Some(aaaa.0),
            _ => None,
        }))
    }

    fn mx<'a>(&'a self, name: &'a Domain) -> Asking<'a, Mx> {
        Box::pin(self.ask(to_name(name), name.to_string(), RecordType::MX, |data| match data {
            // RFC 7505 §3: the root as exchanger says that no mail is taken.
            RData::MX(mx) if mx.exchange.is_root() => Some(Mx { preference: mx.preference, host: None }),
            RData::MX(mx) => Some(Mx { preference: mx.preference, host: Some(to_domain(&mx.exchange)?) }),
            _ => None,
        }))
    }

    fn ptr(&self, ip: IpAddr) -> Asking<'_, Domain> {
        Box::pin(self.ask(Ok(Name::from(ip)), ip.to_string(), RecordType::PTR, |data| match data {
            RData::PTR(ptr) => to_domain(ptr),
            _ => None,
        }))
    }

    fn cname<'a>(&'a self, name: &'a Domain) -> Asking<'a, Domain> {
        Box::pin(self.ask(to_name(name), name.to_string(), RecordType::CNAME, |data| match data {
            RData::CNAME(cname) => to_domain(cname),
            _ => None,
        }))
    }

    fn ns<'a>(&'a self, name: &'a Domain) -> Asking<'a, Domain> {
        Box::pin(self.ask(to_name(name), name.to_string(), RecordType::NS, |data| match data {
            RData::NS(ns) => to_domain(ns),
            _ => None,
        }))
    }
}

fn options(limits: Limits) -> ResolverOpts {
    let mut options = ResolverOpts::default();
    // Two tries fit in the time for one question.
    options.timeout = limits.timeout / 2;
    options.attempts = 1;
    options.edns0 = true;
    options.cache_size = limits.answers_kept;
    options.positive_max_ttl = Some(limits.ttl_max);
    options.negative_max_ttl = Some(limits.ttl_max);
    options.use_hosts_file = ResolveHosts::Never;
    // The administrator's order of servers is kept.
    options.server_ordering_strategy = ServerOrderingStrategy::UserProvidedOrder;
    options
}

/// A denial as no well-kept zone gives it (RFC 2308 §2.2): the name exists, and no SOA says so.
fn is_bare_denial(none: &NoRecords) -> bool {
    none.response_code == ResponseCode::NoError && none.soa.is_none()
}

/// Labels go as octets: the library's own reading of text would refuse or unescape some (RFC 2181 §11).
fn to_name(domain: &Domain) -> Result<Name, String> {
    Name::from_labels(domain.labels().map(str::as_bytes)).map_err(|error| error.to_string())
}

/// None for names that are no text: labels with dots or octets beyond printable ASCII in them.
fn to_domain(name: &Name) -> Option<Domain> {
    let mut labels = Vec::new();
    for label in name.iter() {
        labels.push(std::str::from_utf8(label).ok().filter(|label| !label.contains('.'))?);
    }
    Domain::from_dns(&labels.join(".")).ok()
}

/// What people are told of a failure; never the question, which stands beside it.
fn in_words(error: &NetError) -> String {
    match error {
        NetError::Timeout => "no answer in time".into(),
        NetError::Dns(DnsError::ResponseCode(ResponseCode::ServFail)) => {
            "SERVFAIL: the name server could not find out, or a signature is wrong".into()
        }
        NetError::Dns(DnsError::ResponseCode(ResponseCode::Refused)) => "REFUSED by the name server".into(),
        NetError::Dns(DnsError::ResponseCode(code)) => format!("the name server answered {code}"),
        NetError::NoConnections | NetError::Io(_) => "the name server cannot be reached".into(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
