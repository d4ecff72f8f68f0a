//! The SMTP doors. One takes back what comes back: it is the MX of our bounce domain, of the names that libraries point to us, and of
//! the shared domain; or a mail server before us hands such mail on by LMTP. The others take what libraries' own systems hand in, to
//! be passed on in an honest name.
//!
//! In: connections. Out: mails in the spool of `inbound`, or with `intake`, each on disk before its sender hears 250. Never an open
//! relay: the first takes only addresses that we gave out, and reads what it took; the others take only what a library's key or a
//! listed source address hands in. Not here: what the mails mean.

mod gate;
mod receiving;
mod recipient;
mod session;
mod sign_in;
mod signing_in;
mod submit;
#[cfg(test)]
mod tests;
mod wire;

use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::FileTypeExt as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use standards::domain::Domain;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::config::Lmtp;
use crate::inbound::spool::Spool;
use crate::net::serving::Certificate;
use crate::secret::Secret;
use crate::store::Book;
use gate::Gate;
pub use gate::Limits;
use recipient::Shared;
use session::Session;
pub use submit::Desk;

/// How long we wait after the system had no socket for us (too many open files): long enough not to spin.
const AFTER_TROUBLE: Duration = Duration::from_millis(200);

/// How long conversations may go on after we are told to stop: the mail whose dot has come in is kept and acknowledged.
const STOP_WAIT: Duration = Duration::from_secs(10);

/// Large mails taken in at one time: each is held in memory until its dot.
const LARGE_MAILS_MAX: usize = 16;

/// The door, before it listens.
pub struct Door {
    host: String,
    certificate: Arc<Certificate>,
    /// Places for mails that are larger than [`receiving::SMALL_OCTETS`].
    large: Semaphore,
    duty: Duty,
    /// The handshake comes before the greeting (RFC 8314 §3.3), and not by STARTTLS.
    begins_in_tls: bool,
}

/// What a door is for.
enum Duty {
    /// What comes back, for addresses that we gave out and those that anybody may know.
    TakesBack { secret: Arc<Secret>, spool: Arc<Spool>, shared: Shared },
    /// What is to be passed on, from those we know.
    Submits(Arc<Desk>),
}

impl Door {
    /// A door for what comes back, which calls itself `host`.
    #[must_use]
    pub fn new(host: &str, certificate: Arc<Certificate>, secret: Arc<Secret>, spool: Arc<Spool>) -> Self {
        let duty = Duty::TakesBack { secret, spool, shared: Shared::default() };
        let large = Semaphore::new(LARGE_MAILS_MAX);
        Self { host: host.to_owned(), certificate, large, duty, begins_in_tls: false }
    }

    /// The same door, which takes mail for the addresses of libraries at `domain` too, complaints and reports.
    #[must_use]
    pub fn with_libraries(mut self, book: Arc<Book>, domain: Domain) -> Self {
        if let Duty::TakesBack { shared, .. } = &mut self.duty {
            *shared = Shared { domain: Some(domain), libraries: Some(book) };
        }
        self
    }

    /// A submission door: with STARTTLS (port 587), or in TLS from the first octet (port 465).
    #[must_use]
    pub fn submitting(host: &str, certificate: Arc<Certificate>, desk: Arc<Desk>, begins_in_tls: bool) -> Self {
        let large = Semaphore::new(LARGE_MAILS_MAX);
        Self { host: host.to_owned(), certificate, large, duty: Duty::Submits(desk), begins_in_tls }
    }

