//! Gateways that speak SMPP: a text in its parts, what statuses mean, receipts and patrons' texts as they come in.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use standards::smpp::{CODING_UCS2, ESM_HEADER, Party, ShortMessage, status};
use standards::sms::{self, Coding};
use tokio::sync::mpsc;

use super::{Incoming, News, OutText, Receipt, Sent, Texts, reply};
use crate::channel::Number;
use crate::clock;
use crate::config::Gateway as Kind;
use crate::intake::Intake;
use crate::net::smpp::{Delivered, Gateway, Submitted};
use crate::outcome::{Cause, Outcome};

/// Things delivered that are worked off at one time: a receipt may have to wait for what it is about.
const AT_ONCE: usize = 50;

/// A receipt is wished for, whatever becomes of it (SMPP 3.4 §5.2.17).
const RECEIPT_WISHED: u8 = 1;

/// Hands a text message in, all of its parts.
pub(super) async fn send(gateway: &Gateway, from: &str, server: &str, text: &OutText<'_>) -> Sent {
    let (coding, parts) = sms::parts(text.text);
    // The same in all parts, and not in the patron's next text message.
    let reference = text.message.to_bytes()[15];
    let submit = |part: &sms::Part| {
        let header = part.header(reference);
        gateway.submit(ShortMessage {
            source: Party::of_sender(from),
            destination: Party::international(text.to.digits()),
            esm_class: if header.is_empty() { 0 } else { ESM_HEADER },
            registered_delivery: RECEIPT_WISHED,
            data_coding: if coding == Coding::Ucs2 { CODING_UCS2 } else { 0 },
            octets: [header, part.octets.clone()].concat(),
            options: Vec::new(),
        })
    };
    let answers = join_all(parts.iter().map(submit)).await;
    let mut transcript = format!("* {} parts, {coding:?}", parts.len());
    let (mut ids, mut outcome) = (Vec::new(), None);
    for (part, answer) in parts.iter().zip(answers) {
        transcript.push_str(&format!("\n> submit_sm {} of {}", part.number, part.of));
        match answer {
            Submitted::Taken(id) => {
                transcript.push_str("\n< submit_sm_resp 0x00");
                ids.push(id);
            }
            Submitted::Refused(status) => {
                transcript.push_str(&format!("\n< submit_sm_resp 0x{status:02x}"));
                outcome.get_or_insert_with(|| refused(status));
            }
            Submitted::NoLink(why) => {
                transcript.push_str(&format!("\n* {why}"));
                outcome.get_or_insert(Outcome::Deferred { cause: Cause::of("net"), reply: None });
            }
        }
    }
    let outcome = outcome.unwrap_or_else(|| Outcome::Accepted { reply: reply(0, "accepted") });
    let host = server.rsplit_once(':').map_or(server, |(host, _)| host).to_owned();
    Sent { outcome, ids, transcript, host: Some(host) }
}

/// What a status of SMPP 3.4 §5.1.3 comes to.
fn refused(code: u32) -> Outcome {
    let (cause, for_now) = match code {
        0x0b => ("sms.invalid", false),
        status::THROTTLED | status::QUEUE_FULL => ("policy.rate", true),
        // Who we are, and what we may say that we are.
        0x04 | 0x0a | 0x0d | 0x0e | 0x0f | 0x48 | 0x49 | 0x53 => ("sms.gateway", true),
        // System error, and trouble for now.
        0x08 | 0x64 => ("temp", true),
        _ => ("sms.failed", false),
    };
    let words = format!("status 0x{code:02x}");
    let (cause, said) = (Cause::of(cause), Some(reply(u16::try_from(code).unwrap_or(u16::MAX), &words)));
    if for_now { Outcome::Deferred { cause, reply: said } } else { Outcome::Refused { cause, reply: said } }
}

/// Takes what the gateway delivers, until the connection's keeper is gone.
pub(super) async fn listen(texts: Arc<Texts>, intake: Arc<Intake>, delivered: mpsc::Receiver<Delivered>) {
    let delivered = futures_util::stream::unfold(delivered, |mut line| async move { Some((line.recv().await?, line)) });
    delivered
        .for_each_concurrent(AT_ONCE, |delivered| {
            let (texts, intake) = (Arc::clone(&texts), Arc::clone(&intake));
            async move {
                let done = take(&texts, &intake, &delivered.short).await;
                let _ = delivered.done.send(done);
            }
        })
        .await;
}

/// Takes one thing. False: it should be delivered again.
async fn take(texts: &Texts, intake: &Intake, short: &ShortMessage) -> bool {
    let gateway = Kind::Smpp.code();
    let taken = if let Some(told) = short.receipt() {
        let news = match told.state.as_str() {
            "DELIVRD" => News::Delivered,
            "EXPIRED" => News::Failed(Cause::of("sms.off")),
            "REJECTD" => News::Failed(Cause::of("sms.carrier")),
            "UNDELIV" | "DELETED" => News::Failed(Cause::of("sms.failed")),
            _ => News::OnItsWay,
        };
        let word = format!("{} {}", told.state, told.error).trim().to_owned();
        let receipt = Receipt { gateway, gateway_id: told.id, message: None, news, word };
        texts.receipt(&receipt).await.map(drop)
    } else {
        let digits = &short.source.address;
        let Some(from) = Number::from_e164(&format!("+{}", digits.trim_start_matches('+'))) else { return true };
        let text = short.text();
        // Nothing names it: one that comes again because our acknowledgement got lost comes within minutes.
        let window = clock::now().as_second() / 600;
        let hash = digest(&SHA256, format!("{from}\0{text}\0{window}").as_bytes());
        let gateway_id = hash.as_ref()[..16].iter().map(|octet| format!("{octet:02x}")).collect();
        texts.incoming(intake, &Incoming { gateway, gateway_id, from, text, is_answered: false }).await.map(drop)
    };
    if let Err(error) = &taken {
        tracing::error!(%error, "what the gateway delivered could not be kept");
    }
    taken.is_ok()
}

/// The names that a receipt may mean: some gateways answer in hexadecimal and write receipts in decimal, or the other way round.
pub(super) fn other_names(id: &str) -> Vec<String> {
    let mut names = Vec::new();
    if let Ok(number) = id.parse::<u64>() {
        names.extend([format!("{number:x}"), format!("{number:X}"), format!("{number:08X}"), format!("{number:08x}")]);
    }
    if let Ok(number) = u64::from_str_radix(id, 16) {
        names.extend([number.to_string(), format!("{number:010}")]);
    }
    let bare = id.trim_start_matches('0');
    names.push(bare.to_owned());
    names.retain(|name| name != id && !name.is_empty());
    names.dedup();
    names
}
