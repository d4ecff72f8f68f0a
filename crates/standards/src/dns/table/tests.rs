use super::{Dns, Record, Table};
use crate::domain::Domain;

fn name(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

fn table() -> Table {
    Table::parse(
        r#"
        ; a library
        library.example        300 IN TXT   "v=spf1 " "-all"
        library.example        600    MX    10 mx.library.example
        quiet.example                 MX    0 .
        mx.library.example            A     192.0.2.1
        sel.library.example     60    CNAME key.service.example
        key.service.example    900    TXT   "p=\"abc"
        round.example                 CNAME again.example
        again.example                 CNAME round.example
        192.0.2.1                     PTR   mx.library.example
        broken.example                SERVFAIL
        "#,
    )
    .unwrap()
}

#[tokio::test]
async fn strings_of_a_record_are_joined_and_ttls_kept() {
    let found = table().txt(&name("library.example")).await.unwrap();
    assert_eq!((found.records, found.ttl_s), (vec![b"v=spf1 -all".to_vec()], 300));
}

#[tokio::test]
async fn aliases_are_followed_with_the_smallest_ttl() {
    let table = table();
    let found = table.txt(&name("sel.library.example")).await.unwrap();
    assert_eq!((found.records, found.ttl_s), (vec![b"p=\"abc".to_vec()], 60));
    assert_eq!(table.cname(&name("sel.library.example")).await.unwrap().records, [name("key.service.example")]);
    assert!(table.txt(&name("round.example")).await.is_err());
}

#[tokio::test]
async fn a_name_exists_when_one_below_it_does() {
    let table = Table::parse("a.b.library.example A 192.0.2.1").unwrap();
    assert!(table.txt(&name("b.library.example")).await.unwrap().name_exists);
    assert!(!table.txt(&name("c.library.example")).await.unwrap().name_exists);
}

#[tokio::test]
async fn a_broken_zone_gives_no_answer_below_it_either() {
    assert!(table().txt(&name("_dmarc.broken.example")).await.is_err());
}

#[tokio::test]
async fn a_null_mx_has_no_host() {
    assert_eq!(table().mx(&name("quiet.example")).await.unwrap().records[0].host, None);
}

#[tokio::test]
async fn addresses_have_names() {
    let found = table().ptr("192.0.2.1".parse().unwrap()).await.unwrap();
    assert_eq!(found.records, [name("mx.library.example")]);
}

#[tokio::test]
async fn a_preview_answers_first_and_leaves_the_rest_as_it_is() {
    let real = table();
    let mut wished = Table::new();
    wished.add(name("library.example"), Record::Txt(b"v=spf1 +all".to_vec()), 1);
    let preview = wished.over(&real);
    assert_eq!(preview.txt(&name("library.example")).await.unwrap().records, [b"v=spf1 +all".to_vec()]);
    assert_eq!(preview.mx(&name("library.example")).await.unwrap().records.len(), 1);
}

#[test]
fn a_line_that_is_no_record_is_named() {
    let error = Table::parse("library.example A 192.0.2.1\nlibrary.example A bad").unwrap_err();
    assert_eq!(error.line, 2);
}
