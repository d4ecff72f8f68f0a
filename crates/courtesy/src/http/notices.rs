//! `/v1/libraries/{library}/notices`: which notices go out, and their words. The consortium's own words stand under
//! the library `_`.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::answer::no_store;
use super::auth::Caller;
use super::events::DryRun;
use super::libraries::library;
use super::problem::{FieldError, Problem, Refusal, read_json};
use crate::clock;
use crate::library::Library;
use crate::notice::catalogue::{NOTICES, Notice};
use crate::notice::frame::Frame;
use crate::notice::problem::{Problem as WordsTrouble, Severity};
use crate::notice::render::render;
use crate::notice::value::Fields;
use crate::notice::words::Words;
use crate::notice::{Language, check};

/// How the consortium's own layer of words is named where a library's code would stand.
const CONSORTIUM: &str = "_";

/// Whose words: a library, or the consortium for all.
enum Layer {
    Library(Arc<Library>),
    Consortium,
}

impl Layer {
    fn of(app: &App, caller: &Caller, name: &str) -> Result<Self, Box<Problem>> {
        if name == CONSORTIUM {
            caller.must_be_consortium()?;
            return Ok(Self::Consortium);
        }
        library(app, caller, name).map(Self::Library)
    }

    fn key(&self) -> &str {
        match self {
            Self::Library(library) => library.code.as_str(),
            Self::Consortium => "",
        }
    }

    /// The library to write previews for.
    fn for_preview(&self) -> Library {
        match self {
            Self::Library(library) => (**library).clone(),
            Self::Consortium => Library::sample(),
        }
    }
}

/// One notice of a library.
#[derive(Debug, Serialize, ToSchema)]
pub struct NoticeAnswer {
    notice: String,
    label: InBoth,
    on: bool,
    /// Whose words are in force, by language.
    words: Vec<WordsAnswer>,
}

/// A label in both languages.
#[derive(Debug, Serialize, ToSchema)]
pub struct InBoth {
    en: &'static str,
    fr: &'static str,
}

/// Words in force.
#[derive(Debug, Serialize, ToSchema)]
pub struct WordsAnswer {
    language: &'static str,
    /// `library`, `consortium` or `built-in`.
    of: &'static str,
    /// The version; 0 for the built-in words.
    version: i64,
    source: String,
}

/// Every notice.
#[derive(Debug, Serialize, ToSchema)]
pub struct NoticeList {
    data: Vec<NoticeAnswer>,
}

/// The catalogue as this library has it.
#[utoipa::path(get, path = "/v1/libraries/{library}/notices", tag = "notices", params(("library" = String, Path)), responses((status = 200, body = NoticeList)), security(("key" = [])))]
pub async fn list(State(app): State<Arc<App>>, caller: Caller, Path(name): Path<String>) -> Result<Response, Refusal> {
    let layer = Layer::of(&app, &caller, &name)?;
    let shown = layer.for_preview();
    let data = NOTICES.iter().map(|entry| {
        let words =
            Language::ALL.into_iter().filter_map(|language| in_force(&app, layer.key(), entry.notice, language));
        NoticeAnswer {
            notice: entry.notice.code(),
            label: InBoth { en: entry.label_en, fr: entry.label_fr },
            on: shown.sends(entry, app.config.digest.by_default),
            words: words.collect(),
        }
    });
    Ok(no_store(Json(NoticeList { data: data.collect() })))
}

fn in_force(app: &App, whose: &str, notice: Notice, language: Language) -> Option<WordsAnswer> {
    let (source, text) = app.book.words_text(whose, notice, language)?;
    let of = match source.of.as_deref() {
        None => "built-in",
        Some("") => "consortium",
        Some(_) => "library",
    };
    Some(WordsAnswer { language: language.tag(), of, version: source.version, source: text })
}

fn notice_from(code: &str) -> Result<Notice, Box<Problem>> {
    Notice::from_code(code).map_err(|error| Problem::new("not-found", error.to_string(), ""))
}

fn language_from(tag: &str) -> Result<Language, Box<Problem>> {
    Language::from_tag(tag)
        .ok_or_else(|| Problem::new("not-found", format!("We do not write “{tag}”; use en or fr."), ""))
}

