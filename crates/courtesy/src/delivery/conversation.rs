//! The SMTP conversation as a client (RFC 5321 §3): greeting to TLS, then one message after another.
//!
//! In: an address to call, then envelopes with composed mails. Out: the reply that decided, at its stage, or how the
//! conversation broke. One recipient per message, so a reply is always about one person. Not here: which host to
//! call (`dial`), when to call it (`pool`), and what a reply means (`outcome`).

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use standards::address::Address;
use standards::domain::Domain;
use standards::reply::Reply;
use tokio::time::Instant;

use super::content;
use super::sign_in::{Mechanisms, SignIn};
use super::standing::Standing;
use super::transcript::Transcript;
use super::wire::{NotSecured, Waits, Wire, connect};
use crate::net::tls::{ClientTls, Demand, Security, TlsFacts};
use crate::outcome::{Said, Stage, Trouble};

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

/// Why a conversation stopped short: refused by a reply, or broken.
#[derive(Debug)]
pub(super) struct Hitch {
    pub(super) stage: Stage,
    pub(super) why: Why,
}

#[derive(Debug)]
pub(super) enum Why {
    Replied(Reply),
    Broke(Trouble),
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
    standing: Standing,
    /// A transaction was left half done: RSET goes before the next.
    stained: bool,
    /// Nothing more can be sent here.
    pub(super) spent: bool,
}

/// Whom to call, from where, and how.
pub(super) struct Call<'a> {
    pub(super) host: &'a Domain,
    pub(super) remote: SocketAddr,
    pub(super) source: Option<IpAddr>,
    pub(super) helo: &'a Domain,
    pub(super) manner: &'a Manner,
    pub(super) tls: &'a ClientTls,
    /// TLS is known to fail at this host; only where none is demanded.
    pub(super) in_clear: bool,
    pub(super) waits: &'a Waits,
    pub(super) standing: &'a Standing,
    pub(super) until: Instant,
}

/// Challenges of one sign-in: LOGIN has two.
const CHALLENGES_MAX: u32 = 4;

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

impl Hitch {
    pub(super) fn broke(stage: Stage, trouble: Trouble) -> Self {
        Self { stage, why: Why::Broke(trouble) }
    }

    fn replied(stage: Stage, reply: Reply) -> Self {
        Self { stage, why: Why::Replied(reply) }
    }

    /// RFC 5321 §3.8: the server is closing the channel.
    fn is_parting(&self) -> bool {
        matches!(&self.why, Why::Replied(reply) if reply.code == 421)
    }

    pub(super) fn into_said(self, host: &Domain) -> Said {
        match self.why {
            Why::Replied(reply) => Said::Replied { stage: self.stage, reply, host: host.to_string() },
            Why::Broke(trouble) => Said::Broken { stage: self.stage, trouble, host: Some(host.to_string()) },
        }
    }
}

impl Connection {
    /// Calls, and talks up to the point where mail can be sent.
    pub(super) async fn open(call: &Call<'_>, log: &mut Transcript) -> Result<Self, Hitch> {
        let (wire, local) = match connect(call.remote, call.source, soonest(call.waits.connect, call.until)).await {
            Ok(connected) => connected,
            Err(trouble) => {
                log.note(format_args!("no connection to {} [{}]: {}", call.host, call.remote, words(trouble)));
                return Err(Hitch::broke(Stage::Connect, trouble));
            }
        };
        log.note(format_args!("connected to {} [{}] from {}", call.host, call.remote, local.ip()));
        let mut connection = Self {
            wire,
            host: call.host.clone(),
            remote: call.remote,
            local,
            tls: None,
            offers: Offers::default(),
            begun: 0,
            standing: call.standing.clone(),
            stained: false,
            spent: false,
        };
        if call.manner.begins_in_tls {
            connection.shake(call, log).await?;
        }
        let greeting = connection.hear(Stage::Greeting, call.waits.greeting, call.until, log).await?;
        accept(Stage::Greeting, greeting)?;
        connection.hello(call, log).await?;
        if !call.in_clear && connection.offers.starttls && connection.tls.is_none() {
            connection.starttls(call, log).await?;
        }
        if let Some(tls) = &connection.tls {
            log.session(call.host, Some(local.ip()), tls.would_fail);
        } else if !call.in_clear {
            log.session(call.host, Some(local.ip()), Some("starttls-not-supported"));
        }
        let demand = call.manner.security.at(call.host);
        if !demand.allows_clear() && connection.tls.is_none() {
            log.note("this message may only go under TLS, and there is none here");
            return Err(Hitch::broke(Stage::Tls, broken(&demand)));
        }
        if let Some(sign_in) = &call.manner.sign_in {
            connection.sign_in(sign_in, call, log).await?;
        }
        Ok(connection)
    }

