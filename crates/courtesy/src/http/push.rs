//! Notifications: devices that patrons turn on and off, what devices say of notifications, and links to the page that does it all.
//!
//! A browser proves by its pass whose device it hands in; a notification proves by the word in it that it is ours. Not here: the page
//! and the service worker (`web`).

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::answer::no_store;
use super::auth::Caller;
use super::libraries::library;
use super::own_page::is_own_page;
use super::problem::{FieldError, Problem, Refusal, read_json};
use crate::channel::Channel;
use crate::clock;
use crate::patron::gone_mark;
use crate::push::pass::{self, NoPass, Pass};
use crate::push::{device, receipt};
use crate::store::Subscription;

/// Octets of a word that a device says; ours have forty.
const WORD_OCTETS_MAX: usize = 200;

/// A device, as a browser's `PushSubscription` or an app that uses UnifiedPush describes it.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct SubscribeForm {
    /// Whose device it is: as the page, or `push-link`, gave it.
    #[serde(default)]
    pass: String,
    /// Where its push service takes requests for it.
    #[serde(default)]
    endpoint: String,
    /// Its public key, base64url.
    #[serde(default)]
    p256dh: String,
    /// Its secret, base64url.
    #[serde(default)]
    auth: String,
    /// The public key of ours that it was turned on with.
    #[serde(default)]
    key: String,
    /// What its owner calls it.
    #[serde(default)]
    name: String,
}

/// A device that was turned on.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeviceAnswer {
    /// What turns it off again.
    device: String,
}

/// Turn notifications on for a device of a patron.
#[utoipa::path(post, path = "/push/subscribe", tag = "push", request_body(content = SubscribeForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 201, body = DeviceAnswer), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn subscribe(State(app): State<Arc<App>>, body: Bytes) -> Result<Response, Refusal> {
    let form: SubscribeForm = serde_urlencoded::from_bytes(&body).unwrap_or_default();
    let now = clock::now();
    let pass = whose(&app, &form.pass, now)?;
    let taken = app.pushes.device(&form.endpoint, &form.p256dh, &form.auth);
    let taken = taken.map_err(|error| wrong("/endpoint", &error.to_string()))?;
    let known = app.store.push_key(&form.key).await.map_err(|error| Problem::ours(&error))?;
    if known.is_none() {
        return Err(wrong("/key", "it was turned on with a key that is not in use; load the page again").into());
    }
    let (mark, since) = (gone_mark(&app.secret, &pass.library, &pass.number), pass.made_at);
    let digest = taken.digest();
    let device = Subscription {
        sealed: taken.seal(&app.secret, &pass.library),
        library: pass.library,
        number: pass.number,
        digest,
        key: form.key,
        name: device::name(&form.name),
        made_at: now,
        used_at: now,
    };
    let kept = app.store.put_subscription(device.clone(), mark, since).await;
    if !kept.map_err(|error| Problem::ours(&error))? {
        return Err(erased().into());
    }
    prefer(&app, &device, now).await.map_err(|error| Problem::ours(&error))?;
    let answer = DeviceAnswer { device: URL_SAFE_NO_PAD.encode(digest) };
    Ok((StatusCode::CREATED, no_store(Json(answer))).into_response())
}

/// Whether the patron of `pass` was erased after it was made: whoever has the number now is somebody else.
///
/// # Errors
/// When the store is broken.
pub async fn is_gone(app: &App, pass: &Pass) -> crate::store::Result<bool> {
    let mark = gone_mark(&app.secret, &pass.library, &pass.number);
    app.store.is_gone(&pass.library, mark, pass.made_at).await
}

fn erased() -> Box<Problem> {
    let detail = "What was kept of this patron was erased after the link was made.";
    Problem::new("key-forbidden", detail, "Ask the library for a new link.")
}

/// Whoever turns notifications on wishes to be told by them: where neither their library nor they themselves have said so, they come first
/// from now on, and the ways there were come after.
async fn prefer(app: &App, device: &Subscription, now: Timestamp) -> crate::store::Result<()> {
    let Some(library) = app.book.library(&device.library) else { return Ok(()) };
    let mut record = app.store.patron(&device.library, &device.number).await?.unwrap_or_default();
    let is_in = match record.order.is_empty() {
        true => library.reach.uses(Channel::Push),
        false => record.order.contains(&Channel::Push),
    };
    if is_in {
        return Ok(());
    }
    if record.order.is_empty() {
        record.order.clone_from(&library.reach.ladder);
    }
    record.order.insert(0, Channel::Push);
    app.store.put_patrons(vec![(device.library.clone(), device.number.clone(), record)], now).await
}

/// Which device is turned off.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct UnsubscribeForm {
    /// Whose device it is.
    #[serde(default)]
    pass: String,
    /// What `subscribe` answered …
    #[serde(default)]
    device: String,
    /// … or where its push service took requests for it.
    #[serde(default)]
    endpoint: String,
    /// The page of ours that a browser is led back to.
    #[serde(default)]
    back: String,
}

