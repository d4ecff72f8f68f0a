//! The consortium's own words: edited for all libraries, and never over a library's own.

use courtesy::staff::Role;

use super::Browser;
use crate::world::World;

const PAGE: &str = "/consortium/notices/ready_for_pickup";

const BODY: &str = "Hello ((first_name??((first_name)))),\n\nYour loan ((title)) is at the desk. Bring your card.";

#[tokio::test]
async fn the_consortiums_words_reach_every_library_that_has_none_of_its_own() {
    let world = World::new().await;
    world.library("MRPL").await;
    world.library("OTHR").await;
    let consortium = Browser::of(&world, Role::Consortium, None).await;
    consortium.get("/consortium/notices").await.must_say("Words for all libraries").must_say("Standard");
    let page = consortium.get(PAGE).await;
    page.must_be(200).must_say("for all libraries that have none of their own").must_not_say("Versions");
    let kept = |name: &str| {
        let field = regex::Regex::new(&format!(r#"(?s)name="{name}"[^>]*(?: value="([^"]*)"|>([^<]*)</textarea>)"#));
        let found = field.unwrap().captures(&page.html).map(|found| found.get(1).or(found.get(2)).unwrap().as_str());
        found.unwrap_or_default().replace("&#39;", "'").replace("&#34;", "\"").replace("&#38;", "&")
    };
    let [subject, body, push, sms] = ["subject_fr", "body_fr", "push_fr", "sms_fr"].map(kept);
    let publish = async |from: &super::Page, base: &str, text: &str| {
        let fields = [
            ("subject_en", "((title)) is here"),
            ("body_en", text),
            ("base_en", base),
            ("subject_fr", &subject),
            ("body_fr", &body),
            ("push_fr", &push),
            ("sms_fr", &sms),
            ("base_fr", "0"),
        ];
        consortium.send(from, &format!("{PAGE}/publish"), &fields).await
    };
    publish(&page, "0", "Hello ((nobody)).").await.must_be(422).must_say("There is a problem");
    let after = publish(&page, "0", BODY).await;
    after.must_be(200).must_say("Published").must_say("English, version 1 In force").must_not_say("French, version");
    publish(&after, "1", BODY).await.must_say("in force already");
    let fresh = consortium.get(PAGE).await;
    publish(&fresh, "0", "Hello again ((title)).").await.must_be(422).must_say("published another version");

    let admin = Browser::of(&world, Role::Admin, Some("MRPL")).await;
    let editor = "/staff/MRPL/ill-admin/notices/ready_for_pickup";
    assert!(admin.get(editor).await.html.contains("Bring your card."), "a library without words has the consortium's");
    admin.get(PAGE).await.must_be(403);
    let preview = consortium.get(&format!("{PAGE}/preview")).await;
    assert!(preview.html.contains("Bring your card.") && preview.html.contains("Sample Public Library"));

    let compared = consortium.get(&format!("{PAGE}?language=en&from=shared&to=1")).await;
    compared.must_say("against the standard words").must_say("Put in:");
    let back = [("language", "en"), ("version", "shared")];
    let again = consortium.send(&fresh, &format!("{PAGE}/restore"), &back).await;
    again.must_say("Restored").must_say("From here on the standard words were used");
    assert!(!admin.get(editor).await.html.contains("Bring your card."));
}

#[tokio::test]
async fn a_library_with_words_of_its_own_keeps_them_and_is_counted() {
    let world = World::new().await;
    world.library("MRPL").await;
    let source = "---\nstatus: ready_for_pickup\naudience: patron\nsubject: ((title))\n---\nOur own: ((title))\n";
    let path = "/v1/libraries/MRPL/notices/ready_for_pickup/en";
    assert_eq!(world.request("PUT", path, &world.key, &[], source).await.status, 200);
    let path = "/v1/libraries/_/notices/ready_for_pickup/en";
    let theirs = source.replace("Our own", "The consortium says");
    assert_eq!(world.request("PUT", path, &world.key, &[], &theirs).await.status, 200);
    let operator = Browser::of(&world, Role::Operator, None).await;
    operator.get("/consortium/notices").await.must_say("The consortium’s own 1");
    operator.get(PAGE).await.must_say("One library has its own, which stay");
    let editor = operator.get("/staff/MRPL/ill-admin/notices/ready_for_pickup").await;
    assert!(editor.html.contains("Our own: ((title))"), "{}", editor.text());
}
