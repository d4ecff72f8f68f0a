//! Mail that a library's own system hands in, to be passed on in an honest name: an event whose messages are written from that mail.
//!
//! In: a [`Submission`], whose library the door knows by its sign-in. Out: what is on disk, or why it is not taken, in words for
//! whoever set that system up. One recipient, one message: each has its own timeline and its own return path.

use std::net::IpAddr;

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use standards::address::Address;
use standards::domain::Domain;

use super::Intake;
use super::event::{Submitted, Told, until};
use crate::channel::{Channel, Ladder};
use crate::clock;
use crate::id::{EventId, MessageId};
use crate::library::{Library, LibraryCode};
use crate::notice::Language;
use crate::notice::catalogue::{Audience, Notice, Patience};
use crate::patron::Patron;
use crate::queue::State;
use crate::store::{Accepted, NewEvent, NewMessage};
use crate::submitted::{self, Arrival, Head, Recognised, UNKNOWN_KIND, Unfit};
use crate::timeline::{Entry, What};

/// The door's name in timelines.
const SOURCE: &str = "smtp";

/// A mail about to be taken.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Whose, by its sign-in.
    pub library: LibraryCode,
    /// Who is to get it.
    pub recipients: Vec<Address>,
    /// The mail as it came, lines ended by CR LF.
    pub mail: Vec<u8>,
    /// What the client called itself.
    pub helo: String,
    /// Its address.
    pub client: IpAddr,
    /// Our name, as the client knows it.
    pub host: String,
    /// The protocol by RFC 3848, such as `ESMTPSA`.
    pub with: &'static str,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handed {
    /// On disk, as this event with so many messages; perhaps since an earlier try whose answer was lost.
    Kept(EventId, usize),
    /// Not taken.
    Not(NotTaken),
}

/// Why a mail is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// The library is no longer there.
    NoLibrary,
    /// Its From belongs to another library: the domain.
    AnothersFrom(Domain),
    /// Nobody could pass it on.
    Unfit(Unfit),
}

impl Intake {
    /// Takes `submission`: on disk when this returns.
    ///
    /// # Errors
    /// When the store is broken; then nothing was taken.
    pub async fn submit(&self, submission: Submission, shared: &Domain) -> crate::store::Result<Handed> {
        let now = clock::now();
        let Some(library) = self.book.library(&submission.library) else {
            return Ok(Handed::Not(NotTaken::NoLibrary));
        };
        let head = Head::of(&submission.mail);
        if let Some(unfit) = submitted::unfit(&head) {
            return Ok(Handed::Not(NotTaken::Unfit(unfit)));
        }
        let libraries = self.book.libraries();
        let froms = head.first("from").map(submitted::addresses).unwrap_or_default();
        let anothers = froms.iter().find(|(_, from)| submitted::is_anothers(from, &library, &libraries, shared));
        if let Some((_, from)) = anothers {
            return Ok(Handed::Not(NotTaken::AnothersFrom(from.domain().clone())));
        }
        let recognised = submitted::recognise(&head);
        let language = head.first("content-language").and_then(|field| Language::from_tag(&field.value()));
        let language = library.language_for(language);
        let id = EventId::new(now);
        let event = self.event_of(id, &submission, &head, &library, &recognised, language, now);
        let messages = event.messages.len();
        let received = submitted::received(&Arrival {
            helo: &submission.helo,
            client: submission.client,
            host: &submission.host,
            with: submission.with,
            id: &id.to_string(),
            at: now,
        });
        let mail = [received.as_bytes(), &submission.mail].concat();
        let accepted = self.store.submit(event, mail).await?;
        self.wake.notify_one();
        Ok(match accepted {
            Accepted::Known { event, messages } => Handed::Kept(event, messages.len()),
            _ => Handed::Kept(id, messages),
        })
    }

