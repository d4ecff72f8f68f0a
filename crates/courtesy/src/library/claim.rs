//! Whose From domain, whose symbol, and what only the consortium says of a library.
//!
//! In: a Participant Record about to be kept, the records that are, the domains of this service, and whose keys there
//! are. Out: what cannot stand. DNS proves that this service may send for a domain, and not for which library: without
//! this rule one library could write in the name of another that has delegated; and one that took another's symbol would be
//! told of the other's patrons. Libraries of one municipality may share a domain; that they are one organisation is for the
//! consortium to say.

use std::collections::HashMap;
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
    ours: [Domain; 2],
    libraries: &'a [Arc<Library>],
    delegated: &'a [(Domain, LibraryCode)],
    /// Codes and symbols, and whose.
    names: HashMap<&'a LibraryCode, &'a LibraryCode>,
}

impl<'a> Claims<'a> {
    /// `ours`: domains of this service, where each library has its own address and no other. `libraries` as they are kept.
    /// `delegated`: domains that were delegated to us, and for which library.
    #[must_use]
    pub fn new(ours: [Domain; 2], libraries: &'a [Arc<Library>], delegated: &'a [(Domain, LibraryCode)]) -> Self {
        let symbols = libraries.iter().flat_map(|kept| kept.symbols.iter().map(|symbol| (symbol, &kept.code)));
        // Who has a name as its code is found by it before whoever has it as a symbol.
        let names = symbols.chain(libraries.iter().map(|kept| (&kept.code, &kept.code))).collect();
        Self { ours, libraries, delegated, names }
    }

    /// What of `library` cannot stand.
    #[must_use]
    pub fn problems(&self, library: &Library, by: By) -> Vec<RecordProblem> {
        let kept = self.libraries.iter().find(|kept| kept.code == library.code);
        let mut problems: Vec<_> = self.of_names(library).into_iter().chain(self.of_from(library, by)).collect();
        if let (By::Library, Some(kept)) = (by, kept) {
            problems.extend(for_the_consortium(library, kept));
        }
        problems
    }

    fn of_names(&self, library: &Library) -> Vec<RecordProblem> {
        let anothers = |name: &&LibraryCode| self.names.get(name).is_some_and(|owner| **owner != library.code);
        let taken = |field: &'static str, name: &LibraryCode| RecordProblem {
            field,
            detail: format!("{name} is the code or a symbol of another library; a name leads to one library only"),
        };
        let code = Some(&library.code).filter(anothers).map(|name| taken("code", name));
        code.into_iter().chain(library.symbols.iter().filter(anothers).map(|name| taken("symbols", name))).collect()
    }

    /// Why `library` cannot have its From address, if so.
    fn of_from(&self, library: &Library, by: By) -> Option<RecordProblem> {
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

/// What a library's record leads to it and by which machines it is sent, which the consortium sets.
fn for_the_consortium(library: &Library, kept: &Library) -> Vec<RecordProblem> {
    let set = [
        ("symbols", library.symbols == kept.symbols),
        ("region", library.region == kept.region),
        ("other_regions", library.other_regions == kept.other_regions),
    ];
    let changed = set.into_iter().filter(|(_, is_same)| !is_same);
    let detail = "only the consortium can change this; send it as the record has it";
    changed.map(|(field, _)| RecordProblem { field, detail: detail.to_owned() }).collect()
}
