//! What the store promises about postmortems and actions, on both engines.
#![allow(clippy::unwrap_used)]

use amends_model::*;
use amends_store::action::{After, Which};
use amends_store::{Keyset, Store, StoreError, action, incident, person, postmortem};
use amends_testkit::stores::each;
use jiff::Timestamp;
use jiff::civil::date;

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + minutes * 60).unwrap()
}

fn somebody() -> Actor {
    Actor::system("test")
}

fn a_postmortem(n: u8, incident_id: Option<IncidentId>) -> Postmortem {
    Postmortem {
        id: PostmortemId::from_random([n; 12]),
        incident_id,
        title: format!("Users could not pay {n} – “déjà vu” 🐌"),
        template: "five-questions".into(),
        letter_template: "regret-reason-remedy".into(),
        audience: Audience::Internal,
        state: PostmortemState::Draft,
        document: "## What stopped working?\n\nÄ".into(),
        letter_title: "We are sorry".into(),
        letter: String::new(),
        published_letter: None,
        authors: vec!["Ada".into()],
        reviewers: vec![],
        milestones: Milestones::default(),
        happened_at: at(i64::from(n / 2)),
        published_at: None,
        imported: None,
        created_at: at(0),
        updated_at: at(0),
        version: 1,
    }
}

fn an_action(n: u8, due: Option<jiff::civil::Date>, owner_id: Option<PersonId>) -> CorrectiveAction {
    CorrectiveAction {
        id: ActionId::from_random([n; 12]),
        postmortem_id: Some(PostmortemId::from_random([1; 12])),
        incident_id: None,
        text: format!("Alert when sending stops {n}"),
        owner: Some("Ada".into()),
        owner_id,
        due,
        term: Term::Short,
        state: ActionState::Open,
        note: String::new(),
        tracker: None,
        closed_at: None,
        created_at: at(i64::from(n)),
        updated_at: at(0),
        version: 1,
    }
}

async fn ada(store: &Store) -> PersonId {
    let id = PersonId::from_random([9; 12]);
    let mut tx = store.begin().await.unwrap();
    let ada = Person {
        id: id.clone(),
        email: "ada@example.com".into(),
        name: "Ada".into(),
        role: Role::Responder,
        time_zone: "Etc/UTC".into(),
        disabled: false,
        has_password: false,
        created_at: at(0),
        updated_at: at(0),
        version: 1,
    };
    person::insert(&mut tx, &ada).await.unwrap();
    tx.commit().await.unwrap();
    id
}

