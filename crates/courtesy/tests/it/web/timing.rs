//! The settings of reminders.

use courtesy::staff::Role;

use super::Browser;
use crate::world::{World, code};

const HERE: &str = "/staff/MRPL/ill-admin/patron-notices/timing";

#[tokio::test]
async fn reminders_are_set_in_days_and_shown_where_notices_are() {
    let world = World::new().await;
    world.library("MRPL").await;
    let admin = Browser::of(&world, Role::Admin, Some("MRPL")).await;
    admin.get("/staff/MRPL/ill-admin/patron-notices").await.must_say("3 days before a loan is due");
    let form = admin.get(HERE).await;
    let good = [("due_soon_days", "7, 2"), ("overdue_days", "1 7"), ("pickup_days", ""), ("hour", "17")];
    admin.send(&form, HERE, &good).await.must_be(200).must_say("Saved");
    let timing = world.app().book.library(&code("MRPL")).unwrap().timing.clone();
    assert_eq!((timing.due_soon_days, timing.overdue_days, timing.hour), (vec![7, 2], vec![1, 7], 17));
    assert!(timing.pickup_days.is_empty() && !timing.need_by);
    admin.get("/staff/MRPL/ill-admin/patron-notices").await.must_say("7, 2 days before a loan is due; 1, 7 days after");
    admin.get("/staff/MRPL/ill-admin/participant-record").await.must_say("7, 2 days before");

    for bad in [("due_soon_days", "soon"), ("due_soon_days", "300"), ("overdue_days", "7, 1")] {
        let form = admin.get(HERE).await;
        let again = admin.send(&form, HERE, &[bad, ("hour", "9")]).await;
        again.must_be(422).must_say("Enter up to five whole numbers");
        assert!(again.html.contains(&format!("value=\"{}\"", bad.1)), "what was typed stays");
    }
    let desk = Browser::of(&world, Role::Desk, Some("MRPL")).await;
    assert!(!desk.get(HERE).await.html.contains("<form class=\"card\""), "a desk reads it");
}
