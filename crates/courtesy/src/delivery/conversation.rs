//! The SMTP conversation as a client (RFC 5321 §3): one message after another on an open connection.
//!
//! In: an address to call, then envelopes with composed mails. Out: the reply that decided, at its stage, or how the
//! conversation broke. One recipient per message, so a reply is always about one person. Not here: how it begins
//! (`opening`), which host to call (`dial`), when to call it (`pool`), and what a reply means (`outcome`).

mod opening;

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use standards::address::Address;
use standards::domain::Domain;
use standards::reply::Reply;
use tokio::time::Instant;

use super::content;
use super::hitch::{Hitch, accept, words};
use super::sign_in::{Mechanisms, SignIn};
use super::standing::Right;
use super::transcript::Transcript;
use super::wire::{Waits, Wire};
use crate::net::tls::{Security, TlsFacts};
use crate::outcome::{Stage, Trouble};
pub(super) use opening::Call;

/// One message for one recipient, ready to be sent.
#[derive(Clone)]
pub struct Envelope {
    /// The return path; none for `<>`.
    pub mail_from: Option<Address>,
    /// Who it is for.
    pub rcpt_to: Address,
    /// Whether the header needs SMTPUTF8 (RFC 6531); addresses that need it are noticed in any case.
    pub smtputf8: bool,
    /// The composed and signed mail, lines ended by CRLF.
    pub data: Bytes,
}

/// How a conversation is to begin, before any mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// The security demanded.
    pub security: Security,
    /// The handshake comes before the greeting (RFC 8314 §3.3, port 465), and not by STARTTLS.
    pub begins_in_tls: bool,
    /// Who we are there; none at a stranger's MX.
    pub sign_in: Option<SignIn>,
}

/// What became of one message on an open connection.
#[derive(Debug)]
pub(super) enum Turn {
    /// The reply or the break that decided.
    Over(Result<Reply, Hitch>),
    /// A kept connection was dead before it heard of the message: nothing was tried.
    Stale,
}

/// What the server offered in its answer to EHLO.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Offers {
    pipelining: bool,
    size: bool,
    eight_bit: bool,
    smtputf8: bool,
    starttls: bool,
    auth: Mechanisms,
}

/// An open conversation, past its greeting and TLS.
pub(super) struct Connection {
    wire: Wire,
    /// The MX host that was called.
    pub(super) host: Domain,
    pub(super) remote: SocketAddr,
    pub(super) local: SocketAddr,
    pub(super) tls: Option<TlsFacts>,
    offers: Offers,
    /// Messages that were begun on it.
    pub(super) begun: u32,
    /// A transaction was left half done: RSET goes before the next.
    stained: bool,
    /// Nothing more can be sent here.
    pub(super) spent: bool,
}

/// A mail up to this length leaves in one write, which a socket's buffer takes at once (Linux: 16 KiB at first).
const AT_ONCE: usize = 16 * 1024;

/// When the server closes while the mail is still leaving us, its reason may lie in our buffer: time to look.
const PARTING_WORDS: Duration = Duration::from_secs(2);

/// Logs see neither the address nor the words.
impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Envelope({:?}, {} bytes)", self.rcpt_to, self.data.len())
    }
}

impl Envelope {
    /// The three commands of this message, or none when the server lacks what it needs.
    fn commands(&self, offers: Offers) -> Option<[String; 3]> {
        let from = self.mail_from.as_ref();
        let utf8 = self.smtputf8 || self.rcpt_to.needs_smtputf8() || from.is_some_and(Address::needs_smtputf8);
        let eight_bit = !self.data.is_ascii();
        if utf8 && !offers.smtputf8 || eight_bit && !offers.eight_bit {
            return None;
        }
        let mut mail = match from {
            Some(address) => format!("MAIL FROM:<{address}>"),
            None => "MAIL FROM:<>".to_owned(),
        };
        if offers.size {
            mail.push_str(&format!(" SIZE={}", self.data.len()));
        }
        if eight_bit {
            mail.push_str(" BODY=8BITMIME");
        }
        if utf8 {
            mail.push_str(" SMTPUTF8");
        }
        Some([mail, format!("RCPT TO:<{}>", self.rcpt_to), "DATA".to_owned()])
    }
}

impl Connection {
    /// Sends one message, whose mail is ended where `right` still holds. The connection is fit for the next one unless
    /// [`Connection::spent`].
    pub(super) async fn send(
        &mut self,
        envelope: &Envelope,
        right: &Right,
        waits: &Waits,
        until: Instant,
        log: &mut Transcript,
    ) -> Turn {
        let Some(commands) = envelope.commands(self.offers) else {
            log.note("the server offers no SMTPUTF8 or 8BITMIME, which this message needs");
            return Turn::Over(Err(Hitch::broke(Stage::MailFrom, Trouble::Lacking)));
        };
        let kept = self.begun > 0;
        self.begun += 1;
        let mut heard_mail = false;
        let envelope_taken = self.envelope(&commands, waits, until, &mut heard_mail, log).await;
        let over = match envelope_taken {
            Err(hitch) if kept && !heard_mail && hitch.is_closing() => {
                self.spent = true;
                return Turn::Stale;
            }
            Err(hitch) => Err(hitch),
            Ok(()) => self.content(envelope, right, waits, until, log).await,
        };
        if let Err(hitch) = &over {
            self.spent |= hitch.ends();
        }
        Turn::Over(over)
    }

