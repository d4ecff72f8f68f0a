//! From the octets of an XML document to text (XML 1.0 §4.3.3 and appendix F).
//!
//! In: what a sender posted. Out: text without its byte order mark. Read are UTF-8, UTF-16 in both orders, US-ASCII and
//! ISO-8859-1 with its Windows superset; every other declared encoding is refused by name. Not here: whether the
//! text is XML.

use std::borrow::Cow;

/// The declaration stands at the very start and is short: version, encoding, standalone.
const DECLARATION_BYTES_MAX: usize = 200;

/// The document as text, or the sentence that says why not.
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, String> {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        // XML 1.0 appendix F.1: without a mark, the first `<` shows the order.
        [b'<', 0, _, 0, ..] => utf16(bytes, u16::from_le_bytes),
        [0, b'<', 0, _, ..] => utf16(bytes, u16::from_be_bytes),
        _ => declared(bytes),
    }
}

fn declared(bytes: &[u8]) -> Result<Cow<'_, str>, String> {
    let Some(label) = label(bytes) else {
        return utf8(bytes);
    };
    match label.to_ascii_lowercase().as_str() {
        // Programs that print into a wide string declare UTF-16 and then send UTF-8; the octets are the better witness.
        "utf-8" | "utf8" | "utf-16" | "utf-16le" | "utf-16be" | "unicode" | "us-ascii" | "ascii" => utf8(bytes),
        "iso-8859-1" | "iso8859-1" | "iso_8859-1" | "latin1" | "latin-1" | "windows-1252" | "cp1252" => {
            Ok(Cow::Owned(bytes.iter().map(|byte| windows_1252(*byte)).collect()))
        }
        _ => Err(format!(
            "the document declares the encoding “{label}”, which is not read here: send UTF-8, UTF-16 or ISO-8859-1"
        )),
    }
}

/// The encoding an ASCII-compatible XML declaration names.
fn label(bytes: &[u8]) -> Option<String> {
    let head = &bytes[..bytes.len().min(DECLARATION_BYTES_MAX)];
    let start = head.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let head = head[start..].strip_prefix(b"<?xml")?;
    let end = head.windows(2).position(|pair| pair == b"?>")?;
    let declaration = String::from_utf8_lossy(&head[..end]).into_owned();
    let (_, after) = declaration.split_once("encoding")?;
    let after = after.trim_start().strip_prefix('=')?.trim_start();
    let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    after[1..].split(quote).next().map(|label| label.trim().chars().take(40).collect())
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, String> {
    std::str::from_utf8(bytes)
        .map(Cow::Borrowed)
        .map_err(|error| format!("the document is not UTF-8: octet {} does not belong", error.valid_up_to() + 1))
}

fn utf16(bytes: &[u8], order: fn([u8; 2]) -> u16) -> Result<Cow<'_, str>, String> {
    if !bytes.len().is_multiple_of(2) {
        return Err("the document is UTF-16 and ends in the middle of a character".to_owned());
    }
    let units = bytes.chunks_exact(2).map(|pair| order([pair[0], pair[1]]));
    char::decode_utf16(units)
        .collect::<Result<String, _>>()
        .map(Cow::Owned)
        .map_err(|_| "the document is UTF-16 with half a character in it".to_owned())
}

/// The WHATWG Encoding Standard reads ISO-8859-1 as Windows-1252, because that is what is sent under its name: the
/// C1 controls, of no use in XML, are punctuation there.
fn windows_1252(byte: u8) -> char {
    const C1: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž', '\u{8F}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9F => C1[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}
