//! Starts the doors and engines on one store, and stops them together.

mod doors;
mod engines;
mod foreseen;
mod mail_doors;
mod missing;
mod opening;
mod upkeep;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use standards::dns::Dns;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::acme::Acme;
use crate::clock;
use crate::config::{Config, Dnssec, Role};
use crate::delivery::canary::Canaries;
use crate::delivery::own_relay::OwnRelays;
use crate::delivery::pace::Limits;
use crate::delivery::policy::Policies;
use crate::delivery::pool::{Pool, Settings};
use crate::delivery::relays::Relays;
use crate::delivery::route::{Routes, Routing};
use crate::delivery::standing::{self, Standing};
use crate::delivery::token::Tokens;
use crate::delivery::{Delivery, Parts, hold};
use crate::erasing::Eraser;
use crate::http::App;
use crate::http::auth::Keys;
use crate::http::health::Readiness;
use crate::inbound::{self, Inbound};
use crate::intake::{Intake, announce, copies, digest, ladder, reminders};
use crate::metrics::Metrics;
use crate::net::dns::Resolver;
use crate::net::https::{Https, Reach};
use crate::net::secure::SecureDns;
use crate::net::serving::Certificate;
use crate::net::source::addresses_not_here;
use crate::outbox::Outbox;
use crate::push::Pushes;
use crate::secret::Secret;
use crate::store::{Book, Sole, Store};
use crate::texting::{Line, Texts};
use crate::watch::{Change, Senders};
use doors::Doors;
use engines::Engines;
use mail_doors::{submission_doors, taking_back};
use missing::Missing;
use opening::{certificate, client_tls, extra_roots, open_alone_or_shared, open_keyring, resolver};
pub use opening::{https, make_folder, make_private_file, open_secret, open_store};

/// How long requests may go on that are being answered when the doors close: as long as one may take at all.
const LAST_ANSWERS: std::time::Duration = std::time::Duration::from_secs(60);

/// A running Courtesy.
pub struct Service {
    /// What the doors work with.
    pub app: Arc<App>,
    /// Where the HTTP door listens.
    pub http: SocketAddr,
    /// Where the HTTPS door listens, where it does.
    pub https: Option<SocketAddr>,
    /// Where the SMTP door listens, where it does.
    pub smtp: Option<SocketAddr>,
    /// Where the submission doors listen: STARTTLS first, where both do.
    pub submission: Vec<SocketAddr>,
    /// Where the door of the metrics listens, where it has one of its own.
    pub metrics: Option<SocketAddr>,
    /// What sends.
    pub delivery: Arc<Delivery>,
    certificate: Arc<Certificate>,
    missing: Arc<tokio::sync::Mutex<Missing>>,
    stop: watch::Sender<bool>,
    engines: Engines,
    /// Closed last: what comes in while the engines finish is taken, and health is told to the end.
    close: watch::Sender<bool>,
    doors: Engines,
    /// Says that we live, where others share the database.
    keeping: Option<JoinHandle<()>>,
    /// Of the one process that SQLite allows.
    sole: Option<Sole>,
}

