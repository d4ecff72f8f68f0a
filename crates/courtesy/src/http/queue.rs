//! `/v1/queue`: what waits, and stopping it for a while.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::answer::no_store;
use super::auth::Caller;
use super::problem::{Problem, Refusal, read_json};
use crate::clock;
use crate::library::LibraryCode;
use crate::notice::catalogue::Notice;
use crate::queue::State as MessageState;
use crate::store::{Brake, Pause};

/// How many messages stand where.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueueAnswer {
    /// Messages by state.
    states: Vec<StateCount>,
    /// Seconds for which the oldest due message has waited; 0 when nothing is due.
    oldest_due_s: i64,
    /// Queues that a person has stopped.
    paused: Vec<PauseAnswer>,
    /// Kinds of notices of which so many came at once that a person is asked first.
    brakes: Vec<BrakeAnswer>,
}

/// A kind of notice that is held.
#[derive(Debug, Serialize, ToSchema)]
pub struct BrakeAnswer {
    #[schema(value_type = String)]
    library: LibraryCode,
    notice: String,
    #[schema(value_type = String)]
    since: jiff::Timestamp,
    /// How many messages are held, counted up to 100,000.
    held: i64,
}

impl From<Brake> for BrakeAnswer {
    fn from(Brake { library, notice, since, held }: Brake) -> Self {
        Self { library, notice, since, held }
    }
}

/// A queue that a person has stopped.
#[derive(Debug, Serialize, ToSchema)]
pub struct PauseAnswer {
    /// Whose; absent for everybody's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    library: Option<LibraryCode>,
    #[schema(value_type = String)]
    since: jiff::Timestamp,
    by: String,
}

impl From<Pause> for PauseAnswer {
    fn from(Pause { library, since, by }: Pause) -> Self {
        Self { library, since, by }
    }
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
    let paused = pauses(&app, &caller).await?;
    let brakes = app.store.brakes(caller.key.library.as_ref()).await?.into_iter().map(BrakeAnswer::from).collect();
    Ok(no_store(Json(QueueAnswer { states, oldest_due_s, paused, brakes })))
}

/// How many messages were made due.
#[derive(Debug, Serialize, ToSchema)]
pub struct FlushAnswer {
    messages: u64,
}

/// Try now what waits for its next attempt.
#[utoipa::path(post, path = "/v1/queue/flush", tag = "queue", responses((status = 200, body = FlushAnswer)), security(("key" = [])))]
pub async fn flush(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Refusal> {
    let library = caller.key.library.clone();
    let deed = caller.deed(library.as_ref(), "queue.flushed", "");
    let messages = app.store.flush(library, clock::now()).await?;
    app.store.note(deed).await?;
    app.wake.notify_one();
    Ok(no_store(Json(FlushAnswer { messages })))
}

/// The pauses that concern the caller.
async fn pauses(app: &App, caller: &Caller) -> Result<Vec<PauseAnswer>, Refusal> {
    let concerns = |pause: &Pause| match (&pause.library, &caller.key.library) {
        (Some(paused), Some(own)) => paused == own,
        _ => true,
    };
    Ok(app.store.pauses().await?.into_iter().filter(concerns).map(PauseAnswer::from).collect())
}

/// Whose queue.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseBody {
    /// A library's code; left out: the key's own library, or everybody where the key speaks for all.
    library: Option<String>,
}

/// The queues that are stopped now.
#[derive(Debug, Serialize, ToSchema)]
pub struct PauseList {
    /// Whether the request changed anything.
    changed: bool,
    paused: Vec<PauseAnswer>,
}

fn whose(app: &App, caller: &Caller, body: &[u8]) -> Result<Option<LibraryCode>, Box<Problem>> {
    let body: PauseBody = if body.is_empty() { PauseBody::default() } else { read_json(body)? };
    let library = caller.library_named(body.library.as_deref())?;
    if let Some(code) = library.as_ref().filter(|code| app.book.library(code).is_none()) {
        let absent = Problem::field("/library", format!("there is no library {code}"));
        return Err(absent.fixed_by("Use the code of its Participant Record."));
    }
    Ok(library)
}

