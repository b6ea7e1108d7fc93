//! Subscribers, broadcasts and deliveries behave the same on both engines.

#![allow(clippy::unwrap_used)]

use amends_model::broadcast::{Audience, Counts, Reach};
use amends_model::{
    Broadcast, BroadcastId, BroadcastKind, Channel, ChannelHealth, ComponentId, Delivery, DeliveryId,
    DeliveryState, Origin, Preferences, Subscriber, SubscriberId, SubscriberState, Suppression,
    SuppressionReason,
};
use amends_store::broadcast::Neighbours;
use amends_store::delivery::{Order, Outcome, Priority};
use amends_store::held::Lately;
use amends_store::{
    Keyset, Store, Tx, broadcast, channel, delivery, held, lease, mailbox, params, portion, subscriber,
    suppression,
};
use amends_testkit::stores::each;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashSet;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

fn id12(kind: u8, n: usize) -> [u8; 12] {
    let mut bytes = [kind; 12];
    for (place, digit) in format!("{n:08}").bytes().enumerate() {
        bytes[4 + place] = digit - b'0';
    }
    bytes
}

fn a_subscriber(n: usize, components: &[u8]) -> Subscriber {
    Subscriber {
        id: SubscriberId::from_random(id12(1, n)),
        channel: Channel::Email,
        address: format!("user{n}@example.net"),
        state: SubscriberState::Confirmed,
        components: components.iter().map(|c| ComponentId::from_random([*c; 12])).collect(),
        preferences: Preferences::default(),
        origin: Origin::Import,
        created_at: at(n as i64 / 3),
        confirmed_at: Some(at(0)),
        ended_at: None,
        updated_at: at(0),
    }
}

fn a_broadcast(n: usize, thread: &str) -> Broadcast {
    Broadcast {
        id: BroadcastId::from_random(id12(2, n)),
        number: 0,
        kind: BroadcastKind::Update,
        thread: thread.into(),
        about: format!("event{n}"),
        subject: "Mail is late".into(),
        audience: Audience::default(),
        created_at: at(100),
        planned_at: None,
        cancelled_at: None,
        finished_at: None,
    }
}

fn a_delivery(broadcast: &Broadcast, n: usize, state: DeliveryState) -> Delivery {
    let s = a_subscriber(n, &[]);
    let number = broadcast.id.as_str().bytes().map(usize::from).sum::<usize>() * 10_000 + n;
    Delivery {
        id: DeliveryId::from_random(id12(3, number)),
        broadcast_id: broadcast.id.clone(),
        subscriber_id: Some(s.id),
        channel: Channel::Email,
        address: s.address,
        state,
        attempts: 0,
        next_at: at(100),
        hold: None,
        reply: None,
        created_at: at(100),
        updated_at: at(100),
        delivered_at: None,
    }
}

/// A broadcast to `count` subscribers, all queued.
async fn on_its_way(store: &Store, n: usize, count: usize) -> Broadcast {
    let b = a_broadcast(n, "incident-x");
    let mut tx = store.begin().await.unwrap();
    let subscribers: Vec<_> = (0..count).map(|n| a_subscriber(n, &[])).collect();
    subscriber::insert_many(&mut tx, &subscribers).await.unwrap();
    broadcast::insert(&mut tx, &b, "{}").await.unwrap();
    let deliveries: Vec<_> = (0..count).map(|n| a_delivery(&b, n, DeliveryState::Queued)).collect();
    delivery::insert_many(&mut tx, Priority::Broadcast, &deliveries).await.unwrap();
    broadcast::planned(&mut tx, &b.id, at(101)).await.unwrap();
    tx.commit().await.unwrap();
    b
}

async fn claim(store: &Store, name: &str, now: Timestamp, limit: usize) -> Vec<delivery::Claimed> {
    let mut tx = store.begin().await.unwrap();
    lease::begin(&mut tx, name, "node", now + SignedDuration::from_secs(60)).await.unwrap();
    let claimed =
        delivery::claim(&mut tx, Channel::Email, name, now, Order::OldestFirst, limit).await.unwrap();
    tx.commit().await.unwrap();
    claimed
}

fn accepted(c: &delivery::Claimed) -> Outcome<'_> {
    Outcome {
        of: c,
        state: DeliveryState::Accepted,
        attempts: c.attempts + 1,
        next_at: at(0),
        reply: Some("250 2.0.0 queued".into()),
    }
}

