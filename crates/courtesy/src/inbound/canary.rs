//! A test message through a library's own relay, come back: would a receiver have believed it?
//!
//! In: the mail as it came in, with the address that handed it in. Out: what SPF, DKIM and DMARC say of it, by our own
//! evaluation and live DNS. Both kinds of receivers must find it aligned, whatever the domain's policy.

use mail_auth::common::crypto::Algorithm;
use mail_auth::{AuthenticatedMessage, DkimResult, MessageAuthenticator};
use standards::address::Address;
use standards::dmarc::{self, Authenticated, Verdict};
use standards::domain::Domain;
use standards::spf::{self, SpfResult};

use super::spool::Waiting;
use crate::clock::Timestamp;
use crate::net::dns::Resolver;
use crate::sender::RelayFound;

/// RFC 6376 §6.1: a verifier may limit what it looks at; each signature costs a question.
const SIGNATURES_MAX: usize = 10;

/// Judges the mail as a receiver would that sees `from` in its header. None: the DNS gave no answer to something that
/// matters.
pub(super) async fn judge(dns: &Resolver, waiting: &Waiting, from: &Address, now: Timestamp) -> Option<RelayFound> {
    if author(&waiting.mail).as_ref() != Some(from) {
        return Some(RelayFound::NotAuthenticated { saw: "From: not the library’s address".to_owned() });
    }
    let (spf, (dkim, dkim_trouble)) = tokio::join!(spf(dns, waiting, now), dkim(dns, &waiting.mail));
    let authenticated = Authenticated { spf: spf.vouches, dkim };
    let identifiers: Vec<Domain> = authenticated.spf.iter().chain(&authenticated.dkim).cloned().collect();
    let discovery = dmarc::discover_for(dns, from.domain(), &identifiers).await;
    let evaluation = dmarc::evaluate(&discovery, &authenticated);
    let aligned = !evaluation.aligned_by_walk.is_empty() && !evaluation.aligned_by_list.is_empty();
    let verdicts = [&evaluation.by_walk, &evaluation.by_list];
    let signed: Vec<&str> = authenticated.dkim.iter().map(Domain::as_str).collect();
    let signed = if signed.is_empty() { "none".to_owned() } else { format!("pass ({})", signed.join(", ")) };
    let saw = format!("{}, DKIM {signed}, DMARC {} / {}", spf.word, word(verdicts[0]), word(verdicts[1]));
    if aligned && verdicts.iter().all(|verdict| matches!(verdict, Verdict::Pass | Verdict::None)) {
        return Some(RelayFound::CameThrough { saw });
    }
    let trouble = spf.trouble || dkim_trouble || verdicts.iter().any(|v| matches!(v, Verdict::TempError(_)));
    (!trouble).then_some(RelayFound::NotAuthenticated { saw })
}

/// The one address in the one From field; none where there are several of either (RFC 9989 §11.5).
fn author(mail: &[u8]) -> Option<Address> {
    let parsed = mail_parser::MessageParser::new().parse_headers(mail)?;
    let fields = parsed.headers().iter().filter(|header| header.name == mail_parser::HeaderName::From).count();
    let mut addresses = parsed.from()?.iter();
    let (first, second) = (addresses.next()?, addresses.next());
    (fields == 1 && second.is_none()).then(|| Address::parse(first.address()?).ok()).flatten()
}

struct Spf {
    vouches: Option<Domain>,
    trouble: bool,
    word: String,
}

async fn spf(dns: &Resolver, waiting: &Waiting, now: Timestamp) -> Spf {
    let envelope = &waiting.envelope;
    let Some(ip) = envelope.client else {
        return Spf { vouches: None, trouble: false, word: "SPF none".to_owned() };
    };
    // RFC 7208 §2.4: without a sender the HELO name stands in.
    let domain = envelope.mail_from.rsplit_once('@').map_or(envelope.helo.as_str(), |(_, domain)| domain);
    let query = spf::Query { ip, mail_from: &envelope.mail_from, helo: &envelope.helo, receiver: None, now };
    let result = spf::check(dns, &query).await.result;
    Spf {
        vouches: (result == SpfResult::Pass).then(|| Domain::parse(domain).ok()).flatten(),
        trouble: result == SpfResult::TempError,
        word: format!("SPF {} for {ip} ({})", result.as_str(), domain.chars().take(255).collect::<String>()),
    }
}

/// The domains whose signatures verify, and whether the DNS kept one from us.
async fn dkim(dns: &Resolver, mail: &[u8]) -> (Vec<Domain>, bool) {
    let Some(mut message) = AuthenticatedMessage::parse(mail) else { return (Vec::new(), false) };
    message.dkim_headers.truncate(SIGNATURES_MAX);
    let authenticator = MessageAuthenticator(dns.hickory().clone());
    let outputs = authenticator.verify_dkim(&message).await;
    let trouble = outputs.iter().any(|output| matches!(output.result(), DkimResult::TempError(_)));
    let passing = outputs.iter().filter(|output| *output.result() == DkimResult::Pass);
    let domains = passing.filter_map(|output| {
        let signature = output.signature()?;
        // RFC 8301 §3.1: SHA-1 proves nothing.
        (signature.a != Algorithm::RsaSha1).then(|| Domain::parse(&signature.d).ok()).flatten()
    });
    (domains.collect(), trouble)
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail(_) => "fail",
        Verdict::None => "none",
        Verdict::TempError(_) => "temperror",
    }
}
