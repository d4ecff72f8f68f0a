//! Claiming what is due. Not here: settling what became of it (`settled`).

use jiff::Timestamp;
use standards::address::Address;

use super::do_not_send::{Unlisted, are_listed};
use super::engine::{Row, Tx};
use super::erasure::{self, event_is_hidden};
use super::message::channel_from;
use super::statement::{Builder, Statement, either, query};
use super::{Result, Sole, Store, StoreError, id_from};
use crate::channel::Channel;
use crate::clock::{from_micros, micros};
use crate::id::{EventId, MessageId};
use crate::library::LibraryCode;
use crate::notice::catalogue::Urgency;
use crate::outcome::stop::ListedAddress;
use crate::queue::State;

/// Events asked for by one statement.
const ROWS_PER_STATEMENT: usize = 500;

/// Takes what the middle part chooses: the attempt is counted, and `due_at` moved past the lease.
macro_rules! claim {
    ($($chosen:tt)*) => {
        concat!(
            "update message set state = 'sending', attempts = attempts + 1, due_at = $3, changed_at = $2, waits_for = null, digest_at = null, \
             digest_of = null, claimed_by = $5 \
             where id in (",
            $($chosen)*,
            ") returning id, library, event, request, notice, language, address, words_of, words_version, \
             deadline, attempts, refused, cause, created_at, channel, climb_at"
        )
    };
}

/// What is due in one lane of a wanted library: one index step.
macro_rules! in_lane {
    ($lane:literal) => {
        concat!(
            "select * from (select id, lane, due_at from message where library = wanted.value and lane = ",
            $lane,
            " and due_at is not null and due_at <= $2 order by due_at limit $4)"
        )
    };
}

/// A share of each wanted library's due messages: of the lane `$6` first, then of the others in their order.
const CLAIM: &str = claim!(concat!(
    "select chosen.id from json_each($1) as wanted, message as chosen \
     where not exists (select 1 from pause where pause.library in ('', wanted.value)) \
       and chosen.id in (select id from (",
    in_lane!("0"),
    " union all ",
    in_lane!("1"),
    " union all ",
    in_lane!("2"),
    ") order by lane <> $6, lane, due_at limit $4)"
));

/// The same where others claim at the same moment: what they have in hand is passed over. Their leases end by the database's
/// clock, which says `$7`: by ours they may seem to have ended long ago.
const CLAIM_AMONG_OTHERS: &str = claim!(
    "select chosen.id from json_array_elements_text($1::json) as wanted (library), lateral (\
       select waiting.id from (values (0::bigint), (1), (2)) as lanes (lane), lateral (\
         select id, due_at from message where message.library = wanted.library and message.lane = lanes.lane \
           and due_at is not null and due_at <= $2 and (state <> 'sending' or due_at <= $7) \
         order by due_at limit $4 for update skip locked) as waiting \
       order by lanes.lane <> $6, lanes.lane, waiting.due_at limit $4) as chosen \
     where not exists (select 1 from pause where pause.library in ('', wanted.library))"
);

/// What waits in a paused queue and has come to its deadline. `$1` is not used: both claims bind the same.
const CLAIM_EXPIRED: &str = claim!(
    "select id from message where $1 is null and due_at is not null and deadline <= $2 and due_at <= $2 \
     and exists (select 1 from pause where pause.library in ('', message.library)) order by deadline limit $4"
);

const CLAIM_EXPIRED_AMONG_OTHERS: &str = claim!(
    "select id from message where $1 is null and due_at is not null and deadline <= $2 and due_at <= $2 \
     and (state <> 'sending' or due_at <= $6) and exists (select 1 from pause where pause.library in ('', message.library)) order by deadline limit $4 \
     for update skip locked"
);

/// Due messages that are looked through for their libraries; more are found library by library.
const FEW_DUE: i64 = 1000;

const NEXT_DUE: &str = "select min(due_at) from message where due_at is not null";

const NEXT_DUE_OF_LIBRARY: &str = "select min(due) from (\
       select min(due_at) as due from message where library = $1 and lane = 0 and due_at is not null \
       union all select min(due_at) from message where library = $1 and lane = 1 and due_at is not null \
       union all select min(due_at) from message where library = $1 and lane = 2 and due_at is not null) as first";

