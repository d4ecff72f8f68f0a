//! One's own account: password, recovery codes, devices signed in.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::State;
use serde::Deserialize;

use super::guard::IDLE_MAX;
use super::passkey;
use super::password::{LETTERS_MAX, LETTERS_MIN, code_hash, recovery_codes as new_codes};
use super::shell::Shell;
use super::visit::Visit;
use super::{Answer, Web};
use crate::id::SessionId;
use crate::store::Session;

#[derive(Template)]
#[template(path = "account.html")]
struct Account {
    shell: Shell,
    login: String,
    name: String,
    has_password: bool,
    codes_left: i64,
    /// New codes, shown this once.
    codes: Vec<String>,
    here: Option<SessionId>,
    sessions: Vec<Session>,
    wrong_old: Option<String>,
    wrong_new: Option<String>,
    passkeys: Vec<passkey::Shown>,
    making: Option<passkey::Making>,
    wrong_passkey: Option<String>,
}

impl Account {
    async fn of(web: &Web, visit: &Visit) -> Result<Self, super::oops::Oops> {
        let staff = visit.staff()?;
        let (passkeys, making) = passkey::of(web, visit).await?;
        let used_after = visit.now.checked_sub(IDLE_MAX).unwrap_or(visit.now);
        Ok(Self {
            shell: visit.shell("account-title"),
            login: staff.login.clone(),
            name: staff.name.clone(),
            has_password: staff.has_password,
            codes_left: web.store.recovery_codes_left(staff.id).await?,
            codes: Vec::new(),
            here: visit.session.as_ref().map(|session| session.id),
            sessions: web.store.sessions_of(staff.id, used_after, visit.now).await?,
            wrong_old: None,
            wrong_new: None,
            passkeys,
            making,
            wrong_passkey: None,
        })
    }

    fn is_here(&self, session: &Session) -> bool {
        self.here == Some(session.id)
    }

    /// What a browser says it is, as people call it.
    fn device(&self, session: &Session) -> String {
        let has = |word: &str| session.device.contains(word);
        let browser = [("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")];
        let browser = browser.into_iter().find(|(word, _)| has(word)).map(|(_, name)| name);
        let systems = [
            ("Android", "Android"),
            ("iPhone", "iPhone"),
            ("iPad", "iPad"),
            ("Windows", "Windows"),
            ("Mac OS", "macOS"),
            ("Linux", "Linux"),
        ];
        let system = systems.into_iter().find(|(word, _)| has(word)).map(|(_, name)| name);
        match (browser, system) {
            (Some(browser), Some(system)) => {
                self.shell.with2("account-device", ("browser", browser), ("system", system))
            }
            _ => self.shell.say("account-device-unknown"),
        }
    }
}

/// The page.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    visit.page(&Account::of(&web, &visit).await?)
}

/// The password there is, and the new one.
#[derive(Deserialize)]
pub(super) struct Passwords {
    #[serde(default)]
    old: String,
    #[serde(default)]
    new: String,
}

/// Sets a new password, and ends one's sessions on other devices.
pub(super) async fn password(State(web): State<Arc<Web>>, visit: Visit, Form(form): Form<Passwords>) -> Answer {
    let staff = visit.staff()?;
    let mut account = Account::of(&web, &visit).await?;
    let kept = web.store.staff_by_login(&staff.login).await?.and_then(|(_, password)| password);
    if kept.is_some() && !web.passwords.fits(form.old, kept).await? {
        account.wrong_old = Some(account.shell.say("account-wrong-old"));
    }
    let letters = form.new.chars().count();
    if letters < LETTERS_MIN {
        account.wrong_new = Some(account.shell.with("account-too-short", "count", LETTERS_MIN));
    } else if letters > LETTERS_MAX {
        account.wrong_new = Some(account.shell.with("account-too-long", "count", LETTERS_MAX));
    } else if form.new.to_lowercase().contains(&staff.login) {
        account.wrong_new = Some(account.shell.say("account-is-login"));
    }
    if account.wrong_old.is_some() || account.wrong_new.is_some() {
        account.shell = account.shell.wrong(true);
        return visit.again(&account);
    }
    let hash = web.passwords.hash(form.new).await?;
    let deed = visit.deed("account.password", staff.login.as_str());
    web.store.noting(deed).set_password(staff.id, hash).await?;
    web.store.end_sessions(staff.id, None, account.here).await?;
    visit.done("/account", "password")
}

/// Makes new recovery codes, which are shown this once, and ends the old ones.
pub(super) async fn recovery_codes(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    let staff = visit.staff()?;
    let codes = new_codes();
    let deed = visit.deed("account.recovery_codes", staff.login.as_str());
    web.store.noting(deed).put_recovery_codes(staff.id, codes.iter().map(|code| code_hash(code)).collect()).await?;
    let account = Account { codes, ..Account::of(&web, &visit).await? };
    visit.page(&account)
}

/// The page again, after a passkey that was made could not be kept.
pub(super) async fn without_passkey(web: &Web, visit: &Visit) -> Answer {
    let account = Account::of(web, visit).await?;
    let wrong_passkey = Some(account.shell.say("passkey-not-added"));
    let shell = visit.shell("account-title").wrong(true);
    visit.again(&Account { shell, wrong_passkey, ..account })
}

/// Which session to end; empty: all others.
#[derive(Deserialize)]
pub(super) struct Ends {
    #[serde(default)]
    session: String,
}

/// Ends one's session on another device.
pub(super) async fn end_session(State(web): State<Arc<Web>>, visit: Visit, Form(ends): Form<Ends>) -> Answer {
    let staff = visit.staff()?;
    let here = visit.session.as_ref().map(|session| session.id);
    web.store.end_sessions(staff.id, ends.session.parse().ok(), here).await?;
    visit.done("/account", "session-ended")
}
