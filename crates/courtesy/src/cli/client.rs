//! The server's API, as commands speak it.
//!
//! In: where the server is and the key, from flags, environment, settings or the data folder. Out: answers as JSON, or
//! a [`Trouble`] that says what is wrong, the fix, and the exit code. Every call has a time limit and a size limit.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;
use reqwest::{Method, StatusCode, header};
use serde::Deserialize;
use serde_json::Value;

use super::init::KEY_FILE;
use super::table::clean;
use super::{Common, Exit};

/// A server that takes longer to take up a connection is not there.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// Longer than the server itself works on one request.
const ANSWER_MAX: Duration = Duration::from_secs(75);

/// The largest answer read: hundreds of times a page of messages.
const ANSWER_OCTETS_MAX: usize = 64 << 20;

/// A key file larger than this is another file.
const KEY_OCTETS_MAX: usize = 4096;

/// Which server, with which key.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Server")]
pub(crate) struct Reach {
    /// The server; without it the listen.http of the settings
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "COURTESY_SERVER",
        hide_env_values = true,
        hide_short_help = true
    )]
    server: Option<String>,
    /// A file with the API key; without it COURTESY_KEY, then operator.key in the data folder
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "COURTESY_KEY_FILE",
        hide_env_values = true,
        hide_short_help = true
    )]
    key_file: Option<PathBuf>,
}

/// Why a command could not do what it was asked to: words for standard error, and the exit code.
#[derive(Debug)]
pub(crate) struct Trouble {
    /// What the exit code says.
    pub exit: Exit,
    /// The words, each line for itself.
    pub lines: Vec<String>,
    /// The answer of the server, where there was one.
    pub problem: Option<Box<Problem>>,
}

impl Trouble {
    /// A trouble in one or more lines.
    pub(crate) fn new(exit: Exit, lines: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { exit, lines: lines.into_iter().map(Into::into).collect(), problem: None }
    }

    /// As the error of a command.
    pub(crate) fn err<T>(exit: Exit, line: impl Into<String>) -> Result<T> {
        Err(Self::new(exit, [line.into()]).into())
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines.join("\n  "))
    }
}

impl std::error::Error for Trouble {}

/// A refusal as the server sends it (RFC 9457).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: String,
    /// What kind of problem it is.
    pub title: String,
    /// What is wrong with this request.
    pub detail: String,
    /// Each wrong field.
    pub errors: Vec<FieldError>,
    /// Each wrong row of an imported file.
    pub rows: Vec<RowError>,
    /// What to do.
    pub fix: String,
}

/// One wrong field.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct FieldError {
    /// JSON Pointer to it.
    pub pointer: String,
    /// What is wrong with it.
    pub detail: String,
}

/// One wrong cell.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RowError {
    /// The line of the file.
    pub line: u64,
    /// The column's name.
    pub column: String,
    /// What is wrong with it.
    pub detail: String,
}

impl Problem {
    /// The refusal in lines: what, which fields, and the fix. `file` names the rows' file.
    pub(crate) fn lines(&self, file: Option<&str>) -> Vec<String> {
        let errors: Vec<String> =
            self.errors.iter().map(|error| format!("{}  {}", error.pointer, error.detail)).collect();
        let file = file.unwrap_or("line");
        let rows = self.rows.iter().map(|row| format!("{file}:{}  {}  {}", row.line, row.column, row.detail));
        // A detail that only strings the fields together says nothing that their lines do not say.
        let repeats = !self.errors.is_empty() && self.errors.iter().all(|error| self.detail.contains(&error.detail));
        let first = if repeats || self.detail.is_empty() {
            self.title.clone()
        } else {
            format!("{}: {}", self.title, self.detail)
        };
        let fix = (!self.fix.is_empty()).then(|| self.fix.clone());
        std::iter::once(first).chain(errors).chain(rows).chain(fix).map(|line| clean(&line)).collect()
    }

    fn exit(status: StatusCode) -> Exit {
        match status.as_u16() {
            401 | 403 => Exit::Forbidden,
            404 => Exit::NotFound,
            409 => Exit::Conflict,
            429 | 502..=504 => Exit::Temporary,
            _ => Exit::Failed,
        }
    }
}

/// A server and a key for it.
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    key: String,
    language: String,
}

/// What a request carries.
pub(crate) enum Body {
    /// Nothing.
    None,
    /// JSON.
    Json(Value),
    /// A text of this media type.
    Text(&'static str, Vec<u8>),
}

impl Client {
    /// The client that flags, environment and settings ask for.
    ///
    /// # Errors
    /// When there is no key, or the address is not one.
    pub(crate) fn of(common: &Common) -> Result<Self> {
        let base = match &common.reach.server {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{}", reachable(common.settings()?.listen.http)),
        };
        let url = reqwest::Url::parse(&base).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let Some(url) = url else {
            return Trouble::err(
                Exit::Usage,
                format!("“{}” is not a server; write it like https://notices.example", clean(&base)),
            );
        };
        let mut http = reqwest::Client::builder()
            .connect_timeout(CONNECT_MAX)
            .timeout(ANSWER_MAX)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("courtesy/", env!("CARGO_PKG_VERSION")));
        if url.host_str().is_some_and(is_this_machine) {
            // A proxy of the environment knows nothing of this machine.
            http = http.no_proxy();
        }
        let http = http.build().context("no HTTP client could be made")?;
        Ok(Self { http, base, key: key(common)?, language: common.lang.clone().unwrap_or_else(|| "en".to_owned()) })
    }

