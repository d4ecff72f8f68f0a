//! Folders of words: one file a notice and language, `overdue.en.md`, read and checked without a server.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use standards::domain::Domain;

use super::client::Trouble;
use super::{Common, Exit};
use crate::notice::catalogue::Notice;
use crate::notice::problem::{At, Severity};
use crate::notice::words::{SOURCE_BYTES_MAX, Words};
use crate::notice::{Language, check};

/// More files than the catalogue has notices, in more languages than we write.
const FILES_MAX: usize = 1000;

/// A file of words.
pub(super) struct WordsFile {
    /// Where it is.
    pub path: PathBuf,
    /// The notice its name says.
    pub notice: Notice,
    /// The language its name says.
    pub language: Language,
    /// What it holds.
    pub source: String,
}

/// Something about a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Remark {
    /// The file.
    pub file: String,
    /// The line.
    pub line: u32,
    /// Whether it stands in the way of saving.
    pub is_error: bool,
    /// What, in words.
    pub words: String,
}

impl Remark {
    /// As editors jump to it.
    pub(super) fn row(&self) -> Vec<String> {
        let kind = if self.is_error { "error" } else { "warning" };
        vec![format!("{}:{}", self.file, self.line), kind.to_owned(), super::table::clean(&self.words)]
    }

    /// As programs read it.
    pub(super) fn json(&self) -> Value {
        let kind = if self.is_error { "error" } else { "warning" };
        json!({ "file": self.file, "line": self.line, "severity": kind, "detail": self.words })
    }
}

/// The words below `at` (a folder or a file), and what is wrong with files as such.
///
/// # Errors
/// When the folder cannot be read, or has no words at all.
pub(super) fn read_words(at: &Path) -> Result<(Vec<WordsFile>, Vec<Remark>)> {
    let mut paths = Vec::new();
    if at.is_dir() {
        for entry in std::fs::read_dir(at).with_context(|| format!("{} cannot be read", at.display()))? {
            let path = entry?.path();
            let is_words = path.extension().is_some_and(|extension| extension == "md");
            // A folder of words may explain itself.
            if is_words && path.file_name().is_none_or(|name| name != "README.md") {
                paths.push(path);
            }
        }
    } else if at.is_file() {
        paths.push(at.to_owned());
    }
    if paths.is_empty() {
        let lines = [
            format!("{} has no words: files named NOTICE.LANGUAGE.md, such as overdue.en.md", at.display()),
            "courtesy notice pull FOLDER --library CODE writes them to begin with".to_owned(),
        ];
        return Err(Trouble::new(Exit::Failed, lines).into());
    }
    if paths.len() > FILES_MAX {
        return Trouble::err(
            Exit::Failed,
            format!("{} has more than {FILES_MAX} files; is it the right folder?", at.display()),
        );
    }
    paths.sort();
    let (mut files, mut remarks) = (Vec::new(), Vec::new());
    for path in paths {
        match read_one(&path) {
            Ok(file) => files.push(file),
            Err(words) => remarks.push(Remark { file: path.display().to_string(), line: 1, is_error: true, words }),
        }
    }
    Ok((files, remarks))
}

fn read_one(path: &Path) -> std::result::Result<WordsFile, String> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let (notice, language) = named(name)?;
    let size = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > SOURCE_BYTES_MAX as u64 {
        return Err(format!("the notice is longer than {} KB", SOURCE_BYTES_MAX / 1024));
    }
    let octets = std::fs::read(path).map_err(|error| error.to_string())?;
    let source = String::from_utf8(octets).map_err(|_| "the file is not UTF-8; save it as UTF-8".to_owned())?;
    Ok(WordsFile { path: path.to_owned(), notice, language, source })
}

/// The notice and language of a file's name.
fn named(name: &str) -> std::result::Result<(Notice, Language), String> {
    let how = || format!("“{}” is not named NOTICE.LANGUAGE.md, such as overdue.en.md", super::table::clean(name));
    let (code, tag) = name.strip_suffix(".md").and_then(|stem| stem.rsplit_once('.')).ok_or_else(how)?;
    let language = Language::from_tag(tag).ok_or_else(how)?;
    let notice = Notice::from_code(code).map_err(|error| error.to_string())?;
    Ok((notice, language))
}

/// The name of the file of a notice's words.
pub(super) fn file_name(notice: &str, language: &str) -> String {
    format!("{notice}.{language}.md")
}

/// What there is to say about a file's words, errors and warnings, said in `said_in`.
pub(super) fn lint(file: &WordsFile, home: &[Domain], said_in: Language) -> Vec<Remark> {
    let remark = |at: At, is_error, words| Remark {
        file: file.path.display().to_string(),
        line: at.line.max(1),
        is_error,
        words,
    };
    match Words::parse(&file.source, file.language) {
        Err(problems) => {
            problems.iter().map(|problem| remark(problem.at, true, problem.trouble.say(said_in))).collect()
        }
        Ok(words) if words.notice != file.notice => {
            let said = format!("the file is named {} and says that it is {}", file.notice, words.notice);
            vec![remark(At { line: 1, column: 1 }, true, said)]
        }
        Ok(words) => check::check(&words, home)
            .iter()
            .map(|problem| {
                remark(problem.at, problem.trouble.severity() == Severity::Error, problem.trouble.say(said_in))
            })
            .collect(),
    }
}

/// Domains that links may lead to without a remark, where there are settings.
pub(super) fn home(common: &Common) -> Vec<Domain> {
    common.settings().map(|settings| vec![settings.public_host, settings.shared.domain]).unwrap_or_default()
}

/// The language in which remarks are made.
pub(super) fn said_in(common: &Common) -> Language {
    common.lang.as_deref().and_then(Language::from_tag).unwrap_or(Language::En)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_says_notice_and_language() {
        let (notice, language) = named("overdue.borrowing.en.md").unwrap();
        assert_eq!((notice.code().as_str(), language), ("overdue.borrowing", Language::En));
        assert!(named("overdue.md").unwrap_err().contains("NOTICE.LANGUAGE.md"));
        assert!(named("overdeu.en.md").unwrap_err().contains("overdue"), "a misspelt notice is guessed");
    }

    #[test]
    fn words_as_shipped_have_no_errors() {
        for entry in crate::notice::catalogue::NOTICES {
            for language in Language::ALL {
                let source = crate::notice::builtin::source(entry.notice, language).unwrap();
                let path = PathBuf::from(file_name(&entry.notice.code(), language.tag()));
                let file = WordsFile { path, notice: entry.notice, language, source };
                assert_eq!(lint(&file, &[], Language::En).iter().find(|remark| remark.is_error), None);
            }
        }
    }

    #[test]
    fn words_under_another_notices_name_are_an_error() {
        let notice = Notice::from_code("overdue").unwrap();
        let source = crate::notice::builtin::source(Notice::from_code("due_soon").unwrap(), Language::En).unwrap();
        let file = WordsFile { path: "overdue.en.md".into(), notice, language: Language::En, source };
        assert!(lint(&file, &[], Language::En)[0].is_error);
    }
}
