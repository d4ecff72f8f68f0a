//! A PostgreSQL of our own, for tests that must hold on both databases.
//!
//! Out: an empty schema for each test, in one cluster a test run, which is made in a new folder, listens on a socket
//! there, and goes away with the process that asked for it, however that ends. Where the server's programs are not
//! installed, the tests say that they were skipped. Not here: SQL of the product.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Makes the cluster, and then runs what it reads as SQL until its input ends, which is when we end. It runs as an
/// ordinary user, as the server wants it. Nothing is worth an fsync: the folder is not kept.
const SCRIPT: &str = r#"
set -e
PATH=$1:$PATH
here=$(mktemp -d -p /tmp)
cd "$here"
ended() { [ ! -f data/postmaster.pid ] || pg_ctl -D data -m immediate stop >/dev/null 2>&1; cd /; rm -rf "$here"; }
trap ended EXIT
trap '' INT
initdb -D data -U courtesy -A trust -E UTF8 --locale=C.UTF-8 --no-sync >log 2>&1 || { cat log >&2; exit 1; }
pg_ctl -D data -w -l log start -o "-k $here -h '' -F -c synchronous_commit=off -c full_page_writes=off \
    -c max_connections=400 -c shared_buffers=64MB -c autovacuum=off" >/dev/null || { cat log >&2; exit 1; }
echo "$here"
psql -qAtX -h "$here" -U courtesy postgres
"#;

/// Where Debian keeps the server's programs, in a folder for each version.
const DEBIAN: &str = "/usr/lib/postgresql";

struct Cluster {
    folder: String,
    tells: Lines<BufReader<ChildStdout>>,
    asked: ChildStdin,
    schemas: u32,
}

/// The URL of a new, empty schema.
///
/// # Errors
/// Why there is no PostgreSQL here.
pub fn schema() -> Result<String, String> {
    static CLUSTER: OnceLock<Result<Mutex<Cluster>, String>> = OnceLock::new();
    let cluster = CLUSTER.get_or_init(|| Cluster::start().map(Mutex::new)).as_ref().map_err(Clone::clone)?;
    cluster.lock().unwrap_or_else(PoisonError::into_inner).schema()
}

impl Cluster {
    fn start() -> Result<Self, String> {
        let programs = programs().ok_or("PostgreSQL's server is not installed (Debian: postgresql)")?;
        let mut command = if std::fs::metadata("/proc/self").is_ok_and(|own| is_root(&own)) {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "sh"]);
            command
        } else {
            Command::new("sh")
        };
        command.args(["-c", SCRIPT, "sh"]).arg(programs).stdin(Stdio::piped()).stdout(Stdio::piped()).current_dir("/");
        let mut child = command.spawn().map_err(|error| format!("PostgreSQL could not be started: {error}"))?;
        let (Some(asked), Some(tells)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("PostgreSQL's start has no input or output".to_owned());
        };
        let mut tells = BufReader::new(tells).lines();
        let folder = tells.next().and_then(Result::ok).ok_or("PostgreSQL did not start; its log stands above")?;
        Ok(Self { folder, tells, asked, schemas: 0 })
    }

    fn schema(&mut self) -> Result<String, String> {
        self.schemas += 1;
        let name = format!("test_{}", self.schemas);
        let broken = |error: std::io::Error| format!("PostgreSQL is gone: {error}");
        writeln!(self.asked, "create schema {name}; select '{name}';").map_err(broken)?;
        self.asked.flush().map_err(broken)?;
        match self.tells.next() {
            Some(Ok(made)) if made == name => {}
            other => return Err(format!("PostgreSQL made no schema: {other:?}")),
        }
        let folder = self.folder.replace('/', "%2F");
        Ok(format!("postgres://courtesy@localhost/postgres?host={folder}&options[search_path]={name}"))
    }
}

/// The folder of `initdb`: the newest of Debian's, or where the path leads.
fn programs() -> Option<PathBuf> {
    let debian = std::fs::read_dir(DEBIAN).into_iter().flatten().filter_map(Result::ok);
    let mut versions: Vec<(u32, PathBuf)> = debian
        .filter_map(|version| Some((version.file_name().to_str()?.parse().ok()?, version.path().join("bin"))))
        .filter(|(_, folder)| folder.join("initdb").is_file())
        .collect();
    versions.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let by_path = || std::env::split_paths(&path).find(|folder| Path::join(folder, "initdb").is_file());
    versions.pop().map(|(_, folder)| folder).or_else(by_path)
}

#[cfg(unix)]
fn is_root(own: &std::fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::uid(own) == 0
}

#[cfg(not(unix))]
fn is_root(_own: &std::fs::Metadata) -> bool {
    false
}

/// Makes two tests of each rule, one on each database: the rule is an `async fn` that takes what `$at` makes of the
/// database's URL (none: SQLite, in a folder of the test's own).
#[macro_export]
macro_rules! on_both_databases {
    ($at:path; $($rule:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $rule() {
                super::$rule($at(None).await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $rule() {
                match $crate::postgres::schema() {
                    Ok(url) => super::$rule($at(Some(url)).await).await,
                    Err(why) => println!("skipped: {why}"),
                }
            })+
        }
    };
}
