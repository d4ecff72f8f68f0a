//! The certificate of our own doors, the order for it, and what an authority is answered.

use jiff::Timestamp;

use super::process::changed;
use super::statement::query;
use super::{Result, Store};
use crate::clock::{from_micros, micros};

/// A certificate as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptCertificate {
    /// PEM, our own first.
    pub chain: String,
    /// Its private key, sealed.
    pub key: Vec<u8>,
    /// Since when it is good.
    pub begins_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
}

/// How ordering it goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateOrder {
    /// Tries in vain since the last one came.
    pub tries: i64,
    /// Why the last one was in vain.
    pub trouble: Option<String>,
}

impl Store {
    /// The certificate of `names`, if there is one.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn certificate(&self, names: &str) -> Result<Option<KeptCertificate>> {
        let row = query(
            "select chain, key, begins_at, ends_at from certificate \
             where names = $1 and chain is not null and key is not null",
        )
        .bind(names)
        .fetch_optional(&self.readers)
        .await?;
        row.map(|row| {
            Ok(KeptCertificate {
                chain: row.try_get(0)?,
                key: row.try_get(1)?,
                begins_at: from_micros(row.try_get(2)?),
                ends_at: from_micros(row.try_get(3)?),
            })
        })
        .transpose()
    }

    /// How ordering the certificate of `names` goes.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn certificate_order(&self, names: &str) -> Result<CertificateOrder> {
        let row = query("select tries, trouble from certificate where names = $1")
            .bind(names)
            .fetch_optional(&self.readers)
            .await?;
        let order = row.map(|row| Ok(CertificateOrder { tries: row.try_get(0)?, trouble: row.try_get(1)? }));
        order.transpose().map(Option::unwrap_or_default)
    }

    /// Takes the order for `names` in hand until `until`. False while another process has it, and before it may be tried again.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn claim_certificate_order(&self, names: String, now: Timestamp, until: Timestamp) -> Result<bool> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let claimed = query(
                        "insert into certificate (names, ordered_until) values ($1, $3) \
                         on conflict (names) do update set ordered_until = excluded.ordered_until \
                         where certificate.ordered_until <= $2 and certificate.again_at <= $2",
                    )
                    .bind(names)
                    .bind(micros(now))
                    .bind(micros(until))
                    .execute(&mut *tx)
                    .await?;
                    Ok(claimed > 0)
                })
            })
            .await
    }

    /// Keeps the certificate of `names` in place of the one before.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn put_certificate(&self, names: String, kept: KeptCertificate) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query(
                        "update certificate set chain = $2, key = $3, begins_at = $4, ends_at = $5, \
                         ordered_until = 0, again_at = 0, tries = 0, trouble = null where names = $1",
                    )
                    .bind(names)
                    .bind(&kept.chain)
                    .bind(&kept.key)
                    .bind(micros(kept.begins_at))
                    .bind(micros(kept.ends_at))
                    .execute(&mut *tx)
                    .await?;
                    query("delete from acme_challenge").execute(&mut *tx).await?;
                    changed(tx, "certificate").await
                })
            })
            .await
    }

    /// An order for `names` was in vain: it is tried again at `again_at`.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn certificate_order_failed(&self, names: String, trouble: String, again_at: Timestamp) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query(
                        "update certificate set ordered_until = 0, again_at = $2, tries = tries + 1, trouble = $3 \
                         where names = $1",
                    )
                    .bind(names)
                    .bind(micros(again_at))
                    .bind(trouble)
                    .execute(&mut *tx)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Our sealed account with the authority at `directory`.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn acme_account(&self, directory: &str) -> Result<Option<Vec<u8>>> {
        let row = query("select credentials from acme_account where directory = $1")
            .bind(directory)
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| row.try_get(0)).transpose()
    }

    /// Keeps our account with the authority at `directory`.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn put_acme_account(&self, directory: String, credentials: Vec<u8>) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query(
                        "insert into acme_account (directory, credentials) values ($1, $2) \
                         on conflict (directory) do update set credentials = excluded.credentials",
                    )
                    .bind(directory)
                    .bind(credentials)
                    .execute(&mut *tx)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Keeps what an authority is answered that asks for `token`.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn put_acme_challenge(&self, token: String, answer: String, now: Timestamp) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query(
                        "insert into acme_challenge (token, answer, made_at) values ($1, $2, $3) \
                         on conflict (token) do update set answer = excluded.answer, made_at = excluded.made_at",
                    )
                    .bind(token)
                    .bind(answer)
                    .bind(micros(now))
                    .execute(&mut *tx)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// What an authority is answered that asks for `token`.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn acme_challenge(&self, token: &str) -> Result<Option<String>> {
        let row = query("select answer from acme_challenge where token = $1")
            .bind(token)
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| row.try_get(0)).transpose()
    }
}
