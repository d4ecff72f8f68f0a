//! Providers in trouble.

use std::time::{Duration, Instant};

use practice::provider::{Reason, Trouble};

use crate::client::{Client, message, world};

const FROM: &str = "ill@birch.example";

#[tokio::test]
async fn greylisting_lets_the_second_try_in() {
    let running = world().await;
    let gmail = running.provider("gmail.example").unwrap();
    gmail.disturb(Trouble { greylist: Some(Duration::from_millis(200)), ..Trouble::default() });
    let to = "patron@gmail.example";
    let mail = message(FROM, to);
    let deadline = Instant::now() + Duration::from_secs(10);
    let first = Client::greeted(&running, "gmail.example").await.offer(FROM, to, &mail).await;
    assert_eq!(first.to_string().split(':').next().unwrap(), "451 4.7.1 <patron@gmail.example>");
    loop {
        let reply = Client::greeted(&running, "gmail.example").await.offer(FROM, to, &mail).await;
        if reply.code == 250 {
            break;
        }
        assert!(Instant::now() < deadline, "{reply}");
    }
    assert_eq!(running.mailboxes().count(), 1);
}

#[tokio::test]
async fn some_providers_never_have_time() {
    let running = world().await;
    let yahoo = running.provider("yahoo.example").unwrap();
    yahoo.disturb(Trouble { always_tempfail: true, ..Trouble::default() });
    let to = "patron@yahoo.example";
    let reply = Client::greeted(&running, "yahoo.example").await.offer(FROM, to, &message(FROM, to)).await;
    assert_eq!(reply.to_string(), "451 4.3.2 Please try again later");
    yahoo.disturb(Trouble::default());
    let reply = Client::greeted(&running, "yahoo.example").await.offer(FROM, to, &message(FROM, to)).await;
    assert_eq!(reply.code, 250);
}

#[tokio::test]
async fn a_good_message_can_be_refused_for_authentication_once() {
    let running = world().await;
    let gmail = running.provider("gmail.example").unwrap();
    gmail.disturb(Trouble { refuse_for_authentication: 1, ..Trouble::default() });
    let to = "patron@gmail.example";
    let mut client = Client::greeted(&running, "gmail.example").await;
    let first = client.offer(FROM, to, &message(FROM, to)).await;
    assert!(first.to_string().starts_with("550 5.7.26 Your email has been blocked"), "{first}");
    let second = client.offer(FROM, to, &message(FROM, to)).await;
    assert_eq!(second.code, 250);
    let reasons: Vec<Reason> = running.mailboxes().kept().iter().map(|kept| kept.reason).collect();
    assert_eq!(reasons, [Reason::Misjudged, Reason::Fine]);
}

#[tokio::test]
async fn a_throttle_says_so_in_the_familys_words() {
    let running = world().await;
    for (provider, words) in [
        ("gmail.example", "421 4.7.28 Gmail has detected an unusual rate of email"),
        ("outlook.example", "451 4.7.500 Server busy"),
        ("yahoo.example", "421 4.7.0 [TSS04]"),
        ("icloud.example", "421 4.7.1 [HCM1]"),
        ("plain.example", "450 4.7.1 Error: too much mail"),
    ] {
        running.provider(provider).unwrap().disturb(Trouble { messages_per_minute: Some(1), ..Trouble::default() });
        let to = format!("patron@{provider}");
        let mut client = Client::greeted(&running, provider).await;
        assert_eq!(client.offer(FROM, &to, &message(FROM, &to)).await.code, 250);
        let reply = client.say(&format!("MAIL FROM:<{FROM}>")).await;
        assert!(reply.to_string().starts_with(words), "{reply}");
        if reply.code == 421 {
            assert_eq!(client.line().await, None, "421 ends the connection");
        }
    }
}

#[tokio::test]
async fn a_slow_provider_takes_its_time_before_the_banner() {
    let running = world().await;
    let slow = Duration::from_millis(300);
    running.provider("icloud.example").unwrap().disturb(Trouble { slow: Some(slow), ..Trouble::default() });
    let begun = Instant::now();
    Client::greeted(&running, "icloud.example").await;
    assert!(begun.elapsed() >= slow);
}
