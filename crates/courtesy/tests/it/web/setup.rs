//! EMail Notice Set-up: the wish is kept at once, the verdict and the records are shown as they are.

use courtesy::outcome::Cause;
use courtesy::sender::SenderKind;
use courtesy::staff::Role;
use courtesy::store::MessageRow;

use super::Browser;
use crate::world::{World, address, code, ready, record};

const SET_UP: &str = "/staff/BRCH/ill-admin/patron-notices/set-up";

#[tokio::test]
async fn an_own_address_is_kept_at_once_and_used_when_it_is_proven() {
    let world = World::new().await;
    world.library("BRCH").await;
    let admin = Browser::of(&world, Role::Admin, Some("BRCH")).await;
    let page = admin.get(SET_UP).await;
    page.must_be(200).must_say("brch@").must_not_say("Check now");
    let wish =
        [("sender", "own"), ("from", "ill@alder.example"), ("reply_to", "desk@alder.example"), ("copies", "each")];
    let saved = admin.send(&page, SET_UP, &wish).await;
    saved
        .must_say("Saved.")
        .must_say("would be refused or put in spam today")
        .must_say("Gmail would refuse this today.");
    saved.must_say("Sent from your shared address, brch@");
    let library = world.app().book.library(&code("BRCH")).unwrap();
    assert_eq!(library.from, Some(address("ill@alder.example")));
    let records = admin.get(&format!("{SET_UP}/records")).await;
    records.must_say("Records for alder.example").must_say("Not there yet").must_say("_domainkey.alder.example");
    let checked = admin.send(&saved, &format!("{SET_UP}/check"), &[]).await;
    checked.must_say("We have looked at your records.");

    let wish = [("sender", "own"), ("from", "ill@birch.example")];
    let saved = admin.send(&checked, SET_UP, &wish).await;
    saved.must_say("Saved.").must_say("Sent from your own address, ill@birch.example.");
    let french = Browser::of(&world, Role::It, Some("BRCH")).await.in_french();
    french.get(SET_UP).await.must_be(200).must_say("Gmail").must_not_say("Vérifier maintenant");
    french.get(&format!("{SET_UP}/records")).await.must_be(200).must_say("Trouvé");
}

#[tokio::test]
async fn what_cannot_be_an_address_is_named_and_kept_as_typed() {
    let world = World::new().await;
    world.library("BRCH").await;
    let admin = Browser::of(&world, Role::Admin, Some("BRCH")).await;
    let page = admin.get(SET_UP).await;
    let bad = [("sender", "own"), ("from", "ill at alder"), ("reply_to", "x"), ("cc", "nonsense")];
    let again = admin.send(&page, SET_UP, &bad).await;
    again.must_be(422).must_say("own domain").must_say("Enter one email address for replies").must_say("at most 20");
    assert!(again.html.contains("value=\"ill at alder\""));
    let none = [("sender", "own"), ("from", "")];
    admin.send(&page, SET_UP, &none).await.must_be(422).must_say("own domain");
    assert_eq!(world.app().book.library(&code("BRCH")).unwrap().from, None);
}

#[tokio::test]
async fn names_copies_and_the_wish_for_the_shared_address_are_kept() {
    let world = World::new().await;
    let mut library = record("BRCH");
    library.from = Some(address("ill@birch.example"));
    world.put(library).await;
    let admin = Browser::of(&world, Role::Admin, Some("BRCH")).await;
    let page = admin.get(SET_UP).await;
    let wish = [
        ("sender", "shared"),
        ("from", "ill@birch.example"),
        ("display_name_fr", "Bibliothèque du Bouleau"),
        ("cc", "a@library.example\nb@library.example"),
        ("copies", "daily"),
        ("avoid", "yes"),
    ];
    admin.send(&page, SET_UP, &wish).await.must_say("Saved.");
    let library = world.app().book.library(&code("BRCH")).unwrap();
    assert_eq!((library.from.as_ref(), library.cc.len(), library.prefer_shared_over_own_bounces), (None, 2, true));
    let name = library.display_name.as_ref().unwrap();
    assert_eq!((name.en.as_str(), name.fr.as_deref()), ("Maple Ridge Public Library", Some("Bibliothèque du Bouleau")));
    assert_eq!(library.copies, courtesy::library::Copies::Daily);
}

