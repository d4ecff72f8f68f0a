//! Mail that was taken in and is not worked off yet: one file each, on disk before its sender hears 250.
//!
//! In: a mail with its envelope. Out: the same, again and again, until it is removed. A file appears under its name
//! only when it is whole; what was half written when the process ended is removed at the next start. A file that
//! cannot be worked off is set aside, for a person to look at.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::digest;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use standards::dsn::Fields;
use tokio::sync::Notify;

use crate::id::ReturnedId;
use crate::reply::head_octets;

/// Files that may wait. They are worked off in milliseconds; so many means that the store is broken, and then senders
/// keep what they have.
pub const WAITING_MAX: usize = 10_000;

/// What is kept for the operator takes no more of the disk.
const KEPT_OCTETS_MAX: u64 = 512 << 20;

/// A mail whose opening ended the process so often is not opened again. A crash or a power cut may happen once beside it.
const OPENED_MAX: u64 = 2;

/// Endings of file names: whole, being written, set aside, and kept for the operator; and beside a whole one, how often it was opened
/// without an end.
const WHOLE: &str = "mail";
const BEGUN: &str = "new";
const ASIDE: &str = "unreadable";
const KEPT: &str = "kept";
const OPENED: &str = "opened";

/// What stands before the mail, in one line of JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// When it was taken.
    pub received_at: Timestamp,
    /// The address that handed it in; none where no connection did.
    pub client: Option<IpAddr>,
    /// What the client called itself.
    pub helo: String,
    /// MAIL FROM, empty for a report.
    pub mail_from: String,
    /// The addresses of ours it was for, as given.
    pub recipients: Vec<String>,
}

/// A mail that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its id, which is its file's name.
    pub id: ReturnedId,
    /// Who handed it in, and for whom.
    pub envelope: Envelope,
    /// The mail as it came, without the dots of the wire.
    pub mail: Vec<u8>,
}

impl Waiting {
    /// What it says, hashed: its Message-ID and its body, which are the same when a server hands it in twice (RFC 5321 §6.1).
    #[must_use]
    pub fn digest(&self) -> String {
        let (head, body) = self.mail.split_at(head_octets(&self.mail));
        let head = Fields::read(&String::from_utf8_lossy(head));
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(head.first("message-id").unwrap_or_default().as_bytes());
        hash.update(b"\n");
        hash.update(body);
        // Half of it is more than enough to tell the mails of one message apart.
        hash.finish().as_ref().iter().take(16).fold(String::new(), |hex, octet| hex + &format!("{octet:02x}"))
    }
}

/// The folder.
pub struct Spool {
    folder: PathBuf,
    waiting: AtomicUsize,
    arrived: Notify,
}

