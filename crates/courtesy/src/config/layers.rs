//! Flag over environment over file over default.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::{Config, TEMPLATE};

/// The prefix of environment variables that set options.
const PREFIX: &str = "COURTESY_";

/// Variables with the prefix that are the command line's own, not options of the server.
const NOT_OPTIONS: [&str; 5] =
    ["COURTESY_CONFIG", "COURTESY_LANG", "COURTESY_SERVER", "COURTESY_KEY", "COURTESY_KEY_FILE"];

/// One value laid over the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlay {
    /// Where it came from, as people know it: `COURTESY_SMTP_PORT` or `--set smtp.port`.
    pub origin: String,
    /// The option's path: `smtp.port`.
    pub path: String,
    /// Its value as text.
    pub value: String,
}

/// A configuration that cannot be used: where, what is wrong, what is allowed.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {what}")]
pub struct Refused {
    /// File (with line) or variable or flag.
    pub place: String,
    /// What is wrong and what is allowed.
    pub what: String,
}

impl Overlay {
    /// The overlays among environment variables. One with our prefix that names no option is refused: it is a typo.
    ///
    /// # Errors
    /// [`Refused`] naming the variable and the nearest option.
    pub fn from_environment(variables: impl IntoIterator<Item = (String, String)>) -> Result<Vec<Self>, Refused> {
        let known = paths(&defaults());
        let mut overlays = Vec::new();
        for (name, value) in variables {
            let Some(rest) = name.strip_prefix(PREFIX).filter(|_| !NOT_OPTIONS.contains(&name.as_str())) else {
                continue;
            };
            let wanted = rest.to_ascii_lowercase();
            match known.iter().find(|path| path.replace('.', "_") == wanted) {
                Some(path) => overlays.push(Self { origin: name, path: path.clone(), value }),
                None => return Err(unknown(name, &wanted.replace('_', "."), &known)),
            }
        }
        Ok(overlays)
    }

    /// The overlay of one `--set path=value` flag.
    ///
    /// # Errors
    /// [`Refused`] when there is no `=` or no such option.
    pub fn from_flag(flag: &str) -> Result<Self, Refused> {
        let known = paths(&defaults());
        let (path, value) = flag.split_once('=').ok_or_else(|| Refused {
            place: format!("--set {flag}"),
            what: "write it as option=value, for example --set smtp.port=2525".to_owned(),
        })?;
        if !known.iter().any(|option| option == path) {
            return Err(unknown(format!("--set {path}"), path, &known));
        }
        Ok(Self { origin: format!("--set {path}"), path: path.to_owned(), value: value.to_owned() })
    }
}

/// Reads `file` (where given) and lays `overlays` over it, in their order.
///
/// # Errors
/// [`Refused`] with file and line, or the overlay's name, and what is allowed.
pub fn load(file: Option<&Path>, overlays: &[Overlay]) -> Result<Config, Refused> {
    let mut table = defaults();
    let mut given = None;
    if let Some(path) = file {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Refused { place: path.display().to_string(), what: format!("cannot be read: {error}") })?;
        let read: Table = toml::from_str(&text).map_err(|error| in_file(path, &text, &error))?;
        let other_kind = other_kind(&table, &read);
        lay_over(&mut table, read);
        if let Err(error) = Config::deserialize_table(&table) {
            let refused = locate(path, &text, &error);
            let is_kind = refused.what.starts_with(OTHER_KIND);
            return Err(match other_kind.filter(|_| is_kind) {
                Some(what) => Refused { what, ..refused },
                None => refused,
            });
        }
        given = Some((path, text));
    }
    for overlay in overlays {
        let usual = at(&table, &overlay.path).cloned();
        set(&mut table, overlay);
        Config::deserialize_table(&table).map_err(|error| {
            let what = match usual.filter(|_| error.message().starts_with(OTHER_KIND)) {
                Some(usual) => such_as(&usual),
                None => plain(error.message()),
            };
            Refused { place: overlay.origin.clone(), what }
        })?;
    }
    let config = Config::deserialize_table(&table)
        .map_err(|error| Refused { place: "the defaults".to_owned(), what: error.message().to_owned() })?;
    match config.contradictions().into_iter().next() {
        Some(what) => Err(Refused { place: whose(&what, given.as_ref(), overlays), what }),
        None => Ok(config),
    }
}

/// How the reader of TOML begins where a value is of another kind than the option.
const OTHER_KIND: &str = "invalid type";

/// Where a contradiction comes from: the last overlay of an option that the sentence names, or the line of the file with the first one that
/// it names.
fn whose(wrong: &str, given: Option<&(&Path, String)>, overlays: &[Overlay]) -> String {
    let names = |path: &str| wrong.split(|c: char| c.is_whitespace() || c == ',' || c == ';').any(|word| word == path);
    if let Some(overlay) = overlays.iter().rev().find(|overlay| names(&overlay.path)) {
        return overlay.origin.clone();
    }
    let Some((path, text)) = given else { return "the settings".to_owned() };
    match paths(&defaults()).iter().filter(|option| names(option)).find_map(|option| line_of(text, option)) {
        Some(line) => format!("{}:{line}", path.display()),
        None => path.display().to_string(),
    }
}

/// The line on which a file sets `option`, as well as text can tell.
fn line_of(text: &str, option: &str) -> Option<usize> {
    let (wanted, key) = option.rsplit_once('.').unwrap_or(("", option));
    let mut section = "";
    for (index, line) in text.lines().map(str::trim).enumerate() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
        }
        if section == wanted && line.split_once('=').is_some_and(|(name, _)| name.trim() == key) {
            return Some(index + 1);
        }
    }
    None
}

