//! The parts of one line: words, fields, conditions, bold parts, links, and a button that has a line to itself.
//!
//! In: one line of the source and its place. Out: its pieces, with problems handed to the reader. It never fails: what
//! cannot be read is named and passed over, so that an editor sees all problems of a line at once.

use super::{
    At, Button, Field, Filter, Language, Line, NESTING_MAX, PIECES_MAX, Piece, Problem, Reader, Target, Trouble,
};
use crate::notice::typography;

/// A cursor over one line.
pub(super) struct Inline<'a, 'r> {
    reader: &'r mut Reader,
    text: &'a str,
    /// The octet to read next.
    next: usize,
    /// Where `text` begins in the source.
    at: At,
    /// Whether `**` and `[…](…)` mean anything here.
    marks: bool,
    depth: usize,
}

/// What ends a run of pieces.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Line,
    Condition,
    Bold,
    Label,
}

impl End {
    /// What is written to end it, and what to call it where that is missing.
    fn marks(self) -> (&'static str, &'static str) {
        match self {
            Self::Line => ("", ""),
            Self::Condition => ("))", "(("),
            Self::Bold => ("**", "**"),
            Self::Label => ("]", "["),
        }
    }
}

impl<'a, 'r> Inline<'a, 'r> {
    pub(super) fn new(reader: &'r mut Reader, text: &'a str, from: usize, at: At) -> Self {
        Self { reader, text, next: from, at, marks: true, depth: 0 }
    }

    /// The whole line.
    pub(super) fn line(&mut self, marks: bool) -> Line {
        self.marks = marks;
        self.pieces(End::Line, self.here())
    }

    /// `[button: label](target)`, alone on its line or within one condition; none where the line is something else.
    pub(super) fn button(&mut self) -> Option<Button> {
        let bare = |text: &str| text.starts_with("[button:");
        let condition = self.text.strip_prefix("((").and_then(|rest| {
            let (name, then) = rest.split_once("??")?;
            (bare(then) && !name.contains("))")).then_some(name)
        });
        let when = match condition {
            Some(name) => {
                let at = self.here();
                self.next = 2 + name.len() + 2;
                self.known(name, at)
            }
            None if bare(self.text) => None,
            None => return None,
        };
        let open = self.here();
        self.next += "[button:".len();
        self.skip_spaces();
        self.depth += 1;
        let label = self.pieces(End::Label, open);
        let target = self.target(open);
        if condition.is_some() && !self.eat("))") {
            self.reader.problem(open, Trouble::Open { mark: "((" });
        }
        if self.next < self.text.len() {
            let given = self.text[self.next..].chars().take(60).collect();
            self.reader.problem(self.here(), Trouble::NotALink { given });
        }
        // An unreadable target has been named; the button stays so that the letter is not also called empty.
        let target = target.unwrap_or_else(|| Target::Literal(String::new(), open));
        Some(Button { when, label, target })
    }

