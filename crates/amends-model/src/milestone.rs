//! Milestones: the seven times of an incident, each with what it was derived from.

use crate::event::{Event, EventBody};
use crate::incident::{Incident, IncidentState, Phase, Visibility};
use crate::words::words;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

words! {
    /// A time that every incident has sooner or later.
    pub enum Milestone {
        /// It began.
        Started = "started",
        /// Somebody or something noticed.
        Detected = "detected",
        /// The record was opened.
        Declared = "declared",
        /// Customers could see the first message.
        FirstWord = "first_word",
        /// Customers no longer hurt.
        Mitigated = "mitigated",
        /// Over.
        Resolved = "resolved",
        /// The postmortem was published.
        Learned = "learned",
    }
}

impl Milestone {
    /// Words for a clock strip.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Started => "Started",
            Self::Detected => "Detected",
            Self::Declared => "Declared",
            Self::FirstWord => "First word",
            Self::Mitigated => "Mitigated",
            Self::Resolved => "Resolved",
            Self::Learned => "Learned",
        }
    }
}

/// A milestone's time and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MilestoneTime {
    /// When.
    pub at: Timestamp,
    /// In words: "set by Ada", "first public update", "alert api-5xx".
    pub source: String,
}

/// The milestones of one incident; those that have not come yet are absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Milestones {
    /// It began.
    pub started: Option<MilestoneTime>,
    /// Somebody or something noticed.
    pub detected: Option<MilestoneTime>,
    /// The record was opened.
    pub declared: Option<MilestoneTime>,
    /// Customers could see the first message.
    pub first_word: Option<MilestoneTime>,
    /// Customers no longer hurt.
    pub mitigated: Option<MilestoneTime>,
    /// Over.
    pub resolved: Option<MilestoneTime>,
    /// The postmortem was published.
    pub learned: Option<MilestoneTime>,
}

impl Milestones {
    /// The time of one milestone.
    pub fn get(&self, milestone: Milestone) -> Option<&MilestoneTime> {
        match milestone {
            Milestone::Started => self.started.as_ref(),
            Milestone::Detected => self.detected.as_ref(),
            Milestone::Declared => self.declared.as_ref(),
            Milestone::FirstWord => self.first_word.as_ref(),
            Milestone::Mitigated => self.mitigated.as_ref(),
            Milestone::Resolved => self.resolved.as_ref(),
            Milestone::Learned => self.learned.as_ref(),
        }
    }

    fn slot(&mut self, milestone: Milestone) -> &mut Option<MilestoneTime> {
        match milestone {
            Milestone::Started => &mut self.started,
            Milestone::Detected => &mut self.detected,
            Milestone::Declared => &mut self.declared,
            Milestone::FirstWord => &mut self.first_word,
            Milestone::Mitigated => &mut self.mitigated,
            Milestone::Resolved => &mut self.resolved,
            Milestone::Learned => &mut self.learned,
        }
    }

    /// Sets the time of one milestone and where it is known from.
    pub fn set(&mut self, milestone: Milestone, at: Timestamp, source: impl Into<String>) {
        *self.slot(milestone) = Some(MilestoneTime { at, source: source.into() });
    }

    /// All milestones in order with their times.
    pub fn iter(&self) -> impl Iterator<Item = (Milestone, Option<&MilestoneTime>)> {
        Milestone::ALL.iter().map(|m| (*m, self.get(*m)))
    }
}

/// How the source of a time ends that stands for one that nobody noted.
const UNKNOWN_EARLIER: &str = "; nothing earlier is known";

impl MilestoneTime {
    /// Whether this is only the latest that it can have been: nobody noted the time itself.
    pub fn is_latest_possible(&self) -> bool {
        self.source.ends_with(UNKNOWN_EARLIER)
    }
}

