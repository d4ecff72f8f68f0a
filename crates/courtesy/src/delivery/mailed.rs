//! One attempt at a mail: who may take it, through which relay, in whose name; written out, signed, and handed over.
//!
//! In: a claimed message of the channel `mail`. Out: what becomes of it. A receiver that is out of reach, and a line that is full, are no attempt. Not
//! here: the conversation (`pool`), and what its answer means (`judged`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use standards::address::Address;
use standards::domain::Domain;

use super::attempt::{Not, OUR_FAULT, chance, ended, handed_back, library, not_sent, refused, untried};
use super::choice::{choose, share};
use super::conversation::Envelope;
use super::dial::RelayAddr;
use super::judged::{Tried, counted, settled};
use super::own_relay::NoWay;
use super::pool::{Asker, Attempted, Busy};
use super::put_off::Receiver;
use super::route::{Route, Site};
use super::seats::Whose;
use super::standing::Right;
use super::stopped::{self, Standing};
use super::transcript::Transcript;
use super::written::Written;
use super::{Delivery, hold, return_path};
use crate::clock;
use crate::config::Relay;
use crate::keyring::Key;
use crate::library::{Library, OwnRelay};
use crate::notice::Language;
use crate::notice::catalogue::Urgency;
use crate::outcome::{NoRoute, Outcome, Provider, Said, Stage, judge};
use crate::queue::State;
use crate::sender::{Plan, Rung};
use crate::store::{Claimed, NO_RELAY, Settled};
use crate::timeline::{Entry, What};

/// How soon is looked again whether there is a relay. A process that comes by one calls those who wait.
const WITHOUT_RELAY: SignedDuration = SignedDuration::from_mins(5);

/// Tries `message` once.
pub(super) async fn attempt(
    engine: &Delivery,
    message: &Claimed,
    right: &Right,
    now: Timestamp,
) -> Result<Settled, Not> {
    let way = Way::of(engine, message, now).await?;
    let receiver = way.receiver();
    if let (Ok(route), Some(receiver), None) = (&way.route, &receiver, way.own_relay())
        && let Some((said, left)) = engine.parts.pool.paused(route, &receiver.relay)
    {
        // Before anything is written out: a receiver out of reach is to cost little, however many wait for it.
        return Ok(out_of_reach(engine, message, receiver, &judge(&said, way.provider), left, now));
    }
    let written = Written::of(engine, message, &way.library, way.language, now).await?;
    let began = tokio::time::Instant::now();
    let key = key(engine, &way.plan)?;
    let attempted = match (&way.route, &receiver) {
        (Ok(route), Some(receiver)) => {
            match way.hand_over(engine, message, right, route, receiver, (&written, key.as_deref())).await? {
                Ok(attempted) => Some(attempted),
                Err(busy) => return Ok(line_full(engine, message, receiver, busy, now)),
            }
        }
        _ => None,
    };
    let said = said(attempted.as_ref(), way.route.as_ref().err().copied())?;
    // What a relay says is in the relay's words, not in those of the patron's provider.
    let speaks = way.own_relay().map_or(way.provider, |own| Provider::from_mx([own.host.as_str()]));
    let outcome = judge(&said, speaks);
    if let (Some(attempted), Some(receiver)) = (&attempted, &receiver) {
        if !attempted.asked {
            let left = engine.parts.pool.load(&receiver.relay, &receiver.site).paused.unwrap_or_default();
            return Ok(out_of_reach(engine, message, receiver, &outcome, left, now));
        }
        let who = (speaks, way.provider.name_or(way.to.domain().as_str()));
        hold::heard(engine, receiver, who, &said, &outcome, attempted.via.is_some()).await;
        if way.own_relay().is_none() {
            reached(engine, &way.relay, receiver, &said, attempted.via.is_some());
        }
    }
    let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let relay = way.own_relay().map_or(&way.relay.host, |own| &own.host);
    let (plan, to) = (&*way.plan, &way.to);
    let told = Tried { message, plan, relay, provider: way.provider, to, took_ms, tries: way.tries };
    counted(engine, &told, way.own_relay().is_some(), &outcome);
    Ok(settled(engine, &way.library, &told, attempted.as_ref(), &outcome).await)
}

/// What is settled before a mail is written: whom it goes to, by which relay, in whose name.
struct Way {
    /// As it is sent for by `relay`.
    library: Arc<Library>,
    to: Address,
    language: Language,
    route: Result<Arc<Route>, NoRoute>,
    provider: Provider,
    relay: Relay,
    plan: Arc<Plan>,
    /// The stopped address it tries again, since when it was stopped.
    tries: Option<Timestamp>,
}

