//! ILL Admin: where everything is that is set up once, under the names staff know.

use askama::Template;

use super::Answer;
use super::shell::{Place, Shell};
use super::visit::Visit;
use crate::staff::Right;

/// The pages of ILL Admin: their word (`…-about` says what is there), their path below the library's, the right each needs.
const PAGES: &[(&str, &str, Right)] = &[
    ("record-title", "/ill-admin/participant-record", Right::Look),
    ("patron-notices-title", "/ill-admin/patron-notices", Right::Look),
    ("setup-title", "/ill-admin/patron-notices/set-up", Right::Look),
    ("staff-notices-title", "/ill-admin/staff-notices", Right::Look),
    ("kit-link-title", "/ill-admin/it-kit", Right::Look),
    ("sign-on-title", "/ill-admin/sign-on", Right::Administer),
    ("staff-title", "/ill-admin/staff", Right::Administer),
    ("keys-title", "/ill-admin/keys", Right::Administer),
    ("webhooks-title", "/ill-admin/webhooks", Right::Administer),
    ("audit-title", "/ill-admin/audit", Right::ReadAudit),
    ("retention-title", "/ill-admin/retention", Right::Look),
];

/// One of them.
struct Entry {
    words: String,
    about: String,
    href: String,
}

#[derive(Template)]
#[template(path = "ill_admin.html")]
struct IllAdmin {
    shell: Shell,
    pages: Vec<Entry>,
}

/// The list, as far as they may.
pub(super) async fn show(visit: Visit) -> Answer {
    let shell = visit.shell("nav-ill-admin").at(Place::IllAdmin);
    let pages = PAGES.iter().filter(|(_, _, right)| visit.may(*right)).map(|(words, path, _)| Entry {
        words: shell.say(words),
        about: shell.say(&format!("{}-about", words.trim_end_matches("-title"))),
        href: shell.to(path),
    });
    visit.page(&IllAdmin { pages: pages.collect(), shell })
}
