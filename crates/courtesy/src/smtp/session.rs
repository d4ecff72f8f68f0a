//! One conversation with a sender, from the banner to QUIT (RFC 5321 §3), as a server that takes little.
//!
//! In: a stream. Out: mails for the spool or for intake, and replies. The door for what comes back takes only addresses that we gave
//! out, whoever asks and whatever the path looks like; the submission doors take nothing from strangers. Commands are read by the
//! grammar, lines by their CR LF. Not here: AUTH (`signing_in`), DATA (`receiving`).

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use smtp_proto::{Error as Syntax, MAIL_BODY_BINARYMIME, MailFrom, Request};
use standards::address::Address;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tokio_rustls::server::TlsStream;

use super::gate::Pass;
use super::sign_in::{self, Mechanism};
use super::wire::{Line, Wire};
use super::{Door, Duty, recipient};
use crate::library::LibraryCode;

/// RFC 5321 §4.5.3.1.4 gives a command 512 octets; parameters and SMTPUTF8 need more (§4.5.3.1.9).
const COMMAND_OCTETS_MAX: usize = 2048;
/// RFC 5321 §4.5.3.1.8: at least 100 recipients.
const RECIPIENTS_MAX: usize = 100;
/// Recipients that are not ours, in one conversation. A server that returns mail has one for each mail; whoever tries
/// names has thousands.
const STRANGERS_MAX: u32 = 20;
/// Mistakes after which the client is no mail server.
const MISTAKES_MAX: u32 = 10;
/// The handshake.
const TLS_WAIT: Duration = Duration::from_secs(30);

/// What follows a reply.
#[derive(PartialEq, Eq)]
pub(super) enum Next {
    Command,
    Data,
    /// AUTH with this mechanism, and what was said with it.
    SignIn(Mechanism, Option<String>),
    StartTls,
    Close,
}

/// A reply: code and words.
pub(super) type Answer = (u16, String);

pub(super) struct Session<'a> {
    pub(super) door: &'a Door,
    pub(super) pass: &'a Pass,
    /// None: a mail server on this machine speaks LMTP to us.
    pub(super) client: Option<IpAddr>,
    stop: watch::Receiver<bool>,
    pub(super) ends: Instant,
    pub(super) tls: bool,
    pub(super) helo: Option<String>,
    /// MAIL FROM, once it was said; empty for `<>`.
    pub(super) mail_from: Option<String>,
    pub(super) recipients: Vec<String>,
    /// The library this client hands in for: by its address, or by its sign-in.
    pub(super) library: Option<LibraryCode>,
    pub(super) signed_in: bool,
    /// Wrong sign-ins.
    pub(super) wrong: u32,
    strangers: u32,
    pub(super) mistakes: u32,
    /// RFC 2033 §4.2: recipients taken, each of which gets its own reply.
    pub(super) owed: usize,
}

impl<'a> Session<'a> {
    pub(super) fn new(door: &'a Door, pass: &'a Pass, client: Option<IpAddr>, stop: watch::Receiver<bool>) -> Self {
        Self {
            door,
            pass,
            client,
            stop,
            ends: Instant::now() + pass.limits().conversation_within,
            tls: false,
            helo: None,
            mail_from: None,
            recipients: Vec::new(),
            library: match (&door.duty, client) {
                (Duty::Submits(desk), Some(client)) => desk.library_at(client),
                _ => None,
            },
            signed_in: false,
            wrong: 0,
            strangers: 0,
            mistakes: 0,
            owed: 0,
        }
    }

