//! Webhooks of a library: where its systems are told of events, what they were told, and telling them again.
//!
//! In: a library, and a webhook of it. Out: the list with a form that adds one; one webhook with its log. A secret is shown
//! once, when it is made. A sample is posted while the page waits, and what came of it stands on the page.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::oops::Oops;
use super::shell::{Place, Shell};
use super::visit::Visit;
use super::{Answer, Web};
use crate::http::answer;
use crate::http::webhooks::WEBHOOKS_MAX;
use crate::id::{DeliveryId, WebhookId};
use crate::store::{Delivery, DeliveryState, Replay, Webhook};
use crate::webhook::Kind;

/// Letters of a URL and of a name.
const URL_LETTERS_MAX: usize = 2000;
const NOTE_LETTERS_MAX: usize = 200;

/// Lines of the log on a page.
const PAGE: u32 = 25;

/// How far back events are kept, and posted again.
const BACK: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How a webhook stands: a mood and words.
fn standing(shell: &Shell, webhook: &Webhook) -> (&'static str, String) {
    match (webhook.off, webhook.failing_since) {
        (Some((since, why)), _) => {
            let words = format!("webhooks-off-{}", why.code().replace('_', "-"));
            ("bad", shell.with(&words, "day", shell.day(&since)))
        }
        (None, Some(since)) => ("wait", shell.with("webhooks-failing", "day", shell.day(&since))),
        (None, None) => ("good", shell.say("webhooks-on")),
    }
}

/// One of the list.
struct Line {
    name: String,
    url: String,
    href: String,
    mood: &'static str,
    standing: String,
}

/// A type of event to choose.
struct Type {
    code: &'static str,
    is_chosen: bool,
}

/// What stands in a form.
#[derive(Default)]
struct Typed {
    url: String,
    note: String,
    kinds: Vec<String>,
}

impl Typed {
    fn of(fields: &[(String, String)]) -> Self {
        let value = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim().to_owned());
        let kinds = fields.iter().filter(|(key, _)| key == "kind").map(|(_, kind)| kind.clone()).collect();
        Self { url: value("url").unwrap_or_default(), note: value("note").unwrap_or_default(), kinds }
    }

    fn types(&self) -> Vec<Type> {
        let kinds = Kind::ALL.iter().map(|kind| kind.code());
        kinds.map(|code| Type { code, is_chosen: self.kinds.iter().any(|chosen| chosen == code) }).collect()
    }

    /// What is wrong with it: the field and the words.
    fn wrong(&self, web: &Web, shell: &Shell) -> Option<(&'static str, String)> {
        if self.url.chars().count() > URL_LETTERS_MAX || web.outbox.may_post_to(&self.url).is_err() {
            return Some(("url", shell.say("webhooks-wrong-url")));
        }
        let long = self.note.chars().count() > NOTE_LETTERS_MAX || self.note.chars().any(char::is_control);
        long.then(|| ("note", shell.with("webhooks-wrong-note", "count", NOTE_LETTERS_MAX)))
    }

    /// The types chosen; all of them is none in particular, so that new ones are told too.
    fn chosen(&self) -> Vec<Kind> {
        let chosen: Vec<Kind> = self.kinds.iter().filter_map(|code| Kind::from_code(code)).collect();
        if chosen.len() == Kind::ALL.len() { Vec::new() } else { chosen }
    }
}

