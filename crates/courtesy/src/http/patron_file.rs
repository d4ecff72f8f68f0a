//! `POST /v1/patrons/{library}`: patrons from a CSV file.
//!
//! In: a file. Out: how many are new or changed, and whose address looks like a slip; or every error of every row, and nothing was kept.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::answer::no_store;
use super::auth::Caller;
use super::events::DryRun;
use super::libraries::library;
use super::patrons::{keep, take_over};
use super::problem::{Problem, Refusal};
use crate::clock;
use crate::library::RowError;
use crate::patron::import::read_csv;
use crate::patron::probably_meant;
use crate::store::Deed;

/// What an import did, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct PatronImport {
    /// Patrons who are new.
    added: usize,
    /// Patrons of whom something is new.
    changed: usize,
    /// Patrons of whom all was known.
    unchanged: usize,
    /// Addresses that look like slips. They are kept as they are.
    suspects: Vec<Suspect>,
    /// Whether nothing was kept.
    dry_run: bool,
}

/// An address that looks like a slip.
#[derive(Debug, Serialize, ToSchema)]
pub struct Suspect {
    /// The line in the file.
    line: u64,
    #[serde(rename = "ref")]
    number: String,
    email: String,
    /// The address that was probably meant.
    probably_meant: String,
}

/// A file with errors.
#[derive(Debug, Serialize, ToSchema)]
pub struct PatronImportProblem {
    #[serde(flatten)]
    problem: Problem,
    rows: Vec<RowError>,
}

/// Import patrons from CSV: all rows or none, and every row's every error at once.
#[utoipa::path(post, path = "/v1/patrons/{library}", tag = "patrons", params(("library" = String, Path), DryRun), request_body(content = String, content_type = "text/csv"),
    responses((status = 200, body = PatronImport), (status = 422, body = PatronImportProblem)), security(("key" = [])))]
pub async fn import(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(code): Path<String>,
    Query(DryRun { dry_run }): Query<DryRun>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let library = library(&app, &caller, &code)?;
    let rows = match read_csv(&body, app.texts.country()) {
        Ok(rows) => rows,
        Err(rows) => {
            let detail = format!("{} errors; nothing was changed.", rows.len());
            let problem = *Problem::new("import-invalid", detail, "Fix the rows and import the file again.");
            let kind = [(header::CONTENT_TYPE, "application/problem+json")];
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return Ok(no_store((status, kind, Json(PatronImportProblem { problem, rows }))));
        }
    };
    let numbers: Vec<String> = rows.iter().filter_map(|row| row.patron.id.clone()).collect();
    let mut known = app.store.patrons(&library.code, &numbers).await?;
    let mut done = PatronImport { added: 0, changed: 0, unchanged: 0, suspects: Vec::new(), dry_run };
    let mut kept = Vec::new();
    for row in rows {
        let number = row.patron.id.clone().unwrap_or_default();
        if let Some(email) = &row.patron.email
            && let Some(meant) = probably_meant(email)
        {
            let (line, email) = (row.line, email.to_string());
            done.suspects.push(Suspect { line, number: number.clone(), email, probably_meant: meant });
        }
        let before = known.remove(&number);
        let mut record = before.clone().unwrap_or_default();
        take_over(&mut record, &row);
        match &before {
            None => done.added += 1,
            Some(before) if *before == record && row.patron.texts.is_none() => {
                done.unchanged += 1;
                continue;
            }
            Some(_) => done.changed += 1,
        }
        kept.push((row, record));
    }
    if !dry_run {
        let subject = format!("{} patrons", kept.len());
        let deed = Deed::new(Some(&library.code), caller.name(), "patron.changed", subject, clock::now());
        keep(&app, &library, kept, deed, &caller).await?;
    }
    Ok(no_store(Json(done)))
}
