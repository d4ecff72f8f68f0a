//! Erasing as work that people watch: who asked for it and when, what is erased so far, how much is left.
//!
//! In: a patron who is to be erased, or a library with something that has served its time. Out: a row for each, which whoever is at it
//! holds by its `due_at`: schedule, lease and backoff in one, as with messages. From the moment an erasure is asked for, nothing of the
//! patron is shown or sent, however many slices are left ([`hidden`]). Not here: the slices (`erase`, `retention`).

use jiff::{SignedDuration, Timestamp};

use super::audit::{self, Change, Deed};
use super::engine::{Row, Tx};
use super::erase::{KnownAs, forget_points};
use super::statement::{Builder, query};
use super::{Result, Store, StoreError, id_from};
use crate::clock::{from_micros, micros};
use crate::id::{ErasureId, EventId};
use crate::library::LibraryCode;
use crate::patron::BY_ADDRESS;

/// Events counted at most for what is left of an erasure.
pub const LEFT_COUNTED_MAX: i64 = 5_000;

/// Whether the event whose id is `$event` is being erased. Costs nothing while none is: what has no event in it is asked once.
macro_rules! hidden {
    ($event:literal) => {
        concat!(
            "exists (select 1 from erasing) and exists (select 1 from event as hiding join erasing \
             on erasing.library = hiding.library and erasing.patron = hiding.patron where hiding.id = ",
            $event,
            " and hiding.id <= erasing.upto)"
        )
    };
}

/// The same, where `event` is at hand.
macro_rules! event_is_hidden {
    () => {
        "exists (select 1 from erasing where erasing.library = event.library and erasing.patron = event.patron \
         and event.id <= erasing.upto)"
    };
}

/// Whether something was told by an event that is being erased of the request that a row of `$table` is about.
macro_rules! request_is_hidden {
    ($table:literal) => {
        concat!(
            "exists (select 1 from erasing) and exists (select 1 from event as hiding join erasing \
             on erasing.library = hiding.library and erasing.patron = hiding.patron and hiding.id <= erasing.upto \
             where hiding.library = ",
            $table,
            ".library and hiding.request = ",
            $table,
            ".request)"
        )
    };
}

pub(super) use {event_is_hidden, hidden, request_is_hidden};

/// What an erasure erases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Erases {
    /// All that is kept of one patron.
    Patron,
    /// What has served its time.
    Retention,
}

impl Erases {
    /// The word in the store and the API.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Patron => "patron",
            Self::Retention => "retention",
        }
    }

    fn from_code(code: &str) -> Result<Self> {
        let found = [Self::Patron, Self::Retention].into_iter().find(|one| one.code() == code);
        found.ok_or_else(|| StoreError::Corrupt(format!("the erasure {code}")))
    }
}

/// How an erasure stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErasureState {
    /// Nothing of it is done.
    Waiting,
    /// Slices are being erased.
    UnderWay,
    /// It could not go on, and is tried again: it is never given up.
    Failing,
    /// All of it is erased.
    Done,
}

impl ErasureState {
    /// The word in the API and in the words of pages.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::UnderWay => "under-way",
            Self::Failing => "failing",
            Self::Done => "done",
        }
    }
}

/// How much is erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ErasedSoFar {
    /// Events that nobody can tell any more whose they were.
    pub events: i64,
    /// Messages whose address and words are gone.
    pub messages: i64,
    /// Messages of which what servers said is gone.
    pub talks: i64,
    /// Messages that waited and were taken back.
    pub cancelled: i64,
    /// Contact details, choices, consents and devices.
    pub beside: i64,
}

/// An erasure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// Its id.
    pub id: ErasureId,
    /// Whose patron, or whose messages.
    pub library: LibraryCode,
    /// What.
    pub erases: Erases,
    /// Who asked for it; empty where its time had come.
    pub by: String,
    /// When.
    pub asked_at: Timestamp,
    /// When it goes on; none: it is over.
    pub due_at: Option<Timestamp>,
    /// When something was last erased.
    pub changed_at: Timestamp,
    /// When all was erased.
    pub ended_at: Option<Timestamp>,
    /// How much is erased so far.
    pub done: ErasedSoFar,
    /// How often in a row it could not go on.
    pub failed: i64,
}

impl Erasure {
    /// How it stands.
    #[must_use]
    pub fn state(&self) -> ErasureState {
        if self.ended_at.is_some() {
            ErasureState::Done
        } else if self.failed > 0 {
            ErasureState::Failing
        } else if self.done == ErasedSoFar::default() {
            ErasureState::Waiting
        } else {
            ErasureState::UnderWay
        }
    }
}

