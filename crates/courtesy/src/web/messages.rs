//! The messages of a library: what was sent, to whom, and what became of it; found by patron, request or message.
//!
//! In: filters and where the last page ended. Out: a page of rows, the newest first. Pages follow each other by id, so
//! the last costs what the first does. A search that has looked through enough says how far back, and offers to go on.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use jiff::Timestamp;
use serde::Deserialize;
use standards::address::Address;

use super::oops::Oops;
use super::shell::{Place, Shell};
use super::visit::{Visit, lead_to};
use super::{Answer, Web, form, together};
use crate::channel::Channel;
use crate::http::answer;
use crate::id::{EventId, MessageId};
use crate::intake::Told;
use crate::library::Library;
use crate::notice::catalogue::{Audience, Entry, NOTICES, Notice};
use crate::notice::dates;
use crate::outcome::{Cause, Facts};
use crate::queue::State as Standing;
use crate::store::{Filter, MessageRow};

/// Rows of a page.
const PAGE: u32 = 25;

/// Letters of a search that are looked at.
const SEARCH_LETTERS_MAX: usize = 100;

/// How a message stands, in words and a colour that is never alone.
pub(super) struct Tag {
    /// `good`, `wait`, `bad`, `held` or `quiet`.
    pub mood: &'static str,
    /// The words.
    pub words: String,
}

impl Tag {
    /// The tag of `state`; `provider` is who answered.
    pub(super) fn of(shell: &Shell, state: Standing, provider: Option<&str>) -> Self {
        let mood = match state {
            Standing::Accepted => "good",
            Standing::Queued | Standing::Sending | Standing::Delayed => "wait",
            Standing::Failed => "bad",
            Standing::Held => "held",
            Standing::Suppressed | Standing::Cancelled | Standing::Gathered => "quiet",
        };
        let provider = provider.map_or_else(|| shell.say("messages-a-receiver"), str::to_owned);
        Self { mood, words: shell.with(&format!("state-{}", state.code()), "provider", provider) }
    }

    /// The tag of `row`: nobody accepts a letter, it is posted.
    pub(super) fn of_row(shell: &Shell, row: &MessageRow, provider: Option<&str>) -> Self {
        let words = match (row.channel, row.state) {
            (Channel::Letter, Standing::Accepted) => Some("letters-state-posted"),
            (Channel::Letter, Standing::Held) if row.cause.as_deref() == Some("letter.to_post") => {
                Some("letters-state-waits")
            }
            _ => None,
        };
        let Self { mood, words: usual } = Self::of(shell, row.state, provider);
        Self { mood, words: words.map_or(usual, |words| shell.say(words)) }
    }
}

/// One line of a list of messages.
pub(super) struct Row {
    pub href: String,
    pub at: Timestamp,
    /// The patron's name, where the event told it; of what goes to staff, who they are and about whom it is.
    pub name: Option<String>,
    /// The address, masked.
    pub to: Option<String>,
    pub notice: String,
    pub request: String,
    pub tag: Tag,
    pub cause: Option<String>,
}

/// What a cause says of `row`.
pub(super) fn facts<'a>(row: &'a MessageRow, receiver: Option<&'a str>) -> Facts<'a> {
    Facts::of(row.provider.as_deref(), receiver)
}

/// The notice's name as staff know it.
pub(super) fn label(shell: &Shell, code: &str) -> String {
    let entry = Notice::from_code(code).ok().and_then(|notice| notice.entry());
    entry.map_or_else(|| code.to_owned(), |entry| entry.label(shell.language()).to_owned())
}

/// Messages as lines.
pub(super) async fn rows(
    web: &Web,
    shell: &Shell,
    library: &Library,
    found: Vec<MessageRow>,
) -> Result<Vec<Row>, Oops> {
    let events: Vec<_> = found.iter().map(|row| row.event).collect();
    let told = web.store.events_fields(&library.code, &events).await?;
    let told_by = together::told_by(web, library, &found).await?;
    let line = |row: MessageRow| {
        let by = row.told_in.and_then(|event| told_by.get(&event));
        let told: Option<Told> = told.get(&row.event).and_then(|fields| serde_json::from_str(fields).ok());
        let name = reader(shell, library, &row, told.as_ref());
        let receiver = row.receiver();
        let why = by.unwrap_or(&row);
        let cause = why.cause.as_deref().filter(|_| why.state != Standing::Accepted);
        let usual = || Tag::of_row(shell, &row, row.provider.as_deref().or(receiver.as_deref()));
        Row {
            href: shell.to(&format!("/messages/{}", row.id)),
            at: row.created_at,
            name,
            to: row.channel.masked(&row.address),
            notice: label(shell, &row.notice),
            request: row.request.clone(),
            tag: by.map_or_else(usual, |by| together::tag(shell, by)),
            cause: cause.map(|code| Cause::of(code).headline(shell.language(), &facts(why, receiver.as_deref()))),
        }
    };
    Ok(found.into_iter().map(line).collect())
}

