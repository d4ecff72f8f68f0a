//! Libraries from a CSV file: every row's every error at once, and nothing changed until all is right.
//!
//! One row a library, columns by name in any order: `code` and `name_en` must be there, the rest may be. Several
//! addresses or languages in one cell are separated by `;`.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};

use standards::address::Address;

use super::{By, Claims, Copies, InLanguages, Library, LibraryCode};
use crate::notice::Language;
use crate::notice::status::Status;

/// Columns that a file may have.
pub const COLUMNS: [&str; 23] = [
    "code",
    "symbols",
    "name_en",
    "name_fr",
    "time_zone",
    "languages",
    "region",
    "from",
    "display_name_en",
    "display_name_fr",
    "reply_to",
    "cc",
    "copies",
    "borrowing_staff",
    "lending_staff",
    "phone",
    "hours_en",
    "hours_fr",
    "url",
    "demands_tls",
    "hide_titles",
    "prefer_shared_over_own_bounces",
    "digest",
];

/// More rows than any consortium has libraries.
const ROWS_MAX: usize = 20_000;

/// One thing wrong in the file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct RowError {
    /// The line in the file; 1 is the heading.
    pub line: u64,
    /// The column, where it is about one.
    pub column: String,
    /// What is wrong, and what would be right.
    pub detail: String,
}

