//! Words as files: pulled into a folder, checked, pushed back.
//!
//! A push looks at every file first, here and on the server, and saves none when one is wrong. A file that says what
//! is in force already is left alone, so that pulling and pushing never makes a library's own words of the consortium's.

use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use reqwest::Method;
use serde_json::{Value, json};

use super::super::client::{Body, Client, Trouble, segment};
use super::super::table::{answer, answer_json, answer_lines, clean, columns, count, list, say, text};
use super::super::words::{self, Remark, WordsFile, file_name, lint, read_words};
use super::super::{Common, Exit};
use super::Of;
use crate::notice::catalogue::Notice;

/// Checks words in files, without a server.
pub(super) fn lint_all(at: &Path, strict: bool, common: &Common) -> Result<Exit> {
    let (files, mut remarks) = read_words(at)?;
    let (home, said_in) = (words::home(common), words::said_in(common));
    remarks.extend(files.iter().flat_map(|file| lint(file, &home, said_in)));
    show(&remarks, common)?;
    let read = files.len()
        + remarks
            .iter()
            .filter(|remark| !files.iter().any(|file| file.path.display().to_string() == remark.file))
            .count();
    say(&format!("{} in {}", summary(&remarks), count(read, "file")));
    let errors = remarks.iter().any(|remark| remark.is_error);
    Ok(if errors {
        Exit::Failed
    } else if strict && !remarks.is_empty() {
        Exit::Warnings
    } else {
        Exit::Good
    })
}

fn show(remarks: &[Remark], common: &Common) -> Result<()> {
    if common.json {
        return answer_lines(&remarks.iter().map(Remark::json).collect::<Vec<_>>());
    }
    answer(&columns(&remarks.iter().map(Remark::row).collect::<Vec<_>>()))
}

fn summary(remarks: &[Remark]) -> String {
    let errors = remarks.iter().filter(|remark| remark.is_error).count();
    format!("{}, {}", count(errors, "error"), count(remarks.len() - errors, "warning"))
}

