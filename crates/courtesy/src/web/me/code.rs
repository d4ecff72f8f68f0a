//! Showing that the address on record is theirs: a code, sent there.
//!
//! In: who asks. Out: a message with eight digits, and a pass that waits for them. A link may have been forwarded, and an old one
//! lies in many mailboxes; whoever reads the address on record now is the patron. Codes are few an hour, and guesses are slowed.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse as _, Response};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::mine::{Mine, known_now};
use super::{CONTACT, HERE, WAY_IN, keep, of_link, quiet};
use crate::channel::Number;
use crate::id::{EventId, random_bytes};
use crate::intake::{Event, Handed, Side, Strictness, Taken, Told};
use crate::library::{Library, LibraryCode};
use crate::notice::Language;
use crate::notice::status::Status;
use crate::outcome::stop::ListedAddress;
use crate::patron::link;
use crate::patron::{Asked, CODE_LASTS, PROVEN_LASTS, Pass, Patron, Purpose, TRIES_MAX};
use crate::store::{Consent, Deed, MessageRow};
use crate::web::guard::pass_of;
use crate::web::oops::Oops;
use crate::web::shell::Shell;
use crate::web::visit::{Visit, lead_to};
use crate::web::{Answer, Web};
use askama::Template;
use standards::address::Address;

/// Codes that one patron is sent within [`CODES_WITHIN`]: enough for slow mail, and no plague for whoever gets them.
const CODES_MAX: i64 = 5;
pub(in crate::web) const CODES_WITHIN: SignedDuration = SignedDuration::from_hours(1);

/// Codes that strangers may have sent to one patron within [`CODES_WITHIN`]: more, so that one of them does not keep the patron out.
pub(in crate::web) const STRANGERS_CODES_MAX: u8 = 20;

/// Where a code may be sent of what is known of a patron: mail that is not stopped, else a telephone that may be texted.
pub(in crate::web) async fn known_address(
    web: &Web,
    library: &Library,
    patron: &Patron,
) -> Result<Option<Purposed>, Oops> {
    if let Some(email) = &patron.email {
        let stop = web.store.do_not_send(&library.code, &ListedAddress::of(email)).await?;
        if stop.is_none() {
            return Ok(Some(Purposed { to: To::Mail(email.clone()), purpose: Purpose::Prove }));
        }
    }
    let Some(phone) = patron.phone.as_ref().filter(|_| web.texts.gateway().is_some()) else { return Ok(None) };
    let consent = web.store.consent(&library.code, phone.as_str()).await?;
    let may = consent.is_some_and(|consent| consent.given);
    Ok(may.then(|| Purposed { to: To::Text(phone.clone()), purpose: Purpose::Prove }))
}

/// Where a code goes, and what for.
pub(in crate::web) struct Purposed {
    pub to: To,
    pub purpose: Purpose,
}

/// Where a code goes.
pub(in crate::web) enum To {
    Mail(Address),
    Text(Number),
}

impl To {
    pub(in crate::web) fn masked(&self) -> String {
        match self {
            Self::Mail(address) => address.masked(),
            Self::Text(number) => number.masked(),
        }
    }
}

/// Who asks for a code. Each is counted by itself: what strangers ask for takes nothing from whoever has the page open.
#[derive(Clone, Copy)]
pub(in crate::web) enum Asker {
    /// Whoever came by the link in a notice.
    Patron,
    /// Whoever says that they are the patron.
    Stranger,
}

impl Asker {
    /// The request that a code is about, in lists of messages.
    fn request(self) -> &'static str {
        match self {
            Self::Patron => "CODE",
            Self::Stranger => "CODE-WAY-IN",
        }
    }

    fn most(self) -> i64 {
        match self {
            Self::Patron => CODES_MAX,
            Self::Stranger => STRANGERS_CODES_MAX.into(),
        }
    }
}

