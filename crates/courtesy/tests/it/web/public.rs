//! Pages that anybody may open.

use courtesy::clock::now;
use courtesy::staff::Role;

use super::{Browser, Page};
use crate::world::{World, address, code, record};

/// The check's page when the DNS has answered.
async fn checked(browser: &Browser<'_>, address: &str) -> Page {
    let path = format!("/check?{}", serde_urlencoded::to_string([("address", address)]).unwrap());
    loop {
        let page = browser.get(&path).await;
        if !page.html.contains("http-equiv=\"refresh\"") {
            return page;
        }
    }
}

#[tokio::test]
async fn the_front_page_leads_staff_patrons_and_it_departments_on() {
    let world = World::new().await;
    world.library("MRPL").await;
    let page = Browser::stranger(&world).get("/").await;
    page.must_be(200).must_say("Library notices that arrive").must_say("Sign in").must_say("Everything works");
    for link in ["/sign-in", "/help", "/check", "/relays", "/status", "/accessibility", "/privacy"] {
        assert!(page.html.contains(&format!("href=\"{link}\"")), "{link}");
        Browser::stranger(&world).get(link).await.must_be(200);
    }
    let desk = Browser::of(&world, Role::Desk, Some("MRPL")).await;
    assert_eq!(desk.get("/").await.path, "/staff/MRPL", "who is signed in goes to work");
}

#[tokio::test]
async fn a_check_says_what_providers_would_do_and_why() {
    let world = World::new().await;
    let stranger = Browser::stranger(&world);
    let page = checked(&stranger, "ill@alder.example").await;
    page.must_be(200).must_say("Mail as alder.example would be refused").must_say("Gmail would refuse this today");
    page.must_say("DMARC").must_say("IT kit");
    let french = Browser::stranger(&world).in_french();
    checked(&french, "alder.example").await.must_say("serait refusé");
    checked(&stranger, "nobody.example").await.must_say("There is no such domain");
    for wrong in ["two words", "@", "a@", "localhost", "<script>alert(1)</script>@x"] {
        let page = checked(&stranger, wrong).await;
        page.must_be(422).must_say("Enter an address such as");
        assert!(!page.html.contains("<script>alert"), "what was typed is shown as text");
    }
}

#[tokio::test]
async fn only_so_many_checks_begin_in_a_minute_and_the_page_says_so() {
    let world = World::new().await;
    let stranger = Browser::stranger(&world);
    let mut busy = None;
    for number in 0..80 {
        let page = stranger.get(&format!("/check?address=library{number}.example")).await;
        if page.text().contains("yours waits for its turn") {
            busy = Some(number);
            break;
        }
    }
    assert_eq!(busy, Some(60), "and no earlier");
}

#[tokio::test]
async fn relays_are_shown_with_the_include_and_how_to_let_them_in() {
    let world = World::new().await;
    world.library("MRPL").await;
    let stranger = Browser::stranger(&world);
    let page = stranger.get("/relays").await;
    page.must_be(200).must_say("include:_spf.").must_say("Enter your domain above");
    for region in courtesy::published::relays(&world.app().config, &[], now()) {
        for host in region.hosts {
            page.must_say(&host.name);
            for ip in &host.ipv4 {
                page.must_say(&ip.to_string());
            }
        }
    }
    stranger.get("/relays?find=MRPL").await.must_say("Your region is default");
    stranger.get("/relays?find=library.example").await.must_say("Microsoft 365").must_say("library.example");
    stranger.get("/relays?find=NONE").await.must_say("No library has this code");
    Browser::stranger(&world).in_french().get("/relays").await.must_say("Relais de courriel");
    for (path, says) in
        [("/relays.json", "\"spf_include\""), ("/relays.txt", "include:"), ("/relays/changes.atom", "<feed")]
    {
        let answer = world.request("GET", path, "", &[], "").await;
        assert!(answer.status == 200 && answer.text.contains(says), "{path}: {}", answer.text);
    }
}