    /// The whole conversation, before and after STARTTLS.
    ///
    /// # Errors
    /// The connection broke.
    pub(super) async fn converse(mut self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        if self.door.begins_in_tls {
            return self.converse_in_tls(stream).await;
        }
        let mut wire = Wire::new(stream);
        // RFC 5321 §4.3.1: a client waits for the greeting. What does not is a machine that sends to whoever listens.
        if wire.speaks_first(self.pass.limits().greet_after).await? {
            wire.say(521, "5.5.1 You spoke before you were greeted");
            return wire.leave().await;
        }
        wire.say(220, &format!("{} ESMTP", self.door.host));
        let Some(wire) = self.run(wire).await? else { return Ok(()) };
        let secured = self.shake(wire.into_stream()).await?;
        // RFC 3207 §4.2: nothing that was said before the handshake counts after it.
        self.forget();
        self.helo = None;
        self.tls = true;
        self.run(Wire::new(secured)).await?;
        Ok(())
    }

    /// The whole conversation where TLS comes first.
    async fn converse_in_tls(mut self, stream: TcpStream) -> io::Result<()> {
        let secured = self.shake(stream).await?;
        self.tls = true;
        let mut wire = Wire::new(secured);
        wire.say(220, &format!("{} ESMTP", self.door.host));
        self.run(wire).await.map(drop)
    }

    async fn shake(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let shaking = self.door.certificate.smtp(Instant::now()).accept(stream);
        timeout(TLS_WAIT, shaking).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }

    /// The whole conversation with a mail server on this machine (RFC 2033).
    ///
    /// # Errors
    /// The connection broke.
    pub(super) async fn converse_by_lmtp(mut self, stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
        let mut wire = Wire::new(stream);
        wire.say(220, &format!("{} LMTP", self.door.host));
        self.run(wire).await.map(drop)
    }

    pub(super) fn by_lmtp(&self) -> bool {
        self.client.is_none()
    }

    /// Talks to the end (none), or to where the handshake begins (the wire).
    async fn run<S: AsyncRead + AsyncWrite + Unpin>(&mut self, mut wire: Wire<S>) -> io::Result<Option<Wire<S>>> {
        loop {
            let until = self.line_ends();
            let line = match self.line(&mut wire, COMMAND_OCTETS_MAX, until).await? {
                Ok(line) => line,
                Err(farewell) => return say_farewell(wire, farewell).await.map(|()| None),
            };
            let ((code, words), next) = self.answer(&line, wire.has_more());
            if let Next::SignIn(mechanism, said) = next {
                if let Err(farewell) = self.sign_in(&mut wire, mechanism, said).await? {
                    return say_farewell(wire, farewell).await.map(|()| None);
                }
                continue;
            }
            wire.say(code, &words);
            self.mistakes += u32::from(matches!(code, 500..=504 | 555));
            if self.mistakes >= MISTAKES_MAX || self.strangers >= STRANGERS_MAX {
                wire.say(421, "4.7.0 Too many errors, closing");
                return wire.leave().await.map(|()| None);
            }
            match next {
                Next::Command | Next::SignIn(..) => {}
                Next::Data => {
                    if let Err(farewell) = self.data(&mut wire).await? {
                        return say_farewell(wire, farewell).await.map(|()| None);
                    }
                }
                Next::StartTls => {
                    wire.flush().await?;
                    return Ok(Some(wire));
                }
                Next::Close => return wire.leave().await.map(|()| None),
            }
        }
    }

    /// When the next line must be here.
    pub(super) fn line_ends(&self) -> Instant {
        self.ends.min(Instant::now() + self.pass.limits().line_within)
    }

