//! The SMTP doors. One takes back what comes back: it is the MX of our bounce domain and of the names that libraries point to us.
//! The others take what libraries' own systems hand in, to be passed on in an honest name.
//!
//! In: connections. Out: mails in the spool of `inbound`, or with `intake`, each on disk before its sender hears 250. Never an open
//! relay: the first takes only addresses that we gave out, and reads what it took; the others take only what a library's key or a
//! listed source address hands in. Not here: what the mails mean.

mod gate;
mod recipient;
mod session;
mod sign_in;
mod submit;
#[cfg(test)]
mod tests;
pub mod tls;
mod wire;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use standards::domain::Domain;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::inbound::spool::Spool;
use crate::secret::Secret;
use gate::Gate;
pub use gate::Limits;
use session::Session;
pub use submit::Desk;
use tls::Certificate;

/// How long we wait after the system had no socket for us (too many open files): long enough not to spin.
const AFTER_TROUBLE: Duration = Duration::from_millis(200);

/// How long conversations may go on after we are told to stop: the mail whose dot has come in is kept and acknowledged.
const STOP_WAIT: Duration = Duration::from_secs(10);

/// The door, before it listens.
pub struct Door {
    host: String,
    certificate: Option<Arc<Certificate>>,
    duty: Duty,
    /// The handshake comes before the greeting (RFC 8314 §3.3), and not by STARTTLS.
    begins_in_tls: bool,
}

/// What a door is for.
enum Duty {
    /// What comes back, for addresses that we gave out.
    TakesBack { secret: Arc<Secret>, spool: Arc<Spool>, complaints_at: Option<Domain> },
    /// What is to be passed on, from those we know.
    Submits(Arc<Desk>),
}

impl Door {
    /// A door that calls itself `host`; without a certificate it offers no STARTTLS.
    #[must_use]
    pub fn new(host: &str, certificate: Option<Arc<Certificate>>, secret: Arc<Secret>, spool: Arc<Spool>) -> Self {
        Self {
            host: host.to_owned(),
            certificate,
            duty: Duty::TakesBack { secret, spool, complaints_at: None },
            begins_in_tls: false,
        }
    }

    /// The same door, which takes complaints at the usual names of `shared` too.
    #[must_use]
    pub fn with_complaints_at(mut self, shared: Domain) -> Self {
        if let Duty::TakesBack { complaints_at, .. } = &mut self.duty {
            *complaints_at = Some(shared);
        }
        self
    }

    /// A submission door: with STARTTLS (port 587), or in TLS from the first octet (port 465).
    #[must_use]
    pub fn submitting(host: &str, certificate: Arc<Certificate>, desk: Arc<Desk>, begins_in_tls: bool) -> Self {
        Self { host: host.to_owned(), certificate: Some(certificate), duty: Duty::Submits(desk), begins_in_tls }
    }

    /// Listens at `address`.
    ///
    /// # Errors
    /// When that address cannot be had.
    pub async fn listen(self, address: SocketAddr, limits: Limits) -> Result<Listening> {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("listen: {address} cannot be listened on for mail"))?;
        let address = listener.local_addr()?;
        Ok(Listening { door: Arc::new(self), gate: Gate::new(limits), listener, address })
    }
}

/// A door that listens.
pub struct Listening {
    door: Arc<Door>,
    gate: Arc<Gate>,
    listener: TcpListener,
    /// Where.
    pub address: SocketAddr,
}

impl Listening {
    /// Takes mail until `stop`.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        let mut talks = JoinSet::new();
        let mut stopping = stop.clone();
        loop {
            let accepted = tokio::select! {
                biased;
                _ = stopping.wait_for(|stop| *stop) => break,
                Some(_) = talks.join_next() => continue,
                accepted = self.listener.accept() => accepted,
            };
            let Ok((stream, peer)) = accepted else {
                tokio::time::sleep(AFTER_TROUBLE).await;
                continue;
            };
            let ip: IpAddr = peer.ip();
            let Some(pass) = self.gate.enter(ip, Instant::now()) else {
                turn_away(&stream);
                continue;
            };
            let (door, stop) = (Arc::clone(&self.door), stop.clone());
            talks.spawn(async move {
                // A conversation that breaks is the client's affair: it tries again.
                let _ = Session::new(&door, &pass, ip, stop).converse(stream).await;
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
