//! How a part of a message is read from a tree and written to text.
//!
//! A part is declared once, by `record!`, with its elements in the order of the schema; reading and writing follow
//! from the declaration. Reading is lenient: an optional element that makes no sense is left out and
//! remembered as an [`Oddity`]. Only an element the message cannot do without is a [`Fault`].

use quick_xml::escape::escape;

use super::words::{
    Action, ErrorType, MessageStatus, ReasonForMessage, RequestSubType, RequestType, ServiceType, Status, YesNo,
};
use super::xml::{Element, may_stand};
use super::{Moment, Note};

/// Something in a message that was left out, for whoever looks after the sender. No value of the message is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oddity {
    /// The path of the element: `request/serviceInfo/needBeforeDate`.
    pub element: String,
    /// What is odd about it, a clause.
    pub why: &'static str,
}

/// Why a part could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub error_type: ErrorType,
    pub element: String,
    pub why: &'static str,
}

/// More oddities than this in one message say nothing new.
const ODDITIES_MAX: usize = 50;

/// Where reading is, and what was odd so far.
#[derive(Default)]
pub(super) struct Log {
    path: Vec<&'static str>,
    pub oddities: Vec<Oddity>,
}

impl Log {
    pub fn at(kind: &'static str) -> Self {
        Self { path: vec![kind], oddities: Vec::new() }
    }

    fn inside<T>(&mut self, name: &'static str, read: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(name);
        let value = read(self);
        self.path.pop();
        value
    }

    pub fn fault(&self, error_type: ErrorType, why: &'static str) -> Fault {
        Fault { error_type, element: self.path.join("/"), why }
    }

    fn odd(&mut self, fault: Fault) {
        if self.oddities.len() < ODDITIES_MAX {
            self.oddities.push(Oddity { element: fault.element, why: fault.why });
        }
    }
}

/// What stands in one element.
pub(super) trait Leaf: Sized {
    fn read(element: &Element, log: &mut Log) -> Result<Self, Fault>;
    fn write(&self, name: &'static str, out: &mut Writer);

    /// Whether nothing in it was understood.
    fn is_nothing(&self) -> bool {
        false
    }
}

/// What a record says about one of its elements: that it must stand once, may, or may stand often.
pub(super) trait Field: Sized {
    fn take(parent: &Element, name: &'static str, log: &mut Log) -> Result<Self, Fault>;
    fn put(&self, name: &'static str, out: &mut Writer);
    fn is_nothing(&self) -> bool;
}

impl<T: Leaf> Field for Option<T> {
    fn take(parent: &Element, name: &'static str, log: &mut Log) -> Result<Self, Fault> {
        let Some(element) = parent.all(name).find(|element| !element.is_blank()) else {
            return Ok(None);
        };
        match log.inside(name, |log| T::read(element, log)) {
            Ok(value) => Ok(Some(value).filter(|value| !value.is_nothing())),
            Err(fault) => {
                log.odd(fault);
                Ok(None)
            }
        }
    }

    fn put(&self, name: &'static str, out: &mut Writer) {
        if let Some(value) = self {
            value.write(name, out);
        }
    }

    fn is_nothing(&self) -> bool {
        self.is_none()
    }
}

impl<T: Leaf> Field for Vec<T> {
    fn take(parent: &Element, name: &'static str, log: &mut Log) -> Result<Self, Fault> {
        let mut values = Self::new();
        for element in parent.all(name).filter(|element| !element.is_blank()) {
            match log.inside(name, |log| T::read(element, log)) {
                Ok(value) if value.is_nothing() => {}
                Ok(value) => values.push(value),
                Err(fault) => log.odd(fault),
            }
        }
        Ok(values)
    }

    fn put(&self, name: &'static str, out: &mut Writer) {
        for value in self {
            value.write(name, out);
        }
    }

    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
}

/// Reads an element that must be there.
pub(super) fn required<T: Leaf>(parent: &Element, name: &'static str, log: &mut Log) -> Result<T, Fault> {
    log.inside(name, |log| match parent.child(name) {
        None => Err(log.fault(ErrorType::BadlyFormedMessage, "is missing")),
        Some(element) if element.is_blank() => Err(log.fault(ErrorType::UnrecognisedDataValue, "is empty")),
        Some(element) => T::read(element, log),
    })
}

/// Makes a type one that a record may demand.
macro_rules! demanded {
    ($($kind:ty),+ $(,)?) => {$(
        impl $crate::iso18626::part::Field for $kind {
            fn take(
                parent: &$crate::iso18626::xml::Element,
                name: &'static str,
                log: &mut $crate::iso18626::part::Log,
            ) -> Result<Self, $crate::iso18626::part::Fault> {
                $crate::iso18626::part::required(parent, name, log)
            }

            fn put(&self, name: &'static str, out: &mut $crate::iso18626::part::Writer) {
                $crate::iso18626::part::Leaf::write(self, name, out);
            }

            fn is_nothing(&self) -> bool {
                false
            }
        }
    )+};
}
pub(super) use demanded;

/// Declares a part: its doc, its fields with their docs, and the element each field is in.
macro_rules! record {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty = $element:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $kind,)+
        }

