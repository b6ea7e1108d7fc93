//! `/maintenances`: planned work.

use super::List;
use super::body::Json;
use super::incidents::OpenOrAll;
use super::query::{Id, Part, Query};
use super::version::{Created, IfMatch, Tagged};
use crate::error::ApiError;
use crate::state::WebState;
use crate::visitor::ApiCaller;
use amends_app::Paging;
use amends_app::maintenance::{EditMaintenance, MaintenanceMessage, Schedule};
use amends_model::{Event, Maintenance, MaintenanceId};
use axum::extract::State;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn operations() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list_maintenances, schedule_maintenance))
        .routes(routes!(get_maintenance, edit_maintenance))
        .routes(routes!(list_maintenance_updates, publish_maintenance_update))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct Which {
    /// `open` for those that are not over; all when nothing is said.
    #[param(inline)]
    state: Option<OpenOrAll>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
    /// Where the list goes on: `next_cursor` of the answer before.
    #[param(max_length = 100, pattern = "^-?[0-9a-z-]+$")]
    cursor: Option<String>,
}

/// List planned work
///
/// By planned start, latest first.
#[utoipa::path(
    get, path = "/maintenances", tag = "maintenances", params(Which),
    responses((status = 200, description = "A part of the list.", body = List<Maintenance>)),
)]
async fn list_maintenances(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Query(which): Query<Which>,
) -> Result<List<Maintenance>, ApiError> {
    let paging = Paging { limit: which.limit, cursor: which.cursor };
    let open = which.state == Some(OpenOrAll::Open);
    Ok(state.app.maintenances(&caller, open, &paging).await?.into())
}

/// Schedule planned work
///
/// The clock starts and ends it unless told otherwise, and reminds subscribers before.
#[utoipa::path(
    post, path = "/maintenances", tag = "maintenances",
    request_body(content = Schedule, example = json!({
        "title": "Database upgrade", "text": "Sending pauses for a few minutes.",
        "scheduled_for": "2035-01-20T22:00:00Z", "scheduled_until": "2035-01-20T23:00:00Z", "notify": false,
    })),
    responses((status = 201, description = "Scheduled.", body = Maintenance)),
)]
async fn schedule_maintenance(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Json(input): Json<Schedule>,
) -> Result<Created<Tagged<Maintenance>>, ApiError> {
    let planned = state.app.schedule(&caller, input).await?;
    Ok(Created { at: format!("{}/maintenances/{}", super::BASE, planned.id), body: Tagged(planned) })
}

/// Show planned work
#[utoipa::path(
    get, path = "/maintenances/{id}", tag = "maintenances",
    params(("id" = MaintenanceId, Path, description = "Id.")),
    responses((status = 200, description = "The planned work.", body = Maintenance)),
)]
async fn get_maintenance(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<MaintenanceId>,
) -> Result<Tagged<Maintenance>, ApiError> {
    Ok(Tagged(state.app.maintenance(&caller, &id).await?.0))
}

/// Change planned work
///
/// What is left out stays. A moved start deserves its own reminder.
#[utoipa::path(
    patch, path = "/maintenances/{id}", tag = "maintenances",
    params(("id" = MaintenanceId, Path, description = "Id.")),
    request_body(content = EditMaintenance, example = json!({"scheduled_until": "2035-01-20T23:30:00Z"})),
    responses((status = 200, description = "As it is now.", body = Maintenance)),
)]
async fn edit_maintenance(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<MaintenanceId>,
    seen: IfMatch,
    Json(input): Json<EditMaintenance>,
) -> Result<Tagged<Maintenance>, ApiError> {
    let expected = seen.expected(async { Ok(state.app.maintenance(&caller, &id).await?.0.version) }).await?;
    Ok(Tagged(state.app.edit_maintenance(&caller, &id, expected, input).await?))
}

/// List updates of planned work
///
/// What customers were told about it, newest first.
#[utoipa::path(
    get, path = "/maintenances/{id}/updates", tag = "maintenances",
    params(("id" = MaintenanceId, Path, description = "Id."), Part),
    responses((status = 200, description = "A part of the list.", body = List<Event>)),
)]
async fn list_maintenance_updates(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<MaintenanceId>,
    Query(part): Query<Part>,
) -> Result<List<Event>, ApiError> {
    state.app.maintenance(&caller, &id).await?;
    Ok(state.app.updates(&caller, id.as_str(), &part.paging()).await?.into())
}

/// Publish an update of planned work
///
/// Tells customers, and moves its state.
#[utoipa::path(
    post, path = "/maintenances/{id}/updates", tag = "maintenances",
    params(("id" = MaintenanceId, Path, description = "Id.")),
    request_body(content = MaintenanceMessage, example = json!({
        "state": "in_progress", "text": "We have begun.", "notify": false,
    })),
    responses((status = 201, description = "Published.", body = Event)),
)]
async fn publish_maintenance_update(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<MaintenanceId>,
    Json(input): Json<MaintenanceMessage>,
) -> Result<Created<Tagged<Event>>, ApiError> {
    let (_, event) = state.app.update_maintenance(&caller, &id, input).await?;
    Ok(super::timeline::created(event))
}
