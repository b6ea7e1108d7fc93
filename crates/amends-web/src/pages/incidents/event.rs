//! One event of a timeline: its text and time, and every earlier version. Nothing is silently changed.

use super::timeline::escaped;
use crate::error::PageError;
use crate::pages::fields::Fields;
use crate::pages::frame::{Frame, Here, Place};
use crate::pages::when::Markup;
use crate::pages::{go, id_of, markdown, show_as};
use amends_app::AppError;
use amends_app::incident::EditEvent;
use amends_model::{Event, EventId, Subject};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;

/// How it was before an edit.
struct Earlier {
    at: Markup,
    text: Markup,
    until: Markup,
    by: String,
}

/// The same event as somebody else saved it meanwhile.
struct Theirs {
    text: String,
    at: Markup,
}

#[derive(Template)]
#[template(path = "app/event.html")]
struct Page {
    frame: Frame,
    here: String,
    back: String,
    kind: &'static str,
    who: String,
    written: Markup,
    has_text: bool,
    public: bool,
    text_hint: &'static str,
    editable: bool,
    form: Fields,
    theirs: Option<Theirs>,
    earlier: Vec<Earlier>,
    zone: String,
}

/// `GET /app/events/{id}`
pub async fn page(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    let id: EventId = id_of(&id, "event")?;
    let event = here.app.event(&here.caller, &id).await?;
    let when = here.when();
    let form = Fields::of([
        ("text", event.body.text().unwrap_or_default().to_owned()),
        ("at", when.typed(event.at)),
        ("version", event.version.to_string()),
    ]);
    render(&here, &event, form, None).await
}

/// `POST /app/events/{id}`
pub async fn post(here: Here, Path(id): Path<String>, mut form: Fields) -> Result<Response, PageError> {
    let id: EventId = id_of(&id, "event")?;
    let event = here.app.event(&here.caller, &id).await?;
    let when = here.when();
    let at = form.past_time("at", &here.caller.time_zone, here.app.now());
    if !form.fine() {
        return render(&here, &event, form, None).await;
    }
    let input = EditEvent {
        text: event.body.text().is_some().then(|| form.value("text").to_owned()),
        // Typed times have no seconds: as long as nobody touched the field, the instant stays as it is.
        at: at.filter(|_| form.value("at").trim() != when.typed(event.at)),
    };
    let expected = form.number("version").unwrap_or(0);
    match here.app.edit_event(&here.caller, &id, expected, input).await {
        Ok(_) => Ok(go(&format!("{}#event-{id}", subject_href(&here, &event).await?))),
        Err(AppError::Invalid(errors)) => {
            form.refuse_all(&errors, |_| None);
            render(&here, &event, form, None).await
        }
        Err(AppError::Conflict { .. }) => {
            let now = here.app.event(&here.caller, &id).await?;
            let theirs =
                Theirs { text: now.body.text().unwrap_or_default().to_owned(), at: when.stamp(now.at) };
            form.set("version", now.version.to_string());
            render(&here, &now, form, Some(theirs)).await
        }
        Err(other) => Err(other.into()),
    }
}

async fn subject_href(here: &Here, event: &Event) -> Result<String, AppError> {
    Ok(match &event.subject {
        Subject::Incident(id) => {
            format!("/app/incidents/{}", here.app.incident(&here.caller, id.as_str()).await?.number)
        }
        Subject::Maintenance(id) => format!("/app/maintenances/{id}"),
    })
}

async fn render(
    here: &Here,
    event: &Event,
    form: Fields,
    theirs: Option<Theirs>,
) -> Result<Response, PageError> {
    let when = here.when();
    let versions = here.app.event_history(&here.caller, &event.id).await?;
    let earlier = versions
        .iter()
        .map(|v| Earlier {
            at: when.stamp(v.at),
            text: v.body.text().map_or_else(|| Markup(escaped(v.body.kind())), markdown),
            until: when.stamp(v.replaced_at),
            by: v.replaced_by.name.clone(),
        })
        .collect();
    let frame = here.frame(Place::Incidents, "Edit an entry of the timeline").await?;
    let status = match (&theirs, form.fine()) {
        (Some(_), _) => StatusCode::CONFLICT,
        (None, false) => StatusCode::UNPROCESSABLE_ENTITY,
        (None, true) => StatusCode::OK,
    };
    let public = event.body.is_public();
    let page = Page {
        here: format!("/app/events/{}", event.id),
        back: subject_href(here, event).await?,
        kind: event.body.kind(),
        who: event.actor.name.clone(),
        written: when.stamp(event.written_at),
        has_text: event.body.text().is_some(),
        public,
        text_hint: if public {
            "Customers see the new text on the page at once; nobody is written to again. The earlier text is kept here."
        } else {
            "Markdown. The earlier text is kept."
        },
        editable: if public { frame.can.tell } else { frame.can.respond },
        form,
        theirs,
        earlier,
        zone: when.zone_name(),
        frame,
    };
    Ok(show_as(status, &page))
}
