//! Requests as they are known: written with each event, read where a reminder is due.
//!
//! In: what events told. Out: the life of each request, and those whose next look has come. A request is read and written in the
//! transaction of its event, so that no two events forget each other. Not here: what follows from a life (`request`).

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::engine::{Row, Tx};
use super::erasure::request_is_hidden;
use super::statement::{Builder, Statement, checked, query};
use super::{Result, Store, StoreError, from_json, to_json};
use crate::clock::{from_micros, micros};
use crate::library::{Library, LibraryCode};
use crate::request::{Facts, Heard, Life, plan};

/// Rows a statement reads or writes at most: seven parameters each.
const ROWS_PER_STATEMENT: usize = 500;

/// What an event tells of its request.
#[derive(Clone, Debug)]
pub struct News {
    /// What happened, and when.
    pub heard: Heard,
    /// Patron and item.
    pub facts: Facts,
    /// The library as it is set now: its days and hours say when reminders are due.
    pub library: Arc<Library>,
}

/// A request that is to be looked at.
#[derive(Clone, Debug)]
pub struct RequestRow {
    /// Whose.
    pub library: LibraryCode,
    /// Its number.
    pub request: String,
    /// What was told of it.
    pub life: Life,
    /// Patron and item.
    pub facts: Facts,
    /// Reminders before this time are not made.
    pub planned_from: Timestamp,
    /// When it was last told of: whoever changes the row after a look makes sure that this still stands.
    pub changed_at: Timestamp,
}

/// When a request that was looked at is to be looked at next.
#[derive(Clone, Debug)]
pub struct Looked {
    /// As it was read.
    pub row: RequestRow,
    /// Reminders before this time are not made from now on.
    pub planned_from: Timestamp,
    /// When; none: never.
    pub next_at: Option<Timestamp>,
}

/// What a request is known by.
type Key<'a> = (&'a str, &'a str);

struct Known {
    life: Life,
    facts: Facts,
    planned_from: Timestamp,
}

