//! `/v1/audit`: who changed what, when and why; and whether the entries are as they were written.
//!
//! In: filters and where the last page ended. Out: entries, the newest first. A library's key reads its library's; a key of
//! the consortium reads all, or those of one library.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::answer::{after, no_store, page};
use super::auth::Caller;
use super::problem::{Problem, Refusal};
use crate::id::AuditId;
use crate::library::LibraryCode;
use crate::store::{AuditFilter, Audited};

/// Rows of a page unless asked otherwise, and at most.
const PAGE: u32 = 100;
const PAGE_MAX: u32 = 1000;

/// Something that somebody did.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditAnswer {
    #[schema(value_type = String)]
    id: AuditId,
    /// At which library; none: at the consortium, or to the installation.
    #[serde(skip_serializing_if = "Option::is_none")]
    library: Option<String>,
    /// Its place among the entries of its library, without gaps.
    number: i64,
    #[schema(value_type = String)]
    at: Timestamp,
    /// Who, by name.
    by: String,
    /// What, as a code: `record.changed`, `key.made`, …
    what: String,
    /// To what.
    subject: String,
    /// What was different then.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<ChangeAnswer>,
    /// Why, in their own words.
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
}

/// A field that got another value.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeAnswer {
    field: String,
    was: String,
    is: String,
}

impl AuditAnswer {
    fn of(entry: Audited) -> Self {
        let changes = entry.changes.into_iter();
        Self {
            id: entry.id,
            library: entry.library,
            number: entry.n,
            at: entry.at,
            by: entry.by,
            what: entry.what,
            subject: entry.subject,
            changes: changes.map(|one| ChangeAnswer { field: one.field, was: one.was, is: one.is }).collect(),
            reason: entry.reason,
        }
    }
}

/// A page of the audit, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditList {
    data: Vec<AuditAnswer>,
    /// Give it as `after` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    has_more: bool,
}

/// Which entries.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// A library's code. A key of the consortium that names none reads all; `-` stands for the consortium alone.
    library: Option<String>,
    /// A kind of change, or the first part of one: `key` finds `key.made` and `key.ended`.
    what: Option<String>,
    /// A part of the name of who did it.
    by: Option<String>,
    /// Rows wanted; 100 unless said, 1,000 at most.
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// Whose entries are to be looked at.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct AuditedQuery {
    /// A library's code; none: the key's own library, or the consortium.
    library: Option<String>,
}

/// Whether entries are as they were written.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditWhole {
    /// Whose entries; none: the consortium's.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    library: Option<LibraryCode>,
    /// Entries whose seals fit.
    entries: i64,
    /// Whether nothing was changed, removed or cut off.
    is_whole: bool,
    /// The number of the first entry that is missing or is not what was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    broken_at: Option<i64>,
}

/// The consortium's own entries, in a query.
const CONSORTIUM: &str = "-";

/// Who changed what, when and why, the newest first.
#[utoipa::path(get, path = "/v1/audit", tag = "audit", params(AuditQuery),
    responses((status = 200, body = AuditList), (status = 422, body = Problem)), security(("key" = [])))]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<AuditQuery>,
) -> Result<Response, Refusal> {
    let library = match (query.library.as_deref(), &caller.key.library) {
        (Some(CONSORTIUM), None) => Some(String::new()),
        (named, _) => caller.library_named(named)?.map(|code| code.to_string()),
    };
    let before = after(query.after.as_deref())?;
    let filter = AuditFilter { library, what: query.what, by: query.by, before };
    let limit = query.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    let found = app.store.audit(&filter, limit + 1).await?;
    let (found, next) = page(found, limit, |entry| entry.id.to_string());
    let data = found.into_iter().map(AuditAnswer::of).collect();
    Ok(no_store(Json(AuditList { data, has_more: next.is_some(), next })))
}

/// Look at the seals of all entries of a library, or of the consortium: whoever changed, removed or cut off some behind our
/// back is found.
#[utoipa::path(get, path = "/v1/audit:check", tag = "audit", params(AuditedQuery),
    responses((status = 200, body = AuditWhole), (status = 422, body = Problem)), security(("key" = [])))]
pub async fn check(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<AuditedQuery>,
) -> Result<Response, Refusal> {
    let library = caller.library_named(query.library.as_deref())?;
    let held = app.store.audit_holds(library.as_ref()).await?;
    let is_whole = held.broken_at.is_none();
    Ok(no_store(Json(AuditWhole { library, entries: held.entries, is_whole, broken_at: held.broken_at })))
}
