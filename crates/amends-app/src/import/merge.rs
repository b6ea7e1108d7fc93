//! What an import does to the record: decided here, without any IO.
//!
//! Sources tell the same story in different words: feeds are exact to the minute and keep paragraphs, archives lose
//! paragraphs, later exports hold texts that were edited meanwhile. Importing one after the other, in any order and any
//! number of times, gives one incident with each message once.

use amends_model::{
    Affected, ComponentId, ComponentStatus, Event, EventBody, Impact, Incident, IncidentState, Maintenance,
    MaintenanceState, Phase, Severity, Subject, Visibility, text,
};
use jiff::{SignedDuration, Timestamp};

use super::tell::{Told, tell};
use super::{Detail, ForeignIncident, ForeignStatus, ForeignUpdate};
use crate::incident::MAX_TITLE;

/// What becomes of one incident or maintenance.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan<T> {
    /// How it is to be afterwards; its number is 0 when it is new.
    pub subject: T,
    /// Whether it is new, changed or as it was.
    pub verdict: Verdict,
    /// Messages to add.
    pub add: Vec<Event>,
    /// Messages to replace: as they are, and as they are to be.
    pub replace: Vec<(Event, Event)>,
    /// Messages that are there already.
    pub unchanged: usize,
}

/// New, changed, or as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    New,
    Updated,
    Unchanged,
}

/// Plans one incident. `components` are those that the source names, found in the catalogue; `known` is what is on the
/// record already, with its messages.
pub(crate) fn incident(
    foreign: &ForeignIncident,
    components: &[(ComponentId, Option<ComponentStatus>)],
    known: Option<(Incident, Vec<Event>)>,
    id: amends_model::IncidentId,
    now: Timestamp,
) -> Plan<Incident> {
    let over = foreign.resolved_at.is_some();
    let phases = phases(&foreign.updates);
    let last_phase =
        if over { Phase::Resolved } else { phases.last().copied().unwrap_or(Phase::Investigating) };
    let monitoring_at =
        foreign.updates.iter().rev().find(|u| u.status == ForeignStatus::Monitoring).map(|u| u.at);
    let Some((before, events)) = known else {
        let impact = foreign.impact.unwrap_or(Impact::None);
        let mut new = Incident {
            id,
            number: 0,
            title: text::cleaned(&foreign.title, MAX_TITLE),
            summary: String::new(),
            visibility: Visibility::Public,
            severity: severity(impact),
            impact,
            impact_override: None,
            state: if over { IncidentState::Resolved } else { IncidentState::Open },
            phase: last_phase,
            started_at: foreign.started_at,
            resolved_at: foreign.resolved_at,
            monitoring_at,
            next_update_at: None,
            components: Vec::new(),
            backfilled: true,
            source_url: foreign.url.as_deref().and_then(address),
            created_at: first_told(foreign).min(now),
            updated_at: last_told(foreign).min(now),
            version: 1,
        };
        touch(&mut new, components, over);
        let subject = Subject::Incident(new.id.clone());
        let told = tell(foreign, &subject, &[], now, &|i, words| update(phases[i], words));
        return Plan {
            subject: new,
            verdict: Verdict::New,
            add: told.add,
            replace: told.replace,
            unchanged: 0,
        };
    };
    // What was declared here is not an import's to change.
    if !before.backfilled {
        let unchanged = foreign.updates.len();
        return Plan {
            subject: before,
            verdict: Verdict::Unchanged,
            add: vec![],
            replace: vec![],
            unchanged,
        };
    }
    let newer = last_told(foreign) > before.updated_at;
    let mut after = before.clone();
    // "None" is what an import writes when its source did not say; a source that says wins over that.
    if let Some(impact) = foreign.impact
        && (before.impact == Impact::None || newer)
        && foreign.detail == Detail::Full
    {
        after.impact = impact;
        if before.severity == severity(before.impact) {
            after.severity = severity(impact);
        }
        // Components that were filed by the unknown impact follow the known one.
        for affected in &mut after.components {
            if affected.status == before.impact.as_status() {
                affected.status = impact.as_status();
            }
        }
    }
    if foreign.detail == Detail::Full {
        if newer {
            after.title = text::cleaned(&foreign.title, MAX_TITLE);
        }
        if over && before.phase != Phase::Resolved {
            (after.phase, after.state) = (Phase::Resolved, IncidentState::Resolved);
            after.resolved_at = foreign.resolved_at;
            after.components.iter_mut().for_each(|a| a.current = ComponentStatus::Operational);
        } else if !over && newer && before.phase != Phase::Resolved {
            after.phase = last_phase;
        }
        after.monitoring_at = after.monitoring_at.or(monitoring_at);
        after.source_url = after.source_url.or_else(|| foreign.url.as_deref().and_then(address));
        let over = after.phase == Phase::Resolved;
        touch(&mut after, components, over);
    }
    let subject = Subject::Incident(after.id.clone());
    let told = match foreign.detail {
        Detail::Full => tell(foreign, &subject, &events, now, &|i, words| update(phases[i], words)),
        Detail::Outline => Told { unchanged: foreign.updates.len(), ..Told::default() },
    };
    // A new time of change alone is no change: the same story was told again.
    let changed = after != before || told.changes();
    if changed {
        after.updated_at = before.updated_at.max(last_told(foreign)).min(now.max(before.updated_at));
        after.version += 1;
    }
    Plan {
        subject: after,
        verdict: if changed { Verdict::Updated } else { Verdict::Unchanged },
        add: told.add,
        replace: told.replace,
        unchanged: told.unchanged,
    }
}

