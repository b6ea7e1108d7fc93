//! The list of incidents.

use super::view::Row;
use crate::error::PageError;
use crate::pages::frame::{Frame, Here, Place};
use crate::pages::show;
use amends_app::Paging;
use amends_app::incident::Filter;
use askama::Template;
use axum::response::Response;

#[derive(Template)]
#[template(path = "app/incidents.html")]
struct Page {
    frame: Frame,
    all: bool,
    rows: Vec<Row>,
    older: Option<String>,
    first: bool,
}

/// `GET /app/incidents?tab=open|all&cursor=…`
pub async fn page(here: Here) -> Result<Response, PageError> {
    let all = here.query("tab") == Some("all");
    let paging = Paging { limit: None, cursor: here.query("cursor").map(str::to_owned) };
    let filter = if all { Filter::All } else { Filter::Open };
    let found = here.app.incidents(&here.caller, filter, &paging).await?;
    let when = here.when();
    let tab = if all { "tab=all&" } else { "" };
    Ok(show(&Page {
        frame: here.frame(Place::Incidents, "Incidents").await?,
        all,
        rows: found.items.iter().map(|i| Row::of(i, &when)).collect(),
        older: found.next_cursor.map(|cursor| format!("/app/incidents?{tab}cursor={cursor}")),
        first: paging.cursor.is_none(),
    }))
}
