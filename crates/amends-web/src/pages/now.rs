//! Now: what is going on, what is due next, and what is late.

use super::frame::{Frame, Here, Place};
use super::incidents::Row;
use super::maintenance::Planned;
use super::show;
use crate::error::PageError;
use crate::state::WebState;
use amends_app::Paging;
use amends_app::incident::Filter;
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
        rows: open.items.iter().map(|i| Row::of(i, &when)).collect(),
        more: open.next_cursor.is_some(),
        planned,
        components: components.iter().filter(|c| !c.is_group).count(),
        last,
    }))
}