/// Stop sending for a library, or for everybody: what is due waits, what is under way is finished.
///
/// It stays so until it is resumed, restarts included. A message that comes to its deadline meanwhile fails there.
#[utoipa::path(post, path = "/v1/queue/pause", tag = "queue", request_body(content = Option<PauseBody>), responses((status = 200, body = PauseList), (status = 422, body = Problem)), security(("key" = [])))]
pub async fn pause(State(app): State<Arc<App>>, caller: Caller, body: Bytes) -> Result<Response, Refusal> {
    let library = whose(&app, &caller, &body)?;
    let changed = !app.store.pauses().await?.iter().any(|pause| pause.library == library);
    app.store.pause(library, caller.name(), clock::now()).await?;
    Ok(no_store(Json(PauseList { changed, paused: pauses(&app, &caller).await? })))
}

/// Go on sending for a library, or for everybody. Each pause is ended by itself: resuming everybody leaves a library
/// stopped that was stopped by itself.
#[utoipa::path(post, path = "/v1/queue/resume", tag = "queue", request_body(content = Option<PauseBody>), responses((status = 200, body = PauseList), (status = 422, body = Problem)), security(("key" = [])))]
pub async fn resume(State(app): State<Arc<App>>, caller: Caller, body: Bytes) -> Result<Response, Refusal> {
    let library = whose(&app, &caller, &body)?;
    let deed = caller.deed(library.as_ref(), "queue.resumed", "");
    let changed = app.store.noting(deed).resume(library).await?;
    app.wake.notify_one();
    Ok(no_store(Json(PauseList { changed, paused: pauses(&app, &caller).await? })))
}

/// Which notices that are held.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HeldBody {
    /// The library's code.
    library: String,
    /// The notice's code.
    notice: String,
}

/// What became of what was held.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldAnswer {
    messages: u64,
}

fn held_of(app: &App, caller: &Caller, body: &[u8]) -> Result<(LibraryCode, String), Box<Problem>> {
    let body: HeldBody = read_json(body)?;
    let library = super::libraries::library(app, caller, &body.library)?;
    let notice = Notice::from_code(&body.notice)
        .map_err(|error| Problem::field("/notice", error.to_string()).fixed_by("GET /v1/queue names what is held."))?;
    Ok((library.code.clone(), notice.code()))
}

fn nothing_held((library, notice): &(LibraryCode, String)) -> Box<Problem> {
    Problem::new("conflict", format!("Nothing of {notice} is held for {library}."), "GET /v1/queue names what is held.")
}

/// Send what is held because so many came at once. More of the same may come from now on, up to the limit again.
#[utoipa::path(post, path = "/v1/queue/let-go", tag = "queue", request_body = HeldBody, responses((status = 200, body = HeldAnswer), (status = 409, body = Problem), (status = 422, body = Problem)), security(("key" = [])))]
pub async fn let_go(State(app): State<Arc<App>>, caller: Caller, body: Bytes) -> Result<Response, Refusal> {
    let of = held_of(&app, &caller, &body)?;
    let messages = app.store.let_go(&of.0, &of.1, &caller.name(), clock::now()).await?;
    app.store.note(caller.deed(Some(&of.0), "queue.let_go", &of.1)).await?;
    app.wake.notify_one();
    Ok(no_store(Json(HeldAnswer { messages: messages.ok_or_else(|| nothing_held(&of))? })))
}

/// Take back what is held because so many came at once: it is never sent.
#[utoipa::path(post, path = "/v1/queue/drop", tag = "queue", request_body = HeldBody, responses((status = 200, body = HeldAnswer), (status = 409, body = Problem), (status = 422, body = Problem)), security(("key" = [])))]
pub async fn drop_held(State(app): State<Arc<App>>, caller: Caller, body: Bytes) -> Result<Response, Refusal> {
    let of = held_of(&app, &caller, &body)?;
    let messages = app.store.drop_held(&of.0, &of.1, &caller.name(), clock::now()).await?;
    app.store.note(caller.deed(Some(&of.0), "queue.dropped", &of.1)).await?;
    Ok(no_store(Json(HeldAnswer { messages: messages.ok_or_else(|| nothing_held(&of))? })))
}
