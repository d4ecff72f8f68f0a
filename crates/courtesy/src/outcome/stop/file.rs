//! Addresses to stop writing to, from a CSV file: all of them, and what is wrong with every row that is.
//!
//! In: the file's octets. Out: addresses, each once with its reason, and the rows that name none. A heading says which
//! column is `address` and which `reason`, in English or in French; without one the first is the address and the second the reason. Spreadsheets
//! part cells by comma, semicolon or tab: whichever the first row has. Nothing is decided here about rows that are wrong.

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use standards::address::Address;

use super::ListedAddress;

/// Addresses of one file: more than a library has patrons with dead mailboxes.
pub const ADDRESSES_MAX: usize = 10_000;

/// Letters of a reason.
const REASON_LETTERS_MAX: usize = 500;

/// Letters of a wrong row that are shown again.
const SHOWN_LETTERS_MAX: usize = 80;

/// What a formula begins with, or what a spreadsheet passes over before one.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// What spreadsheets put before UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// What a file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StopFile {
    /// Addresses, each with its own reason where it has one.
    pub rows: Vec<(ListedAddress, Option<String>)>,
    /// Rows that say an address a second time.
    pub repeated: usize,
    /// Rows that cannot be taken, in the file's order.
    pub wrong: Vec<WrongRow>,
}

/// A row that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongRow {
    /// Its line in the file; the first is 1.
    pub line: u64,
    /// What stands where the address should.
    pub text: String,
    /// What is wrong with it.
    pub why: WrongStop,
}

/// What the column of addresses is called.
const ADDRESS_NAMES: [&str; 4] = ["address", "adresse", "email", "courriel"];

/// What the column of reasons is called.
const REASON_NAMES: [&str; 3] = ["reason", "raison", "motif"];

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrongStop {
    /// It has nothing where the address should be.
    Empty,
    /// What stands there is no email address.
    NoAddress,
    /// It is not CSV, or not text.
    Unreadable,
    /// It comes after [`ADDRESSES_MAX`] others.
    TooMany,
}

impl WrongStop {
    /// The word for it, of which pages make their own.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NoAddress => "no-address",
            Self::Unreadable => "unreadable",
            Self::TooMany => "too-many",
        }
    }
}

/// Reads a file.
#[must_use]
pub fn read(file: &[u8]) -> StopFile {
    let file = file.strip_prefix(BYTE_ORDER_MARK).unwrap_or(file);
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .has_headers(false)
        .delimiter(delimiter(file))
        .trim(csv::Trim::All)
        .from_reader(file);
    let mut found = StopFile::default();
    let mut known = HashSet::new();
    let (mut address, mut reason) = (0, Some(1));
    let mut lines = Lines { upto: 0, line: 1 };
    for (index, row) in reader.byte_records().enumerate() {
        // A file that is not CSV from here on: the reader finds no further row.
        let Ok(row) = row else {
            found.wrong.push(WrongRow { line: 0, text: String::new(), why: WrongStop::Unreadable });
            break;
        };
        let line = lines.at(file, row.position().map_or(0, csv::Position::byte));
        let cell = |place: usize| row.get(place).map(|octets| bare(&String::from_utf8_lossy(octets)).to_owned());
        if index == 0 {
            let named = |names: &[&str]| {
                let place = |name: &&str| row.iter().position(|found| found.eq_ignore_ascii_case(name.as_bytes()));
                names.iter().find_map(place)
            };
            if let Some(place) = named(&ADDRESS_NAMES) {
                (address, reason) = (place, named(&REASON_NAMES));
                continue;
            }
        }
        if row.iter().all(<[u8]>::is_empty) {
            continue;
        }
        let text = cell(address).unwrap_or_default();
        let mut wrong = |why| {
            found.wrong.push(WrongRow { line, text: text.chars().take(SHOWN_LETTERS_MAX).collect(), why });
        };
        match Address::parse(&text) {
            _ if text.is_empty() => wrong(WrongStop::Empty),
            Err(_) => wrong(WrongStop::NoAddress),
            Ok(_) if found.rows.len() == ADDRESSES_MAX => wrong(WrongStop::TooMany),
            Ok(parsed) => {
                let listed = ListedAddress::of(&parsed);
                if !known.insert(listed.clone()) {
                    found.repeated += 1;
                    continue;
                }
                let why = reason.and_then(cell).map(|text| plain(&text)).filter(|text| !text.is_empty());
                found.rows.push((listed, why));
            }
        }
    }
    found
}

/// Counts lines: to the reader a row begins before the line ends that it passes over.
struct Lines {
    upto: usize,
    line: u64,
}

impl Lines {
    /// The line of a row that begins at octet `begin`, which is after the one asked for before.
    fn at(&mut self, file: &[u8], begin: u64) -> u64 {
        let begin = usize::try_from(begin).unwrap_or(usize::MAX);
        let rest = file.get(begin..).unwrap_or_default();
        let begin = begin.saturating_add(rest.iter().take_while(|octet| matches!(octet, b'\r' | b'\n')).count());
        let passed = file.get(self.upto..begin).unwrap_or_default().iter().filter(|octet| **octet == b'\n').count();
        self.line = self.line.saturating_add(u64::try_from(passed).unwrap_or(u64::MAX));
        self.upto = begin;
        self.line
    }
}

/// A value that no spreadsheet takes for a formula: others' words stand in such files.
#[must_use]
pub fn guarded(text: &str) -> String {
    if text.starts_with(FORMULA) { format!("'{text}") } else { text.to_owned() }
}

/// The same as it was before it was guarded.
fn bare(text: &str) -> &str {
    text.strip_prefix('\'').filter(|text| text.starts_with(FORMULA)).unwrap_or(text)
}

fn plain(reason: &str) -> String {
    reason.chars().filter(|letter| !letter.is_control()).take(REASON_LETTERS_MAX).collect()
}

/// What parts the cells of the first row.
fn delimiter(file: &[u8]) -> u8 {
    let first = file.split(|octet| *octet == b'\n').next().unwrap_or_default();
    let count = |wanted: u8| first.iter().filter(|octet| **octet == wanted).count();
    // The last of those that occur most: a comma where there are none of them.
    [b'\t', b';', b','].into_iter().max_by_key(|wanted| count(*wanted)).unwrap_or(b',')
}
