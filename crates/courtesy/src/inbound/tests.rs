//! Rules of what comes back: joined once, whatever crashes between.

use jiff::{SignedDuration, Timestamp};
use standards::address::Address;
use standards::domain::Domain;

use super::spool::Envelope;
use super::*;
use crate::channel::Channel;
use crate::id::EventId;
use crate::keyring::Keyring;
use crate::library::LibraryCode;
use crate::metrics::Metrics;
use crate::net::dns::Limits;
use crate::notice::Language;
use crate::outcome::stop::ListedAddress;
use crate::queue::State;
use crate::store::{DoNotSend, MessageRow, NewEvent, NewMessage, Settled};
use crate::timeline::{News, What};

const NOW: Timestamp = Timestamp::constant(1_900_000_000, 0);

const BOUNCE: &str = "From: MAILER-DAEMON@mx.patron.example\r\nTo: b@bounces.notices.example\r\n\
    Subject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n\
    --x\r\nContent-Type: text/plain\r\n\r\nIt did not go.\r\n\
    --x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.patron.example\r\n\r\n\
    Final-Recipient: rfc822; p1@patron.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\
    Diagnostic-Code: smtp; 550 5.1.1 <p1@patron.example> User unknown\r\n\r\n--x--\r\n";

/// An engine of what a process has, and nobody to ask about names.
async fn engine(store: &Store, secret: &Arc<Secret>, spool: &Arc<Spool>) -> Inbound {
    let mut config = Config::default();
    config.shared.domain = Domain::parse("notices.example").unwrap();
    let (config, wake) = (Arc::new(config), Arc::new(Notify::new()));
    let book = Arc::new(Book::open(store.clone()).await.unwrap());
    let keyring = Arc::new(Keyring::open(store.clone(), Arc::clone(secret)).await.unwrap());
    let dns = Resolver::at("127.0.0.1:9".parse().unwrap(), Limits::default()).unwrap();
    let senders = Senders::open(Arc::clone(&config), store.clone(), Arc::clone(&book), keyring, dns.clone());
    let (senders, _) = senders.await.unwrap();
    let metrics = Arc::new(Metrics::default());
    let (of_book, of_senders, of_wake) = (Arc::clone(&book), Arc::clone(&senders), Arc::clone(&wake));
    let intake = Intake::new(&config, store.clone(), of_book, of_senders, of_wake, Arc::clone(&metrics));
    let (store, secret, spool, intake) = (store.clone(), Arc::clone(secret), Arc::clone(spool), Arc::new(intake));
    Inbound::new(Parts { config, store, book, senders, secret, dns, intake, wake, spool, metrics })
}

struct World {
    store: Store,
    secret: Arc<Secret>,
    spool: Arc<Spool>,
    inbound: Inbound,
    id: MessageId,
    folder: tempfile::TempDir,
}

