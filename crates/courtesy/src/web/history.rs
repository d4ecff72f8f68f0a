//! The history of a message in sentences, as its page shows it.
//!
//! In: the lines of a timeline. Out: words and a mood for each; an attempt is two. Who may see what servers said to each other gets it, addresses
//! masked.

use super::messages::{facts, label};
use super::shell::Shell;
use crate::channel::Channel;
use crate::delivery::transcript::{Transcript, masked};
use crate::http::unreached::in_the_end;
use crate::intake::{digest, reminders};
use crate::outcome::{Action, Cause, Facts};
use crate::store::MessageRow;
use crate::timeline::{self, Attempt, Entry, News, Returned, What};

/// One line of the history.
pub(super) struct Line {
    pub(super) at: jiff::Timestamp,
    /// `good`, `wait`, `bad` or `quiet`.
    pub(super) mood: &'static str,
    pub(super) words: String,
    pub(super) more: Option<String>,
    pub(super) details: Option<Details>,
}

/// What servers said to each other.
pub(super) struct Details {
    pub(super) facts: Vec<(String, String)>,
    pub(super) transcript: String,
}

/// The lines of `entries`, in their order.
pub(super) fn lines(shell: &Shell, row: &MessageRow, entries: Vec<Entry>, sees_servers: bool) -> Vec<Line> {
    let mut lines = Vec::new();
    for entry in entries {
        let at = entry.at;
        let line = |mood, words| Line { at, mood, words, more: None, details: None };
        match entry.what {
            What::Attempted(attempt) => lines.extend(attempted(shell, row, at, *attempt, sees_servers)),
            What::Returned(returned) => lines.push(came_back(shell, row, at, *returned, sees_servers)),
            other => {
                let (mood, words) = simple(shell, row, &other);
                lines.push(line(mood, words));
            }
        }
    }
    lines
}

/// Lines that are one sentence.
fn simple(shell: &Shell, row: &MessageRow, what: &What) -> (&'static str, String) {
    let receiver = row.receiver();
    let why = |code: &str| Cause::of(code).headline(shell.language(), &facts(row, receiver.as_deref()));
    match what {
        What::Told { source, status, .. } if source == reminders::SOURCE => {
            ("quiet", shell.with("line-reminded", "status", label(shell, status)))
        }
        What::Told { source, .. } if source == digest::SOURCE => ("quiet", shell.say("line-digest")),
        What::Told { source, status, .. } => {
            let words = shell.with2(
                "line-told",
                ("status", label(shell, status)),
                ("source", shell.say(&format!("source-{source}"))),
            );
            ("quiet", words)
        }
        What::Cut { fields } => ("quiet", shell.with("line-cut", "fields", fields.join(", "))),
        What::SenderChanged { .. } => ("wait", shell.say("line-sender-changed")),
        What::Held { cause, fields } if fields.is_empty() => ("held", shell.with("line-held", "why", why(cause))),
        What::Held { fields, .. } => ("held", shell.with("line-held-fields", "fields", fields.join(", "))),
        What::Expired { cause } => ("bad", shell.with("line-expired", "why", why(cause))),
        What::NotSent { cause } => ("bad", shell.with("line-not-sent", "why", why(cause))),
        What::Replied { passed_on: Some(_), .. } => ("quiet", shell.say("line-replied-passed-on")),
        What::Replied { .. } => ("wait", shell.say("line-replied")),
        What::PassesOn { .. } => ("quiet", shell.say("line-passes-on")),
        What::Answers { .. } => ("quiet", shell.say("line-answers")),
        What::DoNotSend { because, since } => {
            let words = shell.with2("line-do-not-send", ("why", why(because)), ("since", shell.day(since)));
            ("bad", words)
        }
        What::AddressStopped { cause } => ("bad", shell.with("line-address-stopped", "why", why(cause))),
        What::AddressTried { since } => ("quiet", shell.with("line-address-tried", "since", shell.day(since))),
        What::AddressUsedAgain => ("good", shell.say("line-address-used-again")),
        What::Cancelled { by } => ("quiet", shell.with("line-cancelled", "by", by.clone())),
        What::Resent { by, .. } => ("quiet", shell.with("line-resent", "by", by.clone())),
        What::Repeats { by, .. } => ("quiet", shell.with("line-repeats", "by", by.clone())),
        What::Climbed { channel, waited, .. } => {
            let way = shell.say(&format!("channel-{channel}"));
            let words = match (waited, row.channel) {
                (true, Channel::Push) => "line-climbed-unseen",
                (true, _) => "line-climbed-waited",
                (false, _) => "line-climbed",
            };
            ("quiet", shell.with(words, "way", way))
        }
        What::NextWay { channel, .. } => {
            ("quiet", shell.with("line-next-way", "way", shell.say(&format!("channel-{channel}"))))
        }
        What::WaitsForOthers { until } => ("wait", shell.with("line-waits-for-others", "until", shell.moment(until))),
        What::Gathered { .. } => ("good", shell.say("line-gathered")),
        What::Gathers { count } => ("quiet", shell.with("line-gathers", "count", count)),
        What::LeftOut { request, cause, .. } => {
            ("quiet", shell.with2("line-left-out", ("request", request.clone()), ("why", why(cause))))
        }
        What::Waits { until } => ("wait", shell.with("line-waits", "until", shell.moment(until))),
        What::Seen { opened: true } => ("good", shell.say("line-opened")),
        What::Seen { opened: false } => ("good", shell.say("line-shown")),
        What::Posted { by } => ("good", shell.with("line-posted", "by", by.clone())),
        What::PatronSays { place: timeline::Place::Inbox } => ("good", shell.say("line-says-inbox")),
        What::PatronSays { place: timeline::Place::Spam } => ("bad", shell.say("line-says-spam")),
        What::PatronSays { place: timeline::Place::Nowhere } => ("wait", shell.say("line-says-nowhere")),
        What::Released { by } => ("quiet", shell.with("line-released", "by", by.clone())),
        What::Attempted(_) | What::Returned(_) => ("quiet", String::new()),
    }
}

