//! What providers and mail servers report about mail, and what follows for subscribers, on both engines.
#![allow(clippy::unwrap_used)]

mod support;

use amends_app::report::{Incoming, Reported};
use amends_app::subscriber::AddSubscriber;
use amends_app::{App, AppError, Caller};
use amends_courier::feedback::{Desk, Reporter};
use amends_courier::smtp::Secret;
use amends_model::{SubscriberState, SuppressionReason};
use amends_testkit::stores::each;
use std::sync::Arc;

async fn company(fresh: &amends_testkit::stores::Fresh) -> (App, Caller) {
    let app = support::app_with(fresh, Arc::new(support::now));
    let desk = vec![(Reporter::Postmark, Secret::new("amends:secret"))];
    app.set_report_desk(Desk::new(desk).unwrap());
    let admin = Caller::system("test");
    app.create_page(&admin, "Marrowby", "Etc/UTC").await.unwrap();
    for address in ["ada@example.net", "bob@example.net", "eve@example.net"] {
        let input = AddSubscriber {
            address: address.into(),
            components: vec![],
            confirmed: true,
            ..Default::default()
        };
        app.add_subscriber(&admin, input).await.unwrap();
    }
    (app, admin)
}

fn bounce(address: &str, status: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mx.example.net\r\nTo: status@marrowby.example\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\
         Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n\
         Final-Recipient: rfc822; {address}\r\nAction: failed\r\nStatus: {status}\r\n\r\n--b--\r\n"
    )
}

#[tokio::test]
async fn a_bounce_suppresses_the_address_and_only_that() {
    for fresh in each().await {
        let engine = fresh.engine;
        let (app, admin) = company(&fresh).await;
        let done = app.take_report_mail(&admin, bounce("Ada@example.net", "5.1.1").as_bytes()).await.unwrap();
        assert_eq!(done, Reported { suppressed: 1, ..Reported::default() }, "{engine}");
        let again =
            app.take_report_mail(&admin, bounce("ada@example.net", "5.1.1").as_bytes()).await.unwrap();
        assert_eq!(again, Reported { unchanged: 1, ..Reported::default() }, "{engine}: known already");
        let why = app.explain_address(&admin, "ada@example.net").await.unwrap();
        assert_eq!(why.suppression.unwrap().reason, SuppressionReason::Bounced);
        for (address, status) in
            [("bob@example.net", "5.7.1"), ("bob@example.net", "4.4.7"), ("who@example.org", "5.1.1")]
        {
            let done = app.take_report_mail(&admin, bounce(address, status).as_bytes()).await.unwrap();
            assert_eq!(done.suppressed, 0, "{engine} {address} {status}");
        }
        app.lift_suppression(&admin, "ada@example.net").await.unwrap();
        assert!(app.explain_address(&admin, "ada@example.net").await.unwrap().suppression.is_none());
    }
}

#[tokio::test]
async fn a_complaint_through_a_provider_ends_the_subscription() {
    for fresh in each().await {
        let engine = fresh.engine;
        let (app, admin) = company(&fresh).await;
        let body = br#"{"RecordType":"SpamComplaint","Email":"eve@example.net"}"#;
        let right = |name: &str| (name == "authorization").then(|| "Basic YW1lbmRzOnNlY3JldA==".to_owned());
        let incoming = Incoming { header: &right, body, url: String::new() };
        let done = app.take_report("postmark", &incoming).await.unwrap();
        assert_eq!((done.suppressed, done.left), (1, 1), "{engine}");
        let eve = app.subscriber(&admin, "eve@example.net").await.unwrap();
        assert_eq!(eve.state, SubscriberState::Unsubscribed);
        let nobody = Incoming { header: &|_| None, body, url: String::new() };
        assert!(
            matches!(app.take_report("postmark", &nobody).await, Err(AppError::Unauthenticated)),
            "{engine}"
        );
        assert!(
            matches!(app.take_report("mailgun", &incoming).await, Err(AppError::NotFound(_))),
            "no key, no ear"
        );
    }
}

#[tokio::test]
async fn a_mail_to_the_unsubscribe_mailbox_ends_the_subscription() {
    for fresh in each().await {
        let (app, admin) = company(&fresh).await;
        let bob = app.subscriber(&admin, "bob@example.net").await.unwrap();
        let token = app.links().await.unwrap().subscriber_token(&bob.id);
        let mail = format!("From: bob@example.net\r\nTo: <unsub+{token}@marrowby.example>\r\n\r\n\r\n");
        assert_eq!(app.take_report_mail(&admin, mail.as_bytes()).await.unwrap().left, 1, "{}", fresh.engine);
        let bob = app.subscriber(&admin, "bob@example.net").await.unwrap();
        assert_eq!(bob.state, SubscriberState::Unsubscribed);
        let forged = mail.replace(&token, "nonsense");
        assert_eq!(app.take_report_mail(&admin, forged.as_bytes()).await.unwrap(), Reported::default());
    }
}
