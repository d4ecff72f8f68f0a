//! Octets to a mail host and replies from it, each within its time and size.
//!
//! In: command lines and content to send, a time limit for each wait. Out: replies, or how the connection broke.
//! Every line passes through the transcript. Not here: the order of commands (`conversation`).

#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use standards::domain::Domain;
use standards::reply::Reply;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::client::TlsStream;

use super::transcript::Transcript;
use crate::net::tls::{ClientTls, Security, TlsFacts, failure};
use crate::outcome::Trouble;

/// How long each wait may last. The values are those of RFC 5321 §4.5.3.2; tests use shorter ones.
#[derive(Clone, Debug)]
pub struct Waits {
    /// For a TCP connection. The RFC is silent; a host that answers at all answers within seconds.
    pub connect: Duration,
    /// For the 220 (§4.5.3.2.1).
    pub greeting: Duration,
    /// For the answer to EHLO, HELO, STARTTLS, RSET: as MAIL.
    pub hello: Duration,
    /// For the TLS handshake.
    pub tls: Duration,
    /// For the answer to MAIL (§4.5.3.2.2).
    pub mail: Duration,
    /// For the answer to RCPT (§4.5.3.2.3): may hold an address verification.
    pub rcpt: Duration,
    /// For the 354 (§4.5.3.2.4).
    pub data: Duration,
    /// For each piece of content to leave us (§4.5.3.2.5).
    pub block: Duration,
    /// For the answer to the final dot (§4.5.3.2.6). Giving up too early here makes doubles.
    pub content: Duration,
    /// For the answer to QUIT: nothing depends on it.
    pub quit: Duration,
    /// For a place among the site's connections; then the message goes back to the queue untried.
    pub line: Duration,
    /// For everything from the call to its answer, the line included. The queue's lease is 15 minutes, and a message
    /// must not be claimed a second time while the first try still runs: the sum of the RFC's waits is cut here.
    pub whole: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        let minutes = |n: u64| Duration::from_secs(60 * n);
        Self {
            connect: Duration::from_secs(30),
            greeting: minutes(5),
            hello: minutes(5),
            tls: minutes(1),
            mail: minutes(5),
            rcpt: minutes(5),
            data: minutes(2),
            block: minutes(3),
            content: minutes(10),
            quit: Duration::from_secs(5),
            line: minutes(2),
            whole: Duration::from_secs(9 * 60 + 30),
        }
    }
}

/// RFC 5321 §4.5.3.1.5 allows 512 octets a line; an EHLO answer has some 25 of them. Whoever says more than this in one
/// reply is not speaking SMTP, or means harm.
const REPLY_OCTETS_MAX: usize = 16 * 1024;
/// As [`REPLY_OCTETS_MAX`], in lines.
const REPLY_LINES_MAX: usize = 128;
/// Octets asked of the socket at once: any honest reply in one read.
const READ_OCTETS: usize = 4096;

/// One connection's octets, in clear or under TLS.
pub(super) struct Wire {
    stream: Stream,
    /// Read and not yet understood, from `taken` on.
    inbox: Vec<u8>,
    taken: usize,
    /// To be sent by the next [`Wire::flush`].
    pub(super) outbox: Vec<u8>,
}

/// Why a handshake came to nothing.
pub(super) struct NotSecured {
    /// For the transcript.
    pub(super) why: String,
    /// In the words of RFC 8460 §4.3.
    pub(super) kind: &'static str,
}

impl NotSecured {
    fn because(why: &str) -> Self {
        Self { why: why.to_owned(), kind: "validation-failure" }
    }
}

impl From<io::Error> for NotSecured {
    fn from(error: io::Error) -> Self {
        Self { why: error.to_string(), kind: failure(&error) }
    }
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// Only while a handshake runs, and for ever when it failed.
    Gone,
}

/// A TCP connection from `source`, where the relay has one for this family.
pub(super) async fn connect(
    remote: SocketAddr,
    source: Option<std::net::IpAddr>,
    until: Instant,
) -> Result<(Wire, SocketAddr), Trouble> {
    let dialling = async {
        let socket = match remote {
            SocketAddr::V4(_) => tokio::net::TcpSocket::new_v4()?,
            SocketAddr::V6(_) => tokio::net::TcpSocket::new_v6()?,
        };
        if let Some(source) = source {
            socket.bind(SocketAddr::new(source, 0))?;
        }
        // Commands are written whole, so waiting for more to send only costs time.
        socket.set_nodelay(true)?;
        let stream = socket.connect(remote).await?;
        let local = stream.local_addr()?;
        io::Result::Ok((stream, local))
    };
    let (stream, local) =
        timeout_at(until, dialling).await.map_err(|_| Trouble::TimedOut)?.map_err(|error| connecting(&error))?;
    let wire = Wire { stream: Stream::Plain(stream), inbox: Vec::new(), taken: 0, outbox: Vec::new() };
    Ok((wire, local))
}

impl Wire {
    /// Puts a command line among what is sent next.
    pub(super) fn say(&mut self, line: &str, log: &mut Transcript) {
        log.us(line);
        self.outbox.extend_from_slice(line.as_bytes());
        self.outbox.extend_from_slice(b"\r\n");
    }

    /// As [`Wire::say`], of a line that no one else may read: the transcript has `shown` in its place.
    pub(super) fn say_hidden(&mut self, line: &str, shown: &str, log: &mut Transcript) {
        log.us(shown);
        self.outbox.extend_from_slice(line.as_bytes());
        self.outbox.extend_from_slice(b"\r\n");
    }

