//! Lines of letters: measured, broken at words, shaped, and put in the order in which they are read.
//!
//! In: text in any script. Out: [`Line`]s with their glyphs. What runs from right to left is told apart by Unicode Standard Annex 9
//! over the whole paragraph, and put in order line by line, as its section 3.4 wants. Not here: where lines stand (`setter`).

use krilla::text::{Font, GlyphId, KrillaGlyph};
use rustybuzz::{Direction, Face, UnicodeBuffer};
use unicode_bidi::{BidiInfo, Level};

/// DejaVu Sans: Latin with all accents, Greek, Cyrillic, Hebrew and Arabic. Its licence lies beside it.
const REGULAR: &[u8] = include_bytes!("../../../../web/fonts/DejaVuSans.ttf");
const BOLD: &[u8] = include_bytes!("../../../../web/fonts/DejaVuSans-Bold.ttf");

/// Lines of one text: beyond is no letter.
const LINES_MAX: usize = 400;

/// Letters of a text that is to be one line: more than the widest sheet takes.
const CLIPPED_LETTERS_MAX: usize = 300;

/// How heavy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// A font to shape with and to draw with.
struct Cut {
    font: Font,
    face: Face<'static>,
}

/// Both weights.
pub(super) struct Fonts {
    regular: Cut,
    bold: Cut,
}

/// Letters of one font and one direction.
pub(super) struct Run {
    text: String,
    glyphs: Vec<KrillaGlyph>,
    weight: Weight,
    /// In ems.
    width: f32,
}

/// One line, its runs from left to right.
pub(super) struct Line {
    runs: Vec<Run>,
    size: f32,
}

impl Line {
    /// Calls `draw` with each run: its x, when the line begins at `x`, its font, its glyphs, its text and its size.
    pub(super) fn each(&self, x: f32, fonts: &Fonts, mut draw: impl FnMut(f32, Font, &[KrillaGlyph], &str, f32)) {
        let mut at = x;
        for run in &self.runs {
            draw(at, fonts.cut(run.weight).font.clone(), &run.glyphs, &run.text, self.size);
            at += run.width * self.size;
        }
    }
}

/// `text` set apart, so that its direction does not change what stands around it.
pub(super) fn apart(text: &str) -> String {
    format!("\u{2068}{text}\u{2069}")
}

/// Marks of direction, and what has no shape: they have done their work before glyphs are chosen.
fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{feff}')
        || matches!(letter, '\u{fe00}'..='\u{fe0f}')
}

