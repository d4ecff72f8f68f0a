//! Asks the DNS all that the sender room judges by: one [`Facts`] for a From domain, and what stands at the names of an
//! IT kit.
//!
//! No decisions here. An answer that does not come is a fact, too: unknown. All that does not wait for another answer is
//! asked at once, so that name servers that say nothing cost the time of one or two questions; the bound on the whole is
//! the deadline of the resolver that is handed in (`Resolver::until`).

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use jiff::Timestamp;
use standards::dkim::KeyRecord;
use standards::dmarc;
use standards::dns::{Dns, NoAnswer};
use standards::domain::Domain;
use standards::spf::count::{self, Proposal, propose};
use standards::spf::{self, Problem, SpfResult};

use crate::library::LibraryCode;
use crate::net::dns::SPF_CHECK_TIMEOUT;
use crate::sender::{
    Alias, At, Dated, Facts, KeyFact, KeyFinding, Kit, OurKey, Ours, PROOF_AGE_MAX, Proof, Receives, SpfFact, SpfSays,
    SpfTrouble, Subject, delegated_code, dkim_target, wanted,
};

/// How long the absence of an answer is believed, in seconds: not at all.
const TTL_NO_ANSWER_S: u32 = 0;
/// What the local part of MAIL FROM is in a check: records that look at it (RFC 7208 §7, macro `l`) are rare.
const LOCAL_PART: &str = "notices";

/// Asks for everything about `subject`.
pub async fn gather(dns: &dyn Dns, ours: &Ours, subject: &Subject, now: Timestamp) -> Facts {
    let mut mail_froms = vec![subject.return_path.clone()];
    for other in [&subject.from, &ours.bounces] {
        if !mail_froms.contains(other) {
            mail_froms.push(other.clone());
        }
    }
    let (discovery, alias, (receives, mail_hosts), spf, dkim) = tokio::join!(
        dmarc::discover_for(dns, &subject.from, &mail_froms),
        alias(dns, &subject.return_path, &ours.bounces, now),
        receives(dns, &subject.from, now),
        listings(dns, ours, &mail_froms, now),
        keys(dns, subject, now),
    );
    let ttl_s = discovery.ttl_s;
    let dmarc = Dated { value: discovery, ttl_s, checked_at: now };
    let (from, return_path, bounces) = (subject.from.clone(), subject.return_path.clone(), ours.bounces.clone());
    Facts { from, return_path, bounces, spf, dkim, alias, dmarc, receives, mail_hosts }
}

/// Asks what stands at the names of a library's IT kit, and what its SPF record would be with us in it.
pub async fn kit(dns: &dyn Dns, ours: &Ours, subject: &Subject, code: &LibraryCode, now: Timestamp) -> Kit {
    let domain = &subject.from;
    let names = wanted(domain, code, ours);
    let looks = names.iter().map(|(name, target)| {
        let key = subject.keys.iter().find(|key| name.labels().next() == Some(key.selector.as_str()));
        at(dns, name, domain, key.filter(|_| *target != ours.bounces))
    });
    let (found, spf) = tokio::join!(join_all(looks), advice(dns, ours, domain, now));
    Kit::of(domain, code, ours, &found, spf)
}

/// Who keeps a domain's zone, and who takes its mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The zone's name servers; none where the DNS gave no answer.
    pub name_servers: Vec<Domain>,
    /// The domain's mail servers; none where it takes no mail, or the DNS gave no answer.
    pub mail_hosts: Vec<Domain>,
}

/// Asks who keeps `zone`, and who takes the mail of `domain`.
pub async fn surroundings(dns: &dyn Dns, zone: &Domain, domain: &Domain) -> Surroundings {
    let (servers, mail) = tokio::join!(dns.ns(zone), look_for_mail(dns, domain));
    Surroundings {
        name_servers: servers.map(|found| found.records).unwrap_or_default(),
        mail_hosts: mail.map(|(_, hosts, _)| hosts).unwrap_or_default(),
    }
}

