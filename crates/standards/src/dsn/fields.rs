//! Blocks of `Name: value` lines, as headers and reports have them (RFC 5322 §2.2, RFC 3464 §2.1).

/// More fields than any report has.
const FIELDS_MAX: usize = 400;
/// RFC 5322 §2.1.1 allows 998 octets a line; folded values are kept up to a few of them.
const VALUE_OCTETS_MAX: usize = 8192;

/// The fields of one block, in their order. Names are lower case, values unfolded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads one block. Lines that are neither a field nor a continuation are passed over.
    #[must_use]
    pub fn read(block: &str) -> Self {
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in block.lines() {
            let is_continuation = line.starts_with([' ', '\t']);
            match (is_continuation, fields.last_mut()) {
                (true, Some((_, value))) if value.len() + line.len() < VALUE_OCTETS_MAX => {
                    value.push(' ');
                    value.push_str(line.trim());
                }
                (true, _) => {}
                (false, _) => {
                    if let Some((name, value)) = split_field(line)
                        && fields.len() < FIELDS_MAX
                    {
                        fields.push((name.to_ascii_lowercase(), value.trim().chars().take(VALUE_OCTETS_MAX).collect()));
                    }
                }
            }
        }
        Self(fields)
    }

    /// The value of the first field of this name (lower case).
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The values of all fields of this name (lower case).
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Names and values in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A field added at the end.
    pub(super) fn push(&mut self, name: String, value: String) {
        if self.0.len() < FIELDS_MAX {
            self.0.push((name, value.chars().take(VALUE_OCTETS_MAX).collect()));
        }
    }
}

/// `Name: value` where the name is one (RFC 5322 §3.6.8), else none.
pub(super) fn split_field(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let name = name.trim_end();
    let sound = (2..=76).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    sound.then_some((name, value))
}
