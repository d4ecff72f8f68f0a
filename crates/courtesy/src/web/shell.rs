//! What stands around every page: title, navigation, who is signed in, what was just done.
//!
//! In: a visit. Out: a [`Shell`], the first field of every page's template, which `page.html` reads. Templates get
//! their words, times and links from it too.

use fluent_bundle::FluentValue;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::visit::Visit;
use super::{assets, form, words};
use crate::channel::Channel;
use crate::library::Library;
use crate::notice::{Language, dates};
use crate::staff::Right;

/// Where a page belongs in the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The Staff Dashboard.
    Home,
    /// Messages.
    Messages,
    /// Patron and Staff Notices.
    Notices,
    /// Patrons who were not reached.
    Unreached,
    /// Letters to be posted.
    Letters,
    /// Bounces and do-not-send.
    Bounces,
    /// Whether notices arrive.
    Arrival,
    /// ILL Admin.
    IllAdmin,
    /// Who changed what at the consortium.
    Audit,
    /// How long things are kept at the consortium.
    Retention,
    /// The installation.
    Ops,
    /// None of them.
    Elsewhere,
}

/// The navigation of a library: word, path below the library's, place, and the right it needs.
const NAVIGATION: &[(&str, &str, Place, Right)] = &[
    ("nav-home", "", Place::Home, Right::Look),
    ("nav-messages", "/messages", Place::Messages, Right::ReadMessages),
    ("nav-notices", "/ill-admin/patron-notices", Place::Notices, Right::Look),
    ("nav-unreached", "/unreached", Place::Unreached, Right::ReadMessages),
    ("letters-title", "/letters", Place::Letters, Right::ReadMessages),
    ("nav-bounces", "/bounces", Place::Bounces, Right::ReadMessages),
    ("nav-arrival", "/arrival", Place::Arrival, Right::ReadMessages),
    ("nav-ill-admin", "/ill-admin", Place::IllAdmin, Right::Look),
];

/// The navigation of the consortium, whose pages have no library in their path.
const OF_CONSORTIUM: &[(&str, &str, Place, Right)] = &[
    ("nav-consortium", "/consortium", Place::Home, Right::Consortium),
    ("nav-arrival", "/consortium/arrival", Place::Arrival, Right::Consortium),
    ("nav-consortium-words", "/consortium/notices", Place::Notices, Right::Consortium),
    ("audit-title", "/consortium/audit", Place::Audit, Right::ReadAudit),
    ("retention-title", "/consortium/retention", Place::Retention, Right::Consortium),
    ("nav-ops", "/ops", Place::Ops, Right::Operate),
];

/// One link of a navigation or trail.
pub struct Link {
    /// Its words.
    pub words: String,
    /// Where it leads.
    pub href: String,
    /// Whether one is there already.
    pub is_here: bool,
}

/// What stands around a page.
pub struct Shell {
    visit: Visit,
    title: &'static str,
    place: Place,
    trail: Vec<(String, String)>,
    zone: TimeZone,
    is_wrong: bool,
}

impl Shell {
    pub(super) fn new(visit: Visit, title: &'static str) -> Self {
        let zone = visit.at.as_ref().map_or(TimeZone::UTC, |library| zone_of(library));
        Self { visit, title, place: Place::Elsewhere, trail: Vec::new(), zone, is_wrong: false }
    }

    /// The same in its place of the navigation.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    /// The same with times as they are at `library`.
    #[must_use]
    pub fn in_zone_of(mut self, library: &Library) -> Self {
        self.zone = zone_of(library);
        self
    }

    /// The same below a page of the library: its word and its path there, such as `/ill-admin`.
    #[must_use]
    pub fn below(mut self, words: &'static str, path: &str) -> Self {
        let (words, href) = (self.say(words), self.to(path));
        self.trail.push((words, href));
        self
    }

    /// The same below a page whose title is `name`.
    #[must_use]
    pub fn below_named(mut self, name: String, path: &str) -> Self {
        let href = self.to(path);
        self.trail.push((name, href));
        self
    }

    /// The same, shown again because something was wrong: the title says so.
    #[must_use]
    pub fn wrong(mut self, is_wrong: bool) -> Self {
        self.is_wrong = is_wrong;
        self
    }

