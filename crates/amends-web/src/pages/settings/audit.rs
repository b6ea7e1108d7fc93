//! The audit log: every change, by whom, newest first.

use super::Tab;
use crate::error::{PageError, form_urlencoded};
use crate::pages::fields::Fields;
use crate::pages::frame::{Frame, Here, Place};
use crate::pages::show;
use crate::pages::when::Markup;
use amends_app::Paging;
use amends_app::identity::{AuditEntry, AuditFilter};
use amends_model::{Action, ActorKind, Resource};
use askama::Template;
use axum::response::Response;
use serde_json::Value as Json;

struct Line {
    seq: i64,
    at: Markup,
    who: String,
    kind: Option<&'static str>,
    did: &'static str,
    what: &'static str,
    resource: &'static str,
    /// Name of the thing, when the log holds it.
    name: Option<String>,
    id: String,
    /// The rest of what the log holds.
    more: Vec<(String, String)>,
}

/// What was done, in the past.
const fn did(action: Action) -> &'static str {
    match action {
        Action::Read => "read",
        Action::Create => "made",
        Action::Edit => "changed",
        Action::Remove => "removed",
        Action::Publish => "published",
    }
}

/// A kind of thing, in words.
const fn thing(resource: Resource) -> &'static str {
    match resource {
        Resource::Event => "timeline entry",
        Resource::Update => "word to customers",
        Resource::Maintenance => "planned work",
        Resource::Letter => "customers’ letter",
        Resource::Page => "page settings",
        Resource::Mailbox => "mail viewer",
        Resource::Token => "API token",
        Resource::Audit => "audit log",
        other => other.as_str(),
    }
}

/// A value of the details as one line.
fn value(json: &Json) -> String {
    match json {
        Json::String(text) => text.clone(),
        Json::Array(items) => items.iter().map(value).collect::<Vec<_>>().join(", "),
        Json::Bool(true) => "yes".into(),
        Json::Bool(false) => "no".into(),
        other => other.to_string(),
    }
}

/// What somebody did, in words.
const fn deed(action: Action, resource: Resource) -> (&'static str, &'static str) {
    match (action, resource) {
        (Action::Create, Resource::Session) => ("signed in", ""),
        (Action::Remove, Resource::Session) => ("ended", "a session"),
        (Action::Create, Resource::Person) => ("added", "person"),
        (Action::Remove, Resource::Token) => ("revoked", "API token"),
        (Action::Create, Resource::Import) => ("imported", ""),
        _ => (did(action), thing(resource)),
    }
}

fn line(entry: &AuditEntry, here: &Here) -> Line {
    let (did, what) = deed(entry.action, entry.resource);
    let detail = entry.detail.as_object();
    let text = |key: &str| detail.and_then(|d| d.get(key)).and_then(Json::as_str).map(str::to_owned);
    let name = text("name").or_else(|| text("title"));
    let more = detail.into_iter().flatten().filter(|(key, _)| !matches!(key.as_str(), "name" | "title"));
    Line {
        seq: entry.seq,
        at: here.when().clock(entry.at),
        who: entry.actor.name.clone(),
        kind: match entry.actor.kind {
            ActorKind::Person => None,
            ActorKind::Token => Some("token"),
            ActorKind::System => Some("Amends itself"),
        },
        did,
        what,
        resource: entry.resource.as_str(),
        name,
        id: entry.resource_id.clone(),
        more: more.map(|(key, json)| (key.replace('_', " "), value(json))).collect(),
    }
}

/// The lines of one day.
struct Day {
    heading: String,
    lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "app/audit.html")]
struct Page {
    frame: Frame,
    tab: Tab,
    form: Fields,
    resources: Vec<(&'static str, &'static str)>,
    days: Vec<Day>,
    filtered: bool,
    /// Where the list goes on.
    older: Option<String>,
    /// Whether this is not the newest part.
    later: bool,
    /// Where the newest part is, asked the same.
    newest: String,
}

/// `GET /app/settings/audit?actor=&resource=&id=&cursor=`
pub async fn page(here: Here) -> Result<Response, PageError> {
    let asked = |name: &str| here.query(name).map(str::trim).unwrap_or_default().to_owned();
    let names = ["actor", "resource", "id"];
    let filter = AuditFilter {
        actor: Some(asked("actor")),
        // A kind that does not exist asks for all: the list of choices shows it.
        resource: asked("resource").parse().ok(),
        resource_id: Some(asked("id")),
    };
    let cursor = here.query("cursor").map(str::to_owned);
    let paging = Paging { limit: Some(100), cursor: cursor.clone() };
    let listed = here.app.audit(&here.caller, &filter, &paging).await?;
    let when = here.when();
    let mut days: Vec<Day> = Vec::new();
    for entry in &listed.items {
        let heading = when.day_heading(entry.at);
        match days.last_mut().filter(|day| day.heading == heading) {
            Some(day) => day.lines.push(line(entry, &here)),
            None => days.push(Day { heading, lines: vec![line(entry, &here)] }),
        }
    }
    let kept: String = names
        .iter()
        .map(|name| (name, asked(name)))
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}&", form_urlencoded(&value)))
        .collect();
    let resources = Resource::ALL.iter().map(|r| (r.as_str(), thing(*r)));
    let page = Page {
        frame: here.frame(Place::Settings, "Audit log").await?,
        tab: Tab::Audit,
        form: Fields::of(names.map(|name| (name, asked(name)))),
        resources: std::iter::once(("", "everything")).chain(resources).collect(),
        days,
        filtered: !kept.is_empty(),
        newest: format!("/app/settings/audit?{}", kept.trim_end_matches('&'))
            .trim_end_matches('?')
            .to_owned(),
        older: listed.next_cursor.map(|cursor| format!("/app/settings/audit?{kept}cursor={cursor}")),
        later: cursor.is_some(),
    };
    Ok(show(&page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_lines_that_people_read() {
        let json = serde_json::json!({"a": [1, "two", true], "b": {"c": null}});
        assert_eq!(value(&json["a"]), "1, two, yes");
        assert_eq!(value(&json["b"]), r#"{"c":null}"#);
    }
}
