//! The ways to a patron, and how each stands, in their words.

use super::mine::Mine;
use super::say;
use jiff::Timestamp;

use crate::channel::Channel;
use crate::notice::catalogue::Notice;
use crate::outcome::stop::ListedAddress;
use crate::queue::State;
use crate::store::MessageRow;
use crate::web::Web;
use crate::web::oops::Oops;
use crate::web::shell::Shell;

/// A way to the patron.
pub(super) struct Way {
    pub(super) channel: Channel,
    pub(super) name: String,
    /// Where it leads, masked: a link may be forwarded.
    pub(super) to: String,
    pub(super) mood: &'static str,
    pub(super) stands: String,
    /// Whether notices go this way.
    pub(super) is_used: bool,
    /// Whether they stopped it themselves, and can undo that here.
    pub(super) may_undo: bool,
}

/// The word for a way.
pub(super) fn name(channel: Channel) -> &'static str {
    match channel {
        Channel::Mail => "me-way-mail",
        Channel::Text => "me-way-text",
        Channel::Push => "me-way-push",
        Channel::Letter => "me-way-letter",
    }
}

/// Every way that is known.
pub(super) async fn of(web: &Web, shell: &Shell, mine: &Mine, now: Timestamp) -> Result<Vec<Way>, Oops> {
    let (patron, library) = (mine.patron(), &mine.library);
    let mut ways = Vec::new();
    if let Some(email) = &patron.email {
        let stop = web.store.do_not_send(&library.code, &ListedAddress::of(email)).await?;
        let last = mine.mails().into_iter().find(|row| row.address == email.to_string());
        let (mood, stands, may_undo) = match (&stop, last) {
            (Some(stop), _) if stop.cause.is_within("complaint") => {
                let how = say::undo_needs(web, mine, now).await?;
                let stands = shell.say("me-mail-complained");
                let stands = how.map_or(stands.clone(), |how| format!("{stands} {}", shell.say(how)));
                ("bad", stands, how.is_none())
            }
            (Some(_), _) => ("bad", shell.say("me-mail-stopped"), false),
            (None, Some(row)) => {
                let (mood, stands) = self::stands(shell, row);
                (mood, shell.with("me-mail-last", "stands", stands), false)
            }
            (None, None) => ("quiet", shell.say("me-mail-new"), false),
        };
        let to = email.masked();
        ways.push(Way {
            channel: Channel::Mail,
            name: shell.say(name(Channel::Mail)),
            to,
            mood,
            stands,
            is_used: true,
            may_undo,
        });
    }
    if let Some(phone) = &patron.phone {
        let consent = web.store.consent(&library.code, phone.as_str()).await?;
        let (mood, stands, is_used) = match consent {
            Some(consent) if consent.given => ("good", shell.say("me-text-agreed"), true),
            Some(_) => ("quiet", shell.say("me-text-refused"), false),
            None => ("quiet", shell.say("me-text-not-asked"), false),
        };
        let is_used = is_used && web.texts.gateway().is_some();
        let to = phone.masked();
        ways.push(Way {
            channel: Channel::Text,
            name: shell.say(name(Channel::Text)),
            to,
            mood,
            stands,
            is_used,
            may_undo: false,
        });
    }
    let devices = match mine.may_have_push() {
        true => web.store.subscriptions_of(&library.code, &mine.pass.patron).await?.len(),
        false => 0,
    };
    if devices > 0 {
        let (to, stands) = (String::new(), shell.with("me-push-devices", "count", devices));
        let name = shell.say(name(Channel::Push));
        ways.push(Way { channel: Channel::Push, name, to, mood: "good", stands, is_used: true, may_undo: false });
    }
    Ok(ways)
}

/// How a message stands, for its patron: a colour, and words.
pub(super) fn stands(shell: &Shell, row: &MessageRow) -> (&'static str, String) {
    let provider = row.provider.clone().unwrap_or_else(|| shell.say("messages-a-receiver"));
    match (row.state, row.channel) {
        (State::Accepted, Channel::Mail) => ("good", shell.with("me-state-accepted", "provider", provider)),
        (State::Accepted, Channel::Text) => ("good", shell.say("me-state-texted")),
        (State::Accepted, Channel::Push) => ("good", shell.say("me-state-pushed")),
        (State::Accepted, Channel::Letter) => ("good", shell.say("me-state-posted")),
        (State::Queued | State::Sending, _) => ("wait", shell.say("me-state-queued")),
        (State::Delayed, _) => ("wait", shell.say("me-state-delayed")),
        (State::Failed, _) => ("bad", shell.say("me-state-failed")),
        (State::Held, _) => ("held", shell.say("me-state-held")),
        (State::Suppressed, _) => ("bad", shell.say("me-state-suppressed")),
        (State::Gathered, _) => ("good", shell.say("me-state-gathered")),
        (State::Cancelled, _) => ("quiet", shell.say("me-state-cancelled")),
    }
}

/// What a notice tells, for its patron.
pub(super) fn status(shell: &Shell, notice: &str) -> String {
    match Notice::from_code(notice) {
        Ok(notice) => shell.say(&word_of(notice)),
        Err(_) => shell.say("me-status-other"),
    }
}

/// The word for what a notice tells.
pub(in crate::web) fn word_of(notice: Notice) -> String {
    format!("me-status-{}", notice.status.code().replace('_', "-"))
}
