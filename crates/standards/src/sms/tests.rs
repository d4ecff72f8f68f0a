use proptest::prelude::*;

use super::{Coding, PARTS_MAX, coding, count, parts, plain, read_gsm7, read_ucs2};

#[test]
fn the_alphabet_has_its_128_places() {
    assert_eq!(super::BASIC.chars().count(), 128);
    let known =
        [('@', 0x00), ('\n', 0x0a), ('Δ', 0x10), (' ', 0x20), ('A', 0x41), ('§', 0x5f), ('¿', 0x60), ('à', 0x7f)];
    for (letter, code) in known {
        assert_eq!(super::septets(letter), Some(vec![code]), "{letter}");
    }
}

#[test]
fn french_fits_where_the_alphabet_has_its_letters() {
    assert_eq!(coding("à é è ù É Ç"), Coding::Gsm7);
    for letter in ["ç", "ê", "î", "ô", "û", "ë", "œ", "À", "È", "’", "«"] {
        assert_eq!(coding(letter), Coding::Ucs2, "{letter}");
    }
}

#[test]
fn parts_are_counted_at_their_edges() {
    let cases = [
        ("".to_owned(), 1),
        ("a".repeat(160), 1),
        ("a".repeat(161), 2),
        ("a".repeat(306), 2),
        ("a".repeat(307), 3),
        // The euro sign costs two septets.
        ("€".repeat(80), 1),
        ("€".repeat(81), 2),
        ("ê".repeat(70), 1),
        ("ê".repeat(71), 2),
        ("ê".repeat(134), 2),
        ("ê".repeat(135), 3),
        // An emoji is two units, and is never cut in two: 33 in a part of 67.
        ("📚".repeat(35), 1),
        ("📚".repeat(36), 2),
        ("📚".repeat(66), 2),
        ("📚".repeat(67), 3),
    ];
    for (text, expected) in cases {
        assert_eq!(count(&text), expected, "{} letters of {:?}", text.chars().count(), text.chars().next());
    }
}

#[test]
fn parts_say_how_they_belong_together() {
    let (_, alone) = parts("Your loan is ready");
    assert_eq!((alone.len(), alone[0].header(7)), (1, vec![]));
    let (_, three) = parts(&"a".repeat(400));
    assert_eq!(three.iter().map(|part| part.octets.len()).collect::<Vec<_>>(), [153, 153, 94]);
    assert_eq!(three[1].header(0x2a), [5, 0, 3, 0x2a, 3, 2]);
}

#[test]
fn typographers_marks_do_not_double_the_price() {
    assert_eq!(plain("L’avis – « prêt » … ç’est"), "L’avis – « prêt » … ç’est", "it is UCS-2 anyway");
    assert_eq!(plain("L’usager – 604\u{a0}555…"), "L'usager - 604 555...");
    assert_eq!(plain("Zoë’s"), "Zoë’s", "a name keeps its letters");
}

proptest! {
    #[test]
    fn what_is_cut_is_put_together_again(text in "\\PC{0,300}|[a-zA-Z0-9 €\\[\\]éàê📚]{0,900}") {
        let (coding, parts) = parts(&text);
        prop_assert!(parts.len() <= PARTS_MAX);
        let octets: Vec<u8> = parts.iter().flat_map(|part| part.octets.clone()).collect();
        let back = match coding { Coding::Gsm7 => read_gsm7(&octets), Coding::Ucs2 => read_ucs2(&octets) };
        if count(&text) <= PARTS_MAX {
            prop_assert_eq!(back, text);
        } else {
            prop_assert!(text.starts_with(&back));
        }
        for part in &parts {
            let most = match (coding, part.of) { (Coding::Gsm7, 1) => 160, (Coding::Gsm7, _) => 153, (_, 1) => 140, _ => 134 };
            prop_assert!(part.octets.len() <= most);
        }
    }

    #[test]
    fn any_octets_are_read(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = (read_gsm7(&octets), read_ucs2(&octets));
    }
}
