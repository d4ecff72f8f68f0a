//! The Staff Dashboard: pages rendered here, plain HTML that works without scripts.
//!
//! In: a request of a browser. Out: a page, a redirect after a form, or an error page that says what to do. Pages hold no
//! SQL and send nothing: they read the store and put wishes into the queue through the engines, as the API does.
//!
//! **To add a page**
//!
//! 1. One file here, named as the page: a handler `async fn show(visit: Visit, …) -> Answer`, and a struct with
//!    `#[derive(Template)]` whose first field is `shell: Shell` (`visit.shell("things-title").at(Place::Things)`); it
//!    ends with `visit.page(&Things { shell, … })`. A form's handler ends with `visit.done("/path", "saved")`, which
//!    redirects and says the word `done-saved` there; a wrong form is shown again by `visit.again(&page)`.
//! 2. Its template in `web/templates/`, beginning with `{% extends "page.html" %}`. Forms carry `{{ shell.form() }}`:
//!    without it they are refused.
//! 3. Its words in `web/words/en/` and `web/words/fr/`, one file a page: `{{ shell.say("things-title") }}`,
//!    `{{ shell.with("things-count", "count", n) }}`. A test finds missing and unused ones.
//! 4. One line in the list of [`routes`] where it belongs, which says who may: a route without an audience cannot be
//!    written. `{library}` in a path is looked up, and the right asked for at that library, before the handler runs.
//! 5. A test in `tests/it/web/`: `Browser` signs in and reads pages.
//!
//! Not here: what the API answers (`http`), what a role may (`staff`).

mod about;
mod account;
mod arrival;
mod arrival_libraries;
mod assets;
mod audit;
mod bounces;
mod check;
mod consortium;
mod consortium_words;
mod diff;
mod erasures;
mod find;
mod first_run;
mod form;
mod front;
mod guard;
mod guides;
mod help;
mod history;
mod home;
mod ill_admin;
mod it;
mod keys;
mod kit_link;
mod knocks;
mod letters;
mod looks;
mod me;
mod message;
mod messages;
mod no_texts;
mod notice_edited;
mod notice_editor;
mod notice_history;
mod notice_preview;
mod notice_replace;
mod notice_samples;
mod notice_sms;
mod notice_test;
mod notice_text;
mod notice_typed;
mod notices;
mod oidc;
mod oops;
mod ops;
mod passkey;
mod password;
mod patrons;
mod push;
mod reach;
mod record;
mod relays;
mod retention;
mod returns;
mod sender_setup;
mod shell;
mod sign_in;
mod sign_on;
mod staff;
mod staff_notices;
mod stops;
mod stops_file;
#[cfg(test)]
mod tests;
mod throttle;
mod timing;
mod together;
mod unreached;
mod upload;
mod visit;
mod webhooks;
pub mod words;

use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use tower::ServiceExt as _;
use tower_http::compression::CompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;

use crate::config::Role;
use crate::http::App;
use crate::sender::Proof;
use crate::staff::Right;

pub use assets::path as asset;
pub use sign_in::{LINK_LASTS, link, new_operator};
pub use visit::Visit;

/// What a page answers.
pub type Answer = Result<Response, oops::Oops>;

/// Octets of a form: a Participant Record with long lists is a few thousand.
const FORM_OCTETS_MAX: usize = 2 * 1024 * 1024;

/// What the pages work with: all that the API has, and what signing in needs.
pub struct Web {
    app: Arc<App>,
    passwords: password::Passwords,
    throttle: throttle::Throttle,
    recoveries: throttle::Throttle,
    codes: throttle::Throttle,
    kits: looks::Looks<Option<it::KitSeen>>,
    checks: looks::Looks<Option<Proof>>,
    providers: oidc::provider::Providers,
    knocks: knocks::Knocks,
}

impl Web {
    /// Over `app`.
    #[must_use]
    pub fn new(app: Arc<App>) -> Self {
        Self {
            app,
            passwords: password::Passwords::default(),
            throttle: throttle::Throttle::default(),
            recoveries: throttle::Throttle::default(),
            codes: throttle::Throttle::default(),
            kits: looks::Looks::default(),
            checks: looks::Looks::default(),
            providers: oidc::provider::Providers::default(),
            knocks: knocks::Knocks::default(),
        }
    }
}

impl Deref for Web {
    type Target = App;
    fn deref(&self) -> &App {
        &self.app
    }
}

