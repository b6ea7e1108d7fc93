//! The record, told once: incidents, their timeline, words to customers, planned work, and what the public sees of it.
#![allow(clippy::unwrap_used)]

mod support;

use amends_app::component::{EditComponent, NewComponent};
use amends_app::identity::AuditFilter;
use amends_app::incident::{
    ComponentInput, Declare, EditEvent, EditIncident, NewEvent, PublishUpdate, SetMilestone, SetRole,
};
use amends_app::maintenance::{EditMaintenance, MaintenanceMessage, Schedule};
use amends_app::{App, AppError, Caller, Paging};
use amends_model::*;
use amends_testkit::stores::{Fresh, each};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A company with two components, and a clock that moves when it is told to.
struct Company {
    app: App,
    clock: Arc<AtomicI64>,
    engine: &'static str,
    _fresh: Fresh,
}

impl Company {
    async fn each() -> Vec<Company> {
        let mut companies = Vec::new();
        for fresh in each().await {
            let clock = Arc::new(AtomicI64::new(0));
            let ticking = clock.clone();
            let app = support::app_with(
                &fresh,
                Arc::new(move || support::now() + SignedDuration::from_secs(ticking.load(Ordering::SeqCst))),
            );
            let admin = Caller::system("test");
            app.create_page(&admin, "Marrowby", "Etc/UTC").await.unwrap();
            for name in ["Daily emails", "Web app"] {
                app.add_component(&admin, NewComponent { name: name.into(), ..NewComponent::default() })
                    .await
                    .unwrap();
            }
            companies.push(Company { app, clock, engine: fresh.engine, _fresh: fresh });
        }
        companies
    }

    fn later(&self, minutes: i64) {
        self.clock.fetch_add(minutes * 60, Ordering::SeqCst);
    }

    async fn status_of(&self, name: &str) -> ComponentStatus {
        let record = self.app.public_record().await.unwrap();
        record.components.iter().find(|c| c.name == name).unwrap().status
    }
}

fn as_role(role: Role) -> Caller {
    Caller { role, ..Caller::system("somebody") }
}

fn declared() -> Declare {
    Declare {
        title: "Daily team emails not sent out".into(),
        visibility: Some(Visibility::Public),
        components: vec![ComponentInput {
            component: "daily emails".into(),
            status: ComponentStatus::PartialOutage,
        }],
        message: Some("The 15:00 emails are not going out. We are looking at why.".into()),
        ..Declare::default()
    }
}

fn update(phase: Phase, text: &str) -> PublishUpdate {
    PublishUpdate {
        phase: Some(phase),
        text: text.into(),
        components: vec![],
        notify: None,
        next_update_at: None,
        expected_version: None,
    }
}

#[tokio::test]
async fn an_incident_from_declared_to_resolved() {
    for c in Company::each().await {
        let who = as_role(Role::Communicator);
        let incident = c.app.declare(&who, declared()).await.unwrap();
        let id = incident.id.as_str();
        assert_eq!((incident.number, incident.impact), (1, Impact::Major), "{}", c.engine);
        assert_eq!(c.status_of("Daily emails").await, ComponentStatus::PartialOutage);
        assert_eq!(c.status_of("Web app").await, ComponentStatus::Operational);

        c.later(10);
        let mut identified = update(Phase::Identified, "Our provider turns our mail away.");
        identified.next_update_at = Some(c.app.now() + SignedDuration::from_mins(20));
        c.app.publish_update(&who, "INC-1", identified).await.unwrap();
        c.later(10);
        c.app.set_state(&who, id, IncidentState::Mitigated).await.unwrap();
        let record = c.app.public_record().await.unwrap();
        assert_eq!(record.incidents[0].phase, Phase::Identified, "a state inside posts nothing");
        c.later(10);
        c.app.publish_update(&who, id, update(Phase::Resolved, "All held emails went out.")).await.unwrap();

        let record = c.app.public_record().await.unwrap();
        assert_eq!(c.status_of("Daily emails").await, ComponentStatus::Operational);
        assert_eq!(record.open_incidents().count(), 0);
        let words: Vec<_> = record.incidents[0].updates.iter().map(|u| u.status).collect();
        assert_eq!(words, [Phase::Resolved, Phase::Identified, Phase::Investigating], "newest first");

        let room = c.app.room(&who, id).await.unwrap();
        let first_word = room.milestones.first_word.unwrap();
        assert_eq!((first_word.at, first_word.source.as_str()), (support::now(), "first public update"));
        assert_eq!(room.milestones.mitigated.unwrap().at, support::now() + SignedDuration::from_mins(20));
        assert_eq!(room.milestones.resolved.unwrap().at, support::now() + SignedDuration::from_mins(30));
        assert_eq!(
            room.incident.impact,
            Impact::Major,
            "the impact does not come down when components recover"
        );
    }
}

