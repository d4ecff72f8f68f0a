//! One conversation with a sender, from the banner to QUIT (RFC 5321 §3).
//!
//! In: a connection and the provider it is for. Out: nothing; what the provider kept is in its mailboxes.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use smtp_proto::{Error as Syntax, MAIL_SMTPUTF8, MailFrom, Request};
use standards::address::Address;
use standards::reply::Reply;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::wire::{Line, Wire};
use crate::provider::{Envelope, Provider};

/// RFC 5321 §4.5.3.1.4 gives 512 octets; SMTPUTF8 and other parameters need more (§4.5.3.1.9).
const COMMAND_OCTETS_MAX: usize = 2048;
/// RFC 5321 §4.5.3.1.6: 1000 octets with CR LF.
const DATA_LINE_OCTETS_MAX: usize = 1000;
/// The size we announce (RFC 1870): ample for a notice.
const MESSAGE_OCTETS_MAX: usize = 10 * 1024 * 1024;
/// RFC 5321 §4.5.3.1.8: at least 100 recipients.
const RECIPIENTS_MAX: usize = 100;
/// After so many mistakes the client is not one.
const MISTAKES_MAX: u32 = 20;
/// So much may be said on one connection; a loop that never ends is not mail.
const COMMANDS_MAX: u32 = 100_000;

/// What the loop does after a reply.
#[derive(PartialEq, Eq)]
enum Next {
    Command,
    Data,
    StartTls,
    Close,
}

struct Session<'a> {
    provider: &'a Arc<Provider>,
    envelope: Envelope,
    greeted: bool,
    /// Whether a MAIL stands (the null sender is a sender too).
    mail: bool,
    mistakes: u32,
    said: u32,
}

/// The whole conversation, before and after STARTTLS.
///
/// # Errors
/// A broken connection, a silent client or a failed handshake.
pub(super) async fn converse(
    stream: TcpStream,
    client: IpAddr,
    provider: &Arc<Provider>,
    tls: &TlsAcceptor,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut session =
        Session { provider, envelope: Envelope::new(client), greeted: false, mail: false, mistakes: 0, said: 0 };
    let mut wire = Wire::new(stream);
    provider.before_the_banner().await;
    wire.say(&reply(220, &format!("{} ESMTP {}", provider.mx_host(), provider.banner())));
    let Some(wire) = session.run(wire).await? else { return Ok(()) };
    let secured = tls.accept(wire.into_stream()).await?;
    // RFC 3207 §4.2: after the handshake the client has said nothing yet.
    session.forget();
    session.greeted = false;
    session.envelope.tls = true;
    session.run(Wire::new(secured)).await?;
    Ok(())
}

