//! `/incidents`: declare, look, change.

use super::List;
use super::body::Json;
use super::query::{Id, IncidentRef, Query};
use super::version::{Created, IfMatch, Tagged};
use crate::error::ApiError;
use crate::state::WebState;
use crate::visitor::ApiCaller;
use amends_app::Paging;
use amends_app::incident::{Declare, EditIncident, Filter, Room};
use amends_model::{Incident, IncidentState};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn operations() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list_incidents, declare_incident))
        .routes(routes!(get_incident, edit_incident))
        .routes(routes!(get_room))
        .routes(routes!(set_state))
}

/// Whether something is over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OpenOrAll {
    /// Not over yet.
    Open,
    /// All.
    #[default]
    All,
}

/// The only visibility that a list can be narrowed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
enum OnPage {
    /// On the page.
    Public,
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct Which {
    /// `open` for those that are not resolved; all when nothing is said.
    #[param(inline)]
    state: Option<OpenOrAll>,
    /// `public` for those on the page.
    #[param(inline)]
    visibility: Option<OnPage>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
    /// Where the list goes on: `next_cursor` of the answer before.
    #[param(max_length = 100, pattern = "^-?[0-9a-z-]+$")]
    cursor: Option<String>,
}

/// List incidents
///
/// By when they began, newest first.
#[utoipa::path(
    get, path = "/incidents", tag = "incidents", params(Which),
    responses((status = 200, description = "A part of the list.", body = List<Incident>)),
)]
async fn list_incidents(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Query(which): Query<Which>,
) -> Result<List<Incident>, ApiError> {
    let filter = match (which.state.unwrap_or_default(), which.visibility) {
        (OpenOrAll::Open, Some(OnPage::Public)) => Filter::OpenPublic,
        (OpenOrAll::Open, None) => Filter::Open,
        (OpenOrAll::All, Some(OnPage::Public)) => Filter::Public,
        (OpenOrAll::All, None) => Filter::All,
    };
    let paging = Paging { limit: which.limit, cursor: which.cursor };
    Ok(state.app.incidents(&caller, filter, &paging).await?.into())
}

/// Declare an incident
///
/// Only the title must be given; everything else can come later. With `visibility: public` it is on the page at once, and
/// with a `message` subscribers hear of it.
#[utoipa::path(
    post, path = "/incidents", tag = "incidents",
    request_body(content = Declare, example = json!({
        "title": "Mails of the daily send arrive late", "severity": "sev2", "visibility": "internal",
        "summary": "The provider refuses a part of them.",
    })),
    responses((status = 201, description = "Declared.", body = Incident)),
)]
async fn declare_incident(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Json(input): Json<Declare>,
) -> Result<Created<Tagged<Incident>>, ApiError> {
    let incident = state.app.declare(&caller, input).await?;
    Ok(Created { at: format!("{}/incidents/{}", super::BASE, incident.id), body: Tagged(incident) })
}

/// Show an incident
#[utoipa::path(
    get, path = "/incidents/{id}", tag = "incidents",
    params(("id" = IncidentRef, Path, description = "Id, or number such as INC-42.")),
    responses((status = 200, description = "The incident.", body = Incident)),
)]
async fn get_incident(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(incident): Id<IncidentRef>,
) -> Result<Tagged<Incident>, ApiError> {
    Ok(Tagged(state.app.incident(&caller, &incident.0).await?))
}

/// Change an incident
///
/// What is left out stays. Every change is an event on the timeline that keeps the old value. Subscribers are told nothing
/// by this; use an update for that.
#[utoipa::path(
    patch, path = "/incidents/{id}", tag = "incidents",
    params(("id" = IncidentRef, Path, description = "Id, or number such as INC-42.")),
    request_body(content = EditIncident, example = json!({
        "severity": "sev1", "severity_reason": "more customers than we thought",
    })),
    responses((status = 200, description = "As it is now.", body = Incident)),
)]
async fn edit_incident(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(incident): Id<IncidentRef>,
    seen: IfMatch,
    Json(input): Json<EditIncident>,
) -> Result<Tagged<Incident>, ApiError> {
    let current = async { Ok(state.app.incident(&caller, &incident.0).await?.version) };
    let expected = seen.expected(current).await?;
    Ok(Tagged(state.app.edit_incident(&caller, &incident.0, expected, input).await?))
}

/// Show the room
///
/// The incident with its milestones, its whole timeline (newest first) and who has which role.
#[utoipa::path(
    get, path = "/incidents/{id}/room", tag = "incidents",
    params(("id" = IncidentRef, Path, description = "Id, or number such as INC-42.")),
    responses((status = 200, description = "The room.", body = Room)),
)]
async fn get_room(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(incident): Id<IncidentRef>,
) -> Result<axum::Json<Room>, ApiError> {
    Ok(axum::Json(state.app.room(&caller, &incident.0).await?))
}

/// Where an incident stands.
#[derive(Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct SetState {
    /// The state to be in.
    state: IncidentState,
}

/// Move the internal state
///
/// Mitigated, resolved, or open again. Customers are told nothing by this.
#[utoipa::path(
    put, path = "/incidents/{id}/state", tag = "incidents",
    params(("id" = IncidentRef, Path, description = "Id, or number such as INC-42.")),
    request_body(content = SetState, example = json!({"state": "mitigated"})),
    responses((status = 200, description = "The incident as it is now.", body = Incident)),
)]
async fn set_state(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(incident): Id<IncidentRef>,
    Json(to): Json<SetState>,
) -> Result<Tagged<Incident>, ApiError> {
    Ok(Tagged(state.app.set_state(&caller, &incident.0, to.state).await?))
}
