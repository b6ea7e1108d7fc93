//! The small acts of a room: each is one post, answered by the room.

use super::room::{self, Forms};
use crate::error::PageError;
use crate::pages::fields::Fields;
use crate::pages::frame::Here;
use crate::pages::go;
use amends_app::AppError;
use amends_app::incident::{NewEvent, SetMilestone, SetRole};
use axum::extract::Path;
use axum::response::Response;

/// `POST /app/incidents/{id}/events`: a note, an alert or a change.
pub async fn add_event(here: Here, Path(id): Path<String>, mut form: Fields) -> Result<Response, PageError> {
    let at = form.past_time("note_at", &here.caller.time_zone, here.app.now());
    if form.fine() {
        let text = form.value("note").to_owned();
        let event = match form.value("note_kind") {
            "alert" => NewEvent::Alert { text, source: form.some("note_source"), at },
            "change" => NewEvent::Change { text, at },
            _ => NewEvent::Note { text, at },
        };
        match here.app.add_event(&here.caller, &id, event).await {
            Ok(event) => return Ok(go(&format!("/app/incidents/{id}#event-{}", event.id))),
            Err(AppError::Invalid(errors)) => form.refuse_all(&errors, |parts| {
                Some(match parts.first().copied() {
                    Some("at") => "note_at".into(),
                    Some("source") => "note_source".into(),
                    _ => "note".into(),
                })
            }),
            Err(other) => return Err(other.into()),
        }
    }
    room::render(&here, &id, Forms { note: form, ..Forms::default() }).await
}

/// `POST /app/incidents/{id}/roles`: take or leave a role.
pub async fn set_role(here: Here, Path(id): Path<String>, mut form: Fields) -> Result<Response, PageError> {
    let input = SetRole {
        role: form.value("role").to_owned(),
        person: form.some("person"),
        taken: !form.is("do", "leave"),
    };
    match here.app.set_role(&here.caller, &id, input).await {
        Ok(_) => Ok(go(&format!("/app/incidents/{id}"))),
        Err(AppError::Invalid(errors)) => {
            form.refuse_all(&errors, |_| None);
            room::render(&here, &id, Forms { role: form, ..Forms::default() }).await
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /app/incidents/{id}/milestones`: set a time by hand.
pub async fn set_milestone(
    here: Here,
    Path(id): Path<String>,
    mut form: Fields,
) -> Result<Response, PageError> {
    let at = form.past_time("milestone_at", &here.caller.time_zone, here.app.now());
    let milestone = form.word("milestone");
    if form.fine() && milestone.is_none() {
        form.refuse("milestone", "is not chosen; say which time you set");
    }
    if let Some(milestone) = milestone.filter(|_| form.fine()) {
        let input = SetMilestone { milestone, at, source: form.some("milestone_source") };
        match here.app.set_milestone(&here.caller, &id, input).await {
            Ok(_) => return Ok(go(&format!("/app/incidents/{id}?said=saved"))),
            Err(AppError::Invalid(errors)) => form.refuse_all(&errors, |parts| {
                Some(match parts.first().copied() {
                    Some("source") => "milestone_source".into(),
                    _ => "milestone_at".into(),
                })
            }),
            Err(other) => return Err(other.into()),
        }
    }
    room::render(&here, &id, Forms { milestone: form, ..Forms::default() }).await
}

/// `POST /app/incidents/{id}/state`: where we stand. Customers are told nothing by this.
pub async fn set_state(here: Here, Path(id): Path<String>, mut form: Fields) -> Result<Response, PageError> {
    match form.word("state") {
        Some(state) => {
            here.app.set_state(&here.caller, &id, state).await?;
            Ok(go(&format!("/app/incidents/{id}")))
        }
        None => Err(AppError::field("state", "is not one of: open, mitigated, resolved").into()),
    }
}