const COLUMNS: &str = "id, library, what, by_whom, asked_at, due_at, changed_at, ended_at, events, messages, talks, \
    cancelled, beside, failed";

/// The one to be worked on next: a patron waits for nobody's old messages.
const NEXT: &str = "select id from erasure where due_at is not null and due_at <= $1 \
     order by case what when 'patron' then 0 else 1 end, due_at limit 1";

impl Store {
    /// Takes down that all of the patron `known` of `library` is to be erased. In one transaction with it goes what is kept of them beside
    /// their events, and from then on nothing of their events is shown or sent. `mark`: what tells for a while that they are gone.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn ask_erasure(
        &self,
        library: LibraryCode,
        known: KnownAs,
        mark: [u8; 32],
        by: String,
        now: Timestamp,
    ) -> Result<ErasureId> {
        let id = ErasureId::new(now);
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let beside = forget_points(tx, &library, &known).await?;
                    insert(tx, id, &library, Erases::Patron, &by, now).await?;
                    add(tx, id, ErasedSoFar { beside, ..ErasedSoFar::default() }).await?;
                    for (index, key) in known.keys.iter().enumerate() {
                        hide(tx, &library, id, key, index == 0, now).await?;
                    }
                    query(
                        "insert into patron_gone (library, mark, at) values ($1, $2, $3) \
                         on conflict (library, mark) do update set at = excluded.at",
                    )
                    .bind(library.as_str())
                    .bind(mark)
                    .bind(micros(now))
                    .execute(&mut *tx)
                    .await?;
                    let own = known.keys.first().map_or("", String::as_str);
                    audit::note(tx, &Deed::new(Some(&library), by, "patron.erase_asked", subject(own), now)).await?;
                    Ok(id)
                })
            })
            .await
    }

    /// Takes down that `library` has something that has served its time, by itself or because `by` says so. False where that is being
    /// erased, or was begun after `since` and after its times were last changed.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn begin_retention(
        &self,
        library: LibraryCode,
        by: String,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<bool> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let begun = query(
                        "select 1 from erasure where library = $1 and what = 'retention' and (ended_at is null \
                         or asked_at > $2 and asked_at >= coalesce((select max(changed_at) from retention \
                         where retention.library in ($1, '')), 0)) limit 1",
                    )
                    .bind(library.as_str())
                    .bind(micros(since))
                    .fetch_optional(&mut *tx)
                    .await?;
                    if begun.is_some() {
                        return Ok(false);
                    }
                    insert(tx, ErasureId::new(now), &library, Erases::Retention, &by, now).await
                })
            })
            .await
    }

    /// Takes the next erasure that is due, until `lease_until`: nobody else takes it before.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn claim_erasure(&self, now: Timestamp, lease_until: Timestamp) -> Result<Option<Erasure>> {
        // Nearly always there is none, and nobody is to wait for the writer to hear it.
        if query(NEXT).bind(micros(now)).fetch_optional(&self.readers).await?.is_none() {
            return Ok(None);
        }
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    // Whoever comes second waits here, and finds that it is not due any more.
                    let row = query(format!(
                        "update erasure set due_at = $2 where id = ({NEXT}) and due_at <= $1 returning {COLUMNS}"
                    ))
                    .bind(micros(now))
                    .bind(micros(lease_until))
                    .fetch_optional(&mut *tx)
                    .await?;
                    row.as_ref().map(erasure_from).transpose()
                })
            })
            .await
    }

    /// Gives an erasure back: it goes on at `due_at`. `failed`: because it could not go on now.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn put_back_erasure(&self, id: ErasureId, due_at: Timestamp, failed: bool) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query("update erasure set due_at = $2, failed = failed + $3 where id = $1 and ended_at is null")
                        .bind(id.to_bytes())
                        .bind(micros(due_at))
                        .bind(i64::from(failed))
                        .execute(&mut *tx)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Ends an erasure: with it goes what said whom it was about. False where it was over.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn end_erasure(&self, id: ErasureId, now: Timestamp) -> Result<bool> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let own = query("select patron from erasing where erasure = $1 and is_own = 1")
                        .bind(id.to_bytes())
                        .fetch_optional(&mut *tx)
                        .await?;
                    let own: Option<String> = own.map(|row| row.try_get(0)).transpose()?;
                    // One that was turned on in the moment in which the erasure was asked for.
                    query(
                        "delete from push_device where library = (select library from erasure where id = $1) \
                         and number = $2 and made_at <= (select asked_at from erasure where id = $1)",
                    )
                    .bind(id.to_bytes())
                    .bind(own.as_deref())
                    .execute(&mut *tx)
                    .await?;
                    query("delete from erasing where erasure = $1").bind(id.to_bytes()).execute(&mut *tx).await?;
                    let ended = query(format!(
                        "update erasure set ended_at = $2, due_at = null, changed_at = $2, failed = 0 \
                         where id = $1 and ended_at is null returning {COLUMNS}"
                    ))
                    .bind(id.to_bytes())
                    .bind(micros(now))
                    .fetch_optional(&mut *tx)
                    .await?;
                    let Some(ended) = ended else { return Ok(false) };
                    let deed = ended_deed(erasure_from(&ended)?, subject(own.as_deref().unwrap_or_default()), now);
                    audit::note(tx, &deed).await?;
                    Ok(true)
                })
            })
            .await
    }

    /// One erasure of `library` (none: of any, for the consortium).
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn erasure(&self, library: Option<&LibraryCode>, id: ErasureId) -> Result<Option<Erasure>> {
        let text = format!("select {COLUMNS} from erasure where id = $1");
        let row = query(text).bind(id.to_bytes()).fetch_optional(&self.readers).await?;
        let found = row.as_ref().map(erasure_from).transpose()?;
        Ok(found.filter(|erasure| library.is_none_or(|library| erasure.library == *library)))
    }

    /// Erasures of `library` (none: of all), the newest first, older than `before`, `most` at most.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn erasures(
        &self,
        library: Option<&LibraryCode>,
        before: Option<ErasureId>,
        most: u32,
    ) -> Result<Vec<Erasure>> {
        let mut asked = Builder::new(format!("select {COLUMNS} from erasure where 1 = 1"));
        if let Some(library) = library {
            asked.push(" and library = ").push_bind(library.as_str());
        }
        if let Some(before) = before {
            asked.push(" and id < ").push_bind(before.to_bytes());
        }
        asked.push(" order by id desc limit ").push_bind(i64::from(most));
        asked.build().fetch_all(&self.readers).await?.iter().map(erasure_from).collect()
    }

    /// Erasures that could not go on the last time, those that are tried again first before, `most` at most.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn erasures_failing(&self, most: u32) -> Result<Vec<Erasure>> {
        let text =
            format!("select {COLUMNS} from erasure where due_at is not null and failed > 0 order by due_at limit $1");
        query(text).bind(i64::from(most)).fetch_all(&self.readers).await?.iter().map(erasure_from).collect()
    }

    /// Events that are left of a patron's erasure, counted up to [`LEFT_COUNTED_MAX`].
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn events_left(&self, id: ErasureId) -> Result<i64> {
        let row = query(
            "select count(*) from (select 1 as one from erasing join event on event.library = erasing.library \
             and event.patron = erasing.patron and event.patron <> '' and event.id <= erasing.upto \
             where erasing.erasure = $1 limit $2) as these",
        )
        .bind(id.to_bytes())
        .bind(LEFT_COUNTED_MAX)
        .fetch_one(&self.readers)
        .await?;
        row.try_get(0)
    }

    /// Whether the patron of `mark` at `library` was erased at `since` or later.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn is_gone(&self, library: &LibraryCode, mark: [u8; 32], since: Timestamp) -> Result<bool> {
        let found = query(IS_GONE).bind(library.as_str()).bind(mark).bind(micros(since));
        Ok(found.fetch_optional(&self.readers).await?.is_some())
    }

    /// Forgets erasures that ended before `erasures`, and that patrons were erased before `gone`.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn forget_erasures(&self, erasures: Timestamp, gone: Timestamp) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query("delete from erasure where ended_at < $1").bind(micros(erasures)).execute(&mut *tx).await?;
                    query("delete from patron_gone where at < $1").bind(micros(gone)).execute(&mut *tx).await?;
                    Ok(())
                })
            })
            .await
    }
}

