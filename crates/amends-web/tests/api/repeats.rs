//! A request that is sent twice acts once.

use crate::support::{Answer, Api, apis};
use amends_app::Caller;
use amends_app::idempotency::{self, Taken, digest};
use amends_model::Role;
use axum::http::Method;
use serde_json::{Value as Json, json};

const KEY: &str = "\"3f2a\"";

async fn declare(api: &Api, key: &str, body: Json) -> Answer {
    api.call(Method::POST, "/incidents", &[("idempotency-key", key)], Some(body)).await
}

async fn incidents(api: &Api) -> usize {
    api.get("/incidents").await.expect(200)["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn the_first_answer_is_given_again() {
    for api in apis().await {
        let first = declare(&api, KEY, json!({"title": "Once"})).await;
        let again = declare(&api, "3f2a", json!({"title": "Once"})).await;
        assert_eq!((first.status, again.status), (201, 201));
        assert_eq!(again.body, first.body);
        for header in ["location", "etag", "content-type"] {
            assert_eq!(again.header(header), first.header(header), "{header}");
        }
        assert_eq!(incidents(&api).await, 1, "{}", api.engine);

        let other = declare(&api, KEY, json!({"title": "Another"})).await;
        assert_eq!((other.status, other.kind().as_str()), (422, "idempotency-key-reused"));
        let elsewhere = api
            .call(Method::POST, "/components", &[("idempotency-key", KEY)], Some(json!({"title": "Once"})))
            .await;
        assert_eq!(elsewhere.status, 422, "the path belongs to the request");
        assert_eq!(incidents(&api).await, 1);
    }
}

#[tokio::test]
async fn refusals_are_given_again_too() {
    for api in apis().await {
        let first = declare(&api, KEY, json!({"title": ""})).await;
        let again = declare(&api, KEY, json!({"title": ""})).await;
        assert_eq!((first.status, &first.body), (422, &again.body));
        assert_eq!(again.header("content-type"), "application/problem+json");
        for wrong in ["", "\"\"", "a b"] {
            assert_eq!(declare(&api, wrong, json!({"title": "x"})).await.status, 400, "{wrong}");
        }
        assert_eq!(incidents(&api).await, 0);
    }
}

#[tokio::test]
async fn keys_are_each_callers_own() {
    for api in apis().await {
        let other = api.token(Role::Responder, &[]).await;
        declare(&api, KEY, json!({"title": "Mine"})).await.expect(201);
        let body = Some(json!({"title": "Theirs"}));
        let theirs = api.call_as(&other, Method::POST, "/incidents", &[("idempotency-key", KEY)], body).await;
        assert_eq!(theirs.expect(201)["title"], "Theirs");
    }
}

#[tokio::test]
async fn at_the_same_moment_only_one_acts() {
    for api in apis().await {
        let tries = (0..8).map(|_| declare(&api, KEY, json!({"title": "Once"})));
        let answers = futures_util::future::join_all(tries).await;
        assert!(answers.iter().all(|a| a.status == 201 || a.kind() == "idempotency-in-progress"));
        assert!(answers.iter().any(|a| a.status == 201));
        assert_eq!(incidents(&api).await, 1, "{}", api.engine);
    }
}

#[tokio::test]
async fn after_a_day_a_key_is_forgotten() {
    for api in apis().await {
        declare(&api, KEY, json!({"title": "Once"})).await.expect(201);
        api.wait(23 * 3600);
        assert_eq!(api.app.forget_keys().await.unwrap(), 0);
        api.wait(2 * 3600);
        assert_eq!(api.app.forget_keys().await.unwrap(), 1);
        declare(&api, KEY, json!({"title": "Twice"})).await.expect(201);
        assert_eq!(incidents(&api).await, 2);
    }
}

#[tokio::test]
async fn secrets_are_never_kept() {
    for api in apis().await {
        let make = || async {
            let body = Some(json!({"name": "pipeline", "role": "responder"}));
            api.call(Method::POST, "/tokens", &[("idempotency-key", KEY)], body).await
        };
        let secret = make().await.expect(201)["secret"].as_str().unwrap().to_owned();
        let again = make().await;
        assert_eq!((again.status, again.kind().as_str()), (409, "shown-once"));
        assert!(!again.body.contains(&secret));
        let kept = api.app.take_key(&Caller::system("other"), "3f2a", "x").await.unwrap();
        assert_eq!(kept, Taken::Fresh);
    }
}

#[tokio::test]
async fn a_request_that_its_server_did_not_survive_is_not_done_twice() {
    for api in apis().await {
        let caller = Caller::system("test");
        let request = digest("POST", "/api/v1/incidents", b"{}");
        assert_eq!(api.app.take_key(&caller, "k", &request).await.unwrap(), Taken::Fresh);
        assert_eq!(api.app.take_key(&caller, "k", &request).await.unwrap(), Taken::InProgress);
        api.wait(3600);
        assert_eq!(api.app.take_key(&caller, "k", &request).await.unwrap(), Taken::CutOff);
        api.app.release_key(&caller, "k").await.unwrap();
        assert_eq!(api.app.take_key(&caller, "k", &request).await.unwrap(), Taken::Fresh);
        // A server that is alone knows at its start.
        let kept = idempotency::Answer { status: 201, headers: vec![], body: "{}".into() };
        assert_eq!(api.app.take_key(&caller, "done", &request).await.unwrap(), Taken::Fresh);
        api.app.keep_answer(&caller, "done", &kept).await.unwrap();
        assert_eq!(api.app.cut_off_requests().await.unwrap(), 1);
        assert_eq!(api.app.take_key(&caller, "k", &request).await.unwrap(), Taken::CutOff);
        assert_eq!(api.app.take_key(&caller, "done", &request).await.unwrap(), Taken::Done(kept));
    }
}
