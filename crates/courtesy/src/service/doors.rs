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

use super::engines::Engines;
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
    pub(super) engines: Engines,
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
        let mut engines = Engines::default();
        let http = open(app, app.config.listen.http, "listen.http", all.clone(), closing, &mut engines).await?;
        let mut doors = Self { http, https: None, metrics: None, engines };
        if let Some(at) = app.config.listen.metrics {
            let routes = watching::door(Arc::clone(app));
            doors.metrics = Some(open(app, at, "listen.metrics", routes, closing, &mut doors.engines).await?);
        }
        if let Some(at) = app.config.acme.listen {
            let routes = secure_door::plain(Arc::clone(app));
            open(app, at, "acme.listen", routes, closing, &mut doors.engines).await?;
        }
        if let Some(at) = app.config.listen.https {
            let listener = SecureListener::new(bound(at, "listen.https").await?, Arc::clone(certificate))?;
            doors.https = Some(listener.local_addr()?);
            let all = if app.config.is_https() { all.layer(axum::middleware::map_response(by_tls_alone)) } else { all };
            let door = serving::serve(listener, all, proxies(app), closing.clone());
            doors.engines.start("listen.https", door);
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
    app: &App,
    address: SocketAddr,
    option: &'static str,
    routes: axum::Router,
    closing: &watch::Receiver<bool>,
    engines: &mut Engines,
) -> Result<SocketAddr> {
    let listener = bound(address, option).await?;
    let address = listener.local_addr()?;
    engines.start(option, serving::serve(listener, routes, proxies(app), closing.clone()));
    Ok(address)
}

async fn bound(address: SocketAddr, option: &str) -> Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("{option}: {address} cannot be listened on"))
}
