//! What a message is found by: letters as people type them, and not as they are written.
//!
//! In: names, numbers, addresses, titles; or what somebody typed to find one. Out: small letters without accents, so that
//! *jurgen* finds Jürgen. Not here: where it is kept and looked through (`store`).

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Letters kept of what one event is found by: a name, a number, an address and a long title. PostgreSQL keeps 2,700
/// octets in an index, and a letter has four at most.
const LETTERS_MAX: usize = 400;

/// Words looked for at once: more than anybody types, and each is one more comparison with every event.
const WORDS_MAX: usize = 8;

/// Small letters without accents, one space between words, no control letters.
#[must_use]
pub fn folded(text: &str) -> String {
    let bare: String = text.nfkd().filter(|letter| !is_combining_mark(*letter)).collect();
    // PostgreSQL takes no NUL, which JSON can tell of, and nobody types any other control letter.
    let words = bare.to_lowercase();
    let words = words.split(|letter: char| letter.is_whitespace() || letter.is_control());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// What an event is found by, out of these `parts`, the most telling first.
#[must_use]
pub fn found_by<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let all = parts.into_iter().map(folded).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    all.chars().take(LETTERS_MAX).collect()
}

/// The words of what somebody typed, each to be found in any place.
#[must_use]
pub fn words(typed: &str) -> Vec<String> {
    let mut words: Vec<String> = folded(typed).split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
    words.sort_unstable();
    words.dedup();
    // The longest leave most out.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words.truncate(WORDS_MAX);
    words
}
