//! Finds the reports in what came: a mail with parts of any type, gzip, zip, or the bare report.
//!
//! What something is is told from its first octets; content types and file names of reporters are wrong too often.

use std::io::{Cursor, Read};

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use flate2::read::MultiGzDecoder;
use mail_parser::{Encoding, MimeHeaders, PartType};

use crate::mime::parsed;

use super::{
    Aggregate, Failure, MAIL_OCTETS_MAX, REPORTS_MAX, Reading, Refused, Report, TlsReport, UNPACKED_OCTETS_MAX,
};

/// A zip in a gzip, a mail in a mail: reporters and gateways wrap twice at most.
const DEPTH_MAX: usize = 4;
/// Files looked at in one zip.
const FILES_MAX: usize = 64;

/// What octets are, from how they begin.
enum Looks {
    Gzip,
    Zip,
    Xml,
    Json,
    Other,
}

pub(super) fn open(bytes: &[u8], reading: &mut Reading) {
    if bytes.len() > MAIL_OCTETS_MAX {
        reading.refused.push(Refused::TooLarge);
        return;
    }
    let mut room = UNPACKED_OCTETS_MAX;
    if !document(bytes, 0, &mut room, reading) {
        mail(bytes, 0, &mut room, reading);
    }
}

/// Reads what is a report or a packed one. Whether it was any of these.
fn document(bytes: &[u8], depth: usize, room: &mut usize, reading: &mut Reading) -> bool {
    if depth > DEPTH_MAX || reading.reports.len() + reading.refused.len() >= REPORTS_MAX {
        return false;
    }
    match looks(bytes) {
        Looks::Gzip => unpacked(MultiGzDecoder::new(bytes), depth, room, reading),
        Looks::Zip => zip(bytes, depth, room, reading),
        Looks::Xml => keep(Aggregate::read(bytes).map(Report::Aggregate), reading),
        Looks::Json => keep(TlsReport::read(bytes).map(Report::Tls), reading),
        Looks::Other => return false,
    }
    true
}

fn keep(read: Result<Report, Refused>, reading: &mut Reading) {
    match read {
        Ok(report) => reading.reports.push(report),
        Err(refused) => reading.refused.push(refused),
    }
}

