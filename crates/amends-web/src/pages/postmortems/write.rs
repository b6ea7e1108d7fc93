//! Writing: the document or the letter as Markdown, facts and findings beside it. Works as a plain form; the script
//! saves as one types, previews, and helps with facts.

use super::findings::Findings;
use super::{Head, Tab, address, incident_of};
use crate::assets;
use crate::error::PageError;
use crate::pages::fields::Fields;
use crate::pages::frame::{Frame, Here, Place};
use crate::pages::when::Markup;
use crate::pages::{go, html_response, show_as};
use amends_app::AppError;
use amends_app::postmortem::{CheckText, EditPostmortem, KnownFact, Problem, Shown};
use amends_model::{Action, Postmortem, PostmortemVersion, Resource};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Document,
    Letter,
}

impl Part {
    const fn resource(self) -> Resource {
        match self {
            Part::Document => Resource::Postmortem,
            Part::Letter => Resource::Letter,
        }
    }

    const fn is_letter(self) -> bool {
        matches!(self, Part::Letter)
    }

    /// Fields of the form, with what they are called when somebody else changed them.
    const fn fields(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Part::Document => &[
                ("title", "Title"),
                ("document", "Document"),
                ("authors", "Written by"),
                ("reviewers", "Read by"),
            ],
            Part::Letter => &[("letter_title", "Title of the letter"), ("letter", "Letter")],
        }
    }

    fn form(self, p: &Postmortem) -> Fields {
        let version = ("version", p.version.to_string());
        match self {
            Part::Document => Fields::of([
                ("title", p.title.clone()),
                ("document", p.document.clone()),
                ("authors", p.authors.join(", ")),
                ("reviewers", p.reviewers.join(", ")),
                version,
            ]),
            Part::Letter => {
                Fields::of([("letter_title", p.letter_title.clone()), ("letter", p.letter.clone()), version])
            }
        }
    }

    fn edit(self, form: &Fields) -> EditPostmortem {
        let text = |name: &str| form.has(name).then(|| form.value(name).to_owned());
        let names = |name: &str| {
            let split = |text: String| {
                text.split([',', ';', '\n'])
                    .map(str::trim)
                    .filter(|n| !n.is_empty())
                    .map(str::to_owned)
                    .collect()
            };
            text(name).map(split)
        };
        match self {
            Part::Document => EditPostmortem {
                title: text("title"),
                document: text("document"),
                authors: names("authors"),
                reviewers: names("reviewers"),
                ..EditPostmortem::default()
            },
            Part::Letter => EditPostmortem {
                letter: text("letter"),
                letter_title: text("letter_title"),
                ..EditPostmortem::default()
            },
        }
    }
}

/// A field that somebody else changed meanwhile.
struct Theirs {
    field: &'static str,
    label: &'static str,
    value: String,
}

/// A fact beside the text.
struct FactRow {
    name: &'static str,
    says: &'static str,
    block: bool,
    value: Option<String>,
}

/// Facts that belong together.
struct FactGroup {
    label: &'static str,
    facts: Vec<FactRow>,
}

#[derive(Template)]
#[template(path = "app/postmortem_write.html")]
struct Page {
    frame: Frame,
    head: Head,
    /// Where the form posts to.
    action: String,
    letter: bool,
    form: Fields,
    theirs: Option<Vec<Theirs>>,
    /// Who saved what this person did not see.
    by: String,
    shown: Shown,
    found: Findings,
    facts: Vec<FactGroup>,
    write_js: &'static str,
    lint_js: &'static str,
}

impl Page {
    /// Name of the field that holds the text.
    fn text_field(&self) -> &'static str {
        if self.letter { "letter" } else { "document" }
    }

    /// Name of the field that holds the title.
    fn title_field(&self) -> &'static str {
        if self.letter { "letter_title" } else { "title" }
    }

    fn preview(&self) -> Markup {
        Markup(self.shown.html.clone())
    }
}

/// `GET /app/postmortems/{id}/edit`
pub async fn document(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    open(&here, &id, Part::Document).await
}

/// `GET /app/postmortems/{id}/letter/edit`
pub async fn letter(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    open(&here, &id, Part::Letter).await
}

/// `POST /app/postmortems/{id}/edit`
pub async fn save_document(here: Here, Path(id): Path<String>, form: Fields) -> Result<Response, PageError> {
    save(&here, &id, Part::Document, form).await
}