/// Filters and place.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    notice: String,
    #[serde(default)]
    cause: String,
    #[serde(default)]
    provider: String,
    /// The first day, UTC.
    #[serde(default)]
    from: String,
    /// The last day, UTC.
    #[serde(default)]
    to: String,
    #[serde(default)]
    after: String,
}

impl Asked {
    /// The query that asks the same, from `after` on.
    fn query(&self, after: Option<&str>) -> String {
        let after = after.unwrap_or_default().to_owned();
        let all = [
            ("q", &self.q),
            ("state", &self.state),
            ("notice", &self.notice),
            ("cause", &self.cause),
            ("provider", &self.provider),
            ("from", &self.from),
            ("to", &self.to),
            ("after", &after),
        ];
        let given = all.into_iter().filter(|(_, value)| !value.is_empty());
        given.map(|(name, value)| format!("{name}={}", form::encoded(value))).collect::<Vec<_>>().join("&")
    }
}

/// One choice of a list.
pub(super) struct Choice {
    pub value: String,
    pub words: String,
    pub is_chosen: bool,
}

/// A filter that is set, and the link that takes it away.
struct Chip {
    words: String,
    href: String,
}

#[derive(Template)]
#[template(path = "messages.html")]
struct Page {
    shell: Shell,
    asked: Asked,
    states: Vec<Choice>,
    /// Each kind of reader with the notices for them: some have the same name for several.
    notices: Vec<(String, Vec<Choice>)>,
    chips: Vec<Chip>,
    rows: Vec<Row>,
    next: Option<String>,
    /// The day back to which was looked, where that is not all.
    back_to: Option<String>,
    is_first: bool,
}

/// Messages of one page, and where the next begins.
struct Found {
    messages: Vec<MessageRow>,
    next: Option<String>,
    back_to: Option<Timestamp>,
}

/// The list.
pub(super) async fn list(State(web): State<Arc<Web>>, visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let library = Arc::clone(visit.library()?);
    let shell = visit.shell("messages-title").at(Place::Messages);
    let asked = Asked { q: asked.q.trim().chars().take(SEARCH_LETTERS_MAX).collect(), ..asked };
    if let Ok(id) = asked.q.parse::<MessageId>()
        && web.store.message(Some(&library.code), id).await?.is_some()
    {
        return Ok(lead_to(&shell.to(&format!("/messages/{id}"))));
    }
    let found = found(&web, &library, &asked).await?;
    visit.page(&Page {
        states: states(&shell, &asked),
        notices: notices(&shell, &asked),
        chips: chips(&shell, &asked),
        is_first: asked.after.is_empty(),
        rows: rows(&web, &shell, &library, found.messages).await?,
        next: found.next.map(|after| format!("?{}", asked.query(Some(&after)))),
        back_to: found.back_to.map(|at| shell.day(&at)),
        asked,
        shell,
    })
}

async fn found(web: &Web, library: &Library, asked: &Asked) -> Result<Found, Oops> {
    let filter = Filter {
        library: Some(library.code.clone()),
        state: Standing::from_code(&asked.state),
        cause: Some(asked.cause.clone()).filter(|cause| !cause.is_empty()),
        notice: Some(asked.notice.clone()).filter(|notice| !notice.is_empty()),
        provider: Some(asked.provider.clone()).filter(|provider| !provider.is_empty()),
        since: day(&asked.from, 0),
        until: day(&asked.to, 1),
        before: asked.after.parse().ok(),
        ..Filter::default()
    };
    if !asked.q.is_empty() {
        let before: Option<EventId> = asked.after.parse().ok();
        let sought = web.store.search(&library.code, &asked.q, &filter, before, PAGE as usize).await?;
        return Ok(Found {
            messages: sought.messages,
            next: sought.next.map(|event| event.to_string()),
            back_to: sought.next.filter(|_| sought.is_cut).map(EventId::made_at),
        });
    }
    let messages = web.store.messages(&filter, PAGE + 1).await?;
    let (messages, next) = answer::page(messages, PAGE, |last| last.id.to_string());
    Ok(Found { messages, next, back_to: None })
}

