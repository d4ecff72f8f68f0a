//! Lines of letters: measured, broken at words, and put in the order in which they are read.

use krilla::geom::Point;
use krilla::surface::Surface;
use krilla::text::{Font, TextDirection};
use unicode_bidi::BidiInfo;

/// DejaVu Sans: Latin with all accents, Greek, Cyrillic, Hebrew and Arabic. Its licence lies beside it.
const REGULAR: &[u8] = include_bytes!("../../../../web/fonts/DejaVuSans.ttf");
const BOLD: &[u8] = include_bytes!("../../../../web/fonts/DejaVuSans-Bold.ttf");

/// Lines of one text: beyond is no letter.
const LINES_MAX: usize = 400;

/// How heavy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// Both weights, for measuring and for drawing.
pub(super) struct Fonts {
    regular: (Font, rustybuzz::Face<'static>),
    bold: (Font, rustybuzz::Face<'static>),
}

/// A run of one direction, where it is drawn.
pub(super) struct Placed {
    text: String,
    x: f32,
    y: f32,
    size: f32,
    weight: Weight,
    right_to_left: bool,
}

impl Placed {
    pub(super) fn draw(&self, surface: &mut Surface<'_>, fonts: &Fonts) {
        let direction = if self.right_to_left { TextDirection::RightToLeft } else { TextDirection::LeftToRight };
        let font = fonts.of(self.weight).0.clone();
        surface.draw_text(Point::from_xy(self.x, self.y), font, self.size, &self.text, false, direction);
    }
}

impl Fonts {
    pub(super) fn open() -> Option<Self> {
        let both = |octets: &'static [u8]| {
            Some((Font::new(octets.to_vec().into(), 0)?, rustybuzz::Face::from_slice(octets, 0)?))
        };
        Some(Self { regular: both(REGULAR)?, bold: both(BOLD)? })
    }

    fn of(&self, weight: Weight) -> &(Font, rustybuzz::Face<'static>) {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }

    /// How wide `text` is, in points.
    fn width(&self, text: &str, size: f32, weight: Weight) -> f32 {
        let face = &self.of(weight).1;
        let mut buffer = rustybuzz::UnicodeBuffer::new();
        buffer.push_str(text);
        buffer.guess_segment_properties();
        let shaped = rustybuzz::shape(face, &[], buffer);
        let units: i32 = shaped.glyph_positions().iter().map(|glyph| glyph.x_advance).sum();
        #[expect(clippy::cast_precision_loss, reason = "a line has some thousand units")]
        let width = units as f32 / face.units_per_em() as f32;
        width * size
    }

    /// `text` in lines of at most `width`: broken between words, and within one that is wider than a whole line.
    pub(super) fn lines(&self, text: &str, width: f32, size: f32, weight: Weight) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = String::new();
        for word in text.split_whitespace() {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if self.width(&longer, size, weight) <= width {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for letter in word.chars() {
                line.push(letter);
                if self.width(&line, size, weight) > width && line.chars().count() > 1 {
                    line.pop();
                    lines.push(std::mem::replace(&mut line, letter.to_string()));
                }
            }
        }
        if !line.is_empty() {
            lines.push(line);
        }
        lines.truncate(LINES_MAX);
        lines
    }

    /// The runs of one line, from left to right as they are drawn. A line that begins from right to left stands at the right.
    pub(super) fn place(&self, line: &str, x: f32, right: f32, y: f32, size: f32, weight: Weight) -> Vec<Placed> {
        let bidi = BidiInfo::new(line, None);
        let Some(paragraph) = bidi.paragraphs.first() else { return Vec::new() };
        let (levels, runs) = bidi.visual_runs(paragraph, paragraph.range.clone());
        let widths: Vec<f32> = runs.iter().map(|run| self.width(&line[run.clone()], size, weight)).collect();
        let all: f32 = widths.iter().sum();
        let mut at = if paragraph.level.is_rtl() { (right - all).max(x) } else { x };
        let mut placed = Vec::with_capacity(runs.len());
        for (run, width) in runs.into_iter().zip(widths) {
            let right_to_left = levels[run.start].is_rtl();
            // Marks of direction have done their work, and have no shape.
            let text: String =
                line[run].chars().filter(|c| !matches!(c, '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')).collect();
            placed.push(Placed { text, x: at, y, size, weight, right_to_left });
            at += width;
        }
        placed
    }
}
