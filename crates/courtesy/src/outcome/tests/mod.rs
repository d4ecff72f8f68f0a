//! The cause table, the providers and the judgement, as rules.

mod replies;

use proptest::prelude::*;
use standards::reply::{Reply, Status};

use super::meaning::{self, Certainty, Wording};
use super::{Action, Cause, Facts, Fixer, NoRoute, Outcome, Provider, Said, Stage, Trouble, judge};
use crate::notice::Language;

fn said(stage: Stage, line: &str) -> Said {
    let (code, rest) = line.split_at(3);
    let reply = Reply::from_lines(code.parse().unwrap(), [rest.trim_start()]);
    Said::Replied { stage, reply, host: "mx.receiver.example".into() }
}

#[test]
fn every_cause_has_words_in_both_languages_and_known_placeholders() {
    let facts = Facts { provider: Some("Gmail"), domain: Some("library.example"), ..Facts::default() };
    for cause in Cause::all() {
        for language in Language::ALL {
            for facts in [&facts, &Facts::default()] {
                for words in
                    [cause.headline(language, facts), cause.doing(language, facts), cause.whose_job(language, facts)]
                {
                    assert!(
                        !words.is_empty() && !words.contains(['{', '}']) && !words.contains("  "),
                        "{cause}: {words}"
                    );
                }
            }
        }
        assert_ne!(cause.headline(Language::En, &facts), cause.headline(Language::Fr, &facts), "{cause}");
        assert!(!cause.headline(Language::Fr, &facts).contains('\''), "{cause}: French has curly apostrophes");
        assert_eq!(Cause::from_code(cause.code()), Some(cause));
    }
}

#[test]
fn what_has_ended_promises_nothing_that_we_do_by_ourselves() {
    for cause in Cause::all() {
        let [en, fr] = Language::ALL.map(|language| cause.in_the_end(language, &Facts::default()));
        for promise in ["We try", "We keep trying", "We send", "by ourselves"] {
            let is_kept = promise == "We send" && en.starts_with("We send no more");
            assert!(is_kept || !en.contains(promise), "{cause}: {en}");
        }
        assert!(!fr.contains("Nous réessayons"), "{cause}: {fr}");
    }
    let remote = Cause::of("remote").in_the_end(Language::En, &Facts::default());
    assert_eq!(remote, "Tell the patron another way, by phone for example.");
}

#[test]
fn a_headline_without_the_domain_says_it_once() {
    for cause in Cause::all() {
        let [en, fr] = Language::ALL.map(|language| cause.headline(language, &Facts::default()));
        assert!(!en.contains("domain the domain") && !fr.contains("domaine le domaine"), "{en}; {fr}");
    }
    let facts = Facts { their_domain: Some("plain.example"), ..Facts::default() };
    let headline = |facts: &Facts<'_>| Cause::of("domain.unknown").headline(Language::En, facts);
    assert_eq!(headline(&facts), "The domain plain.example does not exist");
    assert_eq!(headline(&Facts::default()), "The domain of the address does not exist");
}

#[test]
fn only_answers_about_the_recipient_or_by_the_patron_stop_an_address() {
    let stopping: Vec<_> = Cause::all().filter(|cause| cause.stops()).map(Cause::code).collect();
    let about_the_recipient = [
        "addr.unknown",
        "addr.moved",
        "domain.unknown",
        "domain.nomail",
        "complaint",
        "complaint.optout",
        "optout",
        "sms.invalid",
        "sms.stop",
        "push.expired",
    ];
    assert_eq!(stopping, about_the_recipient);
    assert_eq!(Cause::of("addr.disabled").stops_after(), Some(2));
    assert!(Cause::all().filter(|cause| cause.stops()).all(|cause| cause.action() == Action::StopAddress));
}

#[test]
fn a_code_is_read_as_its_longest_known_prefix() {
    assert_eq!(Cause::from_code("auth.dmarc.alignment").map(Cause::code), Some("auth.dmarc"));
    assert_eq!(Cause::from_code("auth.arc").map(Cause::code), Some("auth"));
    assert_eq!(Cause::from_code("authority"), None);
    assert_eq!(Cause::of("weather"), Cause::unknown());
    assert!(Cause::of("auth.dmarc").is_within("auth") && !Cause::of("auth").is_within("auth.dmarc"));
    let text = serde_json::to_string(&Cause::of("auth.spf")).unwrap();
    assert_eq!(text, "\"auth.spf\"");
    assert_eq!(serde_json::from_str::<Cause>(&text).unwrap(), Cause::of("auth.spf"));
    assert!(serde_json::from_str::<Cause>("\"weather\"").is_err());
}