impl Service {
    /// Opens the store and starts everything.
    ///
    /// # Errors
    /// When a file, the database, the resolver or the port cannot be had, saying which.
    pub async fn start(config: Config) -> Result<Self> {
        let config = Arc::new(config);
        let (store, sole) = open_alone_or_shared(&config).await?;
        let (standing, keeping) = stand(&store, &config).await?;
        let secret = Arc::new(open_secret(&config)?);
        let book = Arc::new(Book::open(store.clone()).await?);
        let keyring = open_keyring(&config, &store, &secret).await?;
        let relays = open_relays(&config, &store).await?;
        let dns = resolver(&config)?;
        let (senders, changes) =
            Senders::open(Arc::clone(&config), store.clone(), Arc::clone(&book), Arc::clone(&keyring), dns.clone())
                .await?;
        let own_relays = ways_out(&config, &dns, &store, &secret, standing.clone())?;
        let (stop, stopping) = watch::channel(false);
        hold::bring_back(&store, &own_relays.pool).await?;
        let (texts, text_line) = texts(&config, &dns, &store)?;
        let parts = Parts {
            config: Arc::clone(&config),
            policies: Arc::new(policies(&config, &dns, &store)?),
            pushes: pushes(&config, &dns, &store, &secret)?,
            store,
            book,
            senders,
            keyring,
            secret,
            routes: Arc::clone(&own_relays.routes),
            pool: Arc::clone(&own_relays.pool),
            own_relays,
            texts,
            relays,
            wake: Arc::default(),
            metrics: Arc::new(Metrics::default()),
            tls_counts: Arc::default(),
        };
        let intake = Arc::new(intake(&parts));
        let https = https(&config, &dns)?;
        let certificate = certificate(&config)?;
        let acme = acme(&parts, &dns, &certificate).await?;
        let (mail_doors, inbound) = taking_back(&parts, dns, &intake, &certificate).await?;
        let smtp = mail_doors.iter().find_map(|door| door.address);
        let desks = submission_doors(&parts, &intake, Arc::clone(&certificate)).await?;
        let submission = desks.iter().filter_map(|door| door.address).collect();
        let canaries = Canaries::of(&parts);
        let app = app(&parts, intake, inbound, https, (Readiness { standing, stopping: stopping.clone() }, acme));
        let delivery = Delivery::new(parts);
        let (close, closing) = watch::channel(false);
        let doors = Doors::open(&app, &certificate, &closing).await?;
        let missing = Arc::default();
        let mut engines = engines(&app, Arc::clone(&delivery), canaries, (changes, text_line, &missing), &stopping);
        for door in mail_doors.into_iter().chain(desks) {
            engines.start("a door for mail", door.run(stopping.clone()));
        }
        Ok(Self {
            app,
            http: doors.http,
            https: doors.https,
            smtp,
            submission,
            metrics: doors.metrics,
            delivery,
            certificate,
            missing,
            stop,
            engines,
            close,
            doors: doors.engines,
            keeping,
            sole,
        })
    }

    /// The certificate of the doors, where it is ordered.
    #[must_use]
    pub fn acme(&self) -> Option<&Arc<Acme>> {
        self.app.acme.as_ref()
    }

    /// Takes up what can be taken up without a stop: relays, the brake and renewed certificates; and reads again what others may have
    /// changed. Gives the parts of the settings that want a start.
    pub async fn reload(&self, new: &Config) -> Vec<&'static str> {
        self.certificate.look_again();
        self.app.intake.set_brake(new.brake);
        if self.app.config.take_up_relays(new) {
            upkeep::relays_changed(&self.app).await;
        }
        self.app.senders.nudge();
        upkeep::read_again(&self.app).await;
        self.app.config.wants_a_start(new)
    }

    /// Looks now for libraries that have no relay, as it does by itself every ten seconds.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn look_for_missing_relays(&self, now: clock::Timestamp) -> crate::store::Result<()> {
        self.missing.lock().await.look(&self.app, now).await
    }

    /// Looks now what announced changes of the relays will do to libraries, as it does by itself every six hours.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn foresee(&self, now: clock::Timestamp) -> crate::store::Result<()> {
        foreseen::look(&self.app, now).await
    }

    /// Waits until an engine, a door or the store's writer is gone, and gives its name: then only a new start helps. To be asked before a stop.
    pub async fn broken(&mut self) -> &'static str {
        let keeping = async {
            match &mut self.keeping {
                Some(keeping) => drop(keeping.await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            name = self.engines.ended() => name,
            name = self.doors.ended() => name,
            () = self.app.store.writer_gone() => "the store's writer",
            () = keeping => {
                // It has been waited for, and is not to be again.
                self.keeping = None;
                "saying that we live"
            }
        }
    }

    /// Stops the engines, which finish or hand back what is under way; then the HTTP doors; then closes the store. From the first
    /// moment on it is not ready.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        self.engines.done().await;
        let _ = self.close.send(true);
        self.doors.done_within(LAST_ANSWERS).await;
        if let Some(keeping) = self.keeping {
            keeping.abort();
            let _ = keeping.await;
            if let Err(error) = self.app.store.leave().await {
                tracing::warn!(%error, "others will notice by themselves that this process is gone");
            }
        }
        self.app.store.clone().close().await;
        drop(self.sole);
    }
}

