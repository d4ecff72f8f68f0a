//! “Did you mean”: the nearest known name to a mistyped one.
//!
//! In: what was typed and the names there are. Out: at most one of them. Not here: what a wrong name costs.

/// How far a suggestion may be from what was typed: a quarter of its letters, and at least one. Beyond that a
/// suggestion is a guess, and a wrong guess is worse than none.
const LETTERS_PER_SLIP: usize = 4;
/// Longer texts are no mistyped names, and the distance costs the product of both lengths.
const TYPED_LETTERS_MAX: usize = 60;

/// The known name that `typed` was probably meant to be, or none.
///
/// Slips are counted as optimal string alignment: a letter too many, missing, wrong, or two swapped. Case, `-`,
/// spaces and `.` do not count.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if typed.chars().count() > TYPED_LETTERS_MAX {
        return None;
    }
    let typed = plain(typed);
    let slips_max = (typed.chars().count() / LETTERS_PER_SLIP).max(1);
    known
        .into_iter()
        .map(|name| (strsim::osa_distance(&typed, &plain(name)), name))
        .filter(|(slips, _)| *slips <= slips_max)
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, name)| name)
}

/// The form in which names are compared: lower case letters and digits, `_` for every run of anything else.
#[must_use]
pub fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_alphanumeric() {
            plain.extend(c.to_lowercase());
        } else if !plain.ends_with('_') {
            plain.push('_');
        }
    }
    plain.trim_matches('_').to_owned()
}

#[cfg(test)]
mod tests;
