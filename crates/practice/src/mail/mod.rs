//! The front door of a practice mailbox provider: an SMTP server (RFC 5321) as strict as the real ones.
//!
//! In: a bound listener and the [`Provider`] behind it. Out: conversations with real clients; what was said at
//! RCPT and at the end of DATA is the provider's word, not ours. Speaks PIPELINING, SIZE, 8BITMIME,
//! ENHANCEDSTATUSCODES, STARTTLS and SMTPUTF8. Not here: AUTH and relaying (a provider's MX does neither),
//! CHUNKING, and what becomes of a message.

mod session;
mod tls;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

pub(crate) use tls::acceptor;
pub(crate) use wire::{Line, Wire};

use crate::provider::Provider;

/// Conversations at once at one provider: more than any provider grants a sender, few enough for a laptop.
const CONVERSATIONS_MAX: usize = 512;
/// After a failed accept: long enough not to spin, short enough not to be noticed.
const PAUSE: Duration = Duration::from_millis(50);

/// Takes connections until the task is dropped. Each conversation is a task of its own.
pub(crate) async fn serve(listener: TcpListener, provider: Arc<Provider>, tls: TlsAcceptor) {
    let seats = Arc::new(Semaphore::new(CONVERSATIONS_MAX));
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file handles, or a client gone before we looked: the next one may fare better.
                tracing::debug!(%error, "accept failed");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let Ok(seat) = Arc::clone(&seats).try_acquire_owned() else {
            // A full house answers nobody, as real ones do.
            drop(stream);
            continue;
        };
        let (provider, tls) = (Arc::clone(&provider), tls.clone());
        tokio::spawn(async move {
            if let Err(error) = session::converse(stream, peer.ip(), &provider, &tls).await {
                tracing::debug!(%error, "conversation broken off");
            }
            drop(seat);
        });
    }
}
