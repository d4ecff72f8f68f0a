//! The HTTP doors, which are open until they are told to close: that of all routes, the same under TLS, that of the metrics, and the one at which
//! an authority asks; all but the first where they are wished for.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::serve::Listener as _;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::engines::Engines;
use super::stopped;
use crate::http::peer::Peer;
use crate::http::secure_door::{self, SecureListener};
use crate::http::{App, router, watching};
use crate::net::serving::Certificate;
use crate::web;

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
        let http = open(app.config.listen.http, "listen.http", all.clone(), closing, &mut engines).await?;
        let mut doors = Self { http, https: None, metrics: None, engines };
        if let Some(at) = app.config.listen.metrics {
            let routes = watching::door(Arc::clone(app));
            doors.metrics = Some(open(at, "listen.metrics", routes, closing, &mut doors.engines).await?);
        }
        if let Some(at) = app.config.acme.listen {
            open(at, "acme.listen", secure_door::plain(Arc::clone(app)), closing, &mut doors.engines).await?;
        }
        if let Some(at) = app.config.listen.https {
            let listener = SecureListener::new(bound(at, "listen.https").await?, Arc::clone(certificate))?;
            doors.https = Some(listener.local_addr()?);
            let all = all.into_make_service_with_connect_info::<Peer>();
            let door = axum::serve(listener, all).with_graceful_shutdown(stopped(closing.clone()));
            doors.engines.start("listen.https", async move { drop(door.await) });
        }
        Ok(doors)
    }
}

/// Serves `routes` at `address` until `closing`.
async fn open(
    address: SocketAddr,
    option: &'static str,
    routes: axum::Router,
    closing: &watch::Receiver<bool>,
    engines: &mut Engines,
) -> Result<SocketAddr> {
    let listener = bound(address, option).await?;
    let address = listener.local_addr()?;
    let routes = routes.into_make_service_with_connect_info::<Peer>();
    let door = axum::serve(listener, routes).with_graceful_shutdown(stopped(closing.clone()));
    engines.start(option, async move { drop(door.await) });
    Ok(address)
}

async fn bound(address: SocketAddr, option: &str) -> Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("{option}: {address} cannot be listened on"))
}