/// The proof for any domain, for whoever has no keyring: our keys are found by where the domain delegates them to.
pub async fn prove(dns: &dyn Dns, ours: &Ours, domain: &Domain, now: Timestamp) -> Proof {
    let code = delegated_to(dns, ours, domain).await;
    let subject = subject_by_delegation(dns, ours, domain, code.as_ref()).await;
    Proof::of(gather(dns, ours, &subject, now).await, PROOF_AGE_MAX)
}

/// The library that `domain` has delegated its keys to us for, as the targets of its selectors name it.
pub async fn delegated_to(dns: &dyn Dns, ours: &Ours, domain: &Domain) -> Option<LibraryCode> {
    let leads_to = async |selector: &String| {
        let name = domain.below(&format!("{selector}._domainkey")).ok()?;
        let alias = dns.cname(&name).await.ok()?.records.into_iter().next()?;
        delegated_code(&alias, selector, ours)
    };
    join_all(ours.library_selectors.iter().map(leads_to)).await.into_iter().flatten().next()
}

/// What to look for at `domain`, for whoever has no keyring: our keys are those that stand at our end of the delegation,
/// under names of our own domain that we alone publish. Where nothing stands there, no key will be found to be ours.
pub async fn subject_by_delegation(dns: &dyn Dns, ours: &Ours, domain: &Domain, code: Option<&LibraryCode>) -> Subject {
    let shared = *domain == ours.shared;
    let selectors = if shared { &ours.selectors } else { &ours.library_selectors };
    let key_at = async |selector: &String| {
        let our_end = match code {
            _ if shared => domain.below(&format!("{selector}._domainkey")).ok(),
            Some(code) => dkim_target(selector, code, ours),
            None => None,
        };
        let mut key = OurKey { selector: selector.clone(), algorithm: "rsa".to_owned(), public: String::new() };
        let texts = match &our_end {
            Some(name) => dns.txt(name).await.map(|found| found.records).unwrap_or_default(),
            None => Vec::new(),
        };
        if let Some(record) = texts.first().and_then(|text| KeyRecord::parse(text).ok()) {
            key.public = STANDARD.encode(&record.key);
            key.algorithm = record.algorithm;
        }
        key
    };
    let keys = join_all(selectors.iter().map(key_at)).await;
    if shared { Subject::shared(keys, ours) } else { Subject::library(domain.clone(), keys, ours) }
}

async fn advice(dns: &dyn Dns, ours: &Ours, domain: &Domain, now: Timestamp) -> Option<Proposal> {
    let include = format!("include:{}", ours.include);
    let addresses: Vec<String> = ours
        .relays
        .iter()
        .map(|relay| match relay {
            IpAddr::V4(ip) => format!("ip4:{ip}"),
            IpAddr::V6(ip) => format!("ip6:{ip}"),
        })
        .collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let wanted = count::Wanted { domain, additions: &[&include], addresses: &addresses, relays: &ours.relays, now };
    tokio::time::timeout(SPF_CHECK_TIMEOUT, propose(dns, &wanted)).await.ok()?.ok()
}

/// SPF for each MAIL FROM domain and each relay.
async fn listings(dns: &dyn Dns, ours: &Ours, mail_froms: &[Domain], now: Timestamp) -> Vec<Dated<SpfFact>> {
    let for_one = async |mail_from: &Domain| {
        let Some((first, others)) = ours.relays.split_first() else { return Vec::new() };
        let first = listed(dns, mail_from, *first, &ours.helo, now).await;
        // Name servers that gave no answer for one relay are not asked again for each of the others.
        let silent = first.value.says == SpfSays::TempError;
        let other = async |relay: &IpAddr| match silent {
            true => Dated { value: SpfFact { relay: *relay, ..first.value.clone() }, ..first.clone() },
            false => listed(dns, mail_from, *relay, &ours.helo, now).await,
        };
        let others = join_all(others.iter().map(other)).await;
        std::iter::once(first).chain(others).collect()
    };
    join_all(mail_froms.iter().map(for_one)).await.concat()
}

