//! What the store keeps of devices and keys, on both databases.

use std::collections::HashSet;

use courtesy::clock::Timestamp;
use courtesy::store::{KnownAs, PushKey, Subscription};

use crate::kept::Kept;
use crate::world::code;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn device(library: &str, number: &str, which: u8, second: i64) -> Subscription {
    Subscription {
        library: code(library),
        number: number.to_owned(),
        digest: [which; 32],
        sealed: vec![which],
        key: "first".to_owned(),
        name: format!("device {which}"),
        made_at: at(second),
        used_at: at(second),
    }
}

fn key(public: &str) -> PushKey {
    PushKey { public: public.to_owned(), sealed: vec![1] }
}

practice::on_both_databases! {
    crate::kept::Kept::at;
    a_patrons_devices_are_theirs_at_their_library_alone,
    one_device_too_many_takes_the_place_of_the_most_silent,
    a_key_is_kept_as_long_as_a_device_is_bound_to_it,
    a_device_of_somebody_who_was_erased_since_is_not_kept,
}

async fn a_patrons_devices_are_theirs_at_their_library_alone(store: Kept) {
    for one in
        [device("MRPL", "1", 1, 0), device("MRPL", "1", 2, 1), device("MRPL", "2", 1, 0), device("ALDR", "1", 3, 0)]
    {
        assert!(store.put_subscription(one, [0; 32], at(0)).await.unwrap());
    }
    let which = async |library: &str, number: &str| -> Vec<u8> {
        let found = store.subscriptions_of(&code(library), number).await.unwrap();
        found.into_iter().map(|device| device.digest[0]).collect()
    };
    assert_eq!(which("MRPL", "1").await, [2, 1]);
    let asked = ["1", "2", "3"].map(str::to_owned);
    let with = store.subscribed(&code("MRPL"), &asked).await.unwrap();
    assert_eq!(with, HashSet::from(["1".to_owned(), "2".to_owned()]));
    // A family's telephone that is gone is gone for all of them, at this library.
    store.forget_device(code("MRPL"), [1; 32]).await.unwrap();
    assert_eq!((which("MRPL", "1").await, which("MRPL", "2").await), (vec![2], vec![]));
    assert!(!store.forget_subscription(code("MRPL"), "1".to_owned(), [3; 32]).await.unwrap());
    assert!(store.forget_subscription(code("MRPL"), "1".to_owned(), [2; 32]).await.unwrap());
    assert_eq!(which("ALDR", "1").await, [3]);
    assert_eq!(store.forget_silent_devices(at(1)).await.unwrap(), 1);
    assert!(which("ALDR", "1").await.is_empty());
}

async fn one_device_too_many_takes_the_place_of_the_most_silent(store: Kept) {
    for which in 1..=10 {
        assert!(store.put_subscription(device("MRPL", "1", which, i64::from(which)), [0; 32], at(0)).await.unwrap());
    }
    store.subscription_used(code("MRPL"), "1".to_owned(), [1; 32], at(100)).await.unwrap();
    assert!(store.put_subscription(device("MRPL", "1", 11, 50), [0; 32], at(0)).await.unwrap());
    // Turned on again, it is the same one.
    assert!(store.put_subscription(device("MRPL", "1", 11, 60), [0; 32], at(0)).await.unwrap());
    let left = store.subscriptions_of(&code("MRPL"), "1").await.unwrap();
    let left: Vec<u8> = left.into_iter().map(|device| device.digest[0]).collect();
    assert_eq!(left, [11, 10, 9, 8, 7, 6, 5, 4, 3, 1]);
}

async fn a_key_is_kept_as_long_as_a_device_is_bound_to_it(store: Kept) {
    assert_eq!(store.active_push_key().await.unwrap(), None);
    assert_eq!(store.put_push_key(key("first"), false, at(0)).await.unwrap(), "first");
    assert_eq!(store.put_push_key(key("late"), false, at(0)).await.unwrap(), "first", "whoever was first");
    assert!(store.put_subscription(device("MRPL", "1", 1, 0), [0; 32], at(0)).await.unwrap());
    assert_eq!(store.put_push_key(key("second"), true, at(1)).await.unwrap(), "second");
    assert_eq!(store.put_push_key(key("third"), true, at(2)).await.unwrap(), "third");
    assert_eq!(store.active_push_key().await.unwrap().as_deref(), Some("third"));
    assert!(store.push_key("first").await.unwrap().is_some(), "a device is bound to it");
    assert!(store.push_key("second").await.unwrap().is_none(), "nobody is");
}

async fn a_device_of_somebody_who_was_erased_since_is_not_kept(store: Kept) {
    let known = KnownAs { keys: vec!["1".to_owned()], ..KnownAs::default() };
    assert!(store.put_subscription(device("MRPL", "1", 1, 0), [1; 32], at(0)).await.unwrap());
    store.ask_erasure(code("MRPL"), known, [1; 32], "staff".to_owned(), at(5)).await.unwrap();
    let left = async || store.subscriptions_of(&code("MRPL"), "1").await.unwrap().len();
    assert_eq!(left().await, 0);
    assert!(!store.put_subscription(device("MRPL", "1", 2, 6), [1; 32], at(5)).await.unwrap(), "the pass is older");
    assert_eq!(left().await, 0);
    assert!(store.put_subscription(device("MRPL", "1", 2, 7), [1; 32], at(6)).await.unwrap());
    assert!(store.put_subscription(device("MRPL", "2", 2, 7), [2; 32], at(0)).await.unwrap(), "nobody else is gone");
    assert_eq!(left().await, 1);
}
