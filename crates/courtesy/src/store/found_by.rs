//! What people find events by, written afterwards where it was not written with them: a version that did not know of it told them.

use std::collections::HashMap;

use super::statement::{Builder, query};
use super::{Result, Store};

impl Store {
    /// Writes what events are found by, of at most `most` that have none yet, the newest first; gives how many those were. `found_by` makes it
    /// of what the event told (JSON) and where its messages went.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn write_found_by(&self, most: u32, found_by: impl Fn(&str, &[String]) -> String) -> Result<usize> {
        let rows = query("select id, fields from event where found_by is null order by id desc limit $1")
            .bind(i64::from(most))
            .fetch_all(&self.readers)
            .await?;
        let events = rows
            .iter()
            .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
            .collect::<Result<Vec<(Vec<u8>, String)>>>()?;
        if events.is_empty() {
            return Ok(0);
        }
        let mut asked = Builder::new("select event, address from message where address <> '' and event in ");
        asked.push_list(events.iter().map(|(id, _)| id.clone()));
        asked.push(" order by id");
        let mut addresses: HashMap<Vec<u8>, Vec<String>> = HashMap::new();
        for row in asked.build().fetch_all(&self.readers).await? {
            addresses.entry(row.try_get(0)?).or_default().push(row.try_get(1)?);
        }
        let written: Vec<(Vec<u8>, String)> = events
            .into_iter()
            .map(|(id, fields)| {
                let words = found_by(&fields, addresses.get(&id).map_or(&[], Vec::as_slice));
                (id, words)
            })
            .collect();
        let count = written.len();
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    for (id, words) in written {
                        // What was erased meanwhile has an empty one, and keeps it.
                        query("update event set found_by = $2 where id = $1 and found_by is null")
                            .bind(id)
                            .bind(words)
                            .execute(&mut *tx)
                            .await?;
                    }
                    Ok(())
                })
            })
            .await?;
        Ok(count)
    }
}
