//! From when to when a certificate is good (RFC 5280 §4.1): the fifth part of what is signed, after the version where there is one.

use jiff::Timestamp;

/// When it begins and when it ends; none where it cannot be read.
#[must_use]
pub fn validity(certificate: &[u8]) -> Option<(Timestamp, Timestamp)> {
    let (_, certificate, _) = der(certificate)?;
    let (_, mut signed, _) = der(certificate)?;
    if der(signed)?.0 == 0xa0 {
        signed = der(signed)?.2;
    }
    for _serial_algorithm_issuer in 0..3 {
        signed = der(signed)?.2;
    }
    let (_, validity, _) = der(signed)?;
    let (kind, begin, rest) = der(validity)?;
    let (end_kind, end, _) = der(rest)?;
    Some((time(kind, begin)?, time(end_kind, end)?))
}

fn time(kind: u8, text: &[u8]) -> Option<Timestamp> {
    let digits = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    // §4.1.2.5.1: two digits of a year below 50 are of this century.
    let digits = match kind {
        0x17 if digits < "5" => format!("20{digits}"),
        0x17 => format!("19{digits}"),
        _ => digits.to_owned(),
    };
    let civil = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", digits).ok()?;
    civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|end| end.timestamp())
}

/// The first value of `octets` (X.690 §8.1): its kind, what it holds, and what comes after it.
fn der(octets: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&kind, rest) = octets.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let mut length = usize::from(first);
    if first & 0x80 != 0 {
        let (count, more) = rest.split_at_checked(usize::from(first & 0x7f))?;
        length = count.iter().try_fold(0_usize, |sum, octet| sum.checked_mul(256)?.checked_add((*octet).into()))?;
        rest = more;
    }
    let (value, after) = rest.split_at_checked(length)?;
    Some((kind, value, after))
}
