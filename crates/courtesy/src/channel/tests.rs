use standards::address::Address;

use super::ladder::{Ladder, Rung, rungs};
use super::{Channel, Country, NotANumber, Number, Points, Word, word};

fn ca() -> Country {
    "ca".parse().unwrap()
}

#[test]
fn a_number_is_read_however_it_is_typed() {
    for typed in [
        "604 555 0123",
        "(604) 555-0123",
        "604.555.0123",
        "1-604-555-0123",
        "+1 604 555 0123",
        "tel:+16045550123",
        " 6045550123 ",
    ] {
        assert_eq!(
            Number::parse(typed, ca()).map(|number| number.to_string()),
            Ok("+16045550123".to_owned()),
            "{typed}"
        );
    }
    for typed in ["+33 1 99 00 12 34", "011 33 1 99 00 12 34"] {
        assert_eq!(Number::parse(typed, ca()).unwrap().as_str(), "+33199001234");
    }
    let fr: Country = "FR".parse().unwrap();
    assert_eq!(Number::parse("01 99 00 12 34", fr).unwrap().as_str(), "+33199001234");
}

#[test]
fn what_is_no_number_says_why() {
    assert_eq!(Number::parse("amira@patron.example", ca()), Err(NotANumber::Unreadable));
    assert_eq!(Number::parse("", ca()), Err(NotANumber::Unreadable));
    assert_eq!(Number::parse("555 012", ca()), Err(NotANumber::Impossible));
    assert_eq!(Number::parse("604 555 01234 5", ca()), Err(NotANumber::Impossible));
    assert_eq!(Number::parse("1 800 555 0199", ca()), Err(NotANumber::Service));
    assert!("Canada".parse::<Country>().is_err());
}

#[test]
fn a_number_is_shown_without_being_told() {
    let masked = Number::from_e164("+16045550123").unwrap().masked();
    assert!(masked.starts_with("+1") && masked.ends_with("23") && !masked.contains("604555"), "{masked}");
    assert!(Number::from_e164("+1").is_none() && Number::from_e164("+1604555012x").is_none());
}

#[test]
fn words_are_obeyed_in_both_languages_and_sentences_are_not() {
    for text in ["STOP", "stop", " Stop. ", "Arrêt", "ARRET", "arrêtez!", "unsubscribe", "Désabonner"] {
        assert_eq!(word(text), Some(Word::Stop), "{text}");
    }
    for text in ["start", "OUI", "Reprendre", "début"] {
        assert_eq!(word(text), Some(Word::Start), "{text}");
    }
    for text in ["help", "Aide?", "AIDE"] {
        assert_eq!(word(text), Some(Word::Help), "{text}");
    }
    for text in ["I will stop by tomorrow", "", "merci", "When does it end?", "📚"] {
        assert_eq!(word(text), None, "{text}");
    }
}

fn points() -> Points {
    Points {
        mail: Some(Address::parse("amira@patron.example").unwrap()),
        text: Number::from_e164("+16045550123"),
        push: false,
        letter: true,
    }
}

fn channels(library: &[Channel], patron: Option<&[Channel]>, points: &Points) -> Vec<Channel> {
    rungs(library, patron, points).into_iter().map(|rung| rung.channel).collect()
}

#[test]
fn the_patrons_order_comes_before_the_librarys() {
    use Channel::{Letter, Mail, Push, Text};
    assert_eq!(channels(&[Mail], None, &points()), [Mail]);
    assert_eq!(channels(&[Text, Mail, Letter], None, &points()), [Text, Mail, Letter]);
    assert_eq!(channels(&[Mail, Text], Some(&[Text, Mail]), &points()), [Text, Mail]);
    // Whoever wants texts alone gets no mail; the letter is the library's.
    assert_eq!(channels(&[Mail, Letter], Some(&[Text]), &points()), [Text, Letter]);
    assert_eq!(channels(&[Push, Push, Mail], None, &points()), [Mail], "what is not there is passed over");
    assert!(channels(&[Text], None, &Points::default()).is_empty());
}

#[test]
fn a_notification_that_nobody_saw_is_followed_after_a_day_and_a_mail_only_when_it_failed() {
    let due: jiff::Timestamp = "2026-12-04T10:00:00Z".parse().unwrap();
    let mail = Rung { channel: Channel::Mail, address: "a@patron.example".to_owned() };
    let ladder = |wait_s, rungs: &[Rung]| Ladder { rungs: rungs.to_vec(), wait_s };
    let after = |ladder: Ladder, channel| ladder.climb_at(channel, due).map(|at| at.duration_since(due).as_hours());
    assert_eq!(after(ladder(None, std::slice::from_ref(&mail)), Channel::Push), Some(24));
    assert_eq!(after(ladder(None, std::slice::from_ref(&mail)), Channel::Text), None);
    assert_eq!(after(ladder(Some(7200), std::slice::from_ref(&mail)), Channel::Push), Some(2));
    assert_eq!(after(ladder(None, &[]), Channel::Push), None, "nothing is left");
}
