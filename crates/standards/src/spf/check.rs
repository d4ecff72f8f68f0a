//! `check_host()` (RFC 7208 §4, §5, §6).
//!
//! In: a [`Query`] and the DNS. Out: a [`Verdict`]. One [`Check`] carries the counters and the trace through all
//! includes and redirects, because the limits are for the whole (RFC 7208 §4.6.4).

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use super::macros::{Facts, Letters, MacroString};
use super::parse::{Mechanism, Prefixes, Term, printable};
use super::{
    Answered, DNS_LOOKUPS_MAX, Event, HOSTS_MAX, Problem, Query, Record, SpfResult, Step, TRACE_STEPS_MAX, TermOutcome,
    VOID_LOOKUPS_MAX, Verdict, select,
};
use crate::dns::{Answer, Dns};
use crate::domain::Domain;

/// Records of one answer that the trace shows; a check never needs more of them read by people.
const RECORDS_SHOWN_MAX: usize = 32;
/// RFC 7208 §7.3: what `%{p}` stands for when no name of the address points back to it.
const UNKNOWN: &str = "unknown";

/// One check under way.
pub(super) struct Check<'a> {
    dns: &'a dyn Dns,
    query: &'a Query<'a>,
    /// IPv4 where it is IPv4-mapped.
    ip: IpAddr,
    local: String,
    sender_domain: String,
    lookups: u8,
    void_lookups: u8,
    ttl_s: Option<u32>,
    trace: Vec<Step>,
}

/// Where a check is: whose record, and how deep.
#[derive(Clone, Copy)]
struct At<'d> {
    domain: &'d Domain,
    depth: u8,
}

/// How the check of one domain ended.
struct End {
    result: SpfResult,
    problem: Option<Problem>,
    /// On a `fail`: whose record it was, and where its words are.
    explanation: Option<(Domain, MacroString)>,
}

/// The check cannot go on: `temperror` or `permerror`.
struct Stop {
    result: SpfResult,
    problem: Problem,
}

/// Whether a look-up that finds nothing counts (RFC 7208 §4.6.4).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Voids {
    Count,
    /// What the client, not the domain's owner, publishes, and explanations, which come after the result.
    Ignore,
}

fn permanent(problem: Problem) -> Stop {
    Stop { result: SpfResult::PermError, problem }
}

impl From<Stop> for End {
    fn from(stop: Stop) -> Self {
        Self { result: stop.result, problem: Some(stop.problem), explanation: None }
    }
}

impl<'a> Check<'a> {
    pub(super) fn new(dns: &'a dyn Dns, query: &'a Query<'a>) -> Self {
        // RFC 7208 §2.4, §4.3: a bounce is checked as postmaster at the HELO name, and so is a missing local part.
        let (local, domain) = match query.mail_from.rsplit_once('@') {
            Some((local, domain)) => (local, domain),
            None if query.mail_from.is_empty() => ("", query.helo),
            None => ("", query.mail_from),
        };
        let local = if local.is_empty() { "postmaster" } else { local };
        Self {
            dns,
            query,
            ip: query.ip.to_canonical(),
            local: local.to_owned(),
            sender_domain: domain.strip_suffix('.').unwrap_or(domain).to_owned(),
            lookups: 0,
            void_lookups: 0,
            ttl_s: None,
            trace: Vec::new(),
        }
    }

    pub(super) async fn run(mut self) -> Verdict {
        let end = match first_domain(&self.sender_domain) {
            Some(domain) => {
                if !self.sender_domain.is_ascii() {
                    // RFC 7208 §4.3: names in other scripts are used in their ASCII form.
                    self.sender_domain = domain.to_string();
                }
                self.domain(At { domain: &domain, depth: 0 }).await
            }
            None => {
                let name: String = self.sender_domain.chars().take(100).collect();
                let problem = Problem::NotADomain { name };
                End { result: SpfResult::None, problem: Some(problem), explanation: None }
            }
        };
        let explanation = match &end.explanation {
            Some((domain, target)) => self.explain(domain, target).await,
            None => None,
        };
        Verdict {
            result: end.result,
            problem: end.problem,
            explanation,
            lookups: self.lookups,
            void_lookups: self.void_lookups,
            ttl_s: self.ttl_s,
            trace: self.trace,
        }
    }

