//! The server's sockets: UDP and TCP on one port of loopback.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::op::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::{AbortHandle, JoinSet};

use super::Zones;
use super::answer::fit_for_udp;

/// How often another port is tried when the one UDP got is taken for TCP.
const PORTS_TRIED_MAX: u8 = 50;
/// A TCP connection without a question is closed (RFC 7766 §6.2.3: a few seconds).
const TCP_IDLE: Duration = Duration::from_secs(10);
/// Largest message over UDP that we read.
const UDP_OCTETS_MAX: usize = 4_096;
/// TCP connections open at once; more wait in the backlog.
const CONNECTIONS_MAX: usize = 512;

/// A running server. Dropping it closes its sockets and connections.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    running: AbortHandle,
}

impl Server {
    /// Starts on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port is free for both UDP and TCP.
    pub async fn start(zones: Zones) -> io::Result<Self> {
        Self::start_at(zones, SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0)).await
    }

    /// Starts on this address; port 0 takes a free one.
    ///
    /// # Errors
    /// When the port is taken, or none is free.
    pub async fn start_at(zones: Zones, address: SocketAddr) -> io::Result<Self> {
        let (udp, tcp) = bind(address).await?;
        let address = udp.local_addr()?;
        // One task holds the other as a child: ending it ends both and every connection.
        let task = tokio::spawn(async move {
            let mut both = JoinSet::new();
            both.spawn(serve_udp(Arc::new(udp), zones.clone()));
            both.spawn(serve_tcp(tcp, zones));
            while both.join_next().await.is_some() {}
        });
        Ok(Self { address, running: task.abort_handle() })
    }

    /// Where to ask.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.running.abort();
    }
}

async fn bind(address: SocketAddr) -> io::Result<(UdpSocket, TcpListener)> {
    let mut tries = 0;
    loop {
        let tcp = TcpListener::bind(address).await?;
        match UdpSocket::bind(tcp.local_addr()?).await {
            Ok(udp) => return Ok((udp, tcp)),
            Err(_) if address.port() == 0 && tries < PORTS_TRIED_MAX => tries += 1,
            Err(error) => return Err(error),
        }
    }
}

async fn serve_udp(socket: Arc<UdpSocket>, zones: Zones) {
    let mut octets = vec![0; UDP_OCTETS_MAX];
    loop {
        // An error is about an earlier answer whose asker is gone.
        let Ok((length, asker)) = socket.recv_from(&mut octets).await else { continue };
        let Ok(asked) = Message::from_vec(&octets[..length]) else { continue };
        if let Some(answer) = zones.answer(&asked).and_then(|answer| fit_for_udp(&asked, &answer)) {
            // Whoever does not get it asks again.
            drop(socket.send_to(&answer, asker).await);
        }
    }
}

async fn serve_tcp(listener: TcpListener, zones: Zones) {
    let mut connections = JoinSet::new();
    loop {
        while connections.len() >= CONNECTIONS_MAX {
            connections.join_next().await;
        }
        match listener.accept().await {
            Ok((stream, _)) => drop(connections.spawn(serve_connection(stream, zones.clone()))),
            // Out of file handles or the like: not at once again.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

/// Messages with their length before them (RFC 1035 §4.2.2), until the asker goes or says nothing for long.
async fn serve_connection(mut stream: TcpStream, zones: Zones) -> io::Result<()> {
    loop {
        let asked = tokio::time::timeout(TCP_IDLE, read_message(&mut stream)).await??;
        let Some(answer) = zones.answer(&asked) else { continue };
        let octets = answer.to_vec().map_err(io::Error::other)?;
        let length = u16::try_from(octets.len()).map_err(io::Error::other)?;
        let framed = [length.to_be_bytes().as_slice(), &octets].concat();
        tokio::time::timeout(TCP_IDLE, stream.write_all(&framed)).await??;
    }
}

async fn read_message(stream: &mut TcpStream) -> io::Result<Message> {
    let length = stream.read_u16().await?;
    let mut octets = vec![0; usize::from(length)];
    stream.read_exact(&mut octets).await?;
    Message::from_vec(&octets).map_err(io::Error::other)
}
