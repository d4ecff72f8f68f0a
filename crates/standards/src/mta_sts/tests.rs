use super::*;

#[test]
fn one_record_of_version_1_has_an_id_and_two_have_none() {
    let id = |records: &[&str]| record_id(records.iter().map(|record| record.as_bytes()));
    assert_eq!(id(&["v=STSv1; id=20260101T000000;"]).as_deref(), Some("20260101T000000"));
    assert_eq!(id(&["v=spf1 -all", "v=STSv1;id=a1"]).as_deref(), Some("a1"));
    assert_eq!(id(&["v=STSv1; id=a", "v=STSv1; id=b"]), None);
    assert_eq!(id(&["v=STSv1; id=not sound!"]), None);
    assert_eq!(id(&["v=STSv2; id=a"]), None);
    assert_eq!(id(&[]), None);
}

#[test]
fn a_policy_is_read_with_either_line_end_and_later_keys_do_not_count() {
    let text = "version: STSv1\r\nmode: enforce\r\nmode: none\r\nmx: MX1.example\r\nmx: *.mail.example\r\nmax_age: 604800\r\nnew: x\r\n";
    let policy = Policy::parse(text).unwrap();
    assert_eq!((policy.mode, policy.max_age_s), (Mode::Enforce, 604_800));
    assert_eq!(Policy::parse(&text.replace('\r', "")), Ok(policy));
    assert_eq!(Policy::parse("version: STSv1\nmode: none\nmax_age: 99999999999\n").unwrap().max_age_s, MAX_AGE_MAX_S);
    for wrong in [
        "",
        "mode: enforce\nmx: a.example\nmax_age: 1",
        "version: STSv1\nmode: enforce\nmax_age: 1",
        "<html>",
        "version: STSv1\nmode: strict\nmx: a.example\nmax_age: 1",
        "version: STSv1\nmode: none\nmax_age: -1",
    ] {
        assert!(Policy::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_star_is_one_label() {
    let policy = Policy { mode: Mode::Enforce, max_age_s: 1, mx: vec!["mx.a.example".into(), "*.b.example".into()] };
    let names = |host: &str| policy.names(&Domain::parse(host).unwrap());
    assert!(names("mx.a.example") && names("MX.A.example") && names("one.b.example"));
    assert!(!names("b.example") && !names("two.one.b.example") && !names("mx.a.example.evil.example"));
}
