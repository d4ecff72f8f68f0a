//! Today's notices: a hosted server writes each library's address into From and envelope, from its own machine.
//!
//! In: a running practice internet. Out: what each provider answered, for the "before" of the demonstration. This is
//! the way of sending that Courtesy replaces; nothing here is meant to arrive.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use jiff::Timestamp;
use mail_parser::DateTime;
use standards::domain::Domain;
use standards::reply::Reply;
use tokio::net::TcpSocket;

use crate::mail::{Line, Wire};
use crate::world::{LIBRARIES, Library, OLD_DOMAIN, OLD_SERVERS, Running};

/// A whole conversation on loopback; a slow provider may take most of it.
const PATIENCE: Duration = Duration::from_secs(60);
/// RFC 5321 §4.5.3.1.5: 512 octets; some servers say more.
const REPLY_LINE_OCTETS_MAX: usize = 2048;
/// No server explains itself longer.
const REPLY_LINES_MAX: usize = 100;

/// One notice in a library's name, and what the provider said to it.
#[derive(Clone, Debug)]
pub struct Spoofed {
    /// In whose name.
    pub library: Library,
    /// Whose patron it was for.
    pub provider: Domain,
    /// That patron's address.
    pub recipient: String,
    /// The last word of the conversation.
    pub reply: Reply,
}

/// Sends one notice of every library to `patron@` every provider, as the hosted system does today.
///
/// # Errors
/// When a provider cannot be reached: the practice internet is broken.
pub async fn notices(running: &Running, now: Timestamp) -> io::Result<Vec<Spoofed>> {
    let mut sent = Vec::new();
    for library in LIBRARIES {
        for provider in running.providers() {
            let recipient = format!("patron@{}", provider.domain());
            let message = notice(&library, &recipient, now);
            let server = SocketAddr::from((provider.ip(), running.smtp_port()));
            let helo = format!("ill1.{OLD_DOMAIN}");
            let from = library.notice_address();
            let reply = submit(OLD_SERVERS[0], server, &helo, &from, &recipient, message.as_bytes()).await?;
            sent.push(Spoofed { library, provider: provider.domain().clone(), recipient, reply });
        }
    }
    Ok(sent)
}

/// A notice as the hosted system writes it: sound by RFC 5322, unsigned, in the library's name.
fn notice(library: &Library, recipient: &str, now: Timestamp) -> String {
    let date = DateTime::from_timestamp(now.as_second()).to_rfc822();
    let from = library.notice_address();
    let (code, name) = (library.code, library.name_en);
    let id = format!("{}.{code}.{}@ill1.{OLD_DOMAIN}", now.as_microsecond(), recipient.replace('@', "."));
    format!(
        "From: \"{code} Interlibrary Loan\" <{from}>\r\nTo: {recipient}\r\nSubject: Your interlibrary loan has \
         arrived\r\nDate: {date}\r\nMessage-ID: <{id}>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; \
         charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nDear patron,\r\n\r\nThe item you requested is ready \
         for pickup at {name}.\r\nPlease bring your library card.\r\n"
    )
}

/// Sends one message over plain TCP from `source` and gives the last reply: to the message, or to the first command
/// that was not taken.
///
/// # Errors
/// When there is no connection or no sound reply.
pub async fn submit(
    source: Ipv4Addr,
    server: SocketAddr,
    helo: &str,
    mail_from: &str,
    recipient: &str,
    message: &[u8],
) -> io::Result<Reply> {
    let conversation = async {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((source, 0)))?;
        let stream = socket.connect(server).await?;
        stream.set_nodelay(true)?;
        let mut wire = Wire::new(stream);
        let mut last = reply(&mut wire).await?;
        let commands = [
            format!("EHLO {helo}\r\n"),
            format!("MAIL FROM:<{mail_from}>\r\n"),
            format!("RCPT TO:<{recipient}>\r\n"),
            "DATA\r\n".to_owned(),
        ];
        for command in commands {
            if !last.is_positive() {
                break;
            }
            wire.put(command.as_bytes());
            last = reply(&mut wire).await?;
        }
        if last.code == 354 {
            wire.put(&dotted(message));
            last = reply(&mut wire).await?;
        }
        wire.put(b"QUIT\r\n");
        // The provider's farewell changes nothing.
        let _ = reply(&mut wire).await;
        Ok(last)
    };
    tokio::time::timeout(PATIENCE, conversation)
        .await
        .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "the provider fell silent"))?
}

/// The message for the wire: dots doubled at line starts, and the dot that ends it (RFC 5321 §4.5.2).
fn dotted(message: &[u8]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(message.len() + 5);
    for line in message.split_inclusive(|&octet| octet == b'\n') {
        if line.starts_with(b".") {
            octets.push(b'.');
        }
        octets.extend_from_slice(line);
    }
    if !octets.ends_with(b"\r\n") {
        octets.extend_from_slice(b"\r\n");
    }
    octets.extend_from_slice(b".\r\n");
    octets
}

async fn reply(wire: &mut Wire<tokio::net::TcpStream>) -> io::Result<Reply> {
    let not_smtp = || io::Error::new(io::ErrorKind::InvalidData, "not an SMTP reply");
    let mut lines = Vec::new();
    while lines.len() < REPLY_LINES_MAX {
        let Line::Text(line) = wire.line(REPLY_LINE_OCTETS_MAX).await? else { return Err(not_smtp()) };
        let line = String::from_utf8_lossy(&line).into_owned();
        let code: u16 = line.get(..3).and_then(|digits| digits.parse().ok()).ok_or_else(not_smtp)?;
        let is_last = line.as_bytes().get(3) != Some(&b'-');
        lines.push(line.get(4..).unwrap_or_default().to_owned());
        if is_last {
            return Ok(Reply::from_lines(code, lines.iter().map(String::as_str)));
        }
    }
    Err(not_smtp())
}
