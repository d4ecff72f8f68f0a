//! `courtesy reports`: who else sends as a domain and how TLS goes, as receivers report it.
//!
//! `read` needs no server: it reads reports from files, as they came by mail or were taken out of one. `list` and `show` ask
//! the server what its reports add up to.

use std::io::Read as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Subcommand;
use serde_json::{Value, json};
use standards::report::{self, Aggregate, Failure, MAIL_OCTETS_MAX, Report, Row, TlsReport};

use super::client::{Client, segment};
use super::table::{Table, answer, answer_json, answer_lines, clean, count, list, moment, say, text};
use super::{Common, Exit};

pub(super) const EXAMPLES: &str = "\
Examples:
  courtesy reports list                       every domain that receivers report about
  courtesy reports show MRPL                  who sends as a library's domain, and how TLS goes
  courtesy reports read report.xml.gz         read a DMARC, TLS or failure report (needs no server)";

/// What to do with reports.
#[derive(Subcommand)]
pub(super) enum Reports {
    /// The domains that receivers report about
    List,
    /// What is reported about a library's domain
    Show {
        /// The library's code
        library: String,
    },
    /// Read reports from files: mails, XML, JSON, gzip or zip (needs no server)
    Read {
        /// The files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

pub(super) async fn run(what: Reports, common: &Common) -> Result<Exit> {
    match what {
        Reports::List => {
            let found = Client::of(common)?.get("/v1/reports").await?;
            if common.json { answer_lines(list(&found, "data"))? } else { answer(&domains(&found))? }
        }
        Reports::Show { library } => {
            let found = Client::of(common)?.get(&format!("/v1/libraries/{}/reports", segment(&library))).await?;
            if common.json { answer_json(&found)? } else { answer(&told(&found))? }
        }
        Reports::Read { files } => return read(&files, common.json),
    }
    Ok(Exit::Good)
}

fn domains(found: &Value) -> String {
    let mut table = Table::new(&["DOMAIN", "LIBRARY", "REPORTS", "FROM", "SOURCES", "STRANGERS", "LAST"]);
    for one in list(found, "data") {
        let sources = list(one, "sources");
        let strangers = sources.iter().filter(|source| text(source, "whose") == "stranger").count();
        table.row([
            clean(&text(one, "domain")),
            text(one, "library"),
            text(one, "reports"),
            text(one, "reporters"),
            sources.len().to_string(),
            strangers.to_string(),
            moment(&text(one, "last_at")),
        ]);
    }
    if table.is_empty() { "No reports have come yet.\n".to_owned() } else { table.to_string() }
}

fn told(found: &Value) -> String {
    let mut lines = Vec::new();
    for one in list(found, "data") {
        lines.push(format!(
            "{}: {} reports from {} receivers, the last {}\n",
            clean(&text(one, "domain")),
            text(one, "reports"),
            text(one, "reporters"),
            moment(&text(one, "last_at"))
        ));
        let said = list(one, "sources").iter().chain(one.get("tls")).map(|said| clean(&text(said, "words")));
        lines.extend(said.map(|said| format!("  {said}\n")));
        for failure in one.get("tls").map(|tls| list(tls, "failures")).unwrap_or_default() {
            lines.push(format!("    {} {}\n", text(failure, "sessions"), clean(&text(failure, "kind"))));
        }
    }
    if lines.is_empty() { "No reports have come yet.\n".to_owned() } else { lines.concat() }
}

fn read(files: &[PathBuf], in_json: bool) -> Result<Exit> {
    let mut exit = Exit::Good;
    for file in files {
        let mut bytes = Vec::new();
        std::fs::File::open(file)
            .and_then(|open| open.take(MAIL_OCTETS_MAX as u64 + 1).read_to_end(&mut bytes))
            .with_context(|| format!("{} cannot be read", file.display()))?;
        let reading = report::read(&bytes);
        if !reading.refused.is_empty() {
            exit = Exit::Failed;
        }
        if in_json {
            let refused: Vec<String> = reading.refused.iter().map(ToString::to_string).collect();
            let reports: Vec<Value> = reading.reports.iter().map(as_json).collect();
            answer_lines(&[json!({ "file": file.display().to_string(), "reports": reports, "refused": refused })])?;
            continue;
        }
        for report in &reading.reports {
            answer(&in_words(report))?;
        }
        for refused in &reading.refused {
            say(&format!("{}: {refused}", file.display()));
        }
    }
    Ok(exit)
}

fn days(begin: jiff::Timestamp, end: jiff::Timestamp) -> String {
    let day = |at: jiff::Timestamp| at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
    let (first, last) = (day(begin), day(end));
    if first == last { first } else { format!("{first} to {last}") }
}

fn in_words(report: &Report) -> String {
    match report {
        Report::Aggregate(one) => {
            let rows: Vec<&Row> = one.rows.iter().collect();
            let mails: u64 = rows.iter().fold(0, |sum, row| sum.saturating_add(row.count));
            let mut out = format!(
                "DMARC report by {} about {} ({}), {}\n",
                clean(&one.reporter),
                clean(&one.domain),
                days(one.begin, one.end),
                count(usize::try_from(mails).unwrap_or(usize::MAX), "message")
            );
            let mut table = Table::new(&["SOURCE", "MESSAGES", "DMARC", "DKIM", "SPF", "DONE", "FROM"]);
            let pass = |passed: bool| if passed { "pass" } else { "fail" };
            for row in rows {
                table.row([
                    row.source.to_string(),
                    row.count.to_string(),
                    pass(row.passes()).to_owned(),
                    pass(row.dkim).to_owned(),
                    pass(row.spf).to_owned(),
                    clean(&row.disposition),
                    clean(&row.header_from),
                ]);
            }
            out.push_str(&table.to_string());
            if one.broken {
                out.push_str("It was broken XML: something may be missing.\n");
            }
            if one.left_out > 0 {
                out.push_str(&format!(
                    "{} could not be read.\n",
                    count(usize::try_from(one.left_out).unwrap_or(usize::MAX), "row")
                ));
            }
            out
        }
        Report::Tls(one) => {
            let mut out = format!("TLS report by {} ({})\n", clean(&one.reporter), days(one.begin, one.end));
            for policy in &one.policies {
                out.push_str(&format!(
                    "  {} ({}): {} connections went well, {} failed\n",
                    clean(&policy.domain),
                    clean(&policy.kind),
                    policy.successes,
                    policy.failures
                ));
                for failure in &policy.details {
                    let host = failure.host.as_deref().unwrap_or("-");
                    out.push_str(&format!("    {} {} at {}\n", failure.sessions, clean(&failure.kind), clean(host)));
                }
            }
            out
        }
        Report::Failure(one) => format!(
            "Failure report by {}: a message as {} from {} failed {}; what became of it: {}\n",
            clean(one.reporter.as_deref().unwrap_or("-")),
            clean(&one.domain),
            one.source.map_or_else(|| "an unknown machine".to_owned(), |ip| ip.to_string()),
            clean(one.failed.as_deref().unwrap_or("its checks")),
            clean(one.delivery.as_deref().unwrap_or("not told"))
        ),
    }
}

fn as_json(report: &Report) -> Value {
    match report {
        Report::Aggregate(one) => aggregate_json(one),
        Report::Tls(one) => tls_json(one),
        Report::Failure(one) => failure_json(one),
    }
}

fn aggregate_json(one: &Aggregate) -> Value {
    let check = |result: &report::AuthResult| json!({ "domain": result.domain, "selector": result.selector, "result": result.result, "words": result.words });
    let row = |row: &Row| {
        json!({ "source": row.source, "messages": row.count, "disposition": row.disposition, "passes": row.passes(),
            "dkim_aligned": row.dkim, "spf_aligned": row.spf, "header_from": row.header_from, "envelope_from": row.envelope_from,
            "overrides": row.overrides.iter().map(|one| json!({ "kind": one.kind, "comment": one.comment })).collect::<Vec<_>>(),
            "dkim": row.dkim_results.iter().map(check).collect::<Vec<_>>(), "spf": row.spf_results.iter().map(check).collect::<Vec<_>>() })
    };
    let policy = &one.policy;
    json!({ "kind": "aggregate", "reporter": one.reporter, "id": one.id, "domain": one.domain, "begin": one.begin, "end": one.end,
        "policy": { "p": policy.p, "sp": policy.sp, "np": policy.np, "adkim": policy.adkim, "aspf": policy.aspf,
            "testing": policy.testing, "discovery": policy.discovery },
        "rows": one.rows.iter().map(row).collect::<Vec<_>>(), "left_out": one.left_out, "broken": one.broken })
}

fn tls_json(one: &TlsReport) -> Value {
    let policy = |policy: &report::TlsPolicy| {
        let failures = policy.details.iter().map(|failure| {
            json!({ "kind": failure.kind, "host": failure.host, "sessions": failure.sessions, "reason": failure.reason })
        });
        json!({ "domain": policy.domain, "kind": policy.kind, "successes": policy.successes, "failed": policy.failures,
            "failures": failures.collect::<Vec<_>>() })
    };
    json!({ "kind": "tls", "reporter": one.reporter, "id": one.id, "begin": one.begin, "end": one.end,
        "policies": one.policies.iter().map(policy).collect::<Vec<_>>() })
}

fn failure_json(one: &Failure) -> Value {
    json!({ "kind": "failure", "reporter": one.reporter, "id": one.id, "domain": one.domain, "source": one.source,
        "failed": one.failed, "delivery": one.delivery, "arrived": one.arrived })
}
