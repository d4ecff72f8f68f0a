//! Which routes a process answers, by its roles. Health, and what tells of the service itself, it always answers.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{App, not_found};
use crate::config::Role;

/// Lets through what this process is for; the rest is not here.
pub(super) async fn only_ours(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    match role_of(request.method(), request.uri().path()) {
        Some(role) if !app.config.plays(role) => not_found().await.into_response(),
        _ => next.run(request).await,
    }
}

/// The role that a route belongs to; none for those that every process answers.
fn role_of(method: &Method, path: &str) -> Option<Role> {
    let is_way_in = method == Method::POST && (path.starts_with("/v1/events") || path == "/iso18626");
    match path {
        _ if is_way_in => Some(Role::Intake),
        "/health" | "/health/live" | "/health/ready" | "/metrics" => None,
        _ => Some(Role::Web),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_in_by_the_ways_in_and_health_is_asked_of_everyone() {
        assert_eq!(role_of(&Method::POST, "/v1/events:batch"), Some(Role::Intake));
        assert_eq!(role_of(&Method::POST, "/iso18626"), Some(Role::Intake));
        assert_eq!(role_of(&Method::GET, "/v1/messages"), Some(Role::Web));
        assert_eq!(role_of(&Method::GET, "/health"), None);
    }
}