/// Plans one maintenance; as [`incident`].
pub(crate) fn maintenance(
    foreign: &ForeignIncident,
    components: &[(ComponentId, Option<ComponentStatus>)],
    known: Option<(Maintenance, Vec<Event>)>,
    id: amends_model::MaintenanceId,
    now: Timestamp,
) -> Plan<Maintenance> {
    let states = states(&foreign.updates);
    let state = match foreign.resolved_at {
        Some(_) => MaintenanceState::Completed,
        None => states.last().copied().unwrap_or(MaintenanceState::Scheduled),
    };
    let begun = (state != MaintenanceState::Scheduled).then_some(foreign.started_at);
    let Some((before, events)) = known else {
        let from = foreign.scheduled_for.unwrap_or(foreign.started_at);
        let until = foreign
            .scheduled_until
            .or(foreign.resolved_at)
            .filter(|until| *until > from)
            .or_else(|| from.checked_add(SignedDuration::from_hours(1)).ok())
            .unwrap_or(from);
        let new = Maintenance {
            id,
            number: 0,
            title: text::cleaned(&foreign.title, MAX_TITLE),
            visibility: Visibility::Public,
            state,
            scheduled_for: from,
            scheduled_until: until,
            started_at: begun,
            completed_at: foreign.resolved_at,
            components: components.iter().map(|(id, _)| id.clone()).collect(),
            auto_start: state != MaintenanceState::Completed,
            auto_complete: state != MaintenanceState::Completed,
            remind_before_minutes: None,
            reminded_at: None,
            backfilled: true,
            created_at: first_told(foreign).min(now),
            updated_at: last_told(foreign).min(now),
            version: 1,
        };
        let subject = Subject::Maintenance(new.id.clone());
        let told = tell(foreign, &subject, &[], now, &|i, words| work(states[i], words));
        return Plan {
            subject: new,
            verdict: Verdict::New,
            add: told.add,
            replace: told.replace,
            unchanged: 0,
        };
    };
    if !before.backfilled || foreign.detail == Detail::Outline {
        let unchanged = foreign.updates.len();
        return Plan {
            subject: before,
            verdict: Verdict::Unchanged,
            add: vec![],
            replace: vec![],
            unchanged,
        };
    }
    let newer = last_told(foreign) > before.updated_at;
    let mut after = before.clone();
    if newer {
        after.title = text::cleaned(&foreign.title, MAX_TITLE);
        after.scheduled_for = foreign.scheduled_for.unwrap_or(after.scheduled_for);
        after.scheduled_until = foreign.scheduled_until.unwrap_or(after.scheduled_until);
    }
    if newer && state > before.state {
        (after.state, after.started_at, after.completed_at) =
            (state, after.started_at.or(begun), foreign.resolved_at);
        if state == MaintenanceState::Completed {
            (after.auto_start, after.auto_complete) = (false, false);
        }
    }
    for (id, _) in components {
        if !after.components.contains(id) {
            after.components.push(id.clone());
        }
    }
    let subject = Subject::Maintenance(after.id.clone());
    let told = tell(foreign, &subject, &events, now, &|i, words| work(states[i], words));
    let changed = after != before || told.changes();
    if changed {
        after.updated_at = before.updated_at.max(last_told(foreign)).min(now.max(before.updated_at));
        after.version += 1;
    }
    Plan {
        subject: after,
        verdict: if changed { Verdict::Updated } else { Verdict::Unchanged },
        add: told.add,
        replace: told.replace,
        unchanged: told.unchanged,
    }
}

