//! Postmortems, letters, actions, search and imports.

use crate::support::{Api, apis};
use amends_model::Role;
use axum::http::Method;
use serde_json::{Value as Json, json};

/// A public incident that is over, and its draft.
async fn drafted(api: &Api) -> Json {
    api.declare(json!({
        "title": "Teams get no daily mail", "visibility": "public", "started_at": "2026-09-01T11:00:00Z",
        "message": "We are looking into it.",
    }))
    .await;
    api.call(Method::PUT, "/incidents/1/state", &[], Some(json!({"state": "resolved"}))).await.expect(200);
    api.post("/postmortems", json!({"incident": "INC-1"})).await.expect(201)
}

#[tokio::test]
async fn from_draft_to_published() {
    for api in apis().await {
        let draft = drafted(&api).await;
        assert_eq!((draft["state"].as_str(), draft["version"].as_i64()), (Some("draft"), Some(1)));
        assert_eq!(
            (draft["template"].as_str(), draft["authors"][0].is_string()),
            (Some("five-questions"), true)
        );
        let again = api.post("/postmortems", json!({"incident": "1"})).await;
        assert_eq!(again.status, 409, "{}", again.body);
        let there = draft["id"].as_str().unwrap();
        assert!(again.body.contains(there), "the one that is there is named: {}", again.body);
        // By its id, and as people say it.
        let path = format!("/postmortems/{}", draft["id"].as_str().unwrap());
        assert_eq!(api.get("/postmortems/INC-1").await.expect(200), api.get(&path).await.expect(200));

        let text =
            json!({"document": "## What\n\nIt lasted {{duration}}. {{strated}}", "title": "No daily mail"});
        assert_eq!(api.call(Method::PATCH, &path, &[], Some(text.clone())).await.kind(), "if-match-required");
        let edited = api.call(Method::PATCH, &path, &[("if-match", "\"1\"")], Some(text)).await;
        assert_eq!((edited.expect(200)["version"].as_i64(), edited.header("etag")), (Some(2), "\"2\""));
        let stale = json!({"document": "Mine"});
        let stale = api.call(Method::PATCH, &path, &[("if-match", "\"1\"")], Some(stale)).await;
        assert_eq!(stale.status, 412);
        assert!(
            stale.json()["current"]["document"].as_str().unwrap().contains("It lasted"),
            "the other's text"
        );

        let refused = api.post(&format!("{path}/publish"), json!({"version": 2})).await;
        assert_eq!((refused.status, refused.pointers()), (422, vec!["/document".to_owned()]));
        assert!(refused.body.contains("did you mean {{started}}?"), "{}", refused.body);
        let text = json!({"document": "It lasted {{duration}}."});
        api.call(Method::PATCH, &path, &[("if-match", "*")], Some(text)).await.expect(200);
        let view = api.get(&format!("{path}/view")).await.expect(200);
        assert_eq!(view["document"]["markdown"], "It lasted 1 h 00 min.");
        let shown =
            api.post(&format!("{path}/preview"), json!({"text": "{{timeline}}", "letter": true})).await;
        assert_eq!(shown.expect(200)["problems"][0]["blocking"], true, "internal facts stay inside");

        assert_eq!(api.post(&format!("{path}/submit"), json!({"version": 1})).await.status, 412);
        let review = api.post(&format!("{path}/submit"), json!({})).await.expect(200);
        assert_eq!(review["state"], "in_review");
        let back = api.post(&format!("{path}/withdraw"), json!({"version": 4})).await.expect(200);
        assert_eq!(back["state"], "draft");
        let unseen = api.post(&format!("{path}/publish"), json!({})).await;
        assert!(unseen.status == 422 && unseen.body.contains("`version`"), "{}", unseen.body);
        let publish = json!({"version": 5, "despite_findings": "It is short."});
        let published = api.post(&format!("{path}/publish"), publish).await.expect(200);
        assert_eq!(published["state"], "published");
        assert_eq!(api.post(&format!("{path}/withdraw"), json!({})).await.kind(), "refused");

        let one = api.get(&format!("{path}/versions?limit=1")).await.expect(200);
        assert_eq!((one["items"][0]["version"].as_i64(), one["next_cursor"].as_str()), (Some(6), Some("6")));
        let rest = api.get(&format!("{path}/versions?cursor=6")).await.expect(200);
        let numbers: Vec<i64> =
            rest["items"].as_array().unwrap().iter().map(|v| v["version"].as_i64().unwrap()).collect();
        assert_eq!((numbers, &rest["next_cursor"]), (vec![5, 4, 3, 2, 1], &Json::Null));
        assert_eq!(api.get(&format!("{path}/versions?cursor=x")).await.pointers(), ["/cursor"]);

        let listed = api.get("/postmortems?state=published").await.expect(200);
        assert_eq!(
            (&listed["items"][0]["id"], &listed["items"][0]["incident_number"]),
            (&draft["id"], &json!(1))
        );
        assert_eq!(api.get("/postmortems?state=draft").await.expect(200)["items"], json!([]));
        assert_eq!(api.get("/postmortems?state=done").await.pointers(), ["/state"]);
        assert_eq!(api.get("/postmortems/nonsense").await.kind(), "not-found");
    }
}

