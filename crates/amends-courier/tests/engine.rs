//! The courier at work, on both engines, against a mail server that misbehaves when told to. The clock is the test's.

#![allow(clippy::unwrap_used)]

mod company;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use amends_courier::channel::Viewer;
use amends_courier::message::{Confirm, Content};
use amends_courier::{Around, plan};
use amends_model::{BroadcastId, Channel, DeliveryState, SubscriberState};
use amends_store::{broadcast, channel, delivery, mailbox, subscriber, suppression};
use amends_testkit::smtp::{Behaviour, Message, Options, Sink, Step};
use amends_testkit::stores::each;
use company::{Company, MORE_THAN_A_BATCH, a_subscriber, one_of};
use tokio::sync::watch;

fn by_recipient(messages: &[Message]) -> HashMap<String, Vec<&Message>> {
    let mut out: HashMap<String, Vec<&Message>> = HashMap::new();
    for m in messages {
        out.entry(m.recipients[0].clone()).or_default().push(m);
    }
    out
}

#[tokio::test]
async fn everybody_gets_it_once() {
    for fresh in each().await {
        let c = Company::new(fresh, 1_203).await;
        let courier = c.courier();
        let id = c.publish(1).await;
        c.work(&courier).await;
        one_of(c.counts(&id).await, |c| c.accepted, 1_203);
        let messages = c.sink.messages();
        assert_eq!(by_recipient(&messages).len(), 1_203);
        assert_eq!(messages.len(), 1_203);
        assert!(c.sink.connections() <= 4, "{} connections", c.sink.connections());
        let ids: HashSet<_> = messages.iter().map(|m| m.header("Message-ID").unwrap()).collect();
        assert_eq!(ids.len(), 1_203);
        let tokens: HashSet<_> = messages.iter().map(|m| m.header("List-Unsubscribe").unwrap()).collect();
        assert_eq!(tokens.len(), 1_203, "each has links of their own");
        let b = broadcast::get(&mut c.store.read().await.unwrap(), &id).await.unwrap().unwrap();
        assert!(b.planned_at.is_some() && b.finished_at.is_some());
        c.work(&courier).await;
        assert_eq!(c.sink.messages().len(), 1_203, "and not again");
    }
}

/// Story A: a mail server that refuses everybody loses nobody and strikes nobody off.
#[tokio::test]
async fn a_server_that_refuses_everybody_is_held_not_lost() {
    for refusal in
        ["550 rejected: unsigned", "550 5.7.26 unauthenticated", "451 4.3.0 later", "550 5.1.1 no such user"]
    {
        for fresh in each().await {
            let engine = fresh.engine;
            let c = Company::new(fresh, 500).await;
            let woken = Arc::new(AtomicU64::new(0));
            let counter = woken.clone();
            let wake: Arc<dyn Fn() + Send + Sync> =
                Arc::new(move || _ = counter.fetch_add(1, Ordering::Relaxed));
            let courier = c.courier().within(Around { wake: Some(wake), ..Around::default() });
            c.sink.behave(Behaviour::RefuseMessage(refusal.into()));
            let id = c.publish(1).await;
            c.work(&courier).await;
            one_of(c.counts(&id).await, |c| c.queued, 500);
            assert_eq!(c.suppressed().await, 0, "{engine} {refusal}");
            let health = c.health().await;
            assert!(health.failing && health.detail.starts_with(&refusal[..3]), "{health:?}");
            assert_eq!(health.since, c.now());
            let tried = c.sink.attempts().len();
            assert!(tried <= 60, "{engine} {refusal}: {tried} were tried before it stopped");
            assert_eq!(c.in_the_chat().await, (1, 0), "{engine} {refusal}: told where mail is not needed");
            assert_eq!(woken.load(Ordering::Relaxed), 1, "and at once");

            // While it lasts, one message at a time asks, more and more rarely.
            for _ in 0..20 {
                c.later(30);
                c.work(&courier).await;
            }
            let asked = c.sink.attempts().len() - tried;
            assert!((4..=12).contains(&asked), "{engine} {refusal}: asked {asked} times in ten minutes");
            one_of(c.counts(&id).await, |c| c.queued, 500);
            assert_eq!(c.health().await.since, health.since, "since when does not move");
            assert_eq!(c.in_the_chat().await, (1, 0), "{engine} {refusal}: once");

            c.sink.behave(Behaviour::Accept);
            c.later(150);
            c.work(&courier).await;
            one_of(c.counts(&id).await, |c| c.accepted, 500);
            assert!(!c.health().await.failing);
            assert_eq!(c.suppressed().await, 0, "{engine} {refusal}");
            assert_eq!(c.in_the_chat().await, (1, 1), "{engine} {refusal}: and once when it is mended");
            let messages = c.sink.messages();
            let to_operators = messages.iter().filter(|m| m.recipients == ["ops@acme.example"]).count();
            assert_eq!(
                (messages.len(), to_operators),
                (501, 1),
                "{engine} {refusal}: each once, and the operators are told"
            );
        }
    }
}

