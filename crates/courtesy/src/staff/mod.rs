//! A person with a sign-in: what they are at which library, and what that lets them do.
//!
//! In: roles, as they were given. Out: yes or no, for a right and a library. Pages ask for a right and never for a role,
//! so that a role's rights are changed in one place.
//!
//! Not here: passwords, sessions and everything by which somebody shows who they are (`web`, `store`).

#[cfg(test)]
mod tests;

use std::fmt;

use crate::library::LibraryCode;

/// What a person is at a library, or at the whole consortium.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Works at the desk: messages, resending, patrons who were not reached.
    Desk,
    /// Also writes the notices.
    Editor,
    /// Also the Participant Record, sender, staff and API keys.
    Admin,
    /// The library's IT: records to publish, conversations with receivers. Sees no patron.
    It,
    /// Looks at everything, changes nothing.
    Auditor,
    /// Does for every library what its admins do.
    Consortium,
    /// Runs the installation.
    Operator,
}

/// What a page or an action needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Right {
    /// See that the library is here, and its own settings.
    Look,
    /// See messages and who they are for.
    ReadMessages,
    /// Send again, correct an address, take back.
    ActOnMessages,
    /// See what servers said to each other.
    ReadTranscripts,
    /// Change notices and their words.
    EditNotices,
    /// Change the Participant Record, sender, staff and API keys.
    Administer,
    /// See who changed what.
    ReadAudit,
    /// Look after all libraries: only a role at the consortium has it.
    Consortium,
    /// Look after the installation itself.
    Operate,
}

impl Role {
    /// Every role, from the desk upwards.
    pub const ALL: [Self; 7] =
        [Self::Desk, Self::Editor, Self::Admin, Self::It, Self::Auditor, Self::Consortium, Self::Operator];

    /// The roles that one library gives.
    pub const OF_LIBRARY: [Self; 5] = [Self::Desk, Self::Editor, Self::Admin, Self::It, Self::Auditor];

    /// The roles that the consortium gives.
    pub const OF_CONSORTIUM: [Self; 3] = [Self::Auditor, Self::Consortium, Self::Operator];

    /// The word in the store and in forms.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Desk => "desk",
            Self::Editor => "editor",
            Self::Admin => "admin",
            Self::It => "it",
            Self::Auditor => "auditor",
            Self::Consortium => "consortium",
            Self::Operator => "operator",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.code() == code)
    }

    /// Whether this role brings `right`, where it was given.
    #[must_use]
    pub fn has(self, right: Right) -> bool {
        match right {
            Right::Look => true,
            Right::ReadMessages => self != Self::It,
            Right::ActOnMessages => !matches!(self, Self::It | Self::Auditor),
            Right::ReadTranscripts => !matches!(self, Self::Desk | Self::Editor),
            Right::EditNotices => matches!(self, Self::Editor | Self::Admin | Self::Consortium | Self::Operator),
            Right::Administer => matches!(self, Self::Admin | Self::Consortium | Self::Operator),
            Right::ReadAudit => {
                matches!(self, Self::Admin | Self::Auditor | Self::Consortium | Self::Operator)
            }
            Right::Consortium => matches!(self, Self::Consortium | Self::Operator),
            Right::Operate => self == Self::Operator,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The roles of one person: at one library each, or (none) at the whole consortium.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles(Vec<(Option<LibraryCode>, Role)>);

impl Roles {
    /// These roles.
    #[must_use]
    pub fn new(roles: Vec<(Option<LibraryCode>, Role)>) -> Self {
        Self(roles)
    }

    /// Each role and where it was given.
    pub fn iter(&self) -> impl Iterator<Item = (Option<&LibraryCode>, Role)> {
        self.0.iter().map(|(library, role)| (library.as_ref(), *role))
    }

    /// Whether they bring `right` at `library`; none: at the consortium as a whole.
    #[must_use]
    pub fn may(&self, right: Right, library: Option<&LibraryCode>) -> bool {
        self.iter().any(|(at, role)| role.has(right) && (at.is_none() || (library.is_some() && at == library)))
    }

    /// Whether any of them is at the consortium as a whole.
    #[must_use]
    pub fn is_consortium(&self) -> bool {
        self.iter().any(|(at, _)| at.is_none())
    }

    /// The libraries that they name.
    #[must_use]
    pub fn libraries(&self) -> Vec<LibraryCode> {
        self.iter().filter_map(|(at, _)| at.cloned()).collect()
    }

    /// The role at `library`, where one was given for exactly it; none: at the consortium.
    #[must_use]
    pub fn at(&self, library: Option<&LibraryCode>) -> Option<Role> {
        self.iter().find(|(at, _)| *at == library).map(|(_, role)| role)
    }
}
