//! What a library says on one kind of event to one audience: the catalogue, the words, the writing.
//!
//! In: a status, the words of a notice and the fields of one request. Out: subject, text and HTML of one message.
//! Not here: who is written to and on which channel (`queue`, `sender`), and the bytes of the mail (`delivery`).

// The closed lists
pub mod catalogue;
pub mod field;
pub mod status;
pub mod suggest;

// The language of words
pub mod check;
pub mod problem;
pub mod words;

// The writing
pub mod dates;
pub mod frame;
mod html;
pub mod letter;
pub mod render;
pub mod short;
mod text;
pub mod typography;
pub mod value;

pub mod builtin;

/// The languages we write in. A third is one more variant and one more folder of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    En,
    /// French.
    Fr,
}

impl Language {
    /// Every language, in the order in which pages offer them.
    pub const ALL: [Self; 2] = [Self::En, Self::Fr];

    /// The BCP 47 tag: `en`, `fr`.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Fr => "fr",
        }
    }

    /// Reads a tag such as `fr`, `fr-CA` or `FR_ca`: the first subtag decides (RFC 5646 §2.2.1).
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        Self::ALL.into_iter().find(|language| language.tag() == primary)
    }
}
