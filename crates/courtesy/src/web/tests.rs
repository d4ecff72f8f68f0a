use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use regex::Regex;

use super::password::{CODES, Passwords, code_hash, recovery_codes};
use super::throttle::Throttle;
use super::{form, routes, words};
use crate::notice::Language;
use crate::notice::catalogue::Audience;
use crate::queue::State;
use crate::secret::Secret;
use crate::staff::Role;
use crate::store::{Kept, Tally};

/// The names of words in the files of a language, each with its file.
fn named(language: Language) -> BTreeMap<String, String> {
    let name = Regex::new(r"(?m)^([a-z][a-z0-9-]*) =").unwrap();
    let mut all = BTreeMap::new();
    for (file, text) in words::files(language) {
        for found in name.captures_iter(&text) {
            let before = all.insert(found[1].to_owned(), file.clone());
            assert_eq!(before, None, "{} stands in two files, the other is {file}", &found[1]);
        }
    }
    all
}

/// Every text of a folder's files with this extension.
fn texts(folder: &Path, extension: &str, into: &mut String) {
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            texts(&path, extension, into);
        } else if path.extension().is_some_and(|found| found == extension) && !path.ends_with("tests.rs") {
            // Examples in comments are no words of a page.
            let text = std::fs::read_to_string(path).unwrap();
            text.lines().filter(|line| !line.trim_start().starts_with("//")).for_each(|line| {
                into.push_str(line);
                into.push('\n');
            });
        }
    }
}

fn sources() -> String {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = String::new();
    texts(&here.join("src/web"), "rs", &mut all);
    texts(&here.join("../../web/templates"), "html", &mut all);
    all
}

/// Names that are put together from a list: what begins them, and the whole list.
fn put_together() -> Vec<String> {
    let mut names = Vec::new();
    for state in State::ALL {
        names.extend([format!("state-{state}"), format!("filter-{state}")]);
    }
    for role in Role::OF_LIBRARY {
        names.extend([format!("role-{role}"), format!("role-{role}-about")]);
    }
    names.extend(super::notices::of(&Audience::ALL[..3]).map(|entry| super::notices::when(entry.notice)));
    names.extend(Language::ALL.map(|language| format!("language-{}", language.tag())));
    names.extend(
        ["api", "iso18626", "staff", "watch", "inbound", "text", "patron"].map(|source| format!("source-{source}")),
    );
    names.extend(crate::channel::Channel::ALL.map(|way| format!("reach-way-{way}")));
    names.extend(crate::library::Envelope::ALL.map(|one| format!("envelope-{}", one.code().replace('_', "-"))));
    let fields = "ladder ladders next_after_hours quiet_from postal";
    names.extend(fields.split_whitespace().map(|field| format!("reach-wrong-{}", field.replace('_', "-"))));
    names.extend(["issuer", "client-id", "number-claim", "name"].map(|field| format!("sign-on-wrong-{field}")));
    names.extend(["mail", "text", "letter"].map(|way| format!("channel-{way}")));
    names.extend(["no-address", "unwritten", "unprintable"].map(|wrong| format!("letters-{wrong}")));
    names.extend(["again", "phone", "text", "letter", "in-person", "other"].map(|how| format!("seen-{how}")));
    names.extend(["10s", "1m", "10m", "1h", "4h", "1d"].map(|within| format!("arrival-within-{within}")));
    names.extend(["refusal", "bounce", "complaint"].map(|by| format!("stops-by-{by}")));
    names.extend(["all", "failing", "waiting", "quiet"].map(|show| format!("consortium-show-{show}")));
    names.extend(["ptr", "helo", "certificate", "port-25", "block-lists"].map(|check| format!("ops-relay-{check}")));
    names.extend(["empty", "no-address", "unreadable", "too-many"].map(|why| format!("stops-file-{why}")));
    names.extend(["failing", "gone", "by-hand"].map(|why| format!("webhooks-off-{why}")));
    let erasures = ["of-patron", "of-retention", "waiting", "under-way", "failing", "done"];
    names.extend(erasures.map(|what| format!("erasure-{what}")));
    names.extend(["all", "waiting", "delivered", "given-up"].map(|state| format!("webhook-log-{state}")));
    names.extend(Kept::ALL.map(|what| format!("retention-wrong-{}", what.code())));
    for what in ["content", "talk", "address", "submitted", "texts", "patrons", "events", "audit"] {
        names.extend([format!("retention-{what}"), format!("retention-{what}-why")]);
    }
    let to_patron = crate::notice::catalogue::NOTICES.iter().map(|entry| entry.notice);
    let to_patron = to_patron.filter(|notice| notice.audience == Audience::Patron);
    names.extend(to_patron.map(super::me::word_of));
    names.extend(crate::store::SeenTo::HOWS.map(|how| format!("how-{}", how.replace('_', "-"))));
    names.extend(crate::store::DEEDS.iter().map(|what| format!("deed-{}", what.replace(['.', '_'], "-"))));
    // What is wrong with a field of the Participant Record: its own checks and the form's.
    let fields = "name_en name_fr time_zone languages phone region hours_en url closures cc borrowing_staff \
                  lending_staff reply_to from relay switches display_name_en symbols";
    names.extend(fields.split_whitespace().map(|field| format!("record-wrong-{}", field.replace('_', "-"))));
    names
}

