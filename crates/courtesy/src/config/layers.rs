//! Flag over environment over file over default.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::{Config, TEMPLATE};

/// The prefix of environment variables that set options.
const PREFIX: &str = "COURTESY_";

/// Variables with the prefix that are the command line's own, not options of the server.
const NOT_OPTIONS: [&str; 4] = ["COURTESY_CONFIG", "COURTESY_SERVER", "COURTESY_KEY", "COURTESY_KEY_FILE"];

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
    let mut place = "the defaults".to_owned();
    if let Some(path) = file {
        place = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Refused { place: place.clone(), what: format!("cannot be read: {error}") })?;
        let given: Table = toml::from_str(&text).map_err(|error| in_file(path, &text, &error))?;
        lay_over(&mut table, given);
        if let Err(error) = Config::deserialize_table(&table) {
            return Err(locate(path, &text, &error));
        }
    }
    for overlay in overlays {
        set(&mut table, overlay);
        Config::deserialize_table(&table)
            .map_err(|error| Refused { place: overlay.origin.clone(), what: error.message().to_owned() })?;
        place.clone_from(&overlay.origin);
    }
    let config = Config::deserialize_table(&table)
        .map_err(|error| Refused { place: place.clone(), what: error.message().to_owned() })?;
    match config.contradictions().first() {
        Some(wrong) => Err(Refused { place, what: wrong.clone() }),
        None => Ok(config),
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
    Refused { place, what: error.message().to_owned() }
}

/// The line of a wrong value. Values of a merged table have no place of their own, so the file is read once more as
/// it stands; what is only missing there (and comes from the defaults) is no error.
fn locate(path: &Path, text: &str, merged: &toml::de::Error) -> Refused {
    match toml::from_str::<Config>(text) {
        Err(error) if error.span().is_some() && !error.message().starts_with("missing field") => {
            in_file(path, text, &error)
        }
        _ => Refused { place: line_naming(path, text, merged.message()), what: merged.message().to_owned() },
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
