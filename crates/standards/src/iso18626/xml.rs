//! A bounded tree of an XML document.
//!
//! In: text from anybody. Out: one [`Element`] with local names, or a [`Broken`] that keeps what was read until then,
//! so that even a broken message can be answered by name. Namespaces are not compared: real senders leave them
//! out, and no element of ISO 18626 needs one to be told apart. Not here: a DOCTYPE, entities and external
//! parts; a document with any of them is refused unread.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// The deepest path of ISO 18626 has six steps; the rest is room for what is ignored.
const DEPTH_MAX: usize = 24;

/// A request with fifty suppliers has about five hundred elements.
const ELEMENTS_MAX: usize = 5_000;

/// Namespaces and schema location on the root are about six.
const ATTRIBUTES_MAX: usize = 32;

/// A long note has four kilobytes; nobody reads a notice of sixty-four.
const TEXT_BYTES_MAX: usize = 64 * 1024;

/// The longest name of ISO 18626 has 35 letters; a name may be repeated in an error sentence.
const NAME_BYTES_MAX: usize = 80;

/// An element: its local name, its attributes by local name, its own text and what stands in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub text: String,
    pub children: Vec<Element>,
}

/// Why a text is not a document we read, and the part that was understood before.
#[derive(Debug)]
pub(super) struct Broken {
    /// The path of the element in which it broke.
    pub element: String,
    /// What is wrong, a clause without a full stop.
    pub why: String,
    /// What stood before.
    pub partial: Option<Box<Element>>,
}

impl Element {
    /// The first element of that name directly inside, in any letter case.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name.eq_ignore_ascii_case(name))
    }

    /// All elements of that name directly inside.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name.eq_ignore_ascii_case(name))
    }

    /// The attribute of that local name, where it is not empty.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// Whether no text stands in it, however deep.
    pub fn is_blank(&self) -> bool {
        self.text.trim().is_empty() && self.children.iter().all(Self::is_blank)
    }
}

/// Reads one document.
pub(super) fn parse(text: &str) -> Result<Element, Broken> {
    let mut growing = Growing::default();
    match growing.grow(text) {
        Ok(()) => growing.root.ok_or_else(|| Broken {
            element: String::new(),
            why: "there is no element in the document".to_owned(),
            partial: None,
        }),
        Err(why) => {
            let element = growing.path();
            Err(Broken { element, why, partial: growing.fold().map(Box::new) })
        }
    }
}

#[derive(Default)]
struct Growing {
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
}

