//! What is done beside the work, as long as the process runs: what another process changed is brought in, what has served its time is
//! forgotten, and relays whose day has come are made known. Not here: what is erased of messages and patrons (`erasing`).

use std::sync::Arc;

use tokio::sync::Mutex;

use super::foreseen;
use super::missing::Missing;
use crate::clock;
use crate::config::{Config, Role};
use crate::http::App;
use crate::inbound;
use crate::intake::Told;
use crate::published::changes;
use crate::store::Store;

/// How long between two looks whether another process changed what we keep in memory.
const LOOK: std::time::Duration = std::time::Duration::from_secs(1);

/// How many looks go by until all is read again, and what has served its time is forgotten.
const LOOKS_A_ROUND: u32 = 30;

/// How often is looked what announced changes of the relays will do: records change by people's hands. First when the start is over.
const FORESEEN_EVERY: std::time::Duration = std::time::Duration::from_secs(6 * 3600);
const FIRST_FORESEEN: std::time::Duration = std::time::Duration::from_secs(120);

/// How many looks go by until it is looked which libraries have no relay: it goes through all of them.
const LOOKS_FOR_MISSING: u32 = 10;

/// How often is looked for events that an older version told of, once there are none.
const LOOK_FOR_OLDER: std::time::Duration = std::time::Duration::from_secs(600);

/// Events at a time whose words to be found by are written: a transaction of some 20 ms, once a [`LOOK`].
const FOUND_BY_SLICE: u32 = 1000;

/// How long the answer to an Idempotency-Key is kept.
const ANSWERS_KEPT: jiff::SignedDuration = jiff::SignedDuration::from_hours(7 * 24);

/// How long a mail that was handed in is kept after it came, for a person may wish to send it again.
const SUBMITTED_KEPT: jiff::SignedDuration = jiff::SignedDuration::from_hours(30 * 24);

/// How long what gateways call text messages is kept: receipts come within days.
const TEXT_PARTS_KEPT: jiff::SignedDuration = jiff::SignedDuration::from_hours(30 * 24);

/// How long a device is kept that takes no notification: a patron who asked for nothing in a year may have another telephone.
const DEVICES_KEPT: jiff::SignedDuration = jiff::SignedDuration::from_hours(365 * 24);

/// Brings in what another process changed, forgets what has served its time, and tells of relays whose day has come.
pub(super) async fn refresh(app: Arc<App>, missing: Arc<Mutex<Missing>>, stop: impl Future<Output = ()>) {
    tokio::pin!(stop);
    let mut known = None;
    let mut looks: u32 = 0;
    loop {
        tokio::select! {
            biased;
            () = &mut stop => {
                if let Err(error) = app.relays.leave().await {
                    tracing::warn!(%error, "others will notice by themselves that this process sends nothing more");
                }
                return;
            }
            () = tokio::time::sleep(LOOK) => {}
        }
        share_relays(&app).await;
        looks += 1;
        if looks.is_multiple_of(LOOKS_FOR_MISSING) {
            look_for_missing(&app, &missing).await;
        }
        let times = app.store.times_changed().await.ok();
        if times.is_some() && times != known {
            read_again(&app).await;
            if known.is_some() {
                app.senders.nudge();
            }
            known = times;
        }
        if looks < LOOKS_A_ROUND {
            continue;
        }
        looks = 0;
        let before = clock::now().checked_sub(ANSWERS_KEPT).unwrap_or(clock::Timestamp::MIN);
        // Refusals count for as long as answers are kept: seven days.
        if let Err(error) = app.store.forget_refusals(before).await {
            tracing::error!(%error, "old refusals could not be forgotten");
        }
        if let Err(error) = app.store.forget_answers(before).await {
            tracing::error!(%error, "old answers could not be forgotten");
        }
        if let Err(error) = app.store.forget_visits(before, clock::now()).await {
            tracing::error!(%error, "sessions that have run out could not be forgotten");
        }
        if let Err(error) = app.inbound.forget(clock::now()).await {
            tracing::error!(%error, "old mail could not be forgotten");
        }
        let before = clock::now().checked_sub(inbound::reports::KEPT_FOR).unwrap_or(clock::Timestamp::MIN);
        if let Err(error) = app.store.forget_reports(before).await {
            tracing::error!(%error, "old reports could not be forgotten");
        }
        let before = clock::now().checked_sub(SUBMITTED_KEPT).unwrap_or(clock::Timestamp::MIN);
        if let Err(error) = app.store.forget_submitted(before).await {
            tracing::error!(%error, "old mail that was handed in could not be forgotten");
        }
        let before = clock::now().checked_sub(TEXT_PARTS_KEPT).unwrap_or(clock::Timestamp::MIN);
        if let Err(error) = app.store.forget_text_parts(before).await {
            tracing::error!(%error, "what gateways call old text messages could not be forgotten");
        }
        let before = clock::now().checked_sub(DEVICES_KEPT).unwrap_or(clock::Timestamp::MIN);
        if let Err(error) = app.store.forget_silent_devices(before).await {
            tracing::error!(%error, "devices that are silent for long could not be forgotten");
        }
        if let Err(error) = tell_relays_of_the_day(&app.store, &app.config).await {
            tracing::error!(%error, "changes of the relays could not be kept");
        }
    }
}

