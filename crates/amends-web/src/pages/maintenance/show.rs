//! One piece of planned work: where it stands, words about it, and moving it.

use super::schedule::{REMINDERS, window};
use super::{Planned, TickGroup, tickable};
use crate::error::PageError;
use crate::pages::as_mail::{AsMail, document, framing};
use crate::pages::audience::{Mailing, mailing_about};
use crate::pages::fields::Fields;
use crate::pages::frame::{Frame, Here, Place};
use crate::pages::incidents::{Line, lines};
use crate::pages::when::{Markup, When};
use crate::pages::{go, id_of, markdown, show_as};
use amends_app::AppError;
use amends_app::maintenance::{EditMaintenance, MaintenanceMessage};
use amends_model::{Action, Event, Maintenance, MaintenanceId, MaintenanceState, Resource, Visibility};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;

#[derive(Template)]
#[template(path = "app/maintenance.html")]
struct Page {
    frame: Frame,
    here: String,
    row: Planned,
    lines: Vec<Line>,
    components: Vec<String>,
    states: Vec<(&'static str, &'static str)>,
    form: Fields,
    open: bool,
    public_href: String,
    started: Option<Markup>,
    completed: Option<Markup>,
    by_clock: &'static str,
    reminder: String,
    mailing: Mailing,
}

/// `GET /app/maintenances/{id}`
pub async fn page(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    let id: MaintenanceId = id_of(&id, "maintenance")?;
    let (maintenance, events) = here.app.maintenance(&here.caller, &id).await?;
    let mut form = Fields::of([("state", maintenance.state.to_string()), ("notify", "yes".into())]);
    if maintenance.visibility == Visibility::Internal {
        form.remove("notify");
    }
    render(&here, &maintenance, &events, form).await
}

async fn render(
    here: &Here,
    maintenance: &Maintenance,
    events: &[Event],
    form: Fields,
) -> Result<Response, PageError> {
    let when = here.when();
    let all = here.app.components(&here.caller).await?;
    let frame = here.frame(Place::Incidents, &maintenance.title).await?;
    let status = if form.fine() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = Page {
        here: format!("/app/maintenances/{}", maintenance.id),
        row: Planned::of(maintenance, &when),
        lines: lines(events, &when, false, frame.can.tell),
        components: all
            .iter()
            .filter(|c| maintenance.components.contains(&c.id))
            .map(|c| c.name.clone())
            .collect(),
        states: states(maintenance.state),
        open: maintenance.state != MaintenanceState::Completed,
        public_href: format!("/incidents/{}", maintenance.id),
        started: maintenance.started_at.map(|at| when.stamp(at)),
        completed: maintenance.completed_at.map(|at| when.stamp(at)),
        by_clock: match (maintenance.auto_start, maintenance.auto_complete) {
            (true, true) => "starts and ends by the clock",
            (true, false) => "starts by the clock; somebody ends it",
            (false, true) => "somebody starts it; ends by the clock",
            (false, false) => "somebody starts and ends it",
        },
        reminder: reminder(maintenance, &when),
        mailing: mailing_about(here, &maintenance.id.clone().into()).await?,
        form,
        frame,
    };
    Ok(show_as(status, &page))
}

/// The state it is in and those after it: work never goes back.
fn states(from: MaintenanceState) -> Vec<(&'static str, &'static str)> {
    MaintenanceState::ALL.iter().filter(|s| **s >= from).map(|s| (s.as_str(), s.label())).collect()
}

fn reminder(maintenance: &Maintenance, when: &When) -> String {
    match (maintenance.reminded_at, maintenance.remind_before_minutes) {
        (Some(at), _) => format!("subscribers were reminded {}", when.stamp_text(at)),
        (None, Some(minutes)) => {
            let known = REMINDERS.iter().find(|(value, _)| value.parse() == Ok(minutes));
            let words =
                known.map_or_else(|| format!("{minutes} minutes before"), |(_, words)| (*words).into());
            format!("reminder {words}")
        }
        (None, None) => "no reminder".into(),
    }
}

#[derive(Template)]
#[template(path = "app/maintenance_look.html")]
struct Look {
    frame: Frame,
    here: String,
    title: String,
    state: &'static str,
    text: Markup,
    mail: Option<AsMail>,
    internal: bool,
    form: Fields,
}

/// `POST /app/maintenances/{id}/update`
pub async fn update(here: Here, Path(id): Path<String>, mut form: Fields) -> Result<Response, PageError> {
    here.require(Action::Publish, Resource::Maintenance)?;
    let id: MaintenanceId = id_of(&id, "maintenance")?;
    let (maintenance, events) = here.app.maintenance(&here.caller, &id).await?;
    let typed = form.clone();
    let state: Option<MaintenanceState> = form.word("state");
    let text = amends_model::text::prose("text", form.value("text"), 25_000);
    let text = match text {
        Ok(text) if form.fine() && !form.is("step", "change") => text,
        Ok(_) => return render(&here, &maintenance, &events, form).await,
        Err(error) => {
            form.refuse_all(&error.into(), |_| None);
            return render(&here, &maintenance, &events, form).await;
        }
    };
    let internal = maintenance.visibility == Visibility::Internal;
    let notify = form.has("notify") && !internal;
    let input = MaintenanceMessage { state, text, notify: Some(notify) };
    if !form.is("step", "send") {
        let preview = here.app.preview_maintenance_message(&here.caller, &id, &input).await?;
        if form.is("step", "mail") {
            return Ok(document(&preview.html));
        }
        let action = format!("/app/maintenances/{id}/update");
        let look = Look {
            frame: here.frame(Place::Incidents, &maintenance.title).await?,
            here: format!("/app/maintenances/{id}"),
            title: maintenance.title.clone(),
            state: state.unwrap_or(maintenance.state).label(),
            text: markdown(&input.text),
            mail: notify.then(|| AsMail::of(preview, &action, &typed)),
            internal,
            form: typed,
        };
        return Ok(framing(show_as(StatusCode::OK, &look)));
    }
    match here.app.update_maintenance(&here.caller, &id, input).await {
        Ok(_) => Ok(go(&format!("/app/maintenances/{id}?said={}", if notify { "told" } else { "shown" }))),
        Err(AppError::Invalid(errors)) => {
            form.refuse_all(&errors, |_| None);
            render(&here, &maintenance, &events, form).await
        }
        Err(other) => Err(other.into()),
    }
}

