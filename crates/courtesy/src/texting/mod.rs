//! Text messages: through the gateway that the operator chose, and what comes back from it.
//!
//! In: a number and a text. Out: what the gateway said, as an [`Outcome`], and what it calls the message. Later: its receipts, and what
//! patrons write, of which STOP, START and HELP are obeyed and the rest goes to the library. Not here: what a text says (`notice`),
//! when it leaves and what follows (`delivery`, `queue`).

mod described;
mod incoming;
mod receipt;
mod smpp;
mod twilio;
mod verdict;

use std::sync::Arc;

use rustls::client::ClientConfig;
use tokio::sync::{Semaphore, mpsc};

use crate::channel::{Country, Number};
use crate::config::{Config, Gateway, Role, TextSettings};
use crate::id::MessageId;
use crate::intake::Intake;
use crate::net::https::{Answer, Https, NoAnswer};
use crate::net::smpp as smpp_link;
use crate::outcome::{Cause, Outcome};
use crate::store::Store;
use standards::reply::Reply;

pub use incoming::{Heard, Incoming, Told};
pub use receipt::{News, Receipt};
pub(crate) use receipt::{ends_use, refusal};

/// Text messages under way to a gateway over HTTP at one time: what a gateway's smallest contract takes.
const AT_ONCE: usize = 10;

/// The engine.
pub struct Texts {
    settings: TextSettings,
    public_url: String,
    store: Store,
    https: Https,
    smpp: Option<smpp_link::Gateway>,
    places: Semaphore,
}

/// The connection to a gateway that speaks SMPP, for whoever keeps it.
pub struct Line {
    delivered: mpsc::Receiver<smpp_link::Delivered>,
    keeper: smpp_link::Keeper,
}

impl Line {
    /// Keeps the connection and takes what is delivered, until `stop`.
    pub async fn run(self, texts: Arc<Texts>, intake: Arc<Intake>, stop: impl Future<Output = ()>) {
        let mut listening = tokio::spawn(smpp::listen(texts, intake, self.delivered));
        tokio::select! {
            () = self.keeper.run(stop) => {}
            // Without it nothing that is delivered is heard of: whoever watches us starts again.
            _ = &mut listening => return,
        }
        // It ends when what was delivered is worked off.
        let _ = listening.await;
    }
}

/// A text message about to leave.
#[derive(Clone, Debug)]
pub struct OutText<'a> {
    /// The message it is.
    pub message: MessageId,
    /// To whom.
    pub to: &'a Number,
    /// What it says.
    pub text: &'a str,
}

/// What a gateway said to it.
#[derive(Clone, Debug)]
pub struct Sent {
    /// What that comes to.
    pub outcome: Outcome,
    /// What the gateway calls its parts; receipts name them.
    pub ids: Vec<String>,
    /// The conversation, with numbers left out.
    pub transcript: String,
    /// Who answered.
    pub host: Option<String>,
}

impl Texts {
    /// An engine over these, and the connection that somebody has to keep where the gateway speaks SMPP. `https` may reach the
    /// operator's own servers, for the operator names the gateway; `tls` is for a connection of SMPP.
    #[must_use]
    pub fn new(config: &Config, store: Store, https: Https, tls: &Arc<ClientConfig>) -> (Self, Option<Line>) {
        let settings = config.text.clone();
        let (mut smpp, mut line) = (None, None);
        if settings.gateway == Some(Gateway::Smpp) && config.plays(Role::Deliver) {
            let (gateway, delivered, keeper) = smpp_link::Gateway::new(smpp_link::Settings {
                server: settings.smpp.server.clone(),
                tls: settings.smpp.tls.then(|| Arc::clone(tls)),
                system_id: settings.smpp.system_id.clone(),
                password: settings.smpp.password.clone(),
                system_type: settings.smpp.system_type.clone(),
                window: settings.smpp.window,
                per_second: settings.smpp.per_second,
                enquire_every: settings.smpp.enquire_every,
            });
            (smpp, line) = (Some(gateway), Some(Line { delivered, keeper }));
        }
        let places = Semaphore::new(AT_ONCE);
        (Self { settings, public_url: config.url(), store, https, smpp, places }, line)
    }

    /// The gateway, where there is one.
    #[must_use]
    pub fn gateway(&self) -> Option<Gateway> {
        self.settings.gateway
    }

    /// The country of numbers that come without one.
    #[must_use]
    pub fn country(&self) -> Country {
        self.settings.country.into()
    }

    /// What text messages come from.
    #[must_use]
    pub fn from(&self) -> &str {
        &self.settings.from
    }

    /// Hands a text message to the gateway.
    pub async fn send(&self, text: &OutText<'_>) -> Sent {
        match self.settings.gateway {
            None => Sent::refused("sms.none", "no gateway is set up"),
            Some(Gateway::Twilio) => self.exchange(twilio::request(self, text), twilio::read).await,
            Some(Gateway::Http) => {
                let id = self.settings.http.id.clone();
                self.exchange(described::request(self, text), move |answer| described::read(answer, &id)).await
            }
            Some(Gateway::Smpp) => match &self.smpp {
                Some(gateway) => smpp::send(gateway, &self.settings.from, &self.settings.smpp.server, text).await,
                None => Sent::deferred("sms.gateway", "this process does not send"),
            },
        }
    }

    /// One exchange over HTTP.
    async fn exchange(
        &self,
        request: Result<crate::net::https::Request, NoAnswer>,
        read: impl FnOnce(&Answer) -> (Outcome, Vec<String>),
    ) -> Sent {
        let request = match request {
            Ok(request) => request,
            Err(error) => return Sent::deferred("sms.gateway", &error.to_string()),
        };
        let host = request.url.host_str().map(str::to_owned);
        let path = format!("{} {}", request.method, request.url.path());
        // It is closed by nobody.
        let _place = self.places.acquire().await;
        let sent = match self.https.send(request).await {
            Ok(answer) => {
                let (outcome, ids) = read(&answer);
                let transcript = format!("> {path}\n< {} {}", answer.status, verdict::words(&outcome));
                Sent { outcome, ids, transcript, host: None }
            }
            Err(NoAnswer::TimedOut) => Sent::deferred("net.timeout", &format!("> {path}\n* no answer in time")),
            Err(error) => Sent::deferred("net", &format!("> {path}\n* {error}")),
        };
        Sent { host, ..sent }
    }
}

impl Sent {
    fn refused(cause: &str, why: &str) -> Self {
        let outcome = Outcome::Refused { cause: Cause::of(cause), reply: None };
        Self { outcome, ids: Vec::new(), transcript: format!("* {why}"), host: None }
    }

    fn deferred(cause: &str, why: &str) -> Self {
        let outcome = Outcome::Deferred { cause: Cause::of(cause), reply: None };
        Self { outcome, ids: Vec::new(), transcript: why.to_owned(), host: None }
    }
}

/// A gateway's words as a reply, its code first.
fn reply(code: u16, words: &str) -> Reply {
    // Numbers do not stand in a history that staff of other rooms read.
    Reply::from_lines(code, [verdict::without_numbers(words).as_str()])
}
