//! One message: what became of it and why, and what can be done.
//!
//! In: a message's id. Out: its page. Resend, another address, take back, and "taken care of" are forms here; they go
//! through the same engine as the API's. Not here: the lines of its history (`history`).

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use serde::Deserialize;
use standards::address::Address;

use super::history::{Line, lines};
use super::messages::{Row, Tag, facts, label, reader, rows};
use super::oops::Oops;
use super::shell::{Place, Shell};
use super::together::Together;
use super::visit::{Visit, lead_to};
use super::{Answer, Web, returns};
use crate::channel::{Channel, Number};
use crate::http::unreached::in_the_end;
use crate::id::MessageId;
use crate::intake::{Resent, Told, Wish};
use crate::library::LibraryCode;
use crate::notice::Language;
use crate::outcome::Cause;
use crate::patron::probably_meant;
use crate::queue::State as Standing;
use crate::staff::Right;
use crate::store::{MessageRow, SeenTo};

#[derive(Template)]
#[template(path = "message.html")]
struct Page {
    shell: Shell,
    id: MessageId,
    tag: Tag,
    notice: String,
    name: Option<String>,
    /// Where the patron is, where the library has a number for them.
    patron: Option<String>,
    /// Which way it goes, in words.
    channel: String,
    by_text: bool,
    by_letter: bool,
    /// Whether it can be printed.
    is_letter: bool,
    /// Whether a letter can be written: the patron's postal address is known.
    letters: bool,
    by_push: bool,
    /// Whether there is a device that it could go to.
    pushes: bool,
    /// Whether text messages can be sent at all.
    texts: bool,
    to: Option<String>,
    request: String,
    language: String,
    created_at: jiff::Timestamp,
    next_try: Option<jiff::Timestamp>,
    deadline: jiff::Timestamp,
    why: Option<[String; 3]>,
    together: Together,
    caveat: Option<String>,
    /// Where it went if it came back, and we do not see that.
    unseen: Option<String>,
    handled: Option<String>,
    lines: Vec<Line>,
    others: Vec<Row>,
    may_resend: bool,
    may_cancel: bool,
    may_handle: bool,
    under_way: bool,
    corrected: String,
    wrong: Option<String>,
    /// Where the address that was asked for is used again, where it is stopped.
    allow: Option<String>,
}

/// The message of a path, of this library.
async fn found(web: &Web, visit: &Visit, id: &str) -> Result<MessageRow, Oops> {
    let id: MessageId = id.parse().map_err(|_| Oops::NotFound)?;
    web.store.message(Some(&visit.library()?.code), id).await?.ok_or(Oops::NotFound)
}

/// The page.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit, Path((_, id)): Path<(String, String)>) -> Answer {
    let row = found(&web, &visit, &id).await?;
    let corrected = suggestion(&row).unwrap_or_default();
    visit.page(&page(&web, &visit, row, corrected, None).await?)
}

/// The address that was probably meant, where this one is not there and looks like a slip.
fn suggestion(row: &MessageRow) -> Option<String> {
    let cause = Cause::of(row.cause.as_deref()?);
    let is_slip = row.state == Standing::Failed && (cause.is_within("addr.unknown") || cause.is_within("domain"));
    probably_meant(&Address::parse(&row.address).ok().filter(|_| is_slip)?)
}