/// A field that somebody else changed meanwhile.
struct Theirs {
    label: &'static str,
    value: String,
}

#[derive(Template)]
#[template(path = "app/maintenance_edit.html")]
struct Edit {
    frame: Frame,
    here: String,
    /// As it is saved, whatever was typed.
    title: String,
    form: Fields,
    groups: Vec<TickGroup>,
    theirs: Option<Vec<Theirs>>,
}

fn form_of(maintenance: &Maintenance, when: &When) -> Fields {
    let mut form = Fields::of([
        ("title", maintenance.title.clone()),
        ("scheduled_for", when.typed(maintenance.scheduled_for)),
        ("scheduled_until", when.typed(maintenance.scheduled_until)),
        ("visibility", maintenance.visibility.to_string()),
        ("remind", maintenance.remind_before_minutes.unwrap_or(0).to_string()),
        ("version", maintenance.version.to_string()),
    ]);
    for (name, on) in [("auto_start", maintenance.auto_start), ("auto_complete", maintenance.auto_complete)] {
        if on {
            form.set(name, "yes");
        }
    }
    for id in &maintenance.components {
        form.add("component", id.as_str());
    }
    form
}

/// `GET /app/maintenances/{id}/edit`
pub async fn edit_page(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    here.require(Action::Edit, Resource::Maintenance)?;
    let id: MaintenanceId = id_of(&id, "maintenance")?;
    let (maintenance, _) = here.app.maintenance(&here.caller, &id).await?;
    let form = form_of(&maintenance, &here.when());
    render_edit(&here, &id, form, None).await
}

async fn render_edit(
    here: &Here,
    id: &MaintenanceId,
    form: Fields,
    theirs: Option<Vec<Theirs>>,
) -> Result<Response, PageError> {
    let all = here.app.components(&here.caller).await?;
    let (saved, _) = here.app.maintenance(&here.caller, id).await?;
    let status = match (&theirs, form.fine()) {
        (Some(_), _) => StatusCode::CONFLICT,
        (None, false) => StatusCode::UNPROCESSABLE_ENTITY,
        (None, true) => StatusCode::OK,
    };
    let page = Edit {
        frame: here.frame(Place::Incidents, "Change planned work").await?,
        here: format!("/app/maintenances/{id}"),
        title: saved.title,
        groups: tickable(&all, |id| form.is("component", id)),
        form,
        theirs,
    };
    Ok(show_as(status, &page))
}

/// `POST /app/maintenances/{id}/edit`
pub async fn edit(here: Here, Path(id): Path<String>, mut form: Fields) -> Result<Response, PageError> {
    here.require(Action::Edit, Resource::Maintenance)?;
    let id: MaintenanceId = id_of(&id, "maintenance")?;
    let when = here.when();
    let (before, _) = here.app.maintenance(&here.caller, &id).await?;
    let saved = form_of(&before, &when);
    let Some((start, end)) = window(&mut form, &when) else {
        return render_edit(&here, &id, form, None).await;
    };
    // Typed times have no seconds: what nobody touched stays as it is.
    let touched = |name: &str| form.value(name).trim() != saved.value(name);
    let input = EditMaintenance {
        title: Some(form.value("title").to_owned()),
        scheduled_for: touched("scheduled_for").then_some(start),
        scheduled_until: touched("scheduled_until").then_some(end),
        components: Some(form.all("component").map(str::to_owned).collect()),
        visibility: form.value("visibility").parse().ok(),
        auto_start: Some(form.has("auto_start")),
        auto_complete: Some(form.has("auto_complete")),
        remind_before_minutes: form.number("remind"),
    };
    let expected = form.number("version").unwrap_or(0);
    match here.app.edit_maintenance(&here.caller, &id, expected, input).await {
        Ok(_) => Ok(go(&format!("/app/maintenances/{id}?said=saved"))),
        Err(AppError::Invalid(errors)) => {
            form.refuse_all(&errors, |parts| {
                Some(match parts.first().copied()? {
                    "components" => "component".into(),
                    "remind_before_minutes" => "remind".into(),
                    other => other.into(),
                })
            });
            render_edit(&here, &id, form, None).await
        }
        Err(AppError::Conflict { .. }) => {
            let (now, _) = here.app.maintenance(&here.caller, &id).await?;
            let theirs = theirs(&form_of(&now, &when), &form);
            form.set("version", now.version.to_string());
            render_edit(&here, &id, form, Some(theirs)).await
        }
        Err(other) => Err(other.into()),
    }
}

fn theirs(saved: &Fields, typed: &Fields) -> Vec<Theirs> {
    [("title", "What is done"), ("scheduled_for", "Begins"), ("scheduled_until", "Ends")]
        .iter()
        .filter(|(name, _)| saved.value(name).trim() != typed.value(name).trim())
        .map(|(name, label)| Theirs { label, value: saved.value(name).to_owned() })
        .collect()
}
