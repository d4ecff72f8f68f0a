//! A patron's contact points: shown whole and changed only after a code to the address on record.
//!
//! In: a new address or number, and the code sent to it. Out: a record that stands against what events still tell. A patron without a
//! number is known by their address alone, which only the library can change.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::State;
use serde::Deserialize;
use standards::address::Address;

use super::code::{self, Purposed, To};
use super::mine::Mine;
use super::{CONTACT, HERE};
use crate::channel::Number;
use crate::patron::{Purpose, probably_meant};
use crate::store::{Consent, Deed};
use crate::web::oops::Oops;
use crate::web::shell::Shell;
use crate::web::visit::Visit;
use crate::web::{Answer, Web};

/// What is wrong with a field, and what was typed there.
#[derive(Default)]
pub(super) struct Wrong {
    mail: Option<String>,
    phone: Option<String>,
    typed: String,
    /// The address that was probably meant.
    meant: Option<String>,
}

#[derive(Template)]
#[template(path = "me_contact.html")]
struct Page {
    shell: Shell,
    library: String,
    is_proven: bool,
    /// Whether they can be changed here at all.
    may_change: bool,
    mail: Option<String>,
    phone: Option<String>,
    texts: bool,
    agrees: bool,
    /// Where a code may be sent, masked.
    to: Option<String>,
    /// Where one was sent, masked.
    asked: Option<String>,
    wrong_code: Option<String>,
    wrong: Wrong,
}

/// The page.
pub(in crate::web) async fn show(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    let mine = Mine::of(&web, &visit).await?;
    visit.page(&page(&web, &visit, &mine, None, Wrong::default()).await?)
}

/// The page again, with what was wrong.
pub(super) async fn again(
    web: &Web,
    visit: &Visit,
    mine: &Mine,
    wrong_code: Option<String>,
    wrong: Option<Wrong>,
) -> Answer {
    visit.again(&page(web, visit, mine, wrong_code, wrong.unwrap_or_default()).await?)
}

async fn page(web: &Web, visit: &Visit, mine: &Mine, wrong_code: Option<String>, wrong: Wrong) -> Result<Page, Oops> {
    let patron = mine.patron();
    let is_proven = mine.pass.is_proven(visit.now);
    let consent = match &patron.phone {
        Some(phone) => web.store.consent(&mine.library.code, phone.as_str()).await?,
        None => None,
    };
    let is_wrong = wrong_code.is_some() || wrong.mail.is_some() || wrong.phone.is_some();
    Ok(Page {
        shell: visit.shell("me-contact-title").wrong(is_wrong),
        library: mine.library.name.get(visit.language).to_owned(),
        is_proven,
        may_change: !mine.is_by_address(),
        mail: patron.email.as_ref().map(|email| if is_proven { email.to_string() } else { email.masked() }),
        phone: patron.phone.as_ref().map(|phone| if is_proven { phone.to_string() } else { phone.masked() }),
        texts: web.texts.gateway().is_some(),
        agrees: consent.is_some_and(|consent| consent.given),
        to: code::known_address(web, &mine.library, &patron).await?.map(|purposed| purposed.to.masked()),
        asked: mine.pass.asked.as_ref().filter(|asked| visit.now < asked.until).map(|asked| asked.to.clone()),
        wrong_code,
        wrong,
    })
}

/// A new address.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct NewMail {
    mail: String,
    /// Said where it looks like a slip and is meant all the same.
    sure: String,
}

fn proven(visit: &Visit, mine: &Mine) -> Result<(), Oops> {
    match mine.pass.is_proven(visit.now) && !mine.is_by_address() {
        true => Ok(()),
        false => Err(Oops::NotNow("me-code-again")),
    }
}

/// Sends a code to a new address: it is used once that is typed.
pub(in crate::web) async fn mail(State(web): State<Arc<Web>>, visit: Visit, Form(new): Form<NewMail>) -> Answer {
    let mine = Mine::of(&web, &visit).await?;
    proven(&visit, &mine)?;
    let shell = visit.shell("me-contact-title");
    let typed = new.mail.trim().to_owned();
    let Ok(address) = Address::parse(&typed) else {
        let wrong = Wrong { mail: Some(shell.say("me-mail-wrong")), typed, ..Wrong::default() };
        return again(&web, &visit, &mine, None, Some(wrong)).await;
    };
    if let Some(meant) = probably_meant(&address).filter(|_| new.sure != typed) {
        let words = shell.with("me-mail-meant", "meant", meant.clone());
        let wrong = Wrong { mail: Some(words), typed, meant: Some(meant), ..Wrong::default() };
        return again(&web, &visit, &mine, None, Some(wrong)).await;
    }
    let purpose = Purpose::Mail(address.to_string());
    let purposed = Purposed { to: To::Mail(address), purpose };
    let asked = code::send(&web, &mine.library, (&mine.pass, &mine.patron()), purposed, visit.now).await?;
    Ok(code::waits(&web, &mine.pass, asked, CONTACT))
}

/// A new number.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct NewPhone {
    phone: String,
}

/// Texts a code to a new number: it is used once that is typed.
pub(in crate::web) async fn phone(State(web): State<Arc<Web>>, visit: Visit, Form(new): Form<NewPhone>) -> Answer {
    let mine = Mine::of(&web, &visit).await?;
    proven(&visit, &mine)?;
    if web.texts.gateway().is_none() {
        return Err(Oops::NotNow("me-code-not-now"));
    }
    let number = match Number::parse(&new.phone, web.texts.country()) {
        Ok(number) => number,
        Err(_) => {
            let words = visit.shell("me-contact-title").say("me-phone-wrong");
            let wrong = Wrong { phone: Some(words), typed: new.phone.trim().to_owned(), ..Wrong::default() };
            return again(&web, &visit, &mine, None, Some(wrong)).await;
        }
    };
    let purpose = Purpose::Text(number.to_string());
    let purposed = Purposed { to: To::Text(number), purpose };
    let asked = code::send(&web, &mine.library, (&mine.pass, &mine.patron()), purposed, visit.now).await?;
    Ok(code::waits(&web, &mine.pass, asked, CONTACT))
}

/// No more text messages: this is believed from whoever holds a link, for it can do no harm.
pub(in crate::web) async fn no_texts(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    let mine = Mine::of(&web, &visit).await?;
    if let Some(phone) = mine.patron().phone {
        let consent = Consent { given: false, at: visit.now, how: "patron".to_owned(), by: "patron".to_owned() };
        let by = visit.shell("me-title").say("me-by-patron");
        let deed = Deed::new(Some(&mine.library.code), by, "patron.changed", mine.subject(), visit.now);
        web.store.noting(deed).note_consent(Some(mine.library.code.clone()), phone.to_string(), consent).await?;
    }
    visit.done(HERE, "me-no-texts")
}