    fn here(&self) -> At {
        let letters = self.text[..self.next].chars().count();
        At { line: self.at.line, column: self.at.column.saturating_add(u32::try_from(letters).unwrap_or(u32::MAX)) }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.next..]
    }

    fn eat(&mut self, mark: &str) -> bool {
        let found = self.rest().starts_with(mark);
        if found {
            self.next += mark.len();
        }
        found
    }

    fn skip_spaces(&mut self) {
        let rest = self.rest();
        self.next += rest.len() - rest.trim_start().len();
    }

    /// Counts a piece; past the limit the rest of the line is passed over.
    fn count(&mut self) -> bool {
        self.reader.pieces += 1;
        if self.reader.pieces > PIECES_MAX {
            self.reader.problem(At { line: self.at.line, column: 1 }, Trouble::TooMany);
            self.next = self.text.len();
            return false;
        }
        true
    }

    fn pieces(&mut self, end: End, open: At) -> Line {
        let mut line = Line::new();
        let mut words = String::new();
        // Parentheses of the words themselves: `((note?? (((note))) ))` closes the right one.
        let mut parens = 0_usize;
        if self.depth > NESTING_MAX {
            self.reader.problem(open, Trouble::TooDeep);
            self.next = self.text.len();
            return line;
        }
        loop {
            let rest = self.rest();
            let (close, name) = end.marks();
            let mut letters = rest.chars();
            let Some(letter) = letters.next() else {
                if end != End::Line {
                    self.reader.problem(open, Trouble::Open { mark: name });
                }
                break;
            };
            let literal_close = parens > 0 && rest.starts_with(")))");
            if end != End::Line && rest.starts_with(close) && !literal_close {
                self.next += close.len();
                break;
            }
            if rest.starts_with("((") && !rest.starts_with("(((") {
                self.flush(&mut words, &mut line);
                line.extend(self.field());
            } else if self.marks && rest.starts_with("**") && end != End::Bold {
                self.flush(&mut words, &mut line);
                line.extend(self.bold());
            } else if self.marks && letter == '[' && end != End::Label && self.link_ahead() {
                self.flush(&mut words, &mut line);
                line.extend(self.link());
            } else if letter == '\\' && letters.next().is_some_and(|c| c.is_ascii_punctuation()) {
                words.push_str(&rest[1..2]);
                self.next += 2;
            } else {
                match letter {
                    '(' => parens += 1,
                    ')' => parens = parens.saturating_sub(1),
                    _ => {}
                }
                words.push(letter);
                self.next += letter.len_utf8();
            }
        }
        self.flush(&mut words, &mut line);
        line
    }

    fn flush(&mut self, words: &mut String, line: &mut Line) {
        if words.is_empty() {
            return;
        }
        let words = std::mem::take(words);
        line.push(Piece::Text(match self.reader.language {
            Language::En => words,
            Language::Fr => typography::french(&words),
        }));
    }

    /// `((name))`, `((name|filter))` or `((name??words))`.
    fn field(&mut self) -> Option<Piece> {
        let at = self.here();
        self.next += 2;
        if !self.count() {
            return None;
        }
        let rest = self.rest();
        let stop = |mark: &str| rest.find(mark).unwrap_or(usize::MAX);
        let (close, condition, filter) = (stop("))"), stop("??"), stop("|"));
        let first = close.min(condition).min(filter);
        if first == usize::MAX {
            self.reader.problem(at, Trouble::Open { mark: "((" });
            self.next = self.text.len();
            return None;
        }
        let field = self.known(&rest[..first], at);
        self.next += first;
        if first == condition {
            self.next += 2;
            self.depth += 1;
            let then = self.pieces(End::Condition, at);
            self.depth -= 1;
            return field.map(|field| Piece::When { field, then, at });
        }
        if first == close {
            self.next += 2;
            return field.map(|field| Piece::Field { field, filter: None, at });
        }
        self.next += 1;
        let Some(length) = self.rest().find("))") else {
            self.reader.problem(at, Trouble::Open { mark: "((" });
            self.next = self.text.len();
            return None;
        };
        let name = self.rest()[..length].trim();
        let filter = Filter::ALL.into_iter().find(|filter| filter.name() == name);
        if filter.is_none() {
            self.reader.problem(self.here(), Trouble::UnknownFilter { name: name.chars().take(40).collect() });
        }
        self.next += length + 2;
        field.map(|field| Piece::Field { field, filter, at })
    }

    fn known(&mut self, name: &str, at: At) -> Option<Field> {
        let name = name.trim();
        let field = Field::from_name(name);
        if field.is_none() {
            let given = name.chars().take(40).collect();
            self.reader.problem(at, Trouble::UnknownField { name: given, suggestion: Field::nearest(name) });
        }
        field
    }

    fn bold(&mut self) -> Option<Piece> {
        let at = self.here();
        self.next += 2;
        if !self.count() {
            return None;
        }
        self.depth += 1;
        let line = self.pieces(End::Bold, at);
        self.depth -= 1;
        Some(Piece::Bold(line))
    }

    /// Whether the `[` here begins a link and not a remark in brackets.
    fn link_ahead(&self) -> bool {
        let rest = self.rest();
        rest.find("](").is_some_and(|close| !rest[1..close].contains('['))
    }

    fn link(&mut self) -> Option<Piece> {
        let at = self.here();
        self.next += 1;
        if !self.count() {
            return None;
        }
        self.depth += 1;
        let label = self.pieces(End::Label, at);
        self.depth -= 1;
        let target = self.target(at)?;
        Some(Piece::Link { label, target, at })
    }

    /// `(((url_field)))` or `(https://…)`.
    fn target(&mut self, open: At) -> Option<Target> {
        if !self.eat("(") {
            self.reader.problem(open, Trouble::Open { mark: "[" });
            return None;
        }
        let at = self.here();
        if self.eat("((") {
            let Some(length) = self.rest().find("))") else {
                self.reader.problem(at, Trouble::Open { mark: "((" });
                self.next = self.text.len();
                return None;
            };
            let name = &self.rest()[..length];
            let field = self.known(name, at);
            self.next += length + 2;
            if !self.eat(")") {
                let given = self.rest().chars().take(60).collect();
                self.reader.problem(self.here(), Trouble::NotALink { given });
                return None;
            }
            return field.map(|field| Target::Field(field, at));
        }
        let Some(length) = self.rest().find(')') else {
            self.reader.problem(at, Trouble::Open { mark: "[" });
            self.next = self.text.len();
            return None;
        };
        let url = &self.rest()[..length];
        self.next += length + 1;
        if !url_is_sound(url) {
            self.reader
                .problems
                .push(Problem { at, trouble: Trouble::NotALink { given: url.chars().take(60).collect() } });
            return None;
        }
        Some(Target::Literal(url.to_owned(), at))
    }
}

/// Whether an address that stands in the words can be linked: https, a host, and nothing that could end an attribute.
fn url_is_sound(url: &str) -> bool {
    // A parenthesis would be a field inside an address, or end it early: RFC 3986 lets it be written %28.
    !url.contains('(') && url.strip_prefix("https://").is_some_and(crate::notice::value::authority_is_sound)
}
