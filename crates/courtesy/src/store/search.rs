//! Messages looked for by what somebody knows of them: a request's number, or a part of the patron's name, number or address.

use super::message::{COLUMNS, message_from};
use super::statement::query;
use super::{MessageRow, Result, Store};
use crate::id::MessageId;
use crate::library::LibraryCode;

/// Messages among which a patron is looked for, the newest: what a search costs does not grow with the years.
const SEARCHED_MAX: i64 = 20_000;

/// The ids of messages of the library `$1` and of the request that follows. The request leads to its events and they to
/// their messages: asked the other way round, a database reads all messages of the library.
const OF_REQUEST: &str = "select message.id from event join message on message.event = event.id \
    where event.library = $1 and coalesce(message.library, '') = $1 and event.request =";

impl Store {
    /// Messages of `library` that `what` may mean, the newest first: the request's number, the patron's address, or a
    /// part of the patron's name or number among the newest messages.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn search(
        &self,
        library: &LibraryCode,
        what: &str,
        before: Option<MessageId>,
        most: i64,
    ) -> Result<Vec<MessageRow>> {
        let before = before.map_or_else(|| vec![0xff; 16], |id| id.to_bytes().to_vec());
        let exact = format!("{COLUMNS} where id in ({OF_REQUEST} $3) and id < $2 order by id desc limit $4");
        let rows =
            query(exact).bind(library.as_str()).bind(&before).bind(what).bind(most).fetch_all(&self.readers).await?;
        if !rows.is_empty() {
            return rows.iter().map(message_from).collect();
        }
        let named = format!(
            "{COLUMNS} where library = $1 and id in (select newest.id from \
                 (select id, event, address from message where library = $1 and id < $2 order by id desc limit $3) \
                 as newest join event on event.id = newest.event \
                 where lower(newest.address) like $4 escape '!' or lower(event.fields) like $5 escape '!') \
             order by id desc limit $6"
        );
        let like = what.to_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_");
        let rows = query(named)
            .bind(library.as_str())
            .bind(&before)
            .bind(SEARCHED_MAX)
            .bind(format!("%{like}%"))
            // The patron stands before the fields of the item in an event's JSON.
            .bind(format!("{{\"patron\":{{%{like}%\"fields\":{{%"))
            .bind(most)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(message_from).collect()
    }

    /// Messages of one request of `library`, the newest first.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn messages_of_request(&self, library: &LibraryCode, request: &str) -> Result<Vec<MessageRow>> {
        /// More notices than a loan has.
        const MOST: i64 = 50;
        let text = format!("{COLUMNS} where id in ({OF_REQUEST} $2) order by id desc limit $3");
        let rows = query(text).bind(library.as_str()).bind(request).bind(MOST).fetch_all(&self.readers).await?;
        rows.iter().map(message_from).collect()
    }
}
