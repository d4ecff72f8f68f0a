//! Rules of when a certificate is ordered.

use super::*;
use crate::net::dns::{Limits, Resolver};
use crate::net::https::Reach;

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

#[tokio::test]
async fn a_kept_certificate_that_cannot_be_used_is_no_reason_to_wait_for_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("courtesy.db")).await.unwrap();
    let certificate = Certificate::self_made("doors.notices.example", folder.path(), tokio::time::Instant::now());
    let dns = Arc::new(Resolver::at("127.0.0.1:9".parse().unwrap(), Limits::default()).unwrap());
    let mut config = Config::default();
    // Nobody listens there.
    config.acme.directory = Some("https://127.0.0.1:9/dir".to_owned());
    config.acme.names = vec![standards::domain::Domain::parse("doors.notices.example").unwrap()];
    let (secret, https) = (Arc::new(Secret::from_octets([7; 32])), Https::new(dns, &[], Reach::Private).unwrap());
    let acme = Acme::new(&config, store.clone(), secret, https, Arc::new(certificate.unwrap())).unwrap();
    let now: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
    let kept = KeptCertificate {
        chain: "none".to_owned(),
        key: vec![1],
        begins_at: now,
        ends_at: "2099-01-01T00:00:00Z".parse().unwrap(),
    };
    let names = "doors.notices.example".to_owned();
    assert!(store.claim_certificate_order(names.clone(), now, now).await.unwrap());
    store.put_certificate(names.clone(), kept).await.unwrap();
    assert!(acme.take_up().await.is_err());
    acme.look(now).await;
    assert_eq!(store.certificate_order(&names).await.unwrap().tries, 1, "another one was ordered");
}
