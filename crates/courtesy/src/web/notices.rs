//! Patron Notices: every notice of a library by stage, on or off, whose words it is said in, and how often it was sent.
//!
//! In: a library. Out: the list, and its switches, one by one or many at once, each with a way back. Staff Notices
//! (`staff_notices`) shows its lines with the same parts. Not here: the words themselves (`notice_editor`).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use jiff::SignedDuration;
use serde::Deserialize;

use super::form::encoded;
use super::oops::Oops;
use super::shell::{Place, Shell};
use super::visit::{Visit, lead_to};
use super::{Answer, Web, staff_notices};
use crate::http::libraries::change;
use crate::library::{By, Library};
use crate::notice::Language;
use crate::notice::catalogue::{Audience, Entry, NOTICES, Notice, Stage};
use crate::sender::SenderKind;
use crate::staff::Right;
use crate::store::{COUNTED_OF_NOTICE_MAX, SavedWords};

/// How far back the number of notices sent reaches.
const DAYS: i64 = 30;

/// The stages of a patron's loan, in order, with their words.
const STAGES: [(Stage, &str); 4] = [
    (Stage::Requested, "notices-requested"),
    (Stage::Arrived, "notices-arrived"),
    (Stage::OnLoan, "notices-on-loan"),
    (Stage::Ended, "notices-ended"),
];

/// What the list can be narrowed to: its value, and its words.
const SHOWS: [(&str, &str); 6] = [
    ("", "notices-show-all"),
    ("on", "notices-show-on"),
    ("off", "notices-show-off"),
    ("yours", "notices-show-yours"),
    ("missing", "notices-show-missing"),
    ("changed", "notices-show-changed"),
];

/// One notice of the list.
pub(super) struct Line {
    pub code: String,
    pub label: String,
    /// When it is sent, in a sentence.
    pub when: String,
    pub is_on: bool,
    /// Whose words it is said in.
    pub words: String,
    /// Whether those words are the library's own.
    is_own: bool,
    /// The language in which the library has no words of its own, though it has some in the other one.
    pub missing: Option<String>,
    /// Whether the consortium has changed its words since the library wrote its own.
    pub is_behind: bool,
    pub has_draft: bool,
    /// How many were made lately, in words; none where there were none.
    pub sent: Option<String>,
}

impl Line {
    fn fits(&self, show: &str) -> bool {
        match show {
            "on" => self.is_on,
            "off" => !self.is_on,
            "yours" => self.is_own,
            "missing" => self.missing.is_some(),
            "changed" => self.is_behind,
            _ => true,
        }
    }
}

/// A narrower list.
struct Show {
    words: String,
    href: String,
    is_here: bool,
}

/// What was just switched, to be switched back.
pub(super) struct Turned {
    pub words: String,
    pub codes: Vec<String>,
    /// What it is switched to by going back: `on` or `off`.
    pub back: &'static str,
}

#[derive(Template)]
#[template(path = "notices.html")]
struct Notices {
    shell: Shell,
    /// `good`, `warn`: whether notices leave in a name that is proven.
    sending_as: String,
    /// When patrons are reminded.
    reminds: String,
    shows: Vec<Show>,
    groups: Vec<(String, Vec<Line>)>,
    is_empty: bool,
    turned: Option<Turned>,
    wrong: Option<String>,
    may_edit: bool,
}

/// How the list is narrowed, and what was switched.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    show: String,
    /// Codes, comma separated.
    pub turned: String,
    /// `on` or `off`.
    pub to: String,
}

/// Whether `library` sends `entry`.
pub(super) fn is_on(web: &Web, library: &Library, entry: &Entry) -> bool {
    library.sends(entry, web.config.digest.by_default)
}

/// The name of the words that say when a notice is sent.
pub(super) fn when(notice: Notice) -> String {
    format!("when-{}", notice.code().replace(['_', '.'], "-"))
}

/// The notices that a library can switch, of these audiences.
pub(super) fn of(audiences: &[Audience]) -> impl Iterator<Item = &'static Entry> {
    let is_switched = |entry: &&Entry| !entry.notice.status.is_asked_for();
    NOTICES.iter().filter(is_switched).filter(|entry| audiences.contains(&entry.notice.audience))
}

