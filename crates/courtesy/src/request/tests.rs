use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::truth::{Said, Why, untrue};
use super::{Ending, Facts, Heard, Life, Phase, plan};
use crate::library::Library;
use crate::notice::status::Status;
use crate::patron::Patron;

/// Midnight in Vancouver of a day of December 2031, and hours after it.
fn at(day: i8, hour: i64) -> Timestamp {
    let midnight = date(2031, 12, day).in_tz("America/Vancouver").unwrap().timestamp();
    midnight + SignedDuration::from_hours(hour)
}

fn day(day: i8) -> Date {
    date(2031, 12, day)
}

fn told(status: Status, at: Timestamp) -> Heard {
    Heard { at, on: at, status, due: None, pickup_by: None, need_before: None, undoes: None }
}

fn life(heard: &[Heard]) -> Life {
    let mut life = Life::default();
    heard.iter().for_each(|one| life.hear(one.clone()));
    life
}

fn library(timing: serde_json::Value) -> Library {
    serde_json::from_value(json!({
        "code": "MRPL", "name": { "en": "Maple Ridge Public Library" }, "time_zone": "America/Vancouver",
        "languages": ["en"], "region": "default", "timing": timing,
        "closures": [{ "from": "2031-12-25", "to": "2031-12-26" }]
    }))
    .unwrap()
}

fn said(heard: &Heard) -> Said {
    Said {
        status: heard.status,
        at: heard.at,
        due: heard.due,
        pickup_by: heard.pickup_by,
        need_before: heard.need_before,
        undoes: heard.undoes,
    }
}

fn loan() -> [Heard; 3] {
    [
        Heard { due: Some(day(20)), ..told(Status::Shipped, at(1, 0)) },
        Heard { pickup_by: Some(day(12)), ..told(Status::ReadyForPickup, at(3, 0)) },
        told(Status::PickedUp, at(4, 0)),
    ]
}

#[test]
fn the_order_is_that_of_the_times_told_and_not_of_coming() {
    let [shipped, ready, picked_up] = loan();
    let in_order = life(&[shipped.clone(), ready.clone(), picked_up.clone()]);
    let mixed = life(&[picked_up, shipped, ready]);
    assert_eq!(in_order.stands(), mixed.stands());
    assert_eq!(mixed.stands().phase, Phase::OnLoan);
    let text = serde_json::to_string(&mixed).unwrap();
    assert_eq!(serde_json::from_str::<Life>(&text).unwrap(), mixed);
}

#[test]
fn a_lenders_clock_that_goes_fast_takes_nothing_from_the_shelf() {
    let ready = told(Status::ReadyForPickup, at(3, 0));
    let shipped = Heard { on: at(2, 0), ..told(Status::Shipped, at(3, 8)) };
    let life = life(&[shipped, ready.clone()]);
    assert_eq!(untrue(&said(&ready), &life, day(3)), None);
    let again = self::life(&[told(Status::Unfilled, at(3, 0)), told(Status::WillSupply, at(4, 0))]);
    assert_eq!(again.stands().phase, Phase::Asked, "what was over begins anew");
}

#[test]
fn what_is_taken_back_leaves_the_day_that_stood_before() {
    let renewed = Heard { due: Some(day(30)), ..told(Status::RenewalAccepted, at(10, 0)) };
    let undone = Heard { undoes: Some(Status::RenewalAccepted), ..told(Status::Correction, at(11, 0)) };
    let mut heard = loan().to_vec();
    heard.push(renewed.clone());
    assert_eq!(life(&heard).stands().due.unwrap().day, day(30));
    heard.push(undone.clone());
    let after = life(&heard);
    assert_eq!(after.stands().due.unwrap().day, day(20));
    assert_eq!(untrue(&said(&renewed), &after, day(11)), Some(Why::Undone));
    assert_eq!(after.taken_back_by(Status::RenewalAccepted, undone.at), Some(renewed.at));
    // Told again, the correction would be wrong.
    heard.push(Heard { due: Some(day(30)), ..told(Status::RenewalAccepted, at(12, 0)) });
    assert_eq!(untrue(&said(&undone), &life(&heard), day(12)), Some(Why::Newer));
}

