//! The notice editor: the words of one notice in the library's languages, side by side; saved as a draft or published.
//!
//! In: what is typed. Out: the page with its checks and its preview (`notice_preview`); a draft, which is kept whatever is
//! wrong with it; or a new version, which is checked first. Who published meanwhile is never overwritten unseen. Tests
//! (`notice_test`) and the past (`notice_history`) have files of their own.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use standards::domain::Domain;

use super::notice_samples::SAMPLES;
use super::notice_sms::{Texted, texted};
use super::notice_test::{self, Tested};
use super::notice_text::{Parts, Spot};
use super::notices::when;
use super::oops::Oops;
use super::shell::{Place, Shell};
use super::visit::Visit;
use super::{Answer, Web};
use crate::library::Library;
use crate::notice::catalogue::{Audience, Entry, Notice};
use crate::notice::field::Field;
use crate::notice::problem::{Problem, Severity};
use crate::notice::words::Words;
use crate::notice::{Language, check};
use crate::store::Draft;

/// The notice of a path, where its words can be edited.
pub(super) fn notice_of(code: &str) -> Result<Notice, Oops> {
    let notice = Notice::from_code(code).map_err(|_| Oops::NotFound)?;
    let is_edited = notice.audience != Audience::Operator && !notice.status.is_asked_for();
    if is_edited { Ok(notice) } else { Err(Oops::NotFound) }
}

pub(super) fn entry_of(notice: Notice) -> Result<&'static Entry, Oops> {
    notice.entry().ok_or(Oops::NotFound)
}

/// What is typed of one notice, by language, and the version it was begun from.
#[derive(Clone)]
pub(super) struct Typed(Vec<(Language, Parts, i64)>);

impl Typed {
    /// What is kept: the draft, or what is in force.
    pub(super) async fn kept(web: &Web, library: &Library, notice: Notice) -> Result<Self, Oops> {
        let drafts = web.store.drafts(&library.code).await?;
        let newest = newest(web, library, notice).await?;
        let of = |language: &Language| {
            let is_it = |draft: &&Draft| draft.notice == notice.code() && draft.language == language.tag();
            let draft = drafts.iter().find(is_it).map(|draft| Parts::of(&draft.source));
            let parts = draft.or_else(|| in_force(web, library, notice, *language)).unwrap_or_default();
            (*language, parts, newest.get(language.tag()).copied().unwrap_or(0))
        };
        Ok(Self(library.languages.iter().map(of).collect()))
    }

    /// What a form brings.
    pub(super) fn of_form(web: &Web, library: &Library, notice: Notice, form: &HashMap<String, String>) -> Self {
        let of = |language: &Language| {
            let text = |name: &str| form.get(&format!("{name}_{}", language.tag())).map_or("", String::as_str);
            let rest = in_force(web, library, notice, *language).map(|parts| parts.rest).unwrap_or_default();
            let parts = Parts::typed(["subject", "push", "sms"].map(text), text("body"), rest);
            (*language, parts, text("base").parse().unwrap_or(0))
        };
        Self(library.languages.iter().map(of).collect())
    }

    /// What is typed in `language`.
    pub(super) fn parts(&self, language: Language) -> Option<&Parts> {
        self.0.iter().find(|(one, ..)| *one == language).map(|(_, parts, _)| parts)
    }

    /// Those that say something else than what is in force.
    fn changed<'a>(
        &'a self,
        web: &'a Web,
        library: &'a Library,
        notice: Notice,
    ) -> impl Iterator<Item = (Language, &'a Parts)> {
        self.0
            .iter()
            .filter(move |(language, parts, _)| in_force(web, library, notice, *language).as_ref() != Some(parts))
            .map(|(language, parts, _)| (*language, parts))
    }
}

/// The words in force, taken apart.
fn in_force(web: &Web, library: &Library, notice: Notice, language: Language) -> Option<Parts> {
    web.book.words_text(&library.code, notice, language).map(|(_, source)| Parts::of(&source))
}