/// The list of relays is another one now.
pub(super) async fn relays_changed(app: &App) {
    if let Err(error) = tell_relays(&app.store, &app.config).await {
        tracing::error!(%error, "changes of the relays could not be kept");
    }
    share_relays(app).await;
    app.wake.notify_one();
}

async fn share_relays(app: &App) {
    if let Err(error) = app.relays.share(clock::now()).await {
        tracing::error!(%error, "what can be sent through could not be told to other processes");
    }
}

/// Libraries that have no relay.
async fn look_for_missing(app: &App, missing: &Mutex<Missing>) {
    if app.config.plays(Role::Deliver)
        && let Err(error) = missing.lock().await.look(app, clock::now()).await
    {
        tracing::error!(%error, "that libraries have no relay could not be written down");
    }
}

/// Writes, a slice at a time, what events are found by that an older version told of.
pub(super) async fn write_found_by(app: Arc<App>, stop: impl Future<Output = ()>) {
    tokio::pin!(stop);
    let mut pause = LOOK;
    loop {
        tokio::select! {
            biased;
            () = &mut stop => return,
            () = tokio::time::sleep(pause) => {}
        }
        // An older version may still be at work beside us.
        pause = match app.store.write_found_by(FOUND_BY_SLICE, found_by).await {
            Ok(0) => LOOK_FOR_OLDER,
            Ok(_) => LOOK,
            Err(error) => {
                tracing::error!(%error, "what older events are found by could not be written");
                LOOK_FOR_OLDER
            }
        };
    }
}

/// What an event is found by that told `fields`. What cannot be read is found by where its messages went.
fn found_by(fields: &str, addresses: &[String]) -> String {
    let told: Told = serde_json::from_str(fields).unwrap_or_default();
    told.found_by(addresses.iter().map(String::as_str))
}

/// Looks, every few hours, what announced changes of the relays will do to libraries.
pub(super) async fn foresee(app: Arc<App>, stop: impl Future<Output = ()>) {
    tokio::pin!(stop);
    let mut pause = FIRST_FORESEEN;
    loop {
        tokio::select! {
            biased;
            () = &mut stop => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = FORESEEN_EVERY;
        if app.config.plays(Role::Deliver)
            && let Err(error) = foreseen::look(&app, clock::now()).await
        {
            tracing::error!(%error, "what changes of the relays will do could not be looked for");
        }
    }
}

/// What another process may have changed.
pub(super) async fn read_again(app: &App) {
    if let Err(error) = app.book.refresh().await {
        tracing::error!(%error, "the book could not be read again");
    }
    if let Err(error) = app.keyring.refresh().await {
        tracing::error!(%error, "the keys could not be read again");
    }
    if let Err(error) = app.relays.refresh().await {
        tracing::error!(%error, "which relays are in use could not be read again");
    }
    if let Err(error) = app.senders.refresh().await {
        tracing::error!(%error, "what is known of libraries' relays could not be read again");
    }
}

/// Makes known what the settings change about the relays.
pub(super) async fn tell_relays(store: &Store, config: &Config) -> crate::store::Result<()> {
    let new = changes::to_tell(&store.relay_changes().await?, config, clock::now());
    if new.is_empty() { Ok(()) } else { store.add_relay_changes(new).await }
}

/// Makes known which relays came and went as their day came.
async fn tell_relays_of_the_day(store: &Store, config: &Config) -> crate::store::Result<()> {
    let (so_far, now) = (store.relay_changes().await?, clock::now());
    let new = changes::by_themselves(changes::to_tell(&so_far, config, now), &so_far, config, now);
    if new.is_empty() { Ok(()) } else { store.add_relay_changes(new).await }
}
