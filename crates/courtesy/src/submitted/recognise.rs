//! What a mail is about, as far as its headers and its subject say: which system wrote it, which status it tells of, which request
//! and patron it names. The table is `systems.toml`. A guess decides how long we try, what the lists show and what staff may look
//! for; never who gets the mail.

use std::sync::LazyLock;

use regex::{Regex, RegexBuilder};
use serde::Deserialize;

use super::head::Head;
use crate::notice::status::Status;

/// Longest subject that is looked at, in letters.
const SUBJECT_LETTERS_MAX: usize = 300;

/// Longest request or patron number, in letters.
const NUMBER_LETTERS_MAX: usize = 60;

/// What was recognised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recognised {
    /// The system's name.
    pub system: Option<&'static str>,
    /// The status it tells of.
    pub status: Option<Status>,
    /// The request's number.
    pub request: Option<String>,
    /// The patron's number.
    pub patron: Option<String>,
}

struct Table {
    systems: Vec<(String, String, Regex)>,
    headers: Headers,
    subjects: Vec<(Status, Regex)>,
    requests: Vec<Regex>,
}

#[derive(Deserialize)]
struct Written {
    system: Vec<System>,
    headers: Headers,
    subject: Vec<Subject>,
    request: Requests,
}

#[derive(Deserialize)]
struct System {
    name: String,
    header: String,
    says: String,
}

#[derive(Deserialize)]
struct Headers {
    kind: Vec<String>,
    request: Vec<String>,
    patron: Vec<String>,
}

#[derive(Deserialize)]
struct Subject {
    status: String,
    says: String,
}

#[derive(Deserialize)]
struct Requests {
    subject: Vec<String>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let written: Written = toml::from_str(include_str!("systems.toml")).expect("a test reads the table");
    let pattern = |says: &str| {
        RegexBuilder::new(says).case_insensitive(true).build().expect("a test reads every pattern of the table")
    };
    let status = |code: &str| Status::from_code(code).expect("a test reads every status of the table");
    Table {
        systems: written.system.into_iter().map(|one| (one.name, one.header, pattern(&one.says))).collect(),
        headers: written.headers,
        subjects: written.subject.iter().map(|one| (status(&one.status), pattern(&one.says))).collect(),
        requests: written.request.subject.iter().map(|says| pattern(says)).collect(),
    }
});

/// Reads what the header says of the mail.
#[must_use]
pub fn recognise(head: &Head<'_>) -> Recognised {
    let table = &*TABLE;
    let said = |names: &[String]| {
        let value = names.iter().find_map(|name| head.first(name)).map(super::Field::value)?;
        let plain: String = value.chars().filter(|c| !c.is_control()).take(NUMBER_LETTERS_MAX).collect();
        Some(plain.trim().to_owned()).filter(|plain| !plain.is_empty())
    };
    let subject: String =
        head.first("subject").map(super::Field::value).unwrap_or_default().chars().take(SUBJECT_LETTERS_MAX).collect();
    let wrote = |(_, header, says): &&(String, String, Regex)| {
        head.first(header).is_some_and(|field| says.is_match(&field.value()))
    };
    let told = said(&table.headers.kind).and_then(|code| Status::from_code(&code).ok());
    let in_subject = || table.subjects.iter().find(|(_, says)| says.is_match(&subject)).map(|(status, _)| *status);
    let number = || {
        let found = table.requests.iter().find_map(|says| says.captures(&subject))?;
        let number = found.get(1).map(|number| number.as_str().trim_end_matches(['.', '-', '/']))?;
        Some(number.chars().take(NUMBER_LETTERS_MAX).collect::<String>())
    };
    Recognised {
        system: table.systems.iter().find(wrote).map(|(name, _, _)| name.as_str()),
        status: told.or_else(in_subject),
        request: said(&table.headers.request).or_else(number),
        patron: said(&table.headers.patron),
    }
}
