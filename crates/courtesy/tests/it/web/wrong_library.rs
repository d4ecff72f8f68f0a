//! Every page and form of the table, with each role of each library and with its key, at another library: never data.

use courtesy::clock::now;
use courtesy::id::{DeliveryId, KeyId, StaffId, WebhookId};
use courtesy::staff::Role;
use courtesy::store::{ApiKey, Scope, Webhook};
use courtesy::web::{Audience, routes};
use serde_json::json;

use super::{Browser, signed_in};
use crate::world::{World, code, ready};

/// What a library has, and another must not see or change.
struct Theirs {
    library: &'static str,
    message: String,
    person: StaffId,
    key: KeyId,
    /// The secret of another key.
    secret: String,
    webhook: WebhookId,
    delivery: DeliveryId,
    /// Words that stand in nothing but its data.
    private: [String; 6],
}

impl Theirs {
    async fn of(world: &World, library: &'static str) -> Self {
        world.library(library).await;
        let (name, request) = (format!("Zuzana {library}ova"), format!("REQ-{library}"));
        let webhook = Webhook {
            id: WebhookId::new(now()),
            library: code(library),
            url: format!("https://hooks-of-{library}.example/"),
            kinds: Vec::new(),
            note: format!("hook of {library}"),
            secret: vec![1, 2, 3],
            old_secret: None,
            created_at: now(),
            failing_since: None,
            off: None,
        };
        let store = &world.app().store;
        assert!(store.add_webhook(webhook.clone(), 10).await.unwrap());
        let mut event = ready(library, &request, &format!("p-{library}@gmail.example"));
        event["patron"]["full_name"] = json!(name);
        event["fields"]["title"] = json!(format!("A secret life of {library}"));
        let message = world.tell_one(&event).await;
        world.over(message).await;
        let delivery = store.deliveries(&code(library), webhook.id, None, None, 1).await.unwrap()[0].id;
        let key = KeyId::new(now());
        let named = ApiKey {
            id: key,
            library: Some(code(library)),
            name: format!("key of {library}"),
            scope: Scope::All,
            shown: "cy_abcd".to_owned(),
            created_at: now(),
            revoked_at: None,
        };
        store.add_key(named, [library.as_bytes()[0]; 32]).await.unwrap();
        let (person, _) = signed_in(world, Role::Desk, Some(library)).await;
        let private = [
            name,
            request,
            format!("p-{library}@"),
            format!("secret life of {library}"),
            format!("hooks-of-{library}"),
            format!("key of {library}"),
        ];
        let secret = world.new_key(Some(library)).await;
        Self { library, message: message.to_string(), person, key, secret, webhook: webhook.id, delivery, private }
    }

    /// `path` with what is theirs in every place but the library's.
    fn fill(&self, path: &str, library: &str) -> String {
        path.replace("{library}", library)
            .replace("{id}", &self.message)
            .replace("{notice}", "ready_for_pickup")
            .replace("{person}", &self.person.to_string())
            .replace("{key}", &self.key.to_string())
            .replace("{webhook}", &self.webhook.to_string())
            .replace("{delivery}", &self.delivery.to_string())
    }

    /// What a stranger to the library could have changed.
    async fn standing(&self, world: &World) -> String {
        let (store, library) = (&world.app().store, code(self.library));
        let message = store.message(Some(&library), self.message.parse().unwrap()).await.unwrap().unwrap();
        let keys = store.keys().await.unwrap();
        // What is posted meanwhile fails: nobody is there. That is nobody's deed.
        let webhooks = store.webhooks(&library).await.unwrap();
        let webhooks: Vec<_> = webhooks.into_iter().map(|hook| (hook.id, hook.url, hook.note, hook.secret)).collect();
        format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            message.state,
            store.messages_of_event(&library, message.event).await.unwrap().len(),
            webhooks,
            store.deliveries(&library, self.webhook, None, None, 10).await.unwrap().len(),
            keys.iter().filter(|key| key.library.as_ref() == Some(&library)).collect::<Vec<_>>(),
            store.staff(self.person).await.unwrap(),
            world.app().book.library(&library),
        )
    }
}

#[tokio::test]
async fn no_role_of_one_library_opens_or_changes_anything_of_another() {
    let world = World::new().await;
    let (first, second) = (Theirs::of(&world, "MRPL").await, Theirs::of(&world, "OTHR").await);
    let before = [first.standing(&world).await, second.standing(&world).await];
    let mut tried = 0;
    for (own, other) in [(&first, &second), (&second, &first)] {
        for role in Role::OF_LIBRARY {
            let browser = Browser::of(&world, role, Some(own.library)).await;
            let token = browser.once("GET", "/account", &[], None).await.token();
            for route in routes().iter().filter(|route| matches!(route.audience, Audience::Staff(_))) {
                // Their library, no library, and what is theirs by way of one's own.
                let names_more = ["{id}", "{person}", "{key}", "{webhook}"].iter().any(|one| route.path.contains(one));
                let at = match (route.path.contains("{library}"), names_more) {
                    (true, true) => vec![other.library, "NONE", own.library],
                    (true, false) => vec![other.library, "NONE"],
                    (false, _) => vec![""],
                };
                for library in at {
                    let path = other.fill(route.path, library);
                    let body = (route.method == "POST").then(|| format!("form={token}&role=admin&to=x@y.example"));
                    let there = browser.once(route.method, &path, &[], body).await;
                    assert!(matches!(there.status, 403 | 404), "{role} {} {} {path}", there.status, route.method);
                    for private in &other.private {
                        assert!(!there.html.contains(private), "{role} {path} shows {private}");
                    }
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 1_000, "{tried}");
    assert_eq!(before, [first.standing(&world).await, second.standing(&world).await], "nothing was changed");
}

#[tokio::test]
async fn a_key_opens_no_page_and_a_session_opens_no_api() {
    let world = World::new().await;
    let theirs = Theirs::of(&world, "MRPL").await;
    let stranger = Browser::stranger(&world);
    let bearer = format!("Bearer {}", theirs.secret);
    for route in routes().iter().filter(|route| route.audience != Audience::Public) {
        let path = theirs.fill(route.path, "MRPL");
        let body = (route.method == "POST").then(String::new);
        let page = stranger.once(route.method, &path, &[("authorization", &bearer)], body).await;
        assert_eq!(page.status, 303, "{path}");
        // A patron comes in by the link in a notice, and is told so.
        let way_in = if route.audience == Audience::Patron { "/me/way-in" } else { "/sign-in" };
        assert!(page.headers["location"].to_str().unwrap().starts_with(way_in), "{path}");
    }
    let operator = Browser::of(&world, Role::Operator, None).await;
    for (method, path, audience) in courtesy::http::ROUTES {
        let path = theirs.fill(path, "MRPL").replace("{language}", "en").replace("{host}", "out1");
        if *audience != courtesy::http::Audience::Public {
            let answer = operator.once(method, &path, &[], Some("{}".to_owned())).await;
            assert_eq!(answer.status, 401, "{method} {path}");
        }
    }
}