async fn keys(dns: &dyn Dns, subject: &Subject, now: Timestamp) -> Vec<Dated<KeyFact>> {
    let found = subject.keys.iter().map(|ours| key(dns, &subject.from, ours, now));
    join_all(found).await.into_iter().flatten().collect()
}

async fn listed(dns: &dyn Dns, mail_from: &Domain, relay: IpAddr, helo: &Domain, now: Timestamp) -> Dated<SpfFact> {
    let address = format!("{LOCAL_PART}@{mail_from}");
    let query = spf::Query { ip: relay, mail_from: &address, helo: helo.as_str(), receiver: None, now };
    let verdict = tokio::time::timeout(SPF_CHECK_TIMEOUT, spf::check(dns, &query)).await;
    let Ok(verdict) = verdict else {
        let value = SpfFact {
            mail_from: mail_from.clone(),
            relay,
            says: SpfSays::TempError,
            trouble: None,
            record: None,
            lookups: 0,
        };
        return Dated { value, ttl_s: TTL_NO_ANSWER_S, checked_at: now };
    };
    let says = match verdict.result {
        SpfResult::Pass => SpfSays::Pass,
        SpfResult::Fail => SpfSays::Fail,
        SpfResult::SoftFail => SpfSays::SoftFail,
        SpfResult::Neutral => SpfSays::Neutral,
        SpfResult::None => SpfSays::None,
        SpfResult::TempError => SpfSays::TempError,
        SpfResult::PermError => SpfSays::PermError,
    };
    let record = verdict.trace.iter().find_map(|step| match &step.event {
        spf::Event::Records { records } if records.len() == 1 => records.first().cloned(),
        _ => None,
    });
    let trouble = (says == SpfSays::PermError).then(|| verdict.problem.map(trouble)).flatten();
    let value = SpfFact { mail_from: mail_from.clone(), relay, says, trouble, record, lookups: verdict.lookups };
    let ttl_s = if says == SpfSays::TempError { TTL_NO_ANSWER_S } else { verdict.ttl_s.unwrap_or(TTL_NO_ANSWER_S) };
    Dated { value, ttl_s, checked_at: now }
}

fn trouble(problem: Problem) -> SpfTrouble {
    match problem {
        Problem::SeveralRecords { count, .. } => SpfTrouble::Several(count),
        Problem::TooManyLookups { .. } => SpfTrouble::TooManyLookups,
        Problem::TooManyVoids { .. } => SpfTrouble::TooManyVoids,
        Problem::Syntax { fault, .. } => SpfTrouble::Syntax(fault.to_string()),
        Problem::NothingThere { target, .. } => SpfTrouble::NothingThere(target),
        other => SpfTrouble::Other(other.to_string()),
    }
}

/// None where the selector makes no name.
async fn key(dns: &dyn Dns, domain: &Domain, ours: &OurKey, now: Timestamp) -> Option<Dated<KeyFact>> {
    let at = domain.below(&format!("{}._domainkey", ours.selector)).ok()?;
    let (alias, (finding, ttl_s)) = tokio::join!(dns.cname(&at), published(dns, &at, ours));
    let alias = alias.ok().and_then(|found| found.records.into_iter().next());
    Some(Dated { value: KeyFact { selector: ours.selector.clone(), at, alias, finding }, ttl_s, checked_at: now })
}

/// What a verifier finds at `at`, through aliases.
async fn published(dns: &dyn Dns, at: &Domain, ours: &OurKey) -> (KeyFinding, u32) {
    let found = match dns.txt(at).await {
        Err(trouble) => return (KeyFinding::Unknown(trouble.why), TTL_NO_ANSWER_S),
        Ok(found) => found,
    };
    let finding = match found.records.as_slice() {
        [] => KeyFinding::Absent,
        [text] => match KeyRecord::parse(text) {
            Err(why) => KeyFinding::Unreadable(why.to_string()),
            Ok(record) if record.is_revoked() => KeyFinding::Revoked,
            Ok(record) if record.is(&ours.algorithm, &ours.public) => KeyFinding::Ours,
            Ok(record) => KeyFinding::Other(record.rsa_bits()),
        },
        // RFC 6376 §3.6.2.2: with several records the result is undefined.
        several => KeyFinding::Unreadable(format!("{} records at one name", several.len())),
    };
    (finding, found.ttl_s)
}

