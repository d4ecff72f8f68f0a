//! One attempt at one message, from its row to its next state.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use standards::address::Address;
use standards::domain::Domain;

use super::choice::{choose, share};
use super::conversation::Envelope;
use super::dial::RelayAddr;
use super::own_relay::NoWay;
use super::pool::{Asker, Attempted, Busy};
use super::pushed;
use super::put_off::Receiver;
use super::route::{Route, Site};
use super::seats::Whose;
use super::stopped::{self, Standing};
use super::texted;
use super::together::{self, Look};
use super::transcript::Transcript;
use super::truth::{self, Untrue};
use super::written::Written;
use super::{Delivery, hold, return_path};
use crate::channel::Channel;
use crate::clock;
use crate::config::Relay;
use crate::id;
use crate::keyring::Key;
use crate::library::{Library, OwnRelay};
use crate::metrics;
use crate::notice::Language;
use crate::notice::catalogue::{Notice, Urgency};
use crate::outcome::{Cause, NoRoute, Outcome, Provider, Said, Stage, judge};
use crate::queue::{Settlement, State, settle};
use crate::reply::Kind as ReplyKind;
use crate::sender::{Plan, Rung, SenderKind};
use crate::store::{Claimed, NO_RELAY, Settled};
use crate::timeline::{Attempt, Entry, What};

/// How soon a message is due again that we failed at, and its receiver did not. Not an attempt.
pub(super) const OUR_FAULT: SignedDuration = SignedDuration::from_mins(1);

/// How soon is looked again whether there is a relay. A process that comes by one calls those who wait.
const WITHOUT_RELAY: SignedDuration = SignedDuration::from_mins(5);
/// How soon a correction is looked at again whose first notice is under way: a conversation takes seconds.
const UNDER_WAY: SignedDuration = SignedDuration::from_secs(3);

/// Why a message is not tried now.
pub(super) enum Not {
    /// It is over, or waits for a person.
    Settled(Box<Settled>),
    /// We are at fault: the words for the log.
    Ours(String),
}

/// Tries `message` once and says what becomes of it.
pub(super) async fn attempt(engine: &Delivery, mut message: Claimed) -> Settled {
    let now = clock::now();
    if ReplyKind::from_notice(&message.notice).is_some() {
        // Somebody's mail passed on as the library would be a forgery; and whoever wrote to the shared address is
        // answered by it.
        let others = [SenderKind::Own, SenderKind::Relay].iter().filter(|kind| !refused(&message).contains(kind));
        let others: Vec<SenderKind> = refused(&message).into_iter().chain(others.copied()).collect();
        message.refused = codes(&others);
    }
    if message.is_erased() {
        let entry = Entry { at: now, what: What::Cancelled { by: "courtesy".to_owned() } };
        return Settled { tried: false, ..ended(&message, State::Cancelled, None, vec![entry], now) };
    }
    if now >= message.deadline {
        let cause = message.last_cause.clone().unwrap_or_else(|| "expired".to_owned());
        let entry = Entry { at: now, what: What::Expired { cause: cause.clone() } };
        // What kept it from going says more than that time ran out.
        let expired = ended(&message, State::Failed, Some(cause), vec![entry], now);
        return Settled { tried: false, ..expired };
    }
    match truth::look(&engine.parts.store, &engine.parts.book, &message, now).await {
        Ok(None) => {}
        Ok(Some(Untrue::Because(why))) => return no_longer_true(&message, why.code(), now),
        Ok(Some(Untrue::NotKnownYet)) => return untried(&message, UNDER_WAY, now),
        Err(error) => {
            tracing::error!(message = %message.id, library = %message.library, %error, "what is known of a request could not be read");
            return untried(&message, OUR_FAULT, now);
        }
    }
    let left_out = match together::look(engine, &mut message, now).await {
        Ok(Look::Tells(left_out)) => left_out,
        Ok(Look::Nothing(settled)) => return *settled,
        Err(error) => {
            tracing::error!(message = %message.id, library = %message.library, %error, "what is told together could not be read");
            return untried(&message, OUR_FAULT, now);
        }
    };
    let sent = match message.channel {
        Channel::Mail => send(engine, &message, now).await,
        Channel::Text => texted::attempt(engine, &message, now).await,
        Channel::Push => pushed::attempt(engine, &message, now).await,
        Channel::Letter => Ok(lettered(&message, now)),
    };
    match sent {
        Ok(settled) => together::without(&left_out, settled),
        Err(Not::Settled(settled)) => *settled,
        Err(Not::Ours(why)) => {
            tracing::error!(message = %message.id, library = %message.library, why, "a message could not be tried");
            engine.parts.metrics.put_off("ours");
            untried(&message, OUR_FAULT, now)
        }
    }
}

