//! Which addresses are ours. Pure.

use std::sync::Arc;

use standards::address::Address;
use standards::domain::Domain;

use crate::delivery::return_path;
use crate::inbound::{complaint, library_of, reports};
use crate::secret::Secret;
use crate::store::Book;

/// The domain of addresses that anybody may know, and whose they are.
#[derive(Default)]
pub(super) struct Shared {
    /// The domain, where complaints are taken at the usual names, and reports.
    pub domain: Option<Domain>,
    /// Libraries, each of which has an address there.
    pub libraries: Option<Arc<Book>>,
}

/// Whether we gave this very address out, or take mail there from anybody. Where the address bears our code, the domain
/// does not matter: libraries point names of their own to us, and the code in the local part is one that only we can
/// write. Routes written into a local part (`a%b@c`, `b!a@c`) have none.
pub(super) fn is_ours(secret: &Secret, shared: &Shared, text: &str) -> bool {
    let Ok(address) = Address::parse(text) else { return false };
    let local = address.local();
    let signed = return_path::read(secret, local).is_some()
        || return_path::read_feedback(secret, local).is_some()
        || return_path::read_canary(secret, local).is_some();
    // Anybody may write to these; what comes is believed only where it names a message by what nobody can guess, or is
    // passed on to people.
    let is_known = |domain: &Domain| {
        let library = shared.libraries.as_ref().and_then(|book| library_of(book, domain, &address));
        domain == address.domain()
            && (complaint::is_role(local) || reports::is_for_reports(&address, domain) || library.is_some())
    };
    signed || shared.domain.as_ref().is_some_and(is_known)
}
