use standards::address::Address;

use super::{Patron, Record, folded, found_by, probably_meant, words};
use crate::channel::Channel;

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

#[test]
fn what_an_event_tells_is_newer_and_what_it_leaves_out_stays() {
    let first = Patron { id: Some("7".to_owned()), email: Some(address("old@patron.example")), ..Patron::default() };
    let known = Record { order: vec![Channel::Text], ..Record::default() }.with(&first);
    let second = Patron { id: Some("7".to_owned()), first_name: Some("Amira".to_owned()), ..Patron::default() };
    let whole = known.complete(&second);
    assert_eq!(whole.email, Some(address("old@patron.example")));
    let third = Patron { email: Some(address("new@patron.example")), ..second };
    assert_eq!(known.complete(&third).email, Some(address("new@patron.example")));
    assert_eq!(known.with(&third).order, [Channel::Text], "what the patron chose is not the event's to change");
}

#[test]
fn a_slip_of_one_letter_is_noticed_and_a_rare_name_is_not_one() {
    for (typed, meant) in [
        ("amira@gmial.com", "amira@gmail.com"),
        ("amira@hotmal.com", "amira@hotmail.com"),
        ("a@telus.ne", "a@telus.net"),
    ] {
        assert_eq!(probably_meant(&address(typed)).as_deref(), Some(meant));
    }
    for typed in ["amira@gmail.com", "amira@library.example", "amira@outlook.com"] {
        assert_eq!(probably_meant(&address(typed)), None, "{typed}");
    }
}

#[test]
fn people_are_found_as_they_are_typed() {
    assert_eq!(folded("  Jürgen\tMÜLLER "), "jurgen muller");
    assert_eq!(folded("Ελένη Ångström"), "ελενη angstrom");
    assert_eq!(words("Osei  amira OSEI"), ["amira", "osei"]);
    assert!(words(" \n").is_empty());
    assert!(found_by(["ｆｕｌｌ width", "", &"x".repeat(5000)]).starts_with("full width xxx"));
    assert_eq!(found_by([&*"x".repeat(5000)]).chars().count(), 400);
}