    /// GET, as JSON.
    ///
    /// # Errors
    /// A [`Trouble`].
    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        self.json(Method::GET, path, Body::None).await
    }

    /// Any request whose answer is JSON, or empty.
    ///
    /// # Errors
    /// A [`Trouble`].
    pub(crate) async fn json(&self, method: Method, path: &str, body: Body) -> Result<Value> {
        let octets = self.send(method, path, body).await?;
        if octets.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&octets)
            .with_context(|| format!("{} does not answer as a Courtesy server does", self.base))
    }

    /// Any request; the answer as it came.
    ///
    /// # Errors
    /// A [`Trouble`].
    pub(crate) async fn send(&self, method: Method, path: &str, body: Body) -> Result<Vec<u8>> {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.key))
            .header(header::ACCEPT_LANGUAGE, &self.language);
        request = match body {
            Body::None => request,
            Body::Json(value) => request.json(&value),
            Body::Text(kind, text) => request.header(header::CONTENT_TYPE, kind).body(text),
        };
        let mut response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        let mut octets = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
            if octets.len() + chunk.len() > ANSWER_OCTETS_MAX {
                return Trouble::err(Exit::Failed, format!("{} answers without end; ask for less", self.base));
            }
            octets.extend_from_slice(&chunk);
        }
        if status.is_success() { Ok(octets) } else { Err(self.refused(status, &octets).into()) }
    }

    fn unreachable(&self, error: &reqwest::Error) -> Trouble {
        if error.is_connect() {
            let line = format!("no server answers at {}; start it with: courtesy serve", self.base);
            return Trouble::new(Exit::Temporary, [line]);
        }
        if error.is_timeout() {
            return Trouble::new(
                Exit::Temporary,
                [format!("{} took too long to answer; try again in a moment", self.base)],
            );
        }
        Trouble::new(Exit::Temporary, [format!("the conversation with {} broke off; try again in a moment", self.base)])
    }

    fn refused(&self, status: StatusCode, octets: &[u8]) -> Trouble {
        let exit = Problem::exit(status);
        let Ok(problem) = serde_json::from_slice::<Problem>(octets) else {
            let line =
                format!("{} answered {status}, and not as a Courtesy server does; is --server right?", self.base);
            return Trouble::new(exit, [line]);
        };
        Trouble { exit, lines: problem.lines(None), problem: Some(Box::new(problem)) }
    }
}

/// `text` as one segment of a path.
pub(crate) fn segment(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// `path` with those of `pairs` that have a value as its query.
pub(crate) fn with_query(path: &str, pairs: &[(&str, Option<String>)]) -> String {
    let given = pairs.iter().filter_map(|(name, value)| Some(format!("{name}={}", segment(value.as_ref()?))));
    let query = given.collect::<Vec<_>>().join("&");
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// Where a door that listens on `address` is reached from this machine.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    };
    SocketAddr::new(ip, address.port())
}

fn is_this_machine(host: &str) -> bool {
    let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
}

/// The API key: of the file named, of COURTESY_KEY, of the data folder.
fn key(common: &Common) -> Result<String> {
    let found = if let Some(file) = &common.reach.key_file {
        read_key(file)?
    } else if let Ok(key) = std::env::var("COURTESY_KEY") {
        key
    } else {
        let file = common.settings()?.data.join(KEY_FILE);
        // One that may not be looked at is there: whoever may not read it is told so below.
        if !file.try_exists().unwrap_or(true) {
            let lines = [
                format!("no API key: there is no {}", file.display()),
                "run this where the settings are, or name them with --config FILE;".to_owned(),
                "elsewhere give a key with --key-file FILE or COURTESY_KEY (courtesy keys make NAME makes one)"
                    .to_owned(),
            ];
            return Err(Trouble::new(Exit::Forbidden, lines).into());
        }
        read_key(&file)?
    };
    let key = found.trim();
    if key.is_empty() || key.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return Trouble::err(
            Exit::Forbidden,
            "the API key is not one; it begins with cty_live_ and stands on one line",
        );
    }
    Ok(key.to_owned())
}

fn read_key(file: &Path) -> Result<String> {
    let octets = std::fs::read(file).map_err(|error| {
        let mut lines = vec![format!("the key file {} cannot be read: {error}", file.display())];
        if error.kind() == std::io::ErrorKind::PermissionDenied {
            lines.push("run this as the account of the service (sudo -u courtesy courtesy …),".to_owned());
            lines.push("or with a key of your own: --key-file FILE or COURTESY_KEY".to_owned());
        }
        Trouble::new(Exit::Forbidden, lines)
    })?;
    // Not shown in any error: it may be a secret all the same.
    Ok(String::from_utf8_lossy(&octets[..octets.len().min(KEY_OCTETS_MAX)]).into_owned())
}

#[cfg(test)]
mod tests;