#[tokio::test]
async fn a_server_that_is_gone_holds_everything_until_it_is_back() {
    for fresh in each().await {
        let c = Company::new(fresh, MORE_THAN_A_BATCH).await;
        let courier = c.courier();
        c.sink.behave(Behaviour::Gone);
        let id = c.publish(1).await;
        c.work(&courier).await;
        one_of(c.counts(&id).await, |c| c.queued, MORE_THAN_A_BATCH as u64);
        let health = c.health().await;
        assert!(health.failing && health.detail.contains("connection refused"), "{health:?}");
        c.sink.behave(Behaviour::Accept);
        c.work(&courier).await;
        one_of(c.counts(&id).await, |c| c.queued, MORE_THAN_A_BATCH as u64);
        c.later(6);
        c.work(&courier).await;
        one_of(c.counts(&id).await, |c| c.accepted, MORE_THAN_A_BATCH as u64);
        assert_eq!(c.in_the_chat().await, (1, 1), "also what was short is told to its end");
        let mut tx = c.store.read().await.unwrap();
        let one = delivery::to_address(&mut tx, "user7@example.net", 5).await.unwrap();
        assert_eq!(one[0].attempts, 1, "the time without a server cost no attempt");
    }
}

#[tokio::test]
async fn unknown_addresses_are_suppressed_and_the_others_are_told() {
    for fresh in each().await {
        let c = Company::new(fresh, 30).await;
        let courier = c.courier();
        let dead = BTreeSet::from(["user3@example.net".to_owned(), "user17@example.net".to_owned()]);
        c.sink.behave(Behaviour::RefuseRecipients(dead, "550 5.1.1 no such user".into()));
        let first = c.publish(1).await;
        c.work(&courier).await;
        let counts = c.counts(&first).await;
        assert_eq!((counts.accepted, counts.bounced, counts.total()), (28, 2, 30));
        let mut tx = c.store.read().await.unwrap();
        let s = suppression::get(&mut tx, Channel::Email, "user3@example.net").await.unwrap().unwrap();
        assert_eq!(s.detail, "550 5.1.1 no such user");
        drop(tx);
        c.later(60);
        let second = c.publish(2).await;
        c.work(&courier).await;
        let counts = c.counts(&second).await;
        assert_eq!((counts.accepted, counts.suppressed, counts.total()), (28, 2, 30));
        assert_eq!(c.sink.messages().len(), 56);
    }
}

#[tokio::test]
async fn one_odd_recipient_holds_nobody_else_up() {
    for refusal in ["550 5.7.1 not you", "550 no", "451 4.2.0 greylisted", "552 5.2.2 mailbox full"] {
        for fresh in each().await {
            let engine = fresh.engine;
            let c = Company::new(fresh, 30).await;
            let courier = c.courier();
            let odd = BTreeSet::from(["user11@example.net".to_owned()]);
            c.sink.behave(Behaviour::RefuseRecipients(odd, refusal.into()));
            let id = c.publish(1).await;
            for _ in 0..400 {
                c.work(&courier).await;
                c.later(600);
            }
            let counts = c.counts(&id).await;
            assert_eq!((counts.accepted, counts.refused, counts.total()), (29, 1, 30), "{engine} {refusal}");
            assert_eq!(c.suppressed().await, 0, "{engine} {refusal}: the address stays");
            let b = broadcast::get(&mut c.store.read().await.unwrap(), &id).await.unwrap().unwrap();
            assert!(b.finished_at.is_some());
            let held = channel::get(&mut c.store.read().await.unwrap(), Channel::Email).await.unwrap();
            assert!(!held.is_some_and(|h| h.failing), "{engine} {refusal}");
        }
    }
}

