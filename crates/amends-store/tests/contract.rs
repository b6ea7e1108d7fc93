//! What the store promises, on both engines.
#![allow(clippy::unwrap_used)]

use amends_model::*;
use amends_store::{
    Keyset, Store, StoreError, audit, component, event, feed, incident, maintenance, params, setting,
};
use amends_testkit::stores::each;
use jiff::{SignedDuration, Timestamp};

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + minutes * 60).unwrap()
}

fn a_component(n: u8) -> Component {
    Component {
        id: ComponentId::from_random([n; 12]),
        name: format!("Part {n}"),
        description: None,
        group_id: None,
        is_group: false,
        position: i64::from(n),
        status: ComponentStatus::Operational,
        showcase: true,
        only_show_if_degraded: false,
        start_date: Some("2026-01-31".parse().unwrap()),
        created_at: at(0),
        updated_at: at(0),
        archived: false,
        version: 1,
    }
}

fn an_incident(n: u8, minutes: i64) -> Incident {
    Incident {
        id: IncidentId::from_random([n; 12]),
        number: i64::from(n),
        title: format!("Mail is late {n} – “déjà vu” 🐌"),
        summary: String::new(),
        visibility: if n.is_multiple_of(2) { Visibility::Public } else { Visibility::Internal },
        severity: Severity::Sev2,
        impact: Impact::Major,
        impact_override: None,
        state: IncidentState::Open,
        phase: Phase::Investigating,
        started_at: at(minutes),
        resolved_at: None,
        monitoring_at: None,
        next_update_at: Some(at(minutes + 30)),
        components: vec![Affected {
            component_id: ComponentId::from_random([1; 12]),
            status: ComponentStatus::PartialOutage,
            current: ComponentStatus::DegradedPerformance,
        }],
        backfilled: false,
        source_url: None,
        created_at: at(minutes),
        updated_at: at(minutes),
        version: 1,
    }
}

