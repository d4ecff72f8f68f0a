//! The story of one message, as a clerk reads it: what happened, when, and whose turn it is.
//!
//! In: the answer of `GET /v1/messages/{id}/timeline`. Out: text. The words of causes are the server's.

use std::fmt::Write as _;

use serde_json::Value;

use super::table::{Marks, clean, day, length, list, moment, text, time_of_day};

/// The story in lines; with `transcript`, each attempt's conversation below it.
pub(crate) fn story(told: &Value, transcript: bool, marks: Marks) -> String {
    let message = told.get("message").unwrap_or(&Value::Null);
    let entries = list(told, "entries");
    let mut out = headline(message, marks);
    let mut today = String::new();
    for entry in entries {
        let at = text(entry, "at");
        if day(&at) != today {
            today = day(&at);
            let _ = writeln!(out, "  {today}");
        }
        for (index, line) in entry_lines(entry, marks).iter().enumerate() {
            let time = if index == 0 { time_of_day(&at) } else { String::new() };
            let _ = writeln!(out, "  {time:8}  {}", clean(line));
        }
        let said = text(entry, "transcript");
        if transcript && !said.is_empty() {
            for line in said.lines() {
                let _ = writeln!(out, "              {}", clean(line));
            }
        }
    }
    let has_transcript = entries.iter().any(|entry| !text(entry, "transcript").is_empty());
    if !transcript && has_transcript {
        out.push_str("            (--transcript shows the conversations)\n");
    }
    out.push_str(&ending(message));
    out
}

fn headline(message: &Value, marks: Marks) -> String {
    let state = text(message, "state");
    let provider = text(message, "provider");
    let by = if provider.is_empty() { "the receiver".to_owned() } else { provider };
    let is_letter = text(message, "channel") == "letter";
    let (mark, words) = match state.as_str() {
        "accepted" if is_letter => (marks.good, "posted".to_owned()),
        "held" if is_letter && text(message, "cause") == "letter.to_post" => {
            (marks.wait, "a letter to be posted".to_owned())
        }
        "accepted" => (marks.good, format!("accepted by {by}")),
        "failed" => (marks.bad, "could not be delivered".to_owned()),
        "held" => (marks.warn, "held: needs a decision".to_owned()),
        "delayed" => (marks.wait, "trying again".to_owned()),
        "queued" => (marks.wait, "waiting to be sent".to_owned()),
        "sending" => (marks.wait, "being sent".to_owned()),
        "gathered" => (marks.dot, together(message)),
        "suppressed" => (marks.bad, "not sent: the address is on the do-not-send list".to_owned()),
        other => (marks.dot, other.to_owned()),
    };
    let of = |name| text(message, name);
    let to = match of("to") {
        none if none.is_empty() && of("channel") == "push" => "the patron's devices".to_owned(),
        none if none.is_empty() && is_letter => "by post".to_owned(),
        none if none.is_empty() => "no address".to_owned(),
        to => to,
    };
    let first = format!("{mark} {words}   {} ({})   {}   {to}", of("notice"), of("language"), of("request"));
    let second = format!("  {}  {}", of("library"), of("id"));
    format!("{}\n{}\n", clean(&first), clean(&second))
}

/// Where a message was told together with others, and how that stands.
fn together(message: &Value) -> String {
    let Some(told_in) = message.get("told_in") else { return "told together with others".to_owned() };
    format!("told together with others in {}, which is {}", text(told_in, "id"), text(told_in, "state"))
}

/// A line of what is told together.
fn gathering_line(entry: &Value, marks: Marks) -> String {
    let of = |name| text(entry, name);
    match of("kind").as_str() {
        "gathered" => format!("{} went out together with others, in {}", marks.good, of("into")),
        "gathers" => format!("{} tells {} notices together", marks.dot, of("count")),
        _ => format!("{} waits for the patron's other notices of the day, until {}", marks.dot, moment(&of("until"))),
    }
}

/// The fields that an entry is about.
fn fields(entry: &Value) -> Vec<&str> {
    list(entry, "fields").iter().filter_map(Value::as_str).collect()
}

