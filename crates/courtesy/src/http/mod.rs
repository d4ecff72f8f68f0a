//! The HTTP doors: all routes, each with its audience, in the order in which one meets them.

pub mod answer;
mod audit;
pub mod auth;
mod deliveries;
mod doctor;
mod erasures;
mod event_body;
mod events;
pub mod health;
mod inbound;
mod iso18626;
pub mod kept;
mod keys;
mod kit_link;
pub mod letters;
pub mod libraries;
mod messages;
mod notices;
mod openapi;
pub mod own_page;
mod patron_file;
mod patrons;
pub mod peer;
pub mod problem;
pub mod push;
mod queue;
mod relay_state;
mod relays;
pub mod reports;
mod resend;
mod role;
pub mod secure_door;
mod senders;
pub mod serving;
pub mod sign_on;
pub mod stops;
mod texts;
mod timeline;
pub mod unreached;
pub mod watching;
pub mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

use crate::acme::Acme;
use crate::config::Config;
use crate::erasing::Eraser;
use crate::inbound::Inbound;
use crate::intake::Intake;
use crate::keyring::Keyring;
use crate::metrics::Metrics;
use crate::net::https::Https;
use crate::notice::Language;
use crate::outbox::Outbox;
use crate::push::Pushes;
use crate::secret::Secret;
use crate::store::{Book, Store};
use crate::texting::Texts;
use crate::watch::Senders;
use problem::{Problem, Refusal};

/// How long a request may take: a full batch on a slow disk.
const REQUEST_MAX: Duration = Duration::from_secs(60);

/// What the handlers work with.
pub struct App {
    /// The settings.
    pub config: Arc<Config>,
    /// Messages.
    pub store: Store,
    /// Libraries and words.
    pub book: Arc<Book>,
    /// API keys.
    pub keys: auth::Keys,
    /// Events go in here.
    pub intake: Arc<Intake>,
    /// Mail that came back goes in here.
    pub inbound: Arc<Inbound>,
    /// Text messages.
    pub texts: Arc<Texts>,
    /// Notifications.
    pub pushes: Arc<Pushes>,
    /// Webhooks.
    pub outbox: Arc<Outbox>,
    /// Patrons are erased here, and what has served its time.
    pub eraser: Arc<Eraser>,
    /// Proofs and plans.
    pub senders: Arc<Senders>,
    /// HTTPS to servers that settings and libraries name.
    pub https: Https,
    /// DKIM keys.
    pub keyring: Arc<Keyring>,
    /// The installation's secret.
    pub secret: Arc<Secret>,
    /// Woken when something is due now.
    pub wake: Arc<tokio::sync::Notify>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Which of our relays are in use.
    pub relays: Arc<crate::delivery::relays::Relays>,
    /// The certificate of our doors, where it is ordered.
    pub acme: Option<Arc<Acme>>,
    /// Whether this process may be given work.
    pub readiness: health::Readiness,
    /// When this process began.
    pub started_at: crate::clock::Timestamp,
}

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Anybody.
    Public,
    /// Whoever has a key of the library concerned, or of the consortium.
    Key,
    /// Whoever has a key of the consortium.
    ConsortiumKey,
}

