//! People, tokens, sessions, the audit log.

use crate::support::apis;
use amends_model::Role;
use axum::http::Method;
use serde_json::json;

#[tokio::test]
async fn people_are_added_changed_and_kept_out() {
    for api in apis().await {
        let added =
            api.post("/users", json!({"email": "ada@example.com", "name": "Ada", "role": "responder"})).await;
        let person = added.expect(201);
        assert!(
            person["link"].as_str().unwrap().starts_with("https://status.marrowby.example/link/"),
            "{person}"
        );
        let path = format!("/users/{}", person["id"].as_str().unwrap());
        assert_eq!(added.header("location"), format!("/api/v1{path}"));
        let shown = api.get(&path).await;
        assert!(shown.expect(200)["link"].is_null(), "shown once");
        let changed = api
            .call(
                Method::PATCH,
                &path,
                &[("if-match", shown.header("etag"))],
                Some(json!({"disabled": true})),
            )
            .await
            .expect(200);
        assert_eq!(changed["disabled"], true);
        let link = api.post(&format!("{path}/links"), json!({"purpose": "password"})).await;
        assert_eq!(link.status, 409, "disabled people get no links");
        assert_eq!(api.get("/users").await.expect(200)["items"].as_array().unwrap().len(), 1);
        let twice =
            api.post("/users", json!({"email": "Ada@example.com", "name": "A", "role": "viewer"})).await;
        assert_eq!((twice.status, twice.pointers()), (422, vec!["/email".to_owned()]));
    }
}

#[tokio::test]
async fn tokens_are_made_shown_once_and_revoked() {
    for api in apis().await {
        let made = api
            .post("/tokens", json!({"name": "pipeline", "role": "responder", "scopes": ["incident:write"]}))
            .await;
        let token = made.expect(201);
        let secret = token["secret"].as_str().unwrap();
        let at = made.header("location").strip_prefix("/api/v1").unwrap().to_owned();
        assert!(api.get(&at).await.expect(200)["secret"].is_null());
        let body = Some(json!({"title": "By the pipeline"}));
        assert_eq!(api.call_as(secret, Method::POST, "/incidents", &[], body).await.status, 201);
        assert_eq!(
            api.call_as(secret, Method::GET, "/me", &[], None).await.expect(200)["actor"]["name"],
            "pipeline"
        );
        assert_eq!(api.call(Method::DELETE, &at, &[], None).await.status, 204);
        assert_eq!(api.call_as(secret, Method::GET, "/me", &[], None).await.status, 401);
        let listed = api.get("/tokens").await.expect(200);
        let all = listed["items"].as_array().unwrap();
        assert!(all.iter().any(|t| !t["revoked_at"].is_null()) && !listed.to_string().contains(secret));
        let audit = api.get("/audit?limit=1").await.expect(200);
        assert_eq!(
            (audit["items"][0]["action"].as_str(), audit["items"][0]["resource"].as_str()),
            (Some("remove"), Some("token"))
        );
        let cursor = audit["next_cursor"].as_str().unwrap();
        assert_eq!(api.get(&format!("/audit?limit=1&cursor={cursor}")).await.status, 200);
    }
}

#[tokio::test]
async fn what_belongs_to_a_person_is_refused_to_tokens() {
    for api in apis().await {
        assert_eq!(api.get("/sessions").await.status, 409);
        assert_eq!(api.call(Method::DELETE, "/sessions/abcdefghijkl", &[], None).await.status, 409);
        let edit = api.call(Method::PATCH, "/me", &[("if-match", "\"1\"")], Some(json!({"name": "X"}))).await;
        assert_eq!(edit.status, 409);
    }
}

#[tokio::test]
async fn a_token_cannot_make_a_stronger_one() {
    for api in apis().await {
        let narrow = api.token(Role::Administrator, &["token:write"]).await;
        let body = Some(json!({"name": "all", "role": "administrator"}));
        let answer = api.call_as(&narrow, Method::POST, "/tokens", &[], body).await;
        assert_eq!((answer.status, answer.pointers()), (422, vec!["/scopes".to_owned()]));
    }
}
