//! The words of one notice in one language, as staff write them, parsed once.
//!
//! ```text
//! ---
//! status: ready_for_pickup
//! subject: ((title)) is here
//! ---
//! Hello((first_name?? ((first_name)))),
//!
//! | Pick up by | ((pickup_by??((pickup_by|date)))) |
//!
//! [button: See this request](((request_url)))
//! ```
//!
//! In: the source. Out: [`Words`], or every problem with its line and column. The source becomes a tree *before* any
//! value is known, so no value can become a mark, a link, a header or a field. There are no loops and no code.
//! Not here: whether these words suit their notice (`check`), and writing them out (`render`).

use super::Language;
use super::catalogue::{Audience, Notice};
use super::field::Field;
use super::problem::{At, Problem, Trouble};
use super::status::Status;
use super::suggest;

mod inline;

use inline::Inline;

/// A notice of 64 KiB is thirty pages; nobody reads it, and a larger one is a mistake or an attack.
pub const SOURCE_BYTES_MAX: usize = 64 * 1024;
/// Paragraphs, headings, items, rows and buttons: ten screens.
pub const LINES_MAX: usize = 200;
/// Fields, bold parts and links together: far above any letter, and it bounds what one message can grow to.
pub const PIECES_MAX: usize = 500;
/// A row of facts, a condition in it, a bold part in that and a field: deeper is unreadable.
pub const NESTING_MAX: usize = 4;
/// An editor mends the first few and looks again.
const PROBLEMS_MAX: usize = 50;

/// The words of one notice in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// The notice they are for.
    pub notice: Notice,
    /// The language they are in.
    pub language: Language,
    /// The subject line, which is also the heading of the message.
    pub subject: Line,
    /// What shows on a locked screen, where push is used.
    pub push: Option<Line>,
    /// The text message, where there is one.
    pub sms: Option<Line>,
    /// The letter.
    pub blocks: Vec<Block>,
    /// Where the subject stands in the source, for problems.
    pub subject_at: At,
}

/// What stands on one line.
pub type Line = Vec<Piece>;

/// A part of the letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A heading below the message's own.
    Heading(Line),
    /// Lines that belong together; each stays a line.
    Paragraph(Vec<Line>),
    /// Items of a list.
    List(Vec<Line>),
    /// Facts: a label and a value each.
    Facts(Vec<Fact>),
    /// The one thing to do.
    Button(Button),
    /// A rule across.
    Divider,
}

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is.
    pub label: Line,
    /// What it comes to.
    pub value: Line,
}

/// A link shown as a button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    /// The field without which there is no button.
    pub when: Option<Field>,
    /// What it says.
    pub label: Line,
    /// Where it goes.
    pub target: Target,
}

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Words as they stand.
    Text(String),
    /// A field's value.
    Field {
        /// Which.
        field: Field,
        /// Written how.
        filter: Option<Filter>,
        /// Where it stands in the source.
        at: At,
    },
    /// Words that stand only where the field has a value.
    When {
        /// Which field.
        field: Field,
        /// The words.
        then: Line,
        /// Where it stands in the source.
        at: At,
    },
    /// Bold words.
    Bold(Line),
    /// Linked words.
    Link {
        /// What is linked.
        label: Line,
        /// Where it goes.
        target: Target,
        /// Where it stands in the source.
        at: At,
    },
}

/// Where a link goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// To a field's value.
    Field(Field, At),
    /// To an https address that stands in the words.
    Literal(String, At),
}

/// How a field's value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Filter {
    /// The day.
    Date,
    /// The time of day.
    Time,
    /// Capitals.
    Upper,
}

impl Filter {
    const ALL: [Self; 3] = [Self::Date, Self::Time, Self::Upper];

    /// Its name after `|`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Time => "time",
            Self::Upper => "upper",
        }
    }
}

/// The keys of the front matter.
const KEYS: [&str; 5] = ["status", "audience", "subject", "push", "sms"];

impl Words {
    /// Reads the words of a notice.
    ///
    /// French words get their non-breaking spaces here, so that editors need not type them.
    ///
    /// # Errors
    /// Every [`Problem`] that keeps them from being written out, in the order of the source.
    pub fn parse(source: &str, language: Language) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader { language, problems: Vec::new(), pieces: 0, lines: 0 };
        let words = reader.words(source.strip_prefix('\u{feff}').unwrap_or(source));
        match words {
            Some(words) if reader.problems.is_empty() => Ok(words),
            _ => {
                reader.problems.sort_by_key(|problem| problem.at);
                reader.problems.truncate(PROBLEMS_MAX);
                Err(reader.problems)
            }
        }
    }
}

