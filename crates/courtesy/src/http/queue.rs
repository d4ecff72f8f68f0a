//! `/v1/queue` and `/health`: what waits, and whether we work.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::auth::Caller;
use super::messages::no_store;
use super::problem::Refusal;
use crate::clock;
use crate::queue::State as MessageState;

/// How long a due message may wait before we call ourselves unwell.
const OVERDUE_S: i64 = 300;

/// How many messages stand where.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueueAnswer {
    /// Messages by state.
    states: Vec<StateCount>,
    /// Seconds for which the oldest due message has waited; 0 when nothing is due.
    oldest_due_s: i64,
}

/// Messages in one state.
#[derive(Debug, Serialize, ToSchema)]
pub struct StateCount {
    state: MessageState,
    messages: i64,
}

/// What waits, and what has become of the rest.
#[utoipa::path(get, path = "/v1/queue", tag = "queue", responses((status = 200, body = QueueAnswer)), security(("key" = [])))]
pub async fn show(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Refusal> {
    let now = clock::now();
    let counts = app.store.counts(caller.key.library.as_ref(), now).await?;
    let find = |state| counts.by_state.iter().find(|(known, _)| *known == state).map_or(0, |(_, count)| *count);
    let states = MessageState::ALL.map(|state| StateCount { state, messages: find(state) }).into();
    let oldest_due_s = counts.oldest_due.map_or(0, |due| now.duration_since(due).as_secs());
    Ok(no_store(Json(QueueAnswer { states, oldest_due_s })))
}

/// How many messages were made due.
#[derive(Debug, Serialize, ToSchema)]
pub struct FlushAnswer {
    messages: u64,
}

/// Try now what waits for its next attempt.
#[utoipa::path(post, path = "/v1/queue/flush", tag = "queue", responses((status = 200, body = FlushAnswer)), security(("key" = [])))]
pub async fn flush(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Refusal> {
    let messages = app.store.flush(caller.key.library.clone(), clock::now()).await?;
    app.wake.notify_one();
    Ok(no_store(Json(FlushAnswer { messages })))
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

/// Whether the store answers and the queue moves: for load balancers and monitors.
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
    let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let answer =
        HealthAnswer { status: if well { "pass" } else { "fail" }, version: env!("CARGO_PKG_VERSION"), oldest_due_s };
    (status, no_store(Json(answer))).into_response()
}