#[derive(Template)]
#[template(path = "webhooks.html")]
struct List {
    shell: Shell,
    lines: Vec<Line>,
    typed: Typed,
    types: Vec<Type>,
    wrong: Option<(&'static str, String)>,
}

async fn list(web: &Web, visit: &Visit, typed: Typed, wrong: Option<(&'static str, String)>) -> Result<List, Oops> {
    let shell = visit.shell("webhooks-title").at(Place::IllAdmin).below("nav-ill-admin", "/ill-admin");
    let shell = shell.wrong(wrong.is_some());
    let webhooks = web.store.webhooks(&visit.library()?.code).await?;
    let line = |webhook: Webhook| {
        let (mood, standing) = standing(&shell, &webhook);
        let name = if webhook.note.is_empty() { shell.say("webhooks-no-name") } else { webhook.note };
        Line { name, href: shell.to(&format!("/ill-admin/webhooks/{}", webhook.id)), url: webhook.url, mood, standing }
    };
    let lines = webhooks.into_iter().map(line).collect();
    Ok(List { lines, types: typed.types(), typed, wrong, shell })
}

/// The list.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    visit.page(&list(&web, &visit, Typed::default(), None).await?)
}

/// Adds one, and shows its secret.
pub(super) async fn add(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Form(fields): Form<Vec<(String, String)>>,
) -> Answer {
    let typed = Typed::of(&fields);
    let shell = visit.shell("webhooks-title");
    if let Some(wrong) = typed.wrong(&web, &shell) {
        return visit.again(&list(&web, &visit, typed, Some(wrong)).await?);
    }
    let id = WebhookId::new(visit.now);
    let (secret, sealed) = web.outbox.new_secret(id);
    let webhook = Webhook {
        id,
        library: visit.library()?.code.clone(),
        url: typed.url.clone(),
        kinds: typed.chosen(),
        note: typed.note.clone(),
        secret: sealed,
        old_secret: None,
        created_at: visit.now,
        failing_since: None,
        off: None,
    };
    let deed = visit.deed("webhook.added", webhook.url.as_str());
    if !web.store.noting(deed).add_webhook(webhook.clone(), WEBHOOKS_MAX).await? {
        let wrong = ("url", shell.with("webhooks-wrong-number", "count", WEBHOOKS_MAX));
        return visit.again(&list(&web, &visit, typed, Some(wrong)).await?);
    }
    visit.page(&one(&web, &visit, webhook, &Asked::default(), Some(secret.shown())).await?)
}

/// One event of the log.
struct Told {
    id: DeliveryId,
    kind: String,
    at: Timestamp,
    mood: &'static str,
    standing: String,
    answer: Option<String>,
    body: String,
}

#[derive(Template)]
#[template(path = "webhook.html")]
struct One {
    shell: Shell,
    name: String,
    here: String,
    url: String,
    mood: &'static str,
    standing: String,
    is_on: bool,
    kinds: Vec<&'static str>,
    secret: Option<String>,
    log: Vec<Told>,
    chips: Vec<(String, String, bool)>,
    next: Option<String>,
    is_first: bool,
    sample: Option<(bool, String)>,
}

/// Which part of the log.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    state: String,
    after: String,
}

async fn found(web: &Web, visit: &Visit, id: &str) -> Result<Webhook, Oops> {
    let id: WebhookId = id.parse().map_err(|_| Oops::NotFound)?;
    web.store.webhook(&visit.library()?.code, id).await?.ok_or(Oops::NotFound)
}

async fn one(web: &Web, visit: &Visit, webhook: Webhook, asked: &Asked, secret: Option<String>) -> Result<One, Oops> {
    let shell = visit
        .shell("webhook-title")
        .at(Place::IllAdmin)
        .below("nav-ill-admin", "/ill-admin")
        .below("webhooks-title", "/ill-admin/webhooks");
    let here = shell.to(&format!("/ill-admin/webhooks/{}", webhook.id));
    let state = DeliveryState::from_code(&asked.state);
    let before = asked.after.parse().ok();
    let found = web.store.deliveries(&webhook.library, webhook.id, state, before, PAGE + 1).await?;
    let state = state.map(DeliveryState::code).unwrap_or_default();
    let (found, next) = answer::page(found, PAGE, |last| format!("{here}?state={state}&after={}", last.id));
    let (mood, standing) = standing(&shell, &webhook);
    let chip = |code: &str| {
        let words = shell.say(&format!("webhook-log-{}", if code.is_empty() { "all" } else { code }.replace('_', "-")));
        (words, format!("{here}?state={code}"), code == state)
    };
    Ok(One {
        name: if webhook.note.is_empty() { webhook.url.clone() } else { webhook.note },
        url: webhook.url,
        mood,
        standing,
        is_on: webhook.off.is_none(),
        kinds: webhook.kinds.iter().map(|kind| kind.code()).collect(),
        secret,
        log: found.into_iter().map(|one| told(&shell, one)).collect(),
        chips: ["", "waiting", "delivered", "given_up"].into_iter().map(chip).collect(),
        next,
        is_first: asked.after.is_empty(),
        sample: None,
        here,
        shell,
    })
}

