//! One patron, for staff: how they are reached, a correction, all that is kept of them as a file, and the erasing of it.
//!
//! In: the library's number for a patron. Out: the page; forms that go through what the API goes through (`http::patrons`, `http::kept`).

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use serde::Deserialize;
use standards::address::Address;

use super::form::encoded;
use super::oops::Oops;
use super::shell::{Place, Shell};
use super::visit::Visit;
use super::{Answer, Web};
use crate::http::kept;
use crate::notice::Language;
use crate::patron::{Patron, Record, probably_meant};
use crate::staff::Right;

/// Letters of a number that are looked at.
const NUMBER_LETTERS_MAX: usize = crate::patron::import::NUMBER_LETTERS_MAX;

/// Which patron.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Which {
    #[serde(rename = "ref")]
    number: String,
}

/// A patron, as the page shows them.
struct Shown {
    name: Option<String>,
    mail: Option<String>,
    phone: Option<String>,
    agrees: Option<bool>,
    language: Option<&'static str>,
    hides: bool,
    /// Where their messages are.
    messages: String,
    file: String,
}

#[derive(Template)]
#[template(path = "patron.html")]
struct Page {
    shell: Shell,
    number: String,
    patron: Option<Shown>,
    typed: String,
    /// What is wrong with what was typed.
    wrong: Option<String>,
    may_erase: bool,
}

/// The page.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit, Query(which): Query<Which>) -> Answer {
    visit.page(&page(&web, &visit, &which.number, String::new(), None).await?)
}

async fn page(web: &Web, visit: &Visit, number: &str, typed: String, wrong: Option<String>) -> Result<Page, Oops> {
    let library = visit.library()?;
    let number: String = number.trim().chars().take(NUMBER_LETTERS_MAX).collect();
    let shell = visit.shell("patron-title").at(Place::Messages).wrong(wrong.is_some());
    let record = web.store.patron(&library.code, &number).await?;
    let patron = match record {
        Some(record) => Some(shown(web, visit, &shell, &number, &record).await?),
        None => None,
    };
    Ok(Page { number, patron, typed, wrong, may_erase: visit.may(Right::Administer), shell })
}

async fn shown(web: &Web, visit: &Visit, shell: &Shell, number: &str, record: &Record) -> Result<Shown, Oops> {
    let library = visit.library()?;
    let patron = record.complete(&Patron::default());
    let consent = match &patron.phone {
        Some(phone) => web.store.consent(&library.code, phone.as_str()).await?,
        None => None,
    };
    let language = patron.language.map(|language| match language {
        Language::En => "language-en",
        Language::Fr => "language-fr",
    });
    Ok(Shown {
        name: patron.fields().remove("full_name"),
        messages: match &patron.email {
            Some(email) => shell.to(&format!("/messages?q={}", encoded(&email.to_string()))),
            None => shell.to("/messages"),
        },
        mail: patron.email.map(|email| email.to_string()),
        phone: patron.phone.map(|phone| phone.to_string()),
        agrees: consent.map(|consent| consent.given),
        language,
        hides: record.hide_titles,
        file: shell.to(&format!("/patrons/everything.json?ref={}", encoded(number))),
    })
}

/// A corrected address.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Corrected {
    #[serde(rename = "ref")]
    number: String,
    mail: String,
    /// Said where it looks like a slip and is meant all the same.
    sure: String,
}

/// Uses another address for a patron from now on.
pub(super) async fn correct(State(web): State<Arc<Web>>, visit: Visit, Form(form): Form<Corrected>) -> Answer {
    let library = visit.library()?;
    let mut record = web.store.patron(&library.code, &form.number).await?.ok_or(Oops::NotFound)?;
    let typed = form.mail.trim().to_owned();
    let shell = visit.shell("patron-title");
    let Ok(address) = Address::parse(&typed) else {
        let wrong = Some(shell.say("message-wrong-address"));
        return visit.again(&page(&web, &visit, &form.number, typed, wrong).await?);
    };
    if let Some(meant) = probably_meant(&address).filter(|_| form.sure != typed) {
        let wrong = Some(shell.with("me-mail-meant", "meant", meant));
        return visit.again(&page(&web, &visit, &form.number, typed, wrong).await?);
    }
    record.correct_mail(address);
    let deed = visit.deed("patron.changed", form.number.as_str());
    web.store.noting(deed).put_patrons(vec![(library.code.clone(), form.number.clone(), record)], visit.now).await?;
    visit.done(&shell.to(&format!("/patrons?ref={}", encoded(&form.number))), "saved")
}

/// All that is kept of a patron, as a file.
pub(super) async fn save(State(web): State<Arc<Web>>, visit: Visit, Query(which): Query<Which>) -> Answer {
    let library = visit.library()?;
    let all = kept::everything(&web, library, &which.number, visit.by()).await?.ok_or(Oops::NotFound)?;
    Ok(kept::file_of(&all))
}

/// The form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Erase {
    #[serde(rename = "ref")]
    number: String,
    sure: String,
}

/// Erases all that is kept of a patron.
pub(super) async fn erase(State(web): State<Arc<Web>>, visit: Visit, Form(form): Form<Erase>) -> Answer {
    if form.sure.is_empty() {
        return Err(Oops::NotNow("me-erase-not-sure"));
    }
    let library = visit.library()?;
    web.eraser.ask(library, &form.number, visit.by(), visit.now).await?.ok_or(Oops::NotFound)?;
    visit.done(&visit.shell("patron-title").to("/patrons"), "patron-erased")
}