#[tokio::test]
async fn what_is_not_confirmed_is_sent_again_as_the_same_message() {
    for fresh in each().await {
        let engine = fresh.engine;
        let c = Company::new(fresh, 20).await;
        let courier = c.courier();
        c.sink.behave(Behaviour::CutBeforeReply);
        let id = c.publish(1).await;
        c.work(&courier).await;
        let unconfirmed: HashMap<_, _> = c
            .sink
            .attempts()
            .iter()
            .map(|m| (m.recipients[0].clone(), m.header("Message-ID").unwrap()))
            .collect();
        assert!(!unconfirmed.is_empty());
        assert!(c.health().await.failing, "{engine}: a server that always cuts is stopped");
        c.sink.behave(Behaviour::Accept);
        for _ in 0..10 {
            c.later(30);
            c.work(&courier).await;
        }
        one_of(c.counts(&id).await, |c| c.accepted, 20);
        let accepted = c.sink.messages();
        let accepted = by_recipient(&accepted);
        for (recipient, message_id) in unconfirmed {
            assert_eq!(accepted[&recipient].len(), 1);
            assert_eq!(accepted[&recipient][0].header("Message-ID").unwrap(), message_id, "{engine}");
        }
    }
}

/// The process is killed in the middle of a batch, several times.
#[tokio::test]
async fn a_courier_that_is_killed_loses_nothing_and_repeats_only_its_batch() {
    for fresh in each().await {
        let engine = fresh.engine;
        let c = Arc::new(Company::new(fresh, 300).await);
        let id = c.publish(1).await;
        let mut accepted_before = 0;
        for round in 0..4 {
            // The first lines get some messages through, then the server stalls, and the process dies.
            let courier = Arc::new(c.courier());
            let (_keep, stop) = watch::channel(false);
            let victim = {
                let courier = courier.clone();
                tokio::spawn(async move { while courier.turn(&stop).await.is_ok() {} })
            };
            c.sink.received(accepted_before + 20, Duration::from_secs(20)).await;
            c.sink.behave(Behaviour::Stall(Step::Message));
            victim.abort();
            assert!(victim.await.is_err(), "{engine} {round}");
            drop(courier);
            c.sink.behave(Behaviour::Accept);
            accepted_before = c.sink.messages().len();
            // On PostgreSQL another node waits until the lease has run out.
            c.later(61);
        }
        c.work(&c.courier()).await;
        one_of(c.counts(&id).await, |c| c.accepted, 300);
        let messages = c.sink.messages();
        let by = by_recipient(&messages);
        assert_eq!(by.len(), 300, "{engine}: nobody is lost");
        for (recipient, copies) in &by {
            let ids: HashSet<_> = copies.iter().map(|m| m.header("Message-ID")).collect();
            assert_eq!(ids.len(), 1, "{engine}: {recipient} has copies that are not the same message");
            assert!(copies.len() <= 5);
        }
    }
}

#[tokio::test]
async fn a_stop_ends_the_batch_and_gives_the_rest_back() {
    for fresh in each().await {
        let engine = fresh.engine;
        let c = Arc::new(Company::new(fresh, MORE_THAN_A_BATCH).await);
        let id = c.publish(1).await;
        let (stop, stopped) = watch::channel(false);
        let courier = Arc::new(c.courier());
        c.sink.behave(Behaviour::Stall(Step::Message));
        let running = {
            let (courier, stopped) = (courier.clone(), stopped.clone());
            tokio::spawn(async move { courier.turn(&stopped).await })
        };
        c.sink.connected(1, Duration::from_secs(20)).await;
        stop.send(true).unwrap();
        tokio::task::yield_now().await;
        c.sink.behave(Behaviour::Accept);
        running.await.unwrap().unwrap();
        let counts = c.counts(&id).await;
        assert_eq!(
            (counts.sending, counts.accepted),
            (0, c.sink.messages().len() as u64),
            "{engine}: {counts:?}"
        );
        assert!(counts.queued > 0, "{engine}: {counts:?}");
        c.work(&c.courier()).await;
        one_of(c.counts(&id).await, |c| c.accepted, MORE_THAN_A_BATCH as u64);
        assert_eq!(c.sink.messages().len(), MORE_THAN_A_BATCH, "{engine}: nobody twice");
    }
}

