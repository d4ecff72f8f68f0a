//! A notice as its reader gets it, for the frame beside the editor.
//!
//! In: the words as they are typed or kept, a sample, a look. Out: the mail itself as a document of its own, with its
//! sender and subject above it. Its policy allows the inline styles that mail needs and nothing else: it is sandboxed, and
//! only our own pages frame it. Not here: whether the words are right (`notice_editor`).

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};

use super::notice_edited::Edited;
use super::notice_typed::Typed;
use super::oops::Oops;
use super::visit::Visit;
use super::{Answer, Web, notice_samples, words};
use crate::library::Library;
use crate::notice::Language;
use crate::notice::frame::Frame;
use crate::notice::render::{Rendered, render};
use crate::notice::value::Fields;
use crate::notice::words::Words;

/// No script, no picture from elsewhere, no form; styles as mail has them.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'self'; sandbox";

/// What is looked at, and how.
struct Look<'a> {
    language: Language,
    /// The name of a sample.
    sample: &'a str,
    /// `light`, `dark` or `text`.
    look: &'a str,
}

impl<'a> Look<'a> {
    /// What a form or a query asks for.
    fn of(asked: &'a HashMap<String, String>, library: &Library) -> Self {
        let text = |name: &str| asked.get(name).map_or("", String::as_str);
        let language = Language::from_tag(text("look_language")).filter(|one| library.languages.contains(one));
        Self {
            language: language.unwrap_or_else(|| library.language_for(None)),
            sample: text("sample"),
            look: text("look"),
        }
    }
}

#[derive(Template)]
#[template(path = "notice_preview.html")]
struct Head<'a> {
    from: String,
    reply_to: Option<String>,
    rendered: &'a Rendered,
    labels: [String; 3],
    language: Language,
    is_text: bool,
    is_dark: bool,
}

#[derive(Template)]
#[template(path = "notice_preview_wrong.html")]
struct Wrong {
    language: Language,
    title: String,
    problems: Vec<String>,
}

/// The preview of what is kept: the draft, or what is in force.
pub(super) async fn kept(
    State(web): State<Arc<Web>>,
    visit: Visit,
    edited: Edited,
    Query(asked): Query<HashMap<String, String>>,
) -> Answer {
    let typed = Typed::kept(&web, &edited).await?;
    document(&web, &visit, &edited, &typed, &Look::of(&asked, &edited.library))
}

/// The preview of what is typed.
pub(super) async fn typed(
    State(web): State<Arc<Web>>,
    visit: Visit,
    edited: Edited,
    Form(form): Form<HashMap<String, String>>,
) -> Answer {
    let typed = Typed::of_form(&web, &edited, &form);
    document(&web, &visit, &edited, &typed, &Look::of(&form, &edited.library))
}

/// The words as a reader gets them.
fn document(web: &Web, visit: &Visit, edited: &Edited, typed: &Typed, look: &Look<'_>) -> Answer {
    let (notice, library) = (edited.notice, &edited.library);
    let source = typed.parts(look.language).map(|parts| parts.source(notice)).ok_or(Oops::NotFound)?;
    let say = |name: &str| words::say(visit.language, name);
    let wrong = |problems: Vec<String>| Wrong { language: visit.language, title: say("preview-not-yet"), problems };
    let parsed = match Words::parse(&source, look.language) {
        Ok(parsed) => parsed,
        Err(problems) => {
            let problems = problems.iter().map(|problem| problem.trouble.say(visit.language));
            return Ok(framed(wrong(problems.collect()).render()?));
        }
    };
    let rendered = match written(&parsed, edited, look, visit) {
        Ok(rendered) => rendered,
        Err(fields) => {
            let held = words::fill(visit.language, "preview-held", &[("fields", fields.join(", ").into())]);
            return Ok(framed(wrong(vec![held]).render()?));
        }
    };
    let plan = web.senders.plan_for(library, look.language, None, &[], visit.now);
    let head = Head {
        from: format!("{} <{}>", plan.display_name, plan.from),
        reply_to: plan.reply_to.as_ref().map(ToString::to_string),
        labels: ["preview-from", "preview-reply-to", "preview-subject"].map(say),
        rendered: &rendered,
        language: look.language,
        is_text: look.look == "text",
        is_dark: look.look == "dark",
    };
    let head = head.render()?;
    Ok(framed(if look.look == "text" { head } else { with_head(&rendered.html, &head, look.look == "dark") }))
}

/// The letter with the sample's values, or the fields that are missing.
fn written(words: &Words, edited: &Edited, look: &Look<'_>, visit: &Visit) -> Result<Rendered, Vec<String>> {
    let (notice, library) = (edited.notice, &edited.library);
    let mut values = library.fields(look.language);
    let samples = notice_samples::values(look.sample, notice, look.language);
    values.extend(samples.into_iter().map(|(field, text)| (field.name().to_owned(), text)));
    let (fields, _, _) = Fields::from_pairs(values.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    let zone = jiff::tz::TimeZone::get(&library.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let frame = Frame::of(library, notice.audience, look.language, visit.now.to_zoned(zone).date());
    render(words, &fields, &frame).map_err(|missing| missing.fields)
}

/// The mail with sender and subject above it, in the light or the dark that was asked for and not the browser's own.
fn with_head(html: &str, head: &str, is_dark: bool) -> String {
    let (dark, scheme) = if is_dark { ("@media all", "dark") } else { ("@media not all", "light") };
    let Some((style, letter)) = html.split_once("<body") else { return html.to_owned() };
    let style = style.replace("@media (prefers-color-scheme: dark)", dark).replace("light dark", scheme);
    match letter.split_once("<table") {
        Some((body, letter)) => format!("{style}<body{body}{head}<table{letter}"),
        None => format!("{style}<body{letter}"),
    }
}

fn framed(html: String) -> Response {
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(html)).into_response()
}
