//! The list of postmortems.

use super::tone;
use crate::error::PageError;
use crate::pages::frame::{Frame, Here, Place};
use crate::pages::incidents::Tone;
use crate::pages::show;
use crate::pages::when::{Markup, When};
use amends_app::Paging;
use amends_model::{PostmortemState, PostmortemSummary};
use askama::Template;
use axum::response::Response;

/// One line of it.
struct Row {
    href: String,
    title: String,
    tone: Tone,
    incident: Option<String>,
    began: Markup,
    letter: Option<Markup>,
    open_actions: i64,
    actions: i64,
}

impl Row {
    fn of(p: &PostmortemSummary, when: &When) -> Self {
        Row {
            href: format!("/app/postmortems/{}", p.id),
            title: p.title.clone(),
            tone: tone(p.state),
            incident: p.incident_number.map(|n| format!("INC-{n}")),
            began: when.stamp(p.happened_at),
            letter: p.letter_published_at.map(|at| when.stamp(at)),
            open_actions: p.open_actions,
            actions: p.actions,
        }
    }
}

#[derive(Template)]
#[template(path = "app/postmortems.html")]
struct Page {
    frame: Frame,
    state: Option<PostmortemState>,
    rows: Vec<Row>,
    older: Option<String>,
    first: bool,
}

/// `GET /app/postmortems?state=…&cursor=…`
pub async fn page(here: Here) -> Result<Response, PageError> {
    let state: Option<PostmortemState> = here.query("state").and_then(|s| s.parse().ok());
    let paging = Paging { limit: None, cursor: here.query("cursor").map(str::to_owned) };
    let found = here.app.postmortems(&here.caller, state, &paging).await?;
    let when = here.when();
    let narrowed = state.map(|s| format!("state={s}&")).unwrap_or_default();
    Ok(show(&Page {
        frame: here.frame(Place::Postmortems, "Postmortems").await?,
        state,
        rows: found.items.iter().map(|p| Row::of(p, &when)).collect(),
        older: found.next_cursor.map(|cursor| format!("/app/postmortems?{narrowed}cursor={cursor}")),
        first: paging.cursor.is_none(),
    }))
}
