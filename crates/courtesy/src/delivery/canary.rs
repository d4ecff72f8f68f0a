//! Sends test messages through libraries' own relays, when one is set, daily, and after a refusal.
//!
//! In: libraries with a relay and its secret. Out: a mail from the library's own address to an address of ours that only
//! this one test has; and what the relay said to it. What it proves is told when it comes back (`inbound`).

use std::sync::Arc;
use std::time::Duration;

use standards::address::Address;

use super::Parts;
use crate::clock;
use crate::config::Config;
use crate::delivery::compose::{Letter, Origin, compose};
use crate::delivery::conversation::Envelope;
use crate::delivery::dial::RelayAddr;
use crate::delivery::own_relay::{NoWay, OwnRelays};
use crate::delivery::pool::Asker;
use crate::delivery::return_path;
use crate::id::CanaryId;
use crate::library::{Library, OwnRelay};
use crate::notice::catalogue::Urgency;
use crate::outcome::{Outcome, Provider, Said, judge};
use crate::secret::Secret;
use crate::sender::{RelayFound, RelayProof};
use crate::store::Book;
use crate::watch::Senders;

/// Test messages under way at one time.
const SIDE_BY_SIDE: usize = 4;

/// How often it is looked at who is due, when nothing has changed.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// What the engine works with.
pub struct Canaries {
    /// The settings.
    pub config: Arc<Config>,
    /// Libraries.
    pub book: Arc<Book>,
    /// Where what is found goes.
    pub senders: Arc<Senders>,
    /// The installation's secret.
    pub secret: Arc<Secret>,
    /// Libraries' own relays.
    pub own_relays: Arc<OwnRelays>,
}

impl Canaries {
    /// The engine beside that of the notices.
    #[must_use]
    pub fn of(parts: &Parts) -> Self {
        Self {
            config: Arc::clone(&parts.config),
            book: Arc::clone(&parts.book),
            senders: Arc::clone(&parts.senders),
            secret: Arc::clone(&parts.secret),
            own_relays: Arc::clone(&parts.own_relays),
        }
    }

    /// Works until `stop`.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let this = Arc::new(self);
        tokio::pin!(stop);
        loop {
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = this.round() => {}
            }
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = this.senders.relays_changed() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// One test message for each relay that is due.
    async fn round(self: &Arc<Self>) {
        let mut waiting: Vec<Arc<Library>> = self.book.libraries().into_iter().filter(|one| self.is_due(one)).collect();
        let mut going = tokio::task::JoinSet::new();
        loop {
            while going.len() < SIDE_BY_SIDE {
                let Some(library) = waiting.pop() else { break };
                let this = Arc::clone(self);
                going.spawn(async move {
                    if let (Some(relay), Some(from)) = (&library.relay, &library.from) {
                        this.one(&library, relay, from).await;
                    }
                });
            }
            if going.join_next().await.is_none() {
                return;
            }
        }
    }

    fn is_due(&self, library: &Library) -> bool {
        let (Some(relay), Some(from)) = (&library.relay, &library.from) else { return false };
        let relays = self.config.relays_of(&library.region, clock::now());
        if !relays.iter().any(|relay| self.config.is_here(relay)) {
            return false;
        }
        RelayProof::is_due(self.senders.relay_proof(&library.code).as_ref(), relay, from, clock::now())
    }

    async fn one(&self, library: &Library, relay: &OwnRelay, from: &Address) {
        let now = clock::now();
        // What was proven still counts while the next test is on its way; not when the one before it got lost.
        let known = self.senders.relay_proof(&library.code).filter(|known| known.is_about(relay, from));
        let known = known.filter(|known| matches!(known.found, RelayFound::CameThrough { .. }));
        let canary = CanaryId::new(now);
        let proof = RelayProof {
            relay: relay.name(),
            from: from.clone(),
            canary: Some(canary),
            proven_at: known.and_then(|known| known.proven_at),
            found: RelayFound::Waiting,
            at: now,
        };
        // Written before it is sent: it can be back before the relay's answer is read.
        self.senders.learn_relay(library, proof.clone()).await;
        let found = match self.sent(library, relay, from, canary).await {
            Ok(found) => found,
            Err(NoWay::NoSecret) => Some(RelayFound::NoSecret),
            Err(NoWay::NoToken(why)) => Some(RelayFound::NoToken { why: why.to_string() }),
            Err(NoWay::NoHost) => {
                let why =
                    format!("DNS: no address of {} that may be asked (a private one needs https.private)", relay.host);
                Some(RelayFound::Unreachable { why })
            }
            Err(NoWay::Broken(error)) => {
                tracing::error!(library = %library.code, %error, "a relay could not be tried");
                return;
            }
        };
        if let Some(found) = found {
            let proof = RelayProof { canary: None, found, at: clock::now(), ..proof };
            self.senders.learn_of(canary, library, proof).await;
        }
    }

    /// What became of the test message at the relay; none when it is on its way.
    async fn sent(
        &self,
        library: &Library,
        relay: &OwnRelay,
        from: &Address,
        canary: CanaryId,
    ) -> Result<Option<RelayFound>, NoWay> {
        let to = return_path::write_canary(&self.secret, canary, &self.config.shared.bounces());
        let data = letter(library, from, &to, canary, &self.config);
        let data: bytes::Bytes = data.into();
        let envelope =
            || Envelope { mail_from: Some(from.clone()), rcpt_to: to.clone(), smtputf8: false, data: data.clone() };
        let ours = self.config.relays_of(&library.region, clock::now());
        let speaker = ours
            .iter()
            .find(|ours| self.config.is_here(ours))
            .map(|ours| RelayAddr { name: ours.host.clone(), sources: ours.sources.clone() });
        let Some(speaker) = speaker else { return Ok(None) };
        let right = self.own_relays.pool.right(None);
        let asker = Asker { library: &library.code, urgency: Urgency::Now, right: &right };
        let Ok(attempted) = self.own_relays.submit(library, relay, asker, &speaker, envelope).await? else {
            return Ok(Some(RelayFound::Unreachable { why: "busy".to_owned() }));
        };
        let outcome = judge(&attempted.said, Provider::from_mx([relay.host.as_str()]));
        if matches!(outcome, Outcome::Accepted { .. }) {
            return Ok(None);
        }
        Ok(Some(match &attempted.said {
            Said::Replied { reply, .. } => RelayFound::Refused { reply: reply.to_string() },
            Said::Broken { stage, trouble, .. } => RelayFound::Unreachable { why: format!("{stage:?}: {trouble:?}") },
            Said::NoRoute(_) => RelayFound::Unreachable { why: "no route".to_owned() },
        }))
    }
}

/// The test message: it looks like a notice, and says what it is to whoever finds it in the relay's log.
fn letter(library: &Library, from: &Address, to: &Address, canary: CanaryId, config: &Config) -> Vec<u8> {
    let language = library.language_for(None);
    let message_id = format!("{}@{}", canary.bare().to_ascii_lowercase(), config.shared.domain);
    compose(&Letter {
        from,
        from_name: library.from_name(language),
        to,
        reply_to: None,
        message_id: &message_id,
        date: clock::now(),
        language,
        subject: "Test of the library’s mail server / Essai du serveur de courriel",
        text: "This message tests whether notices through this mail server arrive. Nobody has to do anything.\n\n\
               Ce message vérifie que les avis envoyés par ce serveur de courriel arrivent. Il n’y a rien à faire.\n",
        html: None,
        feedback_id: &format!("canary:{}:relay:courtesy", library.code),
        list_unsubscribe: None,
        origin: Origin::Notice,
        headers: &[],
    })
}
