//! A library's sender over its life, in the practice internet: records appear, vanish and come back; a provider errs; two
//! libraries share a domain. Nothing is restarted and nothing is refused but where the provider errs.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use courtesy::config::Config;
use courtesy::http::App;
use courtesy::intake::{Event, Handed, Side, Strictness, Taken, Told};
use courtesy::library::{Library, LibraryCode};
use courtesy::notice::status::Status;
use courtesy::sender::{SenderKind, dkim_target};
use courtesy::service::Service;
use courtesy::store::{Incident, Webhook};
use courtesy::timeline::What;
use courtesy::webhook::Kind;
use courtesy::{
    clock,
    id::{MessageId, WebhookId},
    queue::State,
};
use practice::provider::{Decision, Kept, Trouble};
use practice::world::{self, Options, RELAYS, Running, SERVICE};
use standards::address::Address;
use standards::domain::Domain;

use crate::world::settings;

const REGION: &str = "practice";

/// Nothing here takes longer on a free machine than two seconds; a busy one gets a minute.
const PATIENCE: Duration = Duration::from_secs(60);

fn name(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

/// Waits for something that is about to be so.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "{what}: not in {} s", PATIENCE.as_secs());
}

struct Stage {
    world: Running,
    service: Service,
    _folder: tempfile::TempDir,
}

