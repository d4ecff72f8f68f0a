//! The words of a notice as an editor types them: subject, the line for locked screens, the text message, and the letter, each in a
//! field of its own. The source, which the store keeps, has them in one text.
//!
//! In: a source, or what was typed. Out: the other one; and for a problem of a line of the source, the field it stands in.
//! Not here: what is wrong with them (`notice::words`, `notice::check`).

use crate::notice::catalogue::Notice;

/// What stands on both sides of the front matter.
const RULE: &str = "---";

/// The words in their fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    pub subject: String,
    pub push: String,
    pub sms: String,
    pub body: String,
    /// Lines of the front matter that have no field here: they stay as they are.
    pub rest: Vec<String>,
}

/// Where a problem stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spot {
    Subject,
    Push,
    Sms,
    /// In the letter, on this line of it, from 1.
    Body(u32),
}

impl Parts {
    /// The parts of a source. What is no front matter is taken as the letter.
    pub(super) fn of(source: &str) -> Self {
        let source = source.replace("\r\n", "\n");
        let mut lines = source.trim_start_matches('\u{feff}').lines();
        let mut parts = Self::default();
        if lines.clone().next().map(str::trim_end) != Some(RULE) {
            return Self { body: source.trim().to_owned(), ..parts };
        }
        lines.next();
        for line in lines.by_ref().take_while(|line| line.trim_end() != RULE) {
            match line.split_once(':').map(|(key, value)| (key.trim(), value.trim())) {
                Some(("status" | "audience", _)) => {}
                Some(("subject", value)) => value.clone_into(&mut parts.subject),
                Some(("push", value)) => value.clone_into(&mut parts.push),
                Some(("sms", value)) => value.clone_into(&mut parts.sms),
                _ => parts.rest.push(line.to_owned()),
            }
        }
        parts.body = lines.collect::<Vec<_>>().join("\n").trim().to_owned();
        parts
    }

    /// The parts as they were typed, subject, locked screens and text message; those are one line each, whatever a browser sends.
    pub(super) fn typed([subject, push, sms]: [&str; 3], body: &str, rest: Vec<String>) -> Self {
        // Not at no-break spaces, which French has before its marks.
        let line = |text: &str| text.trim().split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        let body = body.replace("\r\n", "\n").replace('\r', "\n");
        let body: Vec<&str> = body.lines().map(str::trim_end).collect();
        let body = body.join("\n").trim().to_owned();
        Self { subject: line(subject), push: line(push), sms: line(sms), body, rest }
    }

    /// The front matter, without its rules.
    fn front(&self, notice: Notice) -> Vec<String> {
        let mut front =
            vec![format!("status: {}", notice.status.code()), format!("audience: {}", notice.audience.code())];
        front.push(format!("subject: {}", self.subject));
        if !self.push.is_empty() {
            front.push(format!("push: {}", self.push));
        }
        if !self.sms.is_empty() {
            front.push(format!("sms: {}", self.sms));
        }
        front.extend(self.rest.iter().cloned());
        front
    }

    /// The source, as it is kept.
    pub(super) fn source(&self, notice: Notice) -> String {
        format!("{RULE}\n{}\n{RULE}\n{}\n", self.front(notice).join("\n"), self.body)
    }

    /// Where line `line` of the source stands.
    pub(super) fn spot(&self, notice: Notice, line: u32) -> Spot {
        let front = self.front(notice);
        // The first rule is line 1, the second one follows the front matter.
        let before = u32::try_from(front.len()).unwrap_or(u32::MAX).saturating_add(2);
        if line > before {
            return Spot::Body(line - before);
        }
        let at = usize::try_from(line).unwrap_or(0).checked_sub(2).and_then(|index| front.get(index));
        match at.and_then(|line| line.split_once(':')) {
            Some(("push", _)) => Spot::Push,
            Some(("sms", _)) => Spot::Sms,
            _ => Spot::Subject,
        }
    }
}

#[cfg(test)]
mod tests;
