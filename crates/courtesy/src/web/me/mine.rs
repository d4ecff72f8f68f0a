//! All that a patron's page is made of: theirs, read once.

use std::sync::Arc;

use jiff::Timestamp;

use crate::channel::Channel;
use crate::intake::Told;
use crate::library::{Library, LibraryCode};
use crate::notice::catalogue::{Audience, Notice};
use crate::notice::status::Status;
use crate::patron::{BY_ADDRESS, Pass, Patron, Record};
use crate::push;
use crate::queue::State;
use crate::store::{MessageRow, PatronEvent};
use crate::web::Web;
use crate::web::oops::Oops;
use crate::web::visit::Visit;

/// Events read: more than are shown, for some have no notice to the patron.
const EVENTS: u32 = 60;

/// The events of a patron, and what the newest of them tells of how they are reached. Codes are none of them: where one was sent is not yet
/// known to be theirs, and whoever asks for many pushes no notice off their page.
async fn newest(web: &Web, library: &LibraryCode, key: &str) -> Result<(Vec<PatronEvent>, Patron), Oops> {
    let events = web.store.patron_events_but(library, key, Status::PatronCode.code(), EVENTS).await?;
    let of_event = |event: &PatronEvent| Some(serde_json::from_str::<Told>(&event.fields).ok()?.patron);
    let is_reached = |patron: &Patron| patron.email.is_some() || patron.phone.is_some();
    let told = events.iter().filter_map(of_event).find(is_reached);
    Ok((events, told.unwrap_or_default()))
}

/// A patron as they are known now; none where nothing is known of them. Codes alone make nobody known.
pub(super) async fn known_now(web: &Web, library: &LibraryCode, key: &str) -> Result<Option<Patron>, Oops> {
    let (events, told) = newest(web, library, key).await?;
    let record = web.store.patron(library, key).await?;
    let is_known = record.is_some() || !events.is_empty();
    Ok(is_known.then(|| record.unwrap_or_default().complete(&told)))
}

/// What is a patron's own.
pub(in crate::web) struct Mine {
    /// What this browser may.
    pub pass: Arc<Pass>,
    /// Their library.
    pub library: Arc<Library>,
    /// What is kept of them.
    pub record: Record,
    /// Their events, the newest first.
    pub events: Vec<PatronEvent>,
    /// What the newest event told of them.
    told: Patron,
}

impl Mine {
    /// All of the patron whose pass this browser has.
    ///
    /// # Errors
    /// When there is no such library, nothing is known of the patron any more, or the store is broken.
    pub(in crate::web) async fn of(web: &Web, visit: &Visit) -> Result<Self, Oops> {
        let pass = Arc::clone(visit.patron.as_ref().ok_or(Oops::NotFound)?);
        let library = Arc::clone(visit.library()?);
        let (events, told) = newest(web, &library.code, &pass.patron).await?;
        let record = web.store.patron(&library.code, &pass.patron).await?;
        if events.is_empty() && record.is_none() {
            return Err(Oops::NotFound);
        }
        Ok(Self { pass, library, record: record.unwrap_or_default(), events, told })
    }

    /// Whether they have no number, and are known by their address alone.
    pub(in crate::web) fn is_by_address(&self) -> bool {
        self.pass.patron.starts_with(BY_ADDRESS)
    }

    /// What is kept of them, to be changed. Of whoever has no number that is what they chose, and nothing else.
    pub(in crate::web) fn kept(&self) -> Record {
        match self.is_by_address() {
            true => Record { patron: Patron::default(), ..self.record.clone() },
            false => self.record.clone(),
        }
    }

    /// Whether they may have notifications: not where the library has no number for them, or one too long.
    pub(in crate::web) fn may_have_push(&self) -> bool {
        !self.is_by_address() && self.pass.patron.len() <= push::pass::NUMBER_OCTETS_MAX
    }

    /// What turns notifications on for a device of theirs. A device takes the place of their mail, so whoever merely followed a link,
    /// which may have been forwarded, gets none.
    pub(in crate::web) fn push_pass(&self, now: Timestamp) -> Option<push::pass::Pass> {
        let until = self.pass.proven_until.filter(|until| self.may_have_push() && now < *until)?;
        let (library, number) = (self.library.code.clone(), self.pass.patron.clone());
        Some(push::pass::Pass { library, number, made_at: now, until })
    }

    /// What the audit names: the library's number, and no address.
    pub(in crate::web) fn subject(&self) -> &str {
        if self.is_by_address() { "" } else { &self.pass.patron }
    }

    /// The patron as they are known now.
    pub(in crate::web) fn patron(&self) -> Patron {
        self.record.complete(&self.told)
    }

    /// The order in which they are reached: their own, or the library's, of the ways there are.
    pub(in crate::web) fn order(&self, usable: &[Channel]) -> Vec<Channel> {
        let chosen = if self.record.order.is_empty() { &self.library.reach.ladder } else { &self.record.order };
        chosen.iter().copied().filter(|channel| usable.contains(channel)).collect()
    }

    /// Whether `row` went to them: copies and notices to staff are made of the same events, and a code only asks.
    fn is_theirs(&self, row: &MessageRow) -> bool {
        let is_told = |notice: Notice| notice.audience == Audience::Patron && notice.status != Status::PatronCode;
        let is_copy = self.library.cc.iter().any(|copy| copy.to_string() == row.address);
        Notice::from_code(&row.notice).is_ok_and(is_told) && (!is_copy || self.patron().is_at(&row.address))
    }

    /// The last notice to them of an event; none where it has none.
    pub(in crate::web) fn last_of<'e>(&self, event: &'e PatronEvent) -> Option<&'e MessageRow> {
        let is_test = event.status == Status::TestNotice.code();
        event.messages.iter().rev().find(|row| !is_test && self.is_theirs(row))
    }

    /// Their messages by mail, the newest first, tests among them.
    pub(in crate::web) fn mails(&self) -> Vec<&MessageRow> {
        let rows = self.events.iter().flat_map(|event| event.messages.iter().rev());
        rows.filter(|row| row.channel == Channel::Mail && self.is_theirs(row)).collect()
    }

    /// The mail to ask about: the one whose link was followed, else the last that was accepted.
    pub(in crate::web) fn asked(&self) -> Option<&MessageRow> {
        let mut accepted = self.mails();
        accepted.retain(|row| row.state == State::Accepted);
        accepted.iter().find(|row| Some(row.id) == self.pass.message).or(accepted.first()).copied()
    }

    /// A message of theirs.
    pub(in crate::web) fn message(&self, id: &str) -> Option<&MessageRow> {
        let id = id.parse().ok()?;
        self.events.iter().flat_map(|event| &event.messages).find(|row| row.id == id && self.is_theirs(row))
    }

    /// Who has their mailbox, as the last of their mails was answered.
    pub(in crate::web) fn provider(&self) -> Option<String> {
        self.mails().iter().filter(|row| row.state == State::Accepted).find_map(|row| row.provider.clone())
    }
}
