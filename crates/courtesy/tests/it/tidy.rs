//! The codebase under test: what a review would otherwise have to ask for each time.
//!
//! In: the files of this repository. Out: a failure that names file, line and rule.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use regex::Regex;

/// A source file without what is only compiled for tests.
struct Source {
    /// Below the repository, with forward slashes.
    name: String,
    lines: Vec<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every file below `folder` with this extension.
fn files(folder: &str, extension: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
                found.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no .{extension} below {folder}");
    found
}

fn is_for_tests(name: &str) -> bool {
    name.contains("/tests/") || name.ends_with("/tests.rs") || name.contains("/benches/")
}

/// The code of the three crates, without tests.
fn sources() -> Vec<Source> {
    let code = files("crates", "rs").into_iter().filter(|(name, _)| name.contains("/src/") && !is_for_tests(name));
    code.map(|(name, text)| {
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        Source { name, lines: text.lines().map(str::to_owned).collect() }
    })
    .collect()
}

/// The line without its comment, as far as a tidy eye needs.
fn code(line: &str) -> &str {
    let comment = line.find("//").filter(|at| !line[..*at].ends_with(':'));
    comment.map_or(line, |at| &line[..at])
}

#[track_caller]
fn assert_none(rule: &str, broken: &[String]) {
    assert!(broken.is_empty(), "{rule}:\n  {}", broken.join("\n  "));
}

/// Past this a file is two files.
const FILE_LINES_MAX: usize = 600;

/// One screen.
const FUNCTION_LINES_MAX: usize = 70;

#[test]
fn no_file_is_longer_than_a_reader_can_hold() {
    let long: Vec<String> = sources()
        .iter()
        .filter(|source| source.lines.len() > FILE_LINES_MAX)
        .map(|source| format!("{} has {} lines", source.name, source.lines.len()))
        .collect();
    assert_none("a file has at most 600 lines without its tests", &long);
}

#[test]
fn every_function_fits_on_a_screen() {
    let begins = Regex::new(r"^(\s*)(pub(\([a-z]+\))? )?(const )?(async )?fn (\w+)").unwrap();
    let mut long = Vec::new();
    for (name, text) in files("crates", "rs") {
        let lines: Vec<&str> = text.lines().collect();
        for (start, line) in lines.iter().enumerate() {
            let Some(found) = begins.captures(line) else { continue };
            let end = format!("{}}}", &found[1]);
            let Some(length) = lines[start..].iter().position(|line| {
                *line == end
                    || line.trim_end().ends_with(';')
                        && line.starts_with(&found[1])
                        && !line[found[1].len()..].starts_with(' ')
            }) else {
                continue;
            };
            if length + 1 > FUNCTION_LINES_MAX {
                long.push(format!("{name}:{} {} has {} lines", start + 1, &found[6], length + 1));
            }
        }
    }
    assert_none("a function has at most 70 lines", &long);
}

#[test]
fn every_file_opens_with_what_it_is_for() {
    // A file of unit tests is for the file or room it lies beside, which says so itself.
    let speaks = |name: &str, text: &str| text.starts_with("//! ") || name.ends_with("/tests.rs");
    let silent: Vec<String> =
        files("crates", "rs").into_iter().filter(|(name, text)| !speaks(name, text)).map(|(name, _)| name).collect();
    assert_none("the first line of a file is //! and a sentence", &silent);
}

/// The rooms of the service from the ground up. A room may use those of its own row and of the rows before.
const LAYERS: &[(&str, &[&str])] = &[
    ("plumbing", &["clock", "id", "secret", "config", "metrics"]),
    (
        "rooms that decide",
        &[
            "channel",
            "library",
            "patron",
            "notice",
            "letter",
            "sender",
            "queue",
            "outcome",
            "reply",
            "reported",
            "request",
            "timeline",
            "staff",
            "submitted",
            "webhook",
        ],
    ),
    ("what is remembered and what is asked of the world", &["store", "net"]),
    // Each of these may use those before it, and none that comes after.
    ("the certificate of our doors", &["acme"]),
    ("keys that sign", &["keyring"]),
    ("what the operator publishes", &["published"]),
    ("proofs and plans", &["watch"]),
    ("events come in", &["intake"]),
    ("text messages, and what comes back from them", &["texting"]),
    ("notifications on patrons' devices", &["push"]),
    ("messages go out", &["delivery"]),
    ("what is kept no longer", &["erasing"]),
    ("what comes back", &["inbound"]),
    ("libraries' systems are told", &["outbox"]),
    ("doors", &["http", "smtp"]),
    ("pages, which show what the API knows", &["web"]),
    ("starts and stops doors and engines", &["service"]),
    ("the command line, which also runs the service", &["cli"]),
];

/// Uses against the order, each with its reason.
const EXCEPTIONS: &[(&str, &str, &str)] = &[];

fn layer_of(room: &str) -> Option<usize> {
    LAYERS.iter().position(|(_, rooms)| rooms.contains(&room))
}

/// The room that a file of the service belongs to.
fn room_of(name: &str) -> Option<&str> {
    let below = name.strip_prefix("crates/courtesy/src/")?;
    let room = below.split('/').next()?.trim_end_matches(".rs");
    (!["lib", "main"].contains(&room)).then_some(room)
}

#[test]
fn arrows_between_rooms_point_down_only() {
    let named = Regex::new(r"\bcrate::(\w+)").unwrap();
    let mut wrong = Vec::new();
    let mut used = BTreeSet::new();
    for source in sources() {
        let Some(room) = room_of(&source.name) else { continue };
        let Some(layer) = layer_of(room) else {
            wrong.push(format!("{}: the room {room} has no layer; give it one in tidy.rs", source.name));
            continue;
        };
        for (number, line) in source.lines.iter().enumerate() {
            for found in named.captures_iter(code(line)) {
                let other = found.get(1).unwrap().as_str();
                let Some(its) = layer_of(other).filter(|its| *its > layer) else { continue };
                if EXCEPTIONS.iter().any(|(from, to, _)| *from == room && *to == other) {
                    used.insert((room.to_owned(), other.to_owned()));
                    continue;
                }
                let (below, above) = (LAYERS[layer].0, LAYERS[its].0);
                wrong.push(format!("{}:{} {room} ({below}) uses {other} ({above})", source.name, number + 1));
            }
        }
    }
    assert_none("a room uses rooms of its own layer and below", &wrong);
    assert_eq!(used.len(), EXCEPTIONS.len(), "an exception that is needed no more");
}

#[test]
fn rooms_that_decide_wait_for_nothing() {
    let effects =
        Regex::new(r"\b(async|await|sqlx|tokio|reqwest|std::fs|std::net::(Tcp|Udp)\w+|std::process)\b").unwrap();
    let mut wrong = Vec::new();
    for source in sources() {
        let decides = room_of(&source.name).is_some_and(|room| layer_of(room) == Some(1));
        let is_standard = source.name.starts_with("crates/standards/src/");
        // The one trait by which DNS is asked; whoever implements it waits.
        let asks_dns = ["/dns.rs", "/dns/", "/spf/", "/dmarc/"].iter().any(|part| source.name.contains(part));
        if !decides && (!is_standard || asks_dns) {
            continue;
        }
        for (number, line) in source.lines.iter().enumerate() {
            if let Some(found) = effects.find(code(line)) {
                wrong.push(format!("{}:{} {}", source.name, number + 1, found.as_str()));
            }
        }
    }
    assert_none("a room that decides has no async, no SQL, no files and no sockets", &wrong);
}

#[test]
fn sql_is_written_in_the_store_alone() {
    let sql = Regex::new(r#"\bsqlx\b|"\s*(select|insert into|update|delete from) [a-z_]"#).unwrap();
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| room_of(&source.name) != Some("store")) {
        for (number, line) in source.lines.iter().enumerate() {
            if sql.is_match(code(line)) {
                wrong.push(format!("{}:{} {}", source.name, number + 1, line.trim()));
            }
        }
    }
    assert_none("SQL stands in store/", &wrong);
}

#[test]
fn time_and_chance_come_from_one_place_each() {
    let now = Regex::new(r"\b(SystemTime|Timestamp|Zoned|Utc)::now\(").unwrap();
    let chance = Regex::new(r"\b(getrandom|thread_rng|SystemRandom|Ulid::new\(\))").unwrap();
    let mut wrong = Vec::new();
    let service = sources();
    for source in service.iter().filter(|source| !source.name.starts_with("crates/practice/")) {
        for (number, line) in source.lines.iter().enumerate() {
            let line = code(line);
            let home = [("clock", &now), ("id", &chance)];
            for (room, what) in home {
                if what.is_match(line) && room_of(&source.name) != Some(room) {
                    wrong.push(format!("{}:{} {}", source.name, number + 1, line.trim()));
                }
            }
        }
    }
    assert_none("the time comes from clock.rs and chance from id.rs", &wrong);
}

#[test]
fn migrations_are_numbered_and_the_same_in_every_folder() {
    let name = Regex::new(r"^(\d{4})_[a-z0-9_]+\.sql$").unwrap();
    let mut folders = BTreeMap::new();
    for folder in std::fs::read_dir(root().join("migrations")).unwrap().map(|entry| entry.unwrap().path()) {
        let mut names: Vec<String> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        for (index, file) in names.iter().enumerate() {
            let number = name.captures(file).and_then(|found| found[1].parse::<usize>().ok());
            assert_eq!(number, Some(index + 1), "{} in {}", file, folder.display());
        }
        folders.insert(folder, names);
    }
    let mut all = folders.values();
    let first = all.next().expect("there are migrations");
    assert!(all.all(|names| names == first), "{folders:?}");
}

#[test]
fn every_table_of_a_library_says_whose_it_is() {
    /// Tables that belong to the installation, or to a message that says whose it is.
    const NO_LIBRARY: &[&str] = &[
        "acme_account",
        "acme_challenge",
        "certificate",
        "changed",
        "form_sent",
        "idempotency",
        "passkey",
        "process",
        "push_key",
        "receiver_hold",
        "recovery_code",
        "relay_change",
        "relay_drain",
        "relay_look",
        "session",
        "sign_in_link",
        "source_name",
        "staff",
        "sts_policy",
        "timeline",
        "tls_session",
        "tls_telling",
        "works_with",
    ];
    let of_library = Regex::new(r"(?m)^\s+library\s+text").unwrap();
    for (name, text) in files("migrations", "sql") {
        for table in text.split("create table ").skip(1) {
            let (table, columns) = table.split_once('(').unwrap();
            let has = of_library.is_match(columns.split(") strict").next().unwrap());
            assert!(has || NO_LIBRARY.contains(&table.trim()), "{name}: {table} has no library");
        }
    }
}

#[test]
fn every_setting_is_explained_above_it() {
    let lines: Vec<&str> = courtesy::config::TEMPLATE.lines().collect();
    let mut unexplained = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let is_option = line.split_once(" = ").is_some_and(|(key, _)| !key.starts_with('#'));
        if is_option && !(number > 0 && lines[number - 1].starts_with("# ")) {
            unexplained.push((*line).to_owned());
        }
    }
    assert_none("each option of courtesy.toml has a sentence above it", &unexplained);
}

