//! Which of the records that let us write in a library's name stand in its DNS.
//!
//! In: [`Facts`]. Out: each record as found or not; what the DNS gave no answer about is left out, for it is no news. Not
//! here: what they prove together (`proof`), and which ones a library still has to publish (`kit`).

use standards::domain::Domain;

use super::{Alias, Facts, KeyFinding, Listed};

/// What a record is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordKind {
    /// One of our keys at one of our selectors.
    Dkim,
    /// The name that returned mail goes to.
    ReturnPath,
    /// The domain's SPF record, as far as it permits all our relays.
    Spf,
}

impl RecordKind {
    /// The code in tables and webhooks.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Dkim => "dkim",
            Self::ReturnPath => "return_path",
            Self::Spf => "spf",
        }
    }
}

/// A record, and whether it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it is for.
    pub kind: RecordKind,
    /// Where it stands, or should.
    pub name: Domain,
    /// Whether it is there and says what it should.
    pub found: bool,
}

impl Facts {
    /// The records that the DNS gave an answer about.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        let keys = self.dkim.iter().filter_map(|key| match &key.value.finding {
            KeyFinding::Unknown(_) => None,
            finding => {
                Some(Record { kind: RecordKind::Dkim, name: key.value.at.clone(), found: *finding == KeyFinding::Ours })
            }
        });
        let path = match &self.alias.value {
            Alias::Unknown(_) => None,
            alias => Some(Record {
                kind: RecordKind::ReturnPath,
                name: self.return_path.clone(),
                found: *alias == Alias::Ours,
            }),
        };
        let spf = match self.listed(&self.from) {
            Listed::Unknown(_) | Listed::NoRelay => None,
            listed => Some(Record { kind: RecordKind::Spf, name: self.from.clone(), found: listed == Listed::All }),
        };
        keys.chain(path).chain(spf).collect()
    }
}
