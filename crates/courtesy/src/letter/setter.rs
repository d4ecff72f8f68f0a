//! Sets a letter: line below line, page after page.
//!
//! In: a letter with its envelope. Out: its [`Page`]s. Not here: how a page becomes PDF (`mod`).

use super::Addressed;
use super::line::{Fonts, Line, Weight, apart};
use super::sheet::{MM, Sheet};
use crate::notice::letter::Part;
use crate::notice::{Language, dates};

const TOP: f32 = 18.0 * MM;
/// Room below the text.
const FOOT: f32 = 20.0 * MM;

const BODY: f32 = 10.5;
const LEADING: f32 = 5.0 * MM;
const SMALL: f32 = 8.0;
const SMALL_LEADING: f32 = 3.8 * MM;
/// What the post office has no use for.
const RETURN_SIZE: f32 = 6.5;
/// Smaller letters of an address are read by no sorting machine.
const ADDRESS_SIZE_MIN: f32 = 5.0;

/// A last paragraph of more lines may be broken: a page would end far above its foot.
const LAST_LINES_MAX: usize = 6;

/// What stands on one page.
#[derive(Default)]
pub(super) struct Page {
    /// Lines, with the x and the baseline at which each begins.
    pub lines: Vec<(f32, f32, Line)>,
    /// Rules: from x to x, at y.
    pub rules: Vec<(f32, f32, f32)>,
}

/// Sets lines from the top to the foot, and begins another page there.
pub(super) struct Setter<'f> {
    pub fonts: &'f Fonts,
    pub sheet: Sheet,
    pages: Vec<Page>,
    pub y: f32,
}

impl<'f> Setter<'f> {
    pub(super) fn new(fonts: &'f Fonts, sheet: Sheet) -> Self {
        Self { fonts, sheet, pages: vec![Page::default()], y: TOP }
    }

    pub(super) fn into_pages(self) -> Vec<Page> {
        self.pages
    }

    fn page(&mut self) -> &mut Page {
        let last = self.pages.len() - 1;
        &mut self.pages[last]
    }

    /// How many pages there are so far.
    pub(super) fn count(&self) -> usize {
        self.pages.len()
    }

    /// Goes on at the top of another page, below what says whose it is.
    fn turn(&mut self) {
        self.pages.push(Page::default());
        self.y = TOP + 2.0 * LEADING;
    }

    /// Makes sure that `points` are left on this page.
    pub(super) fn room_for(&mut self, points: f32) {
        if self.y + points > self.sheet.height - FOOT {
            self.turn();
        }
    }

    /// Text from `x` on, broken where it reaches `right`.
    pub(super) fn text(&mut self, text: &str, x: f32, right: f32, size: f32, leading: f32, weight: Weight) {
        for line in self.fonts.lines(text, right - x, size, weight) {
            self.room_for(0.0);
            let y = self.y;
            self.page().lines.push((x, y, line));
            self.y += leading;
        }
    }

    /// One line at the same height as what comes next; what does not fit is left out.
    pub(super) fn cell(&mut self, text: &str, x: f32, right: f32, size: f32, weight: Weight) {
        if let Some(line) = self.fonts.clipped(text, right - x, size, weight) {
            let y = self.y;
            self.page().lines.push((x, y, line));
        }
    }

    pub(super) fn gap(&mut self, points: f32) {
        self.y += points;
    }

    pub(super) fn rule(&mut self, y: f32) {
        let (left, right) = (self.sheet.left, self.sheet.right);
        self.page().rules.push((left, right, y));
    }

    fn body(&mut self, text: &str) {
        let (left, right) = (self.sheet.left, self.sheet.right);
        self.text(text, left, right, BODY, LEADING, Weight::Regular);
    }

    /// To whom, where the window shows it: at the left in any script, as who sorts letters expects it.
    fn address(&mut self, to: &[String]) {
        let sheet = self.sheet;
        // Two spaces before a postal code are the post office's own.
        let to: Vec<String> = to.iter().map(|line| apart(&line.replace("  ", "\u{a0}\u{a0}"))).collect();
        let set = |size: f32| -> Vec<Line> {
            to.iter().flat_map(|line| self.fonts.lines(line, sheet.address_width, size, Weight::Regular)).collect()
        };
        let (mut size, mut lines) = (BODY, set(BODY));
        #[expect(clippy::cast_precision_loss, reason = "an address has some lines")]
        let height = |lines: &[Line], size: f32| lines.len() as f32 * address_leading(size);
        while height(&lines, size) > sheet.address_height && size > ADDRESS_SIZE_MIN {
            size -= 0.5;
            lines = set(size);
        }
        let leading = address_leading(size);
        self.y = sheet.address_top + size;
        for line in lines {
            let y = self.y;
            self.page().lines.push((sheet.address_x, y, line));
            self.y += leading;
        }
    }

    /// To whom it comes back: with the library's name where both fit in the window.
    fn comes_back_to(&mut self, letter: &Addressed) {
        let sheet = self.sheet;
        let whole = [std::slice::from_ref(&letter.from_name), &letter.from].concat().join(", ");
        for line in [whole, letter.from.join(", ")] {
            let mut lines = self.fonts.lines(&apart(&line), sheet.address_width, RETURN_SIZE, Weight::Regular);
            if let (1, Some(line)) = (lines.len(), lines.pop()) {
                self.page().lines.push((sheet.address_x, sheet.return_line, line));
                return;
            }
        }
    }

