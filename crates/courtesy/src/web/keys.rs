//! API keys of a library: made, shown once, ended.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use serde::Deserialize;

use super::oops::Oops;
use super::shell::{Place, Shell};
use super::visit::Visit;
use super::{Answer, Web};
use crate::http::auth::{hash, new_secret, shown};
use crate::id::KeyId;
use crate::store::{ApiKey, Scope};

/// Letters of a key's name.
const NAME_LETTERS_MAX: usize = 100;

#[derive(Template)]
#[template(path = "keys.html")]
struct Keys {
    shell: Shell,
    keys: Vec<ApiKey>,
    /// The name and secret of the key just made, shown this once.
    new: Option<(String, String)>,
    name: String,
    wrong: Option<String>,
}

impl Keys {
    async fn of(web: &Web, visit: &Visit) -> Result<Self, Oops> {
        let library = &visit.library()?.code;
        let mut keys = web.store.keys().await?;
        keys.retain(|key| key.library.as_ref() == Some(library) && key.revoked_at.is_none());
        let shell = visit.shell("keys-title").at(Place::IllAdmin).below("nav-ill-admin", "/ill-admin");
        Ok(Self { shell, keys, new: None, name: String::new(), wrong: None })
    }
}

/// The list.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    visit.page(&Keys::of(&web, &visit).await?)
}

/// A key to be made.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct NewKey {
    name: String,
    /// `submit` for handing in mail alone.
    scope: String,
}

/// Makes a key.
pub(super) async fn make(State(web): State<Arc<Web>>, visit: Visit, Form(form): Form<NewKey>) -> Answer {
    let library = visit.library()?.code.clone();
    let name = form.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > NAME_LETTERS_MAX || name.chars().any(char::is_control) {
        let page = Keys::of(&web, &visit).await?;
        let wrong = Some(page.shell.with("keys-wrong-name", "count", NAME_LETTERS_MAX));
        let shell = page.shell.wrong(true);
        return visit.again(&Keys { wrong, name: form.name, shell, ..page });
    }
    let secret = new_secret();
    let key = ApiKey {
        id: KeyId::new(visit.now),
        library: Some(library),
        name: name.clone(),
        scope: Scope::from_code(&form.scope).unwrap_or_default(),
        shown: shown(&secret),
        created_at: visit.now,
        revoked_at: None,
    };
    let deed = visit.deed("key.made", name.as_str());
    web.store.noting(deed).add_key(key, hash(&secret)).await?;
    visit.page(&Keys { new: Some((name, secret)), ..Keys::of(&web, &visit).await? })
}

/// Ends a key of this library.
pub(super) async fn revoke(State(web): State<Arc<Web>>, visit: Visit, Path((_, id)): Path<(String, String)>) -> Answer {
    let library = visit.library()?.code.clone();
    let id: KeyId = id.parse().map_err(|_| Oops::NotFound)?;
    let keys = web.store.keys().await?;
    let key = keys.into_iter().find(|key| key.id == id && key.library.as_ref() == Some(&library));
    let deed = visit.deed("key.ended", key.ok_or(Oops::NotFound)?.name);
    web.store.noting(deed).revoke_key(id, visit.now).await?;
    web.keys.forget();
    visit.done(&format!("/staff/{library}/ill-admin/keys"), "key-ended")
}
