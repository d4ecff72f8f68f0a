//! The practice internet of the demonstration: a name server, five mailbox providers, nine libraries, the old
//! hosted server and the new service, all on loopback.
//!
//! In: [`Options`], mostly the keys of whoever sends. Out: [`Running`], where to ask DNS, where to send mail, and
//! what became of it. Nothing leaves the machine; dropping [`Running`] ends it all. Not here: the sender.

mod libraries;
mod records;
mod running;

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use standards::domain::Domain;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub use libraries::{LIBRARIES, Library, Situation};
pub use running::Running;

use crate::provider::{Discovery, Family, Mailboxes, Provider, Spec, Verifier};
use crate::{dns, mail};

/// The new service's domain. It has MX, SPF and DMARC p=reject; its DKIM keys come from the caller.
pub const SERVICE: &str = "notices.example";
/// The service's relays `out1` to `out3`: whoever sends for it binds to one of these.
pub const RELAYS: [Ipv4Addr; 3] =
    [Ipv4Addr::new(127, 77, 2, 21), Ipv4Addr::new(127, 77, 2, 22), Ipv4Addr::new(127, 77, 2, 23)];
/// The service's own MX `in1`, for bounces, complaints and replies: listen here on [`Running::smtp_port`].
pub const INBOUND: Ipv4Addr = Ipv4Addr::new(127, 77, 2, 30);
/// Today's hosted service, which sends in every library's name.
pub const OLD_DOMAIN: &str = "hosted-old.example";
/// Its servers `ill1` to `ill3`.
pub const OLD_SERVERS: [Ipv4Addr; 3] =
    [Ipv4Addr::new(127, 77, 2, 10), Ipv4Addr::new(127, 77, 2, 11), Ipv4Addr::new(127, 77, 2, 12)];
/// A source address without a name, which Gmail refuses.
pub const NAMELESS: Ipv4Addr = Ipv4Addr::new(127, 77, 2, 99);

/// How often a port that is free at the first provider may turn out to be taken at another.
const PORT_TRIES: usize = 20;

/// What the caller brings.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// DKIM public keys: the full name, `s1._domainkey.notices.example`, and the TXT there.
    pub dkim: Vec<(Domain, String)>,
    /// What libraries have delegated by CNAME: the full name, and where it points.
    pub delegated: Vec<(Domain, Domain)>,
    /// Providers beside the five.
    pub more_providers: Vec<Spec>,
}

/// Why the practice internet cannot start.
#[derive(Debug, thiserror::Error)]
pub enum CannotStart {
    /// Only one loopback address works here.
    #[error(
        "this machine does not answer on {ip} ({source}). The practice internet tells its servers apart by their \
         127.77.x.y addresses. Linux has them all; on macOS add each first: sudo ifconfig lo0 alias {ip} up"
    )]
    Loopback {
        /// The address that cannot be bound.
        ip: Ipv4Addr,
        /// What the system says.
        source: io::Error,
    },
    /// No port is free at every provider's address.
    #[error("no port is free on all addresses of the practice providers")]
    NoPort,
    /// Anything else.
    #[error(transparent)]
    Broken(#[from] anyhow::Error),
}

/// The five providers of the demonstration. Two discover DMARC policies by tree walk, three by suffix list.
#[must_use]
pub fn providers() -> Vec<Spec> {
    let full = |domain, family, host, discovery| spec(domain, family, host, discovery, true);
    vec![
        full("gmail.example", Family::Gmail, 10, Discovery::TreeWalk),
        full("outlook.example", Family::Outlook, 11, Discovery::SuffixList),
        full("yahoo.example", Family::Yahoo, 12, Discovery::TreeWalk),
        full("icloud.example", Family::Apple, 13, Discovery::SuffixList),
        spec("plain.example", Family::Stock, 14, Discovery::SuffixList, false),
    ]
}

/// A sixth provider, for [`Options::more_providers`]: a Microsoft 365 organization.
#[must_use]
pub fn office() -> Spec {
    spec("office.example", Family::Microsoft365, 15, Discovery::TreeWalk, true)
}

fn spec(domain: &str, family: Family, host: u8, discovery: Discovery, modern: bool) -> Spec {
    Spec {
        domain: Domain::parse(domain).expect("the names above are domain names"),
        family,
        ip: Ipv4Addr::new(127, 77, 1, host),
        discovery,
        starttls: modern,
        smtputf8: modern,
    }
}

/// Starts the practice internet.
///
/// # Errors
/// [`CannotStart`], in words for whoever typed the command.
pub async fn start(options: Options) -> Result<Running, CannotStart> {
    let mut specs = providers();
    specs.extend(options.more_providers);
    let zones = dns::Zones::new();
    records::publish(&zones, &specs).map_err(anyhow::Error::from)?;
    let name_server = dns::Server::start(zones.clone()).await.map_err(anyhow::Error::from)?;
    let (smtp_port, listeners) = bind_all(&specs).await?;
    let verifier = Arc::new(Verifier::new(name_server.address())?);
    let hosts = specs.iter().map(|spec| spec.domain.below("mx1")).collect::<Result<Vec<_>, _>>();
    let hosts = hosts.map_err(anyhow::Error::from)?;
    let tls = mail::acceptor(hosts.iter().map(ToString::to_string).collect())?;
    let mailboxes = Mailboxes::default();
    let mut doors = JoinSet::new();
    let mut providers = Vec::new();
    for ((spec, mx_host), listener) in specs.into_iter().zip(hosts).zip(listeners) {
        let provider = Arc::new(Provider::new(spec, mx_host, Arc::clone(&verifier), mailboxes.clone()));
        doors.spawn(mail::serve(listener, Arc::clone(&provider), tls.clone()));
        providers.push(provider);
    }
    let running = Running { zones, smtp_port, mailboxes, providers, name_server, _doors: doors };
    for (name, txt) in &options.dkim {
        running.put_dkim(name, txt);
    }
    for (name, target) in &options.delegated {
        running.delegate(name, target);
    }
    Ok(running)
}

/// One port for all: a sender then needs one setting to reach any of them.
async fn bind_all(specs: &[Spec]) -> Result<(u16, Vec<TcpListener>), CannotStart> {
    'tries: for _ in 0..PORT_TRIES {
        let mut port = 0;
        let mut listeners = Vec::new();
        for spec in specs {
            match TcpListener::bind((spec.ip, port)).await {
                Ok(listener) => {
                    port = listener.local_addr().map_err(anyhow::Error::from)?.port();
                    listeners.push(listener);
                }
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => continue 'tries,
                Err(source) => return Err(CannotStart::Loopback { ip: spec.ip, source }),
            }
        }
        return Ok((port, listeners));
    }
    Err(CannotStart::NoPort)
}
