//! A record for tests.

use super::facts::Record;
use amends_model::event::ComponentChange;
use amends_model::*;
use jiff::Timestamp;

pub(crate) fn at(text: &str) -> Timestamp {
    format!("2026-03-10T{text}:00Z").parse().unwrap()
}

fn event(n: u8, time: &str, body: EventBody) -> Event {
    Event {
        id: EventId::from_random([n; 12]),
        subject: IncidentId::from_random([1; 12]).into(),
        at: at(time),
        written_at: at(time),
        actor: Actor { kind: ActorKind::Person, id: None, name: "Ada".into() },
        body,
        edited_at: None,
        version: 1,
    }
}

pub(crate) fn action() -> CorrectiveAction {
    CorrectiveAction {
        id: ActionId::from_random([1; 12]),
        postmortem_id: Some(PostmortemId::from_random([1; 12])),
        incident_id: Some(IncidentId::from_random([1; 12])),
        text: "Alert when payments stop".into(),
        owner: Some("Ada".into()),
        owner_id: None,
        due: Some("2026-04-01".parse().unwrap()),
        term: Term::Short,
        state: ActionState::Done,
        note: "Tried it.".into(),
        tracker: None,
        closed_at: Some(at("23:00")),
        created_at: at("20:00"),
        updated_at: at("23:00"),
        version: 2,
    }
}

pub(crate) fn record() -> Record {
    let component = ComponentId::from_random([5; 12]);
    let incident = Incident {
        id: IncidentId::from_random([1; 12]),
        number: 42,
        title: "Users cannot pay *at all*".into(),
        summary: "Cards only.".into(),
        visibility: Visibility::Public,
        severity: Severity::Sev2,
        impact: Impact::Major,
        impact_override: None,
        state: IncidentState::Resolved,
        phase: Phase::Resolved,
        started_at: at("14:58"),
        resolved_at: Some(at("17:03")),
        monitoring_at: None,
        next_update_at: None,
        components: vec![Affected {
            component_id: component.clone(),
            status: ComponentStatus::PartialOutage,
            current: ComponentStatus::Operational,
        }],
        backfilled: false,
        source_url: None,
        created_at: at("15:03"),
        updated_at: at("17:03"),
        version: 9,
    };
    let change = ComponentChange {
        component_id: component,
        name: "Shop - Checkout".into(),
        from: ComponentStatus::Operational,
        to: ComponentStatus::PartialOutage,
    };
    let update = |phase, text: &str| EventBody::Update {
        phase,
        text: text.into(),
        notify: true,
        components: vec![change.clone()],
    };
    let events = vec![
        event(
            1,
            "15:02",
            EventBody::Alert { text: "5xx above 2 % | rising".into(), source: Some("pager".into()) },
        ),
        event(2, "15:03", EventBody::Declared { severity: Severity::Sev2 }),
        event(3, "15:04", EventBody::Role { role: "lead".into(), person: "Ada".into(), taken: true }),
        event(4, "15:10", update(Phase::Investigating, "We are *looking*.")),
        event(5, "15:20", EventBody::Note { text: "a \\<b\\> \\{{started}}".into() }),
        event(6, "15:57", EventBody::State { from: IncidentState::Open, to: IncidentState::Mitigated }),
        event(7, "17:03", EventBody::State { from: IncidentState::Mitigated, to: IncidentState::Resolved }),
        event(8, "17:03", update(Phase::Resolved, "It works again.")),
    ];
    let milestones = milestone::milestones(&incident, &events);
    Record {
        page_name: "Acme".into(),
        title: incident.title.clone(),
        milestones,
        incident: Some(incident),
        events,
        components: vec![("Shop - Checkout".into(), ComponentStatus::PartialOutage)],
        actions: vec![action()],
        reached: [(EventId::from_random([4; 12]).to_string(), "9,412 of 10,000 within 41 s".to_owned())]
            .into(),
        now: "2026-03-12T14:58:00Z".parse().unwrap(),
    }
}
