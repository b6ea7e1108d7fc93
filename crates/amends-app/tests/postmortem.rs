//! Postmortems, letters and actions, as people and robots use them, on both engines.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use amends_app::action::{ActionFilter, EditAction, NewAction, WhichActions};
use amends_app::incident::{ComponentInput, Declare, PublishUpdate};
use amends_app::postmortem::{
    DraftPostmortem, EditPostmortem, ImportFile, ImportOutcome, PublishDocument, PublishLetter,
};
use amends_app::{App, AppError, Caller, Paging};
use amends_model::page::Page;
use amends_model::*;
use amends_store::{broadcast, component, event, page, person};
use amends_testkit::stores::{Fresh, each};
use jiff::SignedDuration;
use support::{app, app_with, now};

fn somebody(role: Role) -> Caller {
    let mut caller = Caller::system("test");
    caller.actor = Actor { kind: ActorKind::Person, id: None, name: format!("A {role}") };
    caller.role = role;
    caller
}

/// A page with one component and Ada, who signs in.
async fn set_up(fresh: &Fresh, app: &App) -> PersonId {
    let mut tx = app.store().begin().await.unwrap();
    let at = now() - SignedDuration::from_hours(24 * 365);
    let the_page = Page {
        id: PageId::from_random([1; 12]),
        name: "Marrowby".into(),
        url: "https://status.marrowby.example".into(),
        time_zone: "Europe/Berlin".into(),
        description: None,
        support_url: None,
        language: "en".into(),
        created_at: at,
        updated_at: at,
        version: 1,
    };
    page::insert(&mut tx, &the_page).await.unwrap();
    let shop = Component {
        id: ComponentId::from_random([2; 12]),
        name: "Checkout".into(),
        description: None,
        group_id: None,
        is_group: false,
        position: 1,
        status: ComponentStatus::Operational,
        showcase: true,
        only_show_if_degraded: false,
        start_date: None,
        created_at: at,
        updated_at: at,
        archived: false,
        version: 1,
    };
    component::insert(&mut tx, &shop).await.unwrap();
    let ada = Person {
        id: PersonId::from_random([3; 12]),
        email: "ada@marrowby.example".into(),
        name: "Ada".into(),
        role: Role::Responder,
        time_zone: "Europe/Berlin".into(),
        disabled: false,
        has_password: false,
        created_at: at,
        updated_at: at,
        version: 1,
    };
    person::insert(&mut tx, &ada).await.unwrap();
    tx.commit().await.unwrap();
    let _ = fresh;
    ada.id
}

/// An incident of an hour that customers were told about, resolved.
async fn an_incident(app: &App, visibility: Visibility) -> Incident {
    let system = Caller::system("test");
    let incident = app
        .declare(
            &system,
            Declare {
                title: "Customers cannot pay".into(),
                visibility: Some(visibility),
                started_at: Some(now() - SignedDuration::from_mins(60)),
                components: vec![ComponentInput {
                    component: "Checkout".into(),
                    status: ComponentStatus::MajorOutage,
                }],
                message: (visibility == Visibility::Public).then(|| "We are looking.".into()),
                ..Declare::default()
            },
        )
        .await
        .unwrap();
    if visibility == Visibility::Public {
        let over =
            PublishUpdate { phase: Some(Phase::Resolved), text: "It works again.".into(), ..update("") };
        app.publish_update(&system, incident.id.as_str(), over).await.unwrap();
    }
    incident
}

fn update(text: &str) -> PublishUpdate {
    PublishUpdate {
        phase: None,
        text: text.into(),
        components: vec![],
        notify: None,
        next_update_at: None,
        expected_version: None,
    }
}

fn text(document: &str) -> EditPostmortem {
    EditPostmortem { document: Some(document.into()), ..EditPostmortem::default() }
}

fn letter(letter: &str) -> EditPostmortem {
    EditPostmortem { letter: Some(letter.into()), ..EditPostmortem::default() }
}

/// These tests are about other things than what the linter finds in their short texts.
fn document(version: i64) -> PublishDocument {
    PublishDocument { version, despite_findings: Some("It is short.".into()) }
}

fn the_letter(version: i64, notify: Option<bool>) -> PublishLetter {
    PublishLetter { version, notify, despite_findings: Some("It is short.".into()) }
}

