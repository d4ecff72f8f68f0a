//! A form that brings a file (multipart/form-data, RFC 7578).
//!
//! In: its body and content type, as the browser sent them. Out: its fields and the file's octets. Its token is in the query
//! of its address, where the guard finds it. A file is read as a whole: forms are small (`FORM_OCTETS_MAX`).

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use axum::http::{HeaderMap, header};
use mail_parser::{MimeHeaders as _, PartType};
use standards::mime::parsed;

/// Fields of a form, more than any of ours has.
const PARTS_MAX: usize = 20;

/// What came.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Upload {
    /// Fields by name.
    pub fields: HashMap<String, String>,
    /// The file that was chosen; none: nothing was.
    pub file: Option<Vec<u8>>,
}

/// Reads a form; one that is none has no fields.
pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Upload {
    let mut upload = Upload::default();
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("multipart/form-data") || kind.contains(['\r', '\n']) {
        return upload;
    }
    // A form with files is written as a mail with parts is (RFC 7578 §4.1 and RFC 2046 §5.1).
    let mut mail = format!("Content-Type: {}\r\n\r\n", kind.replacen("form-data", "mixed", 1)).into_bytes();
    mail.extend_from_slice(body);
    let Some(form) = parsed(&mail) else { return upload };
    for part in form.parts.iter().filter(|part| !matches!(part.body, PartType::Multipart(_))).take(PARTS_MAX) {
        let Some(disposition) = part.content_disposition() else { continue };
        let Some(name) = disposition.attribute("name") else { continue };
        // Octets as they were sent: what they say is for whoever reads the file.
        let start = usize::try_from(part.raw_body_offset()).unwrap_or(usize::MAX);
        let end = usize::try_from(part.raw_end_offset()).unwrap_or(0);
        let octets = mail.get(start..end).unwrap_or_default();
        let octets = octets.strip_suffix(b"\r\n").unwrap_or(octets);
        if disposition.attribute("filename").is_some() {
            upload.file = Some(octets.to_vec()).filter(|octets| !octets.is_empty());
        } else {
            upload.fields.insert(name.to_owned(), String::from_utf8_lossy(octets).into_owned());
        }
    }
    upload
}
