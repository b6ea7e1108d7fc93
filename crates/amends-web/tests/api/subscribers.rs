//! Subscribers, suppressions, broadcasts, previews, the mail viewer and health.

use crate::support::{Api, apis};
use amends_model::Role;
use axum::http::Method;
use serde_json::{Value as Json, json};

async fn add(api: &Api, address: &str, components: &[&str]) -> Json {
    let body = json!({"address": address, "components": components, "confirmed": true});
    api.post("/subscribers", body).await.expect(201)
}

fn addresses(list: &Json) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|s| s["address"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn subscribers_are_added_found_and_removed() {
    for api in apis().await {
        let component = api.post("/components", json!({"name": "Daily send"})).await.expect(201);
        let asked = api.post("/subscribers", json!({"address": " Ada@Example.com "})).await;
        let ada = asked.expect(201);
        assert_eq!((&ada["address"], &ada["state"]), (&json!("ada@example.com"), &json!("pending")));
        let at = asked.header("location").strip_prefix("/api/v1").unwrap().to_owned();
        assert_eq!(api.get(&at).await.expect(200), ada, "{}", api.engine);
        assert_eq!(api.get("/subscribers/ada@example.com").await.expect(200), ada);
        assert_eq!(api.get("/subscribers/Ada%40example.com").await.expect(200), ada);
        api.wait(60);
        let grace = add(&api, "grace@example.org", &["daily send"]).await;
        assert_eq!(grace["components"], json!([component["id"]]));

        let listed = api.get("/subscribers?limit=1").await.expect(200);
        assert_eq!(addresses(&listed), ["grace@example.org"]);
        let cursor = listed["next_cursor"].as_str().unwrap();
        let rest = api.get(&format!("/subscribers?limit=1&cursor={cursor}")).await.expect(200);
        assert_eq!((addresses(&rest), &rest["next_cursor"]), (vec!["ada@example.com"], &Json::Null));
        for (query, found) in [
            ("state=pending", "ada@example.com"),
            ("q=EXAMPLE.ORG", "grace@example.org"),
            ("q=ada&state=pending", "ada@example.com"),
        ] {
            assert_eq!(addresses(&api.get(&format!("/subscribers?{query}")).await.expect(200)), [found]);
        }
        assert!(addresses(&api.get("/subscribers?q=%25").await.expect(200)).is_empty(), "no wildcard");
        let counts = json!({"pending": 1, "confirmed": 1, "unsubscribed": 0, "suppressed": 0});
        assert_eq!(api.get("/subscribers/counts").await.expect(200), counts);

        assert_eq!(api.call(Method::DELETE, "/subscribers/ada@example.com", &[], None).await.status, 204);
        assert_eq!(api.call(Method::DELETE, &at, &[], None).await.status, 404, "gone");
        assert_eq!(api.get("/subscribers/nobody@example.com").await.status, 404);
        for (body, pointer) in [
            (json!({"address": "nonsense"}), "/address"),
            (json!({"address": "a@example.com", "components": ["Nothing"]}), "/components"),
            (json!({"address": "a@example.com", "colour": 1}), "/colour"),
        ] {
            let answer = api.post("/subscribers", body).await;
            assert_eq!((answer.status, answer.pointers()), (422, vec![pointer.to_owned()]));
        }
        for query in ["q=%00", "q=a%0Ab", "state=gone", "cursor=%00", "cursor=zz-%00"] {
            assert_eq!(api.get(&format!("/subscribers?{query}")).await.status, 422, "{query}");
        }
    }
}

#[tokio::test]
async fn lists_go_in_and_come_out() {
    for api in apis().await {
        let list = "address,components\nada@example.com,\nnonsense,\ngrace@example.com,Nothing\n";
        let preview = api.post_text("/subscribers/import?dry_run=true", "text/csv", list).await.expect(200);
        assert_eq!((&preview["added"], &preview["wrong"]), (&json!(1), &json!(2)));
        assert!(addresses(&api.get("/subscribers").await.expect(200)).is_empty(), "nothing changed");
        let done = api.post_text("/subscribers/import", "text/csv; charset=utf-8", list).await.expect(200);
        assert_eq!(done, preview, "{}", api.engine);
        assert_eq!(done["problems"][1]["line"], 4);
        let again = api.post_text("/subscribers/import", "text/plain", list).await.expect(200);
        assert_eq!((&again["added"], &again["unchanged"]), (&json!(0), &json!(1)));
        assert_eq!(api.post_text("/subscribers/import", "application/json", "{}").await.status, 415);
        let nameless = api.post_text("/subscribers/import", "text/csv", "name,phone\nAda,1\n").await;
        assert_eq!((nameless.status, nameless.pointers()), (422, vec!["/csv".to_owned()]));

        let out = api.get("/subscribers/export").await;
        assert_eq!((out.status, out.header("content-type")), (200, "text/csv; charset=utf-8"));
        assert_eq!(out.header("content-disposition"), "attachment; filename=\"subscribers.csv\"");
        assert!(out.body.contains("ada@example.com,confirmed,,import,"), "{}", out.body);
    }
}

#[tokio::test]
async fn suppressed_addresses_are_listed_and_lifted() {
    for api in apis().await {
        let made = api.post("/suppressions", json!({"address": "a+b@example.com", "note": "by phone"})).await;
        let first = made.expect(201);
        assert_eq!((&first["reason"], &first["detail"]), (&json!("team"), &json!("by phone")));
        let at = made.header("location").strip_prefix("/api/v1").unwrap().to_owned();
        assert_eq!(api.get(&at).await.expect(200), first);
        api.wait(60);
        api.post("/suppressions", json!({"address": "c@example.com"})).await.expect(201);
        let part = api.get("/suppressions?limit=1").await.expect(200);
        assert_eq!(addresses(&part), ["c@example.com"]);
        let cursor = part["next_cursor"].as_str().unwrap();
        let rest = api.get(&format!("/suppressions?limit=1&cursor={cursor}")).await.expect(200);
        assert_eq!(addresses(&rest), ["a+b@example.com"], "{}", api.engine);
        for cursor in ["nonsense", "1-00", "1-0g", "1-c3"] {
            assert_eq!(api.get(&format!("/suppressions?cursor={cursor}")).await.status, 422, "{cursor}");
        }
        assert_eq!(api.call(Method::DELETE, &at, &[], None).await.status, 204);
        assert_eq!(api.call(Method::DELETE, &at, &[], None).await.status, 404);
        assert_eq!(api.get("/suppressions/%00@example.com").await.status, 404);
        assert_eq!(api.post("/suppressions", json!({"address": "no"})).await.pointers(), ["/address"]);
    }
}

#[tokio::test]
async fn a_broadcast_is_previewed_sent_followed_and_explained() {
    for api in apis().await {
        let engine = api.engine;
        api.post("/components", json!({"name": "Daily send"})).await.expect(201);
        for (address, components) in [
            ("ada@example.com", vec![]),
            ("grace@example.com", vec!["Daily send"]),
            ("no@example.com", vec![]),
        ] {
            add(&api, address, &components).await;
        }
        api.post("/suppressions", json!({"address": "no@example.com"})).await.expect(201);
        api.wait(60);
        api.declare(json!({
            "visibility": "public", "components": [{"component": "Daily send", "status": "partial_outage"}],
        }))
        .await;
        let update = json!({"phase": "identified", "text": "We know the *reason*."});
        let preview = api.post("/incidents/1/updates/preview", update.clone()).await.expect(200);
        assert_eq!(preview["recipients"], json!([{"channel": "email", "count": 2}]), "{engine}");
        assert_eq!((&preview["suppressed"], &preview["held"]), (&json!(1), &Json::Null));
        assert_eq!(preview["subject"], "[Marrowby Status] Mails arrive late");
        assert!(preview["html"].as_str().unwrap().contains("<em>reason</em>"), "{preview}");
        assert_eq!(api.get("/broadcasts").await.expect(200)["items"], json!([]), "{engine}: only a look");
        let refused = api.post("/incidents/1/updates/preview", json!({"text": ""})).await;
        assert_eq!((refused.status, refused.pointers()), (422, vec!["/text".to_owned()]));

        let event = api.post("/incidents/1/updates", update).await.expect(201);
        let waiting = api.get("/incidents/INC-1/broadcasts").await.expect(200)["items"][0].clone();
        assert_eq!(waiting["about"], event["id"]);
        assert_eq!(waiting["planned_at"], Json::Null);
        api.deliver().await;
        let path = format!("/broadcasts/{}", waiting["id"].as_str().unwrap());
        let sent = api.get(&path).await.expect(200);
        assert_eq!(sent["words"], "2 of 3 accepted, 1 suppressed", "{engine}");
        assert_eq!((&sent["counts"]["accepted"], &sent["kind"]), (&json!(2), &json!("update")));
        assert_eq!(api.get("/broadcasts").await.expect(200)["items"], json!([sent]));
        let message = api.get(&format!("{path}/message")).await.expect(200);
        for part in ["subject", "text", "html"] {
            assert_eq!(message[part], preview[part], "{engine}: what was shown is what went");
        }
        let mut states = Vec::new();
        let mut next = format!("{path}/deliveries?limit=2");
        loop {
            let part = api.get(&next).await.expect(200);
            states.extend(
                part["items"].as_array().unwrap().iter().map(|d| d["state"].as_str().unwrap().to_owned()),
            );
            let Some(cursor) = part["next_cursor"].as_str() else { break };
            next = format!("{path}/deliveries?limit=2&cursor={cursor}");
        }
        assert_eq!(states, ["accepted", "accepted", "suppressed"]);
        let only = api.get(&format!("{path}/deliveries?state=suppressed")).await.expect(200);
        assert_eq!(addresses(&only), ["no@example.com"]);
        for query in ["cursor=x", "cursor=accepted-%00", "state=lost"] {
            assert_eq!(api.get(&format!("{path}/deliveries?{query}")).await.status, 422, "{query}");
        }
        assert_eq!(api.post(&format!("{path}/stop"), Json::Null).await.status, 409, "nothing is left");

        for (address, state, words) in [
            ("ADA@example.com", json!("accepted"), "Kept in the built-in viewer at"),
            ("no@example.com", json!("suppressed"), "Not sent, because the address was suppressed."),
        ] {
            let why = api.get(&format!("/explain?address={address}")).await.expect(200);
            assert_eq!(why["messages"][0]["state"], state);
            assert!(why["messages"][0]["explanation"].as_str().unwrap().starts_with(words), "{why}");
        }
        let stranger = api.get("/explain?address=who@example.com").await.expect(200);
        assert_eq!((&stranger["subscriber"], &stranger["messages"]), (&Json::Null, &json!([])));
        for wrong in [
            "/explain",
            "/explain?address=",
            "/explain?address=%00@example.com",
            "/explain?address=abcdefghijkl",
        ] {
            assert_eq!(api.get(wrong).await.pointers(), ["/address"], "{wrong}");
        }
        for missing in ["", "/message", "/deliveries"] {
            assert_eq!(api.get(&format!("/broadcasts/abcdefghijkl{missing}")).await.status, 404);
        }
    }
}

#[tokio::test]
async fn what_is_on_its_way_can_be_stopped() {
    for api in apis().await {
        add(&api, "ada@example.com", &[]).await;
        api.wait(60);
        let body = json!({"title": "Mails arrive late", "visibility": "public", "message": "We are looking into it."});
        let preview = api.post("/incidents/preview", body).await.expect(200);
        assert_eq!(preview["recipients"][0]["count"], 1, "{}", api.engine);
        assert_eq!(api.get("/incidents").await.expect(200)["items"], json!([]), "only a look");
        let silent =
            api.post("/incidents/preview", json!({"title": "Mails arrive late", "visibility": "public"}));
        assert_eq!(silent.await.pointers(), ["/message"]);
        api.declare(json!({"visibility": "public", "message": "We are looking into it."})).await;
        let waiting = api.get("/broadcasts").await.expect(200)["items"][0].clone();
        let path = format!("/broadcasts/{}/stop", waiting["id"].as_str().unwrap());
        let stopped = api.call(Method::POST, &path, &[("idempotency-key", "once")], None).await;
        assert!(stopped.expect(200)["cancelled_at"].is_string(), "{}", api.engine);
        let again = api.call(Method::POST, &path, &[("idempotency-key", "once")], None).await;
        assert_eq!(again.expect(200), stopped.json(), "answered as the first time");
        api.deliver().await;
        assert_eq!(api.get("/mailbox").await.expect(200)["items"], json!([]), "nothing went");
    }
}

#[tokio::test]
async fn planned_work_is_previewed() {
    for api in apis().await {
        add(&api, "ada@example.com", &[]).await;
        let plan = json!({
            "title": "Database upgrade", "text": "Sending pauses.",
            "scheduled_for": "2026-09-02T22:00:00Z", "scheduled_until": "2026-09-02T23:00:00Z",
        });
        let preview = api.post("/maintenances/preview", plan.clone()).await.expect(200);
        assert_eq!(preview["recipients"][0]["count"], 1);
        assert_eq!(api.get("/maintenances").await.expect(200)["items"], json!([]), "only a look");
        let planned = api.post("/maintenances", plan).await.expect(201);
        let path = format!("/maintenances/{}", planned["id"].as_str().unwrap());
        let message = json!({"state": "in_progress", "text": "We have begun."});
        let next = api.post(&format!("{path}/updates/preview"), message).await.expect(200);
        assert!(next["text"].as_str().unwrap().contains("We have begun."));
        let told = api.get(&format!("{path}/broadcasts")).await.expect(200);
        assert_eq!(
            (&told["items"][0]["kind"], told["items"].as_array().unwrap().len()),
            (&json!("maintenance"), 1)
        );
    }
}

#[tokio::test]
async fn the_viewer_shows_what_would_have_gone() {
    for api in apis().await {
        add(&api, "ada@example.com", &[]).await;
        api.post("/subscribers", json!({"address": "new@example.com"})).await.expect(201);
        api.wait(60);
        let incident =
            api.declare(json!({"visibility": "public", "message": "<b>We are</b> looking."})).await;
        api.deliver().await;
        let mails = api.get("/mailbox?limit=1").await.expect(200);
        assert_eq!(mails["items"][0]["recipient"], "ada@example.com", "{}", api.engine);
        assert_eq!(mails["items"][0]["thread"], format!("incident-{}", incident["id"].as_str().unwrap()));
        let cursor = mails["next_cursor"].as_str().unwrap();
        let rest = api.get(&format!("/mailbox?cursor={cursor}")).await.expect(200);
        assert_eq!(
            (&rest["items"][0]["recipient"], &rest["items"][0]["thread"]),
            (&json!("new@example.com"), &json!(""))
        );
        let mail = api.get(&format!("/mailbox/{}", mails["items"][0]["number"])).await.expect(200);
        assert!(mail["html"].as_str().unwrap().contains("&lt;b&gt;") && mail["raw"].is_string(), "{mail}");
        assert!(mail["headers"].as_array().unwrap().iter().any(|h| h[0] == "List-Unsubscribe-Post"));
        for missing in ["0", "999", "-1", "x", "99999999999999999999"] {
            assert_eq!(api.get(&format!("/mailbox/{missing}")).await.status, 404, "{missing}");
        }
        assert_eq!(api.get("/mailbox?cursor=x").await.pointers(), ["/cursor"]);
        let to_one = api.get("/mailbox?to=New@example.com").await.expect(200);
        assert_eq!(to_one["items"].as_array().unwrap().len(), 1);
        assert_eq!(api.get("/mailbox?to=%00").await.pointers(), ["/to"]);
        assert_eq!(api.call(Method::DELETE, "/mailbox", &[], None).await.status, 204);
        assert_eq!(api.get("/mailbox").await.expect(200)["items"], json!([]));
    }
}

#[tokio::test]
async fn health_says_how_mail_is_doing() {
    for api in apis().await {
        add(&api, "ada@example.com", &[]).await;
        let health = api.get("/health").await.expect(200);
        assert_eq!((&health["mail"]["held"], &health["mail"]["server"]), (&json!(false), &Json::Null));
        assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    }
}

#[tokio::test]
async fn addresses_are_for_those_who_may_see_them() {
    for api in apis().await {
        add(&api, "ada@example.com", &[]).await;
        api.wait(60);
        api.declare(json!({"visibility": "public", "message": "We are looking."})).await;
        let id = api.get("/broadcasts").await.expect(200)["items"][0]["id"].as_str().unwrap().to_owned();
        let deliveries = format!("/broadcasts/{id}/deliveries");
        let stop = format!("/broadcasts/{id}/stop");
        let closed = [
            "/subscribers",
            "/subscribers/export",
            "/subscribers/counts",
            "/suppressions",
            "/explain?address=a@b.cd",
            &deliveries,
        ];
        for (role, broadcasts, addresses, mailbox) in [
            (Role::Viewer, 403, 403, 403),
            (Role::Responder, 200, 403, 403),
            (Role::Communicator, 200, 200, 403),
        ] {
            let token = api.token(role, &[]).await;
            let get = |path: String| {
                let (api, token) = (&api, token.clone());
                async move { api.call_as(&token, Method::GET, &path, &[], None).await.status }
            };
            for path in ["/broadcasts", "/health", "/incidents/1/broadcasts"] {
                assert_eq!(get(path.into()).await, broadcasts, "{role} {path}");
            }
            for path in closed {
                assert_eq!(get(path.into()).await, addresses, "{role} {path}");
            }
            assert_eq!(get("/mailbox".into()).await, mailbox, "{role}");
            if role < Role::Communicator {
                assert_eq!(api.call_as(&token, Method::POST, &stop, &[], None).await.status, 403);
                let body = Some(json!({"address": "x@example.com"}));
                assert_eq!(api.call_as(&token, Method::POST, "/subscribers", &[], body).await.status, 403);
            }
        }
    }
}
