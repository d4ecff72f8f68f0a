use std::borrow::Cow;

use mail_parser::{HeaderValue, MessageParser, MimeHeaders as _};
use standards::address::Address;

use super::{Letter, Origin, compose};
use crate::notice::builtin::tests::{HOSTILE, frame};
use crate::notice::catalogue::Notice;
use crate::notice::field::Field;
use crate::notice::render::render;
use crate::notice::value::Fields;
use crate::notice::{Language, builtin};

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

/// Writes a letter that differs from the plainest one by `change`, and checks what holds for every mail.
fn composed(change: impl for<'a> FnOnce(&mut Letter<'a>)) -> Vec<u8> {
    let (from, to, reply_to) =
        (address("mrpl@notices.example"), address("amira@mail.example"), address("ill@mapleridge.example"));
    let mut letter = Letter {
        from: &from,
        from_name: "Maple Ridge Public Library",
        to: &to,
        reply_to: Some(&reply_to),
        message_id: "01K9ZZZZZZZZZZZZZZZZZZZZZZ@notices.example",
        date: "2026-11-30T18:05:00Z".parse().unwrap(),
        language: Language::En,
        subject: "The Overstory is here",
        text: "Hello Amira,\n\nIt is here.\n",
        html: Some("<!DOCTYPE html>\n<html lang=\"en\"><p>It is here.</p></html>\n"),
        feedback_id: "ready_for_pickup:MRPL:patron:courtesy",
        origin: Origin::Notice,
        list_unsubscribe: None,
        headers: &[],
    };
    change(&mut letter);
    let mail = compose(&letter);
    is_sound(&mail);
    mail
}

/// What holds for every mail: CRLF only, line lengths, one of each header, nothing after the body.
fn is_sound(mail: &[u8]) {
    let text = std::str::from_utf8(mail).unwrap();
    assert!(!text.replace("\r\n", "").contains(['\r', '\n', '\0']), "bare CR, LF or NUL");
    assert!(text.split("\r\n").all(|line| line.len() <= 998));
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    for line in head.split("\r\n") {
        assert!(line.len() <= 78 || !line.trim().contains(' '), "{line}");
        assert!(!line.trim().is_empty());
    }
    for name in ["From", "To", "Date", "Message-ID", "Subject", "MIME-Version", "Auto-Submitted", "Content-Type"] {
        let count = head
            .split("\r\n")
            .filter(|line| line.to_ascii_lowercase().starts_with(&format!("{}:", name.to_ascii_lowercase())))
            .count();
        assert_eq!(count, 1, "{name} in {head}");
    }
    assert!(body.ends_with("\r\n") && !body.ends_with("\r\n\r\n"));
    assert!(body.split("\r\n").all(|line| !line.ends_with([' ', '\t'])), "white space at the end of a line");
}

fn names(mail: &[u8]) -> Vec<String> {
    let message = MessageParser::new().parse(mail).unwrap();
    message.headers().iter().map(|header| header.name().to_ascii_lowercase()).collect()
}

#[test]
fn a_plain_letter_looks_like_this() {
    insta::assert_snapshot!(String::from_utf8(composed(|_| {})).unwrap().replace("\r\n", "\n"));
}

#[test]
fn what_was_written_is_what_is_read() {
    let text = "Été à Montréal\n\n  indented = yes\nline with a space at its end \n.\nFrom here on\n";
    let html = "<p title=\"=\">Été</p>\n";
    let mail = composed(|letter| {
        letter.subject = "Votre document est arrivé\u{a0}: « Les forêts » 🌲";
        letter.from_name = "Bibliothèque publique de Maple Ridge, prêt entre bibliothèques";
        letter.text = text;
        letter.html = Some(html);
        letter.language = Language::Fr;
    });
    let message = MessageParser::new().parse(&mail).unwrap();
    assert_eq!(message.subject(), Some("Votre document est arrivé\u{a0}: « Les forêts » 🌲"));
    let from = message.from().unwrap().first().unwrap();
    assert_eq!(from.name(), Some("Bibliothèque publique de Maple Ridge, prêt entre bibliothèques"));
    assert_eq!(from.address(), Some("mrpl@notices.example"));
    assert_eq!(message.to().unwrap().first().unwrap().address(), Some("amira@mail.example"));
    assert_eq!(message.reply_to().unwrap().first().unwrap().address(), Some("ill@mapleridge.example"));
    assert_eq!(message.message_id(), Some("01K9ZZZZZZZZZZZZZZZZZZZZZZ@notices.example"));
    assert_eq!(message.date().unwrap().to_rfc3339(), "2026-11-30T18:05:00Z");
    let read = |part: Option<Cow<'_, str>>| part.unwrap().replace("\r\n", "\n").trim_end().to_owned();
    assert_eq!(read(message.body_text(0)), text.trim_end());
    assert_eq!(unreferenced(&read(message.body_html(0))), html.trim_end());
    assert_eq!(message.content_type().unwrap().subtype(), Some("alternative"));
    assert_eq!(message.header("Content-Language").and_then(HeaderValue::as_text), Some("fr"));
}