#[tokio::test]
async fn nothing_internal_reaches_the_public() {
    for c in Company::each().await {
        let who = as_role(Role::Administrator);
        let secret = "xyzzy-internal";
        let hidden = Declare {
            title: format!("{secret} title"),
            summary: secret.into(),
            visibility: None,
            message: None,
            ..declared()
        };
        let hidden = c.app.declare(&who, hidden).await.unwrap();
        let shown = c.app.declare(&who, Declare { summary: secret.into(), ..declared() }).await.unwrap();
        let note = NewEvent::Note { text: secret.into(), at: None };
        c.app.add_event(&who, shown.id.as_str(), note).await.unwrap();
        c.later(5);
        let alert = NewEvent::Alert { text: secret.into(), source: Some(secret.into()), at: None };
        c.app.add_event(&who, shown.id.as_str(), alert).await.unwrap();
        let role = SetRole { role: "lead".into(), person: Some(secret.into()), taken: true };
        c.app.set_role(&who, shown.id.as_str(), role).await.unwrap();

        let record = c.app.public_record().await.unwrap();
        let text = serde_json::to_string(&record).unwrap();
        assert!(!text.contains("xyzzy"), "{}: {text}", c.engine);
        assert_eq!(record.incidents.len(), 1);
        assert_eq!(
            record.incidents[0].updated_at,
            support::now(),
            "what is internal does not move ‘updated’"
        );
        assert_eq!(c.app.public_incident(&hidden.id).await.unwrap(), None);
        assert!(c.app.public_history(Timestamp::UNIX_EPOCH, Timestamp::MAX).await.unwrap().len() == 1);
        assert_eq!(c.status_of("Daily emails").await, ComponentStatus::PartialOutage, "from the public one");
    }
}

#[tokio::test]
async fn what_somebody_may_not_do_is_refused_and_changes_nothing() {
    for c in Company::each().await {
        let forbidden = |result: Result<(), AppError>| matches!(result, Err(AppError::Forbidden { .. }));
        let responder = as_role(Role::Responder);
        assert!(forbidden(c.app.declare(&as_role(Role::Viewer), declared()).await.map(drop)));
        assert!(
            forbidden(c.app.declare(&responder, declared()).await.map(drop)),
            "public needs a communicator"
        );
        let internal = Declare { visibility: None, message: None, ..declared() };
        let incident = c.app.declare(&responder, internal).await.unwrap();
        let id = incident.id.as_str();
        let publish = EditIncident { visibility: Some(Visibility::Public), ..EditIncident::default() };
        assert!(forbidden(c.app.edit_incident(&responder, id, 1, publish.clone()).await.map(drop)));
        assert!(forbidden(
            c.app.publish_update(&responder, id, update(Phase::Identified, "x")).await.map(drop)
        ));
        assert_eq!(c.app.public_record().await.unwrap().incidents.len(), 0, "{}", c.engine);

        let communicator = as_role(Role::Communicator);
        let refused = c.app.publish_update(&communicator, id, update(Phase::Identified, "x")).await;
        assert!(matches!(refused, Err(AppError::Refused(_))), "an internal incident has no customers");
        let public = c.app.edit_incident(&communicator, id, 1, publish).await.unwrap();
        assert_eq!(public.visibility, Visibility::Public);
        assert_eq!(c.app.public_record().await.unwrap().incidents.len(), 1);
    }
}