/// The phase that customers were told with each message: "Update" leaves it as it was.
fn phases(updates: &[ForeignUpdate]) -> Vec<Phase> {
    let mut phase = Phase::Investigating;
    updates
        .iter()
        .map(|u| {
            phase = match u.status {
                ForeignStatus::Investigating => Phase::Investigating,
                ForeignStatus::Identified => Phase::Identified,
                ForeignStatus::Monitoring | ForeignStatus::Verifying => Phase::Monitoring,
                ForeignStatus::Resolved | ForeignStatus::Completed | ForeignStatus::Postmortem => {
                    Phase::Resolved
                }
                ForeignStatus::Same | ForeignStatus::Scheduled | ForeignStatus::InProgress => phase,
            };
            phase
        })
        .collect()
}

fn states(updates: &[ForeignUpdate]) -> Vec<MaintenanceState> {
    let mut state = MaintenanceState::Scheduled;
    updates
        .iter()
        .map(|u| {
            state = match u.status {
                ForeignStatus::Scheduled => MaintenanceState::Scheduled,
                ForeignStatus::InProgress => MaintenanceState::InProgress,
                ForeignStatus::Verifying | ForeignStatus::Monitoring => MaintenanceState::Verifying,
                ForeignStatus::Completed | ForeignStatus::Resolved => MaintenanceState::Completed,
                _ => state,
            };
            state
        })
        .collect()
}

fn update(phase: Phase, text: String) -> EventBody {
    EventBody::Update { phase, text, notify: false, components: Vec::new() }
}

fn work(state: MaintenanceState, text: String) -> EventBody {
    EventBody::MaintenanceUpdate { state, text, notify: false, components: Vec::new() }
}

/// Names components. Where the source gives no status, the impact tells how bad it was.
fn touch(incident: &mut Incident, components: &[(ComponentId, Option<ComponentStatus>)], over: bool) {
    for (id, status) in components {
        let status = status.unwrap_or(incident.impact.as_status());
        match incident.components.iter_mut().find(|a| a.component_id == *id) {
            Some(known) => known.status = known.status.max(status),
            None => incident.components.push(Affected {
                component_id: id.clone(),
                status,
                current: if over { ComponentStatus::Operational } else { status },
            }),
        }
    }
}

/// Other pages have no severity; the impact is the nearest thing that they say.
fn severity(impact: Impact) -> Severity {
    match impact {
        Impact::Critical => Severity::Sev1,
        Impact::Major => Severity::Sev2,
        Impact::Minor => Severity::Sev3,
        Impact::None => Severity::Sev4,
    }
}

fn first_told(foreign: &ForeignIncident) -> Timestamp {
    foreign.updates.first().map_or(foreign.started_at, |u| u.at)
}

pub(super) fn last_told(foreign: &ForeignIncident) -> Timestamp {
    let last = foreign.updates.iter().map(|u| u.at).max();
    foreign.updated_at.into_iter().chain(last).max().unwrap_or(foreign.started_at)
}

/// An address that may be kept and linked to.
fn address(text: &str) -> Option<String> {
    let text = text.trim();
    let web = text.starts_with("https://") || text.starts_with("http://");
    (web && text.len() <= 300 && text.chars().all(|c| !c.is_whitespace() && !text::is_deceptive(c)))
        .then(|| text.to_owned())
}
