//! The book: libraries and words in force, kept in memory, read all the time.
//!
//! Changes made through this process are seen at once; [`Book::refresh`] brings in those made elsewhere.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use super::{Result, Store, StoreError, WordsRef};
use crate::library::{Library, LibraryCode};
use crate::notice::catalogue::Notice;
use crate::notice::words::Words;
use crate::notice::{Language, builtin};

/// Whose words a message is written with, and which version. None of a library: the built-in ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordsSource {
    /// A library's code, the empty text for the consortium, none for the built-in words.
    pub of: Option<String>,
    /// The version; 0 for the built-in words.
    pub version: i64,
}

/// Old versions of words kept parsed: messages in flight were written under few of them.
const OLD_WORDS_MAX: usize = 2000;

/// Words with the source they were read from.
struct Text {
    words: Arc<Words>,
    source: String,
}

type InForce = HashMap<(String, String, &'static str), (i64, Option<Text>)>;

/// Libraries and words, in memory.
pub struct Book {
    store: Store,
    libraries: RwLock<HashMap<LibraryCode, Arc<Library>>>,
    in_force: RwLock<InForce>,
    old: RwLock<HashMap<WordsRef, Arc<Words>>>,
    built_in: HashMap<(Notice, Language), Arc<Words>>,
}

impl Book {
    /// Opens the book over `store`.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn open(store: Store) -> Result<Self> {
        let book = Self {
            store,
            libraries: RwLock::default(),
            in_force: RwLock::default(),
            old: RwLock::default(),
            built_in: built_in(),
        };
        book.refresh().await?;
        Ok(book)
    }

    /// Reads everything again.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn refresh(&self) -> Result<()> {
        let libraries = self
            .store
            .libraries()
            .await?
            .into_iter()
            .map(|library| (library.code.clone(), Arc::new(library)))
            .collect();
        let mut in_force = InForce::new();
        for saved in self.store.words_in_force().await? {
            let Some(language) = Language::from_tag(&saved.of.language) else { continue };
            let words = match &saved.source {
                Some(source) => Some(Text { words: parsed(&saved.of, source)?, source: source.clone() }),
                None => None,
            };
            in_force.insert((saved.of.library, saved.of.notice, language.tag()), (saved.of.version, words));
        }
        *self.libraries.write().unwrap_or_else(std::sync::PoisonError::into_inner) = libraries;
        *self.in_force.write().unwrap_or_else(std::sync::PoisonError::into_inner) = in_force;
        Ok(())
    }

    /// The library with this code.
    #[must_use]
    pub fn library(&self, code: &LibraryCode) -> Option<Arc<Library>> {
        self.libraries.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(code).cloned()
    }

    /// The library that goes by this code or symbol.
    #[must_use]
    pub fn library_known_as(&self, name: &LibraryCode) -> Option<Arc<Library>> {
        self.library(name).or_else(|| {
            let libraries = self.libraries.read().unwrap_or_else(std::sync::PoisonError::into_inner);
            libraries.values().find(|library| library.symbols.contains(name)).cloned()
        })
    }

    /// Every library, by code.
    #[must_use]
    pub fn libraries(&self) -> Vec<Arc<Library>> {
        let mut all: Vec<_> =
            self.libraries.read().unwrap_or_else(std::sync::PoisonError::into_inner).values().cloned().collect();
        all.sort_by(|a, b| a.code.cmp(&b.code));
        all
    }

    /// The words that `whose` (a library's code, or the empty text for the consortium) says `notice` with in `language`: its
    /// own, else the consortium's, else the built-in ones.
    #[must_use]
    pub fn words(&self, whose: &str, notice: Notice, language: Language) -> Option<(WordsSource, Arc<Words>)> {
        let in_force = self.in_force.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        for of in [whose, ""] {
            if let Some((version, Some(text))) = in_force.get(&(of.to_owned(), notice.code(), language.tag())) {
                return Some((WordsSource { of: Some(of.to_owned()), version: *version }, Arc::clone(&text.words)));
            }
        }
        let built_in = self.built_in.get(&(notice, language)).map(Arc::clone);
        built_in.map(|words| (WordsSource { of: None, version: 0 }, words))
    }

    /// The source of the words in force, for an editor.
    #[must_use]
    pub fn words_text(&self, whose: &str, notice: Notice, language: Language) -> Option<(WordsSource, String)> {
        let (source, _) = self.words(whose, notice, language)?;
        let text = match &source.of {
            None => builtin::source(notice, language)?,
            Some(of) => {
                let in_force = self.in_force.read().unwrap_or_else(std::sync::PoisonError::into_inner);
                let (_, text) = in_force.get(&(of.clone(), notice.code(), language.tag()))?;
                text.as_ref()?.source.clone()
            }
        };
        Some((source, text))
    }

    /// The words a message was made with.
    ///
    /// # Errors
    /// When the store is broken, or what it holds under that version cannot be read.
    pub async fn words_at(
        &self,
        source: &WordsSource,
        notice: Notice,
        language: Language,
    ) -> Result<Option<Arc<Words>>> {
        let Some(of) = &source.of else { return Ok(self.built_in.get(&(notice, language)).map(Arc::clone)) };
        {
            let in_force = self.in_force.read().unwrap_or_else(std::sync::PoisonError::into_inner);
            if let Some((version, Some(text))) = in_force.get(&(of.clone(), notice.code(), language.tag()))
                && *version == source.version
            {
                return Ok(Some(Arc::clone(&text.words)));
            }
        }
        let wanted = WordsRef {
            library: of.clone(),
            notice: notice.code(),
            language: language.tag().to_owned(),
            version: source.version,
        };
        if let Some(words) = self.old.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(&wanted) {
            return Ok(Some(Arc::clone(words)));
        }
        let Some(text) = self.store.words_at(&wanted).await? else { return Ok(None) };
        let words = parsed(&wanted, &text)?;
        let mut old = self.old.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if old.len() >= OLD_WORDS_MAX {
            old.clear();
        }
        old.insert(wanted, Arc::clone(&words));
        Ok(Some(words))
    }
}

/// Saved words were checked when they were saved.
fn parsed(of: &WordsRef, source: &str) -> Result<Arc<Words>> {
    let language = Language::from_tag(&of.language).unwrap_or(Language::En);
    Words::parse(source, language)
        .map(Arc::new)
        .map_err(|_| StoreError::Corrupt(format!("the words of {} version {}", of.notice, of.version)))
}

fn built_in() -> HashMap<(Notice, Language), Arc<Words>> {
    let mut all = HashMap::new();
    for entry in crate::notice::catalogue::NOTICES {
        for language in Language::ALL {
            if let Some(words) = builtin::words(entry.notice, language) {
                all.insert((entry.notice, language), Arc::new(words.clone()));
            }
        }
    }
    all
}