async fn alias(dns: &dyn Dns, name: &Domain, bounces: &Domain, now: Timestamp) -> Dated<Alias> {
    // The shared domain's return path is our own name already.
    if name == bounces {
        return Dated { value: Alias::Ours, ttl_s: u32::MAX, checked_at: now };
    }
    let (value, ttl_s) = match dns.cname(name).await {
        Err(trouble) => (Alias::Unknown(trouble.why), TTL_NO_ANSWER_S),
        Ok(found) => {
            let value = match found.records.first() {
                Some(target) if target == bounces => Alias::Ours,
                Some(target) => Alias::Elsewhere(target.clone()),
                None if found.name_exists => Alias::NoAlias,
                None => Alias::Absent,
            };
            (value, found.ttl_s)
        }
    };
    Dated { value, ttl_s, checked_at: now }
}

/// RFC 5321 §5.1: MX records, or else an address of the domain itself; RFC 7505: or neither, on purpose.
async fn receives(dns: &dyn Dns, domain: &Domain, now: Timestamp) -> (Dated<Receives>, Vec<Domain>) {
    let (value, hosts, ttl_s) = match look_for_mail(dns, domain).await {
        Ok(known) => known,
        Err(trouble) => (Receives::Unknown(trouble.why), Vec::new(), TTL_NO_ANSWER_S),
    };
    (Dated { value, ttl_s, checked_at: now }, hosts)
}

async fn look_for_mail(dns: &dyn Dns, domain: &Domain) -> Result<(Receives, Vec<Domain>, u32), NoAnswer> {
    let mx = dns.mx(domain).await?;
    if !mx.name_exists {
        return Ok((Receives::NoSuchDomain, Vec::new(), mx.ttl_s));
    }
    if !mx.records.is_empty() {
        let hosts: Vec<Domain> = mx.records.into_iter().filter_map(|mx| mx.host).collect();
        return Ok((if hosts.is_empty() { Receives::NullMx } else { Receives::Yes }, hosts, mx.ttl_s));
    }
    let (a, aaaa) = tokio::join!(dns.a(domain), dns.aaaa(domain));
    let (a, aaaa) = (a?, aaaa?);
    let has_address = !a.records.is_empty() || !aaaa.records.is_empty();
    let ttl_s = mx.ttl_s.min(a.ttl_s).min(aaaa.ttl_s);
    if has_address {
        return Ok((Receives::Yes, vec![domain.clone()], ttl_s));
    }
    Ok((Receives::NoHost, Vec::new(), ttl_s))
}

async fn at(dns: &dyn Dns, name: &Domain, domain: &Domain, key: Option<&OurKey>) -> At {
    match look_at(dns, name, domain, key).await {
        Ok(at) => at,
        Err(trouble) => At { trouble: Some(trouble.why), ..At::default() },
    }
}

async fn look_at(dns: &dyn Dns, name: &Domain, domain: &Domain, key: Option<&OurKey>) -> Result<At, NoAnswer> {
    let alias = dns.cname(name).await?.records.into_iter().next();
    let mut at = At { alias, ..At::default() };
    if let Some(ours) = key {
        at.key = Some(published(dns, name, ours).await.0);
    }
    if at.alias.is_some() {
        return Ok(at);
    }
    at.has_addresses = !dns.a(name).await?.records.is_empty() || !dns.aaaa(name).await?.records.is_empty();
    at.has_others = !dns.txt(name).await?.records.is_empty() || !dns.mx(name).await?.records.is_empty();
    if let Ok(twice) = Domain::parse(&format!("{name}.{domain}")) {
        at.typed_twice = dns.cname(&twice).await?.name_exists;
    }
    Ok(at)
}
