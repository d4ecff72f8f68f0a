use super::*;
use crate::outcome::{Said, Stage, judge};
use standards::reply::Reply;

fn after(provider: Provider, code: u16, text: &str, times: u32) -> Option<u64> {
    let said = Said::Replied { stage: Stage::MailFrom, reply: Reply::from_lines(code, [text]), host: String::new() };
    pause(&judge(&said, provider), provider, times).map(|pause| pause.as_secs() / 60)
}

#[test]
fn gmail_is_left_alone_for_ten_minutes_and_longer_each_time_in_a_row() {
    let said = "4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP address";
    for (times, minutes) in [(1, 10), (2, 20), (3, 40), (4, 80), (5, 160), (6, 240), (60, 240)] {
        assert_eq!(after(Provider::Gmail, 421, said, times), Some(minutes), "{times}");
    }
}

#[test]
fn each_provider_by_its_own_rule() {
    let yahoo =
        "4.7.0 [TSS04] Messages from 192.0.2.10 temporarily deferred due to unexpected volume or user complaints";
    assert_eq!(after(Provider::Yahoo, 421, yahoo, 1), Some(120));
    let outlook = "RP-001 (BAY) Unfortunately, some messages from 192.0.2.10 weren't sent";
    assert_eq!(after(Provider::Outlook, 421, outlook, 1), Some(15));
}

#[test]
fn what_is_about_one_message_or_one_mailbox_pauses_nobody() {
    for (code, text) in [
        (250, "2.1.5 OK"),
        (550, "5.1.1 The email account that you tried to reach does not exist"),
        (452, "4.2.2 The recipient's inbox is out of storage space"),
        (450, "4.2.1 The user you are trying to contact is receiving mail too quickly"),
        (550, "5.7.26 Unauthenticated email from birch.example is not accepted due to domain's DMARC policy"),
    ] {
        assert_eq!(after(Provider::Gmail, code, text, 1), None, "{text}");
    }
}