/// Every route and its audience. A test walks this list; a route that is not in it does not exist.
pub const ROUTES: &[(&str, &str, Audience)] = &[
    ("GET", "/health", Audience::Public),
    ("GET", "/health/live", Audience::Public),
    ("GET", "/health/ready", Audience::Public),
    ("GET", "/metrics", Audience::ConsortiumKey),
    ("GET", "/.well-known/acme-challenge/{token}", Audience::Public),
    ("GET", "/openapi.json", Audience::Public),
    ("GET", "/problems/{code}", Audience::Public),
    ("GET", "/relays.json", Audience::Public),
    ("GET", "/relays.txt", Audience::Public),
    ("GET", "/relays/changes.atom", Audience::Public),
    ("POST", "/v1/events", Audience::Key),
    ("POST", "/v1/events:batch", Audience::Key),
    ("POST", "/iso18626", Audience::Key),
    ("POST", "/texts/twilio", Audience::Public),
    ("POST", "/texts/http/{secret}", Audience::Public),
    ("POST", "/push/subscribe", Audience::Public),
    ("POST", "/push/unsubscribe", Audience::Public),
    ("POST", "/push/seen", Audience::Public),
    ("GET", "/v1/messages", Audience::Key),
    ("GET", "/v1/messages/{id}", Audience::Key),
    ("GET", "/v1/messages/{id}/timeline", Audience::Key),
    ("POST", "/v1/messages/{id}/resend", Audience::Key),
    ("POST", "/v1/messages/{id}/cancel", Audience::Key),
    ("POST", "/v1/messages:resend", Audience::Key),
    ("GET", "/v1/unreached", Audience::Key),
    ("POST", "/v1/unreached/{id}/resolve", Audience::Key),
    ("GET", "/v1/libraries", Audience::Key),
    ("POST", "/v1/libraries:import", Audience::ConsortiumKey),
    ("GET", "/v1/libraries/{library}", Audience::Key),
    ("PUT", "/v1/libraries/{library}", Audience::Key),
    ("GET", "/v1/libraries/{library}/sender", Audience::Key),
    ("PUT", "/v1/libraries/{library}/relay-secret", Audience::Key),
    ("GET", "/v1/libraries/{library}/sign-on", Audience::Key),
    ("PUT", "/v1/libraries/{library}/sign-on-secret", Audience::Key),
    ("GET", "/v1/libraries/{library}/kit", Audience::Key),
    ("POST", "/v1/libraries/{library}/kit-link", Audience::Key),
    ("POST", "/v1/libraries/{library}/push-link", Audience::Key),
    ("GET", "/v1/libraries/{library}/incidents", Audience::Key),
    ("GET", "/v1/libraries/{library}/reports", Audience::Key),
    ("GET", "/v1/libraries/{library}/do-not-send", Audience::Key),
    ("POST", "/v1/libraries/{library}/do-not-send", Audience::Key),
    ("DELETE", "/v1/libraries/{library}/do-not-send", Audience::Key),
    ("GET", "/v1/libraries/{library}/letters", Audience::Key),
    ("GET", "/v1/libraries/{library}/letters.pdf", Audience::Key),
    ("POST", "/v1/libraries/{library}/letters/posted", Audience::Key),
    ("GET", "/v1/messages/{id}/letter.pdf", Audience::Key),
    ("GET", "/v1/libraries/{library}/notices", Audience::Key),
    ("PUT", "/v1/libraries/{library}/notices/{notice}", Audience::Key),
    ("PUT", "/v1/libraries/{library}/notices/{notice}/{language}", Audience::Key),
    ("DELETE", "/v1/libraries/{library}/notices/{notice}/{language}", Audience::Key),
    ("GET", "/v1/libraries/{library}/notices/{notice}/{language}/versions", Audience::Key),
    ("POST", "/v1/libraries/{library}/notices/{notice}/{language}/preview", Audience::Key),
    ("GET", "/v1/libraries/{library}/webhooks", Audience::Key),
    ("POST", "/v1/libraries/{library}/webhooks", Audience::Key),
    ("GET", "/v1/libraries/{library}/webhooks/{id}", Audience::Key),
    ("PUT", "/v1/libraries/{library}/webhooks/{id}", Audience::Key),
    ("DELETE", "/v1/libraries/{library}/webhooks/{id}", Audience::Key),
    ("POST", "/v1/libraries/{library}/webhooks/{id}/test", Audience::Key),
    ("POST", "/v1/libraries/{library}/webhooks/{id}/rotate", Audience::Key),
    ("POST", "/v1/libraries/{library}/webhooks/{id}/replay", Audience::Key),
    ("GET", "/v1/libraries/{library}/webhooks/{id}/deliveries", Audience::Key),
    ("POST", "/v1/libraries/{library}/webhooks/{id}/deliveries/{delivery}/replay", Audience::Key),
    ("GET", "/v1/audit", Audience::Key),
    ("GET", "/v1/audit:check", Audience::Key),
    ("GET", "/v1/reports", Audience::ConsortiumKey),
    ("POST", "/v1/patrons/{library}", Audience::Key),
    ("GET", "/v1/patrons/{library}/{ref}", Audience::Key),
    ("PUT", "/v1/patrons/{library}/{ref}", Audience::Key),
    ("DELETE", "/v1/patrons/{library}/{ref}", Audience::Key),
    ("GET", "/v1/patrons/{library}/{ref}/everything", Audience::Key),
    ("GET", "/v1/erasures", Audience::Key),
    ("GET", "/v1/erasures/{id}", Audience::Key),
    ("GET", "/v1/queue", Audience::Key),
    ("POST", "/v1/queue/flush", Audience::Key),
    ("POST", "/v1/queue/pause", Audience::Key),
    ("POST", "/v1/queue/resume", Audience::Key),
    ("POST", "/v1/queue/let-go", Audience::Key),
    ("POST", "/v1/queue/drop", Audience::Key),
    ("POST", "/v1/inbound", Audience::ConsortiumKey),
    ("GET", "/v1/relays", Audience::ConsortiumKey),
    ("POST", "/v1/relays/{host}/drain", Audience::ConsortiumKey),
    ("POST", "/v1/relays/{host}/resume", Audience::ConsortiumKey),
    ("GET", "/v1/keys", Audience::ConsortiumKey),
    ("POST", "/v1/keys", Audience::ConsortiumKey),
    ("DELETE", "/v1/keys/{id}", Audience::ConsortiumKey),
    ("GET", "/v1/dkim", Audience::ConsortiumKey),
    ("POST", "/v1/dkim/import", Audience::ConsortiumKey),
    ("POST", "/v1/dkim/rotate", Audience::ConsortiumKey),
    ("GET", "/v1/zone", Audience::ConsortiumKey),
    ("POST", "/v1/push/rotate", Audience::ConsortiumKey),
    ("GET", "/v1/doctor", Audience::ConsortiumKey),
];

