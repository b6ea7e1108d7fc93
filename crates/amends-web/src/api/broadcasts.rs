//! `/broadcasts` and the previews: what will be sent and to how many, and what became of it.

use super::List;
use super::body::Json;
use super::query::{Id, IncidentRef, Part, Query};
use crate::error::ApiError;
use crate::state::WebState;
use crate::visitor::ApiCaller;
use amends_app::broadcast::{BroadcastMessage, BroadcastPreview, Progress};
use amends_app::incident::{Declare, PublishUpdate};
use amends_app::maintenance::{MaintenanceMessage, Schedule};
use amends_app::{AppError, Paging};
use amends_model::{BroadcastId, Delivery, DeliveryState, MaintenanceId};
use axum::extract::State;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn operations() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list_broadcasts))
        .routes(routes!(get_broadcast))
        .routes(routes!(get_broadcast_message))
        .routes(routes!(list_deliveries))
        .routes(routes!(stop_broadcast))
        .routes(routes!(list_incident_broadcasts))
        .routes(routes!(list_maintenance_broadcasts))
        .routes(routes!(preview_incident))
        .routes(routes!(preview_update))
        .routes(routes!(preview_maintenance))
        .routes(routes!(preview_maintenance_update))
}

/// List broadcasts
///
/// With how far each is; newest first.
#[utoipa::path(
    get, path = "/broadcasts", tag = "broadcasts", params(Part),
    responses((status = 200, description = "A part of the list.", body = List<Progress>)),
)]
async fn list_broadcasts(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Query(part): Query<Part>,
) -> Result<List<Progress>, ApiError> {
    Ok(state.app.broadcasts(&caller, &part.paging()).await?.into())
}

/// Show a broadcast and how far it is
#[utoipa::path(
    get, path = "/broadcasts/{id}", tag = "broadcasts",
    params(("id" = BroadcastId, Path, description = "Id.")),
    responses((status = 200, description = "The broadcast.", body = Progress)),
)]
async fn get_broadcast(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<BroadcastId>,
) -> Result<axum::Json<Progress>, ApiError> {
    Ok(axum::Json(state.app.broadcast(&caller, &id).await?))
}

/// Show what a broadcast says
///
/// The mail as its recipients see it. Links that differ for each of them lead to the page itself.
#[utoipa::path(
    get, path = "/broadcasts/{id}/message", tag = "broadcasts",
    params(("id" = BroadcastId, Path, description = "Id.")),
    responses((status = 200, description = "The mail.", body = BroadcastMessage)),
)]
async fn get_broadcast_message(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<BroadcastId>,
) -> Result<axum::Json<BroadcastMessage>, ApiError> {
    Ok(axum::Json(state.app.broadcast_message(&caller, &id).await?))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct Which {
    /// Only those in this state.
    state: Option<DeliveryState>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
    /// Where the list goes on: `next_cursor` of the answer before.
    #[param(max_length = 100, pattern = "^[a-z]+-[0-9a-z]{12}$")]
    cursor: Option<String>,
}

/// List the deliveries of a broadcast
///
/// One for each recipient, by state.
#[utoipa::path(
    get, path = "/broadcasts/{id}/deliveries", tag = "broadcasts",
    params(("id" = BroadcastId, Path, description = "Id."), Which),
    responses((status = 200, description = "A part of the list.", body = List<Delivery>)),
)]
async fn list_deliveries(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<BroadcastId>,
    Query(which): Query<Which>,
) -> Result<List<Delivery>, ApiError> {
    let paging = Paging { limit: which.limit, cursor: which.cursor };
    Ok(state.app.deliveries(&caller, &id, which.state, &paging).await?.into())
}

/// Stop a broadcast
///
/// What was not sent yet will not be. What was, cannot be taken back. Nothing left to stop: 409.
#[utoipa::path(
    post, path = "/broadcasts/{id}/stop", tag = "broadcasts",
    params(("id" = BroadcastId, Path, description = "Id.")),
    responses((status = 200, description = "The broadcast as it is now.", body = Progress)),
)]
async fn stop_broadcast(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<BroadcastId>,
) -> Result<axum::Json<Progress>, ApiError> {
    Ok(axum::Json(state.app.stop_broadcast(&caller, &id).await?))
}

