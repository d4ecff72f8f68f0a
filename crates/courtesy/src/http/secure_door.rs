//! The HTTPS door, for whoever has no proxy before us; and the door at port 80 where an authority asks for our names.
//!
//! In: a TCP listener and the certificate. Out: what `axum` serves. Handshakes go on beside each other, each within its time: a client that is
//! slow at it keeps nobody waiting.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::serve::Listener;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_rustls::server::TlsStream;

use super::App;
use super::problem::Refusal;
use crate::net::serving::Certificate;

/// How long a handshake may take.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// Handshakes at one time: each is some kilobytes and a signature.
const HANDSHAKES_MAX: usize = 500;

/// How long we wait after the system had no socket for us.
const AFTER_TROUBLE: Duration = Duration::from_millis(200);

/// Letters of an authority's token (RFC 8555 §8.3: base64url of 128 bits at least).
const TOKEN_LETTERS_MAX: usize = 128;

/// A listener that speaks TLS.
pub struct SecureListener {
    address: SocketAddr,
    shaken: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    accepting: JoinHandle<()>,
}

impl SecureListener {
    /// Begins to accept.
    ///
    /// # Errors
    /// When the listener has no address.
    pub fn new(listener: TcpListener, certificate: Arc<Certificate>) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (ready, shaken) = mpsc::channel(1);
        Ok(Self { address, shaken, accepting: tokio::spawn(accept(listener, certificate, ready)) })
    }
}

impl Drop for SecureListener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(
    listener: TcpListener,
    certificate: Arc<Certificate>,
    ready: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    let places = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let (stream, peer) = match listener.accept().await {
            Ok(came) => came,
            Err(_) => {
                tokio::time::sleep(AFTER_TROUBLE).await;
                continue;
            }
        };
        let (acceptor, ready) = (certificate.https(Instant::now()), ready.clone());
        tokio::spawn(async move {
            // What a client does wrong is its own affair: it tries again.
            if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_MAX, acceptor.accept(stream)).await {
                let _ = ready.send((stream, peer)).await;
            }
            drop(place);
        });
    }
}

impl Listener for SecureListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.shaken.recv().await {
            Some(came) => came,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.address)
    }
}

/// The door at port 80: answers the authority, and sends everybody else to the pages.
pub fn plain(app: Arc<App>) -> Router {
    Router::new().route("/.well-known/acme-challenge/{token}", get(challenge)).fallback(to_pages).with_state(app)
}

/// What an authority asks at our names (RFC 8555 §8.3).
pub async fn challenge(State(app): State<Arc<App>>, Path(token): Path<String>) -> Result<Response, Refusal> {
    let is_token = token.len() <= TOKEN_LETTERS_MAX
        && token.bytes().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_'));
    let answer = if is_token { app.store.acme_challenge(&token).await? } else { None };
    let Some(answer) = answer else { return Ok(StatusCode::NOT_FOUND.into_response()) };
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], answer).into_response())
}

async fn to_pages(State(app): State<Arc<App>>, uri: Uri) -> Response {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, format!("{}{path}", app.config.url()))]).into_response()
}
