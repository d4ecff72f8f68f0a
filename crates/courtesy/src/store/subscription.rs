//! Devices on which patrons turned notifications on, the keys they are bound to, and what they told of notifications.

use std::collections::HashSet;

use jiff::Timestamp;

use super::engine::{Row, Tx};
use super::erasure::IS_GONE;
use super::statement::{Builder, either, query};
use super::timeline::append;
use super::{Result, Store, StoreError};
use crate::clock::{from_micros, micros};
use crate::id::MessageId;
use crate::library::LibraryCode;
use crate::timeline::{Entry, What};

/// Devices of one patron at most: one more takes the place of the one that was silent longest.
const DEVICES_MAX: i64 = 10;

/// Patrons asked for by one statement.
const AT_ONCE: usize = 500;

/// A device, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Whose patron.
    pub library: LibraryCode,
    /// The library's number for the patron.
    pub number: String,
    /// What tells it from every other device.
    pub digest: [u8; 32],
    /// Where it takes notifications and how they are encrypted for it, sealed.
    pub sealed: Vec<u8>,
    /// The public key of ours that it is bound to.
    pub key: String,
    /// As its owner knows it.
    pub name: String,
    /// When it was turned on.
    pub made_at: Timestamp,
    /// When it last took a notification.
    pub used_at: Timestamp,
}

/// A key that push services know us by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushKey {
    /// The public key.
    pub public: String,
    /// The pair, sealed.
    pub sealed: Vec<u8>,
}

