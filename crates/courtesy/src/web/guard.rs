//! Who may pass: session, language, library, right, and whether a form came from one of our own pages.
//!
//! In: every request for a page, before its handler. Out: the handler's answer, with the headers that keep pages safe;
//! or a redirect to the sign-in page, or an error page. A handler cannot forget any of it.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{RawPathParams, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::oops::Oops;
use super::visit::{Visit, lead_to};
use super::{Audience, FORM_OCTETS_MAX, Web, form, me};
use crate::clock;
use crate::http::auth::hash;
use crate::http::own_page::is_own_page;
use crate::http::problem::accepted_language;
use crate::library::LibraryCode;
use crate::notice::Language;
use crate::patron::{Pass, gone_mark};
use crate::staff::Right;
use crate::store::{FormSent, Session, Staff};

/// Scripts, styles and pictures come from this host alone; nothing is inline; nobody frames us.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; frame-src 'self'; form-action 'self'; manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A session that was not used for so long has ended: a shift and its breaks.
pub(super) const IDLE_MAX: jiff::SignedDuration = jiff::SignedDuration::from_hours(12);

/// How exactly we remember when a session was used: a write a visit would be one too many.
const SEEN_EVERY: jiff::SignedDuration = jiff::SignedDuration::from_mins(5);

/// The cookie of the language.
pub(super) const LANGUAGE_COOKIE: &str = "courtesy_language";

/// How long the second of two clicks waits for what the first one led to.
const SECOND_CLICK_WAITS: std::time::Duration = std::time::Duration::from_secs(10);
const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_millis(100);

pub(super) async fn guard(
    State((web, audience, changes)): State<(Arc<Web>, Audience, bool)>,
    params: RawPathParams,
    request: Request,
    next: Next,
) -> Response {
    let is_form = request.method() == Method::POST;
    let mut response = match visit(&web, audience, &params, request.headers().clone(), request.uri().clone()).await {
        Ok(visit) => match may_pass(&visit, audience, &params) {
            Ok(()) => pass(visit, request, next, is_form.then_some(changes && audience != Audience::Public)).await,
            Err(Refused::SignIn) => lead_to(&sign_in_and_return(&visit, is_form)),
            Err(Refused::WayIn) => lead_to(&me::way_in::instead_of(&visit.path)),
            Err(Refused::Oops(oops)) => oops.page(&visit),
        },
        Err(oops) => oops.into_response(),
    };
    protect(response.headers_mut());
    response
}

