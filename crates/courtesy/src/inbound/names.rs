//! Names of the machines that reports tell of, so that people know their photocopier: asked of the DNS after a report is
//! kept, in nobody's wait.
//!
//! In: addresses that stand in reports. Out: the name of each, where the name leads back to the address (RFC 8601 §3, `iprev`):
//! whoever has an address may write any name at it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::SignedDuration;
use standards::dns::{Dns, NoAnswer};
use standards::domain::Domain;

use crate::clock;
use crate::net::dns::Resolver;
use crate::store::Store;

/// How often there may be something new: reports come once a day from each receiver.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Addresses asked about side by side.
const SIDE_BY_SIDE: u32 = 20;

/// When an address is asked about again: machines change hands in months.
const AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Names looked at of one address: more is a host of many, and any one of them would do (RFC 7208 §5.5 has the same).
const NAMES_MAX: usize = 10;

/// Asks for names until `stop`.
pub async fn run(store: Store, dns: Arc<Resolver>, stop: impl Future<Output = ()>) {
    tokio::pin!(stop);
    loop {
        let more = match round(&store, &*dns).await {
            Ok(more) => more,
            Err(error) => {
                tracing::error!(%error, "names of machines in reports could not be kept");
                false
            }
        };
        tokio::select! {
            biased;
            () = &mut stop => return,
            () = tokio::time::sleep(if more { Duration::ZERO } else { LOOK_EVERY }) => {}
        }
    }
}

/// Asks about some addresses. True where there may be more.
///
/// # Errors
/// When the store is broken.
pub async fn round(store: &Store, dns: &dyn Dns) -> crate::store::Result<bool> {
    let now = clock::now();
    let before = now.checked_sub(AGAIN_AFTER).unwrap_or(jiff::Timestamp::MIN);
    let waiting = store.sources_without_name(before, SIDE_BY_SIDE).await?;
    let more = waiting.len() >= usize::try_from(SIDE_BY_SIDE).unwrap_or(usize::MAX);
    let names = join_all(waiting.iter().map(|ip| name(dns, *ip))).await;
    for (ip, name) in waiting.into_iter().zip(names) {
        // Where the DNS gives no answer, it is asked again in a month too: a name is a kindness, and no more.
        store.name_source(ip, name.ok().flatten(), now).await?;
    }
    Ok(more)
}

/// The name of an address that leads back to it.
async fn name(dns: &dyn Dns, ip: IpAddr) -> Result<Option<Domain>, NoAnswer> {
    for name in dns.ptr(ip).await?.records.into_iter().take(NAMES_MAX) {
        let leads_back = match ip {
            IpAddr::V4(ip) => dns.a(&name).await?.records.contains(&ip),
            IpAddr::V6(ip) => dns.aaaa(&name).await?.records.contains(&ip),
        };
        if leads_back {
            return Ok(Some(name));
        }
    }
    Ok(None)
}
