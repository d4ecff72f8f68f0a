//! Serving one HTTP door: connections of a listener, each with its own task, until the door is closed.
//!
//! In: a listener, routes, and the proxies that are believed. Out: answers. A connection on which no whole head of a request comes in time is
//! hung up on, whether it says nothing or half of it: it would hold its place for ever. Not here: TLS (`secure_door`), and how long what
//! follows the head may take (the layers of `http`).

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Bytes, HttpBody};
use axum::http::Request;
use axum::response::Response;
use axum::serve::Listener;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::Service;

use super::peer::Peer;
use crate::config;

/// How long a connection may be without a whole head of a request: at its beginning, and between two. A telephone on a bad line needs some
/// seconds; a proxy that keeps connections open for longer makes a new one.
const HEAD_MAX: Duration = Duration::from_secs(30);

/// Serves `routes` to whoever comes to `listener` until `closing`; then what is under way is answered, and nothing more is taken.
pub async fn serve(
    listener: impl Listener<Addr = SocketAddr>,
    routes: Router,
    proxies: Arc<[config::Network]>,
    closing: watch::Receiver<bool>,
) {
    serve_heads_within(HEAD_MAX, listener, routes, proxies, closing).await;
}

async fn serve_heads_within(
    head_max: Duration,
    mut listener: impl Listener<Addr = SocketAddr>,
    routes: Router,
    proxies: Arc<[config::Network]>,
    closing: watch::Receiver<bool>,
) {
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(head_max);
    let builder = Arc::new(builder);
    let mut connections = JoinSet::new();
    let closed = closed(closing.clone());
    let mut closed = pin!(closed);
    loop {
        tokio::select! {
            () = &mut closed => break,
            Some(_) = connections.join_next() => {}
            (stream, at) = listener.accept() => {
                let routes = OfPeer { routes: routes.clone(), peer: Peer::at(at.ip(), Arc::clone(&proxies)) };
                connections.spawn(connection(Arc::clone(&builder), stream, routes, closing.clone()));
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn connection<S>(builder: Arc<Builder<TokioExecutor>>, stream: S, routes: OfPeer, closing: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes)));
    tokio::select! {
        // What a client does wrong is its own affair.
        _ = connection.as_mut() => return,
        () = closed(closing) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// Waits until the door is to be closed, or whoever would close it is gone.
async fn closed(mut closing: watch::Receiver<bool>) {
    let _ = closing.wait_for(|closing| *closing).await;
}

/// The routes, as they are served to one peer.
#[derive(Clone)]
struct OfPeer {
    routes: Router,
    peer: Peer,
}

impl<B> Service<Request<B>> for OfPeer
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = <Router as Service<Request<B>>>::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        <Router as Service<Request<B>>>::poll_ready(&mut self.routes, context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        request.extensions_mut().insert(self.peer.clone());
        self.routes.call(request)
    }
}

#[cfg(test)]
mod tests;
