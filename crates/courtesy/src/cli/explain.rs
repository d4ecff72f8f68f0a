//! `courtesy explain`: what a refusal means, whose job it is, and what to do.
//!
//! In: the text of a reply, a returned mail as a file, or either on standard input. Out: words for people, or with
//! `--json` one line for each input. Needs no server, no account and no network.

use std::io::{Read, Write};
use std::path::Path;

use anyhow::Context;
use serde::Serialize;
use standards::dsn::{LETTER_OCTETS_MAX, Letter, MAILS_MAX, mails};

use crate::notice::Language;
use crate::outcome::bounce::{self, Finding, Kind};
use crate::outcome::meaning::Certainty;
use crate::outcome::{Action, Facts, Provider};

/// What to explain.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The text of a reply ("550-5.7.26 ..."), files with returned mail, or - for standard input
    #[arg(required = true, value_name = "TEXT|FILE|-")]
    pub what: Vec<String>,
    /// One line of JSON for each input
    #[arg(long)]
    pub json: bool,
    /// The language of the explanation: en or fr
    #[arg(long, value_name = "LANGUAGE", default_value = "en")]
    pub lang: String,
}

/// Everything could be read.
const GOOD: i32 = 0;
/// A file could not be read, or what was given is no refusal.
const FAILED: i32 = 1;
/// More than any returned mail, mailbox files included.
const INPUT_OCTETS_MAX: u64 = (LETTER_OCTETS_MAX as u64) * 16;

/// Explains each input on standard output. The value is the exit code.
///
/// # Errors
/// When standard output cannot be written.
pub async fn run(args: Args) -> anyhow::Result<i32> {
    let task = move || explain(&args, &mut std::io::stdin().lock(), &mut std::io::stdout().lock());
    tokio::task::spawn_blocking(task).await.context("explaining stopped in the middle")?
}

/// As [`run`], with the streams as arguments.
///
/// # Errors
/// When `out` cannot be written.
pub fn explain(args: &Args, stdin: &mut dyn Read, out: &mut dyn Write) -> anyhow::Result<i32> {
    let language = Language::from_tag(&args.lang).unwrap_or(Language::En);
    if args.what.iter().any(|what| what.trim().is_empty()) {
        eprintln!(
            "error: there is nothing to explain: give the words of a refusal, such as \"550 5.1.1 User unknown\""
        );
        return Ok(FAILED);
    }
    let mut code = GOOD;
    for batch in args.what.chunks(BATCH) {
        for answer in answers(batch, args.json, language, stdin) {
            match answer {
                Ok((text, is_report)) => {
                    out.write_all(&text)?;
                    code = if is_report { code } else { FAILED };
                }
                Err((what, error)) => {
                    code = FAILED;
                    eprintln!("error: {what}: {error}");
                }
            }
        }
    }
    out.flush()?;
    Ok(code)
}

/// What is printed for one input and whether it was a report; or which could not be read, and why.
type Answer<'a> = Result<(Vec<u8>, bool), (&'a str, std::io::Error)>;

/// Answers in the order of the inputs, found on all processors.
fn answers<'a>(batch: &'a [String], json: bool, language: Language, stdin: &mut dyn Read) -> Vec<Answer<'a>> {
    let share = batch.len().div_ceil(std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
    let uses_stdin = batch.iter().any(|what| what == STDIN);
    if uses_stdin || share < SHARE_MIN {
        return batch.iter().map(|what| answer(what, json, language, stdin)).collect();
    }
    std::thread::scope(|scope| {
        let work = |share: &'a [String]| {
            scope.spawn(move || {
                share.iter().map(|what| answer(what, json, language, &mut std::io::empty())).collect::<Vec<_>>()
            })
        };
        let workers: Vec<_> = batch.chunks(share).map(work).collect();
        // A worker that died has no answers; reading any bytes without a panic is a tested rule of the readers.
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
    })
}

fn answer<'a>(what: &'a str, json: bool, language: Language, stdin: &mut dyn Read) -> Answer<'a> {
    let explained = Explained::of(&input(what, stdin).map_err(|error| (what, error))?);
    let mut text = Vec::new();
    let written = if json {
        serde_json::to_writer(&mut text, &explained.as_json())
            .map_err(std::io::Error::from)
            .and_then(|()| writeln!(text))
    } else {
        explained.write(language, &mut text)
    };
    written.map_err(|error| (what, error))?;
    Ok((text, !explained.findings.is_empty()))
}

