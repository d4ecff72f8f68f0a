//! Whether words suit their notice: what is looked at when an editor saves.
//!
//! In: parsed [`Words`] and the domains whose links need no remark. Out: problems with their place; errors keep the words
//! from being published, warnings do not. Not here: reading the source (`words`).

use standards::domain::Domain;

use super::field::{Field, Kind};
use super::problem::{At, Problem, Trouble};
use super::words::{Block, Filter, Piece, Target, Words};

/// What phones show of a subject is about forty letters; words alone that are longer hide what the notice is about.
const SUBJECT_LETTERS: usize = 60;

/// Everything wrong with `words` for their notice, in the order of the source.
///
/// `home` are domains that links may lead to without a warning, with all below them: the library's and ours.
#[must_use]
pub fn check(words: &Words, home: &[Domain]) -> Vec<Problem> {
    let mut checker = Checker { words, home, known: Vec::new(), problems: Vec::new() };
    checker.line(&words.subject);
    checker.subject();
    checker.push();
    for block in &words.blocks {
        checker.block(block);
    }
    let mut problems = checker.problems;
    problems.sort_by_key(|problem| problem.at);
    problems.dedup();
    problems
}

struct Checker<'a> {
    words: &'a Words,
    home: &'a [Domain],
    /// Fields that are present where we are: conditions around.
    known: Vec<Field>,
    problems: Vec<Problem>,
}

impl<'a> Checker<'a> {
    fn problem(&mut self, at: At, trouble: Trouble) {
        self.problems.push(Problem { at, trouble });
    }

    fn subject(&mut self) {
        let letters = self.words.subject.iter().map(|piece| match piece {
            Piece::Text(text) => text.chars().count(),
            _ => 0,
        });
        let letters: usize = letters.sum();
        if letters > SUBJECT_LETTERS {
            self.problem(self.words.subject_at, Trouble::LongSubject { letters });
        }
    }

    /// Titles stay off lock screens and out of text messages, whatever the library hides in mail.
    fn push(&mut self) {
        for line in [&self.words.push, &self.words.sms].into_iter().flatten() {
            self.line(line);
            let mut found = Vec::new();
            sensitive(line, &mut found);
            for (field, at) in found {
                self.problem(at, Trouble::TitleInPush { field });
            }
        }
    }

    fn block(&mut self, block: &'a Block) {
        match block {
            Block::Heading(line) => self.line(line),
            Block::Paragraph(lines) | Block::List(lines) => lines.iter().for_each(|line| self.line(line)),
            Block::Facts(facts) => {
                for fact in facts {
                    self.line(&fact.label);
                    self.line(&fact.value);
                }
            }
            Block::Button(button) => {
                let depth = self.known.len();
                self.known.extend(button.when);
                self.line(&button.label);
                self.target(&button.target);
                self.known.truncate(depth);
            }
            Block::Divider => {}
        }
    }

    fn line(&mut self, line: &'a [Piece]) {
        for piece in line {
            match piece {
                Piece::Text(_) => {}
                Piece::Field { field, filter, at } => self.field(*field, *filter, *at),
                Piece::When { field, then, at } => {
                    self.comes(*field, *at);
                    self.known.push(*field);
                    self.line(then);
                    self.known.pop();
                }
                Piece::Bold(line) => self.line(line),
                Piece::Link { label, target, .. } => {
                    self.line(label);
                    self.target(target);
                }
            }
        }
    }

    fn field(&mut self, field: Field, filter: Option<Filter>, at: At) {
        self.present(field, at);
        let fits = match (filter, field.kind()) {
            (None | Some(Filter::Date), Kind::Date | Kind::Time) | (Some(Filter::Time), Kind::Time) | (None, _) => true,
            (Some(Filter::Upper), kind) => matches!(kind, Kind::Text | Kind::Name),
            _ => false,
        };
        if let Some(filter) = filter.filter(|_| !fits) {
            self.problem(at, Trouble::WrongFilter { field, filter: filter.name() });
        }
        if field.kind() == Kind::Url {
            self.problem(at, Trouble::BareUrl { field });
        }
    }

    /// A field that is written out: it must come with the notice, and should not be missing.
    fn present(&mut self, field: Field, at: At) {
        let notice = self.words.notice;
        self.comes(field, at);
        if field.comes_with(notice) && !field.always_comes_with(notice) && !self.known.contains(&field) {
            self.problem(at, Trouble::MayBeMissing { field });
        }
    }

    fn comes(&mut self, field: Field, at: At) {
        let notice = self.words.notice;
        if !field.comes_with(notice) {
            self.problem(at, Trouble::NeverComes { field, notice });
        }
    }

    fn target(&mut self, target: &Target) {
        match target {
            Target::Field(field, at) => {
                self.present(*field, *at);
                if field.kind() != Kind::Url {
                    self.problem(*at, Trouble::NotAUrlField { field: *field });
                }
            }
            Target::Literal(url, at) => {
                let host = url.strip_prefix("https://").unwrap_or(url);
                let host = host.split(['/', '?', '#', ':']).next().unwrap_or_default();
                let at_home = Domain::parse(host).is_ok_and(|host| self.home.iter().any(|home| host.is_within(home)));
                if !at_home {
                    self.problem(*at, Trouble::ForeignLink { host: host.to_owned() });
                }
            }
        }
    }
}

/// The fields of a line that say what somebody reads.
fn sensitive(line: &[Piece], found: &mut Vec<(Field, At)>) {
    for piece in line {
        match piece {
            Piece::Field { field, at, .. } if field.is_sensitive() => found.push((*field, *at)),
            Piece::When { then, .. } => sensitive(then, found),
            Piece::Bold(line) | Piece::Link { label: line, .. } => sensitive(line, found),
            Piece::Field { .. } | Piece::Text(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
