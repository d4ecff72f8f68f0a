//! Where on the paper things stand, so that the address shows in the window of the envelope, however the letter lies in it.
//!
//! In: the kind of envelope. Out: a [`Sheet`], in points from the top left corner.

use crate::library::Envelope;

/// Points in a millimetre.
pub(super) const MM: f32 = 72.0 / 25.4;

/// The paper, and what is folded to be seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sheet {
    pub width: f32,
    pub height: f32,
    /// Left and right edge of the text.
    pub left: f32,
    pub right: f32,
    /// The address: its left edge, the top of its first line, and what the window shows of it.
    pub address_x: f32,
    pub address_top: f32,
    pub address_width: f32,
    pub address_height: f32,
    /// The baseline of the line above it that says where the letter goes back to.
    pub return_line: f32,
    /// The baseline of the date, below the first fold.
    pub date: f32,
    /// Where it is folded.
    pub folds: [f32; 2],
}

impl Sheet {
    /// The sheet for `envelope`.
    pub(super) fn of(envelope: Envelope) -> Self {
        let mm = |all: [f32; 9]| all.map(|one| one * MM);
        let (size, at) = match envelope {
            // North American Letter, folded in three for a No. 10 envelope, 241 × 105 mm. Its window, 114 × 29 mm, stands 22 mm from
            // the left and 13 mm from the bottom. The folded letter has 25 mm of room in it sideways and 12 mm upwards.
            Envelope::No10 => ([612.0, 792.0], [25.0, 25.0, 57.5, 86.0, 24.0, 55.0, 100.0, 93.1, 186.3]),
            // DIN 5008, form B: the field of the address is 85 × 45 mm, 20 mm from the left and 45 mm from the top, its last 27.3 mm
            // for name and address.
            Envelope::Din5008B => ([595.28, 841.89], [25.0, 25.0, 62.7, 80.0, 27.3, 60.5, 103.5, 105.0, 210.0]),
            // A4 folded in three for an envelope of 220 × 110 mm whose window, 100 × 45 mm, stands 20 mm from the right and the
            // bottom, as in France and Switzerland.
            Envelope::DlRight => ([595.28, 841.89], [25.0, 104.0, 54.0, 84.0, 24.5, 51.0, 106.0, 99.0, 198.0]),
        };
        let [left, address_x, address_top, address_width, address_height, return_line, date, first, second] = mm(at);
        let [width, height] = size;
        Self {
            width,
            height,
            left,
            right: width - 22.0 * MM,
            address_x,
            address_top,
            address_width,
            address_height,
            return_line,
            date,
            folds: [first, second],
        }
    }
}
