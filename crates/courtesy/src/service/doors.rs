//! The HTTP doors, which are open until they are told to close: that of all routes, the same under TLS, that of the metrics, and the one at which
//! an authority asks; all but the first where they are wished for.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use axum::serve::Listener as _;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::Network;
use crate::http::secure_door::{self, SecureListener};
use crate::http::{App, router, serving, watching};
use crate::net::serving::Certificate;
use crate::web;

/// A year, for this name alone: what else is below it is not ours.
const BY_TLS_ALONE: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// The doors that are open.
pub(super) struct Doors {
    pub(super) http: SocketAddr,
    pub(super) https: Option<SocketAddr>,
    pub(super) metrics: Option<SocketAddr>,
    pub(super) tasks: Vec<JoinHandle<()>>,
}

impl Doors {
    /// Opens them, until `closing`.
    pub(super) async fn open(
        app: &Arc<App>,
        certificate: &Arc<Certificate>,
        closing: &watch::Receiver<bool>,
    ) -> Result<Self> {
        let counted = axum::middleware::from_fn_with_state(Arc::clone(&app.metrics), watching::counted);
        let all = web::door(Arc::clone(app), router(Arc::clone(app))).layer(counted);
        let (http, door) = open(app.config.listen.http, "listen.http", all.clone(), proxies(app), closing).await?;
        let mut doors = Self { http, https: None, metrics: None, tasks: vec![door] };
        if let Some(at) = app.config.listen.metrics {
            let (address, door) =
                open(at, "listen.metrics", watching::door(Arc::clone(app)), proxies(app), closing).await?;
            doors.metrics = Some(address);
            doors.tasks.push(door);
        }
        if let Some(at) = app.config.acme.listen {
            doors
                .tasks
                .push(open(at, "acme.listen", secure_door::plain(Arc::clone(app)), proxies(app), closing).await?.1);
        }
        if let Some(at) = app.config.listen.https {
            let listener = SecureListener::new(bound(at, "listen.https").await?, Arc::clone(certificate))?;
            doors.https = Some(listener.local_addr()?);
            let all = if app.config.is_https() { all.layer(axum::middleware::map_response(by_tls_alone)) } else { all };
            doors.tasks.push(tokio::spawn(serving::serve(listener, all, proxies(app), closing.clone())));
        }
        Ok(doors)
    }
}

/// Who is believed to say for whom they speak.
fn proxies(app: &App) -> Arc<[Network]> {
    app.config.listen.proxies.as_slice().into()
}

/// Browsers that came by TLS come by nothing else from then on (RFC 6797 §7.1). They do not take it from a door whose certificate they do
/// not trust (§8.1).
async fn by_tls_alone(mut response: Response) -> Response {
    response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, BY_TLS_ALONE);
    response
}

/// Serves `routes` at `address` until `closing`.
async fn open(
    address: SocketAddr,
    option: &str,
    routes: axum::Router,
    proxies: Arc<[Network]>,
    closing: &watch::Receiver<bool>,
) -> Result<(SocketAddr, JoinHandle<()>)> {
    let listener = bound(address, option).await?;
    let address = listener.local_addr()?;
    Ok((address, tokio::spawn(serving::serve(listener, routes, proxies, closing.clone()))))
}

async fn bound(address: SocketAddr, option: &str) -> Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("{option}: {address} cannot be listened on"))
}
