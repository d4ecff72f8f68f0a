//! DATA in a conversation: the mail up to its dot, and where it is kept (RFC 5321 §4.1.1.4).
//!
//! In: lines. Out: one reply, or by LMTP one for each recipient, after the mail is kept: in the spool what comes back, with intake what a library's
//! system hands in.

use std::io;
use std::sync::Arc;

use standards::address::Address;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::SemaphorePermit;
use tokio::time::{Instant, timeout_at};

use super::Duty;
use super::session::{Answer, Session};
use super::submit::Dropped;
use super::wire::Wire;
use crate::clock;
use crate::inbound::spool::{Envelope, Spool};

/// RFC 5321 §4.5.3.1.6 says 1000 octets with CR LF. Reports quote what was sent by others, who do not all keep to that.
const DATA_LINE_OCTETS_MAX: usize = 16 * 1024;
/// The size we announce (RFC 1870): a patron's reply with a photograph of a page or two. Reports need a fiftieth of it.
pub(super) const MESSAGE_OCTETS_MAX: usize = 10 * 1024 * 1024;
/// What is read past that before we hang up: the client has heard the limit, and does not care.
const OVER_OCTETS_MAX: usize = 10 * 1024 * 1024;
/// Up to here every connection has room for a mail; beyond it there are few places.
pub(super) const SMALL_OCTETS: usize = 1024 * 1024;
impl<'a> Session<'a> {
    /// The mail up to its dot, kept before it is acknowledged (RFC 5321 §4.1.1.4). What cannot be taken is read to its end
    /// and refused there, so that the conversation can go on; up to a limit.
    pub(super) async fn data<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        wire: &mut Wire<S>,
    ) -> io::Result<Result<(), Option<Answer>>> {
        let limits = *self.pass.limits();
        let ends = self.ends.min(Instant::now() + limits.mail_within);
        let (octets_max, line_octets_max) = (self.octets_max(), self.line_octets_max());
        let (mut mail, mut octets) = (Vec::new(), 0);
        let mut refused: Option<Answer> = None;
        let mut place = None;
        loop {
            let line = match self.line(wire, line_octets_max, ends.min(Instant::now() + limits.line_within)).await? {
                Ok(line) => line,
                Err(farewell) => return Ok(Err(farewell)),
            };
            if line == b"." {
                break;
            }
            // RFC 5321 §4.5.2: the dot before a line was put there for the way.
            let text = line.strip_prefix(b".").unwrap_or(&line);
            octets += text.len() + 2;
            if octets > octets_max + OVER_OCTETS_MAX {
                return Ok(Err(Some((552, "5.3.4 Too large".to_owned()))));
            }
            if octets > octets_max && refused.is_none() {
                refused = Some((552, "5.3.4 Too large".to_owned()));
            }
            if octets > SMALL_OCTETS && place.is_none() && refused.is_none() {
                place = self.large_place(ends).await;
                if place.is_none() {
                    refused = Some((452, "4.3.1 Too many large mails at once, come back later".to_owned()));
                }
            }
            if refused.is_some() {
                mail = Vec::new();
            } else {
                mail.extend_from_slice(text);
                mail.extend_from_slice(b"\r\n");
            }
        }
        let (code, words) = match refused {
            Some(refused) => refused,
            None => self.keep(mail).await,
        };
        // RFC 2033 §4.2: one reply for each recipient that was taken.
        for _ in 0..if self.by_lmtp() { self.owed } else { 1 } {
            wire.say(code, &words);
        }
        self.forget();
        Ok(Ok(()))
    }

    /// A place for a large mail. A system that hands one in waits for it, for it may not try again.
    async fn large_place(&self, ends: Instant) -> Option<SemaphorePermit<'a>> {
        match self.door.duty {
            Duty::TakesBack { .. } => self.door.large.try_acquire().ok(),
            Duty::Submits(_) => timeout_at(ends, self.door.large.acquire()).await.ok()?.ok(),
        }
    }

    /// The largest mail that is taken here.
    pub(super) fn octets_max(&self) -> usize {
        match &self.door.duty {
            Duty::TakesBack { .. } => MESSAGE_OCTETS_MAX,
            Duty::Submits(desk) => desk.octets_max(),
        }
    }

    /// The longest line of a mail. Systems write a whole page of HTML in one: it is mended on the way out.
    fn line_octets_max(&self) -> usize {
        match self.door.duty {
            Duty::TakesBack { .. } => DATA_LINE_OCTETS_MAX,
            Duty::Submits(_) => SMALL_OCTETS,
        }
    }

    async fn keep(&mut self, mail: Vec<u8>) -> Answer {
        match &self.door.duty {
            Duty::TakesBack { spool, .. } => self.keep_for_reading(Arc::clone(spool), mail).await,
            Duty::Submits(desk) => {
                let (Some(library), Some(client)) = (self.library.clone(), self.client) else {
                    return (530, "5.7.0 Sign in first".to_owned());
                };
                let dropped = Dropped {
                    library,
                    recipients: self.recipients.iter().filter_map(|to| Address::parse(to).ok()).collect(),
                    mail,
                    helo: self.helo.clone().unwrap_or_default(),
                    client: client.to_canonical(),
                    host: self.door.host.clone(),
                    tls: self.tls,
                    signed_in: self.signed_in,
                };
                desk.take(dropped).await
            }
        }
    }

    async fn keep_for_reading(&mut self, spool: Arc<Spool>, mail: Vec<u8>) -> Answer {
        let envelope = Envelope {
            received_at: clock::now(),
            client: self.client.map(|ip| ip.to_canonical()),
            helo: self.helo.clone().unwrap_or_default(),
            mail_from: self.mail_from.take().unwrap_or_default(),
            recipients: std::mem::take(&mut self.recipients),
        };
        match spool.keep(envelope, mail).await {
            Ok(id) => (250, format!("2.0.0 Kept as {id}")),
            Err(error) => {
                tracing::error!(%error, "a mail could not be kept");
                (451, "4.3.0 It could not be kept, come back later".to_owned())
            }
        }
    }
}