#[tokio::test]
async fn the_letter_is_looked_at_and_published_apart() {
    for api in apis().await {
        let path = format!("/postmortems/{}", drafted(&api).await["id"].as_str().unwrap());
        let text =
            json!({"letter": "We are sorry. It lasted {{duration}}.", "letter_title": "Our mails of today"});
        api.call(Method::PATCH, &path, &[("if-match", "*")], Some(text)).await.expect(200);
        let preview = api.get(&format!("{path}/letter/preview")).await.expect(200);
        let said = "We are sorry. It lasted 1 h 00 min.";
        assert_eq!((&preview["text"], &preview["title"]), (&json!(said), &json!("Our mails of today")));
        assert_eq!((&preview["recipients"], &preview["problems"]), (&json!(0), &json!([])));
        let mail = &preview["mail"];
        assert!(mail["text"].as_str().unwrap().contains(said), "{mail}");
        assert_eq!(
            mail["subject"], "[Marrowby Status] Teams get no daily mail",
            "it joins the incident's thread"
        );
        let publish = format!("{path}/letter/publish");
        let responder = api.token(Role::Responder, &[]).await;
        let by_responder =
            api.call_as(&responder, Method::POST, &publish, &[], Some(json!({"version": 2}))).await;
        assert_eq!(by_responder.status, 403, "{}", by_responder.body);
        assert_eq!(api.post(&publish, json!({"version": 1})).await.status, 412);
        let version = json!({"version": preview["version"], "despite_findings": "It is short."});
        let published = api.post(&publish, version).await.expect(200);
        assert_eq!(published["published_letter"]["title"], "Our mails of today");
        assert_eq!(published["state"], "draft", "the document is published apart");
    }
}

