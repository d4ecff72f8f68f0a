//! The log: on standard error, for people or for machines.
//!
//! In: the settings, and what all rooms tell. Out: one line each, whatever stands in it. Much of it was said by others (mail servers,
//! providers, gateways): none of them writes a line of its own, or to the terminal of whoever reads it.

use std::fmt;
use std::io::{IsTerminal as _, stderr};

use anyhow::Result;
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::{DefaultFields, Writer};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry, reload};

use crate::config::{Log, LogFormat};

/// Letters of what one line tells: several replies of a mail server.
const LETTERS_MAX: usize = 2000;

/// Changes the level of the log while we run.
pub(super) type Level = reload::Handle<EnvFilter, Registry>;

/// Sends the log to standard error.
pub(super) fn start(log: &Log) -> Result<Level> {
    let (filter, level) = reload::Layer::new(EnvFilter::try_new(&log.level)?);
    // Colours are for people; a file or a journal gets plain lines.
    let lines = tracing_subscriber::fmt::layer().with_writer(stderr).with_ansi(stderr().is_terminal());
    let registry = tracing_subscriber::registry().with(filter);
    match log.format {
        LogFormat::Text => registry.with(lines.fmt_fields(OneLine)).init(),
        // JSON has escapes of its own.
        LogFormat::Json => registry.with(lines.json()).init(),
    }
    Ok(level)
}

/// Writes what is told as it is, but what would end the line, move the cursor or turn the direction of writing, and no more than
/// [`LETTERS_MAX`] of it.
struct OneLine;

impl<'w> FormatFields<'w> for OneLine {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut told = String::new();
        DefaultFields::new().format_fields(Writer::new(&mut told), fields)?;
        for (at, letter) in told.chars().enumerate() {
            if at == LETTERS_MAX {
                return writer.write_char('…');
            }
            match is_strange(letter) {
                true => write!(writer, "{}", letter.escape_default())?,
                false => writer.write_char(letter)?,
            }
        }
        Ok(())
    }
}

fn is_strange(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests;
