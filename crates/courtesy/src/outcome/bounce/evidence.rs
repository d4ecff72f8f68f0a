//! Reply code, enhanced status, stage and host, found in the words of a report.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Match, Regex};
use standards::reply::Status;

use crate::outcome::meaning::{self, plain};
use crate::outcome::{Provider, Stage};

/// Hosts looked at in one text.
const HOSTS_MAX: usize = 20;

/// What a report says of one recipient, gathered.
#[derive(Debug)]
pub(super) struct Evidence<'a> {
    pub code: Option<u16>,
    pub status: Option<Status>,
    pub stage: Stage,
    pub provider: Provider,
    /// The texts, the most telling first.
    pub texts: Vec<Cow<'a, str>>,
}

impl<'a> Evidence<'a> {
    /// From the Status field, the texts (the most telling first) and the Remote-MTA field.
    pub fn gather(field: Option<Status>, texts: &[&'a str], remote: Option<&str>) -> Self {
        let code = texts.iter().find_map(|text| code(text));
        let named = texts.iter().find_map(|text| status(text));
        // RFC 3463 §2: x.0.0 says nothing; the server's own words are more exact than the reporter's field.
        let tells = |status: &Status| status.subject != 0 || status.detail != 0;
        let status = named.filter(tells).or(field.filter(tells)).or(named).or(field);
        let stage = texts.iter().find_map(|text| stage(text)).unwrap_or(Stage::Report);
        let provider = remote.map(|host| Provider::from_mx([host])).filter(|provider| *provider != Provider::Other);
        let provider = provider.or_else(|| texts.iter().find_map(|text| host(text)));
        let provider = provider.or_else(|| texts.first().and_then(|text| meaning::voice(text))).unwrap_or_default();
        // What the server said comes before what the reporter says around it.
        let texts = texts
            .iter()
            .flat_map(|text| said(text).map(Cow::Owned).into_iter().chain([Cow::Borrowed(*text)]))
            .collect();
        Self { code, status, stage, provider, texts }
    }
}

/// The three digits of an SMTP reply.
pub(super) fn code(text: &str) -> Option<u16> {
    code_at(text)?.as_str().parse().ok()
}

/// What the server said, from its three digits to the end of the paragraph, where a reporter's words stand around it.
fn said(text: &str) -> Option<String> {
    let from = code_at(text)?;
    let said = text[from.start()..].split("\n\n").next().unwrap_or_default();
    // Postfix's note of the command; it is read as the stage and is no part of the reply.
    let said = said.split("(in reply to").next().unwrap_or_default().trim_end();
    // Lines of one reply, joined by a reporter, repeat code and status between the words (RFC 5321 §4.2.1).
    let (code, rest) = said.split_at(from.len().min(said.len()));
    let rest = REPEATED.replace_all(rest, |again: &regex::Captures<'_>| {
        if again.get(1).is_some_and(|found| found.as_str() == code) { " ".to_owned() } else { again[0].to_owned() }
    });
    (code.len() + rest.len() < text.len()).then(|| format!("{code}{rest}"))
}

static REPEATED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\s([245][0-9]{2})(?:-|[ -][245]\.[0-9]{1,3}\.[0-9]{1,3}\s)(?:[245]\.[0-9]{1,3}\.[0-9]{1,3}\s)?")
        .expect("fixed")
});

/// A reply code: followed by a status, or at the start of what was said.
fn code_at(text: &str) -> Option<Match<'_>> {
    static WITH_STATUS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:^|[^0-9.])([245][0-9]{2})[ -]+#?[245]\.[0-9]{1,3}\.[0-9]{1,3}").expect("fixed")
    });
    static ALONE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(concat!(
            r"(?i)(?:^\s*|[:;>\[('\x22]\s*|\b(?:said|code|error|reply|response|status|was|reason|server|returned|\.\.\.)\b[ :]*",
            r"|\n\s*(?:<<< )?)([45][0-7][0-9])(?:[ -]|[:.;,)\]]|$)",
        ))
        .expect("fixed")
    });
    WITH_STATUS.captures(text).or_else(|| ALONE.captures(text))?.get(1)
}

/// An enhanced status code among words; the first that says something, else the first.
pub(super) fn status(text: &str) -> Option<Status> {
    static STATUS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:^|[^0-9.])([245]\.[0-9]{1,3}\.[0-9]{1,3})(?:[^0-9.]|\.[^0-9]|\.?$)").expect("fixed")
    });
    let mut first = None;
    for found in STATUS.captures_iter(text).take(HOSTS_MAX) {
        let status = found.get(1).and_then(|found| Status::parse(found.as_str()));
        if status.is_some_and(|status| status.subject != 0) {
            return status;
        }
        first = first.or(status);
    }
    first
}

/// At which command it was said, where the words tell.
pub(super) fn stage(text: &str) -> Option<Stage> {
    static STAGES: LazyLock<Vec<(Stage, Regex)>> = LazyLock::new(|| {
        let pattern = |stage, text: &str| (stage, Regex::new(text).expect("fixed"));
        vec![
            pattern(
                Stage::Content,
                r"failed after i sent the message|end of data|after end of|message (?:body|content|data) (?:was )?(?:sent|transm)|\bdot\b|text command|body command",
            ),
            pattern(
                Stage::Data,
                r"failed on data command|\[data\]|data command|after data|\bdata:? ?<<<|reply to data|response to data|to our data|>>> data\b",
            ),
            pattern(
                Stage::RcptTo,
                r"\[?rcpt_to\]?|(?:to|after|our|for|following|>>>|stage|command:?|in) rcpt\b|rcpt(?: to)? (?:command|stage)|\brcpt to:? ?<@>:|recipient command|rejected recipient|does not like recipient|smtp command.{0,20}rcpt",
            ),
            pattern(
                Stage::MailFrom,
                r"\[mail_from\]|(?:to|after|our|for|>>>) mail from\b|mail from command|mail command|but sender was rejected",
            ),
            pattern(Stage::Hello, r"\b(?:ehlo|helo)\b|but my name was rejected"),
            pattern(Stage::Greeting, r"initial connection|refused to talk|but greeting failed|greeting|\[conn\]"),
        ]
    });
    let text = plain(text);
    STAGES.iter().find(|(_, pattern)| pattern.is_match(&text)).map(|(stage, _)| *stage)
}

/// A provider named by one of its hosts.
fn host(text: &str) -> Option<Provider> {
    static HOST: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?i)(?:^|[\s\[(<:;=])((?:[a-z0-9-]+\.){2,8}[a-z]{2,24})").expect("fixed"));
    let hosts = HOST.captures_iter(text).filter_map(|found| found.get(1)).take(HOSTS_MAX);
    hosts.map(|host| Provider::from_mx([host.as_str()])).find(|provider| *provider != Provider::Other)
}
