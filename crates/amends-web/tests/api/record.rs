//! The record: incidents, their timeline, components, planned work, the page.

use crate::support::apis;
use axum::http::Method;
use serde_json::json;

#[tokio::test]
async fn an_incident_from_declaring_to_resolving() {
    for api in apis().await {
        let component = api.post("/components", json!({"name": "Daily send"})).await.expect(201);
        let declared = api
            .post(
                "/incidents",
                json!({
                    "title": "Mails arrive late", "visibility": "public", "severity": "sev2",
                    "components": [{"component": "Daily send", "status": "partial_outage"}],
                }),
            )
            .await;
        let incident = declared.expect(201);
        let id = incident["id"].as_str().unwrap();
        assert_eq!(declared.header("location"), format!("/api/v1/incidents/{id}"));
        assert_eq!(declared.header("etag"), "\"1\"");
        assert_eq!(incident["components"][0]["component_id"], component["id"]);
        let by_number = format!("/incidents/INC-{}", incident["number"]);
        assert_eq!(api.get(&by_number).await.expect(200), incident);

        let update = api
            .post(
                &format!("{by_number}/updates"),
                json!({"phase": "identified", "text": "We know the reason."}),
            )
            .await;
        let event = update.expect(201);
        assert_eq!(event["body"]["kind"], "update");
        let at = update.header("location").strip_prefix("/api/v1").unwrap().to_owned();
        assert_eq!(api.get(&at).await.expect(200), event);

        api.post(&format!("{by_number}/events"), json!({"kind": "note", "text": "Looked at the queue."}))
            .await
            .expect(201);
        api.post(&format!("{by_number}/roles"), json!({"role": "lead", "person": "Ada"})).await.expect(201);
        api.post(
            &format!("{by_number}/milestones"),
            json!({"milestone": "detected", "at": "2026-09-01T11:00:00Z"}),
        )
        .await
        .expect(201);
        let resolved = api
            .call(Method::PUT, &format!("{by_number}/state"), &[], Some(json!({"state": "resolved"})))
            .await;
        assert_eq!(resolved.expect(200)["state"], "resolved");
        assert!(!resolved.header("etag").is_empty());

        let milestones = api.get(&format!("{by_number}/milestones")).await.expect(200);
        assert_eq!(milestones["detected"]["at"], "2026-09-01T11:00:00Z");
        assert_eq!(milestones["resolved"]["at"], "2026-09-01T12:00:00Z");
        assert_eq!(api.get(&format!("{by_number}/roles")).await.expect(200)["items"][0]["person"], "Ada");
        let updates = api.get(&format!("{by_number}/updates")).await.expect(200);
        assert_eq!(updates["items"].as_array().unwrap().len(), 1, "{}", api.engine);
        let room = api.get(&format!("{by_number}/room")).await.expect(200);
        let events = api.get(&format!("{by_number}/events?limit=200")).await.expect(200);
        assert_eq!(room["events"].as_array().unwrap().len(), events["items"].as_array().unwrap().len());
        assert_eq!(room["incident"]["state"], "resolved");
    }
}

#[tokio::test]
async fn lists_go_on_where_they_stopped() {
    for api in apis().await {
        for n in 1..=5 {
            let public = if n % 2 == 0 { "public" } else { "internal" };
            api.declare(json!({"title": format!("Incident {n}"), "visibility": public})).await;
            api.wait(60);
        }
        api.call(Method::PUT, "/incidents/2/state", &[], Some(json!({"state": "resolved"})))
            .await
            .expect(200);
        let (mut titles, mut path) = (Vec::new(), "/incidents?limit=2".to_owned());
        loop {
            let part = api.get(&path).await.expect(200);
            titles.extend(
                part["items"].as_array().unwrap().iter().map(|i| i["title"].as_str().unwrap().to_owned()),
            );
            let Some(cursor) = part["next_cursor"].as_str() else { break };
            path = format!("/incidents?limit=2&cursor={cursor}");
        }
        assert_eq!(titles, ["Incident 5", "Incident 4", "Incident 3", "Incident 2", "Incident 1"]);
        let count = |list: serde_json::Value| list["items"].as_array().unwrap().len();
        assert_eq!(count(api.get("/incidents?state=open").await.expect(200)), 4);
        assert_eq!(count(api.get("/incidents?visibility=public").await.expect(200)), 2);
        assert_eq!(count(api.get("/incidents?state=open&visibility=public").await.expect(200)), 1);
        assert_eq!(count(api.get("/incidents?state=all").await.expect(200)), 5);
    }
}