#[test]
fn long_subjects_and_names_fold_and_come_back_whole() {
    for unit in
        ["a longer word ", "déjà vu ", "المكتبة ", "日本語の本", "👩🏽‍💻", "\u{2068}عربي\u{2069} ", "=?utf-8?Q?x?= "]
    {
        let long = unit.repeat(30);
        let mail = composed(|letter| letter.subject = long.as_str().to_owned().leak());
        let message = MessageParser::new().parse(&mail).unwrap();
        if unit.starts_with('=') {
            // Words that look encoded are not read as such.
            assert!(!message.subject().unwrap().contains("xx"));
        } else {
            assert_eq!(message.subject(), Some(long.trim()));
        }
    }
}

#[test]
fn no_value_starts_a_header() {
    let evil = "x\r\nBcc: evil@evil.example\r\n\r\nbody\u{2028}\u{85}\0";
    let mail = composed(|letter| {
        letter.subject = evil;
        letter.from_name = evil;
        letter.message_id = evil;
        letter.feedback_id = evil;
        letter.list_unsubscribe = Some(evil);
        letter.origin = Origin::ReplyTo(evil);
        letter.headers = &[
            ("X-Courtesy", "x\r\nBcc: evil@evil.example"),
            ("Bcc", "e"),
            ("X:\r\nBcc", "e"),
            ("From", "e"),
            ("", "e"),
        ];
    });
    assert!(!names(&mail).contains(&"bcc".to_owned()));
    assert_eq!(names(&mail).iter().filter(|name| *name == "x-courtesy").count(), 1);
}

/// HTML with its numeric references above ASCII read as letters.
fn unreferenced(html: &str) -> String {
    let mut parts = html.split("&#");
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        let (number, rest) = part.split_once(';').unwrap();
        match number.parse::<u32>().ok().and_then(char::from_u32).filter(|letter| !letter.is_ascii()) {
            Some(letter) => out.extend([letter.to_string().as_str(), rest]),
            None => out.extend(["&#", part]),
        }
    }
    out
}

#[test]
fn html_travels_as_ascii_and_long_lines_are_encoded() {
    let long = format!("<p>{}</p>", "à ".repeat(2000)).leak();
    let short = composed(|letter| letter.html = Some("<p>déjà 🌲</p>"));
    assert!(String::from_utf8(short).unwrap().contains("7bit\r\n\r\n<p>d&#233;j&#224; &#127794;</p>\r\n"));
    let mail = composed(|letter| letter.html = Some(long));
    assert!(!mail.windows(4).any(|w| w == b"&#22"), "references only where they help");
    assert_eq!(MessageParser::new().parse(&mail).unwrap().body_html(0).unwrap().trim_end(), long);
}

#[test]
fn a_line_that_relays_change_is_encoded() {
    for text in ["a \nb", "From here\nb"] {
        let mail = String::from_utf8(composed(|letter| letter.text = text)).unwrap();
        assert!(mail.contains("quoted-printable"), "{text:?}");
    }
}

#[test]
fn a_boundary_never_stands_in_a_part() {
    let inside = "\n--=_01K9ZZZZZZZZZZZZZZZZZZZZZZnoticesexample_=\n--=_01K9ZZZZZZZZZZZZZZZZZZZZZZnoticesexample_=--\n";
    let mail = composed(|letter| letter.text = inside);
    let message = MessageParser::new().parse(&mail).unwrap();
    assert_eq!(message.text_body_count(), 1);
    assert_eq!(message.html_body_count(), 1);
    assert_eq!(message.body_text(0).unwrap().replace("\r\n", "\n").trim_end(), inside.trim_end());
}

#[test]
fn other_scripts_travel_as_base64() {
    let text = "مرحبا بكم في المكتبة\n".repeat(20);
    let mail = composed(|letter| letter.text = text.clone().leak());
    assert!(String::from_utf8_lossy(&mail).contains("Content-Transfer-Encoding: base64"));
    let message = MessageParser::new().parse(&mail).unwrap();
    assert_eq!(message.body_text(0).unwrap().replace("\r\n", "\n").trim_end(), text.trim_end());
}

