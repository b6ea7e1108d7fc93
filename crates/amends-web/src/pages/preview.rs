//! What Markdown looks like to readers, as one types. For the script; pages work without.

use super::fields::Fields;
use super::frame::Here;
use super::{html_response, markdown};
use crate::state::WebState;
use axum::Router;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;

pub(super) fn routes() -> Router<WebState> {
    Router::new().route("/app/preview", post(preview))
}

/// `POST /app/preview` with `text`: the same as safe HTML.
async fn preview(_here: Here, form: Fields) -> Response {
    html_response(StatusCode::OK, markdown(form.value("text")).0)
}
