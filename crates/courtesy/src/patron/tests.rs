use jiff::SignedDuration;
use standards::address::Address;

use super::link::{self, Link};
use super::{
    Asked, CODE_LASTS, Knock, PASS_LASTS, Pass, Patron, Purpose, Quiet, Record, Whom, folded, found_by, probably_meant,
    words,
};
use crate::channel::Channel;
use crate::id::MessageId;
use crate::notice::Language;
use crate::secret::Secret;

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
fn what_an_old_event_told_fills_gaps_and_replaces_nothing() {
    let told = Patron {
        id: Some("7".to_owned()),
        email: Some(address("old@patron.example")),
        phone: Some("+16045550123".to_owned().try_into().unwrap()),
        texts: Some(true),
        postal: vec!["1 Old Road".to_owned()],
        ..Patron::default()
    };
    let newer = Patron { email: Some(address("new@patron.example")), ..Patron::default() };
    let known = Record { postal: vec!["2 New Road".to_owned()], ..Record::default() }.with(&newer);
    let recalled = known.recall(&told);
    assert_eq!((recalled.email, recalled.postal), (newer.email, known.postal));
    assert_eq!((recalled.id, recalled.phone, recalled.texts), (told.id.clone(), told.phone.clone(), None));
    assert_eq!(Record::default().recall(&told), Patron { texts: None, ..told });
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
fn a_corrected_address_is_used_although_events_still_tell_the_old_one() {
    let told = |email: &str| Patron { id: Some("7".to_owned()), email: Some(address(email)), ..Patron::default() };
    let mut known = Record::default().with(&told("amira@gmial.example"));
    known.correct_mail(address("amira@gmail.example"));
    let after = known.with(&told("amira@gmial.example"));
    assert_eq!(after.complete(&told("amira@gmial.example")).email, Some(address("amira@gmail.example")));
    assert_eq!(after, known, "an old event tells nothing new");
    let caught_up = after.with(&told("amira@gmail.example"));
    assert_eq!(caught_up.mail_was, Some(address("amira@gmial.example")), "another source may still have the old one");
    let third = caught_up.with(&told("amira@work.example"));
    assert_eq!((third.patron.email, third.mail_was), (Some(address("amira@work.example")), None));
}

#[test]
fn the_language_a_patron_chose_comes_before_what_events_tell() {
    let told = Patron { language: Some(Language::En), ..Patron::default() };
    let known = Record { language: Some(Language::Fr), ..Record::default() };
    assert_eq!(known.complete(&told).language, Some(Language::Fr));
}

#[test]
fn patrons_are_told_apart_by_number_before_address() {
    let one = Patron { id: Some(" 7 ".to_owned()), email: Some(address("Family@Patron.example")), ..Patron::default() };
    let other = Patron { id: Some("8".to_owned()), ..one.clone() };
    let unnumbered = Patron { id: Some(" ".to_owned()), ..one.clone() };
    assert_eq!(one.key().as_deref(), Some("7"));
    assert_eq!(other.key().as_deref(), Some("8"));
    assert_eq!(unnumbered.key().as_deref(), Some("mail:family@patron.example"));
    assert_eq!(Patron::default().key(), None);
}

#[test]
fn a_link_is_of_one_message_and_ends() {
    let (secret, now) = (Secret::from_octets([7; 32]), "2026-11-01T10:00:00Z".parse().unwrap());
    let (id, other) = (MessageId::new(now), MessageId::new(now));
    let token = link::token(&secret, id);
    assert_eq!(token.len(), 24);
    let read = Link::read(&token).unwrap();
    let (first, last) = read.range();
    assert!(first <= id && id <= last && read.is_of(&secret, id));
    assert!(!read.is_of(&secret, other) && !read.is_of(&Secret::from_octets([8; 32]), id));
    let mut changed = token.into_bytes();
    changed[23] = if changed[23] == b'A' { b'B' } else { b'A' };
    assert!(!Link::read(std::str::from_utf8(&changed).unwrap()).unwrap().is_of(&secret, id));
    assert_eq!(Link::read("guessed"), None);
    assert!(!link::is_over(id, now + SignedDuration::from_hours(13 * 24)));
    assert!(link::is_over(id, now + SignedDuration::from_hours(15 * 24)));
}

#[test]
fn a_pass_opens_for_whom_it_was_made_and_not_for_long() {
    let (secret, now) = (Secret::from_octets([7; 32]), "2026-11-01T10:00:00Z".parse().unwrap());
    let library = crate::library::LibraryCode::parse("MRPL").unwrap();
    let pass = Pass::new(&library, "7".to_owned(), Some(MessageId::new(now)), now);
    let sealed = pass.seal(&secret);
    assert_eq!(Pass::open(&secret, &sealed, now), Some(pass));
    assert_eq!(Pass::open(&secret, &sealed, now + PASS_LASTS), None);
    assert_eq!(Pass::open(&Secret::from_octets([8; 32]), &sealed, now), None);
    assert_eq!(Pass::open(&secret, &sealed[1..], now), None);
}

#[test]
fn a_code_fits_once_typed_as_people_do_and_no_other_does() {
    let (secret, now) = (Secret::from_octets([7; 32]), "2026-11-01T10:00:00Z".parse().unwrap());
    let (digits, asked) = Asked::new(&secret, Purpose::Prove, "a•••@patron.example".to_owned(), [3; 16], now);
    assert_eq!(digits.len(), 8);
    let spaced = format!(" {} {}", &digits[..4], &digits[4..]);
    assert!(asked.fits(&secret, &spaced, now));
    assert!(!asked.fits(&secret, "00000000", now) && !asked.fits(&secret, "", now));
    assert!(!asked.fits(&secret, &digits, now + CODE_LASTS));
    assert!(!serde_json::to_string(&asked).unwrap().contains(&digits));
}

#[test]
fn what_is_typed_at_the_door_is_an_address_or_a_number() {
    assert_eq!(Whom::read(" Amira@Patron.example "), Some(Whom::Mail(address("Amira@patron.example"))));
    assert_eq!(Whom::read(" 21187 "), Some(Whom::Number("21187".to_owned())));
    for neither in ["", "  ", "@", "two words@", "mail:amira", "21\n187", &"9".repeat(101), &"a".repeat(401)] {
        assert_eq!(Whom::read(neither), None, "{neither}");
    }
    let names =
        [Whom::read("AMIRA@patron.example"), Whom::read("amira@Patron.example")].map(|whom| whom.unwrap().name());
    assert_eq!(names[0], names[1], "they are counted as one");
}

#[test]
fn a_librarys_sign_in_names_by_the_number_and_else_by_an_address_it_has_verified() {
    let sign_on = |number: Option<&str>, mail: Option<&str>| crate::library::SignOn {
        issuer: "https://login.example".to_owned(),
        client_id: "courtesy".to_owned(),
        name: crate::library::InLanguages { en: "Card".to_owned(), fr: None },
        number_claim: number.map(str::to_owned),
        mail_claim: mail.map(str::to_owned),
    };
    let both = serde_json::json!({ "card": " 21187 ", "n": 42, "email": "Amira@patron.example", "email_verified": true, "upn": "amira@patron.example" });
    let unverified = serde_json::json!({ "email": "amira@patron.example", "email_verified": "true" });
    let (number, mail) = (|text: &str| Some(Whom::Number(text.to_owned())), |text| Some(Whom::Mail(address(text))));
    for (number_claim, mail_claim, claims, named) in [
        (Some("card"), Some("email"), &both, number("21187")),
        (Some("n"), None, &both, number("42")),
        (Some("absent"), Some("email"), &both, mail("Amira@patron.example")),
        (None, Some("upn"), &both, mail("amira@patron.example")),
        (Some("absent"), None, &both, None),
        (None, Some("email"), &unverified, None),
        (Some("email_verified"), None, &both, None),
    ] {
        assert_eq!(
            Whom::of_claims(&sign_on(number_claim, mail_claim), claims),
            named,
            "{number_claim:?} {mail_claim:?}"
        );
    }
    let by_address = serde_json::json!({ "card": "mail:amira@patron.example" });
    assert_eq!(
        Whom::of_claims(&sign_on(Some("card"), None), &by_address),
        None,
        "the key of somebody without a number"
    );
}

#[test]
fn a_knock_is_no_pass_and_is_over_with_its_code() {
    let (secret, now) = (Secret::from_octets([7; 32]), "2026-11-01T10:00:00Z".parse().unwrap());
    let library = crate::library::LibraryCode::parse("MRPL").unwrap();
    let (digits, knock) = Knock::new(&secret, &library, Whom::Number("7".to_owned()), [3; 16], now);
    let sealed = knock.seal(&secret);
    assert_eq!(Knock::open(&secret, &sealed, now).as_ref(), Some(&knock));
    assert!(knock.asked.fits(&secret, &digits, now) && !knock.is_shown);
    assert_eq!(Knock::open(&secret, &sealed, now + CODE_LASTS), None);
    assert_eq!(Knock::open(&Secret::from_octets([8; 32]), &sealed, now), None);
    assert_eq!(Pass::open(&secret, &sealed, now), None);
    let pass = Pass::new(&library, "7".to_owned(), None, now);
    assert_eq!(Knock::open(&secret, &pass.seal(&secret), now), None);
    let shown = knock.shown(now + CODE_LASTS);
    assert!(shown.is_shown && Knock::open(&secret, &shown.seal(&secret), now + CODE_LASTS).is_some());
}

#[test]
fn a_patrons_quiet_hours_end_in_the_morning_of_the_library() {
    let zone = jiff::tz::TimeZone::get("America/Vancouver").unwrap();
    let quiet = Quiet { from: jiff::civil::time(20, 0, 0, 0), to: jiff::civil::time(10, 0, 0, 0) };
    let when = |at: &str| quiet.not_before(at.parse().unwrap(), &zone).to_string();
    assert_eq!(when("2026-11-02T05:00:00Z"), "2026-11-02T18:00:00Z", "nine in the evening there");
    assert_eq!(when("2026-11-02T15:00:00Z"), "2026-11-02T18:00:00Z", "seven in the morning");
    assert_eq!(when("2026-11-02T20:00:00Z"), "2026-11-02T20:00:00Z", "noon");
    let never = Quiet { from: quiet.to, to: quiet.to };
    assert_eq!(never.not_before("2026-11-02T05:00:00Z".parse().unwrap(), &zone).to_string(), "2026-11-02T05:00:00Z");
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
