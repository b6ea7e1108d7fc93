//! Incidents: the list, declaring, the room, and words to customers.

mod act;
mod components;
mod declare;
mod edit;
mod event;
mod list;
mod next;
mod room;
mod strip;
mod tell;
mod timeline;
mod view;

pub(super) use next::Step;
pub(super) use room::next_step;
pub(super) use strip::{Cell, cells};
pub(super) use timeline::{Line, escaped, lines};
pub(super) use view::{Row, Tone};

use crate::state::WebState;
use axum::Router;
use axum::routing::{get, post};

pub(super) fn routes() -> Router<WebState> {
    Router::new()
        .route("/app/incidents", get(list::page))
        .route("/app/incidents/new", get(declare::page).post(declare::post))
        .route("/app/incidents/{id}", get(room::page))
        .route("/app/incidents/{id}/events", post(act::add_event))
        .route("/app/incidents/{id}/roles", post(act::set_role))
        .route("/app/incidents/{id}/milestones", post(act::set_milestone))
        .route("/app/incidents/{id}/state", post(act::set_state))
        .route("/app/incidents/{id}/edit", get(edit::page).post(edit::post))
        .route("/app/incidents/{id}/components", get(edit::components_page).post(edit::set_components))
        .route("/app/incidents/{id}/visibility", get(edit::visibility_page).post(edit::set_visibility))
        .route("/app/incidents/{id}/update", get(tell::page).post(tell::post))
        .route("/app/events/{id}", get(event::page).post(event::post))
}
