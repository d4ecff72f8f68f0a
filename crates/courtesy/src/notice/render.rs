//! Writing a notice: words, fields and frame become subject, text and HTML.
//!
//! In: parsed [`Words`], the [`Fields`] of one request, the library's [`Frame`]. Out: a [`Rendered`] message, or the
//! fields that are [`Missing`]: never a letter with a blank in it. What is left out and what is hidden is decided once,
//! here; `text` and `html` write the same runs. Not here: the bytes of the mail (`delivery::compose`).

use std::borrow::Cow;

use super::field::Field;
use super::frame::{self, Frame};
use super::letter::{self, Letter};
use super::typography;
use super::value::{Fields, Item};
use super::words::{Block, Button, Piece, Target, Words};
use super::{html, text};

/// What all values of one message may come to, so that no message passes [`OUTPUT_BYTES_MAX`]: five of the longest.
/// Further values are cut.
pub const VALUES_BYTES_MAX: usize = 20 * 1024;
/// The same for the addresses of links: four of the longest. They cannot be cut, so further words stand without a link.
pub const URLS_BYTES_MAX: usize = 8 * 1024;
/// No part of a message is longer, whatever words and values are: mail programs clip at about 100 KB, and a queue must
/// know what a message can weigh. The limits of `words` and [`VALUES_BYTES_MAX`] keep it; a test says so.
pub const OUTPUT_BYTES_MAX: usize = 256 * 1024;
/// Mail programs show about seventy letters of a subject, phones forty; this leaves a title its first words.
pub const SUBJECT_LETTERS_MAX: usize = 100;
/// The least a value keeps in a subject, however long the words around it.
const SUBJECT_VALUE_LETTERS_MIN: usize = 24;
/// The most of a value that stands in the message's heading; the letter has it in full.
const HEADING_VALUE_LETTERS_MAX: usize = 200;

/// A message, ready to be put into an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// One line.
    pub subject: String,
    /// The text part: lines of at most 72 columns where words allow, each ended by LF.
    pub text: String,
    /// The HTML part: a whole document.
    pub html: String,
}

/// Fields that the words need and the request did not bring.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("missing: {}", .fields.join(", "))]
pub struct Missing {
    /// Their names, each once, in the order of the words.
    pub fields: Vec<String>,
}

/// Words in a row that look alike.
#[derive(Clone, Debug)]
pub(super) struct Run<'a> {
    pub text: Cow<'a, str>,
    /// Whether it comes from a field: it is set apart for direction.
    pub is_value: bool,
    pub bold: bool,
    pub link: Option<&'a str>,
}

/// A line as it will be written.
pub(super) type Runs<'a> = Vec<Run<'a>>;

/// An item of a list.
pub(super) struct Listed<'a> {
    pub line: Runs<'a>,
    /// What stands below it, quieter: the facts of a notice told in short.
    pub facts: Option<Run<'a>>,
}