/// Writes the words in force into `folder`.
pub(super) async fn pull(client: &Client, common: &Common, folder: &Path, of: &Of, force: bool) -> Result<Exit> {
    let in_force = in_force(client, of).await?;
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let mut sources: Vec<_> = in_force.into_iter().collect();
    sources.sort();
    // A name of the server's becomes a path here: only names of the catalogue may.
    sources.retain(|((notice, language), _)| {
        Notice::from_code(notice).is_ok()
            && crate::notice::Language::from_tag(language).is_some_and(|known| known.tag() == language)
    });
    let differs: Vec<String> = sources
        .iter()
        .map(|((notice, language), source)| (folder.join(file_name(notice, language)), source))
        .filter(|(path, source)| std::fs::read(path).is_ok_and(|there| there != source.as_bytes()))
        .map(|(path, _)| path.display().to_string())
        .collect();
    if !differs.is_empty() && !force {
        let files = count(differs.len(), "edited file");
        let mut lines = vec![format!("{files} in {} would be written over; nothing was changed", folder.display())];
        lines.extend(differs);
        lines.push("push them first, or pull into another folder, or write over them with --force".to_owned());
        return Err(Trouble::new(Exit::Conflict, lines).into());
    }
    for ((notice, language), source) in &sources {
        let path = folder.join(file_name(notice, language));
        std::fs::write(&path, source).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    if common.json {
        answer_json(&json!({ "folder": folder, "files": sources.len() }))?;
    } else {
        let folder = folder.display();
        say(&format!("{} in {folder}. Edit them; then: courtesy notice push {folder}", count(sources.len(), "file")));
    }
    Ok(Exit::Good)
}

/// The words in force by notice and language.
async fn in_force(client: &Client, of: &Of) -> Result<HashMap<(String, String), String>> {
    let notices = client.get(&of.path(client).await?).await?;
    let mut sources = HashMap::new();
    for notice in list(&notices, "data") {
        for words in list(notice, "words") {
            sources.insert((text(notice, "notice"), text(words, "language")), text(words, "source"));
        }
    }
    Ok(sources)
}

/// Saves the words of the files below `at` that differ from what is in force.
pub(super) async fn push(client: &Client, common: &Common, at: &Path, of: &Of, dry_run: bool) -> Result<Exit> {
    let (files, mut remarks) = read_words(at)?;
    let in_force = in_force(client, of).await?;
    let base = of.path(client).await?;
    let is_new =
        |file: &&WordsFile| in_force.get(&(file.notice.code(), file.language.tag().to_owned())) != Some(&file.source);
    let changed: Vec<&WordsFile> = files.iter().filter(is_new).collect();
    for (index, file) in changed.iter().enumerate() {
        progress(index, changed.len(), "checked");
        remarks.extend(checked(client, &base, file).await?);
    }
    if remarks.iter().any(|remark| remark.is_error) {
        show(&remarks, common)?;
        say(&format!("{}; nothing was saved.", summary(&remarks)));
        return Ok(Exit::Failed);
    }
    let mut saved = Vec::new();
    for (index, file) in changed.iter().enumerate().filter(|_| !dry_run) {
        progress(index, changed.len(), "saved");
        let one = save(client, &base, file, false).await.inspect_err(|_| {
            say(&format!(
                "{} of {} were saved before this; run the same command again for the rest.",
                saved.len(),
                changed.len()
            ));
        })?;
        saved.push(one);
    }
    if common.json {
        let changed: Vec<String> = changed.iter().map(|file| file.path.display().to_string()).collect();
        let warnings: Vec<Value> = remarks.iter().map(Remark::json).collect();
        let unchanged = files.len() - changed.len();
        answer_json(
            &json!({ "changed": changed, "unchanged": unchanged, "saved": saved, "warnings": warnings, "dry_run": dry_run }),
        )?;
        return Ok(Exit::Good);
    }
    show(&remarks, common)?;
    let mut rows = Vec::new();
    for (index, file) in changed.iter().enumerate() {
        let what = saved
            .get(index)
            .map_or_else(|| "would be saved".to_owned(), |one| format!("saved as version {}", text(one, "version")));
        rows.push(vec![clean(&file.path.display().to_string()), what]);
    }
    answer(&columns(&rows))?;
    let same = files.len() - changed.len();
    say(&match (changed.len(), dry_run) {
        (0, _) => format!(
            "Nothing to save: {} what is in force.",
            if same == 1 { "the file says".to_owned() } else { format!("{same} files say") }
        ),
        (n, true) => format!("{} would be saved, {same} unchanged. Nothing was saved.", count(n, "file")),
        (n, false) => format!("{} saved, {same} unchanged. They are in force now.", count(n, "file")),
    });
    Ok(Exit::Good)
}

/// What the server has to say about a file; its refusal of the words is remarks, any other is trouble.
async fn checked(client: &Client, base: &str, file: &WordsFile) -> Result<Vec<Remark>> {
    let name = file.path.display().to_string();
    let remark = |line: u32, is_error, words| Remark { file: name.clone(), line, is_error, words };
    match save(client, base, file, true).await {
        Ok(answer) => Ok(list(&answer, "warnings")
            .iter()
            .map(|warning| {
                let line =
                    warning.get("line").and_then(Value::as_u64).and_then(|line| u32::try_from(line).ok()).unwrap_or(1);
                remark(line, false, text(warning, "detail"))
            })
            .collect()),
        Err(error) => match error.downcast::<Trouble>() {
            Ok(trouble) => match &trouble.problem {
                Some(problem) if problem.code == "words-invalid" && problem.errors.is_empty() => {
                    Ok(vec![remark(1, true, problem.detail.clone())])
                }
                Some(problem) if problem.code == "words-invalid" => Ok(problem
                    .errors
                    .iter()
                    .map(|error| {
                        let line = error.pointer.strip_prefix("/line/").and_then(|line| line.parse().ok()).unwrap_or(1);
                        remark(line, true, error.detail.clone())
                    })
                    .collect()),
                _ => Err(trouble.into()),
            },
            Err(other) => Err(other),
        },
    }
}

async fn save(client: &Client, base: &str, file: &WordsFile, dry_run: bool) -> Result<Value> {
    let query = if dry_run { "?dry_run=true" } else { "" };
    let path = format!("{base}/{}/{}{query}", segment(&file.notice.code()), file.language.tag());
    client.json(Method::PUT, &path, Body::Text("text/markdown", file.source.clone().into_bytes())).await
}

/// Says how far it has come, to a person who watches, once in a while.
fn progress(done: usize, of: usize, verb: &str) {
    /// Fewer files than this are done before anybody looks.
    const STEP: usize = 20;
    if done > 0 && done.is_multiple_of(STEP) && std::io::stderr().is_terminal() {
        say(&format!("{done} of {of} {verb}"));
    }
}
