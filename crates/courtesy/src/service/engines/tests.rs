//! Who is missed.

use std::future::pending;
use std::time::Duration;

use futures_util::FutureExt as _;

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

#[tokio::test]
async fn whoever_does_not_end_in_time_is_ended() {
    let mut engines = Engines::default();
    assert!(engines.ended().now_or_never().is_none(), "where nothing works nothing ends");
    engines.start("stays", pending());
    engines.done_within(Duration::ZERO).await;
}
