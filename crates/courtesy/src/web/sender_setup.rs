//! EMail Notice Set-up: the address notices come from, their name, where replies and copies go; and beside the address what
//! each mailbox provider would say to it now, and the records that would change that.
//!
//! In: a library, what DNS said of its domain, what providers answered. Out: the form, the verdicts, the records found
//! against those expected. Saving never waits for a verdict: a wish for the own address is kept while notices leave from
//! the shared one. Not here: making verdicts (`sender`), and the kit for the IT department.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Form;
use axum::extract::State;
use serde::Deserialize;
use standards::address::Address;

use super::record::words_of;
use super::shell::{Place, Shell};
use super::visit::Visit;
use super::{Answer, Web};
use crate::http::libraries::change;
use crate::library::{By, Copies, InLanguages, Library};
use crate::sender::{
    Certainty, Family, Kit, Observed, Plan, Proof, SenderKind, StaffVerdict, State as Found, Verdict, staff_verdict,
};
use crate::staff::Right;

/// How long "Check now" and the list of records wait for DNS. What has no answer by then is looked at in the background.
const LOOK_MAX: Duration = Duration::from_secs(8);

/// What one receiver would do.
struct Judged {
    /// `good`, `wait`, `bad` or `quiet`.
    mood: &'static str,
    headline: String,
    /// How sure that is.
    certainty: String,
    more: Vec<String>,
}

/// One record for the IT department.
struct Record {
    name: String,
    target: String,
    purpose: String,
    mood: &'static str,
    state: String,
    why: Option<String>,
    detail: Option<String>,
}

/// All that is said of the library's own address.
struct Own {
    headline: String,
    because: Vec<(String, Option<String>)>,
    judged: Vec<Judged>,
    checked: Option<jiff::Timestamp>,
}

#[derive(Template)]
#[template(path = "sender_setup.html")]
struct Setup {
    shell: Shell,
    typed: Typed,
    wrong: BTreeMap<&'static str, String>,
    shared: String,
    mood: &'static str,
    sending_as: String,
    why: String,
    own: Option<Own>,
    may_change: bool,
}

impl Setup {
    /// What is wrong with a field.
    fn wrong_with(&self, field: &str) -> Option<&String> {
        self.wrong.get(field)
    }
}

#[derive(Template)]
#[template(path = "sender_records.html")]
struct Records {
    shell: Shell,
    domain: Option<String>,
    records: Vec<Record>,
    spf: Option<(Record, Option<String>)>,
    is_done: bool,
    is_silent: bool,
}

/// The form, as it was typed.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    /// `own` or `shared`.
    sender: String,
    from: String,
    display_name_en: String,
    display_name_fr: String,
    reply_to: String,
    cc: String,
    /// `daily` or `each`.
    copies: String,
    avoid: Option<String>,
}

impl Typed {
    fn of(library: &Library) -> Self {
        let name = library.display_name.clone().unwrap_or_default();
        Self {
            sender: if library.from.is_some() { "own" } else { "shared" }.to_owned(),
            from: library.from.as_ref().map(ToString::to_string).unwrap_or_default(),
            display_name_en: name.en,
            display_name_fr: name.fr.unwrap_or_default(),
            reply_to: library.reply_to.as_ref().map(ToString::to_string).unwrap_or_default(),
            cc: library.cc.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
            copies: if library.copies == Copies::Daily { "daily" } else { "each" }.to_owned(),
            avoid: library.prefer_shared_over_own_bounces.then(|| "yes".to_owned()),
        }
    }

