//! What a patron hears who wrote STOP, START or HELP: that it was heard, whose texts these are, and the way back.
//!
//! In: the word, the library's name and telephone. Out: one text message, of one part where names allow. Letters that only the costly
//! alphabet has are left out of the French. Not here: whether it is sent (`texting`).

use super::Word;
use crate::notice::Language;

impl Word {
    /// Every word.
    pub const ALL: [Self; 3] = [Self::Stop, Self::Start, Self::Help];

    /// What stands in the place of a notice's code in a message that answers it.
    #[must_use]
    pub fn notice(self) -> &'static str {
        match self {
            Self::Stop => "text_stopped",
            Self::Start => "text_started",
            Self::Help => "text_help",
        }
    }

    /// Reads [`Word::notice`]; none where it is a notice of the catalogue, or nothing.
    #[must_use]
    pub fn from_notice(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|word| word.notice() == code)
    }

    /// The text that answers it.
    #[must_use]
    pub fn answer(self, library: &str, phone: Option<&str>, language: Language) -> String {
        let call = |words: &str| phone.map(|phone| format!(" {words} {phone}.")).unwrap_or_default();
        match (self, language) {
            (Self::Stop, Language::En) => {
                format!("{library}: you will get no more text messages from us. Text START to get them again.")
            }
            (Self::Stop, Language::Fr) => {
                format!(
                    "{library}\u{a0}: vous ne recevrez plus de textos de notre part. DEBUT pour en recevoir de nouveau."
                )
            }
            (Self::Start, Language::En) => {
                format!("{library}: you will get our text messages again. Text STOP to end them.")
            }
            (Self::Start, Language::Fr) => {
                format!("{library}\u{a0}: vous recevrez de nouveau nos textos. ARRET pour ne plus en recevoir.")
            }
            (Self::Help, Language::En) => {
                let call = call("Questions? Call");
                format!("{library}: news about what you asked us for.{call} Text STOP to end texts.")
            }
            (Self::Help, Language::Fr) => {
                let call = call("Une question? Appelez le");
                format!("{library}\u{a0}: des nouvelles de vos demandes.{call} ARRET pour ne plus en recevoir.")
            }
        }
    }
}
