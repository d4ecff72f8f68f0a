use jiff::civil::date;

use super::{Files, source, words};
use crate::library::Library;
use crate::notice::Language;
use crate::notice::catalogue::{Audience, NOTICES, Notice};
use crate::notice::check::check;
use crate::notice::field::{Field, Kind};
use crate::notice::frame::Frame;
use crate::notice::render::{OUTPUT_BYTES_MAX, Rendered, render, render_push, render_sms};
use crate::notice::value::Fields;
use crate::notice::words::Words;

/// A participant record as libraries have it.
pub(crate) fn library() -> Library {
    serde_json::from_value(serde_json::json!({
        "code": "MRPL",
        "name": { "en": "Maple Ridge Public Library", "fr": "Bibliothèque publique de Maple Ridge" },
        "time_zone": "America/Vancouver",
        "languages": ["en", "fr"],
        "region": "ca-west",
        "from": "ill@mapleridge.example",
        "phone": "604-555-0111",
        "hours": { "en": "Monday to Saturday, 9 a.m. to 8 p.m.", "fr": "du lundi au samedi, de 9 h à 20 h" },
        "url": "https://mapleridge.example/",
        "closures": [
            { "from": "2026-12-24", "to": "2026-12-26", "why": { "en": "winter holidays", "fr": "congés d’hiver" } },
            { "from": "2026-12-11", "to": "2026-12-11" },
        ],
    }))
    .unwrap()
}

pub(crate) fn frame(audience: Audience, language: Language) -> Frame {
    Frame::of(&library(), audience, language, date(2026, 12, 4))
}

fn every() -> impl Iterator<Item = (Notice, Language)> {
    NOTICES.iter().flat_map(|entry| Language::ALL.map(|language| (entry.notice, language)))
}

/// What the request surely brings, and nothing else.
fn least(notice: Notice, language: Language) -> Fields {
    let mut fields = Fields::new();
    for field in Field::ALL.iter().filter(|field| field.always_comes_with(notice)) {
        fields.set(*field, field.sample(language)).unwrap();
    }
    fields
}

fn written(words: &Words, fields: &Fields) -> Rendered {
    render(words, fields, &frame(words.notice.audience, words.language)).unwrap()
}

#[test]
fn every_notice_has_words_in_every_language() {
    for (notice, language) in every() {
        let source = source(notice, language).unwrap_or_else(|| panic!("no words: {notice}.{}.md", language.tag()));
        match Words::parse(&source, language) {
            Ok(words) => assert_eq!(words.notice, notice, "{notice}.{}.md is for another notice", language.tag()),
            Err(problems) => panic!("{notice}.{}.md: {problems:?}", language.tag()),
        }
    }
}

#[test]
fn no_words_are_for_nothing() {
    for file in Files::iter() {
        let (code, language) = file.strip_suffix(".md").and_then(|name| name.rsplit_once('.')).unwrap();
        assert!(Notice::from_code(code).is_ok_and(|notice| notice.code() == code), "{file}");
        assert!(Language::ALL.iter().any(|known| known.tag() == language), "{file}");
    }
}

#[test]
fn our_own_words_pass_the_check_without_a_remark() {
    for (notice, language) in every() {
        let problems: Vec<String> =
            check(words(notice, language).unwrap(), &[]).iter().map(ToString::to_string).collect();
        assert!(problems.is_empty(), "{notice}.{}.md: {problems:#?}", language.tag());
    }
}

#[test]
fn every_notice_is_written_with_its_samples() {
    for (notice, language) in every() {
        let rendered = written(words(notice, language).unwrap(), &Fields::samples(language));
        assert!(
            !rendered.subject.is_empty() && rendered.subject.chars().count() <= 120,
            "{notice}: {}",
            rendered.subject
        );
        assert!(rendered.html.len() <= 30 * 1024, "{notice}: {} bytes of HTML", rendered.html.len());
        assert!(!rendered.text.contains("((") && !rendered.html.contains("(("), "{notice}");
    }
}

#[test]
fn every_notice_is_written_with_the_least_a_request_brings() {
    for (notice, language) in every() {
        let rendered = written(words(notice, language).unwrap(), &least(notice, language));
        for part in [&rendered.text, &rendered.subject] {
            assert!(!part.contains("  ,") && !part.contains(" ."), "{notice}: a gap in {part}");
        }
        assert!(!rendered.html.contains("<td align=\"left\" valign=\"top\"></td>"), "{notice}");
    }
}

#[test]
fn every_notice_is_written_without_titles() {
    for (notice, language) in every() {
        let mut fields = Fields::samples(language);
        for field in Field::ALL.iter().filter(|field| field.is_sensitive()) {
            fields.set(*field, "Zanzibar").unwrap();
        }
        let frame = Frame { hide_titles: true, ..frame(notice.audience, language) };
        let words = words(notice, language).unwrap();
        let rendered = render(words, &fields, &frame).unwrap();
        let push = render_push(words, &fields, &frame).unwrap().unwrap_or_default();
        for part in [rendered.subject, rendered.text, rendered.html, push] {
            assert!(!part.contains("Zanzibar"), "{notice}: {part}");
        }
    }
}

