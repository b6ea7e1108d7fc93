//! Reading the internal document, and how far it has come.

use super::findings::Findings;
use super::{Head, Tab, incident_of};
use crate::api::markdown_file;
use crate::error::PageError;
use crate::pages::actions::{Rows, add_form};
use crate::pages::fields::Fields;
use crate::pages::frame::{Frame, Here, Place};
use crate::pages::incidents::{Cell, cells};
use crate::pages::when::Markup;
use crate::pages::{go, show_as};
use amends_app::AppError;
use amends_app::postmortem::{CheckText, Problem, PublishDocument};
use amends_model::{Action, PostmortemState, Resource};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

#[derive(Template)]
#[template(path = "app/postmortem.html")]
struct Page {
    frame: Frame,
    head: Head,
    version: i64,
    state: PostmortemState,
    document: Markup,
    empty: bool,
    /// What stands in the way of publishing.
    problems: Vec<Problem>,
    /// What stands in the way unless there is a reason.
    found: Findings,
    cells: Vec<Cell>,
    actions: Rows,
    /// Whether the text itself has the table of actions; on paper that is enough.
    told_above: bool,
    published: Option<Markup>,
    imported: Option<String>,
    can_edit: bool,
    can_publish: bool,
    /// Whether somebody else changed it just before a button was pressed.
    stale: bool,
    form: Fields,
}

/// `GET /app/postmortems/{id}`
pub async fn page(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    let form = add_form();
    render(&here, &id, form, false).await
}

/// The reading view, with the form of a new action as it was typed.
pub async fn render(here: &Here, id: &str, form: Fields, stale: bool) -> Result<Response, PageError> {
    let view = here.app.read_postmortem(&here.caller, id).await?;
    let p = &view.postmortem;
    let when = here.when();
    let incident = incident_of(here, p).await?;
    let frame = here.frame(Place::Postmortems, &p.title).await?;
    let head = Head::of(here, p, incident.as_ref(), Tab::Document);
    let status = match (stale, form.fine()) {
        (true, _) => StatusCode::CONFLICT,
        (false, true) => StatusCode::OK,
        (false, false) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let can_edit = here.caller.may(Action::Edit, Resource::Postmortem);
    // Who only reads is not troubled with what its writers know.
    let found = match can_edit && p.state != PostmortemState::Published {
        true => here.app.check_postmortem(&here.caller, id, CheckText::default()).await?,
        false => Vec::new(),
    };
    let page = Page {
        found: Findings::errors_of(&found, &head.here),
        version: p.version,
        state: p.state,
        empty: p.document.trim().is_empty(),
        told_above: p.document.contains("{{actions}}"),
        document: Markup(view.document.html),
        problems: view.document.problems.into_iter().filter(|problem| problem.blocking).collect(),
        cells: view.incident.as_ref().map(|i| cells(i, &view.milestones, &when)).unwrap_or_default(),
        actions: Rows::of(here, &view.actions, &format!("{}#actions", head.here)).await?,
        published: p.published_at.map(|at| when.stamp(at)),
        imported: p.imported.as_ref().map(|from| from.path.clone()),
        can_edit,
        can_publish: here.caller.may(Action::Publish, Resource::Postmortem),
        stale,
        head,
        form,
        frame,
    };
    Ok(show_as(status, &page))
}

/// `POST /app/postmortems/{id}/state`: `to` is a state; `version` is what the person read.
pub async fn set_state(here: Here, Path(id): Path<String>, mut form: Fields) -> Result<Response, PageError> {
    let seen = form.number("version");
    let (app, caller) = (&here.app, &here.caller);
    let done = match form.word("to") {
        Some(PostmortemState::InReview) => app.submit_postmortem(caller, &id, seen).await,
        Some(PostmortemState::Draft) => app.withdraw_postmortem(caller, &id, seen).await,
        Some(PostmortemState::Published) => {
            let input =
                PublishDocument { version: seen.unwrap_or(0), despite_findings: form.some("despite") };
            app.publish_postmortem(caller, &id, input).await
        }
        None => Err(AppError::field("to", "is not one of: draft, in_review, published")),
    };
    match done {
        Ok(p) => {
            let said = match p.state {
                PostmortemState::Draft => "withdrawn",
                PostmortemState::InReview => "submitted",
                PostmortemState::Published => "published",
            };
            Ok(go(&format!("{}?said={said}", super::address(&p))))
        }
        Err(AppError::Conflict { .. }) => render(&here, &id, add_form(), true).await,
        // The page says which errors there are, and asks for the reason.
        Err(AppError::Findings(_)) => {
            let mut again = render(&here, &id, add_form(), false).await?;
            *again.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(again)
        }
        Err(other) => Err(other.into()),
    }
}

/// `GET /app/postmortems/{id}/export`: the Markdown file.
pub async fn export(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    let file = here.app.export_postmortem(&here.caller, &id).await?;
    Ok((markdown_file(&file.name), file.text).into_response())
}