/// The newest version of the library's own words, by language; what was never written is absent.
async fn newest(web: &Web, library: &Library, notice: Notice) -> Result<HashMap<String, i64>, Oops> {
    let saved = web.store.words_of(&library.code).await?;
    let own = saved.into_iter().filter(|one| !one.of.library.is_empty() && one.of.notice == notice.code());
    Ok(own.map(|one| (one.of.language, one.of.version)).collect())
}

/// Something about the words, and the field it stands in.
pub(super) struct Finding {
    pub is_error: bool,
    pub field: String,
    pub words: String,
}

/// Everything about the words of `parts`, errors first.
pub(super) fn findings(
    web: &Web,
    shell: &Shell,
    library: &Library,
    notice: Notice,
    language: Language,
    parts: &Parts,
) -> Vec<Finding> {
    let mut home = vec![web.config.public_host.clone(), web.config.shared.domain.clone()];
    home.extend(library.from.as_ref().map(|from| from.domain().clone()));
    let page = library.url.as_deref().and_then(|url| url.split_once("://")).map(|(_, rest)| rest);
    home.extend(page.and_then(|rest| Domain::parse(rest.split(['/', ':', '?', '#']).next()?).ok()));
    let problems = match Words::parse(&parts.source(notice), language) {
        Ok(words) => check::check(&words, &home),
        Err(problems) => problems,
    };
    let finding = |problem: &Problem| {
        let (field, place) = match parts.spot(notice, problem.at.line) {
            Spot::Subject => ("subject", shell.say("editor-in-subject")),
            Spot::Push => ("push", shell.say("editor-in-push")),
            Spot::Sms => ("sms", shell.say("editor-in-sms")),
            Spot::Body(line) => ("body", shell.with("editor-in-body", "line", line)),
        };
        let is_error = problem.trouble.severity() == Severity::Error;
        let said = problem.trouble.say(shell.language());
        let words = shell.with2("editor-finding", ("place", place), ("what", said));
        let tongue = shell.say(&format!("language-{}", language.tag()));
        let words = if library.languages.len() > 1 { format!("{tongue}, {words}") } else { words };
        Finding { is_error, field: format!("{field}_{}", language.tag()), words }
    };
    let mut found: Vec<Finding> = problems.iter().map(finding).collect();
    found.sort_by_key(|finding| !finding.is_error);
    found
}

/// One language of the page.
struct Side {
    language: Language,
    name: String,
    parts: Parts,
    base: i64,
    lines: usize,
}

/// A field that can be put into the words.
struct Insert {
    name: &'static str,
    sample: String,
    /// What is put in: with `??` around it where it may be missing.
    text: String,
}

#[derive(Template)]
#[template(path = "notice_editor.html")]
pub(super) struct Editor {
    shell: Shell,
    code: String,
    label: String,
    when: String,
    is_patron: bool,
    sides: Vec<Side>,
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
    hides_titles: bool,
    no_phone: bool,
    changed_by: Option<String>,
}

/// What the editor is shown again with.
#[derive(Default)]
pub(super) struct Again {
    pub typed: Option<Typed>,
    /// Field and words.
    pub wrong: Vec<(String, String)>,
    pub test_to: String,
    pub changed_by: Option<String>,
}

/// `?tested=` names the message of a test.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    tested: String,
}

fn shell_of(visit: &Visit, notice: Notice, is_wrong: bool) -> Shell {
    let (list, path) = match notice.audience {
        Audience::Patron => ("patron-notices-title", "/ill-admin/patron-notices"),
        _ => ("staff-notices-title", "/ill-admin/staff-notices"),
    };
    visit
        .shell("editor-title")
        .at(Place::Notices)
        .below("nav-ill-admin", "/ill-admin")
        .below("record-title", "/ill-admin/participant-record")
        .below(list, path)
        .wrong(is_wrong)
}