#[test]
fn no_push_says_what_somebody_reads() {
    for (notice, language) in every() {
        let push =
            render_push(words(notice, language).unwrap(), &least(notice, language), &frame(notice.audience, language));
        assert!(push.unwrap().is_some_and(|push| push.chars().count() <= 60), "{notice}");
    }
}

/// Values that try to be something else.
pub(crate) const HOSTILE: &[&str] = &[
    "x\r\nBcc: evil@evil.example\r\n\r\n<b>hi</b>",
    "</bdi><script>alert(1)</script><bdi>",
    "\"><img src=x onerror=alert(1)>",
    "((title)) ((due_date??x)) {{ title }} {% if %}",
    "**bold** [click](https://evil.example/) # head\n- item\n| a | b |\n---\n[button: x](https://evil.example/)",
    "javascript:alert(1)",
    "https://evil.example/login www.evil.example",
    "مرحبا \u{202e}evil\u{2066} עברית",
    "e\u{301}\u{302}\u{303}\u{304} Å 👩🏽‍💻 \u{0} \u{7f} \u{85} \u{2028} \u{2029} \u{feff}",
    "a'b\"c&d<e>f&amp;g",
];

#[test]
fn no_value_becomes_anything_but_words() {
    let long = "Très long titre ".repeat(700);
    for (notice, language) in every() {
        let words = words(notice, language).unwrap();
        let tame = written(words, &tame(language));
        for value in HOSTILE.iter().copied().chain([long.as_str()]) {
            let shown: String = value.chars().take(60).collect();
            let mut fields = self::tame(language);
            for field in Field::ALL {
                let kept = fields.clone();
                // The lines of a list are items, which is all that they may be.
                let one_line = value.lines().collect::<Vec<_>>().join(" ");
                let value = if matches!(field.kind(), Kind::Lines | Kind::Items) { one_line.as_str() } else { value };
                if fields.set(*field, value).is_err() {
                    fields = kept;
                }
            }
            let rendered = written(words, &fields);
            assert!(
                !rendered.subject.contains(['\r', '\n', '\0', '\u{2028}', '\u{202e}']),
                "{notice}: {}",
                rendered.subject
            );
            assert_eq!(tags(&rendered.html), tags(&tame.html), "{notice}: {shown:?} changed the markup");
            assert_eq!(links(&rendered.html), links(&tame.html), "{notice}: {shown:?} changed a link");
            assert!(rendered.html.len() < OUTPUT_BYTES_MAX && rendered.text.len() < OUTPUT_BYTES_MAX, "{notice}");
            assert!(!rendered.text.contains('\r'), "{notice}");
            assert!(!rendered.text.contains("https://evil"), "{notice}: {shown:?}");
        }
    }
}

/// Samples whose words cannot be taken for markup.
fn tame(language: Language) -> Fields {
    let mut fields = Fields::samples(language);
    for field in Field::ALL
        .iter()
        .filter(|field| matches!(field.kind(), Kind::Text | Kind::Name | Kind::Phone | Kind::Lines | Kind::Items))
    {
        fields.set(*field, "word").unwrap();
    }
    fields
}

/// The tags of a document, in order, without what stands between them.
fn tags(html: &str) -> Vec<&str> {
    html.split('<').skip(1).map(|rest| rest.split('>').next().unwrap()).collect()
}

fn links(html: &str) -> Vec<&str> {
    html.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

#[test]
fn every_notice_to_patrons_has_a_text_message_of_two_parts_at_most_that_names_no_title() {
    for (notice, language) in every().filter(|(notice, _)| notice.audience == Audience::Patron) {
        let words = words(notice, language).unwrap();
        assert!(words.sms.is_some(), "{notice}.{}", language.tag());
        let mut fields = Fields::samples(language);
        for field in Field::ALL.iter().filter(|field| field.is_sensitive()) {
            fields.set(*field, "Zanzibar").unwrap();
        }
        // A value with a letter beyond GSM-7 (here the ê of prêt) costs parts; our own words must have none.
        fields.set(Field::PickupLocation, "Haney").unwrap();
        for fields in [&fields, &least(notice, language)] {
            let text = render_sms(words, fields, &frame(notice.audience, language)).unwrap().unwrap_or_default();
            let parts = standards::sms::count(&text);
            assert!(parts <= 2, "{notice}.{}: {parts} parts: {text}", language.tag());
            assert_eq!(
                standards::sms::coding(&text),
                standards::sms::Coding::Gsm7,
                "{notice}.{}: {text}",
                language.tag()
            );
            assert!(!text.contains("Zanzibar") && !text.contains("((") && !text.contains(" ."), "{notice}: {text}");
        }
    }
}