/// One entry in one or two lines.
fn entry_lines(entry: &Value, marks: Marks) -> Vec<String> {
    let of = |name| text(entry, name);
    let caused = |words: &str| match of("words") {
        none if none.is_empty() => format!("{words}: {}", of("cause")),
        said => format!("{words}: {} ({})", said, of("cause")),
    };
    let line = match of("kind").as_str() {
        "told" => format!("{} told of {} by {}", marks.dot, of("status"), of("source")),
        "cut" => format!("{} told more than is kept, and was cut: {}", marks.dot, fields(entry).join(", ")),
        "attempted" => return attempt_lines(entry, marks),
        // Why stands in the attempt before.
        "sender_changed" => format!("{} goes out again under another sender", marks.again),
        "held" => {
            let fields: Vec<_> = fields(entry).iter().map(|name| format!("(({name}))")).collect();
            let missing = if fields.is_empty() { String::new() } else { format!("; missing: {}", fields.join(", ")) };
            format!("{}{missing}", caused(&format!("{} held", marks.warn)))
        }
        "expired" => caused(&format!("{} its deadline came", marks.bad)),
        "not_sent" => caused(&format!("{} not sent", marks.bad)),
        "do_not_send" => {
            let why = format!("{} ({}) since {}", of("words"), of("because"), moment(&of("since")));
            format!("{} not sent, the address is on the do-not-send list: {why}", marks.bad)
        }
        "address_stopped" => caused(&format!("{} the address is on the do-not-send list now", marks.bad)),
        "address_tried" => format!("{} the address is tried again, stopped since {}", marks.dot, moment(&of("since"))),
        "address_used_again" => format!("{} the address is off the do-not-send list: it takes mail again", marks.good),
        "returned" => returned_line(entry, marks),
        "cancelled" => format!("{} taken back by {}", marks.dot, of("by")),
        "resent" => format!("{} sent again by {} as {}", marks.again, of("by"), of("again")),
        "repeats" => format!("{} repeats {}, asked for by {}", marks.again, of("of"), of("by")),
        "climbed" => {
            let why = if entry.get("waited").and_then(Value::as_bool).unwrap_or(false) {
                "it waited too long"
            } else {
                "it did not arrive"
            };
            format!("{} {why}; tried by {} as {}", marks.again, of("channel"), of("again"))
        }
        "next_way" => format!("{} takes the place of {}, by {}", marks.again, of("of"), of("channel")),
        "left_out" => caused(&format!("{} left out {}", marks.dot, of("request"))),
        "waits_for_others" | "gathered" | "gathers" => gathering_line(entry, marks),
        "waits" => format!("{} waits for a better hour, until {}", marks.dot, moment(&of("until"))),
        "seen" => {
            let opened = entry.get("opened").and_then(Value::as_bool).unwrap_or(false);
            let words = if opened { "the patron opened it" } else { "shown on the patron's device" };
            format!("{} {words}", marks.good)
        }
        "posted" => format!("{} printed and posted, says {}", marks.dot, of("by")),
        "released" => format!("{} put back into the queue by {}", marks.again, of("by")),
        "replied" => {
            let passed_on = match of("passed_on") {
                none if none.is_empty() => "kept; it could not be passed on".to_owned(),
                id => format!("passed on as {id}"),
            };
            let answered = if of("answered").is_empty() { "" } else { ", and answered" };
            format!("{} a person wrote back: {passed_on}{answered}", marks.dot)
        }
        "passes_on" | "answers" => {
            let about = if of("of").is_empty() { String::new() } else { format!(" to {}", of("of")) };
            let does = if of("kind") == "answers" { "answers" } else { "passes on" };
            format!("{} {does} the reply{about} that came in as {}", marks.dot, of("reply"))
        }
        // A newer server knows more.
        other => format!("{} {other}", marks.dot),
    };
    vec![line]
}