/// A code on its way.
pub(in crate::web) struct Sending<'a> {
    pub library: &'a Library,
    /// By what the patron is known (`Patron::key`).
    pub key: &'a str,
    pub language: Option<Language>,
    pub to: To,
    pub digits: &'a str,
    pub asker: Asker,
}

impl Sending<'_> {
    /// Puts it into the queue.
    pub(in crate::web) async fn send(self, web: &Web, now: Timestamp) -> Result<(), Oops> {
        let since = now.checked_sub(CODES_WITHIN).unwrap_or(Timestamp::MIN);
        let (status, request) = (Status::PatronCode, self.asker.request());
        let about = (request, status.code());
        if web.store.patron_events_since(&self.library.code, self.key, about, since).await? >= self.asker.most() {
            return Err(Oops::NotNow("me-codes-enough"));
        }
        let shown = format!("{} {}", &self.digits[..4], &self.digits[4..]);
        let fields = BTreeMap::from([("code".to_owned(), shown)]);
        let (email, phone) = match self.to {
            To::Mail(address) => (Some(address), None),
            To::Text(number) => (None, Some(number)),
        };
        // Filed under what the patron is known by, their address where they have no number: so all codes are counted.
        let id = Some(self.key.to_owned());
        let told = Patron { id, email, phone, language: self.language, ..Patron::default() };
        let event = Event {
            library: self.library.code.clone(),
            request: request.to_owned(),
            status,
            side: Side::Borrowing,
            occurrence: EventId::new(now).to_string(),
            told: Told { patron: told, fields, ..Told::default() },
            source: "patron",
        };
        let handed = vec![Handed { event, key: None }];
        let taken = web.intake.take(handed, Strictness::Lenient, false, |_| String::new()).await?;
        match taken.into_iter().next() {
            Some(Taken::Kept(_)) => Ok(()),
            _ => Err(Oops::NotNow("me-code-not-now")),
        }
    }
}

/// Sends a code to the patron of `pass`, and gives what is kept of it.
pub(in crate::web) async fn send(
    web: &Web,
    library: &Library,
    (pass, patron): (&Pass, &Patron),
    purposed: Purposed,
    now: Timestamp,
) -> Result<Asked, Oops> {
    let (digits, asked) = Asked::new(&web.secret, purposed.purpose, purposed.to.masked(), random_bytes(), now);
    let (key, language, to) = (pass.patron.as_str(), patron.language, purposed.to);
    Sending { library, key, language, to, digits: &digits, asker: Asker::Patron }.send(web, now).await?;
    Ok(asked)
}

/// Asks for a code, to show more than a link does.
pub(in crate::web) async fn ask(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    let mine = Mine::of(&web, &visit).await?;
    let patron = mine.patron();
    let Some(purposed) = known_address(&web, &mine.library, &patron).await? else {
        return Err(Oops::NotNow("me-code-nowhere"));
    };
    let asked = send(&web, &mine.library, (&mine.pass, &patron), purposed, visit.now).await?;
    Ok(waits(&web, &mine.pass, asked, CONTACT))
}

/// Leads to `place` with a pass that waits for the code.
pub(in crate::web) fn waits(web: &Web, pass: &Pass, asked: Asked, place: &str) -> Response {
    let mut response = lead_to(place);
    keep(web, &mut response, &Pass { asked: Some(asked), ..pass.clone() });
    response
}

/// The form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Typed {
    pub(in crate::web) code: String,
}

/// What a typed code came to.
pub(super) enum Tried {
    Fits(Asked),
    Wrong,
    /// It was tried too often: only another one opens.
    UsedUp,
    /// They have to wait so many seconds.
    Wait(i64),
}