    /// One domain's check. Boxed, as `include` and `redirect` come back here; the limit of look-ups bounds how deep.
    fn domain<'f>(&'f mut self, at: At<'f>) -> Pin<Box<dyn Future<Output = End> + Send + 'f>> {
        Box::pin(async move {
            let end = match self.record(at).await {
                Ok(record) => self.terms(at, &record).await.unwrap_or_else(End::from),
                Err(end) => end,
            };
            let reason = end.problem.as_ref().map(ToString::to_string);
            self.note(at, Event::End { result: end.result, reason });
            end
        })
    }

    /// RFC 7208 §4.4, §4.5, §4.6: finds the one record, and reads the whole of it before any of it is used.
    async fn record(&mut self, at: At<'_>) -> Result<Record, End> {
        let answer = self.dns.txt(at.domain).await;
        // The first question belongs to no term (RFC 7208 §4.6.4).
        let voids = if at.depth == 0 { Voids::Ignore } else { Voids::Count };
        let txt = self.told(at, (at.domain.as_str(), "TXT"), answer, voids, |octets| printable(octets))?;
        let records: Vec<&[u8]> = select(&txt).collect();
        self.note(at, Event::Records { records: records.iter().map(|octets| printable(octets)).collect() });
        let domain = at.domain.to_string();
        match records.as_slice() {
            [] => Err(End { result: SpfResult::None, problem: Some(Problem::NoRecord { domain }), explanation: None }),
            [record] => Record::parse(record).map_err(|fault| permanent(Problem::Syntax { domain, fault }).into()),
            _ => Err(permanent(Problem::SeveralRecords { domain, count: records.len() }).into()),
        }
    }

    /// RFC 7208 §4.6.2, §4.7: the first directive that matches decides, else `redirect`, else neutral.
    async fn terms(&mut self, at: At<'_>, record: &Record) -> Result<End, Stop> {
        for (term, qualifier, mechanism) in record.directives() {
            let index = self.begin(at, term);
            match self.directive(at, term, mechanism, index).await {
                Ok(true) => {
                    let result = qualifier.result();
                    self.finish(index, TermOutcome::Match, Some(result));
                    let explanation = match record.explanation() {
                        Some(target) if result == SpfResult::Fail => Some((at.domain.clone(), target.clone())),
                        _ => None,
                    };
                    return Ok(End { result, problem: None, explanation });
                }
                Ok(false) => self.finish(index, TermOutcome::NoMatch, None),
                Err(stop) => {
                    self.finish(index, TermOutcome::Error, None);
                    return Err(stop);
                }
            }
        }
        match record.redirect() {
            Some((term, target)) => self.redirect(at, term, target).await,
            None => Ok(End { result: SpfResult::Neutral, problem: None, explanation: None }),
        }
    }

    /// RFC 7208 §6.1. The words on a `fail` are the other domain's, or none.
    async fn redirect(&mut self, at: At<'_>, term: &Term, target: &MacroString) -> Result<End, Stop> {
        let index = self.begin(at, term);
        if let Err(stop) = self.count(at, term) {
            self.finish(index, TermOutcome::Error, None);
            return Err(stop);
        }
        let end = match self.target(at, Some(target), index).await {
            Ok(domain) => self.domain(At { domain: &domain, depth: at.depth + 1 }).await,
            Err(name) => return Err(self.nothing_there(index, term, name)),
        };
        match end {
            End { result: SpfResult::None, .. } => {
                let name = self.target_name(index);
                Err(self.nothing_there(index, term, name))
            }
            end => {
                let failed = matches!(end.result, SpfResult::TempError | SpfResult::PermError);
                let outcome = if failed { TermOutcome::Error } else { TermOutcome::Match };
                self.finish(index, outcome, (!failed).then_some(end.result));
                Ok(end)
            }
        }
    }

    fn nothing_there(&mut self, index: usize, term: &Term, target: String) -> Stop {
        self.finish(index, TermOutcome::Error, None);
        permanent(Problem::NothingThere { term: term.text.clone(), target })
    }

