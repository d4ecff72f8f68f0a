use super::day;
use crate::notice::Language;
use crate::notice::builtin;
use crate::notice::builtin::tests::frame;
use crate::notice::catalogue::{Audience, Notice};
use crate::notice::field::Field;
use crate::notice::frame::Frame;
use crate::notice::render::{OUTPUT_BYTES_MAX, Rendered, SUBJECT_LETTERS_MAX, render, render_subject};
use crate::notice::status::Status;
use crate::notice::value::{Fields, ITEMS_MAX, Item};

/// A loan in short, as it is written for a patron.
fn item(status: Status, title: &str, number: usize, language: Language, frame: &Frame) -> Item {
    let number = format!("BC-{number}");
    let pairs =
        [("title", title), ("due_date", "2026-12-15"), ("pickup_by", "2026-12-08"), ("request_number", &number)];
    let (fields, _, _) = Fields::from_pairs(pairs);
    let words = builtin::words(Notice { status, audience: Audience::Patron }, language).unwrap();
    let said = render_subject(words, &fields, frame, SUBJECT_LETTERS_MAX).unwrap();
    let day = day(status, &fields, language, &frame.zone).unwrap();
    Item { said, facts: format!("{day} · {number}"), url: Some(format!("https://ill.mapleridge.example/r/{number}")) }
}

fn together(items: Vec<Item>, language: Language) -> Rendered {
    let notice = Notice::from_code("patron_digest").unwrap();
    let mut fields = Fields::new();
    fields.set(Field::FirstName, "Amira").unwrap();
    fields.set(Field::Count, &items.len().to_string()).unwrap();
    fields.set_items(Field::Items, items);
    render(builtin::words(notice, language).unwrap(), &fields, &frame(Audience::Patron, language)).unwrap()
}

#[test]
fn three_notices_together_say_each_what_it_says_alone_in_both_languages() {
    let wanted = [
        (
            Language::En,
            ["Please return: The Overstory", "was due 15\u{a0}December 2026 · BC-1", "held until 8\u{a0}December"],
        ),
        (
            Language::Fr,
            [
                "À rapporter\u{a0}: The Overstory",
                "était à rendre le 15\u{a0}décembre 2026 · BC-1",
                "gardé jusqu’au 8\u{a0}décembre",
            ],
        ),
    ];
    for (language, wanted) in wanted {
        let frame = frame(Audience::Patron, language);
        let items = vec![
            item(Status::Overdue, "The Overstory", 1, language, &frame),
            item(Status::PickupReminder, "زقاق المدق", 2, language, &frame),
            item(Status::DueSoon, "À la recherche du temps perdu", 3, language, &frame),
        ];
        let Rendered { subject, text, html } = together(items, language);
        assert!(!subject.contains("Overstory"), "{subject}");
        let text = text.replace("\n  ", " ");
        for said in wanted {
            assert!(text.contains(said), "{said} in {text}");
            assert!(html.contains(said), "{said} in {html}");
        }
        assert!(text.contains("زقاق المدق") && text.contains("À la recherche du temps perdu"), "{text}");
    }
}

#[test]
fn one_and_fifty_are_lists_too_and_no_more_than_fifty_are_told() {
    let frame = frame(Audience::Patron, Language::En);
    for many in [1, 20, ITEMS_MAX, ITEMS_MAX + 5] {
        let items = (0..many)
            .map(|number| item(Status::DueSoon, &"Sehr langer Titel ".repeat(30), number, Language::En, &frame));
        let Rendered { text, html, .. } = together(items.collect(), Language::En);
        assert_eq!(text.matches("- Due soon: ").count(), many.min(ITEMS_MAX), "{text}");
        assert_eq!(html.matches("<li").count(), many.min(ITEMS_MAX));
        assert_eq!(html.matches("ill.mapleridge.example/r/").count(), many.min(ITEMS_MAX), "a link each");
        assert!(text.len() < OUTPUT_BYTES_MAX && html.len() < OUTPUT_BYTES_MAX);
        assert!(text.contains(&format!("due 15\u{a0}December 2026 · BC-{}", many.min(ITEMS_MAX) - 1)), "{text}");
    }
}

#[test]
fn a_title_from_right_to_left_leaves_the_day_in_its_place() {
    let frame = frame(Audience::Patron, Language::En);
    let Rendered { text, html, .. } =
        together(vec![item(Status::DueSoon, "زقاق المدق 1947", 7, Language::En, &frame)], Language::En);
    let text = text.replace("\n  ", " ");
    assert!(
        text.contains("\u{2069}\u{2069} due 15\u{a0}December 2026 · BC-7 https://ill.mapleridge.example/r/BC-7\n"),
        "{text}"
    );
    assert!(html.contains("</bdi></a><br>\n<span class=\"quiet\" style=\"color:#4b5563\"><bdi>due 15"), "{html}");
}

#[test]
fn a_hidden_title_is_an_item_and_its_day() {
    let frame = Frame { hide_titles: true, ..frame(Audience::Patron, Language::Fr) };
    let item = item(Status::Overdue, "Zanzibar", 7, Language::Fr, &frame);
    assert_eq!(item.said, "À rapporter\u{a0}: votre document");
    assert_eq!(item.facts, "était à rendre le 15\u{a0}décembre 2026 · BC-7");
}

#[test]
fn a_day_is_said_where_there_is_one() {
    let zone = jiff::tz::TimeZone::UTC;
    let (fields, _, _) = Fields::from_pairs([("due_date", "2026-12-15"), ("new_due_date", "2027-01-05")]);
    let said = |status| day(status, &fields, Language::En, &zone);
    assert_eq!(said(Status::RenewalAccepted).unwrap(), "now due 5\u{a0}January 2027");
    assert_eq!(said(Status::PickupReminder), None);
    assert_eq!(said(Status::Shipped), None);
}