    /// Sends what was put together. Each piece the network takes has `block` of its own.
    pub(super) async fn flush(&mut self, block: Duration, until: Instant) -> Result<(), Trouble> {
        let mut sent = 0;
        while sent < self.outbox.len() {
            let writing = self.stream.write(&self.outbox[sent..]);
            match timeout_at(until.min(Instant::now() + block), writing).await {
                Err(_) => return Err(Trouble::TimedOut),
                Ok(Err(_) | Ok(0)) => return Err(Trouble::Closed),
                Ok(Ok(count)) => sent += count,
            }
        }
        self.outbox.clear();
        if let Stream::Tls(stream) = &mut self.stream {
            let flushing = stream.flush();
            timeout_at(until.min(Instant::now() + block), flushing)
                .await
                .map_err(|_| Trouble::TimedOut)?
                .map_err(|_| Trouble::Closed)?;
        }
        Ok(())
    }

    /// The next reply, within `wait` for all of its lines together.
    pub(super) async fn reply(
        &mut self,
        wait: Duration,
        until: Instant,
        log: &mut Transcript,
    ) -> Result<Reply, Trouble> {
        if let Some(reply) = self.take_reply(log)? {
            return Ok(reply);
        }
        let reading = async {
            loop {
                if self.stream.read(&mut self.inbox).await? == 0 {
                    return Ok(Err(Trouble::Closed));
                }
                match self.take_reply(log) {
                    Ok(None) => {}
                    Ok(Some(reply)) => return Ok(Ok(reply)),
                    Err(trouble) => return Ok(Err(trouble)),
                }
            }
        };
        match timeout_at(until.min(Instant::now() + wait), reading).await {
            Err(_) => Err(Trouble::TimedOut),
            Ok(Err::<_, io::Error>(_)) => Err(Trouble::Closed),
            Ok(Ok(answer)) => answer,
        }
    }

    /// Goes on under TLS. Whatever the server had said in advance is refused, for it may have been put there by
    /// someone else (RFC 3207 §6, the STARTTLS injection).
    pub(super) async fn secure(
        &mut self,
        tls: &ClientTls,
        security: &Security,
        host: &Domain,
        remote: SocketAddr,
        until: Instant,
    ) -> Result<TlsFacts, NotSecured> {
        if self.taken < self.inbox.len() {
            return Err(NotSecured::because("the server spoke before the handshake"));
        }
        let Stream::Plain(stream) = std::mem::replace(&mut self.stream, Stream::Gone) else {
            return Err(NotSecured::because("already under TLS"));
        };
        let shaken = timeout_at(until, tls.shake(stream, security, host, remote.ip()));
        let (stream, facts) = shaken.await.map_err(|_| NotSecured::because("timed out"))??;
        self.stream = Stream::Tls(Box::new(stream));
        Ok(facts)
    }

    /// Takes one whole reply out of what was read, if it is there.
    fn take_reply(&mut self, log: &mut Transcript) -> Result<Option<Reply>, Trouble> {
        let unread = &self.inbox[self.taken..];
        let Some((code, length)) = whole_reply(unread)? else {
            return if unread.len() > REPLY_OCTETS_MAX { Err(Trouble::NotSmtp) } else { Ok(None) };
        };
        let text = String::from_utf8_lossy(&unread[..length]);
        for line in text.lines() {
            log.them(line);
        }
        let reply = Reply::from_lines(code, text.lines().map(|line| line.get(4..).unwrap_or("")));
        self.taken += length;
        if self.taken == self.inbox.len() {
            self.inbox.clear();
            self.taken = 0;
        }
        Ok(Some(reply))
    }
}

/// Code and length of the reply at the front of `octets`, when its last line is there. The lines should agree on the
/// code (RFC 5321 §4.2.1); where they do not, the last one counts.
fn whole_reply(octets: &[u8]) -> Result<Option<(u16, usize)>, Trouble> {
    let mut at = 0;
    for _ in 0..REPLY_LINES_MAX {
        let Some(end) = octets[at..].iter().position(|&octet| octet == b'\n') else {
            // Not one whole line: enough to know that this is no reply?
            let begun = &octets[at..];
            let odd = begun.iter().take(3).any(|octet| !octet.is_ascii_digit());
            return if odd { Err(Trouble::NotSmtp) } else { Ok(None) };
        };
        let line = octets[at..at + end].strip_suffix(b"\r").unwrap_or(&octets[at..at + end]);
        at += end + 1;
        if at > REPLY_OCTETS_MAX {
            return Err(Trouble::NotSmtp);
        }
        let code = match line {
            [a @ b'2'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9', ..] => {
                u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0')
            }
            _ => return Err(Trouble::NotSmtp),
        };
        match line.get(3) {
            Some(b'-') => {}
            Some(b' ') | None => return Ok(Some((code, at))),
            Some(_) => return Err(Trouble::NotSmtp),
        }
    }
    Err(Trouble::NotSmtp)
}

impl Stream {
    async fn read(&mut self, inbox: &mut Vec<u8>) -> io::Result<usize> {
        inbox.reserve(READ_OCTETS);
        match self {
            Self::Plain(stream) => stream.read_buf(inbox).await,
            Self::Tls(stream) => stream.read_buf(inbox).await,
            Self::Gone => Ok(0),
        }
    }

    async fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(octets).await,
            Self::Tls(stream) => stream.write(octets).await,
            Self::Gone => Ok(0),
        }
    }
}

/// What a failed connection means. No path and no right to the source address are both ours or the network's, not
/// the host's.
fn connecting(error: &io::Error) -> Trouble {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Trouble::Refused,
        io::ErrorKind::TimedOut => Trouble::TimedOut,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => Trouble::Closed,
        _ => Trouble::Unreachable,
    }
}