/// The first option to which `given` gives a value of another kind than its default has, and what to write.
fn other_kind(defaults: &Table, given: &Table) -> Option<String> {
    fn first(defaults: &Table, given: &Table, above: &str) -> Option<String> {
        given.iter().find_map(|(key, value)| match (defaults.get(key)?, value) {
            (Value::Table(inner), Value::Table(more)) => first(inner, more, &format!("{above}{key}.")),
            (usual, value) if usual.same_type(value) => None,
            (usual, _) => Some(format!("{above}{key}: {}", such_as(usual))),
        })
    }
    first(defaults, given, "")
}

/// What an option takes, told from its value of now.
fn such_as(usual: &Value) -> String {
    match usual {
        Value::Integer(number) => format!("write a number, such as {number}"),
        Value::Boolean(_) => "write true or false".to_owned(),
        Value::Array(_) => "write a list in brackets, such as [\"one\", \"two\"]".to_owned(),
        Value::String(text) if text.is_empty() => "write a text in quotes".to_owned(),
        Value::String(text) => format!("write a text in quotes, such as \"{text}\""),
        _ => "write a table of options".to_owned(),
    }
}

/// What the reader of TOML says, without the names that numbers have in the code.
fn plain(message: &str) -> String {
    message
        .replace("expected u16", "expected a number from 0 to 65535")
        .replace("expected u32", "expected a number, 0 or more")
        .replace("expected usize", "expected a number, 0 or more")
}

/// The value at a path.
fn at<'a>(table: &'a Table, path: &str) -> Option<&'a Value> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    match (table.get(first)?, rest) {
        (value, None) => Some(value),
        (Value::Table(inner), Some(rest)) => at(inner, rest),
        _ => None,
    }
}

impl Config {
    fn deserialize_table(table: &Table) -> Result<Self, toml::de::Error> {
        table.clone().try_into()
    }
}

fn defaults() -> Table {
    toml::from_str(TEMPLATE).expect("a test reads the template")
}

/// Lays the given file over the defaults: tables key by key, everything else as a whole.
fn lay_over(base: &mut Table, given: Table) {
    for (key, value) in given {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(more)) => lay_over(inner, more),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

/// All option paths: `smtp.port`.
fn paths(table: &Table) -> Vec<String> {
    let mut found = Vec::new();
    for (key, value) in table {
        match value {
            Value::Table(inner) => found.extend(paths(inner).into_iter().map(|path| format!("{key}.{path}"))),
            _ => found.push(key.clone()),
        }
    }
    found
}

/// Sets one path; the text takes the type that the option has now.
fn set(table: &mut Table, overlay: &Overlay) {
    let (parents, last) = overlay.path.rsplit_once('.').unwrap_or(("", &overlay.path));
    let mut at = table;
    for part in parents.split('.').filter(|part| !part.is_empty()) {
        let Some(Value::Table(inner)) = at.get_mut(part) else { return };
        at = inner;
    }
    let text = Value::String(overlay.value.clone());
    let value = match at.get(last) {
        Some(Value::Integer(_)) => overlay.value.trim().parse().map_or(text, Value::Integer),
        Some(Value::Boolean(_)) => overlay.value.trim().parse().map_or(text, Value::Boolean),
        Some(Value::Array(_)) => {
            Value::Array(overlay.value.split(',').map(|part| Value::String(part.trim().to_owned())).collect())
        }
        _ => text,
    };
    at.insert(last.to_owned(), value);
}

fn unknown(place: String, wanted: &str, known: &[String]) -> Refused {
    let nearest = known.iter().max_by(|a, b| strsim::jaro(a, wanted).total_cmp(&strsim::jaro(b, wanted)));
    let what = match nearest {
        Some(option) => format!("there is no such option; did you mean {option}?"),
        None => "there is no such option".to_owned(),
    };
    Refused { place, what }
}

fn in_file(path: &Path, text: &str, error: &toml::de::Error) -> Refused {
    let line = error.span().map(|span| 1 + text[..span.start.min(text.len())].matches('\n').count());
    let place = match line {
        Some(line) => format!("{}:{line}", path.display()),
        None => path.display().to_string(),
    };
    Refused { place, what: plain(error.message()) }
}

/// The line of a wrong value. Values of a merged table have no place of their own, so the file is read once more as
/// it stands; what is only missing there (and comes from the defaults) is no error.
fn locate(path: &Path, text: &str, merged: &toml::de::Error) -> Refused {
    match toml::from_str::<Config>(text) {
        Err(error) if error.span().is_some() && !error.message().starts_with("missing field") => {
            in_file(path, text, &error)
        }
        _ => Refused { place: line_naming(path, text, merged.message()), what: plain(merged.message()) },
    }
}

/// The line that holds the key or value an error names in quotes, as well as text can tell.
fn line_naming(path: &Path, text: &str, message: &str) -> String {
    let quoted = message.split(['`', '“', '”', '"']).nth(1).unwrap_or_default();
    let line = text
        .lines()
        .position(|line| !quoted.is_empty() && !line.trim_start().starts_with('#') && line.contains(quoted));
    match line {
        Some(index) => format!("{}:{}", path.display(), index + 1),
        None => path.display().to_string(),
    }
}

/// Where the configuration file is looked for when none is named: `courtesy.toml` here, then `/etc/courtesy/`.
#[must_use]
pub fn usual_file() -> Option<PathBuf> {
    ["courtesy.toml", "/etc/courtesy/courtesy.toml"].iter().map(PathBuf::from).find(|path| path.is_file())
}