#[tokio::test]
async fn the_second_of_two_editors_is_shown_what_the_first_wrote() {
    for c in Company::each().await {
        let who = as_role(Role::Communicator);
        let incident = c.app.declare(&who, declared()).await.unwrap();
        let id = incident.id.as_str();
        let title = |t: &str| EditIncident { title: Some(t.into()), ..EditIncident::default() };
        c.app.edit_incident(&who, id, incident.version, title("First")).await.unwrap();
        match c.app.edit_incident(&who, id, incident.version, title("Second")).await {
            Err(AppError::Conflict { current }) => assert_eq!(current["title"], "First", "{}", c.engine),
            other => panic!("{}: {other:?}", c.engine),
        }

        // Two people tell customers at the same time: the second sees that something was said.
        let seen = c.app.incident(&who, id).await.unwrap().version;
        let said =
            |text: &str| PublishUpdate { expected_version: Some(seen), ..update(Phase::Identified, text) };
        c.app.publish_update(&who, id, said("It is the provider.")).await.unwrap();
        let second = c.app.publish_update(&who, id, said("It is the network.")).await;
        assert!(matches!(second, Err(AppError::Conflict { .. })), "{}: {second:?}", c.engine);
        // A note that somebody wrote meanwhile is no reason to stop a word to customers.
        let seen = c.app.incident(&who, id).await.unwrap().version;
        let note = NewEvent::Note { text: "Called them".into(), at: None };
        c.app.add_event(&who, id, note).await.unwrap();
        let said =
            PublishUpdate { expected_version: Some(seen), ..update(Phase::Monitoring, "A fix is in.") };
        c.app.publish_update(&who, id, said).await.unwrap();
    }
}

#[tokio::test]
async fn edits_of_events_keep_history_and_move_milestones() {
    for c in Company::each().await {
        let who = as_role(Role::Communicator);
        let incident = c.app.declare(&who, declared()).await.unwrap();
        c.later(30);
        let id = incident.id.as_str();
        let note = NewEvent::Note { text: "It is DNS".into(), at: None };
        let note = c.app.add_event(&who, id, note).await.unwrap();
        let at = c.app.now() - SignedDuration::from_mins(7);
        let edit = EditEvent { text: Some("It was not DNS".into()), at: Some(at) };
        let edited = c.app.edit_event(&who, &note.id, 1, edit.clone()).await.unwrap();
        assert_eq!((edited.at, edited.version, edited.written_at), (at, 2, note.written_at), "{}", c.engine);
        assert!(matches!(c.app.edit_event(&who, &note.id, 1, edit).await, Err(AppError::Conflict { .. })));
        let history = c.app.event_history(&who, &note.id).await.unwrap();
        assert_eq!(history[0].body.text(), Some("It is DNS"));

        let started = support::now() - SignedDuration::from_mins(12);
        let set = SetMilestone {
            milestone: Milestone::Started,
            at: Some(started),
            source: Some("mail log".into()),
        };
        c.app.set_milestone(&who, id, set).await.unwrap();
        let room = c.app.room(&who, id).await.unwrap();
        assert_eq!(room.incident.started_at, started);
        assert_eq!(room.milestones.started.unwrap().source, "mail log");
        let future = SetMilestone {
            milestone: Milestone::Detected,
            at: Some(c.app.now() + SignedDuration::from_mins(1)),
            source: None,
        };
        assert!(matches!(c.app.set_milestone(&who, id, future).await, Err(AppError::Invalid(_))));

        let leave = SetRole { role: "scribe".into(), person: Some("Ada".into()), taken: false };
        let left = c.app.set_role(&who, id, leave.clone()).await;
        assert!(matches!(left, Err(AppError::Invalid(_))), "{}: nobody had it: {left:?}", c.engine);
        c.app.set_role(&who, id, SetRole { taken: true, ..leave.clone() }).await.unwrap();
        c.app.set_role(&who, id, leave).await.unwrap();

        let over = |milestone, at| SetMilestone { milestone, at: Some(at), source: None };
        let early = c.app.set_milestone(&who, id, over(Milestone::Resolved, at)).await;
        assert!(matches!(early, Err(AppError::Invalid(_))), "{}: it is not over: {early:?}", c.engine);
        let before = started - SignedDuration::from_mins(1);
        let early = c.app.set_milestone(&who, id, over(Milestone::Mitigated, before)).await;
        assert!(matches!(early, Err(AppError::Invalid(_))), "{}: before it began: {early:?}", c.engine);
        c.app.set_state(&who, id, IncidentState::Resolved).await.unwrap();
        for milestone in [Milestone::Mitigated, Milestone::Resolved] {
            c.app.set_milestone(&who, id, over(milestone, at)).await.unwrap();
        }
        c.later(1);
        let room = c.app.room(&who, id).await.unwrap();
        assert_eq!(room.milestones.resolved.map(|m| m.at), Some(at), "{}", c.engine);
        c.app.set_state(&who, id, IncidentState::Open).await.unwrap();
        let room = c.app.room(&who, id).await.unwrap();
        let still = (room.milestones.mitigated, room.milestones.resolved);
        assert_eq!(still, (None, None), "{}: what is open again is neither, whoever set it", c.engine);
    }
}

