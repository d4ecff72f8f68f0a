//! Days and times as people write them, in the library's time zone.
//!
//! In: civil days and moments of `jiff`. Out: `30 November 2026`, `1er décembre 2026`, `6:05 p.m.`, `18 h 05`.
//! Not here: reading them (`value`), and which zone (`library`).

use std::fmt::Write as _;

use jiff::civil::{Date, DateTime, Time};

use super::Language;
use super::typography::NBSP;

const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const MONTHS_FR: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];

/// A day: `30 November 2026`, `30 novembre 2026`, `1er décembre 2026`. Day and month stay on one line.
#[must_use]
pub fn day(date: Date, language: Language) -> String {
    let mut text = day_and_month(date, language);
    let _ = write!(text, " {}", date.year());
    text
}

fn day_and_month(date: Date, language: Language) -> String {
    let month = usize::try_from(date.month() - 1).unwrap_or(0).min(11);
    match language {
        Language::En => format!("{}{NBSP}{}", date.day(), MONTHS_EN[month]),
        Language::Fr if date.day() == 1 => format!("1er{NBSP}{}", MONTHS_FR[month]),
        Language::Fr => format!("{}{NBSP}{}", date.day(), MONTHS_FR[month]),
    }
}

/// A time of day: `6:05 p.m.`, `noon` never; `18 h 05`, `9 h`.
#[must_use]
pub fn time(time: Time, language: Language) -> String {
    let (hour, minute) = (time.hour(), time.minute());
    match language {
        Language::En => {
            let half = if hour < 12 { "a.m." } else { "p.m." };
            let hour = if hour % 12 == 0 { 12 } else { hour % 12 };
            if minute == 0 { format!("{hour}{NBSP}{half}") } else { format!("{hour}:{minute:02}{NBSP}{half}") }
        }
        Language::Fr if minute == 0 => format!("{hour}{NBSP}h"),
        Language::Fr => format!("{hour}{NBSP}h{NBSP}{minute:02}"),
    }
}

/// A moment: `6 December 2026, 6:05 p.m.`, `6 décembre 2026 à 18 h 05`.
#[must_use]
pub fn moment(moment: DateTime, language: Language) -> String {
    let joint = match language {
        Language::En => ", ",
        Language::Fr => " à ",
    };
    format!("{}{joint}{}", day(moment.date(), language), time(moment.time(), language))
}

/// Days in a row: `24 to 26 December 2026`, `du 24 au 26 décembre 2026`, `le 25 décembre 2026`.
#[must_use]
pub fn days(from: Date, to: Date, language: Language) -> String {
    if from == to {
        return match language {
            Language::En => day(to, language),
            Language::Fr => format!("le {}", day(to, language)),
        };
    }
    let first = if from.year() != to.year() {
        day(from, language)
    } else if from.month() != to.month() {
        day_and_month(from, language)
    } else if language == Language::Fr && from.day() == 1 {
        "1er".to_owned()
    } else {
        from.day().to_string()
    };
    match language {
        Language::En => format!("{first} to {}", day(to, language)),
        Language::Fr => format!("du {first} au {}", day(to, language)),
    }
}

#[cfg(test)]
mod tests;