    /// Whether a mechanism matches (RFC 7208 §5).
    async fn directive(&mut self, at: At<'_>, term: &Term, mechanism: &Mechanism, index: usize) -> Result<bool, Stop> {
        if mechanism.asks_dns() {
            self.count(at, term)?;
        }
        let spec = match mechanism {
            Mechanism::All => return Ok(true),
            Mechanism::Ip4(network, bits) => return Ok(is_within(self.ip, (*network).into(), *bits)),
            Mechanism::Ip6(network, bits) => return Ok(is_within(self.ip, (*network).into(), *bits)),
            Mechanism::Include(spec) | Mechanism::Exists(spec) => Some(spec),
            Mechanism::A(spec, _) | Mechanism::Mx(spec, _) | Mechanism::Ptr(spec) => spec.as_ref(),
        };
        let target = match (self.target(at, spec, index).await, mechanism) {
            (Ok(target), _) => target,
            // RFC 7208 §4.3, §5.2: a name that cannot be asked has no record, and `include` needs one.
            (Err(name), Mechanism::Include(_)) => {
                return Err(permanent(Problem::NothingThere { term: term.text.clone(), target: name }));
            }
            // RFC 7208 §4.8 leaves it open; a name that cannot be in the DNS is one that is not there.
            (Err(_), _) => return Ok(false),
        };
        match mechanism {
            Mechanism::Include(_) => self.include(at, term, &target).await,
            Mechanism::A(_, prefixes) => self.host(at, &target, *prefixes).await,
            Mechanism::Mx(_, prefixes) => self.mx(at, &target, *prefixes).await,
            Mechanism::Ptr(_) => self.ptr(at, &target).await,
            // RFC 7208 §5.7: the type is A even when the client speaks IPv6.
            _ => Ok(!self.ask_a(at, &target, Voids::Count).await?.is_empty()),
        }
    }

    /// RFC 7208 §5.2: the table of what the other check's result means here.
    async fn include(&mut self, at: At<'_>, term: &Term, target: &Domain) -> Result<bool, Stop> {
        let end = self.domain(At { domain: target, depth: at.depth + 1 }).await;
        match (end.result, end.problem) {
            (SpfResult::Pass, _) => Ok(true),
            (SpfResult::TempError | SpfResult::PermError, Some(problem)) => Err(Stop { result: end.result, problem }),
            (SpfResult::None, _) => {
                Err(permanent(Problem::NothingThere { term: term.text.clone(), target: target.to_string() }))
            }
            _ => Ok(false),
        }
    }

    /// RFC 7208 §5.3: addresses of the family the client speaks.
    async fn host(&mut self, at: At<'_>, host: &Domain, prefixes: Prefixes) -> Result<bool, Stop> {
        let found = self.addresses(at, host, Voids::Count).await?;
        let bits = if self.ip.is_ipv4() { prefixes.ip4 } else { prefixes.ip6 };
        Ok(found.into_iter().any(|address| is_within(self.ip, address, bits)))
    }

