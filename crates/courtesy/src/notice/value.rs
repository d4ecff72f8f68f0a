//! The values of fields for one message, made harmless once.
//!
//! In: what systems and staff sent, as text. Out: [`Fields`]: values of the kind their field wants, on one line, without
//! controls, within their limit. What does not fit its field is refused and then counts as missing: a notice is
//! held rather than sent with nonsense. Not here: which fields words name (`words`), escaping (`html`, `text`).

use std::borrow::Cow;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};
use standards::address::Address;

use super::Language;
use super::dates;
use super::field::{Field, Kind};
use super::typography::{self, NBSP};
use super::words::Filter;

/// The longest value: a title of 4 KiB is a data error, and thirty of them still make one page.
pub const VALUE_BYTES_MAX: usize = 4 * 1024;
/// The most lines of one value, and their longest: together they stay below what all values may come to.
pub const LINES_MAX: usize = 150;
/// See [`LINES_MAX`].
const LINE_LETTERS_MAX: usize = 90;
/// Longer addresses break in mail programs.
pub const URL_BYTES_MAX: usize = 2 * 1024;

/// A value its field cannot hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is not {}", .field.name(), wanted(.field.kind()))]
pub struct Unfit {
    /// The field.
    pub field: Field,
}

fn wanted(kind: Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::Name | Kind::Phone => "a text",
        Kind::Date => "a day such as 2026-11-30",
        Kind::Time => "a time such as 2026-11-30T18:05:00-08:00",
        Kind::Url => "an http or https address",
        Kind::Email => "a mail address",
        Kind::Number => "a whole number",
        Kind::Money => "an amount such as 25.00",
        Kind::Lines | Kind::Items => "lines of text",
    }
}

/// One notice in short, among others in one message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What it says: its subject, written out. Values in it that run from right to left are isolated.
    pub said: String,
    /// The day it is about, and its request.
    pub facts: String,
    /// Where to read more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Items of one message at most: a screen or two. Who is told more in a day gets a second message.
pub const ITEMS_MAX: usize = 50;
/// The longest part of an item, in letters: two lines on a telephone.
const ITEM_LETTERS_MAX: usize = 120;

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Text(String),
    Items(Vec<Item>),
    Day(Date),
    Local(DateTime),
    Moment(Timestamp),
}

/// The values of one message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    values: Vec<(Field, Value)>,
}

impl Fields {
    /// No values yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The example values of previews.
    #[must_use]
    pub fn samples(language: Language) -> Self {
        let mut fields = Self::new();
        for field in Field::ALL {
            // Samples fit their fields: a test of this file says so.
            let _ = fields.set(*field, field.sample(language));
        }
        fields
    }

