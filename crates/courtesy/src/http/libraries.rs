//! `/v1/libraries`: Participant Records, one by one or from a CSV file.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::answer::no_store;
use super::auth::Caller;
use super::events::DryRun;
use super::problem::{FieldError, Problem, Refusal, read_json};
use crate::clock;
use crate::library::{By, Claims, Library, LibraryCode, RecordProblem, RowError, read_csv};

/// One change at a time: what a record claims is compared with what is kept, and then it is kept.
static CHANGING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// All Participant Records that the key may see.
#[derive(Debug, Serialize, ToSchema)]
pub struct LibraryList {
    #[schema(value_type = Vec<Object>)]
    data: Vec<Library>,
}

/// The libraries.
#[utoipa::path(get, path = "/v1/libraries", tag = "libraries", responses((status = 200, body = LibraryList)), security(("key" = [])))]
pub async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Refusal> {
    let all = app.book.libraries().into_iter();
    let data =
        all.filter(|library| caller.may_act_for(&library.code).is_ok()).map(|library| (*library).clone()).collect();
    Ok(no_store(Json(LibraryList { data })))
}

fn code_from(text: &str, caller: &Caller) -> Result<LibraryCode, Box<Problem>> {
    let code = LibraryCode::parse(text).map_err(|error| Problem::new("not-found", error.to_string(), ""))?;
    caller.may_act_for(&code)?;
    Ok(code)
}

/// The library of a path, if the caller may see it.
pub(super) fn library(app: &App, caller: &Caller, text: &str) -> Result<Arc<Library>, Box<Problem>> {
    let code = code_from(text, caller)?;
    app.book.library(&code).ok_or_else(|| Problem::new("not-found", format!("There is no library {code}."), ""))
}

/// One library.
#[utoipa::path(get, path = "/v1/libraries/{library}", tag = "libraries", params(("library" = String, Path)), responses((status = 200, body = Object), (status = 404, body = Problem)), security(("key" = [])))]
pub async fn show(State(app): State<Arc<App>>, caller: Caller, Path(code): Path<String>) -> Result<Response, Refusal> {
    Ok(no_store(Json((*library(&app, &caller, &code)?).clone())))
}

/// Make or change a library: its whole Participant Record.
#[utoipa::path(put, path = "/v1/libraries/{library}", tag = "libraries", params(("library" = String, Path), DryRun), request_body = Object, responses((status = 200, body = Object), (status = 422, body = Problem)), security(("key" = [])))]
pub async fn put(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(code): Path<String>,
    Query(DryRun { dry_run }): Query<DryRun>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let _changing = CHANGING.lock().await;
    let given = put_checked(&app, &caller, &code, &body)?;
    if !dry_run {
        keep(&app, vec![given.clone()], &caller).await?;
    }
    Ok(no_store(Json(given)))
}

fn put_checked(app: &App, caller: &Caller, code: &str, body: &[u8]) -> Result<Library, Box<Problem>> {
    let code = code_from(code, caller)?;
    // A library's key changes its own record; a new library is the consortium's to make.
    if app.book.library(&code).is_none() {
        caller.must_be_consortium()?;
    }
    let given: Library = read_json(body)?;
    let mut errors: Vec<FieldError> = given.problems().into_iter().map(told).collect();
    let by = if caller.must_be_consortium().is_ok() { By::Consortium } else { By::Library };
    errors.extend(with_claims(app, |claims| claims.problems(&given, by)).into_iter().map(told));
    if given.code != code {
        let detail = format!("it says {} and the address says {code}", given.code);
        errors.push(FieldError::invalid("/code", detail));
    }
    if errors.is_empty() {
        return Ok(given);
    }
    Err(Problem::fields(errors, "Fix the fields and send the record again."))
}

fn told(problem: RecordProblem) -> FieldError {
    FieldError::invalid(format!("/{}", problem.field), problem.detail)
}