/// An attempt is two lines: what we did, and what was answered.
fn attempted(shell: &Shell, row: &MessageRow, at: jiff::Timestamp, attempt: Attempt, sees_servers: bool) -> [Line; 2] {
    let words = if row.channel == Channel::Push {
        shell.with("line-pushed", "service", attempt.relay.clone())
    } else {
        // Where no host has said anything, nothing was sent.
        let was_sent = attempt.outcome == "accepted" || attempt.reply.is_some();
        let words = if was_sent { "line-sent" } else { "line-tried" };
        shell.with2(words, ("from", attempt.from.clone()), ("relay", attempt.relay.clone()))
    };
    // An attempt stands in the history at the time of its outcome.
    let began = at.checked_sub(std::time::Duration::from_millis(attempt.took_ms)).unwrap_or(at);
    let sent = Line { at: began, mood: "quiet", words, more: None, details: None };
    let receiver = row.receiver();
    let domain = attempt.from.rsplit_once('@').map(|(_, domain)| domain);
    let about =
        Facts { provider: Some(&attempt.provider), domain, their_domain: receiver.as_deref(), ..Facts::default() };
    let cause = attempt.cause.as_deref().map(Cause::of);
    let why = cause.map(|cause| cause.headline(shell.language(), &about));
    let (mood, words) = match attempt.outcome.as_str() {
        "accepted" => ("good", shell.with("line-accepted", "provider", attempt.provider.clone())),
        "deferred" => ("wait", shell.with("line-deferred", "why", why.unwrap_or_default())),
        _ => ("bad", shell.with("line-refused", "why", why.unwrap_or_default())),
    };
    // Who was refused for good is not tried again as it was.
    let is_tried_again = attempt.outcome == "deferred";
    let more = cause.map(|cause| match cause.action() {
        Action::Retry | Action::SlowDown if !is_tried_again => in_the_end(row, cause, shell.language(), &about),
        _ => cause.doing(shell.language(), &about),
    });
    let more = more.filter(|words| !words.is_empty());
    let took = attempt.took_ms;
    let known = [
        ("fact-reply", attempt.reply.map(|reply| masked(&reply))),
        ("fact-cause", attempt.cause),
        ("fact-host", attempt.host),
        ("fact-source", attempt.source),
        ("fact-return-path", Some(attempt.return_path)),
        ("fact-tls", attempt.tls),
        ("fact-took", Some(format!("{took} ms"))),
    ];
    let details = sees_servers.then(|| Details {
        facts: known.into_iter().filter_map(|(name, value)| Some((shell.say(name), value?))).collect(),
        transcript: Transcript::from_text(attempt.transcript).masked().as_str().to_owned(),
    });
    [sent, Line { at, mood, words, more, details }]
}

/// A mail that came back.
fn came_back(shell: &Shell, row: &MessageRow, at: jiff::Timestamp, returned: Returned, sees_servers: bool) -> Line {
    let receiver = row.receiver();
    let about = Facts {
        provider: returned.provider.as_deref().or(row.provider.as_deref()),
        their_domain: receiver.as_deref(),
        ..Facts::default()
    };
    let why = Cause::of(&returned.cause).headline(shell.language(), &about);
    let (mood, words) = match returned.news {
        News::Failed => ("bad", shell.with("line-returned-failed", "why", why)),
        News::Complaint => ("bad", shell.say("line-returned-complaint")),
        News::Delayed => ("wait", shell.with("line-returned-delayed", "why", why)),
        News::Delivered => ("good", shell.say("line-returned-delivered")),
        News::AutoReply => ("quiet", shell.say("line-returned-auto-reply")),
        News::Other => ("quiet", shell.say("line-returned-other")),
    };
    let known = [("fact-cause", Some(returned.cause)), ("fact-status", returned.status), ("fact-host", returned.host)];
    let details = sees_servers.then(|| Details {
        facts: known.into_iter().filter_map(|(name, value)| Some((shell.say(name), value?))).collect(),
        transcript: masked(&returned.words),
    });
    Line { at, mood, words, more: None, details }
}
