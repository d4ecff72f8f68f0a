//! Whether a From address is another library's. The library is known by its sign-in, never by its From: this only tells whoever
//! set a system up that it says a wrong name.

use std::sync::Arc;

use standards::address::Address;
use standards::domain::Domain;

use crate::library::Library;
use crate::sender::is_public_mailbox;

/// Whether `from` belongs to another of `libraries` than to `library`: its address, or an address in its domain or below.
/// Libraries of one municipality may share a domain; each has its own address there.
#[must_use]
pub fn is_anothers(from: &Address, library: &Library, libraries: &[Arc<Library>], shared: &Domain) -> bool {
    let domain = from.domain();
    if domain.is_within(shared) {
        return domain != shared || !from.local().eq_ignore_ascii_case(library.code.as_str());
    }
    if library.from.as_ref() == Some(from) || library.reply_to.as_ref() == Some(from) {
        return false;
    }
    let mut others = libraries.iter().filter(|other| other.code != library.code);
    if others.clone().any(|other| other.from.as_ref() == Some(from)) {
        return true;
    }
    let is_own = library.from.as_ref().is_some_and(|own| domain.is_within(own.domain()));
    let within = |other: &Arc<Library>| {
        other
            .from
            .as_ref()
            .is_some_and(|theirs| !is_public_mailbox(theirs.domain()) && domain.is_within(theirs.domain()))
    };
    !is_own && others.any(within)
}