/// Changes the record of `code` as `change` does, checked as every record is. What cannot stand; empty when it is kept.
///
/// # Errors
/// When the store is broken.
pub async fn change(
    app: &App,
    code: &LibraryCode,
    by: By,
    by_whom: String,
    change: impl FnOnce(&mut Library),
) -> crate::store::Result<Vec<RecordProblem>> {
    let _changing = CHANGING.lock().await;
    let Some(kept) = app.book.library(code) else { return Ok(Vec::new()) };
    let mut library = (*kept).clone();
    change(&mut library);
    let mut problems = library.problems();
    problems.extend(with_claims(app, |claims| claims.problems(&library, by)));
    if problems.is_empty() && library != *kept {
        app.store.put_libraries(vec![library], by_whom, clock::now()).await?;
        app.book.refresh().await?;
        app.senders.nudge();
    }
    Ok(problems)
}

/// What is taken at this moment, given to `look`.
fn with_claims<T>(app: &App, look: impl FnOnce(&Claims<'_>) -> T) -> T {
    let libraries = app.book.libraries();
    let keys = app.keyring.all();
    let delegated = keys.iter().filter_map(|key| {
        let owner = LibraryCode::parse(key.library.as_deref()?).ok()?;
        Some((standards::domain::Domain::parse(&key.domain).ok()?, owner))
    });
    let delegated: Vec<_> = delegated.collect();
    let ours = [app.config.shared.domain.clone(), app.config.shared.bounces()];
    look(&Claims::new(ours, &libraries, &delegated))
}

/// Keeps records, lets the book see them, and has their domains looked at.
async fn keep(app: &App, libraries: Vec<Library>, caller: &Caller) -> Result<(), Refusal> {
    app.store.put_libraries(libraries, caller.name(), clock::now()).await?;
    app.book.refresh().await?;
    app.senders.nudge();
    Ok(())
}

/// What an import did, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportAnswer {
    /// Libraries that are new.
    added: Vec<String>,
    /// Libraries whose record changes.
    changed: Vec<String>,
    /// Libraries whose record stays as it is.
    unchanged: usize,
    /// Whether nothing was kept.
    dry_run: bool,
}

/// A file with errors.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportProblem {
    #[serde(flatten)]
    problem: Problem,
    rows: Vec<RowError>,
}

/// Import libraries from CSV: all rows or none, and every row's every error at once.
#[utoipa::path(post, path = "/v1/libraries:import", tag = "libraries", params(DryRun), request_body(content = String, content_type = "text/csv"),
    responses((status = 200, body = ImportAnswer), (status = 422, body = ImportProblem)), security(("key" = [])))]
pub async fn import(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(DryRun { dry_run }): Query<DryRun>,
    body: Bytes,
) -> Result<Response, Refusal> {
    caller.must_be_consortium()?;
    let _changing = CHANGING.lock().await;
    let libraries = match with_claims(&app, |claims| read_csv(&body, claims)) {
        Ok(libraries) => libraries,
        Err(rows) => {
            let detail = format!("{} errors; nothing was changed.", rows.len());
            let problem = *Problem::new("import-invalid", detail, "Fix the rows and import the file again.");
            let status = axum::http::StatusCode::UNPROCESSABLE_ENTITY;
            let kind = [(axum::http::header::CONTENT_TYPE, "application/problem+json")];
            return Ok(no_store((status, kind, Json(ImportProblem { problem, rows }))));
        }
    };
    let mut answer = ImportAnswer { added: Vec::new(), changed: Vec::new(), unchanged: 0, dry_run };
    let mut merged = Vec::with_capacity(libraries.len());
    for library in libraries {
        let Some(known) = app.book.library(&library.code) else {
            answer.added.push(library.code.to_string());
            merged.push(library);
            continue;
        };
        // What a file has no columns for stays as staff set it.
        let library = Library {
            closures: known.closures.clone(),
            switches: known.switches.clone().into_iter().chain(library.switches).collect(),
            relay: known.relay.clone(),
            reach: known.reach.clone(),
            timing: known.timing.clone(),
            sign_on: known.sign_on.clone(),
            ..library
        };
        if library == *known {
            answer.unchanged += 1;
        } else {
            answer.changed.push(library.code.to_string());
            merged.push(library);
        }
    }
    if !dry_run {
        keep(&app, merged, &caller).await?;
    }
    Ok(no_store(Json(answer)))
}
