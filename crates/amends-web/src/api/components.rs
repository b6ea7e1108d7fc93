//! `/components`: the parts of the page, and their groups.

use super::List;
use super::body::Json;
use super::query::{Id, Query};
use super::version::{Created, IfMatch, Tagged};
use crate::error::ApiError;
use crate::state::WebState;
use crate::visitor::ApiCaller;
use amends_app::component::{EditComponent, NewComponent};
use amends_model::{Component, ComponentId};
use axum::extract::State;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn operations() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list_components, add_component))
        .routes(routes!(get_component, edit_component))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct Which {
    /// Those that were taken off the page instead, by name.
    archived: Option<bool>,
}

/// List components
///
/// All components and groups that are on the page, by position.
#[utoipa::path(
    get, path = "/components", tag = "components",
    params(Which),
    responses((status = 200, description = "The whole list.", body = List<Component>)),
)]
async fn list_components(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Query(which): Query<Which>,
) -> Result<List<Component>, ApiError> {
    Ok(match which.archived {
        Some(true) => state.app.archived_components(&caller).await?.into(),
        Some(false) | None => state.app.components(&caller).await?.into(),
    })
}

/// Add a component or group
#[utoipa::path(
    post, path = "/components", tag = "components",
    request_body(content = NewComponent, example = json!({"name": "Daily send", "description": "Mails at 15:00"})),
    responses((status = 201, description = "Added.", body = Component)),
)]
async fn add_component(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Json(input): Json<NewComponent>,
) -> Result<Created<Tagged<Component>>, ApiError> {
    let component = state.app.add_component(&caller, input).await?;
    Ok(Created { at: format!("{}/components/{}", super::BASE, component.id), body: Tagged(component) })
}

/// Show a component or group
#[utoipa::path(
    get, path = "/components/{id}", tag = "components",
    params(("id" = ComponentId, Path, description = "Id.")),
    responses((status = 200, description = "The component.", body = Component)),
)]
async fn get_component(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<ComponentId>,
) -> Result<Tagged<Component>, ApiError> {
    Ok(Tagged(state.app.component(&caller, &id).await?))
}

/// Change a component or group
///
/// What is left out stays. `archived: true` takes it off the page and keeps its history; `false` puts it back.
#[utoipa::path(
    patch, path = "/components/{id}", tag = "components",
    params(("id" = ComponentId, Path, description = "Id.")),
    request_body(content = EditComponent, example = json!({"status": "degraded_performance"})),
    responses((status = 200, description = "As it is now.", body = Component)),
)]
async fn edit_component(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<ComponentId>,
    seen: IfMatch,
    Json(input): Json<EditComponent>,
) -> Result<Tagged<Component>, ApiError> {
    let expected = seen.expected(async { Ok(state.app.component(&caller, &id).await?.version) }).await?;
    Ok(Tagged(state.app.edit_component(&caller, &id, expected, input).await?))
}
