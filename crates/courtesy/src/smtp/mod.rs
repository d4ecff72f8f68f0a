//! The SMTP door: takes back what comes back. It is the MX of our bounce domain and of the names that libraries point to
//! us.
//!
//! In: connections. Out: mails in the spool of `inbound`, each on disk before its sender hears 250. Never a relay: only
//! addresses that we gave out are taken, and a mail that was taken is read, never sent. Not here: what the mails mean.

mod gate;
mod recipient;
mod session;
#[cfg(test)]
mod tests;
pub mod tls;
mod wire;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::inbound::spool::Spool;
use crate::secret::Secret;
use gate::Gate;
pub use gate::Limits;
use session::Session;
use tls::Certificate;

/// How long we wait after the system had no socket for us (too many open files): long enough not to spin.
const AFTER_TROUBLE: Duration = Duration::from_millis(200);

/// How long conversations may go on after we are told to stop: the mail whose dot has come in is kept and acknowledged.
const STOP_WAIT: Duration = Duration::from_secs(10);

/// The door, before it listens.
pub struct Door {
    host: String,
    certificate: Option<Arc<Certificate>>,
    secret: Arc<Secret>,
    spool: Arc<Spool>,
}

impl Door {
    /// A door that calls itself `host`; without a certificate it offers no STARTTLS.
    #[must_use]
    pub fn new(host: &str, certificate: Option<Arc<Certificate>>, secret: Arc<Secret>, spool: Arc<Spool>) -> Self {
        Self { host: host.to_owned(), certificate, secret, spool }
    }

    /// Listens at `address`.
    ///
    /// # Errors
    /// When that address cannot be had.
    pub async fn listen(self, address: SocketAddr, limits: Limits) -> Result<Listening> {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("listen.smtp: {address} cannot be listened on"))?;
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