    /// The words named `name`.
    #[must_use]
    pub fn say(&self, name: &str) -> String {
        words::say(self.visit.language, name)
    }

    /// The words named `name` with one value.
    #[must_use]
    pub fn with<'a>(&self, name: &str, place: &'a str, value: impl Into<FluentValue<'a>>) -> String {
        words::fill(self.visit.language, name, &[(place, value.into())])
    }

    /// The words named `name` with two values.
    #[must_use]
    pub fn with2<'a>(
        &self,
        name: &str,
        (place, value): (&'a str, impl Into<FluentValue<'a>>),
        (second, other): (&'a str, impl Into<FluentValue<'a>>),
    ) -> String {
        words::fill(self.visit.language, name, &[(place, value.into()), (second, other.into())])
    }

    /// The title in words.
    #[must_use]
    pub fn title(&self) -> String {
        self.say(self.title)
    }

    /// The title of the window: what is wrong first, the library last.
    #[must_use]
    pub fn window_title(&self) -> String {
        let wrong = if self.is_wrong { self.say("shell-wrong") } else { String::new() };
        let at = self.visit.at.as_ref().map(|library| format!("{} – ", library.name.get(self.visit.language)));
        format!("{wrong}{} – {}{}", self.title(), at.unwrap_or_default(), self.service())
    }

    /// The name of the service.
    #[must_use]
    pub fn service(&self) -> String {
        self.say("shell-service")
    }

    /// The tag of the language.
    #[must_use]
    pub fn lang(&self) -> &'static str {
        self.visit.language.tag()
    }

    /// The name of a language.
    #[must_use]
    pub fn tongue(&self, language: Language) -> String {
        self.say(&format!("language-{}", language.tag()))
    }

    /// The language.
    #[must_use]
    pub fn language(&self) -> Language {
        self.visit.language
    }

    /// The other language: its tag, its own name, and the link that switches to it on this very page.
    #[must_use]
    pub fn other_language(&self) -> (&'static str, &'static str, String) {
        let (tag, name) = match self.visit.language {
            Language::En => ("fr", "Français"),
            Language::Fr => ("en", "English"),
        };
        (tag, name, format!("/language/{tag}?to={}", form::encoded(&self.visit.path)))
    }

    /// The path of an asset, with its hash.
    #[must_use]
    pub fn asset(&self, name: &str) -> String {
        assets::path(name)
    }

    /// A path below the library of this page.
    #[must_use]
    pub fn to(&self, path: &str) -> String {
        match &self.visit.at {
            Some(library) => format!("/staff/{}{path}", library.code),
            None => path.to_owned(),
        }
    }

    /// Where the search box leads, and its words; none where there is nothing they may look for.
    #[must_use]
    pub fn find(&self) -> Option<(String, String)> {
        match &self.visit.at {
            Some(_) => self.visit.may(Right::ReadMessages).then(|| (self.to("/messages"), self.say("shell-find"))),
            None => {
                let finds = self.visit.may(Right::Consortium);
                finds.then(|| ("/consortium/find".to_owned(), self.say("find-what")))
            }
        }
    }

    /// The name of the library of this page.
    #[must_use]
    pub fn library_name(&self) -> Option<&str> {
        self.visit.at.as_ref().map(|library| library.name.get(self.visit.language))
    }

    /// The name of who is signed in.
    #[must_use]
    pub fn who(&self) -> Option<&str> {
        self.visit.staff.as_ref().map(|staff| staff.name.as_str())
    }

    /// Whether they work for more than this library.
    #[must_use]
    pub fn has_more_libraries(&self) -> bool {
        let roles = self.visit.staff.as_ref().map(|staff| &staff.roles);
        roles.is_some_and(|roles| roles.is_consortium() || roles.libraries().len() > 1)
    }

    /// Whether they have a right here, by its name in a template: `messages`, `act`, `transcripts`, `notices`, `admin`.
    #[must_use]
    pub fn may(&self, right: &str) -> bool {
        let right = match right {
            "messages" => Right::ReadMessages,
            "act" => Right::ActOnMessages,
            "transcripts" => Right::ReadTranscripts,
            "notices" => Right::EditNotices,
            "admin" => Right::Administer,
            "audit" => Right::ReadAudit,
            "consortium" => Right::Consortium,
            _ => return false,
        };
        self.visit.may(right)
    }

    /// The navigation of the library, or of the consortium, as far as they may.
    #[must_use]
    pub fn navigation(&self) -> Vec<Link> {
        let all = if self.visit.at.is_some() { NAVIGATION } else { OF_CONSORTIUM };
        let writes_letters = self.visit.at.as_ref().is_some_and(|library| library.reach.uses(Channel::Letter));
        let is_of_use = |place: Place| place != Place::Letters || writes_letters || self.place == Place::Letters;
        let allowed = all.iter().filter(|(_, _, place, right)| self.visit.may(*right) && is_of_use(*place));
        allowed
            .map(|(words, path, place, _)| Link {
                words: self.say(words),
                href: self.to(path),
                is_here: *place == self.place,
            })
            .collect()
    }

    /// The pages above this one.
    #[must_use]
    pub fn trail(&self) -> Vec<Link> {
        let link = |(words, href): &(String, String)| Link { words: words.clone(), href: href.clone(), is_here: false };
        self.trail.iter().map(link).collect()
    }

    /// What was just done, where the address says so and there are words for it.
    #[must_use]
    pub fn done(&self) -> Option<String> {
        let (_, query) = self.visit.path.split_once('?')?;
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).ok()?;
        let (_, what) = pairs.into_iter().find(|(name, _)| name == "done")?;
        words::find(self.visit.language, &format!("done-{what}"), &[])
    }

    /// The token that a form carries: `<input type=hidden …>`.
    #[must_use]
    pub fn form(&self) -> Markup {
        let token = self.token();
        // Letters, digits, - and _ with one dot: nothing that HTML would read.
        Markup(format!("<input type=\"hidden\" name=\"{}\" value=\"{token}\">", form::FIELD))
    }

    /// What every form with a file in it must have at the end of its address: its body is not read for the token.
    #[must_use]
    pub fn form_with_file(&self) -> Markup {
        Markup(format!("?{}={}", form::FIELD, self.token()))
    }

    fn token(&self) -> String {
        form::token(&self.visit.web.secret, self.visit.session_id())
    }

    /// Who did something, as it is kept: a person's name, or a key, which is named in the page's language.
    #[must_use]
    pub fn who_did(&self, by: &str) -> String {
        let key = by.strip_prefix("key “").and_then(|name| name.strip_suffix('”'));
        key.map_or_else(|| by.to_owned(), |name| self.with("by-key", "name", name))
    }

    /// A moment in the library's time zone.
    #[must_use]
    pub fn moment(&self, at: &Timestamp) -> String {
        dates::moment(at.to_zoned(self.zone.clone()).datetime(), self.visit.language)
    }

    /// A day in the library's time zone.
    #[must_use]
    pub fn day(&self, at: &Timestamp) -> String {
        dates::day(at.to_zoned(self.zone.clone()).date(), self.visit.language)
    }

    /// A time of day, in the library's time zone.
    #[must_use]
    pub fn clock(&self, at: &Timestamp) -> String {
        dates::time(at.to_zoned(self.zone.clone()).time(), self.visit.language)
    }

    /// How long ago, or the day: `4 minutes ago`, `today, 10:42 a.m.`, `3 November 2026`.
    #[must_use]
    pub fn ago(&self, at: &Timestamp) -> String {
        let minutes = self.visit.now.duration_since(*at).as_mins();
        let (then, now) = (at.to_zoned(self.zone.clone()), self.visit.now.to_zoned(self.zone.clone()));
        match minutes {
            ..1 => self.say("time-now"),
            1..60 => self.with("time-minutes-ago", "count", minutes),
            _ if then.date() == now.date() => {
                self.with("time-today", "time", dates::time(then.time(), self.visit.language))
            }
            _ => self.day(at),
        }
    }
}

/// The time zone of a library.
fn zone_of(library: &Library) -> TimeZone {
    TimeZone::get(&library.time_zone).unwrap_or(TimeZone::UTC)
}

/// HTML of our own making, written out as it is.
pub struct Markup(String);

impl std::fmt::Display for Markup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Markup {}
