//! Declaring an incident: one small form. Only the title must be given; everything else can come later.

use super::components::{self, Group};
use super::view::Tone;
use crate::error::PageError;
use crate::pages::as_mail::{AsMail, document, framing};
use crate::pages::fields::Fields;
use crate::pages::frame::{Frame, Here, Place};
use crate::pages::when::{Markup, When};
use crate::pages::{go, markdown, show_as};
use amends_app::AppError;
use amends_app::broadcast::BroadcastPreview;
use amends_app::incident::{ComponentInput, Declare};
use amends_model::{
    Action, Component, ComponentStatus, FieldErrors, Impact, Resource, Severity, Visibility, text,
};
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;

#[derive(Template)]
#[template(path = "app/declare.html")]
struct Page {
    frame: Frame,
    form: Fields,
    groups: Vec<Group>,
    statuses: &'static [ComponentStatus],
    severities: Vec<(&'static str, &'static str, &'static str)>,
}

/// `GET /app/incidents/new`
pub async fn page(here: Here) -> Result<Response, PageError> {
    here.require(Action::Create, Resource::Incident)?;
    let form = Fields::of([
        ("severity", "sev3".into()),
        ("visibility", "internal".into()),
        ("notify", "yes".into()),
        ("next", "30".into()),
        ("title", here.query("title").unwrap_or_default().to_owned()),
    ]);
    render(&here, form).await
}

async fn render(here: &Here, form: Fields) -> Result<Response, PageError> {
    let all = here.app.components(&here.caller).await?;
    let status = if form.fine() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = Page {
        frame: here.frame(Place::Incidents, "Declare an incident").await?,
        groups: components::groups(&all, &form, None),
        statuses: ComponentStatus::ALL,
        severities: Severity::ALL.iter().map(|s| (s.as_str(), s.label(), s.meaning())).collect(),
        form,
    };
    Ok(show_as(status, &page))
}

/// `POST /app/incidents/new`: an internal incident is declared at once; what customers will see is shown first
/// (`step=send` then declares, `step=change` goes back).
pub async fn post(here: Here, mut form: Fields) -> Result<Response, PageError> {
    here.require(Action::Create, Resource::Incident)?;
    if form.is("step", "change") {
        return render(&here, form).await;
    }
    let typed = form.clone();
    let inputs = components::chosen(&mut form);
    let when = here.when();
    let input = read(&mut form, &when, inputs);
    if !form.fine() {
        return render(&here, form).await;
    }
    if input.visibility == Some(Visibility::Public) && !form.is("step", "send") {
        let preview = match here.app.preview_declare(&here.caller, &input).await {
            Ok(preview) => preview,
            Err(AppError::Invalid(errors)) => {
                form.refuse_all(&errors, |parts| components::field_of(&input.components, parts));
                return render(&here, form).await;
            }
            Err(other) => return Err(other.into()),
        };
        if form.is("step", "mail") {
            return Ok(document(&preview.map(|p| p.html).unwrap_or_default()));
        }
        let all = here.app.components(&here.caller).await?;
        return look(&here, typed, &input, preview, &all, &when).await;
    }
    let inputs = input.components.clone();
    match here.app.declare(&here.caller, input).await {
        Ok(incident) => Ok(go(&format!("/app/incidents/{}?said=declared", incident.number))),
        Err(AppError::Invalid(errors)) => {
            form.refuse_all(&errors, |parts| components::field_of(&inputs, parts));
            render(&here, form).await
        }
        Err(other) => Err(other.into()),
    }
}

/// Reads the form; what can be seen to be wrong without the record is noted.
fn read(form: &mut Fields, when: &When, components: Vec<ComponentInput>) -> Declare {
    let mut errors = FieldErrors::default();
    errors.take(text::line("title", form.value("title"), 200));
    form.refuse_all(&errors, |_| None);
    let public = form.is("visibility", "public");
    let started_at = form.past_time("started_at", &when.zone, when.now);
    let minutes: Option<i64> = form.value("next").parse().ok();
    let promised = minutes.map(|m| when.now + jiff::SignedDuration::from_mins(m.clamp(1, 10_080)));
    Declare {
        title: form.value("title").to_owned(),
        summary: form.value("summary").to_owned(),
        severity: form.word("severity"),
        visibility: Some(if public { Visibility::Public } else { Visibility::Internal }),
        components,
        started_at,
        detected_at: None,
        message: form.some("message").filter(|_| public),
        notify: Some(form.has("notify")),
        next_update_at: promised.filter(|_| public),
        impact_override: None,
    }
}

#[derive(Template)]
#[template(path = "app/declare_look.html")]
struct Look {
    frame: Frame,
    form: Fields,
    title: String,
    tone: Tone,
    text: Option<Markup>,
    components: Vec<(String, Tone)>,
    next: Option<Markup>,
    mail: Option<AsMail>,
}

async fn look(
    here: &Here,
    form: Fields,
    input: &Declare,
    preview: Option<BroadcastPreview>,
    all: &[Component],
    when: &When,
) -> Result<Response, PageError> {
    let impact = Impact::None.raised_by(input.components.iter().map(|c| c.status));
    let components = input
        .components
        .iter()
        .filter_map(|chosen| {
            let known = all.iter().find(|c| c.id.as_str() == chosen.component)?;
            let status = chosen.status;
            let tone = Tone { class: status.tone(), mark: status.shape(), word: status.label() };
            Some((known.name.clone(), tone))
        })
        .collect();
    let page = Look {
        frame: here.frame(Place::Incidents, "Declare and tell customers").await?,
        title: input.title.trim().to_owned(),
        tone: super::view::impact(impact),
        text: input.message.as_deref().map(markdown),
        components,
        next: input.next_update_at.map(|at: Timestamp| when.time(at)),
        mail: preview
            .filter(|_| input.notify == Some(true))
            .map(|p| AsMail::of(p, "/app/incidents/new", &form)),
        form,
    };
    Ok(framing(show_as(StatusCode::OK, &page)))
}
