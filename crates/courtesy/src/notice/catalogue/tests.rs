use std::collections::BTreeSet;

use super::{Audience, NOTICES, Notice, Urgency};
use crate::notice::Language;
use crate::notice::status::Status;

#[test]
fn every_status_tells_somebody_and_no_notice_stands_twice() {
    for status in Status::ALL {
        // What ends reminders is told to nobody.
        assert!(status.notices().next().is_some() || *status == Status::PickedUp, "{status}");
    }
    let codes: BTreeSet<String> = NOTICES.iter().map(|entry| entry.notice.code()).collect();
    assert_eq!(codes.len(), NOTICES.len());
}

#[test]
fn a_notice_is_read_by_its_code() {
    for entry in NOTICES {
        assert_eq!(Notice::from_code(&entry.notice.code()), Ok(entry.notice));
        assert!(Language::ALL.iter().all(|language| !entry.label(*language).is_empty()));
    }
    let by_label = Notice::from_code("Received – no attachments").unwrap();
    assert_eq!(by_label, Notice { status: Status::ReadyForPickup, audience: Audience::Patron });
}

#[test]
fn a_status_that_only_staff_hear_of_needs_no_audience() {
    assert_eq!(Notice::from_code("new_lending_request").unwrap().audience, Audience::Lending);
    assert_eq!(Notice::from_code("ops_queue_stuck").unwrap().audience, Audience::Operator);
    assert_eq!(Notice::from_code("returned.lending").unwrap().code(), "returned.lending");
}

#[test]
fn a_wrong_notice_gets_a_suggestion() {
    let wrong = Notice::from_code("returned.lendng").unwrap_err();
    assert_eq!(wrong.to_string(), "“returned.lendng” is not a notice; did you mean returned.lending?");
    assert!(Notice::from_code("due_soon.lending").is_err());
}

#[test]
fn five_patron_notices_are_off_until_a_library_wants_them() {
    let off: Vec<String> = NOTICES.iter().filter(|e| !e.on_by_default).map(|e| e.notice.code()).collect();
    assert_eq!(off, ["will_supply", "shipped", "retry", "patron_digest", "returned"]);
}

#[test]
fn an_item_on_the_shelf_goes_first() {
    let pickup = Notice::from_code("ready_for_pickup").unwrap().entry().unwrap();
    assert_eq!(pickup.urgency, Urgency::Now);
    assert_eq!(pickup.patience.duration().as_secs(), 48 * 3600);
}
