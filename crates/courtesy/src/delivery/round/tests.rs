//! Who has a turn.

use super::Round;

fn due(codes: &[&str]) -> Vec<String> {
    codes.iter().map(ToString::to_string).collect()
}

#[test]
fn no_more_is_claimed_than_there_are_places() {
    for room in 1..10 {
        let round = Round::of(due(&["A", "B", "C", "D"]), room, |_| false).unwrap();
        let claimed = round.libraries.len() * round.each as usize;
        assert!((1..=room).contains(&claimed), "{room} places: {round:?}");
    }
}

#[test]
fn who_found_no_place_comes_first_in_the_next_round() {
    let round = Round::of(due(&["A", "B", "C", "D"]), 2, |library| library == "A").unwrap();
    assert_eq!(round, Round { libraries: due(&["B", "C"]), each: 1, last: "C".to_owned() });
    let all = Round::of(due(&["C", "D"]), 7, |_| false).unwrap();
    assert_eq!(all, Round { libraries: due(&["C", "D"]), each: 3, last: "D".to_owned() });
}

#[test]
fn what_is_left_to_others_is_gone_past() {
    let round = Round::of(due(&["A", "B"]), 5, |_| true).unwrap();
    assert!(round.libraries.is_empty());
    assert_eq!(round.last, "B");
    assert_eq!(Round::of(Vec::new(), 5, |_| false), None);
}
