//! Which records stand in the DNS of a library's domain, so that the coming and going of each is told once.

use jiff::Timestamp;
use serde_json::json;
use standards::domain::Domain;

use super::statement::query;
use super::{Result, Store, outbox};
use crate::clock::micros;
use crate::library::LibraryCode;
use crate::sender::Record;
use crate::webhook::Kind;

impl Store {
    /// Keeps what a look at `domain`, from which `library` writes, has found, and tells the library's webhooks of what has
    /// come and what has gone. What stood in another domain, from which it wrote before, is forgotten in silence.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn keep_records(
        &self,
        library: LibraryCode,
        domain: Domain,
        records: Vec<Record>,
        now: Timestamp,
    ) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query("delete from domain_record where library = $1 and domain <> $2")
                        .bind(library.as_str())
                        .bind(domain.as_str())
                        .execute(&mut *tx)
                        .await?;
                    for record in &records {
                        let statement = match record.found {
                            true => query(
                                "insert into domain_record (library, name, domain, found_at) values ($1, $2, $3, $4) \
                                 on conflict (library, name) do nothing",
                            )
                            .bind(library.as_str())
                            .bind(record.name.as_str())
                            .bind(domain.as_str())
                            .bind(micros(now)),
                            false => query("delete from domain_record where library = $1 and name = $2")
                                .bind(library.as_str())
                                .bind(record.name.as_str()),
                        };
                        if statement.execute(&mut *tx).await? == 0 {
                            continue;
                        }
                        let kind = if record.found { Kind::DomainRecordFound } else { Kind::DomainRecordLost };
                        let data = json!({ "domain": domain.as_str(), "record": record.kind.code(),
                            "name": record.name.as_str() });
                        outbox::raise(tx, Some(library.as_str()), kind, data, now).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}
