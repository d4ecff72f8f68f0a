//! Whoever has no link says who they are, and shows it by a code that is sent to the address on record.
//!
//! In: a library, and an address or number. Out: the same answer at once, whoever it is; then, for somebody we know, a code on its way, and a
//! pass for whoever types it. Several patrons have one address: then their number says which of them it is. Not here: how often somebody may
//! ask (`knocks`), how codes are sent (`code`).

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;

use super::code::{Asker, Sending, To, Typed, known_address};
use super::mine::known_now;
use super::way_in::{self, WayIn, library_of};
use super::{HERE, WAY_IN, keep, quiet, set};
use crate::http::peer::Network;
use crate::id::random_bytes;
use crate::library::{Library, LibraryCode};
use crate::notice::Language;
use crate::outcome::stop::ListedAddress;
use crate::patron::{BY_ADDRESS, Knock, Pass, Patron, TRIES_MAX, Whom};
use crate::web::guard::cookie;
use crate::web::oops::Oops;
use crate::web::shell::Shell;
use crate::web::visit::{Visit, lead_to};
use crate::web::{Answer, Web};

/// The answer has left before anybody is looked up, so that not even its time says whether somebody was found.
const ANSWER_FIRST: Duration = Duration::from_millis(250);

/// The cookie of who is at the door.
const COOKIE: &str = "courtesy_knock";

/// The page that waits for the code, and the one that asks for the number.
const CODE: &str = "/me/way-in/code";
const NUMBER: &str = "/me/way-in/number";

/// Who somebody says they are.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Asks {
    library: String,
    whom: String,
}

/// Has a code sent, where we know them. The answer is made of what was typed alone, and waits for no look into the store.
pub(in crate::web) async fn ask(
    State(web): State<Arc<Web>>,
    visit: Visit,
    network: Network,
    Form(asks): Form<Asks>,
) -> Answer {
    let Some(library) = library_of(&web, &asks.library) else { return Ok(lead_to(WAY_IN)) };
    let Some(whom) = Whom::read(&asks.whom) else {
        let wrong = visit.shell("me-way-in-title").say("me-whom-wrong");
        return again(&web, &visit, &library, asks.whom, wrong).await;
    };
    let Some(place) = web.knocks.place() else { return Err(Oops::NotNow("me-code-not-now")) };
    if let Err(wait) = web.knocks.ask(&library.code, &whom.name(), network, visit.now) {
        let minutes = wait.as_mins() + 1;
        let wrong = visit.shell("me-way-in-title").with("me-knock-wait", "minutes", minutes);
        return again(&web, &visit, &library, asks.whom, wrong).await;
    }
    let (digits, knock) = Knock::new(&web.secret, &library.code, whom, random_bytes(), visit.now);
    let mut response = lead_to(CODE);
    put(&web, &mut response, &knock, visit.now);
    let told = tell(Arc::clone(&web), library, knock.whom, digits, visit.language, visit.now);
    tokio::spawn(async move {
        tokio::time::sleep(ANSWER_FIRST).await;
        if let Some(_turn) = place.turn().await {
            // What is broken was logged where it broke; who had enough codes is told nothing.
            let _ = told.await;
        }
    });
    Ok(quiet(response))
}

/// The way in again, with what is wrong with what was typed.
async fn again(web: &Web, visit: &Visit, library: &Library, typed: String, wrong: String) -> Answer {
    visit.again(&WayIn::of(web, visit, Some(library)).await?.again(typed, wrong))
}

/// Sends the code, where somebody is known.
async fn tell(
    web: Arc<Web>,
    library: Arc<Library>,
    whom: Whom,
    digits: String,
    language: Language,
    now: Timestamp,
) -> Result<(), Oops> {
    let found = found(&web, &library, &whom).await?;
    let (key, to, language) = match found.as_slice() {
        [] => return Ok(()),
        [(key, patron)] => match known_address(&web, &library, patron).await? {
            Some(purposed) => (key.clone(), purposed.to, patron.language),
            None => return Ok(()),
        },
        // They have the address, and nothing else that a code could be sent to.
        [(_, patron), ..] => {
            let Some(mail) = patron.email.clone() else { return Ok(()) };
            let listed = ListedAddress::of(&mail);
            if web.store.do_not_send(&library.code, &listed).await?.is_some() {
                return Ok(());
            }
            (format!("{BY_ADDRESS}{}", listed.as_str()), To::Mail(mail), Some(language))
        }
    };
    let sending = Sending { library: &library, key: &key, language, to, digits: &digits, asker: Asker::Stranger };
    sending.send(&web, now).await
}

