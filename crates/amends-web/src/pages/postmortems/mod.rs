//! Postmortems: the list, drafting, reading, writing, the customers' letter, and what it all was before.

mod diff;
mod draft;
mod findings;
mod history;
mod letter;
mod list;
mod read;
mod write;

use super::fields::Fields;
use super::frame::Here;
use super::incidents::Tone;
use crate::error::PageError;
use crate::state::WebState;
use amends_model::{Action, Incident, Postmortem, PostmortemState, Resource};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::Response;
use axum::routing::{get, post};

/// A form may hold the longest document, percent-encoded.
const FORM_LIMIT: usize = 4 * 1024 * 1024;

pub(super) fn routes() -> Router<WebState> {
    Router::new()
        .route("/app/postmortems", get(list::page))
        .route("/app/incidents/{id}/postmortem", get(draft::page).post(draft::post))
        .route("/app/postmortems/{id}", get(read::page))
        .route("/app/postmortems/{id}/state", post(read::set_state))
        .route("/app/postmortems/{id}/export", get(read::export))
        .route("/app/postmortems/{id}/edit", get(write::document).post(write::save_document))
        .route("/app/postmortems/{id}/preview", post(write::preview))
        .route("/app/postmortems/{id}/findings", post(findings::find))
        .route("/app/postmortems/{id}/letter", get(letter::page).post(letter::publish))
        .route("/app/postmortems/{id}/letter/mail", get(letter::mail))
        .route("/app/postmortems/{id}/letter/edit", get(write::letter).post(write::save_letter))
        .route("/app/postmortems/{id}/history", get(history::page))
        .layer(DefaultBodyLimit::max(FORM_LIMIT))
}

/// The reading view again, with the form of a new action as it was typed.
pub(super) async fn read_again(here: &Here, id: &str, form: Fields) -> Result<Response, PageError> {
    read::render(here, id, form, false).await
}

/// How a state is shown.
pub(super) fn tone(state: PostmortemState) -> Tone {
    let (class, mark) = match state {
        PostmortemState::Draft => ("quiet-state", "○"),
        PostmortemState::InReview => ("maintenance", "◐"),
        PostmortemState::Published => ("ok", "●"),
    };
    Tone { class, mark, word: state.label() }
}

/// Where in a postmortem the person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tab {
    Document,
    Letter,
    History,
}

/// What stands above every page of one postmortem.
struct Head {
    here: String,
    title: String,
    tone: Tone,
    /// Its incident: address of the room, and name.
    incident: Option<(String, String)>,
    began: super::when::Markup,
    authors: String,
    reviewers: String,
    /// Whether the letter is published.
    letter_out: bool,
    tab: Tab,
}

impl Head {
    fn of(here: &Here, p: &Postmortem, incident: Option<&Incident>, tab: Tab) -> Self {
        Head {
            here: address(p),
            title: p.title.clone(),
            tone: tone(p.state),
            incident: incident.map(|i| (format!("/app/incidents/{}", i.number), i.name())),
            began: here.when().stamp(p.happened_at),
            authors: p.authors.join(", "),
            reviewers: p.reviewers.join(", "),
            letter_out: p.published_letter.is_some(),
            tab,
        }
    }

    /// `aria-current` for the page where the person is.
    fn current(&self, tab: Tab) -> super::when::Markup {
        super::when::Markup(if self.tab == tab { r#" aria-current="page""#.into() } else { String::new() })
    }
}

/// Where a postmortem is read.
pub(super) fn address(p: &Postmortem) -> String {
    format!("/app/postmortems/{}", p.id)
}

/// The incident of a postmortem, as far as the person may see it.
async fn incident_of(here: &Here, p: &Postmortem) -> Result<Option<Incident>, PageError> {
    match &p.incident_id {
        Some(id) if here.caller.may(Action::Read, Resource::Incident) => {
            Ok(Some(here.app.incident(&here.caller, id.as_str()).await?))
        }
        _ => Ok(None),
    }
}