/// Finds a row where a patron was erased at `$3` or later.
pub(super) const IS_GONE: &str = "select 1 from patron_gone where library = $1 and mark = $2 and at >= $3";

/// What the audit names: the library's number, and no address.
fn subject(key: &str) -> &str {
    if key.starts_with(BY_ADDRESS) { "" } else { key }
}

fn ended_deed(ended: Erasure, subject: &str, now: Timestamp) -> Deed {
    let what = match ended.erases {
        Erases::Patron => "patron.erased",
        Erases::Retention => "retention.erased",
    };
    let ErasedSoFar { events, messages, talks, cancelled, beside } = ended.done;
    let counts =
        [("events", events), ("messages", messages), ("talk", talks), ("cancelled", cancelled), ("beside", beside)];
    let counts = counts.into_iter().filter(|(_, count)| *count > 0).map(|(field, count)| Change {
        field: field.to_owned(),
        was: count.to_string(),
        is: String::new(),
    });
    let by = if ended.by.is_empty() { "courtesy".to_owned() } else { ended.by };
    Deed::new(Some(&ended.library), by, what, subject, now).with(counts.collect())
}

/// False where another process was first.
async fn insert(
    tx: &mut Tx,
    id: ErasureId,
    library: &LibraryCode,
    erases: Erases,
    by: &str,
    now: Timestamp,
) -> Result<bool> {
    let done = query(
        "insert into erasure (id, library, what, by_whom, asked_at, due_at, changed_at) values ($1, $2, $3, $4, $5, $5, $5) \
         on conflict do nothing",
    )
    .bind(id.to_bytes())
    .bind(library.as_str())
    .bind(erases.code())
    .bind(by)
    .bind(micros(now))
    .execute(&mut *tx)
    .await?;
    Ok(done > 0)
}

