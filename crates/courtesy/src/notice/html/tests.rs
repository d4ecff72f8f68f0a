use super::{escape, percent_encoded};
use crate::notice::Language;
use crate::notice::builtin::tests::frame;
use crate::notice::catalogue::Audience;
use crate::notice::render::render;
use crate::notice::value::Fields;
use crate::notice::words::Words;

fn document(body: &str) -> String {
    let words =
        Words::parse(&format!("---\nstatus: ready_for_pickup\nsubject: ((title)) is here\n---\n{body}"), Language::Fr);
    render(&words.unwrap(), &Fields::samples(Language::Fr), &frame(Audience::Patron, Language::Fr)).unwrap().html
}

#[test]
fn a_screen_reader_finds_its_way() {
    let html = document("# Part\n\n| Due | ((due_date)) |\n\n[button: See](((request_url)))");
    assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\"fr\" dir=\"ltr\">"));
    assert_eq!(html.matches("<h1").count(), 1);
    assert_eq!(html.matches("scope=\"row\"").count(), 1);
    assert_eq!(html.matches("<table").count(), html.matches("role=\"presentation\"").count() + 1, "one table is data");
    assert!(html.contains("<title>L’Océan au bout du chemin is here</title>"));
}

#[test]
fn nothing_is_fetched_and_nobody_is_watched() {
    let html = document("x");
    for fetch in ["<img", "<script", "<link", "url(", "@import", "src=", "<iframe", "<form"] {
        assert!(!html.contains(fetch), "{fetch}");
    }
}

#[test]
fn every_text_colour_stands_out_from_its_ground() {
    // WCAG 2.2 §1.4.3: 4.5 to 1; the pairs of the template, light then dark.
    for (ink, ground) in [
        ("#1b1f23", "#f3f4f6"),
        ("#1b1f23", "#ffffff"),
        ("#4b5563", "#ffffff"),
        ("#0b5394", "#ffffff"),
        ("#ffffff", "#0b5394"),
        ("#3d2f00", "#fff3c4"),
        ("#f0f2f4", "#14171a"),
        ("#f0f2f4", "#1f2429"),
        ("#c3cad1", "#1f2429"),
        ("#9ecbff", "#1f2429"),
        ("#0a2540", "#9ecbff"),
        ("#fff3c4", "#4a3a00"),
    ] {
        let ratio = contrast(ink, ground);
        assert!(ratio >= 4.5, "{ink} on {ground}: {ratio:.2}");
    }
    let html = document("# Part\n\n| Due | ((due_date)) |\n\n[button: See](((request_url)))");
    for colour in ["#1b1f23", "#4b5563", "#0b5394", "#f0f2f4", "#c3cad1", "#9ecbff", "#0a2540"] {
        assert!(html.contains(colour), "{colour} is no longer used");
    }
}

/// WCAG 2.2's contrast ratio.
fn contrast(one: &str, other: &str) -> f64 {
    let luminance = |colour: &str| -> f64 {
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    };
    let (a, b) = (luminance(one), luminance(other));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn text_is_escaped_in_content_and_attributes() {
    let mut out = String::new();
    escape("a<b>&\"'é", &mut out);
    assert_eq!(out, "a&lt;b&gt;&amp;&quot;&#39;é");
    assert_eq!(percent_encoded("a?b&c=\"d@e.example"), "a%3Fb%26c%3D%22d@e.example");
}
