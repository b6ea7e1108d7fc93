use super::decide;
use crate::caller::Caller;
use crate::context::App;
use crate::error::AppError;
use crate::record;
use amends_model::{
    Action, Component, ComponentId, ComponentStatus, Event, EventBody, EventId, FieldErrors, Impact,
    Incident, IncidentId, IncidentState, Phase, Resource, Severity, Visibility, text,
};
use amends_store::{component, event, feed, incident, page};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A component by id or exact name, and its status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ComponentInput {
    /// Id or exact name of the component.
    pub component: String,
    /// Its status because of this incident.
    pub status: ComponentStatus,
}

/// What is needed to declare an incident. Only the title must be given; everything else can come later.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Declare {
    /// What users cannot do, in one line of at most 200 characters.
    pub title: String,
    /// More of it; internal, Markdown.
    pub summary: String,
    /// `sev3` when nothing is said.
    pub severity: Option<Severity>,
    /// `internal` when nothing is said.
    pub visibility: Option<Visibility>,
    /// Components it touches.
    pub components: Vec<ComponentInput>,
    /// When it began; now when nothing is said.
    pub started_at: Option<Timestamp>,
    /// When it was noticed, if that is known.
    pub detected_at: Option<Timestamp>,
    /// The first message to customers, Markdown; only for a public incident.
    pub message: Option<String>,
    /// Whether subscribers get that message; yes when nothing is said.
    pub notify: Option<bool>,
    /// By when customers hear more.
    pub next_update_at: Option<Timestamp>,
    /// Impact on the page instead of the one that follows from the components.
    pub impact_override: Option<Impact>,
}

/// Longest title, in characters.
pub const MAX_TITLE: usize = 200;
/// Longest text, in characters.
pub const MAX_TEXT: usize = 25_000;

/// Finds the components that are meant, or says which were not understood.
pub(crate) fn resolve_components(
    all: &[Component],
    wanted: &[ComponentInput],
    errors: &mut FieldErrors,
) -> Vec<(ComponentId, ComponentStatus)> {
    let mut found: Vec<(ComponentId, ComponentStatus)> = Vec::new();
    for (n, input) in wanted.iter().enumerate() {
        let field = format!("components/{n}/component");
        match find_component(all, &input.component) {
            Ok(component) if found.iter().any(|(id, _)| *id == component.id) => {
                errors.add(&field, format!("‘{}’ is named twice", component.name));
            }
            Ok(component) => found.push((component.id.clone(), input.status)),
            Err(detail) => errors.add(&field, detail),
        }
    }
    found
}

/// Finds a component (not a group) by id or exact name.
pub(crate) fn find_component<'a>(all: &'a [Component], wanted: &str) -> Result<&'a Component, String> {
    let leaves = || all.iter().filter(|c| !c.is_group);
    if let Some(component) = leaves().find(|c| c.id.as_str() == wanted) {
        return Ok(component);
    }
    let named: Vec<_> = leaves()
        .filter(|c| {
            c.name.eq_ignore_ascii_case(wanted) || decide::full_name(all, c).eq_ignore_ascii_case(wanted)
        })
        .collect();
    match named.as_slice() {
        [one] => Ok(one),
        [] => {
            let names: Vec<&str> = leaves().map(|c| c.name.as_str()).take(20).collect();
            Err(format!(
                "there is no component ‘{}’; there are: {}",
                text::cleaned(wanted, 60),
                names.join(", ")
            ))
        }
        _ => Err(format!("‘{}’ is the name of several components; give the id", text::cleaned(wanted, 60))),
    }
}

/// An error unless `at` is a time that something can have happened at: not in the future, not before 1970.
pub(crate) fn past(errors: &mut FieldErrors, field: &str, at: Option<Timestamp>, now: Timestamp) {
    if at.is_some_and(|at| at > now) {
        errors.add(field, "is in the future; give a time that has passed");
    }
    if at.is_some_and(|at| at < Timestamp::UNIX_EPOCH) {
        errors.add(field, "is before 1970");
    }
}