#[tokio::test]
async fn every_saved_version_is_kept_and_a_stale_one_is_not_written() {
    for fresh in each().await {
        let mut tx = fresh.store.begin().await.unwrap();
        let mut p = a_postmortem(1, None);
        postmortem::insert(&mut tx, &p, &somebody()).await.unwrap();
        for version in 2..=4 {
            (p.version, p.document) = (version, format!("text {version}"));
            assert!(postmortem::update(&mut tx, &p, version - 1, &somebody()).await.unwrap());
        }
        let mut late = p.clone();
        late.document = "overwritten".into();
        assert!(!postmortem::update(&mut tx, &late, 2, &somebody()).await.unwrap(), "{}", fresh.engine);
        p.published_letter = Some(PublishedLetter {
            title: "We are sorry".into(),
            text: "…".into(),
            published_at: at(5),
            updated_at: at(5),
        });
        p.imported = Some(ImportedFrom { path: "a/b.md".into(), hash: "00".into(), version: 5 });
        p.version = 5;
        assert!(postmortem::update(&mut tx, &p, 4, &somebody()).await.unwrap());
        assert_eq!(postmortem::get(&mut tx, &p.id).await.unwrap(), Some(p.clone()), "{}", fresh.engine);
        assert_eq!(postmortem::of_source(&mut tx, "a/b.md").await.unwrap(), Some(p.clone()));
        let versions = postmortem::versions(&mut tx, &p.id, None, 3).await.unwrap();
        assert_eq!(versions.iter().map(|v| v.version).collect::<Vec<_>>(), [5, 4, 3]);
        let older = postmortem::versions(&mut tx, &p.id, Some(3), 10).await.unwrap();
        assert_eq!(
            older.iter().map(|v| v.document.as_str()).collect::<Vec<_>>(),
            ["text 2", "## What stopped working?\n\nÄ"]
        );
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn lists_go_on_where_they_stopped_and_count_actions() {
    for fresh in each().await {
        let mut tx = fresh.store.begin().await.unwrap();
        for n in 1..=7 {
            postmortem::insert(&mut tx, &a_postmortem(n, None), &somebody()).await.unwrap();
        }
        let mut done = an_action(1, None, None);
        done.state = ActionState::Done;
        action::insert(&mut tx, &done).await.unwrap();
        action::insert(&mut tx, &an_action(2, None, None)).await.unwrap();
        let mut seen = Vec::new();
        let mut after = Keyset::start();
        loop {
            let page = postmortem::list(&mut tx, None, &after, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Keyset { at: last.happened_at, id: last.id.to_string() };
            seen.extend(page);
        }
        assert_eq!(seen.len(), 7, "{}", fresh.engine);
        assert!(seen.windows(2).all(|w| (w[0].happened_at, &w[0].id) > (w[1].happened_at, &w[1].id)));
        let first = seen.iter().find(|p| p.id == PostmortemId::from_random([1; 12])).unwrap();
        assert_eq!((first.open_actions, first.actions), (1, 2));
        let published =
            postmortem::list(&mut tx, Some(PostmortemState::Published), &Keyset::start(), 9).await;
        assert!(published.unwrap().is_empty());
    }
}

#[tokio::test]
async fn an_incident_has_one_postmortem_and_its_letter_is_found_by_it() {
    for fresh in each().await {
        let mut tx = fresh.store.begin().await.unwrap();
        let incident = IncidentId::from_random([3; 12]);
        incident::insert(&mut tx, &an_incident(incident.clone())).await.unwrap();
        let mut p = a_postmortem(1, Some(incident.clone()));
        p.published_letter = Some(PublishedLetter {
            title: "t".into(),
            text: "x".into(),
            published_at: at(1),
            updated_at: at(2),
        });
        postmortem::insert(&mut tx, &p, &somebody()).await.unwrap();
        assert_eq!(postmortem::of_incident(&mut tx, &incident).await.unwrap(), Some(p.clone()));
        let letters = postmortem::letters_of(&mut tx, &[incident.as_str(), "aaaaaaaaaaaa"]).await.unwrap();
        assert_eq!(letters.len(), 1);
        assert_eq!(letters.get(incident.as_str()), p.published_letter.as_ref());
        let again = postmortem::insert(&mut tx, &a_postmortem(2, Some(incident)), &somebody()).await;
        assert!(matches!(again, Err(StoreError::Duplicate(_))), "{}: {again:?}", fresh.engine);
    }
}

fn an_incident(id: IncidentId) -> Incident {
    Incident {
        id,
        number: 1,
        title: "Users cannot pay".into(),
        summary: String::new(),
        visibility: Visibility::Public,
        severity: Severity::Sev2,
        impact: Impact::Major,
        impact_override: None,
        state: IncidentState::Resolved,
        phase: Phase::Resolved,
        started_at: at(0),
        resolved_at: Some(at(60)),
        monitoring_at: None,
        next_update_at: None,
        components: vec![],
        backfilled: false,
        source_url: None,
        created_at: at(0),
        updated_at: at(0),
        version: 1,
    }
}

#[tokio::test]
async fn actions_are_listed_by_due_day_and_each_reminder_is_due_once() {
    for fresh in each().await {
        let ada = ada(&fresh.store).await;
        let mut tx = fresh.store.begin().await.unwrap();
        postmortem::insert(&mut tx, &a_postmortem(1, None), &somebody()).await.unwrap();
        let today = date(2026, 3, 10);
        let dues = [
            None,
            Some(date(2026, 3, 20)),
            Some(date(2026, 3, 12)),
            Some(today),
            Some(date(2026, 3, 9)),
            Some(date(2026, 2, 1)),
        ];
        for (n, due) in (1..).zip(dues) {
            action::insert(&mut tx, &an_action(n, due, Some(ada.clone()))).await.unwrap();
        }
        action::insert(&mut tx, &an_action(7, Some(date(2026, 3, 1)), None)).await.unwrap();
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = action::list(&mut tx, Which::Open, None, after.as_ref(), 2).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(After { due: last.due, id: last.id.to_string() });
            seen.extend(page.into_iter().map(|a| a.due));
        }
        assert_eq!(seen.len(), 7, "{}", fresh.engine);
        assert_eq!((seen[0], seen[6]), (Some(date(2026, 2, 1)), None));
        let overdue = action::list(&mut tx, Which::Overdue(today), Some(&ada), None, 9).await.unwrap();
        assert_eq!(overdue.len(), 2);
        assert_eq!(action::counts(&mut tx, today).await.unwrap(), (7, 3));
        assert!(action::list(&mut tx, Which::Closed, None, None, 9).await.unwrap().is_empty());

        let steps = |found: &[CorrectiveAction], today| {
            found.iter().map(|a| postmortem_reminder(a, today)).collect::<Vec<_>>()
        };
        let found = action::to_remind(&mut tx, today, 9).await.unwrap();
        assert_eq!(
            steps(&found, today),
            [Reminder::LongOverdue, Reminder::Overdue, Reminder::Due, Reminder::Soon],
            "{}",
            fresh.engine
        );
        for a in &found {
            action::set_reminded(&mut tx, &a.id, a.due.unwrap(), postmortem_reminder(a, today))
                .await
                .unwrap();
        }
        assert!(action::to_remind(&mut tx, today, 9).await.unwrap().is_empty());
        let tomorrow = date(2026, 3, 11);
        let found = action::to_remind(&mut tx, tomorrow, 9).await.unwrap();
        assert_eq!(steps(&found, tomorrow), [Reminder::Overdue], "what was due yesterday");
    }
}

fn postmortem_reminder(action: &CorrectiveAction, today: jiff::civil::Date) -> Reminder {
    amends_model::postmortem::reminder(action.due.unwrap(), today).unwrap()
}
