//! An incident as one row of a list.

use crate::pages::when::{Markup, When, short};
use amends_model::{Impact, Incident, IncidentState, Visibility};

/// Mark, word and tone of a state: never colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tone {
    /// Class that gives the colour.
    pub class: &'static str,
    /// The shape.
    pub mark: &'static str,
    /// The word.
    pub word: &'static str,
}

/// How an impact is shown.
pub fn impact(impact: Impact) -> Tone {
    if impact == Impact::None {
        return Tone { class: "quiet-state", mark: "○", word: "No harm to customers" };
    }
    let status = impact.as_status();
    Tone { class: status.tone(), mark: status.shape(), word: status.label() }
}

/// See the module.
#[derive(Debug, Clone)]
pub struct Row {
    /// Address of the room.
    pub href: String,
    /// INC-42.
    pub name: String,
    /// What users cannot do.
    pub title: String,
    /// Impact that the page shows.
    pub tone: Tone,
    /// SEV 2.
    pub severity: &'static str,
    /// What customers are told.
    pub told: String,
    /// Where we stand.
    pub state: &'static str,
    /// When it began.
    pub started: Markup,
    /// How long it lasted or has been going on.
    pub lasted: Markup,
    /// Whether it goes on.
    pub open: bool,
    /// When the next word is due, and whether that has passed.
    pub next_word: Option<(Markup, bool)>,
}

impl Row {
    /// The row of `incident`.
    pub fn of(incident: &Incident, when: &When) -> Self {
        let open = incident.state != IncidentState::Resolved || incident.is_open_for_customers();
        Row {
            href: format!("/app/incidents/{}", incident.number),
            name: incident.name(),
            title: incident.title.clone(),
            tone: impact(incident.shown_impact()),
            severity: incident.severity.label(),
            told: told(incident),
            state: state(incident.state),
            started: when.stamp(incident.started_at),
            lasted: match incident.resolved_at {
                Some(end) => Markup(short(end.duration_since(incident.started_at))),
                None => when.running(incident.started_at),
            },
            open,
            next_word: incident
                .next_update_at
                .filter(|_| incident.is_open_for_customers())
                .map(|at| (when.distance(at), at < when.now)),
        }
    }
}

/// What customers are told, in words.
pub fn told(incident: &Incident) -> String {
    match incident.visibility {
        Visibility::Internal => "Internal".into(),
        Visibility::Public => format!("Customers see: {}", incident.phase.label()),
    }
}

/// Where we stand, in words.
pub const fn state(state: IncidentState) -> &'static str {
    match state {
        IncidentState::Open => "Open",
        IncidentState::Mitigated => "Mitigated",
        IncidentState::Resolved => "Resolved",
    }
}
