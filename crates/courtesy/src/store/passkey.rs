//! Passkeys of staff: their public halves, and when they were used.

use jiff::Timestamp;

use super::engine::Row;
use super::statement::query;
use super::{Result, Store, id_from};
use crate::clock::{from_micros, micros};
use crate::id::StaffId;

/// A passkey, without its private half, which never leaves the authenticator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    /// What the authenticator calls it.
    pub credential: Vec<u8>,
    /// Whose.
    pub staff: StaffId,
    /// What its owner calls it.
    pub name: String,
    /// The public key: a SubjectPublicKeyInfo, DER.
    pub public_key: Vec<u8>,
    /// Its algorithm, as COSE numbers it.
    pub algorithm: i64,
    /// What the authenticator counted last.
    pub counter: i64,
    /// Since when.
    pub created_at: Timestamp,
    /// When it opened last.
    pub used_at: Option<Timestamp>,
}

/// Passkeys of one person at most: a few devices, and some keys in drawers.
const PASSKEYS_MAX: i64 = 20;

const COLUMNS: &str =
    "select credential, staff, name, public_key, algorithm, counter, created_at, used_at from passkey";

impl Store {
    /// Keeps a new passkey. False where the authenticator's name for it is known already, or its owner has as many as
    /// there may be.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn add_passkey(&self, passkey: Passkey) -> Result<bool> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let done = query(
                        "insert into passkey (credential, staff, name, public_key, algorithm, counter, created_at) \
                         select $1, $2, $3, $4, $5, $6, $7 \
                         where (select count(*) from passkey where staff = $2) < $8 \
                         on conflict (credential) do nothing",
                    )
                    .bind(&passkey.credential)
                    .bind(passkey.staff.to_bytes().to_vec())
                    .bind(&passkey.name)
                    .bind(&passkey.public_key)
                    .bind(passkey.algorithm)
                    .bind(passkey.counter)
                    .bind(micros(passkey.created_at))
                    .bind(PASSKEYS_MAX)
                    .execute(&mut *tx)
                    .await?;
                    Ok(done > 0)
                })
            })
            .await
    }

    /// The passkeys of one person, the oldest first.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn passkeys_of(&self, staff: StaffId) -> Result<Vec<Passkey>> {
        let text = format!("{COLUMNS} where staff = $1 order by created_at, credential");
        let rows = query(text).bind(staff.to_bytes().to_vec()).fetch_all(&self.readers).await?;
        rows.iter().map(passkey_from).collect()
    }

    /// The passkey that the authenticator calls so.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn passkey(&self, credential: &[u8]) -> Result<Option<Passkey>> {
        let text = format!("{COLUMNS} where credential = $1");
        let row = query(text).bind(credential.to_vec()).fetch_optional(&self.readers).await?;
        row.as_ref().map(passkey_from).transpose()
    }

    /// Notes that a passkey opened, and what its authenticator counted.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn passkey_used(&self, credential: Vec<u8>, counter: i64, now: Timestamp) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query("update passkey set counter = $2, used_at = $3 where credential = $1")
                        .bind(&credential)
                        .bind(counter)
                        .bind(micros(now))
                        .execute(&mut *tx)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Calls a passkey of `staff` something else. False where they have none of that kind.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn name_passkey(&self, staff: StaffId, credential: Vec<u8>, name: String) -> Result<bool> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let done = query("update passkey set name = $3 where credential = $1 and staff = $2")
                        .bind(&credential)
                        .bind(staff.to_bytes().to_vec())
                        .bind(&name)
                        .execute(&mut *tx)
                        .await?;
                    Ok(done > 0)
                })
            })
            .await
    }

    /// Takes a passkey of `staff` away. False where they have none of that kind.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn remove_passkey(&self, staff: StaffId, credential: Vec<u8>) -> Result<bool> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let done = query("delete from passkey where credential = $1 and staff = $2")
                        .bind(&credential)
                        .bind(staff.to_bytes().to_vec())
                        .execute(&mut *tx)
                        .await?;
                    Ok(done > 0)
                })
            })
            .await
    }
}

fn passkey_from(row: &Row) -> Result<Passkey> {
    Ok(Passkey {
        credential: row.try_get(0)?,
        staff: StaffId::from_bytes(id_from(&row.try_get::<Vec<u8>>(1)?)?),
        name: row.try_get(2)?,
        public_key: row.try_get(3)?,
        algorithm: row.try_get(4)?,
        counter: row.try_get(5)?,
        created_at: from_micros(row.try_get(6)?),
        used_at: row.try_get::<Option<i64>>(7)?.map(from_micros),
    })
}
