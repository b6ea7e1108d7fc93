//! The status page and who hears from it: components and groups, the page's own settings.

mod components;
mod settings;

use crate::state::WebState;
use axum::Router;
use axum::routing::{get, post};

pub(super) fn routes() -> Router<WebState> {
    Router::new()
        .route("/app/page", get(components::page))
        .route("/app/page/components/new", get(components::new_page).post(components::add))
        .route("/app/page/components/{id}", get(components::edit_page).post(components::edit))
        .route("/app/page/components/{id}/move", post(components::shift))
        .route("/app/page/components/{id}/archive", post(components::archive))
        .route("/app/page/settings", get(settings::page).post(settings::post))
}