fn told(shell: &Shell, one: Delivery) -> Told {
    let (mood, words) = match one.state {
        DeliveryState::Delivered => ("good", "webhook-log-delivered"),
        DeliveryState::Waiting => ("wait", "webhook-log-waiting"),
        DeliveryState::GivenUp => ("bad", "webhook-log-given-up"),
    };
    let status = one.answer.map(|status| format!("HTTP {status}"));
    let answer = [status, one.why].into_iter().flatten().collect::<Vec<_>>().join(": ");
    let body: Option<serde_json::Value> = serde_json::from_str(&one.body).ok();
    let body = body.and_then(|body| serde_json::to_string_pretty(&body).ok());
    Told {
        id: one.id,
        kind: one.kind,
        at: one.at,
        mood,
        standing: shell.say(words),
        answer: Some(answer).filter(|answer| !answer.is_empty()),
        body: body.unwrap_or(one.body),
    }
}

/// One webhook with its log.
pub(super) async fn show_one(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path((_, id)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Answer {
    let webhook = found(&web, &visit, &id).await?;
    visit.page(&one(&web, &visit, webhook, &asked, None).await?)
}

/// What is to be done with a webhook.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    #[serde(rename = "do")]
    what: String,
}

/// Switches it on or off, gives it another secret, posts a sample, posts what it missed, or ends it.
pub(super) async fn act(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path((_, id)): Path<(String, String)>,
    Form(wanted): Form<Wanted>,
) -> Answer {
    let webhook = found(&web, &visit, &id).await?;
    let library = webhook.library.clone();
    let list = format!("/staff/{library}/ill-admin/webhooks");
    let here = format!("{list}/{}", webhook.id);
    let deed = |what| visit.deed(what, webhook.url.as_str());
    match wanted.what.as_str() {
        "on" => {
            web.store.noting(deed("webhook.on")).switch_webhook(library, webhook.id, true, visit.now).await?;
            web.outbox.nudge();
            visit.done(&here, "webhook-on")
        }
        "off" => {
            web.store.noting(deed("webhook.off")).switch_webhook(library, webhook.id, false, visit.now).await?;
            visit.done(&here, "webhook-off")
        }
        "secret" => {
            let secret = web.outbox.rotate(library, webhook.id).await?;
            web.store.note(deed("webhook.secret")).await?;
            let webhook = found(&web, &visit, &id).await?;
            let secret = secret.map(|secret| secret.shown());
            visit.page(&one(&web, &visit, webhook, &Asked::default(), secret).await?)
        }
        "sample" => {
            let answered = web.outbox.try_out(&webhook).await?;
            web.store.note(deed("webhook.tested")).await?;
            let page = one(&web, &visit, webhook, &Asked::default(), None).await?;
            let status = answered.status.map(|status| format!("HTTP {status}"));
            let words = [status, answered.why.clone()].into_iter().flatten().collect::<Vec<_>>().join(": ");
            visit.page(&One { sample: Some((answered.why.is_none(), words)), ..page })
        }
        "missed" => {
            let since = visit.now.checked_sub(BACK).unwrap_or(Timestamp::MIN);
            let noting = web.store.noting(deed("webhook.replayed"));
            noting.replay(library, webhook.id, Replay::Missed(since), visit.now).await?;
            web.outbox.nudge();
            visit.done(&here, "replayed")
        }
        "remove" => {
            web.store.noting(deed("webhook.removed")).remove_webhook(library, webhook.id).await?;
            visit.done(&list, "webhook-removed")
        }
        _ => Err(Oops::NotFound),
    }
}

/// Posts one event again.
pub(super) async fn replay(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path((_, id, delivery)): Path<(String, String, String)>,
) -> Answer {
    let webhook = found(&web, &visit, &id).await?;
    let event: DeliveryId = delivery.parse().map_err(|_| Oops::NotFound)?;
    let deed = visit.deed("webhook.replayed", format!("{}, {event}", webhook.url));
    let noting = web.store.noting(deed);
    if noting.replay(webhook.library.clone(), webhook.id, Replay::One(event), visit.now).await? == 0 {
        return Err(Oops::NotFound);
    }
    web.outbox.nudge();
    visit.done(&format!("/staff/{}/ill-admin/webhooks/{}", webhook.library, webhook.id), "replayed")
}