    /// What it asks for, or the fields that cannot be read.
    fn read(&self) -> Result<Wish, Vec<&'static str>> {
        let mut wrong = Vec::new();
        let mut one = |field, text: &str| match (text.trim().is_empty(), Address::parse(text.trim())) {
            (true, _) => None,
            (false, Ok(address)) => Some(address),
            (false, Err(_)) => {
                wrong.push(field);
                None
            }
        };
        let is_own = self.sender == "own";
        let from = one("from", if is_own { &self.from } else { "" });
        let reply_to = one("reply_to", &self.reply_to);
        if is_own && self.from.trim().is_empty() {
            wrong.push("from");
        }
        let cc = words_of(&self.cc).map(Address::parse).collect::<Result<Vec<_>, _>>();
        if cc.is_err() {
            wrong.push("cc");
        }
        match (cc, wrong.is_empty()) {
            (Ok(cc), true) => Ok(Wish { from, reply_to, cc }),
            _ => Err(wrong),
        }
    }

    fn put(self, wish: Wish, library: &mut Library) {
        let some = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        library.from = wish.from;
        library.reply_to = wish.reply_to;
        library.cc = wish.cc;
        library.copies = if self.copies == "daily" { Copies::Daily } else { Copies::Each };
        library.prefer_shared_over_own_bounces = self.avoid.is_some();
        let name_en = library.name.en.clone();
        library.display_name = match (some(self.display_name_en), some(self.display_name_fr)) {
            (None, None) => None,
            (en, fr) => Some(InLanguages { en: en.unwrap_or(name_en), fr }),
        };
    }
}

/// What was typed, as values.
struct Wish {
    from: Option<Address>,
    reply_to: Option<Address>,
    cc: Vec<Address>,
}

fn mood(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Arrives | Verdict::Likely => "good",
        Verdict::SpamRisk => "wait",
        Verdict::Unknown => "quiet",
        Verdict::Rejected => "bad",
    }
}

/// How it looks beside what the provider answered this week: no tick above a refusal.
fn mood_beside(verdict: Verdict, refused: u32) -> &'static str {
    if refused > 0 && mood(verdict) == "good" { "wait" } else { mood(verdict) }
}

/// What was refused in the library's own name in the last week and went out from the shared address, where anything was.
/// The counts are in memory.
pub(super) fn refused_lately(web: &Web, shell: &Shell, library: &Library) -> Option<String> {
    let refused = refused(&web.senders.observations(library), None);
    (refused > 0).then(|| shell.with("setup-refused-lately", "count", i64::from(refused)))
}

/// Refusals of what left in the library's own name: by `family`, or by anybody.
fn refused(observed: &[Observed], family: Option<Family>) -> u32 {
    let own = observed.iter().filter(|one| one.sender != SenderKind::Shared);
    own.filter(|one| family.is_none_or(|family| one.family == family)).map(|one| one.refused).sum()
}

fn certainty(shell: &Shell, certainty: Certainty) -> String {
    shell.say(match certainty {
        Certainty::Rule => "setup-certain-rule",
        Certainty::Published => "setup-certain-published",
        Certainty::Observed => "setup-certain-observed",
    })
}

/// What is said of the own address, from the proof at hand.
fn own(web: &Web, shell: &Shell, library: &Library, plan: &Plan, proof: Option<&Proof>) -> Option<Own> {
    let domain = library.from.as_ref()?.domain().to_string();
    let language = shell.language();
    let Some(proof) = proof else {
        let headline = shell.with("setup-not-looked", "domain", domain);
        return Some(Own { headline, because: Vec::new(), judged: Vec::new(), checked: None });
    };
    let observed = web.senders.observations(library);
    let verdicts = proof.verdicts(&observed);
    let mut judged: Vec<Judged> = verdicts
        .iter()
        .map(|one| Judged {
            mood: mood_beside(one.verdict, refused(&observed, Some(one.family))),
            headline: one.headline.get(language).to_owned(),
            certainty: certainty(shell, one.certainty),
            more: [&one.published, &one.observed]
                .into_iter()
                .flatten()
                .map(|more| more.get(language).to_owned())
                .collect(),
        })
        .collect();
    judged.extend(staff_verdict(proof, SenderKind::Own).map(|verdict| of_staff(shell, &verdict)));
    let worst = verdicts.iter().map(|one| one.verdict).max().unwrap_or(Verdict::Unknown);
    let is_used = plan.sender != SenderKind::Shared;
    let was_refused = refused(&observed, None) > 0;
    let headline = match (is_used, worst) {
        (true, Verdict::Arrives | Verdict::Likely) if was_refused => "setup-own-refused",
        (true, Verdict::Arrives | Verdict::Likely) => "setup-own-good",
        (true, _) => "setup-own-used",
        (false, Verdict::Unknown) => "setup-own-unknown",
        (false, Verdict::Arrives | Verdict::Likely) => "setup-own-almost",
        (false, _) => "setup-own-bad",
    };
    Some(Own {
        headline: shell.with(headline, "domain", domain),
        because: proof.because().into_iter().map(|why| (why.get(language).to_owned(), why.detail)).collect(),
        judged,
        checked: Some(proof.facts.checked_at()),
    })
}