/// A loose index scan over libraries, as one that is paused may have any number due.
const NEXT_DUE_WITH_PAUSES: &str = "with recursive next (library) as (\
       select min(library) from message where due_at is not null \
       union all \
       select (select min(library) from message where due_at is not null and library > next.library) \
       from next where next.library is not null) \
     select min((select min(due) from (\
       select min(due_at) as due from message where message.library = next.library and lane = 0 and due_at is not null \
       union all select min(due_at) from message where message.library = next.library and lane = 1 and due_at is not null \
       union all select min(due_at) from message where message.library = next.library and lane = 2 and due_at is not null) as first)) \
     from next where library is not null \
       and not exists (select 1 from pause where pause.library in ('', next.library))";

/// A message that is ours to try until its lease ends, with all that writing it needs.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Its id.
    pub id: MessageId,
    /// Whose.
    pub library: LibraryCode,
    /// The event it was written for.
    pub event: EventId,
    /// The request's number.
    pub request: String,
    /// The notice's code.
    pub notice: String,
    /// The language's tag.
    pub language: String,
    /// Which way it goes.
    pub channel: Channel,
    /// Where it goes.
    pub address: String,
    /// Whose words.
    pub words_of: Option<String>,
    /// Which version of them.
    pub words_version: i64,
    /// When it ends at the latest.
    pub deadline: Timestamp,
    /// When the next way takes its place at the latest; none where that is only when it has failed.
    pub next_way_at: Option<Timestamp>,
    /// The number of this attempt; the first is 1. Also the fence: only this attempt may settle it.
    pub attempt: u32,
    /// Senders it was refused under.
    pub refused: String,
    /// Why it did not go the last time.
    pub last_cause: Option<String>,
    /// When it was made: its Date.
    pub created_at: Timestamp,
    /// The event's fields, JSON.
    pub fields: String,
    /// What was told of its request, JSON; none where nothing is known of it.
    pub life: Option<String>,
    /// Set where its address was not on the do-not-send list when it was claimed.
    pub unlisted: Option<Unlisted>,
}

impl Claimed {
    /// Whether the patron it is for was erased, or is being: nothing says any more to whom it would go, or what about.
    #[must_use]
    pub fn is_erased(&self) -> bool {
        self.address.is_empty() && self.fields == "{}"
    }
}

/// How many messages stand where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages by state.
    pub by_state: Vec<(State, i64)>,
    /// When the oldest waiting message became due; none when nothing is due.
    pub oldest_due: Option<Timestamp>,
}