/// `POST /app/postmortems/{id}/letter/edit`
pub async fn save_letter(here: Here, Path(id): Path<String>, form: Fields) -> Result<Response, PageError> {
    save(&here, &id, Part::Letter, form).await
}

async fn open(here: &Here, id: &str, part: Part) -> Result<Response, PageError> {
    here.require(Action::Edit, part.resource())?;
    let p = here.app.postmortem(&here.caller, id).await?;
    let form = part.form(&p);
    render(here, &p, part, form, None).await
}

/// Saves. With `as=json` in the query the answer is for the script: the new version, or what stands in the way.
async fn save(here: &Here, id: &str, part: Part, mut form: Fields) -> Result<Response, PageError> {
    here.require(Action::Edit, part.resource())?;
    let for_script = here.query("as") == Some("json");
    let expected = form.number("version").unwrap_or(0);
    let saved = here.app.edit_postmortem(&here.caller, id, expected, part.edit(&form)).await;
    match saved {
        Ok(p) if for_script => {
            let at = here.when().typed(p.updated_at);
            let at = at.rsplit(' ').next().unwrap_or_default().to_owned();
            Ok(axum::Json(json!({"version": p.version, "at": at})).into_response())
        }
        Ok(p) => Ok(go(&match (form.is("then", "read"), part) {
            (true, Part::Document) => format!("{}?said=saved", address(&p)),
            (true, Part::Letter) => format!("{}/letter?said=saved", address(&p)),
            (false, Part::Document) => format!("{}/edit?said=saved", address(&p)),
            (false, Part::Letter) => format!("{}/letter/edit?said=saved", address(&p)),
        })),
        Err(AppError::Invalid(errors)) => {
            form.refuse_all(&errors, |_| None);
            if for_script {
                let wrong = form.wrongs().iter().map(|w| json!({"label": w.label, "detail": w.detail}));
                let wrong = json!({"wrong": wrong.collect::<Vec<_>>()});
                return Ok((StatusCode::UNPROCESSABLE_ENTITY, axum::Json(wrong)).into_response());
            }
            let p = here.app.postmortem(&here.caller, id).await?;
            render(here, &p, part, form, None).await
        }
        Err(AppError::Conflict { .. }) => {
            let p = here.app.postmortem(&here.caller, id).await?;
            if for_script {
                let theirs = theirs(part, &p, None, &mut form);
                let fields =
                    theirs.iter().map(|t| json!({"field": t.field, "label": t.label, "value": t.value}));
                let by = saved_by(here, id).await?;
                let body = json!({"version": p.version, "by": by, "theirs": fields.collect::<Vec<_>>()});
                return Ok((StatusCode::CONFLICT, axum::Json(body)).into_response());
            }
            let base = version(here, id, expected).await?;
            let theirs = theirs(part, &p, base.as_ref(), &mut form);
            form.set("version", p.version.to_string());
            render(here, &p, part, form, Some(theirs)).await
        }
        Err(other) => Err(other.into()),
    }
}

/// The fields that somebody else changed, and this person too. What only somebody else changed since `base` is taken over,
/// and what only this person changed is no conflict; without a base (the script knows it) every difference is told.
fn theirs(part: Part, p: &Postmortem, base: Option<&PostmortemVersion>, typed: &mut Fields) -> Vec<Theirs> {
    let saved = part.form(p);
    let mut found = Vec::new();
    for (field, label) in part.fields() {
        let mine = typed.value(field).replace("\r\n", "\n");
        let (mine, theirs) = (mine.trim_end(), saved.value(field).trim_end());
        if !typed.has(field) || mine == theirs {
            continue;
        }
        match base.and_then(|base| before(base, field)) {
            Some(before) if before.trim_end() == theirs => {}
            Some(before) if before.trim_end() == mine => typed.set(field, theirs.to_owned()),
            _ => found.push(Theirs { field, label, value: theirs.to_owned() }),
        }
    }
    found
}

/// What a field held in an earlier version, if versions keep it.
fn before<'v>(base: &'v PostmortemVersion, field: &str) -> Option<&'v str> {
    Some(match field {
        "title" => &base.title,
        "document" => &base.document,
        "letter_title" => &base.letter_title,
        "letter" => &base.letter,
        _ => return None,
    })
}

