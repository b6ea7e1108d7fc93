//! Words to customers: written, looked at as they will be seen, and only then sent.

use super::components::{self, Group};
use super::timeline::{Line, lines};
use crate::error::PageError;
use crate::pages::as_mail::{AsMail, document, framing};
use crate::pages::fields::Fields;
use crate::pages::frame::{Frame, Here, Place};
use crate::pages::when::{Markup, When};
use crate::pages::{go, markdown, show_as};
use amends_app::AppError;
use amends_app::broadcast::BroadcastPreview;
use amends_app::incident::{PublishUpdate, Room};
use amends_model::{
    Action, Component, ComponentStatus, Event, EventBody, Incident, Phase, Resource, Visibility,
};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;

/// The form that a word to customers is written in.
#[derive(Debug, Clone)]
pub struct Composer {
    /// Where it posts to.
    pub action: String,
    /// What was typed.
    pub form: Fields,
    /// Components to choose a status for.
    pub groups: Vec<Group>,
}

impl Composer {
    /// The phases, in order.
    pub fn phases(&self) -> &'static [Phase] {
        Phase::ALL
    }

    /// Statuses to choose from.
    pub fn statuses(&self) -> &'static [ComponentStatus] {
        ComponentStatus::ALL
    }

    /// Whether a component is chosen already; its list is open then.
    pub fn touches(&self) -> bool {
        self.form.with_prefix("status:").any(|(_, value)| !value.is_empty())
    }

    /// When customers hear more.
    pub fn promises(&self) -> [(&'static str, &'static str); 7] {
        [
            ("15", "in 15 minutes"),
            ("30", "in 30 minutes"),
            ("60", "in an hour"),
            ("120", "in two hours"),
            ("1440", "tomorrow at this time"),
            ("none", "no promise"),
            ("at", "at the time beside"),
        ]
    }
}

/// An empty composer for a room, with `phase` chosen.
pub fn fresh(room: &Room, all: &[Component], phase: Phase) -> Composer {
    let incident = &room.incident;
    let seen = latest_word(room).map(|e| e.id.to_string()).unwrap_or_default();
    let mut form = Fields::of([
        ("phase", phase.to_string()),
        ("next", "30".into()),
        ("notify", "yes".into()),
        ("version", incident.version.to_string()),
        ("seen", seen),
    ]);
    if incident.visibility == Visibility::Internal {
        form.remove("notify");
    }
    composer(incident, all, form)
}

fn composer(incident: &Incident, all: &[Component], form: Fields) -> Composer {
    Composer {
        action: format!("/app/incidents/{}/update", incident.number),
        groups: components::groups(all, &form, Some(incident)),
        form,
    }
}

fn latest_word(room: &Room) -> Option<&Event> {
    let words = room.events.iter().filter(|e| matches!(e.body, EventBody::Update { .. }));
    words.max_by_key(|e| e.written_at)
}

#[derive(Template)]
#[template(path = "app/tell.html")]
struct Page {
    frame: Frame,
    here: String,
    name: String,
    title: String,
    composer: Composer,
    /// What somebody else told customers while this was written.
    theirs: Vec<Line>,
    told: Vec<Line>,
    internal: bool,
}

/// `GET /app/incidents/{id}/update?phase=…`
pub async fn page(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    here.require(Action::Publish, Resource::Update)?;
    let room = here.app.room(&here.caller, &id).await?;
    let all = here.app.components(&here.caller).await?;
    let phase = here.query("phase").and_then(|p| p.parse().ok()).unwrap_or(room.incident.phase);
    let composer = fresh(&room, &all, phase);
    write(&here, &room, composer, StatusCode::OK, Vec::new()).await
}

async fn write(
    here: &Here,
    room: &Room,
    composer: Composer,
    status: StatusCode,
    theirs: Vec<Line>,
) -> Result<Response, PageError> {
    let when = here.when();
    let words: Vec<Event> =
        room.events.iter().filter(|e| matches!(e.body, EventBody::Update { .. })).take(3).cloned().collect();
    Ok(show_as(
        status,
        &Page {
            frame: here
                .frame(Place::Incidents, &format!("Tell customers about {}", room.incident.name()))
                .await?,
            here: format!("/app/incidents/{}", room.incident.number),
            name: room.incident.name(),
            title: room.incident.title.clone(),
            told: if theirs.is_empty() { lines(&words, &when, false, false) } else { Vec::new() },
            composer,
            theirs,
            internal: room.incident.visibility == Visibility::Internal,
        },
    ))
}

