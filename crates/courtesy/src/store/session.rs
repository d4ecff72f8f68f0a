//! Sessions: who is signed in on which device; and forms that were sent, so that a double click does a thing once.

use super::engine::Row;
use super::statement::query;
use jiff::Timestamp;

use super::{Result, Store, id_from};
use crate::clock::{from_micros, micros};
use crate::id::{SessionId, StaffId};

/// A session about to begin.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// SHA-256 of the secret in the cookie.
    pub hash: [u8; 32],
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub staff: StaffId,
    /// How they showed who they are: `link`, `password`, `recovery`, `passkey` or `oidc`.
    pub way: &'static str,
    /// What the browser says it is.
    pub device: String,
    /// When it ends in any case.
    pub expires_at: Timestamp,
}

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub staff: StaffId,
    /// How it began.
    pub way: String,
    /// What the browser said it is.
    pub device: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to within minutes.
    pub seen_at: Timestamp,
}

/// What a form's token stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormSent {
    /// It was not sent before: this is the click that counts.
    First,
    /// It was sent before, and what it asked for is under way.
    UnderWay,
    /// It was sent before, and led there.
    LedTo(String),
}

const COLUMNS: &str = "select id, staff, way, device, created_at, seen_at from session";

impl Store {
    /// Begins a session.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn open_session(&self, new: NewSession, now: Timestamp) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query(
                        "insert into session (hash, id, staff, way, device, created_at, seen_at, expires_at) \
                         values ($1, $2, $3, $4, $5, $6, $6, $7)",
                    )
                    .bind(new.hash.to_vec())
                    .bind(new.id.to_bytes().to_vec())
                    .bind(new.staff.to_bytes().to_vec())
                    .bind(new.way)
                    .bind(&new.device)
                    .bind(micros(now))
                    .bind(micros(new.expires_at))
                    .execute(&mut *tx)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// The session with this hash that was used after `used_after` and has not run out.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn session(&self, hash: [u8; 32], used_after: Timestamp, now: Timestamp) -> Result<Option<Session>> {
        let text = format!("{COLUMNS} where hash = $1 and seen_at > $2 and expires_at > $3");
        let row = query(text)
            .bind(hash.to_vec())
            .bind(micros(used_after))
            .bind(micros(now))
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(session_from).transpose()
    }

    /// The sessions of one person that still open, the last used first.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn sessions_of(&self, staff: StaffId, used_after: Timestamp, now: Timestamp) -> Result<Vec<Session>> {
        /// More devices than anybody has.
        const MOST: i64 = 100;
        let text =
            format!("{COLUMNS} where staff = $1 and seen_at > $2 and expires_at > $3 order by seen_at desc limit $4");
        let rows = query(text)
            .bind(staff.to_bytes().to_vec())
            .bind(micros(used_after))
            .bind(micros(now))
            .bind(MOST)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(session_from).collect()
    }

    /// Notes that a session was used now.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn session_seen(&self, id: SessionId, now: Timestamp) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query("update session set seen_at = $2 where id = $1")
                        .bind(id.to_bytes().to_vec())
                        .bind(micros(now))
                        .execute(&mut *tx)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Ends one session of a person, or (none) all but `kept`. Gives how many ended.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn end_sessions(&self, staff: StaffId, one: Option<SessionId>, kept: Option<SessionId>) -> Result<u64> {
        let octets = |id: Option<SessionId>| id.map(|id| id.to_bytes().to_vec());
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let done = query(
                        "delete from session where staff = $1 and ($2 is null or id = $2) and ($3 is null or id <> $3)",
                    )
                    .bind(staff.to_bytes().to_vec())
                    .bind(octets(one))
                    .bind(octets(kept))
                    .execute(&mut *tx)
                    .await?;
                    Ok(done)
                })
            })
            .await
    }

    /// Says whether the form with this token is sent for the first time, and remembers it.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn form_sent(&self, token: String, now: Timestamp) -> Result<FormSent> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let done = query(
                        "insert into form_sent (token, at, leads_to) values ($1, $2, null) on conflict (token) do nothing",
                    )
                    .bind(&token)
                    .bind(micros(now))
                    .execute(&mut *tx)
                    .await?;
                    if done > 0 {
                        return Ok(FormSent::First);
                    }
                    let row = query("select leads_to from form_sent where token = $1")
                        .bind(&token)
                        .fetch_one(&mut *tx)
                        .await?;
                    Ok(row.try_get::<Option<String>>(0)?.map_or(FormSent::UnderWay, FormSent::LedTo))
                })
            })
            .await
    }

    /// Remembers where the first sending of a form led; none: it may be sent again.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn form_led_to(&self, token: String, place: Option<String>) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let statement = match &place {
                        Some(place) => {
                            query("update form_sent set leads_to = $2 where token = $1").bind(&token).bind(place)
                        }
                        None => query("delete from form_sent where token = $1").bind(&token),
                    };
                    statement.execute(&mut *tx).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Forgets sessions and links that have run out, and forms that were sent and codes that were tried before `before`.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn forget_visits(&self, before: Timestamp, now: Timestamp) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    for (text, time) in [
                        ("delete from form_sent where at < $1", before),
                        ("delete from code_tried where at < $1", before),
                        ("delete from session where expires_at < $1", now),
                        ("delete from sign_in_link where expires_at < $1", before),
                    ] {
                        query(text).bind(micros(time)).execute(&mut *tx).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}

fn session_from(row: &Row) -> Result<Session> {
    Ok(Session {
        id: SessionId::from_bytes(id_from(&row.try_get::<Vec<u8>>(0)?)?),
        staff: StaffId::from_bytes(id_from(&row.try_get::<Vec<u8>>(1)?)?),
        way: row.try_get(2)?,
        device: row.try_get(3)?,
        created_at: from_micros(row.try_get(4)?),
        seen_at: from_micros(row.try_get(5)?),
    })
}