    /// Listens at `address`.
    ///
    /// # Errors
    /// When that address cannot be had.
    pub async fn listen(self: &Arc<Self>, address: SocketAddr, limits: Limits) -> Result<Listening> {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("listen: {address} cannot be listened on for mail"))?;
        let address = Some(listener.local_addr()?);
        Ok(Listening { door: Arc::clone(self), gate: Gate::new(limits), listener: Listener::Smtp(listener), address })
    }

    /// Listens for a mail server on this machine (RFC 2033). It is trusted to bound what it hands on; what we take is the
    /// same.
    ///
    /// # Errors
    /// When that place cannot be had.
    pub async fn listen_for_lmtp(self: &Arc<Self>, at: &Lmtp) -> Result<Listening> {
        let listener = match at {
            Lmtp::Tcp(address) => {
                let bound = TcpListener::bind(address).await;
                Listener::Lmtp(bound.with_context(|| format!("listen.lmtp: {address} cannot be listened on"))?)
            }
            Lmtp::Unix(path) => {
                // What a process that was killed left behind stands in the way.
                if std::fs::symlink_metadata(path).is_ok_and(|left| left.file_type().is_socket()) {
                    std::fs::remove_file(path)?;
                }
                let bound = UnixListener::bind(path);
                Listener::Unix(bound.with_context(|| format!("listen.lmtp: {} cannot be listened on", path.display()))?)
            }
        };
        let connections_per_source = u32::try_from(Limits::default().connections).unwrap_or(u32::MAX);
        let limits = Limits { connections_per_source, begun_per_minute: u32::MAX, ..Limits::default() };
        Ok(Listening { door: Arc::clone(self), gate: Gate::new(limits), listener, address: None })
    }
}

/// What is listened at.
enum Listener {
    Smtp(TcpListener),
    Lmtp(TcpListener),
    Unix(UnixListener),
}

/// A client that came in.
enum Came {
    Tcp(TcpStream, IpAddr),
    Unix(UnixStream),
}

impl Listener {
    async fn accept(&self) -> std::io::Result<Came> {
        match self {
            Self::Smtp(listener) | Self::Lmtp(listener) => {
                listener.accept().await.map(|(stream, peer)| Came::Tcp(stream, peer.ip()))
            }
            Self::Unix(listener) => listener.accept().await.map(|(stream, _)| Came::Unix(stream)),
        }
    }
}

/// A door that listens.
pub struct Listening {
    door: Arc<Door>,
    gate: Arc<Gate>,
    listener: Listener,
    /// Where the SMTP door listens; none of the LMTP door.
    pub address: Option<SocketAddr>,
}

impl Listening {
    /// Takes mail until `stop`.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        let mut talks = JoinSet::new();
        let mut stopping = stop.clone();
        let by_lmtp = !matches!(self.listener, Listener::Smtp(_));
        loop {
            let accepted = tokio::select! {
                biased;
                _ = stopping.wait_for(|stop| *stop) => break,
                Some(_) = talks.join_next() => continue,
                accepted = self.listener.accept() => accepted,
            };
            let Ok(came) = accepted else {
                tokio::time::sleep(AFTER_TROUBLE).await;
                continue;
            };
            // A socket in the file system is one source.
            let ip = if let Came::Tcp(_, ip) = &came { *ip } else { IpAddr::from([127, 0, 0, 1]) };
            let Some(pass) = self.gate.enter(ip, Instant::now()) else {
                if let Came::Tcp(stream, _) = &came {
                    turn_away(stream);
                }
                continue;
            };
            let (door, stop) = (Arc::clone(&self.door), stop.clone());
            talks.spawn(async move {
                let session = Session::new(&door, &pass, (!by_lmtp).then_some(ip), stop);
                // A conversation that breaks is the client's affair: it tries again.
                let _ = match came {
                    Came::Tcp(stream, _) if by_lmtp => session.converse_by_lmtp(stream).await,
                    Came::Tcp(stream, _) => session.converse(stream).await,
                    Came::Unix(stream) => session.converse_by_lmtp(stream).await,
                };
            });
        }
        drop(self.listener);
        let _ = tokio::time::timeout(STOP_WAIT, async { while talks.join_next().await.is_some() {} }).await;
    }
}

/// RFC 5321 §3.8: 421 in place of a greeting. Nobody waits for it to be read.
fn turn_away(stream: &TcpStream) {
    let _ = stream.try_write(b"421 4.7.0 Too many connections, come back in a minute\r\n");
}
