//! Search: everything that was written, as far as the person may read it, with the words in their context.

use super::frame::{Frame, Here, Place};
use super::show;
use super::when::Markup;
use crate::error::PageError;
use crate::state::WebState;
use amends_app::search::{Hit, Kind, Piece, Source};
use askama::Template;
use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;

/// As many are shown on the page, and while one types.
const ON_PAGE: usize = 30;
const AS_ONE_TYPES: usize = 8;

pub(super) fn routes() -> Router<WebState> {
    Router::new().route("/app/search", get(page))
}

/// What was found, as it is shown.
struct Row {
    href: String,
    kind: String,
    at: Markup,
    title: Vec<Piece>,
    source: &'static str,
    context: Vec<Piece>,
}

#[derive(Template)]
#[template(path = "app/search.html")]
struct Page {
    frame: Frame,
    q: String,
    hits: Vec<Row>,
    complete: bool,
    indexed: u64,
    records: u64,
}

/// `GET /app/search?q=…`; with `as=json`, what the palette shows while one types.
async fn page(here: Here) -> Result<Response, PageError> {
    // Longer texts are no searches.
    let q: String = here.query("q").unwrap_or_default().chars().take(1_000).collect();
    let for_script = here.query("as") == Some("json");
    let most = if for_script { AS_ONE_TYPES } else { ON_PAGE };
    let found = here.app.search(Some(&here.caller), &q, Some(most)).await?;
    if for_script {
        let items: Vec<serde_json::Value> = found.hits.iter().map(palette).collect();
        return Ok(axum::Json(items).into_response());
    }
    let when = here.when();
    let row = |hit: Hit| Row {
        href: address(&hit),
        kind: name(&hit),
        at: when.stamp(hit.at),
        title: hit.title,
        source: hit.passage.as_ref().map_or("", |p| source(p.source)),
        context: hit.passage.map(|p| p.pieces).unwrap_or_default(),
    };
    let title = if q.is_empty() { "Search".to_owned() } else { format!("Search: {q}") };
    Ok(show(&Page {
        frame: here.frame(Place::None, &title).await?,
        complete: found.complete,
        indexed: found.indexed,
        records: found.records,
        hits: found.hits.into_iter().map(row).collect(),
        q,
    }))
}

fn palette(hit: &Hit) -> serde_json::Value {
    let text = |pieces: &[Piece]| pieces.iter().map(|p| p.text.as_str()).collect::<String>();
    let context = hit
        .passage
        .as_ref()
        .map(|p| p.pieces.iter().map(|p| json!({"text": p.text, "found": p.is_match})).collect::<Vec<_>>());
    json!({"href": address(hit), "title": text(&hit.title), "about": name(hit), "context": context})
}

/// Where a hit leads.
fn address(hit: &Hit) -> String {
    let event = hit.passage.as_ref().and_then(|p| p.event_id.as_ref());
    let place = event.map(|id| format!("#event-{id}")).unwrap_or_default();
    let letter = hit.passage.as_ref().is_some_and(|p| p.source == Source::Letter);
    match (hit.kind, hit.number) {
        (Kind::Incident, Some(number)) => format!("/app/incidents/{number}{place}"),
        (Kind::Incident, None) => format!("/app/incidents/{}{place}", hit.id),
        (Kind::Maintenance, _) => format!("/app/maintenances/{}{place}", hit.id),
        (Kind::Postmortem, _) if letter => format!("/app/postmortems/{}/letter", hit.id),
        (Kind::Postmortem, _) => format!("/app/postmortems/{}", hit.id),
        (Kind::Action, _) => format!("/app/actions/{}", hit.id),
    }
}

/// What it is.
fn name(hit: &Hit) -> String {
    match (hit.kind, hit.number) {
        (Kind::Incident, Some(number)) => format!("INC-{number}"),
        (Kind::Incident, None) => "Incident".into(),
        (Kind::Maintenance, _) => "Planned work".into(),
        (Kind::Postmortem, _) => "Postmortem".into(),
        (Kind::Action, _) => "Action".into(),
    }
}

/// Which text of it has the words.
fn source(source: Source) -> &'static str {
    match source {
        Source::Summary => "Summary",
        Source::Update => "Told customers",
        Source::Note => "Note",
        Source::Alert => "Alert",
        Source::Change => "Change",
        Source::Document => "Document",
        Source::Letter => "Letter",
    }
}
