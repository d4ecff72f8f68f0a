//! SMTP replies (RFC 5321 §4.2) and enhanced status codes (RFC 3463, RFC 2034).
//!
//! In: the lines a server said. Out: a [`Reply`]. Not here: what a reply means; that depends on who said it and
//! when, and is the service's business.

#[cfg(test)]
mod tests;

use std::fmt;

/// What a server answered: code, enhanced status where it gave one, and its words.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Reply {
    /// Three digits, 200 to 599.
    pub code: u16,
    /// The enhanced status code, when the text begins with one.
    pub status: Option<Status>,
    /// The words, lines joined by `\n`, without code and status.
    pub text: String,
}

/// An enhanced status code such as 5.7.26 (RFC 3463 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Status {
    /// 2 success, 4 for now, 5 for good.
    pub class: u8,
    /// What it is about: 1 address, 2 mailbox, 3 system, 4 network, 5 protocol, 6 content, 7 policy.
    pub subject: u16,
    /// Which case of that subject.
    pub detail: u16,
}

impl Status {
    /// Reads `5.7.26` and nothing else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let number = |part: Option<&str>| -> Option<u16> {
            let part = part?;
            // RFC 3463 §2: one to three digits.
            (part.len() <= 3 && !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
                .then(|| part.parse().ok())?
        };
        let class = number(parts.next())?;
        let subject = number(parts.next())?;
        let detail = number(parts.next())?;
        let class = u8::try_from(class).ok().filter(|class| matches!(class, 2 | 4 | 5))?;
        parts.next().is_none().then_some(Self { class, subject, detail })
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

impl TryFrom<String> for Status {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("“{text}” is not an enhanced status code"))
    }
}

impl From<Status> for String {
    fn from(status: Status) -> Self {
        status.to_string()
    }
}

impl Reply {
    /// A reply from its code and its lines as they came, each without code and separator. The enhanced status is
    /// taken off the front of every line (RFC 2034 §4 repeats it), and no control character is kept but a tab.
    #[must_use]
    pub fn from_lines<'a>(code: u16, lines: impl IntoIterator<Item = &'a str>) -> Self {
        let mut status = None;
        let mut text = String::new();
        for (index, line) in lines.into_iter().enumerate() {
            let (first, rest) = line.trim_start().split_once(' ').unwrap_or((line.trim(), ""));
            let words = match Status::parse(first) {
                Some(found) if status.is_none_or(|known| known == found) => {
                    status = Some(found);
                    rest
                }
                _ => line,
            };
            if index > 0 {
                text.push('\n');
            }
            text.push_str(&legible(words.trim_end()));
        }
        Self { code, status, text }
    }

    /// Whether the server took it (2yz).
    #[must_use]
    pub fn is_positive(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// Whether the server refused for now (4yz).
    #[must_use]
    pub fn is_transient(&self) -> bool {
        (400..500).contains(&self.code)
    }

    /// Whether the server refused for good (5yz).
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        (500..600).contains(&self.code)
    }
}

/// `text` without control characters other than line ends and tabs. RFC 5321 §4.2 lets a reply have none; who sends them all the same
/// breaks a database that keeps no NUL, and the terminal of whoever reads them.
#[must_use]
pub fn legible(text: &str) -> String {
    let letter = |letter: char| match letter {
        '\n' | '\t' => letter,
        '\r' | '\u{b}' | '\u{c}' => ' ',
        control if control.is_control() => char::REPLACEMENT_CHARACTER,
        _ => letter,
    };
    text.chars().map(letter).collect()
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(status) = self.status {
            write!(f, " {status}")?;
        }
        if !self.text.is_empty() {
            write!(f, " {}", self.text.replace('\n', " "))?;
        }
        Ok(())
    }
}
