//! Changing what an incident says of itself, and whether customers see it.

use super::components::{self, Group};
use super::view;
use crate::error::PageError;
use crate::pages::fields::Fields;
use crate::pages::frame::{Frame, Here, Place};
use crate::pages::{go, show, show_as};
use amends_app::AppError;
use amends_app::incident::EditIncident;
use amends_model::{Action, ComponentStatus, Impact, Incident, Resource, Severity, Visibility};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;

/// A field that somebody else changed meanwhile.
struct Theirs {
    label: &'static str,
    value: String,
}

#[derive(Template)]
#[template(path = "app/incident_edit.html")]
struct Page {
    frame: Frame,
    here: String,
    name: String,
    form: Fields,
    theirs: Option<Vec<Theirs>>,
    /// Whether the title and what the page shows may be changed by this person.
    all: bool,
    title_hint: &'static str,
}

impl Page {
    fn severities() -> Vec<(&'static str, String)> {
        Severity::ALL.iter().map(|s| (s.as_str(), format!("{}: {}", s.label(), s.meaning()))).collect()
    }

    fn impacts() -> Vec<(&'static str, String)> {
        let follow = ("follow", "As its components say".to_owned());
        let word = |i: &Impact| match i {
            Impact::None => "None: customers notice nothing".to_owned(),
            Impact::Minor => "Minor: degraded".to_owned(),
            Impact::Major => "Major: partly out".to_owned(),
            Impact::Critical => "Critical: out".to_owned(),
        };
        std::iter::once(follow).chain(Impact::ALL.iter().map(|i| (i.as_str(), word(i)))).collect()
    }
}

fn form_of(incident: &Incident, here: &Here) -> Fields {
    Fields::of([
        ("title", incident.title.clone()),
        ("summary", incident.summary.clone()),
        ("severity", incident.severity.to_string()),
        ("impact", incident.impact_override.map_or("follow".into(), |i| i.to_string())),
        ("started_at", here.when().typed(incident.started_at)),
        ("version", incident.version.to_string()),
    ])
}

/// `GET /app/incidents/{id}/edit`
pub async fn page(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    here.require(Action::Edit, Resource::Incident)?;
    let incident = here.app.incident(&here.caller, &id).await?;
    let form = form_of(&incident, &here);
    render(&here, &incident, form, None).await
}

/// `POST /app/incidents/{id}/edit`
pub async fn post(here: Here, Path(id): Path<String>, mut form: Fields) -> Result<Response, PageError> {
    here.require(Action::Edit, Resource::Incident)?;
    let incident = here.app.incident(&here.caller, &id).await?;
    let before = form_of(&incident, &here);
    let started = form.past_time("started_at", &here.caller.time_zone, here.app.now());
    let severity = form.word("severity");
    let impact = match form.value("impact") {
        "" => None,
        "follow" => Some(None),
        _ => form.word("impact").map(Some),
    };
    if !form.fine() {
        return render(&here, &incident, form, None).await;
    }
    let input = EditIncident {
        title: form.has("title").then(|| form.value("title").to_owned()),
        summary: form.has("summary").then(|| form.value("summary").to_owned()),
        severity,
        severity_reason: form.some("severity_reason"),
        impact_override: impact,
        started_at: started.filter(|_| form.value("started_at").trim() != before.value("started_at")),
        ..EditIncident::default()
    };
    let expected = form.number("version").unwrap_or(0);
    match here.app.edit_incident(&here.caller, &id, expected, input).await {
        Ok(_) => Ok(go(&format!("/app/incidents/{id}?said=saved"))),
        Err(AppError::Invalid(errors)) => {
            form.refuse_all(&errors, |_| None);
            render(&here, &incident, form, None).await
        }
        Err(AppError::Conflict { .. }) => {
            let now = here.app.incident(&here.caller, &id).await?;
            let theirs = theirs(&form_of(&now, &here), &form);
            form.set("version", now.version.to_string());
            render(&here, &now, form, Some(theirs)).await
        }
        Err(other) => Err(other.into()),
    }
}

/// The fields that are saved otherwise than they are typed here.
fn theirs(saved: &Fields, typed: &Fields) -> Vec<Theirs> {
    let fields = [
        ("title", "What users cannot do"),
        ("summary", "More of it"),
        ("severity", "Severity"),
        ("impact", "Impact on the page"),
        ("started_at", "Began"),
    ];
    let same = |name: &str| saved.value(name).trim() == typed.value(name).replace("\r\n", "\n").trim();
    fields
        .iter()
        .filter(|(name, _)| typed.has(name) && !same(name))
        .map(|(name, label)| Theirs { label, value: saved.value(name).to_owned() })
        .collect()
}

async fn render(
    here: &Here,
    incident: &Incident,
    form: Fields,
    theirs: Option<Vec<Theirs>>,
) -> Result<Response, PageError> {
    let frame = here.frame(Place::Incidents, &format!("Edit {}", incident.name())).await?;
    let status = match (&theirs, form.fine()) {
        (Some(_), _) => StatusCode::CONFLICT,
        (None, false) => StatusCode::UNPROCESSABLE_ENTITY,
        (None, true) => StatusCode::OK,
    };
    let public = incident.visibility == Visibility::Public;
    let page = Page {
        here: format!("/app/incidents/{}", incident.number),
        name: incident.name(),
        all: !public || frame.can.publish,
        title_hint: if public { "The page shows this." } else { "" },
        form,
        theirs,
        frame,
    };
    Ok(show_as(status, &page))
}