#[tokio::test]
async fn subscribers_are_kept_found_and_removed() {
    for fresh in each().await {
        let engine = fresh.engine;
        let mut tx = fresh.store.begin().await.unwrap();
        let all = [a_subscriber(1, &[]), a_subscriber(2, &[7, 8]), a_subscriber(3, &[7])];
        assert_eq!(subscriber::insert_many(&mut tx, &all).await.unwrap(), 3);
        let mut again = a_subscriber(2, &[9]);
        again.id = SubscriberId::from_random([9; 12]);
        assert_eq!(subscriber::insert_many(&mut tx, &[again]).await.unwrap(), 0, "{engine}");
        assert_eq!(
            subscriber::get_by_address(&mut tx, Channel::Email, "user2@example.net").await.unwrap(),
            Some(all[1].clone()),
            "{engine}"
        );
        let known =
            subscriber::known(&mut tx, Channel::Email, &["user1@example.net", "x@y.z"]).await.unwrap();
        assert_eq!(known.len(), 1);

        let mut left = all[0].clone();
        (left.state, left.ended_at) = (SubscriberState::Unsubscribed, Some(at(9)));
        left.components = vec![ComponentId::from_random([8; 12])];
        subscriber::update(&mut tx, &left).await.unwrap();
        assert_eq!(subscriber::get(&mut tx, &left.id).await.unwrap(), Some(left.clone()), "{engine}");
        let count = subscriber::count(&mut tx).await.unwrap();
        assert_eq!((count[&SubscriberState::Confirmed], count[&SubscriberState::Unsubscribed]), (2, 1));

        let which = |search: &str| subscriber::Which { search: Some(search.into()), ..Default::default() };
        for (search, expected) in [("user", 3), ("user2@", 1), ("%", 0), ("user_", 0), ("\\", 0)] {
            let found = subscriber::list(&mut tx, &which(search), &Keyset::start(), 10).await.unwrap();
            assert_eq!(found.len(), expected, "{engine} {search}");
        }
        let only = subscriber::Which { state: Some(SubscriberState::Confirmed), ..Default::default() };
        let mut seen = Vec::new();
        let mut after = Keyset::start();
        while let Some(one) = subscriber::list(&mut tx, &only, &after, 1).await.unwrap().pop() {
            after = Keyset { at: one.created_at, id: one.id.to_string() };
            seen.push(one.address);
        }
        assert_eq!(seen, ["user3@example.net", "user2@example.net"], "{engine}");

        assert!(subscriber::remove(&mut tx, &all[1].id).await.unwrap());
        assert!(!subscriber::remove(&mut tx, &all[1].id).await.unwrap());
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn an_audience_is_walked_in_order_without_gaps() {
    for fresh in each().await {
        let engine = fresh.engine;
        let mut tx = fresh.store.begin().await.unwrap();
        let mut all: Vec<_> = (0..30)
            .map(|n| {
                a_subscriber(
                    n,
                    match n % 3 {
                        0 => &[],
                        1 => &[7],
                        _ => &[8],
                    },
                )
            })
            .collect();
        all[3].state = SubscriberState::Pending;
        all[6].state = SubscriberState::Unsubscribed;
        all[9].confirmed_at = Some(at(1000));
        subscriber::insert_many(&mut tx, &all).await.unwrap();
        let stop = Suppression {
            channel: Channel::Email,
            address: "user0@example.net".into(),
            reason: SuppressionReason::Bounced,
            detail: "550 5.1.1".into(),
            at: at(0),
        };
        assert_eq!(suppression::add(&mut tx, &[stop.clone(), stop]).await.unwrap(), 1, "{engine}");

        let walk = async |tx: &mut amends_store::Tx, audience: Audience| {
            let (mut after, mut seen) = (String::new(), Vec::new());
            loop {
                let some =
                    subscriber::audience(tx, Channel::Email, &audience, at(500), &after, 4).await.unwrap();
                let Some(last) = some.last() else { return seen };
                after = last.id.to_string();
                seen.extend(some);
            }
        };
        let everything = walk(&mut tx, Audience::default()).await;
        assert_eq!(everything.len(), 7, "{engine}: of ten, one pending, one gone, one confirmed later");
        assert_eq!(everything.iter().filter(|r| r.suppressed).count(), 1);
        let seven = Audience { components: vec![ComponentId::from_random([7; 12])], impact: None };
        assert_eq!(walk(&mut tx, seven.clone()).await.len(), 17, "{engine}");
        let both =
            Audience { components: [7, 8].map(|c| ComponentId::from_random([c; 12])).to_vec(), impact: None };
        assert_eq!(walk(&mut tx, both).await.len(), 27, "{engine}");
        let size = subscriber::audience_size(&mut tx, Channel::Email, &seven).await.unwrap();
        assert_eq!(size, (17, 1), "{engine}: the one who confirms later counts as of now");
    }
}

#[tokio::test]
async fn suppressions_are_listed_and_lifted() {
    for fresh in each().await {
        let mut tx = fresh.store.begin().await.unwrap();
        let make = |n: i64| Suppression {
            channel: Channel::Email,
            address: format!("u{n}@example.net"),
            reason: SuppressionReason::Team,
            detail: "asked by phone".into(),
            at: at(n),
        };
        suppression::add(&mut tx, &[make(1), make(2), make(3)]).await.unwrap();
        let list = suppression::list(&mut tx, &Keyset::start(), 2).await.unwrap();
        assert_eq!(list, [make(3), make(2)], "{}", fresh.engine);
        assert_eq!(suppression::get(&mut tx, Channel::Email, "u1@example.net").await.unwrap(), Some(make(1)));
        assert!(suppression::lift(&mut tx, Channel::Email, "u1@example.net").await.unwrap());
        assert!(!suppression::lift(&mut tx, Channel::Email, "u1@example.net").await.unwrap());
        assert_eq!(suppression::count(&mut tx).await.unwrap(), 2);
    }
}

#[tokio::test]
async fn claimed_deliveries_are_nobody_elses_until_the_lease_ends() {
    for fresh in each().await {
        let engine = fresh.engine;
        let b = on_its_way(&fresh.store, 1, 10).await;
        assert_eq!(claim(&fresh.store, "early", at(99), 10).await, [], "{engine}: not due yet");
        let first = claim(&fresh.store, "a", at(100), 4).await;
        let second = claim(&fresh.store, "b", at(100), 100).await;
        assert_eq!((first.len(), second.len()), (4, 6), "{engine}");
        let ids: HashSet<_> = first.iter().chain(&second).map(|c| c.id.clone()).collect();
        assert_eq!(ids.len(), 10, "{engine}: nobody twice");

        let mut tx = fresh.store.begin().await.unwrap();
        let outcomes: Vec<_> = first.iter().chain(&second[..1]).map(accepted).collect();
        assert_eq!(
            delivery::record(&mut tx, "a", &outcomes, at(101)).await.unwrap(),
            4,
            "{engine}: only its own"
        );
        assert_eq!(
            lease::end(&mut tx, "b", at(101)).await.unwrap(),
            6,
            "{engine}: it gives back what it holds"
        );
        let counts = broadcast::counts(&mut tx, &b.id).await.unwrap();
        assert_eq!(counts, Counts { accepted: 4, queued: 6, ..Counts::default() }, "{engine}");
        assert!(!broadcast::finish_if_done(&mut tx, &b.id, at(102)).await.unwrap());
        assert_eq!(delivery::waiting(&mut tx, Channel::Email).await.unwrap(), 6);
        let one = delivery::get(&mut tx, &first[0].id).await.unwrap().unwrap();
        assert_eq!(
            (one.state, one.attempts, one.reply.as_deref()),
            (DeliveryState::Accepted, 1, Some("250 2.0.0 queued"))
        );
        tx.commit().await.unwrap();

        let rest = claim(&fresh.store, "c", at(103), 100).await;
        assert!(
            rest.len() == 6 && rest.iter().all(|c| c.attempts == 0),
            "{engine}: release costs no attempt"
        );
        let mut tx = fresh.store.begin().await.unwrap();
        delivery::record(&mut tx, "c", &rest.iter().map(accepted).collect::<Vec<_>>(), at(104))
            .await
            .unwrap();
        assert!(broadcast::finish_if_done(&mut tx, &b.id, at(104)).await.unwrap(), "{engine}");
        assert!(!broadcast::finish_if_done(&mut tx, &b.id, at(105)).await.unwrap(), "only once");
    }
}

#[tokio::test]
async fn a_lease_that_is_not_renewed_goes_to_another() {
    for fresh in each().await {
        let engine = fresh.engine;
        on_its_way(&fresh.store, 1, 3).await;
        let claimed = claim(&fresh.store, "dead", at(100), 10).await;
        let mut tx = fresh.store.begin().await.unwrap();
        assert_eq!(lease::expired(&mut tx, at(150), at(900)).await.unwrap(), Vec::<String>::new());
        assert!(lease::renew(&mut tx, "dead", at(200)).await.unwrap());
        assert_eq!(
            lease::expired(&mut tx, at(190), at(900)).await.unwrap(),
            Vec::<String>::new(),
            "{engine}: renewed"
        );
        assert_eq!(lease::expired(&mut tx, at(201), at(900)).await.unwrap(), ["dead"], "{engine}");
        let ahead = lease::expired(&mut tx, at(10), at(199)).await.unwrap();
        assert_eq!(ahead, ["dead"], "{engine}: no clock that is right made a lease so long");
        assert_eq!(lease::of_node(&mut tx, "node").await.unwrap(), ["dead"]);
        assert_eq!(delivery::reclaim(&mut tx, "dead", at(201)).await.unwrap(), 3);
        assert_eq!(lease::end(&mut tx, "dead", at(201)).await.unwrap(), 0);
        assert!(!lease::renew(&mut tx, "dead", at(300)).await.unwrap());
        let late: Vec<_> = claimed.iter().map(accepted).collect();
        assert_eq!(
            delivery::record(&mut tx, "dead", &late, at(202)).await.unwrap(),
            0,
            "{engine}: too late to say"
        );
        tx.commit().await.unwrap();
        let again = claim(&fresh.store, "alive", at(202), 10).await;
        assert!(again.len() == 3 && again.iter().all(|c| c.attempts == 1), "{engine}");
        assert_eq!(
            again.iter().map(|c| &c.id).collect::<HashSet<_>>(),
            claimed.iter().map(|c| &c.id).collect::<HashSet<_>>()
        );
    }
}

#[tokio::test]
async fn single_mails_go_before_broadcasts_and_what_changed_meanwhile_is_seen() {
    for fresh in each().await {
        let engine = fresh.engine;
        let first = on_its_way(&fresh.store, 1, 4).await;
        let mut tx = fresh.store.begin().await.unwrap();
        let mut single = a_broadcast(2, "");
        (single.kind, single.planned_at) = (BroadcastKind::Confirm, Some(at(100)));
        assert_eq!(broadcast::insert(&mut tx, &single, "{\"secret\":1}").await.unwrap(), 2, "{engine}");
        let mut to_one = a_delivery(&single, 99, DeliveryState::Queued);
        to_one.subscriber_id = None;
        to_one.next_at = at(110);
        delivery::insert_many(&mut tx, Priority::Single, &[to_one.clone(), to_one.clone()]).await.unwrap();
        let mut left = a_subscriber(1, &[]);
        left.state = SubscriberState::Unsubscribed;
        subscriber::update(&mut tx, &left).await.unwrap();
        subscriber::remove(&mut tx, &a_subscriber(2, &[]).id).await.unwrap();
        let stop = Suppression {
            channel: Channel::Email,
            address: "user3@example.net".into(),
            reason: SuppressionReason::Complained,
            detail: String::new(),
            at: at(0),
        };
        suppression::add(&mut tx, &[stop]).await.unwrap();
        assert_eq!(delivery::next_due(&mut tx, Channel::Email).await.unwrap(), Some(at(100)));
        tx.commit().await.unwrap();

        let claimed = claim(&fresh.store, "a", at(120), 10).await;
        assert_eq!(claimed.len(), 5, "{engine}");
        assert_eq!(claimed[0].id, to_one.id, "{engine}: first, although due later");
        let of = |n: usize| claimed.iter().find(|c| c.address == format!("user{n}@example.net")).unwrap();
        assert_eq!(of(0).subscriber_state, Some(SubscriberState::Confirmed));
        assert_eq!(of(1).subscriber_state, Some(SubscriberState::Unsubscribed));
        assert_eq!(of(2).subscriber_state, None);
        assert!(of(3).suppressed && !of(0).suppressed);

        let mut tx = fresh.store.begin().await.unwrap();
        assert_eq!(
            broadcast::neighbours(&mut tx, &first.id).await.unwrap(),
            Neighbours::default(),
            "{engine}"
        );
        let next = a_broadcast(3, "incident-x");
        broadcast::insert(&mut tx, &next, "{}").await.unwrap();
        let newer = Neighbours { newer: vec![next.id.clone()], older: vec![] };
        assert_eq!(broadcast::neighbours(&mut tx, &first.id).await.unwrap(), newer, "{engine}");
        let older = Neighbours { newer: vec![], older: vec![first.id.clone()] };
        assert_eq!(broadcast::neighbours(&mut tx, &next.id).await.unwrap(), older, "{engine}");
        assert_eq!(broadcast::neighbours(&mut tx, &single.id).await.unwrap(), Neighbours::default());
        let ids: Vec<_> =
            claimed.iter().map(|c| c.id.clone()).chain(["unknown00000".parse().unwrap()]).collect();
        let states = delivery::states(&mut tx, &[], &ids).await.unwrap();
        assert_eq!(states.len(), 5, "{engine}: those that exist");
        assert!(states.values().all(|s| *s == DeliveryState::Sending), "{engine}");
        lease::end(&mut tx, "a", at(121)).await.unwrap();
        tx.commit().await.unwrap();
        let again = claim(&fresh.store, "b", at(122), 10).await;
        assert_eq!(again.len(), 5, "{engine}");

        let mut tx = fresh.store.begin().await.unwrap();
        let done = again.iter().map(accepted).collect::<Vec<_>>();
        delivery::record(&mut tx, "b", &done, at(123)).await.unwrap();
        assert!(broadcast::content(&mut tx, &single.id).await.unwrap().is_some());
        assert!(broadcast::finish_if_done(&mut tx, &single.id, at(123)).await.unwrap());
        assert_eq!(
            broadcast::content(&mut tx, &single.id).await.unwrap(),
            None,
            "{engine}: its link is forgotten"
        );
        assert!(broadcast::finish_if_done(&mut tx, &first.id, at(123)).await.unwrap());
        assert!(broadcast::content(&mut tx, &first.id).await.unwrap().is_some());
        let listed = broadcast::list(&mut tx, &Keyset::start(), 10).await.unwrap();
        assert_eq!(listed.len(), 2, "{engine}: single mails are not listed");
        assert_eq!(broadcast::about(&mut tx, "event1").await.unwrap()[0].number, 1);
    }
}

#[tokio::test]
async fn planning_moves_a_cursor_and_a_stopped_broadcast_sends_no_more() {
    for fresh in each().await {
        let engine = fresh.engine;
        let mut tx = fresh.store.begin().await.unwrap();
        let b = a_broadcast(1, "incident-x");
        broadcast::insert(&mut tx, &b, "{}").await.unwrap();
        broadcast::insert(&mut tx, &a_broadcast(2, "incident-y"), "{}").await.unwrap();
        let (found, after) = broadcast::to_plan(&mut tx).await.unwrap().unwrap();
        assert_eq!((found.id, after.as_str()), (b.id.clone(), ""), "{engine}: the oldest first");
        broadcast::plan_reached(&mut tx, &b.id, "abc").await.unwrap();
        assert_eq!(broadcast::to_plan(&mut tx).await.unwrap().unwrap().1, "abc");
        delivery::insert_many(&mut tx, Priority::Broadcast, &[a_delivery(&b, 1, DeliveryState::Queued)])
            .await
            .unwrap();
        assert_eq!(broadcast::cancel(&mut tx, &b.id, at(5)).await.unwrap(), 1, "{engine}");
        assert_eq!(broadcast::cancel(&mut tx, &b.id, at(6)).await.unwrap(), 0);
        let stopped = broadcast::get(&mut tx, &b.id).await.unwrap().unwrap();
        assert_eq!((stopped.cancelled_at, stopped.finished_at), (Some(at(5)), Some(at(5))), "{engine}");
        assert_eq!(broadcast::to_plan(&mut tx).await.unwrap().unwrap().0.about, "event2");
    }
}

/// What was planned into a lease, as who planned it has it.
async fn taken(
    tx: &mut Tx,
    lease: &str,
    b: &Broadcast,
    numbers: std::ops::Range<usize>,
) -> Vec<delivery::Claimed> {
    lease::begin(tx, lease, "a node", at(160)).await.unwrap();
    let all: Vec<_> = numbers.map(|n| a_delivery(b, n, DeliveryState::Queued)).collect();
    let first = portion::take(tx, lease, Priority::Broadcast, &all).await.unwrap();
    let claimed = |(n, d): (i64, Delivery)| delivery::Claimed {
        n,
        id: d.id,
        channel: d.channel,
        unwritten: Some(Priority::Broadcast),
        broadcast_id: d.broadcast_id,
        subscriber_id: d.subscriber_id,
        address: d.address,
        attempts: 0,
        created_at: d.created_at,
        subscriber_state: Some(SubscriberState::Confirmed),
        suppressed: false,
    };
    (first..).zip(all).map(claimed).collect()
}

#[tokio::test]
async fn what_is_planned_into_a_lease_gets_its_line_with_its_outcome_and_is_seen_before() {
    for fresh in each().await {
        let engine = fresh.engine;
        let mut tx = fresh.store.begin().await.unwrap();
        let b = a_broadcast(1, "incident-x");
        broadcast::insert(&mut tx, &b, "{}").await.unwrap();
        broadcast::planned(&mut tx, &b.id, at(100)).await.unwrap();
        let ours = taken(&mut tx, "ours", &b, 1..5).await;
        assert!(ours.windows(2).all(|two| two[0].n + 1 == two[1].n), "{engine}: in their order");
        tx.commit().await.unwrap();
        assert_eq!(claim(&fresh.store, "other", at(100), 10).await, [], "{engine}: in somebody's hands");

        let mut tx = fresh.store.begin().await.unwrap();
        let retried = Outcome { state: DeliveryState::Deferred, next_at: at(500), ..accepted(&ours[3]) };
        assert_eq!(
            delivery::record(&mut tx, "ours", &[accepted(&ours[1]), retried], at(101)).await.unwrap(),
            2
        );
        let counts = Counts { accepted: 1, deferred: 1, sending: 2, ..Counts::default() };
        assert_eq!(broadcast::counts(&mut tx, &b.id).await.unwrap(), counts, "{engine}");
        let reach = Reach::of(&broadcast::tallies(&mut tx, &b).await.unwrap());
        assert_eq!(reach.iter().map(|r| r.counts).collect::<Vec<_>>(), [counts], "{engine}");
        assert!(!broadcast::finish_if_done(&mut tx, &b.id, at(101)).await.unwrap(), "{engine}");

        // Whoever looks sees all four, in the order of any others.
        let one = delivery::get(&mut tx, &ours[0].id).await.unwrap().unwrap();
        assert_eq!(
            one,
            Delivery { state: DeliveryState::Sending, ..a_delivery(&b, 1, DeliveryState::Queued) }
        );
        let got = delivery::to_address(&mut tx, &ours[2].address, 9).await.unwrap();
        assert_eq!(got.iter().map(|d| &d.id).collect::<Vec<_>>(), [&ours[2].id], "{engine}");
        assert_eq!(
            delivery::to_address(&mut tx, "user1@example", 9).await.unwrap(),
            [],
            "{engine}: no part of one"
        );
        let ids: Vec<_> = ours.iter().map(|c| c.id.clone()).collect();
        let states = delivery::states(&mut tx, std::slice::from_ref(&b.id), &ids).await.unwrap();
        let stands = |n: usize| states.get(&ids[n]).copied();
        use DeliveryState::{Accepted, Deferred, Sending};
        assert_eq!([0, 1, 2, 3].map(stands), [Sending, Accepted, Sending, Deferred].map(Some), "{engine}");
        let mut listed = Vec::new();
        let mut after = (String::new(), String::new());
        while let [d] =
            &delivery::of_broadcast(&mut tx, &b.id, None, (&after.0, &after.1), 1).await.unwrap()[..]
        {
            after = (d.state.to_string(), d.id.to_string());
            listed.push(d.id.clone());
        }
        assert_eq!(listed, [1, 3, 0, 2].map(|n: usize| ids[n].clone()), "{engine}: by state and place");
        let sending = delivery::of_broadcast(&mut tx, &b.id, Some(Sending), ("", ""), 9).await.unwrap();
        assert_eq!(sending.len(), 2, "{engine}");
        let whose: Vec<_> = ours.iter().filter_map(|c| c.subscriber_id.as_ref()).collect();
        let lately = held::lately(&mut tx, &whose, at(50)).await.unwrap();
        assert_eq!(lately.len(), 4, "{engine}");
        let first = Lately { count: 1, first: Some(at(100)), digest_at: None };
        assert!(lately.values().all(|got| *got == first), "{engine}: {lately:?}");
        tx.commit().await.unwrap();

        // The database itself refuses to let go of what has no line.
        let mut tx = fresh.store.begin().await.unwrap();
        assert!(tx.exec("DELETE FROM leases WHERE id = $1", params!["ours"]).await.is_err(), "{engine}");
        drop(tx);

        // Its node died: what has no line counts as tried; what it says later comes too late.
        let mut tx = fresh.store.begin().await.unwrap();
        assert_eq!(delivery::reclaim(&mut tx, "ours", at(200)).await.unwrap(), 2, "{engine}");
        lease::end(&mut tx, "ours", at(200)).await.unwrap();
        let late: Vec<_> = ours.iter().map(accepted).collect();
        assert_eq!(delivery::record(&mut tx, "ours", &late, at(201)).await.unwrap(), 0, "{engine}");
        let counts = Counts { accepted: 1, deferred: 3, ..Counts::default() };
        assert_eq!(broadcast::counts(&mut tx, &b.id).await.unwrap(), counts, "{engine}");
        tx.commit().await.unwrap();
        let again = claim(&fresh.store, "again", at(200), 10).await;
        let tried: Vec<_> = again.iter().map(|c| (c.n, c.attempts, c.unwritten)).collect();
        assert_eq!(tried, [(ours[0].n, 1, None), (ours[2].n, 1, None)], "{engine}: in their old places");
    }
}

#[tokio::test]
async fn a_lease_that_is_given_back_writes_down_what_was_not_tried() {
    for fresh in each().await {
        let engine = fresh.engine;
        let mut tx = fresh.store.begin().await.unwrap();
        let b = a_broadcast(1, "");
        broadcast::insert(&mut tx, &b, "{}").await.unwrap();
        broadcast::planned(&mut tx, &b.id, at(100)).await.unwrap();
        let all = taken(&mut tx, "all", &b, 1..4).await;
        let some = taken(&mut tx, "some", &b, 4..9).await;
        delivery::record(&mut tx, "all", &all.iter().map(accepted).collect::<Vec<_>>(), at(101))
            .await
            .unwrap();
        delivery::record(&mut tx, "some", &[accepted(&some[2])], at(101)).await.unwrap();
        assert_eq!(lease::end(&mut tx, "all", at(102)).await.unwrap(), 0, "{engine}");
        assert_eq!(lease::end(&mut tx, "some", at(102)).await.unwrap(), 4, "{engine}");
        let counts = Counts { accepted: 4, queued: 4, ..Counts::default() };
        assert_eq!(broadcast::counts(&mut tx, &b.id).await.unwrap(), counts, "{engine}");
        let one = delivery::get(&mut tx, &some[0].id).await.unwrap().unwrap();
        let queued = Delivery { updated_at: at(102), ..a_delivery(&b, 4, DeliveryState::Queued) };
        assert_eq!(one, queued, "{engine}: as if it had never been taken");
        tx.commit().await.unwrap();
        let again = claim(&fresh.store, "again", at(103), 10).await;
        assert_eq!(
            again.iter().map(|c| c.n).collect::<Vec<_>>(),
            [0, 1, 3, 4].map(|n: usize| some[n].n),
            "{engine}"
        );
        let mut tx = fresh.store.begin().await.unwrap();
        delivery::record(&mut tx, "again", &again.iter().map(accepted).collect::<Vec<_>>(), at(104))
            .await
            .unwrap();
        lease::end(&mut tx, "again", at(104)).await.unwrap();
        assert!(broadcast::finish_if_done(&mut tx, &b.id, at(104)).await.unwrap(), "{engine}");
    }
}

#[tokio::test]
async fn one_node_alone_probes_a_failing_channel() {
    for fresh in each().await {
        let engine = fresh.engine;
        let mut tx = fresh.store.begin().await.unwrap();
        assert_eq!(channel::get(&mut tx, Channel::Email).await.unwrap(), None);
        let health = ChannelHealth {
            channel: Channel::Email,
            failing: true,
            since: at(0),
            reason: "the mail server does not accept mail from us".into(),
            detail: "550 rejected: unsigned".into(),
            probes: 2,
            next_probe_at: Some(at(10)),
        };
        channel::set(&mut tx, &health).await.unwrap();
        assert_eq!(channel::get(&mut tx, Channel::Email).await.unwrap(), Some(health.clone()), "{engine}");
        assert!(!channel::take_probe(&mut tx, Channel::Email, at(9), at(60)).await.unwrap());
        assert!(channel::take_probe(&mut tx, Channel::Email, at(10), at(60)).await.unwrap(), "{engine}");
        assert!(
            !channel::take_probe(&mut tx, Channel::Email, at(10), at(60)).await.unwrap(),
            "{engine}: taken"
        );
        assert!(
            channel::take_probe(&mut tx, Channel::Email, at(-90), at(-40)).await.unwrap(),
            "{engine}: the clock was set back"
        );
        channel::set(&mut tx, &ChannelHealth { failing: false, next_probe_at: None, ..health })
            .await
            .unwrap();
        assert!(
            !channel::take_probe(&mut tx, Channel::Email, at(99), at(100)).await.unwrap(),
            "{engine}: mended"
        );
        assert_eq!(channel::all(&mut tx).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn the_mailbox_keeps_the_newest() {
    for fresh in each().await {
        let engine = fresh.engine;
        let mail = |n: i64| mailbox::Mail {
            number: 0,
            at: at(n),
            sender: "status@acme.example".into(),
            recipient: format!("user{n}@example.net"),
            subject: "Störung".into(),
            delivery_id: DeliveryId::from_random([1; 12]),
        };
        let mut tx = fresh.store.begin().await.unwrap();
        mailbox::put(&mut tx, &[]).await.unwrap();
        for batch in 0..5 {
            let mails: Vec<_> = (0..500).map(|n| (mail(batch * 500 + n), b"raw \xff".to_vec())).collect();
            mailbox::put(&mut tx, &mails).await.unwrap();
        }
        let newest = mailbox::list(&mut tx, None, i64::MAX, 2).await.unwrap();
        assert_eq!(newest.iter().map(|(m, _)| m.number).collect::<Vec<_>>(), [2500, 2499], "{engine}");
        assert_eq!(
            mailbox::list(&mut tx, None, 502, 10).await.unwrap().len(),
            1,
            "{engine}: the oldest 500 are gone"
        );
        let to_one = mailbox::list(&mut tx, Some("user2400@example.net"), i64::MAX, 10).await.unwrap();
        assert_eq!(to_one.iter().map(|(m, _)| m.number).collect::<Vec<_>>(), [2401], "{engine}");
        let (found, thread, raw) = mailbox::get(&mut tx, 2500).await.unwrap().unwrap();
        assert_eq!((found.recipient.as_str(), raw.as_slice()), ("user2499@example.net", &b"raw \xff"[..]));
        assert_eq!(thread, "", "{engine}: a mail whose delivery is not known hangs together with nothing");
        assert_eq!(mailbox::count(&mut tx).await.unwrap(), 2000);
        assert_eq!(mailbox::clear(&mut tx).await.unwrap(), 2000);
    }
}

#[tokio::test]
async fn confirmation_mails_are_counted_per_address_and_in_all() {
    for fresh in each().await {
        let mut tx = fresh.store.begin().await.unwrap();
        for n in 0..5 {
            let address = if n < 3 { "a@b.c" } else { "d@e.f" };
            subscriber::note_confirmation(&mut tx, &format!("c{n}"), address, at(n)).await.unwrap();
        }
        assert_eq!(
            subscriber::confirmations(&mut tx, "a@b.c", at(1)).await.unwrap(),
            (2, 4),
            "{}",
            fresh.engine
        );
        assert_eq!(subscriber::forget_confirmations(&mut tx, at(3)).await.unwrap(), 3);
        assert_eq!(subscriber::confirmations(&mut tx, "a@b.c", at(0)).await.unwrap(), (0, 2));
    }
}

/// Several nodes claim at once; everybody is claimed once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_share_without_doubles() {
    for fresh in each().await {
        on_its_way(&fresh.store, 1, 200).await;
        let mut workers = tokio::task::JoinSet::new();
        for node in 0..4 {
            let store = fresh.store.clone();
            workers.spawn(async move {
                let mut mine = Vec::new();
                for round in 0.. {
                    let some = claim(&store, &format!("n{node}r{round}"), at(100), 7).await;
                    if some.is_empty() {
                        break;
                    }
                    mine.extend(some.into_iter().map(|c| c.id));
                }
                mine
            });
        }
        let mut all = Vec::new();
        while let Some(mine) = workers.join_next().await {
            all.extend(mine.unwrap());
        }
        let distinct: HashSet<_> = all.iter().collect();
        assert_eq!((all.len(), distinct.len()), (200, 200), "{}", fresh.engine);
    }
}
