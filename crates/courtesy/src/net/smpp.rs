//! A connection to a text message gateway that speaks SMPP 3.4: bound, kept alive, bound again when it breaks.
//!
//! In: short messages to submit. Out: what the gateway answered to each; and what it delivers, which is acknowledged when whoever
//! listens has it on disk. No more are under way than the window, and no more leave in a second than was agreed; a gateway that
//! says it is throttled is left alone for a moment, and its message is said again. Not here: what statuses mean (`texting`).

mod link;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use rustls::client::ClientConfig;
use rustls::pki_types::ServerName;
use standards::smpp::ShortMessage;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;

use link::{Ended, Link};

/// How long a connection, with its TLS and its bind, may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// Waiting times between connections; the last repeats. A gateway that is restarted is back within seconds.
const AGAIN_AFTER: [Duration; 5] = [
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(30),
];

/// Short messages that wait for the window: beyond, whoever submits waits.
const LINE: usize = 1000;

/// Things delivered that wait to be taken.
const DELIVERED: usize = 100;

/// Where the gateway is and who we are there.
#[derive(Clone)]
pub struct Settings {
    /// Host and port.
    pub server: String,
    /// Under TLS from the start, where this is set.
    pub tls: Option<Arc<ClientConfig>>,
    /// Who we are.
    pub system_id: String,
    /// What proves it.
    pub password: String,
    /// What kind of system we are.
    pub system_type: String,
    /// Most short messages under way unanswered.
    pub window: usize,
    /// Most a second.
    pub per_second: u32,
    /// How often an idle connection is asked whether it is there; also how long an answer may take.
    pub enquire_every: Duration,
}

/// What became of a short message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// The gateway took it, and calls it this.
    Taken(String),
    /// It did not: its status.
    Refused(u32),
    /// There is no connection, or it broke before the answer.
    NoLink(String),
}

/// Something that the gateway delivered. It is acknowledged with what `done` is told: whether it is on disk.
pub struct Delivered {
    /// What.
    pub short: ShortMessage,
    /// Told true, the gateway forgets it; told false, or dropped, it sends it again.
    pub done: oneshot::Sender<bool>,
}

/// A short message on its way, with whom to answer.
pub(super) struct Waiting {
    pub(super) short: ShortMessage,
    pub(super) answer: oneshot::Sender<Submitted>,
    /// How often the gateway has said that it is throttled.
    pub(super) throttled: u32,
}

/// The handle. Cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    line: mpsc::Sender<Waiting>,
    /// Why there is no connection; empty while there is one.
    trouble: Arc<std::sync::Mutex<String>>,
}

impl Gateway {
    /// A gateway by `settings`, what it delivers, and the task that keeps its connection, to be run until it is to stop.
    #[must_use]
    pub fn new(settings: Settings) -> (Self, mpsc::Receiver<Delivered>, Keeper) {
        let (line, waiting) = mpsc::channel(LINE);
        let (deliver, delivered) = mpsc::channel(DELIVERED);
        let trouble = Arc::new(std::sync::Mutex::new("not connected yet".to_owned()));
        let keeper = Keeper { settings, waiting, deliver, trouble: Arc::clone(&trouble) };
        (Self { line, trouble }, delivered, keeper)
    }

    /// Hands a short message in.
    pub async fn submit(&self, short: ShortMessage) -> Submitted {
        let trouble = self.trouble();
        if !trouble.is_empty() {
            return Submitted::NoLink(trouble);
        }
        let (answer, answered) = oneshot::channel();
        if self.line.send(Waiting { short, answer, throttled: 0 }).await.is_err() {
            return Submitted::NoLink("we are stopping".to_owned());
        }
        answered.await.unwrap_or_else(|_| Submitted::NoLink("the connection broke".to_owned()))
    }

    /// Why there is no connection; empty while there is one.
    #[must_use]
    pub fn trouble(&self) -> String {
        self.trouble.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

/// Keeps the connection.
pub struct Keeper {
    settings: Settings,
    waiting: mpsc::Receiver<Waiting>,
    deliver: mpsc::Sender<Delivered>,
    trouble: Arc<std::sync::Mutex<String>>,
}

impl Keeper {
    /// Connects, and connects again when that ends, until `stop`.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        let mut failed = 0;
        loop {
            let connected = tokio::select! {
                biased;
                () = &mut stop => return,
                connected = timeout(CONNECT_TIMEOUT, connect(&self.settings)) => connected,
            };
            let why = match connected {
                Err(_) => "no answer in time".to_owned(),
                Ok(Err(why)) => why,
                Ok(Ok(mut link)) => {
                    failed = 0;
                    self.say(String::new());
                    tracing::info!(server = self.settings.server, "bound to the text message gateway");
                    match link.serve(&mut self.waiting, &self.deliver, &mut stop).await {
                        Ended::Stopped => return,
                        Ended::Broken(why) => why,
                    }
                }
            };
            tracing::warn!(server = self.settings.server, why, "no connection to the text message gateway");
            self.say(why.clone());
            // Whoever came in before that was said is told too, and comes again by the schedule.
            while let Ok(waiting) = self.waiting.try_recv() {
                let _ = waiting.answer.send(Submitted::NoLink(why.clone()));
            }
            let pause = AGAIN_AFTER[failed.min(AGAIN_AFTER.len() - 1)];
            failed += 1;
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = sleep(pause) => {}
            }
        }
    }

    fn say(&self, trouble: String) {
        *self.trouble.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = trouble;
    }
}

/// What a connection is read from and written to.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

async fn connect(settings: &Settings) -> Result<Link, String> {
    let stream = TcpStream::connect(&settings.server).await.map_err(|error| error.to_string())?;
    // Each PDU is waited for.
    let _ = stream.set_nodelay(true);
    let stream: Box<dyn Stream> = match &settings.tls {
        None => Box::new(stream),
        Some(tls) => {
            let host = settings.server.rsplit_once(':').map_or(settings.server.as_str(), |(host, _)| host);
            let name =
                ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).map_err(|error| error.to_string())?;
            let connector = TlsConnector::from(Arc::clone(tls));
            Box::new(connector.connect(name, stream).await.map_err(|error| error.to_string())?)
        }
    };
    Link::bind(stream, settings).await
}
