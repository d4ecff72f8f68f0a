use super::*;
use crate::report::TlsReport;

fn places(records: &[&str]) -> Vec<Place> {
    wanted(records.iter().map(|record| record.as_bytes()))
}

fn mail(address: &str) -> Place {
    Place::Mail(Address::parse(address).unwrap())
}

#[test]
fn a_record_says_where_reports_go() {
    assert_eq!(places(&["v=TLSRPTv1; rua=mailto:tls@library.example"]), [mail("tls@library.example")]);
    assert_eq!(places(&["v=spf1 -all", "v=TLSRPTv1;rua=mailto:a@b.example;"]), [mail("a@b.example")]);
    assert_eq!(
        places(&["v=TLSRPTv1; rua=https://reports.example/tls?x=1, MAILTO:a@b.example?subject=x"]),
        [Place::Https("https://reports.example/tls?x=1".to_owned()), mail("a@b.example")]
    );
}

#[test]
fn no_record_two_records_and_nonsense_want_nothing() {
    for none in [
        &[][..],
        &["v=TLSRPTv2; rua=mailto:a@b.example"],
        &["v=TLSRPTv1"],
        &["v=TLSRPTv1; rua="],
        &["v=TLSRPTv1; rua=http://reports.example/"],
        &["v=TLSRPTv1; rua=mailto:nobody"],
        &["v=TLSRPTv1; rua=mailto:a@b.example", "v=TLSRPTv1; rua=mailto:c@d.example"],
    ] {
        assert_eq!(places(none), [], "{none:?}");
    }
}

fn written() -> Written {
    let found = Found {
        kind: "sts".to_owned(),
        strings: vec!["version: STSv1".to_owned(), "mode: enforce".to_owned()],
        hosts: vec!["*.mx.example".to_owned()],
    };
    let failure = Failure {
        kind: "certificate-expired".to_owned(),
        host: "a.mx.example".to_owned(),
        source: "192.0.2.1".to_owned(),
        sessions: 3,
    };
    Written {
        organization: "notices.example".to_owned(),
        contact: "postmaster@notices.example".to_owned(),
        id: "2027-01-15.library.example@notices.example".to_owned(),
        domain: "library.example".to_owned(),
        begin: "2027-01-15T00:00:00Z".parse().unwrap(),
        end: "2027-01-15T23:59:59Z".parse().unwrap(),
        policies: vec![Policy { found, successes: 5326, failures: vec![failure] }],
    }
}

#[test]
fn what_is_written_reads_as_what_it_says() {
    let read = TlsReport::read(written().json().as_bytes()).unwrap();
    assert_eq!((read.reporter.as_str(), read.id.as_str()), ("notices.example", written().id.as_str()));
    assert_eq!((read.begin, read.end), (written().begin, written().end));
    let policy = &read.policies[0];
    assert_eq!((policy.kind.as_str(), policy.domain.as_str()), ("sts", "library.example"));
    assert_eq!((policy.successes, policy.failures), (5326, 3));
    assert_eq!(policy.details[0].kind, "certificate-expired");
    assert_eq!(policy.details[0].host.as_deref(), Some("a.mx.example"));
}

#[test]
fn its_file_is_named_as_the_standard_names_it() {
    let name = written().file_name("notices.example");
    assert_eq!(name, "notices.example!library.example!1799971200!1800057599.json");
}
