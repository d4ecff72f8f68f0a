//! How French words are set in Canada, and how long words are shortened.
//!
//! In: words. Out: the same words, set right. Not here: dates and amounts (`dates`, `value`).

use std::borrow::Cow;

/// No-break space.
pub const NBSP: char = '\u{a0}';

/// French words with a no-break space before `:`, `%`, `$` and `»` and after `«`, where a space was typed or, for
/// quotation marks, even where none was. Nothing before `;`, `!` and `?`: the usage of the Office québécois.
#[must_use]
pub fn french(words: &str) -> String {
    let mut set = String::with_capacity(words.len() + 8);
    let mut letters = words.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' if matches!(letters.peek(), Some(':' | '%' | '$' | '»')) => set.push(NBSP),
            '«' => {
                set.push('«');
                set.push(NBSP);
                letters.next_if(|c| matches!(c, ' ' | '\u{a0}' | '\u{202f}'));
            }
            '»' if !set.ends_with([NBSP, '\u{202f}']) => {
                set.push(NBSP);
                set.push('»');
            }
            letter => set.push(letter),
        }
    }
    set
}

/// `text` in at most `letters_max` letters, cut at a word, with `…` where something was left out.
#[must_use]
pub fn shorten(text: &str, letters_max: usize) -> Cow<'_, str> {
    // Bytes are at least letters: most texts need no count.
    if text.len() <= letters_max || text.chars().count() <= letters_max {
        return Cow::Borrowed(text);
    }
    let mut cut = text.char_indices().nth(letters_max.saturating_sub(1)).map_or(text.len(), |(index, _)| index);
    // Never between a letter and what is written onto it.
    while text[cut..].chars().next().is_some_and(joins_the_letter_before) || text[..cut].ends_with('\u{200d}') {
        cut = text[..cut].char_indices().next_back().map_or(0, |(index, _)| index);
        if cut == 0 {
            break;
        }
    }
    let kept = &text[..cut];
    let at_word = kept.rfind(char::is_whitespace).filter(|space| *space > cut / 2).unwrap_or(cut);
    let kept = kept[..at_word].trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '-'));
    Cow::Owned(format!("{kept}…"))
}

/// Combining marks, joiners, variation selectors and skin tones.
fn joins_the_letter_before(letter: char) -> bool {
    is_mark(letter) || matches!(letter, '\u{200d}' | '\u{1f3fb}'..='\u{1f3ff}')
}

/// Marks that take no room of their own: the blocks that titles in our libraries really have.
fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{610}'..='\u{61a}'
        | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6dc}' | '\u{93c}' | '\u{941}'..='\u{94d}'
        | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{fe20}'..='\u{fe2f}')
}

/// How many columns of a plain text `text` takes: none for marks and what does not show, two for East Asian letters
/// and emoji (Unicode Standard Annex 11, the wide blocks).
#[must_use]
pub fn columns(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.chars()
        .map(|letter| match letter {
            _ if is_mark(letter) => 0,
            '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => 0,
            '\u{1100}'..='\u{115f}'
            | '\u{2e80}'..='\u{a4cf}'
            | '\u{ac00}'..='\u{d7a3}'
            | '\u{f900}'..='\u{faff}'
            | '\u{ff00}'..='\u{ff60}'
            | '\u{1f300}'..='\u{1faff}'
            | '\u{20000}'..='\u{3fffd}' => 2,
            _ => 1,
        })
        .sum()
}

/// Whether anything in `text` is written from right to left (Hebrew, Arabic, Syriac, Thaana, N’Ko and their forms).
#[must_use]
pub fn has_right_to_left(text: &str) -> bool {
    !text.is_ascii()
        && text.chars().any(|c| {
            matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}'
                | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
        })
}

#[cfg(test)]
mod tests;