    /// EHLO, and HELO where EHLO is not understood (RFC 5321 §3.2).
    async fn hello(&mut self, call: &Call<'_>, log: &mut Transcript) -> Result<(), Hitch> {
        let waits = call.waits;
        self.wire.say(&format!("EHLO {}", call.helo), log);
        self.flush(Stage::Hello, waits, call.until, log).await?;
        let reply = self.hear(Stage::Hello, waits.hello, call.until, log).await?;
        if matches!(reply.code, 500 | 501 | 502 | 504) {
            self.offers = Offers::default();
            self.wire.say(&format!("HELO {}", call.helo), log);
            self.flush(Stage::Hello, waits, call.until, log).await?;
            let reply = self.hear(Stage::Hello, waits.hello, call.until, log).await?;
            return accept(Stage::Hello, reply).map(|_| ());
        }
        let reply = accept(Stage::Hello, reply)?;
        self.offers = Offers::read(&reply);
        Ok(())
    }

    /// STARTTLS and, under it, EHLO again (RFC 3207 §4.2). A refusal leaves the connection in clear.
    async fn starttls(&mut self, call: &Call<'_>, log: &mut Transcript) -> Result<(), Hitch> {
        self.wire.say("STARTTLS", log);
        self.flush(Stage::Tls, call.waits, call.until, log).await?;
        let reply = self.hear(Stage::Tls, call.waits.hello, call.until, log).await?;
        if reply.code == 421 {
            return Err(Hitch::replied(Stage::Tls, reply));
        }
        if reply.code != 220 {
            return Ok(());
        }
        self.shake(call, log).await?;
        self.hello(call, log).await
    }

    /// The handshake.
    async fn shake(&mut self, call: &Call<'_>, log: &mut Transcript) -> Result<(), Hitch> {
        let until = soonest(call.waits.tls, call.until);
        match self.wire.secure(call.tls, &call.manner.security, call.host, call.remote, until).await {
            Ok(facts) => {
                let how = if facts.verified { "verified" } else { "certificate not checked" };
                log.note(format_args!("{}, {}, {how}", facts.version, facts.cipher));
                if let Some(kind) = facts.would_fail {
                    log.note(format_args!(
                        "the domain's MTA-STS policy, which it tries out, would not trust this host: {kind}"
                    ));
                }
                self.tls = Some(facts);
                Ok(())
            }
            Err(NotSecured { why, kind }) => {
                log.note(format_args!("the TLS handshake failed: {why}"));
                log.session(call.host, Some(self.local.ip()), Some(kind));
                Err(Hitch::broke(Stage::Tls, broken(&call.manner.security.at(call.host))))
            }
        }
    }

    /// AUTH (RFC 4954 §4): never in clear, and never to a host whose certificate was not checked, except on this very
    /// machine. What we say is not shown.
    async fn sign_in(&mut self, sign_in: &SignIn, call: &Call<'_>, log: &mut Transcript) -> Result<(), Hitch> {
        let verified = self.tls.as_ref().is_some_and(|tls| tls.verified);
        if !verified && !self.remote.ip().to_canonical().is_loopback() {
            log.note("no password is sent here: the connection is not verified TLS");
            return Err(Hitch::broke(Stage::Auth, Trouble::Tls));
        }
        let Some(mut script) = sign_in.script(self.offers.auth) else {
            log.note("the server offers no way to sign in that fits");
            return Err(Hitch::broke(Stage::Auth, Trouble::Lacking));
        };
        self.wire.say_hidden(&script.command, script.shown, log);
        for _ in 0..CHALLENGES_MAX {
            self.flush(Stage::Auth, call.waits, call.until, log).await?;
            let reply = self.hear(Stage::Auth, call.waits.hello, call.until, log).await?;
            match reply.code {
                235 => return Ok(()),
                // After the last answer a 334 carries an error of XOAUTH2; an empty line lets the server say it plainly.
                334 => {
                    let answer = script.answers.pop().unwrap_or_default();
                    self.wire.say_hidden(&answer, "…", log);
                }
                400.. => return Err(Hitch::replied(Stage::Auth, reply)),
                _ => break,
            }
        }
        Err(Hitch::broke(Stage::Auth, Trouble::NotSmtp))
    }