#[test]
fn a_headline_says_who_and_what() {
    let facts = Facts { provider: Some("Gmail"), domain: Some("library.example"), ..Facts::default() };
    let cause = Cause::of("auth.dmarc");
    assert_eq!(cause.headline(Language::En, &facts), "Gmail refused it: library.example has not authorised our server");
    assert_eq!(
        cause.headline(Language::Fr, &facts),
        "Gmail l’a refusé\u{a0}: library.example n’a pas autorisé notre serveur"
    );
    assert_eq!(cause.whose_job(Language::En, &facts), "the IT department of library.example");
    assert_eq!(cause.whose_job(Language::Fr, &Facts::default()), "le service informatique de la bibliothèque");
    assert_eq!(cause.fixer(), Fixer::It);
    let bare = cause.headline(Language::En, &Facts::default());
    assert_eq!(bare, "The receiving server refused it: the sender’s domain has not authorised our server");
}

#[test]
fn every_rule_is_sound() {
    assert_eq!(meaning::data::unsound(), Vec::<String>::new());
}

#[test]
fn a_provider_is_told_by_all_of_its_hosts() {
    assert_eq!(Provider::from_mx(["gmail-smtp-in.l.google.com.", "ALT1.gmail-smtp-in.l.google.com"]), Provider::Gmail);
    assert_eq!(Provider::from_mx(["outlook-com.olc.protection.outlook.com"]), Provider::Outlook);
    assert_eq!(Provider::from_mx(["library-example.mail.protection.outlook.com"]), Provider::Microsoft365);
    assert_eq!(Provider::from_mx(["library-example.r-v1.mx.microsoft"]), Provider::Microsoft365);
    assert_eq!(Provider::from_mx(["mta5.am0.yahoodns.net"]), Provider::Yahoo);
    assert_eq!(Provider::from_mx(["mx01.mail.icloud.com"]), Provider::Apple);
    assert_eq!(Provider::from_mx(["aspmx.l.google.com", "mx.library.example"]), Provider::Other);
    assert_eq!(Provider::from_mx(["notgoogle.com"]), Provider::Other);
    assert_eq!(Provider::from_mx(Vec::<String>::new()), Provider::Other);
    assert_eq!(Provider::Other.name_or("library.example"), "library.example");
    assert_eq!(Provider::Microsoft365.name(), Some("Microsoft 365"));
    assert_eq!(Provider::from_domain(&"gmail.com".parse().unwrap()), Provider::Gmail);
}

#[test]
fn only_a_250_after_the_final_dot_is_acceptance() {
    assert!(matches!(judge(&said(Stage::Content, "250 2.0.0 OK"), Provider::Gmail), Outcome::Accepted { .. }));
    for stage in [Stage::Greeting, Stage::MailFrom, Stage::RcptTo, Stage::Data, Stage::Quit] {
        assert!(matches!(judge(&said(stage, "250 2.0.0 OK"), Provider::Gmail), Outcome::Deferred { .. }));
    }
    assert!(matches!(judge(&said(Stage::Content, "354 go on"), Provider::Other), Outcome::Deferred { .. }));
}

#[test]
fn a_4yz_is_never_for_good_whatever_it_says() {
    for line in
        ["450 4.1.1 user unknown", "421 5.1.1 no such user", "421 4.7.1 [TS03] Retrying will NOT succeed", "451"]
    {
        assert!(matches!(judge(&said(Stage::RcptTo, line), Provider::Yahoo), Outcome::Deferred { .. }), "{line}");
    }
    assert_eq!(judge(&said(Stage::RcptTo, "450 sorry"), Provider::Other).cause(), Some(Cause::of("temp")));
}

#[test]
fn a_552_at_rcpt_is_for_now() {
    for line in ["552 5.2.2 over quota", "552 too many recipients"] {
        assert!(matches!(judge(&said(Stage::RcptTo, line), Provider::Other), Outcome::Deferred { .. }), "{line}");
        assert!(matches!(judge(&said(Stage::Content, line), Provider::Other), Outcome::Refused { .. }), "{line}");
    }
}