/// Looks whether `typed` is the code that `pass` waits for; guesses are slowed, and counted whichever process they come by.
pub(super) async fn tried(web: &Web, pass: &Pass, typed: &str, now: Timestamp) -> Result<Tried, Oops> {
    let (Some(asked), Ok(library)) = (&pass.asked, LibraryCode::parse(&pass.library)) else { return Ok(Tried::Wrong) };
    // Whoever asks anew gets a code of its own, so guesses count for the patron and not for the code.
    let name = format!("{} {}", pass.library, pass.patron);
    if let Err(wait) = web.codes.try_now(&name, false, now) {
        return Ok(Tried::Wait(wait.as_secs() + 1));
    }
    if !web.store.take_try(library, asked.nonce.clone(), TRIES_MAX, now).await? {
        return Ok(Tried::UsedUp);
    }
    if !asked.fits(&web.secret, typed, now) {
        return Ok(Tried::Wrong);
    }
    web.codes.succeeded(&name, false);
    Ok(Tried::Fits(asked.clone()))
}

impl Tried {
    /// What to say where it does not fit.
    pub(super) fn words(&self, shell: &Shell) -> Option<String> {
        match self {
            Self::Fits(_) => None,
            Self::Wrong => Some(shell.say("me-code-wrong")),
            Self::UsedUp => Some(shell.say("me-code-used-up")),
            Self::Wait(seconds) => Some(shell.with("sign-in-wait", "seconds", *seconds)),
        }
    }
}

/// The code was typed on the page of contact points.
pub(in crate::web) async fn check(State(web): State<Arc<Web>>, visit: Visit, Form(typed): Form<Typed>) -> Answer {
    let mine = Mine::of(&web, &visit).await?;
    let tried = tried(&web, &mine.pass, &typed.code, visit.now).await?;
    let Tried::Fits(asked) = tried else {
        let wrong = tried.words(&visit.shell("me-contact-title"));
        return super::contact::again(&web, &visit, &mine, wrong, None).await;
    };
    let mut response = match &asked.purpose {
        Purpose::Prove => visit.done(CONTACT, "me-proven")?,
        // What was shown for one thing is not shown for another: only who is proven may change.
        _ if !mine.pass.is_proven(visit.now) => return Err(Oops::NotNow("me-code-again")),
        Purpose::Mail(address) => {
            let address = Address::parse(address).map_err(|_| Oops::NotFound)?;
            let mut record = mine.kept();
            record.correct_mail(address);
            super::reach::put(&web, &visit, &mine, record).await?;
            visit.done(CONTACT, "me-mail-changed")?
        }
        Purpose::Text(number) => {
            let number = Number::from_e164(number).ok_or(Oops::NotFound)?;
            agrees(&web, &visit, &mine, &number).await?;
            let mut record = mine.kept();
            record.correct_phone(number);
            super::reach::put(&web, &visit, &mine, record).await?;
            visit.done(CONTACT, "me-text-changed")?
        }
    };
    let proven_until = visit.now.checked_add(PROVEN_LASTS).ok();
    keep(&web, &mut response, &Pass { asked: None, proven_until, ..(*mine.pass).clone() });
    Ok(response)
}

/// Keeps that they agree to text messages to `number`, with when and how.
async fn agrees(web: &Web, visit: &Visit, mine: &Mine, number: &Number) -> Result<(), Oops> {
    let consent = Consent { given: true, at: visit.now, how: "patron".to_owned(), by: "patron".to_owned() };
    let by = visit.shell("me-title").say("me-by-patron");
    let deed = Deed::new(Some(&mine.library.code), by, "patron.changed", mine.subject(), visit.now);
    web.store.noting(deed).note_consent(Some(mine.library.code.clone()), number.to_string(), consent).await?;
    Ok(())
}

#[derive(Template)]
#[template(path = "me_old.html")]
struct Old {
    shell: Shell,
    /// Where a code may be sent, masked.
    to: Option<String>,
    /// Whether one was sent.
    is_asked: bool,
    token: String,
    wrong: Option<String>,
}