#[tokio::test]
async fn every_mistake_in_a_form_is_named_at_once() {
    for c in Company::each().await {
        let wrong = Declare {
            title: " \u{202e}".into(),
            visibility: None,
            message: Some("hello".into()),
            components: vec![
                ComponentInput { component: "Webapp".into(), status: ComponentStatus::MajorOutage },
                ComponentInput { component: "Web app".into(), status: ComponentStatus::MajorOutage },
                ComponentInput { component: "web APP".into(), status: ComponentStatus::MajorOutage },
            ],
            started_at: Some(c.app.now() + SignedDuration::from_mins(5)),
            ..Declare::default()
        };
        let Err(AppError::Invalid(errors)) = c.app.declare(&as_role(Role::Administrator), wrong).await else {
            panic!()
        };
        let fields: Vec<_> = errors.0.iter().map(|e| e.pointer.as_str()).collect();
        assert_eq!(
            fields,
            ["/title", "/message", "/components/0/component", "/components/2/component", "/started_at"]
        );
        assert!(errors.to_string().contains("Daily emails"), "it says which components there are");
        assert_eq!(
            c.app
                .incidents(&as_role(Role::Viewer), Default::default(), &Paging::default())
                .await
                .unwrap()
                .items
                .len(),
            0
        );
        let next = c.app.declare(&as_role(Role::Administrator), declared()).await.unwrap();
        assert_eq!(next.number, 1, "a refused declaration uses up no number");
    }
}

#[tokio::test]
async fn planned_work_begins_and_ends_by_the_clock() {
    for c in Company::each().await {
        let who = as_role(Role::Communicator);
        let from = c.app.now() + SignedDuration::from_hours(3);
        let plan = Schedule {
            title: "Database upgrade".into(),
            text: "Reports will be read-only.".into(),
            scheduled_for: from,
            scheduled_until: from + SignedDuration::from_mins(30),
            components: vec!["Web app".into()],
            visibility: None,
            auto_start: None,
            auto_complete: None,
            remind_before_minutes: None,
            notify: None,
        };
        let planned = c.app.schedule(&who, plan.clone()).await.unwrap();
        // What starts soonest is not forgotten over all that starts later.
        for _ in 0..100 {
            let later = SignedDuration::from_hours(24 * 30);
            let plan = Schedule {
                scheduled_for: plan.scheduled_for + later,
                scheduled_until: plan.scheduled_until + later,
                ..plan.clone()
            };
            c.app.schedule(&who, plan).await.unwrap();
        }
        assert_eq!(c.app.run_maintenance_clock().await.unwrap(), 0);
        assert_eq!(c.status_of("Web app").await, ComponentStatus::Operational);
        c.later(125);
        assert_eq!(c.app.run_maintenance_clock().await.unwrap(), 1, "the reminder");
        assert_eq!(c.app.run_maintenance_clock().await.unwrap(), 0, "once");
        c.later(60);
        assert_eq!(c.app.run_maintenance_clock().await.unwrap(), 1, "the start");
        assert_eq!(c.status_of("Web app").await, ComponentStatus::UnderMaintenance);
        c.later(30);
        assert_eq!(c.app.run_maintenance_clock().await.unwrap(), 1, "the end");
        assert_eq!(c.status_of("Web app").await, ComponentStatus::Operational);
        let (done, events) = c.app.maintenance(&who, &planned.id).await.unwrap();
        assert_eq!((done.state, events.len()), (MaintenanceState::Completed, 3), "{}", c.engine);
        let back =
            MaintenanceMessage { state: Some(MaintenanceState::InProgress), text: "x".into(), notify: None };
        assert!(c.app.update_maintenance(&who, &planned.id, back).await.is_err());
        let moved = EditMaintenance { scheduled_until: Some(from), ..EditMaintenance::default() };
        assert!(c.app.edit_maintenance(&who, &planned.id, done.version, moved).await.is_err());
    }
}