impl Fonts {
    /// None: our own fonts are not fonts.
    pub(super) fn open() -> Option<Self> {
        let cut = |octets: &'static [u8]| {
            Some(Cut { font: Font::new(octets.into(), 0)?, face: Face::from_slice(octets, 0)? })
        };
        Some(Self { regular: cut(REGULAR)?, bold: cut(BOLD)? })
    }

    fn cut(&self, weight: Weight) -> &Cut {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }

    /// Whether every letter of `text` can be drawn.
    pub(super) fn have(&self, text: &str) -> bool {
        let of_font = |letter| self.regular.face.glyph_index(letter).is_some();
        text.chars().all(|letter| letter.is_whitespace() || is_mark(letter) || of_font(letter))
    }

    /// `text` of one direction as glyphs.
    fn shape(&self, text: &str, weight: Weight, direction: Option<Direction>) -> Run {
        let text: String = text.chars().filter(|letter| !is_mark(*letter)).collect();
        let face = &self.cut(weight).face;
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(&text);
        buffer.guess_segment_properties();
        if let Some(direction) = direction {
            buffer.set_direction(direction);
        }
        let shaped = rustybuzz::shape(face, &[], buffer);
        #[expect(clippy::cast_precision_loss, reason = "a line has some thousand units")]
        let ems = |units: i32| units as f32 / face.units_per_em() as f32;
        let mut ends: Vec<usize> = shaped.glyph_infos().iter().map(|info| info.cluster as usize).collect();
        ends.push(text.len());
        ends.sort_unstable();
        let end_of = |start: usize| ends.get(ends.partition_point(|end| *end <= start)).copied().unwrap_or(text.len());
        let glyphs: Vec<KrillaGlyph> = shaped
            .glyph_infos()
            .iter()
            .zip(shaped.glyph_positions())
            .map(|(info, at)| {
                let start = info.cluster as usize;
                KrillaGlyph::new(
                    GlyphId::new(info.glyph_id),
                    ems(at.x_advance),
                    ems(at.x_offset),
                    ems(at.y_offset),
                    ems(at.y_advance),
                    start..end_of(start),
                    None,
                )
            })
            .collect();
        let width = shaped.glyph_positions().iter().map(|at| ems(at.x_advance)).sum();
        Run { text, glyphs, weight, width }
    }

    /// `text` in lines of at most `width` points: broken between words, and within one that is wider than a whole line. A no-break
    /// space breaks nothing.
    pub(super) fn lines(&self, text: &str, width: f32, size: f32, weight: Weight) -> Vec<Line> {
        let text = text.split(|c: char| c.is_whitespace() && !matches!(c, '\u{a0}' | '\u{202f}'));
        let text = text.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        let bidi = BidiInfo::new(&text, Some(Level::ltr()));
        let Some(paragraph) = bidi.paragraphs.first() else { return Vec::new() };
        let lines = self.broken(&text, width / size, weight).into_iter().take(LINES_MAX);
        let set = lines.map(|line| {
            let (levels, runs) = bidi.visual_runs(paragraph, line);
            let runs = runs.into_iter().map(|run| {
                let rtl = levels[run.start].is_rtl();
                let direction = if rtl { Direction::RightToLeft } else { Direction::LeftToRight };
                self.shape(&text[run], weight, Some(direction))
            });
            Line { runs: runs.collect(), size }
        });
        set.collect()
    }

    /// The same as one line: what does not fit is left out, which `…` says.
    pub(super) fn clipped(&self, text: &str, width: f32, size: f32, weight: Weight) -> Option<Line> {
        if text.chars().nth(CLIPPED_LETTERS_MAX).is_none() {
            let mut lines = self.lines(text, width, size, weight);
            if lines.len() < 2 {
                return lines.pop();
            }
        }
        let letters: Vec<char> = text.chars().take(CLIPPED_LETTERS_MAX).collect();
        let first = |count: usize| {
            let shorter: String = letters[..count].iter().chain(&['…']).collect();
            let mut lines = self.lines(&shorter, width, size, weight);
            lines.pop().filter(|_| lines.is_empty())
        };
        // Where so many fit, fewer do: halving finds the most.
        let (mut fit, mut too_many) = (0, letters.len());
        while fit + 1 < too_many {
            let half = usize::midpoint(fit, too_many);
            if first(half).is_some() { fit = half } else { too_many = half }
        }
        first(fit)
    }

    /// Where `text` is broken, in octets; `width` in ems.
    fn broken(&self, text: &str, width: f32, weight: Weight) -> Vec<std::ops::Range<usize>> {
        let measure = |part: &str| self.shape(part, weight, None).width;
        let space = measure(" ");
        let (mut lines, mut begin, mut end, mut filled) = (Vec::new(), 0, 0, 0.0_f32);
        let mut at = 0;
        for word in text.split(' ') {
            let (from, to) = (at, at + word.len());
            at = to + 1;
            let wide = measure(word);
            if end > begin && filled + space + wide <= width {
                (end, filled) = (to, filled + space + wide);
                continue;
            }
            if end > begin {
                lines.push(begin..end);
            }
            (begin, end, filled) = (from, to, wide);
            while filled > width && lines.len() < LINES_MAX {
                let fits = self.fitting(&text[begin..end], width, weight);
                lines.push(begin..begin + fits);
                begin += fits;
                filled = measure(&text[begin..end]);
            }
        }
        if end > begin {
            lines.push(begin..end);
        }
        lines
    }

    /// The octets of `word` that fit into `width` ems: one letter at least.
    fn fitting(&self, word: &str, width: f32, weight: Weight) -> usize {
        let ends: Vec<usize> = word.char_indices().map(|(at, _)| at).skip(1).collect();
        let fits = ends.partition_point(|end| self.shape(&word[..*end], weight, None).width <= width);
        fits.checked_sub(1).and_then(|last| ends.get(last)).or(ends.first()).copied().unwrap_or(word.len())
    }
}