#[tokio::test]
async fn a_draft_tells_the_record_and_is_written_by_two_without_losing_a_word() {
    for fresh in each().await {
        let app = app(&fresh);
        set_up(&fresh, &app).await;
        let incident = an_incident(&app, Visibility::Public).await;
        let ada = somebody(Role::Responder);
        let draft = app
            .draft_postmortem(&ada, &incident.number.to_string(), DraftPostmortem::default())
            .await
            .unwrap();
        assert_eq!(
            (draft.title.as_str(), draft.template.as_str()),
            ("Customers cannot pay", "five-questions")
        );
        assert_eq!(draft.authors, ["A responder"]);

        let view = app.read_postmortem(&ada, draft.id.as_str()).await.unwrap();
        assert!(view.document.html.contains("<td dir=\"auto\">Checkout</td>"), "{}", view.document.html);
        assert!(view.document.html.contains("Told customers (Investigating): We are looking."));
        assert!(!view.document.html.contains("{{") && !view.document.html.contains("Who could not do what"));
        assert!(view.document.problems.iter().all(|p| !p.blocking), "{:?}", view.document.problems);

        let again = app.draft_postmortem(&ada, incident.id.as_str(), DraftPostmortem::default()).await;
        assert!(matches!(again, Err(AppError::Refused(_))), "{again:?}");
        let wrong = DraftPostmortem { template: Some("nine-questions".into()), ..DraftPostmortem::default() };
        let refused = app.draft_postmortem(&ada, incident.id.as_str(), wrong).await.unwrap_err();
        assert!(refused.to_string().contains("five-questions"), "{refused}");

        let saved = app.edit_postmortem(&ada, draft.id.as_str(), 1, text("one")).await.unwrap();
        assert_eq!(saved.version, 2);
        // The same again, as autosave does it: no new version, even from an old one.
        assert_eq!(app.edit_postmortem(&ada, draft.id.as_str(), 1, text("one")).await.unwrap().version, 2);
        let conflict = app.edit_postmortem(&ada, draft.id.as_str(), 1, text("two")).await.unwrap_err();
        let AppError::Conflict { current } = conflict else { panic!("{conflict}") };
        assert_eq!((current["document"].as_str(), current["version"].as_i64()), (Some("one"), Some(2)));

        app.edit_postmortem(&ada, draft.id.as_str(), 2, text("two")).await.unwrap();
        let history = app.postmortem_history(&ada, draft.id.as_str(), None, 10).await.unwrap();
        assert_eq!(history.iter().map(|v| v.document.as_str()).take(2).collect::<Vec<_>>(), ["two", "one"]);
        assert_eq!(history[0].saved_by.name, "A responder");
        assert_eq!(history.len(), 3, "{}", fresh.engine);
    }
}

