//! The installation and oneself: people, tokens, the audit log, health; and one's own account.

mod account;
mod agent;
mod audit;
mod health;
mod people;
mod tokens;

use super::frame::Here;
use super::go;
use crate::state::WebState;
use amends_model::{Action, Resource, Role};
use axum::Router;
use axum::response::Response;
use axum::routing::{get, post};

pub(super) fn routes() -> Router<WebState> {
    let person = "/app/settings/people/{id}";
    Router::new()
        .route("/app/settings", get(first))
        .route("/app/settings/people", get(people::list))
        .route("/app/settings/people/new", get(people::new_page).post(people::add))
        .route(person, get(people::edit_page).post(people::edit))
        .route(&format!("{person}/disabled"), post(people::disable))
        .route(&format!("{person}/link"), post(people::link))
        .route(&format!("{person}/sessions/end"), post(people::end_all))
        .route(&format!("{person}/sessions/{{session}}/end"), post(people::end))
        .route("/app/settings/tokens", get(tokens::list))
        .route("/app/settings/tokens/new", get(tokens::new_page).post(tokens::create))
        .route("/app/settings/tokens/{id}/revoke", post(tokens::revoke))
        .route("/app/settings/audit", get(audit::page))
        .route("/app/settings/health", get(health::page))
        .route("/app/account", get(account::page).post(account::profile))
        .route("/app/account/password", post(account::password))
        .route("/app/account/sessions/end-others", post(account::end_others))
        .route("/app/account/sessions/{id}/end", post(account::end))
}

/// The pages of the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tab {
    People,
    Tokens,
    Audit,
    Health,
}

/// `GET /app/settings`: the first page of the settings that this person may see; for who may see none, their account.
async fn first(here: Here) -> Response {
    let sees = |resource| here.caller.may(Action::Read, resource);
    go(if sees(Resource::Person) {
        "/app/settings/people"
    } else if sees(Resource::Health) {
        "/app/settings/health"
    } else {
        "/app/account"
    })
}

/// Roles up to `most`, each with what it may.
fn roles(most: Role) -> Vec<(&'static str, String)> {
    let meaning = |role: &Role| match role {
        Role::Viewer => "Reads incidents, timelines, postmortems and actions.",
        Role::Responder => "Also declares incidents, writes timelines, postmortems and actions.",
        Role::Communicator => {
            "Also speaks to customers: public incidents, updates, planned work, letters, subscribers."
        }
        Role::Administrator => "Also runs the installation: components, people, tokens, imports, audit log.",
    };
    Role::ALL.iter().filter(|r| **r <= most).map(|r| (r.as_str(), meaning(r).to_owned())).collect()
}