#[test]
fn a_refused_connection_is_no_refusal_of_the_message() {
    let outcome = judge(&said(Stage::Greeting, "554 5.7.1 no service for you"), Provider::Other);
    assert!(matches!(outcome, Outcome::Deferred { .. }));
}

#[test]
fn an_unexplained_refusal_never_stops_an_address() {
    for line in ["550 no", "554 transaction failed", "550 5.0.0 #", "599 ?"] {
        let outcome = judge(&said(Stage::RcptTo, line), Provider::Other);
        assert!(matches!(outcome, Outcome::Refused { .. }), "{line}");
        assert!(!outcome.stops_address(), "{line}: {:?}", outcome.cause());
    }
}

#[test]
fn the_dns_decides_as_the_rfcs_say() {
    let of = |no_route| judge(&Said::NoRoute(no_route), Provider::Other);
    assert!(of(NoRoute::NoSuchDomain).stops_address());
    assert!(of(NoRoute::NullMx).stops_address());
    assert_eq!(of(NoRoute::NullMx).cause(), Some(Cause::of("domain.nomail")));
    assert!(matches!(of(NoRoute::NoHost), Outcome::Refused { .. }) && !of(NoRoute::NoHost).stops_address());
    assert!(matches!(of(NoRoute::DnsTrouble), Outcome::Deferred { .. }));
}

#[test]
fn a_broken_conversation_is_for_now_except_where_the_server_lacks_something() {
    let of = |trouble| judge(&Said::Broken { stage: Stage::Connect, trouble, host: None }, Provider::Other);
    for trouble in
        [Trouble::Refused, Trouble::TimedOut, Trouble::Closed, Trouble::Unreachable, Trouble::Tls, Trouble::NotSmtp]
    {
        assert!(matches!(of(trouble), Outcome::Deferred { .. }), "{trouble:?}");
    }
    assert_eq!(of(Trouble::TimedOut).cause(), Some(Cause::of("net.timeout")));
    assert!(matches!(of(Trouble::Lacking), Outcome::Refused { .. }) && !of(Trouble::Lacking).stops_address());
}

#[test]
fn patterns_see_plain_words() {
    assert_eq!(meaning::plain("User <Ann.Lee@Example.COM>\r\n  UNKNOWN"), "user <@> unknown");
    assert_eq!(meaning::plain("(ann@example.com), l’été"), "(<@>), l'ete");
    assert_eq!(meaning::plain("@ a@ @b"), "<@> <@> <@>");
}

#[test]
fn what_varies_in_a_reply_does_not_change_its_reading() {
    let text = "The email account that you tried to reach does not exist. Please try double-checking the recipient's email \
                address for typos or unnecessary spaces. Learn more at https://support.google.com/mail/?p=NoSuchUser";
    let read = |n: u32| {
        let text = format!("{text} {n:x}si{n}602plr.1 - gsmtp");
        let wording = Wording {
            code: Some(550),
            status: Status::parse("5.1.1"),
            text: &text,
            stage: Stage::RcptTo,
            provider: Provider::Gmail,
        };
        meaning::read(&wording)
    };
    assert!(read(0).certainty >= Certainty::Words);
    // Two thousand different texts: none may fall out of what the patterns are good at.
    for n in 1..=2000 {
        assert_eq!(read(n).cause, read(0).cause);
    }
}

proptest! {
    #[test]
    fn any_text_has_a_reading(code in 0u16..1000, text in "\\PC{0,300}", bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for text in [text, String::from_utf8_lossy(&bytes).into_owned()] {
            let reply = Reply { code, status: None, text };
            let said = Said::Replied { stage: Stage::Content, reply, host: String::new() };
            let outcome = judge(&said, Provider::Other);
            let within_5yz = (500..600).contains(&code);
            prop_assert!(within_5yz || !outcome.stops_address());
        }
    }
}

#[test]
fn servers_own_words_are_read_for_what_they_mean() {
    let rows = include_str!("phrases.tsv").lines().filter(|line| !line.starts_with('#'));
    let wrong: Vec<_> = rows
        .map(|line| line.split_once('\t').unwrap())
        .map(|(cause, words)| (cause, super::bounce::read_reply_text(words).cause.code(), words))
        .filter(|(wanted, got, _)| got != wanted && !got.starts_with(&format!("{wanted}.")))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
