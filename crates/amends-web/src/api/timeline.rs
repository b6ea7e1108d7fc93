//! Timelines: updates, events, milestones and roles of an incident.

use super::List;
use super::body::Json;
use super::query::{Id, IncidentRef, Part, Query};
use super::version::{Created, IfMatch, Tagged};
use crate::error::ApiError;
use crate::state::WebState;
use crate::visitor::ApiCaller;
use amends_app::incident::{
    EarlierVersion, EditEvent, NewEvent, PublishUpdate, RoleTaken, SetMilestone, SetRole,
};
use amends_model::{Event, EventId, Milestones};
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn operations() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list_updates, publish_update))
        .routes(routes!(list_events, add_event))
        .routes(routes!(get_milestones, set_milestone))
        .routes(routes!(list_roles, set_role))
        .routes(routes!(get_event, edit_event))
        .routes(routes!(list_event_versions))
}

/// An event that was just written.
pub(super) fn created(event: Event) -> Created<Tagged<Event>> {
    Created { at: format!("{}/events/{}", super::BASE, event.id), body: Tagged(event) }
}

/// List updates
///
/// What customers were told about an incident, newest first.
#[utoipa::path(
    get, path = "/incidents/{id}/updates", tag = "updates",
    params(("id" = IncidentRef, Path, description = "Id, or number such as INC-42."), Part),
    responses((status = 200, description = "A part of the list.", body = List<Event>)),
)]
async fn list_updates(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(incident): Id<IncidentRef>,
    Query(part): Query<Part>,
) -> Result<List<Event>, ApiError> {
    let incident = state.app.incident(&caller, &incident.0).await?;
    Ok(state.app.updates(&caller, incident.id.as_str(), &part.paging()).await?.into())
}

/// Publish an update
///
/// Tells customers. The page changes with the answer, and subscribers are written to from then on (unless `notify` is
/// false). Look at the preview first.
#[utoipa::path(
    post, path = "/incidents/{id}/updates", tag = "updates",
    params(("id" = IncidentRef, Path, description = "Id, or number such as INC-42.")),
    request_body(content = PublishUpdate, example = json!({
        "phase": "identified", "text": "We know the reason and are putting it right.",
    })),
    responses(
        (status = 201, description = "Published.", body = Event),
        (status = 412, description = "Customers were told something else meanwhile.", body = crate::error::Problem,
            content_type = "application/problem+json"),
    ),
)]
async fn publish_update(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(incident): Id<IncidentRef>,
    Json(input): Json<PublishUpdate>,
) -> Result<Created<Tagged<Event>>, ApiError> {
    Ok(created(state.app.publish_update(&caller, &incident.0, input).await?))
}

/// List the timeline
///
/// All events of an incident, newest first.
#[utoipa::path(
    get, path = "/incidents/{id}/events", tag = "events",
    params(("id" = IncidentRef, Path, description = "Id, or number such as INC-42."), Part),
    responses((status = 200, description = "A part of the timeline.", body = List<Event>)),
)]
async fn list_events(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(incident): Id<IncidentRef>,
    Query(part): Query<Part>,
) -> Result<List<Event>, ApiError> {
    let incident = state.app.incident(&caller, &incident.0).await?;
    Ok(state.app.events(&caller, incident.id.as_str(), &part.paging()).await?.into())
}

/// Add to the timeline
///
/// A note, an alert or a change. Customers do not see it.
#[utoipa::path(
    post, path = "/incidents/{id}/events", tag = "events",
    params(("id" = IncidentRef, Path, description = "Id, or number such as INC-42.")),
    request_body(content = NewEvent, example = json!({"kind": "note", "text": "Restarted the queue; no change."})),
    responses((status = 201, description = "Added.", body = Event)),
)]
async fn add_event(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(incident): Id<IncidentRef>,
    Json(input): Json<NewEvent>,
) -> Result<Created<Tagged<Event>>, ApiError> {
    Ok(created(state.app.add_event(&caller, &incident.0, input).await?))
}

