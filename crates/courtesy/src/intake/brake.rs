//! The brake: where so many notices of one kind come at once, a person is asked before they go out.
//!
//! In: events about to be kept. Out: the same, their messages held where the library's limit for an hour is passed; and a notice to the
//! library's staff that says how many, once. An import gone wrong tells a whole town that its books are overdue; who meant it lets them go.
//! Events told again do not count. Not here: letting go and dropping (`store`).

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::{Event, Intake, Receipt, Side, Told};
use crate::library::{Library, LibraryCode};
use crate::notice::Language;
use crate::notice::catalogue::{Audience, Notice};
use crate::notice::status::Status;
use crate::queue::State;
use crate::store::{BRAKE, Flow, NewEvent};
use crate::timeline::{Entry, What};

/// How long a count is believed: others count too, and a person may let go.
const BELIEVED: Duration = Duration::from_secs(1);

/// Kinds of notices of libraries remembered: all of a large consortium's.
const KINDS_MAX: usize = 50_000;

/// A library's kind of notice.
type Of = (LibraryCode, String);

/// What is known of the flow of notices.
#[derive(Debug, Default)]
pub(super) struct Flows(Mutex<HashMap<Of, (Flow, Instant)>>);

/// A kind of notice that was held just now, with how many messages.
pub(super) struct Braked {
    of: Of,
    limit: u32,
    held: u64,
}

impl Flows {
    fn known(&self, of: &Of, now: Instant) -> Option<Flow> {
        let flows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        flows.get(of).filter(|(_, at)| now.duration_since(*at) < BELIEVED).map(|(flow, _)| *flow)
    }

    fn learn(&self, of: Of, flow: Flow, now: Instant) {
        let mut flows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if flows.len() >= KINDS_MAX {
            flows.clear();
        }
        flows.insert(of, (flow, now));
    }

    fn add(&self, of: &Of, messages: i64) {
        let mut flows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((flow, _)) = flows.get_mut(of) {
            flow.made += messages;
        }
    }
}

impl Intake {
    /// Holds messages whose kind is on the brake, or comes on it by them. Gives the kinds that were held just now.
    pub(super) async fn brake(
        &self,
        mut written: Vec<&mut (Receipt, NewEvent)>,
        now: Timestamp,
    ) -> crate::store::Result<Vec<Braked>> {
        let mut by_kind: BTreeMap<Of, Vec<usize>> = BTreeMap::new();
        for (place, (_, event)) in written.iter().enumerate() {
            for message in
                event.messages.iter().filter(|message| message.state == State::Queued && counts(&message.notice))
            {
                by_kind.entry((event.library.clone(), message.notice.clone())).or_default().push(place);
            }
        }
        let mut braked = Vec::new();
        for (of, places) in by_kind {
            let Some(library) = self.book.library(&of.0) else { continue };
            let Some(limit) = self.limit(&library) else { continue };
            let mut flow = self.flow(&of, limit, now).await?;
            if flow.is_held {
                // What is remembered is a second old, and somebody may have let it go since.
                flow = self.flow_now(&of, limit, now).await?;
            }
            let many = i64::try_from(places.len()).unwrap_or(i64::MAX);
            if !flow.is_held && flow.made.saturating_add(many) <= i64::from(limit) {
                self.flows.add(&of, many);
                continue;
            }
            if !flow.is_held {
                let new = self.not_told_before(&of.0, places.iter().map(|place| &written[*place].1)).await?;
                if flow.made.saturating_add(new) <= i64::from(limit) {
                    self.flows.add(&of, new);
                    continue;
                }
                if self.store.brake(&of.0, &of.1, now).await? {
                    braked.push(Braked { of: of.clone(), limit, held: u64::try_from(new).unwrap_or(0) });
                }
                self.flows.learn(of.clone(), Flow { is_held: true, ..flow }, Instant::now());
            }
            for place in places {
                hold(written[place], &of.1, now);
            }
        }
        for one in &mut braked {
            one.held += self.store.hold_waiting(&one.of.0, &one.of.1, now).await?;
        }
        Ok(braked)
    }

