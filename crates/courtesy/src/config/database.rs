//! Which database is used: SQLite in a file, or PostgreSQL at a URL.
//!
//! Shown without the password that the URL may hold.

use std::path::PathBuf;

/// A database.
#[derive(Clone, PartialEq, Eq)]
pub enum Database {
    /// SQLite in this file, which is made where it is not there.
    Sqlite(PathBuf),
    /// PostgreSQL at this URL, which may hold a password.
    Postgres(String),
}

impl Database {
    /// The PostgreSQL at `url`; none where that is the URL of something else.
    #[must_use]
    pub fn at(url: &str) -> Option<Self> {
        is_postgres(url).then(|| Self::Postgres(url.to_owned()))
    }
}

/// Without what the URL proves us with.
impl std::fmt::Display for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(file) => file.display().fmt(f),
            Self::Postgres(url) => {
                let (_, place) = url.split_once("://").unwrap_or_default();
                let place = place.split(['?', '#']).next().unwrap_or_default();
                let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
                write!(f, "postgres://{place}")
            }
        }
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl From<&std::path::Path> for Database {
    fn from(file: &std::path::Path) -> Self {
        Self::Sqlite(file.to_owned())
    }
}

impl From<&PathBuf> for Database {
    fn from(file: &PathBuf) -> Self {
        Self::Sqlite(file.clone())
    }
}

pub(super) fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}
