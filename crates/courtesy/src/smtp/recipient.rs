//! Which addresses are ours. Pure.

use std::sync::Arc;

use standards::address::Address;
use standards::domain::Domain;

use crate::delivery::return_path;
use crate::inbound::library_of;
use crate::secret::Secret;
use crate::store::Book;

/// Whether we gave this very address out. The domain does not matter: libraries point names of their own to us, and the
/// code in the local part is one that only we can write. Or a library's own address at the shared domain. Routes written into a local part (`a%b@c`, `b!a@c`) have none.
pub(super) fn is_ours(secret: &Secret, libraries: Option<&(Arc<Book>, Domain)>, text: &str) -> bool {
    let Ok(address) = Address::parse(text) else { return false };
    let local = address.local();
    return_path::read(secret, local).is_some()
        || return_path::read_canary(secret, local).is_some()
        || libraries.is_some_and(|(book, shared)| library_of(book, shared, &address).is_some())
}
