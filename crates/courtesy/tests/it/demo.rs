//! The demonstration, as a person runs it: the real binary, its two tables, its JSON, its end.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use serde_json::Value;

/// Far more than it takes on a busy machine: a debug build needs three to eight seconds.
const LONGEST: Duration = Duration::from_secs(90);

fn demo(options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_courtesy"));
    command.arg("demo").args(options).stdin(Stdio::null()).env_remove("COURTESY_CONFIG").env_remove("COURTESY_LANG");
    command
}

/// What the demonstration printed; none where this machine has but one loopback address.
fn played(options: &[&str]) -> Option<String> {
    let begun = Instant::now();
    let Output { status, stdout, stderr } = demo(options).output().unwrap();
    let talk = String::from_utf8_lossy(&stderr);
    if talk.contains("this machine does not answer on") {
        println!("skipped: the demonstration needs all of 127.0.0.0/8");
        return None;
    }
    assert!(status.success(), "{status}: {talk}");
    assert!(begun.elapsed() < LONGEST, "{:?}", begun.elapsed());
    Some(String::from_utf8(stdout).unwrap())
}

/// What `--json` told, played once for all tests that read it.
fn told() -> Option<&'static Value> {
    static TOLD: LazyLock<Option<Value>> =
        LazyLock::new(|| Some(serde_json::from_str(&played(&["--once", "--json"])?).unwrap()));
    TOLD.as_ref()
}

#[test]
fn before_most_is_lost_and_after_all_arrives_with_proof() {
    let Some(told) = told() else { return };
    let count = |when: &str, what: &str| told[when][what].as_u64().unwrap();
    assert_eq!(count("before", "sent"), 54);
    assert!((count("before", "refused") + count("before", "junked")) * 2 > count("before", "sent"));
    let sum: u64 = ["accepted", "junked", "refused"].map(|what| count("before", what)).iter().sum();
    assert_eq!(sum, 54, "every spoofed notice met its fate");
    assert_eq!(count("after", "accepted"), 54);
    assert_eq!((count("after", "junked"), count("after", "refused")), (0, 0));
    assert_eq!((count("after", "own"), count("after", "shared")), (12, 42));
    let rows = told["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 54);
    for row in rows {
        assert_eq!((row["after"].as_str(), row["dmarc"].as_str()), (Some("accepted"), Some("pass")), "{row}");
        // Never spoof: the libraries' own names only where they have authorised us.
        let authorised = ["BRCH", "CDRE"].contains(&row["library"].as_str().unwrap());
        let (sender, from) = (row["sender"].as_str().unwrap(), row["from"].as_str().unwrap());
        assert_eq!((sender == "own", from.ends_with("@notices.example")), (authorised, !authorised), "{row}");
        for why in ["before_why", "after_why", "situation"] {
            assert!(!row[why].as_str().unwrap().is_empty(), "{row}");
        }
    }
}

#[test]
fn published_records_count_at_once_and_a_wrong_refusal_is_sent_again() {
    let Some(told) = told() else { return };
    let then = &told["then"];
    let published = &then["published"];
    assert_eq!(published["from"], "ill@ginkgo.example");
    assert_eq!(
        (&published["sender"], &published["after"], &published["dmarc"]),
        (&"own".into(), &"accepted".into(), &"pass".into())
    );
    let attempts = then["refused"]["attempts"].as_array().unwrap();
    let tries: Vec<_> =
        attempts.iter().map(|one| (one["from"].as_str().unwrap(), one["outcome"].as_str().unwrap())).collect();
    assert_eq!(tries, [("ill@birch.example", "refused"), ("brch@notices.example", "accepted")]);
    assert!(attempts[0]["cause"].as_str().unwrap().starts_with("auth"));
    assert_eq!(then["refused"]["dmarc"], "pass");
}

#[test]
fn it_tells_its_story_in_english() {
    let Some(text) = played(&["--once"]) else { return };
    for phrase in [
        "54 sent: 9 in the inbox, 12 in spam, 33 refused.",
        "54 sent: 54 in the inbox, 0 in spam, 0 refused.",
        "DMARC passed for 54 of 54",
        "Alder Bay      All of them refused it: alder.example has not authorised that server",
        "Sent as ill@birch.example: the SPF record of birch.example lists our relays.",
        "Sent as aldr@notices.example, replies to ill@alder.example: alder.example has not",
        "na1._domainkey.ginkgo.example",
        "Nobody had to press Resend",
    ] {
        assert!(text.contains(phrase), "without “{phrase}”:\n{text}");
    }
    let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
    assert!(widest <= 100, "{widest} columns");
}

#[test]
fn it_tells_its_story_in_french() {
    let Some(text) = played(&["--once", "--lang", "fr"]) else { return };
    for phrase in [
        "54 envoyés : 9 en boîte de réception, 12 en pourriel, 33 refusés.",
        "54 envoyés : 54 en boîte de réception, 0 en pourriel, 0 refusés.",
        "Refusé par tous : alder.example n’a pas autorisé ce serveur",
        "Envoyé par ill@cedar.example : cedar.example a publié notre clé de signature.",
        "Personne n’a eu à le renvoyer",
    ] {
        assert!(text.contains(phrase), "sans « {phrase} » :\n{text}");
    }
    let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
    assert!(widest <= 100, "{widest} columns");
}

#[test]
fn it_stays_up_to_be_looked_at_and_leaves_nothing_behind() {
    let mut child = demo(&[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut at = |label: &str| {
        let found = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| Some(line.trim().strip_prefix(label)?.trim().to_owned()));
        found.filter(|value| !value.is_empty())
    };
    let Some(url) = at("HTTP") else {
        println!("skipped: the demonstration needs all of 127.0.0.0/8");
        let _ = child.wait();
        return;
    };
    let key_file = at("API key").unwrap();
    let mail = at("a notice").unwrap();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    let written = std::fs::read_to_string(&mail).unwrap();
    assert!(written.contains("dmarc=pass") && written.contains("DKIM-Signature"), "{written}");
    let key = std::fs::read_to_string(&key_file).unwrap();
    let listed = Command::new("curl")
        .args(["--silent", "--noproxy", "*", "--header", &format!("Authorization: Bearer {}", key.trim())])
        .arg(format!("{url}/v1/messages?state=accepted&limit=500"))
        .output();
    match listed {
        Ok(listed) => {
            let list: Value = serde_json::from_slice(&listed.stdout).unwrap();
            assert_eq!(list["data"].as_array().unwrap().len(), 56);
        }
        Err(_) => println!("skipped: curl is not installed"),
    }
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    assert!(child.wait().unwrap().success());
    assert!(!std::path::Path::new(&mail).exists() && !std::path::Path::new(&key_file).exists());
}
