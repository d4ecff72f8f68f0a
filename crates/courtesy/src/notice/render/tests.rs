use super::{OUTPUT_BYTES_MAX, Rendered, SUBJECT_LETTERS_MAX, render, render_push};
use crate::notice::Language;
use crate::notice::builtin;
use crate::notice::builtin::tests::frame;
use crate::notice::catalogue::{Audience, Notice};
use crate::notice::field::Field;
use crate::notice::frame::Frame;
use crate::notice::value::Fields;
use crate::notice::words::{SOURCE_BYTES_MAX, Words};

fn words(subject: &str, body: &str) -> Words {
    Words::parse(&format!("---\nstatus: ready_for_pickup\nsubject: {subject}\n---\n{body}"), Language::En).unwrap()
}

fn fields(pairs: &[(&str, &str)]) -> Fields {
    let (fields, unknown, unfit) = Fields::from_pairs(pairs.iter().copied());
    assert!(unknown.is_empty() && unfit.is_empty(), "{unknown:?} {unfit:?}");
    fields
}

fn written(words: &Words, pairs: &[(&str, &str)]) -> Rendered {
    render(words, &fields(pairs), &frame(Audience::Patron, Language::En)).unwrap()
}

/// The text part above the rule that begins the frame.
fn letter(rendered: &Rendered) -> &str {
    rendered.text.split("\n----------------------------------------\n").next().unwrap().trim_end()
}

fn full(language: Language) -> Rendered {
    let notice = Notice::from_code("ready_for_pickup").unwrap();
    let mut frame = frame(Audience::Patron, language);
    frame.request_url = Some("https://notices.example/r/7H2K9Q".into());
    frame.preferences_url = Some("https://notices.example/p/7H2K9Q".into());
    render(builtin::words(notice, language).unwrap(), &Fields::samples(language), &frame).unwrap()
}

#[test]
fn a_full_notice_in_english_looks_like_this() {
    let Rendered { subject, text, html } = full(Language::En);
    insta::assert_snapshot!(format!("Subject: {subject}\n\n{text}\n\n{html}"));
}

#[test]
fn a_full_notice_in_french_looks_like_this() {
    let Rendered { subject, text, html } = full(Language::Fr);
    insta::assert_snapshot!(format!("Subject: {subject}\n\n{text}\n\n{html}"));
}

#[test]
fn a_missing_value_holds_the_notice_and_is_named() {
    let words = words("((title))", "((author)) ((title)) ((pickup_by|date)) ((author)) [x](((url)))");
    let missing = render(&words, &fields(&[("title", "T")]), &frame(Audience::Patron, Language::En)).unwrap_err();
    assert_eq!(missing.fields, ["author", "pickup_by", "url"]);
}

#[test]
fn what_was_not_given_leaves_no_trace() {
    let words = words(
        "T",
        "Hello((first_name?? ((first_name)))),\n\n((note??Note: ((note))))\n\nOne\n((note??Two ((note))))\nThree\n\n\
         - ((note??((note))))\n- item\n\n| Author | ((author??((author)))) |\n| Due | soon |\n\n\
         ((request_url??[button: See](((request_url)))))",
    );
    let rendered = written(&words, &[]);
    assert_eq!(letter(&rendered), "Hello,\n\nOne\nThree\n\n- item\n\nDue:  soon");
    assert!(
        !rendered.html.contains("button: ")
            && !rendered.html.contains("Author")
            && !rendered.html.contains("<li style=\"margin:0 0 4px\"></li>")
    );
}

#[test]
fn facts_line_up_and_lines_end_at_72() {
    let words = words(
        "T",
        "((title))\n\n| Due | ((note)) |\n| Pick up at | desk |\n| A label much longer than any value | x |",
    );
    let long = "word ".repeat(40);
    let rendered = written(&words, &[("title", &long), ("note", &long)]);
    assert!(rendered.text.lines().all(|line| line.chars().count() <= 72), "{}", rendered.text);
    insta::assert_snapshot!(letter(&rendered));
}