/// A part of the letter as it will be written.
pub(super) enum Written<'a> {
    Heading(Runs<'a>),
    Paragraph(Vec<Runs<'a>>),
    List(Vec<Listed<'a>>),
    Facts(Vec<(Runs<'a>, Runs<'a>)>),
    Button(Runs<'a>, &'a str),
    Divider,
}

/// Writes a notice out.
///
/// # Errors
/// [`Missing`], where a field stands in the words without `??` and has no value. The caller holds the message with the
/// cause `render.field`.
pub fn render(words: &Words, fields: &Fields, frame: &Frame) -> Result<Rendered, Missing> {
    let (subject, blocks) = Scribe::new(words, fields, frame).all()?;
    let heading = shortened(&subject, HEADING_VALUE_LETTERS_MAX);
    let subject = one_line(&shortened(&subject, subject_value_letters(&subject)));
    let text = text::write(&blocks, frame, words.language);
    let html = html::write(&subject, &heading, &blocks, frame, words.language);
    Ok(Rendered { subject, text, html })
}

/// Writes the subject alone, its values cut so that it is about `letters_max` long: what a notice says in short.
///
/// # Errors
/// [`Missing`], as for [`render`].
pub fn render_subject(words: &Words, fields: &Fields, frame: &Frame, letters_max: usize) -> Result<String, Missing> {
    let mut scribe = Scribe::new(words, fields, frame);
    let runs = scribe.line(&words.subject);
    if !scribe.missing.is_empty() {
        return Err(scribe.missing());
    }
    Ok(one_line(&shortened(&runs, value_letters(&runs, letters_max))))
}

/// The longest text message, in letters: three parts in the 7-bit alphabet. A longer one costs more than a letter.
const SMS_LETTERS_MAX: usize = 459;
/// The most of a value that stands in a text message.
const SMS_VALUE_LETTERS_MAX: usize = 60;

/// Writes what shows on a locked screen, where the words have it. Titles never stand there.
///
/// # Errors
/// [`Missing`], as for [`render`].
pub fn render_push(words: &Words, fields: &Fields, frame: &Frame) -> Result<Option<String>, Missing> {
    let Some(push) = &words.push else { return Ok(None) };
    short(words, push, fields, frame, SUBJECT_LETTERS_MAX).map(Some)
}

/// Writes the text message. Words without one say the library's name, what shows on a locked screen, and the telephone to ask at;
/// none where they have neither. Titles never stand there: a text message is read over shoulders, and lies on servers in clear.
///
/// # Errors
/// [`Missing`], as for [`render`].
pub fn render_sms(words: &Words, fields: &Fields, frame: &Frame) -> Result<Option<String>, Missing> {
    let text = match (&words.sms, &words.push) {
        (Some(sms), _) => short(words, sms, fields, frame, SMS_VALUE_LETTERS_MAX)?,
        (None, Some(push)) => {
            let push = short(words, push, fields, frame, SMS_VALUE_LETTERS_MAX)?;
            let colon = if words.language == super::Language::Fr { "\u{a0}:" } else { ":" };
            let phone = frame.phone.as_ref().map(|phone| format!(" ({phone})")).unwrap_or_default();
            format!("{}{colon} {push}{phone}", frame.library_name)
        }
        (None, None) => return Ok(None),
    };
    Ok(Some(typography::shorten(&standards::sms::plain(&text), SMS_LETTERS_MAX).into_owned()))
}

/// Writes a notice out as a letter on paper.
///
/// # Errors
/// [`Missing`], as for [`render`].
pub fn render_letter(words: &Words, fields: &Fields, frame: &Frame) -> Result<Letter, Missing> {
    let (subject, blocks) = Scribe::new(words, fields, frame).all()?;
    let subject = one_line(&shortened(&subject, HEADING_VALUE_LETTERS_MAX));
    Ok(letter::write(subject, &blocks, frame, words.language))
}

/// One line without titles, each value of it cut at `letters_max`.
fn short(words: &Words, line: &[Piece], fields: &Fields, frame: &Frame, letters_max: usize) -> Result<String, Missing> {
    let frame = Frame { hide_titles: true, ..frame.clone() };
    let mut scribe = Scribe::new(words, fields, &frame);
    let runs = scribe.line(line);
    if scribe.missing.is_empty() { Ok(one_line(&shortened(&runs, letters_max))) } else { Err(scribe.missing()) }
}

/// Puts values into words.
struct Scribe<'a, 'f> {
    words: &'a Words,
    fields: &'a Fields,
    frame: &'f Frame,
    missing: Vec<Field>,
    bytes_left: usize,
    url_bytes_left: usize,
}

impl<'a, 'f> Scribe<'a, 'f> {
    fn new(words: &'a Words, fields: &'a Fields, frame: &'f Frame) -> Self {
        let (bytes_left, url_bytes_left) = (VALUES_BYTES_MAX, URLS_BYTES_MAX);
        Self { words, fields, frame, missing: Vec::new(), bytes_left, url_bytes_left }
    }

    /// The subject and all blocks that have something to say.
    fn all(mut self) -> Result<(Runs<'a>, Vec<Written<'a>>), Missing> {
        let words = self.words;
        let subject = self.line(&words.subject);
        let blocks = words.blocks.iter().filter_map(|block| self.block(block)).collect();
        if self.missing.is_empty() { Ok((subject, blocks)) } else { Err(self.missing()) }
    }

    fn missing(&self) -> Missing {
        Missing { fields: self.missing.iter().map(|field| field.name().to_owned()).collect() }
    }

    fn lack(&mut self, field: Field) {
        if !self.missing.contains(&field) {
            self.missing.push(field);
        }
    }

    fn block(&mut self, block: &'a Block) -> Option<Written<'a>> {
        let some = |lines: Vec<Runs<'a>>| (!lines.is_empty()).then_some(lines);
        match block {
            Block::Heading(line) => self.standing(line).map(Written::Heading),
            Block::Paragraph(lines) => {
                some(lines.iter().filter_map(|line| self.standing(line)).collect()).map(Written::Paragraph)
            }
            Block::List(items) => {
                let items: Vec<Listed<'a>> = items.iter().flat_map(|item| self.items(item)).collect();
                (!items.is_empty()).then_some(Written::List(items))
            }
            Block::Facts(facts) => {
                let rows = facts.iter().filter_map(|fact| {
                    let hidden =
                        self.frame.hide_titles && (names_sensitive(&fact.value) || names_sensitive(&fact.label));
                    let value = if hidden { None } else { self.standing(&fact.value) };
                    value.map(|value| (self.line(&fact.label), value))
                });
                let rows: Vec<_> = rows.collect();
                (!rows.is_empty()).then_some(Written::Facts(rows))
            }
            Block::Button(button) => self.button(button),
            Block::Divider => Some(Written::Divider),
        }
    }

    fn button(&mut self, button: &'a Button) -> Option<Written<'a>> {
        if button.when.is_some_and(|field| !self.stands(field)) {
            return None;
        }
        let label = self.line(&button.label);
        self.target(&button.target).map(|url| Written::Button(label, url))
    }

    /// An item of a list: one line, or as many as the field has that is all of it.
    fn items(&mut self, item: &'a [Piece]) -> Vec<Listed<'a>> {
        let alone = |line| Listed { line, facts: None };
        if let [Piece::Field { field, .. }] = item
            && let Some(items) = self.fields.items(*field)
        {
            return items.iter().map(|item| self.short_notice(item)).collect();
        }
        if let [Piece::Field { field, .. }] = item
            && let Some(lines) = self.fields.lines(*field)
        {
            let run = |text| Run { text, is_value: true, bold: false, link: None };
            return lines.map(|line| alone(vec![run(self.afford(Cow::Borrowed(line)))])).collect();
        }
        self.standing(item).map(alone).into_iter().collect()
    }

    /// What a single notice says, linked, and its facts: apart from it, so that a title from right to left leaves them in their place.
    fn short_notice(&mut self, item: &'a Item) -> Listed<'a> {
        let link = item.url.as_deref().and_then(|url| self.afford_link(url));
        let run = |text, link| Run { text, is_value: true, bold: false, link };
        let line = vec![run(self.afford(Cow::Borrowed(&item.said)), link)];
        let facts = (!item.facts.is_empty()).then(|| run(self.afford(Cow::Borrowed(&item.facts)), None));
        Listed { line, facts }
    }

    /// A line, or nothing where all that stood in it was left out.
    fn standing(&mut self, line: &'a [Piece]) -> Option<Runs<'a>> {
        let missing = self.missing.len();
        let runs = self.line(line);
        let blank = runs.iter().all(|run| run.text.trim().is_empty());
        (!blank || self.missing.len() > missing).then_some(runs)
    }

    fn line(&mut self, line: &'a [Piece]) -> Runs<'a> {
        let mut runs = Runs::with_capacity(line.len());
        self.pieces(line, false, None, &mut runs);
        runs
    }

    fn pieces(&mut self, line: &'a [Piece], bold: bool, link: Option<&'a str>, runs: &mut Runs<'a>) {
        for piece in line {
            match piece {
                Piece::Text(text) => runs.push(Run { text: Cow::Borrowed(text), is_value: false, bold, link }),
                Piece::Bold(line) => self.pieces(line, true, link, runs),
                Piece::When { field, then, .. } => {
                    if self.stands(*field) {
                        self.pieces(then, bold, link, runs);
                    }
                }
                Piece::Link { label, target, .. } => {
                    let target = self.target(target);
                    self.pieces(label, bold, target, runs);
                }
                Piece::Field { field, filter, .. } => {
                    if self.is_hidden(*field) {
                        let text = self.hidden(*field, runs);
                        runs.push(Run { text, is_value: false, bold, link });
                        continue;
                    }
                    match self.fields.write(*field, *filter, self.words.language, &self.frame.zone) {
                        Some(text) => {
                            let url = self.fields.url(*field).filter(|_| link.is_none());
                            let link = link.or_else(|| self.afford_link(url?));
                            let text = self.afford(text);
                            runs.push(Run { text, is_value: true, bold, link });
                        }
                        None => self.lack(*field),
                    }
                }
            }
        }
    }

    fn is_hidden(&self, field: Field) -> bool {
        self.frame.hide_titles && field.is_sensitive()
    }

    /// Whether words that depend on `field` stand: it has a value, and may be shown.
    fn stands(&self, field: Field) -> bool {
        !self.is_hidden(field) && self.fields.has(field)
    }

    /// What stands for a field that stays out, with a capital where a sentence begins.
    fn hidden(&self, field: Field, before: &Runs<'a>) -> Cow<'a, str> {
        let words = frame::words(self.words.language);
        if !matches!(field, Field::Title | Field::ComponentTitle) {
            return Cow::Borrowed(words.not_shown);
        }
        let last = before.iter().rev().map(|run| run.text.trim_end()).find(|text| !text.is_empty());
        if last.is_some_and(|text| !text.ends_with(['.', '!', '?'])) {
            return Cow::Borrowed(words.your_item);
        }
        let mut letters = words.your_item.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        Cow::Owned(first.chain(letters).collect())
    }

    fn target(&mut self, target: &'a Target) -> Option<&'a str> {
        let url = match target {
            Target::Literal(url, _) => return Some(url),
            Target::Field(field, _) => match self.fields.url(*field) {
                Some(url) => url,
                None => {
                    self.lack(*field);
                    return None;
                }
            },
        };
        self.afford_link(url)
    }

    fn afford_link(&mut self, url: &'a str) -> Option<&'a str> {
        self.url_bytes_left = self.url_bytes_left.checked_sub(url.len())?;
        Some(url)
    }

    /// The value as far as all values together may go.
    fn afford(&mut self, text: Cow<'a, str>) -> Cow<'a, str> {
        match self.bytes_left.checked_sub(text.len()) {
            Some(left) => {
                self.bytes_left = left;
                text
            }
            None => {
                self.bytes_left = self.bytes_left.saturating_sub(SUBJECT_VALUE_LETTERS_MIN);
                Cow::Owned(typography::shorten(&text, SUBJECT_VALUE_LETTERS_MIN).into_owned())
            }
        }
    }
}

/// Whether a line says what somebody reads.
fn names_sensitive(line: &[Piece]) -> bool {
    line.iter().any(|piece| match piece {
        Piece::Text(_) => false,
        Piece::Field { field, .. } => field.is_sensitive(),
        Piece::When { field, then, .. } => field.is_sensitive() || names_sensitive(then),
        Piece::Bold(line) | Piece::Link { label: line, .. } => names_sensitive(line),
    })
}

/// How many letters each value of a subject keeps: what the words leave, shared out.
fn subject_value_letters(runs: &Runs<'_>) -> usize {
    value_letters(runs, SUBJECT_LETTERS_MAX)
}

/// The same for a line of about `letters_max`.
fn value_letters(runs: &Runs<'_>, letters_max: usize) -> usize {
    let words: usize = runs.iter().filter(|run| !run.is_value).map(|run| run.text.chars().count()).sum();
    let values = runs.iter().filter(|run| run.is_value).count().max(1);
    (letters_max.saturating_sub(words) / values).max(SUBJECT_VALUE_LETTERS_MIN)
}

/// The runs with every value cut at a word.
fn shortened<'a>(runs: &'a Runs<'_>, letters_max: usize) -> Runs<'a> {
    let cut = |run: &'a Run<'_>| Run {
        text: if run.is_value { typography::shorten(&run.text, letters_max) } else { Cow::Borrowed(&*run.text) },
        ..*run
    };
    runs.iter().map(cut).collect()
}

/// One line of plain text: values from right to left are isolated, spaces at the ends go.
fn one_line(runs: &Runs<'_>) -> String {
    let mut line = String::with_capacity(80);
    for run in runs {
        text::push_isolated(run, &mut line);
    }
    line.trim().to_owned()
}

#[cfg(test)]
mod tests;
