//! `/me`: a patron's own page, by the link in each of their notices, by a code, or by their library's sign-in.
//!
//! In: a link or another way in, then the pass in this browser's cookie (`patron::Pass`). Out: how they are reached, what became of their
//! notices, and forms for what they may choose. One pass is one patron of one library: of another one, even with the same
//! address, nothing is read here. Not here: what the forms do (`reach`, `say`, `code`, `contact`, `data`), and
//! how one comes in without a link (`way_in`, `knock`, `sign_on`).

pub(super) mod code;
pub(super) mod contact;
pub(super) mod data;
pub(super) mod knock;
pub(super) mod mine;
pub(super) mod reach;
pub(super) mod say;
pub(super) mod sign_on;
pub(super) mod way_in;
mod ways;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;

use super::guard::{LANGUAGE_COOKIE, cookie, patron_cookie};
use super::messages::Choice;
use super::oops::Oops;
use super::push::PushBlock;
use super::shell::Shell;
use super::visit::{Visit, lead_to};
use super::{Answer, Web, form};
use crate::intake::Told;
use crate::notice::Language;
use crate::patron::link::{self, Link};
use crate::patron::{PASS_LASTS, Pass};
use crate::store::MessageRow;
use mine::Mine;
use say::{Asks, Tested};
use ways::Way;
#[cfg(test)]
pub(super) use ways::word_of;

/// The page itself.
pub(super) const HERE: &str = "/me";

/// Where those are led who have no pass.
pub(super) const WAY_IN: &str = "/me/way-in";

/// Their contact points.
pub(super) const CONTACT: &str = "/me/contact";

/// Notices shown.
const SHOWN: usize = 20;

/// A notice of theirs.
struct Notice {
    at: Timestamp,
    words: String,
    title: Option<String>,
    request: String,
    mood: &'static str,
    stands: String,
}

/// What keeps our mail out of spam.
struct Arrives {
    provider: Option<String>,
    help: String,
    card: String,
}

#[derive(Template)]
#[template(path = "me.html")]
struct Page {
    shell: Shell,
    heading: String,
    library: String,
    ways: Vec<Way>,
    /// Ways that may be put in an order: for "first" and for "if that fails".
    first: Vec<Choice>,
    then: Vec<Choice>,
    languages: Vec<Choice>,
    hides: bool,
    /// The library keeps titles out of all its notices.
    always_hides: bool,
    /// Whether they are told once a day what can wait.
    digest: bool,
    quiet_from: Vec<Choice>,
    quiet_to: Vec<Choice>,
    arrives: Option<Arrives>,
    may_test: bool,
    tested: Option<Tested>,
    /// Notifications on this device, for patrons with a number who typed a code.
    push: Option<PushBlock>,
    /// Whether a code would show them.
    push_by_code: bool,
    /// What browsers install the page by.
    manifest: String,
    asks: Option<Asks>,
    notices: Vec<Notice>,
    desk: Desk,
}

/// Where to ask.
struct Desk {
    phone: Option<String>,
    email: Option<String>,
}

/// What the address of the page may say.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Said {
    tested: String,
    /// The library whose own pages link here.
    library: String,
}

/// A link was followed: a look at it changes nothing, and the pass it gives is this browser's alone.
pub(super) async fn open(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let say = |words| visit.shell("me-way-in-title").say(words);
    let Some(row) = of_link(&web, &token).await? else {
        return way_in::because(&web, &visit, None, StatusCode::NOT_FOUND, say("me-link-wrong")).await;
    };
    let Some(owner) = code::owner(&web, &row, visit.now).await? else {
        return way_in::because(&web, &visit, None, StatusCode::GONE, say("me-link-over")).await;
    };
    if link::is_over(row.id, visit.now) {
        return code::old(&web, &visit, &token, &owner).await;
    }
    let pass = owner.pass;
    let mut response = lead_to(HERE);
    keep(&web, &mut response, &pass);
    // Whoever never chose a language reads on in that of the notice.
    if cookie(&headers, LANGUAGE_COOKIE).is_none()
        && let Some(language) = Language::from_tag(&row.language)
    {
        let line =
            format!("{LANGUAGE_COOKIE}={}; Path=/; Max-Age={}; SameSite=Lax", language.tag(), PASS_LASTS.as_secs());
        set(&mut response, &line);
    }
    Ok(quiet(response))
}

/// The message that a link stands in.
async fn of_link(web: &Web, token: &str) -> Result<Option<MessageRow>, Oops> {
    let Some(link) = Link::read(token) else { return Ok(None) };
    let rows = web.store.messages_like(link.range()).await?;
    Ok(rows.into_iter().find(|row| link.is_of(&web.secret, row.id)))
}

/// What is written down of a pass that was left: it opens nothing any more, wherever there is a copy of it.
pub(super) fn left(pass: &Pass) -> String {
    format!("left {}", pass.session)
}

/// Forgets the pass of this browser.
pub(super) async fn leave(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    if let (Some(pass), Some(library)) = (&visit.patron, &visit.at) {
        web.store.take_try(library.code.clone(), left(pass), 1, visit.now).await?;
    }
    let mut response = lead_to(&format!("{WAY_IN}?done=me-left"));
    forget(&web, &mut response);
    Ok(response)
}

