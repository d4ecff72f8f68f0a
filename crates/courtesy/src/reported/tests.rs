//! What is kept of reports, and how it is said.

use standards::report::{self, Report};

use super::words::{self, Whose};
use super::*;
use crate::notice::Language;

fn domain(name: &str) -> Domain {
    Domain::parse(name).unwrap()
}

fn report(about: &str, rows: &[(&str, u64, &str, &str)]) -> Report {
    let rows: String = rows
        .iter()
        .map(|(source, count, spf, from)| {
            format!(
                "<record><row><source_ip>{source}</source_ip><count>{count}</count><policy_evaluated><disposition>{}</disposition>\
                 <dkim>fail</dkim><spf>{spf}</spf></policy_evaluated></row><identifiers><header_from>{from}</header_from></identifiers></record>",
                if *spf == "pass" { "none" } else { "reject" }
            )
        })
        .collect();
    let xml = format!(
        "<feedback><report_metadata><org_name>Receiver</org_name><report_id>1</report_id><date_range><begin>1700000000</begin>\
         <end>1700086399</end></date_range></report_metadata><policy_published><domain>{about}</domain></policy_published>{rows}</feedback>"
    );
    report::read(xml.as_bytes()).reports.remove(0)
}

#[test]
fn rows_of_one_source_are_counted_together() {
    let report = report(
        "library.example",
        &[("192.0.2.7", 3, "pass", "library.example"), ("192.0.2.7", 2, "fail", "library.example")],
    );
    let told = Told::of(&report, &domain("library.example"), Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(told.sources, [(Some("192.0.2.7".parse().unwrap()), Counts { messages: 5, passed: 3, refused: 2 })]);
    assert_eq!(told.day(), 19_675);
}

#[test]
fn a_report_of_the_domain_above_counts_for_its_part() {
    let report = report(
        "city.example",
        &[("192.0.2.7", 3, "pass", "library.city.example"), ("192.0.2.8", 9, "pass", "city.example")],
    );
    let told = Told::of(&report, &domain("library.city.example"), Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(told.sources.iter().map(|(_, counts)| counts.messages).collect::<Vec<_>>(), [3]);
    assert_eq!(Told::of(&report, &domain("other.example"), Timestamp::UNIX_EPOCH), None);
}

#[test]
fn sources_beyond_the_bound_are_summed_up() {
    let names: Vec<String> = (0..SOURCES_MAX + 9).map(|n| format!("2001:db8::{n:x}")).collect();
    let rows: Vec<_> = names.iter().map(|name| (name.as_str(), 2, "fail", "library.example")).collect();
    let told = Told::of(&report("library.example", &rows), &domain("library.example"), Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(told.sources.len(), SOURCES_MAX + 1);
    assert_eq!(told.sources.last().unwrap(), &(None, Counts { messages: 18, passed: 0, refused: 18 }));
}

#[test]
fn who_sends_is_said_in_both_languages() {
    let counts = Counts { messages: 12, passed: 0, refused: 7 };
    let since = Timestamp::from_second(1_700_000_000).unwrap();
    let named = |name, language| {
        words::source(Some("192.0.2.7"), name, Whose::of(false, counts), "library.example", counts, since, language)
    };
    let say = |language| named(None, language);
    assert!(
        named(Some("printer.library.example"), Language::En)
            .starts_with("A machine at 192.0.2.7 (printer.library.example) also sends")
    );
    insta::assert_snapshot!(say(Language::En), @"A machine at 192.0.2.7 also sends as library.example without permission: 12 messages since 2023-11-14, 7 refused. If it is yours (a photocopier, a newsletter), permit it; if not, somebody forges your address.");
    insta::assert_snapshot!(say(Language::Fr), @"Une machine à l’adresse 192.0.2.7 envoie aussi au nom de library.example sans autorisation : 12 messages depuis le 2023-11-14, dont 7 refusés. Si elle est à vous (un photocopieur, une infolettre), autorisez-la ; sinon, quelqu’un usurpe votre adresse.");
    assert_eq!(Whose::of(false, Counts { passed: 11, ..counts }), Whose::Permitted);
    assert_eq!(Whose::of(true, counts), Whose::Ours);
}
