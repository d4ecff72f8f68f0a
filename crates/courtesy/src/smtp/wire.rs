//! Lines on the wire, as a server: CR LF and nothing else between them (RFC 5321 §2.3.8).
//!
//! In: a stream. Out: lines, each whole and within its length, or what is wrong. A bare CR or LF is how a second mail is
//! smuggled into the first: it is reported, never repaired. Replies are gathered and go out together when the client
//! waits for them (RFC 2920 §3.2).

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

/// Octets asked of the socket at once.
const READ_OCTETS: usize = 8 * 1024;

/// How long, and how much, is still read after our last word: closing on unread octets resets the connection, and the
/// word would be lost with it.
const DRAIN_WAIT: Duration = Duration::from_secs(5);
const DRAIN_OCTETS_MAX: usize = 4 * 1024 * 1024;

/// How long a client may take to read what we say.
const WRITE_WAIT: Duration = Duration::from_secs(60);

/// What came in up to the next LF.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line that ended in CR LF, without them.
    Whole(Vec<u8>),
    /// A CR without LF, or an LF without CR.
    Bare,
    /// More octets than a line may have.
    TooLong,
    /// The client has gone.
    Closed,
    /// Nothing came in time.
    Silent,
}

/// One connection.
pub(super) struct Wire<S> {
    stream: S,
    inbox: Vec<u8>,
    /// Octets of `inbox` handed out already.
    taken: usize,
    outbox: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, inbox: Vec::new(), taken: 0, outbox: Vec::new() }
    }

    /// The next line of at most `octets_max`, CR LF counted; said within `until`.
    ///
    /// # Errors
    /// The connection is broken.
    pub(super) async fn line(&mut self, octets_max: usize, until: Instant) -> io::Result<Line> {
        let mut searched = self.taken;
        loop {
            if let Some(at) = memchr::memchr(b'\n', &self.inbox[searched..]) {
                let end = searched + at;
                let line = &self.inbox[self.taken..end];
                let judged = judged(line, octets_max);
                self.taken = end + 1;
                return Ok(judged);
            }
            if self.inbox.len() - self.taken > octets_max {
                return Ok(Line::TooLong);
            }
            self.inbox.drain(..self.taken);
            self.taken = 0;
            searched = self.inbox.len();
            self.flush().await?;
            self.inbox.reserve(READ_OCTETS);
            match timeout_at(until, self.stream.read_buf(&mut self.inbox)).await {
                Err(_) => return Ok(Line::Silent),
                Ok(Ok(0)) => return Ok(Line::Closed),
                Ok(read) => drop(read?),
            }
        }
    }

    /// Whether the client says something within `wait`, though it was asked nothing.
    ///
    /// # Errors
    /// The connection is broken.
    pub(super) async fn speaks_first(&mut self, wait: Duration) -> io::Result<bool> {
        match timeout(wait, self.stream.read_buf(&mut self.inbox)).await {
            Err(_) => Ok(false),
            // It has gone: the next read says so again.
            Ok(read) => read.map(|octets| octets > 0),
        }
    }

    /// Puts `350 words` among what goes out next; lines of `words` become lines of the reply.
    pub(super) fn say(&mut self, code: u16, words: &str) {
        if words.is_empty() {
            self.outbox.extend_from_slice(format!("{code} \r\n").as_bytes());
        }
        let last = words.lines().count().saturating_sub(1);
        for (index, line) in words.lines().enumerate() {
            let sign = if index == last { ' ' } else { '-' };
            self.outbox.extend_from_slice(format!("{code}{sign}{line}\r\n").as_bytes());
        }
    }

    /// Sends what was said.
    ///
    /// # Errors
    /// The connection is broken, or the client does not read.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        if self.outbox.is_empty() {
            return Ok(());
        }
        let sending = async {
            self.stream.write_all(&self.outbox).await?;
            self.stream.flush().await
        };
        timeout(WRITE_WAIT, sending).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        self.outbox.clear();
        Ok(())
    }

    /// Sends what was said, and closes so that it arrives.
    ///
    /// # Errors
    /// The connection was broken already.
    pub(super) async fn leave(mut self) -> io::Result<()> {
        self.flush().await?;
        let closing = async {
            self.stream.shutdown().await?;
            let mut dropped = 0;
            let mut piece = [0; READ_OCTETS];
            while dropped < DRAIN_OCTETS_MAX {
                match self.stream.read(&mut piece).await? {
                    0 => break,
                    octets => dropped += octets,
                }
            }
            io::Result::Ok(())
        };
        // Out of patience is as good as done.
        timeout(DRAIN_WAIT, closing).await.unwrap_or(Ok(()))
    }

    /// Whether the client has said more than was looked at.
    pub(super) fn has_more(&self) -> bool {
        self.taken < self.inbox.len()
    }

    /// The bare stream, for the handshake.
    pub(super) fn into_stream(self) -> S {
        self.stream
    }
}

/// A line without its LF: sound when the only CR in it ends it.
fn judged(line: &[u8], octets_max: usize) -> Line {
    if line.len() + 1 > octets_max {
        return Line::TooLong;
    }
    match line.split_last() {
        Some((b'\r', text)) if !text.contains(&b'\r') => Line::Whole(text.to_vec()),
        _ => Line::Bare,
    }
}