impl Session<'_> {
    /// Talks until the end (none) or until the handshake is to begin (the wire).
    async fn run<S: AsyncRead + AsyncWrite + Unpin>(&mut self, mut wire: Wire<S>) -> io::Result<Option<Wire<S>>> {
        loop {
            self.said += 1;
            if self.said > COMMANDS_MAX || self.mistakes > MISTAKES_MAX {
                wire.say(&reply(421, "4.7.0 Too many commands or errors, closing"));
                return wire.leave().await.map(|()| None);
            }
            let line = match wire.line(COMMAND_OCTETS_MAX).await? {
                Line::Text(line) => line,
                Line::Closed => return Ok(None),
                Line::Bare => {
                    wire.say(&bare());
                    return wire.leave().await.map(|()| None);
                }
                Line::TooLong => {
                    wire.say(&reply(500, "5.5.2 Line too long"));
                    return wire.leave().await.map(|()| None);
                }
            };
            let (answer, next) = self.answer(&line, wire.has_more());
            self.mistakes += u32::from(matches!(answer.code, 500..=504));
            wire.say(&answer);
            match next {
                Next::Command => {}
                Next::Data => {
                    wire.flush().await?;
                    if self.data(&mut wire).await? == Next::Close {
                        return wire.leave().await.map(|()| None);
                    }
                }
                Next::StartTls => {
                    wire.flush().await?;
                    return Ok(Some(wire));
                }
                Next::Close => {
                    return wire.leave().await.map(|()| None);
                }
            }
        }
    }

    /// The reply to one command line.
    fn answer(&mut self, line: &[u8], more_waits: bool) -> (Reply, Next) {
        let mut whole = line.to_vec();
        whole.extend_from_slice(b"\r\n");
        let request = match Request::parse(&mut whole.iter()) {
            Ok(request) => request,
            Err(error) => return (syntax(&error), Next::Command),
        };
        let stay = |reply| (reply, Next::Command);
        match request {
            Request::Ehlo { host } => stay(self.hello(&host, true)),
            Request::Helo { host } => stay(self.hello(&host, false)),
            Request::Mail { from } => leave_on_421(self.mail(&from)),
            Request::Rcpt { to } => leave_on_421(self.rcpt(&to.address)),
            Request::Data if self.envelope.recipients.is_empty() => stay(reply(503, "5.5.1 RCPT first")),
            Request::Data => (reply(354, "End data with <CR><LF>.<CR><LF>"), Next::Data),
            Request::StartTls if self.envelope.tls || !self.provider.starttls() => {
                stay(reply(502, "5.5.1 STARTTLS is not offered here"))
            }
            // RFC 3207 §4: nothing may follow STARTTLS in the same breath; who could have put it there?
            Request::StartTls if more_waits => (reply(501, "5.5.4 Commands after STARTTLS"), Next::Close),
            Request::StartTls => (reply(220, "2.0.0 Ready to start TLS"), Next::StartTls),
            Request::Rset => {
                self.forget();
                stay(reply(250, "2.0.0 Flushed"))
            }
            Request::Noop { .. } => stay(reply(250, "2.0.0 OK")),
            // RFC 5321 §7.3: a server need not tell who lives here.
            Request::Vrfy { .. } => stay(reply(252, "2.1.5 Send some mail, I'll try my best")),
            Request::Quit => {
                (reply(221, &format!("2.0.0 {} closing connection", self.provider.mx_host())), Next::Close)
            }
            _ => stay(reply(502, "5.5.1 Unrecognized command")),
        }
    }

    fn hello(&mut self, host: &str, extended: bool) -> Reply {
        if host.trim().is_empty() {
            return reply(501, "5.5.4 Empty HELO/EHLO argument not allowed");
        }
        self.forget();
        self.greeted = true;
        self.envelope.helo = host.to_owned();
        let mut lines = vec![format!("{} at your service, [{}]", self.provider.mx_host(), self.envelope.client)];
        if extended {
            lines.push(format!("SIZE {MESSAGE_OCTETS_MAX}"));
            lines.extend(["8BITMIME", "ENHANCEDSTATUSCODES", "PIPELINING"].map(str::to_owned));
            if self.provider.starttls() && !self.envelope.tls {
                lines.push("STARTTLS".to_owned());
            }
            if self.provider.smtputf8() {
                lines.push("SMTPUTF8".to_owned());
            }
        }
        Reply::from_lines(250, lines.iter().map(String::as_str))
    }

    fn mail(&mut self, from: &MailFrom<std::borrow::Cow<'_, str>>) -> Reply {
        if !self.greeted {
            return reply(503, "5.5.1 EHLO/HELO first");
        }
        if self.mail {
            return reply(503, "5.5.1 Nested MAIL command");
        }
        if from.size > MESSAGE_OCTETS_MAX {
            return reply(552, "5.3.4 Message size exceeds fixed limit");
        }
        let utf8 = from.flags & MAIL_SMTPUTF8 != 0;
        if utf8 && !self.provider.smtputf8() {
            return reply(555, "5.5.4 SMTPUTF8 is not offered here");
        }
        let sender = match from.address.as_ref() {
            "" => None,
            text => match Address::parse(text) {
                Ok(address) if address.needs_smtputf8() && !utf8 => {
                    return reply(553, "5.6.7 Address needs SMTPUTF8");
                }
                Ok(address) => Some(address),
                Err(_) => return reply(501, "5.1.7 Bad sender address syntax"),
            },
        };
        if let Err(refusal) = self.provider.mail(self.envelope.client) {
            return refusal;
        }
        self.envelope.mail_from = sender;
        self.envelope.smtputf8 = utf8;
        self.mail = true;
        reply(250, "2.1.0 OK")
    }

    fn rcpt(&mut self, to: &str) -> Reply {
        if !self.mail {
            return reply(503, "5.5.1 MAIL first");
        }
        if self.envelope.recipients.len() >= RECIPIENTS_MAX {
            return reply(452, "4.5.3 Too many recipients");
        }
        let Ok(recipient) = Address::parse(to) else {
            return reply(501, "5.1.3 Bad recipient address syntax");
        };
        if recipient.needs_smtputf8() && !self.envelope.smtputf8 {
            return reply(553, "5.6.7 Address needs SMTPUTF8");
        }
        let answer = self.provider.rcpt(&self.envelope, &recipient);
        if answer.is_positive() {
            self.envelope.recipients.push(recipient);
        }
        answer
    }

    /// Reads the message and hands it to the provider (RFC 5321 §4.1.1.4).
    async fn data<S: AsyncRead + AsyncWrite + Unpin>(&mut self, wire: &mut Wire<S>) -> io::Result<Next> {
        let mut message = Vec::new();
        let mut fault = None;
        loop {
            let line = match wire.line(DATA_LINE_OCTETS_MAX).await? {
                Line::Text(line) => line,
                Line::Closed => return Ok(Next::Close),
                Line::Bare => {
                    wire.say(&bare());
                    return Ok(Next::Close);
                }
                Line::TooLong => {
                    wire.say(&reply(550, "5.6.0 Line longer than 998 octets, see RFC 5322 section 2.1.1"));
                    return Ok(Next::Close);
                }
            };
            if line == b"." {
                break;
            }
            if line.contains(&0) {
                fault = Some(reply(550, "5.6.0 NUL octet in message"));
            }
            if message.len() + line.len() > MESSAGE_OCTETS_MAX {
                wire.say(&reply(552, "5.3.4 Message size exceeds fixed limit"));
                return Ok(Next::Close);
            }
            // RFC 5321 §4.5.2: the first dot of a line that begins with one was put there by the client.
            message.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            message.extend_from_slice(b"\r\n");
        }
        let answer = match fault {
            Some(fault) => fault,
            None => self.provider.receive(&self.envelope, &message).await,
        };
        self.forget();
        let (answer, next) = leave_on_421(answer);
        wire.say(&answer);
        Ok(next)
    }

    /// Ends the transaction; who the client is stays known.
    fn forget(&mut self) {
        self.mail = false;
        self.envelope.mail_from = None;
        self.envelope.recipients.clear();
        self.envelope.smtputf8 = false;
    }
}

/// RFC 5321 §3.8: 421 is a farewell.
fn leave_on_421(reply: Reply) -> (Reply, Next) {
    let next = if reply.code == 421 { Next::Close } else { Next::Command };
    (reply, next)
}

fn reply(code: u16, words: &str) -> Reply {
    Reply::from_lines(code, [words])
}

fn bare() -> Reply {
    reply(521, "5.5.2 Error: bare <CR> or <LF> received")
}

fn syntax(error: &Syntax) -> Reply {
    match error {
        Syntax::UnknownCommand => reply(500, "5.5.1 Unrecognized command"),
        Syntax::InvalidSenderAddress => reply(501, "5.1.7 Bad sender address syntax"),
        Syntax::InvalidRecipientAddress => reply(501, "5.1.3 Bad recipient address syntax"),
        Syntax::UnsupportedParameter { .. } => reply(555, "5.5.4 Unsupported option"),
        _ => reply(501, "5.5.2 Syntax error"),
    }
}
