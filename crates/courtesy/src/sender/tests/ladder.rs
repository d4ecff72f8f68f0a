//! Every situation, and the rules of the plan that are not about DNS.

use jiff::SignedDuration;
use serde::Deserialize;

use super::super::{Family, Observed, Plan, Proof, Reason, Rung, SenderKind, Situation, Subject, Verdict, plan};
use super::{dns, folder, keys, library, name, now, ours, prove, situation};
use crate::net;
use crate::notice::Language;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(rename = "why")]
    _why: String,
    from: String,
    zone: String,
    rung: String,
    verdicts: String,
    words: String,
    #[serde(default)]
    words_fr: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    kit: String,
    #[serde(default)]
    prefer_shared: bool,
    #[serde(default)]
    age_s: i64,
    #[serde(default)]
    never_looked: bool,
    #[serde(default)]
    shared_unknown: bool,
    #[serde(default)]
    no_relays: bool,
    #[serde(default)]
    family: String,
    #[serde(default)]
    observed: String,
    #[serde(default)]
    exclude: String,
}

fn observed(text: &str) -> Vec<Observed> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let one = |words: &[&str]| Observed {
        family: Family::from_name(words[0]),
        sender: SenderKind::Own,
        accepted: words[1].parse().unwrap(),
        refused: words[2].parse().unwrap(),
    };
    words.chunks(3).map(one).collect()
}

fn verdict(word: &str) -> Verdict {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).unwrap()
}

fn all_reasons(plan: &Plan, proof: Option<&Proof>) -> Vec<Reason> {
    let considered = plan.considered.iter().flat_map(|way| way.why.clone());
    let because = proof.map(Proof::because).unwrap_or_default();
    [plan.reason.clone()].into_iter().chain(considered).chain(because).collect()
}

/// What is wrong with the outcome of one case; empty when all is as expected.
async fn walk(case: &Case) -> Vec<String> {
    let mut ours = ours();
    if case.no_relays {
        ours.relays.clear();
    }
    let dns = dns(&case.zone);
    let mut library = library(Some(case.from.as_str()).filter(|from| !from.is_empty()));
    library.prefer_shared_over_own_bounces = case.prefer_shared;
    let mut proofs = Vec::new();
    if !case.shared_unknown {
        proofs.push(prove(&dns, &ours, &Subject::shared(keys(&ours.selectors), &ours), SignedDuration::ZERO).await);
    }
    let subject = library
        .from
        .as_ref()
        .map(|from| Subject::library(from.domain().clone(), keys(&ours.library_selectors), &ours))
        .filter(|_| !case.never_looked);
    let mut own = None;
    if let Some(subject) = &subject {
        let proof = prove(&dns, &ours, subject, SignedDuration::from_secs(case.age_s)).await;
        // As the store keeps it.
        let facts = serde_json::from_str(&serde_json::to_string(&proof.facts).unwrap()).unwrap();
        assert_eq!(Proof::of(facts, proof.age_max), proof);
        proofs.push(proof.clone());
        own = Some(proof);
    }
    let observed = observed(&case.observed);
    let exclude: Vec<SenderKind> = case.exclude.split_whitespace().filter_map(SenderKind::from_code).collect();
    let family = Some(case.family.as_str()).filter(|family| !family.is_empty()).map(Family::from_name);
    let situation = Situation { family, observed: &observed, exclude: &exclude, ..situation(&library, &proofs, &ours) };
    let plan = plan(&situation, now());
    let mut wrong = check_plan(case, &plan, own.as_ref());
    assert_eq!(plan.is_another(&exclude), !exclude.contains(&plan.sender));
    wrong.extend(check_verdicts(case, own.as_ref(), &observed));
    if let (Some(subject), false) = (&subject, case.kit.is_empty()) {
        let kit = net::facts::kit(&dns, &ours, subject, &library.code, now()).await;
        wrong.extend(super::kits::check(&kit, &case.kit));
    }
    wrong
}

fn check_plan(case: &Case, plan: &Plan, own: Option<&Proof>) -> Vec<String> {
    let mut wrong = Vec::new();
    if plan.rung.code() != case.rung {
        let why: Vec<_> = plan.considered.iter().map(|way| (way.rung, way.standing, way.why.first())).collect();
        wrong.push(format!("rung {} for {}: {why:#?}", plan.rung.code(), case.rung));
    }
    let reasons = all_reasons(plan, own);
    if !reasons.iter().any(|reason| reason.en.contains(&case.words)) {
        wrong.push(format!("nobody says “{}”: {reasons:#?}", case.words));
    }
    if !reasons.iter().any(|reason| reason.fr.contains(&case.words_fr)) {
        wrong.push(format!("personne ne dit « {} » : {reasons:#?}", case.words_fr));
    }
    let details = reasons.iter().filter_map(|reason| reason.detail.as_deref());
    if !details.clone().any(|detail| detail.contains(&case.detail)) && !case.detail.is_empty() {
        wrong.push(format!("no detail “{}”: {:?}", case.detail, details.collect::<Vec<_>>()));
    }
    if plan.considered.len() != Rung::OWN.len() + 1 || plan.considered.iter().any(|way| way.why.is_empty()) {
        wrong.push("a way was considered without a reason".to_owned());
    }
    wrong
}