async fn page(
    web: &Web,
    visit: &Visit,
    row: MessageRow,
    corrected: String,
    wrong: Option<String>,
) -> Result<Page, Oops> {
    let library = visit.library()?;
    let shell =
        visit.shell("message-title").at(Place::Messages).below("nav-messages", "/messages").wrong(wrong.is_some());
    let told = Told::of(&web.store, &library.code, row.event).await?;
    let letters = told.as_ref().is_some_and(|told| !told.patron.postal.is_empty());
    let pushes = has_device(web, &library.code, told.as_ref()).await?;
    let receiver = row.receiver();
    let acts = visit.may(Right::ActOnMessages);
    let entries = web.store.timeline(row.id).await?;
    let unseen =
        returns::of_timeline(&entries).map(|mailbox| shell.with("message-unseen", "mailbox", mailbox.to_owned()));
    let sees_servers = visit.may(Right::ReadTranscripts);
    let mut others = web.store.messages_of_request(&library.code, &row.request).await?;
    others.retain(|other| other.id != row.id);
    let handled = web.store.seen_to(&library.code, row.id).await?;
    let together = Together::of(web, &shell, library, &row).await?;
    let provider = row.provider.as_deref().or(receiver.as_deref());
    let language = shell.language();
    Ok(Page {
        id: row.id,
        tag: Tag::of_row(&shell, &row, provider),
        notice: label(&shell, &row.notice),
        patron: told
            .as_ref()
            .and_then(|told| told.patron.number())
            .map(|number| shell.to(&format!("/patrons?ref={}", super::form::encoded(number)))),
        name: reader(&shell, library, &row, told.as_ref()),
        channel: shell.say(&format!("channel-{}", row.channel)),
        by_text: row.channel == Channel::Text,
        by_letter: row.channel == Channel::Letter,
        is_letter: row.channel == Channel::Letter && matches!(row.state, Standing::Held | Standing::Accepted),
        letters,
        by_push: row.channel == Channel::Push,
        pushes,
        texts: web.texts.gateway().is_some(),
        to: row.channel.masked(&row.address),
        request: row.request.clone(),
        language: shell.say(&format!("language-{}", row.language)),
        created_at: row.created_at,
        next_try: row.due_at.filter(|due| !row.state.is_final() && *due > visit.now),
        deadline: row.deadline,
        why: why(&row, receiver.as_deref(), language),
        caveat: caveat(&shell, &row, provider),
        together,
        unseen: unseen.filter(|_| row.state == Standing::Accepted && row.channel == Channel::Mail),
        handled: handled.map(|seen| seen_to(&shell, seen)),
        lines: lines(&shell, &row, entries, sees_servers),
        others: rows(web, &shell, library, others).await?,
        may_resend: acts && row.state != Standing::Sending,
        may_cancel: acts && row.state.may_be_cancelled(),
        may_handle: acts && matches!(row.state, Standing::Failed | Standing::Suppressed),
        under_way: !row.state.is_final() && row.state != Standing::Held,
        corrected,
        wrong,
        allow: None,
        shell,
    })
}

/// Why it did not arrive, who can fix that, and what is done about it or can be done.
fn why(row: &MessageRow, receiver: Option<&str>, language: Language) -> Option<[String; 3]> {
    let cause = row.cause.as_deref().filter(|_| row.state != Standing::Accepted).map(Cause::of)?;
    let about = facts(row, receiver);
    let doing = match row.state {
        Standing::Failed | Standing::Suppressed => in_the_end(row, cause, language, &about),
        _ => cause.doing(language, &about),
    };
    Some([cause.headline(language, &about), cause.whose_job(language, &about), doing])
}

/// How somebody took care of it, in words.
fn seen_to(shell: &Shell, seen: SeenTo) -> String {
    let how = format!("seen-{}", seen.how.replace('_', "-"));
    shell.with2(&how, ("by", seen.by), ("when", shell.ago(&seen.at)))
}

/// What nobody can see of an accepted message.
fn caveat(shell: &Shell, row: &MessageRow, provider: Option<&str>) -> Option<String> {
    match row.channel {
        _ if row.state != Standing::Accepted => None,
        Channel::Letter => Some(shell.say("letters-caveat")),
        Channel::Mail => Some(shell.with("message-caveat", "provider", provider.unwrap_or_default().to_owned())),
        Channel::Text | Channel::Push => None,
    }
}

/// Whether the patron of the message has a device that takes notifications.
async fn has_device(web: &Web, library: &LibraryCode, told: Option<&Told>) -> Result<bool, Oops> {
    let number = told.and_then(|told| told.patron.id.as_deref()).map(str::trim).unwrap_or_default();
    Ok(!number.is_empty() && !web.store.subscriptions_of(library, number).await?.is_empty())
}

