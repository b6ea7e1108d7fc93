//! Importing another page's history, on both engines.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::PathBuf;

use amends_app::import::{ImportCounts, ImportReport};
use amends_app::{App, Caller};
use amends_model::{ComponentStatus, EventBody, Impact, IncidentId, IncidentState, Phase, Role};
use amends_store::{audit, event, feed, incident};
use amends_testkit::stores::each;
use support::{app, now};

/// The workplace's shared data, or `None` (said aloud) when it is not there.
fn shared(file: &str) -> Option<Vec<u8>> {
    let root = std::env::var_os("AMENDS_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let path = root.join("data").join(file);
    let bytes = std::fs::read(&path).ok();
    if bytes.is_none() {
        eprintln!("SKIPPED: {} is not there", path.display());
    }
    bytes
}

fn operator() -> Caller {
    Caller::system("test")
}

fn counts(new: usize, updated: usize, unchanged: usize) -> ImportCounts {
    ImportCounts { new, updated, unchanged }
}

async fn import(app: &App, file: &[u8]) -> ImportReport {
    app.import_statuspage(&operator(), file).await.unwrap()
}

/// Everything on the record that an import could change, as text.
async fn record(app: &App) -> String {
    let mut tx = app.store().read().await.unwrap();
    let after = amends_store::Keyset::start();
    let incidents = incident::list(&mut tx, incident::Which::All, &after, 5_000).await.unwrap();
    let maintenances =
        amends_store::maintenance::list(&mut tx, amends_store::maintenance::Which::All, &after, 5_000)
            .await
            .unwrap();
    let mut out = serde_json::to_string(&(&incidents, &maintenances)).unwrap();
    let ids: Vec<&str> = incidents.iter().map(|i| i.id.as_str()).collect();
    out.push_str(&serde_json::to_string(&event::updates_of(&mut tx, &ids).await.unwrap()).unwrap());
    out.push_str(&format!("{:?}", feed::newest(&mut tx).await.unwrap()));
    out.push_str(&format!(
        "{}",
        audit::list(&mut tx, &Default::default(), None, 100).await.unwrap().entries.len()
    ));
    out
}

fn line(id: &str, message: &str, extra: &str) -> String {
    format!(
        r#"{{"id": "1", "title": "Slow pages", "url": "https://x.example/incidents/{id}", "started_at": "2026-03-26T01:43:00Z", "resolved_at": "2026-03-26T03:35:00Z", "updated_at": "2026-03-26T03:35:00Z", "impact": "minor", "components": ["Web", "API"], "updates": [{{"at": "2026-03-26T01:43:00Z", "status": "Investigating", "message": "Looking."}}, {{"at": "2026-03-26T01:43:00Z", "status": "Update", "message": "And again."}}, {{"at": "2026-03-26T03:35:00Z", "status": "Resolved", "message": "{message}"}}]{extra}}}"#
    )
}

#[tokio::test]
async fn an_incident_keeps_its_id_times_words_and_order_and_tells_nobody() {
    for fresh in each().await {
        let app = app(&fresh);
        let report = import(&app, line("bhbcjn4n3jzp", "Over.", "").as_bytes()).await;
        assert_eq!(report.problems, [], "{}", fresh.engine);
        assert_eq!((report.incidents, report.updates), (counts(1, 0, 0), counts(3, 0, 0)));
        assert_eq!(report.components_added, ["Web", "API"]);

        let id: IncidentId = "bhbcjn4n3jzp".parse().unwrap();
        let mut tx = app.store().read().await.unwrap();
        let one = incident::get(&mut tx, &id).await.unwrap().unwrap();
        assert_eq!(
            (one.phase, one.state, one.impact),
            (Phase::Resolved, IncidentState::Resolved, Impact::Minor)
        );
        assert_eq!(one.number, 1);
        assert!(one.backfilled);
        assert_eq!(one.source_url.as_deref(), Some("https://x.example/incidents/bhbcjn4n3jzp"));
        assert_eq!(one.started_at.to_string(), "2026-03-26T01:43:00Z");
        assert_eq!(one.resolved_at.unwrap().to_string(), "2026-03-26T03:35:00Z");
        assert_eq!(one.components.len(), 2);
        assert!(
            one.components.iter().all(|a| a.status == ComponentStatus::DegradedPerformance
                && a.current == ComponentStatus::Operational)
        );
        let events = event::of(&mut tx, id.as_str()).await.unwrap();
        let said: Vec<&str> = events.iter().filter_map(|e| e.body.text()).collect();
        assert_eq!(said, ["Looking.", "And again.", "Over."]);
        for e in &events {
            assert!(matches!(&e.body, EventBody::Update { notify: false, .. }), "{:?}", e.body);
        }
        let phases: Vec<Phase> = events
            .iter()
            .filter_map(|e| if let EventBody::Update { phase, .. } = e.body { Some(phase) } else { None })
            .collect();
        assert_eq!(phases, [Phase::Investigating, Phase::Investigating, Phase::Resolved]);
    }
}

#[tokio::test]
async fn a_second_import_changes_nothing_and_says_so() {
    for fresh in each().await {
        let app = app(&fresh);
        let file = format!(
            "{}\nnot json\n{}\n",
            line("aaaaaaaaaaaa", "Over.", ""),
            line("bbbbbbbbbbbb", "Done.", "")
        );
        let first = import(&app, file.as_bytes()).await;
        assert_eq!(first.incidents, counts(2, 0, 0));
        assert_eq!(first.problems.len(), 1);
        assert_eq!(first.problems[0].line, 2);
        let before = record(&app).await;
        let second = import(&app, file.as_bytes()).await;
        assert_eq!((second.incidents, second.updates), (counts(0, 0, 2), counts(0, 0, 6)));
        assert!(second.components_added.is_empty());
        assert_eq!(record(&app).await, before, "{}", fresh.engine);
    }
}

#[tokio::test]
async fn a_text_that_was_edited_at_the_source_is_replaced_and_one_edited_here_stays() {
    for fresh in each().await {
        let app = app(&fresh);
        let (a, b) = ("aaaaaaaaaaaa", "bbbbbbbbbbbb");
        let file = format!("{}\n{}\n", line(a, "Over.", ""), line(b, "Over.", ""));
        import(&app, file.as_bytes()).await;

        // Somebody corrects the last message of the second one here.
        let mut tx = app.store().begin().await.unwrap();
        let old = event::of(&mut tx, b).await.unwrap().pop().unwrap();
        let body = old.body.with_text("Corrected here.".into()).unwrap();
        let new = amends_model::Event { body, edited_at: Some(now()), version: 2, ..old.clone() };
        assert!(event::replace(&mut tx, &old, &new, &operator().actor).await.unwrap());
        tx.commit().await.unwrap();

        let later =
            |line: String| line.replace("\"updated_at\": \"2026-03-26", "\"updated_at\": \"2026-03-28");
        let file =
            format!("{}\n{}\n", later(line(a, "Over, and why.", "")), later(line(b, "Over, and why.", "")));
        let report = import(&app, file.as_bytes()).await;
        assert_eq!(
            (report.incidents, report.updates),
            (counts(0, 1, 1), counts(0, 1, 5)),
            "{}",
            fresh.engine
        );
        let mut tx = app.store().read().await.unwrap();
        let last = event::of(&mut tx, a).await.unwrap().pop().unwrap();
        assert_eq!(last.body.text(), Some("Over, and why."));
        let earlier = event::earlier(&mut tx, &last.id).await.unwrap();
        assert_eq!(earlier[0].body.text(), Some("Over."), "the earlier text is kept");
        assert_eq!(event::of(&mut tx, b).await.unwrap().pop().unwrap().body.text(), Some("Corrected here."));
        drop(tx);
        // The older file again: what is newer stays.
        let file = format!("{}\n{}\n", line(a, "Over.", ""), line(b, "Over.", ""));
        assert_eq!(import(&app, file.as_bytes()).await.incidents, counts(0, 0, 2), "{}", fresh.engine);
    }
}

#[tokio::test]
async fn what_was_declared_here_is_not_touched() {
    for fresh in each().await {
        let app = app(&fresh);
        let declared = app
            .declare(
                &operator(),
                amends_app::incident::Declare { title: "Ours".into(), ..Default::default() },
            )
            .await
            .unwrap();
        let report = import(&app, line(declared.id.as_str(), "Over.", "").as_bytes()).await;
        assert_eq!(report.incidents, counts(0, 0, 1));
        let mut tx = app.store().read().await.unwrap();
        assert_eq!(
            incident::get(&mut tx, &declared.id).await.unwrap().unwrap(),
            declared,
            "{}",
            fresh.engine
        );
    }
}

#[tokio::test]
async fn planned_work_and_open_incidents_come_in_as_they_stand() {
    let file = r#"{"page": {}, "incidents": [{"id": "oooooooooooo", "name": "Now", "status": "identified", "impact": "major",
        "created_at": "2026-09-01T10:00:00.000Z", "components": [{"name": "Web"}],
        "incident_updates": [{"status": "identified", "body": "Found.", "display_at": "2026-09-01T10:10:00.000Z",
          "affected_components": [{"code": "c", "name": "Shop - Web", "old_status": "operational", "new_status": "major_outage"}]},
         {"status": "investigating", "body": "Looking.", "display_at": "2026-09-01T10:00:00.000Z"}]}],
      "scheduled_maintenances": [{"id": "mmmmmmmmmmmm", "name": "Work", "status": "scheduled", "impact": "maintenance",
        "created_at": "2026-08-30T00:00:00.000Z", "scheduled_for": "2026-09-03T22:00:00.000Z",
        "scheduled_until": "2026-09-03T23:00:00.000Z", "components": [{"name": "Web"}],
        "incident_updates": [{"status": "scheduled", "body": "Soon.", "display_at": "2026-08-30T00:00:00.000Z"}]}]}"#;
    for fresh in each().await {
        let app = app(&fresh);
        let report = import(&app, file.as_bytes()).await;
        assert_eq!(report.problems, []);
        assert_eq!((report.incidents, report.maintenances), (counts(1, 0, 0), counts(1, 0, 0)));
        assert_eq!(report.components_added, ["Web"]);
        let mut tx = app.store().read().await.unwrap();
        let open = incident::list(&mut tx, incident::Which::OpenPublic, &amends_store::Keyset::start(), 9)
            .await
            .unwrap();
        assert_eq!(open.len(), 1);
        assert_eq!(open[0].components[0].current, ComponentStatus::MajorOutage);
        let id = "mmmmmmmmmmmm".parse().unwrap();
        let work = amends_store::maintenance::get(&mut tx, &id).await.unwrap().unwrap();
        assert_eq!(work.scheduled_for.to_string(), "2026-09-03T22:00:00Z");
        assert_eq!(work.state.as_str(), "scheduled");
        drop(tx);
        // The incident ends at the source.
        let ended = file
            .replace("\"status\": \"identified\", \"impact\"", "\"status\": \"resolved\", \"resolved_at\": \"2026-09-01T11:00:00.000Z\", \"impact\"")
            .replace("\"incident_updates\": [{\"status\": \"identified\"", "\"incident_updates\": [{\"status\": \"resolved\", \"body\": \"Over.\", \"display_at\": \"2026-09-01T11:00:00.000Z\"}, {\"status\": \"identified\"");
        let report = import(&app, ended.as_bytes()).await;
        assert_eq!(
            (report.incidents, report.updates),
            (counts(0, 1, 0), counts(1, 0, 3)),
            "{}",
            fresh.engine
        );
        let mut tx = app.store().read().await.unwrap();
        let one = incident::get(&mut tx, &"oooooooooooo".parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(one.phase, Phase::Resolved);
        assert_eq!(one.components[0].current, ComponentStatus::Operational);
    }
}

