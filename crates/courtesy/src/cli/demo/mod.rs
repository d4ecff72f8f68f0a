//! `courtesy demo`: the whole story on one machine, without a network.
//!
//! A practice internet, nine libraries in the nine situations their DNS can be in, and Courtesy itself. The same notices
//! are sent the way they are sent today, in each library's name from a server that may not, and then by Courtesy.
//!
//! In: nothing. Out: both tables with their reasons, or one JSON object; then everything stays up to be looked at.
//! Needs no root, no network and no free port in particular; leaves nothing behind.

mod cast;
mod look;
mod stage;
mod story;
mod tables;
mod then;
mod words;

use std::io::Write as _;

use anyhow::Result;
use clap::Args;
use practice::provider::Mark;
use practice::world::SERVICE;
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

use super::{Common, Exit};
use crate::notice::Language;
use stage::Stage;
use story::{Fate, Row};
use tables::Counts;
use words::either;

/// Options of `demo`.
#[derive(Args)]
pub(super) struct DemoArgs {
    /// End after the story; without it everything stays up, to be looked at, until Ctrl-C
    #[arg(long)]
    once: bool,
}

/// All that happened.
struct Story {
    rows: Vec<Row>,
    published: then::Published,
    refused: then::Refused,
}

/// Plays the story and tells it.
pub(super) async fn run(args: &DemoArgs, common: &Common) -> Result<Exit> {
    let language = common.language();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut stopped = async || {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    say(language, "starting a practice internet and Courtesy …", "démarrage d’un Internet d’exercice et de Courtesy …");
    let stage = Stage::set().await?;
    let story = tokio::select! {
        story = play(&stage, language) => story,
        () = stopped() => {
            stage.strike().await?;
            return Ok(Exit::Failed);
        }
    };
    let shown = story.and_then(|story| tell(&stage, &story, args, common).map(|()| story.holds()));
    if let Ok(true) = shown
        && !args.once
    {
        let ending = ("Ctrl-C ends it and takes the folder away.", "Ctrl-C y met fin et supprime le dossier.");
        say(language, ending.0, ending.1);
        stopped().await;
    }
    stage.strike().await?;
    if shown? {
        return Ok(Exit::Good);
    }
    let failed = (
        "It did not go as it should: not every notice reached an inbox.",
        "Il y a eu un problème : les avis ne sont pas tous arrivés.",
    );
    say(language, failed.0, failed.1);
    Ok(Exit::Failed)
}

async fn play(stage: &Stage, language: Language) -> Result<Story> {
    let cases = cast::cases(stage.world.providers(), stage::today());
    say(language, "sending the notices as they are sent today …", "envoi des avis comme on les envoie aujourd’hui …");
    // Making keys takes the processor a second or two; the old server needs none.
    let (published, before) = tokio::join!(stage.publish_keys(), story::before(stage, &cases));
    published?;
    let before = before?;
    say(language, "Courtesy looks at nine libraries’ DNS …", "Courtesy consulte le DNS de neuf bibliothèques …");
    stage.join_libraries().await?;
    say(language, "sending the same notices by Courtesy …", "envoi des mêmes avis par Courtesy …");
    let after = story::after(stage, &cases).await?;
    let rows: Vec<Row> = cases
        .iter()
        .zip(before)
        .zip(after)
        .map(|((case, before), after)| Row { case: case.clone(), before, after })
        .collect();
    let published = then::published(stage, &cases).await?;
    let refused = then::refused(stage, &cases).await?;
    Ok(Story { rows, published, refused })
}

fn tell(stage: &Stage, story: &Story, args: &DemoArgs, common: &Common) -> Result<()> {
    let mut out = std::io::stdout().lock();
    if common.json {
        writeln!(out, "{}", story.json(common.language()))?;
        if !args.once {
            eprint!(
                "
{}",
                look::addresses(stage, &story.rows, common.language())?
            );
        }
        return Ok(());
    }
    write!(out, "{}", look::told(story, common.language()))?;
    if args.once {
        let (en, fr) = (
            "Without --once everything stays up, to be looked at.",
            "Sans --once, tout reste ouvert pour être consulté.",
        );
        writeln!(out, "\n{}", either(common.language(), en, fr))?;
    } else {
        write!(out, "\n{}", look::addresses(stage, &story.rows, common.language())?)?;
    }
    Ok(())
}

impl Story {
    /// Whether it went as promised: everything that Courtesy sent is in an inbox, with proof.
    fn holds(&self) -> bool {
        let later = [&self.published.sent, &self.refused.sent];
        let mut all = self.rows.iter().map(|row| &row.after).chain(later);
        all.all(|sent| sent.judged.fate == Fate::Inbox && sent.dmarc == Mark::Pass)
    }

    fn before(&self) -> Counts {
        Counts::of(self.rows.iter().map(|row| &row.before))
    }

    fn after(&self) -> Counts {
        Counts::of(self.rows.iter().map(|row| &row.after.judged))
    }

    fn own(&self) -> usize {
        self.rows.iter().filter(|row| row.after.sender == "own").count()
    }

    fn json(&self, language: Language) -> Value {
        let counts = |counts: Counts| json!({ "sent": counts.sent, "accepted": counts.inbox, "junked": counts.junk, "refused": counts.refused });
        let mut after = counts(self.after());
        after["own"] = json!(self.own());
        after["shared"] = json!(self.rows.len() - self.own());
        let rows: Vec<Value> = self.rows.iter().map(|row| row_json(row, language)).collect();
        let tries = self.refused.tries.iter().map(|one| {
            json!({ "from": one.from, "outcome": one.outcome, "cause": one.cause, "reply": one.reply, "after_ms": one.after_ms })
        });
        let then = json!({
            "published": {
                "library": self.published.case.place.code,
                "records": self.published.records.iter().map(|(name, target)| format!("{name} CNAME {target}")).collect::<Vec<_>>(),
                "after": self.published.sent.judged.fate.code(),
                "sender": self.published.sent.sender,
                "from": self.published.sent.from,
                "dmarc": self.published.sent.dmarc,
            },
            "refused": {
                "library": self.refused.case.place.code,
                "after": self.refused.sent.judged.fate.code(),
                "sender": self.refused.sent.sender,
                "dmarc": self.refused.sent.dmarc,
                "attempts": tries.collect::<Vec<_>>(),
            },
        });
        json!({ "before": counts(self.before()), "after": after, "rows": rows, "then": then })
    }
}

fn row_json(row: &Row, language: Language) -> Value {
    let place = &row.case.place;
    json!({
        "library": place.code,
        "situation": words::situation(place.situation, language),
        "provider": words::provider(row.case.family, language),
        "before": row.before.fate.code(),
        "before_why": words::why_before(place.domain, place.situation, row.before.reason, language),
        "after": row.after.judged.fate.code(),
        "sender": row.after.sender,
        "from": row.after.from,
        "after_why": words::why_after(place.domain, &row.after, language),
        "dmarc": row.after.dmarc,
    })
}

/// Progress goes to standard error.
fn say(language: Language, en: &str, fr: &str) {
    eprintln!("{}", either(language, en, fr));
}