/// Over without having left: what it says is no longer so.
fn no_longer_true(message: &Claimed, cause: &str, now: Timestamp) -> Settled {
    let entry = Entry { at: now, what: What::NotSent { cause: cause.to_owned() } };
    let ended = ended(message, State::Cancelled, Some(cause.to_owned()), vec![entry], now);
    Settled { tried: false, ..ended }
}

/// A letter is never sent by us: it waits for whoever prints and posts it.
fn lettered(message: &Claimed, now: Timestamp) -> Settled {
    let held = ended(message, State::Held, Some("letter.to_post".to_owned()), Vec::new(), now);
    Settled { due_at: Some(message.deadline), tried: false, ..held }
}

async fn send(engine: &Delivery, message: &Claimed, now: Timestamp) -> Result<Settled, Not> {
    let parts = &engine.parts;
    let (library, to) = (library(engine, message)?, address(message, now)?);
    let language = Language::from_tag(&message.language).unwrap_or(Language::En);
    let tries = may_leave(engine, message, &to, now).await?;
    let refused = refused(message);
    let route = parts.routes.to(to.domain(), now).await;
    let provider = match &route {
        Ok(route) => engine.provider(route),
        Err(_) => Provider::from_domain(to.domain()),
    };
    let relays = relays(engine, message, &library, now)?;
    let Some(relay) = relay_for(engine, message, &relays, route.as_deref().ok(), now) else {
        return Ok(no_relay(message, now));
    };
    let library = as_sent_by(engine, library, relay, now);
    parts.senders.make_sure(&library, clock::now()).await;
    // What was just looked at is younger than `now`, and a proof from the future proves nothing.
    let plan = parts.senders.plan_for(&library, language, Some(provider), &refused, clock::now());
    let own_relay = library.relay.as_ref().filter(|_| plan.rung == Rung::OwnRelay);
    let receiver = route.as_deref().ok().map(|route| receiver(relay, route, own_relay));
    if let (Ok(route), Some(receiver), None) = (&route, &receiver, own_relay)
        && let Some((said, left)) = parts.pool.paused(route, &receiver.relay)
    {
        // Before anything is written out: a receiver out of reach is to cost little, however many wait for it.
        return Ok(out_of_reach(engine, message, receiver, &judge(&said, provider), left, now));
    }
    let written = Written::of(engine, message, &library, language, now).await?;
    let began = tokio::time::Instant::now();
    let key = key(engine, &plan)?;
    let attempted = match (&route, &receiver) {
        (Ok(route), Some(receiver)) => {
            let write = || Envelope {
                mail_from: Some(mail_from(engine, message, &plan)),
                rcpt_to: to.clone(),
                smtputf8: to.needs_smtputf8() || written.needs_smtputf8(),
                data: written.mail(engine, message, &to, &plan, &library, key.as_deref(), language).into(),
            };
            let sent = match own_relay {
                Some(own) => through_relay(engine, message, &library, own, &write, &receiver.relay).await?,
                None => to_strangers(engine, message, &library, to.domain(), route, write, &receiver.relay).await,
            };
            match sent {
                Ok(attempted) => Some(attempted),
                Err(busy) => return Ok(line_full(engine, message, receiver, busy, now)),
            }
        }
        _ => None,
    };
    let said = said(attempted.as_ref(), route.err())?;
    // What a relay says is in the relay's words, not in those of the patron's provider.
    let speaks = own_relay.map_or(provider, |own| Provider::from_mx([own.host.as_str()]));
    let outcome = judge(&said, speaks);
    if let (Some(attempted), Some(receiver)) = (&attempted, &receiver) {
        if !attempted.asked {
            let left = parts.pool.load(&receiver.relay, &receiver.site).paused.unwrap_or_default();
            return Ok(out_of_reach(engine, message, receiver, &outcome, left, now));
        }
        let who = (speaks, provider.name_or(to.domain().as_str()));
        hold::heard(engine, receiver, who, &said, &outcome, attempted.via.is_some()).await;
        if own_relay.is_none() {
            reached(engine, relay, receiver, &said, attempted.via.is_some());
        }
    }
    let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let relay = own_relay.map_or(&relay.host, |own| &own.host);
    let told = Tried { message, plan: &plan, relay, provider, to: &to, took_ms, tries };
    counted(engine, &told, own_relay.is_some(), &outcome);
    Ok(settled(engine, &library, &told, attempted.as_ref(), &outcome).await)
}

