//! What requests told about patron and item, for later messages that do not repeat it.

use jiff::Timestamp;

use super::erasure::request_is_hidden;
use super::statement::query;
use super::{Result, Store};
use crate::clock::micros;
use crate::library::LibraryCode;

impl Store {
    /// Keeps what requests told about patron and item, for later messages that do not repeat it: library, request and
    /// facts as JSON.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn put_request_facts(&self, facts: Vec<(LibraryCode, String, String)>, now: Timestamp) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    for (library, request, facts) in &facts {
                        query(
                            "insert into request_facts (library, request, facts, at) values ($1, $2, $3, $4) \
                             on conflict (library, request) do update set facts = excluded.facts, at = excluded.at",
                        )
                        .bind(library.as_str())
                        .bind(request)
                        .bind(facts)
                        .bind(micros(now))
                        .execute(&mut *tx)
                        .await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// What earlier messages of this request told about patron and item.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn request_facts(&self, library: &LibraryCode, request: &str) -> Result<Option<String>> {
        let row = query(concat!(
            "select facts from request_facts where library = $1 and request = $2 and not (",
            request_is_hidden!("request_facts"),
            ")"
        ))
        .bind(library.as_str())
        .bind(request)
        .fetch_optional(&self.readers)
        .await?;
        row.map(|row| row.try_get(0)).transpose()
    }
}