    #[expect(clippy::too_many_arguments, reason = "what one mail says, read once")]
    fn event_of(
        &self,
        id: EventId,
        submission: &Submission,
        head: &Head<'_>,
        library: &Library,
        recognised: &Recognised,
        language: Language,
        now: Timestamp,
    ) -> NewEvent {
        let status = recognised.status.map_or(UNKNOWN_KIND, crate::notice::status::Status::code);
        let one = |to: &Address| self.message_of(id, to, library, recognised, language, now);
        let told = Told {
            patron: Patron { id: recognised.patron.clone(), ..Patron::default() },
            submitted: Some(Submitted {
                system: recognised.system.map(str::to_owned),
                generated: is_generated(recognised),
            }),
            ..Told::default()
        };
        let messages: Vec<NewMessage> = submission.recipients.iter().map(one).collect();
        NewEvent {
            id,
            library: library.code.clone(),
            natural_key: natural_key(id, submission, head),
            request: recognised.request.clone().unwrap_or_default(),
            status: status.to_owned(),
            patron: recognised.patron.clone().unwrap_or_default(),
            source: SOURCE,
            fields: serde_json::to_string(&told).expect("texts become JSON"),
            found_by: told.found_by(messages.iter().map(|message| message.address.as_str())),
            received_at: now,
            messages,
            idempotency: None,
            news: None,
        }
    }

    fn message_of(
        &self,
        event: EventId,
        to: &Address,
        library: &Library,
        recognised: &Recognised,
        language: Language,
        now: Timestamp,
    ) -> NewMessage {
        let notice = notice_of(to, library, recognised);
        let status = recognised.status.map_or(UNKNOWN_KIND, crate::notice::status::Status::code);
        let patience = notice.and_then(Notice::entry).map_or(Patience::News, |entry| entry.patience);
        let told = What::Told { event, source: SOURCE.to_owned(), status: status.to_owned() };
        NewMessage {
            id: MessageId::new(now),
            notice: notice.map_or_else(|| UNKNOWN_KIND.to_owned(), Notice::code),
            language: language.tag(),
            channel: Channel::Mail,
            address: to.to_string(),
            ladder: Ladder::default(),
            words_of: None,
            words_version: 0,
            state: State::Queued,
            cause: None,
            due_at: Some(now),
            deadline: until(patience, now, self.at_most),
            gather: None,
            entries: vec![Entry { at: now, what: told }],
        }
    }
}

/// The notice it is as good as: for staff where it goes to staff.
fn notice_of(to: &Address, library: &Library, recognised: &Recognised) -> Option<Notice> {
    let status = recognised.status?;
    let audiences = [
        (Audience::Borrowing, library.borrowing_staff.contains(to)),
        (Audience::Lending, library.lending_staff.contains(to)),
        (Audience::Patron, true),
        (Audience::Lending, true),
    ];
    let fitting = audiences.into_iter().filter(|(_, fits)| *fits).map(|(audience, _)| Notice { status, audience });
    fitting.into_iter().find(|notice| notice.entry().is_some())
}

/// A mail of a system we know, or of a kind we know, was written by a machine: absence notes about it help nobody.
fn is_generated(recognised: &Recognised) -> bool {
    recognised.system.is_some() || recognised.status.is_some()
}

/// The same mail to the same people is one event: a client whose answer got lost hands it in again. Where a mail has no Message-ID
/// of its own, two that are alike may be two.
fn natural_key(id: EventId, submission: &Submission, head: &Head<'_>) -> String {
    if head.first("message-id").is_none() {
        return format!("{SOURCE}\u{1f}{id}");
    }
    let mut people: Vec<String> = submission.recipients.iter().map(ToString::to_string).collect();
    people.sort_unstable();
    let all = [people.join("\n").as_bytes(), b"\n", &submission.mail[..]].concat();
    let hash: String = digest(&SHA256, &all).as_ref().iter().map(|octet| format!("{octet:02x}")).collect();
    format!("{SOURCE}\u{1f}{hash}")
}
