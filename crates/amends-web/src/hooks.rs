//! Where mail providers send what became of our mail: `POST /hooks/mail/{provider}`. Who sends is found out by each
//! provider's own signature, so neither a token nor an origin is asked for.

use crate::error::ApiError;
use crate::state::WebState;
use amends_app::report::{Incoming, Reported};
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::HeaderMap;
use axum::routing::{get, post};
use axum::{Json, Router};

/// Where they are.
pub const BASE: &str = "/hooks/";
/// Providers send up to a thousand events at once.
const LIMIT: usize = 4 * 1024 * 1024;

pub(crate) fn routes() -> Router<WebState> {
    // Mandrill looks whether there is anything before it sends.
    let hook = post(take).merge(get(|| async { "ok\n" })).layer(DefaultBodyLimit::max(LIMIT));
    Router::new().route("/hooks/mail/{provider}", hook)
}

async fn take(
    State(state): State<WebState>,
    Path(provider): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Reported>, ApiError> {
    let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let url = format!("{}/hooks/mail/{provider}", state.reach.origin);
    let incoming = Incoming { header: &header, body: &body, url };
    Ok(Json(state.app.take_report(&provider, &incoming).await?))
}
