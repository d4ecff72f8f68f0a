//! Encrypting for one device (RFC 8291), in the content encoding aes128gcm (RFC 8188).
//!
//! In: the octets to say, the device's public key and its secret, a key pair and a salt of this one message. Out: the body of the
//! request. Pure. One record always: what we say is far below the 4,096 octets that a service must take.

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::hkdf;

/// Octets of an uncompressed point of P-256.
pub const PUBLIC_OCTETS: usize = 65;
/// Octets of the secret that a browser makes for each device.
pub const AUTH_OCTETS: usize = 16;
/// Octets of the salt of one message.
pub const SALT_OCTETS: usize = 16;

const KEY_OCTETS: usize = 16;

/// RFC 8291 §4: a service must take bodies of 4,096 octets, and the record size that is announced says so.
const RECORD_OCTETS: u32 = 4096;

/// Salt, record size, length of the key and the key itself (RFC 8188 §2.1).
const HEADER_OCTETS: usize = SALT_OCTETS + 4 + 1 + PUBLIC_OCTETS;

/// The tag of AES-GCM.
const TAG_OCTETS: usize = 16;

/// The most that can be said in one record: the rest is header, tag and the octet that ends the text.
pub const PLAIN_OCTETS_MAX: usize = RECORD_OCTETS as usize - HEADER_OCTETS - TAG_OCTETS - 1;

/// Ends the text of the last record (RFC 8188 §2); what follows is padding.
const LAST: u8 = 2;

/// Texts are filled up to a multiple of this, so that their length does not tell which notice it is.
const PADDED_TO: usize = 256;

/// `plain` for the device with the public key `theirs` and the secret `auth`, filled up. None: `theirs` is no key, or `plain` is too
/// long.
#[must_use]
pub fn encrypt(
    plain: &[u8],
    theirs: &[u8; PUBLIC_OCTETS],
    auth: &[u8; AUTH_OCTETS],
    ours: &PrivateKey,
    salt: [u8; SALT_OCTETS],
) -> Option<Vec<u8>> {
    let padded = (plain.len() + 1).next_multiple_of(PADDED_TO).min(PLAIN_OCTETS_MAX + 1);
    encrypt_padded(plain, padded.checked_sub(plain.len() + 1)?, theirs, auth, ours, salt)
}

/// The same with so many octets of padding.
#[must_use]
pub(super) fn encrypt_padded(
    plain: &[u8],
    padding: usize,
    theirs: &[u8; PUBLIC_OCTETS],
    auth: &[u8; AUTH_OCTETS],
    ours: &PrivateKey,
    salt: [u8; SALT_OCTETS],
) -> Option<Vec<u8>> {
    if plain.len() + padding > PLAIN_OCTETS_MAX {
        return None;
    }
    let public = ours.compute_public_key().ok()?;
    let (key, nonce) = keys(theirs, auth, ours, public.as_ref(), salt)?;
    let mut record = plain.to_vec();
    record.push(LAST);
    record.resize(plain.len() + 1 + padding, 0);
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).ok()?);
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut record).ok()?;
    let mut body = Vec::with_capacity(HEADER_OCTETS + record.len());
    body.extend_from_slice(&salt);
    body.extend_from_slice(&RECORD_OCTETS.to_be_bytes());
    body.push(u8::try_from(PUBLIC_OCTETS).ok()?);
    body.extend_from_slice(public.as_ref());
    body.extend_from_slice(&record);
    Some(body)
}

/// The key of the content and its nonce (RFC 8291 §3.4). The sequence number of the one record is 0, and leaves the nonce as it is.
fn keys(
    theirs: &[u8; PUBLIC_OCTETS],
    auth: &[u8; AUTH_OCTETS],
    ours: &PrivateKey,
    our_public: &[u8],
    salt: [u8; SALT_OCTETS],
) -> Option<([u8; KEY_OCTETS], [u8; NONCE_LEN])> {
    let peer = UnparsedPublicKey::new(&ECDH_P256, theirs);
    let info = [b"WebPush: info\0".as_slice(), theirs, our_public].concat();
    let ikm: [u8; 32] = agree(ours, peer, (), |shared| derive(auth, shared, &info).ok_or(())).ok()?;
    let key = derive(&salt, &ikm, b"Content-Encoding: aes128gcm\0")?;
    let nonce = derive(&salt, &ikm, b"Content-Encoding: nonce\0")?;
    Some((key, nonce))
}

struct Octets(usize);

impl hkdf::KeyType for Octets {
    fn len(&self) -> usize {
        self.0
    }
}

fn derive<const N: usize>(salt: &[u8], secret: &[u8], info: &[u8]) -> Option<[u8; N]> {
    let mut out = [0; N];
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(secret);
    extracted.expand(&[info], Octets(N)).and_then(|expanded| expanded.fill(&mut out)).ok()?;
    Some(out)
}
