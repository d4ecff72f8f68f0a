//! `courtesy inbound`: mail that came back to somewhere else, handed in from files, mailboxes and Maildirs.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Body, Client, with_query};
use super::table::{Marks, answer, answer_json, clean, list, say, text};
use super::{Common, Exit};

pub(super) const EXAMPLES: &str = "\
Examples:
  courtesy inbound bounce.eml                 what it is, and what became of it
  courtesy inbound --json Maildir/ old.mbox   a line of JSON for each mail
  courtesy inbound --to mrpl@notices.example - < reply.eml";

/// What to hand in.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// Mails, mailbox files (mbox), Maildirs or folders of .eml files, or - for standard input
    #[arg(required = true, value_name = "FILE|-")]
    files: Vec<PathBuf>,
    /// The address it came to, where its header does not say; several with commas
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
    /// Its return path, where its header does not say; empty for none
    #[arg(long, value_name = "ADDRESS")]
    mail_from: Option<String>,
}

pub(super) async fn run(args: &Args, common: &Common) -> Result<Exit> {
    let client = Client::of(common)?;
    let path = with_query("/v1/inbound", &[("to", args.to.clone()), ("mail_from", args.mail_from.clone())]);
    let mut exit = Exit::Good;
    for file in &args.files {
        let found = match found(file) {
            Ok(found) => found,
            Err(error) => {
                say(&format!("error: {}: {error:#}", file.display()));
                exit = Exit::Failed;
                continue;
            }
        };
        for (name, octets) in found {
            for (number, mail) in mails(&octets).into_iter().enumerate() {
                let became = client.json(Method::POST, &path, Body::Text("message/rfc822", mail.to_vec())).await?;
                let name = if number == 0 { name.clone() } else { format!("{name}#{}", number + 1) };
                if common.json {
                    let (id, results) = (became.get("id"), list(&became, "results"));
                    answer_json(&json!({ "file": name, "id": id, "results": results }))?;
                } else {
                    answer(&told(&name, &became, Marks::here()))?;
                }
            }
        }
    }
    Ok(exit)
}

/// The files that `path` stands for, each with its name.
fn found(path: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    if path == Path::new("-") {
        let mut octets = Vec::new();
        std::io::stdin().lock().read_to_end(&mut octets)?;
        return Ok(vec![("-".to_owned(), octets)]);
    }
    let read = |path: &Path| -> Result<(String, Vec<u8>)> {
        Ok((path.display().to_string(), std::fs::read(path).context("it cannot be read")?))
    };
    if !path.is_dir() {
        return Ok(vec![read(path)?]);
    }
    let is_maildir = path.join("cur").is_dir() && path.join("new").is_dir();
    let folders = if is_maildir { vec![path.join("new"), path.join("cur")] } else { vec![path.to_owned()] };
    let mut files = Vec::new();
    for folder in folders {
        for file in std::fs::read_dir(folder)? {
            let file = file?.path();
            let wanted = is_maildir || file.extension().is_some_and(|ending| ending == "eml" || ending == "mbox");
            files.extend((wanted && file.is_file()).then_some(file));
        }
    }
    files.sort();
    files.iter().map(|file| read(file)).collect()
}

/// The mails of a mailbox file (RFC 4155): each begins with a `From ` line after an empty one. Any other file is one mail.
fn mails(octets: &[u8]) -> Vec<&[u8]> {
    if !octets.starts_with(b"From ") {
        return vec![octets];
    }
    let after_empty = |at: usize| octets[..at].ends_with(b"\n\n") || octets[..at].ends_with(b"\r\n\r\n");
    let lines = memchr::memmem::find_iter(octets, b"\nFrom ").map(|at| at + 1);
    let begins: Vec<usize> =
        std::iter::once(0).chain(lines.filter(|at| after_empty(*at) && is_postmark(&octets[*at..]))).collect();
    let ends = begins.iter().skip(1).copied().chain([octets.len()]);
    let whole = begins.iter().zip(ends).map(|(begin, end)| &octets[*begin..end]);
    // The `From ` line is the mailbox's, not the mail's.
    whole.map(|mail| memchr::memchr(b'\n', mail).map_or(mail, |end| &mail[end + 1..])).collect()
}

/// Whether the line is a mailbox's and no sentence that begins with "From": it has a time of day.
fn is_postmark(line: &[u8]) -> bool {
    let line = &line[..memchr::memchr(b'\n', line).unwrap_or(line.len())];
    line.windows(5).any(|w| matches!(w, [a, b, b':', c, d] if [a, b, c, d].into_iter().all(u8::is_ascii_digit)))
}

/// What became of one mail, for people.
fn told(name: &str, became: &Value, marks: Marks) -> String {
    let results = list(became, "results");
    if results.is_empty() {
        return clean(&format!("{} {name}: it came to no address of ours; nothing was done", marks.warn)) + "\n";
    }
    let mut lines = String::new();
    for one in results {
        let of = |field| text(one, field);
        let about =
            |words: &str| if of("message").is_empty() { String::new() } else { format!("{words} {}", of("message")) };
        let (mark, done) = match of("done").as_str() {
            "joined" => (marks.good, format!("is in the timeline{}", about(" of"))),
            "known" => (marks.dot, "was handed in before; nothing was done".to_owned()),
            "passed_on" => (marks.good, format!("goes to the library as {}{}", of("passed_on"), about(", about"))),
            "judged" => (marks.good, "was judged".to_owned()),
            "read" => (marks.good, "was read, and what it reports is kept".to_owned()),
            "waits" => (marks.wait, "is looked at again: its message is being sent".to_owned()),
            _ => (
                marks.warn,
                format!("changed nothing{}; it is kept as {}.kept in the spool", about(" of"), text(became, "id")),
            ),
        };
        let cause = if of("cause").is_empty() { String::new() } else { format!(" ({})", of("cause")) };
        let answered = if of("answered").is_empty() { "" } else { "; its writer is answered" };
        lines.push_str(&clean(&format!("{mark} {name}: {}{cause} {done}{answered}", of("kind"))));
        lines.push('\n');
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_file_is_its_mails_and_any_other_file_is_one() {
        let mailbox = b"From a@b.example Mon Nov 23 10:00:00 2026\nSubject: 1\n\nFrom here\n\nFrom c@d.example Tue Nov 24 10:00:00 2026\nSubject: 2\n\nx\n";
        assert_eq!(mails(mailbox), [b"Subject: 1\n\nFrom here\n\n".as_slice(), b"Subject: 2\n\nx\n"]);
        assert_eq!(mails(b"Subject: From \n\nFrom x\n"), [b"Subject: From \n\nFrom x\n".as_slice()]);
    }
}
