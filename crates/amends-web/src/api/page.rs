//! `/page`: the settings of the status page.

use super::body::Json;
use super::version::{IfMatch, Tagged};
use crate::error::ApiError;
use crate::state::WebState;
use crate::visitor::ApiCaller;
use amends_app::component::EditPage;
use amends_model::page::Page;
use amends_model::{Action, Resource};
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn operations() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(get_page, edit_page))
}

/// Show the page's settings
#[utoipa::path(
    get, path = "/page", tag = "page",
    responses(
        (status = 200, description = "The settings.", body = Page),
        (status = 409, description = "The installation was not set up yet.", body = crate::error::Problem,
            content_type = "application/problem+json"),
    ),
)]
async fn get_page(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
) -> Result<Tagged<Page>, ApiError> {
    caller.require(Action::Read, Resource::Page)?;
    Ok(Tagged(state.app.page().await?))
}

/// Change the page's settings
///
/// What is left out stays.
#[utoipa::path(
    patch, path = "/page", tag = "page",
    request_body(content = EditPage, example = json!({"description": "Mail for everybody"})),
    responses((status = 200, description = "As they are now.", body = Page)),
)]
async fn edit_page(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    seen: IfMatch,
    Json(input): Json<EditPage>,
) -> Result<Tagged<Page>, ApiError> {
    let expected = seen.expected(async { Ok(state.app.page().await?.version) }).await?;
    Ok(Tagged(state.app.edit_page(&caller, expected, input).await?))
}