impl Store {
    /// The devices of one patron, the newest first.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn subscriptions_of(&self, library: &LibraryCode, number: &str) -> Result<Vec<Subscription>> {
        let rows = query(
            "select digest, sealed, key, name, made_at, used_at from push_device where library = $1 and number = $2 \
             order by made_at desc, digest limit $3",
        )
        .bind(library.as_str())
        .bind(number)
        .bind(DEVICES_MAX)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(|row| subscription_from(row, library, number)).collect()
    }

    /// Which of these patrons have a device.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn subscribed(&self, library: &LibraryCode, numbers: &[String]) -> Result<HashSet<String>> {
        let mut subscribed = HashSet::new();
        for chunk in numbers.chunks(AT_ONCE) {
            let mut asked = Builder::new("select distinct number from push_device where library = ");
            asked.push_bind(library.as_str().to_owned()).push(" and number in ");
            asked.push_list(chunk.iter().cloned());
            for row in asked.build().fetch_all(&self.readers).await? {
                subscribed.insert(row.try_get(0)?);
            }
        }
        Ok(subscribed)
    }

    /// Keeps a device, in place of what was known of the same one. False where its patron, told of by `mark`, was erased at `since` or
    /// later: it was somebody else's.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn put_subscription(&self, device: Subscription, mark: [u8; 32], since: Timestamp) -> Result<bool> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let gone = query(IS_GONE).bind(device.library.as_str()).bind(mark).bind(micros(since));
                    if gone.fetch_optional(&mut *tx).await?.is_some() {
                        return Ok(false);
                    }
                    query(
                        "insert into push_device (library, number, digest, sealed, key, name, made_at, used_at) \
                         values ($1, $2, $3, $4, $5, $6, $7, $8) \
                         on conflict (library, number, digest) do update set sealed = excluded.sealed, \
                         key = excluded.key, name = excluded.name, used_at = excluded.used_at",
                    )
                    .bind(device.library.as_str())
                    .bind(&device.number)
                    .bind(device.digest)
                    .bind(&device.sealed)
                    .bind(&device.key)
                    .bind(&device.name)
                    .bind(micros(device.made_at))
                    .bind(micros(device.used_at))
                    .execute(&mut *tx)
                    .await?;
                    query(
                        "delete from push_device where library = $1 and number = $2 and digest not in (select digest \
                         from push_device where library = $1 and number = $2 order by used_at desc, digest limit $3)",
                    )
                    .bind(device.library.as_str())
                    .bind(&device.number)
                    .bind(DEVICES_MAX)
                    .execute(&mut *tx)
                    .await?;
                    Ok(true)
                })
            })
            .await
    }

    /// Notes that a device took a notification.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn subscription_used(
        &self,
        library: LibraryCode,
        number: String,
        digest: [u8; 32],
        now: Timestamp,
    ) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query("update push_device set used_at = $4 where library = $1 and number = $2 and digest = $3")
                        .bind(library.as_str())
                        .bind(&number)
                        .bind(digest)
                        .bind(micros(now))
                        .execute(&mut *tx)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Forgets one device of a patron. False where it was not known.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn forget_subscription(&self, library: LibraryCode, number: String, digest: [u8; 32]) -> Result<bool> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let done = query("delete from push_device where library = $1 and number = $2 and digest = $3")
                        .bind(library.as_str())
                        .bind(&number)
                        .bind(digest)
                        .execute(&mut *tx)
                        .await?;
                    Ok(done > 0)
                })
            })
            .await
    }

    /// Forgets a device that is gone, whoever of the library's patrons turned it on.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn forget_device(&self, library: LibraryCode, digest: [u8; 32]) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query("delete from push_device where library = $1 and digest = $2")
                        .bind(library.as_str())
                        .bind(digest)
                        .execute(&mut *tx)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Forgets the devices of all libraries that took nothing since `before`; gives how many.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn forget_silent_devices(&self, before: Timestamp) -> Result<u64> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query("delete from push_device where used_at < $1").bind(micros(before)).execute(&mut *tx).await
                })
            })
            .await
    }

    /// The public key that new devices are bound to.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn active_push_key(&self) -> Result<Option<String>> {
        let row = query("select public from push_key where active = 1").fetch_optional(&self.readers).await?;
        row.map(|row| row.try_get(0)).transpose()
    }

    /// The sealed pair of a public key.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn push_key(&self, public: &str) -> Result<Option<Vec<u8>>> {
        let row =
            query("select sealed from push_key where public = $1").bind(public).fetch_optional(&self.readers).await?;
        row.map(|row| row.try_get(0)).transpose()
    }

    /// Keeps a key for new devices: where there is none, or in any case where it is to `replace` the one there is. Gives the public key
    /// that is active now.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn put_push_key(&self, key: PushKey, replace: bool, now: Timestamp) -> Result<String> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    if replace {
                        query("update push_key set active = 0 where active = 1").execute(&mut *tx).await?;
                    }
                    // Another process may have been first, before us or at this moment.
                    query("insert into push_key (public, sealed, active, made_at) values ($1, $2, 1, $3) on conflict do nothing")
                        .bind(&key.public)
                        .bind(&key.sealed)
                        .bind(micros(now))
                        .execute(&mut *tx)
                        .await?;
                    // No device is bound to it any more.
                    query("delete from push_key where active = 0 and public not in (select key from push_device)")
                        .execute(&mut *tx)
                        .await?;
                    let row = query("select public from push_key where active = 1").fetch_one(&mut *tx).await?;
                    row.try_get(0)
                })
            })
            .await
    }

    /// Notes that a notification was shown, or `opened`; it is told once of each. The patron knows: no other way is tried. False where it
    /// was told before, or there is no such notification.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn push_seen(&self, library: LibraryCode, id: MessageId, opened: bool, now: Timestamp) -> Result<bool> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let done = query(
                        "update message set rungs = null, climb_at = null where id = $1 and library = $2 and channel = 'push' \
                         and state in ('accepted', 'sending', 'delayed')",
                    )
                    .bind(id.to_bytes().to_vec())
                    .bind(library.as_str())
                    .execute(&mut *tx)
                    .await?;
                    if done == 0 || was_seen(tx, id, opened).await? {
                        return Ok(false);
                    }
                    append(tx, &[(id, &Entry { at: now, what: What::Seen { opened } })]).await?;
                    Ok(true)
                })
            })
            .await
    }
}

/// Whether it was told before; one that was opened was shown.
async fn was_seen(tx: &mut Tx, id: MessageId, opened: bool) -> Result<bool> {
    let seen = either(
        "select max(json_extract(what, '$.opened')) from timeline where message = $1 \
         and json_extract(what, '$.kind') = 'seen'",
        "select max(case when what::json ->> 'opened' = 'true' then 1 else 0 end)::bigint from timeline where message = $1 \
         and what::json ->> 'kind' = 'seen'",
    )
    .bind(id.to_bytes().to_vec())
    .fetch_one(&mut *tx)
    .await?;
    let known: Option<i64> = seen.try_get(0)?;
    Ok(known.is_some_and(|known| known == 1 || !opened))
}

fn subscription_from(row: &Row, library: &LibraryCode, number: &str) -> Result<Subscription> {
    let digest: Vec<u8> = row.try_get(0)?;
    let octets = digest.len();
    Ok(Subscription {
        library: library.clone(),
        number: number.to_owned(),
        digest: digest.try_into().map_err(|_| StoreError::Corrupt(format!("a digest of {octets} octets")))?,
        sealed: row.try_get(1)?,
        key: row.try_get(2)?,
        name: row.try_get(3)?,
        made_at: from_micros(row.try_get(4)?),
        used_at: from_micros(row.try_get(5)?),
    })
}
