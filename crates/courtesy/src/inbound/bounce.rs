//! Reports and complaints about one message: what they say of it, and what follows.
//!
//! In: a mail that came to an address of ours that names a message, and its findings. Out: a line in that message's
//! timeline, and in the same transaction its next state, the stop of its address, or a repeat for later. Not here: what
//! a mail means (`outcome::bounce`), and what follows from that (`queue`, `outcome::stop`).

use jiff::Timestamp;
use standards::address::Address;
use standards::domain::Domain;
use standards::reply::legible;

use super::spool::Waiting;
use super::{Became, Done, Inbound, Parts, Worked};
use crate::clock;
use crate::delivery::transcript::masked;
use crate::id::MessageId;
use crate::outcome::bounce::{Finding, Kind};
use crate::outcome::stop::{self, ListedAddress, Strike};
use crate::queue::{Aftermath, aftermath, blames_sender};
use crate::sender::SenderKind;
use crate::store::{Follows, Joined, MessageRow};
use crate::timeline::{Entry, News, Returned, What};

/// Octets kept of the words a report gives; a server's reply has at most 512 a line.
const WORDS_OCTETS_MAX: usize = 1000;

impl Inbound {
    /// Joins a mail with these findings to the message it came back for.
    pub(super) async fn join(
        &self,
        waiting: &Waiting,
        message: MessageId,
        findings: &[Finding],
        recipient: &str,
    ) -> anyhow::Result<(Worked, Became)> {
        let now = clock::now();
        // One message has one recipient. Where a report speaks of several (a list, a forwarded mailbox), what is over
        // counts before what may still come.
        let telling = findings.iter().min_by_key(|finding| news(finding.kind));
        let became = Became {
            kind: telling.map_or("other", kind),
            cause: telling.map(|finding| finding.cause.code()),
            message: Some(message),
            ..Became::of(recipient)
        };
        let Some(row) = self.parts.store.message(None, message).await? else {
            // It was deleted, or the code stems from another copy of this installation.
            tracing::info!(%message, "a mail came back for a message that is gone");
            return Ok((Worked::Off, Became { message: None, ..became }));
        };
        let follows = match telling {
            Some(telling) => self.follows(&row, telling, now).await?,
            None => Follows::default(),
        };
        let joined = self.parts.store.join_returned(message, entry(waiting, telling, now), follows).await?;
        let Joined::Written { failed, again, stopped } = joined else {
            return Ok(match joined {
                Joined::NotSettled => (Worked::Later, Became { done: Done::Waits, ..became }),
                Joined::Known => (Worked::Off, Became { done: Done::Known, ..became }),
                // Of a patron who is erased no mail is kept either, and nobody is told of their complaint: it has no name any more.
                Joined::Counted { failed } => {
                    tracing::info!(%message, returned = %waiting.id, failed, "a mail came back for a patron who is erased");
                    if let Some(telling) = telling.filter(|telling| telling.kind != Kind::Complaint) {
                        self.tell(&row, telling, false, now).await?;
                    }
                    (Worked::Off, Became { done: Done::Joined, ..became })
                }
                _ => (Worked::Off, became),
            });
        };
        tracing::info!(%message, returned = %waiting.id, failed, again, stopped, "a returned mail was joined");
        // What nobody here can read is told in the timeline, and kept.
        let Some(telling) = telling else { return Ok((Worked::Off, became)) };
        self.tell(&row, telling, again, now).await?;
        Ok((Worked::Off, Became { done: Done::Joined, ..became }))
    }

    /// What follows for `row` from what was found.
    async fn follows(&self, row: &MessageRow, telling: &Finding, now: Timestamp) -> anyhow::Result<Follows> {
        let strike = strike(row, telling, now);
        if telling.kind != Kind::Failed {
            return Ok(Follows { strike, ..Follows::default() });
        }
        let refused = match blames_sender(telling.cause) {
            true => self.next_sender(row).await?,
            false => None,
        };
        let follows = Follows { strike, ..Follows::default() };
        Ok(match aftermath(telling.cause, row.state, now, row.deadline, refused.is_some()) {
            Aftermath::AnotherSender => Follows { refused, ..follows },
            Aftermath::FailedAndRepeated(at) => {
                let (intake, to) = (&self.parts.intake, (row.channel, row.address.clone()));
                let repeat = intake.repeat_of(row, to, now, at, row.deadline, "courtesy");
                Follows { repeat, ..follows }
            }
            Aftermath::Failed | Aftermath::Stays => follows,
        })
    }

    /// The senders that `row` was refused under, now with its last one, where another is left. The proof was wrong, or it
    /// has changed: DNS is looked at again first.
    async fn next_sender(&self, row: &MessageRow) -> anyhow::Result<Option<String>> {
        let Parts { store, book, senders, .. } = &self.parts;
        let Some(library) = book.library(&row.library) else { return Ok(None) };
        let Some(last) = row.sender.as_deref().and_then(SenderKind::from_code) else { return Ok(None) };
        let mut refused = store.refused_under(row.id).await?;
        if !refused.contains(&last) {
            refused.push(last);
        }
        senders.look_again(&library).await;
        let plan = senders.plan_for(&library, library.language_for(None), None, &refused, clock::now());
        let codes: Vec<&str> = refused.iter().map(|kind| kind.code()).collect();
        Ok(plan.is_another(&refused).then(|| codes.join(",")))
    }