/// The moment at which a day begins, or one `later` days after it.
fn day(text: &str, later: i64) -> Option<Timestamp> {
    let day: jiff::civil::Date = text.parse().ok()?;
    let begins = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    begins.checked_add(jiff::SignedDuration::from_hours(24 * later)).ok()
}

fn states(shell: &Shell, asked: &Asked) -> Vec<Choice> {
    let choice = |state: Standing| Choice {
        value: state.code().to_owned(),
        words: shell.say(&format!("filter-{}", state.code())),
        is_chosen: asked.state == state.code(),
    };
    Standing::ALL.into_iter().map(choice).collect()
}

fn notices(shell: &Shell, asked: &Asked) -> Vec<(String, Vec<Choice>)> {
    let choice = |entry: &Entry| {
        let value = entry.notice.code();
        Choice { words: entry.label(shell.language()).to_owned(), is_chosen: asked.notice == value, value }
    };
    let of = |reader: Audience| {
        let words = match reader {
            Audience::Patron => "messages-patron",
            Audience::Borrowing => "messages-borrowing",
            Audience::Lending => "messages-lending",
            Audience::Operator => "messages-administrators",
        };
        let entries = NOTICES.iter().filter(|entry| entry.notice.audience == reader);
        (shell.say(words), entries.map(choice).collect())
    };
    Audience::ALL.into_iter().map(of).collect()
}

/// Whose name a message stands under: the patron's, where the event told it; or staff's, who are told about that patron.
pub(super) fn reader(shell: &Shell, library: &Library, row: &MessageRow, told: Option<&Told>) -> Option<String> {
    let name = told.and_then(|told| told.patron.fields().remove("full_name"));
    match (staff_of(shell, library, row, told), name) {
        (Some(staff), Some(name)) => Some(shell.with2("messages-about", ("who", staff), ("patron", name))),
        (staff, name) => staff.or(name),
    }
}

/// To whom a message goes, where that is not the patron that it is about: staff whose notice it is, or those whom a copy goes to.
fn staff_of(shell: &Shell, library: &Library, row: &MessageRow, told: Option<&Told>) -> Option<String> {
    let notice = Notice::from_code(&row.notice).ok()?;
    match notice.audience {
        Audience::Borrowing => return Some(shell.say("messages-borrowing")),
        Audience::Lending => return Some(shell.say("messages-lending")),
        Audience::Operator => return Some(shell.say("messages-administrators")),
        Audience::Patron => {}
    }
    let address = Address::parse(&row.address).ok().filter(|_| row.channel == Channel::Mail)?;
    let is_theirs = told.is_some_and(|told| told.patron.email.as_ref() == Some(&address));
    (library.cc.contains(&address) && !is_theirs).then(|| shell.say("messages-copy"))
}

fn chips(shell: &Shell, asked: &Asked) -> Vec<Chip> {
    let mut chips = Vec::new();
    let mut chip = |words: String, without: Asked| {
        let query = without.query(None);
        let href = shell.to(&if query.is_empty() { "/messages".to_owned() } else { format!("/messages?{query}") });
        chips.push(Chip { words, href });
    };
    if !asked.q.is_empty() {
        chip(asked.q.clone(), Asked { q: String::new(), ..asked.clone() });
    }
    if let Some(state) = Standing::from_code(&asked.state) {
        let words = shell.say(&format!("filter-{}", state.code()));
        chip(words, Asked { state: String::new(), ..asked.clone() });
    }
    if !asked.notice.is_empty() {
        chip(label(shell, &asked.notice), Asked { notice: String::new(), ..asked.clone() });
    }
    if !asked.cause.is_empty() {
        let words = match Cause::from_code(&asked.cause) {
            Some(cause) => cause.headline(shell.language(), &Facts::default()),
            None => asked.cause.clone(),
        };
        chip(words, Asked { cause: String::new(), ..asked.clone() });
    }
    if !asked.provider.is_empty() {
        chip(asked.provider.clone(), Asked { provider: String::new(), ..asked.clone() });
    }
    let days = [("messages-from", &asked.from), ("messages-to", &asked.to)];
    for (name, text) in days {
        let Ok(day) = text.parse::<jiff::civil::Date>() else { continue };
        let words = shell.with(name, "day", dates::day(day, shell.language()));
        let (from, to) = (asked.from.clone(), asked.to.clone());
        let without = if name == "messages-from" { (String::new(), to) } else { (from, String::new()) };
        chip(words, Asked { from: without.0, to: without.1, ..asked.clone() });
    }
    chips
}