        impl $crate::iso18626::part::Leaf for $name {
            fn read(
                element: &$crate::iso18626::xml::Element,
                log: &mut $crate::iso18626::part::Log,
            ) -> Result<Self, $crate::iso18626::part::Fault> {
                Ok(Self { $($field: $crate::iso18626::part::Field::take(element, $element, log)?,)+ })
            }

            fn write(&self, name: &'static str, out: &mut $crate::iso18626::part::Writer) {
                out.open(name);
                $($crate::iso18626::part::Field::put(&self.$field, $element, out);)+
                out.close(name);
            }

            fn is_nothing(&self) -> bool {
                true $(&& $crate::iso18626::part::Field::is_nothing(&self.$field))+
            }
        }
    )+};
}
pub(super) use record;

/// A line of text: white space, which pretty-printing adds, is one blank.
impl Leaf for String {
    fn read(element: &Element, log: &mut Log) -> Result<Self, Fault> {
        let line = element.text.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.is_empty() {
            return Err(log.fault(ErrorType::UnrecognisedDataValue, "holds elements where text belongs"));
        }
        Ok(line)
    }

    fn write(&self, name: &'static str, out: &mut Writer) {
        out.text(name, None, self);
    }
}

impl Leaf for Note {
    fn read(element: &Element, _: &mut Log) -> Result<Self, Fault> {
        Ok(Self::parse(&element.text))
    }

    fn write(&self, name: &'static str, out: &mut Writer) {
        out.text(name, None, &self.text());
    }
}

impl Leaf for Moment {
    fn read(element: &Element, log: &mut Log) -> Result<Self, Fault> {
        let fault = || log.fault(ErrorType::UnrecognisedDataValue, "is not a date and time");
        Self::parse(&element.text).ok_or_else(fault)
    }

    fn write(&self, name: &'static str, out: &mut Writer) {
        out.text(name, None, &self.to_string());
    }
}

impl Leaf for YesNo {
    fn read(element: &Element, log: &mut Log) -> Result<Self, Fault> {
        let fault = || log.fault(ErrorType::UnrecognisedDataValue, "is neither Y nor N");
        Self::parse(&element.text).ok_or_else(fault)
    }

    fn write(&self, name: &'static str, out: &mut Writer) {
        out.text(name, None, if *self == Self::Y { "Y" } else { "N" });
    }
}

impl Leaf for bool {
    fn read(element: &Element, log: &mut Log) -> Result<Self, Fault> {
        let fault = || log.fault(ErrorType::UnrecognisedDataValue, "is neither true nor false");
        YesNo::parse(&element.text).map(|answer| answer == YesNo::Y).ok_or_else(fault)
    }

    fn write(&self, name: &'static str, out: &mut Writer) {
        out.text(name, None, if *self { "true" } else { "false" });
    }
}

macro_rules! word_leaves {
    ($($name:ident)+) => {$(
        impl Leaf for $name {
            fn read(element: &Element, log: &mut Log) -> Result<Self, Fault> {
                String::read(element, log).map(|word| Self::parse(&word))
            }

            fn write(&self, name: &'static str, out: &mut Writer) {
                out.text(name, None, self.as_str());
            }
        }
    )+};
}

word_leaves! { Status ReasonForMessage Action RequestType RequestSubType ServiceType MessageStatus ErrorType }
demanded!(String, Status, ReasonForMessage, Action, MessageStatus, ErrorType);

/// Writes elements, one a line.
#[derive(Default)]
pub(super) struct Writer {
    pub out: String,
    depth: usize,
}

impl Writer {
    pub fn open(&mut self, name: &str) {
        self.open_with(name, "");
    }

    /// Opens an element with attributes that are written already.
    pub fn open_with(&mut self, name: &str, attributes: &str) {
        self.indent();
        self.out.extend(["<", name, attributes, ">\n"]);
        self.depth += 1;
    }

    pub fn close(&mut self, name: &str) {
        self.depth = self.depth.saturating_sub(1);
        self.indent();
        self.out.extend(["</", name, ">\n"]);
    }

    pub fn text(&mut self, name: &str, scheme: Option<&str>, text: &str) {
        self.indent();
        self.out.extend(["<", name]);
        if let Some(scheme) = scheme {
            self.out.extend([" ill:scheme=\"", &escaped(scheme), "\""]);
        }
        self.out.extend([">", &escaped(text), "</", name, ">\n"]);
    }

    fn indent(&mut self) {
        self.out.extend(std::iter::repeat_n("  ", self.depth));
    }
}

/// XML 1.0 §2.2 and §2.4: what may not stand is left out, what means something is escaped.
pub(super) fn escaped(text: &str) -> String {
    let clean: String = text.chars().filter(|c| may_stand(*c)).collect();
    // §2.11: a bare carriage return would be read back as a line feed.
    escape(clean).replace('\r', "&#13;")
}