/// Takes the pass from this browser.
fn forget(web: &Web, response: &mut Response) {
    set(response, &line(web, "", 0));
}

/// The page.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit, Query(said): Query<Said>) -> Answer {
    let mine = Mine::of(&web, &visit).await?;
    if way_in::is_other(&said.library, &mine.library) {
        return Ok(lead_to(&way_in::instead_of(&visit.path)));
    }
    let shell = visit.shell("me-title");
    let patron = mine.patron();
    let ways = ways::of(&web, &shell, &mine, visit.now).await?;
    let usable: Vec<_> = ways.iter().filter(|way| way.is_used).map(|way| way.channel).collect();
    let order = mine.order(&usable);
    let way_choice = |channel: &crate::channel::Channel, chosen: Option<&crate::channel::Channel>| Choice {
        value: channel.code().to_owned(),
        words: shell.say(ways::name(*channel)),
        is_chosen: chosen == Some(channel),
    };
    let none = Choice { value: String::new(), words: shell.say("me-then-nothing"), is_chosen: order.len() < 2 };
    let then = std::iter::once(none).chain(usable.iter().map(|channel| way_choice(channel, order.get(1))));
    let hour = |chosen: Option<jiff::civil::Time>| reach::hours(&shell, chosen);
    let language = mine.library.language_for(patron.language);
    let push = mine.push_pass(visit.now);
    visit.page(&Page {
        manifest: push.as_ref().map(|pass| pass.write(&web.secret)).unwrap_or_default(),
        push_by_code: push.is_none() && mine.may_have_push(),
        push: match &push {
            Some(pass) => Some(PushBlock::of(&web, pass, format!("{HERE}#push")).await?),
            None => None,
        },
        heading: match &patron.first_name {
            Some(name) => shell.with("me-heading-name", "name", name.trim().to_owned()),
            None => shell.say("me-heading"),
        },
        library: mine.library.name.get(visit.language).to_owned(),
        first: match usable.len() {
            0 | 1 => Vec::new(),
            _ => usable.iter().map(|channel| way_choice(channel, order.first())).collect(),
        },
        then: if usable.len() > 1 { then.collect() } else { Vec::new() },
        languages: mine.library.languages.iter().map(|one| reach::language(*one, *one == language)).collect(),
        hides: mine.record.hide_titles || mine.library.hide_titles,
        always_hides: mine.library.hide_titles,
        digest: mine.record.digest.unwrap_or_else(|| mine.library.gathers(web.config.digest.by_default)),
        quiet_from: hour(mine.record.quiet.map(|quiet| quiet.from)),
        quiet_to: hour(mine.record.quiet.map(|quiet| quiet.to)),
        arrives: patron.email.as_ref().map(|_| arrives(&mine)),
        may_test: patron.email.is_some(),
        tested: say::tested(&web, &shell, &mine, &said.tested).await?,
        asks: say::asks(&web, &shell, &mine).await?,
        notices: notices(&shell, &mine),
        desk: Desk {
            phone: mine.library.phone.clone(),
            email: mine.library.reply_to.as_ref().or(mine.library.from.as_ref()).map(ToString::to_string),
        },
        ways,
        shell,
    })
}

/// The steps for their own mail program, by who answered last, or by the name of the domain.
fn arrives(mine: &Mine) -> Arrives {
    let domain = mine.patron().email.map(|email| email.domain().clone());
    let provider = mine.provider().or_else(|| {
        let provider = crate::outcome::Provider::from_domain(domain.as_ref()?);
        provider.name().map(str::to_owned)
    });
    let code = form::encoded(mine.library.code.as_str());
    Arrives {
        help: format!("/help/{}?library={code}", super::help::program_of(provider.as_deref().unwrap_or_default())),
        card: format!("/help/contact.vcf?library={code}"),
        provider,
    }
}

/// Their notices, the newest first.
fn notices(shell: &Shell, mine: &Mine) -> Vec<Notice> {
    let of_event = mine.events.iter().filter_map(|event| {
        let row = mine.last_of(event)?;
        let told: Told = serde_json::from_str(&event.fields).unwrap_or_default();
        let hidden = mine.record.hide_titles || mine.library.hide_titles || told.hide_titles;
        let (mood, stands) = ways::stands(shell, row);
        Some(Notice {
            at: event.received_at,
            words: ways::status(shell, &row.notice),
            title: told.fields.get("title").filter(|_| !hidden).cloned(),
            request: event.request.clone(),
            mood,
            stands,
        })
    });
    of_event.take(SHOWN).collect()
}

/// Sets the pass as this browser's cookie.
pub(super) fn keep(web: &Web, response: &mut Response, pass: &Pass) {
    set(response, &line(web, &pass.seal(&web.secret), PASS_LASTS.as_secs()));
}

/// Lax, so that a link in a mail opens the page in one step; forms from elsewhere are refused by the guard.
fn line(web: &Web, sealed: &str, seconds: i64) -> String {
    let secure = if web.config.is_https() { "; Secure" } else { "" };
    format!("{}={sealed}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}", patron_cookie(web))
}

fn set(response: &mut Response, line: &str) {
    if let Ok(value) = HeaderValue::from_str(line) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// A link is in the address: it goes to no other host and into no search engine.
fn quiet(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex, nofollow"));
    response
}
