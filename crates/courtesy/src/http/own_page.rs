//! Whether a path that somebody handed in leads to a page of ours: what a browser is led to afterwards.
//!
//! In: a path with its query. Out: yes or no. Not here: where else to lead.

/// Octets of such a path: the longest of ours is a search with all its filters.
const PATH_OCTETS_MAX: usize = 2000;

/// Whether `path` is one of this host: a link elsewhere would lend our name to it. Two slashes lead to another host, and browsers read a
/// backslash as a slash and pass over tabs and ends of lines (WHATWG URL §4.4), wherever they stand.
#[must_use]
pub fn is_own_page(path: &str) -> bool {
    let is_strange = |letter: char| letter == '\\' || letter.is_control();
    path.starts_with('/') && !path.starts_with("//") && !path.contains(is_strange) && path.len() <= PATH_OCTETS_MAX
}

#[cfg(test)]
mod tests;