#[tokio::test]
async fn events_keep_their_earlier_versions() {
    for api in apis().await {
        api.declare(json!({})).await;
        let note =
            api.post("/incidents/1/events", json!({"kind": "note", "text": "First"})).await.expect(201);
        let path = format!("/events/{}", note["id"].as_str().unwrap());
        let edited = api
            .call(Method::PATCH, &path, &[("if-match", "\"1\"")], Some(json!({"text": "Second"})))
            .await
            .expect(200);
        assert_eq!(edited["body"]["text"], "Second");
        let versions = api.get(&format!("{path}/versions")).await.expect(200);
        assert_eq!(versions["items"][0]["body"]["text"], "First");
        assert!(versions["next_cursor"].is_null());
    }
}

#[tokio::test]
async fn planned_work_is_announced_and_told_about() {
    for api in apis().await {
        let planned = api
            .post(
                "/maintenances",
                json!({
                    "title": "Database upgrade", "text": "Sending pauses.",
                    "scheduled_for": "2026-09-02T22:00:00Z", "scheduled_until": "2026-09-02T23:00:00Z",
                }),
            )
            .await;
        let maintenance = planned.expect(201);
        let path = format!("/maintenances/{}", maintenance["id"].as_str().unwrap());
        assert_eq!(planned.header("location"), format!("/api/v1{path}"));
        let moved = api
            .call(
                Method::PATCH,
                &path,
                &[("if-match", planned.header("etag"))],
                Some(json!({"title": "Upgrade"})),
            )
            .await
            .expect(200);
        assert_eq!(moved["title"], "Upgrade");
        api.post(&format!("{path}/updates"), json!({"state": "in_progress", "text": "We have begun."}))
            .await
            .expect(201);
        assert_eq!(api.get(&path).await.expect(200)["state"], "in_progress");
        let told = api.get(&format!("{path}/updates")).await.expect(200);
        assert_eq!(told["items"].as_array().unwrap().len(), 2);
        assert_eq!(
            api.get("/maintenances?state=open").await.expect(200)["items"][0]["id"],
            maintenance["id"]
        );
    }
}

#[tokio::test]
async fn the_page_is_read_and_changed() {
    for api in apis().await {
        let page = api.get("/page").await;
        assert_eq!(page.expect(200)["name"], "Marrowby");
        let changed = api
            .call(
                Method::PATCH,
                "/page",
                &[("if-match", page.header("etag"))],
                Some(json!({"description": "Mail for everybody"})),
            )
            .await;
        assert_eq!(changed.expect(200)["description"], "Mail for everybody");
    }
}

#[tokio::test]
async fn another_pages_history_is_imported() {
    for api in apis().await {
        let line = r#"{"page":{"id":"x"},"incidents":[]}"#;
        let report = api.post_text("/imports/statuspage", "application/json", line).await.expect(200);
        assert!(report["problems"].is_array(), "{report}");
        let nonsense =
            api.post_text("/imports/statuspage", "text/plain", "nothing of the kind").await.expect(200);
        assert!(!nonsense["problems"].as_array().unwrap().is_empty(), "{nonsense}");
        assert_eq!(api.post_text("/imports/statuspage", "image/png", "x").await.status, 415);
    }
}
