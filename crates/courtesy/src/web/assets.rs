//! Stylesheet, scripts and pictures: built beforehand, embedded, each under a name that changes with its content.
//!
//! In: `app.css`. Out: `/assets/app.1f3a….css`, and what is served there, compressed beforehand. Browsers keep it for
//! good. Not here: building them (`web/build`).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../web/assets"]
struct Files;

/// Hex digits of the hash in a name: enough to tell versions of one file apart.
const HASH_DIGITS: usize = 12;

/// Names with their hash, to the names of files.
static SERVED: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let originals = Files::iter().filter(|name| !name.ends_with(".br") && !name.ends_with(".gz"));
    originals
        .filter_map(|name| {
            let hash = Files::get(&name)?.metadata.sha256_hash();
            let digits = hash.iter().fold(String::new(), |mut text, octet| {
                let _ = write!(text, "{octet:02x}");
                text
            });
            let (stem, extension) = name.rsplit_once('.')?;
            Some((format!("{stem}.{}.{extension}", &digits[..HASH_DIGITS]), name.into_owned()))
        })
        .collect()
});

static NAMES: LazyLock<BTreeMap<String, String>> =
    LazyLock::new(|| SERVED.iter().map(|(served, name)| (name.clone(), format!("/assets/{served}"))).collect());

/// The path of a file of `web/assets`.
#[must_use]
pub fn path(name: &str) -> String {
    NAMES.get(name).cloned().unwrap_or_else(|| format!("/assets/{name}"))
}

/// The text of a file of `web/assets`.
pub(super) fn text(name: &str) -> Option<String> {
    Files::get(name).and_then(|file| String::from_utf8(file.data.into_owned()).ok())
}

fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}

/// Serves one.
pub(super) async fn serve(Path(asked): Path<String>, headers: HeaderMap) -> Response {
    let Some(name) = SERVED.get(&asked) else { return StatusCode::NOT_FOUND.into_response() };
    let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let takes = |coding: &str| accepts.split(',').any(|one| one.split(';').next().unwrap_or_default().trim() == coding);
    let coded = [("br", "br"), ("gzip", "gz")].into_iter().find_map(|(coding, extension)| {
        let file = takes(coding).then(|| Files::get(&format!("{name}.{extension}"))).flatten()?;
        Some((coding, file))
    });
    let fixed = [
        (header::CONTENT_TYPE, kind(name)),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::VARY, "accept-encoding"),
    ];
    match coded {
        Some((coding, file)) => (fixed, [(header::CONTENT_ENCODING, coding)], file.data).into_response(),
        None => match Files::get(name) {
            Some(file) => (fixed, file.data).into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        },
    }
}