impl Way {
    async fn of(engine: &Delivery, message: &Claimed, now: Timestamp) -> Result<Self, Not> {
        let parts = &engine.parts;
        let (library, to) = (library(engine, message)?, address(message, now)?);
        let language = Language::from_tag(&message.language).unwrap_or(Language::En);
        let tries = may_leave(engine, message, &to, now).await?;
        let route = parts.routes.to(to.domain(), now).await;
        let provider = match &route {
            Ok(route) => engine.provider(route),
            Err(_) => Provider::from_domain(to.domain()),
        };
        let relays = relays(engine, message, &library, now)?;
        let relay = relay_for(engine, message, &relays, route.as_deref().ok(), now);
        let relay = relay.ok_or_else(|| no_relay(message, now))?.clone();
        let library = as_sent_by(engine, library, &relay, now);
        parts.senders.make_sure(&library, clock::now()).await;
        // What was just looked at is younger than `now`, and a proof from the future proves nothing.
        let plan = parts.senders.plan_for(&library, language, Some(provider), &refused(message), clock::now());
        Ok(Self { library, to, language, route, provider, relay, plan, tries })
    }

    /// The library's own relay, where it goes by that.
    fn own_relay(&self) -> Option<&OwnRelay> {
        self.library.relay.as_ref().filter(|_| self.plan.rung == Rung::OwnRelay)
    }

    /// Who will be asked to take the message; none where there is no route.
    fn receiver(&self) -> Option<Receiver> {
        let route = self.route.as_deref().ok()?;
        let site = self.own_relay().map_or_else(|| route.site.clone(), |own| Site::of([&own.host]));
        Some(Receiver { relay: speaker(&self.relay), site })
    }

    /// Hands the message over, composed and signed when its turn has come.
    async fn hand_over(
        &self,
        engine: &Delivery,
        message: &Claimed,
        right: &Right,
        route: &Route,
        receiver: &Receiver,
        (written, key): (&Written, Option<&Key>),
    ) -> Result<Result<Attempted, Busy>, Not> {
        let Self { library, to, plan, .. } = self;
        let unsigned = AtomicBool::new(false);
        let write = || {
            let mail = written.mail(engine, message, to, plan, library, key, self.language);
            unsigned.store(mail.is_none(), Ordering::Relaxed);
            Some(Envelope {
                mail_from: Some(mail_from(engine, message, plan)),
                rcpt_to: to.clone(),
                smtputf8: to.needs_smtputf8() || written.needs_smtputf8(),
                data: mail?.into(),
            })
        };
        let asker = Asker { library: &library.code, urgency: Urgency::of(&message.notice), right };
        let handed_over = match self.own_relay() {
            Some(own) => through_relay(engine, asker, library, own, &write, &receiver.relay).await?,
            None => to_strangers(engine, asker, library, to.domain(), route, write, &receiver.relay).await,
        };
        if unsigned.load(Ordering::Relaxed) {
            return Err(Not::Ours("its mail could not be signed, and does not leave unsigned".to_owned()));
        }
        Ok(handed_over)
    }
}

/// Hands the message to the receivers' own hosts, with as much TLS as they and the library want.
async fn to_strangers(
    engine: &Delivery,
    asker: Asker<'_>,
    library: &Library,
    domain: &Domain,
    route: &Route,
    write: impl FnOnce() -> Option<Envelope>,
    relay: &RelayAddr,
) -> Result<Attempted, Busy> {
    let parts = &engine.parts;
    let (security, found) = parts.policies.of(domain, route, library.demands_tls, clock::now()).await;
    let attempted = parts.pool.deliver(write, route, relay, &security, asker).await?;
    if let Some(found) = &found {
        parts.tls_counts.add(domain, found, &attempted.transcript.sessions, clock::now());
    }
    Ok(attempted)
}

/// What the attempt came to on the wire, or why there was no wire.
fn said(attempted: Option<&Attempted>, no_route: Option<NoRoute>) -> Result<Said, Not> {
    let said = attempted.map(|attempted| attempted.said.clone());
    said.or(no_route.map(Said::NoRoute)).ok_or_else(|| Not::Ours("a route led nowhere".to_owned()))
}

fn address(message: &Claimed, now: Timestamp) -> Result<Address, Not> {
    Address::parse(&message.address).map_err(|_| not_sent(message, "addr.missing", now).into())
}

/// The key that `plan` signs with; none where it does not sign.
fn key(engine: &Delivery, plan: &Plan) -> Result<Option<Arc<Key>>, Not> {
    let key = engine.parts.keyring.signing(&plan.dkim);
    if key.is_none() && !plan.dkim.is_empty() {
        // Nothing leaves unsigned because a key of ours is missing: that is our fault, and soon mended.
        return Err(Not::Ours(format!("there is no key to sign with for {}", plan.rung.code())));
    }
    Ok(key)
}

/// The receiver could not be reached some seconds ago, and was not asked for this message: no attempt of its own.
fn out_of_reach(
    engine: &Delivery,
    message: &Claimed,
    receiver: &Receiver,
    outcome: &Outcome,
    left: Duration,
    now: Timestamp,
) -> Settled {
    engine.parts.metrics.put_off("out_of_reach");
    let wait = engine.schedule.wait(message.attempt, chance());
    let wait = engine.put_off.out_of_reach(receiver, left, wait, tokio::time::Instant::now());
    let wait = SignedDuration::try_from(wait).unwrap_or(OUR_FAULT);
    let cause = outcome.cause().map(|cause| cause.code().to_owned());
    let waits_for = Some(receiver.key());
    Settled { state: State::Delayed, cause, waits_for, ..untried(message, wait, now) }
}

