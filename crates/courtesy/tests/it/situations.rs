//! Every situation of `testdata/sender` in the practice internet: each library has a domain with that zone, and the
//! sender that the plan chooses is taken to a mailbox by providers that check SPF, DKIM and DMARC by themselves.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use courtesy::clock;
use courtesy::config::{Config, Relay};
use courtesy::intake::{Event, Handed, Side, Strictness, Taken, Told};
use courtesy::library::{Library, LibraryCode};
use courtesy::notice::status::Status;
use courtesy::patron::Patron;
use courtesy::service::Service;
use practice::provider::Decision;
use practice::world::{Options, RELAYS, Running, SERVICE};
use standards::address::Address;
use standards::dns::Table;
use standards::domain::Domain;

use super::proof::put;
use super::world::settings;

const PATIENCE: Duration = Duration::from_secs(120);

/// Strict ones of both kinds of policy discovery, and one that trusts its filter.
const PROVIDERS: [&str; 3] = ["gmail.example", "outlook.example", "yahoo.example"];

/// What makes a situation out of more than a zone: the age of facts, answers of before, relays, our own records.
const NOT_A_ZONE: [&str; 7] = ["age_s", "never_looked", "shared_unknown", "no_relays", "observed", "exclude", "family"];

/// One situation, with names of its own.
struct Situation {
    number: usize,
    file: String,
    from: String,
    rung: String,
    prefer_shared: bool,
    zone: String,
}

impl Situation {
    fn code(&self) -> String {
        format!("S{}", self.number)
    }

    fn domain(&self) -> Option<Domain> {
        self.from.split_once('@').map(|(_, domain)| name(domain))
    }
}

