//! Idempotency-Keys: what a caller's repeated request is answered.
//!
//! In: keys with the hash of the body they came with. Out: the answer of the first time, word for word; or that the key stood for another body.

use jiff::Timestamp;

use super::accept::{Accepted, NewEvent};
use super::engine::Tx;
use super::statement::query;
use super::{Result, Store, StoreError};
use crate::clock::micros;

/// An Idempotency-Key with what it stands for.
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// The API key that used it.
    pub holder: String,
    /// The key.
    pub key: String,
    /// Hash of the request's body.
    pub body_hash: [u8; 32],
    /// The answer, to be repeated word for word.
    pub answer: String,
}

impl Store {
    /// Forgets answers to Idempotency-Keys that were given before `before`.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn forget_answers(&self, before: Timestamp) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query("delete from idempotency where at < $1").bind(micros(before)).execute(&mut *tx).await?;
                    Ok(())
                })
            })
            .await
    }
}

/// What an event gets whose Idempotency-Key came with `first` in the same transaction, and was not known before.
pub(super) fn second_with(event: &NewEvent, first: &NewEvent, got: Option<&Accepted>) -> Option<Accepted> {
    let (given, before) = (event.idempotency.as_ref()?, first.idempotency.as_ref()?);
    Some(match got {
        // The first was told before without this key: so was this one, if it is the same.
        Some(known @ Accepted::Known { .. }) if given.body_hash == before.body_hash => known.clone(),
        _ => repeated(given, &before.body_hash, &before.answer),
    })
}

/// What a second use of an Idempotency-Key comes to.
fn repeated(given: &Idempotency, hash: &[u8], answer: &str) -> Accepted {
    if hash == given.body_hash { Accepted::Replayed { answer: answer.to_owned() } } else { Accepted::KeyReused }
}

/// The answer that `given` was answered with before.
pub(super) async fn stored_answer(tx: &mut Tx, given: &Idempotency) -> Result<Option<Accepted>> {
    let row = query("select body_hash, answer from idempotency where holder = $1 and key = $2")
        .bind(&given.holder)
        .bind(&given.key)
        .fetch_optional(&mut *tx)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let answer: String = row.try_get(1)?;
    let same_body = row.try_get::<Vec<u8>>(0)? == given.body_hash;
    // The event was known before its key: what became of it is looked up again.
    if same_body && answer.is_empty() {
        return Ok(None);
    }
    // An answer names its event: this one is the event's own, written in a transaction whose end nobody told us.
    Ok(if answer == given.answer { None } else { Some(repeated(given, &row.try_get::<Vec<u8>>(0)?, &answer)) })
}

/// Keeps Idempotency-Keys that came with an event told before, so that no other event goes by them. They have no answer of
/// their own: the event is looked up each time.
pub(super) async fn keep_keys(tx: &mut Tx, events: &[&NewEvent]) -> Result<()> {
    for event in events {
        let Some(given) = &event.idempotency else { continue };
        query(
            "insert into idempotency (holder, key, body_hash, answer, at) values ($1, $2, $3, '', $4) \
             on conflict (holder, key) do nothing",
        )
        .bind(&given.holder)
        .bind(&given.key)
        .bind(given.body_hash)
        .bind(micros(event.received_at))
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

/// Keeps the answers of new events.
pub(super) async fn keep_answers(tx: &mut Tx, events: &[&NewEvent]) -> Result<()> {
    for event in events {
        let Some(given) = &event.idempotency else { continue };
        let kept = query(
            "insert into idempotency (holder, key, body_hash, answer, at) values ($1, $2, $3, $4, $5) \
             on conflict (holder, key) do update set at = excluded.at where idempotency.answer = excluded.answer",
        )
        .bind(&given.holder)
        .bind(&given.key)
        .bind(given.body_hash)
        .bind(&given.answer)
        .bind(micros(event.received_at))
        .execute(&mut *tx)
        .await?;
        if kept == 0 {
            return Err(StoreError::Overtaken);
        }
    }
    Ok(())
}