    /// MAIL, RCPT and DATA up to the 354; in one write where the server allows it (RFC 2920). Otherwise the first
    /// refusal, with the conversation put back in order.
    async fn envelope(
        &mut self,
        commands: &[String; 3],
        waits: &Waits,
        until: Instant,
        heard_mail: &mut bool,
        log: &mut Transcript,
    ) -> Result<(), Hitch> {
        self.reset(waits, until, log).await?;
        let stages = [(Stage::MailFrom, waits.mail), (Stage::RcptTo, waits.rcpt), (Stage::Data, waits.data)];
        if self.offers.pipelining {
            for command in commands {
                self.wire.say(command, log);
            }
            self.flush(Stage::MailFrom, waits, until, log).await?;
        }
        let mut refusal: Option<Hitch> = None;
        for ((stage, wait), command) in stages.into_iter().zip(commands) {
            if !self.offers.pipelining {
                self.wire.say(command, log);
                self.flush(stage, waits, until, log).await?;
            }
            let heard = match self.hear(stage, wait, until, log).await {
                Ok(reply) => {
                    // A kept connection that greets MAIL with 421 had been given up before: that is no answer yet.
                    *heard_mail |= reply.code != 421;
                    accept(stage, reply)
                }
                Err(hitch) => Err(hitch),
            };
            match heard {
                Ok(_) if stage == Stage::Data && refusal.is_some() => self.end_nothing(waits, until, log).await,
                Ok(_) => {}
                Err(hitch) => {
                    let ends = hitch.ends();
                    self.spent |= ends;
                    self.stained = true;
                    refusal.get_or_insert(hitch);
                    if ends || !self.offers.pipelining {
                        break;
                    }
                }
            }
        }
        refusal.map_or(Ok(()), Err)
    }

    /// RFC 2920 §3.1: DATA was accepted though the recipient was not, so a lone dot ends what never began. What the
    /// server answers decides nothing.
    async fn end_nothing(&mut self, waits: &Waits, until: Instant, log: &mut Transcript) {
        self.wire.say(".", log);
        let ended = match self.flush(Stage::Content, waits, until, log).await {
            Ok(()) => self.hear(Stage::Content, waits.content, until, log).await,
            Err(hitch) => Err(hitch),
        };
        self.spent |= !matches!(ended, Ok(reply) if reply.code != 421);
    }

    /// The mail and the final dot. Only a 2yz here makes the server responsible (RFC 5321 §4.2.5).
    async fn content(
        &mut self,
        envelope: &Envelope,
        right: &Right,
        waits: &Waits,
        until: Instant,
        log: &mut Transcript,
    ) -> Result<Reply, Hitch> {
        content::stuff(&envelope.data, &mut self.wire.outbox);
        if self.wire.outbox.len() > AT_ONCE {
            // It may take a while until the last of it leaves: the end, which makes it theirs, waits until then.
            let end = self.wire.outbox.len() - content::END.len();
            self.wire.outbox.truncate(end);
            if let Err(trouble) = self.wire.flush(waits.block, until).await {
                return self.broke_off(trouble, until, log).await;
            }
            self.wire.outbox.extend_from_slice(content::END);
        }
        if !right.holds() {
            self.spent = true;
            log.note("not ended: another process may have taken the message over");
            return Err(Hitch::broke(Stage::Content, Trouble::Withdrawn));
        }
        log.us(format_args!("… {} bytes", envelope.data.len()));
        log.us(".");
        let reply = match self.wire.flush(waits.block, until).await {
            Ok(()) => self.hear(Stage::Content, waits.content, until, log).await?,
            Err(trouble) => return self.broke_off(trouble, until, log).await,
        };
        accept(Stage::Content, reply)
    }

    /// The connection broke while the mail was leaving us: the server may have said why.
    async fn broke_off(&mut self, trouble: Trouble, until: Instant, log: &mut Transcript) -> Result<Reply, Hitch> {
        self.spent = true;
        match self.wire.reply(PARTING_WORDS, until, log).await {
            Ok(reply) if !reply.is_positive() => accept(Stage::Content, reply),
            _ => {
                log.note(words(trouble));
                Err(Hitch::broke(Stage::Content, trouble))
            }
        }
    }

    /// Clears away a transaction that was left half done.
    async fn reset(&mut self, waits: &Waits, until: Instant, log: &mut Transcript) -> Result<(), Hitch> {
        if !self.stained {
            return Ok(());
        }
        self.wire.say("RSET", log);
        self.flush(Stage::MailFrom, waits, until, log).await?;
        let reply = self.hear(Stage::MailFrom, waits.hello, until, log).await?;
        if !reply.is_positive() {
            return Err(Hitch::broke(Stage::MailFrom, Trouble::Closed));
        }
        self.stained = false;
        Ok(())
    }

    /// Takes leave, and closes whatever the answer.
    pub(super) async fn quit(mut self, waits: &Waits) {
        if self.spent {
            return;
        }
        let until = Instant::now() + waits.quit;
        let mut unread = Transcript::new(Instant::now());
        self.wire.say("QUIT", &mut unread);
        if self.wire.flush(waits.quit, until).await.is_ok() {
            let _ = self.wire.reply(waits.quit, until, &mut unread).await;
        }
    }

    async fn flush(&mut self, stage: Stage, waits: &Waits, until: Instant, log: &mut Transcript) -> Result<(), Hitch> {
        self.wire.flush(waits.block, until).await.map_err(|trouble| self.broke(stage, trouble, log))
    }

    async fn hear(
        &mut self,
        stage: Stage,
        wait: Duration,
        until: Instant,
        log: &mut Transcript,
    ) -> Result<Reply, Hitch> {
        self.wire.reply(wait, until, log).await.map_err(|trouble| self.broke(stage, trouble, log))
    }

    fn broke(&mut self, stage: Stage, trouble: Trouble, log: &mut Transcript) -> Hitch {
        self.spent = true;
        log.note(words(trouble));
        Hitch::broke(stage, trouble)
    }
}