#[tokio::test]
async fn an_exported_postmortem_is_imported_without_change() {
    for api in apis().await {
        let path = format!("/postmortems/{}", drafted(&api).await["id"].as_str().unwrap());
        let file = api.get(&format!("{path}/export")).await;
        assert_eq!((file.status, file.header("content-type")), (200, "text/markdown; charset=utf-8"));
        assert!(
            file.header("content-disposition").contains("filename=\"2026-09-01-teams-get-no-daily-mail.md\""),
            "{:?}",
            file.headers
        );
        let elsewhere =
            "# Payments failed\n\n2026-02-03\n\n- 10:00 UTC Cards were refused\n- 10:40 UTC fixed\n";
        let files = json!({"files": [
            {"path": "a.md", "text": file.body},
            {"path": "b.md", "text": elsewhere},
            {"path": "c.md", "text": "---\namends: \"postmortem 1\"\n---\n"},
        ]});
        let outcomes = |list: &Json| {
            let items = list["items"].as_array().unwrap();
            items.iter().map(|i| i["outcome"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let first = api.post("/imports/postmortems", files.clone()).await.expect(200);
        assert_eq!(outcomes(&first), ["unchanged", "created", "refused"], "{first}");
        assert_eq!(first["items"][1]["title"], "Payments failed");
        assert!(first["items"][2]["notes"][0].as_str().unwrap().contains("missing"), "{first}");
        let second = api.post("/imports/postmortems", files).await.expect(200);
        assert_eq!(outcomes(&second), ["unchanged", "unchanged", "refused"], "{second}");
        let large = "x".repeat(2 << 20);
        let large = json!({"files": [{"path": "d.md", "text": large}]});
        let large = api.post("/imports/postmortems", large).await.expect(200);
        assert_eq!(
            outcomes(&large),
            ["refused"],
            "one file that is too long is no reason to refuse the rest"
        );
        let wrong = api.post("/imports/postmortems", json!({"files": [{"path": "d.md"}]})).await;
        assert_eq!(wrong.pointers(), ["/files/0"], "{}", wrong.body);
    }
}

#[tokio::test]
async fn actions_are_promised_and_kept() {
    for api in apis().await {
        let draft = drafted(&api).await;
        let action = json!({
            "postmortem": draft["id"], "text": "Alert on rejected mail", "owner": "Ada", "due": "2026-08-20",
            "term": "short",
        });
        let added = api.post("/actions", action).await;
        let line = added.expect(201);
        let path = added.header("location").strip_prefix("/api/v1").unwrap().to_owned();
        assert_eq!((added.header("etag"), api.get(&path).await.expect(200)), ("\"1\"", line.clone()));
        assert_eq!((&line["incident_number"], &line["overdue"]), (&json!(1), &json!(true)));
        api.post("/actions", json!({"incident": "INC-1", "text": "Write it down"})).await.expect(201);
        for (wrong, pointer) in [
            (json!({"text": "x"}), "/postmortem"),
            (json!({"text": " ", "incident": "1"}), "/text"),
            (json!({"text": "x", "incident": "99"}), "/incident"),
            (json!({"text": "x", "incident": "1", "due": "soon"}), "/due"),
            (json!({"text": "x", "incident": "1", "tracker": "A-12"}), "/tracker"),
        ] {
            assert_eq!(api.post("/actions", wrong.clone()).await.pointers(), [pointer], "{wrong}");
        }
        let count = async |query: &str| {
            api.get(&format!("/actions{query}")).await.expect(200)["items"].as_array().unwrap().len()
        };
        assert_eq!((count("").await, count("?state=overdue").await, count("?state=closed").await), (2, 1, 0));
        assert_eq!(api.get("/actions?owner=me").await.pointers(), ["/owner"], "a token is nobody");
        assert_eq!(api.get("/actions?overdue=true").await.pointers(), ["/overdue"]);

        let edit = json!({"due": null, "owner": "Grace"});
        let edited = api.call(Method::PATCH, &path, &[("if-match", "\"1\"")], Some(edit)).await.expect(200);
        assert_eq!(
            (&edited["due"], &edited["owner"], &edited["overdue"]),
            (&json!(null), &json!("Grace"), &json!(false))
        );
        let done = format!("{path}/done");
        assert_eq!(api.post(&done, json!({"note": " "})).await.pointers(), ["/note"]);
        let finished = api.post(&done, json!({"note": "It fired in a drill."})).await.expect(200);
        assert_eq!((&finished["state"], &finished["note"]), (&json!("done"), &json!("It fired in a drill.")));
        assert_eq!((count("").await, count("?state=closed").await, count("?state=all").await), (1, 1, 2));

        let viewer = api.token(Role::Viewer, &[]).await;
        assert_eq!(api.call_as(&viewer, Method::DELETE, &path, &[], None).await.status, 403);
        assert_eq!(api.call(Method::DELETE, &path, &[], None).await.status, 204);
        assert_eq!(api.get(&path).await.kind(), "not-found");
    }
}

#[tokio::test]
async fn templates_are_listed_and_a_wrong_one_is_told() {
    for api in apis().await {
        let templates = api.get("/postmortem-templates").await.expect(200);
        let names: Vec<&str> =
            templates["items"].as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["five-questions", "regret-reason-remedy", "summary-timeline", "disruption"]);
        api.declare(json!({})).await;
        let wrong = api.post("/postmortems", json!({"incident": "1", "template": "six-questions"})).await;
        assert_eq!(wrong.pointers(), ["/template"]);
        assert!(wrong.body.contains("five-questions"), "{}", wrong.body);
        assert_eq!(api.post("/postmortems", json!({"incident": "9"})).await.pointers(), ["/incident"]);
        assert_eq!(api.get("/postmortems/1").await.kind(), "not-found", "an incident without one");
    }
}

#[tokio::test]
async fn only_what_one_may_read_is_found() {
    for api in apis().await {
        let draft = drafted(&api).await;
        let text = json!({"document": "The vendor's plan was linked at noon."});
        let path = format!("/postmortems/{}", draft["id"].as_str().unwrap());
        api.call(Method::PATCH, &path, &[("if-match", "*")], Some(text)).await.expect(200);
        api.app.follow_record().await.unwrap();
        let found = api.get("/search?q=vendor+plan").await.expect(200);
        let hit = &found["hits"][0];
        assert_eq!((&hit["kind"], &hit["id"]), (&json!("postmortem"), &draft["id"]), "{found}");
        let matched: Vec<&str> = hit["passage"]["pieces"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|p| p["is_match"] == true)
            .map(|p| p["text"].as_str().unwrap())
            .collect();
        assert!(matched.contains(&"vendor") && matched.contains(&"plan"), "{hit}");
        let narrow = api.token(Role::Administrator, &["incident:read"]).await;
        let less = api.call_as(&narrow, Method::GET, "/search?q=vendor+plan", &[], None).await.expect(200);
        assert_eq!(less["hits"], json!([]), "{}", api.engine);
        assert_eq!(api.get("/search").await.pointers(), ["/q"]);
        assert_eq!(api.get("/search?q=x&limit=0").await.pointers(), ["/limit"]);
        assert_eq!(api.get("/search?q=").await.expect(200)["hits"], json!([]));
    }
}

#[tokio::test]
async fn findings_are_listed_and_errors_stop_publishing() {
    for api in apis().await {
        let path = format!("/postmortems/{}", drafted(&api).await["id"].as_str().unwrap());
        let text = json!({
            "document": "## Why\n\nThe root cause was human error.", "letter": "Write to ada@marrowby.example.",
        });
        api.call(Method::PATCH, &path, &[("if-match", "*")], Some(text)).await.expect(200);
        let lint = format!("{path}/lint");
        let rules = |list: &Json| -> Vec<String> {
            list["items"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap().to_owned()).collect()
        };
        let found = api.post(&lint, json!({})).await.expect(200);
        let of = |rule: &str| found["items"].as_array().unwrap().iter().find(|f| f["rule"] == rule).cloned();
        let error = of("C01").unwrap();
        assert_eq!(
            (&error["level"], &error["path"], &error["line"]),
            (&json!("error"), &json!("document"), &json!(3))
        );
        assert!(error["waiver"]["text"].as_str().unwrap().contains("amends: allow C01 why"), "{error}");
        // What is being written need not be saved.
        let other = json!({"text": "The port was blocked.", "title": "Postmortem"});
        let other = rules(&api.post(&lint, other).await.expect(200));
        assert!(other.contains(&"H01".to_owned()) && !other.contains(&"C01".to_owned()), "{other:?}");
        let letter = rules(&api.post(&lint, json!({"letter": true})).await.expect(200));
        assert!(letter.contains(&"S01".to_owned()), "{letter:?}");
        assert_eq!(api.post("/postmortems/INC-9/lint", json!({})).await.kind(), "not-found");

        let publish = format!("{path}/publish");
        let refused = api.post(&publish, json!({"version": 2})).await;
        assert_eq!((refused.status, refused.kind()), (422, "findings".to_owned()), "{}", refused.body);
        let refused = refused.json();
        assert!(refused["detail"].as_str().unwrap().contains("‘despite_findings’"), "{refused}");
        let errors = refused["findings"].as_array().unwrap();
        assert!(errors.iter().all(|f| f["level"] == "error") && errors.iter().any(|f| f["rule"] == "C01"));
        let blank = api.post(&publish, json!({"version": 2, "despite_findings": ""})).await;
        assert_eq!(blank.pointers(), ["/despite_findings"]);
        let reason = json!({"version": 2, "despite_findings": "The audit is today."});
        assert_eq!(api.post(&publish, reason).await.expect(200)["state"], "published");
        let newest = api.get(&format!("{path}/versions?limit=1")).await.expect(200);
        let kept = &newest["items"][0]["publication"];
        assert_eq!(
            (&kept["letter"], &kept["despite"]["reason"]),
            (&json!(false), &json!("The audit is today."))
        );
        assert_eq!(kept["despite"]["findings"].as_array().unwrap().len(), errors.len(), "{}", api.engine);

        let preview = api.get(&format!("{path}/letter/preview")).await.expect(200);
        assert!(preview["findings"].as_array().unwrap().iter().any(|f| f["rule"] == "S01"), "{preview}");
        let publish = format!("{path}/letter/publish");
        let refused = api.post(&publish, json!({"version": 3})).await;
        assert_eq!(refused.kind(), "findings", "{}", refused.body);
        let reason = json!({"version": 3, "despite_findings": "It is her wish."});
        let published = api.post(&publish, reason).await.expect(200);
        assert_eq!(published["published_letter"]["text"], "Write to ada@marrowby.example.");
    }
}