/// Whoever `whom` may be at `library`, each by what they are known. Whoever has the address and no number is meant where nobody with a
/// number has it.
pub(super) async fn found(web: &Web, library: &Library, whom: &Whom) -> Result<Vec<(String, Patron)>, Oops> {
    let code = &library.code;
    let address = match whom {
        Whom::Number(number) => {
            let patron = known_now(web, code, number).await?;
            return Ok(patron.map(|patron| (number.clone(), patron)).into_iter().collect());
        }
        Whom::Mail(address) => ListedAddress::of(address),
    };
    let has_it = |patron: &Patron| patron.email.as_ref().is_some_and(|mail| ListedAddress::of(mail) == address);
    let mut found = Vec::new();
    for number in web.store.patrons_with_mail(code, &address).await? {
        if let Some(patron) = known_now(web, code, &number).await?.filter(has_it) {
            found.push((number, patron));
        }
    }
    if found.is_empty() {
        let key = format!("{BY_ADDRESS}{}", address.as_str());
        if let Some(patron) = known_now(web, code, &key).await?.filter(has_it) {
            found.push((key, patron));
        }
    }
    Ok(found)
}

/// Who is at the door of this browser, and of which library.
fn at_door(web: &Web, headers: &HeaderMap, now: Timestamp) -> Option<(Arc<Library>, Knock)> {
    let knock = Knock::open(&web.secret, cookie(headers, COOKIE)?, now)?;
    let library = library_of(web, &knock.library).filter(|library| library.code.as_str() == knock.library)?;
    Some((library, knock))
}

fn put(web: &Web, response: &mut Response, knock: &Knock, now: Timestamp) {
    line(web, response, &knock.seal(&web.secret), knock.until.duration_since(now).as_secs());
}

/// Only for the pages that need it.
fn line(web: &Web, response: &mut Response, value: &str, seconds: i64) {
    let secure = if web.config.is_https() { "; Secure" } else { "" };
    set(response, &format!("{COOKIE}={value}; Path={WAY_IN}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"));
}

#[derive(Template)]
#[template(path = "me_knock.html")]
struct AtDoor {
    shell: Shell,
    library: String,
    /// Where one begins again.
    again: String,
    /// What they typed.
    whom: String,
    /// Whether the code is typed, and their number is wanted.
    is_shown: bool,
    wrong: Option<String>,
}

impl AtDoor {
    fn new(visit: &Visit, library: &Library, knock: &Knock, wrong: Option<String>) -> Self {
        let title = if knock.is_shown { "me-which-title" } else { "me-code-title" };
        Self {
            shell: visit.shell(title).wrong(wrong.is_some()),
            library: library.name.get(visit.language).to_owned(),
            again: way_in::at(library),
            whom: match &knock.whom {
                Whom::Mail(address) => address.to_string(),
                Whom::Number(number) => number.clone(),
            },
            is_shown: knock.is_shown,
            wrong,
        }
    }
}

/// The page that waits for the code, or for the number.
pub(in crate::web) async fn show(State(web): State<Arc<Web>>, visit: Visit, headers: HeaderMap) -> Answer {
    let Some((library, knock)) = at_door(&web, &headers, visit.now) else { return Ok(lead_to(WAY_IN)) };
    let here = if knock.is_shown { NUMBER } else { CODE };
    match visit.path.split('?').next() == Some(here) {
        true => Ok(quiet(visit.page(&AtDoor::new(&visit, &library, &knock, None))?)),
        false => Ok(lead_to(here)),
    }
}

/// Guesses at the code, or the number, of one knock: each has its own, and there are few, whichever process they come by.
struct Guesses<'a> {
    web: &'a Web,
    visit: &'a Visit,
    library: LibraryCode,
    name: String,
}

impl<'a> Guesses<'a> {
    /// At the `what` of `knock`.
    fn of(web: &'a Web, visit: &'a Visit, library: &Library, knock: &Knock, what: &str) -> Self {
        Self { web, visit, library: library.code.clone(), name: format!("{what} {}", knock.asked.nonce) }
    }