#[test]
fn every_word_that_a_page_names_is_there_in_every_language_and_none_is_there_for_nothing() {
    let source = sources();
    let literal = Regex::new(r#""([a-z][a-z0-9]*(?:-[a-z0-9]+)+|yes|no|number)""#).unwrap();
    let said = Regex::new(r#"\.(?:say|with|with2|shell|below|shell)\(\s*"([a-z0-9-]+)""#).unwrap();
    let done = Regex::new(r#"visit\.done\([^;]*?, "([a-z-]+)"\)|[?&]done=([a-z-]+)"#).unwrap();
    let mut named_in_source: BTreeSet<String> =
        literal.captures_iter(&source).map(|found| found[1].to_owned()).collect();
    let mut must: BTreeSet<String> = said.captures_iter(&source).map(|found| found[1].to_owned()).collect();
    let done = done.captures_iter(&source).filter_map(|found| found.get(1).or(found.get(2)));
    must.extend(done.map(|found| format!("done-{}", found.as_str())));
    must.extend(put_together());
    let about: Vec<_> =
        must.iter().filter_map(|name| Some(format!("{}-about", name.strip_suffix("-title")?))).collect();
    named_in_source.extend(must.iter().cloned());
    named_in_source.extend(about);
    named_in_source
        .extend(["role", "role-ended", "letters-posted", "letters-none-posted"].map(|what| format!("done-{what}")));
    for language in Language::ALL {
        let there = named(language);
        let missing: Vec<_> = must.iter().filter(|name| !there.contains_key(*name)).collect();
        assert!(missing.is_empty(), "{language:?} lacks {missing:?}");
        let unused: Vec<_> = there.keys().filter(|name| !named_in_source.contains(*name)).collect();
        assert!(unused.is_empty(), "{language:?} has for nothing {unused:?}");
    }
    let [english, french] = Language::ALL.map(|language| named(language).into_keys().collect::<BTreeSet<_>>());
    assert_eq!(english, french, "both languages have the same words");
}

#[test]
fn every_file_of_words_can_be_read() {
    for language in Language::ALL {
        for (file, text) in words::files(language) {
            let read = fluent_bundle::FluentResource::try_new(text);
            assert!(read.is_ok(), "{file}: {:?}", read.err().map(|(_, errors)| errors));
        }
    }
}

#[test]
fn a_french_colon_and_guillemets_never_stand_alone_on_a_line() {
    // A space that breaks lines before a colon, or inside of guillemets.
    let breaks = Regex::new(r" :(?: |$)|« | »").unwrap();
    for (file, text) in words::files(Language::Fr) {
        let wrong: Vec<_> = text.lines().filter(|line| breaks.is_match(line)).collect();
        assert!(wrong.is_empty(), "{file}: put a no-break space (U+00A0) there: {wrong:?}");
    }
}

#[test]
fn values_of_words_are_the_same_in_both_languages() {
    let value = Regex::new(r"\{ \$([a-z]+)").unwrap();
    let values = |language| {
        let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (_, text) in words::files(language) {
            let mut name = String::new();
            for line in text.lines() {
                if let Some((begun, _)) = line.split_once(" =").filter(|_| !line.starts_with([' ', '#'])) {
                    begun.clone_into(&mut name);
                }
                all.entry(name.clone()).or_default().extend(value.captures_iter(line).map(|found| found[1].to_owned()));
            }
        }
        all
    };
    let (english, french) = (values(Language::En), values(Language::Fr));
    for (name, of_english) in english {
        // A number may decide about a plural in one language alone.
        let mut only: BTreeSet<_> = of_english.symmetric_difference(&french[&name]).collect();
        only.remove(&"count".to_owned());
        assert!(only.is_empty(), "{name}: {only:?}");
    }
}

#[test]
fn the_dashboard_never_says_that_all_is_accepted_where_some_failed() {
    let verdict = |all, failed| super::home::verdict(Some(&Tally { all, failed, ..Tally::default() }));
    assert_eq!(verdict(0, 0), ("good", "home-verdict-empty"));
    assert_eq!(verdict(100, 0), ("good", "home-verdict-good"));
    assert_eq!(verdict(100, 1), ("good", "home-verdict-most"));
    assert_eq!(verdict(100, 9), ("warn", "home-verdict-most"));
    assert_eq!(verdict(100, 11), ("bad", "home-verdict-bad"));
    assert_eq!(verdict(9, 2), ("warn", "home-verdict-most"), "of so few, single addresses");
    assert_eq!(verdict(9, 5), ("bad", "home-verdict-bad"));
}

#[test]
fn every_route_below_a_library_asks_for_a_right_there() {
    for route in routes() {
        let of_library = route.path.contains("{library}");
        assert_eq!(of_library, matches!(route.audience, super::Audience::Staff(_)) && of_library, "{}", route.path);
        assert!(!of_library || route.path.starts_with("/staff/{library}"), "{}", route.path);
    }
}

#[test]
fn a_forms_token_is_good_in_its_own_session_alone() {
    let secret = Secret::from_octets([7; 32]);
    let now = Timestamp::UNIX_EPOCH;
    let (mine, other) = (crate::id::SessionId::new(now), crate::id::SessionId::new(now));
    let token = form::token(&secret, Some(mine));
    assert!(form::is_ours(&secret, Some(mine), &token));
    assert!(!form::is_ours(&secret, Some(other), &token) && !form::is_ours(&secret, None, &token));
    assert!(!form::is_ours(&Secret::from_octets([8; 32]), Some(mine), &token));
    assert_ne!(token, form::token(&secret, Some(mine)), "each form has its own");
    let body = format!("a=b&form={token}&c=%C3%A9");
    assert_eq!(form::token_of(body.as_bytes(), None), Some(token.clone()));
    assert_eq!(form::token_of(b"--boundary\r\n", Some(&format!("form={token}"))), Some(token));
}

#[test]
fn whoever_guesses_is_slowed_down_and_nobody_is_locked_out() {
    let throttle = Throttle::default();
    let start = Timestamp::UNIX_EPOCH;
    let after = |seconds| start + SignedDuration::from_secs(seconds);
    for _ in 0..5 {
        assert_eq!(throttle.try_now("a.roy", false, start), Ok(()));
    }
    assert_eq!(throttle.try_now("a.roy", false, start), Err(SignedDuration::from_secs(2)));
    assert_eq!(throttle.try_now("a.roy", true, start), Ok(()), "her own device has tries of its own");
    assert_eq!(throttle.try_now("l.cote", false, start), Ok(()), "and so has everybody else");
    for minute in 1..20 {
        assert_eq!(throttle.try_now("a.roy", false, after(minute * 31)), Ok(()), "half a minute is the longest wait");
    }
    throttle.succeeded("a.roy", false);
    assert_eq!(throttle.try_now("a.roy", false, start), Ok(()));
}

#[test]
fn of_a_hundred_guesses_at_one_moment_five_are_looked_at() {
    let throttle = Throttle::default();
    let now = Timestamp::UNIX_EPOCH;
    let let_in = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|threads| {
        for _ in 0..100 {
            threads.spawn(|| {
                let may = throttle.try_now("a.roy", false, now).is_ok();
                let_in.fetch_add(usize::from(may), std::sync::atomic::Ordering::Relaxed);
            });
        }
    });
    assert_eq!(let_in.into_inner(), 5);
}

#[test]
fn names_that_are_made_up_do_not_have_a_guessed_one_forgotten() {
    let throttle = Throttle::default();
    let now = Timestamp::UNIX_EPOCH;
    while throttle.try_now("a.roy", false, now).is_ok() {}
    for number in 0..25_000 {
        assert_eq!(throttle.try_now(&format!("made-up {number}"), false, now), Ok(()));
    }
    assert!(throttle.try_now("a.roy", false, now).is_err());
}

#[tokio::test]
async fn a_password_fits_its_own_hash_alone() {
    let passwords = Passwords::default();
    let hash = passwords.hash("three words remembered".to_owned()).await.unwrap();
    assert!(hash.starts_with("$argon2id$"), "{hash}");
    assert!(passwords.fits("three words remembered".to_owned(), Some(hash.clone())).await.unwrap());
    assert!(!passwords.fits("three words forgotten".to_owned(), Some(hash)).await.unwrap());
    assert!(!passwords.fits("three words remembered".to_owned(), None).await.unwrap());
}

#[test]
fn a_recovery_code_is_known_however_it_is_typed() {
    let codes = recovery_codes();
    assert_eq!((codes.len(), codes.iter().collect::<BTreeSet<_>>().len()), (CODES, CODES));
    assert_eq!(code_hash("7K30Q-1TX2B"), code_hash(" 7k3oq ltx2b "));
    assert_ne!(code_hash("7K30Q-1TX2B"), code_hash("7K30Q-1TX2C"));
}
