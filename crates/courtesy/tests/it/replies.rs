//! What people write back: it reaches their library, and they hear of it once.

use serde_json::json;

use courtesy::id::MessageId;
use courtesy::queue::State;
use courtesy::timeline::What;

use crate::world::{World, address, read, ready, record};

const PATRON: &str = "patron@gmail.example";
const DESK: &str = "patron-desk@gmail.example";

async fn world() -> World {
    let world = World::with(|config| config.listen.smtp = Some("127.0.0.1:0".parse().unwrap())).await;
    let mut library = record("MRPL");
    library.reply_to = Some(address(DESK));
    library.phone = Some("+1 604 555 0100".to_owned());
    world.put(library).await;
    world
}

/// The `n`th mail that was offered to a mailbox, once it is there.
async fn offered(world: &World, email: &str, n: usize) -> crate::world::Read {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let kept = world.offered(email);
        if kept.len() >= n {
            return read(&kept[n - 1]);
        }
        if tokio::time::Instant::now() >= deadline {
            let rows = world.app().store.messages(&courtesy::store::Filter::default(), 20).await.unwrap();
            panic!("{email} got {} of {n} mails: {rows:?}", kept.len());
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// What the timeline of `id` says of replies, once there are `n`.
async fn replied(world: &World, id: MessageId, n: usize) -> Vec<(Option<MessageId>, Option<MessageId>)> {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let entries = world.timeline(id).await.into_iter();
        let found: Vec<_> = entries
            .filter_map(|entry| match entry.what {
                What::Replied { passed_on, answered, .. } => Some((passed_on, answered)),
                _ => None,
            })
            .collect();
        if found.len() >= n {
            return found;
        }
        assert!(tokio::time::Instant::now() < deadline, "{} of {n} replies", found.len());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

fn reply(id: MessageId, body: &str) -> String {
    let domain = practice::world::SERVICE;
    let id = id.bare().to_ascii_lowercase();
    format!(
        "From: \"Amira Osei\" <{PATRON}>\nTo: Maple Ridge <mrpl@{domain}>\nSubject: Re: The Overstory is here\n\
         Message-ID: <r1@gmail.example>\nIn-Reply-To: <{id}@{domain}>\nReferences: <{id}@{domain}>\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=\"b1\"\n\n--b1\nContent-Type: text/plain; charset=utf-8\n\n{body}\n\
         --b1\nContent-Type: application/pdf; name=\"form.pdf\"\nContent-Transfer-Encoding: base64\n\nJVBERi0xLjQK\n--b1--\n"
    )
}

#[tokio::test]
async fn a_patrons_reply_reaches_the_library_and_the_patron_hears_of_it_once() {
    let world = world().await;
    let mut event = ready("MRPL", "BC-1", PATRON);
    event["patron"]["language"] = json!("fr");
    let id = world.tell_one(&event).await;
    world.over(id).await;
    let shared = format!("MRPL@{}", practice::world::SERVICE);
    let mail = reply(id, "May my sister pick it up? Élise.");
    assert!(world.hand_in(PATRON, &shared, &mail).await.starts_with("250 2.0.0"));
    let desk = offered(&world, DESK, 1).await;
    assert!(
        desk.raw.contains("\r\nMay my sister pick it up? Élise.\r\n--b1\r\nContent-Type: application/pdf"),
        "{}",
        desk.raw
    );
    assert!(desk.raw.contains("\r\nReply-To: <patron@gmail.example>\r\n"), "{}", desk.raw);
    assert!(desk.raw.contains("Amira Osei via"), "{}", desk.raw);
    assert_eq!((desk.from.as_str(), desk.subject.as_str()), ("mrpl@notices.example", "Re: The Overstory is here"));
    assert!(!desk.raw.contains("\r\nAuto-Submitted:"), "a person wrote it");
    // The patron has the notice, and now the answer in their language.
    let answer = offered(&world, PATRON, 2).await;
    assert!(answer.subject.starts_with("Réponse automatique"), "{}", answer.subject);
    assert!(answer.text.contains("+1 604 555 0100") && answer.text.contains("a bien reçu"), "{}", answer.text);
    assert!(answer.raw.contains("\r\nAuto-Submitted: auto-replied\r\n"), "{}", answer.raw);
    assert!(answer.raw.contains("\r\nIn-Reply-To: <r1@gmail.example>\r\n"), "{}", answer.raw);
    let (passed_on, answered) = replied(&world, id, 1).await[0];
    assert_eq!(world.over(passed_on.unwrap()).await.state, State::Accepted);
    let answered = answered.unwrap();
    assert_eq!(world.over(answered).await.state, State::Accepted);
    assert_eq!(world.kinds(answered).await, ["answers", "attempted"]);
    // Another one within the day: passed on, and no second answer.
    world.hand_in(PATRON, &shared, &reply(id, "And my brother?")).await;
    let again = replied(&world, id, 2).await[1];
    assert!(again.0.is_some() && again.1.is_none(), "{again:?}");
    world.over(again.0.unwrap()).await;
    assert_eq!((world.offered(DESK).len(), world.offered(PATRON).len()), (2, 2));
}

#[tokio::test]
async fn a_mail_that_refers_to_nothing_goes_to_the_library_it_names_and_is_answered_in_its_languages() {
    let world = world().await;
    let shared = format!("mrpl@{}", practice::world::SERVICE);
    let mail =
        format!("From: {PATRON}\nTo: {shared}\nSubject: Hours\nMessage-ID: <h@gmail.example>\n\nWhen are you open?\n");
    world.hand_in(PATRON, &shared, &mail).await;
    let desk = offered(&world, DESK, 1).await;
    assert!(desk.raw.contains("patron via Maple Ridge"), "{}", desk.raw);
    assert!(desk.text.contains("When are you open?"));
    let answer = offered(&world, PATRON, 1).await;
    assert!(
        answer.text.contains("has received your message") && answer.text.contains("a bien reçu"),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn an_absence_notice_is_a_line_in_the_timeline_and_nobody_gets_mail_for_it() {
    let world = world().await;
    let id = world.tell_one(&ready("MRPL", "BC-1", PATRON)).await;
    world.over(id).await;
    let shared = format!("mrpl@{}", practice::world::SERVICE);
    let mail = reply(id, "I am away.").replace("MIME-Version", "Auto-Submitted: auto-replied\nMIME-Version");
    assert!(world.hand_in(PATRON, &shared, &mail).await.starts_with("250"));
    world.until(id, "told of the absence", |_| true).await;
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    while world.kinds(id).await.last().map(String::as_str) != Some("returned") {
        assert!(tokio::time::Instant::now() < deadline);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!((world.offered(DESK).len(), world.offered(PATRON).len()), (0, 1));
}

#[tokio::test]
async fn the_shared_address_takes_mail_for_libraries_there_are_and_for_nobody_else() {
    let world = world().await;
    let domain = practice::world::SERVICE;
    let mail = "From: a@gmail.example\nSubject: x\n\nx\n";
    let others = [format!("nobody@{domain}"), "mrpl@gmail.example".to_owned(), format!("mrpl%gmail.example@{domain}")];
    for to in others {
        let said = world.hand_in("a@gmail.example", &to, mail).await;
        assert!(said.starts_with("550 5.1.1"), "{to}: {said}");
    }
}
