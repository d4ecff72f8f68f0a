//! How long what messages say of patrons and items is kept, and the erasing of it, a slice at a time.
//!
//! In: a library and how many days it keeps what. Out: how far the erasing has come, and slices erased. What stays is what
//! counts need: that there was a message, when, to which provider, and what became of it. Not here: when a slice is
//! erased (`erasing`), and as part of which work (`erasure`).

use std::ops::RangeInclusive;

use jiff::{SignedDuration, Timestamp};

use super::engine::Tx;
use super::erasure::{ErasedSoFar, add, went_on};
use super::statement::{Builder, either, query};
use super::{Result, Store, id_from};
use crate::clock::{from_micros, micros};
use crate::id::{ErasureId, MessageId};
use crate::library::LibraryCode;

/// Messages of a slice: erasing holds nobody up for long.
const SLICE: i64 = 200;

/// Before every message.
const NONE: [u8; 16] = [0; 16];

/// Messages counted at most for what is still to be erased.
pub const DUE_COUNTED_MAX: i64 = 5_000;

/// What is erased, each after a time of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Who a message was for, and what it was about.
    Content,
    /// What servers said to each other about it.
    Talk,
}

impl Kept {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Content, Self::Talk];

    /// The word in the store.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Talk => "talk",
        }
    }
}

/// How many days are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Who messages were for, and what they were about.
    pub content: i64,
    /// What servers said to each other.
    pub talk: i64,
}

impl Default for Retention {
    /// A loan with its renewals is over after half a year; what servers said helps to find a fault for some weeks.
    fn default() -> Self {
        Self { content: 180, talk: 30 }
    }
}

impl Retention {
    /// Days that may be set for one kind. A letter waits two weeks to be posted, after up to three ways before it were tried for three days each: what it says,
    /// and where it goes, is kept for four weeks at least.
    #[must_use]
    pub const fn may_be(what: Kept) -> RangeInclusive<i64> {
        match what {
            Kept::Content => 28..=3650,
            Kept::Talk => 7..=3650,
        }
    }

    /// The days for one kind.
    #[must_use]
    pub fn days(self, what: Kept) -> i64 {
        match what {
            Kept::Content => self.content,
            Kept::Talk => self.talk,
        }
    }

    /// What was made before this is erased.
    #[must_use]
    pub fn cutoff(self, what: Kept, now: Timestamp) -> Timestamp {
        now.checked_sub(SignedDuration::from_hours(24 * self.days(what))).unwrap_or(Timestamp::MIN)
    }
}

/// How far the erasing of a library has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erased {
    /// The last message looked at: all before it are erased.
    pub upto: MessageId,
    /// Messages erased so far, all in all.
    pub messages: i64,
    /// When it was last worked on.
    pub at: Timestamp,
}

impl Store {
    /// How long `library` keeps what: its own setting, or the consortium's, or ours. Whether it is its own.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn retention(&self, library: Option<&LibraryCode>) -> Result<(Retention, bool)> {
        let library = library.map_or("", LibraryCode::as_str);
        let rows =
            query("select library, content, talk from retention where library in ($1, '') order by library desc")
                .bind(library)
                .fetch_all(&self.readers)
                .await?;
        let Some(row) = rows.first() else { return Ok((Retention::default(), false)) };
        let is_own = row.try_get::<String>(0)? == library;
        // An older version let them be set shorter.
        let kept = |days: i64, what| days.max(*Retention::may_be(what).start());
        let (content, talk) = (kept(row.try_get(1)?, Kept::Content), kept(row.try_get(2)?, Kept::Talk));
        Ok((Retention { content, talk }, is_own))
    }

    /// Sets how long `library` (none: all that set nothing themselves) keeps what.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn set_retention(&self, library: Option<LibraryCode>, kept: Retention, now: Timestamp) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query(
                        "insert into retention (library, content, talk, changed_at) values ($1, $2, $3, $4) \
                         on conflict (library) do update set content = excluded.content, talk = excluded.talk, \
                         changed_at = excluded.changed_at",
                    )
                    .bind(library.map(String::from).unwrap_or_default())
                    .bind(kept.content)
                    .bind(kept.talk)
                    .bind(micros(now))
                    .execute(&mut *tx)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// How far the erasing of `library` has come.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn erased(&self, library: &LibraryCode, what: Kept) -> Result<Option<Erased>> {
        let row = query("select upto, messages, at from erased where library = $1 and what = $2")
            .bind(library.as_str())
            .bind(what.code())
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| {
            let upto = MessageId::from_bytes(id_from(&row.try_get::<Vec<u8>>(0)?)?);
            Ok(Erased { upto, messages: row.try_get(1)?, at: from_micros(row.try_get(2)?) })
        })
        .transpose()
    }

    /// How many messages of `library` stand before `before` and are not erased yet, counted up to [`DUE_COUNTED_MAX`].
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn to_erase(&self, library: &LibraryCode, what: Kept, before: Timestamp) -> Result<i64> {
        let from = self.erased(library, what).await?.map_or(NONE, |erased| erased.upto.to_bytes());
        let row = query(
            "select count(*) from (select 1 as one from message where library = $1 and id > $2 and id < $3 limit $4) as these",
        )
        .bind(library.as_str())
        .bind(from)
        .bind(MessageId::first_at(before).to_bytes())
        .bind(DUE_COUNTED_MAX)
        .fetch_one(&self.readers)
        .await?;
        row.try_get(0)
    }

    /// Erases the next slice of what `library` keeps no longer, for the erasure `during`, which whoever is at it holds until the time beside
    /// it. Gives how many messages it had, and whether there is more.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn erase_slice(
        &self,
        library: LibraryCode,
        what: Kept,
        before: Timestamp,
        now: Timestamp,
        during: Option<(ErasureId, Timestamp)>,
    ) -> Result<(i64, bool)> {
        let from = self.erased(&library, what).await?.map_or(NONE, |erased| erased.upto.to_bytes());
        let before = MessageId::first_at(before);
        if from >= before.to_bytes() {
            return Ok((0, false));
        }
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let (count, has_more) = slice(tx, &library, what, from, before, now).await?;
                    if let Some((erasure, lease_until)) = during {
                        let done = match what {
                            Kept::Content => ErasedSoFar { messages: count, ..ErasedSoFar::default() },
                            Kept::Talk => ErasedSoFar { talks: count, ..ErasedSoFar::default() },
                        };
                        add(tx, erasure, done).await?;
                        went_on(tx, erasure, lease_until, now).await?;
                    }
                    Ok((count, has_more))
                })
            })
            .await
    }
}

