//! Signing in at an OpenID provider (OpenID Connect Core 1.0, the code flow with PKCE).
//!
//! In: the provider of the settings, and what it says of somebody. Out: a session like any other, for people who have a
//! sign-in here by the name that the provider gives. Nobody gets one by it: staff are added by colleagues, and their roles
//! are ours. Not here: the visit to the provider itself (`flow`), which patrons make too.

pub(super) mod flow;
pub(super) mod provider;
mod token;

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::HeaderMap;

use super::oops::Oops;
use super::sign_in::{self, To, begin, own_path};
use super::visit::Visit;
use super::{Answer, Web};
use crate::store::Staff;
use flow::{Back, Client, Flow};

/// A sign-in under way.
const FLOW: Flow = Flow { cookie: "courtesy_oidc", path: "/sign-in/oidc" };

/// Who we are at the provider of the settings.
fn client(web: &Web) -> Result<Client, Oops> {
    let oidc = Some(&web.config.oidc).filter(|oidc| !oidc.issuer.is_empty()).ok_or(Oops::NotFound)?;
    Ok(Client {
        issuer: oidc.issuer.clone(),
        client_id: oidc.client_id.clone(),
        client_secret: oidc.client_secret.clone(),
        redirect_uri: format!("{}/sign-in/oidc/back", web.config.url()),
    })
}

/// Sends somebody to the provider.
pub(super) async fn leave(State(web): State<Arc<Web>>, visit: Visit, Query(to): Query<To>) -> Answer {
    let client = client(&web)?;
    let to = own_path(&to.to).to_owned();
    match FLOW.leave(&web, &client, to.clone(), visit.now).await {
        Ok(response) => Ok(response),
        Err(error) => {
            tracing::warn!(%error, "the OpenID provider is of no use");
            sign_in::again(&web, &visit, to, "oidc-no-provider")
        }
    }
}

/// Signs in who comes back.
pub(super) async fn back(
    State(web): State<Arc<Web>>,
    visit: Visit,
    headers: HeaderMap,
    Query(back): Query<Back>,
) -> Answer {
    let client = client(&web)?;
    let Some(under_way) = FLOW.answered(&web, &headers, &client, &back, visit.now) else {
        return sign_in::again(&web, &visit, String::new(), "oidc-not-begun");
    };
    let claims = flow::claims(&web, &client, &under_way, &back, visit.now).await;
    let name = match claims.and_then(|claims| Ok(token::named(&claims, &web.config.oidc.claim)?)) {
        Ok(name) => name,
        Err(error) => {
            tracing::warn!(%error, "the OpenID provider’s word was not taken");
            return sign_in::again(&web, &visit, under_way.to, "oidc-not-believed");
        }
    };
    let staff: Option<Staff> = web.store.staff_by_login(&name).await?.map(|(staff, _)| staff);
    let Some(staff) = staff else { return sign_in::again(&web, &visit, under_way.to, "oidc-unknown") };
    let mut response = begin(&web, &visit, &headers, &staff, "oidc", own_path(&under_way.to)).await?;
    FLOW.forget(&web, &mut response);
    Ok(response)
}
