//! Where the story is played: the practice internet, Courtesy itself in a temporary folder, and a caller with a key.
//!
//! In: nothing. Out: a [`Stage`] with everything running. Courtesy runs as `courtesy serve` runs it; only where it asks
//! for DNS, which port takes mail and from which addresses it sends are set to the practice internet.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use practice::provider::Family;
use practice::world::{self, LIBRARIES, Options, RELAYS, Running, SERVICE, Situation};
use serde_json::Value;
use standards::domain::Domain;
use tokio::task::JoinSet;

use super::cast::{self, Case};
use crate::cli::init::{KEY_FILE, make_operator_key};
use crate::clock;
use crate::config::{Config, ProviderHosts, Relay};
use crate::http::App;
use crate::sender::dkim_target;
use crate::service::Service;
use crate::web::{link, new_operator};

/// The region of all libraries and relays.
pub(super) const REGION: &str = "practice";

/// How long an answer of the practice name server is believed: what a library publishes in the story counts at once.
const BELIEVE: Duration = Duration::from_secs(1);

/// Nothing here takes a second on a free machine; a busy one gets a minute.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks at something that is about to happen.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(15);

/// Everything that runs.
pub(super) struct Stage {
    /// The practice internet.
    pub world: Running,
    /// Courtesy.
    pub service: Service,
    /// Where the operator's key lies.
    pub key_file: PathBuf,
    /// The link that signs in to the dashboard once.
    pub sign_in: String,
    client: reqwest::Client,
    key: String,
    folder: tempfile::TempDir,
}

impl Stage {
    /// Starts the practice internet and Courtesy, which knows no library yet.
    ///
    /// # Errors
    /// What is missing on this machine, in words.
    pub async fn set() -> Result<Self> {
        let more_providers = vec![world::office()];
        let world = world::start(Options { more_providers, ..Options::default() }).await?;
        let folder =
            tempfile::Builder::new().prefix("courtesy-demo-").tempdir().context("no temporary folder can be made")?;
        let config = config(&world, folder.path().join("data"))?;
        let data = config.data.clone();
        let service = Service::start(config).await?;
        make_operator_key(&service.app.store, &data).await?;
        let key_file = data.join(KEY_FILE);
        let store = &service.app.store;
        let sign_in = link(store, new_operator(store, clock::now()).await?, clock::now()).await?;
        let key = std::fs::read_to_string(&key_file)?.trim().to_owned();
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
        Ok(Self { world, service, key_file, sign_in, client, key, folder })
    }

    /// What the doors work with.
    pub fn app(&self) -> &Arc<App> {
        &self.service.app
    }

    /// The temporary folder.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The address of the HTTP door.
    pub fn url(&self) -> String {
        format!("http://{}", self.service.http)
    }