/// The page for a link that opens no more: a code opens it.
pub(super) async fn old(web: &Web, visit: &Visit, token: &str, patron: &Owner) -> Answer {
    let to = known_address(web, &patron.library, &patron.patron).await?.map(|purposed| purposed.to.masked());
    let page = Old { shell: visit.shell("me-way-in-title"), to, is_asked: false, token: token.to_owned(), wrong: None };
    Ok(quiet((StatusCode::GONE, Html(page.render()?)).into_response()))
}

/// Whose a link is.
pub(super) struct Owner {
    pub(super) library: Arc<Library>,
    pub(super) patron: Patron,
    pub(super) pass: Pass,
}

/// The patron of the message that a link stands in.
pub(super) async fn owner(web: &Web, row: &MessageRow, now: Timestamp) -> Result<Option<Owner>, Oops> {
    let Some(library) = web.book.library(&row.library) else { return Ok(None) };
    let Some(key) = web.store.patron_of_event(&row.library, row.event).await? else { return Ok(None) };
    // What its own event told may be old: the code goes to where they are reached now.
    let patron = known_now(web, &row.library, &key).await?.unwrap_or_default();
    let pass = Pass::new(&row.library, key, Some(row.id), now);
    Ok(Some(Owner { patron, library, pass }))
}

/// Sends a code to the address on record, for a link that opens no more.
pub(in crate::web) async fn ask_by_link(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path(token): Path<String>,
) -> Answer {
    let row = of_link(&web, &token).await?.ok_or(Oops::NotFound)?;
    if !link::is_over(row.id, visit.now) {
        return Ok(quiet(lead_to(&format!("/me/{token}"))));
    }
    let owner = owner(&web, &row, visit.now).await?.ok_or(Oops::NotFound)?;
    let Some(purposed) = known_address(&web, &owner.library, &owner.patron).await? else {
        return Err(Oops::NotNow("me-code-nowhere"));
    };
    let asked = send(&web, &owner.library, (&owner.pass, &owner.patron), purposed, visit.now).await?;
    let until = visit.now.checked_add(CODE_LASTS).unwrap_or(Timestamp::MAX);
    let mut response = lead_to(&format!("/me/{token}/code"));
    keep(&web, &mut response, &Pass { asked: Some(asked), until, is_locked: true, ..owner.pass });
    Ok(quiet(response))
}

/// The locked pass of this browser.
async fn locked(web: &Web, headers: &HeaderMap, now: Timestamp) -> Result<Option<Pass>, Oops> {
    Ok(pass_of(web, headers, now).await?.filter(|pass| pass.is_locked))
}

fn waiting(visit: &Visit, pass: &Pass, token: String, wrong: Option<String>) -> Old {
    let shell = visit.shell("me-way-in-title").wrong(wrong.is_some());
    let to = pass.asked.as_ref().map(|asked| asked.to.clone());
    Old { shell, to, is_asked: true, token, wrong }
}

/// The page that waits for the code.
pub(in crate::web) async fn show_by_link(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Answer {
    match locked(&web, &headers, visit.now).await? {
        Some(pass) => Ok(quiet(visit.page(&waiting(&visit, &pass, token, None))?)),
        None => Ok(lead_to(WAY_IN)),
    }
}

/// The code was typed for a link that opens no more.
pub(in crate::web) async fn check_by_link(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path(token): Path<String>,
    headers: HeaderMap,
    Form(typed): Form<Typed>,
) -> Answer {
    let Some(pass) = locked(&web, &headers, visit.now).await? else { return Ok(lead_to(WAY_IN)) };
    let tried = tried(&web, &pass, &typed.code, visit.now).await?;
    if let Some(wrong) = tried.words(&visit.shell("me-way-in-title")) {
        return Ok(quiet(visit.again(&waiting(&visit, &pass, token, Some(wrong)))?));
    }
    let mut response = lead_to(HERE);
    keep(&web, &mut response, &pass.proven(visit.now));
    Ok(quiet(response))
}
