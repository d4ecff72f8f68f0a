//! One message a day: what a patron would have been told in many.
//!
//! In: notices that may wait, where library or patron wish it. Out: where several wait for one patron when their hour has come, one message
//! that tells them all; one alone goes as it is. What is no longer true is told by none. A message that waits is due by itself some time
//! after its hour: where nobody gathers, patrons are told all the same. Not here: which notices may wait (`notice/catalogue.rs`), at which
//! hour (`library/timing.rs`), and what the message says (`together`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::rounds::Rounds;
use super::{Addressed, Event, Intake, Told, event, reminders, together};
use crate::channel::Channel;
use crate::id::{EventId, MessageId};
use crate::library::Library;
use crate::notice::Language;
use crate::notice::catalogue::{Audience, Notice};
use crate::notice::status::Status;
use crate::notice::value::ITEMS_MAX;
use crate::patron::Known;
use crate::queue::State;
use crate::store::{Gather, Member, NewEvent, NewMessage};
use crate::timeline::{Entry, What};

/// How often we look.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Messages of one look at a library.
const AT_ONCE: u32 = 500;

/// How long to wait after the store was broken.
const AFTER_TROUBLE: Duration = Duration::from_secs(30);

/// How long after its hour a message leaves by itself that nobody gathered: a look at all of a large consortium's takes minutes.
pub(super) const BY_ITSELF_AFTER: SignedDuration = SignedDuration::from_mins(30);

/// The door by which messages come that tell others together.
pub const SOURCE: &str = "digest";

/// Gathers until `stop`.
pub async fn run(intake: Arc<Intake>, stop: impl Future<Output = ()>) {
    let (every, at_once, after_trouble) = (LOOK_EVERY, AT_ONCE, AFTER_TROUBLE);
    let rounds = Rounds { every, at_once, after_trouble, trouble: "notices of a day could not be gathered" };
    let intake = &intake;
    // A look at once after one that gathered something: until nothing is left whose hour has come.
    let look = |now| async move { Ok(if intake.gather(now).await? > 0 { AT_ONCE as usize } else { 0 }) };
    rounds.run(stop, look).await;
}

impl Intake {
    /// With which others the message of `one` waits to be told, and until when; none where it leaves at once: its notice cannot wait, it
    /// goes by a way on which little can be said, or its day would have come before.
    pub(super) fn waits(
        &self,
        event: &Event,
        library: &Library,
        one: &Addressed,
        known: &Known,
        now: Timestamp,
    ) -> Option<Gather> {
        let may_wait = one.notice.may_wait() && matches!(one.channel, Channel::Mail | Channel::Push);
        if !may_wait || !known.digest.unwrap_or_else(|| library.gathers(self.gathers)) {
            return None;
        }
        let key = event.told.patron.key()?;
        let at = library.gather_at(event.source == reminders::SOURCE, now);
        let zone = TimeZone::get(&library.time_zone).unwrap_or(TimeZone::UTC);
        let said = event.told.said(event.status, &zone);
        let about = said.and_then(|said| match said.status {
            Status::DueSoon | Status::RenewalAccepted => said.due,
            Status::PickupReminder => said.pickup_by,
            _ => None,
        });
        if about.is_some_and(|day| at.to_zoned(zone).date() >= day) {
            return None;
        }
        let address = one.address.as_deref()?;
        let common = [key.as_str(), one.channel.code(), address, one.language.tag()].join("\u{1f}");
        let with = digest(&SHA256, common.as_bytes()).as_ref()[..16].try_into().ok()?;
        Some(Gather { at, with })
    }

