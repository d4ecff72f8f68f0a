//! `/v1/reports`: what receivers report about our domains: who else sends as them, and how TLS goes.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::answer::no_store;
use super::auth::Caller;
use super::problem::{Refusal, accepted_language};
use crate::library::LibraryCode;
use crate::notice::Language;
use crate::reported::words::{self, Whose};
use crate::store::{ReportedSource, ReportedTls};

/// What has been reported, domain by domain.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportsAnswer {
    data: Vec<DomainAnswer>,
}

/// What has been reported about one domain.
#[derive(Debug, Serialize, ToSchema)]
pub struct DomainAnswer {
    domain: String,
    /// Whose; absent for the shared domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    library: Option<String>,
    /// Reports kept.
    reports: u64,
    /// How many receivers they came from.
    reporters: u64,
    /// When the last one came.
    #[schema(value_type = String)]
    last_at: jiff::Timestamp,
    /// Who sends in its name, the busiest first.
    sources: Vec<SourceAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<TlsAnswer>,
}

/// A machine that sends in the domain's name.
#[derive(Debug, Serialize, ToSchema)]
pub struct SourceAnswer {
    /// Its address; absent for many more together.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    /// What the DNS calls it, where that name leads back to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[schema(value_type = String)]
    whose: Whose,
    messages: u64,
    /// Of these, how many passed the check for the domain.
    passed: u64,
    /// Of these, how many the receivers refused or put into quarantine.
    refused: u64,
    #[schema(value_type = String)]
    since: jiff::Timestamp,
    #[schema(value_type = String)]
    last: jiff::Timestamp,
    /// All of it in a sentence, in the caller's language.
    words: String,
}

/// How TLS went for mail to the domain.
#[derive(Debug, Serialize, ToSchema)]
pub struct TlsAnswer {
    successes: u64,
    failures: Vec<TlsFailureAnswer>,
    /// All of it in a sentence, in the caller's language.
    words: String,
}

/// One way in which TLS failed.
#[derive(Debug, Serialize, ToSchema)]
pub struct TlsFailureAnswer {
    /// The word of RFC 8460 §4.3.
    kind: String,
    sessions: u64,
}

/// What receivers report about every domain.
#[utoipa::path(get, path = "/v1/reports", tag = "reports", responses((status = 200, body = ReportsAnswer)), security(("key" = [])))]
pub async fn all(State(app): State<Arc<App>>, caller: Caller, headers: HeaderMap) -> Result<Response, Refusal> {
    caller.must_be_consortium()?;
    list(&app, None, accepted_language(&headers)).await
}

/// What receivers report about a library's domain.
#[utoipa::path(get, path = "/v1/libraries/{library}/reports", tag = "reports", params(("library" = String, Path)), responses((status = 200, body = ReportsAnswer)), security(("key" = [])))]
pub async fn of_library(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(code): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let library = super::libraries::library(&app, &caller, &code)?;
    list(&app, Some(&library.code), accepted_language(&headers)).await
}

/// What receivers report about one domain, in sentences.
pub struct Said {
    /// The domain.
    pub domain: String,
    /// How many receivers reported.
    pub reporters: u64,
    /// When the last report came.
    pub last: jiff::Timestamp,
    /// A sentence for each machine that sends in its name, the busiest first, and one about encryption.
    pub words: Vec<String>,
}

/// What receivers report about the domains of `library` (none: the shared domain), with `most` machines each.
///
/// # Errors
/// When the store is broken.
pub async fn said(
    app: &App,
    library: Option<&LibraryCode>,
    most: usize,
    language: Language,
) -> crate::store::Result<Vec<Said>> {
    let code = library.map(LibraryCode::as_str);
    let found = domains(app, library, language).await?.into_iter().filter(|one| one.library.as_deref() == code);
    let said = |one: DomainAnswer| Said {
        words: one
            .sources
            .into_iter()
            .take(most)
            .map(|source| source.words)
            .chain(one.tls.map(|tls| tls.words))
            .collect(),
        domain: one.domain,
        reporters: one.reporters,
        last: one.last_at,
    };
    Ok(found.map(said).collect())
}

async fn list(app: &App, library: Option<&LibraryCode>, language: Language) -> Result<Response, Refusal> {
    Ok(no_store(Json(ReportsAnswer { data: domains(app, library, language).await? })))
}

async fn domains(
    app: &App,
    library: Option<&LibraryCode>,
    language: Language,
) -> crate::store::Result<Vec<DomainAnswer>> {
    let domains = app.store.reported_domains(library).await?;
    let sources = app.store.reported_sources(library).await?;
    let tls = app.store.reported_tls(library).await?;
    let data = domains.into_iter().map(|domain| {
        let is_its = |whose: &Option<String>, name: &str| *whose == domain.library && name == domain.domain;
        let of_domain = tls.iter().filter(|one| is_its(&one.library, &one.domain)).collect::<Vec<_>>();
        DomainAnswer {
            sources: sources
                .iter()
                .filter(|one| is_its(&one.library, &one.domain))
                .map(|one| source(app, one, language))
                .collect(),
            tls: (!of_domain.is_empty()).then(|| tls_answer(&domain.domain, &of_domain, language)),
            domain: domain.domain,
            library: domain.library,
            reports: domain.reports,
            reporters: domain.reporters,
            last_at: domain.last,
        }
    });
    Ok(data.collect())
}

fn source(app: &App, one: &ReportedSource, language: Language) -> SourceAnswer {
    let ours = one
        .source
        .as_ref()
        .and_then(|source| source.parse().ok())
        .is_some_and(|ip: std::net::IpAddr| app.config.relay.now().iter().any(|relay| relay.sources.contains(&ip)));
    let whose = Whose::of(ours, one.counts);
    let said =
        words::source(one.source.as_deref(), one.name.as_deref(), whose, &one.domain, one.counts, one.since, language);
    SourceAnswer {
        source: one.source.clone(),
        name: one.name.clone(),
        whose,
        messages: one.counts.messages,
        passed: one.counts.passed,
        refused: one.counts.refused,
        since: one.since,
        last: one.last,
        words: said,
    }
}

fn tls_answer(domain: &str, all: &[&ReportedTls], language: Language) -> TlsAnswer {
    let successes = all.iter().filter(|one| one.kind.is_none()).map(|one| one.sessions).sum();
    let failures: Vec<_> = all
        .iter()
        .filter_map(|one| Some(TlsFailureAnswer { kind: one.kind.clone()?, sessions: one.sessions }))
        .filter(|failure| failure.sessions > 0)
        .collect();
    let failed = failures.iter().map(|one| one.sessions).sum();
    TlsAnswer { successes, words: words::tls(domain, successes, failed, language), failures }
}
