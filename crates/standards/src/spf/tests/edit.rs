//! Merging: what stays, what goes, and why; and what it costs.

use proptest::prelude::*;

use super::super::count::{self, Doubt, NoProposal, Proposal, Wanted, WayOut};
use super::super::edit::{Merge, Note, STRING_OCTETS_MAX, merge, strings};
use super::super::{Record, SpfResult};
use super::generated::{RELAY, WORLD, record};
use super::table::Table;
use super::{result, wait};
use crate::domain::Domain;

const OURS: &str = "include:_spf.notices.example";

fn merged(records: &[&str]) -> Merge {
    let txt: Vec<Vec<u8>> = records.iter().map(|record| record.as_bytes().to_vec()).collect();
    merge(&txt, &[OURS]).unwrap()
}

fn proposed(table: &Table) -> Result<Proposal, NoProposal> {
    wait(count::propose(
        table,
        &Wanted {
            domain: &library(),
            additions: &[OURS],
            addresses: &["ip4:198.51.100.7"],
            relays: &[RELAY.parse().unwrap()],
            now: jiff::Timestamp::UNIX_EPOCH,
        },
    ))
}

fn library() -> Domain {
    Domain::parse("library.example").unwrap()
}

#[test]
fn ours_goes_before_all_and_everything_else_stays() {
    let merge = merged(&["site-verification=abc", "v=spf1 ip4:192.0.2.0/24 MX include:_spf.provider.example -all"]);
    assert_eq!(
        merge.record,
        "v=spf1 ip4:192.0.2.0/24 MX include:_spf.provider.example include:_spf.notices.example -all"
    );
    assert_eq!(merge.notes, [Note::Added { term: OURS.into() }]);
    assert_eq!(merge.replaces, ["v=spf1 ip4:192.0.2.0/24 MX include:_spf.provider.example -all"]);
}

#[test]
fn a_domain_without_a_record_gets_one_that_judges_nobody_else() {
    let merge = merged(&["hello"]);
    assert_eq!(merge.record, "v=spf1 include:_spf.notices.example ?all");
    assert_eq!(merge.notes, [Note::New, Note::Added { term: OURS.into() }]);
    assert!(!merge.unchanged);
}

#[test]
fn nothing_is_done_when_it_is_there() {
    for record in [
        "v=spf1  mx include:_spf.notices.example ~all ",
        "v=spf1 +Include:_SPF.notices.example -all",
        "v=spf1 include:_spf.notices.example redirect=_spf.provider.example",
    ] {
        let merge = merged(&[record]);
        assert!(merge.unchanged, "{record}");
        assert_eq!(merge.record, record);
        assert!(merge.replaces.is_empty());
    }
}

#[test]
fn it_is_not_there_when_all_stands_before_it() {
    let merge = merged(&["v=spf1 mx -all include:_spf.notices.example"]);
    assert_eq!(merge.record, "v=spf1 mx include:_spf.notices.example -all");
    assert!(merge.notes.contains(&Note::WasAfterAll { term: OURS.into() }));
}

#[test]
fn it_is_there_but_another_decides_first() {
    let merge = merged(&["v=spf1 -ip4:198.51.100.0/24 include:_spf.notices.example -all"]);
    assert!(merge.unchanged);
    assert_eq!(merge.notes, [Note::DecidedBefore { term: OURS.into(), by: "-ip4:198.51.100.0/24".into() }]);
}

#[test]
fn redirect_stays_last_and_ours_is_tried_before_it() {
    let merge = merged(&["v=spf1 redirect=_spf.provider.example"]);
    assert_eq!(merge.record, "v=spf1 include:_spf.notices.example redirect=_spf.provider.example");
    let table = Table::new(&format!(
        "library.example TXT {}
        _spf.notices.example TXT v=spf1 ip4:198.51.100.7 -all
        _spf.provider.example TXT v=spf1 ip4:192.0.2.1 -all",
        merge.record
    ));
    assert_eq!(result(&table, "198.51.100.7", "a@library.example"), SpfResult::Pass);
    assert_eq!(result(&table, "192.0.2.1", "a@library.example"), SpfResult::Pass);
    assert_eq!(result(&table, "192.0.2.2", "a@library.example"), SpfResult::Fail);
}

#[test]
fn redirect_beside_all_is_left_out_with_its_reason() {
    let merge = merged(&["v=spf1 mx redirect=_spf.provider.example -all"]);
    assert_eq!(merge.record, "v=spf1 mx include:_spf.notices.example -all");
    assert!(merge.notes.contains(&Note::RedirectDropped { term: "redirect=_spf.provider.example".into() }));
}

