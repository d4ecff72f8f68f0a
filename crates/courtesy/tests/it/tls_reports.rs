//! Receivers' domains that ask for it are told how TLS went.

use std::io::Read as _;

use courtesy::store::{Store, TlsSessions};
use jiff::SignedDuration;
use mail_parser::MimeHeaders as _;
use standards::report::TlsReport;

use crate::kept::Kept;
use crate::store::at;
use crate::world::{World, domain, ready};

#[tokio::test]
async fn a_domain_that_asks_for_it_is_told_the_day_after_how_tls_went() {
    let world = World::new().await;
    world.library("MRPL").await;
    let record = "v=TLSRPTv1; rua=mailto:patron-tls@yahoo.example";
    world.outside.publish_txt(&domain("_smtp._tls.gmail.example"), &[record]);
    for number in 0..3 {
        let email = format!("patron-{number}@gmail.example");
        let id = world.tell_one(&ready("MRPL", &format!("BC-{number}"), &email)).await;
        world.over(id).await;
    }
    let id = world.tell_one(&ready("MRPL", "BC-9", "patron@icloud.example")).await;
    world.over(id).await;

    assert_eq!(world.service.delivery.tell_tls(courtesy::clock::now()).await, 0, "the day is not over");
    let later = courtesy::clock::now() + SignedDuration::from_hours(48);
    assert_eq!(world.service.delivery.tell_tls(later).await, 1, "and nobody else has asked");
    let kept = world.offered("patron-tls@yahoo.example");
    assert_eq!(kept.len(), 1);
    let raw = String::from_utf8_lossy(&kept[0].raw).into_owned();
    assert!(raw.contains("dmarc=pass") && raw.contains("d=notices.example"), "signed by the shared domain: {raw}");
    let mail = mail_parser::MessageParser::default().parse(&kept[0].raw).unwrap();
    assert!(
        mail.subject().unwrap().starts_with("Report Domain: gmail.example Submitter: notices.example Report-ID: <")
    );
    assert_eq!(mail.header("TLS-Report-Domain").and_then(|value| value.as_text()), Some("gmail.example"));
    let file = mail.attachments().find(|part| part.attachment_name().is_some()).unwrap();
    assert!(file.attachment_name().unwrap().starts_with("notices.example!gmail.example!"));
    assert!(file.is_content_type("application", "tlsrpt+gzip"));
    let mut json = Vec::new();
    flate2::read::GzDecoder::new(file.contents()).read_to_end(&mut json).unwrap();
    let report = TlsReport::read(&json).unwrap();
    let policy = &report.policies[0];
    assert_eq!((policy.kind.as_str(), policy.domain.as_str()), ("no-policy-found", "gmail.example"));
    assert!(policy.successes >= 1 && policy.failures == 0, "{policy:?}");
    assert_eq!(world.service.delivery.tell_tls(later).await, 0, "once");
}

fn sessions(name: &str, day: i64, result: &str, number: u64) -> TlsSessions {
    TlsSessions {
        domain: name.to_owned(),
        day,
        policy: r#"["no-policy-found",[],[]]"#.to_owned(),
        result: result.to_owned(),
        host: String::new(),
        source: String::new(),
        sessions: number,
    }
}

async fn sessions_add_up_and_a_day_is_told_by_one(kept: Kept) {
    let store: &Store = &kept;
    let day = at(0).as_second() / 86_400;
    store.add_tls_sessions(vec![sessions("a.example", day, "", 2)]).await.unwrap();
    let more = vec![sessions("a.example", day, "", 3), sessions("a.example", day, "certificate-expired", 1)];
    store.add_tls_sessions(more).await.unwrap();
    store.add_tls_sessions(vec![sessions("a.example", day + 1, "", 9)]).await.unwrap();
    let found = store.tls_sessions("a.example", day).await.unwrap();
    assert_eq!(
        found.iter().map(|one| (one.result.as_str(), one.sessions)).collect::<Vec<_>>(),
        [("", 5), ("certificate-expired", 1)]
    );

    let (now, again) = (at(2 * 86_400), at(2 * 86_400 + 3600));
    let due = store.claim_tls_tellings(day + 1, now, again, 10).await.unwrap();
    assert_eq!(due.iter().map(|one| (one.day, one.attempt)).collect::<Vec<_>>(), [(day, 1)], "today is not over");
    assert_eq!(store.claim_tls_tellings(day + 1, now, again, 10).await.unwrap(), [], "somebody has it in hand");
    let due = store.claim_tls_tellings(day + 1, again, at(3 * 86_400), 10).await.unwrap();
    assert_eq!(due[0].attempt, 2, "it did not work, and comes again");
    store.forget_tls_sessions("a.example".to_owned(), day).await.unwrap();
    assert_eq!(store.tls_sessions("a.example", day).await.unwrap(), []);
    assert_eq!(store.claim_tls_tellings(day + 1, at(4 * 86_400), at(5 * 86_400), 10).await.unwrap(), []);
}

practice::on_both_databases! {
    super::Kept::at;
    sessions_add_up_and_a_day_is_told_by_one,
}