/// Show the milestones
///
/// The times of an incident that are known, each with what it was derived from.
#[utoipa::path(
    get, path = "/incidents/{id}/milestones", tag = "events",
    params(("id" = IncidentRef, Path, description = "Id, or number such as INC-42.")),
    responses((status = 200, description = "The milestones.", body = Milestones)),
)]
async fn get_milestones(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(incident): Id<IncidentRef>,
) -> Result<axum::Json<Milestones>, ApiError> {
    Ok(axum::Json(state.app.room(&caller, &incident.0).await?.milestones))
}

/// Set a milestone by hand
///
/// It then wins over what the record would say.
#[utoipa::path(
    post, path = "/incidents/{id}/milestones", tag = "events",
    params(("id" = IncidentRef, Path, description = "Id, or number such as INC-42.")),
    request_body(content = SetMilestone, example = json!({
        "milestone": "detected", "at": "2026-01-20T14:31:00Z", "source": "alert mail-rejections",
    })),
    responses((status = 201, description = "Set.", body = Event)),
)]
async fn set_milestone(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(incident): Id<IncidentRef>,
    Json(input): Json<SetMilestone>,
) -> Result<Created<Tagged<Event>>, ApiError> {
    Ok(created(state.app.set_milestone(&caller, &incident.0, input).await?))
}

/// List roles
///
/// Who has which role in an incident now.
#[utoipa::path(
    get, path = "/incidents/{id}/roles", tag = "events",
    params(("id" = IncidentRef, Path, description = "Id, or number such as INC-42.")),
    responses((status = 200, description = "The whole list.", body = List<RoleTaken>)),
)]
async fn list_roles(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(incident): Id<IncidentRef>,
) -> Result<List<RoleTaken>, ApiError> {
    Ok(state.app.room(&caller, &incident.0).await?.roles.into())
}

/// Take or leave a role
#[utoipa::path(
    post, path = "/incidents/{id}/roles", tag = "events",
    params(("id" = IncidentRef, Path, description = "Id, or number such as INC-42.")),
    request_body(content = SetRole, example = json!({"role": "communications"})),
    responses((status = 201, description = "On the timeline.", body = Event)),
)]
async fn set_role(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(incident): Id<IncidentRef>,
    Json(input): Json<SetRole>,
) -> Result<Created<Tagged<Event>>, ApiError> {
    Ok(created(state.app.set_role(&caller, &incident.0, input).await?))
}

/// Show an event
#[utoipa::path(
    get, path = "/events/{id}", tag = "events",
    params(("id" = EventId, Path, description = "Id.")),
    responses((status = 200, description = "The event.", body = Event)),
)]
async fn get_event(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<EventId>,
) -> Result<Tagged<Event>, ApiError> {
    Ok(Tagged(state.app.event(&caller, &id).await?))
}

/// Edit an event
///
/// Its text or its time. The earlier version is kept and can be read.
#[utoipa::path(
    patch, path = "/events/{id}", tag = "events",
    params(("id" = EventId, Path, description = "Id.")),
    request_body(content = EditEvent, example = json!({"text": "Restarted the queue at 14:40; no change."})),
    responses((status = 200, description = "As it is now.", body = Event)),
)]
async fn edit_event(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<EventId>,
    seen: IfMatch,
    Json(input): Json<EditEvent>,
) -> Result<Tagged<Event>, ApiError> {
    let expected = seen.expected(async { Ok(state.app.event(&caller, &id).await?.version) }).await?;
    Ok(Tagged(state.app.edit_event(&caller, &id, expected, input).await?))
}

/// List earlier versions of an event
///
/// Oldest first.
#[utoipa::path(
    get, path = "/events/{id}/versions", tag = "events",
    params(("id" = EventId, Path, description = "Id.")),
    responses((status = 200, description = "The whole list.", body = List<EarlierVersion>)),
)]
async fn list_event_versions(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<EventId>,
) -> Result<List<EarlierVersion>, ApiError> {
    state.app.event(&caller, &id).await?;
    Ok(state.app.event_history(&caller, &id).await?.into())
}