#[test]
fn two_records_become_one_with_the_stricter_all() {
    let merge =
        merged(&["v=spf1 mx ip4:192.0.2.1 ?all", "v=spf1 +mx a redirect=x.example", "v=spf1 ip6:2001:db8::/32 -all"]);
    assert_eq!(
        merge.record,
        "v=spf1 mx ip4:192.0.2.1 a ip6:2001:db8::/32 include:x.example include:_spf.notices.example -all"
    );
    assert_eq!(merge.notes[0], Note::Joined { records: 3 });
    assert!(merge.notes.contains(&Note::Duplicate { term: "+mx".into() }));
    assert!(merge.notes.contains(&Note::AllChosen { kept: "-all".into(), dropped: vec!["?all".into()] }));
    assert_eq!(merge.replaces.len(), 3);
}

#[test]
fn modifiers_stay_and_all_is_last() {
    let merge = merged(&["v=spf1 exp=why.library.example mx -all x-note=1"]);
    assert_eq!(merge.record, "v=spf1 mx include:_spf.notices.example exp=why.library.example x-note=1 -all");
}

#[test]
fn slips_are_mended_where_their_meaning_is_plain() {
    let merge = merged(&["v=spf1 ipv4:192.0.2.1 a:192.0.2.2 mx:2001:db8::1 -ip:192.0.2.3/31 a:nonsense -all."]);
    assert_eq!(
        merge.record,
        "v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 ip6:2001:db8::1 include:_spf.notices.example -ip4:192.0.2.3/31 -all"
    );
    let (mended, left_out): (Vec<&Note>, Vec<&Note>) = merge
        .notes
        .iter()
        .filter(|note| !matches!(note, Note::Added { .. }))
        .partition(|note| matches!(note, Note::Mended { .. }));
    assert_eq!((mended.len(), left_out.len()), (5, 1));
    assert!(left_out[0].to_string().contains("a:nonsense"));
}

#[test]
fn long_records_are_cut_into_strings_that_join_to_the_same_text() {
    let record = format!("v=spf1 {} -all", (0..60).map(|i| format!("ip4:192.0.2.{i}")).collect::<Vec<_>>().join(" "));
    let merge = merged(&[&record]);
    assert!(merge.strings.len() > 3 && merge.strings.iter().all(|string| string.len() <= STRING_OCTETS_MAX));
    assert_eq!(merge.strings.concat(), merge.record);
    assert!(merge.notes.iter().any(|note| matches!(note, Note::Long { .. })));
    assert_eq!(strings(&"x".repeat(600)).iter().map(String::len).collect::<Vec<_>>(), [255, 255, 90]);
}

#[test]
fn only_passing_mechanisms_that_name_servers_can_be_added() {
    for text in ["all", "-include:x.example", "ptr", "redirect=x.example", "include:", "mx a", "", "ip4:192.0.2.1 -all"]
    {
        assert!(merge(&[], &[text]).is_err(), "{text}");
    }
    let both = merge(&[b"v=spf1 mx -all".to_vec()], &["ip4:192.0.2.7", "ip6:2001:db8::7"]).unwrap();
    assert_eq!(both.record, "v=spf1 mx ip4:192.0.2.7 ip6:2001:db8::7 -all");
}

#[test]
fn lookups_are_counted_through_all_includes() {
    let table = Table::new(
        "library.example TXT v=spf1 a mx include:one.example include:%{d}.two.example -all include:late.example
        one.example TXT v=spf1 include:deep.example ip4:192.0.2.1 ~all
        deep.example TXT v=spf1 exists:%{i}.x.example ptr redirect=end.example
        end.example TXT v=spf1 ip4:192.0.2.2 -all",
    );
    let cost = wait(count::count_domain(&table, &library())).unwrap().unwrap();
    // a, mx, one (deep (exists, ptr, end)), two: 1 + 1 + 5 + 1.
    assert_eq!(cost.lookups, 8);
    assert_eq!(cost.terms.iter().map(|term| term.lookups).collect::<Vec<_>>(), [1, 1, 5, 1]);
    assert_eq!(cost.terms[3].doubt, Some(Doubt::Macro));
    assert!(!cost.is_certain());
}

#[test]
fn a_circle_of_includes_ends_the_count_and_is_named() {
    let table = Table::new(
        "library.example TXT v=spf1 include:b.example -all\nb.example TXT v=spf1 include:library.example -all",
    );
    let cost = wait(count::count_domain(&table, &library())).unwrap().unwrap();
    assert_eq!(cost.lookups, 2);
    assert_eq!(cost.terms[0].within.as_ref().unwrap().terms[0].doubt, Some(Doubt::Circle));
}