pub(super) async fn page(web: &Web, visit: &Visit, notice: Notice, again: Again, tested: &str) -> Result<Editor, Oops> {
    let library = visit.library()?;
    let shell = shell_of(visit, notice, !again.wrong.is_empty());
    let entry = entry_of(notice)?;
    let kept = Typed::kept(web, library, notice).await?;
    let typed = again.typed.unwrap_or(kept);
    let drafts = web.store.drafts(&library.code).await?;
    let draft = drafts.into_iter().filter(|draft| draft.notice == notice.code()).max_by_key(|draft| draft.saved_at);
    let findings: Vec<Finding> = typed
        .0
        .iter()
        .flat_map(|(language, parts, _)| findings(web, &shell, library, notice, *language, parts))
        .collect();
    let said = |(language, parts, _): &(Language, Parts, i64)| texted(&shell, library, notice, *language, parts);
    let texts: Vec<Texted> = typed.0.iter().filter_map(said).collect();
    let side = |(language, parts, base): (Language, Parts, i64)| Side {
        language,
        name: shell.say(&format!("language-{}", language.tag())),
        lines: parts.body.lines().map(|line| 1 + line.chars().count() / LINE_LETTERS).sum::<usize>().clamp(12, 30),
        parts,
        base,
    };
    let first = library.language_for(None);
    let insert = |field: Field| {
        let name = field.name();
        let text =
            if field.always_comes_with(notice) { format!("(({name}))") } else { format!("(({name}??(({name}))))") };
        Insert { name, sample: field.sample(first).replace('\n', "; "), text }
    };
    let own_address = again.test_to.is_empty().then(|| notice_test::usual_address(visit)).flatten();
    Ok(Editor {
        code: notice.code(),
        label: entry.label(shell.language()).to_owned(),
        when: shell.say(&when(notice)),
        is_patron: notice.audience == Audience::Patron,
        draft: draft
            .map(|draft| shell.with2("editor-draft", ("by", draft.saved_by), ("when", shell.ago(&draft.saved_at)))),
        sides: typed.0.into_iter().map(side).collect(),
        fields: notice.fields().map(insert).collect(),
        samples: SAMPLES.iter().map(|(name, words)| (*name, shell.say(words))).collect(),
        findings,
        texts,
        wrong: again.wrong,
        tested: notice_test::tested(web, visit, &shell, tested).await?,
        test_to: own_address.unwrap_or(again.test_to),
        hides_titles: library.hide_titles,
        no_phone: library.phone.is_none(),
        changed_by: again.changed_by,
        shell,
    })
}

/// Letters on one line of the letter's field, to give it as many lines as it fills.
const LINE_LETTERS: usize = 48;

