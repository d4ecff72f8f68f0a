//! A statement: its text, and the values it is run with.
//!
//! One text serves both databases; where they differ, [`either`] has both. Parameters are `$n`. Values are what both
//! share: integers, text, octets, and none of each.

use std::borrow::Cow;

/// A value a statement is run with. None keeps its kind, which PostgreSQL wants to know.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Octets(Option<Vec<u8>>),
}

macro_rules! value_from {
    ($($kind:ident: $($from:ty),+;)+) => {$($(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::$kind(Some(value.to_owned().into()))
            }
        }
        impl From<Option<$from>> for Value {
            fn from(value: Option<$from>) -> Self {
                Self::$kind(value.map(|value| value.to_owned().into()))
            }
        }
    )+)+};
}

value_from! {
    Int: i64, i32, u32;
    Text: &str, String;
    Octets: &[u8], Vec<u8>, [u8; 16], [u8; 32];
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(Some(value.clone()))
    }
}

impl From<&Option<String>> for Value {
    fn from(value: &Option<String>) -> Self {
        Self::Text(value.clone())
    }
}

impl From<&Vec<u8>> for Value {
    fn from(value: &Vec<u8>) -> Self {
        Self::Octets(Some(value.clone()))
    }
}

/// A text with its values.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    sqlite: Cow<'static, str>,
    /// Where it differs.
    postgres: Option<Cow<'static, str>>,
    pub(super) values: Vec<Value>,
    /// Whether the text is the same each time it is run, and so is worth being kept prepared.
    pub(super) is_fixed: bool,
}

/// A column that rows are checked by, and not found by. SQLite without statistics believes that a notice, a state or a library narrows a
/// search as much as an event or an address does, and takes the wrong index; one that begins with a column wrapped like this it cannot take.
macro_rules! checked {
    ($column:literal) => {
        concat!("coalesce(", $column, ", '')")
    };
}

pub(super) use checked;

/// A statement with one text for both databases.
pub(super) fn query(text: impl Into<Cow<'static, str>>) -> Statement {
    Statement { sqlite: text.into(), postgres: None, values: Vec::new(), is_fixed: true }
}

/// A statement whose text differs. Both bind the same values.
pub(super) fn either(sqlite: &'static str, postgres: &'static str) -> Statement {
    Statement { postgres: Some(Cow::Borrowed(postgres)), ..query(sqlite) }
}

impl Statement {
    /// Gives the next `$n` its value.
    pub(super) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    pub(super) fn sqlite(&self) -> Cow<'static, str> {
        self.sqlite.clone()
    }

    pub(super) fn postgres(&self) -> Cow<'static, str> {
        self.postgres.clone().unwrap_or_else(|| self.sqlite())
    }
}

/// A statement put together piece by piece: filters, lists, many rows.
///
/// To SQLite `$n` is a name that it compares with all names before it, each time, and 500 rows have thousands. There the
/// parameters are bare question marks, and only PostgreSQL's text has numbers.
pub(super) struct Builder {
    sqlite: String,
    postgres: String,
    values: Vec<Value>,
}

impl Builder {
    /// Begins with `text`.
    pub(super) fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { sqlite: text.clone(), postgres: text, values: Vec::new() }
    }

    /// More text.
    pub(super) fn push(&mut self, text: impl std::fmt::Display) -> &mut Self {
        use std::fmt::Write as _;
        let start = self.sqlite.len();
        write!(self.sqlite, "{text}").expect("text takes any text");
        self.postgres.push_str(&self.sqlite[start..]);
        self
    }

    /// The next parameter, with its value.
    pub(super) fn push_bind(&mut self, value: impl Into<Value>) -> &mut Self {
        use std::fmt::Write as _;
        self.values.push(value.into());
        self.sqlite.push('?');
        write!(self.postgres, "${}", self.values.len()).expect("text takes any text");
        self
    }

    /// `values (…), (…)`: one bracket for each of `rows`, filled by `fill`.
    pub(super) fn push_values<T>(
        &mut self,
        rows: impl IntoIterator<Item = T>,
        mut fill: impl FnMut(&mut List<'_>, T),
    ) -> &mut Self {
        self.push("values ");
        for (index, row) in rows.into_iter().enumerate() {
            self.push(if index == 0 { "(" } else { ", (" });
            fill(&mut List { of: self, is_first: true }, row);
            self.push(")");
        }
        self
    }

    /// `(…, …)`: a list to look in. An empty one finds nothing.
    pub(super) fn push_list<V: Into<Value>>(&mut self, values: impl IntoIterator<Item = V>) -> &mut Self {
        self.push("(");
        let before = self.values.len();
        let mut list = List { of: self, is_first: true };
        for value in values {
            list.push_bind(value);
        }
        if self.values.len() == before {
            self.push("null");
        }
        self.push(")")
    }

    /// The statement.
    pub(super) fn build(self) -> Statement {
        let Self { sqlite, postgres, values } = self;
        Statement { postgres: Some(Cow::Owned(postgres)), values, is_fixed: false, ..query(sqlite) }
    }
}

/// Values with commas between them.
pub(super) struct List<'b> {
    of: &'b mut Builder,
    is_first: bool,
}

impl List<'_> {
    /// The next one.
    pub(super) fn push_bind(&mut self, value: impl Into<Value>) -> &mut Self {
        if !std::mem::take(&mut self.is_first) {
            self.of.push(", ");
        }
        self.of.push_bind(value);
        self
    }
}
