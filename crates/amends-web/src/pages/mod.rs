//! The app's pages, for people who are signed in.

use crate::error::Problem;
use crate::state::WebState;
use axum::Router;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

/// The routes.
pub fn routes() -> Router<WebState> {
    Router::new()
}

/// What a person sees when a page cannot be shown.
pub fn error_page(problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let escaped = problem.detail.replace('&', "&amp;").replace('<', "&lt;");
    let page = format!(
        "<!doctype html><html lang=\"en\"><title>{0}</title><h1>{0}</h1><p>{escaped}</p></html>",
        problem.title
    );
    (status, Html(page)).into_response()
}