/// What a mail that came back said.
fn returned_line(entry: &Value, marks: Marks) -> String {
    let of = |name| text(entry, name);
    let (mark, what) = match of("news").as_str() {
        "failed" => (marks.bad, "came back"),
        "complaint" => (marks.bad, "a complaint came"),
        "delayed" => (marks.wait, "a relay still tries"),
        "delivered" => (marks.good, "a report of delivery came"),
        "auto_reply" => (marks.dot, "an automatic reply came"),
        _ => (marks.dot, "a mail came back that we cannot read"),
    };
    let said = [of("words"), of("status")].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ");
    let said = if said.is_empty() { String::new() } else { format!(": {said}") };
    format!("{mark} {what}{said} ({})", of("cause"))
}

fn attempt_lines(entry: &Value, marks: Marks) -> Vec<String> {
    let of = |name| text(entry, name);
    let took = entry.get("took_ms").and_then(Value::as_u64).unwrap_or(0);
    let host = match of("host") {
        none if none.is_empty() => of("provider"),
        host => format!("{} ({host})", of("provider")),
    };
    let reply = of("reply");
    // Where no host has said anything, nothing was sent.
    let done = if reply.is_empty() && of("outcome") != "accepted" { "tried" } else { "sent" };
    let first = match of("sender").as_str() {
        "push" => format!("{} {done} to the patron's devices through {}", marks.dot, of("relay")),
        _ => format!("{} {done} as {} via {} to {host}", marks.dot, of("from"), of("relay")),
    };
    let took = format!("[{took} ms]");
    let second = match of("outcome").as_str() {
        "accepted" => format!("{} {reply}  {took}", marks.good),
        outcome => {
            let mark = if outcome == "deferred" { marks.wait } else { marks.bad };
            let said = if reply.is_empty() { String::new() } else { format!("  {reply}") };
            format!("{mark} {}{said}  {took}", of("cause"))
        }
    };
    let words = of("words");
    let mut lines = vec![first, second];
    if !words.is_empty() {
        lines.push(format!("  {words}"));
    }
    lines
}

/// What follows from it, and whose turn it is.
fn ending(message: &Value) -> String {
    let of = |name| text(message, name);
    let state = of("state");
    let mut out = String::new();
    let mut line = |words: String| {
        let _ = writeln!(out, "  {}", clean(&words));
    };
    if let Some(cause) = message.get("cause").filter(|_| state != "accepted") {
        line(format!("Why        {} ({})", text(cause, "words"), text(cause, "code")));
        line(format!("Whose job  {}", text(cause, "fixer")));
        let label = if matches!(state.as_str(), "failed" | "suppressed") { "To do" } else { "Done" };
        if !text(cause, "doing").is_empty() {
            line(format!("{label:9}  {}", text(cause, "doing")));
        }
    }
    match state.as_str() {
        "accepted" if of("channel") == "letter" => line("We know that it was posted, not that it arrived.".to_owned()),
        "held" if of("channel") == "letter" => {
            line(format!("Next: courtesy letters --library {}", of("library")));
        }
        "accepted" if of("channel") != "push" => {
            let provider = of("provider");
            let provider = if provider.is_empty() { "the receiver".to_owned() } else { provider };
            line(format!("We cannot see whether {provider} put it in Inbox or Spam."));
        }
        "queued" | "delayed" if !of("due_at").is_empty() => {
            line(format!("Next try {}, until {} at the latest.", until(&of("due_at")), moment(&of("deadline"))));
        }
        "failed" | "suppressed" => line(format!("Next: courtesy messages resend {} --to ADDRESS", of("id"))),
        "held" => line(format!("Next: courtesy messages resend {}, or cancel it", of("id"))),
        _ => {}
    }
    out
}