#[tokio::test]
async fn patrons_get_steps_addresses_a_card_and_a_filter() {
    let world = World::new().await;
    let mut library = record("MRPL");
    library.from = Some(address("ill@alder.example"));
    library.phone = Some("604-555-0100".to_owned());
    world.put(library).await;
    let stranger = Browser::stranger(&world);
    for (program, says) in [
        ("gmail", "Report not spam"),
        ("outlook", "Safe senders and domains"),
        ("yahoo", "Not spam"),
        ("icloud", "Move to Inbox"),
        ("other", "list of safe senders"),
    ] {
        let page = stranger.get(&format!("/help/{program}?library=MRPL")).await;
        page.must_be(200).must_say(says).must_say("Maple Ridge Public Library").must_say("mrpl@");
        Browser::stranger(&world).in_french().get(&format!("/help/{program}")).await.must_say("Que faire");
    }
    // Without a library there is no card to open, and no file to import.
    stranger.get("/help/gmail?library=MRPL").await.must_say("contact card above").must_say("filter file there");
    for program in ["gmail", "icloud"] {
        stranger.get(&format!("/help/{program}")).await.must_not_say("card above").must_not_say("filter file");
    }
    stranger.get("/help/pigeon").await.must_be(404);
    stranger.get("/help?library=maple").await.must_say("mrpl@");
    stranger.get("/help?library=nowhere").await.must_say("No library here has this name");

    let card = stranger.get("/help/contact.vcf?library=MRPL").await;
    assert!(card.headers["content-type"].to_str().unwrap().starts_with("text/vcard"));
    assert!(card.html.contains("FN:Maple Ridge Public Library\r\n") && card.html.contains(":ill@alder.example\r\n"));
    assert!(card.html.contains("EMAIL;PREF=1:mrpl@"), "the address of now is first: {}", card.html);
    let filter = stranger.get("/help/gmail-filter.xml?library=MRPL").await;
    assert!(filter.html.contains("shouldNeverSpam") && filter.html.contains("ill@alder.example"), "{}", filter.html);
    stranger.get("/help/contact.vcf?library=NONE").await.must_be(404);
}

#[tokio::test]
async fn several_libraries_of_a_name_are_offered() {
    let world = World::new().await;
    world.library("MRPL").await;
    world.library("MRP2").await;
    let page = Browser::stranger(&world).get("/help/gmail?library=Maple").await;
    assert_eq!(page.html.matches("/help/gmail?library=MRP").count(), 2, "{}", page.text());
}

#[tokio::test]
async fn the_status_says_when_everything_is_paused_and_tells_no_librarys_affairs() {
    let world = World::new().await;
    world.library("MRPL").await;
    let stranger = Browser::stranger(&world);
    stranger.get("/status").await.must_be(200).must_say("Everything works");
    world.app().store.pause(Some(code("MRPL")), "A. Roy".to_owned(), now()).await.unwrap();
    stranger.get("/status").await.must_say("Everything works").must_not_say("A. Roy");
    world.app().store.pause(None, "A. Roy".to_owned(), now()).await.unwrap();
    let paused = stranger.get("/status").await;
    paused.must_say("Some notices are waiting").must_say("paused all sending").must_not_say("A. Roy");
}

#[tokio::test]
async fn security_txt_names_the_contact_of_the_settings_or_is_not_there() {
    let world = World::new().await;
    Browser::stranger(&world).get("/.well-known/security.txt").await.must_be(404);
    let world = World::with(|config| config.contact = Some("mailto:notices@consortium.example".to_owned())).await;
    let stranger = Browser::stranger(&world);
    let file = stranger.get("/.well-known/security.txt").await;
    let lines: Vec<&str> = file.html.lines().collect();
    assert_eq!(lines[0], "Contact: mailto:notices@consortium.example");
    let expires: jiff::Timestamp = lines[1].strip_prefix("Expires: ").unwrap().parse().unwrap();
    assert!(expires > now() && expires < now() + jiff::SignedDuration::from_hours(365 * 24));
    stranger.get("/privacy").await.must_say("notices@consortium.example");
    stranger.get("/accessibility").await.must_say("WCAG 2.2");
}