#[tokio::test]
async fn who_left_meanwhile_gets_nothing_and_newer_word_replaces_a_retry() {
    for fresh in each().await {
        let engine = fresh.engine;
        let c = Company::new(fresh, 6).await;
        let courier = c.courier();
        let slow = BTreeSet::from(["user2@example.net".to_owned()]);
        c.sink.behave(Behaviour::RefuseRecipients(slow, "450 4.2.0 later".into()));
        let first = c.publish(1).await;
        c.work(&courier).await;
        assert_eq!(c.counts(&first).await.deferred, 1);
        c.sink.behave(Behaviour::Accept);
        c.later(5);
        let second = c.publish(2).await;
        let mut tx = c.store.begin().await.unwrap();
        let mut left = a_subscriber(4, c.now());
        left.state = SubscriberState::Unsubscribed;
        subscriber::update(&mut tx, &left).await.unwrap();
        tx.commit().await.unwrap();
        c.later(60);
        c.work(&courier).await;
        assert_eq!(c.counts(&first).await.superseded, 1, "{engine}");
        let counts = c.counts(&second).await;
        assert_eq!(
            (counts.accepted, counts.total()),
            (5, 5),
            "{engine}: who left before it was planned is not in it"
        );

        let third = c.publish(3).await;
        let mut tx = c.store.begin().await.unwrap();
        while plan::step(&mut tx, c.now(), plan::Planning::default()).await.unwrap() {}
        let mut left = a_subscriber(5, c.now());
        left.state = SubscriberState::Unsubscribed;
        subscriber::update(&mut tx, &left).await.unwrap();
        tx.commit().await.unwrap();
        c.work(&courier).await;
        let counts = c.counts(&third).await;
        assert_eq!((counts.accepted, counts.cancelled), (4, 1), "{engine}: left after it was planned");
        let to_two: Vec<_> =
            c.sink.messages().into_iter().filter(|m| m.recipients == ["user2@example.net"]).collect();
        let said: Vec<_> =
            to_two.iter().map(|m| m.text().lines().nth(5).unwrap_or_default().to_owned()).collect();
        assert_eq!(
            said,
            ["Word number 2.", "Word number 3."],
            "{engine}: in order, without the overtaken one"
        );
    }
}

/// Story A with a second mail server: the first refuses everybody, and everybody is told all the same.
#[tokio::test]
async fn another_server_carries_on_where_the_first_refuses() {
    for (behaviour, most) in [
        (Behaviour::RefuseMessage("550 5.7.1 rejected: unsigned".into()), 2),
        (Behaviour::RefuseMessage("550 rejected: unsigned".into()), 4),
        (Behaviour::RefuseSender("530 5.7.0 authentication required".into()), 0),
        (Behaviour::Gone, 0),
    ] {
        for fresh in each().await {
            let engine = fresh.engine;
            let c = Company::new(fresh, 300).await;
            let second = Sink::start();
            let courier = c.courier_by(&[&c.sink, &second]);
            c.sink.behave(behaviour.clone());
            let id = c.publish(1).await;
            c.work(&courier).await;
            one_of(c.counts(&id).await, |c| c.accepted, 300);
            assert!(
                c.sink.attempts().len() <= most,
                "{engine} {behaviour:?}: few are tried before the way changes"
            );
            let health = channel::get(&mut c.store.read().await.unwrap(), Channel::Email).await.unwrap();
            assert!(!health.is_some_and(|h| h.failing), "{engine} {behaviour:?}: nothing is held");
            let told = second.messages().iter().filter(|m| m.recipients == ["ops@acme.example"]).count();
            assert_eq!(told, 1, "{engine} {behaviour:?}: the operators are told, by the way that works");
            assert_eq!(by_recipient(&second.messages()).len(), 301);

            // Mended, the first is used again.
            c.sink.behave(Behaviour::Accept);
            c.later(180);
            c.sink.clear();
            let id = c.publish(2).await;
            c.work(&courier).await;
            one_of(c.counts(&id).await, |c| c.accepted, 300);
            assert_eq!(c.sink.messages().len(), 300, "{engine} {behaviour:?}: back on the first");
        }
    }
}

