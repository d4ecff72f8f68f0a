//! The relays, published for whoever permits them: `/relays` as a page, JSON and text, and a feed of changes.

use std::fmt::Write as _;
use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Response};

use super::App;
use super::problem::accepted_language;
use crate::notice::Language;
use crate::published::{self, Region};

#[derive(Template)]
#[template(path = "relays.html")]
struct Page<'a> {
    french: bool,
    regions: &'a [Region],
    host: &'a str,
}

/// The page.
pub async fn page(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let regions = published::relays(&app.config);
    let french = accepted_language(&headers) == Language::Fr;
    let page = Page { french, regions: &regions, host: app.config.public_host.as_str() };
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    match page.render() {
        Ok(html) => {
            ([(header::CONTENT_SECURITY_POLICY, policy), (header::VARY, "accept-language")], Html(html)).into_response()
        }
        Err(error) => super::problem::Problem::ours(&error).into_response(),
    }
}

/// The same for programs.
#[utoipa::path(get, path = "/relays.json", tag = "relays", responses((status = 200, body = Object)))]
pub async fn json(State(app): State<Arc<App>>) -> Response {
    Json(serde_json::json!({ "version": 1, "regions": published::relays(&app.config) })).into_response()
}

/// The addresses alone, one a line.
pub async fn text(State(app): State<Arc<App>>) -> Response {
    let mut text = String::new();
    for region in published::relays(&app.config) {
        let _ = writeln!(text, "# {} include:{}", region.id, region.spf_include);
        for host in region.hosts {
            for ip in host.ipv4.iter().chain(&host.ipv6) {
                let _ = writeln!(text, "{ip}");
            }
        }
    }
    text.into_response()
}

/// The present state as a feed (RFC 4287): its one entry changes when the relays do.
pub async fn feed(State(app): State<Arc<App>>) -> Response {
    let regions = published::relays(&app.config);
    let content = serde_json::to_string(&regions).unwrap_or_default();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, content.as_bytes());
    let id: String = digest.as_ref().iter().take(16).map(|octet| format!("{octet:02x}")).collect();
    let (host, at) = (&app.config.public_host, app.started_at);
    let escaped = content.replace('&', "&amp;").replace('<', "&lt;");
    let feed = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>Mail relays of {host}</title>\
         <id>urn:courtesy:relays:{host}</id><updated>{at}</updated><author><name>{host}</name></author>\
         <entry><title>Relays</title><id>urn:courtesy:relays:{id}</id><updated>{at}</updated>\
         <content type=\"text\">{escaped}</content></entry></feed>\n"
    );
    ([(header::CONTENT_TYPE, "application/atom+xml; charset=utf-8")], feed).into_response()
}
