use std::time::Duration;

use standards::domain::Domain;
use tokio::time::Instant;

use super::{AWAY_MAX, EACH, PROBE_AFTER, PutOff, Receiver};
use crate::delivery::dial::RelayAddr;
use crate::delivery::route::Site;

const LEFT: Duration = Duration::from_secs(15);
const WAIT: Duration = Duration::from_secs(60);

fn receiver(host: &str) -> Receiver {
    let domain = |name| Domain::parse(name).unwrap();
    let relay = RelayAddr { name: domain("relay.example"), sources: Vec::new() };
    Receiver { relay, site: Site::of([&domain(host)]) }
}

#[test]
fn the_first_is_the_probe_and_the_others_wait_longer() {
    let (put_off, now, mx) = (PutOff::default(), Instant::now(), receiver("mx.patron.example"));
    assert_eq!(put_off.out_of_reach(&mx, LEFT, WAIT, now), LEFT + PROBE_AFTER);
    assert_eq!(put_off.out_of_reach(&mx, LEFT, WAIT, now), WAIT);
    assert_eq!(put_off.out_of_reach(&receiver("mx.other.example"), LEFT, WAIT, now), LEFT + PROBE_AFTER);
}

#[test]
fn each_pause_has_its_probe() {
    let (put_off, now, mx) = (PutOff::default(), Instant::now(), receiver("mx.patron.example"));
    put_off.out_of_reach(&mx, LEFT, WAIT, now);
    let next = now + LEFT + PROBE_AFTER;
    assert_eq!(put_off.out_of_reach(&mx, 2 * LEFT, WAIT, next), 2 * LEFT + PROBE_AFTER);
    assert_eq!(put_off.out_of_reach(&mx, 2 * LEFT, WAIT, next), WAIT);
}

#[test]
fn nobody_comes_before_the_pause_is_over() {
    let (put_off, now, mx) = (PutOff::default(), Instant::now(), receiver("mx.patron.example"));
    put_off.out_of_reach(&mx, LEFT, WAIT, now);
    let long = Duration::from_secs(300);
    assert_eq!(put_off.out_of_reach(&mx, long, WAIT, now), long);
}

#[test]
fn however_many_are_put_off_only_so_many_come_again_each_second() {
    let (put_off, now, mx) = (PutOff::default(), Instant::now(), receiver("mx.patron.example"));
    let waits: Vec<Duration> = (0..1_000_000).map(|_| put_off.out_of_reach(&mx, LEFT, WAIT, now)).collect();
    let window = |from: u64| {
        let (from, to) = (Duration::from_secs(from), Duration::from_secs(from + 60));
        waits.iter().filter(|wait| (from..to).contains(*wait)).count()
    };
    let most = usize::try_from(60_000 / EACH.as_millis()).unwrap();
    for from in [120, 600, 3000] {
        assert!(window(from) <= most, "{} from {from}", window(from));
    }
    assert_eq!(waits.iter().max(), Some(&AWAY_MAX));
}

#[test]
fn who_waits_is_called_once_the_receiver_answers() {
    let (put_off, now, mx) = (PutOff::default(), Instant::now(), receiver("mx.patron.example"));
    put_off.reached(&mx);
    assert!(put_off.calling().is_empty(), "nobody waits");
    put_off.out_of_reach(&mx, LEFT, WAIT, now);
    assert!(put_off.calling().is_empty(), "it cannot be reached");
    put_off.reached(&receiver("mx.other.example"));
    assert!(put_off.calling().is_empty(), "another answered");
    put_off.reached(&mx);
    assert_eq!(put_off.calling().len(), 1);
    put_off.nobody_waits(&mx);
    put_off.reached(&mx);
    assert!(put_off.calling().is_empty(), "all have been called");
}

#[test]
fn who_finds_the_line_full_is_called_when_there_is_room() {
    let (put_off, mx) = (PutOff::default(), receiver("mx.patron.example"));
    put_off.line_full(&mx);
    assert_eq!(put_off.calling().len(), 1);
}

#[test]
fn what_was_put_off_before_a_start_is_called_once_its_receiver_answers() {
    let (put_off, mx) = (PutOff::default(), receiver("mx.patron.example"));
    put_off.learn(vec![mx.key()]);
    assert!(put_off.calling().is_empty(), "who that is, is not known yet");
    put_off.reached(&mx);
    assert_eq!(put_off.calling().len(), 1);
}