fn check_verdicts(case: &Case, own: Option<&Proof>, observed: &[Observed]) -> Vec<String> {
    let Some(proof) = own.filter(|_| !case.verdicts.is_empty()) else { return Vec::new() };
    let mut expected: Vec<Verdict> = case.verdicts.split_whitespace().map(verdict).collect();
    if let [all] = expected[..] {
        expected = vec![all; Family::ALL.len()];
    }
    let said: Vec<Verdict> = proof.verdicts(observed).iter().map(|said| said.verdict).collect();
    if said == expected { Vec::new() } else { vec![format!("verdicts {said:?} for {expected:?}")] }
}

#[tokio::test]
async fn every_situation_comes_out_as_its_file_says() {
    let mut files: Vec<_> = std::fs::read_dir(folder()).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    assert!(files.len() >= 60, "situations are missing");
    let mut wrong = Vec::new();
    for path in &files {
        let case: Case = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let said = walk(&case).await;
        wrong.extend(said.into_iter().map(|said| format!("{}: {said}", path.file_name().unwrap().display())));
    }
    println!("{} situations", files.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The plan for a library whose domain is wholly delegated.
async fn planned(
    change: impl FnOnce(&mut crate::library::Library),
    exclude: &[SenderKind],
    language: Language,
) -> Plan {
    let ours = ours();
    let dns = dns("library.example MX 10 mx.library.example\n_dmarc.library.example TXT \"v=DMARC1; p=reject\"\n\
         library.example TXT \"v=spf1 include:_spf.notices.example -all\"\n\
         na1._domainkey.library.example CNAME na1.mrpl.dkim.notices.example\n\
         notices-bounce.library.example CNAME bounces.notices.example");
    let mut library = library(Some("ill@library.example"));
    change(&mut library);
    let own = Subject::library(name("library.example"), keys(&ours.library_selectors), &ours);
    let proofs = [
        prove(&dns, &ours, &own, SignedDuration::ZERO).await,
        prove(&dns, &ours, &Subject::shared(keys(&ours.selectors), &ours), SignedDuration::ZERO).await,
    ];
    plan(&Situation { language, exclude, ..situation(&library, &proofs, &ours) }, now())
}

#[tokio::test]
async fn an_own_plan_signs_for_the_library_and_takes_returned_mail_back() {
    let plan = planned(|_| {}, &[], Language::Fr).await;
    assert_eq!((plan.sender, plan.from.to_string().as_str()), (SenderKind::Own, "ill@library.example"));
    assert_eq!(plan.display_name, "Bibliothèque publique de Maple Ridge");
    assert_eq!(plan.return_path_domain, name("notices-bounce.library.example"));
    assert_eq!((plan.return_path_mailbox, plan.reply_to), (None, None));
    assert_eq!(plan.dkim, [(name("library.example"), "na1".to_owned())]);
}

#[tokio::test]
async fn a_shared_plan_bears_the_librarys_name_and_replies_go_to_it() {
    let plan = planned(|_| {}, &[SenderKind::Own], Language::En).await;
    assert_eq!((plan.sender, plan.from.to_string().as_str()), (SenderKind::Shared, "mrpl@notices.example"));
    assert_eq!(plan.display_name, "Maple Ridge Public Library");
    assert_eq!(plan.reply_to.unwrap().to_string(), "ill@library.example");
    assert_eq!(plan.return_path_domain, name("bounces.notices.example"));
    assert_eq!(plan.dkim[0], (name("notices.example"), "c1".to_owned()));
    assert!(plan.reason.en.starts_with("Sent from the shared address"), "{}", plan.reason.en);
}

#[tokio::test]
async fn a_reply_to_of_its_own_is_kept() {
    let desk = standards::address::Address::parse("desk@library.example").unwrap();
    let plan = planned(|library| library.reply_to = Some(desk.clone()), &[], Language::En).await;
    assert_eq!(plan.reply_to, Some(desk));
}

#[tokio::test]
async fn when_the_list_vouches_returned_mail_goes_to_the_one_mailbox_there_is() {
    let ours = ours();
    let dns = dns("library.example MX 10 mx.library.example\n\
         library.example TXT \"v=spf1 include:_spf.notices.example -all\"");
    let library = library(Some("ill@library.example"));
    let own = Subject::library(name("library.example"), keys(&ours.library_selectors), &ours);
    let proofs = [prove(&dns, &ours, &own, SignedDuration::ZERO).await];
    let plan = plan(&situation(&library, &proofs, &ours), now());
    assert_eq!(plan.return_path_mailbox, library.from);
    assert_eq!(plan.dkim, [(name("notices.example"), "c1".to_owned())], "our own signature goes along");
}

#[tokio::test]
async fn the_age_of_a_proof_is_that_of_its_oldest_fact() {
    let ours = ours();
    let dns = dns("library.example 300 MX 10 mx.library.example");
    let subject = Subject::library(name("library.example"), keys(&ours.library_selectors), &ours);
    let mut proof = prove(&dns, &ours, &subject, SignedDuration::ZERO).await;
    assert_eq!(proof.facts.expires_at(), now() + SignedDuration::from_secs(300));
    proof.facts.receives.checked_at = now() - SignedDuration::from_hours(2);
    assert!(!proof.is_fresh(now()));
}
