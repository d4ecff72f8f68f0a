//! Signing in and out: by a link that opens once, by password, by a printed code.
//!
//! In: who somebody says they are, and what shows it. Out: a session in the store and its cookie. No mail is needed to
//! get in. Every failure says the same, whether there is such a person or not.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use standards::address::in_small_letters;

use super::guard::{LANGUAGE_COOKIE, cookie, session_cookie};
use super::oops::Oops;
use super::shell::Shell;
use super::throttle::Throttle;
use super::visit::{Visit, lead_to};
use super::{Answer, Web, passkey, password};
use crate::http::auth::hash;
use crate::http::own_page::is_own_page;
use crate::id::{SessionId, StaffId, random_bytes};
use crate::notice::Language;
use crate::staff::{Role, Roles};
use crate::store::{NewSession, Staff, Store, StoreError};

use std::sync::Arc;

/// How long a link opens: long enough to be read aloud to a colleague, and used the same day.
pub const LINK_LASTS: SignedDuration = SignedDuration::from_hours(24);

/// How long a session lasts at most, however it is used.
const SESSION_LASTS: SignedDuration = SignedDuration::from_hours(14 * 24);

/// How long a device is known to have signed in somebody.
const DEVICE_KNOWN: SignedDuration = SignedDuration::from_hours(180 * 24);

/// How long a chosen language is kept.
const LANGUAGE_KEPT: SignedDuration = SignedDuration::from_hours(365 * 24);

/// Octets of a secret in a link or cookie: 192 bits cannot be guessed.
const SECRET_OCTETS: usize = 24;

/// Letters kept of what a browser says it is.
const DEVICE_LETTERS_MAX: usize = 200;

/// The cookie by which a device that was let in is known again.
const DEVICE_COOKIE: &str = "courtesy_device";

fn secret() -> String {
    use base64::Engine as _;
    let octets: [u8; SECRET_OCTETS] = random_bytes();
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(octets)
}

/// The path of a new link that signs `staff` in once, until [`LINK_LASTS`] from `now`.
///
/// # Errors
/// When the store is broken.
pub async fn link(store: &Store, staff: StaffId, now: Timestamp) -> Result<String, StoreError> {
    let secret = secret();
    let expires_at = now.checked_add(LINK_LASTS).unwrap_or(Timestamp::MAX);
    store.add_sign_in_link(hash(&secret), staff, expires_at).await?;
    Ok(format!("/sign-in/link/{secret}"))
}

/// The person who runs the installation: the one who is there, or a new one.
///
/// # Errors
/// When the store is broken.
pub async fn new_operator(store: &Store, now: Timestamp) -> Result<StaffId, StoreError> {
    const LOGIN: &str = "operator";
    if let Some((known, _)) = store.staff_by_login(LOGIN).await? {
        return Ok(known.id);
    }
    let id = StaffId::new(now);
    let roles = Roles::new(vec![(None, Role::Operator)]);
    let (login, name) = (LOGIN.to_owned(), "Operator".to_owned());
    let staff = Staff { id, login, name, has_password: false, roles, created_at: now, ended_at: None };
    store.add_staff(staff).await?;
    Ok(id)
}

/// `?to=` a path of ours.
#[derive(Default, Deserialize)]
pub(super) struct To {
    #[serde(default)]
    pub to: String,
}

/// `path` where it is a page of ours, else where people of staff begin.
pub(super) fn own_path(path: &str) -> &str {
    if is_own_page(path) { path } else { "/staff" }
}

/// Keeps the language that somebody chose, and leads back.
pub(super) async fn language(Path(tag): Path<String>, Query(to): Query<To>) -> Answer {
    let language = Language::from_tag(&tag).ok_or(Oops::NotFound)?;
    let mut response = lead_to(own_path(&to.to));
    let kept = LANGUAGE_KEPT.as_secs();
    set(&mut response, &format!("{LANGUAGE_COOKIE}={}; Path=/; Max-Age={kept}; SameSite=Lax", language.tag()));
    Ok(response)
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    shell: Shell,
    login: String,
    to: String,
    wrong: Option<String>,
    /// The challenge and the host for a passkey, where browsers make any for us.
    passkey: Option<(String, String)>,
    /// What the provider is called at which people may sign in, and where that begins.
    provider: Option<(String, String)>,
}

