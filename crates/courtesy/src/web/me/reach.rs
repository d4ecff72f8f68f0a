//! How a patron wishes to be reached: order, language, titles, quiet hours. All of it can be undone, so a link is enough.

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use jiff::civil::Time;
use serde::Deserialize;

use super::mine::Mine;
use super::{HERE, ways};
use crate::channel::Channel;
use crate::notice::Language;
use crate::patron::{Quiet, Record};
use crate::web::messages::Choice;
use crate::web::oops::Oops;
use crate::web::shell::Shell;
use crate::web::visit::Visit;
use crate::web::{Answer, Web};

/// The form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Chosen {
    first: String,
    then: String,
    language: String,
    hide: String,
    digest: String,
    quiet_from: String,
    quiet_to: String,
}

/// Keeps what they chose.
pub(in crate::web) async fn save(State(web): State<Arc<Web>>, visit: Visit, Form(chosen): Form<Chosen>) -> Answer {
    let mine = Mine::of(&web, &visit).await?;
    let shell = visit.shell("me-title");
    let ways = ways::of(&web, &shell, &mine, visit.now).await?;
    let usable: Vec<_> = ways.iter().filter(|way| way.is_used).map(|way| way.channel).collect();
    let mut record = mine.kept();
    order(&mut record, &usable, &chosen);
    if let Some(language) = Language::from_tag(&chosen.language).filter(|one| mine.library.languages.contains(one)) {
        record.language = Some(language);
    }
    record.hide_titles = !chosen.hide.is_empty();
    let (gathers, wishes) = (mine.library.gathers(web.config.digest.by_default), !chosen.digest.is_empty());
    // Who wishes what the library does follows it.
    record.digest = (wishes != gathers).then_some(wishes);
    record.quiet = match (hour(&chosen.quiet_from), hour(&chosen.quiet_to)) {
        (Some(from), Some(to)) => Some(Quiet { from, to }),
        _ => None,
    };
    put(&web, &visit, &mine, record).await?;
    visit.done(HERE, "me-saved")
}

/// Keeps `record` as the patron's own doing.
pub(in crate::web) async fn put(web: &Web, visit: &Visit, mine: &Mine, record: Record) -> Result<(), Oops> {
    if record == mine.record {
        return Ok(());
    }
    let by = visit.shell("me-title").say("me-by-patron");
    let deed = crate::store::Deed::new(Some(&mine.library.code), by, "patron.changed", mine.subject(), visit.now);
    let one = (mine.library.code.clone(), mine.pass.patron.clone(), record);
    web.store.noting(deed).put_patrons(vec![one], visit.now).await?;
    Ok(())
}

fn order(record: &mut Record, usable: &[Channel], chosen: &Chosen) {
    if usable.len() < 2 {
        return;
    }
    let way = |code: &str| Channel::from_code(code).filter(|channel| usable.contains(channel));
    let Some(first) = way(&chosen.first) else { return };
    let then = way(&chosen.then).filter(|then| *then != first);
    record.order = std::iter::once(first).chain(then).collect();
}

/// A language to choose, by its own name: whoever looks for it may not read the other.
pub(super) fn language(language: Language, is_chosen: bool) -> Choice {
    let name = match language {
        Language::En => "English",
        Language::Fr => "Français",
    };
    Choice { value: language.tag().to_owned(), words: name.to_owned(), is_chosen }
}

/// The hours of a day to choose from; empty: as the library does it.
pub(super) fn hours(shell: &Shell, chosen: Option<Time>) -> Vec<Choice> {
    let usual = Choice { value: String::new(), words: shell.say("me-quiet-usual"), is_chosen: chosen.is_none() };
    let hour = |hour: i8| {
        let words = match shell.language() {
            Language::En => format!("{hour:02}:00"),
            Language::Fr => format!("{hour}\u{a0}h"),
        };
        let is_chosen = chosen.is_some_and(|chosen| chosen.hour() == hour);
        Choice { value: hour.to_string(), words, is_chosen }
    };
    std::iter::once(usual).chain((0..24).map(hour)).collect()
}

fn hour(typed: &str) -> Option<Time> {
    Time::new(typed.trim().parse().ok()?, 0, 0, 0).ok()
}