#[test]
fn past_ten_lookups_the_ways_out_come_with_their_reasons() {
    let mut table = Table::new(
        "library.example TXT v=spf1 ptr include:big.example include:gone.example a mx -all
        big.example TXT v=spf1 a mx a:x.example a:y.example a:z.example mx:x.example -all
        _spf.notices.example TXT v=spf1 ip4:198.51.100.7 -all",
    );
    table.put("library.example", "TXT", b"unrelated");
    let proposal = proposed(&table).unwrap();
    assert_eq!((proposal.before.lookups, proposal.after.lookups, proposal.works), (11, 12, false));
    let mut kinds = proposal.ways_out.iter();
    assert!(matches!(kinds.next(), Some(WayOut::DropDead { term, saves: 1, .. }) if term == "include:gone.example"));
    assert!(matches!(kinds.next(), Some(WayOut::DropPtr { saves: 1, .. })));
    assert!(
        matches!(kinds.next(), Some(WayOut::UseAddresses { lookups: 11, merge }) if merge.record.contains("ip4:198.51.100.7"))
    );
    assert!(matches!(kinds.next(), Some(WayOut::UseReturnPath)));
    assert!(matches!(kinds.next(), Some(WayOut::Review { term, saves: 7 }) if term == "include:big.example"));
    assert!(kinds.next().is_none());
}

#[test]
fn a_record_is_tried_before_it_is_published() {
    let published = "library.example TXT v=spf1 mx -all
        library.example MX 10 mail.library.example
        mail.library.example A 192.0.2.2";
    let zone = "_spf.notices.example TXT v=spf1 ip4:198.51.100.0/28 -all";
    let proposal = proposed(&Table::new(&format!("{published}\n{zone}"))).unwrap();
    assert!(proposal.works && proposal.ways_out.is_empty());
    assert_eq!((proposal.before.lookups, proposal.after.lookups), (1, 2));
    assert_eq!(proposal.trials[0].verdict.result, SpfResult::Pass);
    assert_eq!(proposal.trials[0].verdict.ttl_s, Some(0));
    // The include is there, but does not name this relay.
    let proposal = proposed(&Table::new(&format!("{published}\n{}", zone.replace("100.0/28", "100.64/28")))).unwrap();
    assert!(!proposal.works);
    assert_eq!(proposal.trials[0].verdict.result, SpfResult::Fail);
}

#[test]
fn a_silent_dns_gives_no_proposal() {
    assert!(proposed(&Table::new("library.example FAIL")).is_err());
}

/// Directives but `all`, without `+` and repetitions, in their order.
fn mechanisms<'a>(records: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut found = Vec::new();
    for record in records {
        let record = Record::parse(record.as_bytes()).unwrap();
        for (term, _, mechanism) in record.directives() {
            let text = term.text.trim_start_matches('+').to_lowercase();
            if *mechanism != super::super::parse::Mechanism::All && !found.contains(&text) {
                found.push(text);
            }
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn a_merge_is_one_sound_record_that_keeps_what_was_there(records in proptest::collection::vec(record(), 0..3)) {
        let mut txt = vec![b"some-verification=1".to_vec()];
        txt.extend(records.iter().map(|record| record.clone().into_bytes()));
        let merge = merge(&txt, &[OURS]).unwrap();

        let parsed = Record::parse(merge.record.as_bytes());
        prop_assert!(parsed.is_ok(), "{}", merge.record);
        prop_assert!(merge.strings.iter().all(|string| string.len() <= STRING_OCTETS_MAX));
        prop_assert_eq!(merge.strings.concat(), merge.record.clone());

        let old = mechanisms(records.iter().map(String::as_str));
        let new = mechanisms([merge.record.as_str()]);
        let kept: Vec<&String> = new.iter().filter(|term| old.contains(term)).collect();
        prop_assert_eq!(kept, old.iter().collect::<Vec<_>>());
        prop_assert_eq!(new.iter().filter(|term| *term == OURS).count(), 1);

        if records.iter().any(|record| record.to_lowercase().ends_with("all")) {
            prop_assert!(merge.record.to_lowercase().ends_with("all"), "{}", merge.record);
        }
        let again = super::super::edit::merge(&[merge.record.clone().into_bytes()], &[OURS]).unwrap();
        prop_assert!(again.unchanged, "{}", merge.record);
        prop_assert_eq!(&again.record, &merge.record);

        let mut table = Table::new(WORLD);
        table.put("library.example", "TXT", merge.record.as_bytes());
        let cost = wait(count::count_domain(&table, &library())).unwrap().unwrap();
        if cost.is_within_limit() {
            prop_assert_eq!(result(&table, RELAY, "notices@library.example"), SpfResult::Pass, "{}", merge.record);
        }
    }
}
