//! What people read on a terminal: columns, marks, times. No frames, no colour.

use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::Result;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

/// Columns with a heading, each as wide as its widest cell; the last one runs free.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table with these headings.
    pub(crate) fn new(heading: &[&str]) -> Self {
        Self { rows: vec![heading.iter().map(|cell| (*cell).to_owned()).collect()] }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        self.rows.push(cells.into_iter().map(|cell| clean(&cell.into())).collect());
    }

    /// Whether it has no row but the heading.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.len() == 1
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&columns(&self.rows))
    }
}

/// Rows in columns, two spaces apart.
pub(crate) fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell}{}  ", " ".repeat(width - cell.chars().count()));
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// Writes an answer to standard output.
///
/// # Errors
/// When nobody reads it any more.
pub(crate) fn answer(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.is_empty() && !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

/// Writes one JSON value on a line of its own.
///
/// # Errors
/// When nobody reads it any more.
pub(crate) fn answer_json(value: &Value) -> Result<()> {
    answer(&value.to_string())
}

/// Writes a list, one value a line.
///
/// # Errors
/// When nobody reads it any more.
pub(crate) fn answer_lines(values: &[Value]) -> Result<()> {
    let mut text = String::new();
    for value in values {
        let _ = writeln!(text, "{value}");
    }
    answer(&text)
}

/// Says something to whoever watches.
pub(crate) fn say(text: &str) {
    // Standard error that is gone is no reason to stop.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Foreign text on a terminal: nothing in it can steer the terminal.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// The text at `name`, or nothing.
pub(crate) fn text(value: &Value, name: &str) -> String {
    match value.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

/// The list at `name`, or an empty one.
pub(crate) fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The heading of a column of times, with the zone in which they are said: `CHANGED (UTC)`.
pub(crate) fn in_zone(heading: &str) -> String {
    let zone = TimeZone::system();
    format!("{heading} ({})", zone.iana_name().unwrap_or("local"))
}

/// A time of the API as people here read it: `2026-11-22 10:41`.
pub(crate) fn moment(text: &str) -> String {
    local(text, "%Y-%m-%d %H:%M")
}

/// The time of day of a time of the API: `10:41:59`.
pub(crate) fn time_of_day(text: &str) -> String {
    local(text, "%H:%M:%S")
}

/// The day of a time of the API.
pub(crate) fn day(text: &str) -> String {
    local(text, "%Y-%m-%d")
}

fn local(text: &str, format: &str) -> String {
    match text.parse::<Timestamp>() {
        Ok(time) => time.to_zoned(TimeZone::system()).strftime(format).to_string(),
        Err(_) => clean(text),
    }
}

/// How many of what: `1 message`, `3 messages`.
pub(crate) fn count(n: usize, one: &str) -> String {
    match n {
        1 => format!("1 {one}"),
        _ => match one.strip_suffix('y') {
            Some(stem) => format!("{n} {stem}ies"),
            None => format!("{n} {one}s"),
        },
    }
}

/// A length of time in the largest unit that fits: `12 s`, `4 min`, `3 h`, `2 days`.
pub(crate) fn length(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// The signs before lines; letters where the terminal knows no others.
#[derive(Clone, Copy)]
pub(crate) struct Marks {
    /// Well.
    pub good: &'static str,
    /// To be looked at.
    pub warn: &'static str,
    /// Not well.
    pub bad: &'static str,
    /// Again, another way.
    pub again: &'static str,
    /// Waits.
    pub wait: &'static str,
    /// Anything else.
    pub dot: &'static str,
}

impl Marks {
    /// The marks for this terminal, by its locale.
    pub(crate) fn here() -> Self {
        let said =
            ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
        Self::of(said.as_deref())
    }

    fn of(locale: Option<&str>) -> Self {
        // A terminal that says nothing shows UTF-8 nowadays.
        let plain = locale.is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            !locale.contains("utf-8") && !locale.contains("utf8")
        });
        if plain {
            Self { good: "+", warn: "!", bad: "x", again: ">", wait: "~", dot: "-" }
        } else {
            Self { good: "✔", warn: "▲", bad: "✖", again: "↺", wait: "…", dot: "·" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_letters() {
        let mut table = Table::new(&["CODE", "NAME"]);
        table.row(["MRPL", "Maple Ridge"]);
        table.row(["É", "Bibliothèque"]);
        assert_eq!(table.to_string(), "CODE  NAME\nMRPL  Maple Ridge\nÉ     Bibliothèque\n");
    }

    #[test]
    fn a_cell_cannot_steer_the_terminal() {
        let mut table = Table::new(&["A"]);
        table.row(["\u{1b}[31m"]);
        assert_eq!(table.to_string(), "A\n?[31m\n");
    }

    #[test]
    fn numbers_agree_with_their_words() {
        assert_eq!(
            [count(1, "library"), count(2, "library"), count(0, "message")],
            ["1 library", "2 libraries", "0 messages"]
        );
    }

    #[test]
    fn lengths_of_time_are_told_in_one_unit() {
        assert_eq!([length(5), length(600), length(10_000), length(200_000)], ["5 s", "10 min", "2 h", "2 days"]);
    }

    #[test]
    fn a_terminal_without_utf_8_gets_letters() {
        assert_eq!(Marks::of(Some("C")).good, "+");
        assert_eq!(Marks::of(Some("en_CA.UTF-8")).good, "✔");
        assert_eq!(Marks::of(None).good, "✔");
    }
}