#[tokio::test]
async fn publishing_is_by_those_who_may_and_leaves_its_marks() {
    for fresh in each().await {
        let app = app(&fresh);
        set_up(&fresh, &app).await;
        let incident = an_incident(&app, Visibility::Public).await;
        let (responder, speaker) = (somebody(Role::Responder), somebody(Role::Communicator));
        let p =
            app.draft_postmortem(&responder, incident.id.as_str(), DraftPostmortem::default()).await.unwrap();
        let id = p.id.as_str();
        let p = app.submit_postmortem(&responder, id, Some(1)).await.unwrap();
        assert_eq!(p.state, PostmortemState::InReview);
        let bad =
            app.edit_postmortem(&responder, id, p.version, text("It began {{strated}}.")).await.unwrap();
        let refused = app.publish_postmortem(&responder, id, document(bad.version)).await.unwrap_err();
        assert!(refused.to_string().contains("did you mean {{started}}"), "{refused}");
        let p =
            app.edit_postmortem(&responder, id, bad.version, text("It began {{started}}.")).await.unwrap();
        let viewer = app.publish_postmortem(&somebody(Role::Viewer), id, document(p.version)).await;
        assert!(matches!(viewer, Err(AppError::Forbidden { .. })));
        let stale = app.publish_postmortem(&responder, id, document(p.version - 1)).await;
        assert!(matches!(stale, Err(AppError::Conflict { .. })));
        let p = app.publish_postmortem(&responder, id, document(p.version)).await.unwrap();
        assert_eq!((p.state, p.published_at), (PostmortemState::Published, Some(now())));
        let room = app.room(&responder, incident.id.as_str()).await.unwrap();
        assert_eq!(room.milestones.learned.unwrap().at, now());
        // Nothing of it is public.
        let shown = app.public_incident(&incident.id).await.unwrap().unwrap();
        assert!(shown.letter.is_none());

        let internal = app
            .edit_postmortem(&responder, id, p.version, letter("We are sorry. {{timeline}}"))
            .await
            .unwrap();
        let preview = app.preview_letter(&speaker, id).await.unwrap();
        assert!(preview.problems[0].message.contains("internal"), "{:?}", preview.problems);
        let refused = app.publish_letter(&speaker, id, the_letter(internal.version, None)).await.unwrap_err();
        assert!(refused.to_string().contains("internal"), "{refused}");

        let p = app
            .edit_postmortem(
                &responder,
                id,
                internal.version,
                letter("We are sorry for {{duration}} from {{started}}."),
            )
            .await
            .unwrap();
        let preview = app.preview_letter(&speaker, id).await.unwrap();
        assert_eq!(
            preview.text, "We are sorry for 1 h 00 min from 2026-09-01 13:00 CEST.",
            "in the page's zone"
        );
        assert!(matches!(
            app.publish_letter(&responder, id, the_letter(p.version, None)).await,
            Err(AppError::Forbidden { .. })
        ));
        let p = app.publish_letter(&speaker, id, the_letter(p.version, None)).await.unwrap();
        let shown = app.public_incident(&incident.id).await.unwrap().unwrap().letter.unwrap();
        assert_eq!(shown.text, preview.markdown);
        let mut tx = app.store().read().await.unwrap();
        let sent = broadcast::about(&mut tx, id).await.unwrap();
        assert_eq!(sent.len(), 1, "{}", fresh.engine);
        assert_eq!(
            (sent[0].kind, sent[0].thread.clone()),
            (BroadcastKind::Letter, format!("incident-{}", incident.id))
        );
        assert_eq!(sent[0].audience.components, [ComponentId::from_random([2; 12])]);
        drop(tx);

        // The draft goes on; customers read what was published until it is published again, silently this time.
        let p = app.edit_postmortem(&responder, id, p.version, letter("Something else.")).await.unwrap();
        assert_eq!(
            app.public_incident(&incident.id).await.unwrap().unwrap().letter.unwrap().text,
            shown.text
        );
        let p = app.publish_letter(&speaker, id, the_letter(p.version, None)).await.unwrap();
        let again = app.public_incident(&incident.id).await.unwrap().unwrap().letter.unwrap();
        assert_eq!((again.text.as_str(), again.published_at), ("Something else.", shown.published_at));
        let same = app.publish_letter(&speaker, id, the_letter(p.version, None)).await.unwrap();
        assert_eq!(same.version, p.version, "nothing new, nothing written");
        let mut tx = app.store().read().await.unwrap();
        assert_eq!(broadcast::about(&mut tx, id).await.unwrap().len(), 1);
        let events = event::of(&mut tx, incident.id.as_str()).await.unwrap();
        let letters =
            events.iter().filter(|e| matches!(e.body, EventBody::Postmortem { letter: true, .. })).count();
        assert_eq!(letters, 2);
    }
}

