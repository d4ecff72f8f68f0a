//! Signing in with a passkey, and one's own passkeys.
//!
//! In: what a small script of ours had the browser do. Out: a session like any other; or a passkey kept, called something
//! else, taken away. Nobody needs one: password, link and printed code open without scripts. A challenge is random, ours by
//! its mark, good for minutes and for one ceremony.

mod ceremony;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::account;
use super::oops::Oops;
use super::sign_in::{self, begin, own_path};
use super::visit::{Visit, lead_to};
use super::{Answer, Web};
use crate::id::random_bytes;
use crate::secret::Secret;
use crate::store::{FormSent, Passkey};
use ceremony::{Asked, Made, Signed};

/// How long a challenge is good: as long as somebody looks for a key in a drawer. The sign-in page may be open for longer;
/// its script then asks for it to be loaded again.
const CHALLENGE_LASTS: SignedDuration = SignedDuration::from_mins(60);

/// Random octets of a challenge (WebAuthn §13.4.3 wants 16 at least).
const CHALLENGE_OCTETS: usize = 18;

/// Letters of a passkey's name.
const NAME_LETTERS_MAX: usize = 60;

/// Where our pages are, as passkeys are bound to it.
pub(super) struct Place {
    origin: String,
    host: String,
}

impl Place {
    /// None where browsers make no passkeys: at a bare address, or without HTTPS on another host than this machine.
    pub fn of(web: &Web) -> Option<Self> {
        Self::at(&web.config.url())
    }

    fn at(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let host_and_port = rest.split('/').next()?;
        let host = host_and_port.rsplit_once(':').map_or(host_and_port, |(host, _)| host);
        let is_safe = scheme == "https" || host == "localhost";
        let is_name = host.parse::<std::net::IpAddr>().is_err() && !host.starts_with('[');
        let place = Self { origin: format!("{scheme}://{host_and_port}"), host: host.to_owned() };
        (is_safe && is_name && !host.is_empty()).then_some(place)
    }

    /// The host that passkeys are for.
    pub fn host(&self) -> &str {
        &self.host
    }
}

/// A new challenge for `what`.
pub(super) fn challenge(secret: &Secret, what: &str, now: Timestamp) -> String {
    let random = URL_SAFE_NO_PAD.encode(random_bytes::<CHALLENGE_OCTETS>());
    let at = now.as_second();
    let mark = URL_SAFE_NO_PAD.encode(secret.mark(&format!("{what} {at} {random}"), "passkey"));
    // A challenge is octets: these are the letters of a text of ours.
    URL_SAFE_NO_PAD.encode(format!("{at}.{random}.{mark}"))
}

/// Whether `text` is a challenge of ours for `what` that is good at `now`.
fn is_good(secret: &Secret, what: &str, text: &str, now: Timestamp) -> bool {
    let read = || {
        let letters = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let mut parts = letters.splitn(3, '.').map(str::to_owned);
        let (at, random, given) = (parts.next()?, parts.next()?, parts.next()?);
        let made = URL_SAFE_NO_PAD.encode(secret.mark(&format!("{what} {at} {random}"), "passkey"));
        aws_lc_rs::constant_time::verify_slices_are_equal(given.as_bytes(), made.as_bytes()).ok()?;
        let age = now.duration_since(Timestamp::from_second(at.parse().ok()?).ok()?);
        Some(!age.is_negative() && age <= CHALLENGE_LASTS)
    };
    read().unwrap_or(false)
}

fn octets(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap_or_default()
}

/// A sign-in, as our script sends it: octets in the letters of RFC 4648 §5.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct SignIn {
    challenge: String,
    credential: String,
    client_data: String,
    authenticator_data: String,
    signature: String,
    to: String,
}

/// Signs in with a passkey.
pub(super) async fn sign_in(
    State(web): State<Arc<Web>>,
    visit: Visit,
    headers: HeaderMap,
    Form(form): Form<SignIn>,
) -> Answer {
    let to = own_path(&form.to).to_owned();
    match holder(&web, &visit, &form).await? {
        Some(staff) => begin(&web, &visit, &headers, &staff, "passkey", &to).await,
        None => sign_in::again(&web, &visit, to, "passkey-did-not-open"),
    }
}

async fn holder(web: &Web, visit: &Visit, form: &SignIn) -> Result<Option<crate::store::Staff>, Oops> {
    let Some(place) = Place::of(web) else { return Ok(None) };
    if !is_good(&web.secret, "sign in", &form.challenge, visit.now) {
        return Ok(None);
    }
    let Some(passkey) = web.store.passkey(&octets(&form.credential)).await? else { return Ok(None) };
    let asked = Asked { challenge: &form.challenge, origin: &place.origin, host: &place.host };
    let (client_data, authenticator_data) = (octets(&form.client_data), octets(&form.authenticator_data));
    let signature = octets(&form.signature);
    let signed = Signed { client_data: &client_data, authenticator_data: &authenticator_data, signature: &signature };
    let checked = ceremony::signed(&asked, &passkey.public_key, passkey.algorithm, passkey.counter, &signed);
    let counter = match checked {
        Ok(counter) => counter,
        Err(wrong) => {
            tracing::info!(staff = %passkey.staff, %wrong, "a passkey did not open");
            return Ok(None);
        }
    };
    // Each challenge opens once.
    if !matches!(web.store.form_sent(form.challenge.clone(), visit.now).await?, FormSent::First) {
        return Ok(None);
    }
    web.store.passkey_used(passkey.credential, i64::from(counter), visit.now).await?;
    Ok(web.store.staff(passkey.staff).await?.filter(|staff| staff.ended_at.is_none()))
}

