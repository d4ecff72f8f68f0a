//! Lines on the wire, both ways, with CR LF and nothing else between them (RFC 5321 §2.3.8).
//!
//! A bare CR or LF is how a second message is smuggled into the first (CVE-2023-51764 and its kin): it is
//! reported as such, never repaired. Replies are gathered and go out together when the client waits (RFC 2920).

use std::io;
use std::time::Duration;

use standards::reply::Reply;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// RFC 5321 §4.5.3.2.7: a server waits at least five minutes for the next command.
const WAIT: Duration = Duration::from_secs(300);
/// One read from the socket.
const READ_OCTETS: usize = 16 * 1024;
/// How long, and how much, we listen after our last word.
const DRAIN_WAIT: Duration = Duration::from_secs(5);
/// One message of the largest size on its way, and some.
const DRAIN_OCTETS_MAX: usize = 16 * 1024 * 1024;

/// What came in up to the next LF.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A line that ended in CR LF, without them.
    Text(Vec<u8>),
    /// A CR without LF or an LF without CR.
    Bare,
    /// More octets than allowed before any LF.
    TooLong,
    /// The other side closed.
    Closed,
}

/// One connection, as lines and replies.
pub(crate) struct Wire<S> {
    stream: S,
    incoming: Vec<u8>,
    /// Octets of `incoming` already handed out.
    read: usize,
    outgoing: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, incoming: Vec::new(), read: 0, outgoing: Vec::new() }
    }

    /// The next line of at most `octets_max`, CR LF counted.
    ///
    /// # Errors
    /// A broken connection, or one that stayed silent too long.
    pub(crate) async fn line(&mut self, octets_max: usize) -> io::Result<Line> {
        let mut searched = self.read;
        loop {
            if let Some(at) = self.incoming[searched..].iter().position(|&octet| octet == b'\n') {
                let end = searched + at;
                let line = self.incoming[self.read..end].to_vec();
                self.read = end + 1;
                return Ok(judged(line, octets_max));
            }
            if self.incoming.len() - self.read > octets_max {
                return Ok(Line::TooLong);
            }
            self.incoming.drain(..self.read);
            self.read = 0;
            searched = self.incoming.len();
            self.flush().await?;
            if self.fill().await? == 0 {
                return Ok(Line::Closed);
            }
        }
    }

    async fn fill(&mut self) -> io::Result<usize> {
        self.incoming.reserve(READ_OCTETS);
        tokio::time::timeout(WAIT, self.stream.read_buf(&mut self.incoming))
            .await
            .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "the client fell silent"))?
    }

    /// Puts a reply into the next packet.
    pub(crate) fn say(&mut self, reply: &Reply) {
        self.outgoing.extend_from_slice(on_the_wire(reply).as_bytes());
    }

    /// Puts octets into the next packet as they are.
    pub(crate) fn put(&mut self, octets: &[u8]) {
        self.outgoing.extend_from_slice(octets);
    }

    /// Sends what was said and leaves. What the client still sends is read and dropped for a while: closing on
    /// unread octets resets the connection, and the last reply would be lost with it.
    ///
    /// # Errors
    /// A connection already broken.
    pub(crate) async fn leave(mut self) -> io::Result<()> {
        self.flush().await?;
        self.stream.shutdown().await?;
        let mut dropped = 0;
        let draining = async {
            let mut scrap = vec![0; READ_OCTETS];
            while dropped < DRAIN_OCTETS_MAX {
                match self.stream.read(&mut scrap).await {
                    Ok(0) | Err(_) => break,
                    Ok(octets) => dropped += octets,
                }
            }
        };
        // Out of patience is as good as done.
        let _ = tokio::time::timeout(DRAIN_WAIT, draining).await;
        Ok(())
    }

    /// Sends what was said.
    ///
    /// # Errors
    /// A broken connection, or a client that doesn't read.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        if self.outgoing.is_empty() {
            return Ok(());
        }
        let sending = async {
            self.stream.write_all(&self.outgoing).await?;
            self.stream.flush().await
        };
        tokio::time::timeout(WAIT, sending)
            .await
            .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "the client does not read"))??;
        self.outgoing.clear();
        Ok(())
    }

    /// Whether the client has sent more than we have looked at.
    pub(crate) fn has_more(&self) -> bool {
        self.incoming.len() > self.read
    }

    /// The bare connection again, for the TLS handshake.
    pub(crate) fn into_stream(self) -> S {
        self.stream
    }
}

/// A line without its LF: sound when it ends in the only CR it has.
fn judged(mut line: Vec<u8>, octets_max: usize) -> Line {
    if line.len() + 1 > octets_max {
        return Line::TooLong;
    }
    if line.pop() != Some(b'\r') || line.contains(&b'\r') {
        return Line::Bare;
    }
    Line::Text(line)
}

/// `550-5.7.26 words` for every line but the last (RFC 5321 §4.2.1; RFC 2034 §4 repeats the status on each).
fn on_the_wire(reply: &Reply) -> String {
    let lines: Vec<&str> = reply.text.split('\n').collect();
    let last = lines.len() - 1;
    let mut wire = String::new();
    for (index, line) in lines.into_iter().enumerate() {
        wire.push_str(&reply.code.to_string());
        wire.push(if index == last { ' ' } else { '-' });
        if let Some(status) = reply.status {
            wire.push_str(&status.to_string());
            wire.push(' ');
        }
        wire.push_str(line);
        wire.push_str("\r\n");
    }
    wire
}

#[cfg(test)]
mod tests;
