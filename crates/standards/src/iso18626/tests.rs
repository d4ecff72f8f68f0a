//! Fixtures: `testdata/iso18626/NN-name.xml`, each with its reading in `snapshots/`. 01-06 strict, 10-19 sloppy,
//! 30-36 refused and answered, 40-51 hostile.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::{
    Action, Code, Document, ErrorType, Kind, Message, MessageStatus, Moment, Note, Oddity, ReasonForMessage, Status,
    Token, YesNo, confirm, read, write,
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/iso18626")
}

fn fixtures() -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|kind| kind == "xml")).collect();
    paths.sort();
    paths
        .iter()
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), std::fs::read(path).unwrap()))
        .collect()
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(format!("{name}.xml"))).unwrap()
}

fn received() -> Timestamp {
    "2026-11-09T22:30:05Z".parse().unwrap()
}

/// What was understood, and the answer, as a librarian could check it.
fn told(xml: &[u8]) -> String {
    let (mut text, answer) = match read(xml) {
        Ok(document) => {
            let oddities: String =
                document.oddities.iter().map(|odd| format!("odd: {} {}\n", odd.element, odd.why)).collect();
            (format!("{}{oddities}", write(&document)), confirm::accepted(&document, received()))
        }
        Err(error) => (
            format!("{}: {error}\nelement: {}\n", error.error_type, error.element),
            confirm::unread(&error, received()),
        ),
    };
    text.push_str("\nanswer:\n");
    text.push_str(&answer.map_or("none\n".to_owned(), |answer| write(&answer)));
    text
}

#[test]
fn every_fixture_is_understood_as_written_down() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder().join("snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for (name, xml) in fixtures() {
            insta::assert_snapshot!(name, told(&xml));
        }
    });
}

#[test]
fn a_strict_message_of_each_kind_is_read_without_oddities_and_written_as_it_came() {
    for (number, kind) in (1..).zip(Kind::ALL) {
        let (name, xml) = fixtures().into_iter().find(|(name, _)| name.starts_with(&format!("0{number}-"))).unwrap();
        let document = read(&xml).unwrap();
        assert_eq!(document.message.kind(), *kind, "{name}");
        assert_eq!(document.oddities, [], "{name}");
        let squeezed = |text: &str| text.split_whitespace().collect::<String>().replace("/>", ">");
        let came = String::from_utf8(xml).unwrap();
        let came = came.replace("<multipleItemRequestId/>", "<multipleItemRequestId></multipleItemRequestId>");
        assert_eq!(squeezed(&write(&document)), squeezed(&came), "{name}");
    }
}

#[test]
fn what_is_written_reads_as_the_same_again() {
    for (name, xml) in fixtures() {
        let Ok(document) = read(&xml) else { continue };
        let again = read(write(&document).as_bytes()).unwrap();
        assert_eq!(again.message, document.message, "{name}");
        assert_eq!(again.oddities, [], "{name}");
    }
}