#[tokio::test]
async fn a_component_keeps_hurting_while_another_incident_hurts_it() {
    for c in Company::each().await {
        let who = as_role(Role::Administrator);
        let first = c.app.declare(&who, declared()).await.unwrap();
        let second = Declare {
            components: vec![ComponentInput {
                component: "Daily emails".into(),
                status: ComponentStatus::DegradedPerformance,
            }],
            ..declared()
        };
        let second = c.app.declare(&who, second).await.unwrap();
        c.app.publish_update(&who, first.id.as_str(), update(Phase::Resolved, "Done.")).await.unwrap();
        assert_eq!(c.status_of("Daily emails").await, ComponentStatus::DegradedPerformance, "{}", c.engine);
        c.app.publish_update(&who, second.id.as_str(), update(Phase::Resolved, "Done.")).await.unwrap();
        assert_eq!(c.status_of("Daily emails").await, ComponentStatus::Operational, "{}", c.engine);

        let all = c.app.components(&who).await.unwrap();
        let by_hand =
            EditComponent { status: Some(ComponentStatus::MajorOutage), ..EditComponent::default() };
        c.app.edit_component(&who, &all[0].id, 1, by_hand).await.unwrap();
        assert_eq!(c.status_of("Daily emails").await, ComponentStatus::MajorOutage);
        let year = NewComponent { name: "2024".into(), ..NewComponent::default() };
        assert!(c.app.add_component(&who, year).await.is_err(), "a bare year would become a date in clients");
    }
}

#[tokio::test]
async fn a_component_moves_among_its_neighbours() {
    for c in Company::each().await {
        let who = as_role(Role::Administrator);
        for name in ["Search", "Exports"] {
            // Two in one place, as imports leave them.
            let new = NewComponent { name: name.into(), position: Some(2), ..NewComponent::default() };
            c.app.add_component(&who, new).await.unwrap();
        }
        let names = |all: &[Component]| all.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
        let before = c.app.components(&who).await.unwrap();
        let after = c.app.move_component(&who, &before[2].id, true).await.unwrap();
        let mut wanted = names(&before);
        wanted.swap(1, 2);
        assert_eq!(names(&after), wanted, "{}", c.engine);
        let places: Vec<i64> = after.iter().map(|c| c.position).collect();
        assert!(places.windows(2).all(|w| w[0] < w[1]), "{places:?}");
        let same = c.app.move_component(&who, &after[0].id, true).await.unwrap();
        assert_eq!(same, after, "at the edge nothing changes");
        assert!(c.app.move_component(&as_role(Role::Responder), &after[0].id, false).await.is_err());
    }
}

#[tokio::test]
async fn every_change_leaves_an_audit_line_and_a_feed_line() {
    for c in Company::each().await {
        let who = as_role(Role::Administrator);
        let incident = c.app.declare(&who, declared()).await.unwrap();
        c.app.publish_update(&who, incident.id.as_str(), update(Phase::Identified, "x")).await.unwrap();
        let audit = c.app.audit(&who, &AuditFilter::default(), &Paging::default()).await.unwrap().items;
        let lines: Vec<_> = audit.iter().map(|e| (e.action, e.resource)).collect();
        assert_eq!(lines[..2], [(Action::Publish, Resource::Update), (Action::Create, Resource::Incident)]);
        let mut tx = c.app.store().read().await.unwrap();
        let feed = amends_store::feed::after(&mut tx, 0, 100).await.unwrap();
        assert!(feed.windows(2).all(|w| w[1].seq == w[0].seq + 1), "{}", c.engine);
        assert!(feed.iter().any(|f| f.kind == "incident" && f.id == incident.id.as_str()));
        assert_eq!(*c.app.changes().borrow(), feed.last().unwrap().seq, "followers on this node know");
    }
}