    /// Sends one message. The connection is fit for the next one unless [`Connection::spent`].
    pub(super) async fn send(
        &mut self,
        envelope: &Envelope,
        waits: &Waits,
        until: Instant,
        log: &mut Transcript,
    ) -> Turn {
        let Some(commands) = self.commands(envelope) else {
            log.note("the server offers no SMTPUTF8 or 8BITMIME, which this message needs");
            return Turn::Over(Err(Hitch::broke(Stage::MailFrom, Trouble::Lacking)));
        };
        let kept = self.begun > 0;
        self.begun += 1;
        let mut heard_mail = false;
        let envelope_taken = self.envelope(&commands, waits, until, &mut heard_mail, log).await;
        let over = match envelope_taken {
            Err(hitch) if kept && !heard_mail && is_closing(&hitch) => {
                self.spent = true;
                return Turn::Stale;
            }
            Err(hitch) => Err(hitch),
            Ok(()) => self.content(envelope, waits, until, log).await,
        };
        if let Err(hitch) = &over {
            self.spent |= hitch.is_parting() || matches!(hitch.why, Why::Broke(_));
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
                    let ends = hitch.is_parting() || matches!(hitch.why, Why::Broke(_));
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
        if !self.standing.holds() {
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

    /// The three commands of this message, or none when the server lacks what it needs.
    fn commands(&self, envelope: &Envelope) -> Option<[String; 3]> {
        let from = envelope.mail_from.as_ref();
        let utf8 = envelope.smtputf8 || envelope.rcpt_to.needs_smtputf8() || from.is_some_and(Address::needs_smtputf8);
        let eight_bit = !envelope.data.is_ascii();
        if utf8 && !self.offers.smtputf8 || eight_bit && !self.offers.eight_bit {
            return None;
        }
        let mut mail = match from {
            Some(address) => format!("MAIL FROM:<{address}>"),
            None => "MAIL FROM:<>".to_owned(),
        };
        if self.offers.size {
            mail.push_str(&format!(" SIZE={}", envelope.data.len()));
        }
        if eight_bit {
            mail.push_str(" BODY=8BITMIME");
        }
        if utf8 {
            mail.push_str(" SMTPUTF8");
        }
        Some([mail, format!("RCPT TO:<{}>", envelope.rcpt_to), "DATA".to_owned()])
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

impl Offers {
    /// From the lines after the first (RFC 5321 §4.1.1.1).
    fn read(reply: &Reply) -> Self {
        let mut offers = Self::default();
        for line in reply.text.lines().skip(1) {
            let keyword = line.split([' ', '=']).next().unwrap_or("");
            match keyword.to_ascii_uppercase().as_str() {
                "PIPELINING" => offers.pipelining = true,
                "SIZE" => offers.size = true,
                "8BITMIME" => offers.eight_bit = true,
                "SMTPUTF8" => offers.smtputf8 = true,
                "STARTTLS" => offers.starttls = true,
                "AUTH" => offers.auth.read(line),
                _ => {}
            }
        }
        offers
    }
}

/// Whether the reply lets the conversation go on at this stage.
fn accept(stage: Stage, reply: Reply) -> Result<Reply, Hitch> {
    let goes_on = match stage {
        Stage::Greeting => reply.code == 220,
        Stage::Data => reply.code == 354,
        _ => reply.is_positive(),
    };
    if goes_on {
        Ok(reply)
    } else if reply.code >= 400 {
        Err(Hitch::replied(stage, reply))
    } else {
        // A 354 to MAIL, a 250 to DATA: whoever says that is talking about something else.
        Err(Hitch::broke(stage, Trouble::NotSmtp))
    }
}

fn is_closing(hitch: &Hitch) -> bool {
    hitch.is_parting() || matches!(hitch.why, Why::Broke(Trouble::Closed))
}

/// What it is called when TLS does not come to what was demanded.
pub(super) fn broken(demand: &Demand) -> Trouble {
    match demand {
        Demand::Named { by_policy: true, .. } | Demand::NotNamed => Trouble::Sts,
        Demand::Vouched(_) | Demand::Unknown => Trouble::Dane,
        Demand::Encrypted | Demand::Tried { encrypted: true, .. } => Trouble::InClear,
        Demand::Nothing | Demand::Tried { .. } | Demand::Named { by_policy: false, .. } => Trouble::Tls,
    }
}

fn soonest(wait: Duration, until: Instant) -> Instant {
    until.min(Instant::now() + wait)
}

/// A trouble in words, for the transcript.
pub(super) fn words(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Refused => "nobody listens there",
        Trouble::TimedOut => "no answer in time",
        Trouble::Closed => "the connection was closed",
        Trouble::Unreachable => "no network path, or no right to the source address",
        Trouble::Tls => "the TLS handshake failed",
        Trouble::Sts => "this is not a host that the domain's MTA-STS policy trusts",
        Trouble::Dane => "this is not the host that the TLSA records in DNS describe",
        Trouble::InClear => "no TLS here, and the library sends nothing in clear",
        Trouble::NotSmtp => "this is not SMTP",
        Trouble::Lacking => "the server lacks what the message needs",
        Trouble::Withdrawn => "this process lost its right to send",
        Trouble::NoToken => "there is no access token to sign in with",
    }
}
