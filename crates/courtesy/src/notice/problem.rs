//! What is wrong with the words of a notice, where, and in words an editor understands.
//!
//! In: a [`Trouble`] found by `words` or `check`. Out: a [`Problem`] with its place, said in English or French.
//! Not here: finding them.

use std::fmt;

use super::Language;
use super::catalogue::{Audience, Notice};
use super::field::Field;
use super::status::Status;

/// A place in the words: both count from 1, columns in letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct At {
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
}

/// Whether words with this problem can be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// They cannot.
    Error,
    /// They can; somebody should look.
    Warning,
}

/// One thing wrong at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub at: At,
    /// What.
    pub trouble: Trouble,
}

/// What can be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// More bytes than a notice may have.
    TooLong {
        /// The limit.
        bytes_max: usize,
    },
    /// More paragraphs, rows, fields or marks than a notice may have.
    TooMany,
    /// The first line is not `---`.
    NoFrontMatter,
    /// A second `---` is missing.
    FrontMatterOpen,
    /// A line of the front matter is not `key: value`.
    NotAKey,
    /// A key nobody reads.
    UnknownKey {
        /// As written.
        key: String,
        /// The key probably meant.
        suggestion: Option<&'static str>,
    },
    /// A key that stands twice.
    KeyTwice {
        /// The key.
        key: &'static str,
    },
    /// `status` or `subject` is missing.
    KeyMissing {
        /// The key.
        key: &'static str,
    },
    /// No such status.
    UnknownStatus {
        /// As written.
        given: String,
        /// The status probably meant.
        suggestion: Option<Status>,
    },
    /// No such audience.
    UnknownAudience {
        /// As written.
        given: String,
    },
    /// Nobody of that audience is told of that status.
    NotInCatalogue {
        /// The status.
        status: Status,
        /// The audience.
        audience: Audience,
    },
    /// No words after the front matter.
    Empty,
    /// A character that does not show.
    ControlCharacter,
    /// No such field.
    UnknownField {
        /// As written.
        name: String,
        /// The field probably meant.
        suggestion: Option<Field>,
    },
    /// No such filter.
    UnknownFilter {
        /// As written.
        name: String,
    },
    /// A filter that does not fit the field.
    WrongFilter {
        /// The field.
        field: Field,
        /// The filter.
        filter: &'static str,
    },
    /// Something opened on this line is not closed on it.
    Open {
        /// What was opened: `((`, `**`, `[`.
        mark: &'static str,
    },
    /// Marks inside marks inside marks.
    TooDeep,
    /// A link that is neither one url field nor one https address.
    NotALink {
        /// As written.
        given: String,
    },
    /// A link to a field that holds no link.
    NotAUrlField {
        /// The field.
        field: Field,
    },
    /// A row of facts that is not `| label | value |`.
    NotARow,
    /// A field this notice never carries.
    NeverComes {
        /// The field.
        field: Field,
        /// The notice.
        notice: Notice,
    },
    /// A field that may be missing, written so that the notice would then be held.
    MayBeMissing {
        /// The field.
        field: Field,
    },
    /// A link that leaves the library's and our own pages.
    ForeignLink {
        /// Where to.
        host: String,
    },
    /// A link shown as its address.
    BareUrl {
        /// The field.
        field: Field,
    },
    /// A subject whose own words are longer than a phone shows.
    LongSubject {
        /// Letters without the fields.
        letters: usize,
    },
    /// A title on a lock screen.
    TitleInPush {
        /// The field.
        field: Field,
    },
}

