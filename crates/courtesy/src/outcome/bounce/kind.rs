//! What kind of mail came back, where it is no delivery report by the standard.

use std::sync::LazyLock;

use regex::Regex;
use standards::dsn::{Feedback, Letter, Recipient};

use super::{Cause, Finding, Kind, plain_finding};
use crate::outcome::meaning::plain;

/// Findings of a feedback report (RFC 5965 §7.3). Only a person's own word is a complaint that counts.
pub(super) fn feedback(feedback: &Feedback, letter: &Letter) -> Vec<Finding> {
    let (kind, cause) = match feedback.kind.as_str() {
        "not-spam" => (Kind::Delivered, "delivered"),
        "opt-out" | "opt-out-list" => (Kind::Complaint, "complaint.optout"),
        // RFC 6591: a machine's report about failed authentication. No patron complained.
        "auth-failure" => (Kind::Complaint, "complaint.auth"),
        _ => (Kind::Complaint, "complaint"),
    };
    let cause = Cause::of(cause);
    if feedback.recipients.is_empty() {
        return vec![plain_finding(letter.original.to(), kind, cause)];
    }
    feedback.recipients.iter().map(|recipient| plain_finding(Some(recipient.clone()), kind, cause)).collect()
}

/// A mail that a machine wrote for a person: absence, receipt, challenge (RFC 3834). None for reports and for people.
pub(super) fn automatic(letter: &Letter) -> Option<Cause> {
    let subject = plain(&letter.subject);
    let says_failure = FAILURE.is_match(&subject);
    if says_failure || is_named_daemon(letter) {
        return None;
    }
    let text = plain(letter.texts.first().map_or("", String::as_str));
    if CHALLENGE.is_match(&subject) || CHALLENGE.is_match(&text) {
        return Some(Cause::of("auto_reply.challenge"));
    }
    let submitted = letter.field("auto-submitted").map(str::to_ascii_lowercase);
    let replied = submitted.as_deref().is_some_and(|value| value.starts_with("auto-replied"));
    let own_field =
        ["x-autoreply", "x-autorespond", "x-autoreply-from", "x-auto-response-type", "x-vacation", "x-apple-criteria"];
    let precedence = letter.field("precedence").is_some_and(|value| value.to_ascii_lowercase().contains("auto"));
    let by_field = replied || precedence || own_field.iter().any(|name| letter.field(name).is_some());
    // RFC 3834 §3.3: it leaves with an empty return path, as reports do. A person's name and no word of a failure part it
    // from those.
    let by_path = letter.field("return-path").map(str::trim) == Some("<>")
        && letter.field("precedence").is_some()
        && letter.report.is_none()
        && letter.field("x-failed-recipients").is_none()
        && !FAILURE.is_match(&text);
    (by_field || by_path || ABSENCE.is_match(&subject)).then(|| Cause::of("auto_reply"))
}

/// Whether a service that wants its members' correspondents to prove themselves has put that into the form of a report.
pub(super) fn challenges_in_a_report(letter: &Letter) -> bool {
    let for_now = |recipient: &Recipient| recipient.status.is_none_or(|status| status.class == 4);
    let words = || letter.texts.iter().any(|text| CHALLENGE.is_match(&plain(text)));
    letter.report.as_ref().is_some_and(|report| report.recipients.iter().all(for_now))
        && !is_named_daemon(letter)
        && !FAILURE.is_match(&plain(&letter.subject))
        && words()
}

/// Whether a mail without report fields reports on a delivery: a machine sent it, or its subject or its words say so.
pub(super) fn is_report(letter: &Letter) -> bool {
    has_marks(letter) || letter.texts.iter().any(|text| FAILURE.is_match(&plain(text)))
}

/// Whether more than the words of a mail say that it reports on something. A person may quote such words.
pub(super) fn has_marks(letter: &Letter) -> bool {
    is_daemon(letter)
        || FAILURE.is_match(&plain(&letter.subject))
        || letter.report.is_some()
        || letter.feedback.is_some()
        || letter.field("x-failed-recipients").is_some()
        || letter.field("content-type").is_some_and(|value| value.to_ascii_lowercase().contains("delivery-status"))
}

