//! A library that is none: what words that belong to no library are shown with.
//!
//! In: nothing. Out: a record with a name in both languages and a telephone number. Its code is a real library's only where
//! somebody chose that name.

use std::collections::BTreeMap;

use super::{Copies, InLanguages, Library, LibraryCode, Reach, Timing};
use crate::notice::Language;

impl Library {
    /// The sample.
    #[must_use]
    pub fn sample() -> Self {
        Self {
            code: LibraryCode::parse("SAMPLE").expect("it is letters"),
            name: InLanguages { en: "Sample Public Library".to_owned(), fr: Some("Bibliothèque modèle".to_owned()) },
            symbols: Vec::new(),
            time_zone: "UTC".to_owned(),
            languages: Language::ALL.to_vec(),
            region: "default".to_owned(),
            from: None,
            prefer_shared_over_own_bounces: false,
            display_name: None,
            reply_to: None,
            cc: Vec::new(),
            copies: Copies::Each,
            borrowing_staff: Vec::new(),
            lending_staff: Vec::new(),
            phone: Some("555-0100".to_owned()),
            hours: None,
            url: None,
            closures: Vec::new(),
            switches: BTreeMap::new(),
            demands_tls: false,
            brake_at: None,
            other_regions: false,
            hide_titles: false,
            reach: Reach::default(),
            timing: Timing::default(),
            sign_on: None,
            relay: None,
        }
    }
}