impl Growing {
    fn grow(&mut self, text: &str) -> Result<(), String> {
        // XML 1.0 §2.2: most control characters may not stand in a document at all. Some senders put the
        // declaration on the second line, so white space before it is forgiven.
        if let Some(c) = text.chars().find(|c| !may_stand(*c)) {
            return Err(format!("the character U+{:04X} may not stand in XML", u32::from(c)));
        }
        let mut reader = Reader::from_str(text.trim_start());
        loop {
            match reader.read_event().map_err(|error| ill_formed(&error))? {
                Event::Start(start) => self.open(&start)?,
                Event::Empty(start) => {
                    self.open(&start)?;
                    self.close();
                }
                Event::End(_) => self.close(),
                Event::Text(words) => self.say(&words.xml10_content())?,
                Event::CData(words) => self.say(&words.xml10_content())?,
                Event::GeneralRef(reference) => self.say(&resolve(&reference)?)?,
                Event::DocType(_) => return Err("a DOCTYPE is refused".to_owned()),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
                Event::Eof if self.open.is_empty() => return Ok(()),
                Event::Eof => return Err("the document ends in the middle".to_owned()),
            }
        }
    }

    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), String> {
        if self.root.is_some() {
            return Err("a second root element follows the first".to_owned());
        }
        if self.open.len() == DEPTH_MAX {
            return Err(format!("elements are nested more than {DEPTH_MAX} deep"));
        }
        self.elements += 1;
        if self.elements > ELEMENTS_MAX {
            return Err(format!("there are more than {ELEMENTS_MAX} elements"));
        }
        let mut element = Element { name: local(start.name().as_ref())?.to_owned(), ..Element::default() };
        for (nth, attribute) in start.attributes().enumerate() {
            if nth == ATTRIBUTES_MAX {
                return Err(format!("an element has more than {ATTRIBUTES_MAX} attributes"));
            }
            let attribute = attribute.map_err(|_| "an attribute is not well-formed, or stands twice".to_owned())?;
            let name = attribute.key.as_ref();
            if name == "xmlns" || name.starts_with("xmlns:") {
                continue;
            }
            let value = attribute
                .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                .map_err(|_| "an attribute uses an entity, and entities are refused".to_owned())?;
            bounded(value.len())?;
            element.attributes.push((local(name)?.to_owned(), value.into_owned()));
        }
        self.open.push(element);
        Ok(())
    }

    fn close(&mut self) {
        let Some(done) = self.open.pop() else { return };
        match self.open.last_mut() {
            Some(parent) => parent.children.push(done),
            None => self.root = Some(done),
        }
    }

    fn say(&mut self, words: &str) -> Result<(), String> {
        match self.open.last_mut() {
            Some(element) => {
                bounded(element.text.len() + words.len())?;
                element.text.push_str(words);
                Ok(())
            }
            None if words.trim().is_empty() => Ok(()),
            None => Err("text stands outside of the root element".to_owned()),
        }
    }

    fn path(&self) -> String {
        let names: Vec<&str> = self.open.iter().map(|element| element.name.as_str()).collect();
        names.join("/")
    }

    /// What was read so far, with every open element closed.
    fn fold(mut self) -> Option<Element> {
        while !self.open.is_empty() {
            self.close();
        }
        self.root
    }
}

fn bounded(bytes: usize) -> Result<(), String> {
    if bytes > TEXT_BYTES_MAX {
        return Err(format!("its text is longer than {} kilobytes", TEXT_BYTES_MAX / 1024));
    }
    Ok(())
}

/// A character reference or one of the five entities of XML 1.0 §4.6. There are no others without a DOCTYPE.
fn resolve(reference: &BytesRef<'_>) -> Result<Cow<'static, str>, String> {
    let named = match reference.as_ref() {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        _ => match reference.resolve_char_ref() {
            Ok(Some(c)) if may_stand(c) => return Ok(Cow::Owned(c.to_string())),
            Ok(Some(_)) | Err(_) => return Err("a character reference names no character of XML".to_owned()),
            Ok(None) => return Err("an entity is used, and entities are refused".to_owned()),
        },
    };
    Ok(Cow::Borrowed(named))
}

/// XML 1.0 §2.2, production `Char`. (Rust's `char` has no surrogates.)
pub(super) fn may_stand(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}')
}

/// The name without its prefix.
fn local(name: &str) -> Result<&str, String> {
    if name.len() > NAME_BYTES_MAX {
        return Err(format!("a name is longer than {NAME_BYTES_MAX} octets"));
    }
    let local = name.rsplit_once(':').map_or(name, |(_, local)| local);
    // XML 1.0 §2.3, as strict as the names we look for.
    let letters = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    if !local.starts_with(|c: char| c.is_alphabetic() || c == '_') || !local.chars().all(letters) {
        return Err("a name is not one of XML".to_owned());
    }
    Ok(local)
}

/// What is wrong with the grammar, without words of the document.
fn ill_formed(error: &quick_xml::Error) -> String {
    use quick_xml::errors::IllFormedError;
    let why = match error {
        quick_xml::Error::Syntax(syntax) => return format!("this is not well-formed XML: {syntax}"),
        quick_xml::Error::IllFormed(IllFormedError::MismatchedEndTag { .. }) => "an end tag closes another element",
        quick_xml::Error::IllFormed(IllFormedError::UnmatchedEndTag(_)) => "an end tag closes nothing",
        quick_xml::Error::IllFormed(IllFormedError::UnclosedReference) => "a `&` stands alone",
        _ => "its grammar is broken",
    };
    format!("this is not well-formed XML: {why}")
}
