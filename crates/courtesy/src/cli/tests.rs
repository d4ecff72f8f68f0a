//! What the commands promise about themselves.

use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use regex::Regex;

use super::*;

/// `command` and all below it.
fn all_of(command: &clap::Command) -> Vec<&clap::Command> {
    let below = command.get_subcommands().flat_map(all_of);
    std::iter::once(command).chain(below).collect()
}

#[test]
fn a_variable_that_help_names_is_no_option_of_the_server() {
    let command = Line::command();
    let arguments = all_of(&command).into_iter().flat_map(clap::Command::get_arguments);
    let variables: Vec<String> =
        arguments.filter_map(|argument| Some(argument.get_env()?.to_string_lossy().into_owned())).collect();
    assert!(variables.iter().any(|name| name == "COURTESY_LANG"), "{variables:?}");
    for name in variables {
        let overlays = Overlay::from_environment([(name.clone(), "fr".to_owned())]);
        assert_eq!(overlays.unwrap_or_else(|refused| panic!("{refused}")), [], "{name} would set an option");
    }
}

#[test]
fn a_door_that_is_taken_says_what_to_do() {
    let taken = std::io::Error::from(std::io::ErrorKind::AddrInUse);
    let error = anyhow::Error::new(taken).context("listen.http: 127.0.0.1:8025 cannot be listened on");
    assert!(fix_of(&error).is_some_and(|fix| fix.contains("another port")));
    let other = anyhow::Error::new(std::io::Error::from(std::io::ErrorKind::PermissionDenied));
    assert_eq!(fix_of(&other.context("a file cannot be read")), None);
}

#[test]
fn a_manual_page_says_what_each_option_does() {
    let mut page = Vec::new();
    let command = shell::with_all_words(Line::command());
    clap_mangen::Man::new(command).render(&mut page).unwrap();
    let page = String::from_utf8(page).unwrap();
    assert!(page.contains("Settings file; without it"), "{page}");
    assert!(!Regex::new(r"(?m)^\\fB.*\n\s*\n\.TP").unwrap().is_match(&page), "an option without words: {page}");
}

/// The files below `folder`, and in the folders below it.
fn files(folder: &Path) -> Vec<PathBuf> {
    if folder.is_file() {
        return vec![folder.to_owned()];
    }
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| files(&path)).collect()
}

#[test]
fn every_command_that_words_and_documents_name_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let told = [
        "README.md",
        "CHANGELOG.md",
        "ARCHITECTURE.md",
        "docs",
        "words",
        "web/words",
        "web/templates",
        "deploy",
        "crates/courtesy/src",
    ];
    let named = Regex::new(r"(?:[`(:\n]\s*|\\n\s*|[;&|] )courtesy ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?").unwrap();
    let mut command = Line::command();
    command.build();
    let mut known = 0;
    for file in told.iter().flat_map(|place| files(&root.join(place))) {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        for found in named.captures_iter(&text) {
            let first = command.find_subcommand(&found[1]);
            let first = first.unwrap_or_else(|| panic!("{}: there is no courtesy {}", file.display(), &found[1]));
            if let Some(second) = found.get(2).filter(|_| first.has_subcommands()) {
                let name = second.as_str();
                assert!(first.find_subcommand(name).is_some(), "{}: {} is none", file.display(), &found[0]);
            }
            known += 1;
        }
    }
    assert!(known > 100, "they are found: {known}");
}