#[tokio::test]
async fn an_internal_incident_has_no_letter() {
    for fresh in each().await {
        let app = app(&fresh);
        set_up(&fresh, &app).await;
        let incident = an_incident(&app, Visibility::Internal).await;
        let speaker = somebody(Role::Communicator);
        let p =
            app.draft_postmortem(&speaker, incident.id.as_str(), DraftPostmortem::default()).await.unwrap();
        let p = app.edit_postmortem(&speaker, p.id.as_str(), p.version, letter("Sorry.")).await.unwrap();
        let refused =
            app.publish_letter(&speaker, p.id.as_str(), the_letter(p.version, None)).await.unwrap_err();
        assert!(refused.to_string().contains("internal"), "{refused}");
        let mut tx = app.store().read().await.unwrap();
        assert!(broadcast::about(&mut tx, p.id.as_str()).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn what_was_exported_comes_back_without_loss() {
    for fresh in each().await {
        let app = app(&fresh);
        set_up(&fresh, &app).await;
        let incident = an_incident(&app, Visibility::Public).await;
        let admin = somebody(Role::Administrator);
        let p = app.draft_postmortem(&admin, incident.id.as_str(), DraftPostmortem::default()).await.unwrap();
        let new = NewAction {
            postmortem: Some(p.id.to_string()),
            text: "Alert when payments stop".into(),
            owner: Some("ada@marrowby.example".into()),
            due: Some("2026-10-01".parse().unwrap()),
            term: Some(Term::Short),
            ..NewAction::default()
        };
        let action = app.add_action(&admin, new).await.unwrap();
        app.finish_action(&admin, &action.id, "Tried it; it rang.").await.unwrap();
        let p = app.publish_postmortem(&admin, p.id.as_str(), document(p.version)).await.unwrap();
        let export = app.export_postmortem(&admin, p.id.as_str()).await.unwrap();
        assert_eq!(export.name, "2026-09-01-customers-cannot-pay.md");
        let file = ImportFile { path: export.name.clone(), text: export.text.clone() };

        // Here it changes nothing.
        let line = app.import_postmortems(&admin, std::slice::from_ref(&file)).await.unwrap().remove(0);
        assert_eq!(line.outcome, ImportOutcome::Unchanged, "{:?}", line.notes);
        // On another installation it is all there.
        let mut others = each().await;
        let place = usize::from(fresh.engine == "sqlite") % others.len();
        let other = others.remove(place);
        let there = app_with(&other, Arc::new(now));
        set_up(&other, &there).await;
        let lines = there.import_postmortems(&admin, std::slice::from_ref(&file)).await.unwrap();
        let line = &lines[0];
        assert_eq!((line.outcome, line.actions), (ImportOutcome::Created, 1), "{:?}", line.notes);
        let found = there.postmortem(&admin, p.id.as_str()).await.unwrap();
        let room = app.room(&admin, incident.id.as_str()).await.unwrap();
        let expected = Postmortem {
            // That incident is not there, so what the record said comes along.
            incident_id: None,
            milestones: room.milestones,
            created_at: found.created_at,
            updated_at: found.updated_at,
            version: 1,
            ..p.clone()
        };
        assert_eq!(found, expected);
        let all = ActionFilter { which: WhichActions::All, owner: None };
        let actions = there.actions(&admin, &all, &Paging::default()).await.unwrap();
        let brought = &actions.items[0].action;
        assert_eq!(
            (brought.owner.as_deref(), brought.due, brought.term, brought.state, brought.note.as_str()),
            (Some("Ada"), action.due, Term::Short, ActionState::Done, "Tried it; it rang.")
        );
        let second = there.import_postmortems(&admin, std::slice::from_ref(&file)).await.unwrap();
        assert_eq!(second[0].outcome, ImportOutcome::Unchanged, "{}", fresh.engine);
    }
}

const REPORT: &str = "# Checkout was down\n\n## Timeline (all times are UTC)\n\n* 2026-03-03 10:05 Configuration pushed\n* 10:15 Outage begins\n* 10:19 Ada noticed\n* 11:23 Fully restored\n\n## Root cause\n\nThe file name was wrong {{ site.url }}.\n\n## Action items\n\n- [x] Check file names in CI (owner: Ada)\n- Alert when payments stop, due 2026-04-01\n";

#[tokio::test]
async fn reports_from_elsewhere_are_read_and_imported_once() {
    for fresh in each().await {
        let app = app(&fresh);
        let ada = set_up(&fresh, &app).await;
        let admin = somebody(Role::Administrator);
        let files = [
            ImportFile { path: "2026/checkout.md".into(), text: REPORT.into() },
            ImportFile { path: "empty.md".into(), text: String::new() },
            ImportFile { path: "broken.md".into(), text: "---\namends: \"postmortem 9\"\n---\nx".into() },
        ];
        assert!(matches!(
            app.import_postmortems(&somebody(Role::Communicator), &files).await,
            Err(AppError::Forbidden { .. })
        ));
        let lines = app.import_postmortems(&admin, &files).await.unwrap();
        let outcomes: Vec<ImportOutcome> = lines.iter().map(|line| line.outcome).collect();
        assert_eq!(outcomes, [ImportOutcome::Created, ImportOutcome::Refused, ImportOutcome::Refused]);
        assert!(lines[1].notes[0].contains("empty"));
        assert!(lines[2].notes[0].contains("postmortem 9"));
        let line = &lines[0];
        assert_eq!((line.title.as_str(), line.causes, line.actions), ("Checkout was down", 1, 2));
        let at = |time: &Option<milestone::MilestoneTime>| time.as_ref().unwrap().at.to_string();
        assert_eq!(at(&line.milestones.started), "2026-03-03T10:15:00Z");
        assert_eq!(at(&line.milestones.resolved), "2026-03-03T11:23:00Z");

        let view = app.read_postmortem(&admin, line.id.as_ref().unwrap().as_str()).await.unwrap();
        assert!(view.document.problems.is_empty() && view.document.html.contains("{{ site.url }}"));
        assert_eq!(view.postmortem.state, PostmortemState::Published);
        let done = view.actions.iter().find(|a| a.state == ActionState::Done).unwrap();
        assert_eq!((done.owner.as_deref(), done.owner_id.as_ref()), (Some("Ada"), Some(&ada)));
        assert!(view.actions.iter().any(|a| a.due == Some("2026-04-01".parse().unwrap())));

        let again = app.import_postmortems(&admin, &files[..1]).await.unwrap();
        assert_eq!(again[0].outcome, ImportOutcome::Unchanged);
        let mut changed = files[0].clone();
        changed.text = REPORT.replace("file name was wrong", "file name was misspelt") + "- One more thing\n";
        let third = app.import_postmortems(&admin, std::slice::from_ref(&changed)).await.unwrap();
        assert_eq!((third[0].outcome, &third[0].id), (ImportOutcome::Updated, &line.id), "{}", fresh.engine);
        let p = app.postmortem(&admin, third[0].id.as_ref().unwrap().as_str()).await.unwrap();
        assert!(p.document.contains("misspelt") && p.version == 2);
        let view = app.read_postmortem(&admin, p.id.as_str()).await.unwrap();
        assert_eq!(view.actions.len(), 3, "the two that were there, and the new one");

        // Edited here, it is not overwritten.
        app.edit_postmortem(&admin, p.id.as_str(), 2, text("mine")).await.unwrap();
        let last = app.import_postmortems(&admin, &files[..1]).await.unwrap();
        assert_eq!(last[0].outcome, ImportOutcome::Refused);
        assert!(last[0].notes[0].contains("edited here"), "{:?}", last[0].notes);
        assert_eq!(app.postmortem(&admin, p.id.as_str()).await.unwrap().document, "mine");
    }
}

/// Every Markdown or text file under a folder of the shared test texts, or nothing if they are not there.
fn shared(folder: &str) -> Vec<ImportFile> {
    let root = std::env::var_os("AMENDS_SHARED").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        std::path::PathBuf::from,
    );
    let root = root.join(folder);
    if !root.is_dir() {
        eprintln!("SKIPPED: there is no {}", root.display());
    }
    let (mut files, mut folders) = (Vec::new(), vec![root.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "md" || e == "txt") {
                let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
                files.push(ImportFile { path: name, text: std::fs::read_to_string(&path).unwrap() });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

#[tokio::test]
async fn real_reports_are_imported_as_they_are() {
    let fresh = each().await.remove(0);
    let app = app(&fresh);
    set_up(&fresh, &app).await;
    let admin = somebody(Role::Administrator);
    for files in [shared("seeds"), shared("corpus")] {
        let first = app.import_postmortems(&admin, &files).await.unwrap();
        for line in &first {
            assert_eq!(line.outcome, ImportOutcome::Created, "{}: {:?}", line.path, line.notes);
            let view = app.read_postmortem(&admin, line.id.as_ref().unwrap().as_str()).await.unwrap();
            assert!(view.document.problems.is_empty(), "{}: {:?}", line.path, view.document.problems);
        }
        if let Some(line) = first.iter().find(|line| line.path.starts_with("004_")) {
            assert_eq!(line.milestones.started.as_ref().unwrap().at.to_string(), "2022-11-10T05:45:00Z");
            assert_eq!(line.milestones.resolved.as_ref().unwrap().at.to_string(), "2022-11-10T08:53:00Z");
            assert_eq!(line.actions, 3);
        }
        let again = app.import_postmortems(&admin, &files).await.unwrap();
        assert!(again.iter().all(|line| line.outcome == ImportOutcome::Unchanged));
    }
}

#[tokio::test]
async fn actions_are_kept_over_all_incidents_and_closed_with_a_note() {
    for fresh in each().await {
        let app = app(&fresh);
        let ada = set_up(&fresh, &app).await;
        let incident = an_incident(&app, Visibility::Public).await;
        let me = somebody(Role::Responder);
        let add = async |text: &str, due: Option<&str>, owner: &str| {
            let new = NewAction {
                incident: Some(incident.number.to_string()),
                text: text.into(),
                due: due.map(|due| due.parse().unwrap()),
                owner: Some(owner.into()),
                ..NewAction::default()
            };
            app.add_action(&me, new).await.unwrap()
        };
        let late = add("late", Some("2026-08-20"), "ada").await;
        add("soon", Some("2026-09-03"), "Nobody We Know").await;
        add("some day", None, "Ada").await;
        assert_eq!((late.owner.as_deref(), late.owner_id.as_ref()), (Some("Ada"), Some(&ada)));
        let nothing =
            app.add_action(&me, NewAction { text: "x".into(), ..NewAction::default() }).await.unwrap_err();
        assert!(nothing.to_string().contains("postmortem"), "{nothing}");

        let mut seen = Vec::new();
        let mut paging = Paging { limit: Some(1), cursor: None };
        loop {
            let page = app.actions(&me, &ActionFilter::default(), &paging).await.unwrap();
            seen.extend(page.items.into_iter().map(|line| (line.action.text, line.overdue)));
            match page.next_cursor {
                Some(cursor) => paging.cursor = Some(cursor),
                None => break,
            }
        }
        assert_eq!(
            seen,
            [("late".into(), true), ("soon".into(), false), ("some day".into(), false)],
            "{}",
            fresh.engine
        );
        let overdue = ActionFilter { which: WhichActions::Overdue, owner: Some(ada) };
        let lines = app.actions(&me, &overdue, &Paging::default()).await.unwrap().items;
        assert_eq!(
            (lines.len(), lines[0].incident_number, lines[0].about.as_str()),
            (1, Some(incident.number), "Customers cannot pay")
        );
        assert_eq!(app.action_counts(&me).await.unwrap(), (3, 1));

        let unsaid = app.finish_action(&me, &late.id, " ").await.unwrap_err();
        assert!(unsaid.to_string().contains("how it is known"), "{unsaid}");
        let done = app.finish_action(&me, &late.id, "The alert rang in the exercise.").await.unwrap();
        assert_eq!((done.state, done.closed_at, done.version), (ActionState::Done, Some(now()), 2));
        let stale = EditAction { text: Some("other".into()), ..EditAction::default() };
        let conflict = app.edit_action(&me, &late.id, 1, stale).await;
        assert!(matches!(conflict, Err(AppError::Conflict { .. })));
        let open = EditAction { state: Some(ActionState::Open), due: Some(None), ..EditAction::default() };
        let open = app.edit_action(&me, &late.id, 2, open).await.unwrap();
        assert_eq!((open.state, open.closed_at, open.due), (ActionState::Open, None, None));
        app.remove_action(&me, &late.id).await.unwrap();
        assert!(matches!(app.action(&me, &late.id).await, Err(AppError::NotFound(_))));
        assert!(matches!(
            app.add_action(&somebody(Role::Viewer), NewAction::default()).await,
            Err(AppError::Forbidden { .. })
        ));
    }
}

#[tokio::test]
async fn owners_are_reminded_once_for_each_step() {
    for fresh in each().await {
        let day = Arc::new(AtomicI64::new(0));
        let clock = day.clone();
        let app = app_with(
            &fresh,
            Arc::new(move || now() + SignedDuration::from_hours(24 * clock.load(Ordering::Relaxed))),
        );
        set_up(&fresh, &app).await;
        let incident = an_incident(&app, Visibility::Public).await;
        let me = somebody(Role::Responder);
        let new = NewAction {
            incident: Some(incident.id.to_string()),
            text: "Alert when *payments* stop".into(),
            owner: Some("Ada".into()),
            due: Some("2026-09-05".parse().unwrap()),
            ..NewAction::default()
        };
        let action = app.add_action(&me, new).await.unwrap();
        // Day by day: 1 September is day 0, it is due on day 4.
        let mut sent = Vec::new();
        for today in 0..=20 {
            day.store(today, Ordering::Relaxed);
            let first = app.remind_owners().await.unwrap();
            assert_eq!(app.remind_owners().await.unwrap(), 0, "a second node, or the same a minute later");
            if first > 0 {
                sent.push(today);
            }
        }
        assert_eq!(sent, [1, 4, 5, 12], "{}", fresh.engine);
        let mut tx = app.store().read().await.unwrap();
        let mails = broadcast::about(&mut tx, action.id.as_str()).await.unwrap();
        assert_eq!(mails.len(), 4);
        assert_eq!(
            (mails[0].kind, mails[0].subject.as_str()),
            (BroadcastKind::Action, "[Marrowby Status] Due 5 Sep 2026: Alert when payments stop")
        );
        drop(tx);
        // A new day begins anew; done ends it.
        let moved = EditAction { due: Some(Some("2026-09-22".parse().unwrap())), ..EditAction::default() };
        app.edit_action(&me, &action.id, action.version, moved).await.unwrap();
        assert_eq!(app.remind_owners().await.unwrap(), 1);
        app.finish_action(&me, &action.id, "Done.").await.unwrap();
        day.store(40, Ordering::Relaxed);
        assert_eq!(app.remind_owners().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn every_change_is_in_the_audit_log_and_the_feed() {
    for fresh in each().await {
        let app = app(&fresh);
        set_up(&fresh, &app).await;
        let incident = an_incident(&app, Visibility::Public).await;
        let before = newest(&app).await;
        let speaker = somebody(Role::Communicator);
        let p =
            app.draft_postmortem(&speaker, incident.id.as_str(), DraftPostmortem::default()).await.unwrap();
        let id = p.id.as_str();
        let p = app.edit_postmortem(&speaker, id, 1, letter("Sorry.")).await.unwrap();
        let p = app.publish_postmortem(&speaker, id, document(p.version)).await.unwrap();
        app.publish_letter(&speaker, id, the_letter(p.version, Some(false))).await.unwrap();
        let mut tx = app.store().read().await.unwrap();
        let log = amends_store::audit::list(&mut tx, &Default::default(), None, 4).await.unwrap();
        let log: Vec<String> =
            log.entries.iter().rev().map(|e| format!("{} {}", e.action, e.resource)).collect();
        assert_eq!(log, ["create postmortem", "edit postmortem", "publish postmortem", "publish letter"]);
        let feed = amends_store::feed::after(&mut tx, before, 50).await.unwrap();
        for kind in ["postmortem", "letter", "incident"] {
            assert!(feed.iter().any(|change| change.kind == kind), "{kind}: {feed:?}");
        }
        assert!(
            broadcast::about(&mut tx, id).await.unwrap().is_empty(),
            "published without a word to subscribers"
        );
    }
}

async fn newest(app: &App) -> i64 {
    amends_store::feed::newest(&mut app.store().read().await.unwrap()).await.unwrap()
}

/// The server runs use cases on many threads: this holds if it compiles.
#[allow(dead_code)]
fn every_use_case_can_move_between_threads(app: &App, me: &Caller) {
    fn send<T: Send>(_: T) {}
    send(app.draft_postmortem(me, "", DraftPostmortem::default()));
    send(app.edit_postmortem(me, "", 1, EditPostmortem::default()));
    send(app.read_postmortem(me, ""));
    send(app.preview_postmortem(me, "", "", false));
    send(app.publish_postmortem(me, "", document(1)));
    send(app.preview_letter(me, ""));
    send(app.publish_letter(me, "", the_letter(1, None)));
    send(app.export_postmortem(me, ""));
    send(app.import_postmortems(me, &[]));
    send(app.add_action(me, NewAction::default()));
    send(app.remind_owners());
}
