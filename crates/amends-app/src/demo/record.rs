//! From a story to an incident with its timeline, and from planned work to a maintenance. Pure.

use std::collections::HashMap;

use amends_model::event::ComponentChange;
use amends_model::{
    Actor, Affected, ComponentId, ComponentStatus, Event, EventBody, EventId, Impact, Incident, IncidentId,
    IncidentState, Maintenance, MaintenanceId, MaintenanceState, Milestone, Person, Phase, Subject,
    Visibility,
};
use jiff::{SignedDuration, Timestamp};

use super::ContentError;
use super::clock::{Anchor, Facts};
use super::content::{Story, Work};
use super::timeline::{Line, What, When};
use crate::import::kept_id;

/// What stories refer to by key.
pub(super) struct Cast {
    /// People.
    pub people: HashMap<String, Person>,
    /// Components with their full names, "Group - Component".
    pub components: HashMap<String, (ComponentId, String)>,
    /// Now.
    pub now: Timestamp,
}

/// An incident as it is to be stored. Its number is 0.
pub(super) struct Told {
    pub incident: Incident,
    pub events: Vec<Event>,
    pub facts: Facts,
}

/// The id of a demo thing: the same in every demo, so that links in notes and pictures stay good.
pub(super) fn id<T: std::str::FromStr>(kind: &str, key: &str) -> Result<T, ContentError> {
    kept_id(&format!("demo/{kind}/{key}"))
        .parse()
        .map_err(|_| ContentError::new(format!("{kind} {key}"), "an id could not be made"))
}

impl Cast {
    pub(super) fn person(&self, key: &str) -> Result<&Person, ContentError> {
        self.people.get(key).ok_or_else(|| ContentError::new("company.toml", format!("no person \"{key}\"")))
    }

    pub(super) fn actor(&self, key: &str) -> Result<Actor, ContentError> {
        self.person(key).map(|p| Actor::person(&p.id, &p.name))
    }

    pub(super) fn component(&self, key: &str) -> Result<&(ComponentId, String), ContentError> {
        let missing = || ContentError::new("company.toml", format!("no component \"{key}\""));
        self.components.get(key).ok_or_else(missing)
    }

    /// Tells one incident.
    pub(super) fn incident(&self, story: &Story) -> Result<Told, ContentError> {
        let place = |what: String| ContentError::new(format!("incidents, {}", story.key), what);
        let incident_id: IncidentId = id("incident", &story.key)?;
        let subject = Subject::Incident(incident_id.clone());
        let lines = timed(&story.lines, story.anchor, self.now);
        let facts = Facts::of(&lines);
        let started_at = facts.get("started").ok_or_else(|| place("no beginning".to_owned()))?;
        let declared_at = facts.get("declared").ok_or_else(|| place("was never declared".to_owned()))?;
        let public = story.visibility == Visibility::Public;

        let mut affected: Vec<Affected> = Vec::with_capacity(story.components.len());
        for (key, status) in &story.components {
            let component_id = self.component(key)?.0.clone();
            let current = ComponentStatus::Operational;
            affected.push(Affected { component_id, status: *status, current });
        }
        let mut out = Told {
            incident: Incident {
                id: incident_id,
                number: 0,
                title: story.title.clone(),
                summary: facts.fill(&story.summary).map_err(place)?,
                visibility: story.visibility,
                severity: story.severity,
                impact: Impact::None.raised_by(story.components.iter().map(|(_, s)| *s)),
                impact_override: story
                    .impact
                    .filter(|i| *i != Impact::None.raised_by(story.components.iter().map(|(_, s)| *s))),
                state: IncidentState::Open,
                phase: Phase::Investigating,
                started_at,
                resolved_at: None,
                monitoring_at: None,
                next_update_at: None,
                components: affected,
                backfilled: false,
                source_url: None,
                created_at: declared_at,
                updated_at: declared_at,
                version: 1,
            },
            events: Vec::with_capacity(lines.len() + 4),
            facts,
        };
        let mut hurt = false;
        for (at, line) in &lines {
            let actor = match line.what.who() {
                Some(who) => self.actor(who)?,
                None => Actor::system("alert"),
            };
            let words = |text: &str| out.facts.fill(text).map_err(place);
            let mut bodies: Vec<EventBody> = Vec::with_capacity(2);
            match &line.what {
                What::Started => {}
                What::Alert { source, text } => {
                    bodies.push(EventBody::Alert { text: words(text)?, source: Some(source.clone()) });
                }
                What::Detected { text, .. } => bodies.push(EventBody::Milestone {
                    milestone: Milestone::Detected,
                    source: Some(words(text)?),
                }),
                What::Declared { .. } => bodies.push(EventBody::Declared { severity: story.severity }),
                What::Role { role, .. } => bodies.push(EventBody::Role {
                    role: (*role).to_owned(),
                    person: actor.name.clone(),
                    taken: true,
                }),
                What::Note { text, .. } => bodies.push(EventBody::Note { text: words(text)? }),
                What::Change { text, .. } => bodies.push(EventBody::Change { text: words(text)? }),
                What::Mitigated { .. } => bodies.extend(state(&mut out.incident, IncidentState::Mitigated)),
                What::Status { changes, .. } => {
                    let mut wanted = Vec::with_capacity(changes.len());
                    for (key, status) in changes {
                        wanted.push((self.component(key)?, *status));
                    }
                    bodies.push(EventBody::Components { components: set(&mut out.incident, &wanted) });
                }
                What::Update { phase, text, .. } => {
                    let text = words(text)?;
                    let mut wanted = Vec::new();
                    // Components change with the first word to customers and are well again with the last.
                    for (key, status) in &story.components {
                        let component = self.component(key)?;
                        if *phase == Phase::Resolved {
                            wanted.push((component, ComponentStatus::Operational));
                        } else if !hurt {
                            wanted.push((component, *status));
                        }
                    }
                    hurt = true;
                    let components = set(&mut out.incident, &wanted);
                    if *phase == Phase::Resolved {
                        bodies.extend(state(&mut out.incident, IncidentState::Resolved));
                        out.incident.resolved_at = Some(*at);
                    }
                    out.incident.phase = *phase;
                    if *phase == Phase::Monitoring {
                        out.incident.monitoring_at = Some(*at);
                    }
                    bodies.push(if public {
                        EventBody::Update { phase: *phase, text, notify: true, components }
                    } else {
                        EventBody::Note { text }
                    });
                }
                What::Work { .. } => return Err(place("planned work in an incident".to_owned())),
            }
            for body in bodies {
                let event = event(&subject, &story.key, out.events.len(), *at, actor.clone(), body)?;
                out.events.push(event);
            }
            out.incident.updated_at = *at;
        }
        // What nobody was told of is the components' status all the same.
        if public && !hurt {
            return Err(place("public, but customers were told nothing".to_owned()));
        }
        out.incident.next_update_at =
            story.next_word.and_then(|m| self.now.checked_add(SignedDuration::from_mins(m)).ok());
        Ok(out)
    }

