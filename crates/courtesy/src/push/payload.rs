//! What a device is told: JSON that a browser with Declarative Web Push shows by itself, and our service worker shows elsewhere.
//!
//! In: a few short lines, without titles: `notice` saw to that. Out: octets, short enough for every push service.

use serde_json::json;

use crate::notice::Language;

/// The longest text that is shown: a screen that is locked shows about this much.
pub const TEXT_OCTETS_MAX: usize = 600;

/// The number that says that a message is declarative (W3C Push API, "declarative push message").
const WEB_PUSH: u16 = 8030;

/// What shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The library's name.
    pub title: String,
    /// What it says.
    pub body: String,
    /// Where a tap leads to: a whole URL.
    pub navigate: String,
    /// The language of both.
    pub language: Language,
    /// What it replaces on the screen.
    pub tag: String,
    /// The word with which the device says that it was shown: see [`super::receipt`].
    pub receipt: String,
}

impl Shown {
    /// The octets.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let message = json!({
            "web_push": WEB_PUSH,
            "notification": {
                "title": cut(&self.title),
                "body": cut(&self.body),
                "navigate": self.navigate,
                "lang": self.language.tag(),
                "dir": "auto",
                "tag": self.tag,
                "data": { "receipt": self.receipt },
            },
            // The service worker is asked too, where there is one: it says that it was shown.
            "mutable": true,
        });
        message.to_string().into_bytes()
    }
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_OCTETS_MAX)]
}