/// The router over `app`.
pub fn router(app: Arc<App>) -> Router {
    let largest = app.config.limits.request_bytes;
    Router::new()
        .route("/health", get(health::health))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/metrics", get(watching::with_key))
        .route("/openapi.json", get(openapi::document))
        .route("/problems/{code}", get(explain_problem))
        .route("/relays.json", get(relays::json))
        .route("/relays.txt", get(relays::text))
        .route("/relays/changes.atom", get(relays::feed))
        .route("/v1/events", post(events::one))
        .route("/v1/events:batch", post(events::batch))
        .route("/iso18626", post(iso18626::message))
        .route("/texts/twilio", post(texts::twilio))
        .route("/texts/http/{secret}", post(texts::described))
        .route("/push/subscribe", post(push::subscribe))
        .route("/push/unsubscribe", post(push::unsubscribe))
        .route("/push/seen", post(push::seen))
        .route("/v1/messages", get(messages::list))
        .route("/v1/messages/{id}", get(messages::show))
        .route("/v1/messages/{id}/timeline", get(timeline::timeline))
        .route("/v1/messages/{id}/resend", post(resend::again))
        .route("/v1/messages/{id}/cancel", post(messages::cancel))
        .route("/v1/messages:resend", post(resend::resend_many))
        .route("/v1/unreached", get(unreached::list))
        .route("/v1/unreached/{id}/resolve", post(unreached::resolve))
        .merge(of_libraries())
        .route("/v1/audit", get(audit::list))
        .route("/v1/audit:check", get(audit::check))
        .route("/v1/reports", get(reports::all))
        .route("/v1/patrons/{library}", post(patron_file::import))
        .route("/v1/patrons/{library}/{ref}", get(patrons::show).put(patrons::put).delete(patrons::remove))
        .route("/v1/patrons/{library}/{ref}/everything", get(kept::export))
        .route("/v1/erasures", get(erasures::list))
        .route("/v1/erasures/{id}", get(erasures::show))
        .route("/v1/queue", get(queue::show))
        .route("/v1/queue/flush", post(queue::flush))
        .route("/v1/queue/pause", post(queue::pause))
        .route("/v1/queue/resume", post(queue::resume))
        .route("/v1/queue/let-go", post(queue::let_go))
        .route("/v1/queue/drop", post(queue::drop_held))
        .route("/v1/inbound", post(inbound::take))
        .route("/.well-known/acme-challenge/{token}", get(secure_door::challenge))
        .route("/v1/relays", get(relay_state::list))
        .route("/v1/relays/{host}/drain", post(relay_state::drain))
        .route("/v1/relays/{host}/resume", post(relay_state::resume))
        .route("/v1/keys", get(keys::list).post(keys::make))
        .route("/v1/keys/{id}", axum::routing::delete(keys::revoke))
        .route("/v1/dkim", get(senders::dkim_list))
        .route("/v1/dkim/import", post(senders::dkim_import))
        .route("/v1/dkim/rotate", post(senders::dkim_rotate))
        .route("/v1/zone", get(senders::zone))
        .route("/v1/push/rotate", post(push::rotate))
        .route("/v1/doctor", get(doctor::doctor))
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&app), role::only_ours))
        .layer(axum::extract::DefaultBodyLimit::disable())
        .layer(RequestBodyLimitLayer::new(largest))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, REQUEST_MAX))
        // Outside of the layers that refuse, so that it sees their refusals.
        .layer(axum::middleware::from_fn(plain_refusals))
        .layer(CatchPanicLayer::custom(|_| {
            Problem::new("unavailable", "Something went wrong on our side.", "Send it again in a moment.")
                .into_response()
        }))
        .with_state(app)
}