/// Inputs answered before any is printed: enough to use every processor, few enough to see progress.
const BATCH: usize = 512;
/// Fewer than these are not worth a thread.
const SHARE_MIN: usize = 16;
/// The name of standard input.
const STDIN: &str = "-";

/// What was given.
enum Input {
    /// A reply's own text.
    Reply(String),
    /// A returned mail, and the name it was given by.
    Mail(String, Vec<u8>),
}

fn input(what: &str, stdin: &mut dyn Read) -> std::io::Result<Input> {
    let mut bytes = Vec::new();
    if what == STDIN {
        stdin.take(INPUT_OCTETS_MAX).read_to_end(&mut bytes)?;
        let is_mail = bytes.contains(&b'\n') && !Letter::open(&bytes).header.is_empty();
        return Ok(if is_mail { Input::Mail(what.to_owned(), bytes) } else { reply(&String::from_utf8_lossy(&bytes)) });
    }
    let path = Path::new(what);
    // A reply may be longer than a file name can be; asking the system then is an error and no file.
    if path.is_file() || what.ends_with(".eml") {
        std::fs::File::open(path)?.take(INPUT_OCTETS_MAX).read_to_end(&mut bytes)?;
        return Ok(Input::Mail(what.to_owned(), bytes));
    }
    Ok(reply(what))
}

fn reply(text: &str) -> Input {
    Input::Reply(text.trim().to_owned())
}

/// What one input says.
struct Explained {
    file: Option<String>,
    findings: Vec<Finding>,
    /// The domain of the sender, for the words.
    domain: Option<String>,
}

#[derive(Serialize)]
struct JsonLine<'a> {
    file: Option<&'a str>,
    results: Vec<JsonFinding<'a>>,
}

/// The stable shape of `--json`.
#[derive(Serialize)]
struct JsonFinding<'a> {
    recipient: Option<&'a str>,
    status: Option<String>,
    reply: Option<u16>,
    cause: &'a str,
    stop: bool,
    kind: Kind,
    certainty: Certainty,
    provider: Option<&'static str>,
    fixer: crate::outcome::Fixer,
    action: Action,
}

impl Explained {
    fn of(input: &Input) -> Self {
        match input {
            Input::Reply(text) => {
                Self { file: None, findings: vec![bounce::read_reply_text(text)], domain: sender_domain(text) }
            }
            Input::Mail(name, bytes) => {
                let mut findings = Vec::new();
                let mut domain = None;
                for mail in mails(bytes).into_iter().take(MAILS_MAX) {
                    let letter = Letter::open(mail);
                    let from = letter.original.from().and_then(|from| Some(from.rsplit_once('@')?.1.to_owned()));
                    domain = domain.or(from);
                    findings.extend(bounce::read_letter(&letter).findings);
                }
                Self { file: Some(name.clone()), findings, domain }
            }
        }
    }

    fn as_json(&self) -> JsonLine<'_> {
        let results = self.findings.iter().map(|finding| JsonFinding {
            recipient: finding.recipient.as_deref(),
            status: finding.status.map(|status| status.to_string()),
            reply: finding.reply,
            cause: finding.cause.code(),
            stop: finding.stops_address(),
            kind: finding.kind,
            certainty: finding.certainty,
            provider: finding.provider.name(),
            fixer: finding.cause.fixer(),
            action: finding.cause.action(),
        });
        JsonLine { file: self.file.as_deref(), results: results.collect() }
    }

    fn write(&self, language: Language, out: &mut dyn Write) -> std::io::Result<()> {
        let words = Words::of(language);
        if let Some(file) = &self.file {
            writeln!(out, "{file}")?;
        }
        if self.findings.is_empty() {
            writeln!(out, "{}", words.nothing)?;
        }
        for finding in &self.findings {
            self.write_one(finding, language, &words, out)?;
        }
        Ok(())
    }

    fn write_one(
        &self,
        finding: &Finding,
        language: Language,
        words: &Words,
        out: &mut dyn Write,
    ) -> std::io::Result<()> {
        let their_domain = finding.recipient.as_deref().and_then(|address| Some(address.rsplit_once('@')?.1));
        let provider = finding.provider.name().or(their_domain);
        let facts = Facts { provider, domain: self.domain.as_deref(), their_domain, ..Facts::default() };
        if let Some(recipient) = &finding.recipient {
            writeln!(out, "{recipient}")?;
        }
        writeln!(out, "{}   {}.", finding.cause.code(), finding.cause.headline(language, &facts))?;
        let label_width = words.labels.iter().map(|label| label.chars().count()).max().unwrap_or(0) + 4;
        let doing = match (finding.cause.action(), &self.domain) {
            (Action::ResendShared, Some(domain)) if finding.cause.is_within("auth") => {
                format!("courtesy dns kit {domain}     {}", words.or_shared)
            }
            _ => finding.cause.doing(language, &facts),
        };
        let lines = [
            finding.cause.whose_job(language, &facts),
            words.patron(finding).to_owned(),
            doing,
            words.certainty(finding),
        ];
        for (label, line) in words.labels.iter().zip(lines) {
            let pad = " ".repeat(label_width.saturating_sub(label.chars().count()));
            writeln!(out, "  {label}{pad}{line}")?;
        }
        Ok(())
    }
}

