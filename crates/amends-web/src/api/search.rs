//! `/search`: everything that was written, as far as the caller may read it.

use super::query::Query;
use crate::error::ApiError;
use crate::state::WebState;
use crate::visitor::ApiCaller;
use amends_app::AppError;
use amends_app::search::{Found, MOST_HITS};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn operations() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(search))
}

/// More than anybody types, and few enough that a search stays one.
const MOST_CHARACTERS: usize = 1000;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Sought {
    /// What is looked for, as typed.
    #[serde(default)]
    #[param(required = true, max_length = 1000)]
    q: Option<String>,
    /// How many at most.
    #[serde(default)]
    #[param(minimum = 1, maximum = 50, default = 20)]
    limit: Option<usize>,
}

/// Search
///
/// By words, best first, one for each record, with the words in their context. The last word may go on, typing errors are
/// forgiven, quotes keep words together, and INC-42 leads straight there. What the caller may not read is not found.
#[utoipa::path(
    get, path = "/search", tag = "installation", params(Sought),
    responses((status = 200, description = "What was found.", body = Found)),
)]
async fn search(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Query(sought): Query<Sought>,
) -> Result<Json<Found>, ApiError> {
    if sought.limit.is_some_and(|limit| !(1..=MOST_HITS).contains(&limit)) {
        return Err(AppError::field("limit", format!("must be from 1 to {MOST_HITS}")).into());
    }
    let missing = || AppError::field("q", "is missing; say what you look for, such as ?q=certificate");
    let q = sought.q.ok_or_else(missing)?;
    if q.chars().count() > MOST_CHARACTERS {
        return Err(AppError::field("q", format!("is longer than {MOST_CHARACTERS} characters")).into());
    }
    Ok(Json(state.app.search(Some(&caller), &q, sought.limit).await?))
}