fn looks(bytes: &[u8]) -> Looks {
    let begins = |with: &[u8]| bytes.starts_with(with);
    if begins(&[0x1f, 0x8b]) {
        return Looks::Gzip;
    }
    if begins(b"PK\x03\x04") || begins(b"PK\x05\x06") {
        return Looks::Zip;
    }
    if begins(&[0xff, 0xfe, b'<', 0]) || begins(&[0xfe, 0xff, 0, b'<']) {
        return Looks::Xml;
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let head = String::from_utf8_lossy(&text[..text.len().min(4096)]).to_ascii_lowercase();
    match text.first() {
        // HTML, an SVG picture and the like are no reports; a mailbox address (`<a@b>: 550`) is no tag.
        Some(b'<') if head.contains("feedback") || head.starts_with("<?xml") || head.contains("<!doctype feedback") => {
            Looks::Xml
        }
        Some(b'{') => Looks::Json,
        _ => Looks::Other,
    }
}

/// Reads on in what `from` unpacks to.
fn unpacked(from: impl Read, depth: usize, room: &mut usize, reading: &mut Reading) {
    let mut octets = Vec::new();
    let limit = *room as u64 + 1;
    let outcome = from.take(limit).read_to_end(&mut octets);
    if octets.len() > *room {
        *room = 0;
        reading.refused.push(Refused::TooLarge);
        return;
    }
    *room -= octets.len();
    let seen = reading.reports.len();
    let before = reading.refused.len();
    let known = document(&octets, depth + 1, room, reading);
    match outcome {
        // Where the tail is missing, what came through counts; a report that was cut says so itself.
        Err(error) if reading.reports.len() == seen => {
            reading.refused.truncate(before);
            reading.refused.push(Refused::Packing(error.to_string()));
        }
        _ if !known => reading.refused.push(Refused::NotOne("what was packed is neither XML nor JSON")),
        _ => {}
    }
}

fn zip(bytes: &[u8], depth: usize, room: &mut usize, reading: &mut Reading) {
    let mut archive = match zip::ZipArchive::new(Cursor::new(bytes)) {
        Ok(archive) => archive,
        Err(error) => {
            reading.refused.push(Refused::Packing(error.to_string()));
            return;
        }
    };
    if archive.is_empty() {
        reading.refused.push(Refused::Packing("the zip is empty".to_owned()));
    }
    for index in 0..archive.len().min(FILES_MAX) {
        if *room == 0 || reading.reports.len() + reading.refused.len() >= REPORTS_MAX {
            return;
        }
        match archive.by_index(index) {
            Ok(file) if file.is_dir() || file.name().is_ok_and(|name| name.starts_with("__MACOSX")) => {}
            Ok(file) => unpacked(file, depth, room, reading),
            Err(error) => reading.refused.push(Refused::Packing(error.to_string())),
        }
    }
}

/// Reads the reports in the parts of a mail.
fn mail(bytes: &[u8], depth: usize, room: &mut usize, reading: &mut Reading) {
    let bytes = without_mailbox_line(bytes);
    let Some(message) = parsed(bytes) else { return };
    if let Some(failure) = Failure::read(&message) {
        // The mail it quotes is about somebody; nothing else is looked for in it.
        reading.reports.push(Report::Failure(failure));
        return;
    }
    for part in &message.parts {
        let name = part.attachment_name().unwrap_or_default().to_ascii_lowercase();
        match &part.body {
            PartType::Message(inner) if depth < DEPTH_MAX => mail(inner.raw_message(), depth + 1, room, reading),
            PartType::Multipart(_) | PartType::Message(_) => {}
            body => {
                let raw;
                let octets: &[u8] = match body {
                    // Packed octets under a text type: the parser has made text of them, and only the raw part is whole.
                    PartType::Text(_) | PartType::Html(_) if part.encoding == Encoding::Base64 => {
                        let range = part.raw_body_offset() as usize..part.raw_end_offset() as usize;
                        raw = base64(bytes.get(range).unwrap_or_default()).unwrap_or_default();
                        &raw
                    }
                    PartType::Text(text) | PartType::Html(text) => text.as_bytes(),
                    PartType::Binary(octets) | PartType::InlineBinary(octets) => octets,
                    _ => continue,
                };
                let claims = [".gz", ".zip", ".xml", ".json"].iter().any(|ending| name.ends_with(ending));
                if document(octets, depth, room, reading) {
                    continue;
                }
                // A gateway took the encoding's name away, or a reporter forgot it.
                match decoded(octets) {
                    Some(decoded) if document(&decoded, depth, room, reading) => {}
                    _ if claims => reading.refused.push(Refused::NotOne("the attachment is neither XML nor JSON")),
                    _ => {}
                }
            }
        }
    }
}

/// Base64 that nobody declared: only where it begins as a gzip, a zip or XML does.
fn decoded(octets: &[u8]) -> Option<Vec<u8>> {
    let text = octets.trim_ascii();
    [&b"H4sI"[..], b"UEsD", b"PD94", b"PGZl"].iter().any(|begin| text.starts_with(begin)).then(|| base64(text))?
}

fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let bare: Vec<u8> = text.iter().copied().filter(|octet| !octet.is_ascii_whitespace()).collect();
    GeneralPurpose::new(&STANDARD, config).decode(bare).ok()
}

/// RFC 4155: the `From ` line of a mailbox file is no header field.
fn without_mailbox_line(bytes: &[u8]) -> &[u8] {
    if !bytes.starts_with(b"From ") {
        return bytes;
    }
    bytes.iter().position(|octet| *octet == b'\n').map_or(bytes, |end| &bytes[end + 1..])
}