/// Starts the engines that this process's roles ask for.
fn engines(
    app: &Arc<App>,
    delivery: Arc<Delivery>,
    canaries: Canaries,
    (changes, text_line, missing): (mpsc::UnboundedReceiver<Change>, Option<Line>, &Arc<tokio::sync::Mutex<Missing>>),
    stopping: &watch::Receiver<bool>,
) -> Engines {
    let mut engines = Engines::default();
    let stop = || stopped(stopping.clone());
    engines.start("watch", Arc::clone(&app.senders).run(stop()));
    engines.start("announcements", announce::run(Arc::clone(&app.intake), changes, stop()));
    engines.start("upkeep", upkeep::refresh(Arc::clone(app), Arc::clone(missing), stop()));
    engines.start("erasing", Arc::clone(&app.eraser).run(stop()));
    engines.start("found by", upkeep::write_found_by(Arc::clone(app), stop()));
    engines.start("foreseeing", upkeep::foresee(Arc::clone(app), stop()));
    if let Some(acme) = &app.acme {
        engines.start("acme", Arc::clone(acme).run(stop()));
    }
    if app.config.plays(Role::Deliver) {
        engines.start("delivery", delivery.run(stop()));
        engines.start("canaries", canaries.run(stop()));
        engines.start("ladder", ladder::run(Arc::clone(&app.intake), stop()));
        engines.start("reminders", reminders::run(Arc::clone(&app.intake), stop()));
        engines.start("digest", digest::run(Arc::clone(&app.intake), stop()));
        engines.start("copies", copies::run(Arc::clone(&app.intake), stop()));
        engines.start("outbox", Arc::clone(&app.outbox).run(stop()));
    }
    if let Some(line) = text_line {
        engines.start("texting", line.run(Arc::clone(&app.texts), Arc::clone(&app.intake), stop()));
    }
    if app.config.plays(Role::Inbound) {
        engines.start("inbound", Arc::clone(&app.inbound).run(stop()));
        let dns = Arc::new(app.inbound.dns().clone());
        engines.start("names of machines", inbound::names::run(app.store.clone(), dns, stop()));
    }
    engines
}

/// Where others share the database: says that we live, from now on. They take over what we have under way once we do not.
async fn stand(store: &Store, config: &Config) -> Result<(Standing, Option<JoinHandle<()>>)> {
    if !store.is_shared() {
        return Ok((Standing::default(), None));
    }
    let name = format!("{} {}", config.public_host, std::process::id());
    let standing = Standing::among_others();
    standing::renew(&standing, store, &name).await?;
    let keeping = tokio::spawn(standing::keep(standing.clone(), store.clone(), name));
    Ok((standing, Some(keeping)))
}

/// The relays as the store knows them. What this process can send through is told to the others.
async fn open_relays(config: &Arc<Config>, store: &Store) -> Result<Arc<Relays>> {
    upkeep::tell_relays(store, config).await?;
    let relays = Relays::open(Arc::clone(config), store.clone()).await?;
    relays.share(clock::now()).await?;
    if config.plays(Role::Deliver) {
        for (relay, ip) in addresses_not_here(config, clock::now()) {
            tracing::error!(%relay, %ip, "this machine does not have a source address of a relay: nothing can leave from it");
        }
    }
    Ok(Arc::new(relays))
}

/// The ways out, those of libraries' own relays among them.
fn ways_out(
    config: &Config,
    dns: &Resolver,
    store: &Store,
    secret: &Arc<Secret>,
    standing: Standing,
) -> Result<Arc<OwnRelays>> {
    Ok(Arc::new(OwnRelays {
        routes: Arc::new(Routes::new(Arc::new(dns.clone()) as Arc<dyn Dns>, routing(config))),
        store: store.clone(),
        secret: Arc::clone(secret),
        tokens: Tokens::new(https(config, dns)?, store.clone(), Arc::clone(secret)),
        pool: Arc::new(Pool::new(pool_settings(config, standing), client_tls(config)?)),
    }))
}

