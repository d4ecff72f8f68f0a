//! "Send me a test": a notice, or none in particular, sent to a colleague, and what its receiver said to it.
//!
//! In: an address and the words as they are typed. Out: a message like every other, marked as a test, with its words in its
//! event and example values; then how it stands. Nothing here waits long: what is still on its way is shown so.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use axum::Form;
use axum::extract::{Path, State};
use standards::address::Address;

use super::messages::{Tag, receiver};
use super::notice_editor::{self, Again, Typed, notice_of};
use super::notice_samples::values;
use super::oops::Oops;
use super::shell::Shell;
use super::visit::{Visit, lead_to};
use super::{Answer, Web};
use crate::id::{EventId, MessageId};
use crate::intake::{Event, Handed, Side, Strictness, Taken, Told, Tried};
use crate::notice::Language;
use crate::notice::status::Status;
use crate::outcome::{Cause, Facts};
use crate::patron::Patron;
use crate::queue::State as Standing;
use crate::timeline::What;

/// How long the answer waits for the receiver: most say yes or no within this, and whoever asked is watching.
const WAIT_MAX: Duration = Duration::from_secs(4);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The request that a test is about, in lists of messages.
const REQUEST: &str = "TEST";

/// How a test stands.
pub(super) struct Tested {
    pub href: String,
    pub to: String,
    pub tag: Tag,
    /// Why it did not arrive.
    pub why: Option<String>,
    /// How long the last attempt took, and in whose name it was made.
    pub how: Option<String>,
    pub under_way: bool,
}

/// The address a test goes to unless another is typed: the login, where it is one.
pub(super) fn usual_address(visit: &Visit) -> Option<String> {
    let login = &visit.staff.as_ref()?.login;
    Address::parse(login).ok().map(|address| address.to_string())
}

/// How the test with this id stands; none where it is no message of this library.
pub(super) async fn tested(web: &Web, visit: &Visit, shell: &Shell, id: &str) -> Result<Option<Tested>, Oops> {
    let Ok(id) = id.parse::<MessageId>() else { return Ok(None) };
    let Some(row) = web.store.message(Some(&visit.library()?.code), id).await? else { return Ok(None) };
    let receiver = receiver(&row);
    let provider = row.provider.clone().or_else(|| receiver.clone());
    let attempt = web.store.timeline(id).await?.into_iter().rev().find_map(|entry| match entry.what {
        What::Attempted(attempt) => Some(attempt),
        _ => None,
    });
    let about = Facts { provider: provider.as_deref(), their_domain: receiver.as_deref(), ..Facts::default() };
    let cause = row.cause.as_deref().filter(|_| row.state != Standing::Accepted).map(Cause::of);
    Ok(Some(Tested {
        href: shell.to(&format!("/messages/{id}")),
        to: row.address.clone(),
        tag: Tag::of(shell, row.state, provider.as_deref()),
        why: cause.map(|cause| cause.headline(shell.language(), &about)),
        how: attempt.map(|attempt| {
            let tenths = attempt.took_ms.div_ceil(100);
            let (whole, rest) = (tenths / 10, tenths % 10);
            let point = if shell.language() == Language::Fr { ',' } else { '.' };
            let took = format!("{whole}{point}{rest}");
            shell.with2("editor-tested-how", ("from", attempt.from.clone()), ("seconds", took))
        }),
        under_way: !row.state.is_final() && row.state != Standing::Held,
    }))
}

/// Sends a test notice of `library` in `language` to `to`, in the words of `tried` where some are, and waits a moment for
/// what becomes of it.
pub(super) async fn send(
    web: &Web,
    visit: &Visit,
    to: Address,
    language: Language,
    tried: Option<Tried>,
    fields: BTreeMap<String, String>,
) -> Result<MessageId, Oops> {
    let library = visit.library()?;
    let patron = Patron { email: Some(to), language: Some(language), ..Patron::default() };
    let event = Event {
        library: library.code.clone(),
        request: REQUEST.to_owned(),
        status: Status::TestNotice,
        side: Side::Borrowing,
        occurrence: EventId::new(visit.now).to_string(),
        told: Told { patron, fields, tried, ..Told::default() },
        source: "staff",
    };
    let taken =
        web.intake.take(vec![Handed { event, key: None }], Strictness::Lenient, false, |_| String::new()).await?;
    let Some(Taken::Kept(receipt)) = taken.into_iter().next() else { return Err(Oops::NotNow("test-not-now")) };
    let id = receipt.messages.first().map(|message| message.id).ok_or(Oops::NotNow("test-not-now"))?;
    let deadline = tokio::time::Instant::now() + WAIT_MAX;
    while tokio::time::Instant::now() < deadline {
        let row = web.store.message(Some(&library.code), id).await?;
        if row.is_none_or(|row| row.state.is_final() || row.state == Standing::Held) {
            break;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(id)
}

/// Sends what is typed in the editor, and keeps it as a draft.
pub(super) async fn of_editor(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path((_, code)): Path<(String, String)>,
    Form(form): Form<HashMap<String, String>>,
) -> Answer {
    let notice = notice_of(&code)?;
    let library = Arc::clone(visit.library()?);
    let typed = Typed::of_form(&web, &library, notice, &form);
    let text = |name: &str| form.get(name).map_or("", |value| value.trim());
    let language = Language::from_tag(text("test_language")).filter(|one| library.languages.contains(one));
    let language = language.unwrap_or_else(|| library.language_for(None));
    let mut wrong = notice_editor::errors(&web, &visit, notice, &typed)?;
    let to = Address::parse(text("test_to"));
    if to.is_err() {
        wrong.push(("test_to".to_owned(), visit.shell("editor-title").say("message-wrong-address")));
    }
    let source = typed.parts(language).map(|parts| parts.source(notice));
    let (Ok(to), Some(source), true) = (to, source, wrong.is_empty()) else {
        let again = Again { typed: Some(typed), wrong, test_to: text("test_to").to_owned(), ..Again::default() };
        return visit.again(&notice_editor::page(&web, &visit, notice, again, "").await?);
    };
    notice_editor::keep(&web, &visit, notice, &typed).await?;
    let sample = values(text("sample"), notice, language);
    let fields = sample.into_iter().map(|(field, value)| (field.name().to_owned(), value)).collect();
    let id = send(&web, &visit, to, language, Some(Tried { words: source }), fields).await?;
    Ok(lead_to(&format!("/staff/{}/ill-admin/notices/{notice}?tested={id}#tested", library.code)))
}

/// Sends a test notice that is about no notice in particular, and leads to its story.
pub(super) async fn plain(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Form(form): Form<HashMap<String, String>>,
) -> Answer {
    let library = Arc::clone(visit.library()?);
    let Ok(to) = Address::parse(form.get("test_to").map_or("", |value| value.trim())) else {
        return Err(Oops::NotNow("message-wrong-address"));
    };
    let language = Some(visit.language).filter(|one| library.languages.contains(one));
    let language = language.unwrap_or_else(|| library.language_for(None));
    let fields = BTreeMap::from([("address".to_owned(), to.to_string())]);
    let id = send(&web, &visit, to, language, None, fields).await?;
    Ok(lead_to(&format!("/staff/{}/messages/{id}", library.code)))
}