#[tokio::test]
async fn when_all_servers_refuse_it_is_held_until_one_takes_mail() {
    for fresh in each().await {
        let engine = fresh.engine;
        let c = Company::new(fresh, 60).await;
        let second = Sink::start();
        let courier = c.courier_by(&[&c.sink, &second]);
        for sink in [&c.sink, &second] {
            sink.behave(Behaviour::RefuseMessage("550 5.7.1 no".into()));
        }
        let id = c.publish(1).await;
        c.work(&courier).await;
        one_of(c.counts(&id).await, |c| c.queued, 60);
        assert!(c.health().await.failing, "{engine}");
        assert_eq!(c.suppressed().await, 0);
        // Only the second is mended: the questions go to both in turn.
        second.behave(Behaviour::Accept);
        for _ in 0..10 {
            c.later(60);
            c.work(&courier).await;
        }
        one_of(c.counts(&id).await, |c| c.accepted, 60);
        assert_eq!(by_recipient(&second.messages()).len(), 61, "{engine}: all, and the operators");
    }
}

#[tokio::test]
async fn a_copy_goes_to_the_operators_own_mailbox_first() {
    for fresh in each().await {
        let engine = fresh.engine;
        let mut c = Company::new(fresh, 50).await;
        c.settings.canary = Some("canary@acme.example".into());
        let courier = c.courier();
        let id = c.publish(1).await;
        c.work(&courier).await;
        one_of(c.counts(&id).await, |c| c.accepted, 50);
        let messages = c.sink.messages();
        assert_eq!(messages[0].recipients, ["canary@acme.example"], "{engine}");
        assert_eq!(messages.len(), 51);
        assert_eq!(messages[0].subject(), messages[1].subject(), "{engine}: the same mail");
        assert_eq!(messages[0].header("List-Unsubscribe"), None);
        assert!(messages[0].text().contains("Word number 1."));

        // Refused, it holds the others before one of them was tried.
        c.sink.behave(Behaviour::RefuseMessage("550 5.7.26 unauthenticated".into()));
        c.sink.clear();
        let id = c.publish(2).await;
        c.work(&courier).await;
        let tried: Vec<_> = c.sink.attempts().into_iter().map(|m| m.recipients[0].clone()).collect();
        assert_eq!(tried, ["canary@acme.example"], "{engine}");
        one_of(c.counts(&id).await, |c| c.queued, 50);
    }
}

/// A server that takes two connections at once is not a broken one.
#[tokio::test]
async fn a_server_that_wants_fewer_connections_gets_fewer() {
    for fresh in each().await {
        let engine = fresh.engine;
        let c = Company::new(fresh, 400).await;
        let narrow = Sink::with(Options { connections: 2, ..Options::default() });
        let courier = c.courier_by(&[&narrow]);
        let id = c.publish(1).await;
        c.work(&courier).await;
        one_of(c.counts(&id).await, |c| c.accepted, 400);
        assert_eq!(narrow.messages().len(), 400, "{engine}: each once");
        let health = channel::get(&mut c.store.read().await.unwrap(), Channel::Email).await.unwrap();
        assert!(!health.is_some_and(|h| h.failing), "{engine}: not held");
    }
}

/// "Resolved" is published while "investigating" is held, and a probe or another node is quicker with the one or the other.
#[tokio::test]
async fn nobody_hears_the_end_before_the_beginning() {
    for fresh in each().await {
        let engine = fresh.engine;
        let c = Company::new(fresh, 40).await;
        let courier = c.courier();
        c.sink.behave(Behaviour::RefuseMessage("550 5.7.1 no".into()));
        c.publish(1).await;
        c.work(&courier).await;
        c.later(3);
        c.publish(2).await;
        for _ in 0..6 {
            c.later(20);
            c.work(&courier).await;
        }
        c.sink.behave(Behaviour::Accept);
        for _ in 0..8 {
            c.later(130);
            c.work(&courier).await;
        }
        let messages = c.sink.messages();
        let mut heard: HashMap<String, Vec<usize>> = HashMap::new();
        for m in messages.iter().filter(|m| m.recipients != ["ops@acme.example"]) {
            let number = if m.text().contains("Word number 1.") { 1 } else { 2 };
            heard.entry(m.recipients[0].clone()).or_default().push(number);
        }
        assert_eq!(heard.len(), 40, "{engine}");
        for (who, numbers) in heard {
            assert!(numbers == [1, 2] || numbers == [2], "{engine}: {who} heard {numbers:?}");
        }
    }
}

