//! One attempt at a notification, from its row to its next state: to every device of the patron at once.
//!
//! In: a claimed message of the channel `push`. Out: what becomes of it. It was taken where one device's push service took it; a device
//! that is gone is forgotten. Which devices there are is asked at each attempt. Not here: push services (`push`), and what is tried
//! next (`intake`).

use std::time::Duration;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::Delivery;
use super::attempt::{Not, chance, ended, not_sent, untried};
use super::standing::Right;
use super::written;
use crate::clock;
use crate::intake::Told;
use crate::library::Library;
use crate::metrics;
use crate::notice::Language;
use crate::notice::catalogue::Urgency;
use crate::notice::render::render_push;
use crate::outcome::{Cause, Outcome};
use crate::push::{OutPush, Sent, Shown, receipt};
use crate::queue::{Settlement, State, settle};
use crate::store::{Claimed, Settled, Subscription};
use crate::timeline::{Attempt, Entry, What};

/// Tries `message` once.
pub(super) async fn attempt(
    engine: &Delivery,
    message: &Claimed,
    right: &Right,
    now: Timestamp,
) -> Result<Settled, Not> {
    let library = super::attempt::library(engine, message)?;
    let told: Told = serde_json::from_str(&message.fields)?;
    let key = told.patron.key().unwrap_or_default();
    let devices = engine.parts.store.subscriptions_of(&message.library, &key).await?;
    if devices.is_empty() {
        // There is no device left.
        return Ok(not_sent(message, "push.none", now));
    }
    let not_before = super::texted::silent_until(engine, message, &library, now).await?;
    if not_before > now && not_before < message.deadline {
        let entry = Entry { at: now, what: What::Waits { until: not_before } };
        let waits = ended(message, State::Queued, None, vec![entry], now);
        return Ok(Settled { due_at: Some(not_before), tried: false, ..waits });
    }
    let shown = shown(engine, message, &told, &library, now).await?;
    if !right.holds() {
        return Ok(untried(message, super::attempt::OUR_FAULT, now));
    }
    let push = OutPush { shown: &shown, topic: &shown.tag, urgency: urgency(message), keep: keep(message, now) };
    let began = tokio::time::Instant::now();
    let sent = join_all(devices.iter().map(|device| engine.parts.pushes.send(device, &push))).await;
    // A device whose key is lost keeps nobody else's notification from counting; without any key nothing was sent.
    if let Some(Err(error)) = sent.first()
        && sent.iter().all(Result::is_err)
    {
        return Err(Not::Ours(error.to_string()));
    }
    let sent: Vec<Sent> = sent.into_iter().map(|sent| sent.unwrap_or_else(|error| Sent::unsigned(&error))).collect();
    let took = began.elapsed();
    learn(engine, &devices, &sent, clock::now()).await;
    Ok(settled(engine, message, sent, took))
}

/// What shows on the screens. Words without a line for them show what the notice is called.
async fn shown(
    engine: &Delivery,
    message: &Claimed,
    told: &Told,
    library: &Library,
    now: Timestamp,
) -> Result<Shown, Not> {
    let language = Language::from_tag(&message.language).unwrap_or(Language::En);
    let made = written::ingredients(engine, message, told, library, language, now).await?;
    let text = render_push(&made.words, &made.fields, &made.frame);
    let text = text.map_err(|missing| written::held(message, &missing, now))?;
    let entry = made.words.notice.entry();
    let text = text.or_else(|| entry.map(|entry| entry.label(language).to_owned())).unwrap_or_default();
    let receipt = receipt::write(&engine.parts.secret, message.id);
    Ok(Shown {
        title: made.frame.library_name.clone(),
        body: text,
        navigate: format!("{}/push/open/{receipt}", engine.parts.config.url()),
        language,
        tag: engine.parts.pushes.topic(message.library.as_str(), &message.request),
        receipt,
    })
}

/// RFC 8030 §5.3: what somebody waits for may wake a telephone that saves its battery.
fn urgency(message: &Claimed) -> &'static str {
    match Urgency::of(&message.notice) {
        Urgency::Now => "high",
        Urgency::Soon => "normal",
        Urgency::Routine => "low",
    }
}

