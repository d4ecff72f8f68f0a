//! What stands around the words of every notice: whose it is, how to reach the desk, why it came.
//!
//! In: a library's Participant Record, the day, the audience. Out: a [`Frame`]. Editors cannot remove it: a notice nobody
//! can answer is the complaint the words cannot mend. Not here: the words (`words`), the look (`html`, `text`).

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Language;
use super::catalogue::Audience;
use super::dates;
use super::render::Written;
use super::value;
use crate::library::Library;

/// Closures further ahead do not change what a patron does about this notice.
const CLOSURES_DAYS_AHEAD: i64 = 21;
/// Two closures say enough; a third makes the contact block a calendar.
const CLOSURES_MAX: usize = 2;

/// What stands around the words.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The library's name.
    pub library_name: String,
    /// The desk's telephone.
    pub phone: Option<String>,
    /// The desk's address.
    pub email: Option<String>,
    /// When the desk is open.
    pub hours: Option<String>,
    /// The library's page, where it is an http or https address.
    pub url: Option<String>,
    /// The next days on which it is closed, written out.
    pub closures: Vec<String>,
    /// Whom the notice is for: it decides why they got it.
    pub audience: Audience,
    /// The page of this request, where there is one.
    pub request_url: Option<String>,
    /// The page on which a patron says how to be reached, where there is one.
    pub preferences_url: Option<String>,
    /// Whether this is a test and says so at its top.
    pub is_test: bool,
    /// Whether titles and authors stay out.
    pub hide_titles: bool,
    /// The library's time zone: days and hours are in it.
    pub zone: TimeZone,
}

impl Frame {
    /// The frame of a library's notices on the day `today` (in the library's zone).
    ///
    /// An unknown time zone counts as UTC: the Participant Record refuses one, and a notice is not held for it.
    #[must_use]
    pub fn of(library: &Library, audience: Audience, language: Language, today: Date) -> Self {
        let horizon = today.saturating_add(CLOSURES_DAYS_AHEAD.days());
        let mut next: Vec<_> = library.closures.iter().filter(|c| c.to >= today && c.from <= horizon).collect();
        next.sort_by_key(|closure| closure.from);
        let closures = next.into_iter().take(CLOSURES_MAX).map(|closure| {
            let days = dates::days(closure.from, closure.to, language);
            match &closure.why {
                Some(why) => format!("{days} ({})", value::clean(why.get(language))),
                None => days,
            }
        });
        let desk = library.reply_to.as_ref().or(library.from.as_ref());
        Self {
            library_name: value::clean(library.name.get(language)),
            phone: library.phone.as_deref().map(value::clean),
            email: desk.map(ToString::to_string),
            hours: library.hours.as_ref().map(|hours| value::clean(hours.get(language))),
            url: library.url.clone().filter(|url| value::url_is_sound(url)),
            closures: closures.collect(),
            audience,
            request_url: None,
            preferences_url: None,
            is_test: false,
            hide_titles: library.hide_titles,
            zone: TimeZone::get(&library.time_zone).unwrap_or(TimeZone::UTC),
        }
    }

    /// Whether a reply is for the library's desk: that of a patron. Staff who reply would write to themselves, and might
    /// believe that they answer the other library.
    pub(super) fn invites_replies(&self) -> bool {
        self.audience == Audience::Patron
    }

    /// The request's page, where no button of the letter leads there already.
    pub(super) fn request_url_besides(&self, blocks: &[Written<'_>]) -> Option<&str> {
        let url = self.request_url.as_deref()?;
        let stands = blocks.iter().any(|block| matches!(block, Written::Button(_, button) if *button == url));
        (!stands).then_some(url)
    }

    /// Why they got it.
    #[must_use]
    pub fn why(&self, language: Language) -> &'static str {
        use Audience::{Borrowing, Lending, Operator, Patron};
        match (language, self.audience) {
            (Language::En, Patron) => "You get this message because you asked this library for an item.",
            (Language::En, Borrowing) => "You get this message because your library borrows this item for a patron.",
            (Language::En, Lending) => "You get this message because your library is asked to lend this item.",
            (Language::En, Operator) => "You get this message because you look after this library’s notices.",
            (Language::Fr, Patron) => {
                "Vous recevez ce message parce que vous avez demandé un document à cette bibliothèque."
            }
            (Language::Fr, Borrowing) => {
                "Vous recevez ce message parce que votre bibliothèque emprunte ce document pour un usager."
            }
            (Language::Fr, Lending) => {
                "Vous recevez ce message parce qu’on demande à votre bibliothèque de prêter ce document."
            }
            (Language::Fr, Operator) => {
                "Vous recevez ce message parce que vous vous occupez des avis de cette bibliothèque."
            }
        }
    }
}

/// The frame's own words.
pub(super) struct FrameWords {
    pub phone: &'static str,
    pub email: &'static str,
    pub hours: &'static str,
    pub web: &'static str,
    pub closed: &'static str,
    pub reply: &'static str,
    pub request: &'static str,
    pub preferences: &'static str,
    pub test: &'static str,
    /// What stands for a title that stays out.
    pub your_item: &'static str,
    /// What stands for anything else that stays out.
    pub not_shown: &'static str,
}

/// The frame's own words in a language.
pub(super) fn words(language: Language) -> &'static FrameWords {
    match language {
        Language::En => &FrameWords {
            phone: "Telephone:",
            email: "Email:",
            hours: "Open:",
            web: "Web:",
            closed: "Closed:",
            reply: "You can reply to this message: your reply goes to the library.",
            request: "See this request",
            preferences: "Choose how we reach you",
            test: "This is a test. Nothing has happened to any request.",
            your_item: "your item",
            not_shown: "(not shown)",
        },
        Language::Fr => &FrameWords {
            phone: "Téléphone\u{a0}:",
            email: "Courriel\u{a0}:",
            hours: "Heures d’ouverture\u{a0}:",
            web: "Site Web\u{a0}:",
            closed: "Fermé\u{a0}:",
            reply: "Vous pouvez répondre à ce message\u{a0}: votre réponse parviendra à la bibliothèque.",
            request: "Voir cette demande",
            preferences: "Choisir comment nous vous joignons",
            test: "Ceci est un essai. Aucune demande n’a changé.",
            your_item: "votre document",
            not_shown: "(non affiché)",
        },
    }
}

#[cfg(test)]
mod tests;