/// The page.
pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path((_, code)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Answer {
    let notice = notice_of(&code)?;
    visit.page(&page(&web, &visit, notice, Again::default(), &asked.tested).await?)
}

/// Keeps what is typed as a draft; where it says what is in force already, there is none.
pub(super) async fn keep(web: &Web, visit: &Visit, notice: Notice, typed: &Typed) -> Result<(), Oops> {
    let library = visit.library()?;
    let draft = |(language, parts): (Language, &Parts)| Draft {
        notice: notice.code(),
        language: language.tag().to_owned(),
        source: parts.source(notice),
        saved_at: visit.now,
        saved_by: visit.by(),
    };
    let drafts: Vec<Draft> = typed.changed(web, library, notice).map(draft).collect();
    web.store.drop_drafts(library.code.clone(), notice.code()).await?;
    if !drafts.is_empty() {
        web.store.put_drafts(library.code.clone(), drafts).await?;
    }
    Ok(())
}

/// Saves a draft, whatever is wrong with it.
pub(super) async fn save(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path((_, code)): Path<(String, String)>,
    Form(form): Form<HashMap<String, String>>,
) -> Answer {
    let notice = notice_of(&code)?;
    let library = visit.library()?;
    keep(&web, &visit, notice, &Typed::of_form(&web, library, notice, &form)).await?;
    visit.done(&format!("/staff/{}/ill-admin/notices/{notice}", library.code), "draft-saved")
}

/// The page with the checks of what is typed; nothing is kept.
pub(super) async fn checks(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path((_, code)): Path<(String, String)>,
    Form(form): Form<HashMap<String, String>>,
) -> Answer {
    let notice = notice_of(&code)?;
    let typed = Typed::of_form(&web, visit.library()?, notice, &form);
    visit.page(&page(&web, &visit, notice, Again { typed: Some(typed), ..Again::default() }, "").await?)
}

/// Ends the draft.
pub(super) async fn discard(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path((_, code)): Path<(String, String)>,
) -> Answer {
    let notice = notice_of(&code)?;
    let library = visit.library()?;
    web.store.drop_drafts(library.code.clone(), notice.code()).await?;
    visit.done(&format!("/staff/{}/ill-admin/notices/{notice}", library.code), "draft-discarded")
}

/// What keeps `typed` from leaving: errors, by field.
pub(super) fn errors(web: &Web, visit: &Visit, notice: Notice, typed: &Typed) -> Result<Vec<(String, String)>, Oops> {
    let library = visit.library()?;
    let shell = shell_of(visit, notice, true);
    let all = typed.0.iter().flat_map(|(language, parts, _)| findings(web, &shell, library, notice, *language, parts));
    Ok(all.filter(|finding| finding.is_error).map(|finding| (finding.field, finding.words)).collect())
}

/// Publishes what is typed: a new version in each language that says something new.
pub(super) async fn publish(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path((_, code)): Path<(String, String)>,
    Form(form): Form<HashMap<String, String>>,
) -> Answer {
    let notice = notice_of(&code)?;
    let library = Arc::clone(visit.library()?);
    let typed = Typed::of_form(&web, &library, notice, &form);
    let wrong = errors(&web, &visit, notice, &typed)?;
    if !wrong.is_empty() {
        let again = Again { typed: Some(typed), wrong, ..Again::default() };
        return visit.again(&page(&web, &visit, notice, again, "").await?);
    }
    if let Some(by) = published_meanwhile(&web, &library, notice, &typed).await? {
        let newest = newest(&web, &library, notice).await?;
        let mut typed = typed;
        for (language, _, base) in &mut typed.0 {
            *base = newest.get(language.tag()).copied().unwrap_or(0);
        }
        let words = visit.shell("editor-title").with("editor-changed-meanwhile", "by", by.clone());
        let wrong = vec![(format!("body_{}", library.language_for(None).tag()), words)];
        let again = Again { typed: Some(typed), wrong, changed_by: Some(by), ..Again::default() };
        return visit.again(&page(&web, &visit, notice, again, "").await?);
    }
    let changed: Vec<(Language, String)> =
        typed.changed(&web, &library, notice).map(|(language, parts)| (language, parts.source(notice))).collect();
    let place = format!("/staff/{}/ill-admin/notices/{notice}", library.code);
    web.store.drop_drafts(library.code.clone(), notice.code()).await?;
    if changed.is_empty() {
        return visit.done(&place, "notice-same");
    }
    for (language, source) in changed {
        let (of, code, tag) = (library.code.to_string(), notice.code(), language.tag().to_owned());
        web.store.save_words(of, code, tag, Some(source), visit.by(), visit.now).await?;
    }
    web.book.refresh().await?;
    visit.done(&place, "notice-published")
}

/// Who published while this was written, where somebody did.
async fn published_meanwhile(
    web: &Web,
    library: &Library,
    notice: Notice,
    typed: &Typed,
) -> Result<Option<String>, Oops> {
    let saved = web.store.words_of(&library.code).await?;
    let newer = saved.into_iter().find(|one| {
        let base = typed.0.iter().find(|(language, ..)| language.tag() == one.of.language).map(|(.., base)| *base);
        !one.of.library.is_empty() && one.of.notice == notice.code() && base.is_some_and(|base| base < one.of.version)
    });
    Ok(newer.map(|one| one.saved_by))
}