impl World {
    /// A world with one message that is being sent.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("courtesy.db")).await.unwrap();
        let secret = Arc::new(Secret::from_octets([7; 32]));
        let spool = Arc::new(Spool::open(&folder.path().join("spool")).unwrap());
        let inbound = engine(&store, &secret, &spool).await;
        let to = (Channel::Mail, "p1@patron.example".to_owned());
        let deadline = NOW + SignedDuration::from_hours(24);
        let message = NewMessage::queued("ready_for_pickup", Language::En, to, NOW, deadline);
        let id = message.id;
        let event = NewEvent {
            id: EventId::new(NOW),
            library: LibraryCode::parse("MRPL").unwrap(),
            natural_key: "1".to_owned(),
            request: "1".to_owned(),
            status: "ready_for_pickup".to_owned(),
            patron: String::new(),
            source: "api",
            fields: "{}".to_owned(),
            found_by: String::new(),
            received_at: NOW,
            messages: vec![message],
            idempotency: None,
            news: None,
        };
        store.accept(vec![event]).await.unwrap();
        let lease = NOW + SignedDuration::from_mins(15);
        assert_eq!(store.claim(vec!["MRPL".to_owned()], 10, NOW, lease).await.unwrap().len(), 1);
        Self { store, secret, spool, inbound, id, folder }
    }

    async fn accepted(&self) {
        let settled = Settled {
            id: self.id,
            attempt: 1,
            tried: true,
            state: State::Accepted,
            cause: None,
            due_at: None,
            refused: String::new(),
            sender: Some("shared".to_owned()),
            provider: None,
            waits_for: None,
            at: NOW,
            entries: Vec::new(),
        };
        self.store.settle(vec![settled]).await.unwrap();
    }

    fn path(&self) -> String {
        return_path::write(&self.secret, self.id, &Domain::parse("bounces.notices.example").unwrap()).to_string()
    }

    async fn keep(&self, mail: &str) -> ReturnedId {
        let envelope = Envelope {
            received_at: NOW,
            client: Some("192.0.2.7".parse().unwrap()),
            helo: "mx.patron.example".to_owned(),
            mail_from: String::new(),
            recipients: vec![self.path().to_uppercase()],
        };
        self.spool.keep(envelope, mail.as_bytes().to_vec()).await.unwrap()
    }

    fn address(&self) -> ListedAddress {
        ListedAddress::of(&Address::parse("P1@Patron.example").unwrap())
    }

    async fn stop(&self) -> Option<DoNotSend> {
        self.store.do_not_send(&LibraryCode::parse("MRPL").unwrap(), &self.address()).await.unwrap()
    }

    async fn row(&self) -> MessageRow {
        self.store.message(None, self.id).await.unwrap().unwrap()
    }

    async fn news(&self) -> Vec<(News, String)> {
        let entries = self.store.timeline(self.id).await.unwrap();
        let news = entries.into_iter().filter_map(|entry| match entry.what {
            What::Returned(returned) => Some((returned.news, returned.cause)),
            _ => None,
        });
        news.collect()
    }
}

#[tokio::test]
async fn a_report_of_failure_makes_an_accepted_message_a_failed_one() {
    let world = World::new().await;
    world.accepted().await;
    let report = world.keep(BOUNCE).await;
    assert_eq!(world.inbound.round().await, 0);
    let row = world.row().await;
    assert_eq!((row.state, row.cause.as_deref()), (State::Failed, Some("addr.unknown")));
    let entries = world.store.timeline(world.id).await.unwrap();
    let What::Returned(returned) = &entries.first().unwrap().what else { panic!("{entries:?}") };
    assert_eq!((returned.report, returned.news, returned.reply), (report, News::Failed, Some(550)));
    assert_eq!(returned.status.as_deref(), Some("5.1.1"));
    assert_eq!(returned.host.as_deref(), Some("mx.patron.example [192.0.2.7]"));
    assert!(world.spool.list().unwrap().is_empty());
}

#[tokio::test]
async fn an_unknown_address_is_stopped_for_that_library_with_its_evidence() {
    let world = World::new().await;
    world.accepted().await;
    world.keep(BOUNCE).await;
    assert_eq!(world.inbound.round().await, 0);
    let stop = world.stop().await.unwrap();
    assert_eq!((stop.cause.code(), stop.by.as_str(), stop.message), ("addr.unknown", "bounce", Some(world.id)));
    assert!(stop.reply.contains("User unknown") && !stop.reply.contains("p1@"), "{}", stop.reply);
    assert_eq!(stop.probe_at.unwrap().duration_since(stop.since), SignedDuration::from_hours(30 * 24));
    let other = LibraryCode::parse("OTHER").unwrap();
    assert_eq!(world.store.do_not_send(&other, &world.address()).await.unwrap(), None);
    let entries = world.store.timeline(world.id).await.unwrap();
    assert_eq!(entries.last().unwrap().what, What::AddressStopped { cause: "addr.unknown".to_owned() });
}

#[tokio::test]
async fn a_full_mailbox_and_our_own_faults_stop_nothing() {
    let full = BOUNCE.replace("5.1.1", "5.2.2").replace("User unknown", "mailbox full");
    let spoofed =
        BOUNCE.replace("5.1.1", "5.7.26").replace("User unknown", "not accepted due to domain's DMARC policy");
    for (bounce, cause) in [(full, "mailbox.full"), (spoofed, "auth.dmarc")] {
        let world = World::new().await;
        world.accepted().await;
        world.keep(&bounce).await;
        assert_eq!(world.inbound.round().await, 0);
        assert_eq!(world.row().await.cause.as_deref(), Some(cause));
        assert_eq!(world.stop().await, None, "{cause}");
    }
}

