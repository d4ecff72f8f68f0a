//! Notices of which so many came at once that a person is asked first.
//!
//! One row for each library and kind of notice. What is held for it has the cause `brake`, and ends at its deadline like anything that is
//! held. Held, let go and dropped in pieces: a hundred thousand messages are no one transaction.

use jiff::{SignedDuration, Timestamp};

use super::statement::{Builder, Statement, checked, query};
use super::tally::first_id_at;
use super::timeline::append;
use super::{Result, Store, StoreError, id_from};
use crate::clock::{from_micros, micros};
use crate::id::MessageId;
use crate::library::LibraryCode;
use crate::queue::State;
use crate::timeline::{Entry, What};

/// The cause of what is held for it.
pub const BRAKE: &str = "brake";

/// Messages changed in one transaction.
const PIECE: i64 = 500;

/// How long after it was let go a message leaves by itself that nobody gathered with others of its patron's.
const GATHERED_WITHIN: SignedDuration = SignedDuration::from_mins(30);

/// Held messages counted at most.
const COUNTED_MAX: i64 = 100_000;

/// What waits for its first attempt.
pub(super) const WAITING: &str = "state = 'queued' and attempts = 0";

/// What is held for it.
pub(super) const HELD: &str = "state = 'held' and cause = 'brake'";

/// Notices of one kind that wait for a person's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brake {
    /// Whose.
    pub library: LibraryCode,
    /// The notice's code.
    pub notice: String,
    /// Since when.
    pub since: Timestamp,
    /// How many messages are held, up to 100,000.
    pub held: i64,
}

/// How it stands with one kind of notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Whether it is held.
    pub is_held: bool,
    /// Messages made lately, counted up to a limit.
    pub made: i64,
}

impl Store {
    /// How many messages of this notice were made since `since`, or since it was let go, counted up to `most`; and whether it is held.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn flow(&self, library: &LibraryCode, notice: &str, since: Timestamp, most: i64) -> Result<Flow> {
        let row = query("select let_go_at from brake where library = $1 and notice = $2")
            .bind(library.as_str())
            .bind(notice)
            .fetch_optional(&self.readers)
            .await?;
        let let_go_at = row.map(|row| row.try_get::<Option<i64>>(0)).transpose()?;
        let since = let_go_at.flatten().map_or(since, |at| since.max(from_micros(at)));
        let row = query(
            "select count(*) from (select 1 as one from message where library = $1 and notice = $2 and id >= $3 limit $4) \
             as these",
        )
        .bind(library.as_str())
        .bind(notice)
        .bind(first_id_at(since))
        .bind(most)
        .fetch_one(&self.readers)
        .await?;
        Ok(Flow { is_held: let_go_at == Some(None), made: row.try_get(0)? })
    }

    /// Which of these natural keys are of events that were told before.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn told_before(&self, library: &LibraryCode, keys: &[String]) -> Result<Vec<String>> {
        let mut told = Vec::new();
        for piece in keys.chunks(500) {
            let mut query = Builder::new("select natural_key from event where library = ");
            query.push_bind(library.as_str()).push(" and natural_key in ").push_list(piece);
            for row in query.build().fetch_all(&self.readers).await? {
                told.push(row.try_get(0)?);
            }
        }
        Ok(told)
    }

    /// Holds a kind of notice from now on. False where it is held already.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn brake(&self, library: &LibraryCode, notice: &str, now: Timestamp) -> Result<bool> {
        let (library, notice) = (library.to_string(), notice.to_owned());
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let done = query(
                        "insert into brake (library, notice, since) values ($1, $2, $3) on conflict (library, notice) \
                         do update set since = excluded.since, let_go_at = null, let_go_by = null \
                         where brake.let_go_at is not null",
                    )
                    .bind(library)
                    .bind(notice)
                    .bind(micros(now))
                    .execute(&mut *tx)
                    .await?;
                    Ok(done > 0)
                })
            })
            .await
    }

    /// What is held, of one library or of all; also what was written at the very moment when its kind was let go.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn brakes(&self, library: Option<&LibraryCode>) -> Result<Vec<Brake>> {
        let rows = asked_for_brakes(library).fetch_all(&self.readers).await?;
        rows.iter()
            .map(|row| {
                let library: String = row.try_get(0)?;
                let library = LibraryCode::parse(&library).map_err(|error| StoreError::Corrupt(error.to_string()))?;
                let since = from_micros(row.try_get(2)?);
                Ok(Brake { library, notice: row.try_get(1)?, since, held: row.try_get(3)? })
            })
            .collect()
    }

    /// Holds what of this notice still waits for its first attempt. Gives how many messages that were.
    ///
    /// # Errors
    /// When the store is broken; what was held until then stays so.
    pub async fn hold_waiting(&self, library: &LibraryCode, notice: &str, now: Timestamp) -> Result<u64> {
        let entry = Entry { at: now, what: What::Held { cause: BRAKE.to_owned(), fields: Vec::new() } };
        self.in_pieces(library, notice, WAITING, State::Held, Some(BRAKE), entry).await
    }

    /// Lets go what is held: it leaves now, what was to be told together as soon as it is gathered, and counting begins anew. Gives how many
    /// messages that were; none where nothing is held.
    ///
    /// # Errors
    /// When the store is broken; ask for it again.
    pub async fn let_go(&self, library: &LibraryCode, notice: &str, by: &str, now: Timestamp) -> Result<Option<u64>> {
        if !self.end_brake(library, notice, by, now).await? {
            return Ok(None);
        }
        let entry = Entry { at: now, what: What::Released { by: by.to_owned() } };
        self.in_pieces(library, notice, HELD, State::Queued, None, entry).await.map(Some)
    }

    /// Takes back what is held, and lets go what comes from now on. Gives how many messages that were; none where nothing is held.
    ///
    /// # Errors
    /// When the store is broken; ask for it again.
    pub async fn drop_held(
        &self,
        library: &LibraryCode,
        notice: &str,
        by: &str,
        now: Timestamp,
    ) -> Result<Option<u64>> {
        if !self.end_brake(library, notice, by, now).await? {
            return Ok(None);
        }
        let entry = Entry { at: now, what: What::Cancelled { by: by.to_owned() } };
        self.in_pieces(library, notice, HELD, State::Cancelled, Some("cancelled"), entry).await.map(Some)
    }

    /// False where nothing is held and nothing was left of an earlier try.
    async fn end_brake(&self, library: &LibraryCode, notice: &str, by: &str, now: Timestamp) -> Result<bool> {
        let (library, notice, by) = (library.to_string(), notice.to_owned(), by.to_owned());
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query("update brake set let_go_at = $3, let_go_by = $4 where library = $1 and notice = $2")
                        .bind(library)
                        .bind(notice)
                        .bind(micros(now))
                        .bind(by)
                        .execute(&mut *tx)
                        .await
                        .map(|done| done > 0)
                })
            })
            .await
    }

    /// Gives all messages of this notice that are as `which` says another state, piece by piece.
    async fn in_pieces(
        &self,
        library: &LibraryCode,
        notice: &str,
        which: &'static str,
        state: State,
        cause: Option<&'static str>,
        entry: Entry,
    ) -> Result<u64> {
        let by_itself = entry.at.checked_add(GATHERED_WITHIN).unwrap_or(entry.at);
        // What was looked at is behind us: of a hundred thousand, each piece does not begin at the first again.
        let mut last = Vec::new();
        let mut all = 0;
        loop {
            let (library, notice) = (library.to_string(), notice.to_owned());
            let (after, entry) = (last.clone(), entry.clone());
            let changed = self
                .writer
                .write(move |tx| {
                    Box::pin(async move {
                        let piece = piece(&library, &notice, which, &after).bind(state.code()).bind(cause);
                        let piece = piece.bind(micros(entry.at)).bind(micros(by_itself));
                        let rows = piece.fetch_all(&mut *tx).await?;
                        let ids =
                            rows.iter().map(|row| id_from(&row.try_get::<Vec<u8>>(0)?).map(MessageId::from_bytes));
                        let ids = ids.collect::<Result<Vec<_>>>()?;
                        append(tx, &ids.iter().map(|id| (*id, &entry)).collect::<Vec<_>>()).await?;
                        Ok(ids)
                    })
                })
                .await?;
            all += u64::try_from(changed.len()).unwrap_or(0);
            if i64::try_from(changed.len()).unwrap_or(0) < PIECE {
                return Ok(all);
            }
            last = changed.iter().max().map_or(last, |id| id.to_bytes().to_vec());
        }
    }
}

