//! Mail hosts that follow a script a librarian could read, one connection after another.
//!
//! `<- 220 mx.example` the host says; `-> QUIT` it wants to hear exactly this (`*` at the end stands for the rest);
//! `-> (mail)` it reads a mail up to the final dot; `== tls` it shakes hands; `== close` it hangs up; `== silence` it
//! says no more and waits for the client to leave; `== garbage N` it pours out N octets; `== after K` it waits until
//! the K-th connection is over. At its end a script expects the client to be gone.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// Nothing on loopback takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Host {
    pub address: SocketAddr,
    running: tokio::task::JoinHandle<Vec<Result<(), String>>>,
    heard: Arc<Mutex<Heard>>,
}

#[derive(Default)]
pub struct Heard {
    /// Mails as they came over the wire, dots and all.
    pub mails: Vec<Vec<u8>>,
    /// Where each connection came from.
    pub peers: Vec<SocketAddr>,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

struct Talk {
    stream: Box<dyn Stream>,
    inbox: Vec<u8>,
}

impl Host {
    /// A host with one script per connection.
    pub async fn new(scripts: &[&str]) -> Self {
        Self::at("127.0.0.1:0", scripts, None).await
    }

    pub async fn with_tls(scripts: &[&str], tls: TlsAcceptor) -> Self {
        Self::at("127.0.0.1:0", scripts, Some(tls)).await
    }

    pub async fn at(address: &str, scripts: &[&str], tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let scripts: Vec<String> = scripts.iter().map(ToString::to_string).collect();
        let running = tokio::spawn(serve(listener, scripts, tls, heard.clone()));
        Self { address, running, heard }
    }

    /// Waits until every script has run, and gives what was heard. Fails on the first departure from a script.
    pub async fn done(self) -> Heard {
        let ended = tokio::time::timeout(PATIENCE, self.running).await.expect("a script never ended").unwrap();
        for (number, end) in ended.into_iter().enumerate() {
            if let Err(why) = end {
                panic!("connection {}: {why}", number + 1);
            }
        }
        std::mem::take(&mut *self.heard.lock().unwrap())
    }
}

async fn serve(
    listener: TcpListener,
    scripts: Vec<String>,
    tls: Option<TlsAcceptor>,
    heard: Arc<Mutex<Heard>>,
) -> Vec<Result<(), String>> {
    let (over, _) = watch::channel(vec![false; scripts.len()]);
    let over = Arc::new(over);
    let mut talks = JoinSet::new();
    for (number, script) in scripts.into_iter().enumerate() {
        let (stream, peer) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        heard.lock().unwrap().peers.push(peer);
        let (tls, heard, over) = (tls.clone(), heard.clone(), over.clone());
        talks.spawn(async move {
            let mut talk = Talk { stream: Box::new(stream), inbox: Vec::new() };
            let mut waiting = over.subscribe();
            let end = talk.follow(&script, tls, &heard, &mut waiting).await;
            over.send_modify(|over| over[number] = true);
            (number, end)
        });
    }
    let mut ends = talks.join_all().await;
    ends.sort_by_key(|(number, _)| *number);
    ends.into_iter().map(|(_, end)| end).collect()
}

impl Talk {
    async fn follow(
        &mut self,
        script: &str,
        tls: Option<TlsAcceptor>,
        heard: &Mutex<Heard>,
        over: &mut watch::Receiver<Vec<bool>>,
    ) -> Result<(), String> {
        for step in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            match step.split_once(' ').unwrap_or((step, "")) {
                ("<-", words) => {
                    let octets = words.replace("\\r\\n", "\r\n") + "\r\n";
                    self.stream.write_all(octets.as_bytes()).await.map_err(|why| format!("{step}: {why}"))?;
                }
                ("->", "(mail)") => {
                    let mail = self.mail().await?;
                    heard.lock().unwrap().mails.push(mail);
                }
                ("->", wanted) => {
                    let line = self.line().await.map_err(|why| format!("wanted {wanted}: {why}"))?;
                    let fits = match wanted.strip_suffix('*') {
                        Some(front) => line.starts_with(front),
                        None => line == wanted,
                    };
                    if !fits {
                        return Err(format!("wanted {wanted}, heard {line}"));
                    }
                }
                ("==", "close") => return Ok(()),
                ("==", "silence") => {
                    let mut rest = Vec::new();
                    let _ = self.stream.read_to_end(&mut rest).await;
                    return Ok(());
                }
                ("==", "tls") => {
                    let plain = std::mem::replace(&mut self.stream, Box::new(tokio::io::empty()));
                    let shaken = tls.as_ref().expect("a script with tls").accept(plain).await;
                    self.stream = Box::new(shaken.map_err(|why| format!("handshake: {why}"))?);
                }
                ("==", other) if other.starts_with("garbage ") => {
                    let count: usize = other[8..].parse().unwrap();
                    let _ = self.stream.write_all(&vec![b'x'; count]).await;
                }
                ("==", other) if other.starts_with("after ") => {
                    let number: usize = other[6..].parse().unwrap();
                    over.wait_for(|over| over[number - 1]).await.unwrap();
                }
                _ => panic!("not a step: {step}"),
            }
        }
        match self.line().await {
            Err(_) => Ok(()),
            Ok(line) => Err(format!("the script was over, heard {line}")),
        }
    }

    async fn line(&mut self) -> Result<String, String> {
        loop {
            if let Some(end) = self.inbox.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.inbox.drain(..end + 2).collect::<Vec<_>>();
                return Ok(String::from_utf8(line[..end].to_vec()).unwrap());
            }
            self.more().await?;
        }
    }

    async fn mail(&mut self) -> Result<Vec<u8>, String> {
        loop {
            let at_once = self.inbox.starts_with(b".\r\n").then_some(3);
            let later = self.inbox.windows(5).position(|end| end == b"\r\n.\r\n").map(|at| at + 5);
            if let Some(end) = at_once.or(later) {
                return Ok(self.inbox.drain(..end).collect());
            }
            self.more().await?;
        }
    }

    async fn more(&mut self) -> Result<(), String> {
        let mut piece = [0; 4096];
        match tokio::time::timeout(PATIENCE, self.stream.read(&mut piece)).await {
            Err(_) => Err("the client said nothing".to_owned()),
            Ok(Err(why)) => Err(why.to_string()),
            Ok(Ok(0)) => Err("the client hung up".to_owned()),
            Ok(Ok(count)) => {
                self.inbox.extend_from_slice(&piece[..count]);
                Ok(())
            }
        }
    }
}

/// A server side of TLS with a new self-signed certificate for `name`, and that certificate.
pub fn self_signed(name: &str) -> (TlsAcceptor, CertificateDer<'static>) {
    self_signed_at(name, rustls::ALL_VERSIONS)
}

/// The same for some versions of TLS only.
pub fn self_signed_at(
    name: &str,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> (TlsAcceptor, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), certificate)
}
