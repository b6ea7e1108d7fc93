use super::declare::{ComponentInput, MAX_TEXT, resolve_components};
use super::{decide, find_for_update};
use crate::caller::Caller;
use crate::context::App;
use crate::error::AppError;
use crate::record;
use amends_model::{
    Action, Component, Event, EventBody, FieldErrors, Incident, IncidentState, Phase, Resource, Visibility,
    text,
};
use amends_store::{component, event, incident, page};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A message to customers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishUpdate {
    /// What customers are told the phase is; as before when nothing is said.
    #[serde(default)]
    pub phase: Option<Phase>,
    /// The message, Markdown.
    pub text: String,
    /// Components that change with it.
    #[serde(default)]
    pub components: Vec<ComponentInput>,
    /// Whether subscribers get it, or only the page changes; yes when nothing is said.
    #[serde(default)]
    pub notify: Option<bool>,
    /// By when customers hear more.
    #[serde(default)]
    pub next_update_at: Option<Timestamp>,
    /// Version of the incident that the writer saw. Given, the update is refused if somebody told customers something
    /// else meanwhile.
    #[serde(default)]
    pub expected_version: Option<i64>,
}

impl App {
    /// Tells customers. The page changes with the commit, and subscribers are written to from then on.
    ///
    /// Errors: fields that are wrong; the incident is internal; somebody told customers something else meanwhile.
    pub async fn publish_update(
        &self,
        caller: &Caller,
        incident: &str,
        input: PublishUpdate,
    ) -> Result<Event, AppError> {
        caller.require(Action::Publish, Resource::Update)?;
        let now = self.now();
        let mut tx = self.begin().await?;
        let mut incident = find_for_update(&mut tx, incident).await?;
        if let Some(expected) = input.expected_version
            && expected < incident::told(&mut tx, &incident.id).await?
        {
            return Err(AppError::conflict(&incident));
        }
        let all = component::all(&mut tx).await?;
        let body = apply(&mut incident, &all, &input, now)?;
        let event = self.new_event(caller, incident.id.clone().into(), now, body, now);
        let expected = incident.version;
        (incident.updated_at, incident.version) = (now, expected + 1);
        if !incident::update(&mut tx, &incident, expected).await? {
            return Err(AppError::conflict(&incident));
        }
        event::insert(&mut tx, &event).await?;
        incident::set_told(&mut tx, &incident.id, incident.version).await?;
        self.tell_incident(&mut tx, &incident, &event).await?;
        page::touch(&mut tx, now).await?;
        let detail =
            json!({"event": event.id, "phase": incident.phase, "notify": input.notify.unwrap_or(true)});
        record::changed(&mut tx, caller, Action::Publish, Resource::Update, event.id.as_str(), detail, now)
            .await?;
        amends_store::feed::push(&mut tx, "incident", incident.id.as_str(), now).await?;
        self.commit(tx).await?;
        Ok(event)
    }

    /// What [`App::publish_update`] would leave: the incident and the event as they would be. Changes nothing.
    pub async fn draft_update(
        &self,
        caller: &Caller,
        incident: &str,
        input: &PublishUpdate,
    ) -> Result<(Incident, Event), AppError> {
        caller.require(Action::Publish, Resource::Update)?;
        let now = self.now();
        let mut tx = self.read().await?;
        let mut incident = super::find(&mut tx, incident).await?;
        let all = component::all(&mut tx).await?;
        let body = apply(&mut incident, &all, input, now)?;
        let event = self.new_event(caller, incident.id.clone().into(), now, body, now);
        Ok((incident, event))
    }

    /// Moves the internal state: mitigated, resolved, or open again. Customers are told nothing by this.
    pub async fn set_state(
        &self,
        caller: &Caller,
        incident: &str,
        to: IncidentState,
    ) -> Result<Incident, AppError> {
        caller.require(Action::Edit, Resource::Incident)?;
        let now = self.now();
        let mut tx = self.begin().await?;
        let mut incident = find_for_update(&mut tx, incident).await?;
        let id = incident.id.clone();
        let Some(body) = decide::set_state(&mut incident, to, now) else { return Ok(incident) };
        self.put(tx, caller, incident, now, body, now).await?;
        self.incident(&Caller::system("state"), id.as_str()).await
    }
}

/// Checks an update and applies it to the incident; pure.
fn apply(
    incident: &mut Incident,
    all: &[Component],
    input: &PublishUpdate,
    now: Timestamp,
) -> Result<EventBody, AppError> {
    if incident.visibility == Visibility::Internal {
        return Err(AppError::Refused(format!(
            "{} is internal: customers cannot see it; make it public first",
            incident.name()
        )));
    }
    let mut errors = FieldErrors::default();
    let text = errors.take(text::prose("text", &input.text, MAX_TEXT));
    let components = resolve_components(all, &input.components, &mut errors);
    let phase = input.phase.unwrap_or(incident.phase);
    if let Some(at) = input.next_update_at
        && at <= now
    {
        errors.add("next_update_at", "has passed; give a time to come");
    }
    if phase == Phase::Resolved
        && let Some((n, _)) = components
            .iter()
            .enumerate()
            .find(|(_, (_, s))| *s > amends_model::ComponentStatus::UnderMaintenance)
    {
        errors.add(
            &format!("components/{n}/status"),
            "cannot still be hurt in an update that says resolved; leave it out or choose another phase",
        );
    }
    errors.finish()?;
    let mut changes = decide::set_components(incident, &components, all);
    changes.extend(decide::set_phase(incident, phase, now, all));
    incident.next_update_at = input.next_update_at.filter(|_| phase != Phase::Resolved);
    Ok(EventBody::Update {
        phase,
        text: text.unwrap_or_default(),
        notify: input.notify.unwrap_or(true),
        components: changes,
    })
}
