use super::*;
use crate::outcome::judge;
use standards::reply::Reply;

fn after(provider: Provider, code: u16, text: &str, times: u32) -> Option<u64> {
    after_at(Stage::MailFrom, provider, code, text, times)
}

fn after_at(stage: Stage, provider: Provider, code: u16, text: &str, times: u32) -> Option<u64> {
    let said = Said::Replied { stage, reply: Reply::from_lines(code, [text]), host: String::new() };
    pause(&said, &judge(&said, provider), provider, times).map(|pause| pause.as_secs() / 60)
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
fn a_limit_by_the_minute_is_waited_out_and_no_longer_each_time() {
    let said = "4.7.1 Error: too much mail from 192.0.2.10";
    for times in [1, 2, 60] {
        assert_eq!(after(Provider::Other, 450, said, times), Some(1), "{times}");
    }
    assert_eq!(after(Provider::Microsoft365, 451, "4.7.500 Server busy. Please try again later", 1), Some(1));
}

#[test]
fn a_limit_of_one_connection_or_of_one_recipient_pauses_nobody() {
    let one_connection = "4.3.2 Max message per connection reached, closing transmission channel";
    assert_eq!(after(Provider::Other, 421, one_connection, 1), None);
    let one_recipient = "4.7.1 Error: too much mail for this recipient";
    assert_eq!(after_at(Stage::RcptTo, Provider::Other, 450, one_recipient, 1), None);
}

#[test]
fn what_is_about_one_message_or_one_mailbox_pauses_nobody() {
    for (code, text) in [
        (250, "2.1.5 OK"),
        (550, "5.1.1 The email account that you tried to reach does not exist"),
        (452, "4.2.2 The recipient's inbox is out of storage space"),
        (550, "5.7.26 Unauthenticated email from birch.example is not accepted due to domain's DMARC policy"),
    ] {
        assert_eq!(after(Provider::Gmail, code, text, 1), None, "{text}");
    }
}

#[test]
fn a_mailbox_that_gets_too_much_pauses_nobody() {
    let said = "4.2.1 The user you are trying to contact is receiving mail too quickly";
    assert_eq!(after_at(Stage::RcptTo, Provider::Gmail, 450, said, 1), None);
}
