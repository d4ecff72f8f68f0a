//! What happens afterwards: a library publishes its records, and a provider refuses a notice that is in order.
//!
//! In: the stage, after the story. Out: what Courtesy did about it. Not here: how it is told.

use anyhow::{Context as _, Result};
use practice::provider::Trouble;
use practice::world::Situation;
use standards::domain::Domain;

use super::cast::Case;
use super::stage::{REGION, Stage, today};
use super::story::{Sent, attempts, sent};
use crate::library::LibraryCode;
use crate::notice::status::Status;
use crate::sender::wanted;

/// A library publishes what its kit asks for.
pub(super) struct Published {
    /// The notice sent after it.
    pub case: Case,
    /// The names it has published, and where they point.
    pub records: Vec<(Domain, Domain)>,
    /// The notice.
    pub sent: Sent,
}

/// A provider refuses a notice that is in order.
pub(super) struct Refused {
    /// The notice.
    pub case: Case,
    /// Each try.
    pub tries: Vec<Try>,
    /// How it went at last.
    pub sent: Sent,
}

/// One try, as the timeline has it.
pub(super) struct Try {
    /// When it ended, in milliseconds after the event was taken.
    pub after_ms: i64,
    /// The From address.
    pub from: String,
    /// `accepted`, `deferred` or `refused`.
    pub outcome: String,
    /// What the provider said.
    pub reply: String,
    /// The cause's code.
    pub cause: Option<String>,
}

/// A library is mended: three records, a look, and the next notice is the library's own.
pub(super) async fn published(stage: &Stage, cases: &[Case]) -> Result<Published> {
    let case = of(cases, Situation::Quarantine, 0)?.later("ILL-20001", Status::ReadyForPickup, today());
    let code = LibraryCode::parse(case.place.code)?;
    let records = wanted(&Domain::parse(case.place.domain)?, &code, &stage.app().senders.ours(REGION));
    for (name, target) in &records {
        stage.world.delegate(name, target);
    }
    // What “check now” does on the library's page: looks past every cache.
    stage.look(&format!("/v1/libraries/{code}/sender?fresh=true")).await?;
    let id = one(stage, &case).await?;
    let sent = sent(stage, &case, &id).await?;
    Ok(Published { case, records, sent })
}

/// A provider takes a sound notice for a forged one; it is sent again at once, as the library's shared address.
pub(super) async fn refused(stage: &Stage, cases: &[Case]) -> Result<Refused> {
    let case = of(cases, Situation::IncludesService, 0)?.later("ILL-200002", Status::ReadyForPickup, today());
    let provider = stage.world.provider(case.provider.as_str()).context("a provider of the practice internet")?;
    provider.disturb(Trouble { refuse_for_authentication: 1, ..Trouble::default() });
    let id = one(stage, &case).await?;
    provider.disturb(Trouble::default());
    let message = stage.look(&format!("/v1/messages/{id}")).await?;
    let told_at: jiff::Timestamp = message["created_at"].as_str().unwrap_or_default().parse()?;
    let tries = attempts(stage, &id).await?.into_iter().map(|attempt| {
        let text = |name: &str| attempt[name].as_str().map(str::to_owned);
        let at: jiff::Timestamp = text("at").unwrap_or_default().parse()?;
        Ok(Try {
            after_ms: at.as_millisecond() - told_at.as_millisecond(),
            from: text("from").unwrap_or_default(),
            outcome: text("outcome").unwrap_or_default(),
            reply: text("reply").unwrap_or_default(),
            cause: text("cause"),
        })
    });
    let tries = tries.collect::<Result<Vec<_>>>()?;
    let sent = sent(stage, &case, &id).await?;
    Ok(Refused { case, tries, sent })
}

async fn one(stage: &Stage, case: &Case) -> Result<String> {
    let ids = stage.tell(&[case]).await?;
    stage.settled(&ids).await?;
    ids.into_iter().next().context("one event is one message")
}

fn of(cases: &[Case], situation: Situation, index: usize) -> Result<&Case> {
    cases.iter().filter(|case| case.place.situation == situation).nth(index).context("every situation has its library")
}
