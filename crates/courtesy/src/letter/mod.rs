//! Letters on paper: pages that fit a window envelope, as one PDF.
//!
//! In: notices, the patrons' postal addresses, the library's own, a day. Out: the octets of a PDF, each letter beginning on a page of
//! its own. Pure. Not here: which letters wait (`store`), and who posts them.

mod line;
#[cfg(test)]
mod tests;

use jiff::civil::Date;
use krilla::Document;
use krilla::geom::PathBuilder;
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::Stroke;
use krilla::surface::Surface;

use crate::notice::letter::{Letter, Part};
use crate::notice::{Language, dates};
use line::{Fonts, Placed, Weight};

/// Points in a millimetre.
const MM: f32 = 72.0 / 25.4;

/// North American Letter. On A4 it is printed at its size with a wider foot.
const WIDTH: f32 = 612.0;
const HEIGHT: f32 = 792.0;

const LEFT: f32 = 25.0 * MM;
const RIGHT: f32 = WIDTH - 22.0 * MM;
const TOP: f32 = 18.0 * MM;
const FOOT: f32 = HEIGHT - 20.0 * MM;

/// Where the address stands: what shows in the window of a #10 envelope (folded in three), and in that of a DL one.
const RETURN_LINE: f32 = 52.0 * MM;
const ADDRESS: f32 = 57.0 * MM;
const ADDRESS_LEADING: f32 = 4.4 * MM;
/// The right edge of the window.
const ADDRESS_RIGHT: f32 = 112.0 * MM;

/// Where date, subject and text begin: below the first fold.
const DATE: f32 = 98.0 * MM;

const BODY: f32 = 10.5;
const LEADING: f32 = 5.0 * MM;
const RETURN_SIZE: f32 = 6.5;
const SMALL: f32 = 8.0;
const SMALL_LEADING: f32 = 3.8 * MM;

/// A letter with its envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressed {
    /// Name and address, a line each.
    pub to: Vec<String>,
    /// The library's name.
    pub from_name: String,
    /// Its postal address, a line each.
    pub from: Vec<String>,
    /// The day that stands on it.
    pub day: Date,
    /// Its language.
    pub language: Language,
    /// What it says.
    pub letter: Letter,
}

/// No PDF could be made.
#[derive(Debug, thiserror::Error)]
#[error("no PDF could be made: {0}")]
pub struct NoPdf(String);

/// One PDF with all of `letters`, in their order.
///
/// # Errors
/// [`NoPdf`], when our fonts cannot be used: a fault of ours.
pub fn pdf(letters: &[Addressed], title: &str) -> Result<Vec<u8>, NoPdf> {
    let fonts = Fonts::open().ok_or_else(|| NoPdf("the fonts are not fonts".to_owned()))?;
    let settings = PageSettings::from_wh(WIDTH, HEIGHT).ok_or_else(|| NoPdf("the page has no size".to_owned()))?;
    let mut document = Document::new();
    let language = letters.first().map_or(Language::En, |letter| letter.language);
    document.set_metadata(Metadata::new().title(title.to_owned()).language(language.tag().to_owned()));
    for letter in letters {
        for page in set(letter, &fonts) {
            let mut sheet = document.start_page_with(settings.clone());
            let mut surface = sheet.surface();
            page.draw(&mut surface, &fonts);
            surface.finish();
            sheet.finish();
        }
    }
    document.finish().map_err(|error| NoPdf(format!("{error:?}")))
}

/// What stands on one page.
#[derive(Default)]
struct Page {
    placed: Vec<Placed>,
    rules: Vec<f32>,
}

impl Page {
    fn draw(&self, surface: &mut Surface<'_>, fonts: &Fonts) {
        for placed in &self.placed {
            placed.draw(surface, fonts);
        }
        for y in &self.rules {
            let mut path = PathBuilder::new();
            path.move_to(LEFT, *y);
            path.line_to(RIGHT, *y);
            if let Some(path) = path.finish() {
                surface.set_fill(None);
                surface.set_stroke(Some(Stroke { width: 0.5, ..Stroke::default() }));
                surface.draw_path(&path);
                surface.set_stroke(None);
            }
        }
    }
}

/// Sets lines from the top to the foot, and begins another page there.
struct Setter<'f> {
    fonts: &'f Fonts,
    pages: Vec<Page>,
    y: f32,
}

