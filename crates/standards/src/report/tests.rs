//! Reports as they should be, as they are, and as somebody may build them against us.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;

const NEW: &str = r#"<?xml version="1.0"?>
<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0">
 <version>1.0</version>
 <report_metadata><org_name>Receiver &amp; Co</org_name><email>dmarc@receiver.example</email><report_id>r-1</report_id>
  <date_range><begin>1700000000</begin><end>1700086399</end></date_range><generator>Reporter 2</generator></report_metadata>
 <policy_published><domain>Library.Example</domain><discovery_method>treewalk</discovery_method><p>none</p><np>reject</np><testing>y</testing></policy_published>
 <record><row><source_ip>192.0.2.7</source_ip><count>12</count>
   <policy_evaluated><disposition>none</disposition><dkim>fail</dkim><spf>pass</spf>
    <reason><type>mailing_list</type><comment>list</comment></reason></policy_evaluated></row>
  <identifiers><header_from>library.example</header_from><envelope_from>bounce.library.example</envelope_from></identifiers>
  <auth_results><dkim><domain>other.example</domain><selector>s1</selector><result>pass</result></dkim>
   <spf><domain>bounce.library.example</domain><result>pass</result></spf></auth_results></record>
 <record><row><source_ip>2001:db8::7</source_ip><count>1</count><policy_evaluated><disposition>none</disposition>
   <dkim>fail</dkim><spf>fail</spf></policy_evaluated></row><identifiers><header_from>library.example</header_from></identifiers></record>
</feedback>"#;

fn one(bytes: &[u8]) -> Report {
    let mut reading = read(bytes);
    assert_eq!((reading.reports.len(), &reading.refused), (1, &Vec::new()), "{reading:?}");
    reading.reports.remove(0)
}

fn aggregate(bytes: &[u8]) -> Aggregate {
    match one(bytes) {
        Report::Aggregate(report) => report,
        other => panic!("{other:?}"),
    }
}

fn refused(bytes: &[u8]) -> Refused {
    let mut reading = read(bytes);
    assert_eq!((reading.reports.len(), reading.refused.len()), (0, 1), "{reading:?}");
    reading.refused.remove(0)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut packer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        packer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        packer.write_all(bytes).unwrap();
    }
    packer.finish().unwrap().into_inner()
}

fn mail(kind: &str, name: &str, bytes: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    let packed = base64::engine::general_purpose::STANDARD.encode(bytes);
    format!(
        "From: dmarc@receiver.example\r\nSubject: Report Domain: library.example\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nThis is a report.\r\n--b\r\n\
         Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\r\n{packed}\r\n--b--\r\n"
    )
    .into_bytes()
}

#[test]
fn a_report_says_who_sent_what_and_how_it_fared() {
    let report = aggregate(NEW.as_bytes());
    assert_eq!(
        (report.reporter.as_str(), report.id.as_str(), report.domain.as_str()),
        ("Receiver & Co", "r-1", "library.example")
    );
    assert_eq!(report.begin.as_second(), 1_700_000_000);
    assert_eq!((report.policy.np.as_deref(), report.policy.testing, report.broken), (Some("reject"), true, false));
    let [first, second] = report.rows.as_slice() else { panic!("{report:?}") };
    assert_eq!((first.source.to_string().as_str(), first.count, first.dkim, first.spf), ("192.0.2.7", 12, false, true));
    assert!(first.passes() && !second.passes());
    assert_eq!(first.overrides[0].kind, "mailing_list");
    assert_eq!(first.dkim_results[0].selector.as_deref(), Some("s1"));
}

