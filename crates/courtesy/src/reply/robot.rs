//! Person or machine, and who may be answered: RFC 3834 to the letter, and what rude machines do instead.

use std::sync::LazyLock;

use regex::Regex;
use standards::address::Address;
use standards::domain::Domain;
use standards::dsn::Letter;

use crate::library::Library;
use crate::outcome::Cause;
use crate::outcome::bounce;

/// Why a mail was not written by a person for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Robot {
    /// A report on a delivery, a receipt, a complaint: nothing that came to an unsigned address is acted on.
    Report,
    /// A machine answered for somebody: absence, receipt of a message.
    Absence(Cause),
    /// A machine wants a person to confirm that we are one: a person should see it.
    Challenge(Cause),
    /// A machine wrote it, and says so.
    Automatic,
    /// A list or a bulk mailing.
    Bulk,
    /// A machine that takes no answers.
    NoReply,
    /// One of ours has come back.
    Ours,
}

impl Robot {
    /// Its name in lists and answers.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Absence(_) => "auto_reply",
            Self::Challenge(_) => "challenge",
            Self::Automatic => "automatic",
            Self::Bulk => "bulk",
            Self::NoReply => "robot",
            Self::Ours => "ours",
        }
    }
}

/// Why a person's mail gets no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// There is no return path to answer to.
    NoReturnPath,
    /// The return path is a machine's, a list's or ours, or the library's own.
    NotAPerson,
    /// It asks for no automatic answers.
    Asked,
    /// We were not among those it was written to (RFC 3834 §2).
    NotToUs,
    /// It has been around.
    Loop,
}

/// Local parts behind which nobody reads (RFC 3834 §2, RFC 2142, and what people call them).
static NOBODY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^(?:(?:do[._-]?)?(?:not?|ne)[._-]?(?:pas[._-]?)?(?:reply|r[eé]pondre|respond|answer)|mailer-daemon|postmaster|mail-?daemon|daemon|root|nobody",
        r"|bounces?|listserv|majordomo|mailman|list-?server|auto-?(?:reply|responder|answer|mailer)|notifications?|alerts?|robot|cron|www-data|abuse|hostmaster)(?:[+._=-].*)?$",
        r"|^owner-|-(?:owner|request|bounces?|relay|noreply)(?:\+.*)?$|^(?:b|prvs|srs[01]?)[+=].*|[._+-]no-?reply$",
    ))
    .expect("fixed")
});

/// Whether nobody reads what is written to `local`.
fn is_nobody(local: &str) -> bool {
    NOBODY.is_match(&local.to_lowercase())
}

/// What machine wrote the mail; none for a person. `mail_from` is its return path, empty for none.
#[must_use]
pub fn robot(letter: &Letter, mail_from: &str, message_id: Option<&str>, ours: &[Domain]) -> Option<Robot> {
    let lower = |name: &str| letter.field(name).map(str::to_ascii_lowercase);
    let within_ours = |domain: &str| Domain::parse(domain).is_ok_and(|d| ours.iter().any(|our| d.is_within(our)));
    let from_ours = letter.from.as_deref().and_then(|from| from.rsplit_once('@')).is_some_and(|(_, d)| within_ours(d));
    let id_ours = message_id.and_then(|id| id.rsplit_once('@')).is_some_and(|(_, domain)| within_ours(domain));
    if from_ours || id_ours {
        return Some(Robot::Ours);
    }
    let kind = lower("content-type").unwrap_or_default();
    let is_report = kind.starts_with("multipart/report")
        || kind.starts_with("message/delivery-status")
        || letter.report.is_some() && mail_from.is_empty()
        || letter.feedback.is_some()
        || letter.field("x-failed-recipients").is_some();
    if is_report {
        return Some(Robot::Report);
    }
    if let Some(cause) = bounce::automatic(letter) {
        let challenge = cause.code() == "auto_reply.challenge";
        return Some(if challenge { Robot::Challenge(cause) } else { Robot::Absence(cause) });
    }
    // RFC 3834 §2: no mail with an empty return path is answered; §5: nor any that says that it was not written by hand.
    let submitted = lower("auto-submitted").unwrap_or_else(|| "no".to_owned());
    let by_hand = submitted.split([';', ' ', '(']).next() == Some("no");
    if mail_from.is_empty() || !by_hand {
        return Some(Robot::Automatic);
    }
    let precedence = lower("precedence").unwrap_or_default();
    let listed = letter.header.iter().any(|(name, _)| {
        name.starts_with("list-") || ["mailing-list", "x-mailing-list", "x-beenthere", "feedback-id"].contains(&name)
    });
    if listed || ["bulk", "list", "junk"].contains(&precedence.trim()) {
        return Some(Robot::Bulk);
    }
    let locals = [letter.from.as_deref().unwrap_or_default(), mail_from];
    let nobody = locals.iter().any(|one| one.rsplit_once('@').is_some_and(|(local, _)| is_nobody(local)));
    nobody.then_some(Robot::NoReply)
}

/// Where the answer to a person's mail goes: its return path (RFC 3834 §4), unless it should get none.
///
/// # Errors
/// [`Silence`], with the reason.
pub fn answer_to(
    letter: &Letter,
    mail_from: &str,
    to: &Address,
    library: &Library,
    ours: &[Domain],
) -> Result<Address, Silence> {
    let address = Address::parse(mail_from).map_err(|_| Silence::NoReturnPath)?;
    let desk = library.reply_to.iter().chain(&library.from).chain(&library.borrowing_staff);
    let mut desk = desk.chain(&library.lending_staff).chain(&library.cc);
    let is_desk = desk.any(|one| super::same(one, &address));
    if is_nobody(address.local()) || is_desk || ours.iter().any(|our| address.domain().is_within(our)) {
        return Err(Silence::NotAPerson);
    }
    // MS-OXCMAIL §2.2.3.2.14.
    let suppress = letter.field("x-auto-response-suppress").unwrap_or_default().to_ascii_lowercase();
    let asked = suppress.split([',', ' ']).any(|word| ["all", "oof", "autoreply"].contains(&word));
    if asked || letter.field("x-spam-flag").is_some_and(|flag| flag.trim().eq_ignore_ascii_case("yes")) {
        return Err(Silence::Asked);
    }
    if letter.header.iter().any(|(name, _)| name == "x-loop" || name == "x-courtesy-loop") {
        return Err(Silence::Loop);
    }
    let named = |(name, value): (&str, &str)| {
        let places = ["to", "cc", "resent-to", "resent-cc"];
        places.contains(&name) && value.to_ascii_lowercase().contains(&to.to_string().to_ascii_lowercase())
    };
    if letter.header.iter().any(named) { Ok(address) } else { Err(Silence::NotToUs) }
}