/// What the doors work with.
fn app(
    parts: &Parts,
    intake: Arc<Intake>,
    inbound: Arc<Inbound>,
    https: Https,
    (readiness, acme): (Readiness, Option<Arc<Acme>>),
) -> Arc<App> {
    let Parts { config, store, book, senders, keyring, secret, texts, pushes, wake, metrics, relays, .. } = parts;
    let outbox = Outbox::new(store.clone(), Arc::clone(secret), https.clone(), Arc::clone(&intake));
    let eraser = Eraser::new(store.clone(), Arc::clone(book), Arc::clone(secret));
    Arc::new(App {
        config: Arc::clone(config),
        keys: Keys::new(store.clone()),
        store: store.clone(),
        book: Arc::clone(book),
        intake,
        inbound,
        texts: Arc::clone(texts),
        pushes: Arc::clone(pushes),
        outbox: Arc::new(outbox),
        eraser: Arc::new(eraser),
        senders: Arc::clone(senders),
        https,
        keyring: Arc::clone(keyring),
        secret: Arc::clone(secret),
        wake: Arc::clone(wake),
        metrics: Arc::clone(metrics),
        relays: Arc::clone(relays),
        acme,
        readiness,
        started_at: clock::now(),
    })
}

/// Text messages. The operator names the gateway, which may be a server of theirs.
fn texts(config: &Config, dns: &Resolver, store: &Store) -> Result<(Arc<Texts>, Option<Line>)> {
    let roots = extra_roots(config)?;
    let https = Https::new(Arc::new(dns.clone()), &roots, Reach::Private)?;
    let tls = crate::net::https::trusting(&roots)?;
    let (texts, line) = Texts::new(config, store.clone(), https, &Arc::new(tls));
    Ok((Arc::new(texts), line))
}

/// Notifications. Patrons' browsers name the push services, so the operator says whether they may be at home.
fn pushes(config: &Config, dns: &Resolver, store: &Store, secret: &Arc<Secret>) -> Result<Arc<Pushes>> {
    let reach = if config.push.private { Reach::Private } else { Reach::Public };
    let https = Https::new(Arc::new(dns.clone()), &extra_roots(config)?, reach)?;
    Ok(Arc::new(Pushes::new(config, store.clone(), Arc::clone(secret), https)))
}

fn intake(parts: &Parts) -> Intake {
    let Parts { config, store, book, senders, wake, metrics, .. } = parts;
    let (book, senders) = (Arc::clone(book), Arc::clone(senders));
    Intake::new(config, store.clone(), book, senders, Arc::clone(wake), Arc::clone(metrics))
}

/// What orders the certificate, where an authority is named. The doors have what was kept of it from the start.
async fn acme(parts: &Parts, dns: &Resolver, certificate: &Arc<Certificate>) -> Result<Option<Arc<Acme>>> {
    let (config, store, secret) = (&parts.config, parts.store.clone(), Arc::clone(&parts.secret));
    let Some(acme) = Acme::new(config, store, secret, https(config, dns)?, Arc::clone(certificate)) else {
        return Ok(None);
    };
    if let Err(error) = acme.take_up().await {
        tracing::error!("the certificate that is kept cannot be used, and another one is ordered: {error:#}");
    }
    Ok(Some(Arc::new(acme)))
}

/// How receivers' wishes about TLS are found out.
fn policies(config: &Config, dns: &Resolver, store: &Store) -> Result<Policies> {
    let reach = if config.smtp.loopback { Reach::Private } else { Reach::Public };
    let asks: Arc<dyn Dns> = Arc::new(dns.clone());
    let https = Https::new(Arc::clone(&asks), &extra_roots(config)?, reach).context("HTTPS cannot be set up")?;
    let believed = match config.dns.dnssec {
        Dnssec::Off => None,
        Dnssec::Loopback => dns.server().filter(|server| server.ip().to_canonical().is_loopback()),
        Dnssec::On => dns.server(),
    };
    Ok(Policies::new(asks, believed.map(SecureDns::at), Some(https), store.clone(), config.smtp.port))
}

/// Ends when we are to stop.
async fn stopped(mut stopping: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a stop too.
    let _ = stopping.wait_for(|stop| *stop).await;
}

fn routing(config: &Config) -> Routing {
    Routing {
        port: config.smtp.port,
        ipv6_first: false,
        loopback: config.smtp.loopback,
        private: config.https.private,
        ours: config.relay.now().iter().map(|relay| relay.host.clone()).collect(),
    }
}

fn pool_settings(config: &Config, standing: Standing) -> Settings {
    let ceiling = u32::try_from(config.smtp.connections_per_receiver).unwrap_or(u32::MAX);
    let limits = Limits { ceiling, ..Limits::default() };
    Settings { limits, standing, ..Settings::default() }
}