/// Lines of these notices.
pub(super) async fn lines(
    web: &Web,
    visit: &Visit,
    shell: &Shell,
    entries: &[&'static Entry],
) -> Result<Vec<Line>, Oops> {
    let library = visit.library()?;
    let since = visit.now.checked_sub(SignedDuration::from_hours(24 * DAYS)).unwrap_or(visit.now);
    let codes: Vec<Notice> = entries.iter().map(|entry| entry.notice).collect();
    let sent = web.store.sent_of_notices(&library.code, &codes, since).await?;
    let drafts = web.store.drafts(library.code.as_str()).await?;
    let drafts: BTreeSet<String> = drafts.into_iter().map(|draft| draft.notice).collect();
    let mut saved: HashMap<(bool, String, String), SavedWords> = HashMap::new();
    for words in web.store.words_of(&library.code).await? {
        let key = (words.of.library.is_empty(), words.of.notice.clone(), words.of.language.clone());
        saved.insert(key, words);
    }
    let line = |entry: &&'static Entry| {
        let code = entry.notice.code();
        let of = |is_consortium: bool, language: Language| {
            let words = saved.get(&(is_consortium, code.clone(), language.tag().to_owned()));
            words.filter(|words| words.source.is_some())
        };
        let own: Vec<_> = library.languages.iter().filter_map(|language| of(false, *language)).collect();
        let lacks = library.languages.iter().find(|language| of(false, **language).is_none());
        let is_behind = library.languages.iter().any(|language| {
            let pair = of(false, *language).zip(of(true, *language));
            pair.is_some_and(|(own, shared)| shared.saved_at > own.saved_at)
        });
        let words = match own.iter().map(|words| words.of.version).max() {
            Some(version) => shell.with("notices-words-own", "version", version),
            None if library.languages.iter().any(|language| of(true, *language).is_some()) => {
                shell.say("notices-words-shared")
            }
            None => shell.say("notices-words-standard"),
        };
        let missing = lacks.filter(|_| !own.is_empty()).map(|language| shell.say(missing_in(*language)));
        Line {
            label: entry.label(shell.language()).to_owned(),
            when: shell.say(&when(entry.notice)),
            is_on: is_on(web, library, entry),
            words,
            is_own: !own.is_empty(),
            missing,
            is_behind,
            has_draft: drafts.contains(&code),
            sent: sent.get(&code).copied().filter(|count| *count > 0).map(|count| {
                let is_cut = count >= COUNTED_OF_NOTICE_MAX;
                shell.with(if is_cut { "home-more-than" } else { "number" }, "count", count)
            }),
            code,
        }
    };
    Ok(entries.iter().map(line).collect())
}

fn missing_in(language: Language) -> &'static str {
    match language {
        Language::En => "notices-missing-en",
        Language::Fr => "notices-missing-fr",
    }
}

/// What `asked` says was switched.
pub(super) fn turned(shell: &Shell, asked: &Asked) -> Option<Turned> {
    let entries: Vec<&Entry> =
        asked.turned.split(',').filter_map(|code| Notice::from_code(code).ok()?.entry()).collect();
    let (done, many, back) = match asked.to.as_str() {
        "on" => ("notices-turned-on", "notices-turned-many-on", "off"),
        "off" => ("notices-turned-off", "notices-turned-many-off", "on"),
        _ => return None,
    };
    let words = match entries.as_slice() {
        [] => return None,
        [one] => shell.with(done, "notice", one.label(shell.language())),
        all => shell.with(many, "count", all.len()),
    };
    Some(Turned { words, codes: entries.iter().map(|entry| entry.notice.code()).collect(), back })
}

/// In whose name notices leave, in a sentence.
pub(super) fn sending_as(web: &Web, visit: &Visit, shell: &Shell) -> Result<String, Oops> {
    let plan = web.senders.plan(visit.library()?, &[], visit.now);
    Ok(match plan.sender {
        SenderKind::Shared => shell.with("notices-as-shared", "from", plan.from.to_string()),
        _ => shell.with("notices-as-own", "from", plan.from.to_string()),
    })
}

