//! `spf`: may this address send in this name? Evaluated live, with every step, for anyone: no server, no account.
//!
//! In: an address and a MAIL FROM. Out: JSON for programs, or each step in a sentence for people. The exit code says
//! whether there was an answer, not which.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;

use serde::Serialize;
use standards::spf::{
    self, Answered, DNS_LOOKUPS_MAX, Event, Query, SpfResult, Step, TermOutcome, VOID_LOOKUPS_MAX, Verdict,
};
use tokio::time::Instant;

use crate::clock;
use crate::net::dns::{Limits, Resolver, SPF_CHECK_TIMEOUT};

/// Check SPF: may a server at IP send mail with MAILFROM as its return path?
#[derive(Clone, Debug, clap::Args)]
pub struct SpfArgs {
    /// The address of the sending server.
    pub ip: IpAddr,
    /// The envelope sender, such as `notices@library.example`; `<>` or nothing for a bounce.
    #[arg(value_name = "MAILFROM")]
    pub mail_from: String,
    /// The name the server gives in HELO or EHLO; the domain of MAILFROM unless given.
    #[arg(long)]
    pub helo: Option<String>,
    /// Ask this name server, not the system's.
    #[arg(long, value_name = "IP:PORT")]
    pub resolver: Option<SocketAddr>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Evaluates and prints. Success means that there is an answer, whichever it is.
///
/// # Errors
/// No name server is known, or the output cannot be written.
pub async fn run(args: SpfArgs) -> anyhow::Result<ExitCode> {
    let resolver = match args.resolver {
        Some(server) => Resolver::at(server, Limits::default())?,
        None => Resolver::system(Limits::default())?,
    };
    let verdict = evaluate(&resolver, &args).await;
    let text = if args.json { json(&verdict)? } else { words(&args, &verdict) };
    writeln!(std::io::stdout().lock(), "{text}")?;
    Ok(ExitCode::SUCCESS)
}

/// The check that [`run`] prints, through this resolver.
pub async fn evaluate(resolver: &Resolver, args: &SpfArgs) -> Verdict {
    let mail_from = mail_from(args);
    let domain = mail_from.rsplit_once('@').map_or(mail_from, |(_, domain)| domain);
    let query = Query {
        ip: args.ip,
        mail_from,
        helo: args.helo.as_deref().unwrap_or(domain),
        receiver: None,
        now: clock::now(),
    };
    spf::check(&resolver.until(Instant::now() + SPF_CHECK_TIMEOUT), &query).await
}

fn mail_from(args: &SpfArgs) -> &str {
    let text = args.mail_from.trim();
    text.strip_prefix('<').and_then(|inner| inner.strip_suffix('>')).unwrap_or(text)
}

/// The shape that programs rely on.
#[derive(Serialize)]
struct Output<'a> {
    result: SpfResult,
    explanation: Option<&'a str>,
    lookups: u8,
    void_lookups: u8,
    trace: &'a [Step],
}

fn json(verdict: &Verdict) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(&Output {
        result: verdict.result,
        explanation: verdict.explanation.as_deref(),
        lookups: verdict.lookups,
        void_lookups: verdict.void_lookups,
        trace: &verdict.trace,
    })
}

fn words(args: &SpfArgs, verdict: &Verdict) -> String {
    let who = match mail_from(args) {
        "" => format!("a bounce from {}", args.helo.as_deref().unwrap_or("a server that gives no name")),
        sender => printable(sender),
    };
    let mut text = format!("May {} send mail as {who}?\n\n", args.ip);
    for (index, step) in verdict.trace.iter().enumerate() {
        let next = verdict.trace.get(index + 1).map(|next| &next.event);
        // The record itself is told in the next sentence.
        if matches!((&step.event, next), (Event::Lookup { answer: Answered::Found, .. }, Some(Event::Records { .. }))) {
            continue;
        }
        // Questions to the DNS stand below the term that asks them.
        let inner = usize::from(matches!(step.event, Event::Lookup { .. }));
        let indent = "  ".repeat(usize::from(step.depth) + 1 + inner);
        for line in sentence(step).lines() {
            let _ = writeln!(text, "{indent}{}", printable(line));
        }
    }
    if verdict.trace.is_empty() {
        text.push_str("  Nothing was asked.\n");
    }
    let _ = write!(text, "\nResult: {}. {}", verdict.result, meaning(verdict.result));
    if let Some(problem) = &verdict.problem {
        let _ = write!(text, "\nWhy: {}.", printable(&problem.to_string()));
    }
    if let Some(explanation) = &verdict.explanation {
        let _ = write!(text, "\nThe domain says: {explanation}");
    }
    let _ = write!(
        text,
        "\nUsed {} of {DNS_LOOKUPS_MAX} look-ups; {} of {VOID_LOOKUPS_MAX} allowed found nothing.",
        verdict.lookups, verdict.void_lookups
    );
    text
}

