//! Reply code, enhanced status, stage and host, found in the words of a report.

use std::sync::LazyLock;

use regex::Regex;
use standards::reply::Status;

use crate::outcome::meaning::plain;
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
    pub texts: Vec<&'a str>,
}

impl<'a> Evidence<'a> {
    /// From the Status field, the texts (the most telling first) and the Remote-MTA field.
    pub fn gather(field: Option<Status>, texts: &[&'a str], remote: Option<&str>) -> Self {
        let code = texts.iter().find_map(|text| code(text));
        let said = texts.iter().find_map(|text| status(text));
        // RFC 3463 §2: x.0.0 says nothing; the server's own words are more exact than the reporter's field.
        let tells = |status: &Status| status.subject != 0 || status.detail != 0;
        let status = said.filter(tells).or(field.filter(tells)).or(said).or(field);
        let stage = texts.iter().find_map(|text| stage(text)).unwrap_or(Stage::Report);
        let provider = remote.map(|host| Provider::from_mx([host])).filter(|provider| *provider != Provider::Other);
        let provider = provider.or_else(|| texts.iter().find_map(|text| host(text))).unwrap_or_default();
        Self { code, status, stage, provider, texts: texts.to_vec() }
    }
}

/// The three digits of an SMTP reply: followed by a status, or at the start of what was said.
pub(super) fn code(text: &str) -> Option<u16> {
    static WITH_STATUS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:^|[^0-9.])([245][0-9]{2})[ -]+#?[245]\.[0-9]{1,3}\.[0-9]{1,3}").expect("fixed")
    });
    static ALONE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)(?:^\s*|[:;>\[('\x22]\s*|\b(?:said|code|error|reply|response|status|was|reason|server|returned|\.\.\.)\b[ :]*|\n\s*(?:<<< )?)([45][0-7][0-9])(?:[ -]|[:.;,)\]]|$)",
        )
        .expect("fixed")
    });
    let found = WITH_STATUS.captures(text).or_else(|| ALONE.captures(text))?;
    found.get(1)?.as_str().parse().ok()
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
                r"end of data|after end of|message (?:body|content|data) (?:was )?(?:sent|transm)|\bdot\b|text command|body command",
            ),
            pattern(
                Stage::Data,
                r"\[data\]|data command|after data|\bdata:? ?<<<|reply to data|response to data|to our data|>>> data\b",
            ),
            pattern(Stage::RcptTo, r"\brcpt\b|rcpt_to|rcpt to|recipient command"),
            pattern(Stage::MailFrom, r"mail_from|\bmail from\b|mail command"),
            pattern(Stage::Hello, r"\b(?:ehlo|helo)\b"),
            pattern(Stage::Greeting, r"initial connection|refused to talk|greeting|\[conn\]"),
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
