use std::sync::Arc;

use standards::address::Address;
use standards::domain::Domain;

use super::*;
use crate::library::Library;
use crate::notice::status::Status;

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn written(mail: &[u8], from: &str, whole_domain: bool) -> String {
    let (from, reply_to) = (address(from), address("desk@library.example"));
    let name = Name {
        from: &from,
        display_name: "Bibliothèque de Test",
        reply_to: Some(&reply_to),
        whole_domain,
        message_id: "id@notices.example",
        date: Timestamp::constant(1_900_000_000, 0),
        feedback_id: "overdue:MRPL:own:courtesy",
        complaints: None,
        generated: true,
    };
    String::from_utf8(honest(mail, &name)).unwrap()
}

fn parsed(mail: &str) -> mail_parser::Message<'_> {
    mail_parser::MessageParser::default().parse(mail).unwrap()
}

const KOHA: &[u8] = b"Received: from koha\r\nFrom: Circ <circ@library.example>\r\nTo: patron@mail.example\r\n\
    Bcc: boss@library.example\r\nSender: root@koha.example\r\nSubject: Interlibrary loan request ready for pickup\r\n\
    Message-ID: <1@koha>\r\nDate: Mon, 1 Jan 2029 10:00:00 +0000\r\nX-Mailer: Koha\r\nDKIM-Signature: v=1; d=library.example\r\n\
    Content-Type: text/plain;\r\n\tcharset=utf-8\r\nMIME-Version: 1.0\r\n\r\nHello  \r\n.dot\r\n";

#[test]
fn a_from_in_the_proven_domain_stays_as_it_was_written() {
    let mail = written(KOHA, "ill@library.example", true);
    assert!(mail.contains("From: Circ <circ@library.example>\r\n"), "{mail}");
    assert!(mail.contains("DKIM-Signature: v=1; d=library.example\r\n"), "{mail}");
    assert!(mail.contains("Content-Type: text/plain;\r\n\tcharset=utf-8\r\n"), "{mail}");
    assert!(mail.contains("Message-ID: <1@koha>\r\n") && mail.ends_with("\r\n\r\nHello  \r\n.dot\r\n"), "{mail}");
    assert!(!mail.contains("Reply-To"), "{mail}");
    for gone in ["Bcc", "boss@", "root@koha", "Return-Path"] {
        assert!(!mail.contains(gone), "{gone}: {mail}");
    }
}

#[test]
fn any_other_from_gives_way_and_replies_go_where_they_went() {
    let mail = written(KOHA, "mrpl@notices.example", false);
    let read = parsed(&mail);
    let from = read.from().unwrap().first().unwrap();
    assert_eq!((from.address(), from.name()), (Some("mrpl@notices.example"), Some("Bibliothèque de Test")));
    assert_eq!(read.reply_to().unwrap().first().unwrap().address(), Some("circ@library.example"));
    assert!(!mail.contains("DKIM-Signature"), "a signature for another From: {mail}");
    assert_eq!(mail.matches("From: ").count(), 1);
    assert!(mail.ends_with("\r\n\r\nHello  \r\n.dot\r\n"), "{mail}");
}

#[test]
fn one_address_is_not_the_whole_domain() {
    assert!(!written(KOHA, "ill@library.example", false).contains("From: Circ"));
}

#[test]
fn replies_go_to_nobody_only_where_the_library_has_nobody() {
    let nobody = b"From: no-reply@vendor.example\r\nTo: p@mail.example\r\n\r\nx\r\n";
    assert!(written(nobody, "mrpl@notices.example", false).contains("Reply-To: <desk@library.example>"));
    let named = b"From: a@vendor.example\r\nReply-To: Desk <ill@elsewhere.example>\r\n\r\nx\r\n";
    let mail = written(named, "mrpl@notices.example", false);
    assert!(
        mail.contains("Reply-To: Desk <ill@elsewhere.example>\r\n") && mail.matches("Reply-To").count() == 1,
        "{mail}"
    );
    let koha = b"From: a@vendor.example\r\nReplyTo: ill@library.example\r\n\r\nx\r\n";
    assert!(written(koha, "mrpl@notices.example", false).contains("Reply-To: <ill@library.example>"));
}