#[test]
fn a_lender_that_calls_an_item_overdue_on_its_way_home_reopens_nothing() {
    let mut heard = loan().to_vec();
    heard.push(told(Status::Returned, at(19, 0)));
    let overdue = told(Status::Overdue, at(22, 0));
    heard.push(overdue.clone());
    let life = life(&heard);
    assert_eq!(life.stands().phase, Phase::Ended(Ending::Returned));
    assert_eq!(untrue(&said(&overdue), &life, day(22)), Some(Why::Returned));
}

#[test]
fn a_notice_says_nothing_that_has_passed_or_changed() {
    let [shipped, ready, picked_up] = loan();
    let waiting = life(&[shipped.clone(), ready.clone()]);
    assert_eq!(untrue(&said(&ready), &waiting, day(5)), None);
    assert_eq!(untrue(&said(&shipped), &waiting, day(5)), Some(Why::Newer));
    let reminder = Heard { pickup_by: Some(day(12)), ..told(Status::PickupReminder, at(10, 9)) };
    assert_eq!(untrue(&said(&reminder), &waiting, day(12)), None, "its last day counts");
    assert_eq!(untrue(&said(&reminder), &waiting, day(13)), Some(Why::Past));
    let longer = Heard { pickup_by: Some(day(15)), ..told(Status::ReadyForPickup, at(9, 0)) };
    assert_eq!(untrue(&said(&ready), &life(&[ready.clone(), longer]), day(9)), Some(Why::Newer));

    let lent = life(&[shipped.clone(), ready.clone(), picked_up.clone()]);
    assert_eq!(untrue(&said(&ready), &lent, day(5)), Some(Why::PickedUp));
    let soon = Heard { due: Some(day(20)), ..told(Status::DueSoon, at(17, 9)) };
    assert_eq!(untrue(&said(&soon), &lent, day(17)), None);
    let renewed = Heard { due: Some(day(30)), ..told(Status::RenewalAccepted, at(17, 10)) };
    let recalled = Heard { due: Some(day(24)), ..told(Status::Recalled, at(18, 0)) };
    let longer = life(&[shipped.clone(), ready.clone(), picked_up.clone(), renewed.clone()]);
    assert_eq!(untrue(&said(&soon), &longer, day(17)), Some(Why::Renewed));
    let back = life(&[shipped, ready, picked_up, renewed.clone(), recalled.clone()]);
    assert_eq!(untrue(&said(&renewed), &back, day(18)), Some(Why::Recalled));
    assert_eq!(untrue(&said(&recalled), &back, day(18)), None);
}

#[test]
fn a_renewal_without_a_date_ends_the_day_that_stood_until_it_is_taken_back() {
    let library = library(json!({ "due_soon_days": [2], "overdue_days": [1] }));
    let mut heard = loan().to_vec();
    heard.push(told(Status::RenewalAccepted, at(17, 10)));
    let renewed = life(&heard);
    assert_eq!(renewed.stands().due, None);
    assert!(plan::all(&renewed.stands(), &library, Timestamp::MIN).is_empty());
    let of = |status| Heard { due: Some(day(20)), ..told(status, at(16, 0)) };
    for status in [Status::DueSoon, Status::Overdue, Status::Recalled] {
        assert_eq!(untrue(&said(&of(status)), &renewed, day(18)), Some(Why::Renewed), "{status}");
    }
    let dateless = told(Status::Overdue, at(16, 0));
    assert_eq!(untrue(&said(&dateless), &renewed, day(18)), Some(Why::Renewed));
    assert_eq!(untrue(&said(&told(Status::Overdue, at(18, 0))), &renewed, day(18)), None, "said after the renewal");
    heard.push(Heard { undoes: Some(Status::RenewalAccepted), ..told(Status::Correction, at(18, 0)) });
    let undone = life(&heard);
    assert_eq!(undone.stands().due.unwrap().day, day(20));
    assert_eq!(untrue(&said(&of(Status::DueSoon)), &undone, day(18)), None);
}

