//! Telephone numbers that get no text messages, for the do-not-send page: which, why and since when.
//!
//! In: a library. Out: its lines, the newest first. A number is used again when its patron says so (START, or on their own page), and
//! never by staff: what was said there is the patron's own word. Not here: addresses of mail (`stops`).

use jiff::Timestamp;

use super::Web;
use super::oops::Oops;
use super::shell::Shell;
use super::visit::Visit;
use crate::channel::Channel;
use crate::staff::Right;
use crate::store::Consent;

/// Numbers on the page: the newest are those that somebody asks about.
const SHOWN_MAX: u32 = 100;

/// One number.
pub(super) struct Line {
    pub number: String,
    pub why: String,
    pub since: Timestamp,
}

/// The lines of the library of the path.
pub(super) async fn lines(web: &Web, visit: &Visit, shell: &Shell) -> Result<Vec<Line>, Oops> {
    let refused = web.store.texts_refused(&visit.library()?.code, SHOWN_MAX).await?;
    let acts = visit.may(Right::ActOnMessages);
    let line = |(number, consent): (String, Consent)| Line {
        why: shell.say(why(&consent)),
        since: consent.at,
        number: if acts { number } else { Channel::Text.masked(&number).unwrap_or_default() },
    };
    Ok(refused.into_iter().map(line).collect())
}

fn why(consent: &Consent) -> &'static str {
    match consent.how.as_str() {
        "gateway" if consent.by.starts_with("sms.invalid") => "no-texts-number",
        "event" => "no-texts-system",
        // A network that says STOP says what the patron told it.
        _ => "no-texts-patron",
    }
}
