//! Which addresses are ours. Pure.

use standards::address::Address;

use crate::delivery::return_path;
use crate::secret::Secret;

/// Whether we gave this very address out. The domain does not matter: libraries point names of their own to us, and the
/// code in the local part is one that only we can write. Routes written into a local part (`a%b@c`, `b!a@c`) have none.
pub(super) fn is_ours(secret: &Secret, text: &str) -> bool {
    let Ok(address) = Address::parse(text) else { return false };
    let local = address.local();
    return_path::read(secret, local).is_some() || return_path::read_canary(secret, local).is_some()
}