    /// Makes the DKIM keys of the shared domain and of every library, and publishes them as the operator does with the
    /// zone that `courtesy dkim zone` prints.
    pub async fn publish_keys(&self) -> Result<()> {
        let shared = &self.app().config.shared;
        let mut wanted: Vec<(Domain, String, Option<&'static str>, bool)> = Vec::new();
        for (selector, active) in shared.selectors.iter().zip([true, false]) {
            wanted.push((shared.domain.clone(), selector.clone(), None, active));
        }
        for place in LIBRARIES {
            for (selector, active) in shared.library_selectors.iter().zip([true, false]) {
                wanted.push((Domain::parse(place.domain)?, selector.clone(), Some(place.code), active));
            }
        }
        let mut making = JoinSet::new();
        for (domain, selector, library, active) in wanted {
            let keyring = Arc::clone(&self.app().keyring);
            making.spawn(async move { keyring.make(&domain, &selector, library, active).await });
        }
        while let Some(made) = making.join_next().await {
            let key = made??;
            let name = match &key.library {
                None => Domain::parse(&key.domain)?.below(&format!("{}._domainkey", key.selector))?,
                Some(code) => self.target(&key.selector, code)?,
            };
            self.world.put_dkim(&name, &key.record());
        }
        // The one library that has delegated its signing keys long ago.
        for place in LIBRARIES.iter().filter(|place| place.situation == Situation::Delegates) {
            for selector in &shared.library_selectors {
                let name = Domain::parse(place.domain)?.below(&format!("{selector}._domainkey"))?;
                self.world.delegate(&name, &self.target(selector, place.code)?);
            }
        }
        Ok(())
    }

    fn target(&self, selector: &str, code: &str) -> Result<Domain> {
        let code = crate::library::LibraryCode::parse(code)?;
        dkim_target(selector, &code, &self.app().senders.ours(REGION)).context("a library's code makes no name")
    }

    /// Puts the libraries' Participant Records in through the API and waits until their DNS has been looked at.
    pub async fn join_libraries(&self) -> Result<()> {
        for place in &LIBRARIES {
            let path = format!("{}/v1/libraries/{}", self.url(), place.code);
            let request = self.client.put(path).json(&cast::record(place));
            self.answer(request).await?;
        }
        let senders = &self.app().senders;
        let mut domains = vec![self.app().config.shared.domain.clone()];
        for place in &LIBRARIES {
            domains.push(Domain::parse(place.domain)?);
        }
        let all_known = || domains.iter().all(|domain| senders.proof(domain, REGION).is_some());
        wait_until(async || Ok(all_known().then_some(()))).await.context("the libraries' DNS was not looked at in time")
    }

    /// Tells Courtesy of these events in one batch and gives the message each became, in order.
    pub async fn tell(&self, cases: &[&Case]) -> Result<Vec<String>> {
        let lines: String = cases.iter().map(|case| format!("{}\n", case.event())).collect();
        let request = self.client.post(format!("{}/v1/events:batch", self.url()));
        let request = request.header(reqwest::header::CONTENT_TYPE, "application/x-ndjson").body(lines);
        let text = request.bearer_auth(&self.key).send().await?.error_for_status()?.text().await?;
        let ids = text.lines().map(|line| {
            let answer: Value = serde_json::from_str(line)?;
            let id = answer["messages"][0]["id"].as_str();
            id.map(str::to_owned).with_context(|| format!("an event was not taken: {line}"))
        });
        let ids = ids.collect::<Result<Vec<_>>>()?;
        ensure!(ids.len() == cases.len(), "{} events became {} messages", cases.len(), ids.len());
        Ok(ids)
    }

    /// Waits until none of these messages is still to be tried for the first time.
    pub async fn settled(&self, ids: &[String]) -> Result<()> {
        let ids: HashSet<&str> = ids.iter().map(String::as_str).collect();
        let open = async || {
            let list = self.look("/v1/messages?limit=500").await?;
            let rows = list["data"].as_array().context("a list of messages")?;
            let under_way = |row: &&Value| matches!(row["state"].as_str(), Some("queued" | "sending"));
            let ours = |row: &&Value| row["id"].as_str().is_some_and(|id| ids.contains(id));
            Ok((!rows.iter().filter(ours).any(|row| under_way(&row))).then_some(()))
        };
        wait_until(open).await.context("the notices were not sent in time")
    }

    /// What the API answers at `path`.
    pub async fn look(&self, path: &str) -> Result<Value> {
        self.answer(self.client.get(format!("{}{path}", self.url()))).await
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Result<Value> {
        let response = request.bearer_auth(&self.key).send().await?;
        let (status, body) = (response.status(), response.text().await?);
        if !status.is_success() {
            bail!("the API answered {status}: {body}");
        }
        Ok(serde_json::from_str(&body)?)
    }

    /// Stops everything and takes the folder away.
    pub async fn strike(self) -> Result<()> {
        self.service.stop().await;
        drop(self.world);
        self.folder.close().context("the temporary folder could not be taken away")
    }
}

/// Asks `is_there` again and again until it has something, for at most [`PATIENCE`].
pub(super) async fn wait_until<T>(mut is_there: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let waiting = async {
        loop {
            if let Some(there) = is_there().await? {
                return Ok(there);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .map_err(|_| anyhow::anyhow!("no end after {} s", PATIENCE.as_secs()))?
}

fn config(world: &Running, data: PathBuf) -> Result<Config> {
    let mut config = Config { data, ..Config::default() };
    config.shared.domain = Domain::parse(SERVICE)?;
    config.public_host = config.shared.domain.clone();
    // A browser on this machine reaches it without HTTPS, at any free port: several demonstrations run side by side.
    let port = free_port().context("no port is free")?;
    config.listen.http.set_port(port);
    config.public_url = Some(format!("http://localhost:{port}"));
    config.dns.resolver = Some(world.resolver_addr());
    config.dns.believe_at_most = BELIEVE;
    config.smtp.port = world.smtp_port();
    config.smtp.loopback = true;
    let hosts = world.providers().iter().filter_map(|provider| {
        Some(ProviderHosts { suffix: provider.domain().clone(), provider: provider_id(provider.family())?.to_owned() })
    });
    config.smtp.provider_hosts = hosts.collect();
    let mut relays = Vec::new();
    for (source, number) in RELAYS.into_iter().zip(1..) {
        let host = config.shared.domain.below(&format!("out{number}"))?;
        let (region, sources) = (REGION.to_owned(), vec![source.into()]);
        relays.push(Relay { host, region, sources, planned: None, until: None });
    }
    config.relay = relays.into();
    Ok(config)
}

/// A port that nobody listens on at this moment: links have it before the door is open.
fn free_port() -> std::io::Result<u16> {
    Ok(std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// The id under which Courtesy knows a family of providers; none for the small host, which is nobody in particular.
fn provider_id(family: Family) -> Option<&'static str> {
    Some(match family {
        Family::Gmail => "gmail",
        Family::Outlook => "outlook",
        Family::Microsoft365 => "microsoft365",
        Family::Yahoo => "yahoo",
        Family::Apple => "apple",
        Family::Stock => return None,
    })
}

/// The day it is.
pub(super) fn today() -> jiff::civil::Date {
    clock::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}