#[tokio::test]
async fn a_report_about_another_address_stops_only_when_it_comes_twice() {
    // The patron forwards their mail to a box that is gone.
    let forwarded = BOUNCE.replace("p1@patron.example", "p1@elsewhere.example");
    let world = World::new().await;
    world.accepted().await;
    world.keep(&forwarded).await;
    assert_eq!(world.inbound.round().await, 0);
    assert_eq!((world.row().await.state, world.stop().await), (State::Failed, None));
}

#[tokio::test]
async fn a_complaint_is_believed_at_the_address_of_its_message_and_stops_it() {
    let complaint = "From: fbl@provider.example\r\nSubject: FW: Ready\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/report; report-type=feedback-report; boundary=x\r\n\r\n\
        --x\r\nContent-Type: text/plain\r\n\r\nAbuse.\r\n\
        --x\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: x/1\r\nVersion: 1\r\n\r\n--x--\r\n";
    let world = World::new().await;
    world.accepted().await;
    world.keep(complaint).await;
    assert_eq!(world.inbound.round().await, 0);
    let row = world.row().await;
    assert_eq!((row.state, row.cause.as_deref()), (State::Accepted, Some("complaint")));
    let stop = world.stop().await.unwrap();
    assert_eq!((stop.by.as_str(), stop.probe_at), ("complaint", None), "only the patron's own word ends it");
}

#[tokio::test]
async fn a_mail_worked_off_twice_makes_one_line() {
    let world = World::new().await;
    world.accepted().await;
    let report = world.keep(BOUNCE).await;
    let file = world.folder.path().join(format!("spool/{report}.mail"));
    let kept = std::fs::read(&file).unwrap();
    world.inbound.round().await;
    // As after a kill between the commit and the removal of the file.
    std::fs::write(&file, kept).unwrap();
    world.inbound.round().await;
    assert_eq!(world.news().await, [(News::Failed, "addr.unknown".to_owned())]);
    assert!(!file.exists());
    // Handed in once more, because our 250 got lost: the same mail under another id.
    world.keep(BOUNCE).await;
    world.inbound.round().await;
    assert_eq!(world.news().await.len(), 1);
    // Another mail about the same message is another line.
    world.keep(&BOUNCE.replace("It did not go.", "It did not go this time either.")).await;
    world.inbound.round().await;
    assert_eq!(world.news().await.len(), 2);
}

#[tokio::test]
async fn what_was_kept_before_a_kill_is_joined_after_the_next_start() {
    let world = World::new().await;
    world.accepted().await;
    world.keep(BOUNCE).await;
    let half = world.folder.path().join("spool/ret_01K00000000000000000000000.new");
    std::fs::write(&half, "half a ma").unwrap();
    let spool = Arc::new(Spool::open(&world.folder.path().join("spool")).unwrap());
    assert!(!half.exists(), "what was never whole was never acknowledged");
    let next = engine(&world.store, &world.secret, &spool).await;
    assert_eq!(next.round().await, 0);
    assert_eq!(world.row().await.state, State::Failed);
}

#[tokio::test]
async fn a_report_faster_than_our_own_commit_waits_for_it() {
    let world = World::new().await;
    world.keep(BOUNCE).await;
    assert_eq!(world.inbound.round().await, 1);
    assert_eq!((world.row().await.state, world.news().await), (State::Sending, Vec::new()));
    world.accepted().await;
    assert_eq!(world.inbound.round().await, 0);
    assert_eq!(world.row().await.state, State::Failed);
}

#[tokio::test]
async fn news_that_is_no_failure_changes_no_state() {
    let world = World::new().await;
    world.accepted().await;
    let delayed = BOUNCE.replace("Action: failed\r\nStatus: 5.1.1", "Action: delayed\r\nStatus: 4.4.1");
    let delayed = delayed.replace("smtp; 550 5.1.1 <p1@patron.example> User unknown", "smtp; 450 4.4.1 try again");
    world.keep(&delayed).await;
    world
        .keep("From: p1@patron.example\r\nSubject: Out of office\r\nAuto-Submitted: auto-replied\r\n\r\nAway.\r\n")
        .await;
    world.keep("From: p1@patron.example\r\nSubject: Hello\r\n\r\nIs this you?\r\n").await;
    assert_eq!(world.inbound.round().await, 0);
    assert_eq!(world.row().await.state, State::Accepted);
    let mut news: Vec<News> = world.news().await.into_iter().map(|(news, _)| news).collect();
    news.sort();
    assert_eq!(news, [News::Delayed, News::AutoReply, News::Other]);
}

