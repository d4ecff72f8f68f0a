//! `courtesy notice`: which notices go out, and their words with every version.

mod exchange;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Body, Client, Trouble, segment};
use super::table::{Table, answer, answer_json, answer_lines, clean, list, moment, say, text};
use super::words::read_words;
use super::{Common, Exit};
use crate::notice::catalogue::Notice;
use crate::notice::{Language, builtin};

pub(super) const EXAMPLES: &str = "\
Examples:
  courtesy notice list --library MRPL
  courtesy notice on overdue --library MRPL
  courtesy notice pull ./notices --library MRPL     edit the files, then
  courtesy notice lint ./notices                    (needs no server)
  courtesy notice push ./notices --library MRPL
  courtesy notice preview overdue fr --library MRPL
  --library _ means the consortium: the words of every library that has none of its own";

/// How the API calls the consortium where a library's code would stand.
const CONSORTIUM: &str = "_";

/// What to do with notices.
#[derive(Subcommand)]
pub(super) enum Notices {
    /// Every notice: on or off, and whose words
    List(Of),
    /// Turn a notice on
    On(Switch),
    /// Turn a notice off
    Off(Switch),
    /// Write the words in force as files, NOTICE.LANGUAGE.md
    Pull {
        /// The folder
        folder: PathBuf,
        #[command(flatten)]
        of: Of,
        /// Write over files that differ
        #[arg(long)]
        force: bool,
    },
    /// Save the words of the files that differ: all, or none where one is wrong
    Push {
        /// A folder, or one file
        folder: PathBuf,
        #[command(flatten)]
        of: Of,
        /// Check, say what would be saved, and save nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Every saved version
    History(Words),
    /// What changed between two versions; without them, with the last one
    Diff {
        #[command(flatten)]
        words: Words,
        /// The older version; 0 for the words we ship
        #[arg(long, value_name = "VERSION")]
        from: Option<i64>,
        /// The newer version; without it, the newest
        #[arg(long, value_name = "VERSION")]
        to: Option<i64>,
    },
    /// Save an older version again
    Restore {
        #[command(flatten)]
        words: Words,
        /// Which
        version: i64,
    },
    /// Go back to the words of the layer below: the consortium's, or those we ship
    Reset(Words),
    /// A notice written out with example values
    Preview {
        /// Its code
        notice: String,
        /// en or fr
        #[arg(default_value = "en")]
        language: String,
        #[command(flatten)]
        of: Of,
        /// With the words of this file, unsaved
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// The HTML part
        #[arg(long)]
        html: bool,
    },
    /// Check words in files (needs no server)
    Lint {
        /// A folder, or one file
        folder: PathBuf,
        /// Warnings are exit code 4
        #[arg(long)]
        strict: bool,
    },
}

/// Whose notices.
#[derive(Args)]
pub(super) struct Of {
    /// The library's code, or _ for the consortium; may be left out where the key speaks for one
    #[arg(long, value_name = "CODE")]
    library: Option<String>,
}

/// A notice's switch.
#[derive(Args)]
pub(super) struct Switch {
    /// Its code: overdue, shipped.borrowing
    notice: String,
    #[command(flatten)]
    of: Of,
    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// The words of a notice in one language.
#[derive(Args)]
pub(super) struct Words {
    /// The notice's code
    notice: String,
    /// en or fr
    language: String,
    #[command(flatten)]
    of: Of,
}

pub(super) async fn run(what: Notices, common: &Common) -> Result<Exit> {
    if let Notices::Lint { folder, strict } = &what {
        return exchange::lint_all(folder, *strict, common);
    }
    let client = Client::of(common)?;
    match what {
        Notices::Lint { .. } => {}
        Notices::List(of) => all(&client, common, &of).await?,
        Notices::On(args) => switch(&client, common, &args, true).await?,
        Notices::Off(args) => switch(&client, common, &args, false).await?,
        Notices::Pull { folder, of, force } => return exchange::pull(&client, common, &folder, &of, force).await,
        Notices::Push { folder, of, dry_run } => return exchange::push(&client, common, &folder, &of, dry_run).await,
        Notices::History(words) => history(&client, common, &words).await?,
        Notices::Diff { words, from, to } => diff(&client, common, &words, from, to).await?,
        Notices::Restore { words, version } => restore(&client, common, &words, version).await?,
        Notices::Reset(words) => {
            let saved = client.json(Method::DELETE, &words.path(&client).await?, Body::None).await?;
            if common.json {
                answer_json(&saved)?
            } else {
                say("The words of the layer below are in force again; older versions stay in the history.")
            }
        }
        Notices::Preview { notice, language, of, file, html } => {
            let words = Words { notice, language, of };
            preview(&client, common, &words, file, html).await?;
        }
    }
    Ok(Exit::Good)
}

impl Of {
    /// The code as it stands in paths: the one given, or the only one there is.
    async fn code(&self, client: &Client) -> Result<String> {
        if let Some(code) = &self.library {
            return Ok(code.clone());
        }
        let libraries = client.get("/v1/libraries").await?;
        match list(&libraries, "data") {
            [] => Trouble::err(Exit::Usage, "there are no libraries yet; make them: courtesy library import FILE.csv"),
            [only] => Ok(text(only, "code")),
            several => {
                /// Enough to recognise them by.
                const NAMED: usize = 5;
                let codes: Vec<String> = several.iter().take(NAMED).map(|library| text(library, "code")).collect();
                let more = if several.len() > NAMED { ", …" } else { "" };
                let line = format!(
                    "say whose: --library CODE ({}{more}), or --library _ for the consortium's words",
                    codes.join(", ")
                );
                Trouble::err(Exit::Usage, line)
            }
        }
    }

