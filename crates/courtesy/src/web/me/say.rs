//! What a patron tells us of our mail: where it is, that they want it again; and a test to themselves.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Form;
use axum::extract::{Path, State};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::mine::Mine;
use super::{HERE, code, ways};
use crate::id::{EventId, MessageId};
use crate::intake::{Event, Handed, Side, Strictness, Taken, Told};
use crate::notice::status::Status;
use crate::outcome::stop::ListedAddress;
use crate::patron::Patron;
use crate::queue::State as Standing;
use crate::store::Listed;
use crate::timeline::Place;
use crate::web::oops::Oops;
use crate::web::shell::Shell;
use crate::web::visit::{Visit, lead_to};
use crate::web::{Answer, Web};

/// Tests that a patron may send themselves within [`TESTS_WITHIN`]: enough for every folder to be looked through.
const TESTS_MAX: i64 = 3;
const TESTS_WITHIN: SignedDuration = SignedDuration::from_hours(1);

/// How long the answer waits for the receiver, as for staff.
const WAIT_MAX: Duration = Duration::from_secs(4);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The request that a test is about, in lists of messages.
const REQUEST: &str = "TEST";

/// A message that they may tell of.
pub(super) struct Asks {
    pub(super) id: String,
    pub(super) words: String,
    /// What follows from where they said it is.
    pub(super) said: Option<String>,
}

/// A test, and how it stands.
pub(super) struct Tested {
    pub(super) id: String,
    pub(super) mood: &'static str,
    pub(super) stands: String,
    pub(super) is_accepted: bool,
    pub(super) under_way: bool,
    pub(super) is_said: bool,
}

/// What they are asked of a message.
pub(super) async fn asks(web: &Web, shell: &Shell, mine: &Mine) -> Result<Option<Asks>, Oops> {
    let Some(row) = mine.asked() else { return Ok(None) };
    let said = web.store.place_of(&mine.library.code, row.id).await?;
    let words =
        shell.with2("me-where", ("notice", ways::status(shell, &row.notice)), ("when", shell.moment(&row.created_at)));
    let said = said.map(|place| match place {
        Place::Inbox => shell.say("me-where-inbox-said"),
        Place::Spam => shell.say("me-where-spam-said"),
        Place::Nowhere => shell.say("me-where-nowhere-said"),
    });
    Ok(Some(Asks { id: row.id.to_string(), words, said }))
}

/// How the test of this id stands; none where it is no message of theirs.
pub(super) async fn tested(web: &Web, shell: &Shell, mine: &Mine, id: &str) -> Result<Option<Tested>, Oops> {
    let Some(row) = mine.message(id) else { return Ok(None) };
    let (mood, stands) = ways::stands(shell, row);
    Ok(Some(Tested {
        id: row.id.to_string(),
        mood,
        stands,
        is_accepted: row.state == Standing::Accepted,
        under_way: !row.state.is_final() && row.state != Standing::Held,
        is_said: web.store.place_of(&mine.library.code, row.id).await?.is_some(),
    }))
}

/// Where a message is.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Where {
    place: String,
}

/// Notes where they say that a message is.
pub(in crate::web) async fn place(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path(id): Path<String>,
    Form(said): Form<Where>,
) -> Answer {
    let mine = Mine::of(&web, &visit).await?;
    let row = mine.message(&id).ok_or(Oops::NotFound)?;
    let place = Place::from_code(&said.place).ok_or(Oops::NotFound)?;
    web.store.note_place(row, place, visit.now).await?;
    match place {
        Place::Inbox => visit.done(HERE, "me-said-inbox"),
        Place::Spam => visit.done(HERE, "me-said-spam"),
        Place::Nowhere => visit.done(HERE, "me-said-nowhere"),
    }
}

/// What they need to take back that they marked our mail as spam, in words; none where they may. A link may have been forwarded, and
/// whoever complained is not to be written to because somebody else says so.
pub(super) async fn undo_needs(web: &Web, mine: &Mine, now: Timestamp) -> Result<Option<&'static str>, Oops> {
    if mine.pass.is_proven(now) {
        return Ok(None);
    }
    // No code goes to an address that is stopped.
    let by_code = code::known_address(web, &mine.library, &mine.patron()).await?.is_some();
    Ok(Some(if by_code { "me-undo-code" } else { "me-undo-ask" }))
}

/// They had marked one of our mails as spam, and want them again.
pub(in crate::web) async fn undo(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    let mine = Mine::of(&web, &visit).await?;
    let email = mine.patron().email.ok_or(Oops::NotFound)?;
    if let Some(needed) = undo_needs(&web, &mine, visit.now).await? {
        return Err(Oops::NotNow(needed));
    }
    let address = ListedAddress::of(&email);
    let stop = web.store.do_not_send(&mine.library.code, &address).await?;
    if stop.is_some_and(|stop| stop.cause.is_within("complaint")) {
        let which = vec![Listed { address: Some(address), ..Listed::default() }];
        let by = visit.shell("me-title").say("me-by-patron");
        let why = "the patron asked for our mail again".to_owned();
        web.store.release_do_not_send(mine.library.code.clone(), which, by, why, visit.now).await?;
    }
    visit.done(HERE, "me-undone")
}

/// Sends them a test.
pub(in crate::web) async fn try_out(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    let mine = Mine::of(&web, &visit).await?;
    let known = mine.patron();
    let email = known.email.clone().ok_or(Oops::NotFound)?;
    let since = visit.now.checked_sub(TESTS_WITHIN).unwrap_or(Timestamp::MIN);
    let status = Status::TestNotice.code();
    let sent = web.store.patron_events_since(&mine.library.code, &mine.pass.patron, (REQUEST, status), since).await?;
    if sent >= TESTS_MAX {
        return Err(Oops::NotNow("me-tests-enough"));
    }
    let number = known.number().map(str::to_owned);
    let language = mine.library.language_for(known.language);
    let patron = Patron { id: number, email: Some(email.clone()), language: Some(language), ..Patron::default() };
    let id = send(&web, &mine, patron, Status::TestNotice, &visit).await?;
    Ok(lead_to(&format!("{HERE}?tested={id}#tested")))
}

/// Hands in an event for the patron alone, by mail, and waits a moment for what becomes of it.
async fn send(web: &Web, mine: &Mine, patron: Patron, status: Status, visit: &Visit) -> Result<MessageId, Oops> {
    let fields =
        BTreeMap::from([("address".to_owned(), patron.email.as_ref().map(ToString::to_string).unwrap_or_default())]);
    let event = Event {
        library: mine.library.code.clone(),
        request: REQUEST.to_owned(),
        status,
        side: Side::Borrowing,
        occurrence: EventId::new(visit.now).to_string(),
        told: Told { patron, fields, ..Told::default() },
        source: "patron",
    };
    let taken =
        web.intake.take(vec![Handed { event, key: None }], Strictness::Lenient, false, |_| String::new()).await?;
    let Some(Taken::Kept(receipt)) = taken.into_iter().next() else { return Err(Oops::NotNow("test-not-now")) };
    let id = receipt.messages.first().map(|message| message.id).ok_or(Oops::NotNow("test-not-now"))?;
    let deadline = tokio::time::Instant::now() + WAIT_MAX;
    while tokio::time::Instant::now() < deadline {
        let row = web.store.message(Some(&mine.library.code), id).await?;
        if row.is_none_or(|row| row.state.is_final() || row.state == Standing::Held) {
            break;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(id)
}
