//! Patrons from a CSV file: every row's every error at once, and nothing kept until all is right.
//!
//! One row a patron, columns by name in any order: `ref`, the library's number for them, must be there, the rest may be. An empty cell
//! tells nothing, and what is known stays. Lines of a postal address are separated by `;`.

use std::collections::HashSet;

use standards::address::Address;

use super::{BY_ADDRESS, Patron, name_problem, postal_lines};
use crate::channel::{Country, Number};
use crate::library::RowError;
use crate::notice::Language;

/// Columns that a file may have.
pub const COLUMNS: [&str; 10] =
    ["ref", "email", "phone", "texts", "first_name", "surname", "full_name", "language", "postal", "hide_titles"];

/// More rows than a library's file of a day; the whole of a large city's patrons goes in some files.
const ROWS_MAX: usize = 100_000;

/// Letters of a library's number for a patron: barcodes have fourteen, opaque ids of systems about forty.
pub const NUMBER_LETTERS_MAX: usize = 100;

/// What a row tells of a patron.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The line in the file.
    pub line: u64,
    /// Name, contact points and language, `texts` among them.
    pub patron: Patron,
    /// Whether titles stay out, where the row says so.
    pub hide_titles: Option<bool>,
}

/// Whether `number` can be a library's number for a patron; what is wrong with it else.
#[must_use]
pub fn number_problem(number: &str) -> Option<String> {
    if number.trim().is_empty() {
        return Some("give the library’s number for the patron".to_owned());
    }
    if number.chars().count() > NUMBER_LETTERS_MAX || number.chars().any(char::is_control) {
        return Some(format!("at most {NUMBER_LETTERS_MAX} letters in one line"));
    }
    number.starts_with(BY_ADDRESS).then(|| format!("a number does not begin with {BY_ADDRESS}"))
}

/// Reads patrons from CSV; telephone numbers without their country are of `country`.
///
/// # Errors
/// Everything that is wrong with the file, in its order.
pub fn read_csv(file: &[u8], country: Country) -> Result<Vec<Told>, Vec<RowError>> {
    // A byte order mark is what spreadsheets put before UTF-8.
    let file = file.strip_prefix("\u{feff}".as_bytes()).unwrap_or(file);
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(file);
    let heading: Vec<String> = match reader.headers() {
        Ok(heading) => heading.iter().map(str::to_ascii_lowercase).collect(),
        Err(error) => return Err(vec![wrong(1, "", error.to_string())]),
    };
    let mut errors: Vec<RowError> = heading
        .iter()
        .filter(|name| !COLUMNS.contains(&name.as_str()))
        .map(|name| wrong(1, name, format!("there is no such column; use {}", COLUMNS.join(", "))))
        .collect();
    if !heading.iter().any(|name| name == "ref") {
        errors.push(wrong(1, "ref", "this column must be there".to_owned()));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let (mut patrons, mut seen) = (Vec::new(), HashSet::new());
    for (index, record) in reader.records().enumerate() {
        let line = u64::try_from(index).unwrap_or(u64::MAX).saturating_add(2);
        if index >= ROWS_MAX {
            errors.push(wrong(line, "", format!("at most {ROWS_MAX} rows in a file; split it")));
            break;
        }
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                errors.push(wrong(line, "", error.to_string()));
                continue;
            }
        };
        let mut row = Row { heading: &heading, record: &record, line, country, errors: &mut errors };
        let told = row.told();
        let number = told.patron.id.clone().unwrap_or_default();
        if !seen.insert(number) {
            errors.push(wrong(line, "ref", "this number stands in an earlier row too".to_owned()));
        }
        patrons.push(told);
    }
    if errors.is_empty() { Ok(patrons) } else { Err(errors) }
}

fn wrong(line: u64, column: &str, detail: String) -> RowError {
    RowError { line, column: column.to_owned(), detail }
}

/// A row about to be read.
struct Row<'a> {
    heading: &'a [String],
    record: &'a csv::StringRecord,
    line: u64,
    country: Country,
    errors: &'a mut Vec<RowError>,
}

impl Row<'_> {
    fn cell(&self, column: &str) -> Option<&str> {
        let place = self.heading.iter().position(|name| name == column)?;
        self.record.get(place).map(str::trim).filter(|cell| !cell.is_empty())
    }

    fn text(&self, column: &str) -> Option<String> {
        self.cell(column).map(str::to_owned)
    }

    fn name(&mut self, column: &str) -> Option<String> {
        self.read(column, |cell| name_problem(cell).map_or_else(|| Ok(cell.to_owned()), Err))
    }

    /// The cell read by `read`; noted where it cannot be.
    fn read<T>(&mut self, column: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        match read(self.cell(column)?) {
            Ok(value) => Some(value),
            Err(detail) => {
                self.errors.push(wrong(self.line, column, detail));
                None
            }
        }
    }

    fn told(&mut self) -> Told {
        if let Some(detail) = number_problem(self.cell("ref").unwrap_or_default()) {
            self.errors.push(wrong(self.line, "ref", detail));
        }
        let country = self.country;
        let patron = Patron {
            id: self.text("ref"),
            email: self
                .read("email", |cell| Address::parse(cell).map_err(|_| "this is not an email address".to_owned())),
            phone: self.read("phone", |cell| Number::parse(cell, country).map_err(|error| error.to_string())),
            texts: self.read("texts", yes_or_no),
            first_name: self.name("first_name"),
            surname: self.name("surname"),
            full_name: self.name("full_name"),
            language: self.read("language", |cell| {
                Language::from_tag(cell).ok_or_else(|| "this is not a language of ours; use en or fr".to_owned())
            }),
            postal: self.read("postal", |cell| postal_lines(cell.split(';'))).unwrap_or_default(),
        };
        Told { line: self.line, patron, hide_titles: self.read("hide_titles", yes_or_no) }
    }
}

fn yes_or_no(cell: &str) -> Result<bool, String> {
    match cell.to_ascii_lowercase().as_str() {
        "yes" | "true" | "1" | "oui" => Ok(true),
        "no" | "false" | "0" | "non" => Ok(false),
        _ => Err("write yes or no".to_owned()),
    }
}