fn name(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

/// All that are zones and no more, and why the others are not.
fn situations() -> (Vec<Situation>, Vec<String>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/sender");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    let (mut all, mut left_out) = (Vec::new(), Vec::new());
    for path in files {
        let case: toml::Table = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let file = path.file_stem().unwrap().to_string_lossy().into_owned();
        if let Some(why) = NOT_A_ZONE.iter().find(|key| case.contains_key(**key)) {
            left_out.push(format!("{file} ({why})"));
            continue;
        }
        let text = |key: &str| case[key].as_str().unwrap();
        // Of the names that all situations share, nobody may speak: one would change the others.
        let shared_names = ["example", "_dmarc.example", "notices-bounce.example"];
        let speaks_of_all = |line: &str| line.split(' ').next().is_some_and(|first| shared_names.contains(&first));
        if text("zone").lines().any(speaks_of_all) {
            left_out.push(format!("{file} (it speaks of example itself)"));
            continue;
        }
        let number: usize = file.split('-').next().unwrap().parse().unwrap();
        let renamed = |text: &str| {
            text.replace("library.example", &format!("s{number}.example"))
                .replace("libraries.example", &format!("several{number}.example"))
                .replace("broken.example", &format!("broken{number}.example"))
                .replace(".mrpl.dkim.", &format!(".s{number}.dkim."))
                .replace("ip6:2001:db8::10", &format!("ip4:{}", RELAYS[1]))
                .replace("192.0.2.10", &RELAYS[0].to_string())
        };
        all.push(Situation {
            number,
            from: renamed(text("from")),
            rung: text("rung").to_owned(),
            prefer_shared: case.contains_key("prefer_shared"),
            zone: renamed(text("zone")),
            file,
        });
    }
    (all, left_out)
}

async fn serve(world: &Running, data: &Path) -> Service {
    let config = settings(world, data, "west", 1);
    let both = RELAYS[..2].iter().map(|ip| (*ip).into()).collect();
    let relay = Relay { sources: both, ..config.relay.now()[0].clone() };
    Service::start(Config { relay: vec![relay].into(), ..config }).await.unwrap()
}

/// One key for all: what matters here is where it is found, and making hundreds takes minutes.
async fn give_keys(world: &Running, service: &Service, situations: &[Situation]) -> String {
    let pem = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap().serialize_pem();
    let keyring = &service.app.keyring;
    let shared = &service.app.config.shared;
    let mut public = String::new();
    for (turn, selector) in shared.selectors.iter().enumerate() {
        let key = keyring.import(&shared.domain, selector, None, pem.as_bytes(), turn == 0).await.unwrap();
        world.put_dkim(&shared.domain.below(&format!("{selector}._domainkey")).unwrap(), &key.record());
        public.clone_from(&key.public);
    }
    for situation in situations {
        let Some(domain) = situation.domain() else { continue };
        let code = situation.code();
        for (turn, selector) in shared.library_selectors.iter().enumerate() {
            let key = keyring.import(&domain, selector, Some(&code), pem.as_bytes(), turn == 0).await;
            // A domain of several situations has its keys from the first.
            let Ok(key) = key else { continue };
            let target = format!("{selector}.{}.dkim", code.to_ascii_lowercase());
            world.put_dkim(&shared.domain.below(&target).unwrap(), &key.record());
        }
    }
    public
}

fn publish(world: &Running, situations: &[Situation], public: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/sender");
    let keys = std::fs::read_to_string(folder.join("00-keys")).unwrap();
    let key = |wanted: &str| keys.lines().find_map(|line| line.strip_prefix(&format!("{wanted} "))).unwrap();
    for situation in situations {
        let zone = situation
            .zone
            .replace("{key}", public)
            .replace("{oldkey}", key("oldkey"))
            .replace("{key1024}", key("key1024"))
            .replace("{cutkey}", &public[..255]);
        put(world.zones(), &Table::parse(&zone).unwrap());
    }
}

async fn take_in(service: &Service, situations: &[Situation]) {
    let library = |situation: &Situation| {
        let mut library: Library = serde_json::from_value(serde_json::json!({
            "code": situation.code(), "name": { "en": format!("Library {}", situation.number) },
            "time_zone": "America/Vancouver", "languages": ["en"], "region": "west",
        }))
        .unwrap();
        library.from = Address::parse(&situation.from).ok();
        library.prefer_shared_over_own_bounces = situation.prefer_shared;
        library
    };
    let libraries: Vec<Library> = situations.iter().map(library).collect();
    service.app.store.put_libraries(libraries.clone(), "test".to_owned(), clock::now()).await.unwrap();
    service.app.book.refresh().await.unwrap();
    for library in &libraries {
        service.app.senders.look_again(library).await;
    }
    service.app.senders.look_at_shared("west").await.unwrap();
}

fn event(situation: &Situation, provider: &str) -> Handed {
    let fields = [("title", "The Stone Diaries"), ("pickup_by", "2031-01-31")];
    let to = format!("patron-{}@{provider}", situation.number);
    let event = Event {
        library: LibraryCode::parse(&situation.code()).unwrap(),
        request: format!("{}-{provider}", situation.number),
        status: Status::from_code("ready_for_pickup").unwrap(),
        side: Side::Borrowing,
        occurrence: String::new(),
        told: Told {
            patron: Patron { email: Some(Address::parse(&to).unwrap()), ..Patron::default() },
            fields: fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            ..Told::default()
        },
        source: "api",
    };
    Handed { event, key: None }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_every_situation_the_chosen_sender_arrives() {
    let (situations, left_out) = situations();
    let world = practice::world::start(Options::default()).await.unwrap();
    let data = tempfile::tempdir().unwrap();
    let service = serve(&world, data.path()).await;
    let public = give_keys(&world, &service, &situations).await;
    publish(&world, &situations, &public);
    take_in(&service, &situations).await;
    let events = PROVIDERS.iter().flat_map(|provider| situations.iter().map(|one| event(one, provider))).collect();
    let taken = service.app.intake.take(events, Strictness::Mendable, false, |_| String::new()).await.unwrap();
    assert!(taken.iter().all(|one| matches!(one, Taken::Kept(_))));
    let wanted = situations.len() * PROVIDERS.len();
    let all_came = world.mailboxes().wait_for(wanted, PATIENCE).await;
    let by_number: BTreeMap<usize, &Situation> = situations.iter().map(|one| (one.number, one)).collect();
    let mut wrong = Vec::new();
    let kept = world.mailboxes().kept();
    for one in &kept {
        let number = one.recipient.local().trim_start_matches("patron-").parse::<usize>().unwrap();
        let situation = by_number[&number];
        let own = situation.domain().filter(|_| situation.rung != "shared");
        let expected = own.unwrap_or_else(|| name(SERVICE));
        if one.decision != Decision::Accepted || one.from_domain.as_ref() != Some(&expected) {
            wrong.push(format!(
                "{} at {}: {:?} from {:?}, wanted {expected}: {:?}",
                situation.file, one.provider, one.decision, one.from_domain, one.reason
            ));
        }
    }
    let own = kept.iter().filter(|one| one.from_domain.as_ref().is_some_and(|from| from.as_str() != SERVICE)).count();
    println!(
        "{} situations, {wanted} notices, {own} in the library's own name; left out: {}",
        situations.len(),
        left_out.join(", ")
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(all_came && kept.len() == wanted, "{} of {wanted} came", kept.len());
    assert!(situations.len() >= 75 && own >= 75);
    service.stop().await;
}
