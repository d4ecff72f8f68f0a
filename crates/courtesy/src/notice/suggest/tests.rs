use super::nearest;

const NAMES: [&str; 4] = ["due_date", "new_due_date", "title", "first_name"];

#[test]
fn a_slip_is_understood() {
    assert_eq!(nearest("due_dat", NAMES), Some("due_date"));
    assert_eq!(nearest("tilte", NAMES), Some("title"));
    assert_eq!(nearest("First Name", NAMES), Some("first_name"));
}

#[test]
fn a_stranger_gets_no_suggestion() {
    assert_eq!(nearest("colour", NAMES), None);
    assert_eq!(nearest(&"due_date".repeat(40), NAMES), None);
    assert_eq!(nearest("", NAMES), None);
}