impl App {
    /// Declares an incident. With `visibility: public` it is on the page at once, and with a `message` subscribers hear.
    ///
    /// Errors: fields that are wrong (all at once); public without the right to publish.
    pub async fn declare(&self, caller: &Caller, input: Declare) -> Result<Incident, AppError> {
        caller.require(Action::Create, Resource::Incident)?;
        let visibility = input.visibility.unwrap_or(Visibility::Internal);
        if visibility == Visibility::Public {
            caller.require(Action::Publish, Resource::Incident)?;
        }
        let now = self.now();
        let mut tx = self.begin().await?;
        let all = component::all(&mut tx).await?;
        let (mut incident, bodies) = self.drafted(&input, &all, now)?;
        incident.number = feed::next(&mut tx, "incident").await?;
        incident::insert(&mut tx, &incident).await?;
        for (at, body) in bodies {
            let event = self.new_event(caller, incident.id.clone().into(), at, body, now);
            event::insert(&mut tx, &event).await?;
            if event.body.is_public() {
                incident::set_told(&mut tx, &incident.id, incident.version).await?;
            }
            self.tell_incident(&mut tx, &incident, &event).await?;
        }
        page::touch(&mut tx, now).await?;
        let detail = json!({"title": incident.title, "visibility": incident.visibility, "severity": incident.severity});
        record::changed(
            &mut tx,
            caller,
            Action::Create,
            Resource::Incident,
            incident.id.as_str(),
            detail,
            now,
        )
        .await?;
        self.commit(tx).await?;
        Ok(incident)
    }

    /// What [`App::declare`] would leave: the incident as it would be, still without a number, and the first word to
    /// customers, if there is one. Changes nothing.
    pub async fn draft_declare(
        &self,
        caller: &Caller,
        input: &Declare,
    ) -> Result<(Incident, Option<Event>), AppError> {
        caller.require(Action::Create, Resource::Incident)?;
        let now = self.now();
        let all = component::all(&mut self.read().await?).await?;
        let (incident, bodies) = self.drafted(input, &all, now)?;
        let word = bodies.into_iter().find(|(_, body)| body.is_public());
        let word = word.map(|(at, body)| self.new_event(caller, incident.id.clone().into(), at, body, now));
        Ok((incident, word))
    }

    /// Checks what is declared: the incident, still without a number, and the events that its timeline begins with.
    fn drafted(
        &self,
        input: &Declare,
        all: &[Component],
        now: Timestamp,
    ) -> Result<(Incident, Vec<(Timestamp, EventBody)>), AppError> {
        let visibility = input.visibility.unwrap_or(Visibility::Internal);
        let mut errors = FieldErrors::default();
        let title = errors.take(text::line("title", &input.title, MAX_TITLE));
        let summary = errors.take(text::optional_prose("summary", &input.summary, MAX_TEXT));
        let message = match input.message.as_deref().map(str::trim) {
            None | Some("") => None,
            Some(_) if visibility == Visibility::Internal => {
                errors.add(
                    "message",
                    "customers do not see an internal incident; make it public or leave this out",
                );
                None
            }
            Some(message) => errors.take(text::prose("message", message, MAX_TEXT)),
        };
        let components = resolve_components(all, &input.components, &mut errors);
        past(&mut errors, "started_at", input.started_at, now);
        past(&mut errors, "detected_at", input.detected_at, now);
        errors.finish()?;
        let (title, summary) = (title.unwrap_or_default(), summary.unwrap_or_default());

        let started_at = input.started_at.unwrap_or(now).min(input.detected_at.unwrap_or(now));
        let mut incident = Incident {
            id: self.new_id(IncidentId::from_random),
            number: 0,
            title,
            summary,
            visibility,
            severity: input.severity.unwrap_or(Severity::Sev3),
            impact: Impact::None,
            impact_override: input.impact_override,
            state: IncidentState::Open,
            phase: Phase::Investigating,
            started_at,
            resolved_at: None,
            monitoring_at: None,
            next_update_at: input.next_update_at.filter(|_| visibility == Visibility::Public),
            components: Vec::new(),
            backfilled: false,
            source_url: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let changes = decide::set_components(&mut incident, &components, all);
        let mut bodies = vec![(now, EventBody::Declared { severity: incident.severity })];
        if let Some(at) = input.detected_at {
            bodies.push((
                at,
                EventBody::Milestone { milestone: amends_model::Milestone::Detected, source: None },
            ));
        }
        let update = message.map(|text| EventBody::Update {
            phase: Phase::Investigating,
            text,
            notify: input.notify.unwrap_or(true),
            components: changes.clone(),
        });
        match update {
            Some(update) => bodies.push((now, update)),
            None if !changes.is_empty() => bodies.push((now, EventBody::Components { components: changes })),
            None => {}
        }
        Ok((incident, bodies))
    }

    /// An event that `caller` writes now.
    pub(crate) fn new_event(
        &self,
        caller: &Caller,
        subject: amends_model::Subject,
        at: Timestamp,
        body: EventBody,
        now: Timestamp,
    ) -> Event {
        Event {
            id: self.new_id(EventId::from_random),
            subject,
            at,
            written_at: now,
            actor: caller.actor.clone(),
            body,
            edited_at: None,
            version: 1,
        }
    }
}