fn of_staff(shell: &Shell, verdict: &StaffVerdict) -> Judged {
    let language = shell.language();
    let more = std::iter::once(&verdict.why).chain(&verdict.fix).map(|one| one.get(language).to_owned());
    Judged {
        mood: mood(verdict.verdict),
        headline: verdict.headline.get(language).to_owned(),
        certainty: certainty(shell, verdict.certainty),
        more: more.collect(),
    }
}

fn shell_of(visit: &Visit, title: &'static str, is_wrong: bool) -> Shell {
    visit
        .shell(title)
        .at(Place::Notices)
        .below("nav-ill-admin", "/ill-admin")
        .below("record-title", "/ill-admin/participant-record")
        .below("patron-notices-title", "/ill-admin/patron-notices")
        .wrong(is_wrong)
}

fn page(web: &Web, visit: &Visit, typed: Typed, wrong: &[&'static str]) -> Result<Setup, super::oops::Oops> {
    let library = visit.library()?;
    let shell = shell_of(visit, "setup-title", !wrong.is_empty());
    let plan = web.senders.plan(library, &[], visit.now);
    let proof = library.from.as_ref().and_then(|from| web.senders.proof(from.domain(), &library.region));
    let shared = format!("{}@{}", library.code.as_str().to_ascii_lowercase(), web.config.shared.domain);
    let wrong = wrong.iter().map(|field| match *field {
        // A relay of the library's own sends as its own address: it goes first, by whoever set it.
        "relay" => ("from", shell.say("setup-wrong-relay")),
        field => (field, shell.say(&format!("record-wrong-{}", field.replace('_', "-")))),
    });
    Ok(Setup {
        own: own(web, &shell, library, &plan, proof.as_deref()),
        mood: if library.from.is_some() && plan.sender == SenderKind::Shared { "warn" } else { "good" },
        sending_as: match plan.sender {
            SenderKind::Shared => shell.with("notices-as-shared", "from", plan.from.to_string()),
            _ => shell.with("notices-as-own", "from", plan.from.to_string()),
        },
        why: plan.reason.get(shell.language()).to_owned(),
        wrong: wrong.collect(),
        typed,
        shared,
        may_change: visit.may(Right::Administer),
        shell,
    })
}

/// The page.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    let typed = Typed::of(visit.library()?);
    visit.page(&page(&web, &visit, typed, &[])?)
}

/// Keeps what was typed, and looks at the domain's records.
pub(super) async fn save(State(web): State<Arc<Web>>, visit: Visit, Form(typed): Form<Typed>) -> Answer {
    let library = visit.library()?;
    let wish = match typed.read() {
        Ok(wish) => wish,
        Err(wrong) => return visit.again(&page(&web, &visit, typed, &wrong)?),
    };
    let by = if visit.may(Right::Consortium) { By::Consortium } else { By::Library };
    let put = typed.clone();
    let problems = change(&web, &library.code, by, visit.by(), |library| put.put(wish, library)).await?;
    if !problems.is_empty() {
        let wrong: Vec<_> = problems.iter().map(|problem| problem.field).collect();
        return visit.again(&page(&web, &visit, typed, &wrong)?);
    }
    look(&web, &library.code).await;
    visit.done(&format!("/staff/{}/ill-admin/patron-notices/set-up", library.code), "saved")
}

