//! One process serves from one SQLite database.
//!
//! A lock held for life. Whoever gets it knows that no other process works on the queue: what was under way when the
//! last one ended is nobody's any more, and need not wait out its lease. The system lets the lock go however a process
//! ends, `kill -9` and power cuts included.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// The right to serve from one database, while it lives.
#[derive(Debug)]
pub struct Sole {
    _locked: File,
}

/// Why this process may not serve.
#[derive(Debug, thiserror::Error)]
pub enum NotSole {
    /// Another process does.
    #[error("another process serves from this database already ({} is locked); stop it first, or set `data` to another folder", .0.display())]
    Taken(PathBuf),
    /// The lock file cannot be used.
    #[error("the lock {lock} cannot be used: {error}", lock = .0.display(), error = .1)]
    File(PathBuf, #[source] io::Error),
}

impl Sole {
    /// Takes the right to serve from the database at `file`; the lock stands beside it.
    ///
    /// # Errors
    /// When another process has it, or the lock file cannot be made.
    pub fn of(file: &Path) -> Result<Self, NotSole> {
        let mut name = file.as_os_str().to_owned();
        name.push(".lock");
        let lock = PathBuf::from(name);
        let opened = OpenOptions::new().write(true).create(true).truncate(false).open(&lock);
        let opened = opened.map_err(|error| NotSole::File(lock.clone(), error))?;
        match opened.try_lock() {
            Ok(()) => Ok(Self { _locked: opened }),
            Err(TryLockError::WouldBlock) => Err(NotSole::Taken(lock)),
            Err(TryLockError::Error(error)) => Err(NotSole::File(lock, error)),
        }
    }
}