#[test]
fn an_address_in_another_script_stands_as_it_is() {
    let to = address("zoé@courriel.example");
    let from = address("mrpl@notices.example");
    let letter = Letter {
        from: &from,
        from_name: "",
        to: &to,
        reply_to: None,
        message_id: "a@b.example",
        date: "2026-11-30T18:05:00Z".parse().unwrap(),
        language: Language::Fr,
        subject: "x",
        text: "x",
        html: None,
        feedback_id: "x",
        origin: Origin::Notice,
        list_unsubscribe: None,
        headers: &[],
    };
    let mail = compose(&letter);
    is_sound(&mail);
    assert!(String::from_utf8(mail).unwrap().contains("<zoé@courriel.example>"));
}

#[test]
fn an_answer_says_that_it_is_one_and_to_what() {
    let mail = composed(|letter| {
        letter.origin = Origin::ReplyTo("q1@mail.example");
        letter.html = None;
    });
    let text = String::from_utf8(mail).unwrap();
    assert!(text.contains("\r\nAuto-Submitted: auto-replied\r\n"));
    assert!(text.contains("\r\nIn-Reply-To: <q1@mail.example>\r\n"));
    assert!(!text.contains("multipart"));
}

#[test]
fn a_stop_is_one_click_away() {
    let url = format!("https://notices.example/stop/{}", "k".repeat(90)).leak();
    let text = String::from_utf8(composed(|letter| letter.list_unsubscribe = Some(url))).unwrap();
    assert!(text.contains(&format!("List-Unsubscribe:\r\n <{url}>\r\n")));
    assert!(text.contains("\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
}

#[test]
fn non_delivery_reports_stay_welcome() {
    let text = String::from_utf8(composed(|_| {})).unwrap();
    let line = text.lines().find(|line| line.starts_with("X-Auto-Response-Suppress:")).unwrap();
    assert!(line.contains("OOF") && !line.contains("All") && !line.contains("NDR"));
}

#[test]
fn the_same_letter_gives_the_same_bytes() {
    assert_eq!(composed(|_| {}), composed(|_| {}));
}

#[test]
fn no_field_of_a_notice_reaches_the_headers() {
    let notice = Notice::from_code("ready_for_pickup").unwrap();
    for language in Language::ALL {
        let words = builtin::words(notice, language).unwrap();
        let frame = frame(notice.audience, language);
        let long = "Très long titre ".repeat(700);
        let mut plain = None;
        for value in ["word"].into_iter().chain(HOSTILE.iter().copied()).chain([long.as_str()]) {
            let mut fields = Fields::samples(language);
            for field in Field::ALL {
                let kept = fields.clone();
                if fields.set(*field, value).is_err() {
                    fields = kept;
                }
            }
            let rendered = render(words, &fields, &frame).unwrap();
            let mail = composed(|letter| {
                letter.subject = rendered.subject.clone().leak();
                letter.text = rendered.text.clone().leak();
                letter.html = Some(rendered.html.clone().leak());
                letter.language = language;
            });
            let message = MessageParser::new().parse(&mail).unwrap();
            assert_eq!(message.subject(), Some(rendered.subject.as_str()));
            let read = message.body_text(0).unwrap().replace("\r\n", "\n");
            assert_eq!(read.trim_end(), rendered.text.trim_end());
            let read = unreferenced(&message.body_html(0).unwrap().replace("\r\n", "\n"));
            assert_eq!(read.trim_end(), rendered.html.trim_end());
            assert_eq!((message.text_body_count(), message.html_body_count(), message.attachment_count()), (1, 1, 0));
            assert_eq!(*plain.get_or_insert_with(|| names(&mail)), names(&mail));
        }
    }
}

#[test]
fn a_name_cannot_become_an_address() {
    for name in
        ["A \"B\" \\ <evil@evil.example>, C", "a@b.example", "Café <evil@evil.example>", "x\\", "\"", "(comment)"]
    {
        let mail = composed(|letter| letter.from_name = name);
        let message = MessageParser::new().parse(&mail).unwrap();
        let from = message.from().unwrap();
        assert_eq!(from.iter().count(), 1, "{name}");
        assert_eq!(from.first().unwrap().address(), Some("mrpl@notices.example"), "{name}");
        assert_eq!(from.first().unwrap().name(), Some(name));
    }
}
