use super::*;

fn domain(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

#[test]
fn a_block_list_is_asked_for_the_address_backwards() {
    let list = domain("list.example");
    let asked = |ip: &str| question(ip.parse().unwrap(), &list).unwrap().to_string();
    assert_eq!(asked("192.0.2.99"), "99.2.0.192.list.example");
    assert_eq!(
        asked("2001:db8:1:2:3:4:567:89ab"),
        "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.list.example"
    );
}

#[test]
fn an_answer_outside_of_its_range_lists_nobody() {
    let said = |ips: &[[u8; 4]]| verdict(&ips.iter().map(|ip| (*ip).into()).collect::<Vec<_>>());
    assert_eq!(said(&[]), Some(false));
    assert_eq!(said(&[[127, 0, 0, 4]]), Some(true));
    assert_eq!(said(&[[127, 255, 255, 254]]), None, "it does not answer public resolvers");
    assert_eq!(said(&[[192, 0, 2, 1]]), None, "a resolver that makes names up");
}

#[test]
fn port_25_is_told_from_deliveries() {
    let is_well = |last: Option<u64>, nobody| port_25(last.map(Duration::from_secs), nobody).is_well;
    assert_eq!(is_well(Some(60), false), Some(true));
    assert_eq!(is_well(Some(60), true), Some(false));
    assert_eq!(is_well(Some(200_000), false), None);
    assert_eq!(is_well(None, false), None);
}

#[test]
fn a_certificate_is_to_be_renewed_two_weeks_before_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("certificate.pem");
    let mut params = rcgen::CertificateParams::new(vec!["mta.example".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(2027, 3, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    std::fs::write(&file, params.self_signed(&key).unwrap().pem()).unwrap();
    let at = |day: &str| certificate(Some(&file), format!("{day}T00:00:00Z").parse().unwrap()).unwrap();
    assert_eq!(at("2027-01-01").is_well, Some(true), "{:?}", at("2027-01-01"));
    assert_eq!(at("2027-02-20").is_well, Some(false));
    assert!(at("2027-02-20").detail.contains("in 9 days"), "{:?}", at("2027-02-20"));
    assert!(at("2027-03-02").detail.contains("ended on 2027-03-01"));
    assert_eq!(
        certificate(Some(Path::new("/nowhere")), "2027-01-01T00:00:00Z".parse().unwrap()).unwrap().is_well,
        Some(false)
    );
    assert_eq!(certificate(None, "2027-01-01T00:00:00Z".parse().unwrap()), None);
}
