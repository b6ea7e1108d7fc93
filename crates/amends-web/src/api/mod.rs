//! The JSON API under `/api/v1`.

use crate::state::WebState;
use axum::Router;
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(info(title = "Amends API"))]
struct Description;

/// The OpenAPI description.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// The routes, to be nested under `/api/v1`.
pub fn routes() -> Router<WebState> {
    Router::new()
}
