//! The command line as people run it: the real binary against a service in this process, with the practice internet
//! as receivers.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use courtesy::config::{self, Overlay};
use courtesy::service::Service;
use practice::world;
use serde_json::Value;

/// How long a message may take to get anywhere in a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

const LIBRARIES: &str = "code,name_en,name_fr,languages,from,time_zone\n\
    ALDR,Alder Bay Public Library,,en;fr,ill@alder.example,America/Vancouver\n\
    DGWD,Dogwood Island Reading Centre,,en,,UTC\n";

/// A service, its receivers, and a folder for files.
struct House {
    service: Service,
    key: String,
    folder: tempfile::TempDir,
    world: world::Running,
}

/// What a command said.
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl House {
    async fn open() -> Self {
        let world = world::start(world::Options::default()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let flags = [
            format!("data={}", data.display()),
            "listen.http=127.0.0.1:0".to_owned(),
            format!("dns.resolver={}", world.resolver_addr()),
            format!("smtp.port={}", world.smtp_port()),
            "smtp.loopback=true".to_owned(),
            format!("shared.domain={}", world::SERVICE),
        ];
        let mut overlays: Vec<Overlay> = Vec::new();
        for flag in &flags {
            overlays.push(Overlay::from_flag(flag).unwrap());
        }
        let relay = format!(
            "[[relay]]\nhost = \"out1.{}\"\nregion = \"default\"\nsources = [\"{}\"]\n",
            world::SERVICE,
            world::RELAYS[0]
        );
        let file = folder.path().join("courtesy.toml");
        std::fs::write(&file, relay).unwrap();
        let config = config::load(Some(&file), &overlays).unwrap();
        let init = run_binary(folder.path(), &["init", "--settings", "courtesy.toml", "--set", &flags[0]], &[], "");
        assert_eq!(init.code, 0, "{}", init.err);
        let key = std::fs::read_to_string(data.join("operator.key")).unwrap();
        let service = Service::start(config).await.unwrap();
        // The shared domain's keys, as the operator publishes them.
        let house = Self { service, key, folder, world };
        house.publish_keys().await;
        house
    }

    /// Puts the DKIM records that the service asks for into the practice DNS.
    async fn publish_keys(&self) {
        for key in self.service.app.keyring.all() {
            let name = format!("{}._domainkey.{}", key.selector, key.domain);
            self.world.put_dkim(&standards::domain::Domain::parse(&name).unwrap(), &key.record());
        }
    }

    async fn run(&self, args: &[&str]) -> Said {
        self.run_with(args, "").await
    }

    async fn run_with(&self, args: &[&str], stdin: &str) -> Said {
        let server = format!("http://{}", self.service.http);
        let (folder, key, stdin) = (self.folder.path().to_owned(), self.key.clone(), stdin.to_owned());
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let run = move || {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            run_binary(&folder, &args, &[("COURTESY_SERVER", &server), ("COURTESY_KEY", &key)], &stdin)
        };
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    /// Runs and gives what it said, when it went well.
    async fn good(&self, args: &[&str]) -> String {
        let said = self.run(args).await;
        assert_eq!(said.code, 0, "{args:?}: {}{}", said.out, said.err);
        said.out
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// The one message of `request`, once it stands in one of `states`.
    async fn message_in(&self, request: &str, states: &[&str]) -> Value {
        let began = Instant::now();
        loop {
            let line = self.good(&["messages", "list", "--request", request, "--json"]).await;
            let message: Value = serde_json::from_str(line.trim()).unwrap();
            if states.contains(&message["state"].as_str().unwrap()) {
                return message;
            }
            assert!(began.elapsed() < PATIENCE, "it stands at {message}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn run_binary(folder: &Path, args: &[&str], environment: &[(&str, &str)], stdin: &str) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_courtesy"));
    command.args(args).current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for name in
        ["COURTESY_SERVER", "COURTESY_KEY", "COURTESY_KEY_FILE", "COURTESY_CONFIG", "COURTESY_LANG", "COURTESY_CORPORA"]
    {
        command.env_remove(name);
    }
    command.env("LC_ALL", "C.UTF-8").env("TZ", "UTC").envs(environment.iter().copied());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let text = |octets| String::from_utf8(octets).unwrap();
    Said { code: status.code().unwrap(), out: text(stdout), err: text(stderr) }
}

fn event(request: &str, email: &str) -> String {
    format!(
        r#"{{"library":"ALDR","request":"{request}","status":"ready_for_pickup","patron":{{"email":"{email}","language":"en"}},"fields":{{"title":"The Overstory","pickup_by":"2026-11-30"}}}}"#
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clerks_day_in_the_terminal() {
    let house = House::open().await;
    // Libraries, from a file: first with a mistake, then without.
    house.write("bad.csv", "code,name_en,from\nALDR,,nobody\n");
    let said = house.run(&["library", "import", "bad.csv"]).await;
    assert_eq!(said.code, 1);
    assert!(said.err.contains("bad.csv:2  name_en  "), "{}", said.err);
    assert!(said.err.contains("bad.csv:2  from  "), "{}", said.err);
    house.write("libraries.csv", LIBRARIES);
    let tried = house.run(&["library", "import", "libraries.csv", "--dry-run"]).await;
    assert!(tried.out.contains("ALDR DGWD"), "{}", tried.out);
    assert_eq!(house.good(&["library", "list", "--json"]).await, "", "a dry run keeps nothing");
    house.good(&["library", "import", "libraries.csv"]).await;
    assert_eq!(house.good(&["library", "list", "--json"]).await.lines().count(), 2);

    // A record as JSON and back.
    let record = house.good(&["library", "show", "DGWD", "--json"]).await;
    let put = house.run_with(&["library", "put", "-"], &record.replace("Reading Centre", "Library")).await;
    assert_eq!(put.code, 0, "{}", put.err);
    assert!(house.good(&["library", "show", "DGWD"]).await.contains("Dogwood Island Library"));

    // An event, and the story of its message.
    let told = house.run_with(&["event", "-"], &event("BC-1", "patron-amira@gmail.example")).await;
    assert_eq!(told.code, 0, "{}", told.err);
    assert!(told.out.contains("aldr@notices.example"), "{}", told.out);
    let message = house.message_in("BC-1", &["accepted", "failed", "held"]).await;
    let id = message["id"].as_str().unwrap();
    let story = house.good(&["messages", "show", id]).await;
    assert!(
        story.starts_with("✔ accepted by gmail.example   ready_for_pickup (en)   BC-1   p•••a@gmail.example\n"),
        "{story}"
    );
    assert!(story.contains("We cannot see whether gmail.example put it in Inbox or Spam."), "{story}");
    assert!(!story.contains("RCPT TO"), "{story}");
    assert!(house.good(&["messages", "show", id, "--transcript"]).await.contains("RCPT TO"));

    // Too late to take back; sending again is a new message.
    let cancelled = house.run(&["messages", "cancel", id]).await;
    assert_eq!(cancelled.code, 8, "{}", cancelled.err);
    let again = house.good(&["messages", "resend", id, "--to", "patron-amira@plain.example", "--json"]).await;
    assert!(again.contains(&format!("\"repeats\":\"{id}\"")), "{again}");
    assert_eq!(house.good(&["messages", "list"]).await.lines().count(), 3, "a heading and both");

    // An address that does not exist: why, and what next.
    house.run_with(&["event", "-"], &event("BC-9", "nobody@gmail.example")).await;
    let failed = house.message_in("BC-9", &["failed"]).await;
    let story = house.good(&["messages", "show", failed["id"].as_str().unwrap()]).await;
    assert!(story.contains("Why        This address does not exist (addr.unknown)"), "{story}");
    assert!(story.contains("--to ADDRESS"), "{story}");
    assert_eq!(
        house.good(&["messages", "list", "--state", "failed", "--cause", "addr", "--json"]).await.lines().count(),
        1
    );

    house.service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_takes_what_is_right_and_names_the_lines_that_are_not() {
    let house = House::open().await;
    // Relays are looked at a minute after the start: until then nobody says that all is well.
    let doctor = house.run(&["doctor"]).await;
    assert!(doctor.out.contains("not looked at yet: out1."), "{}", doctor.out);
    assert!(!doctor.out.contains("All is well"), "{}", doctor.out);
    house.write("libraries.csv", LIBRARIES);
    house.good(&["library", "import", "libraries.csv"]).await;
    let lines = [
        event("BC-2", "patron-a@gmail.example"),
        event("BC-3", "patron-b@gmail.example").replace("ready_for_pickup", "redy"),
        String::new(),
        event("BC-4", "patron-c@plain.example"),
    ];
    house.write("events.ndjson", &lines.join("\n"));
    let batch = house.run(&["event", "events.ndjson"]).await;
    assert_eq!(batch.code, 1);
    assert!(batch.out.contains("events.ndjson:2  field-invalid  /status"), "{}", batch.out);
    assert!(batch.err.contains("2 events taken, 2 messages written; 1 refused."), "{}", batch.err);
    let doctor = house.run(&["doctor"]).await;
    assert!(doctor.out.contains("✔  database"), "{}", doctor.out);
    let audit = house.good(&["audit", "check"]).await;
    let chains: Vec<_> = audit.lines().map(|line| line.split_whitespace().next().unwrap_or_default()).collect();
    assert_eq!(chains, ["the", "ALDR", "DGWD"], "the consortium's entries, and each library's: {audit}");
    let held = house.good(&["audit", "check", "--library", "ALDR", "--json"]).await;
    assert!(held.contains(r#""library":"ALDR""#), "{held}");
    house.service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_are_edited_as_files_and_none_is_saved_when_one_is_wrong() {
    let house = House::open().await;
    house.write("libraries.csv", LIBRARIES);
    house.good(&["library", "import", "libraries.csv"]).await;
    let said = house.run(&["notice", "list"]).await;
    assert_eq!(said.code, 2);
    assert!(said.err.contains("--library CODE (ALDR, DGWD)"), "{}", said.err);

    house.good(&["notice", "pull", "notices", "--library", "ALDR"]).await;
    let file = house.folder.path().join("notices/overdue.en.md");
    let shipped = std::fs::read_to_string(&file).unwrap();
    house.good(&["notice", "lint", "notices"]).await;
    let nothing = house.run(&["notice", "push", "notices", "--library", "ALDR"]).await;
    assert!(nothing.err.contains("Nothing to save"), "{}", nothing.err);

    // One good change and one wrong one: nothing is saved.
    let good = format!("{}\nBring it back, please.\n", shipped.trim_end());
    std::fs::write(&file, &good).unwrap();
    let other = house.folder.path().join("notices/due_soon.en.md");
    let other_shipped = std::fs::read_to_string(&other).unwrap();
    std::fs::write(&other, format!("{other_shipped}\n((due_dat))\n")).unwrap();
    let refused = house.run(&["notice", "push", "notices", "--library", "ALDR"]).await;
    assert_eq!(refused.code, 1);
    assert!(refused.out.contains("notices/due_soon.en.md:"), "{}", refused.out);
    assert!(refused.out.contains("  error") && refused.out.contains("((due_date))"), "{}", refused.out);
    assert_eq!(house.good(&["notice", "history", "overdue", "en", "--library", "ALDR", "--json"]).await, "");
    assert_eq!(house.run(&["notice", "lint", "notices"]).await.code, 1);

    // A pull does not eat the edits.
    let eaten = house.run(&["notice", "pull", "notices", "--library", "ALDR"]).await;
    assert_eq!(eaten.code, 8, "{}", eaten.err);

    std::fs::write(&other, other_shipped).unwrap();
    let tried = house.run(&["notice", "push", "notices", "--library", "ALDR", "--dry-run"]).await;
    assert!(tried.out.contains("overdue.en.md  would be saved"), "{}", tried.out);
    let pushed = house.run(&["notice", "push", "notices", "--library", "ALDR"]).await;
    assert!(pushed.out.contains("overdue.en.md  saved as version 1"), "{}{}", pushed.out, pushed.err);
    let difference = house.good(&["notice", "diff", "overdue", "en", "--library", "ALDR"]).await;
    assert!(difference.contains("+Bring it back, please."), "{difference}");
    assert!(
        house.good(&["notice", "preview", "overdue", "--library", "ALDR"]).await.contains("Bring it back, please.")
    );
    house.good(&["notice", "reset", "overdue", "en", "--library", "ALDR"]).await;
    assert!(!house.good(&["notice", "preview", "overdue", "--library", "ALDR"]).await.contains("Bring it back"));
    house.good(&["notice", "restore", "overdue", "en", "1", "--library", "ALDR"]).await;
    assert!(house.good(&["notice", "preview", "overdue", "--library", "ALDR"]).await.contains("Bring it back"));
    assert_eq!(
        house.good(&["notice", "history", "overdue", "en", "--library", "ALDR", "--json"]).await.lines().count(),
        3
    );

    // Switches.
    house.good(&["notice", "off", "overdue", "--library", "ALDR", "--dry-run"]).await;
    let row = |list: String| list.lines().find(|line| line.starts_with("overdue ")).unwrap().to_owned();
    assert!(row(house.good(&["notice", "list", "--library", "ALDR"]).await).contains(" on "));
    house.good(&["notice", "off", "overdue", "--library", "ALDR"]).await;
    assert!(row(house.good(&["notice", "list", "--library", "ALDR"]).await).contains(" off "));
    house.service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_queue_waits_until_it_is_resumed() {
    let house = House::open().await;
    house.write("libraries.csv", LIBRARIES);
    house.good(&["library", "import", "libraries.csv"]).await;
    house.good(&["queue", "pause", "--library", "ALDR"]).await;
    let again = house.run(&["queue", "pause", "--library", "ALDR"]).await;
    assert!(again.err.contains("It was paused already."), "{}", again.err);
    house.run_with(&["event", "-"], &event("BC-1", "patron-amira@gmail.example")).await;
    let other = event("BC-2", "patron-amira@plain.example").replace("ALDR", "DGWD");
    house.run_with(&["event", "-"], &other).await;
    // Another library's message goes past it.
    house.message_in("BC-2", &["accepted"]).await;
    assert_eq!(house.message_in("BC-1", &["queued", "sending", "accepted"]).await["state"], "queued");
    assert!(house.good(&["queue", "list"]).await.contains("ALDR is paused since"));
    assert!(house.run(&["doctor"]).await.out.contains("the queue of ALDR is paused since"));
    let health: Value = serde_json::from_str(&house.good(&["queue", "list", "--json"]).await).unwrap();
    assert_eq!(health["oldest_due_s"], 0, "what is paused is not late");

    // Its own key sees and ends its own pause only.
    house.good(&["keys", "make", "desk", "--library", "ALDR", "--to-file", "desk.key"]).await;
    let refused = house.run(&["queue", "resume", "--library", "DGWD", "--key-file", "desk.key"]).await;
    assert_eq!(refused.code, 5, "{}", refused.err);
    house.good(&["queue", "pause"]).await;
    house.good(&["queue", "resume", "--key-file", "desk.key"]).await;
    assert_eq!(
        house.message_in("BC-1", &["queued", "sending", "accepted"]).await["state"],
        "queued",
        "everything is paused still"
    );
    house.good(&["queue", "resume"]).await;
    house.message_in("BC-1", &["accepted"]).await;
    house.service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_say_the_fix_and_exit_codes_say_the_kind() {
    let house = House::open().await;
    let absent = house.run(&["messages", "show", "msg_nothing"]).await;
    assert_eq!(absent.code, 6, "{}", absent.err);
    assert!(absent.err.starts_with("error: There is no such thing: "), "{}", absent.err);
    let french = house.run(&["library", "show", "NOBODY", "--lang", "fr"]).await;
    assert_eq!(french.code, 6, "{}", french.err);
    assert_eq!(house.run(&["messages", "list", "--state", "lost"]).await.code, 1);
    assert_eq!(house.run(&["messages", "list", "--nothing"]).await.code, 2);
    assert_eq!(house.run(&["event", "nowhere.json"]).await.code, 1);

    let made: Value = serde_json::from_str(&house.good(&["keys", "make", "short-lived", "--json"]).await).unwrap();
    house.write("short.key", made["secret"].as_str().unwrap());
    house.good(&["keys", "list", "--key-file", "short.key"]).await;
    house.good(&["keys", "revoke", made["id"].as_str().unwrap()]).await;
    assert_eq!(house.run(&["keys", "list", "--key-file", "short.key"]).await.code, 5);
    assert!(!house.good(&["keys", "list"]).await.contains(made["secret"].as_str().unwrap()));

    let folder = house.folder.path().to_owned();
    let nobody = tokio::task::spawn_blocking(move || {
        run_binary(&folder, &["queue", "list", "--server", "http://127.0.0.1:1"], &[("COURTESY_KEY", "cty_live_x")], "")
    });
    let nobody = nobody.await.unwrap();
    assert_eq!(nobody.code, 7);
    assert_eq!(nobody.err, "error: no server answers at http://127.0.0.1:1; start it with: courtesy serve\n");
    house.service.stop().await;
}

#[test]
fn help_completions_and_manual_need_no_server() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| run_binary(folder.path(), args, &[], "");
    let help = run(&["-h"]);
    assert!(help.out.starts_with("Examples:\n  courtesy "), "{}", help.out);
    assert!(help.out.lines().count() <= 52, "one screen, and it has {} lines", help.out.lines().count());
    assert!(run(&["mesages", "list"]).err.contains("'messages'"));
    assert!(run(&["help", "queue", "pause"]).out.contains("courtesy queue pause"));
    assert!(run(&["help", "causes"]).out.contains("auth.dmarc"));
    assert_eq!(run(&["help", "nonsense"]).code, 2);
    assert!(run(&["completions", "bash"]).out.contains("courtesy"));
    assert_eq!(run(&["man", "pages"]).code, 0);
    assert!(folder.path().join("pages/courtesy-queue-pause.1").is_file());
    let no_key = run(&["messages", "list"]);
    assert_eq!(no_key.code, 5);
    assert!(no_key.err.contains("--key-file"), "{}", no_key.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_patrons_sign_in_is_set_and_turned_off_from_the_terminal() {
    let house = House::open().await;
    house.write("libraries.csv", LIBRARIES);
    house.good(&["library", "import", "libraries.csv"]).await;
    let asked = house.run(&["library", "sign-on", "ALDR"]).await;
    assert!(asked.err.contains("sign in nowhere") && asked.out.contains("/me/sign-on/ALDR/back"), "{}", asked.out);
    let set = ["library", "sign-on", "ALDR", "--issuer", "https://login.alder.example", "--client-id", "courtesy"];
    let refused = house.run(&set).await;
    assert!(refused.code != 0 && refused.err.contains("number_claim"), "{}", refused.err);
    let whole = [&set[..], &["--number-claim", "card", "--name", "Alder Account"]].concat();
    assert!(house.run(&whole).await.err.contains("The secret is missing"));
    house.write("secret.txt", "s&cret\n");
    let said = house.run(&["library", "sign-on", "ALDR", "--secret", "secret.txt", "--name-fr", "Dossier"]).await;
    assert!(
        said.err.contains("Patrons can sign in.") && said.out.contains("Alder Account"),
        "{}{}",
        said.out,
        said.err
    );
    assert!(!said.out.contains("s&cret"));
    assert!(house.run(&["library", "sign-on", "ALDR", "--off"]).await.err.contains("sign in nowhere"));
    house.service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_days_letters_are_printed_and_posted_from_the_terminal() {
    let house = House::open().await;
    house.write("libraries.csv", LIBRARIES);
    house.good(&["library", "import", "libraries.csv"]).await;
    assert!(house.run(&["letters", "--library", "ALDR"]).await.err.contains("No letter waits."));
    let record = house.good(&["library", "show", "ALDR", "--json"]).await;
    let mut record: Value = serde_json::from_str(&record).unwrap();
    record["reach"] = serde_json::json!({ "ladder": ["letter"] });
    assert_eq!(house.run_with(&["library", "put", "-"], &record.to_string()).await.code, 0);
    let mut told: Value = serde_json::from_str(&event("BC-1", "patron@gmail.example")).unwrap();
    told["patron"]["address"] = serde_json::json!(["1 Example Street", "Maple Ridge BC"]);
    house.run_with(&["event", "-"], &told.to_string()).await;
    let waits: Value = serde_json::from_str(&house.good(&["letters", "--library", "ALDR", "--json"]).await).unwrap();
    let (day, id) = (waits["day"].as_str().unwrap(), waits["message"].as_str().unwrap());
    house.good(&["letters", "--library", "ALDR", "--day", day, "-o", "day.pdf"]).await;
    assert!(std::fs::read(house.folder.path().join("day.pdf")).unwrap().starts_with(b"%PDF-"));
    assert_eq!(
        house.run(&["letters", "--library", "ALDR", "--day", "2020-01-01", "-o", "no.pdf"]).await.code,
        6,
        "nothing there"
    );
    let posted = house.run(&["letters", "--library", "ALDR", "--day", day, "--posted"]).await;
    assert!(posted.err.contains("1 letter in the post"), "{}", posted.err);
    let story = house.good(&["messages", "show", id]).await;
    assert!(story.contains("posted   ready_for_pickup (en)   BC-1   by post"), "{story}");
    house.service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patron_is_erased_and_watched_until_the_last_trace_is_gone() {
    let house = House::open().await;
    house.write("libraries.csv", LIBRARIES);
    house.good(&["library", "import", "libraries.csv"]).await;
    let told = event("BC-1", "patron@gmail.example").replace(r#""patron":{"#, r#""patron":{"ref":"21234","#);
    assert_eq!(house.run_with(&["event", "-"], &told).await.code, 0);
    house.message_in("BC-1", &["accepted"]).await;
    let nobody = house.run(&["patron", "erase", "ALDR", "99999", "--sure"]).await;
    assert_eq!(nobody.code, 6, "{}{}", nobody.out, nobody.err);
    let said = house.run(&["patron", "erase", "ALDR", "21234", "--sure"]).await;
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(said.err.contains("Nothing of patron 21234 is shown or sent any more."), "{}", said.err);
    assert!(said.out.starts_with("Done: 1 event, 1 message, "), "{}", said.out);
    let list = house.good(&["patron", "erasures", "list", "--library", "ALDR"]).await;
    assert!(list.contains("done") && list.contains("patron") && !list.contains("21234"), "{list}");
    let one: Value = serde_json::from_str(house.good(&["patron", "erasures", "list", "--json"]).await.trim()).unwrap();
    let id = one["id"].as_str().unwrap();
    assert!(house.good(&["patron", "erasures", "watch", id]).await.starts_with("Done: "));
    assert!(house.good(&["patron", "erasures", "show", id]).await.starts_with("Done: "));
    assert_eq!(house.run(&["patron", "erasures", "show", "ers_none"]).await.code, 6);
}

#[cfg(unix)]
#[test]
fn a_backup_and_what_is_restored_are_their_owners_alone_and_commands_find_a_key() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mode = |name: &str| std::fs::metadata(at(name)).unwrap().permissions().mode() & 0o777;
    let run = |args: &[&str]| run_binary(folder.path(), args, &[], "");
    let made = run(&["init", "--settings", "one.toml", "--set", "data=one"]);
    assert_eq!(made.code, 0, "{}", made.err);
    assert_eq!((mode("one"), mode("one/courtesy.db")), (0o700, 0o600));
    let nowhere = run(&["backup", "nowhere/b.db", "--set", "data=one"]);
    assert_eq!(nowhere.code, 1);
    assert!(nowhere.err.contains("there is no folder nowhere"), "{}", nowhere.err);
    let kept = run(&["backup", "b.db", "--set", "data=one"]);
    assert_eq!((kept.code, mode("b.db")), (0, 0o600), "{}", kept.err);
    assert_eq!(run(&["backup", "b.db", "--set", "data=one"]).code, 1, "what is there is not touched");

    let back = run(&["restore", "b.db", "--set", "data=two"]);
    assert_eq!(back.code, 0, "{}", back.err);
    assert!(back.out.contains("operator.key in the data folder is a new operator's key"), "{}", back.out);
    assert_eq!((mode("two"), mode("two/courtesy.db"), mode("two/operator.key")), (0o700, 0o600, 0o600));
    // The one that was there is of another database.
    std::fs::remove_file(at("two/courtesy.db")).unwrap();
    std::fs::copy(at("one/operator.key"), at("two/operator.key")).unwrap();
    let back = run(&["restore", "b.db", "--set", "data=two"]);
    assert!(!back.out.contains("new operator's key"), "the backup knows this one: {}{}", back.out, back.err);
}