#[test]
fn any_wrapping_under_any_name_is_opened() {
    let bare = aggregate(NEW.as_bytes());
    let old = NEW.replace(" xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\"", "");
    let prefixed = NEW.replace("<feedback xmlns", "<d:feedback xmlns:d").replace("</feedback>", "</d:feedback>");
    let marked = format!("\u{feff}{NEW}");
    let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain(NEW.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let packed = gzip(NEW.as_bytes());
    let zipped = zip(&[("report.xml", NEW.as_bytes())]);
    for bytes in [old.as_bytes(), prefixed.as_bytes(), marked.as_bytes(), &wide, &packed, &zipped, &gzip(&zipped)] {
        assert_eq!(aggregate(bytes), bare);
    }
    for kind in
        ["application/gzip", "application/zip", "application/octet-stream", "text/plain", "text/xml", "nonsense"]
    {
        for inner in [NEW.as_bytes(), &packed, &zipped] {
            assert_eq!(aggregate(&mail(kind, "report", inner)), bare, "{kind}");
        }
    }
    let whole = format!("Content-Type: application/gzip\r\n\r\n{}", base64_of(&packed));
    assert_eq!(aggregate(whole.as_bytes()), bare, "encoding not named");
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[test]
fn broken_xml_is_read_as_far_as_it_makes_sense() {
    let cut = aggregate(&NEW.as_bytes()[..NEW.find("</record>").unwrap() + 9]);
    assert!(cut.broken && cut.rows.len() == 1);
    let unclosed = NEW.replace("<email>dmarc@receiver.example</email>", "<email><dmarc@receiver.example></email>");
    assert_eq!(aggregate(unclosed.as_bytes()).rows.len(), 2);
    let bare = NEW.replace("Receiver &amp; Co", "Receiver & Co");
    assert_eq!(aggregate(bare.as_bytes()).reporter, "Receiver & Co");
    let no_source = NEW.replace("192.0.2.7", "unknown");
    let report = aggregate(no_source.as_bytes());
    assert_eq!((report.rows.len(), report.left_out), (1, 1));
}

#[test]
fn what_is_no_report_is_refused_with_its_cause() {
    assert_eq!(refused(b""), Refused::NoReport);
    assert_eq!(refused(b"Subject: hello\r\n\r\nHow are you?\r\n"), Refused::NoReport);
    assert!(matches!(refused(b"<?xml version=\"1.0\"?><html/>"), Refused::NotOne(_)));
    assert!(matches!(refused(b"{\"a\": 1}"), Refused::NotOne(_)));
    assert!(matches!(refused(b"<feedback></feedback>"), Refused::Lacks(_)));
    assert!(matches!(refused(&gzip(b"nothing")), Refused::NotOne(_)));
    let mut damaged = gzip(NEW.as_bytes());
    damaged.truncate(40);
    assert!(matches!(refused(&damaged), Refused::Packing(_)));
    assert!(matches!(refused(b"PK\x03\x04 and no more"), Refused::Packing(_)));
    assert!(matches!(refused(&mail("application/gzip", "report.xml.gz", b"not packed")), Refused::NotOne(_)));
}

#[test]
fn a_bomb_does_not_go_off() {
    let entities = format!("<!DOCTYPE feedback [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>{NEW}");
    assert_eq!(refused(entities.as_bytes()), Refused::Entities);
    let zeros = vec![b' '; UNPACKED_OCTETS_MAX + 10];
    let bomb = gzip(&zeros);
    assert!(bomb.len() < 1 << 20);
    assert_eq!(refused(&bomb), Refused::TooLarge);
    assert_eq!(refused(&zip(&[("report.xml", &zeros)])), Refused::TooLarge);
    let nested = (0..20).fold(NEW.as_bytes().to_vec(), |inner, _| gzip(&inner));
    assert!(read(&nested).reports.is_empty());
    let deep = "<feedback>".to_owned() + &"<a>".repeat(1_000_000);
    assert!(matches!(refused(deep.as_bytes()), Refused::Lacks(_)));
    let row = "<record><row><source_ip>192.0.2.7</source_ip><count>1</count></row></record>";
    let many = NEW.replace("</feedback>", &format!("{}</feedback>", row.repeat(ROWS_MAX + 5)));
    let report = aggregate(many.as_bytes());
    assert_eq!((report.rows.len(), report.left_out), (ROWS_MAX, 7));
}

#[test]
fn a_tls_report_counts_sessions() {
    let json = br#"{"organization-name":"Receiver","date-range":{"start-datetime":"2026-01-01T00:00:00Z","end-datetime":"2026-01-01T23:59:59Z"},
        "report-id":"t-1","policies":[{"policy":{"policy-type":"sts","policy-domain":"Library.example"},
        "summary":{"total-successful-session-count":"5326","total-failure-session-count":3},
        "failure-details":[{"result-type":"certificate-expired","receiving-mx-hostname":"mx.library.example","failed-session-count":3}]}]}"#;
    let Report::Tls(report) = one(json) else { panic!() };
    let policy = &report.policies[0];
    assert_eq!((policy.domain.as_str(), policy.successes, policy.failures), ("library.example", 5326, 3));
    assert_eq!((policy.details[0].kind.as_str(), policy.details[0].sessions), ("certificate-expired", 3));
    assert_eq!(one(&mail("application/tlsrpt+gzip", "r.json.gz", &gzip(json))), Report::Tls(report));
}

#[test]
fn a_failure_report_keeps_no_ones_address() {
    let text = "From: Reports <dmarc@receiver.example>\r\nMessage-ID: <f1@receiver.example>\r\n\
        Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\n\
        Feedback-Type: auth-failure\r\nAuth-Failure: dmarc\r\nOriginal-Rcpt-To: ann@receiver.example\r\nSource-IP: 192.0.2.7\r\n\
        Reported-Domain: library.example\r\nDelivery-Result: reject\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: ill@library.example\r\n\
        Subject: Your loan\r\n\r\nwords\r\n--b--\r\n";
    let Report::Failure(failure) = one(text.as_bytes()) else { panic!() };
    assert_eq!((failure.domain.as_str(), failure.failed.as_deref()), ("library.example", Some("dmarc")));
    assert_eq!((failure.source, failure.reporter.as_deref()), ("192.0.2.7".parse().ok(), Some("receiver.example")));
    assert!(!format!("{failure:?}").contains("ann@") && !format!("{failure:?}").contains("loan"));
}

fn corpus() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
    let folder = std::env::var_os("COURTESY_CORPORA").map_or(folder, PathBuf::from).join("reports");
    folder.exists().then_some(folder)
}

