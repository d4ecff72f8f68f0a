//! Rules of the header.

use super::{HeaderFault, read};

const DATE: &str = "Date: Sun, 22 Nov 2026 10:00:00 +0000\r\n";
const ID: &str = "Message-ID: <1@alder.example>\r\n";
const FROM: &str = "From: Alder Library <ill@Alder.example>\r\n";

fn fault(fields: &str) -> Option<HeaderFault> {
    read(format!("{fields}\r\nbody\r\n").as_bytes()).fault
}

#[test]
fn a_whole_header_has_no_fault() {
    let header = read(format!("{FROM}{DATE}{ID}Subject: x\r\n\r\nbody\r\n").as_bytes());
    assert_eq!(header.fault, None);
    assert_eq!(header.from_domain.unwrap().as_str(), "alder.example");
    assert_eq!(header.message_id, "1@alder.example");
}

#[test]
fn what_must_stand_once_may_not_be_missing() {
    assert_eq!(fault(&format!("{DATE}{ID}")), Some(HeaderFault::Missing("From")));
    assert_eq!(fault(&format!("{FROM}{ID}")), Some(HeaderFault::Missing("Date")));
    assert_eq!(fault(&format!("{FROM}{DATE}")), Some(HeaderFault::Missing("Message-ID")));
    assert_eq!(fault(&format!("{FROM}{DATE}Message-ID: <nothing>\r\n")), Some(HeaderFault::Missing("Message-ID")));
    assert_eq!(fault(""), Some(HeaderFault::Missing("From")));
}

#[test]
fn what_may_stand_once_may_not_stand_twice() {
    assert_eq!(fault(&format!("{FROM}{FROM}{DATE}{ID}")), Some(HeaderFault::Duplicate("From")));
    assert_eq!(fault(&format!("{FROM}{DATE}{DATE}{ID}")), Some(HeaderFault::Duplicate("Date")));
    assert_eq!(fault(&format!("{FROM}{DATE}{ID}{ID}")), Some(HeaderFault::Duplicate("Message-ID")));
    assert_eq!(
        fault(&format!("{FROM}{DATE}{ID}To: a@b.example\r\nTo: a@b.example\r\n")),
        Some(HeaderFault::Duplicate("To"))
    );
}

#[test]
fn one_author_only() {
    let two = "From: a@alder.example, b@birch.example\r\n";
    assert_eq!(fault(&format!("{two}{DATE}{ID}")), Some(HeaderFault::SeveralAuthors));
}

#[test]
fn a_display_name_that_looks_like_an_address_is_not_the_author() {
    let from = "From: \"ill@birch.example\" <ill@alder.example>\r\n";
    let header = read(format!("{from}{DATE}{ID}\r\n").as_bytes());
    assert_eq!(header.from_domain.unwrap().as_str(), "alder.example");
}