#[test]
fn the_facts_of_two_patrons_are_never_mixed() {
    let patron = |id: Option<&str>, email: Option<&str>, first_name: Option<&str>| Patron {
        id: id.map(str::to_owned),
        email: email.map(|email| standards::address::Address::parse(email).unwrap()),
        first_name: first_name.map(str::to_owned),
        ..Patron::default()
    };
    let facts = |patron: &Patron| {
        let fields = patron.id.iter().map(|id| ("patron_phone".to_owned(), id.clone())).collect();
        Facts { patron: patron.clone(), fields, hide_titles: false }
    };
    let after = |first: &Patron, second: &Patron, is_newest: bool| {
        let mut known = facts(first);
        known.learn(&facts(second), is_newest);
        known
    };
    let one = patron(Some("7"), Some("one@patron.example"), Some("Amira"));
    let other = patron(Some("8"), None, None);
    assert_eq!(after(&one, &other, true), facts(&other));
    assert_eq!(after(&other, &one, false), facts(&other), "nor by what comes late");
    let by_address = patron(None, Some("two@patron.example"), None);
    assert_eq!(after(&one, &by_address, true), facts(&by_address));
    let same = patron(Some("7"), Some("new@patron.example"), None);
    let whole = Patron { first_name: one.first_name.clone(), ..same.clone() };
    assert_eq!(after(&one, &same, true).patron, whole);
    assert_eq!(after(&one, &patron(None, None, None), true).patron, one, "who is not said is who was");
}

#[test]
fn reminders_stand_on_open_days_at_the_librarys_hour_and_move_with_the_date() {
    let library = library(json!({ "due_soon_days": [7, 2], "overdue_days": [1, 5], "hour": 10 }));
    let mut heard = loan().to_vec();
    let planned = |heard: &[Heard]| {
        let all = plan::all(&life(heard).stands(), &library, Timestamp::MIN);
        all.iter().map(|one| (one.status.code(), one.days, one.at)).collect::<Vec<_>>()
    };
    assert_eq!(
        planned(&heard),
        [
            ("due_soon", 7, at(13, 10)),
            ("due_soon", 2, at(18, 10)),
            ("overdue", 1, at(21, 10)),
            // Both Christmas days are closed.
            ("overdue", 5, at(27, 10)),
        ]
    );
    heard.push(Heard { due: Some(day(27)), ..told(Status::RenewalAccepted, at(15, 0)) });
    assert_eq!(planned(&heard)[1], ("due_soon", 2, at(24, 10)), "before a day it is said earlier");
    heard.push(told(Status::Returned, at(16, 0)));
    assert!(planned(&heard).is_empty());
}

#[test]
fn what_was_missed_is_made_up_for_once_and_what_was_told_too_late_is_not() {
    let library = library(json!({ "due_soon_days": [7, 2], "overdue_days": [1, 5] }));
    let standing = life(&loan()).stands();
    let due = |now| plan::due(&standing, &library, Timestamp::MIN, now);
    assert!(due(at(13, 8)).is_empty());
    assert_eq!(due(at(14, 0))[0].days, 7);
    assert_eq!(due(at(18, 12)).iter().map(|one| one.days).collect::<Vec<_>>(), [2], "of two that were missed the last");
    let late = due(at(27, 12));
    assert_eq!(late.iter().map(|one| (one.status, one.level)).collect::<Vec<_>>(), [(Status::Overdue, 2)]);
    // Heard of on the 19th, the reminders of the 13th and the 18th are nobody's to make.
    let short = life(&[Heard { due: Some(day(20)), ..told(Status::PickedUp, at(19, 0)) }]).stands();
    assert!(plan::due(&short, &library, Timestamp::MIN, at(19, 12)).is_empty());
    assert_eq!(plan::next_look(&short, &library, Timestamp::MIN, at(19, 12)), Some(at(21, 9)));
}

#[test]
fn who_is_reminded_by_another_system_is_not_reminded_by_us() {
    let library = library(json!({ "due_soon_days": [2], "overdue_days": [1] }));
    let mut heard = loan().to_vec();
    heard.push(Heard { due: Some(day(20)), ..told(Status::DueSoon, at(15, 0)) });
    let kinds = |heard: &[Heard]| {
        let all = plan::all(&life(heard).stands(), &library, Timestamp::MIN);
        all.iter().map(|one| one.status.code()).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&heard), ["overdue"]);
    heard.push(Heard { due: Some(day(20)), ..told(Status::Overdue, at(21, 0)) });
    assert!(kinds(&heard).is_empty());
    heard.push(Heard { due: Some(day(30)), ..told(Status::RenewalAccepted, at(22, 0)) });
    assert_eq!(kinds(&heard), ["due_soon", "overdue"], "another day, another reminder");
}
