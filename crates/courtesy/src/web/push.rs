//! Notifications in the patron's browser: the page that turns them on for a device, the block of it that other pages take in, the service
//! worker that shows them, and where a tap leads to.
//!
//! In: a patron's pass, from a link that the library gave them. Out: a page with one button, and the devices that are on. The block
//! posts to routes of `http`, which take the pass for proof. Not here: sending (`push`, `delivery`).

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Deserialize;

use super::messages::label;
use super::oops::Oops;
use super::shell::Shell;
use super::visit::Visit;
use super::{Answer, Web, assets};
use crate::http::push::is_gone;
use crate::library::Library;
use crate::push::pass::Pass;
use crate::push::receipt;

/// What `push-block.html` shows: a page takes it in as its field `push`, beside its `shell`.
pub(super) struct PushBlock {
    /// Proves whose devices these are.
    pub(super) pass: String,
    /// The key that the browser is to bind this device to.
    pub(super) key: String,
    /// The devices that are on, the newest first.
    pub(super) devices: Vec<ShownDevice>,
    /// The page itself, which turning one off leads back to.
    pub(super) back: String,
}

/// A device that is on.
pub(super) struct ShownDevice {
    pub(super) device: String,
    pub(super) name: String,
    pub(super) made_at: Timestamp,
}

impl PushBlock {
    /// The block for the patron of `pass` on the page at `back`.
    ///
    /// # Errors
    /// When the store or the key for push services is broken.
    pub(super) async fn of(web: &Web, pass: &Pass, back: String) -> Result<Self, Oops> {
        let devices = web.store.subscriptions_of(&pass.library, &pass.number).await?;
        let devices = devices.into_iter().map(|device| ShownDevice {
            device: URL_SAFE_NO_PAD.encode(device.digest),
            name: device.name,
            made_at: device.made_at,
        });
        Ok(Self {
            key: web.pushes.public_key().await.map_err(|error| Oops::ours(&error))?,
            pass: pass.write(&web.secret),
            devices: devices.collect(),
            back,
        })
    }
}

#[derive(Template)]
#[template(path = "push.html")]
struct Page {
    shell: Shell,
    library: String,
    manifest: String,
    push: PushBlock,
}

/// The page, by a patron's pass.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit, Path(text): Path<String>) -> Answer {
    let pass = Pass::read(&web.secret, &text, visit.now).ok();
    let library = pass.as_ref().and_then(|pass| web.book.library(&pass.library));
    let (Some(pass), Some(library)) = (pass, library) else { return over(&visit) };
    if is_gone(&web, &pass).await? {
        return over(&visit);
    }
    let push = PushBlock::of(&web, &pass, format!("/push/on/{text}")).await?;
    let page = Page {
        library: library.name.get(visit.language).to_owned(),
        shell: visit.shell("push-title").in_zone_of(&library),
        manifest: format!("/manifest.webmanifest?pass={text}"),
        push,
    };
    Ok(quiet(visit.page(&page)?))
}

#[derive(Template)]
#[template(path = "push_over.html")]
struct Over {
    shell: Shell,
}

/// The link has run out, or is none.
fn over(visit: &Visit) -> Answer {
    let html = Over { shell: visit.shell("push-over-title") }.render()?;
    Ok(quiet((StatusCode::NOT_FOUND, Html(html)).into_response()))
}

#[derive(Template)]
#[template(path = "push_open.html")]
struct Opened {
    shell: Shell,
    library: String,
    notice: String,
    at: Timestamp,
    phone: Option<String>,
    hours: Option<String>,
    url: Option<String>,
}

/// Where a tap on a notification leads to: what it was about, without titles, and how to reach the library.
pub(super) async fn open(State(web): State<Arc<Web>>, visit: Visit, Path(text): Path<String>) -> Answer {
    let Some(id) = receipt::read(&web.secret, &text) else { return over(&visit) };
    let row = web.store.message(None, id).await?;
    let library = row.as_ref().and_then(|row| web.book.library(&row.library));
    let (Some(row), Some(library)) = (row, library) else { return over(&visit) };
    web.store.push_seen(row.library.clone(), id, true, visit.now).await?;
    let shell = visit.shell("push-open-title").in_zone_of(&library);
    let page = Opened {
        library: library.name.get(visit.language).to_owned(),
        notice: label(&shell, &row.notice),
        at: row.changed_at,
        phone: library.phone.clone(),
        hours: library.hours.as_ref().map(|hours| hours.get(visit.language).to_owned()),
        url: web_address(&library),
        shell,
    };
    Ok(quiet(visit.page(&page)?))
}

/// The library's own page, where it is one that a link may lead to.
fn web_address(library: &Library) -> Option<String> {
    library.url.clone().filter(|url| url.starts_with("https://") || url.starts_with("http://"))
}

/// The service worker. Its name stays the same, so that a browser finds what is new in it.
pub(super) async fn worker() -> Answer {
    let script = assets::text("push-worker.js").ok_or(Oops::NotFound)?;
    let script = script.replace("{icon}", &assets::path("icon-192.png"));
    Ok(([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], script).into_response())
}

/// Whose page is to open from the home screen.
#[derive(Default, Deserialize)]
pub(super) struct Whose {
    #[serde(default)]
    pass: String,
}

/// What a telephone asks when the page is put on its home screen, which some want before they show notifications.
pub(super) async fn manifest(State(web): State<Arc<Web>>, visit: Visit, Query(whose): Query<Whose>) -> Answer {
    let shell = visit.shell("push-title");
    let is_ours = Pass::read(&web.secret, &whose.pass, visit.now).is_ok();
    let start = if is_ours { format!("/push/on/{}", whose.pass) } else { "/".to_owned() };
    let icon = |name: &str, side: &str| {
        let sizes = format!("{side}x{side}");
        serde_json::json!({ "src": assets::path(name), "type": "image/png", "sizes": sizes, "purpose": "any maskable" })
    };
    let manifest = serde_json::json!({
        "id": "/",
        "name": shell.say("push-app"),
        "short_name": shell.say("push-app-short"),
        "lang": shell.lang(),
        "scope": "/",
        "start_url": start,
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#0b5c66",
        "icons": [icon("icon-192.png", "192"), icon("icon-512.png", "512")],
    });
    Ok(([(header::CONTENT_TYPE, "application/manifest+json")], manifest.to_string()).into_response())
}

/// The pass is in the address: it goes to no other host and into no search engine.
fn quiet(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex, nofollow"));
    response
}