impl Store {
    /// Libraries that have a message due at `now` and are not paused, each once, from the one after `last` on and around.
    /// Costs what is due, or, where more is due than a round takes, one index step for each library with anything waiting.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn libraries_due(&self, now: Timestamp, last: &str, most: u32) -> Result<Vec<String>> {
        if let Some(mut few) = self.libraries_of_few_due(now).await? {
            few.sort_by(|a, b| (a.as_str() <= last, a).cmp(&(b.as_str() <= last, b)));
            few.truncate(usize::try_from(most).unwrap_or(usize::MAX));
            return Ok(few);
        }
        let mut due = self.libraries_due_between(now, last, None, most).await?;
        let room = most.saturating_sub(u32::try_from(due.len()).unwrap_or(u32::MAX));
        if room > 0 && !last.is_empty() {
            due.extend(self.libraries_due_between(now, "", Some(last), room).await?);
        }
        Ok(due)
    }

    /// The libraries of all that is due, where that is little. None where it is more.
    async fn libraries_of_few_due(&self, now: Timestamp) -> Result<Option<Vec<String>>> {
        let rows = query(
            "select library, count(*), (select count(*) from pause where pause.library in ('', due.library)) \
             from (select library from message where due_at is not null and due_at <= $1 order by due_at limit $2) as due \
             group by library",
        )
        .bind(micros(now))
        .bind(FEW_DUE)
        .fetch_all(&self.readers)
        .await?;
        let (mut due, mut libraries) = (0, Vec::new());
        for row in &rows {
            due += row.try_get::<i64>(1)?;
            if row.try_get::<i64>(2)? == 0 {
                libraries.push(row.try_get(0)?);
            }
        }
        Ok((due < FEW_DUE).then_some(libraries))
    }

    async fn libraries_due_between(
        &self,
        now: Timestamp,
        after: &str,
        upto: Option<&str>,
        most: u32,
    ) -> Result<Vec<String>> {
        // A loose index scan: the next library after the last one that has anything waiting.
        let rows = query(
            "with recursive next (library) as (\
               select min(library) from message where due_at is not null and library > $3 \
               union all \
               select (select min(library) from message where due_at is not null and library > next.library) \
               from next where next.library is not null and ($4 is null or next.library < $4)) \
             select library from next where library is not null and ($4 is null or library <= $4) and exists (\
               select 1 from message where message.library = next.library and lane in (0, 1, 2) and due_at is not null and due_at <= $1) \
             and not exists (select 1 from pause where pause.library in ('', next.library)) \
             limit $2",
        )
        .bind(micros(now))
        .bind(i64::from(most))
        .bind(after)
        .bind(upto)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(|row| row.try_get(0)).collect()
    }

    /// When the next message of a library that is not paused is due, whoever's it is. One index step; while a library
    /// is paused, one for each library with anything waiting.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn next_due(&self) -> Result<Option<Timestamp>> {
        let pauses = self.pauses().await?;
        if pauses.iter().any(|pause| pause.library.is_none()) {
            return Ok(None);
        }
        let row =
            query(if pauses.is_empty() { NEXT_DUE } else { NEXT_DUE_WITH_PAUSES }).fetch_one(&self.readers).await?;
        Ok(row.try_get::<Option<i64>>(0)?.map(from_micros))
    }

    /// Claims up to `each` due messages of each of `libraries`, the most urgent first.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn claim(
        &self,
        libraries: Vec<String>,
        each: u32,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<Claimed>> {
        self.claim_led(libraries, each, Urgency::Now, now, lease_until).await
    }

    /// Claims up to `each` due messages of each of `libraries`, those of the lane `lead` first and then the others from the
    /// most urgent on: the attempt is counted and the lease written before anybody tries. A library that was paused
    /// meanwhile is left out.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn claim_led(
        &self,
        libraries: Vec<String>,
        each: u32,
        lead: Urgency,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<Claimed>> {
        let names = serde_json::to_string(&libraries).expect("texts become JSON");
        self.claim_by(either(CLAIM, CLAIM_AMONG_OTHERS), Some((names, lead)), each, now, lease_until).await
    }

    /// Claims up to `most` messages of paused libraries whose deadline has come: nothing waits past it, pause or not.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn claim_expired(&self, most: u32, now: Timestamp, lease_until: Timestamp) -> Result<Vec<Claimed>> {
        if self.pauses().await?.is_empty() {
            return Ok(Vec::new());
        }
        self.claim_by(either(CLAIM_EXPIRED, CLAIM_EXPIRED_AMONG_OTHERS), None, most, now, lease_until).await
    }

    async fn claim_by(
        &self,
        which: Statement,
        wanted: Option<(String, Urgency)>,
        most: u32,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<Claimed>> {
        let (process, ahead) = (self.process, self.clock_ahead());
        let there = |time: Timestamp| time.checked_add(ahead).map_or(i64::MAX, micros);
        let (now_there, until_there) = (self.is_shared().then(|| there(now)), there(lease_until));
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let (names, lead) = wanted.unzip();
                    let which = which
                        .bind(names)
                        .bind(micros(now))
                        .bind(until_there)
                        .bind(i64::from(most))
                        .bind(process.to_bytes());
                    let which = match lead {
                        Some(lead) => which.bind(lead.lane()),
                        None => which,
                    };
                    let which = match now_there {
                        Some(now_there) => which.bind(now_there),
                        None => which,
                    };
                    let rows = which.fetch_all(&mut *tx).await?;
                    let mut claimed = rows.iter().map(claimed_from).collect::<Result<Vec<_>>>()?;
                    fill_fields(tx, &mut claimed).await?;
                    ask_list(tx, &mut claimed).await?;
                    Ok(claimed)
                })
            })
            .await
    }

    /// Makes everything that is under way due now; gives how many that were. For the one process that serves, when it
    /// starts: whoever had claimed them is gone. Their attempts stay counted.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn take_over(&self, _sole: &Sole, now: Timestamp) -> Result<u64> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    erasure::take_over(tx, now).await?;
                    query("update message set due_at = $1, changed_at = $1 where state = 'sending'")
                        .bind(micros(now))
                        .execute(&mut *tx)
                        .await
                })
            })
            .await
    }

    /// How many messages stand in each state.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn counts(&self, library: Option<&LibraryCode>, now: Timestamp) -> Result<Counts> {
        let mut states = Builder::new("select state, count(*) from message");
        if let Some(library) = library {
            states.push(" where library = ").push_bind(library.as_str());
        }
        states.push(" group by state");
        let mut by_state = Vec::new();
        for row in states.build().fetch_all(&self.readers).await? {
            let code: String = row.try_get(0)?;
            let state = State::from_code(&code).ok_or_else(|| StoreError::Corrupt(format!("the state {code}")))?;
            by_state.push((state, row.try_get(1)?));
        }
        let oldest_due = match library {
            None => self.next_due().await?,
            Some(library) => {
                let row = query(NEXT_DUE_OF_LIBRARY).bind(library.as_str()).fetch_one(&self.readers).await?;
                row.try_get::<Option<i64>>(0)?.map(from_micros)
            }
        };
        Ok(Counts { by_state, oldest_due: oldest_due.filter(|due| *due <= now) })
    }
}

