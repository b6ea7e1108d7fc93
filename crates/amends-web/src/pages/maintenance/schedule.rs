//! Scheduling work: a form, a last look at what customers will see, and only then the announcement.

use super::{TickGroup, tickable};
use crate::error::PageError;
use crate::pages::as_mail::{AsMail, document, framing};
use crate::pages::fields::Fields;
use crate::pages::frame::{Frame, Here, Place};
use crate::pages::when::{Markup, When};
use crate::pages::{go, markdown, show_as};
use amends_app::AppError;
use amends_app::maintenance::Schedule;
use amends_model::{Action, EventBody, Resource, Visibility};
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

#[derive(Template)]
#[template(path = "app/schedule.html")]
struct Page {
    frame: Frame,
    form: Fields,
    groups: Vec<TickGroup>,
}

/// How long before the start subscribers are reminded, in minutes, with the words for it.
pub(super) const REMINDERS: [(&str, &str); 5] = [
    ("60", "an hour before"),
    ("1440", "a day before"),
    ("4320", "three days before"),
    ("15", "15 minutes before"),
    ("0", "no reminder"),
];

/// `GET /app/maintenances/new`
pub async fn page(here: Here) -> Result<Response, PageError> {
    here.require(Action::Create, Resource::Maintenance)?;
    let form = Fields::of([
        ("visibility", "public".into()),
        ("auto_start", "yes".into()),
        ("auto_complete", "yes".into()),
        ("notify", "yes".into()),
        ("remind", "60".into()),
    ]);
    render(&here, form).await
}

async fn render(here: &Here, form: Fields) -> Result<Response, PageError> {
    let all = here.app.components(&here.caller).await?;
    let status = if form.fine() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = Page {
        frame: here.frame(Place::Incidents, "Schedule work").await?,
        groups: tickable(&all, |id| form.is("component", id)),
        form,
    };
    Ok(show_as(status, &page))
}

/// Reads when it begins and ends; the end may be a length such as `+2h`, counted from the start.
pub(super) fn window(form: &mut Fields, when: &When) -> Option<(jiff::Timestamp, jiff::Timestamp)> {
    let start = form.time_to_come("scheduled_for", &when.zone, when.now);
    if start.is_none() && form.wrong("scheduled_for").is_none() {
        form.refuse("scheduled_for", "is empty; write a time such as 2026-11-20 22:00");
    }
    let end = form.time_to_come("scheduled_until", &when.zone, start.unwrap_or(when.now));
    if end.is_none() && form.wrong("scheduled_until").is_none() {
        form.refuse("scheduled_until", "is empty; write a time such as 23:30, or a length such as +90m");
    }
    start.zip(end)
}

/// `POST /app/maintenances/new`: `step=send` announces, `step=change` goes back to the form, anything else shows it first.
pub async fn post(here: Here, mut form: Fields) -> Result<Response, PageError> {
    here.require(Action::Create, Resource::Maintenance)?;
    if form.is("step", "change") {
        return render(&here, form).await;
    }
    let typed = form.clone();
    let when = here.when();
    let Some((scheduled_for, scheduled_until)) = window(&mut form, &when) else {
        return render(&here, form).await;
    };
    let internal = form.is("visibility", "internal");
    let input = Schedule {
        title: form.value("title").to_owned(),
        text: form.value("text").to_owned(),
        scheduled_for,
        scheduled_until,
        components: form.all("component").map(str::to_owned).collect(),
        visibility: Some(if internal { Visibility::Internal } else { Visibility::Public }),
        auto_start: Some(form.has("auto_start")),
        auto_complete: Some(form.has("auto_complete")),
        remind_before_minutes: form.number("remind").or(Some(60)),
        notify: Some(form.has("notify") && !internal),
    };
    let outcome = if form.is("step", "send") {
        match here.app.schedule(&here.caller, input.clone()).await {
            Ok(made) => return Ok(go(&format!("/app/maintenances/{}?said=scheduled", made.id))),
            Err(error) => Err(error),
        }
    } else {
        here.app.draft_schedule(&here.caller, &input).await
    };
    match outcome {
        Ok((planned, event)) => {
            let preview = here.app.preview_schedule(&here.caller, &input).await?;
            if form.is("step", "mail") {
                return Ok(document(&preview.html));
            }
            let all = here.app.components(&here.caller).await?;
            let EventBody::MaintenanceUpdate { text, notify, .. } = &event.body else {
                return Err(AppError::Internal("the announcement is not one".into()).into());
            };
            let look = Look {
                frame: here.frame(Place::Incidents, "Schedule work").await?,
                title: planned.title.clone(),
                range: when.range(planned.scheduled_for, planned.scheduled_until),
                text: markdown(text),
                components: all
                    .iter()
                    .filter(|c| planned.components.contains(&c.id))
                    .map(|c| c.name.clone())
                    .collect(),
                internal,
                mail: notify.then(|| AsMail::of(preview, "/app/maintenances/new", &typed)),
                form: typed,
            };
            Ok(framing(show_as(StatusCode::OK, &look)))
        }
        Err(AppError::Invalid(errors)) => {
            form.refuse_all(&errors, |parts| {
                Some(match parts.first().copied()? {
                    "components" => "component".into(),
                    "remind_before_minutes" => "remind".into(),
                    other => other.into(),
                })
            });
            render(&here, form).await
        }
        Err(other) => Err(other.into()),
    }
}

#[derive(Template)]
#[template(path = "app/schedule_look.html")]
struct Look {
    frame: Frame,
    form: Fields,
    title: String,
    range: Markup,
    text: Markup,
    components: Vec<String>,
    internal: bool,
    mail: Option<AsMail>,
}