#[tokio::test]
async fn a_file_that_is_no_mail_of_ours_is_set_aside() {
    let world = World::new().await;
    let file = world.folder.path().join("spool/ret_01K00000000000000000000000.mail");
    std::fs::write(&file, "no head\n").unwrap();
    assert_eq!(world.inbound.round().await, 0);
    assert!(file.with_extension("unreadable").exists() && !file.exists());
}

#[tokio::test]
async fn a_mail_whose_opening_ended_the_process_twice_is_set_aside() {
    let world = World::new().await;
    world.accepted().await;
    let id = world.keep(BOUNCE).await;
    let file = |ending: &str| world.folder.path().join(format!("spool/{id}.{ending}"));
    std::fs::write(file("opened"), "..").unwrap();
    assert_eq!(world.inbound.round().await, 0);
    assert_eq!((file("mail").exists(), file("unreadable").exists(), file("opened").exists()), (false, true, false));
    assert_eq!(world.row().await.state, State::Accepted);
    // Once may be a power cut.
    let id = world.keep(BOUNCE).await;
    let file = |ending: &str| world.folder.path().join(format!("spool/{id}.{ending}"));
    std::fs::write(file("opened"), ".").unwrap();
    assert_eq!(world.inbound.round().await, 0);
    assert_eq!((file("mail").exists(), file("unreadable").exists(), file("opened").exists()), (false, false, false));
    assert_eq!(world.row().await.state, State::Failed);
}

#[tokio::test]
async fn a_mail_too_deep_to_be_read_costs_nobody_anything() {
    let world = World::new().await;
    world.accepted().await;
    let deep = "Content-Type: message/rfc822\r\n\r\n".repeat(30_000);
    world.keep(&format!("From: a@patron.example\r\nSubject: Deep\r\n{deep}")).await;
    world.keep(BOUNCE).await;
    assert_eq!(world.inbound.round().await, 0);
    assert_eq!(world.row().await.state, State::Failed, "what came after it was read");
}

mod replies {
    //! Rules of replies: to the right desk, answered once, no loops.

    use super::*;
    use crate::library::Library;
    use crate::reply::Kind as ReplyKind;
    use crate::store::Filter;

    /// No two mails of a test are the same, unless it says so.
    static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

    struct Desk {
        world: World,
    }

    async fn desk(change: impl FnOnce(&mut Library)) -> Desk {
        let world = World::new().await;
        let mut library: Library = serde_json::from_value(serde_json::json!({
            "code": "MRPL", "name": { "en": "Maple Ridge" }, "time_zone": "UTC", "languages": ["en", "fr"],
            "region": "default", "reply_to": "desk@library.example"
        }))
        .unwrap();
        change(&mut library);
        world.store.put_libraries(vec![library], "test".to_owned(), NOW).await.unwrap();
        world.inbound.parts.book.refresh().await.unwrap();
        Desk { world }
    }

    impl Desk {
        async fn take(&self, mail_from: &str, mail: &str) -> Became {
            self.take_at("mrpl@notices.example", mail_from, mail).await
        }

        async fn take_at(&self, to: &str, mail_from: &str, mail: &str) -> Became {
            let envelope = Envelope {
                received_at: clock::now(),
                client: None,
                helo: "mx.patron.example".to_owned(),
                mail_from: mail_from.to_owned(),
                recipients: vec![to.to_owned()],
            };
            let (_, mut became) =
                self.world.inbound.take(envelope, mail.replace('\n', "\r\n").into_bytes()).await.unwrap();
            assert_eq!(became.len(), 1);
            became.remove(0)
        }

        /// Messages made of mail: passed on, and answers.
        async fn made(&self) -> (usize, usize) {
            let rows = self.world.store.messages(&Filter::default(), 10_000).await.unwrap();
            let of = |kind: ReplyKind| rows.iter().filter(|row| row.notice == kind.notice()).count();
            (of(ReplyKind::PassedOn), of(ReplyKind::Answer))
        }
    }

    fn letter(from: &str, more: &str) -> String {
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        format!(
            "From: {from}\nTo: mrpl@notices.example\nSubject: Hello\nMessage-ID: <{number}@patron.example>\n{more}\nIs it here?\n"
        )
    }

