//! Every use case asks first whether the caller may.

use super::*;
use amends_app::Paging;
use amends_app::identity::{AuditFilter, EditPerson, NewPerson, NewToken};
use amends_model::{Action, PersonId, Resource, SessionId, TokenId};
use std::collections::HashSet;
use std::path::Path;

/// Use cases of this room, tried as each role with ids that do not exist: who may is told so, who may not is refused
/// before anything is looked at.
#[tokio::test]
async fn each_role_may_what_the_table_says() {
    for f in each().await {
        f.set_up().await;
        let (nobody, no_session, no_token): (PersonId, SessionId, TokenId) = (
            "abcdefghijkl".parse().unwrap(),
            "abcdefghijkl".parse().unwrap(),
            "abcdefghijkl".parse().unwrap(),
        );
        for role in Role::ALL {
            let c = &Caller { role: *role, ..Caller::system("test") };
            let (app, paging) = (&f.app, Paging::default());
            let person =
                || NewPerson { email: String::new(), name: String::new(), role: *role, time_zone: None };
            let token = || NewToken {
                name: String::new(),
                role: *role,
                scopes: Default::default(),
                expires_at: None,
            };
            let answers = [
                ("people", Action::Read, Resource::Person, app.people(c).await.err()),
                ("person", Action::Read, Resource::Person, app.person(c, "x").await.err()),
                ("add_person", Action::Create, Resource::Person, app.add_person(c, person()).await.err()),
                (
                    "edit_person",
                    Action::Edit,
                    Resource::Person,
                    app.edit_person(c, &nobody, 1, EditPerson::default()).await.err(),
                ),
                ("sign_in_link", Action::Edit, Resource::Person, app.sign_in_link(c, &nobody).await.err()),
                ("password_link", Action::Edit, Resource::Person, app.password_link(c, &nobody).await.err()),
                ("sessions", Action::Read, Resource::Session, app.sessions(c, &nobody).await.err()),
                (
                    "end_session",
                    Action::Remove,
                    Resource::Session,
                    app.end_session(c, &nobody, &no_session).await.err(),
                ),
                (
                    "end_sessions",
                    Action::Remove,
                    Resource::Session,
                    app.end_sessions(c, &nobody, None).await.err(),
                ),
                ("create_token", Action::Create, Resource::Token, app.create_token(c, token()).await.err()),
                ("tokens", Action::Read, Resource::Token, app.tokens(c).await.err()),
                ("revoke_token", Action::Remove, Resource::Token, app.revoke_token(c, &no_token).await.err()),
                (
                    "audit",
                    Action::Read,
                    Resource::Audit,
                    app.audit(c, &AuditFilter::default(), &paging).await.err(),
                ),
            ];
            for (use_case, action, resource, error) in answers {
                let forbidden = matches!(&error, Some(AppError::Forbidden { action: a, resource: r }) if (*a, *r) == (action, resource));
                assert_eq!(forbidden, !role.may(action, resource), "{use_case} as {role}: {error:?}");
            }
        }
    }
}

/// All of them, read from the source: a public function that takes a caller begins by asking whether they may, or hands
/// over to one that does.
#[test]
fn every_use_case_begins_by_asking() {
    let asks = |first: &str| {
        let own = "let own = require_person(caller)";
        ["caller.require(", "if !caller.may(", "require_person(caller)", own, "require_own_or(caller"]
            .iter()
            .any(|start| first.starts_with(start))
    };
    let mut asking = HashSet::new();
    let mut others = Vec::new();
    sources(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut |file, text| {
        for (at, start) in text.match_indices("\n    pub async fn ") {
            let function = &text[at + start.len()..];
            let Some((signature, body)) = function.split_once(" {\n") else { continue };
            if !signature.contains("caller: &Caller") {
                continue;
            }
            let name = signature.split(['(', '<']).next().unwrap_or_default().to_owned();
            let first = body.trim_start().lines().next().unwrap_or_default().to_owned();
            if asks(&first) {
                asking.insert(name);
            } else {
                others.push((file.display().to_string(), name, first));
            }
        }
    });
    let hands_over = |first: &str| {
        let called = first.strip_prefix("self.").and_then(|rest| rest.split_once("(caller"));
        called.is_some_and(|(called, _)| asking.contains(called))
    };
    let wrong: Vec<_> = others.iter().filter(|(_, _, first)| !hands_over(first)).collect();
    assert!(asking.len() > 20, "only {} use cases were found; does this test still read them?", asking.len());
    assert!(wrong.is_empty(), "use cases that do not begin with `caller.require(…)`: {wrong:#?}");
}

fn sources(folder: &Path, look: &mut impl FnMut(&Path, &str)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, look);
        } else if path.extension().is_some_and(|e| e == "rs") {
            look(&path, &std::fs::read_to_string(&path).unwrap());
        }
    }
}
