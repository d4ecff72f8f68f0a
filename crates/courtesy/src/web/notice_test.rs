//! "Send me a test": a notice, or none in particular, sent to a colleague, and what its receiver said to it.
//!
//! In: an address and the words as they are typed. Out: a message like every other, marked as a test, with its words in its
//! event and example values; then how it stands. Nothing here waits long: what is still on its way is shown so.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use axum::Form;
use axum::extract::State;
use standards::address::Address;

use super::messages::Tag;
use super::notice_edited::Edited;
use super::notice_editor::{self, Again};
use super::notice_samples::values;
use super::notice_typed::Typed;
use super::oops::Oops;
use super::shell::Shell;
use super::visit::{Visit, lead_to};
use super::{Answer, Web};
use crate::id::{EventId, MessageId};
use crate::intake::{Event, Side, Taken, Told, Tried};
use crate::library::{Library, LibraryCode};
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
    /// In whose name it was sent.
    pub library: LibraryCode,
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

/// A library in whose name a test of the consortium's words can be sent.
pub(super) struct As {
    pub code: String,
    pub words: String,
    pub is_chosen: bool,
}

/// In whose name a test of `edited` can be sent, where that is to be chosen: the words of a library are its own.
pub(super) fn choices(web: &Web, shell: &Shell, edited: &Edited, chosen: &str) -> Vec<As> {
    if !edited.is_consortium {
        return Vec::new();
    }
    let choice = |library: &Arc<Library>| As {
        code: library.code.to_string(),
        words: format!("{} – {}", library.code, library.name.get(shell.language())),
        is_chosen: library.code.as_str() == chosen,
    };
    web.book.libraries().iter().map(choice).collect()
}

/// How the test with this id stands; none where whoever edits these words sees no such message.
pub(super) async fn tested(web: &Web, edited: &Edited, shell: &Shell, id: &str) -> Result<Option<Tested>, Oops> {
    let Ok(id) = id.parse::<MessageId>() else { return Ok(None) };
    let of = (!edited.is_consortium).then_some(&edited.library.code);
    let Some(row) = web.store.message(of, id).await? else { return Ok(None) };
    let receiver = row.receiver();
    let provider = row.provider.clone().or_else(|| receiver.clone());
    let attempt = web.store.timeline(id).await?.into_iter().rev().find_map(|entry| match entry.what {
        What::Attempted(attempt) => Some(attempt),
        _ => None,
    });
    let about = Facts::of(provider.as_deref(), receiver.as_deref());
    let cause = row.cause.as_deref().filter(|_| row.state != Standing::Accepted).map(Cause::of);
    Ok(Some(Tested {
        href: format!("/staff/{}/messages/{id}", row.library),
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
        library: row.library,
    }))
}

/// Sends a test notice in the name of `library`, in `language` to `to`, in the words of `tried` where some are, and waits a moment for
/// what becomes of it.
async fn send(
    web: &Web,
    visit: &Visit,
    library: &LibraryCode,
    to: Address,
    language: Language,
    tried: Option<Tried>,
    fields: BTreeMap<String, String>,
) -> Result<MessageId, Oops> {
    let patron = Patron { email: Some(to), language: Some(language), ..Patron::default() };
    let event = Event {
        library: library.clone(),
        request: REQUEST.to_owned(),
        status: Status::TestNotice,
        side: Side::Borrowing,
        occurrence: EventId::new(visit.now).to_string(),
        told: Told { patron, fields, tried, ..Told::default() },
        source: "staff",
    };
    let taken = web.intake.tell(event).await?;
    let Some(Taken::Kept(receipt)) = taken else { return Err(Oops::NotNow("test-not-now")) };
    let id = receipt.messages.first().map(|message| message.id).ok_or(Oops::NotNow("test-not-now"))?;
    let deadline = tokio::time::Instant::now() + WAIT_MAX;
    while tokio::time::Instant::now() < deadline {
        let row = web.store.message(Some(library), id).await?;
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
    edited: Edited,
    Form(form): Form<HashMap<String, String>>,
) -> Answer {
    let typed = Typed::of_form(&web, &edited, &form);
    let text = |name: &str| form.get(name).map_or("", |value| value.trim());
    let wished = Language::from_tag(text("test_language")).filter(|one| edited.library.languages.contains(one));
    let language = wished.unwrap_or_else(|| edited.library.language_for(None));
    let shell = edited.around(&visit, "editor-title");
    let mut wrong = typed.errors(&web, &shell, &edited);
    let mut refuse = |field: &str, words: String| wrong.push((field.to_owned(), words));
    let to = Address::parse(text("test_to")).ok();
    if to.is_none() {
        refuse("test_to", shell.say("message-wrong-address"));
    }
    let library = in_whose_name(&web, &edited, text("test_as"));
    match &library {
        None => refuse("test_as", shell.say("consortium-words-test-library")),
        Some(library) if !library.languages.contains(&language) => {
            let name = library.name.get(shell.language()).to_owned();
            refuse("test_language", shell.with("consortium-words-test-language", "library", name));
        }
        Some(_) => {}
    }
    let source = typed.parts(language).map(|parts| parts.source(edited.notice));
    let (Some(to), Some(library), Some(words), true) = (to, library, source, wrong.is_empty()) else {
        let (test_to, test_as) = (text("test_to").to_owned(), text("test_as").to_owned());
        let again = Again { typed: Some(typed), wrong, test_to, test_as, ..Again::default() };
        return visit.again(&notice_editor::page(&web, &visit, edited, again, "").await?);
    };
    notice_editor::keep(&web, &visit, &edited, &typed).await?;
    let sample = values(text("sample"), edited.notice, language);
    let fields = sample.into_iter().map(|(field, value)| (field.name().to_owned(), value)).collect();
    let id = send(&web, &visit, &library.code, to, language, Some(Tried { words }), fields).await?;
    Ok(lead_to(&format!("{}?tested={id}#tested", edited.editor())))
}

/// The library in whose name a test leaves: the one whose words they are, or the one that is chosen.
fn in_whose_name(web: &Web, edited: &Edited, chosen: &str) -> Option<Arc<Library>> {
    if edited.is_consortium {
        return LibraryCode::parse(chosen).ok().and_then(|code| web.book.library(&code));
    }
    Some(Arc::clone(&edited.library))
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
    let id = send(&web, &visit, &library.code, to, language, None, fields).await?;
    Ok(lead_to(&format!("/staff/{}/messages/{id}", library.code)))
}