/// Hides the events filed under `key` up to now. Another erasure of the same patron is this one's from now on.
pub(super) async fn hide(
    tx: &mut Tx,
    library: &LibraryCode,
    id: ErasureId,
    key: &str,
    is_own: bool,
    asked_at: Timestamp,
) -> Result<()> {
    let newest =
        query("select id from event where library = $1 and patron = $2 and patron <> '' order by id desc limit 1")
            .bind(library.as_str())
            .bind(key)
            .fetch_optional(&mut *tx)
            .await?;
    let newest: Option<Vec<u8>> = newest.filter(|_| is_own).map(|row| row.try_get(0)).transpose()?;
    // All of this millisecond; and where a clock elsewhere goes fast, what it has told of the patron so far.
    let next = asked_at.checked_add(SignedDuration::from_millis(1)).unwrap_or(Timestamp::MAX);
    let upto = EventId::first_at(next).to_bytes().to_vec();
    query(
        "insert into erasing (library, patron, upto, erasure, is_own) values ($1, $2, $3, $4, $5) \
         on conflict (library, patron) do update set upto = excluded.upto, erasure = excluded.erasure, is_own = excluded.is_own \
         where excluded.is_own = 1",
    )
    .bind(library.as_str())
    .bind(key)
    .bind(newest.map_or(upto.clone(), |newest| newest.max(upto)))
    .bind(id.to_bytes())
    .bind(i64::from(is_own))
    .execute(&mut *tx)
    .await?;
    Ok(())
}

/// Adds to what an erasure has erased.
pub(super) async fn add(tx: &mut Tx, id: ErasureId, more: ErasedSoFar) -> Result<()> {
    query(
        "update erasure set events = events + $2, messages = messages + $3, talks = talks + $4, \
         cancelled = cancelled + $5, beside = beside + $6 where id = $1",
    )
    .bind(id.to_bytes())
    .bind(more.events)
    .bind(more.messages)
    .bind(more.talks)
    .bind(more.cancelled)
    .bind(more.beside)
    .execute(&mut *tx)
    .await?;
    Ok(())
}

/// Says that a slice of an erasure is done at `now`, and that whoever did it stays at it until `lease_until`.
pub(super) async fn went_on(tx: &mut Tx, id: ErasureId, lease_until: Timestamp, now: Timestamp) -> Result<()> {
    query("update erasure set due_at = $2, changed_at = $3, failed = 0 where id = $1 and ended_at is null")
        .bind(id.to_bytes())
        .bind(micros(lease_until))
        .bind(micros(now))
        .execute(&mut *tx)
        .await?;
    Ok(())
}

/// Makes due now what whoever is gone had under way.
pub(super) async fn take_over(tx: &mut Tx, now: Timestamp) -> Result<()> {
    query("update erasure set due_at = $1 where due_at > $1 and failed = 0")
        .bind(micros(now))
        .execute(&mut *tx)
        .await?;
    Ok(())
}

fn erasure_from(row: &Row) -> Result<Erasure> {
    let library: String = row.try_get(1)?;
    Ok(Erasure {
        id: ErasureId::from_bytes(id_from(&row.try_get::<Vec<u8>>(0)?)?),
        library: LibraryCode::parse(&library).map_err(|error| StoreError::Corrupt(error.to_string()))?,
        erases: Erases::from_code(&row.try_get::<String>(2)?)?,
        by: row.try_get(3)?,
        asked_at: from_micros(row.try_get(4)?),
        due_at: row.try_get::<Option<i64>>(5)?.map(from_micros),
        changed_at: from_micros(row.try_get(6)?),
        ended_at: row.try_get::<Option<i64>>(7)?.map(from_micros),
        done: ErasedSoFar {
            events: row.try_get(8)?,
            messages: row.try_get(9)?,
            talks: row.try_get(10)?,
            cancelled: row.try_get(11)?,
            beside: row.try_get(12)?,
        },
        failed: row.try_get(13)?,
    })
}
