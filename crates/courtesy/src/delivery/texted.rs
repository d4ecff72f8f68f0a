//! One attempt at a text message, from its row to its next state.
//!
//! In: a claimed message of the channel `text`. Out: what becomes of it. Whether the number may be texted is asked at each attempt,
//! as the do-not-send list is for mail. Not here: the gateway (`texting`), and what is tried next (`ladder`).

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Delivery;
use super::attempt::{Not, chance, ended, not_sent, untried};
use super::standing::Right;
use super::written;
use crate::channel::{Number, Word};
use crate::clock;
use crate::intake::Told;
use crate::library::Library;
use crate::notice::Language;
use crate::notice::catalogue::Notice;
use crate::notice::render::render_sms;
use crate::outcome::Outcome;
use crate::queue::{Settlement, State, settle};
use crate::store::{Claimed, Settled};
use crate::texting::{OutText, Sent, ends_use, refusal};
use crate::timeline::{Attempt, Entry, What};

/// Tries `message` once.
pub(super) async fn attempt(
    engine: &Delivery,
    message: &Claimed,
    right: &Right,
    now: Timestamp,
) -> Result<Settled, Not> {
    let library = super::attempt::library(engine, message)?;
    let Some(number) = Number::from_e164(&message.address) else {
        return Ok(not_sent(message, "sms.missing", now));
    };
    let answers = Word::from_notice(&message.notice);
    let consent = engine.parts.store.consent(&message.library, number.as_str()).await?;
    // Who wrote STOP is told so once, and who asks for help is helped.
    if let Some(refused) = consent.filter(|consent| !consent.given && answers.is_none()) {
        let because = if refused.how == "gateway" { refused.by } else { "sms.stop".to_owned() };
        let entry = Entry { at: now, what: What::DoNotSend { because: because.clone(), since: refused.at } };
        let ended = ended(message, State::Suppressed, Some(because), vec![entry], now);
        return Ok(Settled { tried: false, ..ended });
    }
    let not_before = silent_until(engine, message, &library, now).await?;
    if not_before > now && not_before < message.deadline && answers.is_none() {
        let entry = Entry { at: now, what: What::Waits { until: not_before } };
        let waits = ended(message, State::Queued, None, vec![entry], now);
        return Ok(Settled { due_at: Some(not_before), tried: false, ..waits });
    }
    if engine.parts.texts.gateway().is_none() {
        return Ok(not_sent(message, "sms.none", now));
    }
    let text = match answers {
        Some(word) => answer(word, message, &library),
        None => words(engine, message, &library, &number, now).await?,
    };
    if !right.holds() {
        return Ok(untried(message, super::attempt::OUR_FAULT, now));
    }
    let began = tokio::time::Instant::now();
    let sent = engine.parts.texts.send(&OutText { message: message.id, to: &number, text: &text }).await;
    let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    if let (Some(gateway), Outcome::Accepted { .. }) = (engine.parts.texts.gateway(), &sent.outcome) {
        let (store, ids) = (&engine.parts.store, sent.ids.clone());
        // Without it a receipt finds nothing: the message stays as the gateway's word left it.
        if let Err(error) = store.put_text_parts(gateway.code(), message.library.clone(), message.id, ids, now).await {
            tracing::error!(message = %message.id, %error, "what the gateway calls a text message could not be kept");
        }
    }
    Ok(settled(engine, message, &sent, &text, took_ms).await)
}

/// When it may leave: after the library's quiet hours, and after those that the patron chose.
pub(super) async fn silent_until(
    engine: &Delivery,
    message: &Claimed,
    library: &Library,
    now: Timestamp,
) -> Result<Timestamp, Not> {
    // Whoever waits for a code looks at their telephone now.
    if Notice::from_code(&message.notice).is_ok_and(|notice| notice.status.is_asked_for()) {
        return Ok(now);
    }
    let not_before = library.not_before(now);
    let told: Told = serde_json::from_str(&message.fields).unwrap_or_default();
    let Some(key) = told.patron.key() else { return Ok(not_before) };
    let record = engine.parts.store.patron(&message.library, &key).await?;
    let Some(quiet) = record.and_then(|record| record.quiet) else { return Ok(not_before) };
    let zone = TimeZone::get(&library.time_zone).unwrap_or(TimeZone::UTC);
    // Where one ends the other may have begun, and each ends within a day.
    Ok(library.not_before(quiet.not_before(not_before, &zone)))
}

