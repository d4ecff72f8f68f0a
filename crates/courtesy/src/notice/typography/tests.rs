use super::{columns, french, has_right_to_left, shorten};

#[test]
fn french_marks_get_no_break_spaces_where_canada_has_them() {
    assert_eq!(
        french("Objet : « Bonjour » 5 % 10 $ ; oui ! non ?"),
        "Objet\u{a0}: «\u{a0}Bonjour\u{a0}» 5\u{a0}% 10\u{a0}$ ; oui ! non ?"
    );
    assert_eq!(french("«Bonjour»"), "«\u{a0}Bonjour\u{a0}»");
    assert_eq!(french("18:05 https://a.example"), "18:05 https://a.example");
    assert_eq!(french(&french("« a » : b")), french("« a » : b"));
}

#[test]
fn a_long_text_is_cut_at_a_word() {
    assert_eq!(shorten("short", 10), "short");
    assert_eq!(shorten("one two three four", 12), "one two…");
    assert_eq!(shorten("one two, three four", 12), "one two…");
    assert_eq!(shorten("abcdefghijklmnop", 5), "abcd…");
}

#[test]
fn no_letter_loses_its_accent_to_a_cut() {
    let text = "e\u{301}".repeat(10);
    for letters in 1..20 {
        let short = shorten(&text, letters);
        assert!(!short.trim_end_matches('…').ends_with('e') || short == text, "{letters}: {short}");
    }
    assert!(!shorten("👩‍💻👩‍💻👩‍💻", 4).contains("\u{200d}…"));
}

#[test]
fn columns_are_what_a_terminal_shows() {
    assert_eq!(columns("abc"), 3);
    assert_eq!(columns("e\u{301}té"), 3);
    assert_eq!(columns("日本"), 4);
    assert_eq!(columns("\u{2068}a\u{2069}"), 1);
}

#[test]
fn hebrew_and_arabic_run_from_right_to_left() {
    assert!(has_right_to_left("a عربي"));
    assert!(has_right_to_left("עברית"));
    assert!(!has_right_to_left("Été 日本 🌲"));
}
