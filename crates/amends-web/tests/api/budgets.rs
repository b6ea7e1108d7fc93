//! What a caller may ask for in a minute.

use crate::support::apis_with;
use amends_model::Role;
use axum::http::Method;
use std::num::NonZeroU32;

#[tokio::test]
async fn a_program_that_runs_wild_is_slowed_down_alone() {
    for api in apis_with(NonZeroU32::new(6)).await {
        for left in (0..6).rev() {
            let answer = api.get("/incidents").await;
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("ratelimit-policy"), "\"default\";q=6;w=60");
            assert!(answer.header("ratelimit").starts_with(&format!("\"default\";r={left};t=")));
        }
        let refused = api.get("/incidents").await;
        assert_eq!((refused.status, refused.kind().as_str()), (429, "too-many"));
        assert_eq!(refused.header("retry-after"), "10");
        assert_eq!(refused.header("ratelimit"), "\"default\";r=0;t=10");

        let other = api.token(Role::Viewer, &[]).await;
        assert_eq!(api.call_as(&other, Method::GET, "/incidents", &[], None).await.status, 200);
        assert_eq!(api.call_as("wrong", Method::GET, "/incidents", &[], None).await.status, 401);

        api.wait(10);
        assert_eq!(api.get("/incidents").await.status, 200);
        assert_eq!(api.get("/incidents").await.status, 429);
        api.wait(60);
        assert!(api.get("/incidents").await.header("ratelimit").starts_with("\"default\";r=5;"));
    }
}

#[tokio::test]
async fn guessing_tokens_is_slowed_down_by_address() {
    for api in apis_with(NonZeroU32::new(3)).await {
        let mut statuses = Vec::new();
        for n in 0..4 {
            let guess = format!("amdp_{n:036}");
            statuses.push(api.call_as(&guess, Method::GET, "/me", &[], None).await.status);
        }
        assert_eq!(statuses, [401, 401, 401, 429]);
        assert_eq!(api.get("/me").await.status, 200, "a good token from the same address is not held back");
    }
}