async fn page(web: &Web, visit: &Visit, asked: &Asked, wrong: Option<String>) -> Result<Notices, Oops> {
    let shell = visit
        .shell("patron-notices-title")
        .at(Place::Notices)
        .below("nav-ill-admin", "/ill-admin")
        .below("record-title", "/ill-admin/participant-record")
        .wrong(wrong.is_some());
    let entries: Vec<_> = of(&[Audience::Patron]).collect();
    let mut all = lines(web, visit, &shell, &entries).await?;
    all.retain(|line| line.fits(&asked.show));
    let mut groups: Vec<(String, Vec<Line>)> = STAGES.iter().map(|(_, words)| (shell.say(words), Vec::new())).collect();
    for line in all {
        let stage = Notice::from_code(&line.code).ok().and_then(Notice::entry).map(|entry| entry.stage);
        let place = STAGES.iter().position(|(one, _)| Some(*one) == stage);
        if let Some((_, lines)) = place.and_then(|place| groups.get_mut(place)) {
            lines.push(line);
        }
    }
    groups.retain(|(_, lines)| !lines.is_empty());
    let path = shell.to("/ill-admin/patron-notices");
    let shows = SHOWS.iter().map(|(value, words)| Show {
        words: shell.say(words),
        href: if value.is_empty() { path.clone() } else { format!("{path}?show={value}") },
        is_here: asked.show == *value,
    });
    Ok(Notices {
        sending_as: sending_as(web, visit, &shell)?,
        reminds: super::timing::in_words(web, &shell, visit.library()?),
        shows: shows.collect(),
        is_empty: groups.is_empty(),
        groups,
        turned: turned(&shell, asked),
        wrong,
        may_edit: visit.may(Right::EditNotices),
        shell,
    })
}

/// The list.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit, Query(asked): Query<Asked>) -> Answer {
    visit.page(&page(&web, &visit, &asked, None).await?)
}

/// Which notices are to be switched, and where the form was.
struct Switch {
    notices: Vec<&'static Entry>,
    on: Option<bool>,
    is_staff: bool,
}

impl Switch {
    fn of(pairs: &[(String, String)]) -> Self {
        let values =
            |wanted: &'static str| pairs.iter().filter(move |(name, _)| name == wanted).map(|(_, value)| value);
        let switched = |entry: &&Entry| !entry.notice.status.is_asked_for();
        let notices = values("notice").filter_map(|code| Notice::from_code(code).ok()?.entry()).filter(switched);
        let on = values("to").find_map(|to| match to.as_str() {
            "on" => Some(true),
            "off" => Some(false),
            _ => None,
        });
        Self { notices: notices.collect(), on, is_staff: values("list").any(|list| list == "staff") }
    }
}

/// Switches notices on or off. Those that stood so already are left alone, and so by the way back.
pub(super) async fn switch(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Answer {
    let library = Arc::clone(visit.library()?);
    let wish = Switch::of(&pairs);
    let (Some(on), false) = (wish.on, wish.notices.is_empty()) else {
        let wrong = visit.shell("patron-notices-title").say("notices-none-chosen");
        if wish.is_staff {
            return staff_notices::again(&web, &visit, wrong).await;
        }
        return visit.again(&page(&web, &visit, &Asked::default(), Some(wrong)).await?);
    };
    let changed: Vec<String> = wish
        .notices
        .iter()
        .filter(|entry| is_on(&web, &library, entry) != on)
        .map(|entry| entry.notice.code())
        .collect();
    let by = if visit.may(Right::Consortium) { By::Consortium } else { By::Library };
    let codes = changed.clone();
    let problems = change(&web, &library.code, by, visit.by(), |library| {
        library.switches.extend(codes.into_iter().map(|code| (code, on)));
    })
    .await?;
    if !problems.is_empty() {
        return Err(Oops::NotNow("notices-record-wrong"));
    }
    let list = if wish.is_staff { "staff-notices" } else { "patron-notices" };
    let (turned, to) = (encoded(&changed.join(",")), if on { "on" } else { "off" });
    Ok(lead_to(&format!("/staff/{}/ill-admin/{list}?turned={turned}&to={to}", library.code)))
}