/// Who may open a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Anybody.
    Public,
    /// Whoever came by the link in a notice, a code or their library's sign-in: one patron, for whom the page is made.
    Patron,
    /// Whoever is signed in.
    SignedIn,
    /// Whoever has this right at the library in the path, or at the consortium where the path has none.
    Staff(Right),
}

/// A page or form, and who may open it.
pub struct Route {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Its path; `{library}` is a library's code.
    pub path: &'static str,
    /// Who may.
    pub audience: Audience,
    serve: MethodRouter<Arc<Web>>,
    /// Whether it changes something: such a form counts once, however often it is clicked.
    changes: bool,
}

fn page(path: &'static str, audience: Audience, serve: MethodRouter<Arc<Web>>) -> Route {
    Route { method: "GET", path, audience, serve, changes: false }
}

fn form(path: &'static str, audience: Audience, serve: MethodRouter<Arc<Web>>) -> Route {
    Route { method: "POST", path, audience, serve, changes: true }
}

/// A form that only asks, however often it is sent.
fn question(path: &'static str, audience: Audience, serve: MethodRouter<Arc<Web>>) -> Route {
    Route { method: "POST", path, audience, serve, changes: false }
}

/// Every page and form, in the order in which one meets them. A test walks this list with each role.
#[must_use]
pub fn routes() -> Vec<Route> {
    [of_everybody(), of_a_patron(), of_a_desk(), of_ill_admin(), of_the_consortium()].into_iter().flatten().collect()
}

/// Public pages, and one's own.
fn of_everybody() -> Vec<Route> {
    use Audience::{Public, SignedIn};
    vec![
        page("/", Public, get(front::show)),
        page("/status", Public, get(front::status)),
        page("/help", Public, get(help::index)),
        page("/help/{provider}", Public, get(help::show)),
        page("/help/contact.vcf", Public, get(help::card)),
        page("/help/gmail-filter.xml", Public, get(help::filter)),
        page("/check", Public, get(check::show)),
        page("/relays", Public, get(relays::show)),
        page("/accessibility", Public, get(about::accessibility)),
        page("/privacy", Public, get(about::privacy)),
        page("/.well-known/security.txt", Public, get(about::security)),
        page("/language/{tag}", Public, get(sign_in::language)),
        page("/sign-in", Public, get(sign_in::show)),
        form("/sign-in", Public, post(sign_in::password)),
        page("/sign-in/oidc", Public, get(oidc::leave)),
        page("/sign-in/oidc/back", Public, get(oidc::back)),
        form("/sign-in/passkey", Public, post(passkey::sign_in)),
        page("/sign-in/link/{secret}", Public, get(sign_in::show_link)),
        form("/sign-in/link/{secret}", Public, post(sign_in::use_link)),
        page("/sign-in/recovery", Public, get(sign_in::show_recovery)),
        form("/sign-in/recovery", Public, post(sign_in::recovery)),
        form("/sign-out", SignedIn, post(sign_in::sign_out)),
        page("/account", SignedIn, get(account::show)),
        form("/account/password", SignedIn, post(account::password)),
        form("/account/recovery-codes", SignedIn, post(account::recovery_codes)),
        form("/account/passkeys/add", SignedIn, post(passkey::add)),
        form("/account/passkeys/name", SignedIn, post(passkey::rename)),
        form("/account/passkeys/remove", SignedIn, post(passkey::remove)),
        form("/account/sessions/end", SignedIn, post(account::end_session)),
        page("/it/{token}", Public, get(it::show)),
        page("/push/on/{pass}", Public, get(push::show)),
        page("/push/open/{word}", Public, get(push::open)),
        page("/push.js", Public, get(push::worker)),
        page("/manifest.webmanifest", Public, get(push::manifest)),
    ]
}

