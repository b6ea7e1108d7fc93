//! The incident room: what is happening, who does what, and one next step.

use super::next::{self, Learning, Step};
use super::strip::{self, Cell};
use super::tell::{self, Composer};
use super::timeline::{Line, lines};
use super::view::{self, Tone};
use crate::error::PageError;
use crate::pages::audience::{Mailing, mailing_about};
use crate::pages::fields::Fields;
use crate::pages::frame::{Can, Frame, Here, Place};
use crate::pages::postmortems;
use crate::pages::when::{Markup, When};
use crate::pages::{markdown, show_as};
use amends_app::incident::Room;
use amends_model::{
    Action, Component, ComponentId, ComponentStatus, Incident, IncidentState, Postmortem, PostmortemState,
    Resource, Visibility,
};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;

/// The forms of the room; those that are shown again keep what was typed.
#[derive(Debug, Clone, Default)]
pub struct Forms {
    /// A note, an alert or a change.
    pub note: Fields,
    /// A role.
    pub role: Fields,
    /// A milestone.
    pub milestone: Fields,
}

impl Forms {
    fn fine(&self) -> bool {
        self.note.fine() && self.role.fine() && self.milestone.fine()
    }
}

/// A component that the incident touches.
struct Touched {
    name: String,
    off_page: bool,
    now: Tone,
    /// The worst so far, when it is better now.
    worst: Option<&'static str>,
}

/// A role, taken or not.
struct Seat {
    role: String,
    label: String,
    person: Option<String>,
    since: Option<Markup>,
    mine: bool,
}

#[derive(Template)]
#[template(path = "app/room.html")]
struct Page {
    frame: Frame,
    here: String,
    incident: Incident,
    name: String,
    tone: Tone,
    told: String,
    state: &'static str,
    summary: Option<Markup>,
    cells: Vec<Cell>,
    step: Option<Step>,
    sentence: String,
    /// Whether the step is to write to customers.
    writing: bool,
    composer: Option<Composer>,
    lines: Vec<Line>,
    touched: Vec<Touched>,
    seats: Vec<Seat>,
    forms: Forms,
    public: bool,
    me: String,
    public_href: String,
    lasted: Markup,
    mailing: Mailing,
    /// Its postmortem: where it is, how far it has come, and whether its letter is published.
    postmortem: Option<(String, Tone, bool)>,
    /// Whether a postmortem may be begun by this person.
    can_draft: bool,
}

/// `GET /app/incidents/{id}`
pub async fn page(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    render(&here, &id, Forms::default()).await
}

/// The room with forms as they were typed.
pub async fn render(here: &Here, id: &str, forms: Forms) -> Result<Response, PageError> {
    let room = here.app.room(&here.caller, id).await?;
    let mut components = here.app.components(&here.caller).await?;
    let is_known = |id: &ComponentId| components.iter().any(|c| c.id == *id);
    if !room.incident.components.iter().all(|touched| is_known(&touched.component_id)) {
        components.extend(here.app.archived_components(&here.caller).await?);
    }
    let postmortem = here.app.postmortem_about(&here.caller, &room.incident.id).await?;
    let status = if forms.fine() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let title = format!("{} {}", room.incident.name(), room.incident.title);
    let frame = here.frame(Place::Incidents, &title).await?;
    let mailing = mailing_about(here, &room.incident.id.clone().into()).await?;
    Ok(show_as(status, &compose(frame, here, room, &components, postmortem.as_ref(), forms, mailing)))
}

/// The step that this person can take in a room, whose postmortem stands as said (none if that does not matter).
pub fn next_step(room: &Room, learning: Option<Learning>, here: &Here) -> Option<Step> {
    let can = Can::of(&here.caller);
    next::step(room, learning, here.app.now())
        .filter(|s| can.respond && (can.tell || s.phase(room.incident.phase).is_none()))
}

fn compose(
    frame: Frame,
    here: &Here,
    room: Room,
    components: &[Component],
    postmortem: Option<&Postmortem>,
    forms: Forms,
    mailing: Mailing,
) -> Page {
    let when = here.when();
    let can = frame.can;
    let incident = &room.incident;
    let learning = match postmortem.map(|p| p.state) {
        None => Learning::Missing,
        Some(PostmortemState::Draft | PostmortemState::InReview) => Learning::Draft,
        Some(PostmortemState::Published) => Learning::Published,
    };
    let step = next_step(&room, Some(learning), here);
    let open_for_words = can.tell && incident.is_open_for_customers();
    let me = here.caller.actor.name.clone();
    Page {
        here: format!("/app/incidents/{}", incident.number),
        name: incident.name(),
        tone: view::impact(incident.shown_impact()),
        told: view::told(incident),
        state: view::state(incident.state),
        summary: (!incident.summary.is_empty()).then(|| markdown(&incident.summary)),
        cells: strip::cells(incident, &room.milestones, &when),
        writing: step.is_some_and(|s| s.phase(incident.phase).is_some()),
        sentence: step.map(|s| s.sentence(incident, when.now)).unwrap_or_default(),
        composer: open_for_words.then(|| {
            let phase = step.and_then(|s| s.phase(incident.phase)).unwrap_or(incident.phase);
            let on_page: Vec<_> = components.iter().filter(|c| !c.archived).cloned().collect();
            tell::fresh(&room, &on_page, phase)
        }),
        step,
        lines: lines(&room.events, &when, can.respond, can.tell),
        touched: touched(incident, components),
        seats: seats(&room, &when, &me),
        public: incident.visibility == Visibility::Public,
        public_href: format!("/incidents/{}", incident.id),
        lasted: match incident.resolved_at {
            Some(end) => Markup(crate::pages::when::short(end.duration_since(incident.started_at))),
            None => when.running(incident.started_at),
        },
        postmortem: postmortem
            .map(|p| (postmortems::address(p), postmortems::tone(p.state), p.published_letter.is_some())),
        can_draft: postmortem.is_none() && here.caller.may(Action::Create, Resource::Postmortem),
        forms,
        mailing,
        me,
        frame,
        incident: room.incident,
    }
}

fn touched(incident: &Incident, components: &[Component]) -> Vec<Touched> {
    incident
        .components
        .iter()
        .map(|affected| {
            let known = components.iter().find(|c| c.id == affected.component_id);
            let now = affected.current;
            Touched {
                // Archived components keep their place in old incidents.
                name: known.map_or_else(|| "A component that is gone".into(), |c| c.name.clone()),
                off_page: known.is_some_and(|c| c.archived),
                now: Tone { class: now.tone(), mark: now.shape(), word: now.label() },
                worst: (affected.status > now && affected.status > ComponentStatus::Operational)
                    .then(|| affected.status.label()),
            }
        })
        .collect()
}

/// The roles every incident has, and those that the team added.
fn seats(room: &Room, when: &When, me: &str) -> Vec<Seat> {
    let usual = [("lead", "Lead"), ("communications", "Customers"), ("scribe", "Scribe")];
    let taken = |role: &str| room.roles.iter().find(|r| r.role == role);
    let seat = |role: &str, label: &str| {
        let who = taken(role);
        Seat {
            role: role.to_owned(),
            label: label.to_owned(),
            person: who.map(|r| r.person.clone()),
            since: who.map(|r| when.time(r.since)),
            mine: who.is_some_and(|r| r.person == me),
        }
    };
    let own = room.roles.iter().filter(|r| !usual.iter().any(|(role, _)| *role == r.role));
    usual.iter().map(|(role, label)| seat(role, label)).chain(own.map(|r| seat(&r.role, &r.role))).collect()
}
