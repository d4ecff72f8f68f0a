use std::collections::BTreeMap;

use super::Status;
use crate::notice::suggest::plain;

#[test]
fn a_status_is_read_by_its_code() {
    for status in Status::ALL {
        assert_eq!(Status::from_code(status.code()), Ok(*status));
    }
}

#[test]
fn a_status_is_read_by_the_names_staff_and_standards_give_it() {
    for (name, status) in [
        ("Received - no attachments", Status::ReadyForPickup),
        ("Received – no attachments", Status::ReadyForPickup),
        ("RECEIVED WITH ATTACHMENTS", Status::DeliveredElectronically),
        ("Accepted Renewal", Status::RenewalAccepted),
        ("Need by Expired", Status::NeedByExpired),
        ("RetryPossible", Status::Retry),
        ("retrypossible", Status::Retry),
        ("canceled", Status::Cancelled),
        (" overdue ", Status::Overdue),
    ] {
        assert_eq!(Status::from_code(name), Ok(status), "{name}");
    }
}

#[test]
fn no_name_means_two_statuses() {
    let mut seen = BTreeMap::new();
    for status in Status::ALL {
        for name in std::iter::once(&status.code()).chain(status.aliases()) {
            let before = seen.insert(plain(name), *status);
            assert!(before.is_none_or(|other| other == *status), "{name}: {before:?} and {status:?}");
        }
    }
}

#[test]
fn a_mistyped_status_gets_a_suggestion() {
    let wrong = Status::from_code("recieved").unwrap_err();
    assert_eq!(wrong.suggestion, Some(Status::ReadyForPickup));
    assert_eq!(
        Status::from_code("overdeu").unwrap_err().to_string(),
        "“overdeu” is not a status; did you mean overdue?"
    );
    assert_eq!(Status::from_code("zebra").unwrap_err().suggestion, None);
}
