//! The demo fills a store on both engines, and what it shows is what its stories say.
#![allow(clippy::unwrap_used)]

mod support;

use amends_app::demo::{self, Progress};
use amends_app::postmortem::fill;
use amends_app::{AppError, Caller};
use amends_model::subscriber::Channel;
use amends_model::{Audience, PostmortemState};
use amends_model::{ComponentStatus, Impact, MaintenanceState, Phase, Subject, milestone};
use amends_store::{action, event, feed, incident, postmortem, subscriber};
use amends_testkit::stores::each;
use support::{app, now};

#[tokio::test]
async fn a_fresh_demo_shows_a_year_of_a_company() {
    for fresh in each().await {
        let app = app(&fresh);
        let mut steps = Vec::new();
        let filled = demo::fill(&app, &mut |p: Progress| steps.push(p)).await.unwrap();
        assert_eq!(steps, filled.counts);
        let count = |what: &str| steps.iter().find(|p| p.what == what).map(|p| p.count);
        assert_eq!((count("people"), count("components")), (Some(6), Some(12)));
        assert_eq!((count("incidents"), count("maintenances")), (Some(65), Some(7)));
        assert_eq!(count("subscribers"), Some(500));
        let mut tx = app.store().read().await.unwrap();
        let (written_to, suppressed) =
            subscriber::audience_size(&mut tx, Channel::Email, &amends_model::broadcast::Audience::default())
                .await
                .unwrap();
        assert!((300..400).contains(&written_to) && suppressed == 0, "{written_to} for the whole page");
        drop(tx);
        assert_eq!(filled.administrator.email, "ines@marrowby.example");

        let record = app.public_record().await.unwrap();
        assert_eq!(record.page.name, "Marrowby");
        let open: Vec<_> = record.incidents.iter().filter(|i| i.phase != Phase::Resolved).collect();
        assert_eq!(open.len(), 1, "{}", fresh.engine);
        assert_eq!(open[0].impact, Impact::Major);
        assert!(open[0].updates.len() >= 3);
        let text = &open[0].updates.last().unwrap().text;
        assert!(!text.contains('{'), "{text}");
        let hurt: Vec<&str> = record
            .components
            .iter()
            .filter(|c| !c.is_group && c.status != ComponentStatus::Operational)
            .map(|c| c.name.as_str())
            .collect();
        assert_eq!(hurt, ["Delivery texts"]);
        let ahead: Vec<_> =
            record.maintenances.iter().filter(|m| m.state == MaintenanceState::Scheduled).collect();
        assert_eq!(ahead.len(), 1);
        assert!(ahead[0].scheduled_for > now());
        let bad = record.days.iter().flat_map(|c| &c.days).filter(|d| d.minutes > 0).count();
        assert!(bad > 15, "{bad} days with a mark");
    }
}

#[tokio::test]
async fn postmortems_stand_on_the_record() {
    for fresh in each().await {
        let app = app(&fresh);
        let filled = demo::fill(&app, &mut |_| {}).await.unwrap();
        let count = |what: &str| filled.counts.iter().find(|p| p.what == what).map(|p| p.count);
        assert_eq!(count("postmortems"), Some(32));
        let mut tx = app.store().read().await.unwrap();
        let after = amends_store::Keyset::start();
        let published =
            postmortem::list(&mut tx, Some(PostmortemState::Published), &after, 100).await.unwrap();
        assert_eq!(published.len(), 30, "{}", fresh.engine);
        let all = postmortem::all_after(&mut tx, "", 100).await.unwrap();
        for p in &all {
            let events = event::of(&mut tx, p.incident_id.as_ref().unwrap().as_str()).await.unwrap();
            let of = incident::get(&mut tx, p.incident_id.as_ref().unwrap()).await.unwrap().unwrap();
            let found = milestone::milestones(&of, &events);
            assert_eq!(found.learned.map(|l| l.at), p.published_at, "{}", p.title);
            assert_eq!(fill::check(&p.document, Audience::Internal), [], "{}", p.title);
            assert_eq!(fill::check(&p.letter, Audience::Customers), [], "{}", p.title);
            assert!(p.published_letter.as_ref().is_none_or(|l| !l.text.contains('{')), "{}", p.title);
        }
        let today = now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let overdue = action::list(&mut tx, action::Which::Overdue(today), None, None, 100).await.unwrap();
        assert!((3..=9).contains(&overdue.len()), "{}", overdue.len());
        assert!(overdue.iter().all(|a| a.owner_id.is_some()));
        let ids: Vec<&str> =
            all.iter().filter_map(|p| p.incident_id.as_ref()).map(|id| id.as_str()).collect();
        let letters = postmortem::letters_of(&mut tx, &ids).await.unwrap();
        assert_eq!(letters.len(), 10, "{}", fresh.engine);
    }
}

#[tokio::test]
async fn numbers_follow_the_order_of_opening_and_milestones_are_complete() {
    let fresh = each().await.remove(0);
    let app = app(&fresh);
    demo::fill(&app, &mut |_| {}).await.unwrap();
    let mut tx = app.store().read().await.unwrap();
    let mut all =
        incident::list(&mut tx, incident::Which::All, &amends_store::Keyset::start(), 500).await.unwrap();
    all.sort_by_key(|i| i.number);
    assert!(all.is_sorted_by_key(|i| i.created_at));
    for one in &all {
        let events = event::of(&mut tx, one.id.as_str()).await.unwrap();
        assert!(events.is_sorted_by_key(|e| e.at));
        assert!(events.iter().all(|e| e.at <= now() && matches!(e.subject, Subject::Incident(_))));
        let found = milestone::milestones(one, &events);
        let (started, detected) = (found.started.unwrap().at, found.detected.unwrap().at);
        let declared = found.declared.unwrap().at;
        assert!(started <= detected && detected <= declared, "{}", one.title);
        if one.resolved_at.is_some() {
            assert!(found.mitigated.unwrap().at <= found.resolved.unwrap().at, "{}", one.title);
            assert!(
                one.components.iter().all(|a| a.current == ComponentStatus::Operational),
                "{}",
                one.title
            );
        }
    }
    drop(tx);
    // The next incident gets the next number.
    let new = amends_app::incident::Declare { title: "Next".into(), ..Default::default() };
    let next = app.declare(&Caller::system("test"), new).await.unwrap();
    assert_eq!(next.number, 73);
}

#[tokio::test]
async fn a_store_that_is_in_use_is_left_alone() {
    for fresh in each().await {
        let app = app(&fresh);
        demo::fill(&app, &mut |_| {}).await.unwrap();
        let before = feed::newest(&mut app.store().read().await.unwrap()).await.unwrap();
        let again = demo::fill(&app, &mut |_| {}).await;
        assert!(matches!(again, Err(AppError::Refused(_))), "{}", fresh.engine);
        assert_eq!(feed::newest(&mut app.store().read().await.unwrap()).await.unwrap(), before);
    }
}
