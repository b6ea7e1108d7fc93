//! What is written is found by whom it is for.
#![allow(clippy::unwrap_used)]

mod support;

use amends_app::incident::{Declare, NewEvent, PublishUpdate};
use amends_app::search::{Kind, Source};
use amends_app::{App, Caller};
use amends_model::{Role, Visibility};
use amends_testkit::stores::each;
use support::app;

async fn found(app: &App, caller: Option<&Caller>, text: &str) -> Vec<String> {
    let found = app.search(caller, text, None).await.unwrap();
    assert!(found.complete);
    found.hits.into_iter().map(|hit| hit.title.into_iter().map(|piece| piece.text).collect()).collect()
}

#[tokio::test]
async fn what_is_written_is_found_by_whom_it_is_for() {
    for fresh in each().await {
        let app = app(&fresh);
        let admin = Caller::system("test");
        app.create_page(&admin, "Marrowby", "Etc/UTC").await.unwrap();
        let declare = |title: &str, visibility| Declare {
            title: title.into(),
            visibility: Some(visibility),
            ..Declare::default()
        };
        let mails = app.declare(&admin, declare("Daily emails are late", Visibility::Public)).await.unwrap();
        app.declare(&admin, declare("Payroll cannot be opened", Visibility::Internal)).await.unwrap();
        let note = NewEvent::Note { text: "The vendor says swordfish".into(), at: None };
        app.add_event(&admin, mails.id.as_str(), note).await.unwrap();
        let update = PublishUpdate {
            phase: None,
            text: "We are writing to the vendor.".into(),
            components: vec![],
            notify: None,
            next_update_at: None,
            expected_version: None,
        };
        app.publish_update(&admin, mails.id.as_str(), update).await.unwrap();
        app.follow_record().await.unwrap();

        let viewer = Caller { role: Role::Viewer, ..Caller::system("viewer") };
        let everything: Vec<&str> = vec!["Daily emails are late"];
        assert_eq!(found(&app, Some(&viewer), "swordf").await, everything, "{}", fresh.engine);
        assert_eq!(found(&app, Some(&viewer), "payroll").await, ["Payroll cannot be opened"]);
        assert_eq!(found(&app, Some(&viewer), "vendor writing").await, everything);
        assert_eq!(found(&app, Some(&viewer), "INC-1").await, everything);

        assert_eq!(found(&app, None, "vendor").await, everything);
        for secret in ["swordfish", "payroll", "INC-2", "#2"] {
            assert!(found(&app, None, secret).await.is_empty(), "{secret}");
        }
        let public = app.search(None, "vendor", Some(5)).await.unwrap();
        assert_eq!(public.hits[0].kind, Kind::Incident);
        assert_eq!(public.hits[0].passage.as_ref().map(|p| p.source), Some(Source::Update));
        assert!(!serde_json::to_string(&public).unwrap().contains("swordfish"));

        let mut token = Caller::system("token");
        token.scopes.0 = vec!["incident:read".parse().unwrap(), "update:read".parse().unwrap()];
        assert_eq!(found(&app, Some(&token), "vendor").await, everything);
        assert!(found(&app, Some(&token), "swordfish").await.is_empty());
        token.scopes.0 = vec!["subscriber:read".parse().unwrap()];
        assert!(found(&app, Some(&token), "vendor").await.is_empty());
        assert!(found(&app, Some(&token), "INC-1").await.is_empty());
    }
}