    /// Tells the library's staff of what was held.
    pub(super) async fn tell_of_brakes(&self, braked: Vec<Braked>, now: Timestamp) -> crate::store::Result<()> {
        for one in braked {
            let Braked { of: (library, notice), limit, held } = one;
            tracing::warn!(%library, notice, held, limit, "so many notices at once are held until somebody lets them go");
            let Some(language) = self.language_of(&library) else { continue };
            let mut told = Told::default();
            told.fields.insert("count".to_owned(), held.to_string());
            told.fields.insert("reason".to_owned(), reason(&library, &notice, limit, language));
            let event = Event {
                library,
                request: format!("brake {notice}"),
                status: Status::OpsQueueStuck,
                side: Side::Borrowing,
                occurrence: now.to_string(),
                told,
                source: "brake",
            };
            // One that tells of this is not counted, so this goes one step deep.
            Box::pin(self.tell(event)).await?;
        }
        Ok(())
    }

    /// Takes other settings of the brake.
    pub fn set_brake(&self, brake: crate::config::Brake) {
        *self.brake.lock().unwrap_or_else(PoisonError::into_inner) = brake;
    }

    fn settings(&self) -> crate::config::Brake {
        *self.brake.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many of a kind may go out within the time of the settings; none where the library has no limit.
    fn limit(&self, library: &Library) -> Option<u32> {
        Some(library.brake_at.unwrap_or(self.settings().notices)).filter(|limit| *limit > 0)
    }

    async fn flow(&self, of: &Of, limit: u32, now: Timestamp) -> crate::store::Result<Flow> {
        match self.flows.known(of, Instant::now()) {
            Some(known) => Ok(known),
            None => self.flow_now(of, limit, now).await,
        }
    }

    async fn flow_now(&self, of: &Of, limit: u32, now: Timestamp) -> crate::store::Result<Flow> {
        let within = SignedDuration::try_from(self.settings().within).unwrap_or(SignedDuration::from_hours(1));
        let since = now.checked_sub(within).unwrap_or(Timestamp::MIN);
        let flow = self.store.flow(&of.0, &of.1, since, i64::from(limit) + 1).await?;
        self.flows.learn(of.clone(), flow, Instant::now());
        Ok(flow)
    }

    /// How many of these events were not told before.
    async fn not_told_before<'e>(
        &self,
        library: &LibraryCode,
        events: impl Iterator<Item = &'e NewEvent>,
    ) -> crate::store::Result<i64> {
        let keys: Vec<String> = events.map(|event| event.natural_key.clone()).collect();
        let told = self.store.told_before(library, &keys).await?;
        let told: std::collections::HashSet<&String> = told.iter().collect();
        Ok(i64::try_from(keys.iter().filter(|key| !told.contains(key)).count()).unwrap_or(i64::MAX))
    }
}

/// Operators' own notices are what tells of the brake, and are few.
fn counts(notice: &str) -> bool {
    Notice::from_code(notice).map_or(true, |notice| notice.audience != Audience::Operator)
}

fn hold((receipt, event): &mut (Receipt, NewEvent), notice: &str, now: Timestamp) {
    let messages = event.messages.iter_mut().zip(&mut receipt.messages);
    for (message, planned) in messages.filter(|(message, _)| message.notice == notice && message.state == State::Queued)
    {
        message.state = State::Held;
        message.cause = Some(BRAKE.to_owned());
        message.due_at = Some(message.deadline);
        let what = What::Held { cause: BRAKE.to_owned(), fields: Vec::new() };
        message.entries.push(Entry { at: now, what });
        (planned.state, planned.cause, planned.gather_at) = (State::Held, Some(BRAKE), None);
    }
}

fn reason(library: &LibraryCode, notice: &str, limit: u32, language: Language) -> String {
    let entry = Notice::from_code(notice).ok().and_then(Notice::entry);
    let label = entry.map_or(notice, |entry| entry.label(language));
    let how = format!("courtesy queue let-go --library {library} --notice {notice}");
    match language {
        Language::En => format!(
            "More than {limit} notices “{label}” within an hour. Send them: {how}. Or drop them: courtesy queue drop …"
        ),
        Language::Fr => format!(
            "Plus de {limit} avis « {label} » en une heure. Pour les envoyer : {how}. Pour les abandonner : courtesy queue drop …"
        ),
    }
}
