//! The polite answer to whoever wrote to the shared address: it has come, a person reads it, and how to reach the desk.
//!
//! In: the library, the languages, the day. Out: subject and text. It goes to one writer at most once a day and says so.

use jiff::civil::Date;

use crate::library::Library;
use crate::notice::Language;
use crate::notice::catalogue::Audience;
use crate::notice::frame::Frame;

/// What the answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// RFC 3834 §3.1.5: that it is automatic, and the subject it answers.
    pub subject: String,
    /// The text, lines ended by LF.
    pub text: String,
}

/// Letters of the subject that is answered: beyond it nobody reads.
const SUBJECT_LETTERS_MAX: usize = 120;

/// Writes the answer in each of `languages`, the first one's subject on top.
#[must_use]
pub fn answer(library: &Library, languages: &[Language], subject: &str, today: Date) -> Answer {
    let first = languages.first().copied().unwrap_or(Language::En);
    let automatic = match first {
        Language::En => "Automatic answer: ",
        Language::Fr => "Réponse automatique\u{a0}: ",
    };
    let subject: String = subject.trim().chars().take(SUBJECT_LETTERS_MAX).collect();
    let texts: Vec<String> = languages.iter().map(|language| text(library, *language, today)).collect();
    Answer { subject: format!("{automatic}{subject}").trim().to_owned(), text: texts.join("\n* * *\n\n") }
}

fn text(library: &Library, language: Language, today: Date) -> String {
    let frame = Frame::of(library, Audience::Patron, language, today);
    let name = &frame.library_name;
    let (received, once) = match language {
        Language::En => (
            format!("Hello,\n\nThank you for writing. {name} has received your message, and a person will read it.\n"),
            "This answer was sent automatically. You get it at most once a day, so please do not reply to it.\n",
        ),
        Language::Fr => (
            format!(
                "Bonjour,\n\nMerci de nous avoir écrit. {name} a bien reçu votre message\u{a0}: une personne le lira.\n"
            ),
            "Cette réponse est automatique. Vous la recevez au plus une fois par jour\u{a0}; il est inutile d’y répondre.\n",
        ),
    };
    let contact = contact(&frame, language);
    if contact.is_empty() {
        return format!("{received}\n{once}");
    }
    let sooner = match language {
        Language::En => "If you need an answer sooner:\n",
        Language::Fr => "Pour une réponse plus rapide\u{a0}:\n",
    };
    format!("{received}\n{sooner}\n{contact}\n{once}")
}

/// The desk's contact, a line each.
fn contact(frame: &Frame, language: Language) -> String {
    let [phone, email, hours, web, closed] = match language {
        Language::En => ["Telephone:", "Email:", "Open:", "Web:", "Closed:"],
        Language::Fr => {
            ["Téléphone\u{a0}:", "Courriel\u{a0}:", "Heures d’ouverture\u{a0}:", "Site Web\u{a0}:", "Fermé\u{a0}:"]
        }
    };
    let rows = [(phone, &frame.phone), (email, &frame.email), (hours, &frame.hours), (web, &frame.url)];
    let mut lines: Vec<String> =
        rows.iter().filter_map(|(name, value)| value.as_ref().map(|value| format!("{name} {value}"))).collect();
    lines.extend(frame.closures.iter().map(|closure| format!("{closed} {closure}")));
    if lines.is_empty() { String::new() } else { format!("{}\n{}\n", frame.library_name, lines.join("\n")) }
}
