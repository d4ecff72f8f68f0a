//! The Staff Dashboard as a browser without scripts has it: cookies, forms, redirects.
//!
//! `Browser::of(&world, Role::Desk, Some("MRPL"))` is signed in; `get` reads a page, `send` fills in a form of a page.

mod administer;
mod consortium_words;
mod editor;
mod it_kit;
mod me;
mod messages;
mod notices;
mod oidc;
mod passkeys;
mod people;
mod public;
mod record;
mod setup;
mod sign_on;
mod timing;
mod walk;
mod way_in;
mod work;
mod wrong_library;

use std::collections::BTreeMap;
use std::sync::Mutex;

use courtesy::clock::now;
use courtesy::http::auth::hash;
use courtesy::id::{SessionId, StaffId};
use courtesy::staff::{Role, Roles};
use courtesy::store::{NewSession, Staff};
use regex::Regex;

use crate::world::{World, code};

/// Redirects followed: after a form there is one, from `/` two.
const REDIRECTS_MAX: usize = 4;

/// A browser, with or without somebody signed in.
pub struct Browser<'w> {
    world: &'w World,
    cookies: Mutex<BTreeMap<String, String>>,
    language: &'static str,
    http: reqwest::Client,
}

/// A page as it came.
pub struct Page {
    pub status: u16,
    /// Path and query, after redirects.
    pub path: String,
    pub headers: reqwest::header::HeaderMap,
    pub html: String,
}

impl Page {
    /// Its text without tags, with single spaces.
    pub fn text(&self) -> String {
        let tags = Regex::new(r"(?s)<script.*?</script>|<svg.*?</svg>|<[^>]*>").unwrap();
        let text = tags.replace_all(&self.html, " ");
        let text = text.replace("&#38;", "&").replace("&#39;", "'").replace("&#34;", "\"");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    pub fn must_say(&self, words: &str) -> &Self {
        let text = self.text();
        assert!(text.contains(words), "{} {} without “{words}”: {text}", self.status, self.path);
        self
    }

    #[track_caller]
    pub fn must_not_say(&self, words: &str) -> &Self {
        let text = self.text();
        assert!(!text.contains(words), "{} says “{words}”: {text}", self.path);
        self
    }

    #[track_caller]
    pub fn must_be(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}: {}", self.path, self.text());
        self
    }

    /// The token of its forms.
    #[track_caller]
    pub fn token(&self) -> String {
        let token = Regex::new(r#"name="form" value="([^"]+)""#).unwrap();
        let found = token.captures(&self.html).unwrap_or_else(|| panic!("{} has no form: {}", self.path, self.text()));
        found[1].to_owned()
    }
}

/// A new person with one role, and the secret of a session of theirs.
pub async fn signed_in(world: &World, role: Role, library: Option<&str>) -> (StaffId, String) {
    let at = now();
    let id = StaffId::new(at);
    let staff = Staff {
        id,
        login: format!("{role}.{}", id.bare().to_lowercase()),
        name: format!("A. {role}"),
        has_password: false,
        roles: Roles::new(vec![(library.map(code), role)]),
        created_at: at,
        ended_at: None,
    };
    let store = &world.app().store;
    assert!(store.add_staff(staff).await.unwrap());
    let secret = format!("secret-of-{id}");
    let expires_at = at + jiff::SignedDuration::from_hours(1);
    let session = NewSession {
        hash: hash(&secret),
        id: SessionId::new(at),
        staff: id,
        way: "link",
        device: "test".to_owned(),
        expires_at,
    };
    store.open_session(session, at).await.unwrap();
    (id, secret)
}

impl<'w> Browser<'w> {
    /// Nobody is signed in.
    pub fn stranger(world: &'w World) -> Self {
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { world, cookies: Mutex::default(), language: "en", http }
    }

    /// Somebody new with this role is signed in.
    pub async fn of(world: &'w World, role: Role, library: Option<&str>) -> Self {
        let browser = Self::stranger(world);
        let (_, secret) = signed_in(world, role, library).await;
        browser.cookies.lock().unwrap().insert("__Host-courtesy_session".to_owned(), secret);
        browser
    }

    /// The same, reading French.
    pub fn in_french(mut self) -> Self {
        self.language = "fr-CA,fr;q=0.9";
        self
    }

    /// A cookie that is kept.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    /// One request, and no redirect followed.
    pub async fn once(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<String>) -> Page {
        self.ask(method, path, headers, body.map(|body| ("application/x-www-form-urlencoded", body))).await
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<(&str, String)>) -> Page {
        let url = format!("http://{}{path}", self.world.service.http);
        let cookies: Vec<_> =
            self.cookies.lock().unwrap().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = self.http.request(method.parse().unwrap(), url);
        request = request.header("accept", "text/html").header("accept-language", self.language);
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some((kind, body)) = body {
            request = request.header("content-type", kind).body(body);
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        for line in headers.get_all("set-cookie") {
            let (pair, _) = line.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
        }
        Page { status, path: path.to_owned(), headers, html: answer.text().await.unwrap() }
    }

    async fn follow(&self, mut page: Page) -> Page {
        for _ in 0..REDIRECTS_MAX {
            if page.status != 303 {
                return page;
            }
            let place = page.headers["location"].to_str().unwrap().to_owned();
            page = self.once("GET", &place, &[], None).await;
        }
        panic!("led on and on to {}", page.path)
    }

    /// A page, wherever that leads.
    pub async fn get(&self, path: &str) -> Page {
        let page = self.once("GET", path, &[], None).await;
        self.follow(page).await
    }

    /// The form of `page` that brings a file to `action`, with this in it.
    pub async fn bring(&self, page: &Page, action: &str, file: &str) -> Page {
        let place = Regex::new(&format!(r#"action="({}\?form=[^"]+)""#, regex::escape(action))).unwrap();
        let place = place.captures(&page.html).expect("the page has a form for files")[1].to_owned();
        let body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"list.csv\"\r\nContent-Type: text/csv\r\n\r\n{file}\r\n--b--\r\n"
        );
        let headers = [("sec-fetch-site", "same-origin")];
        let page = self.ask("POST", &place, &headers, Some(("multipart/form-data; boundary=b", body))).await;
        self.follow(page).await
    }

    /// The form of `page` that goes to `action`, filled in.
    pub async fn send(&self, page: &Page, action: &str, fields: &[(&str, &str)]) -> Page {
        let mut all = vec![("form", page.token())];
        all.extend(fields.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let body = serde_urlencoded::to_string(all).unwrap();
        let page = self.once("POST", action, &[("sec-fetch-site", "same-origin")], Some(body)).await;
        self.follow(page).await
    }
}
