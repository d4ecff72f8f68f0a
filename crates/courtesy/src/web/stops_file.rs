//! A file of addresses that a library is to stop writing to: what is in it, before anything is changed.
//!
//! In: a CSV file. Out: how many addresses it has that are not on the list, every row that cannot be used with its line, and
//! a form that does it: the same by which addresses are typed in (`stops`). Nothing is kept of the file.

use std::sync::Arc;

use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;

use super::shell::{Place, Shell};
use super::visit::Visit;
use super::{Answer, Web, upload};
use crate::outcome::stop::file;

/// Wrong rows and good ones that are shown; the rest is counted.
const WRONG_SHOWN: usize = 200;
const GOOD_SHOWN: usize = 10;

/// A row that cannot be used.
struct WrongLine {
    line: u64,
    text: String,
    why: String,
}

#[derive(Template)]
#[template(path = "stops_file.html")]
struct Page {
    shell: Shell,
    /// Addresses that would be stopped.
    good: usize,
    /// Those of them that are shown.
    first: Vec<String>,
    listed: usize,
    repeated: usize,
    wrong: Vec<WrongLine>,
    wrong_in_all: usize,
    /// The good rows, as the form that stops them reads them.
    lines: String,
    /// Whether some have no reason of their own.
    lacks_reason: bool,
}

impl Page {
    fn has_nothing(&self) -> bool {
        self.good + self.listed + self.wrong_in_all == 0
    }

    fn more(&self) -> usize {
        self.wrong_in_all - self.wrong.len()
    }
}

/// What is in the file.
pub(super) async fn check(State(web): State<Arc<Web>>, visit: Visit, headers: HeaderMap, body: Bytes) -> Answer {
    let library = visit.library()?.code.clone();
    let octets = upload::read(&headers, &body).file.unwrap_or_default();
    let found = file::read(&octets);
    let asked: Vec<_> = found.rows.iter().map(|(address, _)| (library.clone(), address.clone())).collect();
    let listed = web.store.are_listed(&asked).await?;
    let good: Vec<_> = found.rows.iter().zip(&listed).filter(|(_, listed)| !**listed).map(|(row, _)| row).collect();
    let row = |(address, why): &&(_, Option<String>)| line_of(address, why.as_deref());
    let shell = visit.shell("stops-file-title").at(Place::Bounces).below("stops-title", "/do-not-send");
    let wrong = found.wrong.iter().take(WRONG_SHOWN).map(|row| WrongLine {
        line: row.line,
        text: row.text.clone(),
        why: shell.say(&format!("stops-file-{}", row.why.code())),
    });
    let page = Page {
        good: good.len(),
        first: good.iter().take(GOOD_SHOWN).map(row).collect(),
        listed: found.rows.len() - good.len(),
        repeated: found.repeated,
        wrong: wrong.collect(),
        wrong_in_all: found.wrong.len(),
        lines: good.iter().map(row).collect::<Vec<_>>().join("\n"),
        lacks_reason: good.iter().any(|(_, why)| why.is_none()),
        shell,
    };
    if page.has_nothing() { visit.again(&page) } else { visit.page(&page) }
}

/// A line of the form that stops addresses.
fn line_of(address: &crate::outcome::stop::ListedAddress, why: Option<&str>) -> String {
    match why {
        Some(why) => format!("{}, {why}", address.as_str()),
        None => address.as_str().to_owned(),
    }
}