    /// Gathers what waits to be told together at `now`; gives how many messages wait no longer.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn gather(&self, now: Timestamp) -> crate::store::Result<usize> {
        let mut gathered = 0;
        for library in self.store.libraries_to_gather(now).await? {
            let found = self.store.to_gather(&library, now, AT_ONCE).await?;
            let is_cut = found.len() == AT_ONCE as usize;
            let mut groups: Vec<Vec<Member>> = Vec::new();
            for one in found {
                match groups.last_mut().filter(|group| group.first().is_some_and(|first| first.with == one.with)) {
                    Some(group) => group.push(one),
                    None => groups.push(vec![one]),
                }
            }
            // The last of a full look may go on in the next one.
            if is_cut && groups.len() > 1 {
                groups.pop();
            }
            for group in groups {
                gathered += self.gather_group(group, now).await?;
            }
        }
        if gathered > 0 {
            self.wake.notify_one();
        }
        Ok(gathered)
    }

    async fn gather_group(&self, group: Vec<Member>, now: Timestamp) -> crate::store::Result<usize> {
        let library = group.first().and_then(|one| self.book.library(&one.row.library));
        // What is no longer true says so in its own history when its turn comes.
        let (told, mut alone): (Vec<Member>, Vec<Member>) = group.into_iter().partition(|one| {
            library.as_ref().is_some_and(|library| together::no_longer_true(one, library, now).is_none())
        });
        let mut gathered = 0;
        for all in told.chunks(ITEMS_MAX) {
            let message = match (all, &library) {
                ([_, _, ..], Some(library)) => self.telling(library, all, now),
                _ => None,
            };
            match message {
                Some(message) => {
                    let ids = all.iter().map(|one| one.row.id).collect();
                    // Where one was taken back meanwhile, the next look finds the others.
                    if self.store.gather(message, ids, now).await? {
                        gathered += all.len();
                    }
                }
                None => alone.extend_from_slice(all),
            }
        }
        if !alone.is_empty() {
            gathered += alone.len();
            self.store.let_alone(alone.into_iter().map(|one| one.row.id).collect(), now).await?;
        }
        Ok(gathered)
    }

    /// The message that tells `all`, and its event. It goes the way of the first, and has its other ways.
    fn telling(&self, library: &Library, all: &[Member], now: Timestamp) -> Option<NewEvent> {
        let (first, newest) = (all.first()?, all.last()?);
        let told: Told = serde_json::from_str(&newest.fields).ok()?;
        let language = Language::from_tag(&first.row.language)?;
        let notice = Notice { status: Status::PatronDigest, audience: Audience::Patron };
        let (source, _) = self.book.words(library.code.as_str(), notice, language)?;
        let id = EventId::new(now);
        let status = notice.status.code().to_owned();
        let entries = [
            What::Told { event: id, source: SOURCE.to_owned(), status: status.clone() },
            What::Gathers { count: all.len() },
        ];
        let message = NewMessage {
            id: MessageId::new(now),
            notice: notice.code(),
            language: language.tag(),
            channel: first.row.channel,
            address: first.row.address.clone(),
            ladder: first.ladder.clone(),
            words_of: source.of.clone(),
            words_version: source.version,
            state: State::Queued,
            cause: None,
            due_at: Some(now),
            deadline: event::deadline(notice.entry()?, now, self.at_most),
            gather: None,
            entries: entries.map(|what| Entry { at: now, what }).to_vec(),
        };
        let requests = all.iter().map(|one| one.row.request.as_str());
        let told = Told {
            patron: told.patron,
            fields: BTreeMap::from([("count".to_owned(), all.len().to_string())]),
            hide_titles: told.hide_titles,
            ..Told::default()
        };
        Some(NewEvent {
            id,
            library: library.code.clone(),
            natural_key: format!("{SOURCE}\u{1f}{id}"),
            request: first.row.request.clone(),
            status,
            patron: told.patron.key().unwrap_or_default(),
            source: SOURCE,
            fields: serde_json::to_string(&told).ok()?,
            // Whoever looks for one of the requests finds it.
            found_by: told.found_by(requests.chain([first.row.address.as_str()]).filter(|text| !text.is_empty())),
            received_at: now,
            messages: vec![message],
            idempotency: None,
            news: None,
        })
    }
}
