//! Lists of messages, the newest first, that cost what they show and not what is stored.
//!
//! In: a filter. Out: a page of rows. Every part of a filter has an index in the order of the page. Of several parts one
//! leads, the one that finds least as a rule, and the others look through what it finds. A database that guesses may
//! lead with another one and read a million rows, so the parts that follow are written in a form no index serves.

#[cfg(test)]
mod tests;

use super::message::{COLUMNS, Filter, MessageRow, message_from};
use super::statement::{Builder, Statement, query};
use super::{Result, Store};
use crate::clock::micros;
use crate::id::MessageId;
use crate::library::LibraryCode;
use crate::queue::State;

/// How far the time in a message's id and the time of its row may lie apart.
const BEFORE_ITS_ROW: jiff::SignedDuration = jiff::SignedDuration::from_mins(10);

/// Which part of a filter leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lead {
    Request,
    Cause,
    State,
    Notice,
    Time,
}

/// Whether those count that somebody has seen to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Any,
    Not,
}

impl Lead {
    fn of(filter: &Filter) -> Self {
        match filter {
            Filter { request: Some(_), .. } => Self::Request,
            Filter { cause: Some(_), .. } => Self::Cause,
            // Nearly all messages are accepted in the end.
            Filter { state: Some(State::Accepted), notice: Some(_), .. } => Self::Notice,
            Filter { state: Some(_), .. } => Self::State,
            Filter { notice: Some(_), .. } => Self::Notice,
            _ => Self::Time,
        }
    }
}

impl Store {
    /// Messages that fit `filter`, the newest first, `most` at most.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn messages(&self, filter: &Filter, most: u32) -> Result<Vec<MessageRow>> {
        self.page(filter, Seen::Any, most).await
    }

    /// As [`Store::messages`], without those that were sent again or that somebody has seen to.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn messages_not_seen_to(&self, filter: &Filter, most: u32) -> Result<Vec<MessageRow>> {
        self.page(filter, Seen::Not, most).await
    }

    async fn page(&self, filter: &Filter, seen: Seen, most: u32) -> Result<Vec<MessageRow>> {
        let lead = Lead::of(filter);
        let causes = match &filter.cause {
            Some(cause) if lead == Lead::Cause => self.causes_within(filter.library.as_ref(), cause).await?,
            _ => vec![String::new()],
        };
        if causes.is_empty() {
            return Ok(Vec::new());
        }
        page(filter, lead, &causes, seen, most).fetch_all(&self.readers).await?.iter().map(message_from).collect()
    }

    /// The causes that messages have, of those that are `cause` or below it. One index step each.
    async fn causes_within(&self, library: Option<&LibraryCode>, cause: &str) -> Result<Vec<String>> {
        // From "auth" up to, not including, "auth/": the character after the dot in ASCII.
        let statement = causes(library.is_some()).bind(cause).bind(format!("{cause}/"));
        let statement = match library {
            Some(library) => statement.bind(library.as_str()),
            None => statement,
        };
        let rows = statement.fetch_all(&self.readers).await?;
        let found = rows.iter().map(|row| row.try_get::<String>(0)).collect::<Result<Vec<_>>>()?;
        let is_within =
            |found: &String| found.strip_prefix(cause).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        Ok(found.into_iter().filter(is_within).collect())
    }
}

fn causes(of_one_library: bool) -> Statement {
    query(if of_one_library {
        "with recursive next (cause) as (\
           select min(cause) from message where library = $3 and cause >= $1 and cause < $2 \
           union all \
           select (select min(cause) from message where library = $3 and cause > next.cause and cause < $2) \
           from next where next.cause is not null) \
         select cause from next where cause is not null"
    } else {
        "with recursive next (cause) as (\
           select min(cause) from message where cause >= $1 and cause < $2 \
           union all \
           select (select min(cause) from message where cause > next.cause and cause < $2) \
           from next where next.cause is not null) \
         select cause from next where cause is not null"
    })
}

/// A page: the newest of the newest of each cause. Where no cause leads, `causes` is one text of no meaning.
fn page(filter: &Filter, lead: Lead, causes: &[String], seen: Seen, most: u32) -> Statement {
    let mut page = Builder::new(COLUMNS);
    page.push(" where id in (");
    for (index, cause) in causes.iter().enumerate() {
        page.push(if index == 0 { "" } else { " union all " });
        page.push("select id from (select id from message where 1 = 1");
        narrow(&mut page, filter, lead, cause);
        if seen == Seen::Not {
            page.push(
                " and not exists (select 1 from seen_to where seen_to.library = message.library \
                 and seen_to.message = message.id)",
            );
        }
        page.push(" order by id desc limit ").push_bind(i64::from(most));
        page.push(format_args!(") as part{index}"));
    }
    page.push(") order by id desc limit ").push_bind(i64::from(most));
    page.build()
}

fn narrow(page: &mut Builder, filter: &Filter, lead: Lead, cause: &str) {
    let column = |name: &str, leads: bool| if leads { name.to_owned() } else { format!("coalesce({name}, '')") };
    if let Some(library) = &filter.library {
        let library_column = column("library", lead != Lead::Request);
        page.push(format_args!(" and {library_column} = ")).push_bind(library.as_str());
    }
    if let Some(request) = &filter.request {
        page.push(" and event in (select id from event where request = ").push_bind(request);
        if let Some(library) = &filter.library {
            page.push(" and library = ").push_bind(library.as_str());
        }
        page.push(")");
    }
    if lead == Lead::Cause {
        page.push(" and cause = ").push_bind(cause);
    } else if let Some(cause) = &filter.cause {
        page.push(" and (cause = ").push_bind(cause);
        page.push(" or (cause >= ").push_bind(format!("{cause}."));
        page.push(" and cause < ").push_bind(format!("{cause}/")).push("))");
    }
    if let Some(state) = filter.state {
        let state_column = column("state", lead == Lead::State);
        page.push(format_args!(" and {state_column} = ")).push_bind(state.code());
    }
    if let Some(notice) = &filter.notice {
        let notice_column = column("notice", lead == Lead::Notice);
        page.push(format_args!(" and {notice_column} = ")).push_bind(notice);
    }
    if let Some(provider) = &filter.provider {
        page.push(" and provider = ").push_bind(provider);
    }
    if let Some(since) = filter.since {
        page.push(" and created_at >= ").push_bind(micros(since));
        // Ids sort by the time they were made: the index ends here, and with it what is read.
        let first = since.checked_sub(BEFORE_ITS_ROW).unwrap_or(since);
        page.push(" and id >= ").push_bind(MessageId::first_at(first).to_bytes());
    }
    if let Some(until) = filter.until {
        page.push(" and created_at < ").push_bind(micros(until));
        page.push(" and id < ")
            .push_bind(MessageId::first_at(until.checked_add(BEFORE_ITS_ROW).unwrap_or(until)).to_bytes());
    }
    if let Some(before) = filter.before {
        page.push(" and id < ").push_bind(before.to_bytes().to_vec());
    }
}
