//! Staff of a library: who may sign in, as what; inviting by link, changing a role, taking it away.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use serde::Deserialize;
use standards::address::in_small_letters;

use super::oops::Oops;
use super::shell::{Place, Shell};
use super::sign_in::link as new_link;
use super::visit::Visit;
use super::{Answer, Web};
use crate::id::StaffId;
use crate::staff::{Right, Role, Roles};
use crate::store::{Change, Staff as Person};

/// Letters of a name or login.
const LETTERS_MAX: usize = 120;

/// A role to choose.
struct Choice {
    code: &'static str,
    words: String,
    about: String,
}

/// One person of the list.
struct Line {
    id: StaffId,
    name: String,
    login: String,
    role: Role,
    is_me: bool,
}

#[derive(Template)]
#[template(path = "staff.html")]
struct Staff {
    shell: Shell,
    people: Vec<Line>,
    roles: Vec<Choice>,
    /// A link that was just made, for whom.
    link: Option<(String, String)>,
    login: String,
    name: String,
    wrong: Option<(&'static str, String)>,
    one_admin: bool,
}

impl Staff {
    async fn of(web: &Web, visit: &Visit) -> Result<Self, Oops> {
        let library = visit.library()?;
        let shell = visit.shell("staff-title").at(Place::IllAdmin).below("nav-ill-admin", "/ill-admin");
        let me = visit.staff()?.id;
        let people = web.store.staff_of(Some(&library.code)).await?;
        let line = |person: Person| {
            let role = person.roles.at(Some(&library.code))?;
            Some(Line { is_me: person.id == me, id: person.id, name: person.name, login: person.login, role })
        };
        let people: Vec<_> = people.into_iter().filter_map(line).collect();
        let choice = |role: Role| Choice {
            code: role.code(),
            words: shell.say(&format!("role-{role}")),
            about: shell.say(&format!("role-{role}-about")),
        };
        Ok(Self {
            one_admin: people.iter().filter(|one| one.role.has(Right::Administer)).count() == 1,
            people,
            roles: Role::OF_LIBRARY.into_iter().map(choice).collect(),
            link: None,
            login: String::new(),
            name: String::new(),
            wrong: None,
            shell,
        })
    }
}

/// The list.
pub(super) async fn show(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    visit.page(&Staff::of(&web, &visit).await?)
}

/// Somebody new.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Invited {
    login: String,
    name: String,
    role: String,
}

/// Adds somebody, and shows the link that signs them in the first time.
pub(super) async fn invite(State(web): State<Arc<Web>>, visit: Visit, Form(form): Form<Invited>) -> Answer {
    let library = visit.library()?.code.clone();
    let (login, name) = (in_small_letters(form.login.trim()), form.name.trim().to_owned());
    let fits = |text: &str| (1..=LETTERS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    let mut page = Staff::of(&web, &visit).await?;
    let role = Role::from_code(&form.role).filter(|role| Role::OF_LIBRARY.contains(role));
    let wrong = if !fits(&login) || login.contains(char::is_whitespace) {
        Some(("login", "staff-wrong-login"))
    } else if !fits(&name) {
        Some(("name", "staff-wrong-name"))
    } else if role.is_none() {
        Some(("role", "staff-wrong-role"))
    } else {
        None
    };
    if let Some((field, words)) = wrong {
        page.wrong = Some((field, page.shell.say(words)));
    } else if let Some(role) = role {
        let id = StaffId::new(visit.now);
        let roles = Roles::new(vec![(Some(library), role)]);
        let person = Person {
            id,
            login: login.clone(),
            name: name.clone(),
            has_password: false,
            roles,
            created_at: visit.now,
            ended_at: None,
        };
        let deed = visit.deed("staff.added", format!("{login}, {role}"));
        if web.store.noting(deed).add_staff(person).await? {
            let path = new_link(&web.store, id, visit.now).await?;
            let link = format!("{}{path}", web.config.url());
            return visit.page(&Staff { link: Some((name, link)), ..Staff::of(&web, &visit).await? });
        }
        page.wrong = Some(("login", page.shell.say("staff-known-login")));
    }
    (page.login, page.name) = (form.login, form.name);
    page.shell = page.shell.wrong(true);
    visit.again(&page)
}

/// A person of this library, who is not the one asking.
async fn colleague(web: &Web, visit: &Visit, id: &str) -> Result<Person, Oops> {
    let library = &visit.library()?.code;
    let id: StaffId = id.parse().map_err(|_| Oops::NotFound)?;
    let person = web.store.staff(id).await?.ok_or(Oops::NotFound)?;
    let is_here = person.roles.at(Some(library)).is_some();
    if is_here && visit.staff()?.id != id { Ok(person) } else { Err(Oops::NotFound) }
}

/// A new role; empty takes it away.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct NewRole {
    role: String,
}

/// Changes the role of a colleague, or takes it away.
pub(super) async fn role(
    State(web): State<Arc<Web>>,
    visit: Visit,
    Path((_, id)): Path<(String, String)>,
    Form(form): Form<NewRole>,
) -> Answer {
    let library = visit.library()?.code.clone();
    let person = colleague(&web, &visit, &id).await?;
    let role = Role::from_code(&form.role).filter(|role| Role::OF_LIBRARY.contains(role));
    if role.is_none() && !form.role.is_empty() {
        return Err(Oops::NotFound);
    }
    let change = |role: Option<Role>| role.map(|role| role.to_string()).unwrap_or_default();
    let (was, is) = (change(person.roles.at(Some(&library))), change(role));
    let what = if role.is_some() { "staff.role" } else { "staff.role_ended" };
    let deed = visit.deed(what, person.login.as_str()).with(vec![Change { field: "role".to_owned(), was, is }]);
    web.store.noting(deed).set_role(person.id, Some(library.clone()), role).await?;
    let done = if role.is_some() { "role" } else { "role-ended" };
    visit.done(&format!("/staff/{library}/ill-admin/staff"), done)
}

/// Makes a link that signs a colleague in once: for who has lost every other way.
pub(super) async fn link(State(web): State<Arc<Web>>, visit: Visit, Path((_, id)): Path<(String, String)>) -> Answer {
    let person = colleague(&web, &visit, &id).await?;
    // A link signs in as all that somebody is: nobody may thereby become more than they are.
    let everywhere = person
        .roles
        .iter()
        .all(|(library, _)| visit.staff.as_ref().is_some_and(|me| me.roles.may(Right::Administer, library)));
    if !everywhere {
        return Err(Oops::NotNow("staff-not-yours"));
    }
    let noting = web.store.noting(visit.deed("staff.link", person.login.as_str()));
    let path = new_link(&noting, person.id, visit.now).await?;
    let link = Some((person.name, format!("{}{path}", web.config.url())));
    visit.page(&Staff { link, ..Staff::of(&web, &visit).await? })
}