/// What answers a word that rules our text messages.
fn answer(word: Word, message: &Claimed, library: &Library) -> String {
    let language = Language::from_tag(&message.language).unwrap_or(Language::En);
    standards::sms::plain(&word.answer(library.name.get(language), library.phone.as_deref(), language))
}

/// What the text message says. The first one to a number says how to end them.
async fn words(
    engine: &Delivery,
    message: &Claimed,
    library: &Library,
    number: &Number,
    now: Timestamp,
) -> Result<String, Not> {
    let language = Language::from_tag(&message.language).unwrap_or(Language::En);
    let told: Told = serde_json::from_str(&message.fields)?;
    let made = written::ingredients(engine, message, &told, library, language, now).await?;
    let text = render_sms(&made.words, &made.fields, &made.frame);
    let text = text.map_err(|missing| written::held(message, &missing, now))?;
    let text = text.ok_or_else(|| not_sent(message, "sms.failed", now))?;
    let known = engine.parts.store.was_texted(&message.library, number.as_str()).await?;
    let end = match language {
        Language::En => " Reply STOP to end texts.",
        Language::Fr => " ARRET pour ne plus en recevoir.",
    };
    let end = if known { "" } else { end };
    let link = made.frame.preferences_url.map(|link| format!("{text} {link}{end}"));
    let text = text + end;
    // The link to the patron's own page costs nothing, or is left out.
    let is_free = |with_link: &String| standards::sms::count(with_link) == standards::sms::count(&text);
    Ok(link.filter(is_free).unwrap_or(text))
}

async fn settled(engine: &Delivery, message: &Claimed, sent: &Sent, text: &str, took_ms: u64) -> Settled {
    let at = clock::now();
    let settlement = settle(&sent.outcome, message.attempt, at, message.deadline, &engine.schedule, false, chance());
    if let Outcome::Refused { cause, .. } = &sent.outcome
        && ends_use(*cause)
        && let Err(error) = engine
            .parts
            .store
            .note_refused_text(message.id, message.library.clone(), message.address.clone(), refusal(*cause, at))
            .await
    {
        // The next refusal tells us again.
        tracing::error!(message = %message.id, %error, "a refusal could not be noted");
    }
    let (state, cause, due_at) = match settlement {
        Settlement::Final { state, cause } => (state, cause, None),
        Settlement::Later { due_at, cause } => (State::Delayed, Some(cause), Some(due_at)),
        Settlement::AnotherSender { cause } => (State::Failed, Some(cause), None),
    };
    let gateway = sent.host.clone().unwrap_or_default();
    let attempt = Attempt {
        number: message.attempt,
        sender: "text".to_owned(),
        from: engine.parts.texts.from().to_owned(),
        return_path: String::new(),
        why: "text".to_owned(),
        relay: gateway.clone(),
        source: None,
        provider: gateway.clone(),
        host: sent.host.clone(),
        outcome: sent.outcome.code().to_owned(),
        cause: sent.outcome.cause().map(|cause| cause.code().to_owned()),
        reply: sent.outcome.reply().map(ToString::to_string),
        tls: None,
        parts: Some(standards::sms::count(text)),
        took_ms,
        transcript: sent.transcript.clone(),
    };
    let entries = vec![Entry { at, what: What::Attempted(Box::new(attempt)) }];
    Settled {
        cause: cause.map(|cause| cause.code().to_owned()),
        due_at,
        provider: Some(gateway).filter(|name| !name.is_empty()),
        ..ended(message, state, None, entries, at)
    }
}