    /// Counts what a report says of a sender, and asks staff to speak with a patron who complained. After the commit: told
    /// at most once, and a complaint also when it was joined before.
    async fn tell(&self, row: &MessageRow, telling: &Finding, again: bool, now: Timestamp) -> anyhow::Result<()> {
        if telling.kind == Kind::Complaint && stop::weight(telling.cause, true) != stop::Weight::Nothing {
            self.parts.intake.tell_of_complaint(row, telling.cause).await?;
        }
        if telling.kind == Kind::Failed
            && telling.cause.is_within("auth")
            && let Some(library) = self.parts.book.library(&row.library)
            && let Some((sender, from)) = self.sent_as(row.id).await?
        {
            let provider = telling.provider.name().or(row.provider.as_deref()).unwrap_or("other").to_owned();
            tracing::info!(message = %row.id, again, cause = telling.cause.code(), "refused later for authentication");
            self.parts.senders.refused_later(&library, &from, sender, &provider, telling.cause, now).await;
        }
        Ok(())
    }

    /// The sender and From domain of the last attempt.
    async fn sent_as(&self, message: MessageId) -> anyhow::Result<Option<(SenderKind, Domain)>> {
        let entries = self.parts.store.timeline(message).await?;
        let last = entries.into_iter().rev().find_map(|entry| match entry.what {
            What::Attempted(attempt) => Some(attempt),
            _ => None,
        });
        Ok(last.and_then(|attempt| {
            let from = Address::parse(&attempt.from).ok()?;
            Some((SenderKind::from_code(&attempt.sender)?, from.domain().clone()))
        }))
    }
}

/// What a finding says against the address of `row`; none where it says nothing.
fn strike(row: &MessageRow, telling: &Finding, now: Timestamp) -> Option<Strike> {
    let address = ListedAddress::of(&Address::parse(&row.address).ok()?);
    let named = telling.recipient.as_deref().and_then(|text| Address::parse(text).ok());
    // Who forwards their mail to a box that is gone still has the first one.
    let certain = match telling.kind {
        Kind::Complaint => true,
        _ => telling.stops_address() && named.is_none_or(|named| ListedAddress::of(&named) == address),
    };
    let speaks = matches!(telling.kind, Kind::Failed | Kind::Complaint);
    let for_now = telling.status.is_some_and(|status| status.class == 4);
    let weight = stop::weight(telling.cause, certain);
    if !speaks || weight == stop::Weight::Nothing || (for_now && !certain) {
        return None;
    }
    let by = if telling.kind == Kind::Complaint { "complaint" } else { "bounce" };
    let reply = masked(&cut(&telling.words));
    let (library, message) = (row.library.clone(), row.id);
    Some(Strike { library, address, cause: telling.cause, weight, message, reply, by, at: now })
}

/// What a mail with this finding says of the one message it came back for, as its timeline tells it.
pub(super) fn entry(waiting: &Waiting, telling: Option<&Finding>, now: Timestamp) -> Entry {
    let host = waiting.envelope.client.map(|ip| format!("{} [{ip}]", printable(&waiting.envelope.helo)));
    let returned = Returned {
        report: waiting.id,
        digest: waiting.digest(),
        news: telling.map_or(News::Other, |finding| news(finding.kind)),
        cause: telling.map_or("unknown", |finding| finding.cause.code()).to_owned(),
        reply: telling.and_then(|finding| finding.reply),
        status: telling.and_then(|finding| finding.status).map(|status| status.to_string()),
        provider: telling.and_then(|finding| finding.provider.name()).map(str::to_owned),
        words: telling.map(|finding| cut(&finding.words)).unwrap_or_default(),
        host,
    };
    Entry { at: now, what: What::Returned(Box::new(returned)) }
}

fn kind(finding: &Finding) -> &'static str {
    match finding.kind {
        Kind::Failed => "bounce",
        Kind::Complaint => "complaint",
        Kind::Delivered => "delivered",
        Kind::Delayed => "delay",
        Kind::AutoReply if finding.cause.code() == "auto_reply.challenge" => "challenge",
        Kind::AutoReply => "auto_reply",
    }
}

fn news(kind: Kind) -> News {
    match kind {
        Kind::Failed => News::Failed,
        Kind::Complaint => News::Complaint,
        Kind::Delivered => News::Delivered,
        Kind::Delayed => News::Delayed,
        Kind::AutoReply => News::AutoReply,
    }
}

/// The beginning of somebody's words, without what no reader can read.
fn cut(words: &str) -> String {
    let words = legible(&words[..words.floor_char_boundary(WORDS_OCTETS_MAX)]);
    words[..words.floor_char_boundary(WORDS_OCTETS_MAX)].to_owned()
}

fn printable(helo: &str) -> String {
    cut(&helo.chars().filter(|c| !c.is_control()).collect::<String>())
}