impl SignIn {
    fn new(web: &Web, visit: &Visit, login: String, to: String, wrong: Option<String>) -> Self {
        let shell = visit.shell("sign-in-title").wrong(wrong.is_some());
        let passkey = passkey::Place::of(web)
            .map(|place| (passkey::challenge(&web.secret, "sign in", visit.now), place.host().to_owned()));
        let oidc = Some(&web.config.oidc).filter(|oidc| !oidc.issuer.is_empty());
        let provider = oidc.map(|oidc| (oidc.name.clone(), format!("/sign-in/oidc?to={}", super::form::encoded(&to))));
        Self { shell, login, to, wrong, passkey, provider }
    }
}

/// The form for name and password.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit, Query(to): Query<To>) -> Answer {
    if visit.staff.is_some() {
        return Ok(lead_to(own_path(&to.to)));
    }
    visit.page(&SignIn::new(&web, &visit, String::new(), to.to, None))
}

/// The form again, after another way in did not open.
pub(super) fn again(web: &Web, visit: &Visit, to: String, wrong: &'static str) -> Answer {
    let wrong = visit.shell("sign-in-title").say(wrong);
    visit.again(&SignIn::new(web, visit, String::new(), to, Some(wrong)))
}

/// Name and password.
#[derive(Deserialize)]
pub(super) struct Password {
    #[serde(default)]
    login: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    to: String,
}

/// Signs in by password.
pub(super) async fn password(
    State(web): State<Arc<Web>>,
    visit: Visit,
    headers: HeaderMap,
    Form(form): Form<Password>,
) -> Answer {
    let login = in_small_letters(form.login.trim());
    let found = web.store.staff_by_login(&login).await?;
    let (staff, kept) = found.unzip();
    let attempt = Attempt::of(&web, &web.throttle, &headers, &login, staff.as_ref());
    let wrong = match attempt.begin(&visit) {
        Err(wait) => Some(wait),
        Ok(()) if web.passwords.fits(form.password, kept.flatten()).await? => None,
        Ok(()) => Some(visit.shell("sign-in-title").say("sign-in-wrong")),
    };
    match (wrong, staff) {
        (None, Some(staff)) => attempt.succeeded(&visit, &staff, "password", own_path(&form.to)).await,
        (wrong, _) => visit.again(&SignIn::new(&web, &visit, form.login, form.to, wrong)),
    }
}

#[derive(Template)]
#[template(path = "sign_in_recovery.html")]
struct Recovery {
    shell: Shell,
    login: String,
    wrong: Option<String>,
}

/// The form for name and printed code.
pub(super) async fn show_recovery(visit: Visit) -> Answer {
    visit.page(&Recovery { shell: visit.shell("recovery-title"), login: String::new(), wrong: None })
}

/// Name and printed code.
#[derive(Deserialize)]
pub(super) struct Code {
    #[serde(default)]
    login: String,
    #[serde(default)]
    code: String,
}

/// Signs in by a printed code, which is used up.
pub(super) async fn recovery(
    State(web): State<Arc<Web>>,
    visit: Visit,
    headers: HeaderMap,
    Form(form): Form<Code>,
) -> Answer {
    let login = in_small_letters(form.login.trim());
    let staff = web.store.staff_by_login(&login).await?.map(|(staff, _)| staff);
    let attempt = Attempt::of(&web, &web.recoveries, &headers, &login, staff.as_ref());
    let mut wrong = attempt.begin(&visit).err();
    if wrong.is_none() {
        let fits = match &staff {
            Some(staff) => web.store.use_recovery_code(staff.id, password::code_hash(&form.code), visit.now).await?,
            None => false,
        };
        wrong = (!fits).then(|| visit.shell("recovery-title").say("recovery-wrong"));
    }
    match (wrong, staff) {
        (None, Some(staff)) => attempt.succeeded(&visit, &staff, "recovery", "/account").await,
        (wrong, _) => {
            let shell = visit.shell("recovery-title").wrong(true);
            visit.again(&Recovery { shell, login: form.login, wrong })
        }
    }
}

#[derive(Template)]
#[template(path = "sign_in_link.html")]
struct ByLink {
    shell: Shell,
    name: Option<String>,
}

