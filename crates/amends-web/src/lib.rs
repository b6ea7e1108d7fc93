//! HTTP: the public site, the app's pages, the JSON API. Reaches the record only through `amends-app`.

pub mod api;
pub mod assets;
pub mod error;
pub mod front;
pub mod guard;
pub mod hooks;
pub mod pages;
pub mod public;
pub mod state;
pub mod visitor;

pub use state::{Reach, WebState};

use axum::Router;
use axum::http::{StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::routing::get;

/// Everything that this server answers: `site` (the public pages, feeds and forms), the app and the API, behind the same
/// guards.
pub fn router(state: WebState, site: Router) -> Router {
    let figures = if state.reach.metrics_apart { Router::new() } else { metrics_routes() };
    let own = Router::new()
        .merge(api::routes(&state))
        .merge(pages::routes())
        .merge(hooks::routes())
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .merge(figures)
        .with_state(state.clone());
    own.merge(site)
        .layer(from_fn_with_state(state.clone(), guard::know_client))
        .layer(from_fn_with_state(state.clone(), guard::same_origin))
        .layer(from_fn_with_state(state, guard::security_headers))
}

/// The API alone, for the command line on the machine itself.
pub fn api_router(state: WebState) -> Router {
    api::routes(&state).with_state(state)
}

/// What Prometheus reads and nothing else, for an address of its own: behind the same guards, for the same tokens.
pub fn metrics_router(state: WebState) -> Router {
    metrics_routes()
        .with_state(state.clone())
        .layer(from_fn_with_state(state.clone(), guard::know_client))
        .layer(from_fn_with_state(state, guard::security_headers))
}

fn metrics_routes() -> Router<WebState> {
    Router::new().route("/metrics", get(metrics))
}

/// What Prometheus reads, with a token that may read health.
async fn metrics(
    axum::extract::State(state): axum::extract::State<WebState>,
    visitor::ApiCaller(caller): visitor::ApiCaller,
) -> Result<([(header::HeaderName, &'static str); 2], String), error::ApiError> {
    let text = state.app.metrics(&caller).await?;
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")], text))
}

/// Whether this node's own storage answers.
async fn ready(axum::extract::State(state): axum::extract::State<WebState>) -> (StatusCode, &'static str) {
    match state.app.poll_changes().await {
        Ok(()) => (StatusCode::OK, "ok\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database cannot be reached\n"),
    }
}
