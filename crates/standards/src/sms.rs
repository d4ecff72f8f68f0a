//! Text messages as telephones count them: which letters fit the 7-bit alphabet, and how many parts a text needs.
//!
//! In: a text. Out: its [`Coding`], its parts, and the octets of each as SMPP and gateways carry them. 3GPP TS 23.038 has the
//! alphabets, 3GPP TS 23.040 §9.2.3.24.1 the header that joins parts. Not here: national tables of single languages (§6.2.1.2),
//! which few telephones in use read, and who may be written to.

#[cfg(test)]
mod tests;

/// Septets of a text that is one part, and of each part of a longer one: its header takes six octets.
pub const SEPTETS_ALONE: usize = 160;
/// See [`SEPTETS_ALONE`].
pub const SEPTETS_JOINED: usize = 153;
/// UTF-16 units of a text that is one part, and of each part of a longer one.
pub const UNITS_ALONE: usize = 70;
/// See [`UNITS_ALONE`].
pub const UNITS_JOINED: usize = 67;

/// The default alphabet (3GPP TS 23.038 §6.2.1), in the order of its codes. The place of ESC stands empty.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u{1b}ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// Its extension: each costs two septets, ESC and the code.
const EXTENSION: [(char, u8); 10] = [
    ('\u{c}', 0x0a),
    ('^', 0x14),
    ('{', 0x28),
    ('}', 0x29),
    ('\\', 0x2f),
    ('[', 0x3c),
    ('~', 0x3d),
    (']', 0x3e),
    ('|', 0x40),
    ('€', 0x65),
];

const ESC: u8 = 0x1b;

/// How a text travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    /// The default alphabet: 160 septets in one part.
    Gsm7,
    /// UTF-16 in network order, which the standard calls UCS-2: 70 units in one part.
    Ucs2,
}

/// One part of a text, as a telephone gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its letters: one octet a septet, not packed; or two octets a unit.
    pub octets: Vec<u8>,
    /// Its place, the first is 1.
    pub number: u8,
    /// How many there are.
    pub of: u8,
}

impl Part {
    /// The header that joins it to the others (3GPP TS 23.040 §9.2.3.24.1), `reference` the same in all of them. Empty where
    /// it is alone.
    #[must_use]
    pub fn header(&self, reference: u8) -> Vec<u8> {
        if self.of == 1 { Vec::new() } else { vec![5, 0, 3, reference, self.of, self.number] }
    }
}

/// The most parts a text may have: beyond, telephones and gateways lose some.
pub const PARTS_MAX: usize = 10;

/// How `text` travels: by the 7-bit alphabet where all of its letters are in it.
#[must_use]
pub fn coding(text: &str) -> Coding {
    if text.chars().all(|letter| septets(letter).is_some()) { Coding::Gsm7 } else { Coding::Ucs2 }
}

/// How many parts `text` is sent in; an empty one is one.
#[must_use]
pub fn count(text: &str) -> usize {
    let coding = coding(text);
    let lengths: Vec<usize> = letters(text, coding).map(|letter| letter.len()).collect();
    cut(&lengths, coding).len()
}

/// `text` in parts. One that needs more than [`PARTS_MAX`] is cut there.
#[must_use]
pub fn parts(text: &str) -> (Coding, Vec<Part>) {
    let coding = coding(text);
    let letters: Vec<Vec<u8>> = letters(text, coding).collect();
    let lengths: Vec<usize> = letters.iter().map(Vec::len).collect();
    let mut bounds = cut(&lengths, coding);
    bounds.truncate(PARTS_MAX);
    let of = u8::try_from(bounds.len()).unwrap_or(u8::MAX);
    let parts = (1..).zip(bounds).map(|(number, (from, to))| Part { octets: letters[from..to].concat(), number, of });
    (coding, parts.collect())
}

/// The text that octets of the default alphabet stand for: what a telephone wrote to us.
#[must_use]
pub fn read_gsm7(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len());
    let mut rest = octets.iter();
    while let Some(&octet) = rest.next() {
        if octet == ESC {
            let extended = rest.next().and_then(|code| EXTENSION.iter().find(|(_, known)| known == code));
            // §6.2.1.1: what is not in the table shows as a space.
            text.push(extended.map_or(' ', |(letter, _)| *letter));
        } else {
            text.push(BASIC.chars().nth(usize::from(octet)).unwrap_or('?'));
        }
    }
    text
}

/// The text that UTF-16 units in network order stand for.
#[must_use]
pub fn read_ucs2(octets: &[u8]) -> String {
    let units = octets.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// The same text with the marks of good printing as a typewriter has them, where that saves it from travelling as UCS-2. Letters
/// are never changed: a name keeps its accents.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '’' | '‘' | '‛' | '′' => plain.push('\''),
            '“' | '”' | '„' | '«' | '»' | '″' => plain.push('"'),
            '–' | '—' | '‑' | '−' | '•' | '·' => plain.push('-'),
            '…' => plain.push_str("..."),
            '\u{a0}' | '\u{202f}' | '\u{2009}' => plain.push(' '),
            // Marks of direction: telephones find it out themselves.
            '\u{2068}' | '\u{2069}' | '\u{200e}' | '\u{200f}' => {}
            _ => plain.push(letter),
        }
    }
    if coding(&plain) == Coding::Gsm7 { plain } else { text.to_owned() }
}

/// The septets of a letter; none where the alphabet has it not.
fn septets(letter: char) -> Option<Vec<u8>> {
    if letter == '\u{1b}' {
        return None;
    }
    if let Some(code) = BASIC.chars().position(|known| known == letter) {
        return Some(vec![u8::try_from(code).unwrap_or_default()]);
    }
    EXTENSION.iter().find(|(known, _)| *known == letter).map(|(_, code)| vec![ESC, *code])
}

/// The octets of each letter, which no part may be cut within: an escape and its code, and the two units of an emoji, stay together.
fn letters(text: &str, coding: Coding) -> Box<dyn Iterator<Item = Vec<u8>> + '_> {
    match coding {
        Coding::Gsm7 => Box::new(text.chars().filter_map(septets)),
        Coding::Ucs2 => Box::new(text.chars().map(|letter| {
            let mut units = [0; 2];
            letter.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()).collect()
        })),
    }
}

/// Where parts begin and end, in letters.
fn cut(lengths: &[usize], coding: Coding) -> Vec<(usize, usize)> {
    let (alone, joined) = match coding {
        Coding::Gsm7 => (SEPTETS_ALONE, SEPTETS_JOINED),
        Coding::Ucs2 => (UNITS_ALONE * 2, UNITS_JOINED * 2),
    };
    if lengths.iter().sum::<usize>() <= alone {
        return vec![(0, lengths.len())];
    }
    let mut bounds = Vec::new();
    let (mut from, mut filled) = (0, 0);
    for (place, length) in lengths.iter().enumerate() {
        if filled + length > joined {
            bounds.push((from, place));
            (from, filled) = (place, 0);
        }
        filled += length;
    }
    bounds.push((from, lengths.len()));
    bounds
}
