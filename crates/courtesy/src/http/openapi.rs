//! `/openapi.json`: the API described by the types that are really served (OpenAPI 3.1).

use axum::Json;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{
    audit, deliveries, doctor, erasures, events, health, inbound, iso18626, kept, keys, kit_link, letters, libraries,
    messages, notices, patron_file, patrons, push, queue, relay_state, relays, reports, resend, senders, sign_on,
    stops, texts, timeline, unreached, webhooks,
};

#[derive(OpenApi)]
#[openapi(
    info(title = "Courtesy", description = "Library notices that arrive: tell of events, follow the messages."),
    paths(
        health::health,
        health::live,
        health::ready,
        events::one,
        events::batch,
        iso18626::message,
        texts::twilio,
        texts::described,
        push::subscribe,
        push::unsubscribe,
        push::seen,
        push::link,
        push::rotate,
        messages::list,
        messages::show,
        timeline::timeline,
        resend::again,
        messages::cancel,
        resend::resend_many,
        unreached::list,
        unreached::resolve,
        libraries::list,
        libraries::import,
        libraries::show,
        libraries::put,
        senders::show,
        senders::relay_secret,
        sign_on::show,
        sign_on::put_secret,
        senders::kit,
        kit_link::make,
        senders::incidents,
        audit::list,
        audit::check,
        reports::all,
        reports::of_library,
        stops::list,
        stops::add,
        stops::release,
        webhooks::list,
        webhooks::add,
        webhooks::show,
        webhooks::change,
        webhooks::remove,
        webhooks::try_out,
        webhooks::rotate,
        deliveries::replay,
        deliveries::deliveries,
        deliveries::replay_one,
        letters::list,
        letters::file,
        letters::one,
        letters::posted,
        notices::list,
        notices::switch,
        notices::save,
        notices::reset,
        notices::versions,
        notices::preview,
        patron_file::import,
        patrons::show,
        patrons::put,
        patrons::remove,
        kept::export,
        erasures::list,
        erasures::show,
        queue::show,
        queue::flush,
        queue::pause,
        queue::resume,
        queue::let_go,
        queue::drop_held,
        inbound::take,
        keys::list,
        keys::make,
        keys::revoke,
        senders::dkim_list,
        senders::dkim_import,
        senders::dkim_rotate,
        senders::zone,
        doctor::doctor,
        relays::json,
        relay_state::list,
        relay_state::drain,
        relay_state::resume,
    ),
    modifiers(&Key)
)]
struct Described;

struct Key;

impl Modify for Key {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("key", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

/// The document.
pub async fn document() -> Response {
    Json(Described::openapi()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_described_path_is_a_route_and_every_api_route_is_described() {
        let document = serde_json::to_value(Described::openapi()).unwrap();
        assert_eq!(document["openapi"].as_str().unwrap().split('.').next(), Some("3"));
        let described: Vec<(String, String)> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, methods)| {
                methods.as_object().unwrap().keys().map(move |method| (method.to_uppercase(), path.clone()))
            })
            .collect();
        for (method, path, _) in super::super::ROUTES.iter().filter(|(_, path, _)| path.starts_with("/v1/")) {
            assert!(
                described.contains(&((*method).to_owned(), (*path).to_owned())),
                "{method} {path} is not described"
            );
        }
        for (method, path) in described {
            assert!(
                super::super::ROUTES.iter().any(|(m, p, _)| *m == method && *p == path),
                "{method} {path} is described and no route"
            );
        }
    }
}