    /// Values by name, under any name a field has. Names of no field come back in the first list, values that do not
    /// fit in the second.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> (Self, Vec<&'a str>, Vec<Unfit>) {
        let (mut fields, mut unknown, mut unfit) = (Self::new(), Vec::new(), Vec::new());
        for (name, text) in pairs {
            match Field::from_any_name(name) {
                Some(field) => unfit.extend(fields.set(field, text).err()),
                None => unknown.push(name),
            }
        }
        (fields, unknown, unfit)
    }

    /// Gives a field its value, in place of an older one. A text of nothing but spaces takes the value away.
    ///
    /// # Errors
    /// [`Unfit`] where the field cannot hold it; the field is then without a value.
    pub fn set(&mut self, field: Field, text: &str) -> Result<(), Unfit> {
        self.values.retain(|(known, _)| *known != field);
        if field.kind() == Kind::Items {
            let items = text.lines().map(item).filter(|item| !item.said.is_empty());
            self.set_items(field, items.collect());
            return Ok(());
        }
        let text = if field.kind() == Kind::Lines { lines(text) } else { clean(text) };
        if text.is_empty() {
            return Ok(());
        }
        let value = match field.kind() {
            Kind::Text | Kind::Name | Kind::Phone | Kind::Lines => Some(Value::Text(unlinked(text))),
            Kind::Date => day(&text),
            Kind::Time => moment(&text),
            Kind::Url => url_is_sound(&text).then_some(Value::Text(text)),
            Kind::Email => Address::parse(&text).ok().map(|_| Value::Text(text)),
            Kind::Number => text.parse::<i64>().ok().map(|number| Value::Text(number.to_string())),
            Kind::Money => amount_is_sound(&text).then_some(Value::Text(text)),
            Kind::Items => None,
        };
        self.values.push((field, value.ok_or(Unfit { field })?));
        Ok(())
    }

    /// Gives a field of items its value: what we wrote out ourselves, of which links alone are looked at again. What is beyond
    /// [`ITEMS_MAX`] is left out; without any, the value goes away.
    pub fn set_items(&mut self, field: Field, mut items: Vec<Item>) {
        self.values.retain(|(known, _)| *known != field);
        items.truncate(ITEMS_MAX);
        for item in &mut items {
            item.url = item.url.take().filter(|url| url_is_sound(url));
        }
        if !items.is_empty() {
            self.values.push((field, Value::Items(items)));
        }
    }

    /// The items of a field that holds some.
    #[must_use]
    pub fn items(&self, field: Field) -> Option<&[Item]> {
        match self.find(field)? {
            Value::Items(items) => Some(items),
            _ => None,
        }
    }

    /// The day that the field holds; of a moment, its day in `zone`.
    #[must_use]
    pub fn day(&self, field: Field, zone: &TimeZone) -> Option<Date> {
        match self.find(field)? {
            Value::Day(day) => Some(*day),
            Value::Local(moment) => Some(moment.date()),
            Value::Moment(moment) => Some(moment.to_zoned(zone.clone()).date()),
            Value::Text(_) | Value::Items(_) => None,
        }
    }

    /// Whether the field has a value.
    #[must_use]
    pub fn has(&self, field: Field) -> bool {
        self.find(field).is_some()
    }

    /// The value as it is written in `language`; days and times in `zone`.
    #[must_use]
    pub fn write(
        &self,
        field: Field,
        filter: Option<Filter>,
        language: Language,
        zone: &TimeZone,
    ) -> Option<Cow<'_, str>> {
        let civil = match self.find(field)? {
            Value::Text(text) => {
                return Some(match (filter, field.kind()) {
                    (Some(Filter::Upper), _) => Cow::Owned(text.to_uppercase()),
                    (_, Kind::Lines) => Cow::Owned(text.replace('\n', "; ")),
                    (_, Kind::Money) if language == Language::Fr => Cow::Owned(text.replace('.', ",")),
                    _ => Cow::Borrowed(text),
                });
            }
            Value::Items(items) => {
                let all: Vec<&str> = items.iter().map(|item| item.said.as_str()).collect();
                return Some(Cow::Owned(all.join("; ")));
            }
            Value::Day(date) => return Some(Cow::Owned(dates::day(*date, language))),
            Value::Local(local) => *local,
            Value::Moment(moment) => Zoned::new(*moment, zone.clone()).datetime(),
        };
        Some(Cow::Owned(match (filter, field.kind()) {
            (Some(Filter::Time), _) => dates::time(civil.time(), language),
            (Some(Filter::Date), _) | (_, Kind::Date) => dates::day(civil.date(), language),
            _ => dates::moment(civil, language),
        }))
    }

    /// The lines of a field that holds some.
    pub fn lines(&self, field: Field) -> Option<std::str::Split<'_, char>> {
        match self.find(field)? {
            Value::Text(text) if field.kind() == Kind::Lines => Some(text.split('\n')),
            _ => None,
        }
    }

    /// The value of a url field.
    #[must_use]
    pub fn url(&self, field: Field) -> Option<&str> {
        match self.find(field)? {
            Value::Text(text) if field.kind() == Kind::Url => Some(text),
            _ => None,
        }
    }

    fn find(&self, field: Field) -> Option<&Value> {
        self.values.iter().find(|(known, _)| *known == field).map(|(_, value)| value)
    }
}