/// The routes of libraries and what is theirs.
fn of_libraries() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/libraries", get(libraries::list))
        .route("/v1/libraries:import", post(libraries::import))
        .route("/v1/libraries/{library}", get(libraries::show).put(libraries::put))
        .route("/v1/libraries/{library}/sender", get(senders::show))
        .route("/v1/libraries/{library}/relay-secret", put(senders::relay_secret))
        .route("/v1/libraries/{library}/sign-on", get(sign_on::show))
        .route("/v1/libraries/{library}/sign-on-secret", put(sign_on::put_secret))
        .route("/v1/libraries/{library}/kit", get(senders::kit))
        .route("/v1/libraries/{library}/kit-link", post(kit_link::make))
        .route("/v1/libraries/{library}/push-link", post(push::link))
        .route("/v1/libraries/{library}/incidents", get(senders::incidents))
        .route("/v1/libraries/{library}/reports", get(reports::of_library))
        .route("/v1/libraries/{library}/do-not-send", get(stops::list).post(stops::add).delete(stops::release))
        .route("/v1/libraries/{library}/letters", get(letters::list))
        .route("/v1/libraries/{library}/letters.pdf", get(letters::file))
        .route("/v1/libraries/{library}/letters/posted", post(letters::posted))
        .route("/v1/messages/{id}/letter.pdf", get(letters::one))
        .route("/v1/libraries/{library}/notices", get(notices::list))
        .route("/v1/libraries/{library}/notices/{notice}", put(notices::switch))
        .route("/v1/libraries/{library}/notices/{notice}/{language}", put(notices::save).delete(notices::reset))
        .route("/v1/libraries/{library}/notices/{notice}/{language}/versions", get(notices::versions))
        .route("/v1/libraries/{library}/notices/{notice}/{language}/preview", post(notices::preview))
        .route("/v1/libraries/{library}/webhooks", get(webhooks::list).post(webhooks::add))
        .route(
            "/v1/libraries/{library}/webhooks/{id}",
            get(webhooks::show).put(webhooks::change).delete(webhooks::remove),
        )
        .route("/v1/libraries/{library}/webhooks/{id}/test", post(webhooks::try_out))
        .route("/v1/libraries/{library}/webhooks/{id}/rotate", post(webhooks::rotate))
        .route("/v1/libraries/{library}/webhooks/{id}/replay", post(deliveries::replay))
        .route("/v1/libraries/{library}/webhooks/{id}/deliveries", get(deliveries::deliveries))
        .route("/v1/libraries/{library}/webhooks/{id}/deliveries/{delivery}/replay", post(deliveries::replay_one))
}

/// Problems are titled in the caller's language. What layers and extractors refuse in plain text (a body too large, a
/// query that cannot be read, a time-out) is made a problem document like every other refusal.
async fn plain_refusals(request: axum::extract::Request, next: axum::middleware::Next) -> Response {
    let language = problem::accepted_language(request.headers());
    let response = next.run(request).await;
    if let Some(problem) = response.extensions().get::<Arc<Problem>>() {
        return if language == Language::En { response } else { problem.titled(language).into_response() };
    }
    let is_plain =
        response.headers().get(header::CONTENT_TYPE).is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if !is_plain {
        return response;
    }
    let problem = match response.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new("body-too-large", "The request is larger than this address takes.", "Send it in parts.")
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            let detail = "The request took longer than a minute; whether it was taken is not known.";
            let fix = "Send the same request again: what was taken is not taken twice.";
            Problem::new("too-slow", detail, fix)
        }
        StatusCode::BAD_REQUEST => {
            let (_, body) = response.into_parts();
            let words = axum::body::to_bytes(body, 4096).await.unwrap_or_default();
            Problem::new("field-invalid", String::from_utf8_lossy(&words), "Fix the query.")
        }
        _ => return response,
    };
    problem.titled(language).into_response()
}

async fn not_found() -> Refusal {
    Refusal(Problem::new("not-found", "There is nothing at this address.", "GET /openapi.json lists every address."))
}

async fn wrong_method() -> Refusal {
    Refusal(Problem::new("method-not-allowed", "This address takes other methods.", "GET /openapi.json lists them."))
}

async fn explain_problem(State(_): State<Arc<App>>, Path(code): Path<String>, headers: HeaderMap) -> Response {
    let language = problem::accepted_language(&headers);
    match problem::all(language).find(|(known, ..)| *known == code) {
        Some((code, status, title)) => {
            ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], format!("{code} ({status})\n{title}\n"))
                .into_response()
        }
        None => not_found().await.into_response(),
    }
}