#[test]
fn every_report_of_others_is_read_or_refused_with_a_cause() {
    let Some(folder) = corpus() else {
        println!("skipped: ../shared/corpora/reports is not here");
        return;
    };
    // How each file's name begins; the kind, the rows or policies, and the sum of what they count.
    let expected = [
        ("aggregate/empty_reason", "aggregate 1 2"),
        ("aggregate/estadocuenta1", "aggregate 1 1"),
        ("aggregate/fastmail", "aggregate 1 1"),
        ("aggregate/invalid_utf_8", "aggregate 1 1"),
        ("aggregate/invalid_xml", "aggregate 1 1 broken"),
        ("aggregate/old_draft_from_wiki", "aggregate 1 2"),
        ("aggregate/rfc9990-sample", "aggregate 1 123"),
        ("aggregate/twilight", "aggregate 1 1"),
        ("failure/dmarc_ruf_report_linkedin", "failure dmarc"),
        ("smtp-tls/google", "tls 1 48"),
        ("smtp-tls/rfc8460", "tls 1 5629"),
    ];
    let mut names: Vec<String> = Vec::new();
    for kind in ["aggregate", "failure", "smtp-tls"] {
        let files = std::fs::read_dir(folder.join(kind)).unwrap();
        names.extend(files.map(|file| format!("{kind}/{}", file.unwrap().file_name().to_string_lossy())));
    }
    names.sort();
    let mut told = Vec::new();
    for name in &names {
        let reading = read(&std::fs::read(folder.join(name)).unwrap());
        let lines = reading.reports.iter().map(|report| match report {
            Report::Aggregate(one) => {
                let sum: u64 = one.rows.iter().map(|row| row.count).sum();
                format!("aggregate {} {sum}{}", one.rows.len(), if one.broken { " broken" } else { "" })
            }
            Report::Tls(one) => {
                let sum: u64 = one.policies.iter().map(|policy| policy.successes + policy.failures).sum();
                format!("tls {} {sum}", one.policies.len())
            }
            Report::Failure(one) => format!("failure {}", one.failed.as_deref().unwrap_or("-")),
        });
        let refusals = reading.refused.iter().map(ToString::to_string);
        told.push((name.clone(), lines.chain(refusals).collect::<Vec<_>>().join("; ")));
    }
    assert_eq!(told.len(), expected.len(), "{names:?}");
    for ((name, told), (begins, expected)) in told.iter().zip(expected) {
        assert!(name.starts_with(begins) && told == expected, "{name}: {told}, and not {begins}: {expected}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_octets_are_read(bytes in prop::collection::vec(any::<u8>(), 0..600), at in 0usize..1500, with in any::<u8>()) {
        let _ = read(&bytes);
        let mut changed = NEW.as_bytes().to_vec();
        let at = at % changed.len();
        changed[at] = with;
        let _ = read(&changed);
        let _ = read(&gzip(&bytes));
        let mut packed = zip(&[("report.xml", NEW.as_bytes())]);
        let at = at % packed.len();
        packed[at] = with;
        let _ = read(&packed);
        let _ = read(&[b"{\"policies\":".as_slice(), &bytes].concat());
    }
}