/// A patron's own page.
fn of_a_patron() -> Vec<Route> {
    use Audience::{Patron, Public};
    vec![
        page("/me/way-in", Public, get(me::way_in::show)),
        form("/me/way-in", Public, post(me::knock::ask)),
        page("/me/way-in/code", Public, get(me::knock::show)),
        form("/me/way-in/code", Public, post(me::knock::check)),
        page("/me/way-in/number", Public, get(me::knock::show)),
        form("/me/way-in/number", Public, post(me::knock::number)),
        page("/me/sign-on/{at}", Public, get(me::sign_on::leave)),
        page("/me/sign-on/{at}/back", Public, get(me::sign_on::back)),
        page("/me", Patron, get(me::show)),
        form("/me/reach", Patron, post(me::reach::save)),
        form("/me/messages/{id}/place", Patron, post(me::say::place)),
        form("/me/test", Patron, post(me::say::try_out)),
        form("/me/undo-complaint", Patron, post(me::say::undo)),
        form("/me/leave", Patron, post(me::leave)),
        page("/me/contact", Patron, get(me::contact::show)),
        form("/me/contact/mail", Patron, post(me::contact::mail)),
        form("/me/contact/phone", Patron, post(me::contact::phone)),
        form("/me/contact/no-texts", Patron, post(me::contact::no_texts)),
        form("/me/code", Patron, post(me::code::ask)),
        form("/me/code/check", Patron, post(me::code::check)),
        page("/me/data.json", Patron, get(me::data::save)),
        form("/me/erase", Patron, post(me::data::erase)),
        page("/me/{token}", Public, get(me::open)),
        page("/me/{token}/code", Public, get(me::code::show_by_link)),
        form("/me/{token}/code", Public, post(me::code::ask_by_link)),
        form("/me/{token}/code/check", Public, post(me::code::check_by_link)),
    ]
}

/// What a library works with all day.
fn of_a_desk() -> Vec<Route> {
    use Audience::{SignedIn, Staff};
    use Right::{ActOnMessages, Administer, Look, ReadMessages};
    vec![
        page("/staff", SignedIn, get(home::door)),
        page("/staff/{library}", Staff(Look), get(home::show)),
        page("/staff/{library}/messages", Staff(ReadMessages), get(messages::list)),
        page("/staff/{library}/messages/{id}", Staff(ReadMessages), get(message::show)),
        form("/staff/{library}/messages/{id}/resend", Staff(ActOnMessages), post(message::resend)),
        form("/staff/{library}/messages/{id}/cancel", Staff(ActOnMessages), post(message::cancel)),
        form("/staff/{library}/messages/{id}/handled", Staff(ActOnMessages), post(message::handled)),
        page("/staff/{library}/unreached", Staff(ReadMessages), get(unreached::show)),
        form("/staff/{library}/unreached/{id}/again", Staff(ActOnMessages), post(unreached::again)),
        form("/staff/{library}/unreached/{id}/resolve", Staff(ActOnMessages), post(unreached::resolve)),
        form("/staff/{library}/unreached/many", Staff(ActOnMessages), post(unreached::many)),
        page("/staff/{library}/bounces", Staff(ReadMessages), get(bounces::show)),
        page("/staff/{library}/do-not-send", Staff(ReadMessages), get(stops::show)),
        page("/staff/{library}/do-not-send.csv", Staff(ActOnMessages), get(stops::file)),
        form("/staff/{library}/do-not-send/add", Staff(ActOnMessages), post(stops::add)),
        question("/staff/{library}/do-not-send/file", Staff(ActOnMessages), post(stops_file::check)),
        form("/staff/{library}/do-not-send/release", Staff(ActOnMessages), post(stops::release)),
        page("/staff/{library}/patrons", Staff(ReadMessages), get(patrons::show)),
        page("/staff/{library}/patrons/everything.json", Staff(ActOnMessages), get(patrons::save)),
        form("/staff/{library}/patrons/correct", Staff(ActOnMessages), post(patrons::correct)),
        form("/staff/{library}/patrons/erase", Staff(Administer), post(patrons::erase)),
        page("/staff/{library}/arrival", Staff(ReadMessages), get(arrival::show)),
        page("/staff/{library}/letters", Staff(ReadMessages), get(letters::show)),
        page("/staff/{library}/letters/file", Staff(ReadMessages), get(letters::file)),
        form("/staff/{library}/letters/posted", Staff(ActOnMessages), post(letters::posted)),
    ]
}