/// A notice in Birch's own name, which lists our servers in SPF alone: its mail comes back to its own mailbox.
async fn one_notice_of_birch() -> (World, MessageRow) {
    let world = World::new().await;
    let mut birch = record("BRCH");
    birch.from = Some(address("ill@birch.example"));
    birch.prefer_shared_over_own_bounces = false;
    world.put(birch).await;
    world.looked_at("birch.example").await;
    let row = world.over(world.tell_one(&ready("BRCH", "BC-1", "patron@gmail.example")).await).await;
    (world, row)
}

#[tokio::test]
async fn the_dashboard_says_where_bounces_go_that_we_cannot_see() {
    let (world, row) = one_notice_of_birch().await;
    let desk = Browser::of(&world, Role::Desk, Some("BRCH")).await;
    let home = desk.get("/staff/BRCH").await;
    home.must_say("Your notices are being accepted.").must_say("go to ill@birch.example and not to us");
    home.must_not_say("Every patron was reached");
    let message = desk.get(&format!("/staff/BRCH/messages/{}", row.id)).await;
    message.must_say("If it came back, it went to ill@birch.example");

    // The notices of the last days went there, whatever the sender is now.
    let mut library = (*world.app().book.library(&code("BRCH")).unwrap()).clone();
    library.prefer_shared_over_own_bounces = true;
    world.put(library).await;
    desk.get("/staff/BRCH").await.must_say("go to ill@birch.example and not to us").must_say("brch@");
}

#[tokio::test]
async fn a_refusal_of_this_week_stands_where_the_verdict_does() {
    let (world, row) = one_notice_of_birch().await;
    let admin = Browser::of(&world, Role::Admin, Some("BRCH")).await;
    let home = format!("/staff/{}", row.library);
    admin.get(&home).await.must_not_say("One notice was refused");
    assert!(!admin.get(SET_UP).await.html.contains("judged-wait\"><strong>Gmail"));

    let library = world.app().book.library(&code("BRCH")).unwrap();
    let (from, cause) = (address("ill@birch.example"), Cause::of("auth.dmarc"));
    let (senders, at) = (&world.app().senders, courtesy::clock::now());
    senders.refused_later(&library, from.domain(), SenderKind::Own, "Gmail", cause, at).await;
    let page = admin.get(SET_UP).await;
    page.must_say("but some were refused in the last seven days");
    assert!(page.html.contains("judged-wait\"><strong>Gmail") && !page.html.contains("judged-good\"><strong>Gmail"));
    for page in [home.clone(), format!("{home}/arrival")] {
        admin.get(&page).await.must_say("One notice was refused in the last seven days and sent again");
    }
}

#[tokio::test]
async fn an_incident_that_another_sender_has_solved_needs_nobody() {
    let world = World::new().await;
    let mut birch = record("BRCH");
    birch.from = Some(address("ill@birch.example"));
    world.put(birch).await;
    world.looked_at("birch.example").await;
    let store = &world.app().store;
    let at = courtesy::clock::now();
    let refused = "Gmail refused birch.example (own_spf)".to_owned();
    store.incident("BRCH".to_owned(), "auth.dmarc".to_owned(), refused, at).await.unwrap();
    let desk = Browser::of(&world, Role::Desk, Some("BRCH")).await;
    world.tell_one(&ready("BRCH", "BC-1", "patron@yahoo.example")).await;
    desk.get("/staff/BRCH").await.must_say("Needs attention").must_say("birch.example has not authorised");
    let mut library = (*world.app().book.library(&code("BRCH")).unwrap()).clone();
    library.prefer_shared_over_own_bounces = true;
    world.put(library).await;
    desk.get("/staff/BRCH").await.must_not_say("birch.example has not authorised");
}
