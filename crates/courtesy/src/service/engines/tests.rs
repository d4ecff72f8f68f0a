//! Who is missed.

use std::future::pending;

use super::Engines;

#[tokio::test]
async fn an_engine_that_breaks_is_named_and_the_others_go_on() {
    let mut engines = Engines::default();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    engines.start("works", async move { drop(stopped.await) });
    engines.start("breaks", async { assert!(std::hint::black_box(false), "as a bug does") });
    assert_eq!(engines.ended().await, "breaks");
    stop.send(()).unwrap();
    assert_eq!(engines.ended().await, "works", "who ends by itself is missed too");
    engines.done().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_does_not_end_in_time_is_ended() {
    let mut engines = Engines::default();
    engines.start("stays", pending());
    engines.done_within(std::time::Duration::from_secs(60)).await;
    let waited = tokio::time::timeout(std::time::Duration::from_secs(60), Engines::default().ended()).await;
    assert!(waited.is_err(), "where nothing works nothing ends");
}