/// What a library sets up once, and looks after.
fn of_ill_admin() -> Vec<Route> {
    use Audience::Staff;
    use Right::{Administer, EditNotices, Look, ReadAudit};
    vec![
        page("/staff/{library}/ill-admin", Staff(Look), get(ill_admin::show)),
        page("/staff/{library}/ill-admin/participant-record", Staff(Look), get(record::show)),
        page("/staff/{library}/ill-admin/participant-record/change", Staff(Administer), get(record::edit)),
        form("/staff/{library}/ill-admin/participant-record/change", Staff(Administer), post(record::save)),
        page("/staff/{library}/ill-admin/sign-on", Staff(Administer), get(sign_on::show)),
        form("/staff/{library}/ill-admin/sign-on", Staff(Administer), post(sign_on::save)),
        page("/staff/{library}/ill-admin/reach", Staff(Administer), get(reach::edit)),
        form("/staff/{library}/ill-admin/reach", Staff(Administer), post(reach::save)),
        page("/staff/{library}/ill-admin/patron-notices", Staff(Look), get(notices::show)),
        page("/staff/{library}/ill-admin/patron-notices/set-up", Staff(Look), get(sender_setup::show)),
        form("/staff/{library}/ill-admin/patron-notices/set-up", Staff(Administer), post(sender_setup::save)),
        form("/staff/{library}/ill-admin/patron-notices/set-up/check", Staff(Administer), post(sender_setup::check)),
        page("/staff/{library}/ill-admin/patron-notices/set-up/records", Staff(Look), get(sender_setup::records)),
        form("/staff/{library}/ill-admin/notices/switch", Staff(EditNotices), post(notices::switch)),
        page("/staff/{library}/ill-admin/notices/replace", Staff(EditNotices), get(notice_replace::show)),
        form("/staff/{library}/ill-admin/notices/replace", Staff(EditNotices), post(notice_replace::apply)),
        page("/staff/{library}/ill-admin/notices/{notice}", Staff(EditNotices), get(notice_editor::show)),
        page("/staff/{library}/ill-admin/notices/{notice}/preview", Staff(EditNotices), get(notice_preview::kept)),
        question(
            "/staff/{library}/ill-admin/notices/{notice}/preview",
            Staff(EditNotices),
            post(notice_preview::typed),
        ),
        question("/staff/{library}/ill-admin/notices/{notice}/checks", Staff(EditNotices), post(notice_editor::checks)),
        form("/staff/{library}/ill-admin/notices/{notice}/save", Staff(EditNotices), post(notice_editor::save)),
        form("/staff/{library}/ill-admin/notices/{notice}/test", Staff(EditNotices), post(notice_test::of_editor)),
        form("/staff/{library}/ill-admin/notices/{notice}/publish", Staff(EditNotices), post(notice_editor::publish)),
        form("/staff/{library}/ill-admin/notices/{notice}/discard", Staff(EditNotices), post(notice_editor::discard)),
        page("/staff/{library}/ill-admin/notices/{notice}/history", Staff(EditNotices), get(notice_history::show)),
        form("/staff/{library}/ill-admin/notices/{notice}/restore", Staff(EditNotices), post(notice_history::restore)),
        form("/staff/{library}/ill-admin/test", Staff(EditNotices), post(notice_test::plain)),
        page("/staff/{library}/ill-admin/patron-notices/timing", Staff(Look), get(timing::show)),
        form("/staff/{library}/ill-admin/patron-notices/timing", Staff(EditNotices), post(timing::save)),
        page("/staff/{library}/ill-admin/staff-notices", Staff(Look), get(staff_notices::show)),
        form("/staff/{library}/ill-admin/staff-notices/addresses", Staff(Administer), post(staff_notices::addresses)),
        page("/staff/{library}/ill-admin/it-kit", Staff(Look), get(kit_link::show)),
        page("/staff/{library}/ill-admin/staff", Staff(Administer), get(staff::show)),
        form("/staff/{library}/ill-admin/staff/invite", Staff(Administer), post(staff::invite)),
        form("/staff/{library}/ill-admin/staff/{person}/role", Staff(Administer), post(staff::role)),
        form("/staff/{library}/ill-admin/staff/{person}/link", Staff(Administer), post(staff::link)),
        page("/staff/{library}/ill-admin/keys", Staff(Administer), get(keys::show)),
        form("/staff/{library}/ill-admin/keys/make", Staff(Administer), post(keys::make)),
        form("/staff/{library}/ill-admin/keys/{key}/revoke", Staff(Administer), post(keys::revoke)),
        page("/staff/{library}/ill-admin/webhooks", Staff(Administer), get(webhooks::show)),
        form("/staff/{library}/ill-admin/webhooks/add", Staff(Administer), post(webhooks::add)),
        page("/staff/{library}/ill-admin/webhooks/{webhook}", Staff(Administer), get(webhooks::show_one)),
        form("/staff/{library}/ill-admin/webhooks/{webhook}/act", Staff(Administer), post(webhooks::act)),
        form(
            "/staff/{library}/ill-admin/webhooks/{webhook}/deliveries/{delivery}/replay",
            Staff(Administer),
            post(webhooks::replay),
        ),
        page("/staff/{library}/ill-admin/audit", Staff(ReadAudit), get(audit::show)),
        page("/staff/{library}/ill-admin/audit.csv", Staff(ReadAudit), get(audit::file)),
        page("/staff/{library}/ill-admin/retention", Staff(Look), get(retention::show)),
        form("/staff/{library}/ill-admin/retention", Staff(Administer), post(retention::save)),
    ]
}

