//! Which addresses are ours. Pure.

use standards::address::Address;
use standards::domain::Domain;

use crate::delivery::return_path;
use crate::inbound::complaint;
use crate::secret::Secret;

/// Whether we gave this very address out, or take complaints there. The domain does not matter: libraries point names of their own to us, and the
/// code in the local part is one that only we can write. Routes written into a local part (`a%b@c`, `b!a@c`) have none.
pub(super) fn is_ours(secret: &Secret, complaints_at: Option<&Domain>, text: &str) -> bool {
    let Ok(address) = Address::parse(text) else { return false };
    let local = address.local();
    let signed = return_path::read(secret, local).is_some()
        || return_path::read_feedback(secret, local).is_some()
        || return_path::read_canary(secret, local).is_some();
    // Anybody may write there; it is believed only where it names a message by what nobody can guess.
    signed || complaints_at == Some(address.domain()) && complaint::is_role(local)
}