/// `POST /app/incidents/{id}/update`: `step=look` shows what will be sent, `step=send` sends it, `step=change` goes back.
pub async fn post(here: Here, Path(id): Path<String>, mut form: Fields) -> Result<Response, PageError> {
    here.require(Action::Publish, Resource::Update)?;
    let room = here.app.room(&here.caller, &id).await?;
    let all = here.app.components(&here.caller).await?;
    let now = here.app.now();
    let typed = form.clone();
    let inputs = components::chosen(&mut form);
    let next_update_at = promise(&mut form, &here.when());
    let phase = form.word("phase");
    let input = PublishUpdate {
        phase,
        text: form.value("text").to_owned(),
        components: inputs.clone(),
        notify: Some(form.has("notify")),
        next_update_at,
        expected_version: form.number("version"),
    };
    let seen = typed.value("seen").to_owned();
    let newer = since(&room, &seen);
    if !newer.is_empty() && form.is("step", "send") && newer.iter().any(|e| same_word(e, &input, &here)) {
        // The button was pressed twice: the word is out already.
        return Ok(go(&format!("/app/incidents/{}?said=told", room.incident.number)));
    }
    if form.is("step", "change") || !form.fine() {
        let status = if form.fine() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        return write(&here, &room, composer(&room.incident, &all, form), status, Vec::new()).await;
    }
    if !newer.is_empty() {
        return conflict(&here, &room, &all, form, &newer).await;
    }
    if form.is("step", "mail") {
        return Ok(document(&here.app.preview_update(&here.caller, &id, &input).await?.html));
    }
    let outcome = if form.is("step", "send") {
        here.app.publish_update(&here.caller, &id, input.clone()).await.map(|_| None)
    } else {
        here.app.draft_update(&here.caller, &id, &input).await.map(Some)
    };
    match outcome {
        Ok(None) => {
            let said = if input.notify == Some(true) { "told" } else { "shown" };
            Ok(go(&format!("/app/incidents/{}?said={said}", room.incident.number)))
        }
        Ok(Some((incident, event))) => {
            let preview = match input.notify {
                Some(true) => Some(here.app.preview_update(&here.caller, &id, &input).await?),
                _ => None,
            };
            look(&here, &room, &incident, &event, typed, preview, now).await
        }
        Err(AppError::Invalid(errors)) => {
            form.refuse_all(&errors, |parts| {
                components::field_of(&inputs, parts)
                    .or_else(|| (parts.first() == Some(&"next_update_at")).then(|| "next_at".into()))
            });
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            write(&here, &room, composer(&room.incident, &all, form), status, Vec::new()).await
        }
        Err(AppError::Conflict { .. }) => {
            let room = here.app.room(&here.caller, &id).await?;
            let newer = since(&room, &seen);
            conflict(&here, &room, &all, form, &newer).await
        }
        Err(other) => Err(other.into()),
    }
}

/// Shows what others told customers meanwhile beside what was written here; nothing is lost, and sending it is a new
/// decision.
async fn conflict(
    here: &Here,
    room: &Room,
    all: &[Component],
    mut form: Fields,
    newer: &[&Event],
) -> Result<Response, PageError> {
    let theirs: Vec<Event> = newer.iter().map(|e| (*e).clone()).collect();
    let theirs = lines(&theirs, &here.when(), false, false);
    form.set("version", room.incident.version.to_string());
    form.set("seen", latest_word(room).map(|e| e.id.to_string()).unwrap_or_default());
    write(here, room, composer(&room.incident, all, form), StatusCode::CONFLICT, theirs).await
}

/// Words told after the one that the writer saw last, newest first.
fn since<'a>(room: &'a Room, seen: &str) -> Vec<&'a Event> {
    let words = || room.events.iter().filter(|e| matches!(e.body, EventBody::Update { .. }));
    let seen_at = words().find(|e| e.id.as_str() == seen).map(|e| e.written_at);
    words().filter(|e| seen_at.is_none_or(|at| e.written_at > at)).collect()
}

/// Whether an event is the very word that is to be sent, by the same person.
fn same_word(event: &Event, input: &PublishUpdate, here: &Here) -> bool {
    event.actor == here.caller.actor
        && event.body.text().is_some_and(|t| t == input.text.replace("\r\n", "\n").trim_end())
        && matches!(&event.body, EventBody::Update { phase, .. } if input.phase.is_none_or(|p| p == *phase))
}

/// By when customers hear more: so many minutes from now, or a typed time.
fn promise(form: &mut Fields, when: &When) -> Option<Timestamp> {
    match form.value("next").to_owned().as_str() {
        "at" => {
            let at = form.time_to_come("next_at", &when.zone, when.now);
            if at.is_none() && form.fine() {
                form.refuse("next_at", "is empty; write a time such as 16:30 or +45m");
            }
            at
        }
        minutes => {
            minutes.parse().ok().map(|m: i64| when.now + jiff::SignedDuration::from_mins(m.clamp(1, 10_080)))
        }
    }
}

#[derive(Template)]
#[template(path = "app/look.html")]
struct Look {
    frame: Frame,
    here: String,
    name: String,
    title: String,
    action: String,
    phase: Phase,
    was: Phase,
    text: Markup,
    components: Vec<(String, super::view::Tone)>,
    next: Option<Markup>,
    mail: Option<AsMail>,
    form: Fields,
    at: Markup,
}

/// The last look: exactly what they will see, beside the button that sends it.
async fn look(
    here: &Here,
    room: &Room,
    incident: &Incident,
    event: &Event,
    form: Fields,
    preview: Option<BroadcastPreview>,
    now: Timestamp,
) -> Result<Response, PageError> {
    let when = here.when();
    let EventBody::Update { phase, text, components, .. } = &event.body else {
        return Err(AppError::Internal("a draft of an update is not an update".into()).into());
    };
    let action = format!("/app/incidents/{}/update", incident.number);
    let page = Look {
        mail: preview.map(|p| AsMail::of(p, &action, &form)),
        action,
        frame: here.frame(Place::Incidents, &format!("Tell customers about {}", incident.name())).await?,
        here: format!("/app/incidents/{}", incident.number),
        name: incident.name(),
        title: incident.title.clone(),
        phase: *phase,
        was: room.incident.phase,
        text: markdown(text),
        components: components
            .iter()
            .map(|c| {
                let tone = super::view::Tone { class: c.to.tone(), mark: c.to.shape(), word: c.to.label() };
                (c.name.clone(), tone)
            })
            .collect(),
        next: incident.next_update_at.map(|at| when.time(at)),
        form,
        at: when.clock(now),
    };
    Ok(framing(show_as(StatusCode::OK, &page)))
}