/// Takes in what new events told of their requests.
pub(super) async fn hear_all(tx: &mut Tx, news: &[(&str, &News)]) -> Result<()> {
    // Sorted, so that two processes lock the same rows in the same order.
    let mut by_request: BTreeMap<Key<'_>, Vec<&News>> = BTreeMap::new();
    for (request, one) in news {
        by_request.entry((one.library.code.as_str(), request)).or_default().push(one);
    }
    let all: Vec<(Key<'_>, Vec<&News>)> = by_request.into_iter().collect();
    for chunk in all.chunks(ROWS_PER_STATEMENT) {
        let mut known = known(tx, chunk).await?;
        let mut upsert =
            Builder::new("insert into request (library, request, life, facts, planned_from, next_at, changed_at) ");
        upsert.push_values(chunk, |row, (key, news)| {
            let Known { mut life, mut facts, planned_from } =
                known.remove(&(key.0.to_owned(), key.1.to_owned())).unwrap_or_else(|| {
                    let planned_from = news.first().map_or(Timestamp::MIN, |news| news.heard.on);
                    Known { life: Life::default(), facts: Facts::default(), planned_from }
                });
            let mut changed_at = planned_from;
            for one in news {
                facts.learn(&one.facts, life.newest().is_none_or(|newest| one.heard.at >= newest));
                life.hear(one.heard.clone());
                changed_at = changed_at.max(one.heard.on);
            }
            let library = news.last().map(|news| &news.library);
            let next_at =
                library.and_then(|library| plan::next_look(&life.stands(), library, planned_from, changed_at));
            row.push_bind(key.0)
                .push_bind(key.1)
                .push_bind(to_json(&life))
                .push_bind(to_json(&facts))
                .push_bind(micros(planned_from))
                .push_bind(next_at.map(micros))
                .push_bind(micros(changed_at));
        });
        upsert.push(
            " on conflict (library, request) do update set life = excluded.life, facts = excluded.facts, \
             next_at = excluded.next_at, changed_at = excluded.changed_at",
        );
        upsert.build().execute(&mut *tx).await?;
    }
    Ok(())
}

/// What is known of these requests, theirs for this transaction.
async fn known(tx: &mut Tx, chunk: &[(Key<'_>, Vec<&News>)]) -> Result<BTreeMap<(String, String), Known>> {
    let is_shared = matches!(tx, Tx::Postgres { .. });
    if is_shared {
        // What is not there cannot be locked: two that hear of a new request at the same moment would forget each other.
        let mut new = Builder::new("insert into request (library, request, life, facts, planned_from, changed_at) ");
        new.push_values(chunk, |row, (key, news)| {
            let on = news.first().map_or(0, |news| micros(news.heard.on));
            row.push_bind(key.0).push_bind(key.1).push_bind("[]").push_bind("{}").push_bind(on).push_bind(on);
        });
        new.push(" on conflict (library, request) do nothing");
        new.build().execute(&mut *tx).await?;
    }
    let mut select = Builder::new(
        "select request.library, request.request, life, facts, planned_from, changed_at \
         from (select column1 as library, column2 as request from (",
    );
    select.push_values(chunk, |row, (key, _)| {
        row.push_bind(key.0).push_bind(key.1);
    });
    select.push(
        ") as given) as wanted join request on request.library = wanted.library and request.request = wanted.request",
    );
    if is_shared {
        select.push(" order by request.library, request.request for update of request");
    }
    let mut known = BTreeMap::new();
    for row in select.build().fetch_all(&mut *tx).await? {
        let row = request_from(&row)?;
        let key = (row.library.as_str().to_owned(), row.request);
        known.insert(key, Known { life: row.life, facts: row.facts, planned_from: row.planned_from });
    }
    Ok(known)
}

fn request_from(row: &Row) -> Result<RequestRow> {
    let library: String = row.try_get(0)?;
    Ok(RequestRow {
        library: LibraryCode::parse(&library).map_err(|error| StoreError::Corrupt(error.to_string()))?,
        request: row.try_get(1)?,
        life: from_json(&row.try_get::<String>(2)?)?,
        facts: from_json(&row.try_get::<String>(3)?)?,
        planned_from: from_micros(row.try_get(4)?),
        changed_at: from_micros(row.try_get(5)?),
    })
}

impl Store {
    /// Requests whose next look has come, the longest due first. One index step for each. Nobody who is being erased is reminded.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn requests_due(&self, now: Timestamp, most: u32) -> Result<Vec<RequestRow>> {
        let rows = query(concat!(
            "select library, request, life, facts, planned_from, changed_at from request \
             where next_at is not null and next_at <= $1 and not (",
            request_is_hidden!("request"),
            ") order by next_at limit $2"
        ))
        .bind(micros(now))
        .bind(i64::from(most))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(request_from).collect()
    }

    /// Requests of `library` after the one numbered `after`, in the order of their numbers.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn requests_after(&self, library: &LibraryCode, after: &str, most: u32) -> Result<Vec<RequestRow>> {
        let rows = query(
            "select library, request, life, facts, planned_from, changed_at from request \
             where library = $1 and request > $2 order by request limit $3",
        )
        .bind(library.as_str())
        .bind(after)
        .bind(i64::from(most))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(request_from).collect()
    }

    /// How a request of `library` is known; none where nothing was told of it.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn request(&self, library: &LibraryCode, request: &str) -> Result<Option<RequestRow>> {
        let row = query(
            "select library, request, life, facts, planned_from, changed_at from request \
             where library = $1 and request = $2",
        )
        .bind(library.as_str())
        .bind(request)
        .fetch_optional(&self.readers)
        .await?;
        row.as_ref().map(request_from).transpose()
    }

    /// Writes down when requests are to be looked at next. One that was told of since it was read is left alone: that look is ahead.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn looked(&self, mut looked: Vec<Looked>) -> Result<()> {
        // In the order in which events lock them: two processes never wait for each other.
        looked.sort_unstable_by(|a, b| (&a.row.library, &a.row.request).cmp(&(&b.row.library, &b.row.request)));
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    for one in &looked {
                        query(
                            "update request set next_at = $4, planned_from = $5 \
                             where library = $1 and request = $2 and changed_at = $3",
                        )
                        .bind(one.row.library.as_str())
                        .bind(&one.row.request)
                        .bind(micros(one.row.changed_at))
                        .bind(one.next_at.map(micros))
                        .bind(micros(one.planned_from))
                        .execute(&mut *tx)
                        .await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// By which settings the reminders of each library were planned, as JSON.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn planned(&self) -> Result<BTreeMap<String, String>> {
        let rows = query("select library, settings from planned").fetch_all(&self.readers).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    /// Remembers by which settings the reminders of `library` are planned.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn put_planned(&self, library: LibraryCode, settings: String) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query(
                        "insert into planned (library, settings) values ($1, $2) \
                         on conflict (library) do update set settings = excluded.settings",
                    )
                    .bind(String::from(library))
                    .bind(settings)
                    .execute(&mut *tx)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// What became of the messages that told of `status` of a request, to the audience of the notice `notice`: the fields of their
    /// events, as JSON, with their states.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn told_of(
        &self,
        library: &LibraryCode,
        request: &str,
        status: &str,
        notice: &str,
    ) -> Result<Vec<(String, crate::queue::State)>> {
        let rows = asked_for_told(library, request, status, notice).fetch_all(&self.readers).await?;
        rows.iter()
            .map(|row| {
                let code: String = row.try_get(1)?;
                let state = crate::queue::State::from_code(&code);
                Ok((row.try_get(0)?, state.ok_or_else(|| StoreError::Corrupt(format!("the state {code}")))?))
            })
            .collect()
    }
}

pub(super) fn asked_for_told(library: &LibraryCode, request: &str, status: &str, notice: &str) -> Statement {
    // What was told together with others stands as the messages do in which it was.
    query(concat!(
        "select event.fields, coalesce(told.state, message.state) from event join message on message.event = event.id \
         left join message as told on told.event = message.told_in \
         where event.request = $1 and event.library = $2 and event.status = $3 and ",
        checked!("message.notice"),
        " = $4"
    ))
    .bind(request)
    .bind(library.as_str())
    .bind(status)
    .bind(notice)
}

/// Erases requests of `library` that nobody has told of since `before`, and that no reminder is ahead of.
pub(super) async fn erase(tx: &mut Tx, library: &LibraryCode, before: Timestamp) -> Result<()> {
    query("delete from request where library = $1 and changed_at < $2 and (next_at is null or next_at < $2)")
        .bind(library.as_str())
        .bind(micros(before))
        .execute(&mut *tx)
        .await?;
    Ok(())
}
