//! The words of one notice as somebody writes them, in each language, and what there is to say about them.
//!
//! In: what is kept, or what a form brings. Out: its parts by language; what is wrong with them, field by field; what they change
//! against the words in force; and whether somebody else published meanwhile. Not here: the page (`notice_editor`), the fields
//! of one language (`notice_text`).

use std::collections::HashMap;

use standards::domain::Domain;

use super::Web;
use super::notice_edited::Edited;
use super::notice_history::saved;
use super::notice_text::{Parts, Spot};
use super::oops::Oops;
use super::shell::Shell;
use crate::library::Library;
use crate::notice::catalogue::Notice;
use crate::notice::problem::{Problem, Severity};
use crate::notice::words::Words;
use crate::notice::{Language, check};

/// What is typed in one language.
#[derive(Clone)]
pub(super) struct Side {
    pub language: Language,
    pub parts: Parts,
    /// The newest version of the owner's words when it was begun; 0: there was none.
    pub base: i64,
}

/// What is typed of one notice.
#[derive(Clone)]
pub(super) struct Typed(pub(super) Vec<Side>);

impl Typed {
    /// What is kept: the draft, or what is in force.
    pub(super) async fn kept(web: &Web, edited: &Edited) -> Result<Self, Oops> {
        let mut drafts = web.store.drafts(edited.whose()).await?;
        drafts.retain(|draft| draft.notice == edited.notice.code());
        let newest = newest(web, edited).await?;
        let side = |language: &Language| {
            let draft = drafts.iter().find(|draft| draft.language == language.tag());
            let parts = draft.map(|draft| Parts::of(&draft.source)).or_else(|| in_force(web, edited, *language));
            let base = newest.iter().find(|(one, ..)| one == language).map_or(0, |(_, version, _)| *version);
            Side { language: *language, parts: parts.unwrap_or_default(), base }
        };
        Ok(Self(edited.library.languages.iter().map(side).collect()))
    }

    /// What a form brings.
    pub(super) fn of_form(web: &Web, edited: &Edited, form: &HashMap<String, String>) -> Self {
        let side = |language: &Language| {
            let text = |name: &str| form.get(&format!("{name}_{}", language.tag())).map_or("", String::as_str);
            let rest = in_force(web, edited, *language).map(|parts| parts.rest).unwrap_or_default();
            let parts = Parts::typed(["subject", "push", "sms"].map(text), text("body"), rest);
            Side { language: *language, parts, base: text("base").parse().unwrap_or(0) }
        };
        Self(edited.library.languages.iter().map(side).collect())
    }

    /// What is typed in `language`.
    pub(super) fn parts(&self, language: Language) -> Option<&Parts> {
        self.0.iter().find(|side| side.language == language).map(|side| &side.parts)
    }

    /// The sources of those that say something else than what is in force.
    pub(super) fn changed(&self, web: &Web, edited: &Edited) -> Vec<(Language, String)> {
        let changed = self.0.iter().filter(|side| in_force(web, edited, side.language).as_ref() != Some(&side.parts));
        changed.map(|side| (side.language, side.parts.source(edited.notice))).collect()
    }

    /// Everything about it, errors first in each language.
    pub(super) fn findings(&self, web: &Web, shell: &Shell, edited: &Edited) -> Vec<Finding> {
        let of = |side: &Side| findings(web, shell, &edited.library, edited.notice, side.language, &side.parts);
        self.0.iter().flat_map(of).collect()
    }

    /// What keeps it from leaving: fields and words.
    pub(super) fn errors(&self, web: &Web, shell: &Shell, edited: &Edited) -> Vec<(String, String)> {
        let errors = self.findings(web, shell, edited).into_iter().filter(|finding| finding.is_error);
        errors.map(|finding| (finding.field, finding.words)).collect()
    }

    /// In which language somebody published while this was written, and who. From now on it counts as begun after that.
    pub(super) async fn overtaken(&mut self, web: &Web, edited: &Edited) -> Result<Option<(Language, String)>, Oops> {
        let mut first = None;
        for (language, version, by) in newest(web, edited).await? {
            if let Some(side) = self.0.iter_mut().find(|side| side.language == language && side.base < version) {
                side.base = version;
                first.get_or_insert((language, by));
            }
        }
        Ok(first)
    }
}

/// The words in force, taken apart.
fn in_force(web: &Web, edited: &Edited, language: Language) -> Option<Parts> {
    web.book.words_text(edited.whose(), edited.notice, language).map(|(_, source)| Parts::of(&source))
}

/// The newest version of the owner's words in each language, and who saved it; what was never written is absent.
async fn newest(web: &Web, edited: &Edited) -> Result<Vec<(Language, i64, String)>, Oops> {
    let saved = saved(web, edited).await?.into_iter();
    let newest = saved.filter_map(|(language, all)| Some((language, all.into_iter().next()?)));
    Ok(newest.map(|(language, one)| (language, one.of.version, one.saved_by)).collect())
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
    let problems = match Words::parse(&parts.source(notice), language) {
        Ok(words) => check::check(&words, &home(web, library)),
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
        let words = if library.languages.len() > 1 { format!("{}, {words}", shell.tongue(language)) } else { words };
        Finding { is_error, field: format!("{field}_{}", language.tag()), words }
    };
    let mut found: Vec<Finding> = problems.iter().map(finding).collect();
    found.sort_by_key(|finding| !finding.is_error);
    found
}

/// Domains to which words may lead without a remark: ours, and the library's.
fn home(web: &Web, library: &Library) -> Vec<Domain> {
    let mut home = vec![web.config.public_host.clone(), web.config.shared.domain.clone()];
    home.extend(library.from.as_ref().map(|from| from.domain().clone()));
    let page = library.url.as_deref().and_then(|url| url.split_once("://")).map(|(_, rest)| rest);
    home.extend(page.and_then(|rest| Domain::parse(rest.split(['/', ':', '?', '#']).next()?).ok()));
    home
}