#[test]
fn sloppy_senders_are_understood() {
    for (name, xml) in fixtures().into_iter().filter(|(name, _)| name.starts_with('1')) {
        read(&xml).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn hostile_documents_are_refused_by_name() {
    for (name, xml) in fixtures().into_iter().filter(|(name, _)| name.starts_with(['4', '5'])) {
        let error = read(&xml).unwrap_err();
        assert_eq!(error.error_type, ErrorType::BadlyFormedMessage, "{name}");
    }
}

/// A message with something in place of its note.
fn with_note(note: &str) -> Vec<u8> {
    let text = String::from_utf8(fixture("05-requesting-agency-message")).unwrap();
    text.replace("Arrived in good condition", note).into_bytes()
}

fn refused_in_time(xml: &[u8], sentence: &str) {
    let start = Instant::now();
    let error = read(xml).unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(2), "took {:?}", start.elapsed());
    assert_eq!(error.sentence, sentence);
}

#[test]
fn ten_thousand_levels_are_refused_at_the_limit() {
    let deep = "<x>".repeat(10_000);
    refused_in_time(
        deep.as_bytes(),
        &format!("In {}, elements are nested more than 24 deep.", vec!["x"; 24].join("/")),
    );
    let error = read(&with_note(&deep)).unwrap_err();
    assert_eq!(error.kind, Some(Kind::RequestingAgencyMessage));
}

#[test]
fn fifty_megabytes_are_refused_unread() {
    let long = with_note(&"a".repeat(50 * 1024 * 1024));
    refused_in_time(&long, "The document is longer than 1048576 octets.");
}

#[test]
fn a_text_longer_than_any_note_is_refused() {
    refused_in_time(
        &with_note(&"a".repeat(65 * 1024)),
        "In ISO18626Message/requestingAgencyMessage/note, its text is longer than 64 kilobytes.",
    );
    let pieces = "&amp;".repeat(65 * 1024);
    refused_in_time(
        &with_note(&pieces),
        "In ISO18626Message/requestingAgencyMessage/note, its text is longer than 64 kilobytes.",
    );
}

#[test]
fn too_many_elements_and_attributes_are_refused() {
    let many: String = "<x/>".repeat(100_000);
    refused_in_time(
        &with_note(&many),
        "In ISO18626Message/requestingAgencyMessage/note, there are more than 5000 elements.",
    );
    let attributes: String = (0..50_000).map(|nth| format!(" a{nth}=\"\"")).collect();
    refused_in_time(
        &with_note(&format!("<x{attributes}/>")),
        "In ISO18626Message/requestingAgencyMessage/note, an element has more than 32 attributes.",
    );
    let name = "x".repeat(500_000);
    refused_in_time(
        &with_note(&format!("<{name}/>")),
        "In ISO18626Message/requestingAgencyMessage/note, a name is longer than 80 octets.",
    );
}

#[test]
fn every_cut_of_a_document_is_answered_by_name_once_its_kind_was_read() {
    let whole = fixture("03-supplying-agency-message");
    let known = String::from_utf8(whole.clone()).unwrap().find("<header>").unwrap();
    let end = whole.len() - "</ISO18626Message>\n".len();
    for cut in 0..end {
        let error = read(&whole[..cut]).unwrap_err();
        let answer = confirm::unread(&error, received());
        assert_eq!(answer.is_some(), cut >= known - 5, "{cut}: {error}");
    }
}

#[test]
fn the_secret_of_a_library_and_the_patrons_words_are_in_no_error() {
    for (name, xml) in fixtures() {
        let read = read(&xml);
        assert!(!format!("{read:?}").contains("open-sesame"), "{name}");
        let Err(error) = read else { continue };
        for private in ["open-sesame", "amira", "Bellweather", "good condition"] {
            assert!(!error.sentence.contains(private), "{name}");
        }
    }
}

#[test]
fn a_confirmation_repeats_the_header_and_names_the_reason_or_action() {
    let document = read(&fixture("03-supplying-agency-message")).unwrap();
    let answer = confirm::accepted(&document, received()).unwrap();
    let Message::SupplyingAgencyMessageConfirmation(confirmation) = &answer.message else { panic!("{answer:?}") };
    let header = document.message.header().unwrap();
    let repeated = &confirmation.confirmation_header;
    assert_eq!(repeated.supplying_agency_id, header.supplying_agency_id);
    assert_eq!(repeated.requesting_agency_id.as_ref(), Some(&header.requesting_agency_id));
    assert_eq!(repeated.requesting_agency_request_id.as_ref(), Some(&header.requesting_agency_request_id));
    assert_eq!(repeated.timestamp, header.timestamp);
    assert_eq!(repeated.timestamp_received.unwrap().instant(), Some(received()));
    assert_eq!(repeated.message_status, MessageStatus::OK);
    assert_eq!(confirmation.reason_for_message, Some(ReasonForMessage::StatusChange));
    assert_eq!(confirmation.error_data, None);

    let document = read(&fixture("05-requesting-agency-message")).unwrap();
    let why = "action “Dance” is not known";
    let answer = confirm::refused(&document, received(), ErrorType::UnsupportedActionType, why).unwrap();
    let Message::RequestingAgencyMessageConfirmation(confirmation) = &answer.message else { panic!("{answer:?}") };
    assert_eq!(confirmation.confirmation_header.message_status, MessageStatus::ERROR);
    assert_eq!(confirmation.action, Some(Action::Received));
    let error = confirmation.error_data.as_ref().unwrap();
    assert_eq!((&error.error_type, error.error_value.as_deref()), (&ErrorType::UnsupportedActionType, Some(why)));
}

#[test]
fn a_confirmation_is_never_confirmed() {
    for name in [
        "02-request-confirmation",
        "04-supplying-agency-message-confirmation",
        "06-requesting-agency-message-confirmation",
    ] {
        let document = read(&fixture(name)).unwrap();
        assert_eq!(confirm::accepted(&document, received()), None, "{name}");
    }
}

#[test]
fn every_confirmation_can_be_read_without_oddities() {
    for (name, xml) in fixtures() {
        let answer = match read(&xml) {
            Ok(document) => confirm::accepted(&document, received()),
            Err(error) => confirm::unread(&error, received()),
        };
        let Some(answer) = answer else { continue };
        let again: Document = read(write(&answer).as_bytes()).unwrap();
        assert_eq!((again.message, again.oddities), (answer.message, Vec::<Oddity>::new()), "{name}");
    }
}

#[test]
fn dates_are_read_as_systems_write_them() {
    let written = |text: &str| Moment::parse(text).map(|moment| moment.to_string());
    for (text, read) in [
        ("2026-11-30T10:00:00Z", "2026-11-30T10:00:00Z"),
        ("2026-11-30T10:00:00.250-08:00", "2026-11-30T10:00:00.25-08:00"),
        ("2026-11-30T10:00:00+0000", "2026-11-30T10:00:00Z"),
        ("2026-11-30T10:00:00-0330", "2026-11-30T10:00:00-03:30"),
        ("2026-11-30T10:00:00", "2026-11-30T10:00:00"),
        ("2026-11-30 10:00", "2026-11-30T10:00:00"),
        ("2026-11-30", "2026-11-30T00:00:00"),
        ("2026-11-30Z", "2026-11-30T00:00:00"),
        ("2026-11-30-08:00", "2026-11-30T00:00:00"),
        ("2026-11-30T24:00:00Z", "2026-11-30T23:59:59Z"),
        (" 2026-11-30T23:59:60Z\n", "2026-11-30T23:59:59Z"),
    ] {
        assert_eq!(written(text).as_deref(), Some(read), "{text}");
    }
    for text in ["", "soon", "2026-13-01", "30/11/2026", "2026-02-30T10:00:00Z", "99999999999-01-01", "é026-11-30Z"] {
        assert_eq!(written(text), None, "{text}");
    }
}

#[test]
fn a_day_is_the_readers_day_unless_it_was_written_as_midnight() {
    let vancouver = TimeZone::get("America/Vancouver").unwrap();
    let day = |text: &str| Moment::parse(text).unwrap().day_in(&vancouver).to_string();
    assert_eq!(day("2026-12-01T07:59:59Z"), "2026-11-30");
    assert_eq!(day("2026-11-30T00:00:00Z"), "2026-11-30");
    assert_eq!(day("2026-11-30T23:59:59-08:00"), "2026-11-30");
    assert_eq!(day("2026-11-30T23:00:00"), "2026-11-30");
    assert_eq!(day("2026-11-30"), "2026-11-30");
}

#[test]
fn people_never_see_what_machines_say_in_notes() {
    let note = |text: &str| {
        let note = Note::parse(text);
        (note.words, note.tokens)
    };
    assert_eq!(note("#seq:7#"), (String::new(), vec![Token::Sequence(7)]));
    assert_eq!(
        note("Please hurry #seq:7# thank you#lastSeq:12#"),
        ("Please hurry thank you".to_owned(), vec![Token::Sequence(7), Token::LastSequence(12)])
    );
    assert_eq!(
        note("#ReShareLoanConditionAgreeResponse# fine with us"),
        ("fine with us".to_owned(), vec![Token::ConditionAgreed])
    );
    assert_eq!(
        note("#ReShareUpdatedField-PickupLocation:North Branch#\nthanks"),
        (
            "thanks".to_owned(),
            vec![Token::UpdatedField { field: "PickupLocation".to_owned(), value: "North Branch".to_owned() }]
        )
    );
    assert_eq!(
        note("#ReShareUpdatedField-Title:Fog\nand a word").1,
        vec![Token::UpdatedField { field: "Title".to_owned(), value: "Fog".to_owned() }]
    );
    assert_eq!(note("#ReShareSomethingNew#x"), ("x".to_owned(), vec![Token::Other("ReShareSomethingNew".to_owned())]));
    assert_eq!(note("#SHIP_TO#1 Square\nTown#ST_END#go").0, "go");
    for words in ["copy #2 of 3", "# 1 #", "#seq: is a word", "100 #", "#hashtag# fun", "seq:3#"] {
        assert_eq!(note(words), (words.to_owned(), vec![]));
    }
}

#[test]
fn a_note_of_a_thousand_broken_tokens_is_read_in_time() {
    for piece in ["#SHIP_TO#", "#ReShare", "#ReShareUpdatedField-", "#seq:", "#"] {
        let text = piece.repeat(60_000 / piece.len());
        let start = Instant::now();
        let _ = Note::parse(&text);
        assert!(start.elapsed() < Duration::from_secs(2), "{piece}: {:?}", start.elapsed());
    }
}

#[test]
fn unknown_words_of_closed_lists_are_kept() {
    assert_eq!(Status::parse("willsupply"), Status::WillSupply);
    assert_eq!(Status::parse("ReadyToShip"), Status::Unknown("ReadyToShip".to_owned()));
    assert_eq!(Action::parse("Dance").as_str(), "Dance");
    assert_eq!(YesNo::parse("true"), Some(YesNo::Y));
    assert_eq!(YesNo::parse("maybe"), None);
    assert!(Code::from("Email").is("EMAIL"));
}

fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let all: Vec<Vec<u8>> = fixtures().into_iter().map(|(_, xml)| xml).collect();
    let edit = prop_oneof![
        (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(at, byte)| (at, 0, vec![byte])),
        (any::<prop::sample::Index>(), 0..80_usize).prop_map(|(at, cut)| (at, cut, vec![])),
        (
            any::<prop::sample::Index>(),
            prop::sample::select(vec![
                "<",
                ">",
                "&",
                "&#0;",
                "&#xD800;",
                "&lt;",
                "]]>",
                "<![CDATA[",
                "<!--",
                "-->",
                "<?xml",
                "\"",
                "'",
                "#seq:1#",
                "<x a='1' a='2'/>",
                "</header>",
                "<note/>",
                "T24:00:00",
                "é",
                "\u{0}",
                "xmlns:",
                ":",
                "<:/>",
                "<!DOCTYPE x>",
            ])
        )
            .prop_map(|(at, words)| (at, 0, words.as_bytes().to_vec())),
    ];
    (prop::sample::select(all), prop::collection::vec(edit, 0..8)).prop_map(|(mut xml, edits)| {
        for (at, cut, insert) in edits {
            let at = at.index(xml.len() + 1).min(xml.len());
            let end = (at + cut).min(xml.len());
            xml.splice(at..end, insert);
        }
        xml
    })
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(1_000))]

    #[test]
    fn no_mutated_document_breaks_the_reader(xml in mutated()) {
        match read(&xml) {
            Ok(document) => {
                let again = read(write(&document).as_bytes());
                prop_assert_eq!(again.map(|again| again.message), Ok(document.message));
            }
            Err(error) => {
                prop_assert!(error.sentence.ends_with('.') && error.sentence.len() < 3_000);
                if let Some(answer) = confirm::unread(&error, received()) {
                    prop_assert!(read(write(&answer).as_bytes()).is_ok());
                }
            }
        }
    }

    #[test]
    fn no_octets_break_the_reader(xml in prop_oneof![
        prop::collection::vec(any::<u8>(), 0..400),
        Just(vec![0xFF, 0xFE]),
        Just(vec![0xFE, 0xFF, 0x00]),
    ]) {
        let _ = read(&xml);
    }

    #[test]
    fn a_note_says_the_same_when_written_and_read_again(pieces in prop::collection::vec(
        prop::sample::select(vec![
            "#seq:1#", "#seq:", "#lastSeq:2#", "#ReShare", "#ReShareUpdatedField-", "Title", ":", "#", " ", "\n", "é",
            "#SHIP_TO#", "#ST_END#", "#RETURN_TO#", "7", "a word", "se", "q:1#",
        ]),
        0..12,
    )) {
        let note = Note::parse(&pieces.concat());
        prop_assert_eq!(Note::parse(&note.text()), note);
    }
}