#[test]
fn every_standard_that_is_cited_is_listed() {
    let Ok(listed) = std::fs::read_to_string(root().join("docs/standards.md")) else {
        println!("skipped: docs/standards.md is not here");
        return;
    };
    let cited = Regex::new(r"\bRFC (\d{3,5})\b").unwrap();
    let numbers = |text: &str| cited.captures_iter(text).map(|found| found[1].to_owned()).collect::<BTreeSet<_>>();
    let listed = numbers(&listed);
    let mut missing = Vec::new();
    for (name, text) in files("crates", "rs").into_iter().filter(|(name, _)| name.contains("/src/")) {
        missing.extend(numbers(&text).difference(&listed).map(|number| format!("RFC {number}, cited in {name}")));
    }
    assert_none("docs/standards.md lists every RFC that the code cites", &missing);
}

/// Files that speak of real mailbox providers, filters and registries, which are what their rules are about.
const REAL_DOMAINS: &[&str] = &[
    "crates/courtesy/src/cli/check/tests.rs",
    "crates/courtesy/src/delivery/route/tests.rs",
    "crates/courtesy/src/outcome/",
    "crates/courtesy/src/patron/",
    "crates/courtesy/src/sender/",
    "crates/courtesy/tests/it/bounce_corpus.rs",
    "crates/courtesy/tests/it/spf_suite.rs",
    "crates/courtesy/tests/it/tidy.rs",
    // Slips of providers' names.
    "crates/courtesy/tests/it/patrons.rs",
    "crates/courtesy/tests/it/web/me.rs",
    "crates/practice/src/provider/family.rs",
    "crates/standards/src/address/",
    "crates/standards/src/dmarc/",
    "crates/standards/src/domain",
    "crates/standards/src/iso18626/",
    "crates/standards/src/spf/",
    "crates/standards/tests/",
];

