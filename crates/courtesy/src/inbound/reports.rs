//! Reports of receivers, sent to the addresses that the zone publishes for them.
//!
//! In: a mail to one of [`LOCAL_PARTS`] at the shared domain. Out: what it says of domains we know, kept once. Anything else in
//! it is nobody's, and is not kept.

use jiff::{SignedDuration, Timestamp};
use standards::address::Address;
use standards::domain::Domain;
use standards::report;

use crate::reported::Told;
use crate::store::{Book, Store};

/// Where reports are asked for, at the shared domain: `rua=mailto:dmarc@...` and `rua=mailto:tls@...`.
pub const LOCAL_PARTS: [&str; 2] = ["dmarc", "tls"];

/// How long what was reported is kept: a year and a month, so that a yearly newsletter is seen twice.
pub const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24 * 396);

/// Reports may be about days this long ago, and about tomorrow where a reporter's clock is wrong.
const AGE_MAX: SignedDuration = SignedDuration::from_hours(24 * 60);
const AHEAD_MAX: SignedDuration = SignedDuration::from_hours(48);

/// Whether reports are asked for at this address.
#[must_use]
pub fn is_for_reports(address: &Address, shared: &Domain) -> bool {
    address.domain() == shared && LOCAL_PARTS.iter().any(|part| address.local().eq_ignore_ascii_case(part))
}

/// What became of a mail with reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Reports kept, counted once for each domain and library they tell of.
    pub kept: usize,
    /// Reports that were known.
    pub known: usize,
    /// Reports about domains that are not ours, or about days out of reach.
    pub strange: usize,
    /// What looked like a report and could not be read.
    pub refused: usize,
}

/// Reads the reports in `mail` and keeps what they say of the shared domain and of libraries' domains.
///
/// # Errors
/// When the store is broken. What was kept then is known at the next try.
pub async fn take(store: &Store, book: &Book, shared: &Domain, mail: Vec<u8>, now: Timestamp) -> anyhow::Result<Taken> {
    // Unpacking and reading what strangers sent takes time, and must not be able to take us down.
    let reading = tokio::task::spawn_blocking(move || report::read(&mail)).await?;
    let mut taken = Taken { refused: reading.refused.len(), ..Taken::default() };
    let libraries = book.libraries();
    let domains = std::iter::once((None, shared)).chain(
        libraries.iter().filter_map(|library| Some((Some(library.code.clone()), library.from.as_ref()?.domain()))),
    );
    let domains: Vec<_> = domains.collect();
    for report in &reading.reports {
        let told: Vec<_> = domains
            .iter()
            .filter_map(|(library, domain)| Some((library.clone(), Told::of(report, domain, now)?)))
            .filter(|(_, told)| is_of_late(told, now))
            .collect();
        if told.is_empty() {
            taken.strange += 1;
        }
        for (library, told) in told {
            if store.keep_report(library, told, now).await? {
                taken.kept += 1;
            } else {
                taken.known += 1;
            }
        }
    }
    Ok(taken)
}

fn is_of_late(told: &Told, now: Timestamp) -> bool {
    let age = now.duration_since(told.end);
    age <= AGE_MAX && -age <= AHEAD_MAX
}
