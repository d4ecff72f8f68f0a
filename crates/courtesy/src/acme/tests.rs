//! Rules of when a certificate is ordered.

use super::*;

#[test]
fn a_certificate_is_renewed_when_two_thirds_of_its_time_are_over() {
    let at = |text: &str| text.parse().unwrap();
    let (begins_at, ends_at) = (at("2026-11-01T00:00:00Z"), at("2027-01-30T00:00:00Z"));
    let kept = KeptCertificate { chain: String::new(), key: Vec::new(), begins_at, ends_at };
    assert_eq!(renewed_at(&kept), at("2026-12-31T00:00:00Z"));
}

#[test]
fn an_order_in_vain_is_tried_again_later_and_later() {
    assert_eq!([0, 1, 2].map(again), [15, 30, 60].map(SignedDuration::from_mins));
    assert_eq!([9, 1000, i64::MAX].map(again), [AGAIN_MAX; 3]);
}
