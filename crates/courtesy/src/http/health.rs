//! `/health`: whether we work, for load balancers, monitors and whoever starts and stops processes.
//!
//! Alive is who answers at all. Ready is who may be given work: the database answers it in time, it may send where that is its role, and
//! nobody has told it to stop. Not here: why (`GET /v1/doctor`).

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;

use super::App;
use super::answer::no_store;
use crate::clock;
use crate::config::Role;
use crate::delivery::standing::Standing;

/// How long a due message may wait before we call ourselves unwell.
const OVERDUE_S: i64 = 300;

/// How long the database may take to be called there. Balancers ask every few seconds, and the store itself waits out a failover.
const DATABASE_WAIT: Duration = Duration::from_secs(3);

/// What readiness is told from, beside the database.
#[derive(Clone, Debug)]
pub struct Readiness {
    /// Whether this process may send.
    pub standing: Standing,
    /// True from the moment it was told to stop.
    pub stopping: watch::Receiver<bool>,
}

/// Whether we work.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthAnswer {
    /// `pass` or `fail`.
    status: &'static str,
    version: &'static str,
    /// Seconds for which the oldest due message has waited.
    oldest_due_s: i64,
}

/// Whether this process lives, or is ready for work.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadyAnswer {
    /// `pass` or `fail`.
    status: &'static str,
    /// What is missing: `stopping`, `database`, `may_not_send`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<&'static str>,
}

fn of(well: bool) -> (StatusCode, &'static str) {
    if well { (StatusCode::OK, "pass") } else { (StatusCode::SERVICE_UNAVAILABLE, "fail") }
}

/// Whether the store answers and the queue moves: for monitors.
#[utoipa::path(get, path = "/health", tag = "queue", responses((status = 200, body = HealthAnswer), (status = 503, body = HealthAnswer)))]
pub async fn health(State(app): State<Arc<App>>) -> Response {
    let now = clock::now();
    let (well, oldest_due_s) = match app.store.next_due().await {
        Ok(next) => {
            let waited = next.map_or(0, |due| now.duration_since(due).as_secs().max(0));
            (waited < OVERDUE_S, waited)
        }
        Err(_) => (false, 0),
    };
    let (code, status) = of(well);
    let answer = HealthAnswer { status, version: env!("CARGO_PKG_VERSION"), oldest_due_s };
    (code, no_store(Json(answer))).into_response()
}

/// Whether this process lives. It does not when it does not answer: start it again.
#[utoipa::path(get, path = "/health/live", tag = "queue", responses((status = 200, body = ReadyAnswer)))]
pub async fn live() -> Response {
    no_store(Json(ReadyAnswer { status: "pass", missing: Vec::new() }))
}

/// Whether this process may be given work: for load balancers.
#[utoipa::path(get, path = "/health/ready", tag = "queue", responses((status = 200, body = ReadyAnswer), (status = 503, body = ReadyAnswer)))]
pub async fn ready(State(app): State<Arc<App>>) -> Response {
    let mut missing = Vec::new();
    if *app.readiness.stopping.borrow() {
        missing.push("stopping");
    }
    if !matches!(tokio::time::timeout(DATABASE_WAIT, app.store.answers()).await, Ok(Ok(()))) {
        missing.push("database");
    }
    if app.config.plays(Role::Deliver) && !app.readiness.standing.holds() {
        missing.push("may_not_send");
    }
    let (code, status) = of(missing.is_empty());
    (code, no_store(Json(ReadyAnswer { status, missing }))).into_response()
}