    #[tokio::test]
    async fn a_storm_of_automatic_answers_is_answered_once_a_sender() {
        let desk = desk(|_| {}).await;
        // Half of them hide what they are.
        for number in 0..1000 {
            let hides = if number % 2 == 0 { "Auto-Submitted: auto-replied\n" } else { "" };
            desk.take("grace@other.example", &letter("grace@other.example", hides)).await;
        }
        assert_eq!(desk.made().await, (20, 1), "one answer, and what a person might write in a day");
    }

    #[tokio::test]
    async fn a_storm_from_many_senders_ends_at_the_limit_of_a_day() {
        let desk = desk(|_| {}).await;
        for number in 0..1000 {
            let from = format!("r{number}@other.example");
            desk.take(&from, &letter(&from, "")).await;
            desk.take(&from, &letter(&from, "")).await;
        }
        assert_eq!(desk.made().await, (1000, 500));
    }

    #[tokio::test]
    async fn two_libraries_that_answer_by_machine_do_not_talk_for_ever() {
        // The desk's own mailbox writes back to the address that our mail came from.
        let desk = desk(|_| {}).await;
        let first = desk.take("p@patron.example", &letter("p@patron.example", "")).await;
        assert!(first.passed_on.is_some() && first.answered.is_some(), "{first:?}");
        for _ in 0..50 {
            let back = desk.take("desk@library.example", &letter("desk@library.example", "")).await;
            assert_eq!((back.done, back.passed_on, back.answered), (Done::Kept, None, None));
        }
        assert_eq!(desk.made().await, (1, 1));
    }

    #[tokio::test]
    async fn no_machine_is_answered_and_what_it_wrote_is_kept() {
        let desk = desk(|_| {}).await;
        let person = "p@patron.example";
        let cases: [(&str, &str, &str, &str); 17] = [
            ("", person, "", "automatic"),
            (person, person, "Auto-Submitted: auto-generated\n", "automatic"),
            (person, person, "Auto-Submitted: auto-replied (vacation)\n", "auto_reply"),
            (person, person, "Precedence: bulk\n", "bulk"),
            (person, person, "Precedence: list\n", "bulk"),
            (person, person, "Precedence: junk\n", "bulk"),
            (person, person, "List-Id: <l.patron.example>\n", "bulk"),
            (person, person, "List-Unsubscribe: <mailto:u@patron.example>\n", "bulk"),
            ("no-reply@patron.example", "no-reply@patron.example", "", "robot"),
            ("bounces+x@patron.example", person, "", "robot"),
            ("owner-l@patron.example", person, "", "robot"),
            ("l-request@patron.example", person, "", "robot"),
            (person, "MAILER-DAEMON@patron.example", "", "robot"),
            (person, "ne-pas-repondre@patron.example", "", "robot"),
            (person, "mrpl@notices.example", "", "ours"),
            (
                person,
                person,
                "Content-Type: multipart/report; report-type=disposition-notification; boundary=x\n",
                "report",
            ),
            (person, person, "X-Autoreply: yes\n", "auto_reply"),
        ];
        for (mail_from, from, more, kind) in cases {
            let became = desk.take(mail_from, &letter(from, more)).await;
            assert_eq!((became.kind, became.done), (kind, Done::Kept), "{mail_from} {from} {more}");
        }
        assert_eq!(desk.made().await, (0, 0));
        let kept = std::fs::read_dir(desk.world.folder.path().join("spool")).unwrap();
        assert_eq!(kept.count(), cases.len(), "nothing that was acknowledged is lost");
    }

    #[tokio::test]
    async fn some_people_get_no_answer_and_their_mail_is_passed_on() {
        let desk = desk(|_| {}).await;
        let person = "p@patron.example";
        let mails = [
            letter(person, "X-Auto-Response-Suppress: DR, OOF\n"),
            letter(person, "X-Loop: p@patron.example\n"),
            letter(person, "X-Spam-Flag: YES\n"),
            letter(person, "").replace("To: mrpl@notices.example", "To: friends@patron.example"),
        ];
        for mail in &mails {
            let became = desk.take(person, mail).await;
            assert!(became.passed_on.is_some() && became.answered.is_none(), "{mail}");
        }
        assert_eq!(desk.made().await, (mails.len(), 0));
    }