impl Setter<'_> {
    fn page(&mut self) -> &mut Page {
        if self.pages.is_empty() {
            self.pages.push(Page::default());
        }
        let last = self.pages.len() - 1;
        &mut self.pages[last]
    }

    /// One line of text from `x` on, broken where it reaches `right`. Gives the y after it.
    fn text(&mut self, text: &str, x: f32, right: f32, size: f32, leading: f32, weight: Weight) {
        for line in self.fonts.lines(text, right - x, size, weight) {
            if self.y > FOOT {
                self.pages.push(Page::default());
                self.y = TOP;
            }
            let y = self.y;
            let placed = self.fonts.place(&line, x, right, y, size, weight);
            self.page().placed.extend(placed);
            self.y += leading;
        }
    }

    /// A line of an address: at the left in any script, as who sorts letters expects it.
    fn address(&mut self, text: &str) {
        for line in self.fonts.lines(text, ADDRESS_RIGHT - LEFT, BODY, Weight::Regular) {
            let placed = self.fonts.place(&line, LEFT, LEFT, self.y, BODY, Weight::Regular);
            self.page().placed.extend(placed);
            self.y += ADDRESS_LEADING;
        }
    }

    fn gap(&mut self, points: f32) {
        self.y += points;
    }
}

fn set(letter: &Addressed, fonts: &Fonts) -> Vec<Page> {
    let mut setter = Setter { fonts, pages: Vec::new(), y: TOP };
    setter.text(&letter.from_name, LEFT, RIGHT, 14.0, 6.0 * MM, Weight::Bold);
    for line in &letter.from {
        setter.text(line, LEFT, RIGHT, SMALL, SMALL_LEADING, Weight::Regular);
    }
    setter.y = RETURN_LINE;
    // To whom it comes back: with the name where both fit in the window.
    let whole = [std::slice::from_ref(&letter.from_name), &letter.from].concat().join(", ");
    let fits = |line: &String| fonts.lines(line, ADDRESS_RIGHT - LEFT, RETURN_SIZE, Weight::Regular).len() == 1;
    if let Some(back) = [whole, letter.from.join(", ")].into_iter().find(fits) {
        setter.text(&back, LEFT, ADDRESS_RIGHT, RETURN_SIZE, 0.0, Weight::Regular);
    }
    setter.y = ADDRESS;
    for line in &letter.to {
        setter.address(line);
    }
    setter.y = DATE.max(setter.y + LEADING);
    setter.text(&dates::day(letter.day, letter.language), LEFT, RIGHT, BODY, LEADING, Weight::Regular);
    setter.gap(LEADING * 0.6);
    setter.text(&letter.letter.subject, LEFT, RIGHT, 12.5, LEADING * 1.15, Weight::Bold);
    setter.gap(LEADING * 0.4);
    for part in &letter.letter.parts {
        set_part(&mut setter, part);
        setter.gap(LEADING * 0.5);
    }
    setter.gap(LEADING * 0.5);
    let y = setter.y - LEADING * 0.6;
    setter.page().rules.push(y);
    for line in &letter.letter.contact {
        setter.text(line, LEFT, RIGHT, SMALL, SMALL_LEADING, Weight::Regular);
    }
    setter.pages
}

fn set_part(setter: &mut Setter<'_>, part: &Part) {
    /// Where the values of facts stand.
    const VALUES: f32 = LEFT + 48.0 * MM;
    match part {
        Part::Heading(line) => setter.text(line, LEFT, RIGHT, 11.5, LEADING, Weight::Bold),
        Part::Paragraph(lines) => {
            lines.iter().for_each(|line| setter.text(line, LEFT, RIGHT, BODY, LEADING, Weight::Regular));
        }
        Part::List(items) => {
            for item in items {
                let (page, y) = (setter.pages.len(), setter.y);
                setter.text("–", LEFT, RIGHT, BODY, 0.0, Weight::Regular);
                if setter.pages.len() == page {
                    setter.y = y;
                }
                setter.text(item, LEFT + 5.0 * MM, RIGHT, BODY, LEADING, Weight::Regular);
            }
        }
        Part::Facts(rows) => {
            for (label, value) in rows {
                let (page, y) = (setter.pages.len(), setter.y);
                setter.text(label, LEFT, VALUES - 3.0 * MM, BODY, LEADING, Weight::Bold);
                let after = (setter.pages.len(), setter.y);
                if setter.pages.len() == page {
                    setter.y = y;
                }
                setter.text(value, VALUES, RIGHT, BODY, LEADING, Weight::Regular);
                if (setter.pages.len(), setter.y) < after {
                    setter.y = after.1;
                }
            }
        }
        Part::Divider => {
            let y = setter.y - LEADING * 0.5;
            setter.page().rules.push(y);
        }
    }
}