/// Something about words that must be fixed, or should be looked at.
#[derive(Debug, Serialize, ToSchema)]
pub struct WordsProblem {
    line: u32,
    column: u32,
    /// `error` or `warning`.
    severity: &'static str,
    detail: String,
}

/// The answer to words that were saved.
#[derive(Debug, Serialize, ToSchema)]
pub struct SavedAnswer {
    notice: String,
    language: &'static str,
    /// The version in force now.
    version: i64,
    warnings: Vec<WordsProblem>,
    dry_run: bool,
}

/// Save the words of a notice, as their source file.
#[utoipa::path(put, path = "/v1/libraries/{library}/notices/{notice}/{language}", tag = "notices", params(("library" = String, Path), ("notice" = String, Path), ("language" = String, Path), DryRun),
    request_body(content = String, content_type = "text/markdown"), responses((status = 200, body = SavedAnswer), (status = 422, body = Problem)), security(("key" = [])))]
pub async fn save(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((name, notice, language)): Path<(String, String, String)>,
    Query(DryRun { dry_run }): Query<DryRun>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let layer = Layer::of(&app, &caller, &name)?;
    let (notice, language) = (notice_from(&notice)?, language_from(&language)?);
    let source = String::from_utf8(body.to_vec())
        .map_err(|_| Problem::new("words-invalid", "The file is not UTF-8.", "Save it as UTF-8."))?;
    let warnings = checked(&source, notice, language, &app)?;
    let version = if dry_run {
        0
    } else {
        let (of, code, tag) = (layer.key().to_owned(), notice.code(), language.tag().to_owned());
        let version = app.store.save_words(of, code, tag, Some(source), caller.name(), clock::now()).await?;
        app.book.refresh().await?;
        version
    };
    Ok(no_store(Json(SavedAnswer { notice: notice.code(), language: language.tag(), version, warnings, dry_run })))
}

fn told(problem: &WordsTrouble) -> WordsProblem {
    WordsProblem {
        line: problem.at.line,
        column: problem.at.column,
        severity: if problem.trouble.severity() == Severity::Error { "error" } else { "warning" },
        detail: problem.trouble.say(Language::En),
    }
}

/// The warnings about words that can be saved; the errors of words that cannot.
fn checked(source: &str, notice: Notice, language: Language, app: &App) -> Result<Vec<WordsProblem>, Box<Problem>> {
    let refuse = |problems: Vec<WordsProblem>| {
        let at_line =
            |problem: &WordsProblem| FieldError::invalid(format!("/line/{}", problem.line), problem.detail.as_str());
        let errors = problems.iter().map(at_line);
        let detail = problems.iter().map(|p| format!("line {}: {}", p.line, p.detail)).collect::<Vec<_>>().join("; ");
        Problem::new("words-invalid", detail, "Fix the lines and save again.").with(errors.collect())
    };
    let words = Words::parse(source, language).map_err(|problems| refuse(problems.iter().map(told).collect()))?;
    if words.notice != notice {
        let detail = format!("the file says it is {}, and it was sent as {notice}", words.notice);
        return Err(refuse(vec![WordsProblem { line: 1, column: 1, severity: "error", detail }]));
    }
    let home = [app.config.public_host.clone(), app.config.shared.domain.clone()];
    let (errors, warnings): (Vec<_>, Vec<_>) =
        check::check(&words, &home).iter().map(told).partition(|problem| problem.severity == "error");
    if errors.is_empty() { Ok(warnings) } else { Err(refuse(errors)) }
}

/// Go back to the words of the layer below: the consortium's, or the built-in ones.
#[utoipa::path(delete, path = "/v1/libraries/{library}/notices/{notice}/{language}", tag = "notices", params(("library" = String, Path), ("notice" = String, Path), ("language" = String, Path)),
    responses((status = 200, body = SavedAnswer)), security(("key" = [])))]
