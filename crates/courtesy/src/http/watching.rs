//! `/metrics`: what Prometheus reads, at the HTTP door with a key of the consortium, and at a door of its own for whoever can reach it.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::auth::Caller;
use super::problem::Refusal;
use super::{App, health};
use crate::clock;
use crate::delivery::seats::Whose;
use crate::library::Library;
use crate::metrics::{Gauges, Metrics};

/// The text format of Prometheus.
const KIND: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The numbers, for a key of the consortium.
pub async fn with_key(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Refusal> {
    caller.must_be_consortium()?;
    Ok(numbers(State(app)).await)
}

/// The door of its own: numbers and health, without a key.
pub fn door(app: Arc<App>) -> Router {
    Router::new()
        .route("/metrics", get(numbers))
        .route("/health", get(health::health))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .with_state(app)
}

/// Never fails: a database that does not answer is a number too.
async fn numbers(State(app): State<Arc<App>>) -> Response {
    let now = gauges(&app).await;
    ([(header::CONTENT_TYPE, KIND), (header::CACHE_CONTROL, "no-store")], app.metrics.text(&now)).into_response()
}

async fn gauges(app: &App) -> Gauges {
    let (gauges, now) = (Gauges::default(), clock::now());
    let one_or_none = |yes: bool| if yes { 1.0 } else { 0.0 };
    gauges.of("build_info", "The version that runs.", "version", &[(env!("CARGO_PKG_VERSION"), 1.0)]);
    let up_since = app.started_at.as_microsecond() as f64 / 1e6;
    gauges.put("start_time_seconds", "When this process began, in seconds since 1970.", up_since);
    let may_send = app.readiness.standing.holds();
    gauges.put("may_send", "Whether this process has the right to send.", one_or_none(may_send));
    let most = app.config.limits.in_flight as f64;
    gauges.put("messages_under_way_max", "Messages that this process may try at one time.", most);
    let connections = app.store.connections();
    let used = f64::from(connections.open.saturating_sub(connections.idle));
    let kinds = [("used", used), ("idle", f64::from(connections.idle))];
    gauges.of("database_connections", "Connections of this process to the database.", "state", &kinds);
    certificate(app, &gauges).await;
    let measured = app.store.measured(now).await;
    gauges.put("database_up", "Whether the database answers.", one_or_none(measured.is_ok()));
    let Ok(measured) = measured else { return gauges };
    let count = |count: i64| count as f64;
    gauges.put("database_seconds", "How long the database took for these numbers.", measured.took.as_secs_f64());
    let states = [
        ("queued", count(measured.queued)),
        ("sending", count(measured.sending)),
        ("delayed", count(measured.delayed)),
        ("held", count(measured.held)),
    ];
    gauges.of("messages", "Messages that are not over, each state counted up to 100,000.", "state", &states);
    let waited = measured.oldest_due.map_or(0.0, |due| now.duration_since(due).as_secs_f64());
    gauges.put("oldest_due_seconds", "How long the oldest due message has waited.", waited);
    let help = "Messages that a process holds for longer than its lease.";
    gauges.put("leases_overdue", help, count(measured.past_lease));
    let held: i64 = app.store.brakes(None).await.unwrap_or_default().iter().map(|brake| brake.held).sum();
    gauges.put("brake_held", "Messages held because so many came at once.", count(held));
    gauges.put("queues_paused", "Queues that are stopped.", count(measured.paused));
    gauges.put("receivers_held", "Receivers that asked us to stay away.", count(measured.receivers_held));
    gauges.put("incidents_open", "Incidents of libraries' senders that are open.", count(measured.incidents));
    gauges.put("webhooks_off", "Webhooks that are switched off.", count(measured.webhooks_off));
    gauges.put("webhook_events_waiting", "Events that wait for a webhook.", count(measured.webhook_events));
    gauges.put("processes_alive", "Processes on this database; 0 where there is but one.", count(measured.processes));
    let nobodys = |library: &&Arc<Library>| app.relays.whose(library, now) == Whose::Nobodys;
    let without = app.book.libraries().iter().filter(nobodys).count();
    gauges.put("libraries_without_relay", "Libraries whose messages no process may send.", without as f64);
    gauges.put("libraries", "Libraries with a Participant Record.", app.book.libraries().len() as f64);
    gauges
}

async fn certificate(app: &App, gauges: &Gauges) {
    let Some(acme) = &app.acme else { return };
    let Ok(standing) = acme.standing().await else { return };
    let end = standing.ends_at.map_or(0.0, |end| end.as_second() as f64);
    gauges.put(
        "certificate_ends_seconds",
        "Until when the certificate of the doors is good, in seconds since 1970; 0: there is none.",
        end,
    );
    let in_vain = if standing.trouble.is_some() { 1.0 } else { 0.0 };
    gauges.put("certificate_in_vain", "Whether the last order of a certificate was in vain.", in_vain);
}

/// Counts what is answered.
pub async fn counted(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    let (method, began) = (request.method().clone(), Instant::now());
    let response = next.run(request).await;
    metrics.answered(method.as_str(), response.status().as_u16(), began.elapsed());
    response
}
