//! The two ceremonies of a passkey (WebAuthn Level 3): making one (§7.1) and signing in with one (§7.2).
//!
//! In: what a browser says, and what was asked of it. Out: a key to keep, or whether its holder is here. Signatures are
//! checked by aws-lc-rs; what is left is reading a few octets. No attestation is asked for: which maker an authenticator
//! is of does not matter here, so that the public key may come as the browser reads it out (§5.2.1.1). Not here: keeping keys,
//! challenges used twice (`passkey`).

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, VerificationAlgorithm,
};
use serde::Deserialize;

/// Where and for what a ceremony is held.
pub(super) struct Asked<'a> {
    /// What was to be signed.
    pub challenge: &'a str,
    /// Where our pages are: `https://notices.example`.
    pub origin: &'a str,
    /// The host of that.
    pub host: &'a str,
}

/// Why a ceremony came to nothing. Nobody is told which: the page says what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Wrong {
    #[error("the client data is not what a browser writes")]
    ClientData,
    #[error("it was for another ceremony")]
    Kind,
    #[error("it answers another challenge")]
    Challenge,
    #[error("it was made on another page")]
    Origin,
    #[error("the authenticator data is too short or too long")]
    AuthenticatorData,
    #[error("it is for another host")]
    Host,
    #[error("nobody was there")]
    NobodyThere,
    #[error("the person was not verified")]
    NotVerified,
    #[error("it is not the credential it says")]
    Credential,
    #[error("the key is of no kind that was asked for")]
    Key,
    #[error("the signature does not fit")]
    Signature,
    #[error("the authenticator has counted further before: there are two of it")]
    Counter,
}

/// Algorithms, best first, as COSE numbers them: Ed25519, ECDSA with P-256, RSA (older Windows has no other).
pub(super) const ALGORITHMS: [i64; 3] = [-8, -7, -257];

fn algorithm(number: i64) -> Option<&'static dyn VerificationAlgorithm> {
    match number {
        -8 => Some(&ED25519),
        -7 => Some(&ECDSA_P256_SHA256_ASN1),
        -257 => Some(&RSA_PKCS1_2048_8192_SHA256),
        _ => None,
    }
}

/// §6.1: user present, user verified, attested credential data follow.
const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const HAS_CREDENTIAL: u8 = 0x40;

/// Octets of authenticator data before anything optional: hash of the host, flags, counter.
const FIXED_OCTETS: usize = 37;

/// Octets of authenticator data at most: with a key and extensions they are some hundreds.
const OCTETS_MAX: usize = 16 * 1024;

/// §6.5.1: an authenticator's name for a credential.
const CREDENTIAL_OCTETS_MAX: usize = 1023;

/// What a browser says of the ceremony it held.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
}

fn client_data(json: &[u8], kind: &str, asked: &Asked<'_>) -> Result<(), Wrong> {
    let said: ClientData = serde_json::from_slice(json).map_err(|_| Wrong::ClientData)?;
    if said.kind != kind {
        return Err(Wrong::Kind);
    }
    if said.challenge != asked.challenge {
        return Err(Wrong::Challenge);
    }
    // Nobody frames us, so that nothing of ours is ever cross-origin.
    if said.origin != asked.origin || said.cross_origin {
        return Err(Wrong::Origin);
    }
    Ok(())
}

/// The flags and the counter of authenticator data for us, with a person who showed that it is them.
fn authenticator_data(octets: &[u8], asked: &Asked<'_>) -> Result<(u8, u32), Wrong> {
    if octets.len() > OCTETS_MAX {
        return Err(Wrong::AuthenticatorData);
    }
    let (fixed, _) = octets.split_at_checked(FIXED_OCTETS).ok_or(Wrong::AuthenticatorData)?;
    let (host, rest) = fixed.split_at(32);
    if host != digest(&SHA256, asked.host.as_bytes()).as_ref() {
        return Err(Wrong::Host);
    }
    let flags = rest[0];
    let counter = u32::from_be_bytes([rest[1], rest[2], rest[3], rest[4]]);
    match (flags & PRESENT, flags & VERIFIED) {
        (0, _) => Err(Wrong::NobodyThere),
        (_, 0) => Err(Wrong::NotVerified),
        _ => Ok((flags, counter)),
    }
}

/// The name of the credential in authenticator data: behind the fixed part, the authenticator's kind and a length.
fn credential(octets: &[u8]) -> Option<&[u8]> {
    let behind_kind = octets.get(FIXED_OCTETS + 16..)?;
    let (length, rest) = behind_kind.split_at_checked(2)?;
    let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
    rest.get(..length).filter(|name| (1..=CREDENTIAL_OCTETS_MAX).contains(&name.len()))
}

/// What a browser says of a new passkey.
pub(super) struct Made<'a> {
    /// The authenticator's name for it.
    pub credential: &'a [u8],
    /// The client data, as it was signed over.
    pub client_data: &'a [u8],
    /// The authenticator data.
    pub authenticator_data: &'a [u8],
    /// The public key, as a SubjectPublicKeyInfo.
    pub public_key: &'a [u8],
    /// Its algorithm.
    pub algorithm: i64,
}

/// The counter of a new passkey that may be kept.
pub(super) fn made(asked: &Asked<'_>, made: &Made<'_>) -> Result<u32, Wrong> {
    client_data(made.client_data, "webauthn.create", asked)?;
    let (flags, counter) = authenticator_data(made.authenticator_data, asked)?;
    if flags & HAS_CREDENTIAL == 0 || credential(made.authenticator_data) != Some(made.credential) {
        return Err(Wrong::Credential);
    }
    let algorithm = algorithm(made.algorithm).ok_or(Wrong::Key)?;
    ParsedPublicKey::new(algorithm, made.public_key).map_err(|_| Wrong::Key)?;
    Ok(counter)
}

/// What a browser says of a passkey that signs in.
pub(super) struct Signed<'a> {
    /// The client data.
    pub client_data: &'a [u8],
    /// The authenticator data.
    pub authenticator_data: &'a [u8],
    /// The signature over both.
    pub signature: &'a [u8],
}

/// The counter of the authenticator, where the holder of the key is here.
pub(super) fn signed(
    asked: &Asked<'_>,
    public_key: &[u8],
    algorithm_number: i64,
    counted: i64,
    signed: &Signed<'_>,
) -> Result<u32, Wrong> {
    client_data(signed.client_data, "webauthn.get", asked)?;
    let (_, counter) = authenticator_data(signed.authenticator_data, asked)?;
    let algorithm = algorithm(algorithm_number).ok_or(Wrong::Key)?;
    let key = ParsedPublicKey::new(algorithm, public_key).map_err(|_| Wrong::Key)?;
    let message = [signed.authenticator_data, digest(&SHA256, signed.client_data).as_ref()].concat();
    key.verify_sig(&message, signed.signature).map_err(|_| Wrong::Signature)?;
    // §7.2 step 22: one that counts never counts back.
    if (counter > 0 || counted > 0) && i64::from(counter) <= counted {
        return Err(Wrong::Counter);
    }
    Ok(counter)
}
