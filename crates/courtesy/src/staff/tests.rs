use super::{Right, Role, Roles};
use crate::library::LibraryCode;

const RIGHTS: [Right; 9] = [
    Right::Look,
    Right::ReadMessages,
    Right::ActOnMessages,
    Right::ReadTranscripts,
    Right::EditNotices,
    Right::Administer,
    Right::ReadAudit,
    Right::Consortium,
    Right::Operate,
];

fn code(text: &str) -> LibraryCode {
    LibraryCode::parse(text).unwrap()
}

#[test]
fn a_role_at_one_library_gives_nothing_at_another() {
    for role in Role::ALL {
        let roles = Roles::new(vec![(Some(code("MRPL")), role)]);
        for right in RIGHTS {
            assert!(!roles.may(right, Some(&code("OTHR"))), "{role} {right:?}");
            assert!(!roles.may(right, None), "{role} {right:?}");
        }
    }
}

#[test]
fn a_role_at_the_consortium_counts_at_every_library() {
    let roles = Roles::new(vec![(None, Role::Auditor)]);
    assert!(roles.may(Right::ReadMessages, Some(&code("MRPL"))));
    assert!(!roles.may(Right::ActOnMessages, Some(&code("MRPL"))));
}

#[test]
fn the_librarys_it_sees_no_patron_and_an_auditor_changes_nothing() {
    assert!(!Role::It.has(Right::ReadMessages) && Role::It.has(Right::ReadTranscripts));
    for right in [Right::ActOnMessages, Right::EditNotices, Right::Administer, Right::Consortium, Right::Operate] {
        assert!(!Role::Auditor.has(right) && !Role::It.has(right), "{right:?}");
    }
}

#[test]
fn a_desk_sees_the_cause_and_not_the_conversation() {
    assert!(!Role::Desk.has(Right::ReadTranscripts) && Role::Desk.has(Right::ActOnMessages));
}

#[test]
fn every_role_is_read_from_its_own_word() {
    for role in Role::ALL {
        assert_eq!(Role::from_code(role.code()), Some(role));
    }
}