    /// Makes sure that the last paragraph and what follows it are on one page: how to reach the desk, alone on a page, says nothing.
    fn room_for_end(&mut self, part: &Part, below: f32) {
        let Part::Paragraph(lines) = part else { return };
        let width = self.sheet.right - self.sheet.left;
        let count: usize = lines.iter().map(|line| self.fonts.lines(line, width, BODY, Weight::Regular).len()).sum();
        if count <= LAST_LINES_MAX {
            #[expect(clippy::cast_precision_loss, reason = "some lines")]
            self.room_for((count as f32 + 0.5) * LEADING + below);
        }
    }

    fn part(&mut self, part: &Part) {
        match part {
            Part::Heading(line) => {
                self.room_for(3.0 * LEADING);
                let (left, right) = (self.sheet.left, self.sheet.right);
                self.text(line, left, right, 11.5, LEADING, Weight::Bold);
            }
            Part::Paragraph(lines) => lines.iter().for_each(|line| self.body(line)),
            Part::List(items) => items.iter().for_each(|item| {
                // What an item says and its facts stay on one page.
                self.room_for(if item.len() > 1 { LEADING } else { 0.0 });
                let (left, right) = (self.sheet.left, self.sheet.right);
                self.cell("–", left, right, BODY, Weight::Regular);
                for line in item {
                    self.text(line, left + 5.0 * MM, right, BODY, LEADING, Weight::Regular);
                }
                self.gap(if item.len() > 1 { LEADING * 0.3 } else { 0.0 });
            }),
            Part::Facts(rows) => rows.iter().for_each(|(label, value)| self.fact(label, value)),
            Part::Divider => {
                self.room_for(LEADING);
                self.rule(self.y - LEADING * 0.5);
            }
        }
    }

    fn fact(&mut self, label: &str, value: &str) {
        let values = self.sheet.left + 48.0 * MM;
        let (left, right) = (self.sheet.left, self.sheet.right);
        let labels = self.fonts.lines(label, values - left - 3.0 * MM, BODY, Weight::Bold);
        #[expect(clippy::cast_precision_loss, reason = "a label has some lines")]
        let labels_height = labels.len() as f32 * LEADING;
        self.room_for(labels_height - LEADING);
        let (count, top) = (self.count(), self.y);
        for (n, line) in labels.into_iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "a label has some lines")]
            let y = top + n as f32 * LEADING;
            self.page().lines.push((left, y, line));
        }
        self.text(value, values, right, BODY, LEADING, Weight::Regular);
        if self.count() == count {
            self.y = self.y.max(top + labels_height);
        }
    }
}

/// How far lines of an address with letters of `size` stand from each other.
fn address_leading(size: f32) -> f32 {
    size * 1.2
}

/// The pages of `letter`.
pub(super) fn set(letter: &Addressed, fonts: &Fonts, sheet: Sheet) -> Vec<Page> {
    let mut setter = Setter::new(fonts, sheet);
    let (left, right) = (sheet.left, sheet.right);
    setter.text(&apart(&letter.from_name), left, right, 14.0, 6.0 * MM, Weight::Bold);
    for line in &letter.from {
        setter.text(&apart(line), left, right, SMALL, SMALL_LEADING, Weight::Regular);
    }
    setter.comes_back_to(letter);
    setter.address(&letter.to);
    setter.y = sheet.date.max(setter.y + LEADING);
    setter.body(&dates::day(letter.day, letter.language));
    setter.gap(LEADING * 0.6);
    setter.text(&letter.letter.subject, left, right, 12.5, LEADING * 1.15, Weight::Bold);
    setter.gap(LEADING * 0.4);
    #[expect(clippy::cast_precision_loss, reason = "a desk is reached in some ways")]
    let contact = LEADING + letter.letter.contact.len() as f32 * SMALL_LEADING;
    for (n, part) in letter.letter.parts.iter().enumerate() {
        if n > 0 && n + 1 == letter.letter.parts.len() {
            setter.room_for_end(part, contact);
        }
        setter.part(part);
        setter.gap(LEADING * 0.5);
    }
    setter.room_for(contact);
    setter.gap(LEADING * 0.5);
    setter.rule(setter.y - LEADING * 0.7);
    for line in &letter.letter.contact {
        setter.text(line, left, right, SMALL, SMALL_LEADING, Weight::Regular);
    }
    let mut pages = setter.into_pages();
    let whose = letter.to.first().map(String::as_str).unwrap_or_default();
    let count = pages.len();
    for (n, page) in pages.iter_mut().enumerate() {
        if n == 0 {
            // Where to fold it.
            page.rules.extend(sheet.folds.map(|y| (4.0 * MM, 8.0 * MM, y)));
            continue;
        }
        let of = match letter.language {
            Language::En => format!("Page {} of {count}", n + 1),
            Language::Fr => format!("Page {} de {count}", n + 1),
        };
        // The name comes last: a long one is cut off, and the number stays.
        let head = format!("{of}  ·  {}  ·  {}", dates::day(letter.day, letter.language), apart(whose));
        if let Some(line) = fonts.clipped(&head, right - left, SMALL, Weight::Regular) {
            page.lines.push((left, TOP, line));
        }
    }
    pages
}