/// A new passkey, as our script sends it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct New {
    challenge: String,
    credential: String,
    client_data: String,
    authenticator_data: String,
    public_key: String,
    algorithm: i64,
    name: String,
}

/// What a challenge to make a passkey is for: this person in this session.
pub(super) fn making(visit: &Visit) -> String {
    let session = visit.session.as_ref().map(|session| session.id.to_string()).unwrap_or_default();
    format!("make {session}")
}

/// Keeps a new passkey.
pub(super) async fn add(State(web): State<Arc<Web>>, visit: Visit, Form(form): Form<New>) -> Answer {
    let staff = visit.staff()?;
    let Some(place) = Place::of(&web) else { return Err(Oops::NotFound) };
    if !is_good(&web.secret, &making(&visit), &form.challenge, visit.now) {
        return account::without_passkey(&web, &visit).await;
    }
    let asked = Asked { challenge: &form.challenge, origin: &place.origin, host: &place.host };
    let (credential, public_key) = (octets(&form.credential), octets(&form.public_key));
    let made = Made {
        credential: &credential,
        client_data: &octets(&form.client_data),
        authenticator_data: &octets(&form.authenticator_data),
        public_key: &public_key,
        algorithm: form.algorithm,
    };
    let counter = match ceremony::made(&asked, &made) {
        Ok(counter) => counter,
        Err(wrong) => {
            tracing::info!(staff = %staff.id, %wrong, "a passkey was not kept");
            return account::without_passkey(&web, &visit).await;
        }
    };
    let deed = visit.deed("account.passkey", staff.login.as_str());
    let passkey = Passkey {
        credential,
        staff: staff.id,
        name: named(&form.name).unwrap_or_else(|| visit.shell("account-title").say("passkey-unnamed")),
        public_key,
        algorithm: form.algorithm,
        counter: i64::from(counter),
        created_at: visit.now,
        used_at: None,
    };
    match web.store.noting(deed).add_passkey(passkey).await? {
        true => visit.done("/account", "passkey-added"),
        false => account::without_passkey(&web, &visit).await,
    }
}

/// A name that may stand.
fn named(text: &str) -> Option<String> {
    let name: String = text.trim().chars().filter(|letter| !letter.is_control()).take(NAME_LETTERS_MAX).collect();
    Some(name).filter(|name| !name.is_empty())
}

/// Which passkey, and its name.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Which {
    credential: String,
    name: String,
}

/// Calls one's passkey something else.
pub(super) async fn rename(State(web): State<Arc<Web>>, visit: Visit, Form(which): Form<Which>) -> Answer {
    let Some(name) = named(&which.name) else { return Ok(lead_to("/account")) };
    match web.store.name_passkey(visit.staff()?.id, octets(&which.credential), name).await? {
        true => visit.done("/account", "passkey-named"),
        false => Err(Oops::NotFound),
    }
}

/// Takes one's passkey away.
pub(super) async fn remove(State(web): State<Arc<Web>>, visit: Visit, Form(which): Form<Which>) -> Answer {
    let (staff, credential) = (visit.staff()?, octets(&which.credential));
    if !web.store.passkeys_of(staff.id).await?.iter().any(|one| one.credential == credential) {
        return Err(Oops::NotFound);
    }
    let deed = visit.deed("account.passkey_removed", staff.login.as_str());
    match web.store.noting(deed).remove_passkey(staff.id, credential).await? {
        true => visit.done("/account", "passkey-removed"),
        false => Err(Oops::NotFound),
    }
}

/// A passkey, as the account page shows it.
pub(super) struct Shown {
    /// In the letters of forms.
    pub credential: String,
    /// What its owner calls it.
    pub name: String,
    /// When it opened last.
    pub used_at: Option<Timestamp>,
    /// Since when.
    pub created_at: Timestamp,
}

/// What the account page's script needs to have a passkey made.
pub(super) struct Making {
    /// The challenge.
    pub challenge: String,
    /// The host.
    pub host: String,
    /// The person, as authenticators keep them: no name in it (WebAuthn §14.6.1).
    pub user: String,
    /// Algorithms, separated by spaces.
    pub algorithms: String,
    /// One's passkeys, so that no authenticator makes a second one; separated by spaces.
    pub known: String,
}

/// The passkeys of whoever is signed in, and what is needed to make another.
pub(super) async fn of(web: &Web, visit: &Visit) -> Result<(Vec<Shown>, Option<Making>), Oops> {
    let staff = visit.staff()?;
    let kept = web.store.passkeys_of(staff.id).await?;
    let shown: Vec<Shown> = kept
        .into_iter()
        .map(|one| Shown {
            credential: URL_SAFE_NO_PAD.encode(&one.credential),
            name: one.name,
            used_at: one.used_at,
            created_at: one.created_at,
        })
        .collect();
    let making = Place::of(web).map(|place| Making {
        challenge: challenge(&web.secret, &making(visit), visit.now),
        host: place.host,
        user: URL_SAFE_NO_PAD.encode(staff.id.to_bytes()),
        algorithms: ceremony::ALGORITHMS.map(|number| number.to_string()).join(" "),
        known: shown.iter().map(|one| one.credential.as_str()).collect::<Vec<_>>().join(" "),
    });
    Ok((shown, making))
}