    /// Tells one piece of planned work. Its number is 0.
    pub(super) fn maintenance(&self, work: &Work) -> Result<(Maintenance, Vec<Event>), ContentError> {
        let place = |what: &str| ContentError::new(format!("maintenance.toml, {}", work.key), what);
        let maintenance_id: MaintenanceId = id("maintenance", &work.key)?;
        let subject = Subject::Maintenance(maintenance_id.clone());
        let at = |minute| work.anchor.of(When::Clock { day: 0, minute }, self.now);
        let announced_at = work.anchor.of(When::Clock { day: -work.announced, minute: 10 * 60 }, self.now);
        let mut components = Vec::new();
        for key in &work.components {
            components.push(self.component(key)?);
        }
        let mut out = Maintenance {
            id: maintenance_id,
            number: 0,
            title: work.title.clone(),
            visibility: Visibility::Public,
            state: MaintenanceState::Scheduled,
            scheduled_for: at(work.window.0),
            scheduled_until: at(work.window.1),
            started_at: None,
            completed_at: None,
            components: components.iter().map(|(id, _)| id.clone()).collect(),
            auto_start: true,
            auto_complete: true,
            remind_before_minutes: work.remind_before_minutes,
            reminded_at: None,
            backfilled: false,
            created_at: announced_at,
            updated_at: announced_at,
            version: 1,
        };
        let mut events = Vec::new();
        for line in &work.lines {
            let What::Work { who, state, text } = &line.what else {
                return Err(place("only the states of planned work may stand here"));
            };
            let at = line.when.map_or(announced_at, |w| work.anchor.of(w, self.now));
            let turned = |from, to| {
                let change = |(id, name): &&(ComponentId, String)| ComponentChange {
                    component_id: id.clone(),
                    name: name.clone(),
                    from,
                    to,
                };
                components.iter().map(change).collect::<Vec<_>>()
            };
            let changes = match state {
                MaintenanceState::InProgress => {
                    out.started_at = Some(at);
                    turned(ComponentStatus::Operational, ComponentStatus::UnderMaintenance)
                }
                MaintenanceState::Completed => {
                    out.completed_at = Some(at);
                    turned(ComponentStatus::UnderMaintenance, ComponentStatus::Operational)
                }
                _ => Vec::new(),
            };
            out.state = *state;
            out.updated_at = at;
            let body = EventBody::MaintenanceUpdate {
                state: *state,
                text: text.clone(),
                notify: true,
                components: changes,
            };
            events.push(event(&subject, &work.key, events.len(), at, self.actor(who)?, body)?);
        }
        Ok((out, events))
    }
}

fn timed(lines: &[Line], anchor: Anchor, now: Timestamp) -> Vec<(Timestamp, &Line)> {
    lines.iter().filter_map(|l| l.when.map(|w| (anchor.of(w, now), l))).collect()
}

fn event(
    subject: &Subject,
    key: &str,
    place: usize,
    at: Timestamp,
    actor: Actor,
    body: EventBody,
) -> Result<Event, ContentError> {
    // Timelines are sorted by time; what happened within one minute keeps the order of the file.
    let micros = i64::try_from(place).unwrap_or(0);
    let at = at.checked_add(SignedDuration::from_micros(micros)).unwrap_or(at);
    let id: EventId = id("event", &format!("{key}/{place}"))?;
    Ok(Event { id, subject: subject.clone(), at, written_at: at, actor, body, edited_at: None, version: 1 })
}

fn state(incident: &mut Incident, to: IncidentState) -> Option<EventBody> {
    let from = std::mem::replace(&mut incident.state, to);
    (from != to).then_some(EventBody::State { from, to })
}

/// Sets components; answers those that changed.
fn set(
    incident: &mut Incident,
    wanted: &[(&(ComponentId, String), ComponentStatus)],
) -> Vec<ComponentChange> {
    let mut out = Vec::new();
    for ((component_id, name), to) in wanted {
        let known = incident.components.iter_mut().find(|a| a.component_id == *component_id);
        if let Some(affected) = known.filter(|a| a.current != *to) {
            let from = std::mem::replace(&mut affected.current, *to);
            let (component_id, name) = (component_id.clone(), name.clone());
            out.push(ComponentChange { component_id, name, from, to: *to });
        }
    }
    out
}
