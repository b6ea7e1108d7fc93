//! Drafting: a template is chosen, the record fills in the facts.

use super::address;
use crate::error::PageError;
use crate::pages::fields::Fields;
use crate::pages::frame::{Frame, Here, Place};
use crate::pages::{go, show_as};
use amends_app::AppError;
use amends_app::postmortem::{DraftPostmortem, Template as Choice, TemplateProblem, template};
use amends_model::{Action, Incident, Resource};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;

#[derive(Template)]
#[template(path = "app/postmortem_draft.html")]
struct Page {
    frame: Frame,
    /// Address of the incident's room.
    room: String,
    name: String,
    title: String,
    over: bool,
    documents: Vec<Choice>,
    letters: Vec<(String, String)>,
    /// Files of the operator's that are no templates.
    problems: Vec<TemplateProblem>,
    form: Fields,
}

/// `GET /app/incidents/{id}/postmortem`: the incident's postmortem, or the way to begin it.
pub async fn page(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    let incident = here.app.incident(&here.caller, &id).await?;
    if let Some(there) = here.app.postmortem_about(&here.caller, &incident.id).await? {
        return Ok(go(&address(&there)));
    }
    here.require(Action::Create, Resource::Postmortem)?;
    let form = Fields::of([
        ("template", template::DOCUMENT.to_owned()),
        ("letter_template", template::LETTER.to_owned()),
    ]);
    render(&here, &incident, form).await
}

/// `POST /app/incidents/{id}/postmortem`
pub async fn post(here: Here, Path(id): Path<String>, mut form: Fields) -> Result<Response, PageError> {
    let incident = here.app.incident(&here.caller, &id).await?;
    let input = DraftPostmortem {
        template: form.some("template"),
        letter_template: form.some("letter_template"),
        authors: vec![],
    };
    match here.app.draft_postmortem(&here.caller, &id, input).await {
        Ok(drafted) => Ok(go(&format!("{}/edit?said=drafted", address(&drafted)))),
        // Somebody else began it meanwhile: theirs is the one to write in.
        Err(AppError::Refused(_)) => Ok(go(&format!("/app/incidents/{}/postmortem", incident.number))),
        Err(AppError::Invalid(errors)) => {
            form.refuse_all(&errors, |_| None);
            render(&here, &incident, form).await
        }
        Err(other) => Err(other.into()),
    }
}

async fn render(here: &Here, incident: &Incident, form: Fields) -> Result<Response, PageError> {
    let (all, problems) = here.app.postmortem_templates(&here.caller)?;
    let letters = all.iter().filter(|t| t.serves(true)).map(|t| (t.name.clone(), t.title.clone())).collect();
    let status = if form.fine() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = Page {
        frame: here
            .frame(Place::Postmortems, &format!("Draft the postmortem of {}", incident.name()))
            .await?,
        room: format!("/app/incidents/{}", incident.number),
        name: incident.name(),
        title: incident.title.clone(),
        over: incident.resolved_at.is_some(),
        documents: all.into_iter().filter(|t| t.serves(false)).collect(),
        letters,
        problems,
        form,
    };
    Ok(show_as(status, &page))
}