/// Asks before it signs in: programs that look at links in mail do not press buttons.
pub(super) async fn show_link(State(web): State<Arc<Web>>, visit: Visit, Path(secret): Path<String>) -> Answer {
    let staff = web.store.sign_in_link(hash(&secret), visit.now).await?;
    visit.page(&ByLink { shell: visit.shell("link-title"), name: staff.map(|staff| staff.name) })
}

/// Signs in by a link.
pub(super) async fn use_link(
    State(web): State<Arc<Web>>,
    visit: Visit,
    headers: HeaderMap,
    Path(secret): Path<String>,
) -> Answer {
    let hashed = hash(&secret);
    let staff = web.store.sign_in_link(hashed, visit.now).await?;
    let opens = web.store.use_sign_in_link(hashed, visit.now).await?;
    match staff.filter(|_| opens) {
        Some(staff) => {
            let to = if staff.has_password { "/staff" } else { "/account?done=welcome" };
            begin(&web, &visit, &headers, &staff, "link", to).await
        }
        None => visit.again(&ByLink { shell: visit.shell("link-title"), name: None }),
    }
}

/// Ends this session.
pub(super) async fn sign_out(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    if let Some(session) = &visit.session {
        web.store.end_sessions(session.staff, Some(session.id), None).await?;
    }
    let mut response = lead_to("/sign-in?done=signed-out");
    set(&mut response, &session_cookie_line(&web, "", 0));
    Ok(response)
}

/// One try to sign in as somebody.
struct Attempt<'a> {
    web: &'a Web,
    throttle: &'a Throttle,
    headers: &'a HeaderMap,
    login: &'a str,
    known_device: bool,
}

impl<'a> Attempt<'a> {
    fn of(web: &'a Web, throttle: &'a Throttle, headers: &'a HeaderMap, login: &'a str, staff: Option<&Staff>) -> Self {
        let known = staff.map(|staff| device_mark(web, staff.id));
        let known_device = known.is_some() && cookie(headers, DEVICE_COOKIE) == known.as_deref();
        Self { web, throttle, headers, login, known_device }
    }

    /// Counts the try, or gives the words that ask to wait.
    fn begin(&self, visit: &Visit) -> Result<(), String> {
        let may = self.throttle.try_now(self.login, self.known_device, visit.now);
        may.map_err(|wait| visit.shell("sign-in-title").with("sign-in-wait", "seconds", wait.as_secs() + 1))
    }

    async fn succeeded(&self, visit: &Visit, staff: &Staff, way: &'static str, to: &str) -> Answer {
        self.throttle.succeeded(self.login, self.known_device);
        begin(self.web, visit, self.headers, staff, way, to).await
    }
}

/// Begins a session and leads to `to`.
pub(super) async fn begin(
    web: &Web,
    visit: &Visit,
    headers: &HeaderMap,
    staff: &Staff,
    way: &'static str,
    to: &str,
) -> Answer {
    let secret = secret();
    let device = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let new = NewSession {
        hash: hash(&secret),
        id: SessionId::new(visit.now),
        staff: staff.id,
        way,
        device: device.chars().take(DEVICE_LETTERS_MAX).collect(),
        expires_at: visit.now.checked_add(SESSION_LASTS).unwrap_or(Timestamp::MAX),
    };
    web.store.open_session(new, visit.now).await?;
    tracing::info!(staff = %staff.id, way, "somebody signed in");
    let mut response = lead_to(to);
    set(&mut response, &session_cookie_line(web, &secret, SESSION_LASTS.as_secs()));
    let known = device_mark(web, staff.id);
    let kept = DEVICE_KNOWN.as_secs();
    let secure = if web.config.is_https() { "; Secure" } else { "" };
    let line = format!("{DEVICE_COOKIE}={known}; Path=/sign-in; Max-Age={kept}; HttpOnly; SameSite=Strict{secure}");
    set(&mut response, &line);
    Ok(response)
}

/// What a device that was let in as `staff` shows the next time. It opens nothing.
fn device_mark(web: &Web, staff: StaffId) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(web.secret.mark(&staff.to_string(), "device"))
}

/// Lax, so that a link in a mail to a page opens it; forms from elsewhere are refused by the guard.
fn session_cookie_line(web: &Web, secret: &str, seconds: i64) -> String {
    let name = session_cookie(web);
    let secure = if web.config.is_https() { "; Secure" } else { "" };
    format!("{name}={secret}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}

fn set(response: &mut Response, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}