/// Looks at the records of the library's domain now, past every cache, as long as somebody waits for it.
async fn look(web: &Web, code: &crate::library::LibraryCode) {
    if let Some(library) = web.book.library(code) {
        // What is not answered in time is looked at in the background.
        let _ = tokio::time::timeout(LOOK_MAX, web.senders.look_again(&library)).await;
    }
}

/// "Check now".
pub(super) async fn check(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    let library = visit.library()?;
    look(&web, &library.code).await;
    visit.done(&format!("/staff/{}/ill-admin/patron-notices/set-up", library.code), "looked")
}

/// The records that the IT department publishes, each as it is found now.
pub(super) async fn records(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    let library = visit.library()?;
    let shell = shell_of(&visit, "records-title", false).below("setup-title", "/ill-admin/patron-notices/set-up");
    let Some(from) = &library.from else {
        let none = Records { shell, domain: None, records: Vec::new(), spf: None, is_done: false, is_silent: false };
        return visit.page(&none);
    };
    let kit = tokio::time::timeout(LOOK_MAX, web.senders.kit(library, from.domain())).await.ok().flatten();
    let domain = Some(from.domain().to_string());
    let Some(kit) = kit else {
        let silent = Records { shell, domain, records: Vec::new(), spf: None, is_done: false, is_silent: true };
        return visit.page(&silent);
    };
    let (records, spf) = (found(&shell, &kit), found_spf(&shell, &kit));
    visit.page(&Records { records, spf, is_done: kit.is_done(), is_silent: false, domain, shell })
}

fn found(shell: &Shell, kit: &Kit) -> Vec<Record> {
    let record = |wanted: &crate::sender::Wanted| {
        let (mood, state, why) = state(shell, &wanted.state);
        Record {
            name: wanted.name.to_string(),
            target: wanted.target.to_string(),
            purpose: wanted.purpose.get(shell.language()).to_owned(),
            mood,
            state,
            detail: why.and_then(|why| why.detail.clone()),
            why: why.map(|why| why.get(shell.language()).to_owned()),
        }
    };
    kit.records.iter().map(record).collect()
}

/// SPF: the record as it would be with ours in it, and what stands against that.
fn found_spf(shell: &Shell, kit: &Kit) -> Option<(Record, Option<String>)> {
    let spf = kit.spf.as_ref()?;
    let (mood, state, why) = state(shell, &spf.state);
    let why = why.map(|why| why.get(shell.language()).to_owned());
    let (before, after) = (i64::from(spf.proposal.before.lookups), i64::from(spf.proposal.after.lookups));
    let record = Record {
        name: kit.domain.to_string(),
        target: spf.record().unwrap_or_default().to_owned(),
        purpose: shell.with2("records-spf-lookups", ("before", before), ("after", after)),
        mood: if mood == "bad" { "wait" } else { mood },
        // Where the other records are there, it is not needed.
        state: if mood == "bad" { shell.say("records-optional") } else { state },
        why,
        detail: None,
    };
    let way_out = spf.ways_out.first().map(|way| way.get(shell.language()).to_owned());
    Some((record, way_out))
}

fn state<'a>(shell: &Shell, found: &'a Found) -> (&'static str, String, Option<&'a crate::sender::Reason>) {
    match found {
        Found::Found => ("good", shell.say("records-found"), None),
        Found::Absent => ("wait", shell.say("records-absent"), None),
        Found::Wrong(why) => ("bad", shell.say("records-wrong"), Some(why)),
        Found::Unknown => ("quiet", shell.say("records-unknown"), None),
    }
}