impl Spool {
    /// Opens the spool at `folder`, making the folder where there is none, and clears away what was never whole.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        for file in fs::read_dir(folder)? {
            let path = file?.path();
            if path.extension().is_some_and(|ending| ending == BEGUN) {
                fs::remove_file(path)?;
            }
        }
        let spool = Self { folder: folder.to_owned(), waiting: AtomicUsize::new(0), arrived: Notify::new() };
        spool.waiting.store(spool.list()?.len(), Ordering::Relaxed);
        Ok(spool)
    }

    /// Whether another mail may be taken.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) < WAITING_MAX
    }

    /// Keeps a mail; when this returns it is on disk, its name too.
    ///
    /// # Errors
    /// When it cannot be written: then it was not taken.
    pub async fn keep(&self, envelope: Envelope, mail: Vec<u8>) -> io::Result<ReturnedId> {
        let id = ReturnedId::new(envelope.received_at);
        let (begun, whole, folder) = (self.path(id, BEGUN), self.path(id, WHOLE), self.folder.clone());
        let written = tokio::task::spawn_blocking(move || {
            let kept = write(&begun, &whole, &folder, &envelope, &mail);
            if kept.is_err() {
                let _ = fs::remove_file(&begun);
            }
            kept
        });
        written.await.map_err(io::Error::other)??;
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.arrived.notify_one();
        Ok(id)
    }

    /// What waits, the oldest first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list(&self) -> io::Result<Vec<ReturnedId>> {
        self.named(WHOLE)
    }

    fn named(&self, ending: &str) -> io::Result<Vec<ReturnedId>> {
        let mut found = Vec::new();
        for file in fs::read_dir(&self.folder)? {
            let path = file?.path();
            let named = path.extension().is_some_and(|found| found == ending);
            let id = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse::<ReturnedId>().ok());
            found.extend(id.filter(|_| named));
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Reads one that waits and gives what `open` makes of it. One that `open` did not return from twice, for it ended the process, is
    /// not opened a third time.
    ///
    /// # Errors
    /// When it cannot be read; [`io::ErrorKind::InvalidData`] where it is not what [`Spool::keep`] wrote, or is not to be opened.
    pub fn open_one<T>(&self, id: ReturnedId, open: impl FnOnce(Waiting) -> T) -> io::Result<T> {
        let waiting = self.read(id)?;
        let mark = self.path(id, OPENED);
        let mut file = OpenOptions::new().create(true).append(true).open(&mark)?;
        if file.metadata()?.len() >= OPENED_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "opening it ended the process before"));
        }
        file.write_all(b".")?;
        let made = open(waiting);
        fs::remove_file(mark)?;
        Ok(made)
    }

    /// Reads one that waits.
    ///
    /// # Errors
    /// When it cannot be read; [`io::ErrorKind::InvalidData`] where it is not what [`Spool::keep`] wrote.
    pub fn read(&self, id: ReturnedId) -> io::Result<Waiting> {
        let octets = fs::read(self.path(id, WHOLE))?;
        let broken = || io::Error::new(io::ErrorKind::InvalidData, "this is not a mail of the spool");
        let end = memchr::memchr(b'\n', &octets).ok_or_else(broken)?;
        let envelope = serde_json::from_slice(&octets[..end]).map_err(|_| broken())?;
        Ok(Waiting { id, envelope, mail: octets[end + 1..].to_vec() })
    }

    /// It is worked off.
    ///
    /// # Errors
    /// When it cannot be removed; it is worked off once more then, which changes nothing.
    pub fn remove(&self, id: ReturnedId) -> io::Result<()> {
        fs::remove_file(self.path(id, WHOLE))?;
        self.one_less();
        Ok(())
    }

    /// It cannot be worked off: kept under another ending.
    ///
    /// # Errors
    /// When it cannot be renamed.
    pub fn set_aside(&self, id: ReturnedId) -> io::Result<()> {
        fs::rename(self.path(id, WHOLE), self.path(id, ASIDE))?;
        self.one_less();
        // Where opening it panicked there is none to say that it ended.
        let _ = fs::remove_file(self.path(id, OPENED));
        Ok(())
    }

    /// Nothing followed from it: kept under another ending, for the operator to read.
    ///
    /// # Errors
    /// When it cannot be renamed.
    pub fn keep_for_operator(&self, id: ReturnedId) -> io::Result<()> {
        fs::rename(self.path(id, WHOLE), self.path(id, KEPT))?;
        self.one_less();
        Ok(())
    }

    /// Removes what was kept for the operator before `before`, and the oldest where there is more than
    /// [`KEPT_OCTETS_MAX`].
    ///
    /// # Errors
    /// When the folder cannot be read, or a file not removed.
    pub fn forget_kept(&self, before: Timestamp) -> io::Result<()> {
        let mut octets = 0;
        for id in self.named(KEPT)?.into_iter().rev() {
            let path = self.path(id, KEPT);
            octets += fs::metadata(&path)?.len();
            if octets > KEPT_OCTETS_MAX || id.made_at() < before {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// Returns when something has come in since it was asked last.
    pub async fn arrived(&self) {
        self.arrived.notified().await;
    }

    /// A file that was put there by hand was never counted.
    fn one_less(&self) {
        let _ = self.waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| Some(n.saturating_sub(1)));
    }

    fn path(&self, id: ReturnedId, ending: &str) -> PathBuf {
        self.folder.join(format!("{id}.{ending}"))
    }
}

/// Whole or not at all: written beside, synced, renamed, and the folder synced, so that the name survives too.
fn write(begun: &Path, whole: &Path, folder: &Path, envelope: &Envelope, mail: &[u8]) -> io::Result<()> {
    let mut head = serde_json::to_vec(envelope).map_err(io::Error::other)?;
    head.push(b'\n');
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    // A report quotes the notice: only the service's own account may read it.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(begun)?;
    file.write_all(&head)?;
    file.write_all(mail)?;
    file.sync_all()?;
    fs::rename(begun, whole)?;
    File::open(folder)?.sync_all()
}
