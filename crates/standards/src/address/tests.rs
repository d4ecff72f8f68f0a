use super::{Address, NotAnAddress, in_small_letters};

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

#[test]
fn the_local_part_keeps_its_case_and_the_domain_does_not() {
    assert_eq!(address("Ill.Desk+Loans@Library.EXAMPLE").to_string(), "Ill.Desk+Loans@library.example");
}

#[test]
fn the_last_at_divides() {
    let quoted = address(r#""a@b"@library.example"#);
    assert_eq!(quoted.local(), r#""a@b""#);
    assert_eq!(Address::parse("a@b@library.example"), Err(NotAnAddress::Local));
}

#[test]
fn which_part_is_wrong_is_said() {
    assert_eq!(Address::parse("library.example"), Err(NotAnAddress::NoAt));
    assert_eq!(Address::parse("@library.example"), Err(NotAnAddress::Local));
    assert_eq!(Address::parse("desk@"), Err(NotAnAddress::Domain));
    assert_eq!(Address::parse("desk@192.0.2.1"), Err(NotAnAddress::Domain), "an IP address is no domain name");
    assert_eq!(Address::parse("desk@[192.0.2.1]"), Err(NotAnAddress::Domain));
}

#[test]
fn nothing_that_ends_a_line_gets_in() {
    let breaks = ["\r", "\n", "\r\n", "\0", "\u{85}", "\u{2028}", "\u{2029}", "\u{b}", "\u{c}", "\u{7f}"];
    for end in breaks {
        for text in [
            format!("de{end}sk@library.example"),
            format!("\"de{end}sk\"@library.example"),
            format!("\"de\\{end}sk\"@library.example"),
            format!("desk@lib{end}rary.example"),
            format!("desk@library.example{end}"),
            format!("{end}desk@library.example"),
        ] {
            assert!(Address::parse(&text).is_err(), "{text:?}");
        }
    }
}

#[test]
fn letters_that_hide_are_refused() {
    for hidden in ["\u{200b}", "\u{202e}", "\u{2066}", "\u{feff}", "\u{00ad}"] {
        assert_eq!(Address::parse(&format!("de{hidden}sk@library.example")), Err(NotAnAddress::Local));
    }
}

#[test]
fn other_scripts_need_smtputf8_only_in_the_local_part() {
    assert!(address("jürgen@library.example").needs_smtputf8());
    assert!(!address("desk@bücherei.example").needs_smtputf8());
    assert_eq!(address("desk@bücherei.example").domain().as_str(), "xn--bcherei-n2a.example");
}

#[test]
fn lengths_are_those_of_the_wire() {
    assert!(Address::parse(&format!("{}@library.example", "a".repeat(64))).is_ok());
    assert_eq!(Address::parse(&format!("{}@library.example", "a".repeat(65))), Err(NotAnAddress::Local));
    let label = "b".repeat(63);
    let long = format!("{label}.{label}.{label}.{}", "c".repeat(59));
    assert!(Address::parse(&format!("aa@{long}")).is_ok(), "254 octets");
    assert_eq!(Address::parse(&format!("aaa@{long}")), Err(NotAnAddress::Domain));
}

#[test]
fn masks_show_that_there_is_an_address_and_not_which() {
    assert_eq!(address("amira.k@gmail.com").masked(), "a•••k@gmail.com");
    assert_eq!(address("joe@library.example").masked(), "j•••@library.example");
    assert_eq!(address("x@library.example").masked(), "x•••@library.example");
}

#[test]
fn debug_output_hides_the_person() {
    assert_eq!(format!("{:?}", address("amira.k@gmail.com")), "Address(•@gmail.com)");
}

proptest::proptest! {
    #[test]
    fn what_is_taken_stands_in_one_header_line_and_reads_back(text in "[\\PC\r\n\t\0]{0,30}@[\\PC\r\n]{0,20}") {
        if let Ok(address) = Address::parse(&text) {
            let shown = address.to_string();
            proptest::prop_assert!(!shown.chars().any(char::is_control));
            proptest::prop_assert_eq!(Address::parse(&shown).unwrap(), address);
        }
    }
}

#[test]
fn a_letter_that_looks_like_another_is_not_that_other() {
    assert_eq!(in_small_letters("Kate.ROY@Library.example"), "kate.roy@library.example");
    assert_eq!(in_small_letters("JÜRGEN.ŁÓŚ@x.example"), "jürgen.łóś@x.example");
    assert_eq!(in_small_letters("ΣΟΦΙΑ"), "σοφια");
    // The Kelvin, Ångström and Ohm signs, a dotted capital I, a capital sharp S, a capital theta symbol, a long s.
    for other in ["\u{212a}", "\u{212b}", "\u{2126}", "\u{130}", "\u{1e9e}", "\u{3f4}", "\u{17f}"] {
        assert_eq!(in_small_letters(other), other);
    }
    let all = (0..=u32::from(char::MAX)).filter_map(char::from_u32);
    let small: std::collections::HashMap<char, char> = all
        .map(|letter| (letter, in_small_letters(&letter.to_string()).chars().next().unwrap()))
        .filter(|(letter, small)| letter != small)
        .map(|(letter, small)| (small, letter))
        .collect();
    assert_eq!(small[&'k'], 'K', "one capital to each");
}
