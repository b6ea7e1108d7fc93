//! Actions over all incidents: what is due first stands first.

use super::Rows;
use crate::error::PageError;
use crate::pages::frame::{Frame, Here, Place};
use crate::pages::show;
use amends_app::Paging;
use amends_app::action::{ActionFilter, WhichActions};
use askama::Template;
use axum::response::Response;

/// Which of them are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tab {
    Open,
    Mine,
    Overdue,
    All,
}

impl Tab {
    const fn word(self) -> &'static str {
        match self {
            Tab::Open => "open",
            Tab::Mine => "mine",
            Tab::Overdue => "overdue",
            Tab::All => "all",
        }
    }
}

#[derive(Template)]
#[template(path = "app/actions.html")]
struct Page {
    frame: Frame,
    tab: Tab,
    open: i64,
    overdue: i64,
    actions: Rows,
    later: Option<String>,
    first: bool,
}

/// `GET /app/actions?show=open|mine|overdue|all&cursor=…`
pub async fn page(here: Here) -> Result<Response, PageError> {
    let tab = match here.query("show") {
        Some("mine") => Tab::Mine,
        Some("overdue") => Tab::Overdue,
        Some("all") => Tab::All,
        _ => Tab::Open,
    };
    let me = here.caller.person.as_ref().map(|p| p.id.clone());
    let filter = ActionFilter {
        which: match tab {
            Tab::Open | Tab::Mine => WhichActions::Open,
            Tab::Overdue => WhichActions::Overdue,
            Tab::All => WhichActions::All,
        },
        owner: me.filter(|_| tab == Tab::Mine),
    };
    let paging = Paging { limit: None, cursor: here.query("cursor").map(str::to_owned) };
    let found = here.app.actions(&here.caller, &filter, &paging).await?;
    let (open, overdue) = here.app.action_counts(&here.caller).await?;
    let this = format!("/app/actions?show={}", tab.word());
    Ok(show(&Page {
        frame: here.frame(Place::Actions, "Actions").await?,
        actions: Rows::of_lines(&here, &found.items, &this).await?,
        later: found.next_cursor.map(|cursor| format!("{this}&cursor={cursor}")),
        first: paging.cursor.is_none(),
        tab,
        open,
        overdue,
    }))
}
