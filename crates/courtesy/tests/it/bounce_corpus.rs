//! Other people's bounces (`../shared/corpora/bounces`), and how many of them are read rightly.
//!
//! `BOUNCES` names another folder, `HALF=A` or `HALF=B` takes every second mail, `MISSES=1` prints what was missed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use courtesy::outcome::bounce;

/// One row of `expected.tsv`, with the cause that `causes.tsv` gives its reason.
struct Row {
    file: String,
    index: usize,
    reason: String,
    hard: bool,
    cause: String,
    stop: bool,
}

fn corpus() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora/bounces");
    let folder = std::env::var_os("BOUNCES").map_or(folder, PathBuf::from);
    folder.join("expected.tsv").exists().then_some(folder)
}

fn rows(folder: &Path) -> Vec<Row> {
    let table = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let causes: BTreeMap<String, (String, bool)> = table("causes.tsv")
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<_> = line.split('\t').collect();
            (cells[0].to_owned(), (cells[1].to_owned(), cells[2] == "yes"))
        })
        .collect();
    let row = |line: &str| {
        let cells: Vec<_> = line.split('\t').collect();
        let (cause, stop) = causes[cells[4]].clone();
        Row {
            file: cells[0].into(),
            index: cells[1].parse().unwrap(),
            reason: cells[4].into(),
            hard: cells[5] == "true",
            cause,
            stop,
        }
    };
    table("expected.tsv").lines().skip(1).map(row).collect()
}

/// Counts of a yes/no question.
#[derive(Default)]
struct Tally {
    hit: f64,
    false_alarm: f64,
    miss: f64,
}

impl Tally {
    fn count(&mut self, expected: bool, got: bool) {
        match (expected, got) {
            (true, true) => self.hit += 1.0,
            (false, true) => self.false_alarm += 1.0,
            (true, false) => self.miss += 1.0,
            (false, false) => {}
        }
    }
    fn precision(&self) -> f64 {
        self.hit / (self.hit + self.false_alarm).max(1.0)
    }
    fn recall(&self) -> f64 {
        self.hit / (self.hit + self.miss).max(1.0)
    }
}

#[test]
fn causes_and_stops_of_real_bounces_are_right() {
    let Some(folder) = corpus() else {
        println!("skipped: ../shared/corpora/bounces is not here");
        return;
    };
    let rows = rows(&folder);
    let half = std::env::var("HALF").ok();
    let mut files: Vec<&str> = rows.iter().map(|row| row.file.as_str()).collect();
    files.dedup();
    let in_half = |file: &str| match (half.as_deref(), files.iter().position(|known| *known == file)) {
        (Some("A"), Some(index)) => index % 2 == 0,
        (Some("B"), Some(index)) => index % 2 == 1,
        _ => true,
    };
    let (mut right, mut all) = (0.0, 0.0);
    let (mut stop, mut hard, mut auth) = (Tally::default(), Tally::default(), Tally::default());
    for row in rows.iter().filter(|row| in_half(&row.file)) {
        let bytes = std::fs::read(folder.join("mail").join(&row.file)).unwrap();
        let found = bounce::read(&bytes).findings;
        let finding = found.get(row.index - 1);
        let cause = finding.map_or("nothing", |finding| finding.cause.code());
        let stops = finding.is_some_and(bounce::Finding::stops_address);
        let within = |cause: &str, family: &str| cause == family || cause.starts_with(&format!("{family}."));
        all += 1.0;
        if within(cause, &row.cause) {
            right += 1.0;
        }
        let missed = !within(cause, &row.cause);
        if (missed || stops != row.stop) && std::env::var_os("MISSES").is_some() {
            let words =
                finding.map_or(String::new(), |f| f.words.chars().take(300).collect::<String>().replace('\n', " / "));
            let (status, reply, stage) =
                finding.map_or((None, None, None), |f| (f.status.map(|s| s.to_string()), f.reply, Some(f.stage)));
            println!(
                "{}#{} {} ({}) got {cause} stop {stops} | {status:?} {reply:?} {stage:?} {:?} | {words}",
                row.file,
                row.index,
                row.cause,
                row.reason,
                finding.map(|f| f.certainty)
            );
        }
        stop.count(row.stop, stops);
        let is_complaint = row.reason == "feedback";
        hard.count(row.hard, stops && !is_complaint);
        auth.count(row.reason == "authfailure", within(cause, "auth"));
    }
    println!(
        "cause {right}/{all} = {:.3}; stop P {:.3} R {:.3}; hard P {:.3} R {:.3}; auth P {:.3} R {:.3}",
        right / all,
        stop.precision(),
        stop.recall(),
        hard.precision(),
        hard.recall(),
        auth.precision(),
        auth.recall()
    );
    if half.is_none() {
        assert!(right / all >= 0.96, "cause");
        assert!(stop.precision() >= 0.98 && stop.recall() >= 0.95, "stop");
        assert!(auth.precision() >= 0.95 && auth.recall() >= 0.95, "auth");
    }
}
