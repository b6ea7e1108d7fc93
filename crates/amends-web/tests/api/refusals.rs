//! What is refused, and how it is said.

use crate::support::apis;
use amends_model::Role;
use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;

#[tokio::test]
async fn nothing_without_a_token() {
    for api in apis().await {
        for token in ["", "nonsense", "amdp_000000000000000000000000000000000000"] {
            let answer = api.call_as(token, Method::GET, "/incidents", &[], None).await;
            assert_eq!(answer.status, 401);
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
        let plain = Request::get("/api/v1/incidents").body(Body::empty()).unwrap();
        assert_eq!(api.send(plain).await.status, 401);
    }
}

#[tokio::test]
async fn roles_and_scopes_are_kept() {
    for api in apis().await {
        api.declare(json!({"visibility": "public"})).await;
        let update = json!({"text": "We know the reason."});
        let note = json!({"kind": "note", "text": "Looked."});
        let viewer = api.token(Role::Viewer, &[]).await;
        let responder = api.token(Role::Responder, &[]).await;
        let narrow = api.token(Role::Administrator, &["incident:read", "event:read"]).await;
        for (token, path, body, status) in [
            (&viewer, "/incidents/1/events", &note, 403),
            (&responder, "/incidents/1/events", &note, 201),
            (&responder, "/incidents/1/updates", &update, 403),
            (&narrow, "/incidents/1/events", &note, 403),
        ] {
            let answer = api.call_as(token, Method::POST, path, &[], Some(body.clone())).await;
            assert_eq!(answer.status, status, "{path}: {}", answer.body);
        }
        assert_eq!(api.call_as(&narrow, Method::GET, "/incidents/1/room", &[], None).await.status, 200);
        assert_eq!(api.call_as(&narrow, Method::GET, "/components", &[], None).await.status, 403);
        assert_eq!(api.call_as(&viewer, Method::GET, "/audit", &[], None).await.status, 403);
    }
}

#[tokio::test]
async fn bodies_are_refused_with_their_place() {
    for api in apis().await {
        let malformed = api.post_text("/incidents", "application/json", "{\n \"title\": }").await;
        assert_eq!(malformed.status, 400);
        assert!(malformed.body.contains("line 2"), "{}", malformed.body);
        for (body, pointers) in [
            (json!({"title": 1}), vec!["/title"]),
            (json!({"title": "x", "colour": "red"}), vec!["/colour"]),
            (json!({"title": "", "started_at": "2030-01-01T00:00:00Z"}), vec!["/title", "/started_at"]),
            (
                json!({"title": "x", "components": [{"component": "Nothing", "status": "operational"}]}),
                vec!["/components/0/component"],
            ),
        ] {
            let answer = api.post("/incidents", body).await;
            assert_eq!(
                (answer.status, answer.pointers()),
                (422, pointers.iter().map(ToString::to_string).collect())
            );
        }
        for kind in ["text/plain", "application/x-www-form-urlencoded", ""] {
            assert_eq!(api.post_text("/incidents", kind, "{\"title\": \"x\"}").await.status, 415, "{kind}");
        }
        let charset =
            api.post_text("/incidents", "Application/JSON; charset=utf-8", "{\"title\": \"x\"}").await;
        assert_eq!(charset.status, 201);
        let large = format!("{{\"title\": \"{}\"}}", "x".repeat(1_100_000));
        assert_eq!(api.post_text("/incidents", "application/json", &large).await.status, 413);
        let huge =
            api.call(Method::POST, "/incidents", &[("content-length", "99999999")], Some(json!({}))).await;
        assert_eq!(huge.status, 413, "refused before it is read");
    }
}

#[tokio::test]
async fn parameters_are_refused_by_name() {
    for api in apis().await {
        for (query, pointer) in [
            ("limit=0", "/limit"),
            ("limit=201", "/limit"),
            ("limit=ten", "/limit"),
            ("cursor=nonsense", "/cursor"),
            ("state=closed", "/state"),
            ("colour=red", "/colour"),
            ("limit=1&limit=2", "/limit"),
            ("state=open&page=2", "/page"),
        ] {
            let answer = api.get(&format!("/incidents?{query}")).await;
            assert_eq!(
                (answer.status, answer.pointers()),
                (422, vec![pointer.to_owned()]),
                "{query}: {}",
                answer.body
            );
        }
        assert_eq!(api.get("/components?limit=1").await.status, 422, "it has no parameters");
        api.declare(json!({})).await;
        assert_eq!(api.get("/incidents/1?verbose=1").await.status, 422);
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_in_json() {
    for api in apis().await {
        for path in [
            "",
            "/",
            "/nothing",
            "/incidents/",
            "/incidents/1",
            "/incidents/abcdefghijkl",
            "/incidents/..%2Fpage",
            "/components/ABC",
            "/events/%FF",
            "/maintenances/abcdefghijkl",
            "/incidents/INC-99999999999999999999",
        ] {
            let answer = api.get(path).await;
            assert_eq!((answer.status, answer.kind().as_str()), (404, "not-found"), "{path}");
        }
        for (method, path, allowed) in [
            (Method::PUT, "/incidents", "GET,HEAD,POST"),
            (Method::DELETE, "/page", "GET,HEAD,PATCH"),
            (Method::OPTIONS, "/incidents", "GET,HEAD,POST"),
            (Method::TRACE, "/incidents/1/state", "PUT"),
        ] {
            let answer = api.call(method, path, &[("origin", "https://elsewhere.example")], None).await;
            assert_eq!(answer.status, 405, "{path}");
            assert_eq!(answer.header("allow"), allowed, "{path}");
            assert_eq!(answer.header("access-control-allow-origin"), "", "no foreign page reads this API");
        }
    }
}
