use super::Domain;

fn domain(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

#[test]
fn case_and_one_last_dot_do_not_matter() {
    assert_eq!(domain("ILL.Library.Example.").as_str(), "ill.library.example");
    assert!(Domain::parse("library.example..").is_err());
}

#[test]
fn other_scripts_become_ascii_and_read_back() {
    let umlaut = domain("Bücherei.example");
    assert_eq!(umlaut.as_str(), "xn--bcherei-n2a.example");
    assert_eq!(umlaut.unicode(), "bücherei.example");
    assert_eq!(domain("図書館。example。").unicode(), "図書館.example", "full stops of other scripts are dots");
}

#[test]
fn underscores_stand_in_names_of_records() {
    assert_eq!(domain("library.example").below("na1._domainkey").unwrap().as_str(), "na1._domainkey.library.example");
}

#[test]
fn what_is_no_name_is_refused() {
    for text in ["", ".", ".example", "a..example", "-a.example", "a-.example", "a b.example", "a\n.example", "a/b"] {
        assert!(Domain::parse(text).is_err(), "{text:?}");
    }
    assert!(Domain::parse(&"é".repeat(3_000)).is_err());
}

#[test]
fn a_label_has_at_most_63_octets_and_a_name_253() {
    let label = "a".repeat(63);
    assert!(Domain::parse(&format!("{label}.example")).is_ok());
    assert!(Domain::parse(&format!("{label}a.example")).is_err());
    let name = format!("{label}.{label}.{label}.{}", "b".repeat(61));
    assert_eq!(domain(&name).as_str().len(), 253);
    assert!(Domain::parse(&format!("{name}b")).is_err());
    assert!(domain(&name).below("x").is_err(), "nothing fits below the longest name");
}

#[test]
fn within_counts_whole_labels() {
    assert!(domain("ill.library.example").is_within(&domain("library.example")));
    assert!(domain("library.example").is_within(&domain("library.example")));
    assert!(!domain("mylibrary.example").is_within(&domain("library.example")));
    assert!(!domain("example").is_within(&domain("library.example")));
}

#[test]
fn the_parent_is_one_label_up() {
    assert_eq!(domain("ill.library.example").parent(), Some(domain("library.example")));
    assert_eq!(domain("example").parent(), None);
    assert_eq!(domain("ill.library.example").labels().collect::<Vec<_>>(), ["ill", "library", "example"]);
}

#[test]
fn an_error_quotes_at_most_a_hundred_letters() {
    let error = Domain::parse(&"é ".repeat(400)).unwrap_err();
    assert_eq!(error.0.chars().count(), 100);
}

proptest::proptest! {
    #[test]
    fn whatever_is_typed_a_domain_is_ascii_and_reads_back_as_itself(text in "\\PC{0,80}") {
        if let Ok(domain) = Domain::parse(&text) {
            proptest::prop_assert!(domain.as_str().is_ascii() && domain.as_str().len() <= 253);
            proptest::prop_assert_eq!(Domain::parse(domain.as_str()).unwrap(), domain);
        }
    }
}
