//! From what was said on the wire to an outcome.
//!
//! In: [`Said`] and the provider it was said by. Out: an [`Outcome`]. Only a 250 after the final dot is acceptance; 4yz,
//! troubles and silence are for now; 5yz is for good, with the exceptions below. Not here: when to try again, how often
//! in all, and under which sender (`queue`).

use standards::reply::Reply;

use super::meaning::{Reading, Wording, read};
use super::{Cause, NoRoute, Outcome, Provider, Said, Stage, Trouble};

/// Decides what one try came to.
#[must_use]
pub fn judge(said: &Said, provider: Provider) -> Outcome {
    match said {
        Said::Replied { stage, reply, host: _ } => answered(*stage, reply, provider),
        Said::NoRoute(no_route) => unroutable(*no_route),
        // RFC 4954 §3: it offers no way to sign in that we have. The library's IT mends that; the message is as good as before.
        Said::Broken { stage: Stage::Auth, trouble: Trouble::Lacking, host: _ } => {
            Outcome::Deferred { cause: Cause::of("relay.auth"), reply: None }
        }
        Said::Broken { stage: _, trouble, host: _ } => broken(*trouble),
    }
}

/// What a reply means, whoever asks: the same reading that [`judge`] decides by.
#[must_use]
pub fn read_reply(reply: &Reply, stage: Stage, provider: Provider) -> Reading {
    read(&Wording { code: Some(reply.code), status: reply.status, text: &reply.text, stage, provider })
}

fn answered(stage: Stage, reply: &Reply, provider: Provider) -> Outcome {
    if stage == Stage::Content && reply.is_positive() {
        return Outcome::Accepted { reply: reply.clone() };
    }
    let reply_kept = Some(reply.clone());
    if !reply.is_transient() && !reply.is_permanent() {
        // A 2yz or 3yz where the conversation should not have ended, or no SMTP at all: nothing was decided.
        return Outcome::Deferred { cause: Cause::of("protocol"), reply: reply_kept };
    }
    let reading = read_reply(reply, stage, provider);
    if reply.is_transient() || is_for_now(stage, reply, &reading) {
        // RFC 5321 §4.2.1: 4yz asks us to come back; where it says nothing else, that is the cause.
        let cause = if reading.cause == Cause::unknown() { Cause::of("temp") } else { reading.cause };
        return Outcome::Deferred { cause, reply: reply_kept };
    }
    Outcome::Refused { cause: reading.cause, reply: reply_kept }
}

/// The 5yz replies that are not for good.
fn is_for_now(stage: Stage, reply: &Reply, reading: &Reading) -> bool {
    // RFC 5321 §4.5.3.1.10: 552 at RCPT is how old servers say "too many recipients"; it is to be taken as 452.
    let too_many = stage == Stage::RcptTo && reply.code == 552;
    // RFC 5321 §3.8 and §4.2.3: 521 and 554 in place of a greeting speak of the connection, not of the message, and
    // another host of the domain may take it. The deadline ends it.
    let no_service = matches!(stage, Stage::Connect | Stage::Greeting | Stage::Hello | Stage::Tls | Stage::Quit);
    // Some servers greylist or throttle with a 5yz and say so in words.
    let says_later = reading.cause.is_within("temp") || reading.cause.is_within("dns.temp");
    too_many || no_service || says_later
}

fn unroutable(no_route: NoRoute) -> Outcome {
    match no_route {
        // RFC 2308 §2.1 and RFC 8020: NXDOMAIN is an answer about the name, for good.
        NoRoute::NoSuchDomain => Outcome::Refused { cause: Cause::of("domain.unknown"), reply: None },
        // RFC 7505 §3: the domain says so itself; 5.1.10.
        NoRoute::NullMx => Outcome::Refused { cause: Cause::of("domain.nomail"), reply: None },
        // RFC 5321 §5.1: none usable is an error to report. The desk hears of it at once; the address is not stopped
        // by one such answer, because a slip in a domain's records is mended sooner than an address is retyped.
        NoRoute::NoHost => Outcome::Refused { cause: Cause::of("domain.nomail.nohost"), reply: None },
        NoRoute::DnsTrouble => Outcome::Deferred { cause: Cause::of("dns.temp"), reply: None },
    }
}

fn broken(trouble: Trouble) -> Outcome {
    let code = match trouble {
        Trouble::Refused | Trouble::Closed | Trouble::Unreachable => "net",
        Trouble::TimedOut => "net.timeout",
        Trouble::Tls => "tls",
        Trouble::Sts => "tls.sts",
        Trouble::Dane => "tls.dane",
        Trouble::InClear => "tls.demanded",
        Trouble::NotSmtp => "protocol",
        // Nothing was tried: whoever hands the message over never judges this.
        Trouble::Withdrawn => "net",
        Trouble::NoToken => "relay.token",
        // RFC 6531 §3.2: an address that needs SMTPUTF8 must not be sent to a server without it; waiting helps nobody.
        Trouble::Lacking => {
            return Outcome::Refused { cause: Cause::of("protocol.utf8"), reply: None };
        }
    };
    Outcome::Deferred { cause: Cause::of(code), reply: None }
}
