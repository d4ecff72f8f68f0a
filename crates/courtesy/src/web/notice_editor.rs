//! The notice editor: the words of one notice in both languages, side by side; saved as a draft or published. One editor for
//! a library's words and for the consortium's (`notice_edited` says in what they differ).
//!
//! In: what is typed. Out: the page with its checks and its preview (`notice_preview`); a draft, which is kept whatever is
//! wrong with it; or a new version, which is checked first. Who published meanwhile is never overwritten unseen. Tests
//! (`notice_test`) and the past (`notice_history`) have files of their own.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use serde::Deserialize;

use super::notice_edited::Edited;
use super::notice_samples::SAMPLES;
use super::notice_sms::{Texted, texted};
use super::notice_test::{self, As, Tested};
use super::notice_text::Parts;
use super::notice_typed::{Finding, Side, Typed};
use super::oops::Oops;
use super::shell::Shell;
use super::visit::Visit;
use super::{Answer, Web};
use crate::notice::Language;
use crate::notice::catalogue::Audience;
use crate::notice::field::Field;
use crate::store::Draft;

/// Letters on one line of the letter's field, to give it as many lines as it fills.
const LINE_LETTERS: usize = 40;

/// Lines of the letter's field: fewer are no room to write in, more are no page to look at.
const LINES: std::ops::RangeInclusive<usize> = 12..=30;

/// One language of the page.
struct Shown {
    language: Language,
    name: String,
    parts: Parts,
    base: i64,
    lines: usize,
}

impl Shown {
    fn of(shell: &Shell, side: &Side) -> Self {
        let (language, parts, base) = (side.language, side.parts.clone(), side.base);
        let filled = parts.body.lines().map(|line| 1 + line.chars().count() / LINE_LETTERS).sum::<usize>();
        Self { language, name: shell.tongue(language), lines: filled.clamp(*LINES.start(), *LINES.end()), parts, base }
    }
}

/// A field that can be put into the words.
struct Insert {
    name: &'static str,
    sample: String,
    /// What is put in: with `??` around it where it may be missing.
    text: String,
}

impl Insert {
    fn of(field: Field, edited: &Edited) -> Self {
        let name = field.name();
        let always = field.always_comes_with(edited.notice);
        let text = if always { format!("(({name}))") } else { format!("(({name}??(({name}))))") };
        let first = edited.library.language_for(None);
        Self { name, sample: field.sample(first).replace('\n', "; "), text }
    }
}

#[derive(Template)]
#[template(path = "notice_editor.html")]
pub(super) struct Editor {
    shell: Shell,
    edited: Edited,
    place: String,
    label: String,
    about: String,
    is_patron: bool,
    sides: Vec<Shown>,
    /// Who saved the draft, and when, in words.
    draft: Option<String>,
    fields: Vec<Insert>,
    samples: Vec<(&'static str, String)>,
    findings: Vec<Finding>,
    /// What it says as text messages, in each language.
    texts: Vec<Texted>,
    /// What keeps it from being published or tested, for the summary above.
    wrong: Vec<(String, String)>,
    tested: Option<Tested>,
    test_to: String,
    /// In whose name a test can be sent, where that is to be chosen.
    test_as: Vec<As>,
    is_overtaken: bool,
}

/// What the editor is shown again with.
#[derive(Default)]
pub(super) struct Again {
    pub typed: Option<Typed>,
    /// Field and words.
    pub wrong: Vec<(String, String)>,
    pub test_to: String,
    pub test_as: String,
    /// Whether somebody published while this was written.
    pub is_overtaken: bool,
}

/// `?tested=` names the message of a test.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    tested: String,
}