#[test]
fn links_stand_as_addresses_in_text() {
    let words =
        words("T", "See [your **page**](((request_url))), or [us](https://a.example/).\n\n[button: Open](((url)))");
    let rendered = written(&words, &[("request_url", "https://r.example/"), ("url", "https://u.example/")]);
    assert_eq!(
        letter(&rendered),
        "See your page <https://r.example/>, or us <https://a.example/>.\n\nOpen:\nhttps://u.example/"
    );
    assert!(rendered.html.contains("<a href=\"https://r.example/\">your <strong>page</strong></a>, or"));
}

#[test]
fn titles_from_right_to_left_turn_nothing_around() {
    let words = words("((title)): here", "((title)) by ((author))");
    let rendered = written(&words, &[("title", "موسم الهجرة"), ("author", "Salih")]);
    assert_eq!(rendered.subject, "\u{2068}موسم الهجرة\u{2069}: here");
    assert_eq!(letter(&rendered), "\u{2068}موسم الهجرة\u{2069} by Salih");
    assert!(rendered.html.contains("<bdi>موسم الهجرة</bdi> by <bdi>Salih</bdi>"));
}

#[test]
fn a_subject_cuts_the_title_and_not_the_words() {
    let long = "A very long title indeed, with a subtitle and ".repeat(200);
    let rendered = written(&words("((title)) is here", "x ((title))"), &[("title", &long)]);
    assert!(rendered.subject.ends_with("… is here"), "{}", rendered.subject);
    assert!(rendered.subject.chars().count() <= SUBJECT_LETTERS_MAX);
}

#[test]
fn hidden_titles_leave_a_sentence_that_reads() {
    let words = words(
        "((title)) is here",
        "((title)) waits. ((title)) is yours, and **((title))** too((author??, by ((author)))).\n\nBy ((author)).\n\n| Title | ((title)) |\n| Due | soon |",
    );
    let hiding = Frame { hide_titles: true, ..frame(Audience::Patron, Language::En) };
    // Hidden fields need not be there at all.
    for fields in [Fields::samples(Language::En), Fields::new()] {
        let rendered = render(&words, &fields, &hiding).unwrap();
        assert_eq!(rendered.subject, "Your item is here");
        let expected = "Your item waits. Your item is yours, and your item too.\n\nBy (not shown).\n\nDue:  soon";
        assert_eq!(letter(&rendered), expected);
        assert!(!rendered.html.contains("Overstory") && !rendered.html.contains("Powers"));
    }
}

#[test]
fn a_push_never_says_the_title() {
    let source = "---\nstatus: ready_for_pickup\nsubject: x\npush: ((title)) is ready\n---\ny";
    let words = Words::parse(source, Language::En).unwrap();
    let push = render_push(&words, &Fields::samples(Language::En), &frame(Audience::Patron, Language::En)).unwrap();
    assert_eq!(push.as_deref(), Some("Your item is ready"));
}

#[test]
fn a_test_says_that_it_is_one() {
    let testing = Frame { is_test: true, ..frame(Audience::Patron, Language::En) };
    let rendered = render(&words("T", "x"), &Fields::new(), &testing).unwrap();
    assert!(rendered.text.starts_with("This is a test."));
    assert!(rendered.html.contains("class=\"test\""));
}

#[test]
fn the_worst_words_with_the_worst_values_stay_within_bounds() {
    let mut worst = fields(&[]);
    for field in Field::ALL {
        let _ = worst.set(*field, &"\"&'<".repeat(2000));
    }
    worst.set(Field::Url, &format!("https://a.example/{}", "&".repeat(2000))).unwrap();
    let mut body = "[((note))](((url)))((title))\n- ((note))\n".repeat(90);
    body.push_str(&"&".repeat(SOURCE_BYTES_MAX / 5 - body.len() - 200));
    let rendered = render(&words("((title))", &body), &worst, &frame(Audience::Patron, Language::En)).unwrap();
    assert!(rendered.html.len() <= OUTPUT_BYTES_MAX, "{}", rendered.html.len());
    assert!(rendered.text.len() <= OUTPUT_BYTES_MAX, "{}", rendered.text.len());
    println!("worst: {} bytes of HTML, {} of text", rendered.html.len(), rendered.text.len());
}
