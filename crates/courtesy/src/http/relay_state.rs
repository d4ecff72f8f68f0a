//! `/v1/relays`: the relays as the operator sees them: in use or not, and how they are; and taking one out of use.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::answer::no_store;
use super::auth::Caller;
use super::problem::{Problem, Refusal};
use crate::clock;
use crate::config::{Relay, Role};
use crate::delivery::choice::share;
use crate::delivery::relay_health::Finding;
use crate::store::RelayDrain;

/// The relays.
#[derive(Debug, Serialize, ToSchema)]
pub struct RelayList {
    data: Vec<RelayAnswer>,
}

/// A relay.
#[derive(Debug, Serialize, ToSchema)]
pub struct RelayAnswer {
    host: String,
    region: String,
    #[schema(value_type = Vec<String>)]
    sources: Vec<std::net::IpAddr>,
    /// `sends`, `warms_up`, `planned`, `drained`, `over`, `reaches_nobody` as this process sees it, or `no_machine`: no process that lives has it.
    state: &'static str,
    /// The day from which it sends no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    until: Option<jiff::civil::Date>,
    /// The processes that can send through it, besides the one that answers.
    machines: Vec<String>,
    /// How much of its region's messages it gets, against a relay that is known: 0 to 1.
    share: f64,
    /// Since when it is drained, and by whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    drained: Option<DrainAnswer>,
    /// When it was looked at last; absent where nobody has yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    looked_at: Option<jiff::Timestamp>,
    findings: Vec<FindingAnswer>,
}

/// Who took a relay out of use.
#[derive(Debug, Serialize, ToSchema)]
pub struct DrainAnswer {
    #[schema(value_type = String)]
    since: jiff::Timestamp,
    by: String,
}

/// One thing that was looked at.
#[derive(Debug, Serialize, ToSchema)]
pub struct FindingAnswer {
    check: String,
    /// `pass`, `fail`, or `unknown`.
    status: &'static str,
    detail: String,
}

impl From<Finding> for FindingAnswer {
    fn from(Finding { check, is_well, detail }: Finding) -> Self {
        let status = is_well.map_or("unknown", |is_well| if is_well { "pass" } else { "fail" });
        Self { check, status, detail }
    }
}

/// The relays, whether they send, and how they are.
#[utoipa::path(get, path = "/v1/relays", tag = "relays", responses((status = 200, body = RelayList)), security(("key" = [])))]
pub async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Refusal> {
    caller.must_be_consortium()?;
    Ok(no_store(Json(RelayList { data: all(&app).await? })))
}

async fn all(app: &App) -> Result<Vec<RelayAnswer>, Refusal> {
    let (now, config) = (clock::now(), &app.config);
    let (drains, looks) = (app.store.relay_drains().await?, app.store.relay_looks().await?);
    let one = |relay: &Relay| {
        let host = relay.host.to_string();
        let drained = drains.iter().find(|drain| drain.host == host);
        let look = looks.iter().find(|look| look.host == host);
        let machines = app.relays.machines(&relay.host);
        let share = share(relay, config.relays.warm_up_days(), now);
        let state = match () {
            () if drained.is_some() => "drained",
            () if relay.is_over(now) => "over",
            () if relay.is_still_planned(now).is_some() => "planned",
            () if machines.is_empty() && !(config.is_here(relay) && config.plays(Role::Deliver)) => "no_machine",
            () if app.relays.reaches_nobody(&relay.host) => "reaches_nobody",
            () if share < 1.0 => "warms_up",
            () => "sends",
        };
        let findings: Vec<Finding> =
            look.and_then(|look| serde_json::from_str(&look.findings).ok()).unwrap_or_default();
        RelayAnswer {
            region: relay.region.clone(),
            sources: relay.sources.clone(),
            share: if matches!(state, "sends" | "warms_up" | "reaches_nobody") { share } else { 0.0 },
            drained: drained.map(|drain| DrainAnswer { since: drain.since, by: drain.by.clone() }),
            looked_at: look.map(|look| look.at),
            findings: findings.into_iter().map(FindingAnswer::from).collect(),
            until: relay.until,
            machines,
            host,
            state,
        }
    };
    Ok(config.relay.now().iter().map(one).collect())
}

/// The host name of the relay of the path.
fn relay(app: &App, host: &str) -> Result<String, Box<Problem>> {
    let relays = app.config.relay.now();
    let known = relays.iter().find(|relay| relay.host.as_str() == host.to_ascii_lowercase());
    known
        .map(|relay| relay.host.to_string())
        .ok_or_else(|| Problem::new("not-found", format!("There is no relay {host}."), "GET /v1/relays lists them."))
}

/// Take a relay out of use: others of its region send for it from now on. Where it is the only one, its region's messages wait.
#[utoipa::path(post, path = "/v1/relays/{host}/drain", tag = "relays", params(("host" = String, Path)), responses((status = 200, body = RelayList), (status = 404, body = Problem)), security(("key" = [])))]
pub async fn drain(State(app): State<Arc<App>>, caller: Caller, Path(host): Path<String>) -> Result<Response, Refusal> {
    caller.must_be_consortium()?;
    let host = relay(&app, &host)?;
    let deed = caller.deed(None, "relay.drained", &host);
    app.store.noting(deed).drain_relay(RelayDrain { host, since: clock::now(), by: caller.name() }).await?;
    app.relays.refresh().await?;
    Ok(no_store(Json(RelayList { data: all(&app).await? })))
}

/// Put a relay back into use.
#[utoipa::path(post, path = "/v1/relays/{host}/resume", tag = "relays", params(("host" = String, Path)), responses((status = 200, body = RelayList), (status = 404, body = Problem)), security(("key" = [])))]
pub async fn resume(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(host): Path<String>,
) -> Result<Response, Refusal> {
    caller.must_be_consortium()?;
    let host = relay(&app, &host)?;
    app.store.noting(caller.deed(None, "relay.resumed", &host)).resume_relay(host).await?;
    app.relays.refresh().await?;
    app.wake.notify_one();
    Ok(no_store(Json(RelayList { data: all(&app).await? })))
}