#[derive(Template)]
#[template(path = "app/visibility.html")]
struct VisibilityPage {
    frame: Frame,
    here: String,
    name: String,
    title: String,
    tone: view::Tone,
    components: Vec<(String, view::Tone)>,
    version: i64,
    public: bool,
}

/// `GET /app/incidents/{id}/visibility`: what becoming public or internal means, before it is done.
pub async fn visibility_page(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    here.require(Action::Publish, Resource::Incident)?;
    let incident = here.app.incident(&here.caller, &id).await?;
    let all = here.app.components(&here.caller).await?;
    let public = incident.visibility == Visibility::Public;
    let title = if public { "Make it internal" } else { "Make it public" };
    let components = all
        .iter()
        .filter_map(|c| {
            let affected = incident.components.iter().find(|a| a.component_id == c.id)?;
            let now = affected.current;
            Some((c.name.clone(), view::Tone { class: now.tone(), mark: now.shape(), word: now.label() }))
        })
        .collect();
    Ok(show(&VisibilityPage {
        frame: here.frame(Place::Incidents, title).await?,
        here: format!("/app/incidents/{}", incident.number),
        name: incident.name(),
        tone: view::impact(incident.shown_impact()),
        components,
        version: incident.version,
        public,
        title: incident.title,
    }))
}

/// `POST /app/incidents/{id}/visibility`
pub async fn set_visibility(here: Here, Path(id): Path<String>, form: Fields) -> Result<Response, PageError> {
    here.require(Action::Publish, Resource::Incident)?;
    let to = if form.is("to", "public") { Visibility::Public } else { Visibility::Internal };
    let input = EditIncident { visibility: Some(to), ..EditIncident::default() };
    let expected = form.number("version").unwrap_or(0);
    match here.app.edit_incident(&here.caller, &id, expected, input).await {
        Ok(_) => Ok(go(&format!("/app/incidents/{id}?said={to}"))),
        // Somebody changed it since this page was shown: it is shown again as it is now, and the person decides.
        Err(AppError::Conflict { .. }) => Ok(go(&format!("/app/incidents/{id}/visibility"))),
        Err(other) => Err(other.into()),
    }
}

#[derive(Template)]
#[template(path = "app/incident_components.html")]
struct ComponentsPage {
    frame: Frame,
    here: String,
    name: String,
    form: Fields,
    groups: Vec<Group>,
    statuses: &'static [ComponentStatus],
    changed: bool,
    public: bool,
}

/// `GET /app/incidents/{id}/components`: components change, and nobody is written to.
pub async fn components_page(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    here.require(Action::Edit, Resource::Incident)?;
    let incident = here.app.incident(&here.caller, &id).await?;
    let form = Fields::of([("version", incident.version.to_string())]);
    render_components(&here, &incident, form, false).await
}

async fn render_components(
    here: &Here,
    incident: &Incident,
    form: Fields,
    changed: bool,
) -> Result<Response, PageError> {
    let all = here.app.components(&here.caller).await?;
    let page = ComponentsPage {
        frame: here.frame(Place::Incidents, &format!("Components of {}", incident.name())).await?,
        here: format!("/app/incidents/{}", incident.number),
        name: incident.name(),
        groups: components::groups(&all, &form, Some(incident)),
        statuses: ComponentStatus::ALL,
        public: incident.visibility == Visibility::Public,
        changed,
        form,
    };
    let status = match (changed, page.form.fine()) {
        (true, _) => StatusCode::CONFLICT,
        (false, false) => StatusCode::UNPROCESSABLE_ENTITY,
        (false, true) => StatusCode::OK,
    };
    Ok(show_as(status, &page))
}

/// `POST /app/incidents/{id}/components`
pub async fn set_components(
    here: Here,
    Path(id): Path<String>,
    mut form: Fields,
) -> Result<Response, PageError> {
    here.require(Action::Edit, Resource::Incident)?;
    let inputs = components::chosen(&mut form);
    let incident = here.app.incident(&here.caller, &id).await?;
    if !form.fine() {
        return render_components(&here, &incident, form, false).await;
    }
    let input = EditIncident { components: inputs.clone(), ..EditIncident::default() };
    let expected = form.number("version").unwrap_or(0);
    match here.app.edit_incident(&here.caller, &id, expected, input).await {
        Ok(_) => Ok(go(&format!("/app/incidents/{id}?said=saved"))),
        Err(AppError::Invalid(errors)) => {
            form.refuse_all(&errors, |parts| components::field_of(&inputs, parts));
            render_components(&here, &incident, form, false).await
        }
        Err(AppError::Conflict { .. }) => {
            let now = here.app.incident(&here.caller, &id).await?;
            form.set("version", now.version.to_string());
            render_components(&here, &now, form, true).await
        }
        Err(other) => Err(other.into()),
    }
}