fn until(text: &str) -> String {
    match text.parse::<jiff::Timestamp>() {
        Ok(due) => match due.duration_since(crate::clock::now()).as_secs() {
            ..=0 => "at once".to_owned(),
            seconds => format!("in {}", length(seconds)),
        },
        Err(_) => moment(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plain(told: &Value, transcript: bool) -> String {
        // Days and times are those of the machine's zone.
        let text = story(told, transcript, Marks::here());
        let text = regex::Regex::new(r"\d\d:\d\d:\d\d").unwrap().replace_all(&text, "10:41:59").into_owned();
        regex::Regex::new(r"\d{4}-\d\d-\d\d").unwrap().replace_all(&text, "2026-11-22").into_owned()
    }

    fn refused_then_accepted() -> Value {
        json!({"message":{"id":"msg_1","library":"MRPL","request":"BC-104233","notice":"ready_for_pickup","language":"en",
            "to":"a•••k@gmail.example","state":"accepted","provider":"Gmail","attempts":2},
            "entries":[
            {"at":"2026-11-22T10:41:59Z","kind":"told","event":"evt_1","source":"api","status":"ready_for_pickup"},
            {"at":"2026-11-22T10:42:01Z","kind":"attempted","number":1,"sender":"own","from":"ill@mapleridge.example","relay":"mta1.notices.example",
             "provider":"Gmail","host":"mx1.gmail.example","outcome":"refused","cause":"auth.dmarc","reply":"550-5.7.26 no","took_ms":40,
             "transcript":"<- 220 hello\n-> QUIT","words":"Gmail refused it: mapleridge.example has not authorised our server"},
            {"at":"2026-11-22T10:42:01Z","kind":"sender_changed","cause":"auth.dmarc","words":"Gmail refused it"},
            {"at":"2026-11-22T10:42:04Z","kind":"attempted","number":2,"sender":"shared","from":"mrpl@notices.example","relay":"mta1.notices.example",
             "provider":"Gmail","outcome":"accepted","reply":"250 2.0.0 OK","took_ms":35}]})
    }

    #[test]
    fn a_refusal_and_its_resend_are_one_story() {
        insta::assert_snapshot!(plain(&refused_then_accepted(), false), @r"
        ✔ accepted by Gmail   ready_for_pickup (en)   BC-104233   a•••k@gmail.example
          MRPL  msg_1
          2026-11-22
          10:41:59  · told of ready_for_pickup by api
          10:41:59  · sent as ill@mapleridge.example via mta1.notices.example to Gmail (mx1.gmail.example)
                    ✖ auth.dmarc  550-5.7.26 no  [40 ms]
                      Gmail refused it: mapleridge.example has not authorised our server
          10:41:59  ↺ goes out again under another sender
          10:41:59  · sent as mrpl@notices.example via mta1.notices.example to Gmail
                    ✔ 250 2.0.0 OK  [35 ms]
                    (--transcript shows the conversations)
          We cannot see whether Gmail put it in Inbox or Spam.
        ");
    }

    #[test]
    fn nothing_is_sent_where_no_host_has_said_anything() {
        let mut told = refused_then_accepted();
        told["entries"][1]["reply"] = json!("");
        told["entries"][1]["host"] = json!("");
        assert!(plain(&told, false).contains("tried as ill@mapleridge.example via"), "{}", plain(&told, false));
    }

    #[test]
    fn the_transcript_is_shown_when_asked_for() {
        assert!(plain(&refused_then_accepted(), true).contains("              -> QUIT\n"));
        assert!(!plain(&refused_then_accepted(), false).contains("QUIT"));
    }

    #[test]
    fn a_failure_says_why_and_whose_job_it_is() {
        let told = json!({"message":{"id":"msg_1","library":"MRPL","request":"BC-1","notice":"overdue","language":"en","to":"a•••a@patron.example",
            "state":"failed","cause":{"code":"addr.unknown","words":"This address does not exist","fixer":"the patron","doing":"We stopped using the address."}},
            "entries":[{"at":"2026-11-22T10:42:01Z","kind":"expired","cause":"addr.unknown"}]});
        insta::assert_snapshot!(plain(&told, false), @r"
        ✖ could not be delivered   overdue (en)   BC-1   a•••a@patron.example
          MRPL  msg_1
          2026-11-22
          10:41:59  ✖ its deadline came: addr.unknown
          Why        This address does not exist (addr.unknown)
          Whose job  the patron
          To do      We stopped using the address.
          Next: courtesy messages resend msg_1 --to ADDRESS
        ");
    }

    #[test]
    fn what_a_receiver_says_cannot_steer_the_terminal() {
        let mut told = refused_then_accepted();
        told["entries"][1]["reply"] = json!("550 \u{1b}[2J");
        told["entries"][1]["transcript"] = json!("<- 550 \u{1b}[2J");
        assert!(!story(&told, true, Marks::here()).contains('\u{1b}'));
    }
}