/// The kinds that are held, and those let go of which something is held still: that is little, and is found by its cause.
pub(super) fn asked_for_brakes(library: Option<&LibraryCode>) -> Statement {
    const OF_IT: &str = concat!(
        "from message where message.library = brake.library and message.cause = $2 and ",
        checked!("message.state"),
        " = 'held' and ",
        checked!("message.notice"),
        " = brake.notice"
    );
    query(format!(
        "select library, notice, since, (select count(*) from (select 1 as one {OF_IT} limit $3) as these) from brake \
         where ($1 = '' or library = $1) and (let_go_at is null or exists (select 1 {OF_IT})) order by library, notice"
    ))
    .bind(library.map(LibraryCode::as_str).unwrap_or_default())
    .bind(BRAKE)
    .bind(COUNTED_MAX)
}

/// Gives the next messages of a notice, of those that are as `which` says and come after the id `after`, another state: `$5`, for the cause
/// `$6`, at the time `$7`; what is to be told together leaves by itself at `$8`.
pub(super) fn piece(library: &str, notice: &str, which: &str, after: &[u8]) -> Statement {
    let notice_is = checked!("notice");
    query(format!(
        "update message set state = $5, cause = $6, changed_at = $7, waits_for = null, \
         digest_at = case when $5 = 'queued' and digest_of is not null then $7 else null end, \
         digest_of = case when $5 = 'cancelled' then null else digest_of end, \
         due_at = case $5 when 'held' then deadline when 'queued' then \
         case when digest_of is null then $7 when deadline < $8 then deadline else $8 end else null end \
         where id in (select id from message where library = $1 and {notice_is} = $2 and id > $3 and {which} \
         order by id limit $4) and {which} returning id"
    ))
    .bind(library)
    .bind(notice)
    .bind(after)
    .bind(PIECE)
}
