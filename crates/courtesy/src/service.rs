//! Starts the doors and engines on one store, and stops them together.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use standards::dns::Dns;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock;
use crate::config::{Config, Database, Dnssec, Role};
use crate::delivery::canary::Canaries;
use crate::delivery::own_relay::OwnRelays;
use crate::delivery::pace::Limits;
use crate::delivery::policy::Policies;
use crate::delivery::pool::{Pool, Settings};
use crate::delivery::route::{Routes, Routing};
use crate::delivery::standing::{self, Standing};
use crate::delivery::token::Tokens;
use crate::delivery::{Delivery, Parts, hold};
use crate::http::auth::Keys;
use crate::http::{App, router};
use crate::inbound::spool::Spool;
use crate::inbound::{self, Inbound};
use crate::intake::{Intake, announce, copies};
use crate::keyring::Keyring;
use crate::library::LibraryCode;
use crate::net::dns::{Limits as DnsLimits, Resolver};
use crate::net::https::{Https, Reach};
use crate::net::secure::SecureDns;
use crate::net::tls::ClientTls;
use crate::outbox::Outbox;
use crate::published::changes;
use crate::secret::Secret;
use crate::smtp::tls::Certificate;
use crate::smtp::{Desk, Door, Limits as SmtpLimits, Listening};
use crate::store::{Book, Kept, Sole, Store};
use crate::watch::Senders;
use crate::web;

/// The name of the installation's secret in the data folder.
pub const SECRET_FILE: &str = "secret.key";

/// The folder of mail that came back, in the data folder.
pub const SPOOL_FOLDER: &str = "spool";

/// How long between two looks whether another process changed what we keep in memory.
const LOOK: std::time::Duration = std::time::Duration::from_secs(1);

/// How many looks go by until all is read again, and what has served its time is forgotten.
const LOOKS_A_ROUND: u32 = 30;

/// How often is looked for what is kept no longer.
const ERASE_EVERY: std::time::Duration = std::time::Duration::from_secs(600);

/// How long the answer to an Idempotency-Key is kept.
const ANSWERS_KEPT: jiff::SignedDuration = jiff::SignedDuration::from_hours(7 * 24);

/// How long a mail that was handed in is kept after it came, for a person may wish to send it again.
const SUBMITTED_KEPT: jiff::SignedDuration = jiff::SignedDuration::from_hours(30 * 24);

