//! A patron signs in where they sign in to everything of their library's: an OpenID provider that the library names.
//!
//! In: what that provider says of somebody. Out: the same pass as a link gives, for the patron with that number at that library and at no
//! other; or plain words. Nothing is learned from it, and nothing of it is kept. Not here: the visit to the provider (`oidc::flow`), who
//! sets it (`web::sign_on`).

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::knock::found;
use super::{HERE, keep, quiet, way_in};
use crate::http::sign_on::{redirect_uri, secret};
use crate::library::{Library, LibraryCode, SignOn};
use crate::patron::{Pass, Whom};
use crate::web::oidc::flow::{self, Back, Client, Flow};
use crate::web::oops::Oops;
use crate::web::visit::{Visit, lead_to};
use crate::web::{Answer, Web};

/// A sign-in under way.
const FLOW: Flow = Flow { cookie: "courtesy_sign_on", path: "/me/sign-on" };

/// The service at which the patrons of `library` sign in, and who we are there; none where it is not set up, or has no secret of ours.
pub(super) async fn client(web: &Web, library: &Library) -> Result<Option<(SignOn, Client)>, Oops> {
    let Some(sign_on) = library.sign_on.clone() else { return Ok(None) };
    let Some(client_secret) = secret(web, &library.code, &sign_on).await? else { return Ok(None) };
    let (issuer, client_id) = (sign_on.issuer.clone(), sign_on.client_id.clone());
    let redirect_uri = redirect_uri(&web.config, &library.code);
    Ok(Some((sign_on, Client { issuer, client_id, client_secret, redirect_uri })))
}

/// The library of the path, its service, and who we are there.
async fn at(web: &Web, code: &str) -> Result<(Arc<Library>, SignOn, Client), Oops> {
    let code = LibraryCode::parse(code).map_err(|_| Oops::NotFound)?;
    let library = web.book.library(&code).ok_or(Oops::NotFound)?;
    let (sign_on, client) = client(web, &library).await?.ok_or(Oops::NotFound)?;
    Ok((library, sign_on, client))
}

/// Sends somebody to the library's sign-in.
pub(in crate::web) async fn leave(State(web): State<Arc<Web>>, visit: Visit, Path(code): Path<String>) -> Answer {
    let (library, sign_on, client) = at(&web, &code).await?;
    match FLOW.leave(&web, &client, library.code.to_string(), visit.now).await {
        Ok(response) => Ok(quiet(response)),
        Err(error) => {
            tracing::warn!(library = %library.code, %error, "the library’s OpenID provider is of no use");
            again(&web, &visit, &library, &sign_on, "me-sign-on-no-provider").await
        }
    }
}

/// Opens the page of who comes back.
pub(in crate::web) async fn back(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path(code): Path<String>,
    headers: HeaderMap,
    Query(back): Query<Back>,
) -> Answer {
    let (library, sign_on, client) = at(&web, &code).await?;
    let under_way = FLOW.answered(&web, &headers, &client, &back, visit.now);
    let Some(under_way) = under_way.filter(|it| it.to == library.code.as_str()) else {
        return again(&web, &visit, &library, &sign_on, "me-sign-on-not-begun").await;
    };
    let claims: Value = match flow::claims(&web, &client, &under_way, &back, visit.now).await {
        Ok(claims) => claims,
        Err(error) => {
            tracing::warn!(library = %library.code, %error, "the library’s OpenID provider’s word was not taken");
            return again(&web, &visit, &library, &sign_on, "me-sign-on-not-believed").await;
        }
    };
    let Some(whom) = Whom::of_claims(&sign_on, &claims) else {
        // The library has to look at its settings: nobody else can mend this.
        tracing::warn!(library = %library.code, "the library’s OpenID provider names nobody by the claims that were set");
        return again(&web, &visit, &library, &sign_on, "me-sign-on-nobody").await;
    };
    let mut found = found(&web, &library, &whom).await?;
    let key = match (found.pop(), found.is_empty()) {
        (Some((key, _)), true) => key,
        (Some(_), false) => return again(&web, &visit, &library, &sign_on, "me-sign-on-several").await,
        (None, _) => return again(&web, &visit, &library, &sign_on, "me-sign-on-unknown").await,
    };
    let mut response = lead_to(HERE);
    keep(&web, &mut response, &Pass::new(&library.code, key, None, visit.now));
    FLOW.forget(&web, &mut response);
    Ok(quiet(response))
}

/// The way in again, with what did not work.
async fn again(web: &Web, visit: &Visit, library: &Library, sign_on: &SignOn, words: &'static str) -> Answer {
    let name = sign_on.name.get(visit.language).to_owned();
    let why = visit.shell("me-way-in-title").with(words, "name", name);
    way_in::because(web, visit, Some(library), StatusCode::UNPROCESSABLE_ENTITY, why).await
}
