//! Patrons' sign-in: the OpenID provider at which a library's patrons sign in to see their own page; set by its admins.
//!
//! In: what the provider gave the library for us. Out: the record's `sign_on`, and the secret, sealed; what the library registers there. Not
//! here: patrons who sign in (`me::sign_on`).

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::State;
use serde::Deserialize;

use super::oidc::flow;
use super::oops::Oops;
use super::shell::{Place, Shell};
use super::visit::Visit;
use super::{Answer, Web};
use crate::http::libraries::change;
use crate::http::sign_on::{SECRET_CHANGED, is_secret, keep_secret, page as begins_at, redirect_uri, secret};
use crate::library::{By, InLanguages, Library, SignOn};
use crate::staff::Right;

/// The page, below the library's.
const HERE: &str = "/ill-admin/sign-on";

/// The form, as it was typed.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    issuer: String,
    client_id: String,
    client_secret: String,
    name_en: String,
    name_fr: String,
    number_claim: String,
    mail_claim: String,
    off: String,
}

fn some(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

impl Typed {
    fn of(sign_on: &SignOn) -> Self {
        Self {
            issuer: sign_on.issuer.clone(),
            client_id: sign_on.client_id.clone(),
            name_en: sign_on.name.en.clone(),
            name_fr: sign_on.name.fr.clone().unwrap_or_default(),
            number_claim: sign_on.number_claim.clone().unwrap_or_default(),
            mail_claim: sign_on.mail_claim.clone().unwrap_or_default(),
            ..Self::default()
        }
    }

    fn read(&self) -> SignOn {
        SignOn {
            issuer: self.issuer.trim().to_owned(),
            client_id: self.client_id.trim().to_owned(),
            name: InLanguages { en: self.name_en.trim().to_owned(), fr: some(&self.name_fr) },
            number_claim: some(&self.number_claim),
            mail_claim: some(&self.mail_claim),
        }
    }
}

/// One field of the form.
struct Field {
    id: &'static str,
    kind: &'static str,
    label: String,
    hint: String,
    typed: String,
    is_wanted: bool,
    wrong: Option<String>,
}

#[derive(Template)]
#[template(path = "sign_on.html")]
struct Page {
    shell: Shell,
    fields: Vec<Field>,
    is_wrong: bool,
    /// A colour and words: whether patrons can sign in.
    mood: &'static str,
    stands: String,
    is_on: bool,
    /// What the library registers at the service, and where its own pages link to.
    redirect_uri: String,
    begins_at: String,
}

impl Page {
    async fn of(web: &Web, visit: &Visit, typed: &Typed, mut wrong: Wrong) -> Result<Self, Oops> {
        let library = visit.library()?;
        let has_secret = has_secret(web, library, library.sign_on.as_ref()).await?;
        let shell = visit.shell("sign-on-title").at(Place::IllAdmin).below("nav-ill-admin", "/ill-admin");
        let is_wrong = !wrong.is_empty();
        let shell = shell.wrong(is_wrong);
        let (mood, stands) = match (&library.sign_on, has_secret) {
            (None, _) => ("quiet", "sign-on-is-off"),
            (Some(_), false) => ("bad", "sign-on-no-secret"),
            (Some(_), true) => ("good", "sign-on-is-on"),
        };
        let secret_hint = if has_secret { "sign-on-secret-kept" } else { "sign-on-secret-hint" };
        let mut field = |id: &'static str, kind: &'static str, typed: &str, (label, hint): (&str, &str), is_wanted| {
            let (label, hint, typed) = (shell.say(label), shell.say(hint), typed.to_owned());
            Field { id, kind, label, hint, typed, is_wanted, wrong: wrong.remove(id) }
        };
        let fields = vec![
            field("issuer", "url", &typed.issuer, ("sign-on-issuer", "sign-on-issuer-hint"), true),
            field("client_id", "text", &typed.client_id, ("sign-on-client-id", "sign-on-client-id-hint"), true),
            field("client_secret", "password", "", ("sign-on-secret", secret_hint), !has_secret),
            field("number_claim", "text", &typed.number_claim, ("sign-on-number", "sign-on-number-hint"), false),
            field("mail_claim", "text", &typed.mail_claim, ("sign-on-mail", "sign-on-mail-hint"), false),
            field("name", "text", &typed.name_en, ("sign-on-name-en", "sign-on-name-hint"), true),
            field("name_fr", "text", &typed.name_fr, ("sign-on-name-fr", "sign-on-name-hint"), false),
        ];
        Ok(Self {
            fields,
            is_wrong,
            mood,
            stands: shell.say(stands),
            is_on: library.sign_on.is_some(),
            redirect_uri: redirect_uri(&web.config, &library.code),
            begins_at: begins_at(&web.config, &library.code),
            shell,
        })
    }
}

/// What is wrong, by field.
type Wrong = BTreeMap<&'static str, String>;

async fn has_secret(web: &Web, library: &Library, sign_on: Option<&SignOn>) -> Result<bool, Oops> {
    match sign_on {
        Some(sign_on) => Ok(secret(web, &library.code, sign_on).await?.is_some()),
        None => Ok(false),
    }
}

/// The settings.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    let typed = visit.library()?.sign_on.as_ref().map(Typed::of).unwrap_or_default();
    visit.page(&Page::of(&web, &visit, &typed, Wrong::new()).await?)
}