/// The words around an explanation.
struct Words {
    labels: [&'static str; 4],
    nothing: &'static str,
    or_shared: &'static str,
    innocent: &'static str,
    stop: &'static str,
    keep: &'static str,
    certainties: [&'static str; 5],
}

impl Words {
    fn of(language: Language) -> Self {
        match language {
            Language::En => Self {
                labels: ["Whose job", "Patron", "Do", "Certainty"],
                nothing: "This is no report about a delivery.",
                or_shared: "or send from the shared address",
                innocent: "did nothing wrong; do not remove their address",
                stop: "cannot be reached at this address; ask for another one",
                keep: "may have to act; keep their address",
                certainties: [
                    "a guess: nothing in it says why",
                    "from the reply code",
                    "from the status code",
                    "from the words of the reply",
                    "exact match",
                ],
            },
            Language::Fr => Self {
                labels: ["À qui d’agir", "L’usager", "À faire", "Certitude"],
                nothing: "Ceci n’est pas un rapport de livraison.",
                or_shared: "ou envoyez depuis l’adresse commune",
                innocent: "n’y est pour rien ; ne supprimez pas son adresse",
                stop: "ne peut être joint à cette adresse ; demandez-en une autre",
                keep: "devra peut-être agir ; gardez son adresse",
                certainties: [
                    "une supposition : rien n’en dit la raison",
                    "d’après le code de réponse",
                    "d’après le code d’état",
                    "d’après les mots de la réponse",
                    "correspondance exacte",
                ],
            },
        }
    }

    fn patron(&self, finding: &Finding) -> &'static str {
        let about_patron = ["addr", "mailbox", "domain", "policy.recipient", "complaint", "optout"];
        if finding.stops_address() {
            self.stop
        } else if about_patron.iter().any(|family| finding.cause.is_within(family)) {
            self.keep
        } else {
            self.innocent
        }
    }

    fn certainty(&self, finding: &Finding) -> String {
        let known_voice = finding.provider != Provider::Other && finding.certainty >= Certainty::Words;
        let certainty = if known_voice { Certainty::Exact } else { finding.certainty };
        let text = match certainty {
            Certainty::Guess => self.certainties[0],
            Certainty::Code => self.certainties[1],
            Certainty::Status => self.certainties[2],
            Certainty::Words => self.certainties[3],
            Certainty::Exact => self.certainties[4],
        };
        let code = finding.status.map(|status| status.to_string()).or(finding.reply.map(|code| code.to_string()));
        let named: Vec<String> = finding.provider.name().map(str::to_owned).into_iter().chain(code).collect();
        if named.is_empty() { text.to_owned() } else { format!("{text} ({})", named.join(", ")) }
    }
}

/// The sender's domain where a reply names it: `email from mapleridge.example is not accepted`.
fn sender_domain(text: &str) -> Option<String> {
    static NAMED: std::sync::LazyLock<regex::Regex> = std::sync::LazyLock::new(|| {
        regex::Regex::new(r"(?i)(?:\bfrom|sending domain|from domain|domain of|rejected due to)\s+[\[<(]?(?:[^\s@<\[]+@)?((?:[a-z0-9-]+\.)+[a-z]{2,24})")
            .expect("fixed")
    });
    NAMED.captures(text).and_then(|found| found.get(1)).map(|domain| domain.as_str().to_ascii_lowercase())
}

#[cfg(test)]
mod tests;