    /// The address of the notices.
    async fn path(&self, client: &Client) -> Result<String> {
        Ok(format!("/v1/libraries/{}/notices", segment(&self.code(client).await?)))
    }
}

impl Words {
    /// The address of these words.
    async fn path(&self, client: &Client) -> Result<String> {
        // A misspelt name is refused here, before anything is asked.
        let notice =
            Notice::from_code(&self.notice).map_err(|error| Trouble::new(Exit::NotFound, [error.to_string()]))?;
        Language::from_tag(&self.language).ok_or_else(|| {
            Trouble::new(Exit::NotFound, [format!("we do not write “{}”; use en or fr", clean(&self.language))])
        })?;
        Ok(format!("{}/{}/{}", self.of.path(client).await?, notice.code(), segment(&self.language)))
    }
}

async fn all(client: &Client, common: &Common, of: &Of) -> Result<()> {
    let notices = client.get(&of.path(client).await?).await?;
    let notices = list(&notices, "data");
    if common.json {
        return answer_lines(notices);
    }
    let mut table = Table::new(&["NOTICE", "ON", "LABEL", "ENGLISH", "FRENCH"]);
    for notice in notices {
        let on = if notice.get("on").and_then(Value::as_bool).unwrap_or(false) { "on" } else { "off" };
        let label = notice.pointer("/label/en").and_then(Value::as_str).unwrap_or_default();
        let [english, french] = ["en", "fr"].map(|tag| whose_words(notice, tag));
        table.row([text(notice, "notice"), on.to_owned(), label.to_owned(), english, french]);
    }
    answer(&table.to_string())
}

/// `library v3`, `consortium v1`, `as shipped`, or that there are none.
fn whose_words(notice: &Value, tag: &str) -> String {
    match list(notice, "words").iter().find(|words| text(words, "language") == tag) {
        None => "none".to_owned(),
        Some(words) if text(words, "of") == "built-in" => "as shipped".to_owned(),
        Some(words) => format!("{} v{}", text(words, "of"), text(words, "version")),
    }
}

async fn switch(client: &Client, common: &Common, args: &Switch, on: bool) -> Result<()> {
    let code = args.of.code(client).await?;
    if code == CONSORTIUM {
        return Trouble::err(
            Exit::Usage,
            "the consortium has words and no switches: turn it on or off for a library, --library CODE",
        );
    }
    let query = if args.dry_run { "?dry_run=true" } else { "" };
    let path = format!("/v1/libraries/{}/notices/{}{query}", segment(&code), segment(&args.notice));
    let set = client.json(Method::PUT, &path, Body::Json(json!({ "on": on }))).await?;
    if common.json {
        return answer_json(&set);
    }
    let (notice, word) = (text(&set, "notice"), if on { "on" } else { "off" });
    let would = if args.dry_run { "would be" } else { "is" };
    say(&clean(&format!("{notice} {would} {word} for {code}.")));
    Ok(())
}

/// Every saved version, the newest first.
async fn versions(client: &Client, words: &Words) -> Result<Vec<Value>> {
    let saved = client.get(&format!("{}/versions", words.path(client).await?)).await?;
    Ok(saved.as_array().cloned().unwrap_or_default())
}

async fn history(client: &Client, common: &Common, words: &Words) -> Result<()> {
    let versions = versions(client, words).await?;
    if common.json {
        return answer_lines(&versions);
    }
    if versions.is_empty() {
        say("Nothing was ever saved here: the words of the layer below are in force.");
        return Ok(());
    }
    let mut table = Table::new(&["VERSION", "SAVED", "BY", "WHAT"]);
    for one in &versions {
        let what = match one.get("source").and_then(Value::as_str) {
            Some(source) => format!("{} lines", source.lines().count()),
            None => "back to the layer below".to_owned(),
        };
        table.row([text(one, "version"), moment(&text(one, "saved_at")), text(one, "saved_by"), what]);
    }
    answer(&table.to_string())
}

/// The words of one version; those we ship for 0 and where a version went back to them.
fn words_at(versions: &[Value], words: &Words, version: i64) -> Result<String> {
    let shipped = || {
        let notice = Notice::from_code(&words.notice).ok()?;
        builtin::source(notice, Language::from_tag(&words.language)?)
    };
    if version == 0 {
        return Ok(shipped().unwrap_or_default());
    }
    let Some(found) = versions.iter().find(|one| one.get("version").and_then(Value::as_i64) == Some(version)) else {
        let line = format!(
            "there is no version {version}; courtesy notice history {} {} lists them",
            words.notice, words.language
        );
        return Trouble::err(Exit::NotFound, clean(&line));
    };
    Ok(found.get("source").and_then(Value::as_str).map_or_else(|| shipped().unwrap_or_default(), str::to_owned))
}

async fn diff(client: &Client, common: &Common, words: &Words, from: Option<i64>, to: Option<i64>) -> Result<()> {
    let versions = versions(client, words).await?;
    let newest = versions.first().and_then(|one| one.get("version")).and_then(Value::as_i64).unwrap_or(0);
    let to = to.unwrap_or(newest);
    let from = from.unwrap_or((to - 1).max(0));
    let (old, new) = (words_at(&versions, words, from)?, words_at(&versions, words, to)?);
    let changes = changes(&old, &new, &format!("version {from}"), &format!("version {to}"));
    if common.json {
        return answer_json(&json!({ "from": from, "to": to, "diff": changes }));
    }
    if changes.is_empty() {
        say(&format!("Versions {from} and {to} are the same."));
        return Ok(());
    }
    // Words may hold anything that the checks let pass; lines stay lines.
    answer(&changes.lines().map(clean).collect::<Vec<_>>().join("\n"))
}

/// A unified diff.
fn changes(old: &str, new: &str, old_name: &str, new_name: &str) -> String {
    similar::TextDiff::from_lines(old, new).unified_diff().context_radius(2).header(old_name, new_name).to_string()
}

async fn restore(client: &Client, common: &Common, words: &Words, version: i64) -> Result<()> {
    let versions = versions(client, words).await?;
    let path = words.path(client).await?;
    let went_back = versions
        .iter()
        .any(|one| one.get("version").and_then(Value::as_i64) == Some(version) && one.get("source").is_none());
    let saved = if went_back {
        client.json(Method::DELETE, &path, Body::None).await?
    } else {
        let source = words_at(&versions, words, version)?;
        client.json(Method::PUT, &path, Body::Text("text/markdown", source.into_bytes())).await?
    };
    if common.json {
        return answer_json(&saved);
    }
    say(&format!("The words of version {version} are in force again, as version {}.", text(&saved, "version")));
    Ok(())
}

async fn preview(client: &Client, common: &Common, words: &Words, file: Option<PathBuf>, html: bool) -> Result<()> {
    let path = format!("{}/preview", words.path(client).await?);
    let body = match &file {
        None => Body::None,
        Some(file) => {
            let (files, remarks) = read_words(file)?;
            match (files.into_iter().next(), remarks.first()) {
                (Some(file), _) => Body::Text("text/markdown", file.source.into_bytes()),
                (None, remark) => {
                    let words = remark.map(|remark| remark.row().join("  ")).unwrap_or_default();
                    return Trouble::err(Exit::Failed, words);
                }
            }
        }
    };
    let written = client.json(Method::POST, &path, body).await?;
    if common.json {
        return answer_json(&written);
    }
    if html {
        return answer(&text(&written, "html"));
    }
    answer(&format!("Subject: {}\n\n{}", text(&written, "subject"), text(&written, "text")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_shows_what_changed_and_a_little_around() {
        let (old, new) = ("a\nb\nc\nd\ne\n", "a\nb\nC\nd\ne\n");
        assert_eq!(
            changes(old, new, "version 1", "version 2"),
            "--- version 1\n+++ version 2\n@@ -1,5 +1,5 @@\n a\n b\n-c\n+C\n d\n e\n"
        );
        assert_eq!(changes(old, old, "", ""), "");
    }

    #[test]
    fn version_0_is_the_words_we_ship() {
        let words = Words { notice: "overdue".into(), language: "fr".into(), of: Of { library: None } };
        assert!(words_at(&[], &words, 0).unwrap().contains("status: overdue"));
        assert!(words_at(&[], &words, 7).unwrap_err().to_string().contains("no version 7"));
    }
}