async fn slice(
    tx: &mut Tx,
    library: &LibraryCode,
    what: Kept,
    from: [u8; 16],
    before: MessageId,
    now: Timestamp,
) -> Result<(i64, bool)> {
    let rows = query("select id, event from message where library = $1 and id > $2 and id < $3 order by id limit $4")
        .bind(library.as_str())
        .bind(from)
        .bind(before.to_bytes())
        .bind(SLICE)
        .fetch_all(&mut *tx)
        .await?;
    let has_more = i64::try_from(rows.len()).unwrap_or(SLICE) == SLICE;
    let ids = rows.iter().map(|row| row.try_get::<Vec<u8>>(0)).collect::<Result<Vec<_>>>()?;
    let events = rows.iter().map(|row| row.try_get::<Vec<u8>>(1)).collect::<Result<Vec<_>>>()?;
    match what {
        Kept::Content => erase_content(tx, library, &ids, &events, before.made_at()).await?,
        Kept::Talk => erase_talk(tx, &ids).await?,
    }
    if what == Kept::Content && !has_more {
        super::request::erase(tx, library, before.made_at()).await?;
    }
    let upto = ids.last().filter(|_| has_more).cloned().unwrap_or_else(|| before.to_bytes().to_vec());
    let count = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    query(
        "insert into erased (library, what, upto, messages, at) values ($1, $2, $3, $4, $5) \
         on conflict (library, what) do update set upto = excluded.upto, at = excluded.at, \
         messages = erased.messages + excluded.messages",
    )
    .bind(library.as_str())
    .bind(what.code())
    .bind(upto)
    .bind(count)
    .bind(micros(now))
    .execute(&mut *tx)
    .await?;
    Ok((count, has_more))
}

/// Who it was for, and what it was about: in the message, in its event, and in what its request told.
pub(super) async fn erase_content(
    tx: &mut Tx,
    library: &LibraryCode,
    ids: &[Vec<u8>],
    events: &[Vec<u8>],
    before: Timestamp,
) -> Result<()> {
    // The event first, as whoever writes of one of its messages does: so they never wait for each other in a ring.
    let mut fields = Builder::new("update event set fields = '{}', found_by = '', patron = '' where library = ");
    fields.push_bind(library.as_str()).push(" and id in ").push_list(events);
    fields.build().execute(&mut *tx).await?;
    let mut address = Builder::new("update message set address = '' where address <> '' and library = ");
    address.push_bind(library.as_str()).push(" and id in ").push_list(ids);
    address.build().execute(&mut *tx).await?;
    // A receiver's own words may name the address, and what a report calls a host may be anything.
    for id in ids {
        either(
            "update timeline set what = json_replace(json_remove(what, '$.transcript', '$.reply', '$.host'), '$.words', '') \
             where message = $1 and coalesce(json_extract(what, '$.transcript'), json_extract(what, '$.reply'), \
             json_extract(what, '$.words'), json_extract(what, '$.host')) is not null",
            "update timeline set what = jsonb_set(what::jsonb - 'transcript' - 'reply' - 'host', '{words}', '\"\"', false)::text \
             where message = $1 and coalesce(what::jsonb ->> 'transcript', what::jsonb ->> 'reply', \
             what::jsonb ->> 'words', what::jsonb ->> 'host') is not null",
        )
        .bind(id)
        .execute(&mut *tx)
        .await?;
    }
    query("delete from request_facts where library = $1 and at < $2")
        .bind(library.as_str())
        .bind(micros(before))
        .execute(&mut *tx)
        .await?;
    Ok(())
}

/// What servers said: the conversation of each attempt.
async fn erase_talk(tx: &mut Tx, ids: &[Vec<u8>]) -> Result<()> {
    for id in ids {
        either(
            "update timeline set what = json_remove(what, '$.transcript') where message = $1 \
             and json_extract(what, '$.transcript') is not null",
            "update timeline set what = (what::jsonb - 'transcript')::text where message = $1 \
             and what::jsonb ->> 'transcript' is not null",
        )
        .bind(id)
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}
