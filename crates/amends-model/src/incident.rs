//! The incident: one record, of which everything that people read is a projection.

use crate::component::ComponentStatus;
use crate::id::{ComponentId, IncidentId};
use crate::words::words;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

words! {
    /// How bad it is for us; internal. `sev1` is the worst.
    pub enum Severity {
        /// Everything stops; wake people.
        Sev1 = "sev1",
        /// A main function is out for many.
        Sev2 = "sev2",
        /// A part is out or slow.
        Sev3 = "sev3",
        /// Small; in working hours.
        Sev4 = "sev4",
    }
}

words! {
    /// How bad it is for customers; what the page shows.
    pub enum Impact {
        /// Customers notice nothing.
        None = "none",
        /// Degraded.
        Minor = "minor",
        /// Partly out.
        Major = "major",
        /// Out.
        Critical = "critical",
    }
}

words! {
    /// What customers are told. Separate from the internal state: fixing something posts nothing by itself.
    pub enum Phase {
        /// We are looking for the reason.
        Investigating = "investigating",
        /// We know the reason.
        Identified = "identified",
        /// A fix is in; we are watching.
        Monitoring = "monitoring",
        /// It is over.
        Resolved = "resolved",
    }
}

words! {
    /// Where we stand internally.
    pub enum IncidentState {
        /// Being worked on.
        Open = "open",
        /// Customers no longer hurt; not finished.
        Mitigated = "mitigated",
        /// Finished.
        Resolved = "resolved",
    }
}

words! {
    /// Who may see it.
    pub enum Visibility {
        /// Signed-in people only.
        Internal = "internal",
        /// On the status page, too.
        Public = "public",
    }
}

impl Severity {
    /// How long after an incident was noticed customers who are hurt should have heard the first word.
    pub const fn first_word_target(self) -> jiff::SignedDuration {
        jiff::SignedDuration::from_mins(match self {
            Self::Sev1 => 5,
            Self::Sev2 => 10,
            Self::Sev3 => 30,
            Self::Sev4 => 60,
        })
    }

    /// As people say it: `SEV 2`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Sev1 => "SEV 1",
            Self::Sev2 => "SEV 2",
            Self::Sev3 => "SEV 3",
            Self::Sev4 => "SEV 4",
        }
    }

    /// What it means, in a few words.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Sev1 => "everything stops; wake people",
            Self::Sev2 => "a main function is out for many",
            Self::Sev3 => "a part is out or slow",
            Self::Sev4 => "small; in working hours",
        }
    }
}

impl Phase {
    /// The word with a capital, as the page and the feeds write it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Investigating => "Investigating",
            Self::Identified => "Identified",
            Self::Monitoring => "Monitoring",
            Self::Resolved => "Resolved",
        }
    }
}

impl Impact {
    /// The impact that a component in this state means, as measured on real pages (degraded → minor, partial → major,
    /// major → critical).
    pub const fn of(status: ComponentStatus) -> Self {
        match status {
            ComponentStatus::Operational | ComponentStatus::UnderMaintenance => Self::None,
            ComponentStatus::DegradedPerformance => Self::Minor,
            ComponentStatus::PartialOutage => Self::Major,
            ComponentStatus::MajorOutage => Self::Critical,
        }
    }

    /// The impact after components changed: it never comes down by itself when components recover.
    pub fn raised_by(self, statuses: impl IntoIterator<Item = ComponentStatus>) -> Self {
        statuses.into_iter().map(Self::of).fold(self, Self::max)
    }

    /// The component status whose shape, word and colour show this impact.
    pub const fn as_status(self) -> ComponentStatus {
        match self {
            Self::None => ComponentStatus::Operational,
            Self::Minor => ComponentStatus::DegradedPerformance,
            Self::Major => ComponentStatus::PartialOutage,
            Self::Critical => ComponentStatus::MajorOutage,
        }
    }
}

/// A component that an incident touches, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Affected {
    /// The component.
    pub component_id: ComponentId,
    /// The worst status so far because of this incident; what the history shows.
    pub status: ComponentStatus,
    /// The status now because of this incident; counts only while customers see it as open.
    pub current: ComponentStatus,
}

/// An incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Incident {
    /// Id, also of its public page.
    pub id: IncidentId,
    /// The number people say: INC-42.
    pub number: i64,
    /// What users cannot do, in one line.
    pub title: String,
    /// What users cannot do, in a few sentences; internal until it is told.
    pub summary: String,
    /// Who may see it.
    pub visibility: Visibility,
    /// Internal severity.
    pub severity: Severity,
    /// Impact that the page shows: worst of its components so far, unless overridden.
    pub impact: Impact,
    /// An impact somebody set by hand, which then stays.
    pub impact_override: Option<Impact>,
    /// Where we stand internally.
    pub state: IncidentState,
    /// What customers were told last.
    pub phase: Phase,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended for customers; set when the public phase or the internal state first becomes resolved.
    pub resolved_at: Option<Timestamp>,
    /// When the phase became `monitoring`, last time.
    pub monitoring_at: Option<Timestamp>,
    /// By when customers were promised the next word.
    pub next_update_at: Option<Timestamp>,
    /// Components it touches.
    pub components: Vec<Affected>,
    /// Written afterwards or imported; never notifies.
    pub backfilled: bool,
    /// Address of the original, when imported.
    pub source_url: Option<String>,
    /// When the record was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts changes, for optimistic edits.
    pub version: i64,
}

impl Incident {
    /// The impact that the page shows.
    pub fn shown_impact(&self) -> Impact {
        self.impact_override.unwrap_or(self.impact)
    }

    /// Whether customers see it as going on.
    pub fn is_open_for_customers(&self) -> bool {
        self.visibility == Visibility::Public && self.phase != Phase::Resolved
    }

    /// INC-42.
    pub fn name(&self) -> String {
        format!("INC-{}", self.number)
    }
}
