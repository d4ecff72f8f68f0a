//! DKIM key records (RFC 6376 §3.6.1, RFC 8463 §4): the octets at `<selector>._domainkey.<domain>` in, a
//! [`KeyRecord`] out.
//!
//! Not here: signatures and their verification; this reads what a domain has published, so that it can be compared.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A public key as published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// `k`: `rsa` where it is not said.
    pub algorithm: String,
    /// `p`: the key, decoded; empty when it was revoked.
    pub key: Vec<u8>,
    /// `t=y`: the owner is testing DKIM.
    pub testing: bool,
}

/// Why a verifier would get no key out of a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAKey {
    /// `v` is there and not `DKIM1`, or not the first tag.
    #[error("v= is not DKIM1")]
    Version,
    /// There is no `p`.
    #[error("p= is missing")]
    NoKey,
    /// `p` is not Base64: quotes, blanks in the wrong place, or cut off.
    #[error("p= is not a whole key")]
    BadKey,
    /// `h` does not allow SHA-256, the only hash in use (RFC 8301 §3.1).
    #[error("h= does not allow sha256")]
    Hash,
    /// `s` keeps the key for something else than mail.
    #[error("s= is not for email")]
    Service,
    /// A tag stands there twice (RFC 6376 §3.2).
    #[error("a tag stands there twice")]
    Twice,
}

impl KeyRecord {
    /// Reads a key record.
    ///
    /// # Errors
    /// [`NotAKey`]: the reason for which a verifier would ignore it.
    pub fn parse(octets: &[u8]) -> Result<Self, NotAKey> {
        let text = String::from_utf8_lossy(octets);
        let tags: Vec<(&str, &str)> = text
            .split(';')
            .filter_map(|tag| tag.split_once('='))
            .map(|(name, value)| (name.trim(), value.trim()))
            .collect();
        let twice = |(index, (name, _)): (usize, &(&str, &str))| tags[..index].iter().any(|(before, _)| before == name);
        if tags.iter().enumerate().any(twice) {
            return Err(NotAKey::Twice);
        }
        let tag = |wanted: &str| tags.iter().position(|(name, _)| *name == wanted);
        let value = |wanted: &str| tag(wanted).map(|index| tags[index].1);
        let lists = |name: &str, allowed: &[&str]| {
            value(name).is_none_or(|list| list.split(':').any(|item| allowed.contains(&item.trim())))
        };
        // RFC 6376 §3.6.1 v: if it is there it is the first tag.
        if tag("v").is_some_and(|index| index != 0 || tags[index].1 != "DKIM1") {
            return Err(NotAKey::Version);
        }
        if !lists("h", &["sha256"]) {
            return Err(NotAKey::Hash);
        }
        if !lists("s", &["*", "email"]) {
            return Err(NotAKey::Service);
        }
        // RFC 6376 §3.2: white space may stand anywhere in Base64.
        let base64: String = value("p").ok_or(NotAKey::NoKey)?.split_whitespace().collect();
        let key = STANDARD.decode(base64).map_err(|_| NotAKey::BadKey)?;
        Ok(Self {
            algorithm: value("k").unwrap_or("rsa").to_ascii_lowercase(),
            key,
            testing: value("t").is_some_and(|flags| flags.split(':').any(|flag| flag.trim() == "y")),
        })
    }

    /// Whether the key was withdrawn: an empty `p` (RFC 6376 §3.6.1).
    #[must_use]
    pub fn is_revoked(&self) -> bool {
        self.key.is_empty()
    }

    /// Whether this is the key whose `p` is `public` (Base64), of the algorithm `algorithm`.
    #[must_use]
    pub fn is(&self, algorithm: &str, public: &str) -> bool {
        let public: String = public.split_whitespace().collect();
        self.algorithm == algorithm && STANDARD.decode(public).is_ok_and(|key| !key.is_empty() && key == self.key)
    }

    /// The length of an RSA key in bits, where the DER can be read.
    #[must_use]
    pub fn rsa_bits(&self) -> Option<usize> {
        (self.algorithm == "rsa").then(|| modulus_bits(&self.key))?
    }
}

/// SubjectPublicKeyInfo (RFC 5280 §4.1) around RSAPublicKey (RFC 8017 §A.1.1), or that alone, as some publish it.
fn modulus_bits(der: &[u8]) -> Option<usize> {
    let (0x30, outer, _) = element(der)? else { return None };
    let inner = match element(outer)? {
        (0x02, ..) => outer,
        (0x30, _, after_algorithm) => {
            let (0x03, bits, _) = element(after_algorithm)? else { return None };
            let (0x30, key, _) = element(bits.get(1..)?)? else { return None };
            key
        }
        _ => return None,
    };
    let (0x02, modulus, _) = element(inner)? else { return None };
    let first = modulus.iter().position(|octet| *octet != 0)?;
    let octets = &modulus[first..];
    Some(octets.len() * 8 - octets[0].leading_zeros() as usize)
}

/// One DER element: its tag, its content, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        // Lengths of more than two octets are longer than any key in a DNS record.
        let octets = usize::from(first & 0x7F);
        let (long, rest) = rest.split_at_checked(octets).filter(|_| (1..=2).contains(&octets))?;
        (long.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet)), rest)
    };
    let (content, after) = rest.split_at_checked(length)?;
    Some((tag, content, after))
}

#[cfg(test)]
mod tests;