    /// RFC 7208 §5.4. A name without MX is not its own mail exchanger here.
    async fn mx(&mut self, at: At<'_>, name: &Domain, prefixes: Prefixes) -> Result<bool, Stop> {
        let answer = self.dns.mx(name).await;
        let shown = |mx: &crate::dns::Mx| match &mx.host {
            Some(host) => format!("{} {host}", mx.preference),
            None => format!("{} .", mx.preference),
        };
        let mut exchangers = self.told(at, (name.as_str(), "MX"), answer, Voids::Count, shown)?;
        if exchangers.len() > HOSTS_MAX {
            return Err(permanent(Problem::TooManyMx { name: name.to_string(), count: exchangers.len() }));
        }
        exchangers.sort_by_key(|mx| mx.preference);
        for host in exchangers.into_iter().filter_map(|mx| mx.host) {
            if self.host(at, &host, prefixes).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// RFC 7208 §5.5. Only names that could match are asked whether they point back.
    async fn ptr(&mut self, at: At<'_>, target: &Domain) -> Result<bool, Stop> {
        for name in self.claimed_names(at, Voids::Count).await? {
            if name.is_within(target) && self.points_back(at, &name).await {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The first ten names the address claims. A DNS error is no match, not an error (RFC 7208 §5.5).
    async fn claimed_names(&mut self, at: At<'_>, voids: Voids) -> Result<Vec<Domain>, Stop> {
        let answer = self.dns.ptr(self.ip).await;
        let address = self.ip.to_string();
        let names = match self.told(at, (&address, "PTR"), answer, voids, Domain::to_string) {
            Ok(names) => names,
            Err(Stop { result: SpfResult::TempError, .. }) => Vec::new(),
            Err(stop) => return Err(stop),
        };
        Ok(names.into_iter().take(HOSTS_MAX).collect())
    }

    async fn points_back(&mut self, at: At<'_>, name: &Domain) -> bool {
        self.addresses(at, name, Voids::Ignore).await.is_ok_and(|found| found.contains(&self.ip))
    }

    /// The name behind `%{p}`: the domain itself if the address has it, else one below it, else any (RFC 7208 §7.3).
    async fn validated_name(&mut self, at: At<'_>) -> String {
        let mut names = self.claimed_names(at, Voids::Ignore).await.unwrap_or_default();
        names.sort_by_key(|name| (name != at.domain, !name.is_within(at.domain)));
        for name in names {
            if self.points_back(at, &name).await {
                return name.to_string();
            }
        }
        UNKNOWN.to_owned()
    }

    async fn addresses(&mut self, at: At<'_>, host: &Domain, voids: Voids) -> Result<Vec<IpAddr>, Stop> {
        if self.ip.is_ipv4() {
            return self.ask_a(at, host, voids).await;
        }
        let answer = self.dns.aaaa(host).await;
        let found = self.told(at, (host.as_str(), "AAAA"), answer, voids, ToString::to_string)?;
        Ok(found.into_iter().map(IpAddr::from).collect())
    }

    async fn ask_a(&mut self, at: At<'_>, host: &Domain, voids: Voids) -> Result<Vec<IpAddr>, Stop> {
        let answer = self.dns.a(host).await;
        let found = self.told(at, (host.as_str(), "A"), answer, voids, ToString::to_string)?;
        Ok(found.into_iter().map(IpAddr::from).collect())
    }

    /// RFC 7208 §6.2: the domain's own words. Whatever is wrong with them, there are none, and the result stands.
    async fn explain(&mut self, domain: &Domain, target: &MacroString) -> Option<String> {
        let at = At { domain, depth: 0 };
        let name = self.expand(at, target).await;
        let target = into_name(&name).ok();
        let text = match &target {
            Some(target) => self.words(at, target).await,
            None => None,
        };
        self.note(at, Event::Explanation { target: target.map(String::from), text: text.clone() });
        text
    }

    async fn words(&mut self, at: At<'_>, target: &Domain) -> Option<String> {
        let answer = self.dns.txt(target).await;
        let shown = |octets: &Vec<u8>| printable(octets);
        let found = self.told(at, (target.as_str(), "TXT"), answer, Voids::Ignore, shown).ok()?;
        let [words] = found.as_slice() else { return None };
        let words = std::str::from_utf8(words).ok().filter(|text| text.bytes().all(|b| (b' '..=b'~').contains(&b)))?;
        let words = MacroString::parse(words, Letters::All).ok()?;
        let text = self.expand(at, &words).await;
        // The sender's local part is the sender's: what it puts here must not break a line or a terminal.
        Some(text.chars().map(|c| if (' '..='~').contains(&c) { c } else { '?' }).collect())
    }

    async fn expand(&mut self, at: At<'_>, text: &MacroString) -> String {
        let validated = if text.uses_validated_name() { self.validated_name(at).await } else { UNKNOWN.to_owned() };
        text.expand(&Facts {
            local: &self.local,
            sender_domain: &self.sender_domain,
            domain: at.domain.as_str(),
            ip: self.ip,
            validated: &validated,
            helo: self.query.helo,
            receiver: self.query.receiver.unwrap_or(UNKNOWN),
            now_s: self.query.now.as_second(),
        })
    }

    /// The name a term is about (RFC 7208 §4.8), or the text that is none.
    async fn target(&mut self, at: At<'_>, spec: Option<&MacroString>, index: usize) -> Result<Domain, String> {
        let name = match spec {
            Some(spec) => into_name(&self.expand(at, spec).await),
            None => Ok(at.domain.clone()),
        };
        let shown = match &name {
            Ok(name) => name.to_string(),
            Err(text) => printable(text.as_bytes()),
        };
        if let Some(Step { event: Event::Term { target, .. }, .. }) = self.trace.get_mut(index) {
            *target = Some(shown);
        }
        name
    }

    fn target_name(&self, index: usize) -> String {
        match self.trace.get(index) {
            Some(Step { event: Event::Term { target: Some(target), .. }, .. }) => target.clone(),
            _ => String::new(),
        }
    }

    /// RFC 7208 §4.6.4: counts a term that asks the DNS, before it does.
    fn count(&mut self, at: At<'_>, term: &Term) -> Result<(), Stop> {
        if self.lookups == DNS_LOOKUPS_MAX {
            let (term, domain) = (term.text.clone(), at.domain.to_string());
            return Err(permanent(Problem::TooManyLookups { term, domain }));
        }
        self.lookups += 1;
        Ok(())
    }

    /// Takes an answer: into the trace, the counters and the TTL, and gives its records.
    fn told<T>(
        &mut self,
        at: At<'_>,
        (name, kind): (&str, &'static str),
        answer: Answer<T>,
        voids: Voids,
        shown: impl Fn(&T) -> String,
    ) -> Result<Vec<T>, Stop> {
        let mut void = false;
        let (answered, why, ttl_s) = match &answer {
            Ok(found) if !found.records.is_empty() => (Answered::Found, None, Some(found.ttl_s)),
            Ok(found) => {
                void = voids == Voids::Count;
                let answered = if found.name_exists { Answered::NoSuchRecord } else { Answered::NoSuchName };
                (answered, None, Some(found.ttl_s))
            }
            Err(no_answer) => (Answered::NoAnswer, Some(no_answer.why.clone()), None),
        };
        self.void_lookups += u8::from(void);
        if let Some(ttl_s) = ttl_s {
            self.ttl_s = Some(self.ttl_s.map_or(ttl_s, |least| least.min(ttl_s)));
        }
        let records = answer.iter().flat_map(|found| &found.records).take(RECORDS_SHOWN_MAX).map(shown).collect();
        let event = Event::Lookup { name: name.to_owned(), kind, answer: answered, records, why, ttl_s, void };
        self.note(at, event);
        let found = answer.map_err(|no_answer| Stop {
            result: SpfResult::TempError,
            problem: Problem::NoAnswer { name: name.to_owned(), kind: kind.to_owned(), why: no_answer.why },
        })?;
        if self.void_lookups > VOID_LOOKUPS_MAX {
            return Err(permanent(Problem::TooManyVoids { name: name.to_owned(), kind: kind.to_owned() }));
        }
        Ok(found.records)
    }

    fn note(&mut self, at: At<'_>, event: Event) {
        if self.trace.len() < TRACE_STEPS_MAX {
            let (lookups, void_lookups) = (self.lookups, self.void_lookups);
            let domain = at.domain.to_string();
            self.trace.push(Step { depth: at.depth, domain, event, lookups, void_lookups });
        }
    }

    /// A term's step comes before the steps it causes; [`Check::finish`] fills in what came of it.
    fn begin(&mut self, at: At<'_>, term: &Term) -> usize {
        let index = self.trace.len();
        let outcome = TermOutcome::NoMatch;
        self.note(at, Event::Term { term: term.text.clone(), target: None, outcome, result: None });
        index
    }

    fn finish(&mut self, index: usize, came: TermOutcome, gives: Option<SpfResult>) {
        if let Some(step) = self.trace.get_mut(index)
            && let Event::Term { outcome, result, .. } = &mut step.event
        {
            (*outcome, *result) = (came, gives);
            (step.lookups, step.void_lookups) = (self.lookups, self.void_lookups);
        }
    }
}

/// RFC 7208 §4.3: the domain to begin with must be a full one; literals, single labels and dotted numbers are not.
fn first_domain(text: &str) -> Option<Domain> {
    let domain = Domain::parse(text).ok()?;
    let (_, top) = domain.as_str().rsplit_once('.')?;
    let is_number = top.bytes().all(|b| b.is_ascii_digit());
    (!is_number).then_some(domain)
}

/// RFC 7208 §7.3: labels are taken off the left of a name past 253 octets; a trailing dot is nothing.
fn into_name(text: &str) -> Result<Domain, String> {
    /// RFC 7208 §7.3.
    const NAME_OCTETS_MAX: usize = 253;
    let mut name = text.strip_suffix('.').unwrap_or(text);
    while name.len() > NAME_OCTETS_MAX {
        match name.split_once('.') {
            Some((_, rest)) => name = rest,
            None => break,
        }
    }
    Domain::from_dns(name).map_err(|_| text.to_owned())
}

/// Whether an address lies in a network of its own family.
fn is_within(ip: IpAddr, network: IpAddr, bits: u8) -> bool {
    let bits = u32::from(bits);
    match (ip, network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) => {
            (ip.to_bits() ^ network.to_bits()).checked_shr(32 - bits).unwrap_or(0) == 0
        }
        (IpAddr::V6(ip), IpAddr::V6(network)) => {
            (ip.to_bits() ^ network.to_bits()).checked_shr(128 - bits).unwrap_or(0) == 0
        }
        _ => false,
    }
}