/// To whom again.
#[derive(Default, Deserialize)]
pub(super) struct Again {
    #[serde(default)]
    to: String,
    /// Which way.
    #[serde(default)]
    channel: String,
    /// From the shared address, whatever is proven.
    shared: Option<String>,
}

/// Sends it again, to another address where one is given.
pub(super) async fn resend(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path((_, id)): Path<(String, String)>,
    Form(again): Form<Again>,
) -> Answer {
    let row = found(&web, &visit, &id).await?;
    let typed = again.to.trim().to_owned();
    let channel = Channel::from_code(&again.channel).unwrap_or(row.channel);
    let mut wish = Wish { channel: Some(channel), shared: again.shared.is_some(), ..Wish::default() };
    let wrong = if channel == Channel::Text {
        wish.number = Number::parse(&typed, web.texts.country()).ok();
        (!typed.is_empty() && wish.number.is_none()).then_some("message-wrong-number")
    } else if channel == Channel::Push {
        // It goes to the devices that the patron has turned on, wherever they are.
        None
    } else {
        wish.to = Address::parse(&typed).ok();
        (!typed.is_empty() && wish.to.is_none()).then_some("message-wrong-address")
    };
    let nowhere = channel == Channel::Mail && typed.is_empty() && row.address.is_empty();
    if let Some(wrong) = wrong.or(nowhere.then_some("message-no-address")) {
        let wrong = visit.shell("message-title").say(wrong);
        let page = page(&web, &visit, row, typed, Some(wrong)).await?;
        return visit.again(&page);
    }
    if channel == row.channel && wish.to.is_none() && wish.number.is_none() && !wish.shared {
        wish = Wish::default();
    }
    let not_by = match channel {
        Channel::Text => "message-not-by-text",
        Channel::Push => "message-not-by-push",
        Channel::Letter => "letters-no-address",
        Channel::Mail => "message-just-left",
    };
    let library = visit.library()?.code.clone();
    match web.intake.resend(row.clone(), wish, visit.by()).await? {
        Resent::As(new) => visit.done(&format!("/staff/{library}/messages/{new}"), "resent"),
        Resent::Before(new) => visit.done(&format!("/staff/{library}/messages/{new}"), "resent-before"),
        Resent::Stopped(address) => {
            let wrong = visit.shell("message-title").say("message-stopped");
            let mut page = page(&web, &visit, row, typed, Some(wrong)).await?;
            page.allow = Some(page.shell.to(&format!("/do-not-send?q={}", super::form::encoded(&address))));
            visit.again(&page)
        }
        Resent::NotNow(_) => Err(Oops::NotNow(not_by)),
    }
}

/// Takes it back.
pub(super) async fn cancel(State(web): State<Arc<Web>>, visit: Visit, Path((_, id)): Path<(String, String)>) -> Answer {
    let row = found(&web, &visit, &id).await?;
    let place = format!("/staff/{}/messages/{}", row.library, row.id);
    if web.store.cancel(row.library.clone(), row.id, visit.by(), visit.now).await? {
        return visit.done(&place, "cancelled");
    }
    Err(Oops::NotNow("message-just-left"))
}

/// How somebody took care of it, and where to go back to.
#[derive(Default, Deserialize)]
pub(super) struct Handled {
    #[serde(default)]
    how: String,
    #[serde(default)]
    home: String,
}

/// Notes that somebody has taken care of it.
pub(super) async fn handled(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path((_, id)): Path<(String, String)>,
    Form(form): Form<Handled>,
) -> Answer {
    let row = found(&web, &visit, &id).await?;
    let seen = SeenTo::told(&form.how, visit.by(), String::new(), visit.now);
    web.store.see_to(row.library.clone(), row.id, seen).await?;
    let library = format!("/staff/{}", row.library);
    if form.home.is_empty() {
        Ok(lead_to(&format!("{library}/messages/{}?done=handled", row.id)))
    } else {
        visit.done(&library, "handled")
    }
}