/// What the consortium and the operator have.
fn of_the_consortium() -> Vec<Route> {
    use Audience::Staff;
    use Right::{Consortium, Operate, ReadAudit};
    vec![
        page("/consortium", Staff(Consortium), get(consortium::show)),
        page("/consortium.csv", Staff(Consortium), get(consortium::file)),
        form("/consortium/remind", Staff(Consortium), post(consortium::remind)),
        page("/consortium/find", Staff(Consortium), get(find::show)),
        page("/consortium/arrival", Staff(Consortium), get(arrival::show)),
        page("/consortium/arrival/libraries", Staff(Consortium), get(arrival_libraries::show)),
        page("/consortium/notices", Staff(Consortium), get(consortium_words::list)),
        page("/consortium/notices/replace", Staff(Consortium), get(notice_replace::show)),
        form("/consortium/notices/replace", Staff(Consortium), post(notice_replace::apply)),
        page("/consortium/notices/{notice}", Staff(Consortium), get(notice_editor::show)),
        page("/consortium/notices/{notice}/preview", Staff(Consortium), get(notice_preview::kept)),
        question("/consortium/notices/{notice}/preview", Staff(Consortium), post(notice_preview::typed)),
        question("/consortium/notices/{notice}/checks", Staff(Consortium), post(notice_editor::checks)),
        form("/consortium/notices/{notice}/save", Staff(Consortium), post(notice_editor::save)),
        form("/consortium/notices/{notice}/test", Staff(Consortium), post(notice_test::of_editor)),
        form("/consortium/notices/{notice}/publish", Staff(Consortium), post(notice_editor::publish)),
        form("/consortium/notices/{notice}/discard", Staff(Consortium), post(notice_editor::discard)),
        page("/consortium/notices/{notice}/history", Staff(Consortium), get(notice_history::show)),
        form("/consortium/notices/{notice}/restore", Staff(Consortium), post(notice_history::restore)),
        page("/consortium/audit", Staff(ReadAudit), get(audit::show)),
        page("/consortium/audit.csv", Staff(ReadAudit), get(audit::file)),
        page("/consortium/retention", Staff(Consortium), get(retention::show)),
        form("/consortium/retention", Staff(Consortium), post(retention::save)),
        page("/ops", Staff(Operate), get(ops::show)),
        form("/ops/queue", Staff(Operate), post(ops::queue)),
        form("/ops/brake", Staff(Operate), post(ops::brake)),
        form("/ops/relay", Staff(Operate), post(ops::relay)),
    ]
}

/// The whole HTTP door: pages here, where this process serves them, and everything else in `api`.
pub fn door(app: Arc<App>, api: Router) -> Router {
    if !app.config.plays(Role::Web) {
        return api;
    }
    let web = Arc::new(Web::new(app));
    let mut router = Router::new();
    for route in routes() {
        let guarded =
            route.serve.layer(from_fn_with_state((Arc::clone(&web), route.audience, route.changes), guard::guard));
        router = router.route(route.path, guarded);
    }
    router
        .layer(CompressionLayer::new())
        .layer(RequestBodyLimitLayer::new(FORM_OCTETS_MAX))
        .route("/assets/{name}", get(assets::serve))
        .fallback_service(tower::service_fn(move |request: Request| elsewhere(api.clone(), request)))
        .with_state(web)
}

/// The API; a person who is lost gets a page and no problem document.
async fn elsewhere(api: Router, request: Request) -> Result<Response, std::convert::Infallible> {
    let lost = oops::Lost::of(&request);
    let response = api.oneshot(request).await?;
    Ok(match lost {
        Some(lost) if response.status() == axum::http::StatusCode::NOT_FOUND => lost.into_response(),
        _ => response,
    })
}
