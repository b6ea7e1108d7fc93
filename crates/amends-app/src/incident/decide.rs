//! Decisions about incidents, without any IO.

use amends_model::event::ComponentChange;
use amends_model::{
    Affected, Component, ComponentId, ComponentStatus, EventBody, Incident, IncidentState, Phase,
};
use jiff::Timestamp;

/// "Group - Component", as the Statuspage API writes it, or the component's name alone.
pub(crate) fn full_name(components: &[Component], component: &Component) -> String {
    let group = component.group_id.as_ref().and_then(|id| components.iter().find(|c| c.id == *id));
    group.map_or_else(|| component.name.clone(), |g| format!("{} - {}", g.name, component.name))
}

/// Sets what an incident does to components, raises its impact, and answers what changed.
pub(crate) fn set_components(
    incident: &mut Incident,
    wanted: &[(ComponentId, ComponentStatus)],
    all: &[Component],
) -> Vec<ComponentChange> {
    let mut changes = Vec::new();
    for (id, status) in wanted {
        let Some(component) = all.iter().find(|c| c.id == *id) else { continue };
        let known = incident.components.iter_mut().find(|a| a.component_id == *id);
        let from = known.as_ref().map_or(ComponentStatus::Operational, |a| a.current);
        match known {
            Some(affected) => {
                affected.current = *status;
                affected.status = affected.status.max(*status);
            }
            None => {
                incident.components.push(Affected {
                    component_id: id.clone(),
                    status: *status,
                    current: *status,
                });
            }
        }
        if from != *status {
            let name = full_name(all, component);
            changes.push(ComponentChange { component_id: id.clone(), name, from, to: *status });
        }
    }
    incident.impact = incident.impact.raised_by(wanted.iter().map(|(_, status)| *status));
    incident.components.sort_by_key(|a| all.iter().position(|c| c.id == a.component_id));
    changes
}

/// Moves the public phase; answers component changes that follow from it (everything is well again once resolved).
pub(crate) fn set_phase(
    incident: &mut Incident,
    phase: Phase,
    at: Timestamp,
    all: &[Component],
) -> Vec<ComponentChange> {
    let was = incident.phase;
    incident.phase = phase;
    match phase {
        Phase::Monitoring if was != Phase::Monitoring => incident.monitoring_at = Some(at),
        Phase::Resolved => {
            incident.resolved_at.get_or_insert(at);
            incident.next_update_at = None;
            let hurt: Vec<_> = incident
                .components
                .iter()
                .filter(|a| a.current != ComponentStatus::Operational)
                .map(|a| (a.component_id.clone(), ComponentStatus::Operational))
                .collect();
            return set_components(incident, &hurt, all);
        }
        _ => {
            // Customers are told again that it goes on.
            if was == Phase::Resolved {
                incident.resolved_at = None;
            }
        }
    }
    Vec::new()
}

/// Moves the internal state; answers the event to write, or `None` when it is there already.
pub(crate) fn set_state(incident: &mut Incident, to: IncidentState, at: Timestamp) -> Option<EventBody> {
    let from = incident.state;
    if from == to {
        return None;
    }
    incident.state = to;
    match to {
        IncidentState::Resolved => {
            incident.resolved_at.get_or_insert(at);
        }
        // While customers are still told that it is resolved, its end stands.
        IncidentState::Open if incident.phase != Phase::Resolved => incident.resolved_at = None,
        _ => {}
    }
    Some(EventBody::State { from, to })
}