    #[tokio::test]
    async fn a_forged_report_about_a_mail_never_sent_changes_nothing() {
        let desk = desk(|_| {}).await;
        desk.world.accepted().await;
        let became = desk.take("", &BOUNCE.replace("\r\n", "\n")).await;
        assert_eq!((became.kind, became.done), ("report", Done::Kept));
        assert_eq!((desk.world.row().await.state, desk.made().await), (State::Accepted, (0, 0)));
        assert!(desk.world.news().await.is_empty());
    }

    #[tokio::test]
    async fn a_person_who_answers_to_the_return_path_reaches_the_library() {
        let desk = desk(|_| {}).await;
        desk.world.accepted().await;
        let became = desk.take_at(&desk.world.path(), "p1@patron.example", &letter("p1@patron.example", "")).await;
        assert_eq!((became.kind, became.message), ("reply", Some(desk.world.id)));
        assert!(became.passed_on.is_some());
        let entries = desk.world.store.timeline(desk.world.id).await.unwrap();
        assert!(matches!(entries.last().unwrap().what, What::Replied { .. }), "{entries:?}");
    }

    #[tokio::test]
    async fn a_person_who_quotes_a_servers_words_is_no_report() {
        let desk = desk(|_| {}).await;
        desk.world.accepted().await;
        let quoted = letter("p1@patron.example", "")
            + "\n> Your message could not be delivered: 550 5.1.1 <p1@patron.example> User unknown\n";
        let became = desk.take_at(&desk.world.path(), "p1@patron.example", &quoted).await;
        assert_eq!((became.kind, became.passed_on.is_some()), ("reply", true));
        assert_eq!(desk.world.row().await.state, State::Accepted);
        // With an empty return path a machine sent it.
        desk.take_at(&desk.world.path(), "", &quoted.replace("Is it", "Is this")).await;
        assert_eq!(desk.world.row().await.state, State::Failed);
    }

    #[tokio::test]
    async fn a_reply_naming_another_librarys_message_is_not_joined_to_it() {
        let desk = desk(|_| {}).await;
        let mut other: Library = (*desk.world.inbound.parts.book.libraries()[0]).clone();
        other.code = LibraryCode::parse("OTHR").unwrap();
        desk.world.store.put_libraries(vec![other], "test".to_owned(), NOW).await.unwrap();
        desk.world.inbound.parts.book.refresh().await.unwrap();
        let id = desk.world.id.bare().to_lowercase();
        let mail = letter("p@patron.example", &format!("In-Reply-To: <{id}@notices.example>\n"));
        let became = desk.take_at("othr@notices.example", "p@patron.example", &mail).await;
        assert_eq!((became.message, became.passed_on.is_some()), (None, true));
        let became = desk.take("p@patron.example", &mail.replace("Is it", "Is this")).await;
        assert_eq!(became.message, Some(desk.world.id));
    }

    #[tokio::test]
    async fn one_mail_makes_its_messages_once_whatever_crashes_between() {
        let desk = desk(|_| {}).await;
        let envelope = Envelope {
            received_at: NOW,
            client: None,
            helo: String::new(),
            mail_from: "p@patron.example".to_owned(),
            recipients: vec!["mrpl@notices.example".to_owned()],
        };
        let text = letter("p@patron.example", "");
        let mail = text.replace('\n', "\r\n").into_bytes();
        let id = desk.world.spool.keep(envelope, mail).await.unwrap();
        let file = desk.world.folder.path().join(format!("spool/{id}.mail"));
        let kept = std::fs::read(&file).unwrap();
        desk.world.inbound.round().await;
        std::fs::write(&file, kept).unwrap();
        desk.world.inbound.round().await;
        assert_eq!((desk.made().await, file.exists()), ((1, 1), false));
        // Handed in once more, because our 250 got lost.
        let again = desk.take("p@patron.example", &text).await;
        assert_eq!((again.done, desk.made().await), (Done::Known, (1, 1)));
    }

    #[tokio::test]
    async fn where_nobody_reads_mail_it_is_kept_and_nothing_is_promised() {
        let desk = desk(|library| library.reply_to = None).await;
        let became = desk.take("p@patron.example", &letter("p@patron.example", "")).await;
        assert_eq!((became.done, became.answered), (Done::Kept, None));
        assert_eq!(desk.made().await, (0, 0));
    }
}