#[test]
fn what_is_missing_is_put_in_once() {
    let mail = written(b"Subject: x\r\n\r\nBonjour \xc3\xa9t\xc3\xa9\r\n", "mrpl@notices.example", false);
    for name in ["From", "To", "Date", "Message-ID", "MIME-Version", "Content-Type", "Auto-Submitted", "Feedback-ID"] {
        assert_eq!(mail.matches(&format!("\r\n{name}: ")).count(), 1, "{name}: {mail}");
    }
    let again = written(mail.as_bytes(), "mrpl@notices.example", false);
    assert_eq!(parsed(&again).message_id(), parsed(&mail).message_id());
    let silent = b"\r\nonly words\r\n";
    assert!(written(silent, "mrpl@notices.example", false).ends_with("\r\n\r\nonly words\r\n"));
    let no_header = b"only words\r\nand: more\r\n";
    assert!(written(no_header, "mrpl@notices.example", false).ends_with("\r\n\r\nonly words\r\nand: more\r\n"));
}

#[test]
fn letters_of_other_scripts_leave_as_encoded_words() {
    let raw =
        "Subject: Rappel : été\r\nTo: Zoé <z@mail.example>, b@mail.example\r\nX-Note: déjà\r\n\r\nx\r\n".as_bytes();
    let mail = written(raw, "mrpl@notices.example", false);
    assert!(mail.is_ascii(), "{mail}");
    let read = parsed(&mail);
    assert_eq!(read.subject(), Some("Rappel : été"));
    let to: Vec<_> = read.to().unwrap().iter().map(|to| to.address().unwrap().to_owned()).collect();
    assert_eq!(to, ["z@mail.example", "b@mail.example"]);
    let latin = b"Subject: \xe9t\xe9\r\n\r\nx\r\n";
    assert_eq!(parsed(&written(latin, "mrpl@notices.example", false)).subject(), Some("été"));
}

#[test]
fn a_line_that_no_server_carries_is_encoded_and_says_the_same() {
    let html = format!("<p>{}é</p>", "word ".repeat(1000));
    let raw = format!("Content-Type: text/html; charset=utf-8\r\nMIME-Version: 1.0\r\n\r\n{html}\r\n");
    let mail = written(raw.as_bytes(), "mrpl@notices.example", false);
    assert!(mail.lines().all(|line| line.len() < 998), "{mail}");
    assert_eq!(parsed(&mail).body_html(0).unwrap().trim_end(), html);
}

#[test]
fn nothing_a_stranger_writes_makes_two_froms_or_a_new_line() {
    let folded = b"From:\r\n a@vendor.example\r\nSubject: a\r\n b\r\nFrom : b@other.example\r\n\r\nx\r\n";
    assert_eq!(unfit(&Head::of(folded)), Some(Unfit::ManyFroms));
    let mail = written(folded, "mrpl@notices.example", false);
    assert_eq!(parsed(&mail).from().unwrap().iter().count(), 1);
    assert!(!mail.contains("other.example"), "{mail}");
    let hops = "Received: x\r\n".repeat(60);
    assert_eq!(unfit(&Head::of(hops.as_bytes())), Some(Unfit::Loops));
}

#[test]
fn any_octets_come_out_with_one_head_and_their_body() {
    proptest::proptest!(|(octets in proptest::collection::vec(proptest::num::u8::ANY, 0..400), text in "[A-Za-z:\r\n \t<>@=?.é-]{0,300}")| {
        for mail in [&octets[..], text.as_bytes()] {
            let from = address("mrpl@notices.example");
            let name = Name { from: &from, display_name: "x", reply_to: None, whole_domain: false, message_id: "i@n.example",
                date: Timestamp::UNIX_EPOCH, feedback_id: "f", complaints: None, generated: false };
            let out = honest(mail, &name);
            let head = Head::of(&out);
            proptest::prop_assert_eq!(head.all("from").count(), 1);
            proptest::prop_assert_eq!(addresses(head.first("from").unwrap())[0].1.to_string(), "mrpl@notices.example");
            let _ = recognise(&Head::of(mail));
            let _ = needs_utf8(mail);
        }
    });
}

