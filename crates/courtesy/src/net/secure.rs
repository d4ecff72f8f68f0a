//! DNS answers that a validating resolver vouches for: the AD bit of its answer (RFC 4035 §3.2.3).
//!
//! In: the resolver that the operator set. Out: records with whether they are secure, or that nothing may be believed. The bit is
//! worth as much as the way to the resolver: it is believed from this very machine, or where the operator says so. Not here: what
//! the records mean, and remembering them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_resolver::proto::op::{Edns, Message, Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use standards::domain::Domain;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use super::dane::Tlsa;
use crate::id::random_bytes;

/// How long the resolver may take; it may have to walk a chain of keys from the root.
const ANSWER_WAIT: Duration = Duration::from_secs(5);

/// Tries by UDP.
const TRIES: u32 = 2;

/// What fits an unfragmented datagram (RFC 9715).
const DATAGRAM_OCTETS: u16 = 1232;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vouched<T> {
    /// Whether the resolver checked the signatures of it, be it records or that there are none.
    pub secure: bool,
    /// The records.
    pub records: Vec<T>,
    /// Seconds they may be remembered; 0 where there are none.
    pub ttl_s: u32,
}

/// Nothing may be believed: no answer, or one that the resolver found forged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bogus;

/// Asks one validating resolver.
#[derive(Clone, Copy, Debug)]
pub struct SecureDns {
    server: SocketAddr,
}

impl SecureDns {
    /// One that asks `server`, whose AD bit is to be believed.
    #[must_use]
    pub fn at(server: SocketAddr) -> Self {
        Self { server }
    }

    /// Whether the mail exchangers of `domain`, or that there are none, are vouched for.
    ///
    /// # Errors
    /// [`Bogus`].
    pub async fn mx_is_secure(&self, domain: &Domain) -> Result<bool, Bogus> {
        Ok(self.ask(domain, RecordType::MX, |_| Some(())).await?.secure)
    }

    /// Whether the addresses of `host` are vouched for.
    ///
    /// # Errors
    /// [`Bogus`].
    pub async fn host_is_secure(&self, host: &Domain) -> Result<bool, Bogus> {
        let v4 = self.ask(host, RecordType::A, |_| Some(())).await?;
        if !v4.records.is_empty() || !v4.secure {
            return Ok(v4.secure);
        }
        Ok(self.ask(host, RecordType::AAAA, |_| Some(())).await?.secure)
    }

    /// The TLSA records of a host at a port.
    ///
    /// # Errors
    /// [`Bogus`].
    pub async fn tlsa(&self, host: &Domain, port: u16) -> Result<Vouched<Tlsa>, Bogus> {
        let name = host.below(&format!("_{port}._tcp")).map_err(|_| Bogus)?;
        self.ask(&name, RecordType::TLSA, |data| match data {
            RData::TLSA(tlsa) => Some(Tlsa {
                usage: tlsa.cert_usage.into(),
                selector: tlsa.selector.into(),
                matching: tlsa.matching.into(),
                data: tlsa.cert_data.clone(),
            }),
            _ => None,
        })
        .await
    }

    async fn ask<T>(
        &self,
        name: &Domain,
        kind: RecordType,
        read: impl Fn(&RData) -> Option<T>,
    ) -> Result<Vouched<T>, Bogus> {
        let name = Name::from_labels(name.labels().map(str::as_bytes)).map_err(|_| Bogus)?;
        let mut message = Message::query();
        message.metadata.id = u16::from_le_bytes(random_bytes());
        message.metadata.recursion_desired = true;
        // RFC 6840 §5.7: a question with AD wants to know.
        message.metadata.authentic_data = true;
        message.add_query(Query::query(name, kind));
        let mut edns = Edns::new();
        edns.set_max_payload(DATAGRAM_OCTETS);
        message.set_edns(edns);
        let answer = self.exchange(&message).await.ok_or(Bogus)?;
        let code = answer.metadata.response_code;
        if code != ResponseCode::NoError && code != ResponseCode::NXDomain {
            return Err(Bogus);
        }
        let of_kind = answer.answers.iter().filter(|record| record.record_type() == kind);
        let ttl_s = of_kind.clone().map(|record| record.ttl).min().unwrap_or(0);
        let records = of_kind.filter_map(|record| read(&record.data)).collect();
        Ok(Vouched { secure: answer.metadata.authentic_data, records, ttl_s })
    }

    /// By UDP, and by TCP where the answer is too long for it.
    async fn exchange(&self, message: &Message) -> Option<Message> {
        let octets = message.to_vec().ok()?;
        for _ in 0..TRIES {
            let Ok(Some(answer)) = timeout(ANSWER_WAIT / TRIES, self.datagram(&octets, message)).await else {
                continue;
            };
            if !answer.metadata.truncation {
                return Some(answer);
            }
            return timeout(ANSWER_WAIT, self.stream(&octets, message)).await.ok().flatten();
        }
        None
    }

    async fn datagram(&self, octets: &[u8], asked: &Message) -> Option<Message> {
        let any: IpAddr = match self.server {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let socket = UdpSocket::bind((any, 0)).await.ok()?;
        socket.connect(self.server).await.ok()?;
        socket.send(octets).await.ok()?;
        let mut buffer = [0; 4096];
        loop {
            let length = socket.recv(&mut buffer).await.ok()?;
            // What does not answer this question is somebody's guess at it.
            if let Some(answer) = Message::from_vec(&buffer[..length]).ok().filter(|answer| answers(answer, asked)) {
                return Some(answer);
            }
        }
    }

    async fn stream(&self, octets: &[u8], asked: &Message) -> Option<Message> {
        let mut stream = TcpStream::connect(self.server).await.ok()?;
        let length = u16::try_from(octets.len()).ok()?;
        stream.write_all(&[&length.to_be_bytes(), octets].concat()).await.ok()?;
        let length = stream.read_u16().await.ok()?;
        let mut buffer = vec![0; length.into()];
        stream.read_exact(&mut buffer).await.ok()?;
        Message::from_vec(&buffer).ok().filter(|answer| answers(answer, asked))
    }
}

fn answers(answer: &Message, asked: &Message) -> bool {
    answer.metadata.id == asked.metadata.id && answer.queries == asked.queries
}
