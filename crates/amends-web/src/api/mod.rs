//! Our own JSON API under `/api/v1`: everything that the app can do, for programs.
//!
//! Each file holds the operations of one kind of resource, with their description; [`openapi`] collects them. What holds
//! for all operations is in layers: who calls, their budget, unknown query parameters, `Idempotency-Key`,
//! `If-None-Match`.

mod actions;
mod body;
mod broadcasts;
mod budget;
mod components;
mod description;
mod idempotency;
mod incidents;
mod installation;
mod mail;
mod maintenances;
mod object;
mod page;
mod people;
mod postmortems;
mod query;
mod reports;
mod search;
mod strict;
pub(crate) mod subscribers;
mod suppressions;
mod timeline;
mod version;
mod who;

pub use budget::PER_MINUTE;
pub(crate) use postmortems::markdown_file;

use crate::error::Problem;
use crate::state::WebState;
use axum::extract::{DefaultBodyLimit, OriginalUri, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Json, Router};
use budget::Budget;
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;

/// Where the API lives.
pub const BASE: &str = "/api/v1";

/// A part of a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct List<T> {
    /// The things.
    pub items: Vec<T>,
    /// Where the list goes on: send it as `cursor`. Null at the end.
    pub next_cursor: Option<String>,
}

impl<T> From<amends_app::Listed<T>> for List<T> {
    fn from(listed: amends_app::Listed<T>) -> Self {
        List { items: listed.items, next_cursor: listed.next_cursor }
    }
}

impl<T> From<Vec<T>> for List<T> {
    /// A list that is short enough to be given whole.
    fn from(items: Vec<T>) -> Self {
        List { items, next_cursor: None }
    }
}

impl<T: Serialize> IntoResponse for List<T> {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

/// All operations with their descriptions.
fn operations() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .merge(incidents::operations())
        .merge(timeline::operations())
        .merge(components::operations())
        .merge(maintenances::operations())
        .merge(page::operations())
        .merge(subscribers::operations())
        .merge(suppressions::operations())
        .merge(broadcasts::operations())
        .merge(postmortems::operations())
        .merge(actions::operations())
        .merge(people::operations())
        .merge(search::operations())
        .merge(installation::operations())
        .merge(mail::operations())
        .merge(reports::operations())
        .merge(description::operations())
}

/// The description of the API: OpenAPI 3.1.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let (_, described) = OpenApiRouter::<WebState>::new().nest(BASE, operations()).split_for_parts();
    description::finish(described)
}

/// The API's routes, under [`BASE`], with problem documents for everything that it does not have.
pub fn routes(state: &WebState) -> Router<WebState> {
    let known = strict::Known::of(&openapi());
    let per_minute = state.reach.api_requests_per_minute.unwrap_or(PER_MINUTE);
    let budget = Budget::new(state.app.clone(), per_minute);
    let (routes, _) = operations().split_for_parts();
    let routes = routes
        .route_layer(from_fn_with_state(known, strict::refuse_unknown))
        .method_not_allowed_fallback(not_allowed)
        .fallback(not_found)
        .layer(from_fn(version::not_modified))
        .layer(from_fn_with_state(state.clone(), idempotency::once))
        .layer(from_fn_with_state((state.clone(), budget), budget::spend))
        .layer(from_fn_with_state(state.clone(), who::find_out))
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn(never_fall));
    // The bare folder is not a path of the nested routes.
    Router::new().nest(BASE, routes).route(&format!("{BASE}/"), any(not_found))
}

/// Most bytes of a request body for this path (below [`BASE`]).
fn body_limit(path: &str) -> usize {
    if path.contains("/import") { body::IMPORT_LIMIT } else { body::LIMIT }
}

async fn not_found(OriginalUri(uri): OriginalUri) -> Problem {
    let path: String = uri.path().chars().take(200).collect();
    Problem::new(
        StatusCode::NOT_FOUND,
        "not-found",
        "Not found",
        format!("there is nothing at {path}; what there is stands in {BASE}/openapi.json"),
    )
}

async fn not_allowed(request: Request) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method",
        "Not possible here",
        format!("{} is not possible here; the header Allow says what is", request.method()),
    )
}

/// A fault in one request is answered with 500 and logged; it must not cut the connection.
async fn never_fall(request: Request, next: Next) -> Response {
    use futures_util::FutureExt;
    let path = request.uri().path().to_owned();
    let mut response = match std::panic::AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => {
            let error = amends_app::AppError::Internal(format!("the operation at {path} panicked"));
            crate::error::ApiError(error).into_response()
        }
    };
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