#[test]
fn every_line_of_the_table_can_be_read_and_subjects_say_what_they_are() {
    let status = |subject: &str| {
        let mail = format!("Subject: {subject}\r\n\r\n");
        recognise(&Head::of(mail.as_bytes())).status
    };
    for (subject, expected) in [
        ("Interlibrary loan request ready for pickup", "ready_for_pickup"),
        ("Hold Available for Pickup at Main", "ready_for_pickup"),
        ("Votre document est disponible pour retrait", "ready_for_pickup"),
        ("Interlibrary loan request unavailable", "unfilled"),
        ("Overdue notice", "overdue"),
        ("Avis de retard", "overdue"),
        ("Courtesy reminder: item due soon", "due_soon"),
        ("Request 1234 Status: Recalled", "recalled"),
        ("Rejected Renewal", "renewal_rejected"),
        ("Accepted Renewal", "renewal_accepted"),
        ("Request cancelled", "cancelled"),
    ] {
        assert_eq!(status(subject).map(Status::code), Some(expected), "{subject}");
    }
    assert_eq!(status("Your new library card"), None);
}

#[test]
fn a_request_is_recognised_by_header_before_subject() {
    let number = |head: &str| recognise(&Head::of(head.as_bytes())).request;
    assert_eq!(number("Subject: ILL request number 48213: shipped\r\n\r\n").as_deref(), Some("48213"));
    assert_eq!(number("Subject: Demande no BC-2026-11 en attente\r\n\r\n").as_deref(), Some("BC-2026-11"));
    assert_eq!(number("Subject: Request #77-A\r\nX-ILL-Request: 12\r\n\r\n").as_deref(), Some("12"));
    assert_eq!(number("Subject: Your request is ready\r\n\r\n"), None);
    let told = b"X-Courtesy-Notice: Overdue\r\nX-Courtesy-Patron: 2117\r\nX-Mailer: Koha\r\nSubject: Hello\r\n\r\n";
    let told = recognise(&Head::of(told));
    assert_eq!((told.system, told.patron.as_deref()), (Some("Koha"), Some("2117")));
    assert_eq!(told.status.map(Status::code), Some("overdue"));
}

fn library(code: &str, from: Option<&str>) -> Arc<Library> {
    let mut record = serde_json::json!({ "code": code, "name": { "en": code }, "time_zone": "America/Vancouver",
        "languages": ["en"], "region": "default" });
    if let Some(from) = from {
        record["from"] = from.into();
    }
    Arc::new(serde_json::from_value(record).unwrap())
}

#[test]
fn another_librarys_address_is_another_librarys() {
    let (mine, theirs) = (library("MINE", Some("ill@mine.example")), library("THRS", Some("ill@theirs.example")));
    let (north, south) = (library("NRTH", Some("north@city.example")), library("STH", Some("south@city.example")));
    let all = [&mine, &theirs, &north, &south].map(Arc::clone);
    let shared = Domain::parse("notices.example").unwrap();
    let anothers = |from: &str, whose: &Library| is_anothers(&address(from), whose, &all, &shared);
    for (from, whose, expected) in [
        ("circ@mine.example", &mine, false),
        ("circ@theirs.example", &mine, true),
        ("circ@mail.theirs.example", &mine, true),
        ("koha@vendor.example", &mine, false),
        ("desk@city.example", &north, false),
        ("south@city.example", &north, true),
        ("mine@notices.example", &mine, false),
        ("thrs@notices.example", &mine, true),
        ("x@bounces.notices.example", &mine, true),
    ] {
        assert_eq!(anothers(from, whose), expected, "{from} by {}", whose.code);
    }
}