fn meaning(result: SpfResult) -> &'static str {
    match result {
        SpfResult::Pass => "The domain lets this address send in its name.",
        SpfResult::Fail => "The domain says that this address may not send in its name.",
        SpfResult::SoftFail => "The domain says that this address probably may not send in its name.",
        SpfResult::Neutral => "The domain says nothing about this address.",
        SpfResult::None => "There is no SPF record to go by.",
        SpfResult::TempError => "The DNS did not answer; ask again later.",
        SpfResult::PermError => "The SPF records are wrong, so receivers cannot use them.",
    }
}

fn sentence(step: &Step) -> String {
    match &step.event {
        Event::Records { records } => match records.as_slice() {
            [] => format!("{} publishes no SPF record.", step.domain),
            [record] => format!("{} publishes: {record}", step.domain),
            several => format!("{} publishes several SPF records:\n{}", step.domain, several.join("\n")),
        },
        Event::Term { term, target, outcome, result } => {
            term_sentence(term, target.as_deref(), *outcome, *result, step)
        }
        Event::Lookup { name, kind, answer, records, why, ttl_s, void } => {
            let ttl = ttl_s.map(|ttl_s| format!(" (for {ttl_s} s)")).unwrap_or_default();
            let void = if *void {
                format!("; empty look-up {} of {VOID_LOOKUPS_MAX}", step.void_lookups)
            } else {
                String::new()
            };
            match answer {
                Answered::Found => format!("{kind} of {name}: {}{ttl}", records.join(" | ")),
                Answered::NoSuchRecord => format!("{kind} of {name}: none{ttl}{void}"),
                Answered::NoSuchName => format!("{kind} of {name}: no such name{ttl}{void}"),
                Answered::NoAnswer => format!("{kind} of {name}: {}", why.as_deref().unwrap_or("no answer")),
            }
        }
        Event::Explanation { target, text } => match (target, text) {
            (Some(target), Some(_)) => format!("The domain's own words are at {target}."),
            (Some(target), None) => format!("The domain's own words should be at {target}, and cannot be used."),
            (None, _) => "The domain's own words are at no valid name.".to_owned(),
        },
        Event::End { result, reason } => match reason {
            Some(reason) => format!("{} gives {result}: {reason}.", step.domain),
            None => format!("{} gives {result}.", step.domain),
        },
    }
}

fn term_sentence(
    term: &str,
    target: Option<&str>,
    outcome: TermOutcome,
    result: Option<SpfResult>,
    step: &Step,
) -> String {
    let about = match target {
        Some(target) if !term.to_ascii_lowercase().contains(target) => format!(" ({target})"),
        _ => String::new(),
    };
    let came = match (outcome, result) {
        (TermOutcome::Match, Some(result)) => format!("matches: {result}"),
        (TermOutcome::Match, None) => "matches".to_owned(),
        (TermOutcome::NoMatch, _) => "does not match".to_owned(),
        (TermOutcome::Error, _) => "cannot be evaluated".to_owned(),
    };
    let used = if target.is_some() { format!(", look-ups so far: {}", step.lookups) } else { String::new() };
    format!("{term}{about} {came}{used}")
}

/// Foreign text on a terminal: no control characters.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests;
