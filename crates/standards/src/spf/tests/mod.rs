//! The rules of RFC 7208, each with a table in the place of the DNS.

mod check;
mod edit;
mod generated;
mod macros;
mod never_panics;
mod table;

use super::{Query, SpfResult, Verdict};
use table::Table;

/// One check of `sender` from `ip`.
fn checked(table: &Table, ip: &str, sender: &str) -> Verdict {
    let ip = ip.parse().unwrap();
    let helo = "mail.notices.example";
    wait(super::check(table, &Query { ip, mail_from: sender, helo, receiver: None, now: jiff::Timestamp::UNIX_EPOCH }))
}

fn result(table: &Table, ip: &str, sender: &str) -> SpfResult {
    checked(table, ip, sender).result
}

/// Tables answer at once: nothing here waits for a socket or a clock.
fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}
