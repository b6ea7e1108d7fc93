//! What Markdown looks like to readers, as one types; and whether anything changed. For the script; pages work without.

use super::fields::Fields;
use super::frame::Here;
use super::{html_response, markdown};
use crate::error::PageError;
use crate::state::WebState;
use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use std::time::Duration;

/// A question whether anything changed is answered after so long at the latest.
const LONGEST: Duration = Duration::from_secs(20);

pub(super) fn routes() -> Router<WebState> {
    Router::new().route("/app/preview", post(preview)).route("/app/changes", get(changes))
}

/// `POST /app/preview` with `text`: the same as safe HTML.
async fn preview(_here: Here, form: Fields) -> Response {
    html_response(StatusCode::OK, markdown(form.value("text")).0)
}

/// `GET /app/changes?after=N`: waits until the record has a newer change than `N`, for a while; answers its number.
async fn changes(here: Here) -> Result<Response, PageError> {
    let after: i64 = here.query("after").and_then(|n| n.parse().ok()).unwrap_or(0);
    let mut newest = here.app.changes();
    let newer = newest.wait_for(|n| *n > after);
    let number = match tokio::time::timeout(LONGEST, newer).await {
        Ok(Ok(number)) => *number,
        _ => after,
    };
    Ok(number.to_string().into_response())
}
