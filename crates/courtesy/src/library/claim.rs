//! Whose From domain is whose.
//!
//! In: a Participant Record about to be kept, the records that are, the domains of this service, and whose keys there
//! are. Out: why the record's From address cannot stand, or nothing. DNS proves that this service may send for a domain,
//! and not for which library: without this rule one library could write in the name of another that has delegated.
//! Libraries of one municipality may share a domain; that they are one organisation is for the consortium to say.

use std::sync::Arc;

use standards::domain::Domain;

use super::{Library, LibraryCode, RecordProblem};

/// Who wishes to keep the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The consortium, which knows who is one organisation.
    Consortium,
    /// The library itself.
    Library,
}

/// What is taken.
pub struct Claims<'a> {
    /// Domains of this service: each library has its own address there, and no other.
    pub ours: [Domain; 2],
    /// The libraries as they are kept.
    pub libraries: &'a [Arc<Library>],
    /// Domains that were delegated to us, and for which library.
    pub delegated: &'a [(Domain, LibraryCode)],
}

impl Claims<'_> {
    /// Why `library` cannot have its From address, if so.
    #[must_use]
    pub fn problem(&self, library: &Library, by: By) -> Option<RecordProblem> {
        let domain = library.from.as_ref()?.domain();
        let wrong = |detail: String| Some(RecordProblem { field: "from", detail });
        if self.ours.iter().any(|ours| domain.is_within(ours)) {
            let detail = "is a domain of this service; leave the address out to send from the shared address";
            return wrong(format!("{domain} {detail}"));
        }
        if by == By::Consortium || self.has_it_already(library, domain) {
            return None;
        }
        // Whose it is stays unsaid: one library's settings are no other's business.
        self.is_anothers(&library.code, domain).then(|| RecordProblem {
            field: "from",
            detail: format!(
                "{domain} is used by another library; where both are one organisation, the consortium can set it"
            ),
        })
    }

    fn has_it_already(&self, library: &Library, domain: &Domain) -> bool {
        let kept = self.libraries.iter().find(|kept| kept.code == library.code);
        kept.and_then(|kept| kept.from.as_ref()).is_some_and(|from| from.domain() == domain)
    }

    fn is_anothers(&self, code: &LibraryCode, domain: &Domain) -> bool {
        let writes =
            |kept: &Arc<Library>| kept.code != *code && kept.from.as_ref().is_some_and(|from| from.domain() == domain);
        self.libraries.iter().any(writes) || self.delegated.iter().any(|(of, owner)| of == domain && owner != code)
    }
}
