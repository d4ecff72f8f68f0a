use jiff::Timestamp;
use proptest::prelude::{any, proptest};
use standards::address::Address;
use standards::domain::Domain;

use super::{read, write};
use crate::id::MessageId;
use crate::secret::Secret;

fn secret() -> Secret {
    Secret::from_octets([7; 32])
}

fn bounces() -> Domain {
    Domain::parse("bounces.notices.example").unwrap()
}

fn given_out() -> (MessageId, Address) {
    let message = MessageId::new(Timestamp::from_second(1_800_000_000).unwrap());
    (message, write(&secret(), message, &bounces()))
}

#[test]
fn a_return_path_leads_back_to_its_message() {
    let (message, path) = given_out();
    assert_eq!(path.domain(), &bounces());
    assert_eq!(read(&secret(), path.local()), Some(message));
    // RFC 5321 §4.5.3.1.1
    assert!(path.local().len() <= 64, "{path}");
    assert!(path.to_string().is_ascii());
}

#[test]
fn one_that_came_back_in_another_case_is_still_read() {
    let (message, path) = given_out();
    assert_eq!(read(&secret(), &path.local().to_ascii_uppercase()), Some(message));
    let mixed: String = path
        .local()
        .chars()
        .enumerate()
        .map(|(place, letter)| if place % 2 == 0 { letter.to_ascii_uppercase() } else { letter })
        .collect();
    assert_eq!(read(&secret(), &mixed), Some(message));
}

#[test]
fn one_that_we_did_not_give_out_is_nobodys() {
    let (_, path) = given_out();
    let local = path.local();
    assert_eq!(read(&Secret::from_octets([8; 32]), local), None, "another installation's");
    let (id, code) = local.strip_prefix("b+").unwrap().split_once('.').unwrap();
    let (other, _) = (MessageId::new(Timestamp::UNIX_EPOCH).bare().to_ascii_lowercase(), ());
    for forged in [
        format!("b+{other}.{code}"),
        format!("b+{id}."),
        format!("b+{id}.{}", &code[1..]),
        format!("b+{id}.{code}a"),
        format!("b+{id}"),
        format!("{id}.{code}"),
        format!("c+{id}.{code}"),
        format!("b+{id}{code}"),
        String::new(),
    ] {
        assert_eq!(read(&secret(), &forged), None, "{forged}");
    }
}

proptest! {
    #[test]
    fn any_letter_changed_makes_it_forged(seconds in 0_i64..4_000_000_000, place in any::<proptest::sample::Index>(), letter in "[a-z0-9]") {
        let message = MessageId::new(Timestamp::from_second(seconds).unwrap());
        let path = write(&secret(), message, &bounces());
        assert_eq!(read(&secret(), path.local()), Some(message));
        let mut changed = path.local().to_owned();
        let place = 2 + place.index(changed.len() - 2);
        changed.replace_range(place..=place, &letter);
        assert_eq!(read(&secret(), &changed), (changed == path.local()).then_some(message));
    }

    #[test]
    fn nothing_that_comes_in_panics(local in ".*") {
        assert_eq!(read(&secret(), &local), None);
        assert_eq!(read(&secret(), &format!("b+{local}")), None);
    }
}