/// Turn notifications off for a device of a patron.
#[utoipa::path(post, path = "/push/unsubscribe", tag = "push", request_body(content = UnsubscribeForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 204, description = "Off, or never on"), (status = 303, description = "The same, back to a page"), (status = 403, body = Problem)))]
pub async fn unsubscribe(State(app): State<Arc<App>>, body: Bytes) -> Result<Response, Refusal> {
    let form: UnsubscribeForm = serde_urlencoded::from_bytes(&body).unwrap_or_default();
    let pass = whose(&app, &form.pass, clock::now())?;
    if is_gone(&app, &pass).await.map_err(|error| Problem::ours(&error))? {
        return Err(erased().into());
    }
    let named = URL_SAFE_NO_PAD.decode(form.device.trim()).ok().and_then(|octets| <[u8; 32]>::try_from(octets).ok());
    let digest = named.unwrap_or_else(|| device::digest_of(&form.endpoint));
    let done = app.store.forget_subscription(pass.library, pass.number, digest).await;
    done.map_err(|error| Problem::ours(&error))?;
    match HeaderValue::from_str(&form.back) {
        Ok(back) if is_own_page(&form.back) => Ok((StatusCode::SEE_OTHER, [(header::LOCATION, back)]).into_response()),
        _ => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

/// Take a device's word that it has shown a notification. A word that is not ours is taken for nothing.
#[utoipa::path(post, path = "/push/seen", tag = "push", request_body(content = String, content_type = "text/plain"),
    responses((status = 204, description = "Taken")))]
pub async fn seen(State(app): State<Arc<App>>, body: Bytes) -> Result<Response, Refusal> {
    let word = std::str::from_utf8(&body[..body.len().min(WORD_OCTETS_MAX)]).unwrap_or_default();
    if let Some(id) = receipt::read(&app.secret, word) {
        let row = app.store.message(None, id).await.map_err(|error| Problem::ours(&error))?;
        if let Some(row) = row {
            let told = app.store.push_seen(row.library, id, false, clock::now()).await;
            told.map_err(|error| Problem::ours(&error))?;
        }
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Who is to get a link.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PushLinkBody {
    /// The library's number for the patron.
    patron: String,
}

/// A link, and until when it opens.
#[derive(Debug, Serialize, ToSchema)]
pub struct PushLinkAnswer {
    /// Opens the page on which the patron turns notifications on.
    url: String,
    /// The same for an app: the pass that `POST /push/subscribe` wants, and the key to subscribe with.
    pass: String,
    key: String,
    #[schema(value_type = String)]
    expires_at: Timestamp,
}

/// Make a link for one patron, to the page on which they turn notifications on for the device they open it with. It opens for a week.
#[utoipa::path(post, path = "/v1/libraries/{library}/push-link", tag = "push", params(("library" = String, Path)), request_body = PushLinkBody,
    responses((status = 201, body = PushLinkAnswer), (status = 422, body = Problem)), security(("key" = [])))]
pub async fn link(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(code): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let library = library(&app, &caller, &code)?;
    let body: PushLinkBody = read_json(&body)?;
    let number = body.patron.trim().to_owned();
    if number.is_empty() || number.len() > pass::NUMBER_OCTETS_MAX {
        return Err(wrong("/patron", "name the patron by the library's number for them").into());
    }
    let made_at = clock::now();
    let until = made_at.checked_add(pass::LASTS).unwrap_or(Timestamp::MAX);
    let pass = Pass { library: library.code.clone(), number, made_at, until }.write(&app.secret);
    let key = app.pushes.public_key().await.map_err(|error| Problem::ours(&error))?;
    let answer = PushLinkAnswer { url: format!("{}/push/on/{pass}", app.config.url()), pass, key, expires_at: until };
    Ok((StatusCode::CREATED, no_store(Json(answer))).into_response())
}

/// Bind new devices to a new key. Those that are on keep the one they have.
#[utoipa::path(post, path = "/v1/push/rotate", tag = "push", responses((status = 200, body = PushKeyAnswer)), security(("key" = [])))]
pub async fn rotate(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Refusal> {
    caller.must_be_consortium()?;
    let key = app.pushes.rotate().await.map_err(|error| Problem::ours(&error))?;
    Ok(no_store(Json(PushKeyAnswer { key })))
}

/// The public key that new devices are bound to.
#[derive(Debug, Serialize, ToSchema)]
pub struct PushKeyAnswer {
    key: String,
}

fn whose(app: &App, text: &str, now: Timestamp) -> Result<Pass, Box<Problem>> {
    Pass::read(&app.secret, text, now).map_err(|none| {
        let detail = match none {
            NoPass::Over => "The link has run out.",
            NoPass::NotOurs => "This does not come from a page of ours.",
        };
        Problem::new("key-forbidden", detail, "Ask the library for a new link.")
    })
}

fn wrong(pointer: &str, detail: &str) -> Box<Problem> {
    let errors = vec![FieldError::invalid(pointer, detail)];
    Problem::new("field-invalid", format!("Something is wrong: {detail}."), "Fix it, and send it again.").with(errors)
}