impl Stage {
    async fn set(libraries: &[Library]) -> Self {
        let world = world::start(Options::default()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let service = Service::start(config(&world, &folder)).await.unwrap();
        let stage = Self { world, service, _folder: folder };
        let app = stage.app();
        app.store.put_libraries(libraries.to_vec(), "test".to_owned(), clock::now()).await.unwrap();
        app.book.refresh().await.unwrap();
        app.senders.nudge();
        let shared = app.config.shared.clone();
        for selector in &shared.selectors {
            let record = stage.record(shared.domain.as_str(), selector).await;
            stage.world.put_dkim(&shared.domain.below(&format!("{selector}._domainkey")).unwrap(), &record);
        }
        stage
    }

    fn app(&self) -> &Arc<App> {
        &self.service.app
    }

    /// The record of a key, which is made in the background.
    async fn record(&self, domain: &str, selector: &str) -> String {
        until("a key is made", async || self.app().keyring.get(domain, selector).is_some()).await;
        self.app().keyring.get(domain, selector).unwrap().record()
    }

    /// What the operator and the library's IT publish.
    async fn publish(&self, domain: &str) {
        let shared = self.app().config.shared.clone();
        let ours = self.app().senders.ours(REGION);
        for selector in &shared.library_selectors {
            let record = self.record(domain, selector).await;
            let owner = self.app().keyring.get(domain, selector).unwrap().library.clone().unwrap();
            let target = dkim_target(selector, &LibraryCode::parse(&owner).unwrap(), &ours).unwrap();
            self.world.put_dkim(&target, &record);
            self.world.delegate(&name(domain).below(&format!("{selector}._domainkey")).unwrap(), &target);
        }
        self.world.delegate(&name(domain).below(&shared.return_path_label).unwrap(), &shared.bounces());
    }

    /// What a careless hand takes away.
    fn withdraw(&self, domain: &str) {
        let shared = &self.app().config.shared;
        for selector in &shared.library_selectors {
            self.world.zones().remove_name(&name(domain).below(&format!("{selector}._domainkey")).unwrap());
        }
        self.world.zones().remove_name(&name(domain).below(&shared.return_path_label).unwrap());
    }

    async fn until_sender(&self, code: &str, sender: SenderKind) {
        let code = LibraryCode::parse(code).unwrap();
        let now_is = async || {
            let library = self.app().book.library(&code).unwrap();
            let plan = self.app().senders.plan(&library, &[], clock::now());
            // Where our own records have not been looked at yet, a shared plan says nothing.
            plan.sender == sender && self.app().senders.proof(&name(SERVICE), REGION).is_some()
        };
        until(&format!("{code} sends as {sender:?}"), now_is).await;
    }

    /// Sends a patron's notice and gives it back when the queue is done with it.
    async fn send(&self, code: &str, request: &str, to: &str) -> MessageId {
        let told = serde_json::json!({
            "patron": { "email": to, "first_name": "Amira", "surname": "K." },
            "fields": { "title": "The Overstory", "due_date": "2027-01-15", "pickup_by": "2027-01-05", "pickup_location": "Desk" }
        });
        let event = Event {
            library: LibraryCode::parse(code).unwrap(),
            request: request.to_owned(),
            status: Status::ReadyForPickup,
            side: Side::Borrowing,
            occurrence: String::new(),
            told: serde_json::from_value::<Told>(told).unwrap(),
            source: "api",
        };
        let taken =
            self.app().intake.take(vec![Handed { event, key: None }], Strictness::Mendable, false, |_| String::new());
        let taken = taken.await.unwrap().pop().unwrap();
        let Taken::Kept(receipt) = taken else { panic!("{taken:?}") };
        let id = receipt.messages[0].id;
        let row = async || self.app().store.message(None, id).await.unwrap().unwrap();
        until("the notice is accepted", async || row().await.state == State::Accepted).await;
        id
    }

    /// The mails about the domain that lie in this mailbox.
    fn told(&self, mailbox: &str) -> Vec<Kept> {
        self.world.mailboxes().of(&Address::parse(mailbox).unwrap())
    }

    /// A webhook of this library, for these types of events.
    async fn hear(&self, code: &str, kinds: &[Kind]) -> WebhookId {
        let webhook = Webhook {
            id: WebhookId::new(clock::now()),
            library: LibraryCode::parse(code).unwrap(),
            url: "https://127.0.0.1/hooks".to_owned(),
            kinds: kinds.to_vec(),
            note: String::new(),
            secret: vec![1, 2, 3],
            old_secret: None,
            created_at: clock::now(),
            failing_since: None,
            off: None,
        };
        assert!(self.app().store.add_webhook(webhook.clone(), 10).await.unwrap());
        webhook.id
    }

    /// What it was told, the first first: the type of each event, and the record's name.
    async fn heard(&self, code: &str, webhook: WebhookId) -> Vec<(String, String)> {
        let library = LibraryCode::parse(code).unwrap();
        let mut log = self.app().store.deliveries(&library, webhook, None, None, 100).await.unwrap();
        log.sort_by_key(|one| one.at);
        let name = |body: &str| serde_json::from_str::<serde_json::Value>(body).unwrap()["data"]["name"].clone();
        log.into_iter().map(|one| (one.kind, name(&one.body).as_str().unwrap().to_owned())).collect()
    }

    async fn incidents(&self, code: &str) -> Vec<Incident> {
        self.app().store.incidents(Some(&LibraryCode::parse(code).unwrap()), 100).await.unwrap()
    }

    fn refusals(&self) -> usize {
        let refused = |kept: &&Kept| matches!(kept.decision, Decision::Refused { .. } | Decision::Deferred { .. });
        self.world.mailboxes().kept().iter().filter(refused).count()
    }
}

fn config(world: &Running, folder: &tempfile::TempDir) -> Config {
    let mut config = settings(world, &folder.path().join("data"), REGION, RELAYS.len());
    config.dns.believe_at_most = Duration::from_secs(1);
    config.proof.look_every = Duration::from_secs(1);
    config
}

fn library(code: &str, from: &str, language: &str, staff: &[&str]) -> Library {
    serde_json::from_value(serde_json::json!({
        "code": code, "name": { "en": "A library", "fr": "Une bibliothèque" }, "time_zone": "America/Vancouver",
        "languages": [language], "region": REGION, "from": from, "borrowing_staff": staff
    }))
    .unwrap()
}

/// The words of a mail, out of its transfer encodings and on one line.
fn words(kept: &Kept) -> String {
    let mail = mail_parser::MessageParser::default().parse(&kept.raw).unwrap();
    let text = format!("{} {}", mail.subject().unwrap_or_default(), mail.body_text(0).unwrap_or_default());
    // Not at no-break spaces, which French has before its marks.
    text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sender_follows_the_records_both_ways() {
    let desk = ["patron-desk@gmail.example", "patron-head@yahoo.example"];
    let comptoir = ["patron-comptoir@gmail.example"];
    let stage = Stage::set(&[
        library("ALDR", "ill@alder.example", "en", &desk),
        library("LIER", "pret@ivy.example", "fr", &comptoir),
    ])
    .await;
    let webhook = stage.hear("ALDR", &[Kind::DomainRecordFound, Kind::DomainRecordLost]).await;
    // Two keys and the return path: each look may see some of them come or go, and the next one the rest.
    let heard = || stage.heard("ALDR", webhook);
    for (code, domain) in [("ALDR", "alder.example"), ("LIER", "ivy.example")] {
        stage.until_sender(code, SenderKind::Shared).await;
        stage.publish(domain).await;
        stage.until_sender(code, SenderKind::Own).await;
    }
    assert!(
        desk.iter().chain(&comptoir).all(|mailbox| stage.told(mailbox).is_empty()),
        "a domain on its way is no news"
    );
    stage.send("ALDR", "R-1", "patron-one@gmail.example").await;
    until("every record is told of", async || heard().await.len() == 3).await;

    for (code, domain) in [("ALDR", "alder.example"), ("LIER", "ivy.example")] {
        stage.withdraw(domain);
        stage.until_sender(code, SenderKind::Shared).await;
    }
    stage.send("ALDR", "R-2", "patron-one@gmail.example").await;
    until("and that it is gone", async || heard().await.len() == 6).await;
    let everybody = || desk.iter().chain(&comptoir).all(|mailbox| stage.told(mailbox).len() == 1);
    until("each of the staff is told", async || everybody()).await;
    for mailbox in desk {
        let said = words(&stage.told(mailbox)[0]);
        assert!(said.contains("Notices no longer leave as alder.example"), "{said}");
        assert!(said.contains("alder.example has not published our signing key."), "{said}");
    }
    let said = words(&stage.told(comptoir[0])[0]);
    assert!(said.contains("ivy.example n’a pas publié notre clé de signature."), "{said}");
    assert!(!said.contains("has not published"), "{said}");

    stage.publish("alder.example").await;
    stage.until_sender("ALDR", SenderKind::Own).await;
    until("the incident is over", async || stage.incidents("ALDR").await.iter().all(|one| one.closed_at.is_some()))
        .await;
    stage.send("ALDR", "R-3", "patron-one@gmail.example").await;
    let from = |kept: &Kept| kept.from_domain.as_ref().map(ToString::to_string).unwrap();
    let senders: Vec<String> = stage.told("patron-one@gmail.example").iter().map(from).collect();
    assert_eq!(senders, ["alder.example", SERVICE, "alder.example"]);
    assert_eq!(stage.incidents("ALDR").await.len(), 1);
    assert_eq!(stage.refusals(), 0, "nothing is refused in between");
    assert!(everybody(), "one message for each of the staff, and no more");
    until("and that it is back", async || heard().await.len() >= 9).await;
    let heard = heard().await;
    let names: BTreeSet<&str> = heard.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names.len(), 3, "{heard:?}");
    for record in names {
        assert!(record.ends_with(".alder.example"), "{heard:?}");
        let told: Vec<&str> = heard.iter().filter(|(_, name)| name == record).map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(told, ["domain.record_found", "domain.record_lost", "domain.record_found"], "{record} {heard:?}");
    }
    assert_eq!(heard.len(), 9, "{heard:?}");
    stage.service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_errs_costs_one_attempt() {
    let stage = Stage::set(&[library("ALDR", "ill@alder.example", "en", &["patron-desk@yahoo.example"])]).await;
    stage.publish("alder.example").await;
    stage.until_sender("ALDR", SenderKind::Own).await;
    let gmail = stage.world.provider("gmail.example").unwrap();
    gmail.disturb(Trouble { refuse_for_authentication: 1, ..Trouble::default() });

    let id = stage.send("ALDR", "R-1", "patron-one@gmail.example").await;
    let told = stage.app().store.timeline(id).await.unwrap();
    let told: Vec<String> = told
        .iter()
        .filter_map(|entry| match &entry.what {
            What::Attempted(attempt) => Some(format!("{} {} {}", attempt.number, attempt.sender, attempt.outcome)),
            What::SenderChanged { cause } => Some(format!("changed {cause}")),
            _ => None,
        })
        .collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!((told[0].as_str(), told[2].as_str()), ("1 own refused", "2 shared accepted"));
    assert!(told[1].starts_with("changed auth"), "{told:?}");
    let incidents = stage.incidents("ALDR").await;
    assert_eq!(incidents.len(), 1, "{incidents:?}");
    assert!(incidents[0].cause.starts_with("auth"), "{incidents:?}");
    assert!(incidents[0].detail.contains("refused alder.example"), "{}", incidents[0].detail);
    let over = async || stage.incidents("ALDR").await[0].closed_at.is_some();
    until("it is over when Gmail takes the notice from the other sender", over).await;

    stage.send("ALDR", "R-2", "patron-one@gmail.example").await;
    assert_eq!(stage.incidents("ALDR").await.len(), 1);
    assert_eq!(stage.refusals(), 1);
    assert!(stage.told("patron-desk@yahoo.example").is_empty(), "the records are in order: nobody is told otherwise");
    stage.service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn libraries_of_one_organisation_share_a_domain_and_its_keys() {
    let stage = Stage::set(&[
        library("ALDR", "ill@alder.example", "en", &["patron-desk@gmail.example"]),
        library("BRANCH", "branch@alder.example", "en", &["patron-branch@gmail.example"]),
    ])
    .await;
    stage.publish("alder.example").await;
    for code in ["ALDR", "BRANCH"] {
        stage.until_sender(code, SenderKind::Own).await;
        stage.send(code, "R-1", "patron-one@gmail.example").await;
    }
    assert_eq!(stage.app().keyring.all().iter().filter(|key| key.domain == "alder.example").count(), 2);
    let branch = stage.app().book.library(&LibraryCode::parse("BRANCH").unwrap()).unwrap();
    let kit = stage.app().senders.kit(&branch, &name("alder.example")).await.unwrap();
    assert!(kit.is_done(), "the records of one are the records of both: {kit:?}");

    stage.withdraw("alder.example");
    let both = ["patron-desk@gmail.example", "patron-branch@gmail.example"];
    until("both are told", async || both.iter().all(|mailbox| stage.told(mailbox).len() == 1)).await;
    assert_eq!(stage.refusals(), 0);
    stage.service.stop().await;
}
