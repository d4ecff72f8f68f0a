//! A sender that does what it is told: every octet is the test's own.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use practice::world::{Options, RELAYS, Running};
use standards::reply::Reply;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// A fresh practice internet without keys.
pub async fn world() -> Running {
    practice::world::start(Options::default()).await.unwrap()
}

/// A notice that RFC 5322 has nothing against.
pub fn message(from: &str, to: &str) -> String {
    format!(
        "From: Library <{from}>\r\nTo: {to}\r\nSubject: Your loan is here\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\n\
         Message-ID: <1.{from}>\r\n\r\nDear patron,\r\n\r\nit is here.\r\n"
    )
}

/// One connection to a provider.
pub struct Client<S> {
    pub stream: S,
    unread: Vec<u8>,
}

impl Client<TcpStream> {
    /// Connects from `source` and reads the banner.
    pub async fn connect(running: &Running, provider: &str, source: Ipv4Addr) -> Self {
        let mut client = Self::connect_silently(running, provider, source).await;
        assert_eq!(client.reply().await.code, 220);
        client
    }

    /// Connects from `source`; the banner is still to come.
    pub async fn connect_silently(running: &Running, provider: &str, source: Ipv4Addr) -> Self {
        let server = SocketAddr::from((running.provider(provider).unwrap().ip(), running.smtp_port()));
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from((source, 0))).unwrap();
        Self::new(socket.connect(server).await.unwrap())
    }

    /// Connects from the first relay and says EHLO.
    pub async fn greeted(running: &Running, provider: &str) -> Self {
        let mut client = Self::connect(running, provider, RELAYS[0]).await;
        assert_eq!(client.say("EHLO out1.notices.example").await.code, 250);
        client
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub fn new(stream: S) -> Self {
        Self { stream, unread: Vec::new() }
    }

    /// Sends one line and gives the reply.
    pub async fn say(&mut self, line: &str) -> Reply {
        self.send(format!("{line}\r\n").as_bytes()).await;
        self.reply().await
    }

    /// Sends octets as they are.
    pub async fn send(&mut self, octets: &[u8]) {
        self.stream.write_all(octets).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// MAIL, RCPT and the message; the last reply.
    pub async fn offer(&mut self, from: &str, to: &str, message: &str) -> Reply {
        for command in [format!("MAIL FROM:<{from}>"), format!("RCPT TO:<{to}>"), "DATA".to_owned()] {
            let reply = self.say(&command).await;
            if reply.code >= 400 {
                return reply;
            }
        }
        self.send(message.as_bytes()).await;
        self.say(".").await
    }

    /// The next reply.
    pub async fn reply(&mut self) -> Reply {
        let mut lines = Vec::new();
        loop {
            let line = self.line().await.expect("a reply before the end of the connection");
            let code: u16 = line[..3].parse().unwrap();
            let last = line.as_bytes().get(3) != Some(&b'-');
            lines.push(line.get(4..).unwrap_or_default().to_owned());
            if last {
                return Reply::from_lines(code, lines.iter().map(String::as_str));
            }
        }
    }

    /// The next line; none at the end of the connection.
    pub async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.unread.windows(2).position(|octets| octets == b"\r\n") {
                let line = String::from_utf8(self.unread[..end].to_vec()).unwrap();
                self.unread.drain(..end + 2);
                return Some(line);
            }
            let reading = self.stream.read_buf(&mut self.unread);
            let octets = tokio::time::timeout(Duration::from_secs(20), reading).await.expect("an answer in time");
            if octets.unwrap_or(0) == 0 {
                return None;
            }
        }
    }
}
