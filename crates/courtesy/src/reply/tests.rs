//! Rules of what a mail's header says.

use super::*;

fn wrote(head: &str) -> Option<Wrote> {
    Wrote::read(format!("{}\r\n\r\nx\r\n", head.replace('\n', "\r\n")).as_bytes())
}

#[test]
fn answers_go_to_reply_to_and_the_name_is_only_a_name() {
    let found =
        wrote("From: \"Osei, Amira <boss@library.example>\" <a@patron.example>\nReply-To: b@patron.example").unwrap();
    assert_eq!(found.name, "Osei Amira boss library.example");
    assert_eq!(
        (found.from.to_string(), found.reply_to.to_string()),
        ("a@patron.example".into(), "b@patron.example".into())
    );
    assert!(self::wrote("Subject: from nobody").is_none());
}

#[test]
fn the_nearest_message_of_ours_is_the_one_it_is_about() {
    let ours = Domain::parse("notices.example").unwrap();
    let ids: Vec<MessageId> = (0..3).map(|n| MessageId::new(jiff::Timestamp::constant(1_900_000_000 + n, 0))).collect();
    let id = |n: usize| format!("<{}>", message_id(ids[n], &ours));
    let head = format!(
        "From: a@b.example\nIn-Reply-To: {}\nReferences: <x@y.example> {}\n {}",
        id(2).to_uppercase(),
        id(0),
        id(1)
    );
    assert_eq!(wrote(&head).unwrap().about(&ours).collect::<Vec<_>>(), [ids[2], ids[1], ids[0]]);
    assert!(of_message_id("not-an-id@notices.example", &ours).is_none());
    assert!(of_message_id(&message_id(ids[0], &ours).replace("notices", "others"), &ours).is_none());
}

#[test]
fn the_desk_is_where_the_library_reads_and_never_one_of_our_addresses() {
    let mut library: Library = serde_json::from_value(serde_json::json!({
        "code": "MRPL", "name": { "en": "Maple Ridge" }, "time_zone": "UTC", "languages": ["en"], "region": "default",
        "reply_to": "mrpl@notices.example", "borrowing_staff": ["ill@library.example"], "cc": ["copy@library.example"]
    }))
    .unwrap();
    let ours = [Domain::parse("notices.example").unwrap()];
    let writer = Address::parse("p@patron.example").unwrap();
    let desk = |library: &Library, not: &Address| super::desk(library, not, &ours).map(|desk| desk.to_string());
    assert_eq!(desk(&library, &writer).as_deref(), Some("ill@library.example"));
    let staff = Address::parse("ILL@library.example").unwrap();
    assert_eq!(desk(&library, &staff).as_deref(), Some("copy@library.example"));
    library.reply_to = Some(Address::parse("desk@library.example").unwrap());
    assert_eq!(desk(&library, &writer).as_deref(), Some("desk@library.example"));
}
