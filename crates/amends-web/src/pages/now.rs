//! Now: what is going on, what is due next, and what is late.

use super::frame::{Frame, Here, Place};
use super::incidents::{Row, Step, next_step};
use super::maintenance::Planned;
use super::show;
use crate::error::PageError;
use crate::state::WebState;
use amends_app::incident::Filter;
use amends_app::{AppError, Paging};
use amends_model::Incident;
use askama::Template;
use axum::Router;
use axum::response::{Redirect, Response};
use axum::routing::get;

pub(super) fn routes() -> Router<WebState> {
    Router::new().route("/app", get(page)).route("/app/", get(|| async { Redirect::permanent("/app") }))
}

#[derive(Template)]
#[template(path = "app/now.html")]
struct Page {
    frame: Frame,
    rows: Vec<Row>,
    more: bool,
    planned: Vec<Planned>,
    components: usize,
    last: Option<Row>,
    next: Option<Next>,
}

/// The one next step over everything that is open.
struct Next {
    step: Step,
    sentence: String,
    name: String,
    title: String,
    href: String,
}

/// In a bad hour there are few open incidents; only so many rooms are looked into.
const ROOMS: usize = 5;

/// What is most pressing, over the worst of the open incidents.
async fn next(here: &Here, open: &[Incident]) -> Result<Option<Next>, AppError> {
    let mut open: Vec<&Incident> = open.iter().collect();
    open.sort_by_key(|i| i.severity);
    let mut best: Option<Next> = None;
    for incident in open.into_iter().take(ROOMS) {
        let number = incident.number.to_string();
        let room = here.app.room(&here.caller, &number).await?;
        let Some(step) = next_step(&room, None, here) else { continue };
        if best.as_ref().is_none_or(|best| step < best.step) {
            best = Some(Next {
                step,
                sentence: step.sentence(&room.incident, here.app.now()),
                name: room.incident.name(),
                title: room.incident.title.clone(),
                href: format!("/app/incidents/{number}{}", step.place()),
            });
        }
    }
    Ok(best)
}

/// `GET /app`
async fn page(here: Here) -> Result<Response, PageError> {
    let when = here.when();
    let some = |limit| Paging { limit: Some(limit), cursor: None };
    let open = here.app.incidents(&here.caller, Filter::Open, &some(20)).await?;
    let planned = here.app.maintenances(&here.caller, true, &some(5)).await?;
    let components = here.app.components(&here.caller).await?;
    let last = if open.items.is_empty() {
        here.app
            .incidents(&here.caller, Filter::All, &some(1))
            .await?
            .items
            .first()
            .map(|i| Row::of(i, &when))
    } else {
        None
    };
    let mut planned: Vec<Planned> = planned.items.iter().map(|m| Planned::of(m, &when)).collect();
    // What begins first stands first.
    planned.reverse();
    Ok(show(&Page {
        frame: here.frame(Place::Now, "Now").await?,
        next: next(&here, &open.items).await?,
        rows: open.items.iter().map(|i| Row::of(i, &when)).collect(),
        more: open.next_cursor.is_some(),
        planned,
        components: components.iter().filter(|c| !c.is_group).count(),
        last,
    }))
}
