//! The words of the pages, from Fluent files: one folder a language, one file a page.
//!
//! In: a language and a word's name. Out: the words. A name that is missing at run time is shown as it is, and a test
//! sees to it that none is. Not here: words of causes and notices, which have tables of their own.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use rust_embed::RustEmbed;

use crate::notice::Language;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../web/words"]
struct Files;

type Bundle = FluentBundle<FluentResource>;

static BUNDLES: LazyLock<BTreeMap<Language, Bundle>> =
    LazyLock::new(|| Language::ALL.into_iter().map(|language| (language, bundle(language))).collect());

fn bundle(language: Language) -> Bundle {
    let id = match language {
        Language::En => unic_langid::langid!("en-CA"),
        Language::Fr => unic_langid::langid!("fr-CA"),
    };
    let mut bundle = Bundle::new_concurrent(vec![id]);
    // Names and numbers of our own: no marks around them that a copied text would carry along.
    bundle.set_use_isolating(false);
    for (_, text) in files(language) {
        let resource = FluentResource::try_new(text).unwrap_or_else(|(resource, _)| resource);
        // An error is a name given twice; the test of words finds it.
        let _ = bundle.add_resource(resource);
    }
    bundle
}

/// The files of a language: name and text.
pub(super) fn files(language: Language) -> impl Iterator<Item = (String, String)> {
    let folder = format!("{}/", language.tag());
    Files::iter().filter(move |name| name.starts_with(&folder)).filter_map(|name| {
        let file = Files::get(&name)?;
        Some((name.into_owned(), String::from_utf8_lossy(&file.data).into_owned()))
    })
}

/// The words named `name`.
#[must_use]
pub fn say(language: Language, name: &str) -> String {
    fill(language, name, &[])
}

/// The words named `name`, with values in their places.
#[must_use]
pub fn fill(language: Language, name: &str, values: &[(&str, FluentValue<'_>)]) -> String {
    find(language, name, values).unwrap_or_else(|| name.to_owned())
}

/// The words named `name`, where there are any.
#[must_use]
pub fn find(language: Language, name: &str, values: &[(&str, FluentValue<'_>)]) -> Option<String> {
    let bundle = BUNDLES.get(&language)?;
    let pattern = bundle.get_message(name)?.value()?;
    let mut args = FluentArgs::with_capacity(values.len());
    for (name, value) in values {
        args.set(*name, value.clone());
    }
    let mut errors = Vec::new();
    let mut text = bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned();
    // A sentence whose last word has its own point, such as a.m., ends with that one.
    if text.ends_with("..") && !text.ends_with("...") {
        text.pop();
    }
    Some(text)
}