/// One line without controls, bidirectional controls and characters that are none; runs of spaces as one; at most
/// [`VALUE_BYTES_MAX`].
#[must_use]
pub fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len().min(VALUE_BYTES_MAX));
    let mut space = false;
    for letter in text.chars() {
        // Bidirectional embeddings and isolates could turn around what stands beside the value.
        let unseen = matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}');
        let breaks = letter.is_control() || letter.is_whitespace() && letter != NBSP && letter != '\u{202f}';
        if breaks {
            // A NUL is nothing; the other controls and all breaks part words.
            space |= letter != '\0';
        } else if !unseen {
            if space && !clean.is_empty() {
                clean.push(' ');
            }
            space = false;
            if clean.len() + letter.len_utf8() + '…'.len_utf8() > VALUE_BYTES_MAX {
                clean.push('…');
                return clean;
            }
            clean.push(letter);
        }
    }
    clean
}

/// Each line made harmless by itself, and cut to a length that many of them may have.
fn lines(text: &str) -> String {
    let lines = text.lines().map(clean).filter(|line| !line.is_empty());
    let short = lines.map(|line| typography::shorten(&line, LINE_LETTERS_MAX).into_owned());
    short.take(LINES_MAX).collect::<Vec<_>>().join("\n")
}

/// An item as a text of one line: what it says, its facts and its link, with tabs between them.
fn item(line: &str) -> Item {
    let mut parts = line.splitn(3, '\t');
    let mut part = || parts.next().map(clean).unwrap_or_default();
    let (said, facts, url) = (part(), part(), part());
    let short = |text: String| unlinked(typography::shorten(&text, ITEM_LETTERS_MAX).into_owned());
    Item { said: short(said), facts: short(facts), url: Some(url).filter(|url| !url.is_empty()) }
}

/// Mail programs make links of addresses they find in words. A title or a note from elsewhere gets none: a word joiner
/// (U+2060), which does not show, keeps the address from being taken for one.
fn unlinked(text: String) -> String {
    if !text.contains("://") && !text.contains("www.") {
        return text;
    }
    text.replace("://", ":\u{2060}//").replace("www.", "www\u{2060}.")
}

/// A day: `2026-11-30`, the same with a zone (XSD), or a moment, whose day is the library's. Midnight in UTC is how many
/// systems write a mere day, so it stays that day west of Greenwich too.
fn day(text: &str) -> Option<Value> {
    let head = text.get(..10).and_then(|head| head.parse::<Date>().ok())?;
    let tail = &text[10..];
    let time_of_day = tail.strip_prefix(['T', 't', ' ']);
    let midnight = time_of_day
        .and_then(|time| time.strip_suffix(['Z', 'z']))
        .is_some_and(|time| time.starts_with("00:00") && time.bytes().all(|b| matches!(b, b'0' | b':' | b'.')));
    match time_of_day {
        None => (tail.is_empty() || tail.starts_with(['Z', '+', '-'])).then_some(Value::Day(head)),
        Some(_) if midnight => Some(Value::Day(head)),
        Some(_) => moment(text),
    }
}

fn moment(text: &str) -> Option<Value> {
    match text.parse::<Timestamp>() {
        Ok(moment) => Some(Value::Moment(moment)),
        Err(_) => text.parse::<DateTime>().ok().map(Value::Local),
    }
}

fn amount_is_sound(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, part].iter().all(|run| (1..=12).contains(&run.len()) && run.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a value may be linked: http or https with a host, ASCII, and nothing that ends an attribute or a line.
#[must_use]
pub fn url_is_sound(url: &str) -> bool {
    let lower = url.get(..8).unwrap_or(url).to_ascii_lowercase();
    let rest = if lower.starts_with("https://") {
        &url[8..]
    } else if lower.starts_with("http://") {
        &url[7..]
    } else {
        return false;
    };
    url.len() <= URL_BYTES_MAX && authority_is_sound(rest)
}

/// What follows `https://`: a host without user name, then only characters RFC 3986 §2 allows.
pub(super) fn authority_is_sound(rest: &str) -> bool {
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&b);
    rest.bytes().all(allowed)
        && !host.contains('@')
        && host.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'[')
}

#[cfg(test)]
mod tests;