/// Keeps them, or turns signing in off.
pub(super) async fn save(State(web): State<Arc<Web>>, visit: Visit, Form(typed): Form<Typed>) -> Answer {
    let library = Arc::clone(visit.library()?);
    let here = format!("/staff/{}{HERE}", library.code);
    if !typed.off.is_empty() {
        keep(&web, &visit, &library, None).await?;
        return visit.done(&here, "sign-on-off");
    }
    let sign_on = typed.read();
    let wrong = wrong_with(&web, &visit, &library, &sign_on, &typed).await?;
    if !wrong.is_empty() {
        return visit.again(&Page::of(&web, &visit, &typed, wrong).await?);
    }
    keep(&web, &visit, &library, Some(sign_on.clone())).await?;
    if let Some(secret) = some(&typed.client_secret) {
        keep_secret(&web, &library.code, &sign_on, &secret, visit.deed(SECRET_CHANGED, "")).await?;
    }
    // It is kept all the same: a service may be set up after us, and be down for an hour.
    if flow::answers(&web, &sign_on.issuer).await {
        return visit.done(&here, "sign-on-saved");
    }
    visit.done(&here, "sign-on-unanswered")
}

/// What cannot stand of what was typed.
async fn wrong_with(
    web: &Web,
    visit: &Visit,
    library: &Library,
    sign_on: &SignOn,
    typed: &Typed,
) -> Result<Wrong, Oops> {
    let shell = visit.shell("sign-on-title");
    let changed = Library { sign_on: Some(sign_on.clone()), ..library.clone() };
    let problems = changed.problems();
    let fields = problems.iter().filter_map(|problem| problem.field.strip_prefix("sign_on."));
    let mut wrong: Wrong =
        fields.map(|field| (field, shell.say(&format!("sign-on-wrong-{}", field.replace('_', "-"))))).collect();
    let secret_stands = match some(&typed.client_secret) {
        Some(secret) => is_secret(&secret),
        None => has_secret(web, library, Some(sign_on)).await?,
    };
    if !secret_stands {
        wrong.insert("client_secret", shell.say("sign-on-wrong-secret"));
    }
    Ok(wrong)
}

async fn keep(web: &Web, visit: &Visit, library: &Library, sign_on: Option<SignOn>) -> Result<(), Oops> {
    let by = if visit.may(Right::Consortium) { By::Consortium } else { By::Library };
    let problems = change(web, &library.code, by, visit.by(), |library| library.sign_on = sign_on).await?;
    if problems.is_empty() { Ok(()) } else { Err(Oops::NotNow("sign-on-record-wrong")) }
}