/// Derives the milestones from the record. What somebody set by hand wins over what can be derived; of several settings
/// the one written last.
pub fn milestones(incident: &Incident, events: &[Event]) -> Milestones {
    let mut found = Milestones {
        started: Some(MilestoneTime { at: incident.started_at, source: "the record".into() }),
        ..Milestones::default()
    };
    let mut events: Vec<&Event> = events.iter().collect();
    events.sort_by_key(|e| (e.at, e.written_at));
    for event in &events {
        let derived = match &event.body {
            EventBody::Declared { .. } => {
                Some((Milestone::Declared, format!("declared by {}", event.actor.name)))
            }
            EventBody::Alert { source, .. } => Some((
                Milestone::Detected,
                source.clone().map_or("first alert".into(), |s| format!("alert from {s}")),
            )),
            EventBody::Update { .. } if incident.visibility == Visibility::Public => {
                Some((Milestone::FirstWord, "first public update".into()))
            }
            EventBody::Postmortem { letter: false, .. } => {
                Some((Milestone::Learned, "postmortem published".into()))
            }
            _ => None,
        };
        // The first event of its kind decides.
        if let Some((milestone, source)) = derived
            && found.get(milestone).is_none()
        {
            *found.slot(milestone) = Some(MilestoneTime { at: event.at, source });
        }
        // A state counts only while it lasts: reopening takes "mitigated" and "resolved" back.
        match &event.body {
            EventBody::State { to: IncidentState::Mitigated, .. } => {
                found.mitigated =
                    Some(MilestoneTime { at: event.at, source: format!("set by {}", event.actor.name) });
                found.resolved = None;
            }
            EventBody::State { to: IncidentState::Resolved, .. } => {
                found.resolved =
                    Some(MilestoneTime { at: event.at, source: format!("set by {}", event.actor.name) });
            }
            EventBody::State { to: IncidentState::Open, .. } => {
                found.mitigated = None;
                found.resolved = None;
            }
            EventBody::Update { phase: Phase::Monitoring, .. } if found.mitigated.is_none() => {
                found.mitigated =
                    Some(MilestoneTime { at: event.at, source: "customers were told a fix is in".into() });
            }
            EventBody::Update { phase: Phase::Resolved, .. } if found.resolved.is_none() => {
                found.resolved =
                    Some(MilestoneTime { at: event.at, source: "customers were told it is over".into() });
            }
            EventBody::Update { phase: Phase::Investigating | Phase::Identified, .. } => {
                if found.resolved.as_ref().is_some_and(|r| r.source.starts_with("customers")) {
                    found.resolved = None;
                }
                if found.mitigated.as_ref().is_some_and(|m| m.source.starts_with("customers")) {
                    found.mitigated = None;
                }
            }
            _ => {}
        }
    }
    if found.resolved.is_none()
        && let Some(at) = incident.resolved_at
    {
        found.resolved = Some(MilestoneTime { at, source: "the record".into() });
    }
    if found.mitigated.is_none() && found.resolved.is_some() {
        found.mitigated = found
            .resolved
            .clone()
            .map(|r| MilestoneTime { at: r.at, source: format!("resolved{UNKNOWN_EARLIER}") });
    }
    if found.detected.is_none() {
        found.detected = found
            .declared
            .clone()
            .map(|d| MilestoneTime { at: d.at, source: format!("declared{UNKNOWN_EARLIER}") });
    }
    let mut by_hand: Vec<&&Event> =
        events.iter().filter(|e| matches!(e.body, EventBody::Milestone { .. })).collect();
    by_hand.sort_by_key(|e| e.written_at);
    let reopened = events
        .iter()
        .filter(|e| matches!(e.body, EventBody::State { to: IncidentState::Open, .. }))
        .map(|e| e.written_at)
        .max();
    for event in by_hand {
        if let EventBody::Milestone { milestone, source } = &event.body {
            // An end that somebody set is taken back by opening the incident again, too.
            let is_end = matches!(milestone, Milestone::Mitigated | Milestone::Resolved);
            if is_end && reopened.is_some_and(|at| event.written_at <= at) {
                continue;
            }
            let source = source.clone().unwrap_or_else(|| format!("set by {}", event.actor.name));
            *found.slot(*milestone) = Some(MilestoneTime { at: event.at, source });
        }
    }
    found
}
