//! What a notice says as a text message, beside its editor: the text with the example values, and how many parts it costs.
//!
//! In: the words as they are typed. Out: a line for each language, which follows what is typed. Not here: whether the words are right
//! (`notice_editor`).

use standards::sms::{Coding, coding, count, plain};

use super::notice_samples;
use super::notice_text::Parts;
use super::shell::Shell;
use crate::library::Library;
use crate::notice::Language;
use crate::notice::catalogue::{Audience, Notice};
use crate::notice::frame::Frame;
use crate::notice::render::render_sms;
use crate::notice::value::Fields;
use crate::notice::words::Words;

/// The text message in one language.
pub(super) struct Texted {
    pub language: Language,
    /// How many parts, in words.
    pub parts: String,
    /// Whether it is one part with every example.
    pub is_one: bool,
    /// What it says with the usual example.
    pub text: String,
    /// What makes it cost more than its letters do.
    pub costly: Option<String>,
}

/// The text message of `parts`; none where there is none, or where it cannot be written yet.
pub(super) fn texted(
    shell: &Shell,
    library: &Library,
    notice: Notice,
    language: Language,
    parts: &Parts,
) -> Option<Texted> {
    if notice.audience != Audience::Patron {
        return None;
    }
    let words = Words::parse(&parts.source(notice), language).ok()?;
    let usual = written(&words, library, notice, language, "usual")?;
    let others = ["long", "accents"].into_iter().filter_map(|name| written(&words, library, notice, language, name));
    let least = count(&usual);
    let most = others.map(|text| count(&text)).fold(least, usize::max);
    let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let parts = if most == least {
        shell.with("editor-sms-parts", "count", number(least))
    } else {
        shell.with2("editor-sms-parts-to", ("least", number(least)), ("most", number(most)))
    };
    let parts = shell.with2("editor-sms-in", ("language", shell.tongue(language)), ("parts", parts));
    let costly = (coding(&usual) == Coding::Ucs2)
        .then(|| usual.chars().find(|letter| coding(&plain(&letter.to_string())) == Coding::Ucs2))
        .flatten()
        .map(|letter| shell.with("editor-sms-costly", "letter", letter.to_string()));
    Some(Texted { language, parts, is_one: most == 1, text: usual, costly })
}

fn written(words: &Words, library: &Library, notice: Notice, language: Language, sample: &str) -> Option<String> {
    let mut values = library.fields(language);
    let samples = notice_samples::values(sample, notice, language);
    values.extend(samples.into_iter().map(|(field, text)| (field.name().to_owned(), text)));
    let (fields, _, _) = Fields::from_pairs(values.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    // Closures do not stand in a text message: any day does.
    let frame = Frame::of(library, notice.audience, language, jiff::civil::Date::default());
    render_sms(words, &fields, &frame).ok().flatten()
}
