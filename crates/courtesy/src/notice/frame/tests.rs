use jiff::civil::date;

use super::Frame;
use crate::notice::Language;
use crate::notice::builtin::tests::library;
use crate::notice::catalogue::Audience;
use crate::notice::render::render;
use crate::notice::value::Fields;
use crate::notice::words::Words;

fn of(language: Language, today: jiff::civil::Date) -> Frame {
    Frame::of(&library(), Audience::Patron, language, today)
}

#[test]
fn only_closures_that_matter_now_are_told() {
    let told = |today| of(Language::En, today).closures.iter().map(|c| c.replace('\u{a0}', " ")).collect::<Vec<_>>();
    assert_eq!(told(date(2026, 12, 4)), ["11 December 2026", "24 to 26 December 2026 (winter holidays)"]);
    assert_eq!(told(date(2026, 12, 26)), ["24 to 26 December 2026 (winter holidays)"]);
    assert_eq!(told(date(2026, 11, 1)), Vec::<String>::new());
}

#[test]
fn no_words_can_leave_the_desk_out() {
    let words = Words::parse("---\nstatus: overdue\nsubject: x\n---\ny", Language::Fr).unwrap();
    let rendered = render(&words, &Fields::new(), &of(Language::Fr, date(2026, 12, 4))).unwrap();
    for part in [&rendered.text, &rendered.html] {
        for said in [
            "Bibliothèque publique de Maple Ridge",
            "604-555-0111",
            "ill@mapleridge.example",
            "de 9 h à 20 h",
            "24 au 26",
            "votre réponse",
        ] {
            assert!(part.contains(said), "{said} in {part}");
        }
    }
}

#[test]
fn a_name_in_the_record_cannot_become_markup() {
    let mut library = library();
    library.name.en = "<script>x</script>\r\nBcc: x".into();
    library.phone = Some("\"><b>".into());
    library.url = Some("javascript:alert(1)".into());
    let words = Words::parse("---\nstatus: overdue\nsubject: x\n---\ny", Language::En).unwrap();
    let frame = Frame::of(&library, Audience::Patron, Language::En, date(2026, 12, 4));
    let rendered = render(&words, &Fields::new(), &frame).unwrap();
    assert!(
        !rendered.html.contains("<script>")
            && !rendered.html.contains("\"><b>")
            && !rendered.html.contains("javascript:")
    );
}

#[test]
fn an_unknown_zone_is_utc() {
    let mut library = library();
    library.time_zone = "Mars/Olympus".into();
    assert_eq!(Frame::of(&library, Audience::Patron, Language::En, date(2026, 12, 4)).zone, jiff::tz::TimeZone::UTC);
}

#[test]
fn only_patrons_are_told_to_reply() {
    let said = |status: &str, audience| {
        let words =
            Words::parse(&format!("---\nstatus: {status}\naudience: {audience}\nsubject: x\n---\ny"), Language::En)
                .unwrap();
        let frame = Frame::of(&library(), words.notice.audience, Language::En, date(2026, 12, 4));
        let rendered = render(&words, &Fields::new(), &frame).unwrap();
        let needle = "your reply goes to the library";
        assert_eq!(rendered.text.contains(needle), rendered.html.contains(needle));
        rendered.text.contains(needle)
    };
    assert!(said("overdue", "patron"));
    assert!(!said("overdue", "borrowing") && !said("returned", "lending") && !said("ops_queue_stuck", "operator"));
}
