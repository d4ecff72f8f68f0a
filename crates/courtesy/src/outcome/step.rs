//! What staff can do next for a patron who was not reached, in words.
//!
//! In: the cause. Out: a [`Step`], which is one of a handful; its words stand in the cause table's file. Not here: the
//! list of patrons (`store`).

use super::Cause;
use crate::notice::Language;

/// One thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The address is no good: get another.
    AskAddress,
    /// The address may be mistyped.
    CheckAddress,
    /// There is none.
    AddAddress,
    /// The patron complained, or turned mail off.
    Speak,
    /// The mailbox is full.
    TellOfFullBox,
    /// The notice lacks something, or its words were refused.
    FixNotice,
    /// Not the patron's fault, and it may go now.
    SendAgain,
    /// Tell the patron some other way.
    TellAnotherWay,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 8] = [
        Self::AskAddress,
        Self::CheckAddress,
        Self::AddAddress,
        Self::Speak,
        Self::TellOfFullBox,
        Self::FixNotice,
        Self::SendAgain,
        Self::TellAnotherWay,
    ];

    /// The next step after `cause`.
    #[must_use]
    pub fn after(cause: Cause) -> Self {
        let within = |codes: &[&str]| codes.iter().any(|code| cause.is_within(code));
        if within(&["addr.missing"]) {
            Self::AddAddress
        } else if within(&["addr.typo", "domain"]) {
            Self::CheckAddress
        } else if within(&["addr"]) {
            Self::AskAddress
        } else if within(&["complaint", "optout"]) {
            Self::Speak
        } else if within(&["mailbox.full"]) {
            Self::TellOfFullBox
        } else if within(&["render", "content", "policy.spam"]) {
            Self::FixNotice
        } else if within(&["auth", "sender", "infra", "relay", "tls", "net", "dns", "temp", "expired", "policy.rate"]) {
            Self::SendAgain
        } else {
            Self::TellAnotherWay
        }
    }

    /// The key in the words and in the API.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::AskAddress => "ask_address",
            Self::CheckAddress => "check_address",
            Self::AddAddress => "add_address",
            Self::Speak => "speak",
            Self::TellOfFullBox => "tell_of_full_box",
            Self::FixNotice => "fix_notice",
            Self::SendAgain => "send_again",
            Self::TellAnotherWay => "tell_another_way",
        }
    }

    /// In a sentence.
    #[must_use]
    pub fn words(self, language: Language) -> &'static str {
        super::cause::step_words(self.code(), language)
    }
}
