//! What grows with the years is never read whole: every list, room and page of history goes by an index, on both engines.
#![allow(clippy::unwrap_used)]

use amends_model::SubscriberId;
use amends_model::postmortem::PostmortemState;
use amends_model::{EventId, IncidentId};
use amends_store::{
    EngineKind, Keyset, Store, Tx, audit, broadcast, delivery, event, held, incident, maintenance,
    postmortem, subscriber,
};
use amends_testkit::stores::each;
use jiff::Timestamp;

/// The tables that grow with the years.
const LARGE: &[&str] =
    &["incidents", "events", "affected", "postmortems", "broadcasts", "deliveries", "audit", "subscribers"];

async fn explaining(store: &Store) -> Tx {
    let mut tx = store.begin().await.unwrap();
    if tx.kind() == EngineKind::Postgres {
        // On tables this small it would rightly read all; what is asked is whether it could do otherwise.
        tx.exec("SET LOCAL enable_seqscan = off", &[]).await.unwrap();
    }
    tx.explain();
    tx
}

/// The steps of a plan that read a large table from one end to the other, or sort what an index has in order.
fn wrong(kind: EngineKind, plan: &str, is_list: bool) -> Vec<String> {
    let steps = plan.lines().skip_while(|line| !line.starts_with("  ")).map(str::trim);
    let whole = |step: &str| match kind {
        EngineKind::Sqlite => {
            // The list of what is looked for is no table, and portions are only what is on its way now.
            let small = ["SCAN json_each", "SCAN portions"];
            step.starts_with("SCAN ")
                && !step.contains("USING")
                && !small.iter().any(|small| step.starts_with(small))
        }
        EngineKind::Postgres => LARGE.iter().any(|table| step.contains(&format!("Seq Scan on {table}"))),
    };
    let sorts =
        |step: &str| is_list && kind == EngineKind::Sqlite && step.contains("TEMP B-TREE FOR ORDER BY");
    steps.filter(|step| whole(step) || sorts(step)).map(str::to_owned).collect()
}

#[tokio::test]
async fn every_list_goes_by_an_index() {
    for fresh in each().await {
        let mut tx = explaining(&fresh.store).await;
        let after = Keyset { at: Timestamp::from_second(1_790_000_000).unwrap(), id: "abc".into() };
        for which in [
            incident::Which::All,
            incident::Which::Open,
            incident::Which::Public,
            incident::Which::OpenPublic,
            incident::Which::PublicUnresolved,
        ] {
            incident::list(&mut tx, which, &after, 50).await.unwrap();
        }
        maintenance::list(&mut tx, maintenance::Which::default(), &after, 50).await.unwrap();
        event::list(&mut tx, "abcdefghijkl", &after, 50).await.unwrap();
        event::list_updates(&mut tx, "abcdefghijkl", &after, 50).await.unwrap();
        postmortem::list(&mut tx, None, &after, 50).await.unwrap();
        postmortem::list(&mut tx, Some(PostmortemState::Draft), &after, 50).await.unwrap();
        broadcast::list(&mut tx, &after, 50).await.unwrap();
        audit::list(&mut tx, &audit::Which::default(), Some(7), 50).await.unwrap();
        subscriber::list(&mut tx, &subscriber::Which::default(), &after, 50).await.unwrap();
        let plans = tx.plans();
        assert!(plans.len() >= 13);
        for plan in plans {
            let wrong = wrong(fresh.store.kind(), &plan, true);
            assert!(wrong.is_empty(), "{}: {wrong:?} in\n{plan}", fresh.engine);
        }
    }
}

#[tokio::test]
async fn a_room_and_the_history_go_by_an_index() {
    for fresh in each().await {
        let mut tx = explaining(&fresh.store).await;
        let id = IncidentId::from_random([1; 12]);
        let (from, until) =
            (Timestamp::from_second(1_790_000_000).unwrap(), Timestamp::from_second(1_793_000_000).unwrap());
        incident::get(&mut tx, &id).await.unwrap();
        incident::get_by_number(&mut tx, 42).await.unwrap();
        event::of(&mut tx, id.as_str()).await.unwrap();
        event::get(&mut tx, &EventId::from_random([2; 12])).await.unwrap();
        event::updates_of(&mut tx, &[id.as_str(), "abcdefghijkl"]).await.unwrap();
        event::told_of(&mut tx, &[id.as_str(), "abcdefghijkl"]).await.unwrap();
        postmortem::of_incident(&mut tx, &id).await.unwrap();
        postmortem::letters_of(&mut tx, &[id.as_str()]).await.unwrap();
        incident::public_between(&mut tx, from, until).await.unwrap();
        maintenance::public_between(&mut tx, from, until).await.unwrap();
        incident::oldest_public(&mut tx).await.unwrap();
        incident::spans(&mut tx, from).await.unwrap();
        incident::current_statuses(&mut tx).await.unwrap();
        held::is_any_due(&mut tx, until).await.unwrap();
        held::due(&mut tx, until, 100).await.unwrap();
        delivery::to_address(&mut tx, "ada@example.net", 30).await.unwrap();
        held::lately(&mut tx, &[&SubscriberId::from_random([3; 12])], from).await.unwrap();
        broadcast::lately(&mut tx, from, 20).await.unwrap();
        broadcast::unmeasured(&mut tx, 10).await.unwrap();
        for plan in tx.plans() {
            let wrong = wrong(fresh.store.kind(), &plan, false);
            assert!(wrong.is_empty(), "{}: {wrong:?} in\n{plan}", fresh.engine);
        }
    }
}

#[tokio::test]
async fn what_is_not_indexed_would_be_seen() {
    for fresh in each().await {
        let mut tx = explaining(&fresh.store).await;
        tx.query("SELECT id FROM incidents WHERE title = 'x'", &[]).await.unwrap();
        let plans = tx.plans();
        assert_eq!(wrong(fresh.store.kind(), &plans[0], true).len(), 1, "{}", plans[0]);
    }
}
