//! The words we ship: every notice of the catalogue in every language, embedded in the binary.
//!
//! In: a notice and a language. Out: its words, parsed once a process. Libraries' own words come from the store and go
//! through [`Words::parse`] and `check` when they are saved. Not here: which of the two is sent (`queue`).

use std::collections::HashMap;
use std::sync::LazyLock;

use super::Language;
use super::catalogue::Notice;
use super::words::Words;

#[derive(rust_embed::RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../words/notices"]
struct Files;

/// The source of a notice's words as we ship them, which is where an editor begins.
#[must_use]
pub fn source(notice: Notice, language: Language) -> Option<String> {
    let file = Files::get(&format!("{}.{}.md", notice.code(), language.tag()))?;
    String::from_utf8(file.data.into_owned()).ok()
}

/// A notice's words as we ship them; none only where a file is missing or wrong, which a test forbids.
#[must_use]
pub fn words(notice: Notice, language: Language) -> Option<&'static Words> {
    static ALL: LazyLock<HashMap<(Notice, Language), Words>> = LazyLock::new(|| {
        let pairs = super::catalogue::NOTICES.iter().flat_map(|entry| Language::ALL.map(|lang| (entry.notice, lang)));
        pairs
            .filter_map(|(notice, language)| {
                let words = Words::parse(&source(notice, language)?, language).ok()?;
                Some(((notice, language), words))
            })
            .collect()
    });
    ALL.get(&(notice, language))
}

#[cfg(test)]
pub(crate) mod tests;