/// Reads libraries from CSV, which only the consortium imports; `claims` says which From domains and names nobody can have.
///
/// # Errors
/// Everything that is wrong with the file, in its order.
pub fn read_csv(file: &[u8], claims: &Claims<'_>) -> Result<Vec<Library>, Vec<RowError>> {
    let mut errors = Vec::new();
    // A byte order mark is what spreadsheets put before UTF-8.
    let file = file.strip_prefix("\u{feff}".as_bytes()).unwrap_or(file);
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(file);
    let heading: Vec<String> = match reader.headers() {
        Ok(heading) => heading.iter().map(|name| name.to_ascii_lowercase()).collect(),
        Err(error) => return Err(vec![wrong(1, "", error.to_string())]),
    };
    for name in &heading {
        if !COLUMNS.contains(&name.as_str()) {
            errors.push(wrong(1, name, format!("there is no such column; use {}", COLUMNS.join(", "))));
        }
    }
    for must in ["code", "name_en"] {
        if !heading.iter().any(|name| name == must) {
            errors.push(wrong(1, must, "this column must be there".to_owned()));
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut libraries = Vec::new();
    let mut seen = HashSet::new();
    for (index, record) in reader.records().enumerate() {
        let line = record.as_ref().ok().and_then(|r| r.position().map(csv::Position::line)).unwrap_or(index as u64 + 2);
        if index >= ROWS_MAX {
            errors.push(wrong(line, "", format!("a file may have {ROWS_MAX} rows; split it")));
            break;
        }
        match record {
            Ok(record) => {
                let mut row = Row { line, heading: &heading, record: &record, errors: &mut errors };
                if let Some(library) = row.library() {
                    let problems = claims.problems(&library, By::Consortium).into_iter();
                    errors.extend(problems.map(|problem| wrong(line, problem.field, problem.detail)));
                    let names = library.symbols.iter().map(|symbol| ("symbols", symbol));
                    for (column, name) in [("code", &library.code)].into_iter().chain(names) {
                        if !seen.insert(name.clone()) {
                            errors.push(wrong(line, column, format!("{name} stands in this file twice")));
                        }
                    }
                    libraries.push(library);
                }
            }
            Err(error) => errors.push(wrong(line, "", error.to_string())),
        }
    }
    if errors.is_empty() { Ok(libraries) } else { Err(errors) }
}

fn wrong(line: u64, column: &str, detail: String) -> RowError {
    RowError { line, column: column.to_owned(), detail }
}

struct Row<'a> {
    line: u64,
    heading: &'a [String],
    record: &'a csv::StringRecord,
    errors: &'a mut Vec<RowError>,
}

impl Row<'_> {
    /// The row as a library; none when its code is unusable. Errors are added for whatever is wrong.
    fn library(&mut self) -> Option<Library> {
        let name = self.in_languages("name");
        if name.is_none() {
            self.error("name_en", "a library needs an English name".to_owned());
        }
        let library = Library {
            name: name.unwrap_or_default(),
            symbols: self.symbols(),
            time_zone: self.time_zone(),
            languages: self.languages(),
            region: self.cell("region").unwrap_or("default").to_owned(),
            from: self.address("from"),
            prefer_shared_over_own_bounces: self.yes("prefer_shared_over_own_bounces"),
            display_name: self.in_languages("display_name"),
            reply_to: self.address("reply_to"),
            cc: self.addresses("cc"),
            copies: self.copies(),
            borrowing_staff: self.addresses("borrowing_staff"),
            lending_staff: self.addresses("lending_staff"),
            phone: self.cell("phone").map(str::to_owned),
            hours: self.in_languages("hours"),
            url: self.cell("url").map(str::to_owned),
            closures: Vec::new(),
            switches: self.switches(),
            demands_tls: self.yes("demands_tls"),
            brake_at: None,
            other_regions: false,
            hide_titles: self.yes("hide_titles"),
            relay: None,
            reach: super::Reach::default(),
            timing: super::Timing::default(),
            sign_on: None,
            code: match LibraryCode::parse(self.cell("code").unwrap_or_default()) {
                Ok(code) => code,
                Err(error) => {
                    self.error("code", error.to_string());
                    return None;
                }
            },
        };
        for problem in library.problems() {
            self.error(problem.field, problem.detail);
        }
        Some(library)
    }

    fn error(&mut self, column: &str, detail: String) {
        self.errors.push(wrong(self.line, column, detail));
    }

    fn cell(&self, column: &str) -> Option<&str> {
        let index = self.heading.iter().position(|name| name == column)?;
        self.record.get(index).filter(|text| !text.is_empty())
    }

    fn in_languages(&self, column: &str) -> Option<InLanguages> {
        let en = self.cell(&format!("{column}_en"))?.to_owned();
        Some(InLanguages { en, fr: self.cell(&format!("{column}_fr")).map(str::to_owned) })
    }

    fn time_zone(&self) -> String {
        self.cell("time_zone").unwrap_or("UTC").to_owned()
    }

    fn symbols(&mut self) -> Vec<LibraryCode> {
        let text = self.cell("symbols").unwrap_or_default().to_owned();
        let mut symbols = Vec::new();
        for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            match LibraryCode::parse(part) {
                Ok(symbol) => symbols.push(symbol),
                Err(error) => self.error("symbols", error.to_string()),
            }
        }
        symbols
    }

    fn languages(&mut self) -> Vec<Language> {
        let text = self.cell("languages").unwrap_or("en").to_owned();
        let mut languages = Vec::new();
        for tag in text.split([';', ',', ' ']).filter(|tag| !tag.is_empty()) {
            match Language::from_tag(tag) {
                Some(language) => languages.push(language),
                None => self.error("languages", format!("“{tag}” is not a language we write; use en, fr or en;fr")),
            }
        }
        languages
    }

    fn addresses(&mut self, column: &str) -> Vec<Address> {
        let text = self.cell(column).unwrap_or_default().to_owned();
        let mut addresses = Vec::new();
        for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            match Address::parse(part) {
                Ok(address) => addresses.push(address),
                Err(error) => self.error(column, format!("not an email address: {error}")),
            }
        }
        addresses
    }

    fn address(&mut self, column: &str) -> Option<Address> {
        let mut addresses = self.addresses(column);
        if addresses.len() > 1 {
            self.error(column, "only one address can stand here".to_owned());
        }
        addresses.pop()
    }

    fn copies(&mut self) -> Copies {
        match self.cell("copies").map(str::to_ascii_lowercase).as_deref() {
            None | Some("each") => Copies::Each,
            Some("daily") => Copies::Daily,
            Some(other) => {
                let detail = format!("“{other}” is neither each nor daily");
                self.error("copies", detail);
                Copies::Each
            }
        }
    }

    /// The one switch that has a column; an empty cell leaves it as it is.
    fn switches(&mut self) -> BTreeMap<String, bool> {
        let is_said = self.cell("digest").is_some();
        let digest = self.yes("digest");
        is_said.then(|| (Status::PatronDigest.code().to_owned(), digest)).into_iter().collect()
    }

    fn yes(&mut self, column: &str) -> bool {
        match self.cell(column).map(str::to_ascii_lowercase).as_deref() {
            None | Some("no" | "false" | "0" | "non") => false,
            Some("yes" | "true" | "1" | "oui") => true,
            Some(other) => {
                let detail = format!("“{other}” is neither yes nor no");
                self.error(column, detail);
                false
            }
        }
    }
}