pub async fn reset(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((name, notice, language)): Path<(String, String, String)>,
) -> Result<Response, Refusal> {
    let layer = Layer::of(&app, &caller, &name)?;
    let (notice, language) = (notice_from(&notice)?, language_from(&language)?);
    let (of, tag) = (layer.key().to_owned(), language.tag().to_owned());
    let version = app.store.save_words(of, notice.code(), tag, None, caller.name(), clock::now()).await?;
    app.book.refresh().await?;
    let answer =
        SavedAnswer { notice: notice.code(), language: language.tag(), version, warnings: Vec::new(), dry_run: false };
    Ok(no_store(Json(answer)))
}

/// A saved version.
#[derive(Debug, Serialize, ToSchema)]
pub struct VersionAnswer {
    version: i64,
    #[schema(value_type = String)]
    saved_at: jiff::Timestamp,
    saved_by: String,
    /// Absent where the words of the layer below were taken up again.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
}

/// Every saved version, the newest first.
#[utoipa::path(get, path = "/v1/libraries/{library}/notices/{notice}/{language}/versions", tag = "notices", params(("library" = String, Path), ("notice" = String, Path), ("language" = String, Path)),
    responses((status = 200, body = Vec<VersionAnswer>)), security(("key" = [])))]
pub async fn versions(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((name, notice, language)): Path<(String, String, String)>,
) -> Result<Response, Refusal> {
    let layer = Layer::of(&app, &caller, &name)?;
    let (notice, language) = (notice_from(&notice)?, language_from(&language)?);
    let saved = app.store.words_history(layer.key(), &notice.code(), language.tag()).await?;
    let data: Vec<VersionAnswer> = saved
        .into_iter()
        .map(|one| VersionAnswer {
            version: one.of.version,
            saved_at: one.saved_at,
            saved_by: one.saved_by,
            source: one.source,
        })
        .collect();
    Ok(no_store(Json(data)))
}

/// The switch of a notice.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchBody {
    on: bool,
}

/// Turn a notice on or off.
#[utoipa::path(put, path = "/v1/libraries/{library}/notices/{notice}", tag = "notices", params(("library" = String, Path), ("notice" = String, Path), DryRun), request_body = SwitchBody,
    responses((status = 200, body = Object)), security(("key" = [])))]
pub async fn switch(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((name, notice)): Path<(String, String)>,
    Query(DryRun { dry_run }): Query<DryRun>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let mut record = (*library(&app, &caller, &name)?).clone();
    let notice = notice_from(&notice)?;
    let SwitchBody { on } = read_json(&body)?;
    record.switches.insert(notice.code(), on);
    if !dry_run {
        app.store.put_libraries(vec![record], caller.name(), clock::now()).await?;
        app.book.refresh().await?;
    }
    Ok(no_store(Json(serde_json::json!({ "notice": notice.code(), "on": on, "dry_run": dry_run }))))
}

/// A notice written out with example values.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewAnswer {
    subject: String,
    text: String,
    html: String,
}

/// A notice written out with example values; with a source in the body, that source.
#[utoipa::path(post, path = "/v1/libraries/{library}/notices/{notice}/{language}/preview", tag = "notices", params(("library" = String, Path), ("notice" = String, Path), ("language" = String, Path)),
    request_body(content = String, content_type = "text/markdown"), responses((status = 200, body = PreviewAnswer), (status = 422, body = Problem)), security(("key" = [])))]
pub async fn preview(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((name, notice, language)): Path<(String, String, String)>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let layer = Layer::of(&app, &caller, &name)?;
    let (notice, language) = (notice_from(&notice)?, language_from(&language)?);
    let shown = layer.for_preview();
    let words = if body.is_empty() {
        app.book.words(layer.key(), notice, language).map(|(_, words)| words)
    } else {
        let source = String::from_utf8_lossy(&body);
        checked(&source, notice, language, &app)?;
        Words::parse(&source, language).ok().map(Arc::new)
    };
    let words = words.ok_or_else(|| Problem::new("not-found", "There are no such words.", ""))?;
    let today = clock::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let frame = Frame::of(&shown, notice.audience, language, today);
    let rendered = render(&words, &Fields::samples(language), &frame).map_err(|missing| {
        let names = missing.fields.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        Problem::new("words-invalid", format!("There is no example for {names}."), "")
    })?;
    Ok(no_store(Json(PreviewAnswer { subject: rendered.subject, text: rendered.text, html: rendered.html })))
}