/// The receiver takes no more for now: the message is called when its line has room.
fn line_full(engine: &Delivery, message: &Claimed, receiver: &Receiver, busy: Busy, now: Timestamp) -> Settled {
    engine.parts.metrics.put_off("line_full");
    engine.put_off.line_full(receiver);
    let wait = SignedDuration::try_from(busy.wait).unwrap_or(OUR_FAULT);
    Settled { waits_for: Some(receiver.key()), ..untried(message, wait, now) }
}

/// Hands the message to the library's own relay.
async fn through_relay(
    engine: &Delivery,
    asker: Asker<'_>,
    library: &Library,
    relay: &OwnRelay,
    write: impl Fn() -> Option<Envelope>,
    speaker: &RelayAddr,
) -> Result<Result<Attempted, Busy>, Not> {
    match engine.parts.own_relays.submit(library, relay, asker, speaker, write).await {
        Ok(attempted) => Ok(attempted),
        Err(no_way) => {
            let mut transcript = Transcript::new(tokio::time::Instant::now());
            if let NoWay::NoToken(why) = &no_way {
                transcript.note(why);
            }
            let said = no_way.into_said(&relay.host).map_err(|error| Not::Ours(error.to_string()))?;
            Ok(Ok(Attempted { said, transcript, via: None, asked: true }))
        }
    }
}

/// Whether the library still writes to the address; since when it did not, where this message is to try it again.
async fn may_leave(
    engine: &Delivery,
    message: &Claimed,
    to: &Address,
    now: Timestamp,
) -> Result<Option<Timestamp>, Not> {
    match stopped::standing(engine, message, to, now).await? {
        Standing::Free => Ok(None),
        Standing::Probe(stop) => Ok(Some(stop.since)),
        Standing::Stopped(stop) => {
            let what = What::DoNotSend { because: stop.cause.code().to_owned(), since: stop.since };
            let entries = vec![Entry { at: now, what }];
            let ended = ended(message, State::Suppressed, Some("addr.stopped".to_owned()), entries, now);
            Err(Settled { tried: false, ..ended }.into())
        }
    }
}

/// The relays by which `message` may leave from here; else what becomes of it.
fn relays(engine: &Delivery, message: &Claimed, library: &Library, now: Timestamp) -> Result<Vec<Relay>, Not> {
    let relays = &engine.parts.relays;
    match relays.whose(library, now) {
        Whose::Ours => Ok(relays.of(library, now)),
        Whose::Others => Err(handed_back(message).into()),
        Whose::Nobodys => Err(no_relay(message, now).into()),
    }
}

/// The library as it is sent for by a relay of another region: what that relay may write has to be proven for it.
fn as_sent_by(engine: &Delivery, library: Arc<Library>, relay: &Relay, now: Timestamp) -> Arc<Library> {
    let home = engine.parts.config.relays_of(&library.region, now);
    if home.iter().any(|known| known.host == relay.host) {
        return library;
    }
    Arc::new(Library { region: relay.region.clone(), ..Library::clone(&library) })
}

/// Relays of a region share its messages; one message stays with one relay, as its greylisting needs. A relay that
/// has no source address of the receiver's family could never bring it there.
fn relay_for<'a>(
    engine: &Delivery,
    message: &Claimed,
    relays: &'a [Relay],
    route: Option<&Route>,
    now: Timestamp,
) -> Option<&'a Relay> {
    let days = engine.parts.config.relays.warm_up_days();
    let dealt = |some: Vec<&'a Relay>| {
        choose(&message.id.to_bytes(), some.into_iter().map(|relay| (relay, share(relay, days, now))))
    };
    let able = relays.iter().filter(|relay| route.is_none_or(|route| speaker(relay).reaches(route))).collect();
    // Where none is able, the attempt says so.
    dealt(able).or_else(|| dealt(relays.iter().collect()))
}

/// No relay may send it at the moment: no attempt of its own.
fn no_relay(message: &Claimed, now: Timestamp) -> Settled {
    Settled { state: State::Delayed, cause: Some(NO_RELAY.to_owned()), ..untried(message, WITHOUT_RELAY, now) }
}

/// Learns of a relay that calls in vain.
fn reached(engine: &Delivery, relay: &Relay, receiver: &Receiver, said: &Said, is_reached: bool) {
    let (relays, now) = (&engine.parts.relays, tokio::time::Instant::now());
    match said {
        _ if is_reached => relays.reached(&relay.host, now),
        Said::Broken { stage: Stage::Connect, .. } => relays.unreached(&relay.host, &receiver.site, now),
        _ => {}
    }
}

fn speaker(relay: &Relay) -> RelayAddr {
    RelayAddr { name: relay.host.clone(), sources: relay.sources.clone() }
}

/// Answers by machine have it too: RFC 3834 §3.3 allows it where nothing that comes back is answered, and SPF proves them by
/// it as it proves notices.
fn mail_from(engine: &Delivery, message: &Claimed, plan: &Plan) -> Address {
    plan.return_path_mailbox
        .clone()
        .unwrap_or_else(|| return_path::write(&engine.parts.secret, message.id, &plan.return_path_domain))
}