/// List the broadcasts of an incident
///
/// Its updates and its letter on their way, oldest first.
#[utoipa::path(
    get, path = "/incidents/{id}/broadcasts", tag = "broadcasts",
    params(("id" = IncidentRef, Path, description = "Id, or number such as INC-42.")),
    responses((status = 200, description = "The whole list.", body = List<Progress>)),
)]
async fn list_incident_broadcasts(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(incident): Id<IncidentRef>,
) -> Result<List<Progress>, ApiError> {
    let incident = state.app.incident(&caller, &incident.0).await?;
    Ok(state.app.broadcasts_of(&caller, &incident.id.into()).await?.into())
}

/// List the broadcasts of planned work
///
/// Its announcement, reminder and updates on their way, oldest first.
#[utoipa::path(
    get, path = "/maintenances/{id}/broadcasts", tag = "broadcasts",
    params(("id" = MaintenanceId, Path, description = "Id.")),
    responses((status = 200, description = "The whole list.", body = List<Progress>)),
)]
async fn list_maintenance_broadcasts(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<MaintenanceId>,
) -> Result<List<Progress>, ApiError> {
    state.app.maintenance(&caller, &id).await?;
    Ok(state.app.broadcasts_of(&caller, &id.into()).await?.into())
}

/// Preview the declaration of an incident
///
/// What declaring it would send, and to how many. Nothing changes. Without a `message` nothing is sent: 422.
#[utoipa::path(
    post, path = "/incidents/preview", tag = "broadcasts",
    request_body(content = Declare, example = json!({
        "title": "Mails of the daily send arrive late", "visibility": "public", "message": "We are looking into it.",
    })),
    responses((status = 200, description = "The mail, and how many would get it.", body = BroadcastPreview)),
)]
async fn preview_incident(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Json(input): Json<Declare>,
) -> Result<axum::Json<BroadcastPreview>, ApiError> {
    let nothing =
        || AppError::field("message", "is empty; only a message to customers is sent to subscribers");
    Ok(axum::Json(state.app.preview_declare(&caller, &input).await?.ok_or_else(nothing)?))
}

/// Preview an update
///
/// What publishing it would send, and to how many. Nothing changes.
#[utoipa::path(
    post, path = "/incidents/{id}/updates/preview", tag = "broadcasts",
    params(("id" = IncidentRef, Path, description = "Id, or number such as INC-42.")),
    request_body(content = PublishUpdate, example = json!({
        "phase": "identified", "text": "We know the reason and are putting it right.",
    })),
    responses((status = 200, description = "The mail, and how many would get it.", body = BroadcastPreview)),
)]
async fn preview_update(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(incident): Id<IncidentRef>,
    Json(input): Json<PublishUpdate>,
) -> Result<axum::Json<BroadcastPreview>, ApiError> {
    Ok(axum::Json(state.app.preview_update(&caller, &incident.0, &input).await?))
}

/// Preview planned work
///
/// What scheduling it would send, and to how many. Nothing changes.
#[utoipa::path(
    post, path = "/maintenances/preview", tag = "broadcasts",
    request_body(content = Schedule, example = json!({
        "title": "Database upgrade", "text": "Sending pauses for a few minutes.",
        "scheduled_for": "2035-01-20T22:00:00Z", "scheduled_until": "2035-01-20T23:00:00Z",
    })),
    responses((status = 200, description = "The mail, and how many would get it.", body = BroadcastPreview)),
)]
async fn preview_maintenance(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Json(input): Json<Schedule>,
) -> Result<axum::Json<BroadcastPreview>, ApiError> {
    Ok(axum::Json(state.app.preview_schedule(&caller, &input).await?))
}

/// Preview an update of planned work
///
/// What publishing it would send, and to how many. Nothing changes.
#[utoipa::path(
    post, path = "/maintenances/{id}/updates/preview", tag = "broadcasts",
    params(("id" = MaintenanceId, Path, description = "Id.")),
    request_body(content = MaintenanceMessage, example = json!({
        "state": "in_progress", "text": "We have begun.",
    })),
    responses((status = 200, description = "The mail, and how many would get it.", body = BroadcastPreview)),
)]
async fn preview_maintenance_update(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<MaintenanceId>,
    Json(input): Json<MaintenanceMessage>,
) -> Result<axum::Json<BroadcastPreview>, ApiError> {
    Ok(axum::Json(state.app.preview_maintenance_message(&caller, &id, &input).await?))
}