/// What is known while reading.
struct Reader {
    language: Language,
    problems: Vec<Problem>,
    pieces: usize,
    lines: usize,
}

/// One line of the source, with its number.
#[derive(Clone, Copy)]
struct Row<'a> {
    number: u32,
    text: &'a str,
}

/// What the front matter said.
#[derive(Default)]
struct Front<'a> {
    values: [Option<(&'a str, At)>; KEYS.len()],
}

impl Reader {
    fn words(&mut self, source: &str) -> Option<Words> {
        let top = At { line: 1, column: 1 };
        let grown =
            source.bytes().map(|b| if matches!(b, b'&' | b'<' | b'>' | b'"' | b'\'') { 5 } else { 1 }).sum::<usize>();
        if grown > SOURCE_BYTES_MAX {
            self.problem(top, Trouble::TooLong { bytes_max: SOURCE_BYTES_MAX });
            return None;
        }
        let rows = (1..).zip(source.lines()).map(|(number, text)| Row { number, text });
        let mut rows = rows.inspect(|row| self.refuse_controls(*row)).collect::<Vec<_>>().into_iter();
        if rows.next().is_none_or(|row| row.text.trim_end() != "---") {
            self.problem(top, Trouble::NoFrontMatter);
            return None;
        }
        let front = self.front(&mut rows)?;
        let notice = self.notice(&front, top);
        let subject = match front.values[2] {
            Some((text, at)) if !text.is_empty() => Some((self.plain_line(text, at), at)),
            _ => {
                self.problem(top, Trouble::KeyMissing { key: "subject" });
                None
            }
        };
        let push = front.values[3].map(|(text, at)| self.plain_line(text, at));
        let sms = front.values[4].map(|(text, at)| self.plain_line(text, at));
        let blocks = self.blocks(rows);
        if blocks.is_empty() {
            self.problem(top, Trouble::Empty);
        }
        let (subject, subject_at) = subject?;
        Some(Words { notice: notice?, language: self.language, subject, push, sms, blocks, subject_at })
    }

    fn problem(&mut self, at: At, trouble: Trouble) {
        let full = self.problems.len() >= PROBLEMS_MAX;
        if !full && !self.problems.iter().any(|p| p.at == at && p.trouble == trouble) {
            self.problems.push(Problem { at, trouble });
        }
    }

    fn refuse_controls(&mut self, row: Row<'_>) {
        // Bidirectional controls in words would show one thing to the editor and send another.
        let unseen =
            |c: char| c.is_control() && c != '\t' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if let Some(index) = row.text.chars().position(unseen) {
            let column = u32::try_from(index + 1).unwrap_or(u32::MAX);
            self.problem(At { line: row.number, column }, Trouble::ControlCharacter);
        }
    }

    fn front<'a>(&mut self, rows: &mut impl Iterator<Item = Row<'a>>) -> Option<Front<'a>> {
        let mut front = Front::default();
        for row in rows {
            let at = At { line: row.number, column: 1 };
            if row.text.trim_end() == "---" {
                return Some(front);
            }
            if row.text.trim().is_empty() {
                continue;
            }
            let Some((key, value)) = row.text.split_once(':') else {
                self.problem(at, Trouble::NotAKey);
                continue;
            };
            let Some(index) = KEYS.iter().position(|known| *known == key.trim()) else {
                let suggestion = suggest::nearest(key.trim(), KEYS);
                self.problem(at, Trouble::UnknownKey { key: key.trim().chars().take(40).collect(), suggestion });
                continue;
            };
            if front.values[index].is_some() {
                self.problem(at, Trouble::KeyTwice { key: KEYS[index] });
            }
            let lead = key.chars().count() + 1 + value.chars().take_while(|c| c.is_whitespace()).count();
            let column = u32::try_from(lead + 1).unwrap_or(u32::MAX);
            front.values[index] = Some((value.trim(), At { line: row.number, column }));
        }
        self.problem(At { line: 1, column: 1 }, Trouble::FrontMatterOpen);
        None
    }

    fn notice(&mut self, front: &Front<'_>, top: At) -> Option<Notice> {
        let Some((given, at)) = front.values[0].filter(|(text, _)| !text.is_empty()) else {
            self.problem(top, Trouble::KeyMissing { key: "status" });
            return None;
        };
        let status = match Status::from_code(given) {
            Ok(status) => status,
            Err(wrong) => {
                self.problem(at, Trouble::UnknownStatus { given: wrong.given, suggestion: wrong.suggestion });
                return None;
            }
        };
        let audience = match front.values[1] {
            None => status.first_audience(),
            Some((given, at)) => match Audience::from_code(given) {
                Some(audience) => audience,
                None => {
                    self.problem(at, Trouble::UnknownAudience { given: given.chars().take(40).collect() });
                    return None;
                }
            },
        };
        let notice = Notice { status, audience };
        if notice.entry().is_none() {
            self.problem(at, Trouble::NotInCatalogue { status, audience });
            return None;
        }
        Some(notice)
    }

    fn blocks<'a>(&mut self, rows: impl Iterator<Item = Row<'a>>) -> Vec<Block> {
        let mut blocks: Vec<Block> = Vec::new();
        let mut open = false;
        for row in rows {
            let text = row.text.trim();
            if text.is_empty() {
                open = false;
                continue;
            }
            self.lines += 1;
            if self.lines > LINES_MAX {
                self.problem(At { line: row.number, column: 1 }, Trouble::TooMany);
                break;
            }
            let block = self.block(row, text);
            match (block, blocks.last_mut().filter(|_| open)) {
                (Some(Block::Paragraph(more)), Some(Block::Paragraph(lines))) => lines.extend(more),
                (Some(Block::Paragraph(more)), Some(Block::List(items))) if row.text.starts_with([' ', '\t']) => {
                    // An item that goes on, indented, on the next line.
                    if let Some(item) = items.last_mut() {
                        item.push(Piece::Text(" ".into()));
                        item.extend(more.into_iter().flatten());
                    }
                }
                (Some(Block::List(more)), Some(Block::List(items))) => items.extend(more),
                (Some(Block::Facts(more)), Some(Block::Facts(facts))) => facts.extend(more),
                (Some(block), _) => blocks.push(block),
                (None, _) => {}
            }
            open = true;
        }
        blocks
    }

    /// The block that one line of the source is, or begins; none for a rule below a table's head.
    fn block(&mut self, row: Row<'_>, text: &str) -> Option<Block> {
        let lead = row.text.chars().take_while(|c| c.is_whitespace()).count();
        let at = At { line: row.number, column: u32::try_from(lead + 1).unwrap_or(u32::MAX) };
        if text.len() >= 3 && text.bytes().all(|b| b == b'-') {
            return Some(Block::Divider);
        }
        let hashes = text.bytes().take_while(|b| *b == b'#').count();
        if (1..=3).contains(&hashes) && text[hashes..].starts_with(' ') {
            return Some(Block::Heading(self.marked_line(text, hashes + 1, at)));
        }
        if text.starts_with("- ") {
            return Some(Block::List(vec![self.marked_line(text, 2, at)]));
        }
        if text.starts_with('|') {
            return self.fact(text, at).map(|fact| Block::Facts(vec![fact]));
        }
        let mut inline = Inline::new(self, text, 0, at);
        if let Some(button) = inline.button() {
            return Some(Block::Button(button));
        }
        Some(Block::Paragraph(vec![self.marked_line(text, 0, at)]))
    }

    fn fact(&mut self, text: &str, at: At) -> Option<Fact> {
        if text.bytes().all(|b| matches!(b, b'|' | b'-' | b':' | b' ')) {
            return None;
        }
        let bars = bars(text);
        let &[first, middle, last] = bars.as_slice() else {
            self.problem(at, Trouble::NotARow);
            return None;
        };
        if last + 1 != text.len() {
            self.problem(at, Trouble::NotARow);
            return None;
        }
        let label = self.marked_line(&text[..middle], first + 1, at);
        let value = self.marked_line(&text[..last], middle + 1, at);
        Some(Fact { label, value })
    }

    /// A line with bold parts and links, from the octet `from` of `text` on; `at` is where `text` begins.
    fn marked_line(&mut self, text: &str, from: usize, at: At) -> Line {
        let skipped = text[from..].len() - text[from..].trim_start().len();
        let end = text.trim_end().len().max(from + skipped);
        Inline::new(self, &text[..end], from + skipped, at).line(true)
    }

    /// A line of fields and words only: subject and push.
    fn plain_line(&mut self, text: &str, at: At) -> Line {
        Inline::new(self, text, 0, at).line(false)
    }
}

/// Where the `|` of a row stand that are not part of a field.
fn bars(text: &str) -> Vec<usize> {
    let mut bars = Vec::new();
    let mut depth = 0_usize;
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        match bytes[i] {
            b'\\' => i += 1,
            b'(' if bytes.get(i + 1) == Some(&b'(') => {
                depth += 1;
                i += 1;
            }
            b')' if bytes.get(i + 1) == Some(&b')') => {
                depth = depth.saturating_sub(1);
                i += 1;
            }
            b'|' if depth == 0 => bars.push(i),
            _ => {}
        }
        i += 1;
    }
    bars
}

#[cfg(test)]
mod tests;