/// An earlier version, if it was kept.
async fn version(here: &Here, id: &str, number: i64) -> Result<Option<PostmortemVersion>, AppError> {
    let found = here.app.postmortem_history(&here.caller, id, number.checked_add(1), 1).await?;
    Ok(found.into_iter().next().filter(|version| version.version == number))
}

/// Who saved the newest version.
async fn saved_by(here: &Here, id: &str) -> Result<String, AppError> {
    let newest = here.app.postmortem_history(&here.caller, id, None, 1).await?;
    Ok(newest.into_iter().next().map(|v| v.saved_by.name).unwrap_or_default())
}

async fn render(
    here: &Here,
    p: &Postmortem,
    part: Part,
    form: Fields,
    theirs: Option<Vec<Theirs>>,
) -> Result<Response, PageError> {
    let letter = part.is_letter();
    let id = p.id.as_str();
    let text = if letter { "letter" } else { "document" };
    let shown = match here.app.preview_postmortem(&here.caller, id, form.value(text), letter).await {
        Ok(shown) => shown,
        // A text that cannot be saved is not previewed; the form says why.
        Err(AppError::Invalid(_)) => Shown { markdown: String::new(), html: String::new(), problems: vec![] },
        Err(other) => return Err(other.into()),
    };
    let text_of = |name: &str| form.has(name).then(|| form.value(name).to_owned());
    let title = text_of(if letter { "letter_title" } else { "title" });
    let check = CheckText { letter, title, text: text_of(text) };
    let found = match here.app.check_postmortem(&here.caller, id, check).await {
        Err(AppError::Invalid(_)) => Vec::new(),
        other => other?,
    };
    let facts = here.app.postmortem_facts(&here.caller, id, letter).await?;
    let incident = incident_of(here, p).await?;
    let status = match (&theirs, form.fine()) {
        (Some(_), _) => StatusCode::CONFLICT,
        (None, false) => StatusCode::UNPROCESSABLE_ENTITY,
        (None, true) => StatusCode::OK,
    };
    let tab = if letter { Tab::Letter } else { Tab::Document };
    let head = Head::of(here, p, incident.as_ref(), tab);
    let page = Page {
        frame: here.frame(Place::Postmortems, &format!("Write {}", p.title)).await?,
        action: format!("{}/{}", head.here, if letter { "letter/edit" } else { "edit" }),
        by: if theirs.is_some() { saved_by(here, id).await? } else { String::new() },
        facts: groups(facts),
        write_js: assets::url("write.js"),
        lint_js: assets::url("lint.js"),
        found: Findings::of(&found, &head.here),
        letter,
        form,
        theirs,
        shown,
        head,
    };
    Ok(show_as(status, &page))
}

fn groups(facts: Vec<KnownFact>) -> Vec<FactGroup> {
    let group = |fact: &KnownFact| match fact.fact.name {
        _ if fact.fact.block => "Tables",
        name if name.starts_with("time_to") || name == "duration" => "How long",
        name if name.parse::<amends_model::Milestone>().is_ok() => "When",
        _ => "What and who",
    };
    let mut groups: Vec<FactGroup> = ["When", "How long", "What and who", "Tables"]
        .into_iter()
        .map(|label| FactGroup { label, facts: Vec::new() })
        .collect();
    for fact in facts {
        let label = group(&fact);
        let row =
            FactRow { name: fact.fact.name, says: fact.fact.says, block: fact.fact.block, value: fact.value };
        if let Some(group) = groups.iter_mut().find(|g| g.label == label) {
            group.facts.push(row);
        }
    }
    groups.retain(|g| !g.facts.is_empty());
    groups
}

#[derive(Template)]
#[template(path = "app/postmortem_preview.html")]
struct Preview {
    html: Markup,
    problems: Vec<Problem>,
}

/// `POST /app/postmortems/{id}/preview` with `text` and, for the letter, `letter`: what readers will see, and what is to
/// be put right. Nothing is saved.
pub async fn preview(here: Here, Path(id): Path<String>, form: Fields) -> Result<Response, PageError> {
    let letter = form.has("letter");
    let shown = here.app.preview_postmortem(&here.caller, &id, form.value("text"), letter).await?;
    let preview = Preview { html: Markup(shown.html), problems: shown.problems };
    let html = preview.render().map_err(|e| AppError::Internal(e.to_string()))?;
    Ok(html_response(StatusCode::OK, html))
}