async fn filled(store: &Store, incidents: u8) {
    let mut tx = store.begin().await.unwrap();
    component::insert(&mut tx, &a_component(1)).await.unwrap();
    for n in 1..=incidents {
        // Several begin at the same minute: paging must still see each once.
        incident::insert(&mut tx, &an_incident(n, i64::from(n / 3))).await.unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn what_is_written_is_read_back() {
    for fresh in each().await {
        filled(&fresh.store, 2).await;
        let mut tx = fresh.store.read().await.unwrap();
        let found = incident::get(&mut tx, &IncidentId::from_random([2; 12])).await.unwrap();
        assert_eq!(found, Some(an_incident(2, 0)), "{}", fresh.engine);
        assert_eq!(component::all(&mut tx).await.unwrap(), vec![a_component(1)], "{}", fresh.engine);
        assert_eq!(incident::get_by_number(&mut tx, 9).await.unwrap(), None);
    }
}

#[tokio::test]
async fn what_is_not_committed_is_gone() {
    for fresh in each().await {
        {
            let mut tx = fresh.store.begin().await.unwrap();
            setting::set(&mut tx, "a", "1").await.unwrap();
        }
        let mut tx = fresh.store.begin().await.unwrap();
        assert_eq!(setting::get(&mut tx, "a").await.unwrap(), None, "{}", fresh.engine);
        setting::set(&mut tx, "a", "2").await.unwrap();
        assert_eq!(setting::get_or_set(&mut tx, "a", "3").await.unwrap(), "2");
        tx.commit().await.unwrap();
        let mut tx = fresh.store.read().await.unwrap();
        assert_eq!(setting::get(&mut tx, "a").await.unwrap().as_deref(), Some("2"), "{}", fresh.engine);
    }
}

/// A request that is given up is dropped wherever it stands, so also between a transaction's beginning and the answer.
#[tokio::test]
async fn who_leaves_while_a_transaction_begins_leaves_nothing_behind() {
    for fresh in each().await {
        let store = &fresh.store;
        for n in 0..40 {
            tokio::select! {
                biased;
                tx = store.read() => drop(tx.unwrap()),
                () = std::future::ready(()) => {}
            }
            tokio::select! {
                biased;
                tx = store.begin() => drop(tx.unwrap()),
                () = std::future::ready(()) => {}
            }
            let mut tx = store.begin().await.unwrap();
            setting::set(&mut tx, "n", &n.to_string()).await.unwrap();
            tx.commit().await.unwrap();
            let found = setting::get(&mut store.read().await.unwrap(), "n").await.unwrap();
            assert_eq!(found, Some(n.to_string()), "{}", fresh.engine);
        }
    }
}

#[tokio::test]
async fn the_second_of_two_writers_is_told() {
    for fresh in each().await {
        filled(&fresh.store, 1).await;
        let mut changed = an_incident(1, 0);
        changed.title = "First".into();
        changed.version = 2;
        let mut tx = fresh.store.begin().await.unwrap();
        assert!(incident::update(&mut tx, &changed, 1).await.unwrap());
        tx.commit().await.unwrap();
        changed.title = "Second".into();
        let mut tx = fresh.store.begin().await.unwrap();
        assert!(!incident::update(&mut tx, &changed, 1).await.unwrap(), "{}", fresh.engine);
        let found = incident::get(&mut tx, &changed.id).await.unwrap().unwrap();
        assert_eq!(found.title, "First", "{}", fresh.engine);
    }
}

#[tokio::test]
async fn lists_page_through_everything_once() {
    for fresh in each().await {
        filled(&fresh.store, 20).await;
        for (which, expected) in
            [(incident::Which::All, 20), (incident::Which::Public, 10), (incident::Which::Open, 20)]
        {
            let mut tx = fresh.store.read().await.unwrap();
            let (mut seen, mut after) = (Vec::new(), Keyset::start());
            loop {
                let page = incident::list(&mut tx, which, &after, 3).await.unwrap();
                let Some(last) = page.last() else { break };
                after = Keyset { at: last.started_at, id: last.id.to_string() };
                seen.extend(page.into_iter().map(|i| (i.started_at, i.id)));
            }
            assert_eq!(seen.len(), expected, "{} {which:?}", fresh.engine);
            assert!(seen.windows(2).all(|w| w[0] > w[1]), "{} {which:?}", fresh.engine);
            assert_eq!(incident::count(&mut tx, which).await.unwrap(), expected as i64);
        }
    }
}

#[tokio::test]
async fn edits_keep_what_was_there() {
    for fresh in each().await {
        filled(&fresh.store, 1).await;
        let actor = Actor::system("test");
        let old = Event {
            id: EventId::from_random([7; 12]),
            subject: IncidentId::from_random([1; 12]).into(),
            at: at(1),
            written_at: at(2),
            actor: actor.clone(),
            body: EventBody::Note { text: "It is DNS".into() },
            edited_at: None,
            version: 1,
        };
        let new = Event {
            body: EventBody::Note { text: "It was not DNS".into() },
            edited_at: Some(at(3)),
            version: 2,
            ..old.clone()
        };
        let mut tx = fresh.store.begin().await.unwrap();
        event::insert(&mut tx, &old).await.unwrap();
        assert!(event::replace(&mut tx, &old, &new, &actor).await.unwrap());
        assert!(
            !event::replace(&mut tx, &old, &new, &actor).await.unwrap(),
            "{}: stale version",
            fresh.engine
        );
        assert_eq!(event::of(&mut tx, "111111111111").await.unwrap(), vec![new], "{}", fresh.engine);
        let earlier = event::earlier(&mut tx, &old.id).await.unwrap();
        assert_eq!(earlier.len(), 1);
        assert_eq!(earlier[0].body, old.body, "{}", fresh.engine);
    }
}

#[tokio::test]
async fn the_newest_texts_of_a_timeline_are_read_up_to_a_size() {
    for fresh in each().await {
        filled(&fresh.store, 2).await;
        let event = |n: u8, subject: u8, body: EventBody| Event {
            id: EventId::from_random([n; 12]),
            subject: IncidentId::from_random([subject; 12]).into(),
            at: at(i64::from(n)),
            written_at: at(0),
            actor: Actor::system("test"),
            body,
            edited_at: None,
            version: 1,
        };
        let note = |text: String| EventBody::Note { text };
        let mut tx = fresh.store.begin().await.unwrap();
        let mut events: Vec<_> = (1..=9).map(|n| event(n, 1, note(format!("{n}").repeat(1000)))).collect();
        events.push(event(20, 1, EventBody::Declared { severity: Severity::Sev1 }));
        events.push(event(21, 2, note("short".into())));
        event::insert_many(&mut tx, &events).await.unwrap();
        let mut texts = async |bytes| -> Vec<char> {
            let found =
                event::texts_of(&mut tx, &["111111111111", "222222222222", "none"], bytes).await.unwrap();
            found.iter().map(|e| e.body.text().unwrap().chars().next().unwrap()).collect()
        };
        let all: Vec<char> = "123456789s".chars().collect();
        assert_eq!(texts(1 << 20).await, all, "{}", fresh.engine);
        assert_eq!(texts(2_500).await, all[6..], "{}", fresh.engine);
        assert_eq!(texts(1).await, all[8..], "{}: the newest in any case", fresh.engine);
        // A long timeline is read in another way, and to the same end.
        let more: Vec<_> = (100..250)
            .map(|n| Event {
                id: EventId::from_random([n % 16, n / 16, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30]),
                ..event(n, 1, EventBody::Declared { severity: Severity::Sev1 })
            })
            .collect();
        event::insert_many(&mut tx, &more).await.unwrap();
        let mut texts = async |bytes| -> Vec<char> {
            let found =
                event::texts_of(&mut tx, &["111111111111", "222222222222", "none"], bytes).await.unwrap();
            found.iter().map(|e| e.body.text().unwrap().chars().next().unwrap()).collect()
        };
        assert_eq!(texts(1 << 20).await, all, "{}", fresh.engine);
        assert_eq!(texts(2_500).await, all[6..], "{}", fresh.engine);
    }
}

#[tokio::test]
async fn many_are_read_at_once() {
    for fresh in each().await {
        filled(&fresh.store, 3).await;
        let mut tx = fresh.store.read().await.unwrap();
        let mut found =
            incident::get_many(&mut tx, &["111111111111", "nothing", "333333333333"]).await.unwrap();
        found.sort_by_key(|i| i.number);
        assert_eq!(found, [an_incident(1, 0), an_incident(3, 1)], "{}", fresh.engine);
        assert_eq!(maintenance::get_many(&mut tx, &["111111111111"]).await.unwrap(), []);
        assert_eq!(maintenance::get_by_number(&mut tx, 1).await.unwrap(), None);
        assert_eq!(maintenance::count(&mut tx, maintenance::Which::All).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn the_feed_has_no_gaps_even_when_transactions_fail() {
    for fresh in each().await {
        for n in 0..6 {
            let mut tx = fresh.store.begin().await.unwrap();
            feed::push(&mut tx, "incident", &format!("{n}"), at(n)).await.unwrap();
            if n % 2 == 0 {
                tx.commit().await.unwrap();
            }
        }
        let mut tx = fresh.store.begin().await.unwrap();
        let seen: Vec<_> =
            feed::after(&mut tx, 0, 10).await.unwrap().into_iter().map(|c| (c.seq, c.id)).collect();
        assert_eq!(seen, [(1, "0".into()), (2, "2".into()), (3, "4".into())], "{}", fresh.engine);
        assert_eq!(feed::trim(&mut tx, 1).await.unwrap(), 2);
        assert_eq!((feed::oldest(&mut tx).await.unwrap(), feed::newest(&mut tx).await.unwrap()), (3, 3));
    }
}

#[tokio::test]
async fn errors_say_what_kind_they_are() {
    for fresh in each().await {
        filled(&fresh.store, 1).await;
        let mut tx = fresh.store.begin().await.unwrap();
        let twice = incident::insert(&mut tx, &an_incident(1, 0)).await;
        assert!(matches!(twice, Err(StoreError::Duplicate(_))), "{}: {twice:?}", fresh.engine);
        drop(tx);
        let mut tx = fresh.store.begin().await.unwrap();
        let mut dangling = an_incident(2, 0);
        dangling.components[0].component_id = ComponentId::from_random([99; 12]);
        let dangling = incident::insert(&mut tx, &dangling).await;
        assert!(matches!(dangling, Err(StoreError::Dangling(_))), "{}: {dangling:?}", fresh.engine);
        drop(tx);
        let mut tx = fresh.store.read().await.unwrap();
        assert!(tx.query("SELECT nothing FROM nowhere", params![]).await.is_err());
    }
}

#[tokio::test]
async fn concurrent_writers_queue_and_all_succeed() {
    for fresh in each().await {
        let tasks: Vec<_> = (0..20)
            .map(|n| {
                let store = fresh.store.clone();
                tokio::spawn(async move {
                    let mut tx = store.begin().await.unwrap();
                    let seq = feed::next(&mut tx, "incident").await.unwrap();
                    setting::set(&mut tx, &format!("n{n}"), &seq.to_string()).await.unwrap();
                    tx.commit().await.unwrap();
                    seq
                })
            })
            .collect();
        let mut numbers = Vec::new();
        for task in tasks {
            numbers.push(task.await.unwrap());
        }
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=20).collect::<Vec<_>>(), "{}", fresh.engine);
    }
}

#[tokio::test]
async fn a_folder_belongs_to_one_process() {
    let folder = amends_testkit::folder::temporary();
    let first = Store::open_folder(folder.path()).await.unwrap();
    let second = Store::open_folder(folder.path()).await;
    assert!(matches!(second, Err(StoreError::FolderInUse(_))));
    drop(first);
}

#[tokio::test]
async fn relative_times_survive() {
    for fresh in each().await {
        let mut tx = fresh.store.begin().await.unwrap();
        let row = tx.query_opt("SELECT CAST($1 AS BIGINT)", params![at(0)]).await.unwrap().unwrap();
        assert_eq!(row.get::<Timestamp>(0).unwrap() + SignedDuration::from_mins(1), at(1));
    }
}

#[tokio::test]
async fn a_program_goes_on_beside_a_newer_one_unless_that_changed_what_it_relies_on() {
    for fresh in each().await {
        let engine = fresh.engine;
        let mut tx = fresh.store.begin().await.unwrap();
        let sql = "INSERT INTO migrations (number, name, needs) VALUES ($1, 'of tomorrow', $2)";
        let rows = tx.query("SELECT max(number) FROM migrations", params![]).await.unwrap();
        let known: i64 = rows[0].get(0).unwrap();
        tx.exec(sql, params![known + 1, known]).await.unwrap();
        tx.commit().await.unwrap();
        // A data folder has one process at a time.
        let (url, folder) = (fresh.url.clone(), fresh.folder);
        drop(fresh.store);
        let open = async || match &url {
            Some(url) => Store::open_postgres(url).await,
            None => Store::open_folder(folder.path()).await,
        };
        let store = open().await.unwrap_or_else(|e| panic!("{engine}: {e}"));
        let mut tx = store.begin().await.unwrap();
        tx.exec(sql, params![known + 2, known + 2]).await.unwrap();
        tx.commit().await.unwrap();
        drop(store);
        let refused = open().await.err();
        let expected = StoreError::NewerSchema { found: known + 2, known };
        assert_eq!(refused.map(|e| e.to_string()), Some(expected.to_string()), "{engine}");
    }
}

#[tokio::test]
async fn a_search_in_the_audit_log_looks_through_one_stretch_at_a_time() {
    for fresh in each().await {
        let mut tx = fresh.store.begin().await.unwrap();
        for n in 1..=10 {
            let name = if n == 2 { "Ada" } else { "the clock" };
            let actor = Actor { kind: ActorKind::System, id: None, name: name.into() };
            let nothing = serde_json::json!({});
            audit::push(&mut tx, at(n), &actor, Action::Edit, Resource::Page, "page", &nothing)
                .await
                .unwrap();
        }
        let of_ada = audit::Which { actor: Some("ADA".into()), stretch: Some(4), ..Default::default() };
        let mut walked = Vec::new();
        let mut before = None;
        loop {
            let part = audit::list(&mut tx, &of_ada, before, 5).await.unwrap();
            walked.push((part.entries.iter().map(|e| e.seq).collect::<Vec<_>>(), part.reached));
            before = part.reached;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(walked, [(vec![], Some(7)), (vec![], Some(3)), (vec![2], None)], "{}", fresh.engine);
        let known = audit::Which { resource_id: Some("page".into()), ..of_ada };
        let part = audit::list(&mut tx, &known, None, 5).await.unwrap();
        assert_eq!((part.entries.len(), part.reached), (1, None), "{}: an index knows them", fresh.engine);
    }
}
