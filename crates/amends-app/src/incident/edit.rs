use super::declare::{ComponentInput, MAX_TEXT, MAX_TITLE, past, resolve_components};
use super::{decide, find_for_update};
use crate::caller::Caller;
use crate::context::App;
use crate::error::AppError;
use crate::record;
use amends_model::{
    Action, EventBody, FieldErrors, Impact, Incident, Phase, Resource, Severity, Visibility, text,
};
use amends_store::{component, event, incident, page};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;

/// Changes to an incident; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EditIncident {
    /// What users cannot do.
    pub title: Option<String>,
    /// More of it.
    pub summary: Option<String>,
    /// Severity.
    pub severity: Option<Severity>,
    /// Why the severity changed.
    pub severity_reason: Option<String>,
    /// Public or internal.
    pub visibility: Option<Visibility>,
    /// Impact on the page set by hand; null lets it follow the components again.
    #[serde(deserialize_with = "given")]
    pub impact_override: Option<Option<Impact>>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// By when customers hear more; null for no promise.
    #[serde(deserialize_with = "given")]
    pub next_update_at: Option<Option<Timestamp>>,
    /// Components that change, without a word to subscribers.
    pub components: Vec<ComponentInput>,
}

/// Tells "null" (set to nothing) from "left out" (stays).
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

impl App {
    /// Changes an incident if nobody changed it since `expected`. Every change is an event that keeps the old value.
    pub async fn edit_incident(
        &self,
        caller: &Caller,
        incident: &str,
        expected: i64,
        input: EditIncident,
    ) -> Result<Incident, AppError> {
        caller.require(Action::Edit, Resource::Incident)?;
        let now = self.now();
        let mut tx = self.begin().await?;
        let mut incident = find_for_update(&mut tx, incident).await?;
        if incident.version != expected {
            return Err(AppError::conflict(&incident));
        }
        let shown_before = incident.visibility == Visibility::Public;
        let all = component::all(&mut tx).await?;
        let mut errors = FieldErrors::default();
        let mut bodies = Vec::new();

        if let Some(title) =
            input.title.as_deref().and_then(|t| errors.take(text::line("title", t, MAX_TITLE)))
        {
            retitle(&mut bodies, "title", &mut incident.title, title);
        }
        if let Some(summary) =
            input.summary.as_deref().and_then(|t| errors.take(text::optional_prose("summary", t, MAX_TEXT)))
        {
            retitle(&mut bodies, "summary", &mut incident.summary, summary);
        }
        let reason = errors
            .take(text::optional_line("severity_reason", input.severity_reason.as_deref(), 300))
            .flatten();
        if let Some(to) = input.severity.filter(|s| *s != incident.severity) {
            bodies.push(EventBody::Severity { from: incident.severity, to, reason });
            incident.severity = to;
        }
        if let Some(to) = input.visibility.filter(|v| *v != incident.visibility) {
            bodies.push(EventBody::Visibility { from: incident.visibility, to });
            incident.visibility = to;
        }
        if let Some(to) = input.impact_override.filter(|i| *i != incident.impact_override) {
            bodies.push(EventBody::ImpactOverride { from: incident.impact_override, to });
            incident.impact_override = to;
        }
        past(&mut errors, "started_at", input.started_at, now);
        if let Some(at) = input.started_at.filter(|at| *at != incident.started_at) {
            if incident.resolved_at.is_some_and(|end| end < at) {
                errors.add("started_at", "is after the end of the incident");
            }
            bodies.push(EventBody::Milestone { milestone: amends_model::Milestone::Started, source: None });
            incident.started_at = at;
        }
        if let Some(at) = input.next_update_at {
            if at.is_some_and(|at| at <= now) {
                errors.add("next_update_at", "has passed; give a time to come");
            }
            incident.next_update_at = at.filter(|_| incident.phase != Phase::Resolved);
        }
        let components = resolve_components(&all, &input.components, &mut errors);
        let changes = decide::set_components(&mut incident, &components, &all);
        if !changes.is_empty() {
            bodies.push(EventBody::Components { components: changes });
        }
        errors.finish()?;

        // What customers see changes only by the hand of somebody who may speak to them.
        let public = shown_before || incident.visibility == Visibility::Public;
        let internal_only = bodies.iter().all(|b| {
            matches!(b, EventBody::Severity { .. })
                || matches!(b, EventBody::Retitled { field, .. } if field == "summary")
        }) && input.next_update_at.is_none();
        if public && !internal_only {
            caller.require(Action::Publish, Resource::Incident)?;
        }
        (incident.updated_at, incident.version) = (now, expected + 1);
        if !incident::update(&mut tx, &incident, expected).await? {
            return Err(AppError::conflict(&incident));
        }
        let fields: Vec<&str> = bodies.iter().map(EventBody::kind).collect();
        let mut detail = json!({"changed": fields, "version": incident.version});
        if shown_before && incident.visibility == Visibility::Internal {
            let subject = incident.id.clone().into();
            detail["not_sent"] = self.hush(&mut tx, &subject, now).await?.into();
        }
        for body in bodies {
            let at = if matches!(body, EventBody::Milestone { .. }) { incident.started_at } else { now };
            let event = self.new_event(caller, incident.id.clone().into(), at, body, now);
            event::insert(&mut tx, &event).await?;
        }
        if public {
            page::touch(&mut tx, now).await?;
        }
        record::changed(&mut tx, caller, Action::Edit, Resource::Incident, incident.id.as_str(), detail, now)
            .await?;
        self.commit(tx).await?;
        Ok(incident)
    }
}

fn retitle(bodies: &mut Vec<EventBody>, field: &str, current: &mut String, new: String) {
    if *current != new {
        let from = std::mem::replace(current, new.clone());
        bodies.push(EventBody::Retitled { field: field.into(), from, to: new });
    }
}
