//! Nobody's work is overwritten unseen.

use crate::support::apis;
use axum::http::Method;
use serde_json::json;

#[tokio::test]
async fn an_edit_says_which_version_it_changes() {
    for api in apis().await {
        api.declare(json!({})).await;
        let edit = json!({"title": "Mails do not arrive"});
        let patch = |headers: Vec<(&'static str, &'static str)>| {
            let (api, edit) = (&api, edit.clone());
            async move { api.call(Method::PATCH, "/incidents/1", &headers, Some(edit)).await }
        };
        assert_eq!(patch(vec![]).await.kind(), "if-match-required");
        assert_eq!(patch(vec![("if-match", "1")]).await.status, 400);
        assert_eq!(patch(vec![("if-match", "W/\"1\"")]).await.status, 412);
        let done = patch(vec![("if-match", "\"1\"")]).await;
        assert_eq!(done.expect(200)["version"], 2);
        assert_eq!(done.header("etag"), "\"2\"");

        let stale = patch(vec![("if-match", "\"1\"")]).await;
        assert_eq!(stale.status, 412);
        let current = &stale.json()["current"];
        assert_eq!(current["title"], "Mails do not arrive", "the other's text is shown");
        assert_eq!(current["version"], 2);
        // Any version, or one of several.
        assert_eq!(patch(vec![("if-match", "*")]).await.status, 200);
        let list = api
            .call(
                Method::PATCH,
                "/incidents/1",
                &[("if-match", "\"1\", \"3\"")],
                Some(json!({"severity": "sev1"})),
            )
            .await;
        assert_eq!(list.status, 200, "{}", list.body);
    }
}

#[tokio::test]
async fn what_the_client_has_is_not_sent_again() {
    for api in apis().await {
        api.declare(json!({})).await;
        for (asked, status) in [
            ("\"1\"", 304),
            ("W/\"1\"", 304),
            ("*", 304),
            ("\"7\", \"1\"", 304),
            ("\"2\"", 200),
            ("nonsense", 200),
        ] {
            let answer = api.call(Method::GET, "/incidents/1", &[("if-none-match", asked)], None).await;
            assert_eq!(answer.status, status, "{asked}");
            assert_eq!(answer.header("etag"), "\"1\"");
            assert_eq!(answer.body.is_empty(), status == 304);
        }
        let head = api.call(Method::HEAD, "/incidents/1", &[], None).await;
        assert_eq!((head.status, head.header("etag")), (200, "\"1\""));
    }
}

#[tokio::test]
async fn of_two_editors_at_once_one_is_told() {
    for api in apis().await {
        api.declare(json!({})).await;
        let headers = [("if-match", "\"1\"")];
        let (a, b) = tokio::join!(
            api.call(Method::PATCH, "/incidents/1", &headers, Some(json!({"title": "One"}))),
            api.call(Method::PATCH, "/incidents/1", &headers, Some(json!({"title": "Two"}))),
        );
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412], "{}", api.engine);
    }
}