/// How long a service keeps it for a device that is off: until our deadline, and no longer than until the next way takes its place,
/// so that nobody is told twice. What is late already is kept for no moment (RFC 8030 §5.2): it shows at once or not at all.
fn keep(message: &Claimed, now: Timestamp) -> Duration {
    let end = message.next_way_at.map_or(message.deadline, |next_way| next_way.min(message.deadline));
    Duration::try_from(end.duration_since(now)).unwrap_or_default()
}

/// Forgets devices that are gone, and notes which are in use.
async fn learn(engine: &Delivery, devices: &[Subscription], sent: &[Sent], now: Timestamp) {
    let store = &engine.parts.store;
    for (device, sent) in devices.iter().zip(sent) {
        let learned = if sent.is_gone {
            store.forget_device(device.library.clone(), device.digest).await
        } else if matches!(sent.outcome, Outcome::Accepted { .. }) {
            store.subscription_used(device.library.clone(), device.number.clone(), device.digest, now).await
        } else {
            Ok(())
        };
        if let Err(error) = learned {
            // The next notification tells us again.
            tracing::error!(library = %device.library, %error, "what became of a device could not be kept");
        }
    }
}

/// What it comes to for all devices together: taken, where one was; else to be tried again, where one may be.
fn together(sent: &[Sent]) -> Outcome {
    let is_taken = |one: &&Sent| matches!(one.outcome, Outcome::Accepted { .. });
    let may_be = |one: &&Sent| matches!(one.outcome, Outcome::Deferred { .. });
    let best = sent.iter().find(is_taken).or_else(|| sent.iter().find(may_be)).or(sent.first());
    // Without a device nothing is sent.
    best.map_or(Outcome::Refused { cause: Cause::of("push.none"), reply: None }, |one| one.outcome.clone())
}

fn settled(engine: &Delivery, message: &Claimed, sent: Vec<Sent>, took: Duration) -> Settled {
    let at = clock::now();
    let outcome = together(&sent);
    let wait = sent.iter().filter_map(|one| one.wait).min();
    let settlement = settle(&outcome, message.attempt, at, message.deadline, &engine.schedule, false, chance());
    let (state, cause, due_at) = match settlement {
        Settlement::Final { state, cause } => (state, cause, None),
        Settlement::Later { due_at, cause } => {
            // RFC 8030 §8.4: a service that is asked to be left alone is.
            let asked = wait.and_then(|wait| at.checked_add(SignedDuration::try_from(wait).ok()?).ok());
            let due_at = asked.map_or(due_at, |asked| due_at.max(asked).min(message.deadline));
            (State::Delayed, Some(cause), Some(due_at))
        }
        Settlement::AnotherSender { cause } => (State::Failed, Some(cause), None),
    };
    let of_outcome = |one: &&Sent| one.outcome.code() == outcome.code();
    let host = sent.iter().find(of_outcome).map(|one| one.host.clone()).unwrap_or_default();
    engine.parts.metrics.tried(metrics::Tried {
        outcome: outcome.code(),
        cause: outcome.cause().map_or("", |cause| cause.code()),
        provider: "push",
        relay: "push",
        took,
    });
    let attempt = Attempt {
        number: message.attempt,
        sender: "push".to_owned(),
        from: String::new(),
        return_path: String::new(),
        why: "push".to_owned(),
        relay: host.clone(),
        source: None,
        provider: host.clone(),
        host: Some(host.clone()).filter(|host| !host.is_empty()),
        outcome: outcome.code().to_owned(),
        cause: outcome.cause().map(|cause| cause.code().to_owned()),
        reply: outcome.reply().map(ToString::to_string),
        tls: None,
        parts: None,
        took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        transcript: sent.iter().map(|one| one.said.as_str()).collect::<Vec<_>>().join("\n"),
    };
    let entries = vec![Entry { at, what: What::Attempted(Box::new(attempt)) }];
    Settled {
        cause: cause.map(|cause| cause.code().to_owned()),
        due_at,
        provider: Some(host).filter(|name| !name.is_empty()),
        ..ended(message, state, None, entries, at)
    }
}
