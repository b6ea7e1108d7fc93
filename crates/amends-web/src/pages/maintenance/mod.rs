//! Planned work: the list, scheduling, and words about it.

mod schedule;
mod show;

use crate::error::PageError;
use crate::pages::frame::{Frame, Here, Place};
use crate::pages::incidents::Tone;
use crate::pages::when::{Markup, When, short};
use crate::state::WebState;
use amends_app::Paging;
use amends_model::{Component, Maintenance, MaintenanceState, Visibility};
use askama::Template;
use axum::Router;
use axum::response::Response;
use axum::routing::{get, post};

pub(super) fn routes() -> Router<WebState> {
    Router::new()
        .route("/app/maintenances", get(page))
        .route("/app/maintenances/new", get(schedule::page).post(schedule::post))
        .route("/app/maintenances/{id}", get(show::page))
        .route("/app/maintenances/{id}/update", post(show::update))
        .route("/app/maintenances/{id}/edit", get(show::edit_page).post(show::edit))
}

/// Planned work as one row of a list.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    /// Address of its page.
    pub href: String,
    /// What is done.
    pub title: String,
    /// Where it stands.
    pub tone: Tone,
    /// From when until when.
    pub range: Markup,
    /// How far away the start is, or since when it is going on.
    pub distance: Option<Markup>,
    /// Customers do not see it.
    pub internal: bool,
    /// How long it is planned to take.
    pub length: String,
}

/// How the state of planned work is shown.
pub(super) fn tone(state: MaintenanceState) -> Tone {
    let (class, mark) = match state {
        MaintenanceState::Scheduled => ("maintenance", "◇"),
        MaintenanceState::InProgress | MaintenanceState::Verifying => ("maintenance", "◇"),
        MaintenanceState::Completed => ("quiet-state", "●"),
    };
    Tone { class, mark, word: state.label() }
}

impl Planned {
    /// The row of `maintenance`.
    pub fn of(maintenance: &Maintenance, when: &When) -> Self {
        let distance = match maintenance.state {
            MaintenanceState::Scheduled => Some(when.distance(maintenance.scheduled_for)),
            MaintenanceState::InProgress | MaintenanceState::Verifying => {
                let ends = when.distance(maintenance.scheduled_until);
                Some(Markup(format!("ends {ends}")))
            }
            MaintenanceState::Completed => None,
        };
        Planned {
            href: format!("/app/maintenances/{}", maintenance.id),
            title: maintenance.title.clone(),
            tone: tone(maintenance.state),
            range: when.range(maintenance.scheduled_for, maintenance.scheduled_until),
            distance,
            internal: maintenance.visibility == Visibility::Internal,
            length: short(maintenance.scheduled_until.duration_since(maintenance.scheduled_for)),
        }
    }
}

/// A component to tick.
pub(super) struct Tickable {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it is ticked.
    pub ticked: bool,
}

/// A group of components to tick.
pub(super) struct TickGroup {
    /// Its name; none for components without a group.
    pub name: Option<String>,
    /// What is in it.
    pub components: Vec<Tickable>,
}

/// All components in their groups, those ticked that `ticked` says.
pub(super) fn tickable(all: &[Component], ticked: impl Fn(&str) -> bool) -> Vec<TickGroup> {
    let of = |group: Option<&Component>| TickGroup {
        name: group.map(|g| g.name.clone()),
        components: all
            .iter()
            .filter(|c| !c.is_group && c.group_id.as_ref() == group.map(|g| &g.id))
            .map(|c| Tickable { id: c.id.to_string(), name: c.name.clone(), ticked: ticked(c.id.as_str()) })
            .collect(),
    };
    let groups = std::iter::once(of(None)).chain(all.iter().filter(|c| c.is_group).map(|g| of(Some(g))));
    groups.filter(|g| !g.components.is_empty()).collect()
}

#[derive(Template)]
#[template(path = "app/maintenances.html")]
struct Page {
    frame: Frame,
    all: bool,
    rows: Vec<Planned>,
    older: Option<String>,
    first: bool,
}

/// `GET /app/maintenances?tab=open|all&cursor=…`
async fn page(here: Here) -> Result<Response, PageError> {
    let all = here.query("tab") == Some("all");
    let paging = Paging { limit: None, cursor: here.query("cursor").map(str::to_owned) };
    let found = here.app.maintenances(&here.caller, !all, &paging).await?;
    let when = here.when();
    let tab = if all { "tab=all&" } else { "" };
    Ok(super::show(&Page {
        frame: here.frame(Place::Incidents, "Planned work").await?,
        all,
        rows: found.items.iter().map(|m| Planned::of(m, &when)).collect(),
        older: found.next_cursor.map(|cursor| format!("/app/maintenances?{tab}cursor={cursor}")),
        first: paging.cursor.is_none(),
    }))
}
