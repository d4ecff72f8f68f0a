//! The fields of a library that words may name.

use std::collections::BTreeMap;

use super::Library;
use crate::notice::Language;

impl Library {
    /// `library_name`, `library_code`, `library_phone`, `library_email`, `library_hours`, `library_url`; absent ones
    /// are left out.
    #[must_use]
    pub fn fields(&self, language: Language) -> BTreeMap<String, String> {
        let email = self.reply_to.as_ref().or(self.from.as_ref()).map(ToString::to_string);
        [
            ("library_name", Some(self.name.get(language).to_owned())),
            ("library_code", Some(self.code.to_string())),
            ("library_phone", self.phone.clone()),
            ("library_email", email),
            ("library_hours", self.hours.as_ref().map(|hours| hours.get(language).to_owned())),
            ("library_url", self.url.clone()),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name.to_owned(), value)))
        .collect()
    }
}