/// A running Courtesy.
pub struct Service {
    /// What the doors work with.
    pub app: Arc<App>,
    /// Where the HTTP door listens.
    pub http: SocketAddr,
    /// Where the SMTP door listens, where it does.
    pub smtp: Option<SocketAddr>,
    /// Where the submission doors listen: STARTTLS first, where both do.
    pub submission: Vec<SocketAddr>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
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
        tell_relays(&store, &config).await?;
        let dns = resolver(&config)?;
        let wake = Arc::new(tokio::sync::Notify::new());
        let (senders, changes) =
            Senders::open(Arc::clone(&config), store.clone(), Arc::clone(&book), Arc::clone(&keyring), dns.clone())
                .await?;
        let own_relays = ways_out(&config, &dns, &store, &secret, standing)?;
        hold::bring_back(&store, &own_relays.pool).await?;
        let parts = Parts {
            config: Arc::clone(&config),
            store: store.clone(),
            book: Arc::clone(&book),
            senders: Arc::clone(&senders),
            keyring: Arc::clone(&keyring),
            secret: Arc::clone(&secret),
            routes: Arc::clone(&own_relays.routes),
            policies: Arc::new(policies(&config, &dns, &store)?),
            pool: Arc::clone(&own_relays.pool),
            own_relays,
            wake: Arc::clone(&wake),
        };
        let intake = Intake::new(&config, store.clone(), Arc::clone(&book), Arc::clone(&senders), Arc::clone(&wake));
        let intake = Arc::new(intake);
        let https = https(&config, &dns)?;
        let certificate = certificate(&config)?;
        let (mail_doors, inbound) = taking_back(&parts, dns, &intake, &certificate).await?;
        let smtp = mail_doors.iter().find_map(|door| door.address);
        let desks = submission_doors(&parts, &intake, certificate).await?;
        let submission = desks.iter().filter_map(|door| door.address).collect();
        let canaries = Canaries::of(&parts);
        let outbox = Outbox::new(store.clone(), Arc::clone(&secret), https.clone(), Arc::clone(&intake));
        let delivery = Delivery::new(parts);
        let app = Arc::new(App {
            config: Arc::clone(&config),
            keys: Keys::new(store.clone()),
            store,
            book: Arc::clone(&book),
            intake: Arc::clone(&intake),
            inbound,
            outbox: Arc::new(outbox),
            senders: Arc::clone(&senders),
            https,
            keyring,
            secret,
            wake,
            started_at: clock::now(),
        });
        let listener = listen(&config).await?;
        let http = listener.local_addr()?;
        let (stop, stopping) = watch::channel(false);
        let door = axum::serve(listener, web::door(Arc::clone(&app), router(Arc::clone(&app))))
            .with_graceful_shutdown(stopped(stopping.clone()));
        let mut tasks = vec![
            tokio::spawn(async move { drop(door.await) }),
            tokio::spawn(senders.run(stopped(stopping.clone()))),
            tokio::spawn(announce::run(Arc::clone(&intake), changes, stopped(stopping.clone()))),
            tokio::spawn(refresh(Arc::clone(&app), stopped(stopping.clone()))),
            tokio::spawn(erase(Arc::clone(&app), stopped(stopping.clone()))),
        ];
        tasks.extend(engines(&app, delivery, canaries, &stopping));
        tasks.extend(mail_doors.into_iter().chain(desks).map(|door| tokio::spawn(door.run(stopping.clone()))));
        Ok(Self { app, http, smtp, submission, stop, tasks, keeping, sole })
    }

    /// Stops taking work, finishes what is under way, and closes the store.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            let _ = task.await;
        }
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
    app: &App,
    delivery: Arc<Delivery>,
    canaries: Canaries,
    stopping: &watch::Receiver<bool>,
) -> Vec<JoinHandle<()>> {
    let mut tasks = Vec::new();
    if app.config.plays(Role::Deliver) {
        tasks.push(tokio::spawn(delivery.run(stopped(stopping.clone()))));
        tasks.push(tokio::spawn(canaries.run(stopped(stopping.clone()))));
        tasks.push(tokio::spawn(copies::run(Arc::clone(&app.intake), stopped(stopping.clone()))));
        tasks.push(tokio::spawn(Arc::clone(&app.outbox).run(stopped(stopping.clone()))));
    }
    if app.config.plays(Role::Inbound) {
        tasks.push(tokio::spawn(Arc::clone(&app.inbound).run(stopped(stopping.clone()))));
        let dns = Arc::new(app.inbound.dns().clone());
        tasks.push(tokio::spawn(inbound::names::run(app.store.clone(), dns, stopped(stopping.clone()))));
    }
    tasks
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

/// Opens the store. Where this is the one process on it, it keeps others out, and what the last one had under way is
/// tried again at once.
async fn open_alone_or_shared(config: &Config) -> Result<(Store, Option<Sole>)> {
    make_folder(&config.data)?;
    let Database::Sqlite(file) = config.database_at() else { return Ok((open_store(config).await?, None)) };
    let sole = Sole::of(&file)?;
    let store = open_store(config).await?;
    let orphans = store.take_over(&sole, clock::now()).await?;
    if orphans > 0 {
        tracing::info!(messages = orphans, "what was under way when the last process ended is tried again");
    }
    Ok((store, Some(sole)))
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

/// The socket of the HTTP door.
async fn listen(config: &Config) -> Result<TcpListener> {
    let listener = TcpListener::bind(config.listen.http).await;
    listener.with_context(|| format!("listen.http: {} cannot be listened on", config.listen.http))
}

/// The doors for mail that comes back, those that are wished for, and the engine that works it off.
async fn taking_back(
    parts: &Parts,
    dns: Resolver,
    intake: &Arc<Intake>,
    certificate: &Arc<Certificate>,
) -> Result<(Vec<Listening>, Arc<Inbound>)> {
    let Parts { config, store, book, senders, secret, wake, .. } = parts;
    let folder = config.data.join(SPOOL_FOLDER);
    let spool = Spool::open(&folder).with_context(|| format!("the spool {} cannot be used", folder.display()))?;
    let spool = Arc::new(spool);
    let host = config.public_host.as_str();
    let door = Door::new(host, Arc::clone(certificate), Arc::clone(secret), Arc::clone(&spool));
    let door = Arc::new(door.with_libraries(Arc::clone(book), config.shared.domain.clone()));
    let mut doors = Vec::new();
    let plays = config.plays(Role::Inbound);
    if let Some(address) = config.listen.smtp.filter(|_| plays) {
        doors.push(door.listen(address, SmtpLimits::default()).await?);
    }
    if let Some(at) = config.listen.lmtp.as_ref().filter(|_| plays) {
        doors.push(door.listen_for_lmtp(at).await?);
    }
    let inbound = inbound::Parts {
        config: Arc::clone(config),
        store: store.clone(),
        book: Arc::clone(book),
        senders: Arc::clone(senders),
        secret: Arc::clone(secret),
        dns,
        intake: Arc::clone(intake),
        wake: Arc::clone(wake),
        spool,
    };
    Ok((doors, Arc::new(Inbound::new(inbound))))
}

/// The doors for mail that libraries' systems hand in, where they are wished for.
async fn submission_doors(
    parts: &Parts,
    intake: &Arc<Intake>,
    certificate: Arc<Certificate>,
) -> Result<Vec<Listening>> {
    let config = &parts.config;
    let mut sources = Vec::new();
    for one in &config.submit_from {
        let library = LibraryCode::parse(&one.library).context("submit_from.library")?;
        sources.extend(one.sources.iter().map(|network| (*network, library.clone())));
    }
    let (shared, octets_max) = (config.shared.domain.clone(), config.limits.submission_bytes);
    let (store, book) = (parts.store.clone(), Arc::clone(&parts.book));
    let desk = Arc::new(Desk::new(store, book, Arc::clone(intake), shared, sources, octets_max));
    let mut doors = Vec::new();
    for (address, begins_in_tls) in [(config.listen.submission, false), (config.listen.submissions, true)] {
        let Some(address) = address.filter(|_| config.plays(Role::Intake)) else { continue };
        let host = config.public_host.as_str();
        let door = Door::submitting(host, Arc::clone(&certificate), Arc::clone(&desk), begins_in_tls);
        doors.push(Arc::new(door).listen(address, SmtpLimits::submission()).await?);
    }
    Ok(doors)
}

/// The certificate of the SMTP doors: the operator's, or one of our own making.
fn certificate(config: &Config) -> Result<Arc<Certificate>> {
    let now = tokio::time::Instant::now();
    let certificate = match (&config.listen.smtp_certificate, &config.listen.smtp_key) {
        (Some(certificate), Some(key)) => Certificate::open(certificate, key, now)?,
        _ => Certificate::self_made(config.public_host.as_str(), &config.data, now)?,
    };
    Ok(Arc::new(certificate))
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

/// Opens the DKIM keys, and makes those of the shared domain where they are not there yet.
async fn open_keyring(config: &Config, store: &Store, secret: &Arc<Secret>) -> Result<Arc<Keyring>> {
    let keyring = Keyring::open(store.clone(), Arc::clone(secret)).await?;
    for (index, selector) in config.shared.selectors.iter().enumerate() {
        keyring.make(&config.shared.domain, selector, None, index == 0).await?;
    }
    Ok(Arc::new(keyring))
}

/// Ends when we are to stop.
async fn stopped(mut stopping: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a stop too.
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// Brings in what another process changed, forgets what has served its time, and tells of relays whose day has come.
async fn refresh(app: Arc<App>, stop: impl Future<Output = ()>) {
    tokio::pin!(stop);
    let mut known = None;
    let mut looks = 0;
    loop {
        tokio::select! {
            biased;
            () = &mut stop => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        looks += 1;
        let times = app.store.times_changed().await.ok();
        if times.is_some() && times != known {
            read_again(&app).await;
            if known.is_some() {
                app.senders.nudge();
            }
            known = times;
        }
        if looks < LOOKS_A_ROUND {
            continue;
        }
        looks = 0;
        let before = clock::now().checked_sub(ANSWERS_KEPT).unwrap_or(clock::Timestamp::MIN);
        // Refusals count for as long as answers are kept: seven days.
        if let Err(error) = app.store.forget_refusals(before).await {
            tracing::error!(%error, "old refusals could not be forgotten");
        }
        if let Err(error) = app.store.forget_answers(before).await {
            tracing::error!(%error, "old answers could not be forgotten");
        }
        if let Err(error) = app.store.forget_visits(before, clock::now()).await {
            tracing::error!(%error, "sessions that have run out could not be forgotten");
        }
        if let Err(error) = app.inbound.forget(clock::now()).await {
            tracing::error!(%error, "old mail could not be forgotten");
        }
        let before = clock::now().checked_sub(inbound::reports::KEPT_FOR).unwrap_or(clock::Timestamp::MIN);
        if let Err(error) = app.store.forget_reports(before).await {
            tracing::error!(%error, "old reports could not be forgotten");
        }
        let before = clock::now().checked_sub(SUBMITTED_KEPT).unwrap_or(clock::Timestamp::MIN);
        if let Err(error) = app.store.forget_submitted(before).await {
            tracing::error!(%error, "old mail that was handed in could not be forgotten");
        }
        if let Err(error) = tell_relays(&app.store, &app.config).await {
            tracing::error!(%error, "changes of the relays could not be kept");
        }
    }
}

/// Erases, a slice at a time, what libraries keep no longer.
async fn erase(app: Arc<App>, stop: impl Future<Output = ()>) {
    tokio::pin!(stop);
    let mut pause = ERASE_EVERY;
    loop {
        tokio::select! {
            biased;
            () = &mut stop => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = match erase_round(&app).await {
            Ok(true) => LOOK,
            Ok(false) => ERASE_EVERY,
            Err(error) => {
                tracing::error!(%error, "what is kept no longer could not be erased");
                ERASE_EVERY
            }
        };
    }
}

/// One slice of each library. Whether there is more.
async fn erase_round(app: &App) -> crate::store::Result<bool> {
    let now = clock::now();
    let mut has_more = false;
    for library in app.book.libraries() {
        let (kept, _) = app.store.retention(Some(&library.code)).await?;
        for what in Kept::ALL {
            let cutoff = kept.cutoff(what, now);
            has_more |= app.store.erase_slice(library.code.clone(), what, cutoff, now).await?.1;
        }
    }
    Ok(has_more)
}

/// What another process may have changed.
async fn read_again(app: &App) {
    if let Err(error) = app.book.refresh().await {
        tracing::error!(%error, "the book could not be read again");
    }
    if let Err(error) = app.keyring.refresh().await {
        tracing::error!(%error, "the keys could not be read again");
    }
    if let Err(error) = app.senders.refresh().await {
        tracing::error!(%error, "what is known of libraries' relays could not be read again");
    }
}

/// Makes known what changed about the relays.
async fn tell_relays(store: &Store, config: &Config) -> crate::store::Result<()> {
    let new = changes::to_tell(&store.relay_changes().await?, config, clock::now());
    if new.is_empty() { Ok(()) } else { store.add_relay_changes(new).await }
}

/// Opens the store of `config`, making data folder and database where they are not there yet.
///
/// # Errors
/// When they cannot be made or opened.
pub async fn open_store(config: &Config) -> Result<Store> {
    make_folder(&config.data)?;
    let database = config.database_at();
    let opened = Store::open(database.clone()).await;
    opened.with_context(|| format!("the database {database} cannot be opened"))
}

/// Opens the installation's secret, making it where it is not there yet.
///
/// # Errors
/// When it cannot be read or written.
pub fn open_secret(config: &Config) -> Result<Secret> {
    let file = config.data.join(SECRET_FILE);
    Secret::open(&file).with_context(|| format!("the secret {} cannot be used", file.display()))
}

/// Makes the data folder, open to its owner alone.
fn make_folder(folder: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).with_context(|| format!("the data folder {} cannot be made", folder.display()))
}

fn resolver(config: &Config) -> Result<Resolver> {
    let limits = DnsLimits { ttl_max: config.dns.believe_at_most, ..DnsLimits::default() };
    match config.dns.resolver {
        Some(server) => Resolver::at(server, limits),
        None => Resolver::system(limits),
    }
    .context("dns.resolver: no DNS server can be asked")
}

fn routing(config: &Config) -> Routing {
    Routing {
        port: config.smtp.port,
        ipv6_first: false,
        loopback: config.smtp.loopback,
        ours: config.relay.iter().map(|relay| relay.host.clone()).collect(),
    }
}

fn pool_settings(config: &Config, standing: Standing) -> Settings {
    let ceiling = u32::try_from(config.smtp.connections_per_receiver).unwrap_or(u32::MAX);
    let limits = Limits { ceiling, ..Limits::default() };
    Settings { limits, standing, ..Settings::default() }
}

fn client_tls(config: &Config) -> Result<ClientTls> {
    ClientTls::new(&extra_roots(config)?).context("TLS cannot be set up")
}

/// The client for servers that libraries name.
///
/// # Errors
/// When `smtp.extra_ca` cannot be read or is none.
pub fn https(config: &Config, dns: &Resolver) -> Result<Https> {
    let reach = if config.https.private { Reach::Private } else { Reach::Public };
    Ok(Https::new(Arc::new(dns.clone()), &extra_roots(config)?, reach)?)
}

fn extra_roots(config: &Config) -> Result<Vec<rustls::pki_types::CertificateDer<'static>>> {
    use rustls::pki_types::pem::PemObject as _;
    let mut roots = Vec::new();
    if let Some(file) = &config.smtp.extra_ca {
        let name = || format!("smtp.extra_ca: {} cannot be read", file.display());
        for certificate in rustls::pki_types::CertificateDer::pem_file_iter(file).with_context(name)? {
            roots.push(certificate.with_context(name)?);
        }
    }
    Ok(roots)
}