/// Whether it only says that the sender still tries.
pub(super) fn is_delay(letter: &Letter) -> bool {
    static STILL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(concat!(
            r"(?:will|continue|continuing|keep)[^.]{0,40}(?:try|retry|retries|retried|attempt)",
            r"|not yet been delivered|has been delayed|delivery (?:has been |is )?delayed|no action is required",
            r"|do not need to resend|don't need to (?:retry|resend)|this is a warning message only",
        ))
        .expect("fixed")
    });
    static OVER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"permanent|giv(?:en|ing) up|gave up|not (?:be )?(?:going to )?(?:try|retr)|could not be delivered|undeliver|failed|fatal|will not")
            .expect("fixed")
    });
    let subject = plain(&letter.subject);
    let text = plain(letter.texts.first().map_or("", String::as_str));
    let says_still = STILL.is_match(&text) || subject.contains("delay") || subject.contains("warning");
    let says_so = ["will be retried", "do not need to resend", "warning message only", "temporary failure report"];
    says_so.iter().any(|words| text.contains(words)) || (says_still && !OVER.is_match(&text))
}

/// A request to be left alone, as mail programs write it for people (RFC 2369 §3.2).
pub(super) fn is_unsubscribe(letter: &Letter) -> bool {
    let subject = plain(&letter.subject);
    let text = plain(letter.texts.first().map_or("", String::as_str));
    (subject == "unsubscribe" || text.contains("sent this email to unsubscribe")) && !is_daemon(letter)
}

/// RFC 3464 §2 has reports come with an empty return path; so do absence notices (RFC 3834 §3.3).
fn is_daemon(letter: &Letter) -> bool {
    letter.field("return-path").map(str::trim) == Some("<>") || is_named_daemon(letter)
}

fn is_named_daemon(letter: &Letter) -> bool {
    let from = letter.field("from").unwrap_or_default().to_ascii_lowercase();
    let names = [
        "mailer-daemon",
        "postmaster",
        "post_master",
        "mail delivery",
        "mail deliver",
        "mdaemon",
        "system administrator",
    ];
    names.iter().any(|name| from.contains(name))
}

/// Subjects and sentences of mail that could not be delivered.
static FAILURE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"undeliver|not (?:be )?deliver|returned (?:mail|to sender)|delivery (?:status|fail|error|problem|notification|report|has failed)",
        r"|mail (?:delivery|system) (?:fail|error)|failure (?:notice|delivery)|fail(?:ed|ure) to deliver|could ?n[o']t (?:be )?(?:deliver|sen)",
        r"|mail could not be|unable to deliver|non.?delivery|nondeliverable|message rejected|warning: (?:could not|message)",
        r"|error (?:sending|delivering)|unzustellbar|non remis|echec (?:de|de la) (?:remise|livraison|distribution)|no se (?:pudo|ha podido) entregar",
        r"|nao entregue|mancat[ao] (?:consegna|recapito)|エラー通知|配信(?:エラー|不能|失敗)|退信|delivery status notification",
    ))
    .expect("fixed")
});

/// Subjects of absence notices.
static ABSENCE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^(?:re: ?)?\W*(?:auto(?:matic|mated|mat)?[ -]?(?:re(?:ply|sponse|ponder)|antwort|matische antwort)|auto:)",
        r"|out of (?:the )?office|vacation|on (?:holiday|leave)|away from (?:my|the) (?:mail|desk|office|email)|absen(?:ce|t)\b",
        r"|reponse automatique|abwesen|automatische antwort|respuesta automatica|resposta automatica|risposta automatica|fuera de (?:la )?oficina",
        r"|fora do escritorio|fuori (?:sede|ufficio)|autosvar|automatisch antwoord|afwezig|ausencia|ferias|vacaciones|en conge\b|urlaub|ferie\b",
        r"|automatyczna odpowied|poza biurem|automaticka odpoved|automatikus valasz|otomatik (?:yanit|cevap)|automaattinen vastaus|poissa",
        r"|fravær|franvaro|автоответ|автоматический ответ|в отпуске|отсутств|不在|自動(?:返信|応答|回覆)|自动(?:回复|答复)|휴가|부재중|자동 ?(?:응답|회신)",
    ))
    .expect("fixed")
});

/// Mail that wants a person to confirm that we are one.
static CHALLENGE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?:confirm|verify|prove)[^.]{0,60}(?:you are (?:a )?(?:human|person|real)|your (?:message|mail|email)[^.]{0,30}(?:deliver|release)|sender)",
        r"|click[^.]{0,60}(?:to (?:confirm|release|deliver|be added|approve|have your (?:address|message|mail|e-?mail)))|challenge.response|spam ?arrest|boxbe|sender verification (?:request|required)",
        r"|your (?:message|mail|email)[^.]{0,60}(?:held|quarantin|waiting)[^.]{0,60}(?:approv|confirm|verif)",
    ))
    .expect("fixed")
});
