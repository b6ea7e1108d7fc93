//! `/suppressions`: addresses that must not be written to.

use super::List;
use super::body::Json;
use super::query::{Id, MailAddress, Query};
use super::version::Created;
use crate::error::{ApiError, form_urlencoded};
use crate::state::WebState;
use crate::visitor::ApiCaller;
use amends_app::Paging;
use amends_app::subscriber::Suppress;
use amends_model::Suppression;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn operations() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list_suppressions, suppress_address))
        .routes(routes!(get_suppression, lift_suppression))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct Part {
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
    /// Where the list goes on: `next_cursor` of the answer before. It holds an address, so it can be long.
    #[param(max_length = 1100, pattern = "^-?[0-9a-f]+-[0-9a-f]+$")]
    cursor: Option<String>,
}

/// List suppressed addresses
///
/// Newest first, each with the reason.
#[utoipa::path(
    get, path = "/suppressions", tag = "subscribers", params(Part),
    responses((status = 200, description = "A part of the list.", body = List<Suppression>)),
)]
async fn list_suppressions(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Query(part): Query<Part>,
) -> Result<List<Suppression>, ApiError> {
    let paging = Paging { limit: part.limit, cursor: part.cursor };
    Ok(state.app.suppressions(&caller, &paging).await?.into())
}

/// Suppress an address
///
/// Nothing is sent to it any more, subscribed or not. One that is suppressed already keeps its first reason.
#[utoipa::path(
    post, path = "/suppressions", tag = "subscribers",
    request_body(content = Suppress, example = json!({
        "address": "ada@example.com", "note": "asked by phone not to be written to",
    })),
    responses((status = 201, description = "Suppressed.", body = Suppression)),
)]
async fn suppress_address(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Json(input): Json<Suppress>,
) -> Result<Created<axum::Json<Suppression>>, ApiError> {
    let made = state.app.suppress(&caller, input).await?;
    let at = format!("{}/suppressions/{}", super::BASE, form_urlencoded(&made.address));
    Ok(Created { at, body: axum::Json(made) })
}

/// Show why an address is suppressed
#[utoipa::path(
    get, path = "/suppressions/{address}", tag = "subscribers",
    params(("address" = MailAddress, Path, description = "The address.")),
    responses((status = 200, description = "Why, and since when.", body = Suppression)),
)]
async fn get_suppression(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(address): Id<MailAddress>,
) -> Result<axum::Json<Suppression>, ApiError> {
    Ok(axum::Json(state.app.suppression(&caller, &address.0).await?))
}

/// Lift a suppression
///
/// The address may be written to again.
#[utoipa::path(
    delete, path = "/suppressions/{address}", tag = "subscribers",
    params(("address" = MailAddress, Path, description = "The address.")),
    responses((status = 204, description = "Lifted.")),
)]
async fn lift_suppression(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(address): Id<MailAddress>,
) -> Result<StatusCode, ApiError> {
    state.app.lift_suppression(&caller, &address.0).await?;
    Ok(StatusCode::NO_CONTENT)
}
