//! How single values of the file are read.

use std::net::IpAddr;
use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// Reads `"15m"`.
pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// Reads `["1m", "2m"]`.
pub(super) fn durations<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Duration>, D::Error> {
    Vec::<String>::deserialize(deserializer)?.iter().map(|text| parse(text).map_err(D::Error::custom)).collect()
}

/// Reads a text as `T`; the empty text is none.
pub(super) fn absent_when_empty<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let text = String::deserialize(deserializer)?;
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(D::Error::custom) }
}

fn parse(text: &str) -> Result<Duration, String> {
    let allowed = || format!("“{text}” is not a duration; write a number and a unit: \"30s\", \"15m\", \"8h\", \"2d\"");
    // jiff counts a day as 24 hours only where told so; here nothing else can be meant.
    let in_hours = match text.strip_suffix('d').and_then(|days| days.trim().parse::<u64>().ok()) {
        Some(days) if days < 10_000 => format!("{}h", days * 24),
        _ => text.to_owned(),
    };
    let span: jiff::SignedDuration = in_hours.parse().map_err(|_| allowed())?;
    Duration::try_from(span).map_err(|_| allowed())
}

/// An address, or all that begin with the same bits: `192.0.2.25`, `2001:db8::/64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// Whether `ip` is in it. An IPv4 address is not in a network of IPv6.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self.address, ip) {
            (IpAddr::V4(ours), IpAddr::V4(ip)) => {
                u32::from(ours).checked_shr(32 - self.bits) == u32::from(ip).checked_shr(32 - self.bits)
            }
            (IpAddr::V6(ours), IpAddr::V6(ip)) => {
                u128::from(ours).checked_shr(128 - self.bits) == u128::from(ip).checked_shr(128 - self.bits)
            }
            _ => false,
        }
    }
}

impl TryFrom<String> for Network {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("“{text}” is not an address or a network; write \"192.0.2.25\" or \"192.0.2.0/28\"");
        let (address, bits) =
            text.split_once('/').map_or((text.as_str(), None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.trim().parse().map_err(|_| wrong())?;
        let all = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(all), |bits| bits.trim().parse().map_err(|_| wrong()))?;
        if bits > all { Err(wrong()) } else { Ok(Self { address, bits }) }
    }
}