/// Hands the message to the receivers' own hosts, with as much TLS as they and the library want.
async fn to_strangers(
    engine: &Delivery,
    message: &Claimed,
    library: &Library,
    domain: &Domain,
    route: &Route,
    write: impl FnOnce() -> Envelope,
    relay: &RelayAddr,
) -> Result<Attempted, Busy> {
    let parts = &engine.parts;
    let (security, found) = parts.policies.of(domain, route, library.demands_tls, clock::now()).await;
    let asker = Asker { library: &library.code, urgency: Urgency::of(&message.notice) };
    let attempted = parts.pool.deliver(write, route, relay, &security, asker).await?;
    if let Some(found) = &found {
        parts.tls_counts.add(domain, found, &attempted.transcript.sessions, clock::now());
    }
    Ok(attempted)
}

pub(super) fn library(engine: &Delivery, message: &Claimed) -> Result<Arc<Library>, Not> {
    engine.parts.book.library(&message.library).ok_or_else(|| Not::Ours("its library is gone".to_owned()))
}

/// What the attempt came to on the wire, or why there was no wire.
fn said(attempted: Option<&Attempted>, no_route: Option<NoRoute>) -> Result<Said, Not> {
    let said = attempted.map(|attempted| attempted.said.clone());
    said.or(no_route.map(Said::NoRoute)).ok_or_else(|| Not::Ours("a route led nowhere".to_owned()))
}

