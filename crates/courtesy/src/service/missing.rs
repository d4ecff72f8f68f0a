//! Libraries whose messages no process may send at the moment: an incident for each, and word to their webhooks, once they have waited a while.
//!
//! In: the libraries, and what all processes can send through. Out: incidents with the cause `relay.region`, opened and closed. Every process that
//! sends looks, for the one that sent for a region may be the one that died. Not here: sending (`delivery`).

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::delivery::seats::Whose;
use crate::http::App;
use crate::library::LibraryCode;
use crate::store::{NO_RELAY, Result};
use crate::webhook::Kind;

/// Nobody is told before: a process that is started again is back sooner.
const TOLD_AFTER: SignedDuration = SignedDuration::from_secs(60);

/// Open incidents that are looked through at the start.
const INCIDENTS_MAX: u32 = 10_000;

/// Who has no relay, as far as this process has seen.
#[derive(Default)]
pub(super) struct Missing {
    since: BTreeMap<LibraryCode, Timestamp>,
    /// Those whose incident is open; none before the store has said.
    told: Option<BTreeSet<LibraryCode>>,
}

impl Missing {
    /// Looks who has none, and tells what has changed.
    pub(super) async fn look(&mut self, app: &App, now: Timestamp) -> Result<()> {
        let mut told = match self.told.take() {
            Some(told) => told,
            None => open(app).await?,
        };
        let libraries = app.book.libraries();
        let without = libraries.iter().filter(|library| app.relays.whose(library, now) == Whose::Nobodys);
        let without: BTreeMap<&LibraryCode, &str> =
            without.map(|library| (&library.code, library.region.as_str())).collect();
        // Another process may have opened the incident, and be gone.
        let seen = told.iter().chain(self.since.keys());
        let back: BTreeSet<LibraryCode> = seen.filter(|code| !without.contains_key(code)).cloned().collect();
        self.since.retain(|code, _| without.contains_key(code));
        let done = async {
            for code in back {
                if app.store.close_incident(code.to_string(), NO_RELAY.to_owned(), now).await? {
                    tracing::info!(library = %code, "a relay may send its messages again");
                    app.store.tell_webhooks(code.clone(), Kind::RelayBack, json!({}), now).await?;
                }
                told.remove(&code);
            }
            for (code, region) in &without {
                let since = *self.since.entry((*code).clone()).or_insert(now);
                if told.contains(code) || now.duration_since(since) < TOLD_AFTER {
                    continue;
                }
                let (library, cause) = (code.to_string(), NO_RELAY.to_owned());
                if app.store.incident(library, cause, (*region).to_owned(), now).await? {
                    tracing::error!(library = %code, region, "no relay may send its messages: they wait");
                    let data = json!({ "region": region });
                    app.store.tell_webhooks((*code).clone(), Kind::RelayMissing, data, now).await?;
                }
                told.insert((*code).clone());
            }
            Ok(())
        };
        let done = done.await;
        self.told = Some(told);
        done
    }
}

/// The libraries whose incident is open.
async fn open(app: &App) -> Result<BTreeSet<LibraryCode>> {
    let open = app.store.incidents(None, INCIDENTS_MAX).await?.into_iter();
    let open = open.filter(|incident| incident.cause == NO_RELAY && incident.closed_at.is_none());
    Ok(open.filter_map(|incident| LibraryCode::parse(&incident.library).ok()).collect())
}
