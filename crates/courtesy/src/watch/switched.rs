//! Which library's sender has changed by itself, and which refusals are still the last word.
//!
//! In: the plan of each library as facts and answers come in. Out: a [`Change`] once for each switch; incidents opened by
//! a refusal for authentication and closed when the same provider takes a notice of the library again, in whatever name.
//! What is not known yet is told to nobody: the DNS that is silent today is no news.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use standards::domain::Domain;

use super::own_relay::RELAY_CAUSE;
use super::{Change, Senders};
use crate::library::{Library, LibraryCode};
use crate::sender::{Plan, Rung, SenderKind, Standing};
use crate::store::{self, Incident, Store};

/// Open incidents looked at when we start: more than that is one incident, whatever the list says.
const INCIDENTS_MAX: u32 = 10_000;

/// What parts an incident's detail: who refused, and what.
const REFUSED: &str = " refused ";

/// The incident of a library whose own address can no longer be used. Its detail is the domain.
pub const UNPROVEN_CAUSE: &str = "sender.unproven";

/// Whether an incident still needs somebody: it is open, and neither another sender nor a change of the Participant Record
/// has solved it since. `plan` is the library's as things stand.
#[must_use]
pub fn still_stands(incident: &Incident, library: &Library, plan: &Plan) -> bool {
    if incident.closed_at.is_some() {
        return false;
    }
    match incident.cause.as_str() {
        UNPROVEN_CAUSE => library.from.as_ref().is_some_and(|from| from.domain().as_str() == incident.detail),
        RELAY_CAUSE => library.relay.is_some(),
        // Notices may leave under another domain than the one refused.
        _ => refusal(incident).is_none_or(|(_, domain)| domain == plan.from.domain().as_str()),
    }
}

/// Who refused which domain, where the incident is such a refusal.
#[must_use]
pub fn refusal(incident: &Incident) -> Option<(&str, &str)> {
    let (provider, what) = incident.detail.split_once(REFUSED)?;
    Some((provider, what.split(" (").next().unwrap_or(what)))
}

/// What was told, and what is open.
pub(super) struct Told {
    senders: Mutex<HashMap<LibraryCode, (Domain, SenderKind)>>,
    /// Library, cause, and who refused which domain.
    refusals: Mutex<HashSet<(String, String, String)>>,
}

impl Told {
    pub(super) async fn open(store: &Store) -> store::Result<Self> {
        let open = store.incidents(None, INCIDENTS_MAX).await?.into_iter().filter(|one| one.closed_at.is_none());
        let refusals = open
            .filter(|one| one.detail.contains(REFUSED))
            .map(|one| (one.library, one.cause, one.detail.split(" (").next().unwrap_or_default().to_owned()));
        Ok(Self { senders: Mutex::default(), refusals: Mutex::new(refusals.collect()) })
    }
}

impl Senders {
    /// Tells of every library that writes from `domain` as `region` sends it, and whose sender is not what it was.
    pub(super) fn tell_changes(&self, domain: &Domain, region: &str, now: Timestamp) {
        for library in self.book.libraries() {
            let writes = library.from.as_ref().is_some_and(|from| from.domain() == domain);
            if writes && library.region == region {
                self.tell_change(&library, domain, now);
            }
        }
    }

    fn tell_change(&self, library: &Library, domain: &Domain, now: Timestamp) {
        let plan = self.plan(library, &[], now);
        let unknown = |way: &crate::sender::Considered| way.rung != Rung::Shared && way.standing == Standing::Unknown;
        if plan.sender == SenderKind::Shared && plan.considered.iter().any(unknown) {
            return;
        }
        let before = {
            let mut senders = self.told.senders.lock().unwrap_or_else(PoisonError::into_inner);
            senders.insert(library.code.clone(), (domain.clone(), plan.sender))
        };
        let was_own = || {
            let seen = self.observed.of(&library.code);
            seen.iter().any(|seen| seen.sender == SenderKind::Own && seen.accepted > 0)
        };
        let news = match &before {
            Some((of, sender)) if of == domain => *sender != plan.sender,
            // Another domain than before: staff know, they have set it. What was wrong with the old one is over.
            Some(_) => plan.sender == SenderKind::Own,
            // The first look after a start: well again, or no longer what receivers accepted in the last days.
            None => plan.sender == SenderKind::Own || was_own(),
        };
        if !news {
            return;
        }
        tracing::info!(library = %library.code, %domain, sender = plan.sender.code(), "the sender is another now");
        let (code, why) = (library.code.clone(), plan.reason.clone());
        // Nobody listens only while we are stopping.
        let _ = self.changes.send(Change { library: code, domain: domain.clone(), now: plan.sender, why });
    }

    /// A provider refused a message from `from`, sent the `way` told, for authentication: one incident, however often.
    pub(super) async fn refused(
        &self,
        library: &Library,
        from: &Domain,
        way: &str,
        provider: &str,
        cause: &str,
        now: Timestamp,
    ) {
        let what = format!("{provider}{REFUSED}{from}");
        let detail = format!("{what} ({way})");
        let (code, cause) = (library.code.to_string(), cause.to_owned());
        if let Err(error) = self.store.incident(code.clone(), cause.clone(), detail, now).await {
            tracing::error!(%error, "an incident could not be kept");
            return;
        }
        self.told.refusals.lock().unwrap_or_else(PoisonError::into_inner).insert((code, cause, what));
    }

    /// A provider accepted a message: what it refused before is over. Under the same sender it believes it again; under
    /// another one its patrons are reached all the same. The incident stays while another provider's refusal is open.
    pub(super) async fn accepted(&self, library: &Library, provider: &str, now: Timestamp) {
        let by_it = format!("{provider}{REFUSED}");
        let over: Vec<_> = {
            let mut refusals = self.told.refusals.lock().unwrap_or_else(PoisonError::into_inner);
            if refusals.is_empty() {
                return;
            }
            let of_it = |one: &(String, String, String)| one.0 == library.code.as_str() && one.2.starts_with(&by_it);
            let mut over: Vec<_> = refusals.iter().filter(|one| of_it(one)).cloned().collect();
            refusals.retain(|one| !of_it(one));
            over.retain(|(code, cause, _)| !refusals.iter().any(|open| open.0 == *code && open.1 == *cause));
            over
        };
        for (code, cause, _) in over {
            if let Err(error) = self.store.close_incident(code, cause, now).await {
                tracing::error!(%error, "an incident could not be closed");
            }
        }
    }
}