pub(super) async fn page(web: &Web, visit: &Visit, edited: Edited, again: Again, tested: &str) -> Result<Editor, Oops> {
    let shell = edited.around(visit, "editor-title").wrong(!again.wrong.is_empty());
    let typed = match again.typed {
        Some(typed) => typed,
        None => Typed::kept(web, &edited).await?,
    };
    let drafts = web.store.drafts(edited.whose()).await?;
    let drafts = drafts.into_iter().filter(|draft| draft.notice == edited.notice.code());
    let draft = drafts.max_by_key(|draft| draft.saved_at);
    let tested = notice_test::tested(web, &edited, &shell, tested).await?;
    let test_as = tested.as_ref().map_or(again.test_as.as_str(), |tested| tested.library.as_str());
    let own_address = again.test_to.is_empty().then(|| notice_test::usual_address(visit)).flatten();
    let said = |side: &Side| texted(&shell, &edited.library, edited.notice, side.language, &side.parts);
    let mut sides: Vec<Shown> = typed.0.iter().map(|side| Shown::of(&shell, side)).collect();
    // As high as each other, so that what follows stands beside its like.
    let lines = sides.iter().map(|side| side.lines).max().unwrap_or(*LINES.start());
    sides.iter_mut().for_each(|side| side.lines = lines);
    Ok(Editor {
        place: edited.editor(),
        label: edited.label(shell.language())?,
        about: edited.about(web, &shell).await?,
        is_patron: edited.notice.audience == Audience::Patron,
        draft: draft
            .map(|draft| shell.with2("editor-draft", ("by", draft.saved_by), ("when", shell.ago(&draft.saved_at)))),
        fields: edited.notice.fields().map(|field| Insert::of(field, &edited)).collect(),
        samples: SAMPLES.iter().map(|(name, words)| (*name, shell.say(words))).collect(),
        findings: typed.findings(web, &shell, &edited),
        texts: typed.0.iter().filter_map(said).collect(),
        sides,
        wrong: again.wrong,
        test_as: notice_test::choices(web, &shell, &edited, test_as),
        tested,
        test_to: own_address.unwrap_or(again.test_to),
        is_overtaken: again.is_overtaken,
        edited,
        shell,
    })
}

/// The page.
pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visit: Visit,
    edited: Edited,
    Query(asked): Query<Asked>,
) -> Answer {
    visit.page(&page(&web, &visit, edited, Again::default(), &asked.tested).await?)
}

/// Keeps what is typed as a draft; where it says what is in force already, there is none.
pub(super) async fn keep(web: &Web, visit: &Visit, edited: &Edited, typed: &Typed) -> Result<(), Oops> {
    let draft = |(language, source): (Language, String)| Draft {
        notice: edited.notice.code(),
        language: language.tag().to_owned(),
        source,
        saved_at: visit.now,
        saved_by: visit.by(),
    };
    let drafts: Vec<Draft> = typed.changed(web, edited).into_iter().map(draft).collect();
    web.store.drop_drafts(edited.whose().to_owned(), edited.notice.code()).await?;
    if !drafts.is_empty() {
        web.store.put_drafts(edited.whose().to_owned(), drafts).await?;
    }
    Ok(())
}

/// Saves a draft, whatever is wrong with it.
pub(super) async fn save(
    State(web): State<Arc<Web>>,
    visit: Visit,
    edited: Edited,
    Form(form): Form<HashMap<String, String>>,
) -> Answer {
    keep(&web, &visit, &edited, &Typed::of_form(&web, &edited, &form)).await?;
    visit.done(&edited.editor(), "draft-saved")
}

/// The page with the checks of what is typed; nothing is kept.
pub(super) async fn checks(
    State(web): State<Arc<Web>>,
    visit: Visit,
    edited: Edited,
    Form(form): Form<HashMap<String, String>>,
) -> Answer {
    let typed = Some(Typed::of_form(&web, &edited, &form));
    visit.page(&page(&web, &visit, edited, Again { typed, ..Again::default() }, "").await?)
}

/// Ends the draft.
pub(super) async fn discard(State(web): State<Arc<Web>>, visit: Visit, edited: Edited) -> Answer {
    web.store.drop_drafts(edited.whose().to_owned(), edited.notice.code()).await?;
    visit.done(&edited.editor(), "draft-discarded")
}

/// Publishes what is typed: a new version in each language that says something new.
pub(super) async fn publish(
    State(web): State<Arc<Web>>,
    visit: Visit,
    edited: Edited,
    Form(form): Form<HashMap<String, String>>,
) -> Answer {
    let mut typed = Typed::of_form(&web, &edited, &form);
    let shell = edited.around(&visit, "editor-title");
    let mut wrong = typed.errors(&web, &shell, &edited);
    let mut is_overtaken = false;
    if wrong.is_empty()
        && let Some((language, by)) = typed.overtaken(&web, &edited).await?
    {
        wrong.push((format!("body_{}", language.tag()), shell.with("editor-changed-meanwhile", "by", by)));
        is_overtaken = true;
    }
    if !wrong.is_empty() {
        let again = Again { typed: Some(typed), wrong, is_overtaken, ..Again::default() };
        return visit.again(&page(&web, &visit, edited, again, "").await?);
    }
    let changed = typed.changed(&web, &edited);
    web.store.drop_drafts(edited.whose().to_owned(), edited.notice.code()).await?;
    if changed.is_empty() {
        return visit.done(&edited.editor(), "notice-same");
    }
    for (language, source) in changed {
        let (of, code, tag) = (edited.whose().to_owned(), edited.notice.code(), language.tag().to_owned());
        web.store.save_words(of, code, tag, Some(source), visit.by(), visit.now).await?;
    }
    web.book.refresh().await?;
    visit.done(&edited.editor(), "notice-published")
}
