//! The relays, published for whoever permits them: as JSON and text, and a feed of changes. The page is in `web`.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};

use super::App;
use super::problem::Refusal;
use super::problem::accepted_language;
use crate::clock;
use crate::published::{self, Region, changes};

async fn regions(app: &App) -> Result<Vec<Region>, Refusal> {
    Ok(published::relays(&app.config, &app.store.relay_changes().await?, clock::now()))
}

/// For programs.
#[utoipa::path(get, path = "/relays.json", tag = "relays", responses((status = 200, body = Object)))]
pub async fn json(State(app): State<Arc<App>>) -> Result<Response, Refusal> {
    Ok(Json(serde_json::json!({ "version": 1, "regions": regions(&app).await? })).into_response())
}

/// The addresses alone, one a line.
pub async fn text(State(app): State<Arc<App>>) -> Result<Response, Refusal> {
    let mut text = String::new();
    for region in regions(&app).await? {
        let _ = writeln!(text, "# {} include:{}", region.id, region.spf_include);
        for host in region.hosts {
            for ip in host.ipv4.iter().chain(&host.ipv6) {
                let _ = writeln!(text, "{ip}");
            }
        }
        for planned in region.planned.iter().filter(|planned| !planned.add.is_empty()) {
            let _ = writeln!(text, "# from {} on:", planned.on);
            for ip in &planned.add {
                let _ = writeln!(text, "{ip}");
            }
        }
        for planned in region.planned.iter().filter(|planned| !planned.remove.is_empty()) {
            let gone: Vec<String> = planned.remove.iter().map(ToString::to_string).collect();
            let _ = writeln!(text, "# until {}, and no longer from that day on: {}", planned.on, gone.join(" "));
        }
    }
    Ok(text.into_response())
}

/// Every change as a feed (RFC 4287).
pub async fn feed(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Refusal> {
    let so_far = app.store.relay_changes().await?;
    let feed = changes::feed(&so_far, &app.config, app.started_at, accepted_language(&headers));
    let kind = [(header::CONTENT_TYPE, "application/atom+xml; charset=utf-8"), (header::VARY, "accept-language")];
    Ok((kind, feed).into_response())
}
