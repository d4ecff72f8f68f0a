use base64::Engine as _;
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::id::{EventId, MessageId, ReturnedId};
use crate::queue::State;
use crate::timeline::{Attempt, News, Returned, What};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn about(notice: &str, state: State) -> About {
    About {
        message: MessageId::new(at(0)).to_string(),
        event: EventId::new(at(0)).to_string(),
        library: "MRPL".to_owned(),
        request: "BC-1".to_owned(),
        notice: notice.to_owned(),
        state,
        cause: Some("addr.unknown".to_owned()),
        provider: None,
        has_next: false,
        attempts: 1,
    }
}

#[test]
fn a_signature_is_the_one_that_the_standard_gives_for_its_example() {
    // The example of the standard's own libraries.
    let octets = base64::engine::general_purpose::STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let secret = Secret::from_octets(octets).unwrap();
    let signed = signature(&[secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", at(1_614_265_330), r#"{"test": 2432232314}"#);
    assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[test]
fn while_a_secret_is_rotated_both_sign() {
    let [new, old] = [1, 2].map(|octet| Secret::from_octets(vec![octet; SECRET_OCTETS]).unwrap());
    let both = signature(&[new.clone(), old.clone()], "dlv_1", at(0), "{}");
    let each = [signature(&[new], "dlv_1", at(0), "{}"), signature(&[old], "dlv_1", at(0), "{}")];
    assert_eq!(both, each.join(" "));
}

#[test]
fn a_secret_is_neither_short_nor_shown_by_accident() {
    assert_eq!(Secret::from_octets(vec![0; 23]), Err(NotASecret));
    assert_eq!(Secret::from_octets(vec![0; 65]), Err(NotASecret));
    let secret = Secret::from_octets(vec![7; 32]).unwrap();
    assert!(secret.shown().starts_with("whsec_"));
    assert_eq!(format!("{secret:?}"), "Secret");
}

#[test]
fn tries_go_on_for_about_three_days_and_then_end() {
    let (mut now, mut tries) = (at(0), 1);
    while let Some(next) = next_try(tries, now, 0) {
        assert!(next > now);
        (now, tries) = (next, tries + 1);
    }
    assert_eq!(tries, 10);
    let hours = now.duration_since(at(0)).as_hours();
    assert!((72..=80).contains(&hours), "{hours}");
    let latest = next_try(2, at(0), 255).unwrap();
    assert_eq!(latest.duration_since(at(0)), SignedDuration::from_secs(330));
}

#[test]
fn every_type_is_found_by_its_name() {
    for kind in Kind::ALL {
        assert_eq!(Kind::from_code(kind.code()), Some(*kind));
    }
    assert_eq!(Kind::from_code("message.delivered"), None);
}

#[test]
fn a_patrons_failure_asks_somebody_to_reach_the_patron_and_a_staff_one_does_not() {
    let expired = What::Expired { cause: "mailbox.full".to_owned() };
    let kinds = |notice| of_entry(&expired, &about(notice, State::Failed));
    assert_eq!(kinds("ready_for_pickup"), [Kind::MessageFailed, Kind::PatronUnreached]);
    assert_eq!(kinds("overdue.borrowing"), [Kind::MessageFailed]);
}

fn attempted(host: Option<&str>, outcome: &str) -> What {
    let text = |text: &str| text.to_owned();
    What::Attempted(Box::new(Attempt {
        number: 1,
        sender: text("shared"),
        from: text("mrpl@notices.example"),
        return_path: text("bounces.notices.example"),
        why: text("shared"),
        relay: text("out1.notices.example"),
        source: None,
        provider: text("patron.example"),
        host: host.map(text),
        outcome: text(outcome),
        cause: None,
        reply: None,
        tls: None,
        parts: None,
        took_ms: 1,
        transcript: String::new(),
    }))
}

#[test]
fn what_a_receiver_was_offered_has_been_sent_and_what_reached_nobody_has_not() {
    let kinds = |host, outcome, state| of_entry(&attempted(host, outcome), &about("overdue", state));
    let there = Some("mx.patron.example");
    assert_eq!(kinds(there, "accepted", State::Accepted), [Kind::MessageSent, Kind::MessageAccepted]);
    assert_eq!(kinds(there, "deferred", State::Delayed), [Kind::MessageSent, Kind::MessageDelayed]);
    let failed = [Kind::MessageSent, Kind::MessageFailed, Kind::PatronUnreached];
    assert_eq!(kinds(there, "refused", State::Failed), failed);
    assert_eq!(kinds(None, "deferred", State::Delayed), [Kind::MessageDelayed]);
}

#[test]
fn only_the_patrons_own_word_is_a_complaint_and_an_opt_out_is_none() {
    let told = |cause: &str| {
        let returned = Returned {
            report: ReturnedId::new(at(0)),
            digest: String::new(),
            news: News::Complaint,
            cause: cause.to_owned(),
            reply: None,
            status: None,
            provider: None,
            words: String::new(),
            host: None,
        };
        of_entry(&What::Returned(Box::new(returned)), &about("overdue", State::Accepted))
    };
    assert_eq!(told("complaint"), [Kind::MessageComplained]);
    assert_eq!(told("complaint.optout"), [Kind::MessageOptedOut]);
    assert_eq!(told("complaint.auth"), []);
}

#[test]
fn one_that_is_held_is_not_queued_as_well() {
    let told = What::Told { event: EventId::new(at(0)), source: "api".to_owned(), status: "overdue".to_owned() };
    assert_eq!(of_entry(&told, &about("overdue", State::Queued)), [Kind::MessageQueued]);
    assert_eq!(of_entry(&told, &about("overdue", State::Held)), []);
    let held = What::Held { cause: "render.field".to_owned(), fields: Vec::new() };
    assert_eq!(of_entry(&held, &about("overdue", State::Held)), [Kind::MessageHeld]);
}

#[test]
fn a_body_is_type_time_and_data_and_well_below_twenty_kilobytes() {
    let body = body(Kind::MessageFailed, at(1_800_000_000), &about("overdue", State::Failed).data());
    let read: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(read["type"], "message.failed");
    assert_eq!(read["timestamp"], "2027-01-15T08:00:00Z");
    assert_eq!(read["data"]["state"], "failed");
    assert!(body.len() < 2000, "{body}");
}
