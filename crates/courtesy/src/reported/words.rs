//! What has been reported, in words for people, English and French.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Counts;
use crate::notice::Language;

/// Whose machine a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// One of our relays.
    Ours,
    /// Somebody else's, and its mail passes the check: the domain's owner has permitted it.
    Permitted,
    /// Somebody else's, and its mail does not pass: a machine of the library's that nobody permitted, or a forger.
    Stranger,
}

impl Whose {
    /// From what was counted.
    #[must_use]
    pub fn of(ours: bool, counts: Counts) -> Self {
        match ours {
            true => Self::Ours,
            // Forwarding breaks some of it; most must pass.
            false if counts.passed.saturating_mul(2) >= counts.messages => Self::Permitted,
            false => Self::Stranger,
        }
    }
}

/// A source in one sentence: `A machine at 192.0.2.7 (printer.library.example) also sends as your domain ...`. Without a
/// source it is about all others together.
#[must_use]
pub fn source(
    source: Option<&str>,
    name: Option<&str>,
    whose: Whose,
    domain: &str,
    counts: Counts,
    since: Timestamp,
    language: Language,
) -> String {
    let since = since.to_zoned(TimeZone::UTC).date();
    let (n, passed, refused) = (counts.messages, counts.passed, counts.refused);
    let source = source.map(|ip| name.map_or_else(|| ip.to_owned(), |name| format!("{ip} ({name})")));
    let source = source.as_deref();
    match language {
        Language::En => {
            let what = source.map_or("Many other machines".to_owned(), |ip| format!("A machine at {ip}"));
            let some = format!("{n} {} since {since}", if n == 1 { "message" } else { "messages" });
            let sends = if source.is_some() { "sends" } else { "send" };
            match whose {
                Whose::Ours if passed == n => {
                    format!("Our relay at {} sends as {domain}: {some}, all in order.", source.unwrap_or("-"))
                }
                Whose::Ours => format!(
                    "Our relay at {} sends as {domain}: {some}, {} of which did not pass the check.",
                    source.unwrap_or("-"),
                    n - passed.min(n)
                ),
                Whose::Permitted => format!("{what} also {sends} as {domain}, with your permission: {some}."),
                Whose::Stranger => format!(
                    "{what} also {sends} as {domain} without permission: {some}, {refused} refused. \
                     If it is yours (a photocopier, a newsletter), permit it; if not, somebody forges your address."
                ),
            }
        }
        Language::Fr => {
            let what =
                source.map_or("Beaucoup d’autres machines".to_owned(), |ip| format!("Une machine à l’adresse {ip}"));
            let some = format!("{n} {} depuis le {since}", if n == 1 { "message" } else { "messages" });
            let (sends, aussi) = if source.is_some() { ("envoie", "aussi") } else { ("envoient", "aussi") };
            match whose {
                Whose::Ours if passed == n => {
                    format!(
                        "Notre relais {} envoie au nom de {domain} : {some}, tout est en ordre.",
                        source.unwrap_or("-")
                    )
                }
                Whose::Ours => format!(
                    "Notre relais {} envoie au nom de {domain} : {some}, dont {} n’ont pas passé la vérification.",
                    source.unwrap_or("-"),
                    n - passed.min(n)
                ),
                Whose::Permitted => {
                    format!("{what} {sends} {aussi} au nom de {domain}, avec votre autorisation : {some}.")
                }
                Whose::Stranger => format!(
                    "{what} {sends} {aussi} au nom de {domain} sans autorisation : {some}, dont {refused} refusés. \
                     Si elle est à vous (un photocopieur, une infolettre), autorisez-la ; sinon, quelqu’un usurpe votre adresse."
                ),
            }
        }
    }
}

/// How TLS went, in one sentence.
#[must_use]
pub fn tls(domain: &str, well: u64, failed: u64, language: Language) -> String {
    match (language, failed) {
        (Language::En, 0) => format!("Mail to {domain} came encrypted: {well} connections, none failed."),
        (Language::En, _) => format!("Mail to {domain}: {well} encrypted connections, and {failed} that failed."),
        (Language::Fr, 0) => format!("Le courriel à {domain} est arrivé chiffré : {well} connexions, aucun échec."),
        (Language::Fr, _) => format!("Courriel à {domain} : {well} connexions chiffrées, et {failed} échecs."),
    }
}
