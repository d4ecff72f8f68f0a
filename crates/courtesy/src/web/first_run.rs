//! What a new library sets up, as a list of tasks that can be left and taken up again, until it has sent its first notice.
//!
//! In: a library that has sent nothing but tests. Out: its tasks, each with how it stands, read off what is there: nothing
//! is remembered beside that. Not here: the pages the tasks lead to.

use super::Web;
use super::notice_test::usual_address;
use super::notices::{is_on, of};
use super::oops::Oops;
use super::shell::Shell;
use super::visit::Visit;
use crate::library::LibraryCode;
use crate::notice::catalogue::{Audience, Notice};
use crate::notice::status::Status;
use crate::queue::State;
use crate::staff::Right;
use crate::store::{Filter, MessageRow, Tally};

/// Messages looked at to see whether there is one that is no test.
const LOOKED_AT: u32 = 20;

/// One task.
pub(super) struct Task {
    pub words: String,
    pub about: String,
    pub href: Option<String>,
    pub is_done: bool,
}

/// The list.
pub(super) struct Tasks {
    pub tasks: Vec<Task>,
    pub done: usize,
    /// Where a test goes unless another address is typed.
    pub test_to: String,
}

/// The tasks of a new library; none where it has sent a notice, or to somebody who may set nothing up.
pub(super) async fn tasks(
    web: &Web,
    visit: &Visit,
    shell: &Shell,
    tally: Option<&Tally>,
) -> Result<Option<Tasks>, Oops> {
    let busy = tally.is_none_or(|tally| tally.all > i64::from(LOOKED_AT));
    if busy || !visit.may(Right::EditNotices) {
        return Ok(None);
    }
    let library = visit.library()?;
    let everything = Filter { library: Some(library.code.clone()), ..Filter::default() };
    let messages = web.store.messages(&everything, LOOKED_AT).await?;
    let is_test = |row: &MessageRow| Notice::from_code(&row.notice).is_ok_and(|one| one.status == Status::TestNotice);
    if messages.iter().any(|row| !is_test(row)) {
        return Ok(None);
    }
    let was_tested = messages.iter().any(|row| row.state == State::Accepted);
    let is_connected = has_key(web, &library.code).await?;
    let own_words = web.store.words_of(&library.code).await?;
    let chose = !library.switches.is_empty() || own_words.iter().any(|words| !words.of.library.is_empty());
    let on = of(&[Audience::Patron]).filter(|entry| is_on(web, library, entry)).count();
    let administers = visit.may(Right::Administer);
    let task = |name: &str, about: String, path: &str, right: bool, is_done: bool| Task {
        words: shell.say(name),
        about,
        // The test is asked for on this very page.
        href: right.then(|| if path.starts_with('#') { path.to_owned() } else { shell.to(path) }),
        is_done,
    };
    let change = "/ill-admin/participant-record/change";
    let tasks = vec![
        task("tasks-record", shell.say("tasks-record-about"), change, administers, library.phone.is_some()),
        task(
            "tasks-sender",
            shell.say("tasks-sender-about"),
            "/ill-admin/patron-notices/set-up",
            administers,
            library.reply_to.is_some() || library.from.is_some(),
        ),
        task("tasks-notices", shell.with("tasks-notices-about", "count", on), "/ill-admin/patron-notices", true, chose),
        task("tasks-test", shell.say("tasks-test-about"), "#test", true, was_tested),
        task("tasks-connect", shell.say("tasks-connect-about"), "/ill-admin/keys", administers, is_connected),
    ];
    Ok(Some(Tasks {
        done: tasks.iter().filter(|task| task.is_done).count(),
        tasks,
        test_to: usual_address(visit).unwrap_or_default(),
    }))
}

/// Whether some system of the library can tell us of requests.
async fn has_key(web: &Web, library: &LibraryCode) -> Result<bool, Oops> {
    let keys = web.store.keys().await?;
    Ok(keys.iter().any(|key| key.library.as_ref() == Some(library) && key.revoked_at.is_none()))
}
