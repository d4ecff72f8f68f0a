//! What macros come to in one check: the name that a term is about, and the words of a domain on its `fail` (RFC 7208 §6.2, §7).

use super::super::macros::{Facts, Letters, MacroString};
use super::super::parse::printable;
use super::super::{Event, Step};
use super::{At, Check, Voids};
use crate::domain::Domain;

/// RFC 7208 §7.3: what `%{p}` stands for when no name of the address points back to it.
const UNKNOWN: &str = "unknown";

impl Check<'_> {
    /// The name a term is about (RFC 7208 §4.8), or the text that is none.
    pub(super) async fn target(
        &mut self,
        at: At<'_>,
        spec: Option<&MacroString>,
        index: usize,
    ) -> Result<Domain, String> {
        let name = match spec {
            Some(spec) => into_name(&self.expand(at, spec).await),
            None => Ok(at.domain.clone()),
        };
        let shown = match &name {
            Ok(name) => name.to_string(),
            Err(text) => printable(text.as_bytes()),
        };
        if let Some(Step { event: Event::Term { target, .. }, .. }) = self.trace.get_mut(index) {
            *target = Some(shown);
        }
        name
    }

    pub(super) fn target_name(&self, index: usize) -> String {
        match self.trace.get(index) {
            Some(Step { event: Event::Term { target: Some(target), .. }, .. }) => target.clone(),
            _ => String::new(),
        }
    }

    /// RFC 7208 §6.2: the domain's own words. Whatever is wrong with them, there are none, and the result stands.
    pub(super) async fn explain(&mut self, domain: &Domain, target: &MacroString) -> Option<String> {
        let at = At { domain, depth: 0 };
        let name = self.expand(at, target).await;
        let target = into_name(&name).ok();
        let text = match &target {
            Some(target) => self.words(at, target).await,
            None => None,
        };
        self.note(at, Event::Explanation { target: target.map(String::from), text: text.clone() });
        text
    }

    async fn words(&mut self, at: At<'_>, target: &Domain) -> Option<String> {
        let answer = self.dns.txt(target).await;
        let shown = |octets: &Vec<u8>| printable(octets);
        let found = self.told(at, (target.as_str(), "TXT"), answer, Voids::Ignore, shown).ok()?;
        let [words] = found.as_slice() else { return None };
        let words = std::str::from_utf8(words).ok().filter(|text| text.bytes().all(|b| (b' '..=b'~').contains(&b)))?;
        let words = MacroString::parse(words, Letters::All).ok()?;
        let text = self.expand(at, &words).await;
        // The sender's local part is the sender's: what it puts here must not break a line or a terminal.
        Some(text.chars().map(|c| if (' '..='~').contains(&c) { c } else { '?' }).collect())
    }

    async fn expand(&mut self, at: At<'_>, text: &MacroString) -> String {
        let validated = if text.uses_validated_name() { self.validated_name(at).await } else { UNKNOWN.to_owned() };
        text.expand(&Facts {
            local: &self.local,
            sender_domain: &self.sender_domain,
            domain: at.domain.as_str(),
            ip: self.ip,
            validated: &validated,
            helo: self.query.helo,
            receiver: self.query.receiver.unwrap_or(UNKNOWN),
            now_s: self.query.now.as_second(),
        })
    }

    /// The name behind `%{p}`: the domain itself if the address has it, else one below it, else any (RFC 7208 §7.3).
    async fn validated_name(&mut self, at: At<'_>) -> String {
        let mut names = self.claimed_names(at, Voids::Ignore).await.unwrap_or_default();
        names.sort_by_key(|name| (name != at.domain, !name.is_within(at.domain)));
        for name in names {
            if self.points_back(at, &name).await {
                return name.to_string();
            }
        }
        UNKNOWN.to_owned()
    }
}

/// RFC 7208 §7.3: labels are taken off the left of a name past 253 octets; a trailing dot is nothing.
fn into_name(text: &str) -> Result<Domain, String> {
    /// RFC 7208 §7.3.
    const NAME_OCTETS_MAX: usize = 253;
    let mut name = text.strip_suffix('.').unwrap_or(text);
    while name.len() > NAME_OCTETS_MAX {
        match name.split_once('.') {
            Some((_, rest)) => name = rest,
            None => break,
        }
    }
    Domain::from_dns(name).map_err(|_| text.to_owned())
}