impl Trouble {
    /// Whether words with it can be published.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self {
            Self::MayBeMissing { .. } | Self::ForeignLink { .. } | Self::BareUrl { .. } | Self::LongSubject { .. } => {
                Severity::Warning
            }
            _ => Severity::Error,
        }
    }

    /// What is wrong and what to do, in one sentence or two.
    #[must_use]
    pub fn say(&self, language: Language) -> String {
        match language {
            Language::En => self.say_en(),
            Language::Fr => self.say_fr(),
        }
    }

    fn say_en(&self) -> String {
        let mean = |suggestion: Option<String>| suggestion.map_or_else(String::new, |s| format!(": did you mean {s}?"));
        match self {
            Self::TooLong { bytes_max } => format!("the notice is longer than {} KB", bytes_max / 1024),
            Self::TooMany => "the notice has too many paragraphs, rows, fields or marks".into(),
            Self::NoFrontMatter => "the first line must be ---, then status: and subject:".into(),
            Self::FrontMatterOpen => "the lines at the top must end with ---".into(),
            Self::NotAKey => "this line must be a name, a colon and a value, such as subject: ((title)) is here".into(),
            Self::UnknownKey { key, suggestion } => {
                format!("there is no “{key}” at the top of a notice{}", mean(suggestion.map(|s| format!("{s}:"))))
            }
            Self::KeyTwice { key } => format!("{key}: stands twice"),
            Self::KeyMissing { key } => format!("{key}: is missing"),
            Self::UnknownStatus { given, suggestion } => {
                format!("“{given}” is not a status{}", mean(suggestion.map(|s| s.code().to_owned())))
            }
            Self::UnknownAudience { given } => {
                format!("“{given}” is not an audience: write patron, borrowing, lending or operator")
            }
            Self::NotInCatalogue { status, audience } => {
                format!("there is no notice for {} on {status}", audience.code())
            }
            Self::Empty => "the notice has no words".into(),
            Self::ControlCharacter => "there is a character here that does not show: please delete it".into(),
            Self::UnknownField { name, suggestion } => {
                format!("there is no field (({name})){}", mean(suggestion.map(|f| format!("(({}))", f.name()))))
            }
            Self::UnknownFilter { name } => format!("there is no “{name}” after |: write date, time or upper"),
            Self::WrongFilter { field, filter } => format!("|{filter} does not go with (({}))", field.name()),
            Self::Open { mark } => format!("{mark} is opened here and not closed on this line"),
            Self::TooDeep => "too many marks inside one another".into(),
            Self::NotALink { given } => {
                format!("“{given}” cannot be linked: write one https:// address, or one field that holds a link")
            }
            Self::NotAUrlField { field } => format!("(({})) does not hold a link", field.name()),
            Self::NotARow => "a row of facts is written | label | value |".into(),
            Self::NeverComes { field, notice } => format!("(({})) never comes with {notice}", field.name()),
            Self::MayBeMissing { field } => format!(
                "(({0})) may be missing, and the notice would then be held: write (({0}??…)) around what needs it",
                field.name()
            ),
            Self::ForeignLink { host } => format!("this link leaves your pages and ours, to {host}"),
            Self::BareUrl { field } => {
                format!("write [where this goes]((({0}))) so that readers hear words and not an address", field.name())
            }
            Self::LongSubject { letters } => {
                format!("the subject has {letters} letters without its fields; phones show about 40")
            }
            Self::TitleInPush { field } => {
                format!(
                    "(({})) would show on a lock screen; push: and sms: must not say what somebody reads",
                    field.name()
                )
            }
        }
    }

    fn say_fr(&self) -> String {
        let mean = |suggestion: Option<String>| {
            suggestion.map_or_else(String::new, |s| format!("\u{a0}: vouliez-vous dire {s}?"))
        };
        match self {
            Self::TooLong { bytes_max } => format!("l’avis dépasse {}\u{a0}Ko", bytes_max / 1024),
            Self::TooMany => "l’avis a trop de paragraphes, de lignes, de champs ou de marques".into(),
            Self::NoFrontMatter => "la première ligne doit être ---, puis status: et subject:".into(),
            Self::FrontMatterOpen => "les lignes d’en-tête doivent se terminer par ---".into(),
            Self::NotAKey => "cette ligne doit être un nom, un deux-points et une valeur".into(),
            Self::UnknownKey { key, suggestion } => {
                format!(
                    "«\u{a0}{key}\u{a0}» n’existe pas en tête d’un avis{}",
                    mean(suggestion.map(|s| format!("{s}:")))
                )
            }
            Self::KeyTwice { key } => format!("{key}: figure deux fois"),
            Self::KeyMissing { key } => format!("{key}: manque"),
            Self::UnknownStatus { given, suggestion } => {
                format!("«\u{a0}{given}\u{a0}» n’est pas un statut{}", mean(suggestion.map(|s| s.code().to_owned())))
            }
            Self::UnknownAudience { given } => {
                format!(
                    "«\u{a0}{given}\u{a0}» n’est pas un public\u{a0}: écrivez patron, borrowing, lending ou operator"
                )
            }
            Self::NotInCatalogue { status, audience } => {
                format!("il n’y a pas d’avis pour {} au statut {status}", audience.code())
            }
            Self::Empty => "l’avis n’a pas de texte".into(),
            Self::ControlCharacter => "il y a ici un caractère invisible\u{a0}: veuillez l’effacer".into(),
            Self::UnknownField { name, suggestion } => {
                format!("le champ (({name})) n’existe pas{}", mean(suggestion.map(|f| format!("(({}))", f.name()))))
            }
            Self::UnknownFilter { name } => {
                format!("«\u{a0}{name}\u{a0}» n’existe pas après |\u{a0}: écrivez date, time ou upper")
            }
            Self::WrongFilter { field, filter } => format!("|{filter} ne convient pas à (({}))", field.name()),
            Self::Open { mark } => format!("{mark} est ouvert ici et n’est pas fermé sur cette ligne"),
            Self::TooDeep => "trop de marques les unes dans les autres".into(),
            Self::NotALink { given } => format!(
                "«\u{a0}{given}\u{a0}» ne peut être un lien\u{a0}: écrivez une adresse https:// ou un champ qui contient un lien"
            ),
            Self::NotAUrlField { field } => format!("(({})) ne contient pas de lien", field.name()),
            Self::NotARow => "une ligne de faits s’écrit | étiquette | valeur |".into(),
            Self::NeverComes { field, notice } => format!("(({})) ne vient jamais avec {notice}", field.name()),
            Self::MayBeMissing { field } => format!(
                "(({0})) peut manquer, et l’avis serait alors retenu\u{a0}: écrivez (({0}??…)) autour de ce qui en dépend",
                field.name()
            ),
            Self::ForeignLink { host } => format!("ce lien quitte vos pages et les nôtres, vers {host}"),
            Self::BareUrl { field } => {
                format!(
                    "écrivez [où mène le lien]((({0}))) pour qu’on entende des mots et non une adresse",
                    field.name()
                )
            }
            Self::LongSubject { letters } => {
                format!("l’objet a {letters} caractères sans ses champs; un téléphone en montre environ 40")
            }
            Self::TitleInPush { field } => {
                format!(
                    "(({})) paraîtrait à l’écran verrouillé; push: et sms: ne doivent pas dire ce qu’on lit",
                    field.name()
                )
            }
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.at.line, self.at.column, self.trouble.say_en())
    }
}