async fn fill_fields(tx: &mut Tx, claimed: &mut [Claimed]) -> Result<()> {
    let mut fields = std::collections::HashMap::with_capacity(claimed.len());
    for chunk in claimed.chunks(ROWS_PER_STATEMENT) {
        let mut query = Builder::new(concat!(
            "select event.id, case when ",
            event_is_hidden!(),
            " then '' else fields end, life from event left join request \
             on request.library = event.library and request.request = event.request where event.id in "
        ));
        query.push_list(chunk.iter().map(|message| message.event.to_bytes()));
        for row in query.build().fetch_all(&mut *tx).await? {
            let event = EventId::from_bytes(id_from(&row.try_get::<Vec<u8>>(0)?)?);
            fields.insert(event, (row.try_get::<String>(1)?, row.try_get::<Option<String>>(2)?));
        }
    }
    for message in claimed {
        (message.fields, message.life) = fields.get(&message.event).cloned().unwrap_or_default();
        if message.fields.is_empty() {
            (message.address, message.fields) = (String::new(), "{}".to_owned());
        }
    }
    Ok(())
}

/// Notes which of the claimed are not on the list, all at once: nearly all of them.
async fn ask_list(tx: &mut Tx, claimed: &mut [Claimed]) -> Result<()> {
    let as_of = Unlisted::now();
    let addressed = |(place, message): (usize, &Claimed)| {
        let address = ListedAddress::of(&Address::parse(&message.address).ok()?);
        Some((place, (message.library.clone(), address)))
    };
    let (places, asked): (Vec<_>, Vec<_>) = claimed.iter().enumerate().filter_map(addressed).unzip();
    for (place, is_listed) in places.into_iter().zip(are_listed(tx, &asked).await?) {
        claimed[place].unlisted = (!is_listed).then_some(as_of);
    }
    Ok(())
}

fn claimed_from(row: &Row) -> Result<Claimed> {
    let library: String = row.try_get(1)?;
    Ok(Claimed {
        id: MessageId::from_bytes(id_from(&row.try_get::<Vec<u8>>(0)?)?),
        library: LibraryCode::parse(&library).map_err(|error| StoreError::Corrupt(error.to_string()))?,
        event: EventId::from_bytes(id_from(&row.try_get::<Vec<u8>>(2)?)?),
        request: row.try_get(3)?,
        notice: row.try_get(4)?,
        language: row.try_get(5)?,
        channel: channel_from(&row.try_get::<String>(14)?)?,
        address: row.try_get(6)?,
        words_of: row.try_get(7)?,
        words_version: row.try_get(8)?,
        deadline: from_micros(row.try_get(9)?),
        attempt: u32::try_from(row.try_get::<i64>(10)?).unwrap_or(u32::MAX),
        refused: row.try_get(11)?,
        last_cause: row.try_get(12)?,
        created_at: from_micros(row.try_get(13)?),
        next_way_at: row.try_get::<Option<i64>>(15)?.map(from_micros),
        fields: String::new(),
        life: None,
        unlisted: None,
    })
}