fn address(message: &Claimed, now: Timestamp) -> Result<Address, Not> {
    Address::parse(&message.address).map_err(|_| {
        let entry = Entry { at: now, what: What::NotSent { cause: "addr.missing".to_owned() } };
        Not::Settled(Box::new(ended(message, State::Failed, Some("addr.missing".to_owned()), vec![entry], now)))
    })
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

/// Who will be asked to take the message.
fn receiver(relay: &Relay, route: &Route, own_relay: Option<&OwnRelay>) -> Receiver {
    let site = own_relay.map_or_else(|| route.site.clone(), |own| Site::of([&own.host]));
    Receiver { relay: speaker(relay), site }
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
    message: &Claimed,
    library: &Library,
    relay: &OwnRelay,
    write: impl Fn() -> Envelope,
    speaker: &RelayAddr,
) -> Result<Result<Attempted, Busy>, Not> {
    match engine.parts.own_relays.submit(library, relay, Urgency::of(&message.notice), speaker, write).await {
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

/// An attempt, as its history tells it.
struct Tried<'a> {
    message: &'a Claimed,
    plan: &'a Plan,
    relay: &'a Domain,
    provider: Provider,
    to: &'a Address,
    took_ms: u64,
    /// The stopped address it tries again, since when it was stopped.
    tries: Option<Timestamp>,
}

/// Counts an attempt: libraries' own relays under one name, and receivers that are no provider of ours as `other`.
fn counted(engine: &Delivery, told: &Tried<'_>, by_own_relay: bool, outcome: &Outcome) {
    let metrics = &engine.parts.metrics;
    metrics.tried(metrics::Tried {
        outcome: word(outcome),
        cause: outcome.cause().map_or("", |cause| cause.code()),
        provider: told.provider.name_or("other"),
        relay: if by_own_relay { "own" } else { told.relay.as_str() },
        took: Duration::from_millis(told.took_ms),
    });
    if matches!(outcome, Outcome::Accepted { .. }) {
        let entry = Notice::from_code(&told.message.notice).ok().and_then(Notice::entry);
        let urgency = entry.map_or(Urgency::Soon, |entry| entry.urgency);
        metrics.accepted_after(urgency.code(), clock::now().duration_since(told.message.created_at).as_secs_f64());
    }
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted { .. } => "accepted",
        Outcome::Deferred { .. } => "deferred",
        Outcome::Refused { .. } => "refused",
    }
}

/// Whether the library still writes to the address; since when it did not, where this message is to try it again.
async fn may_leave(
    engine: &Delivery,
    message: &Claimed,
    to: &Address,
    now: Timestamp,
) -> Result<Option<Timestamp>, Not> {
    match stopped::standing(engine, message, to, now).await.map_err(|error| Not::Ours(error.to_string()))? {
        Standing::Free => Ok(None),
        Standing::Probe(stop) => Ok(Some(stop.since)),
        Standing::Stopped(stop) => {
            let what = What::DoNotSend { because: stop.cause.code().to_owned(), since: stop.since };
            let entries = vec![Entry { at: now, what }];
            let ended = ended(message, State::Suppressed, Some("addr.stopped".to_owned()), entries, now);
            Err(Not::Settled(Box::new(Settled { tried: false, ..ended })))
        }
    }
}

/// The relays by which `message` may leave from here; else what becomes of it.
fn relays(engine: &Delivery, message: &Claimed, library: &Library, now: Timestamp) -> Result<Vec<Relay>, Not> {
    let relays = &engine.parts.relays;
    match relays.whose(library, now) {
        Whose::Ours => Ok(relays.of(library, now)),
        Whose::Others => Err(Not::Settled(Box::new(handed_back(message)))),
        Whose::Nobodys => Err(Not::Settled(Box::new(no_relay(message, now)))),
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

async fn settled(
    engine: &Delivery,
    library: &Library,
    told: &Tried<'_>,
    attempted: Option<&Attempted>,
    outcome: &Outcome,
) -> Settled {
    let (message, parts) = (told.message, &engine.parts);
    let at = clock::now();
    let mut refused = refused(message);
    let by_relay = told.plan.rung == Rung::OwnRelay;
    let blames_sender = |cause: &Cause| cause.is_within("auth") || by_relay && cause.is_within("relay");
    let authentication = outcome.cause().is_some_and(|cause| blames_sender(&cause));
    if by_relay {
        // That the relay took it says nothing about the patron's provider.
        if let Some(cause) = outcome.cause().filter(blames_sender) {
            let reply = match outcome.reply() {
                Some(reply) => reply.to_string(),
                None => parts.own_relays.tokens.trouble(&library.code).await.map(|none| none.0).unwrap_or_default(),
            };
            parts.senders.relay_refused(library, cause, &reply, at).await;
        }
    } else {
        parts.senders.observed(library, told.plan, told.provider, outcome, at).await;
    }
    if authentication && !refused.contains(&told.plan.sender) {
        refused.push(told.plan.sender);
    }
    let another = authentication && {
        // The proof was wrong, or it has changed: look again before choosing the next sender.
        parts.senders.look_again(library).await;
        parts.senders.plan_for(library, Language::En, Some(told.provider), &refused, clock::now()).is_another(&refused)
    };
    let chance = chance();
    let settlement = settle(outcome, message.attempt, at, message.deadline, &engine.schedule, another, chance);
    let mut entries = Vec::from_iter(told.tries.map(|since| Entry { at, what: What::AddressTried { since } }));
    entries.push(Entry { at, what: What::Attempted(Box::new(attempt_entry(told, attempted, outcome))) });
    entries.extend(stopped::learn(engine, message, told.to, outcome, told.tries.is_some(), by_relay, at).await);
    let (state, cause, due_at) = match settlement {
        Settlement::Final { state, cause } => (state, cause, None),
        Settlement::Later { due_at, cause } => (State::Delayed, Some(cause), Some(due_at)),
        Settlement::AnotherSender { cause } => {
            entries.push(Entry { at, what: What::SenderChanged { cause: cause.code().to_owned() } });
            (State::Queued, Some(cause), Some(at))
        }
    };
    // Only refusals that led to another sender are remembered: a later attempt may use the best one again.
    if !another {
        refused = self::refused(message);
    }
    Settled {
        cause: cause.map(|cause| cause.code().to_owned()),
        due_at,
        refused: codes(&refused),
        sender: Some(told.plan.sender.code().to_owned()),
        provider: Some(told.provider.name_or(told.to.domain().as_str()).to_owned()),
        ..ended(message, state, None, entries, at)
    }
}

fn attempt_entry(told: &Tried<'_>, attempted: Option<&Attempted>, outcome: &Outcome) -> Attempt {
    let via = attempted.and_then(|attempted| attempted.via.as_ref());
    Attempt {
        number: told.message.attempt,
        sender: told.plan.sender.code().to_owned(),
        from: told.plan.from.to_string(),
        return_path: told.plan.return_path_domain.to_string(),
        why: told.plan.reason.code.to_owned(),
        relay: told.relay.to_string(),
        source: via.map(|via| via.local.ip().to_string()),
        provider: told.provider.name_or(told.to.domain().as_str()).to_owned(),
        host: via.map(|via| via.host.to_string()),
        outcome: word(outcome).to_owned(),
        cause: outcome.cause().map(|cause| cause.code().to_owned()),
        reply: outcome.reply().map(ToString::to_string),
        tls: via.and_then(|via| via.tls.as_ref()).map(|tls| format!("{} {}", tls.version, tls.cipher)),
        parts: None,
        took_ms: told.took_ms,
        transcript: attempted.map(|attempted| attempted.transcript.as_str().to_owned()).unwrap_or_default(),
    }
}

pub(super) fn ended(
    message: &Claimed,
    state: State,
    cause: Option<String>,
    entries: Vec<Entry>,
    at: Timestamp,
) -> Settled {
    Settled {
        id: message.id,
        attempt: message.attempt,
        tried: true,
        state,
        cause,
        due_at: None,
        refused: message.refused.clone(),
        sender: None,
        provider: None,
        waits_for: None,
        at,
        entries,
    }
}

/// Hands a claimed message back, due now: we stop before its turn came.
pub(super) fn handed_back(message: &Claimed) -> Settled {
    untried(message, SignedDuration::ZERO, clock::now())
}

/// Back into the queue as if it had not been claimed.
pub(super) fn untried(message: &Claimed, wait: SignedDuration, now: Timestamp) -> Settled {
    let state = if message.attempt > 1 { State::Delayed } else { State::Queued };
    let due_at = now.checked_add(wait).unwrap_or(message.deadline).min(message.deadline);
    Settled { due_at: Some(due_at), tried: false, ..ended(message, state, message.last_cause.clone(), Vec::new(), now) }
}

fn refused(message: &Claimed) -> Vec<SenderKind> {
    message.refused.split(',').filter_map(SenderKind::from_code).collect()
}

fn codes(kinds: &[SenderKind]) -> String {
    kinds.iter().map(|kind| kind.code()).collect::<Vec<_>>().join(",")
}

/// Chance in 0..1.
pub(super) fn chance() -> f64 {
    f64::from(u32::from_le_bytes(id::random_bytes())) / f64::from(u32::MAX)
}