/// XML namespaces are names, not hosts.
const NAMESPACES: [&str; 2] = ["www.w3.org", "illtransactions.org"];

#[test]
fn names_and_addresses_are_those_kept_for_examples() {
    // Two labels at least, in a text or an address; RFC 2606 keeps .example, .test, .invalid and .localhost.
    let real = Regex::new(r"(?i)[@/.\w-]*\b[a-z0-9-]+\.(com|net|org|edu|gov|info|io|ca|uk|de)\b").unwrap();
    let text = Regex::new(r#""(?:[^"\\]|\\.)*""#).unwrap();
    let mut wrong = Vec::new();
    for (name, content) in files("crates", "rs") {
        if REAL_DOMAINS.iter().any(|allowed| name.starts_with(allowed)) {
            continue;
        }
        for (number, line) in content.lines().enumerate() {
            for literal in text.find_iter(line) {
                let Some(found) = real.find(literal.as_str()) else { continue };
                if !NAMESPACES.iter().any(|namespace| found.as_str().contains(namespace)) {
                    wrong.push(format!("{name}:{} {}", number + 1, found.as_str()));
                }
            }
        }
    }
    assert_none("domains in code and tests end in .example", &wrong);
}

#[test]
fn the_code_speaks_of_the_product_alone() {
    // Put together here, so that this file does not find itself.
    let words = [["to", "do!("], ["/wo", "rk/"], ["issue", " #"], ["FIX", "ME"], ["XX", "X"], ["dbg", "!("]];
    let words: Vec<String> = words.iter().map(|halves| halves.concat()).collect();
    let mut wrong = Vec::new();
    let kinds = [("crates", "rs"), ("crates", "toml"), ("words", "md"), ("web", "html"), ("migrations", "sql")];
    for (name, text) in kinds.into_iter().flat_map(|(folder, extension)| files(folder, extension)) {
        for (number, line) in text.lines().enumerate() {
            if let Some(word) = words.iter().find(|word| line.contains(word.as_str())) {
                wrong.push(format!("{name}:{} {word}", number + 1));
            }
        }
    }
    assert_none("no left-overs", &wrong);
}

#[test]
fn every_file_of_words_is_a_notice_and_every_notice_has_both_languages() {
    use courtesy::notice::Language;
    use courtesy::notice::catalogue::{NOTICES, Notice};
    let mut seen = BTreeSet::new();
    for (name, _) in files("words/notices", "md") {
        let file = name.trim_start_matches("words/notices/").trim_end_matches(".md");
        let (notice, language) = file.rsplit_once('.').unwrap_or((file, ""));
        assert!(Notice::from_code(notice).is_ok(), "{name} is no notice of the catalogue");
        assert!(Language::from_tag(language).is_some(), "{name} is in no language of ours");
        seen.insert(file.to_owned());
    }
    for entry in NOTICES {
        for language in Language::ALL {
            let file = format!("{}.{}", entry.notice.code(), language.tag());
            assert!(seen.contains(&file), "words/notices/{file}.md is missing");
        }
    }
}

#[test]
fn the_log_names_no_person_and_no_title() {
    let line = Regex::new(r"(?s)tracing::(?:trace|debug|info|warn|error)!\((.*?)\)(?:;|,?\n)").unwrap();
    let text = Regex::new(r#""(?:[^"\\]|\\.)*""#).unwrap();
    let field = Regex::new(
        r"\b(address|email|recipient|patron|title|author|subject|to|rcpt_to|mail_from|password|secret|reply|transcript|body|text|fields)\b",
    );
    let (field, mut wrong, mut lines) = (field.unwrap(), Vec::new(), 0);
    for source in sources() {
        let code = source.lines.join("\n");
        for found in line.captures_iter(&code) {
            lines += 1;
            // What stands in the sentence is ours; what is filled in is named outside of it.
            let filled = text.replace_all(&found[1], "");
            wrong.extend(field.find(&filled).map(|name| format!("{}: {}", source.name, name.as_str())));
        }
    }
    assert!(lines > 50, "the lines of the log were not found: {lines}");
    assert_none("the log has ids, domains, causes and counts", &wrong);
}

#[test]
fn tests_are_named_as_rules() {
    let numbered = Regex::new(r"fn (test_\w+|\w+_test|test\d*|it_works|works)\(").unwrap();
    let mut wrong = Vec::new();
    for (name, text) in files("crates", "rs") {
        for (number, line) in text.lines().enumerate() {
            if let Some(found) = numbered.find(line) {
                wrong.push(format!("{name}:{} {}", number + 1, found.as_str()));
            }
        }
    }
    assert_none("a test's name says the rule", &wrong);
}

#[test]
fn every_dependency_is_used_by_a_crate() {
    let workspace: toml::Table = toml::from_str(&std::fs::read_to_string(root().join("Cargo.toml")).unwrap()).unwrap();
    let known = workspace["workspace"]["dependencies"].as_table().unwrap();
    let crates: Vec<toml::Table> = files("crates", "toml")
        .iter()
        .filter(|(name, _)| name.ends_with("/Cargo.toml"))
        .map(|(_, text)| toml::from_str(text).unwrap())
        .collect();
    let mut unused = Vec::new();
    for name in known.keys() {
        let used = crates.iter().any(|one| {
            ["dependencies", "dev-dependencies"]
                .iter()
                .any(|kind| one.get(*kind).is_some_and(|all| all.get(name).is_some()))
        });
        if !used {
            unused.push(name.clone());
        }
    }
    assert_none("a dependency that no crate names", &unused);
}