#[tokio::test]
async fn without_a_mail_server_it_goes_to_the_viewer() {
    for fresh in each().await {
        let engine = fresh.engine;
        let c = Company::new(fresh, 3).await;
        let courier = c.courier_over(Arc::new(Viewer::new(c.store.clone(), c.clock(), c.postmaster())));
        let confirm = Content::Confirm(Confirm {
            subscriber_id: "sb0000000ada".into(),
            components: vec![],
            url: "https://status.acme.example/s/TOKEN".into(),
            valid_until: c.now(),
            subscribed_already: false,
            endpoint: None,
            code: None,
        });
        let id = c.publish(1).await;
        let mut tx = c.store.begin().await.unwrap();
        let single = BroadcastId::from_random([9; 12]);
        plan::enqueue_single(&mut tx, single.clone(), &confirm, "s", "ada@example.org", c.now())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        c.work(&courier).await;
        one_of(c.counts(&id).await, |c| c.accepted, 3);
        let mut tx = c.store.read().await.unwrap();
        let mails = mailbox::list(&mut tx, None, i64::MAX, 10).await.unwrap();
        assert_eq!(mails.len(), 4, "{engine}");
        assert_eq!(mails[3].0.recipient, "ada@example.org", "{engine}: single mails go first");
        assert_eq!(mails[3].0.subject, "[Acme Status] Please confirm your subscription");
        let (_, _, raw) = mailbox::get(&mut tx, 1).await.unwrap().unwrap();
        assert!(String::from_utf8(raw).unwrap().contains("/s/TOKEN"));
        assert_eq!(
            broadcast::content(&mut tx, &single).await.unwrap(),
            None,
            "{engine}: the link is not kept"
        );
        assert!(c.sink.attempts().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_nodes_share_the_work_without_doubles() {
    for fresh in each().await {
        if fresh.url.is_none() {
            continue;
        }
        let c = Arc::new(Company::new(fresh, 2_000).await);
        let first = c.publish(1).await;
        c.later(1);
        let ids = [first, c.publish(2).await];
        let mut nodes = tokio::task::JoinSet::new();
        for _ in 0..3 {
            let c = c.clone();
            nodes.spawn(async move { c.work(&c.courier()).await });
        }
        while let Some(done) = nodes.join_next().await {
            done.unwrap();
        }
        // One node may have come to rest while another still planned, or had older word for the same address.
        for _ in 0..5 {
            c.later(3);
            c.work(&c.courier()).await;
        }
        for id in &ids {
            one_of(c.counts(id).await, |c| c.accepted, 2_000);
        }
        let messages = c.sink.messages();
        let distinct: HashSet<_> = messages.iter().map(|m| m.header("Message-ID").unwrap()).collect();
        assert_eq!((messages.len(), distinct.len()), (4_000, 4_000));
    }
}

#[tokio::test]
async fn run_wakes_by_a_nudge_and_ends_when_told() {
    for fresh in each().await {
        let c = Arc::new(Company::new(fresh, 3).await);
        let (stop, stopped) = watch::channel(false);
        let nudge = Arc::new(tokio::sync::Notify::new());
        let running = {
            let (c, nudge) = (c.clone(), nudge.clone());
            tokio::spawn(async move { c.courier().run(&nudge, stopped).await })
        };
        let id = c.publish(1).await;
        nudge.notify_one();
        c.sink.received(3, Duration::from_secs(20)).await;
        stop.send(true).unwrap();
        running.await.unwrap();
        let counts = c.counts(&id).await;
        assert_eq!(counts.accepted, 3);
        assert!(DeliveryState::Accepted.is_final());
    }
}
