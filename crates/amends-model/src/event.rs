//! The timeline: typed events, each with who, when it happened and when it was written.

use crate::component::ComponentStatus;
use crate::id::{ComponentId, EventId, PersonId, PostmortemId, Subject, TokenId};
use crate::incident::{Impact, IncidentState, Phase, Severity, Visibility};
use crate::maintenance::MaintenanceState;
use crate::milestone::Milestone;
use crate::words::words;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

words! {
    /// What kind of thing acted.
    pub enum ActorKind {
        /// A signed-in person.
        Person = "person",
        /// A program with a token.
        Token = "token",
        /// Amends itself: the clock, an import.
        System = "system",
    }
}

/// Who did it. The name is kept as it was then, so that the record stays readable when people leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Actor {
    /// Person, token or system.
    pub kind: ActorKind,
    /// Id of the person or token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Name as it was then.
    pub name: String,
}

impl Actor {
    /// Amends itself, doing `what`, such as "clock" or "import".
    pub fn system(what: &str) -> Self {
        Actor { kind: ActorKind::System, id: None, name: what.into() }
    }

    /// A person.
    pub fn person(id: &PersonId, name: &str) -> Self {
        Actor { kind: ActorKind::Person, id: Some(id.as_str().into()), name: name.into() }
    }

    /// A program with a token.
    pub fn token(id: &TokenId, name: &str) -> Self {
        Actor { kind: ActorKind::Token, id: Some(id.as_str().into()), name: name.into() }
    }
}

/// How an update changed a component, as it was then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ComponentChange {
    /// The component.
    pub component_id: ComponentId,
    /// Its name then; "Group - Component" when grouped.
    pub name: String,
    /// Before.
    pub from: ComponentStatus,
    /// After.
    pub to: ComponentStatus,
}

/// What happened. Only `Update` is ever shown to customers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EventBody {
    /// The record was opened.
    Declared {
        /// Severity then.
        severity: Severity,
    },
    /// An internal note, in Markdown.
    Note {
        /// The text.
        text: String,
    },
    /// A message to customers about an incident, in Markdown.
    Update {
        /// What customers are told the phase is.
        phase: Phase,
        /// The text.
        text: String,
        /// Whether subscribers were notified, or only the page changed.
        notify: bool,
        /// Components that changed with it.
        #[serde(default)]
        components: Vec<ComponentChange>,
    },
    /// A message to customers about planned work, in Markdown.
    MaintenanceUpdate {
        /// State then.
        state: MaintenanceState,
        /// The text.
        text: String,
        /// Whether subscribers were notified, or only the page changed.
        notify: bool,
        /// Components that changed with it.
        #[serde(default)]
        components: Vec<ComponentChange>,
    },
    /// Somebody took or left a role.
    Role {
        /// Which: `lead`, `communications`, `scribe` or a word of the team's own.
        role: String,
        /// Who.
        person: String,
        /// Taken, or left.
        taken: bool,
    },
    /// Components changed without a word to subscribers.
    Components {
        /// The changes.
        components: Vec<ComponentChange>,
    },
    /// A milestone was set by hand.
    Milestone {
        /// Which. Its time is the event's own.
        milestone: Milestone,
        /// Why or from what, such as "alert api-5xx".
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<String>,
    },
    /// Severity changed.
    Severity {
        /// Before.
        from: Severity,
        /// After.
        to: Severity,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The page's impact was set by hand.
    ImpactOverride {
        /// Before.
        from: Option<Impact>,
        /// After; none lets it follow components again.
        to: Option<Impact>,
    },
    /// Internal state changed.
    State {
        /// Before.
        from: IncidentState,
        /// After.
        to: IncidentState,
    },
    /// It became public or internal.
    Visibility {
        /// Before.
        from: Visibility,
        /// After.
        to: Visibility,
    },
    /// Title or summary changed; the old text is kept here.
    Retitled {
        /// `title` or `summary`.
        field: String,
        /// Before.
        from: String,
        /// After.
        to: String,
    },
    /// Planned times moved.
    Rescheduled {
        /// Old start.
        from_start: Timestamp,
        /// Old end.
        from_end: Timestamp,
        /// New start.
        to_start: Timestamp,
        /// New end.
        to_end: Timestamp,
    },
    /// An outside monitor or a person raised it.
    Alert {
        /// What it said.
        text: String,
        /// Where it came from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<String>,
    },
    /// Somebody changed a system.
    Change {
        /// What was changed.
        text: String,
    },
    /// A postmortem or its customers' letter was published.
    Postmortem {
        /// Which one.
        postmortem_id: PostmortemId,
        /// The internal document, or the customers' letter.
        letter: bool,
        /// Why it was published although the linter found errors.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        despite: Option<String>,
    },
}

impl EventBody {
    /// The word of the kind, as stored and sent.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Declared { .. } => "declared",
            Self::Note { .. } => "note",
            Self::Update { .. } => "update",
            Self::MaintenanceUpdate { .. } => "maintenance_update",
            Self::Role { .. } => "role",
            Self::Components { .. } => "components",
            Self::Milestone { .. } => "milestone",
            Self::Severity { .. } => "severity",
            Self::ImpactOverride { .. } => "impact_override",
            Self::State { .. } => "state",
            Self::Visibility { .. } => "visibility",
            Self::Retitled { .. } => "retitled",
            Self::Rescheduled { .. } => "rescheduled",
            Self::Alert { .. } => "alert",
            Self::Change { .. } => "change",
            Self::Postmortem { .. } => "postmortem",
        }
    }

    /// The text that a person wrote, if this kind has one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Note { text }
            | Self::Update { text, .. }
            | Self::MaintenanceUpdate { text, .. }
            | Self::Alert { text, .. }
            | Self::Change { text } => Some(text),
            _ => None,
        }
    }

    /// The same with another text; `None` where the kind has no text to edit.
    pub fn with_text(&self, new: String) -> Option<Self> {
        let mut body = self.clone();
        match &mut body {
            Self::Note { text }
            | Self::Update { text, .. }
            | Self::MaintenanceUpdate { text, .. }
            | Self::Alert { text, .. }
            | Self::Change { text } => *text = new,
            _ => return None,
        }
        Some(body)
    }

    /// Whether customers see it (when the subject itself is public).
    pub const fn is_public(&self) -> bool {
        matches!(self, Self::Update { .. } | Self::MaintenanceUpdate { .. })
    }
}

/// One event on a timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Event {
    /// Id.
    pub id: EventId,
    /// Whose timeline.
    pub subject: Subject,
    /// When it happened.
    pub at: Timestamp,
    /// When it was written down.
    pub written_at: Timestamp,
    /// Who wrote it.
    pub actor: Actor,
    /// What happened.
    pub body: EventBody,
    /// When it was last edited; earlier versions are kept.
    pub edited_at: Option<Timestamp>,
    /// Counts edits, from 1.
    pub version: i64,
}

/// How an event was before it was edited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EarlierVersion {
    /// Its number.
    pub version: i64,
    /// When it said that it happened.
    pub at: Timestamp,
    /// What it said.
    pub body: EventBody,
    /// When it was replaced.
    pub replaced_at: Timestamp,
    /// By whom.
    pub replaced_by: Actor,
}
