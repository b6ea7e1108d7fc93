use super::declare::{MAX_TEXT, past};
use super::{find, find_for_update, roles};
use crate::caller::Caller;
use crate::context::App;
use crate::error::AppError;
use crate::record;
use amends_model::{
    Action, Event, EventBody, EventId, FieldErrors, Incident, Milestone, Resource, Subject, text,
};
use amends_store::{Tx, event, incident, page};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Something to put on a timeline that customers do not see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum NewEvent {
    /// An internal note, Markdown.
    Note {
        /// The text.
        text: String,
        /// When it happened; now when nothing is said.
        #[serde(default)]
        at: Option<Timestamp>,
    },
    /// What a monitor or a person reported.
    Alert {
        /// What it said.
        text: String,
        /// Where it came from.
        #[serde(default)]
        source: Option<String>,
        /// When; now when nothing is said.
        #[serde(default)]
        at: Option<Timestamp>,
    },
    /// What somebody changed in a system.
    Change {
        /// What was changed.
        text: String,
        /// When; now when nothing is said.
        #[serde(default)]
        at: Option<Timestamp>,
    },
}

/// An edit of an event's text or time. The earlier version is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EditEvent {
    /// New text.
    pub text: Option<String>,
    /// New time of happening.
    pub at: Option<Timestamp>,
}

/// A milestone set by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetMilestone {
    /// Which.
    pub milestone: Milestone,
    /// When it was; now when nothing is said.
    #[serde(default)]
    pub at: Option<Timestamp>,
    /// From what this is known, such as "alert api-5xx".
    #[serde(default)]
    pub source: Option<String>,
}

/// A role taken or left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetRole {
    /// `lead`, `communications`, `scribe` or a word of the team's own.
    pub role: String,
    /// Who; the caller when nothing is said.
    #[serde(default)]
    pub person: Option<String>,
    /// False to leave it; true when nothing is said.
    #[serde(default = "yes")]
    pub taken: bool,
}

fn yes() -> bool {
    true
}

impl App {
    /// Adds a note, an alert or a change to an incident's timeline.
    pub async fn add_event(
        &self,
        caller: &Caller,
        incident: &str,
        input: NewEvent,
    ) -> Result<Event, AppError> {
        caller.require(Action::Create, Resource::Event)?;
        let now = self.now();
        let mut errors = FieldErrors::default();
        let (body, at) = match input {
            NewEvent::Note { text, at } => {
                (errors.take(text::prose("text", &text, MAX_TEXT)).map(|text| EventBody::Note { text }), at)
            }
            NewEvent::Alert { text, source, at } => {
                let source = errors.take(text::optional_line("source", source.as_deref(), 200)).flatten();
                (
                    errors
                        .take(text::prose("text", &text, MAX_TEXT))
                        .map(|text| EventBody::Alert { text, source }),
                    at,
                )
            }
            NewEvent::Change { text, at } => {
                (errors.take(text::prose("text", &text, MAX_TEXT)).map(|text| EventBody::Change { text }), at)
            }
        };
        past(&mut errors, "at", at, now);
        errors.finish()?;
        let Some(body) = body else { return Err(AppError::field("text", "is empty; write something")) };
        let mut tx = self.begin().await?;
        let incident = find_for_update(&mut tx, incident).await?;
        self.put(tx, caller, incident, at.unwrap_or(now), body, now).await
    }

    /// Sets a milestone by hand; it then wins over what the record would say.
    pub async fn set_milestone(
        &self,
        caller: &Caller,
        incident: &str,
        input: SetMilestone,
    ) -> Result<Event, AppError> {
        caller.require(Action::Edit, Resource::Incident)?;
        let now = self.now();
        let mut errors = FieldErrors::default();
        past(&mut errors, "at", input.at, now);
        let source = errors.take(text::optional_line("source", input.source.as_deref(), 200)).flatten();
        errors.finish()?;
        let at = input.at.unwrap_or(now);
        let mut tx = self.begin().await?;
        let mut incident = find_for_update(&mut tx, incident).await?;
        match input.milestone {
            Milestone::Started => incident.started_at = at,
            Milestone::Resolved if incident.resolved_at.is_none() => {
                return Err(AppError::field(
                    "milestone",
                    "has not come: the incident is open; resolve it first",
                ));
            }
            Milestone::Resolved => incident.resolved_at = Some(at),
            Milestone::Mitigated if at < incident.started_at => {
                return Err(AppError::field("at", "is before the incident began"));
            }
            _ => {}
        }
        if incident.resolved_at.is_some_and(|end| end < incident.started_at) {
            return Err(AppError::field("at", "would let the incident end before it began"));
        }
        self.put(tx, caller, incident, at, EventBody::Milestone { milestone: input.milestone, source }, now)
            .await
    }