    /// Takes one; the words that say why not, where they have to wait, or there is none left.
    async fn take(&self) -> Result<Option<String>, Oops> {
        let now = self.visit.now;
        let shell = self.visit.shell("me-code-title");
        if let Err(wait) = self.web.codes.try_now(&self.name, false, now) {
            return Ok(Some(shell.with("sign-in-wait", "seconds", wait.as_secs() + 1)));
        }
        let is_left = self.web.store.take_try(self.library.clone(), self.name.clone(), TRIES_MAX, now).await?;
        Ok((!is_left).then(|| shell.say("me-code-used-up")))
    }

    /// It was wrong.
    fn wrong(&self, words: &'static str) -> String {
        self.visit.shell("me-code-title").say(words)
    }
}

/// The code was typed.
pub(in crate::web) async fn check(
    State(web): State<Arc<Web>>,
    visit: Visit,
    headers: HeaderMap,
    Form(typed): Form<Typed>,
) -> Answer {
    let Some((library, knock)) = at_door(&web, &headers, visit.now) else { return Ok(lead_to(WAY_IN)) };
    let guesses = Guesses::of(&web, &visit, &library, &knock, "knock");
    let wrong = match guesses.take().await? {
        Some(no) => Some(no),
        None if knock.asked.fits(&web.secret, &typed.code, visit.now) => None,
        None => Some(guesses.wrong("me-code-wrong")),
    };
    if let Some(wrong) = wrong {
        return Ok(quiet(visit.again(&AtDoor::new(&visit, &library, &knock, Some(wrong)))?));
    }
    let mut found = found(&web, &library, &knock.whom).await?;
    match (found.pop(), found.is_empty()) {
        (Some((key, _)), true) => admit(&web, &visit, &library, &knock, key).await,
        (Some(_), false) => {
            let mut response = lead_to(NUMBER);
            put(&web, &mut response, &knock.shown(visit.now), visit.now);
            Ok(quiet(response))
        }
        // Nobody has it any more, since the code was sent.
        (None, _) => {
            let wrong = Some(guesses.wrong("me-code-wrong"));
            Ok(quiet(visit.again(&AtDoor::new(&visit, &library, &knock, wrong))?))
        }
    }
}

/// Which of those with one address they are.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Which {
    number: String,
}

/// The number was typed: it opens the page of that patron, and tells nothing of the others.
pub(in crate::web) async fn number(
    State(web): State<Arc<Web>>,
    visit: Visit,
    headers: HeaderMap,
    Form(which): Form<Which>,
) -> Answer {
    let at_door = at_door(&web, &headers, visit.now).filter(|(_, knock)| knock.is_shown);
    let Some((library, knock)) = at_door else { return Ok(lead_to(WAY_IN)) };
    let guesses = Guesses::of(&web, &visit, &library, &knock, "number");
    let mut wrong = guesses.take().await?;
    if wrong.is_none() {
        let found = found(&web, &library, &knock.whom).await?;
        if let Some((key, _)) = found.into_iter().find(|(key, _)| key == which.number.trim()) {
            return admit(&web, &visit, &library, &knock, key).await;
        }
        wrong = Some(guesses.wrong("me-which-wrong"));
    }
    Ok(quiet(visit.again(&AtDoor::new(&visit, &library, &knock, wrong))?))
}

/// Opens the page of the patron with this key, who has shown that the address on record is theirs. A code opens once: whoever finds it and
/// the cookie later, on a computer that many use, finds nothing.
async fn admit(web: &Web, visit: &Visit, library: &Library, knock: &Knock, key: String) -> Answer {
    let (now, once) = (visit.now, format!("opened {}", knock.asked.nonce));
    if !web.store.take_try(library.code.clone(), once, 1, now).await? {
        let wrong = visit.shell("me-code-title").say("me-code-opened");
        return Ok(quiet(visit.again(&AtDoor::new(visit, library, knock, Some(wrong)))?));
    }
    let mut response = lead_to(HERE);
    keep(web, &mut response, &Pass::new(&library.code, key, None, now).proven(now));
    line(web, &mut response, "", 0);
    Ok(quiet(response))
}