    /// The next line, or the words to part with (none: the client has gone).
    pub(super) async fn line<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        wire: &mut Wire<S>,
        octets_max: usize,
        until: Instant,
    ) -> io::Result<Result<Vec<u8>, Option<Answer>>> {
        let line = tokio::select! {
            biased;
            line = wire.line(octets_max, until) => line?,
            _ = self.stop.wait_for(|stop| *stop) => {
                return Ok(Err(Some((421, "4.3.2 Going down for now, come back in a minute".to_owned()))));
            }
        };
        Ok(match line {
            Line::Whole(line) => Ok(line),
            Line::Closed => Err(None),
            // RFC 7504: 521 says that this will not become better. What was smuggled behind it is never read.
            Line::Bare => Err(Some((521, "5.5.2 Bare CR or LF received".to_owned()))),
            Line::TooLong => Err(Some((500, "5.5.2 Line too long".to_owned()))),
            Line::Silent => Err(Some((421, "4.4.2 Nothing said for too long".to_owned()))),
        })
    }

    /// The reply to one command.
    fn answer(&mut self, line: &[u8], more_waits: bool) -> (Answer, Next) {
        let mut whole = line.to_vec();
        whole.extend_from_slice(b"\r\n");
        let stay = |code: u16, words: &str| ((code, words.to_owned()), Next::Command);
        let request = match Request::parse(&mut whole.iter()) {
            Ok(request) => request,
            Err(error) => {
                let (code, words) = syntax(&error);
                return stay(code, words);
            }
        };
        match request {
            // RFC 2920 §3.1: these are the last of what is said in one breath. What comes behind them unasked was meant
            // to be read as something else.
            Request::Ehlo { .. } | Request::Helo { .. } | Request::Lhlo { .. } | Request::Data if more_waits => {
                ((521, "5.5.1 You did not wait for the reply".to_owned()), Next::Close)
            }
            // RFC 2033 §4.1: an LMTP server knows no HELO, and an SMTP server no LHLO.
            Request::Lhlo { host } if self.by_lmtp() => (self.hello(&host, true), Next::Command),
            Request::Ehlo { host } if !self.by_lmtp() => (self.hello(&host, true), Next::Command),
            Request::Helo { host } if !self.by_lmtp() => (self.hello(&host, false), Next::Command),
            Request::Ehlo { .. } | Request::Helo { .. } | Request::Lhlo { .. } => stay(500, "5.5.1 Not a command"),
            Request::Mail { from } => (self.mail(&from), Next::Command),
            Request::Rcpt { to } => (self.rcpt(&to.address), Next::Command),
            Request::Data if self.recipients.is_empty() => stay(503, "5.5.1 RCPT first"),
            Request::Data => ((354, "End with a line of one dot".to_owned()), Next::Data),
            Request::Auth { mechanism, initial_response } => self.auth(mechanism, &initial_response),
            Request::StartTls if self.tls || self.by_lmtp() => stay(502, "5.5.1 STARTTLS is not offered"),
            // RFC 3030 §2: its octets follow unasked. They are no commands, and are not read as such.
            Request::Bdat { .. } => ((502, "5.5.1 CHUNKING is not offered".to_owned()), Next::Close),
            // RFC 3207 §4.2: what follows STARTTLS in the same breath may be somebody else's.
            Request::StartTls if more_waits => ((501, "5.5.4 Nothing may follow STARTTLS".to_owned()), Next::Close),
            Request::StartTls => ((220, "2.0.0 Go on".to_owned()), Next::StartTls),
            Request::Rset => {
                self.forget();
                stay(250, "2.0.0 OK")
            }
            Request::Noop { .. } => stay(250, "2.0.0 OK"),
            // RFC 5321 §3.5.3: who lives here is nobody's business.
            Request::Vrfy { .. } => stay(252, "2.1.5 Send it and see"),
            Request::Quit => ((221, "2.0.0 Bye".to_owned()), Next::Close),
            _ => stay(502, "5.5.1 Not implemented"),
        }
    }

    fn hello(&mut self, host: &str, extended: bool) -> Answer {
        if host.trim().is_empty() || host.chars().any(char::is_control) {
            return (501, "5.5.4 Who are you?".to_owned());
        }
        self.forget();
        self.helo = Some(host.to_owned());
        let mut words = self.door.host.clone();
        if extended {
            let size = self.octets_max();
            words.push_str(&format!("\nSIZE {size}\n8BITMIME\nSMTPUTF8\nENHANCEDSTATUSCODES\nPIPELINING"));
            if self.tls && matches!(self.door.duty, Duty::Submits(_)) {
                words.push('\n');
                words.push_str(sign_in::OFFER);
            }
            if !self.tls && !self.by_lmtp() {
                words.push_str("\nSTARTTLS");
            }
        }
        (250, words)
    }

    fn mail(&mut self, from: &MailFrom<std::borrow::Cow<'_, str>>) -> Answer {
        let refuse = |code, words: &str| (code, words.to_owned());
        if self.helo.is_none() {
            return refuse(503, "5.5.1 EHLO first");
        }
        if self.mail_from.is_some() {
            return refuse(503, "5.5.1 One MAIL at a time");
        }
        if from.flags & MAIL_BODY_BINARYMIME != 0 {
            return refuse(555, "5.5.4 BINARYMIME is not offered");
        }
        if self.library.is_none() && matches!(self.door.duty, Duty::Submits(_)) {
            let how = if self.tls { "Sign in first" } else { "Begin TLS and sign in first" };
            return (
                530,
                format!("5.7.0 {how}: the user name is a library's code, the password a key that may submit"),
            );
        }
        if from.size > self.octets_max() {
            return refuse(552, "5.3.4 Too large");
        }
        if !from.address.is_empty() && Address::parse(&from.address).is_err() {
            return refuse(501, "5.1.7 That is no address");
        }
        if !self.pass.may_begin(Instant::now()) {
            return refuse(451, "4.7.1 Too many at once, come back in a minute");
        }
        if matches!(&self.door.duty, Duty::TakesBack { spool, .. } if !spool.has_room()) {
            return refuse(452, "4.3.1 Too much is waiting here, come back later");
        }
        self.mail_from = Some(from.address.to_string());
        refuse(250, "2.1.0 OK")
    }

    fn rcpt(&mut self, to: &str) -> Answer {
        let refuse = |code, words: &str| (code, words.to_owned());
        if self.mail_from.is_none() {
            return refuse(503, "5.5.1 MAIL first");
        }
        if self.recipients.len() >= RECIPIENTS_MAX {
            return refuse(452, "4.5.3 Too many recipients");
        }
        match &self.door.duty {
            Duty::TakesBack { secret, shared, .. } if !recipient::is_ours(secret, shared, to) => {
                self.strangers += 1;
                return refuse(550, "5.1.1 There is no such mailbox here");
            }
            Duty::Submits(_) if Address::parse(to).is_err() => return refuse(501, "5.1.3 That is no address"),
            Duty::Submits(desk)
                if !self.library.as_ref().is_some_and(|library| desk.may_name(library, Instant::now())) =>
            {
                return refuse(451, "4.7.1 Too many recipients in a minute, come back in the next");
            }
            Duty::TakesBack { .. } | Duty::Submits(_) => {}
        }
        self.owed += 1;
        if !self.recipients.iter().any(|known| known.eq_ignore_ascii_case(to)) {
            self.recipients.push(to.to_owned());
        }
        refuse(250, "2.1.5 OK")
    }

    /// Ends the transaction; who the client is stays known.
    pub(super) fn forget(&mut self) {
        self.mail_from = None;
        self.recipients.clear();
        self.owed = 0;
    }
}

async fn say_farewell<S: AsyncRead + AsyncWrite + Unpin>(
    mut wire: Wire<S>,
    farewell: Option<Answer>,
) -> io::Result<()> {
    let Some((code, words)) = farewell else { return Ok(()) };
    wire.say(code, &words);
    wire.leave().await
}

fn syntax(error: &Syntax) -> (u16, &'static str) {
    match error {
        Syntax::UnknownCommand => (500, "5.5.1 Not a command"),
        Syntax::InvalidSenderAddress => (501, "5.1.7 That is no address"),
        Syntax::InvalidRecipientAddress => (501, "5.1.3 That is no address"),
        Syntax::UnsupportedParameter { .. } => (555, "5.5.4 Not offered"),
        _ => (501, "5.5.2 Syntax"),
    }
}
