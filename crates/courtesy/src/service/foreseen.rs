//! Warns libraries whose SPF record does not go with announced changes of the relays: an incident for each, closed when it does.
//!
//! In: relays that come, and those that are gone; libraries' records. Out: incidents with the causes `sender.relay_coming` and
//! `sender.relay_gone`. Not here: what follows when the day is there (`watch`), and the announcement itself (`published`).

use jiff::Timestamp;

use crate::http::App;
use crate::store::Result;

/// Its own name will not be proven for a relay that comes.
const COMING: &str = "sender.relay_coming";

/// Its record allows an address that is no longer ours.
const GONE: &str = "sender.relay_gone";

/// Open incidents that are looked through.
const INCIDENTS_MAX: u32 = 10_000;

/// Looks at every library that writes in its own name, one after the other: nobody waits for it.
pub(super) async fn look(app: &App, now: Timestamp) -> Result<()> {
    let relays = app.config.relay.now();
    let is_changing = relays.iter().any(|relay| relay.is_still_planned(now).is_some() || relay.is_over(now));
    let open =
        app.store.incidents(None, INCIDENTS_MAX).await?.into_iter().filter(|incident| incident.closed_at.is_none());
    let had_some = open.into_iter().any(|incident| [COMING, GONE].contains(&incident.cause.as_str()));
    if !is_changing && !had_some {
        return Ok(());
    }
    for library in app.book.libraries().iter().filter(|library| library.from.is_some()) {
        let Some(foreseen) = app.senders.foresee(library, now).await else { continue };
        let coming = foreseen.lost_on.map(|(day, address)| format!("{address} from {day} on"));
        let gone = foreseen.still_allowed.map(|address| address.to_string());
        for (cause, detail) in [(COMING, coming), (GONE, gone)] {
            let (code, cause) = (library.code.to_string(), cause.to_owned());
            match detail {
                Some(detail) => drop(app.store.incident(code, cause, detail, now).await?),
                None => drop(app.store.close_incident(code, cause, now).await?),
            }
        }
    }
    Ok(())
}