    /// Takes or leaves a role.
    pub async fn set_role(&self, caller: &Caller, incident: &str, input: SetRole) -> Result<Event, AppError> {
        caller.require(Action::Create, Resource::Event)?;
        let now = self.now();
        let mut errors = FieldErrors::default();
        let role = errors.take(text::line("role", &input.role, 60));
        let person = errors.take(text::optional_line("person", input.person.as_deref(), 120)).flatten();
        errors.finish()?;
        let body = EventBody::Role {
            role: role.unwrap_or_default(),
            person: person.unwrap_or_else(|| caller.actor.name.clone()),
            taken: input.taken,
        };
        let mut tx = self.begin().await?;
        let incident = find_for_update(&mut tx, incident).await?;
        if let EventBody::Role { role, person, taken: false } = &body {
            let held = roles(&event::of(&mut tx, incident.id.as_str()).await?);
            if !held.iter().any(|h| h.role == *role && h.person == *person) {
                return Err(AppError::field("role", format!("{person} does not have the role {role}")));
            }
        }
        self.put(tx, caller, incident, now, body, now).await
    }

    /// Edits an event's text or time if nobody edited it since `expected`. The earlier version is kept and shown.
    pub async fn edit_event(
        &self,
        caller: &Caller,
        id: &EventId,
        expected: i64,
        input: EditEvent,
    ) -> Result<Event, AppError> {
        if !caller.may(Action::Edit, Resource::Update) {
            caller.require(Action::Edit, Resource::Event)?;
        }
        let now = self.now();
        let mut tx = self.begin().await?;
        let old = event::get(&mut tx, id).await?.ok_or(AppError::NotFound("event"))?;
        let resource = if old.body.is_public() { Resource::Update } else { Resource::Event };
        caller.require(Action::Edit, resource)?;
        if old.version != expected {
            return Err(AppError::conflict(&old));
        }
        let mut errors = FieldErrors::default();
        past(&mut errors, "at", input.at, now);
        let new_text = match (&input.text, old.body.text()) {
            (None, _) => None,
            (Some(_), None) => {
                errors.add("text", "this kind of event has no text of its own; only its time can be changed");
                None
            }
            (Some(text), Some(_)) => errors.take(text::prose("text", text, MAX_TEXT)),
        };
        errors.finish()?;
        let mut new = old.clone();
        if let Some(body) = new_text.and_then(|text| old.body.with_text(text)) {
            new.body = body;
        }
        new.at = input.at.unwrap_or(old.at);
        new.edited_at = Some(now);
        new.version += 1;
        if new.body == old.body && new.at == old.at {
            return Ok(old);
        }
        if !event::replace(&mut tx, &old, &new, &caller.actor).await? {
            let current = event::get(&mut tx, id).await?.ok_or(AppError::NotFound("event"))?;
            return Err(AppError::conflict(&current));
        }
        if let Subject::Incident(incident_id) = &new.subject {
            let mut incident = find(&mut tx, incident_id.as_str()).await?;
            let expected = incident.version;
            (incident.updated_at, incident.version) = (now, expected + 1);
            incident::update(&mut tx, &incident, expected).await?;
        }
        if new.body.is_public() {
            page::touch(&mut tx, now).await?;
        }
        let detail = json!({"kind": new.body.kind(), "version": new.version});
        record::changed(&mut tx, caller, Action::Edit, resource, id.as_str(), detail, now).await?;
        amends_store::feed::push(&mut tx, new.subject.kind(), new.subject.id(), now).await?;
        self.commit(tx).await?;
        Ok(new)
    }

    /// Writes one event and the incident it belongs to, and commits.
    pub(super) async fn put(
        &self,
        mut tx: Tx,
        caller: &Caller,
        mut incident: Incident,
        at: Timestamp,
        body: EventBody,
        now: Timestamp,
    ) -> Result<Event, AppError> {
        let event = self.new_event(caller, incident.id.clone().into(), at, body, now);
        let expected = incident.version;
        (incident.updated_at, incident.version) = (now, expected + 1);
        if !incident::update(&mut tx, &incident, expected).await? {
            return Err(AppError::conflict(&find(&mut tx, incident.id.as_str()).await?));
        }
        event::insert(&mut tx, &event).await?;
        let detail = json!({"event": event.id, "kind": event.body.kind()});
        record::changed(&mut tx, caller, Action::Edit, Resource::Incident, incident.id.as_str(), detail, now)
            .await?;
        self.commit(tx).await?;
        Ok(event)
    }
}