/// The headers of every page.
pub(super) fn protect(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (header::HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
        (header::VARY, "cookie, accept-language"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    // A page may speak of a patron: no cache keeps it, and nobody presses Back into it after signing out.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

enum Refused {
    SignIn,
    WayIn,
    Oops(Oops),
}

async fn visit(
    web: &Arc<Web>,
    audience: Audience,
    params: &RawPathParams,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Visit, Oops> {
    let now = clock::now();
    let headers = &headers;
    // Whoever looks at a patron's page is that patron there, and no colleague of ours, whatever else they are.
    let is_patrons = audience == Audience::Patron;
    let signed_in = match cookie(headers, &session_cookie(web)).filter(|_| !is_patrons) {
        Some(secret) => signed_in(web, secret, now).await?,
        None => None,
    };
    let pass = if is_patrons { pass_of(web, headers, now).await? } else { None };
    let pass = pass.filter(|pass| !pass.is_locked);
    let named = params.iter().find(|(name, _)| *name == "library").map(|(_, code)| code);
    let code = named.or(pass.as_ref().map(|pass| pass.library.as_str())).and_then(|code| LibraryCode::parse(code).ok());
    let (session, staff) = signed_in.unzip();
    Ok(Visit {
        at: code.and_then(|code| web.book.library(&code)),
        web: Arc::clone(web),
        staff: staff.map(Arc::new),
        session: session.map(Arc::new),
        patron: pass.map(Arc::new),
        language: cookie(headers, LANGUAGE_COOKIE)
            .and_then(Language::from_tag)
            .unwrap_or_else(|| accepted_language(headers)),
        path: uri.path_and_query().map_or_else(String::new, ToString::to_string),
        now,
    })
}

/// The pass that this browser has, where it opens still: not once its patron was erased, whoever has their
/// number now, and not once it was left.
pub(super) async fn pass_of(web: &Web, headers: &HeaderMap, now: clock::Timestamp) -> Result<Option<Pass>, Oops> {
    let sealed = cookie(headers, &patron_cookie(web));
    let Some(pass) = sealed.and_then(|sealed| Pass::open(&web.secret, sealed, now)) else { return Ok(None) };
    let Ok(library) = LibraryCode::parse(&pass.library) else { return Ok(None) };
    let mark = gone_mark(&web.secret, &library, &pass.patron);
    let is_gone = web.store.is_gone(&library, mark, pass.made_at()).await?;
    let is_over = is_gone || web.store.was_tried(&library, &me::left(&pass)).await?;
    Ok(Some(pass).filter(|_| !is_over))
}

async fn signed_in(web: &Web, secret: &str, now: clock::Timestamp) -> Result<Option<(Session, Staff)>, Oops> {
    let used_after = now.checked_sub(IDLE_MAX).unwrap_or(clock::Timestamp::MIN);
    let Some(session) = web.store.session(hash(secret), used_after, now).await? else { return Ok(None) };
    let staff = web.store.staff(session.staff).await?.filter(|staff| staff.ended_at.is_none());
    if now.duration_since(session.seen_at) > SEEN_EVERY {
        web.store.session_seen(session.id, now).await?;
    }
    Ok(staff.map(|staff| (session, staff)))
}

fn may_pass(visit: &Visit, audience: Audience, params: &RawPathParams) -> Result<(), Refused> {
    let right = match audience {
        Audience::Public => return Ok(()),
        // A library that is gone has no patrons.
        Audience::Patron if visit.patron.is_some() && visit.at.is_some() => return Ok(()),
        Audience::Patron => return Err(Refused::WayIn),
        Audience::SignedIn => None,
        Audience::Staff(right) => Some(right),
    };
    if visit.staff.is_none() {
        return Err(Refused::SignIn);
    }
    let names_library = params.iter().any(|(name, _)| name == "library");
    if names_library && (visit.at.is_none() || !visit.may(Right::Look)) {
        // Somebody else's library is as absent as one that never was.
        return Err(Refused::Oops(Oops::NotFound));
    }
    match right {
        Some(right) if !visit.may(right) => Err(Refused::Oops(Oops::Forbidden(right))),
        _ => Ok(()),
    }
}

/// `form`: of a form, whether it counts only once.
async fn pass(visit: Visit, request: Request, next: Next, form: Option<bool>) -> Response {
    let answered = if let Some(once) = form {
        sent(&visit, request, next, once).await
    } else {
        let mut request = request;
        request.extensions_mut().insert(visit.clone());
        Ok(next.run(request).await)
    };
    match answered {
        Ok(response) => match response.extensions().get::<Oops>() {
            Some(oops) => oops.page(&visit),
            None => response,
        },
        Err(oops) => oops.page(&visit),
    }
}

/// A form: only from our own pages, only of this session, and where it changes something only `once`.
async fn sent(visit: &Visit, request: Request, next: Next, once: bool) -> Result<Response, Oops> {
    if !is_same_origin(request.headers()) {
        return Err(Oops::StaleForm);
    }
    let (mut parts, body) = request.into_parts();
    let body = to_bytes(body, FORM_OCTETS_MAX).await.map_err(|_| Oops::StaleForm)?;
    let token = form::token_of(&body, parts.uri.query());
    let token =
        token.filter(|token| form::is_ours(&visit.web.secret, visit.session_id(), token)).ok_or(Oops::StaleForm)?;
    parts.extensions.insert(visit.clone());
    let home = if visit.patron.is_some() { me::HERE } else { "/staff" };
    let form_was = path_of_referer(&parts.headers).unwrap_or_else(|| home.to_owned());
    let request = Request::from_parts(parts, Body::from(body));
    // Signing in twice is signing in, and only the browser that is answered gets the cookie; a question changes nothing.
    if !once {
        return Ok(next.run(request).await);
    }
    let store = &visit.web.store;
    let deadline = tokio::time::Instant::now() + SECOND_CLICK_WAITS;
    loop {
        match store.form_sent(token.clone(), visit.now).await? {
            FormSent::First => break,
            FormSent::LedTo(place) => return Ok(lead_to(&place)),
            FormSent::UnderWay if tokio::time::Instant::now() > deadline => return Err(Oops::UnderWay),
            FormSent::UnderWay => tokio::time::sleep(LOOK_AGAIN).await,
        }
    }
    let response = next.run(request).await;
    let place = response.headers().get(header::LOCATION).and_then(|place| place.to_str().ok());
    let place = match place {
        Some(place) => Some(place.to_owned()),
        // A page with a secret that is shown once: the second click leads to where the form was.
        None if response.status().is_success() => Some(form_was),
        // Nothing was done: the same form may be sent again.
        None => None,
    };
    store.form_led_to(token, place).await?;
    Ok(response)
}

/// The page that a form was on, as far as the browser says it.
fn path_of_referer(headers: &HeaderMap) -> Option<String> {
    let referer: Uri = headers.get(header::REFERER)?.to_str().ok()?.parse().ok()?;
    Some(referer.path().to_owned()).filter(|path| is_own_page(path))
}

/// What the browser itself says of where a form comes from. Old ones that say nothing are left to the form's token.
fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(header::HeaderName::from_static("sec-fetch-site")) {
        return site == "same-origin";
    }
    let (Some(origin), Some(host)) = (text(header::ORIGIN), text(header::HOST)) else { return true };
    origin.split_once("://").is_some_and(|(_, from)| from == host)
}

/// The value of a cookie.
pub(super) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().split_once('=').filter(|(key, _)| *key == name).map(|(_, value)| value))
}

/// The cookie of the session. With HTTPS its name makes the browser keep it to this host and to HTTPS.
pub(super) fn session_cookie(web: &Web) -> String {
    let prefix = if web.config.is_https() { "__Host-" } else { "" };
    format!("{prefix}courtesy_session")
}

/// The cookie of a patron's pass.
pub(super) fn patron_cookie(web: &Web) -> String {
    let prefix = if web.config.is_https() { "__Host-" } else { "" };
    format!("{prefix}courtesy_patron")
}

/// Where to sign in, and where that leads to afterwards.
fn sign_in_and_return(visit: &Visit, is_form: bool) -> String {
    if is_form { "/sign-in".to_owned() } else { format!("/sign-in?to={}", form::encoded(&visit.path)) }
}