#[tokio::test]
async fn only_administrators_import() {
    let fresh = each().await.remove(0);
    let mut caller = operator();
    caller.role = Role::Communicator;
    let refused = app(&fresh).import_statuspage(&caller, b"{}").await;
    assert!(matches!(refused, Err(amends_app::AppError::Forbidden { .. })));
}

#[tokio::test]
async fn feed_and_archive_of_one_page_merge_in_either_order() {
    let (Some(feed), Some(lines)) = (shared("github-status-history.atom"), shared("github-incidents.jsonl"))
    else {
        return;
    };
    for fresh in each().await {
        let app = app(&fresh);
        let first = import(&app, &lines).await;
        assert_eq!(first.problems, []);
        assert_eq!(first.incidents, counts(801, 0, 0));
        assert_eq!(first.maintenances, counts(18, 0, 0));
        assert_eq!(first.updates, counts(4570, 0, 0));
        let second = import(&app, &feed).await;
        assert_eq!(second.problems, []);
        assert_eq!((second.incidents.new, second.incidents.total()), (0, 25));
        assert_eq!(second.updates.new, 0, "{second:?}");
        assert!(second.updates.updated > 0, "paragraphs come back");
        let before = record(&app).await;
        for file in [&lines, &feed, &lines] {
            let again = import(&app, file).await;
            assert_eq!(again.incidents.new + again.incidents.updated, 0, "{}: {again:?}", fresh.engine);
            assert_eq!(again.updates.new + again.updates.updated, 0, "{}: {again:?}", fresh.engine);
        }
        assert_eq!(record(&app).await, before, "{}", fresh.engine);
    }
    for fresh in each().await {
        let app = app(&fresh);
        let first = import(&app, &feed).await;
        assert_eq!(first.incidents, counts(25, 0, 0));
        let second = import(&app, &lines).await;
        assert_eq!(
            (second.incidents.new, second.incidents.updated),
            (776, 25),
            "impact and components are added"
        );
        let mut tx = app.store().read().await.unwrap();
        let all = incident::list(&mut tx, incident::Which::All, &amends_store::Keyset::start(), 2_000)
            .await
            .unwrap();
        assert_eq!(all.len(), 801);
        let ids: Vec<&str> = all.iter().map(|i| i.id.as_str()).collect();
        // The feed holds one message twice in one minute, which the archive has once.
        let updates = event::updates_of(&mut tx, &ids).await.unwrap().len();
        let works = amends_store::maintenance::list(
            &mut tx,
            amends_store::maintenance::Which::All,
            &amends_store::Keyset::start(),
            99,
        )
        .await
        .unwrap();
        let ids: Vec<&str> = works.iter().map(|i| i.id.as_str()).collect();
        assert_eq!(updates + event::updates_of(&mut tx, &ids).await.unwrap().len(), 4571, "{}", fresh.engine);
        let one = all.iter().find(|i| i.id.as_str() == "bhbcjn4n3jzp").unwrap();
        assert_eq!(one.impact, Impact::Critical);
        drop(tx);
        let before = record(&app).await;
        for file in [&feed, &lines] {
            let again = import(&app, file).await;
            assert_eq!(again.incidents.new + again.incidents.updated + again.updates.updated, 0, "{again:?}");
        }
        assert_eq!(record(&app).await, before, "{}", fresh.engine);
    }
}
