//! The served description.

use crate::support::apis;
use axum::body::Body;
use axum::http::Request;

#[tokio::test]
async fn it_is_served_to_everybody() {
    let Some(api) = apis().await.into_iter().next() else { return };
    let answer = api.send(Request::get("/api/v1/openapi.json").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.expect(200)["openapi"], "3.1.0");
    assert_eq!(answer.header("content-type"), "application/json");
}

#[test]
fn the_copy_in_docs_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    let now = serde_json::to_string_pretty(&amends_web::api::openapi()).unwrap();
    assert!(
        kept.trim_end() == now,
        "docs/openapi.json is not current; write it anew with ‘cargo xtask docs’"
    );
}
