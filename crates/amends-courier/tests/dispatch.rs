//! Webhooks from planning to the outcome, on both engines, against a receiver that does as its path says. The clock is the
//! test's.

#![allow(clippy::unwrap_used)]

mod receiver;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use amends_courier::channel::{
    Boxed, Errand, Gateway, Messenger, Notice, SECRET_STAYS, Said, Sms, SmsRules, Template, Webhook,
    secret_text,
};
use amends_courier::judge::Verdict;
use amends_courier::plan::{self, To};
use amends_courier::smtp::Secret;
use amends_courier::{Dispatch, message::Content, message::Test};
use amends_model::broadcast::{Audience, Counts};
use amends_model::{BroadcastId, Channel, Delivery, DeliveryState, Endpoint, SubscriberState};
use amends_store::delivery::Priority;
use amends_store::{Store, broadcast, channel, delivery, endpoint, lease, page, portion, subscriber};
use amends_testkit::stores::{Fresh, each};
use jiff::{SignedDuration, Timestamp};
use receiver::{NOW, Receiver, a_subscriber, http, links, settings, update};

struct Company {
    store: Store,
    receiver: Receiver,
    clock: Arc<AtomicI64>,
    numbers: Arc<AtomicU64>,
    _fresh: Fresh,
}

impl Company {
    /// With one confirmed endpoint for each path.
    async fn new(fresh: Fresh, paths: &[&str]) -> Self {
        let (store, receiver) = (fresh.store.clone(), Receiver::start().await);
        let mut tx = store.begin().await.unwrap();
        page::insert(&mut tx, &receiver::page()).await.unwrap();
        let all: Vec<_> = paths
            .iter()
            .enumerate()
            .map(|(n, path)| a_subscriber(n, Channel::Webhook, &receiver.url(path)))
            .collect();
        subscriber::insert_many(&mut tx, &all).await.unwrap();
        let endpoints: Vec<_> =
            all.iter().map(|s| Endpoint::new(s.id.clone(), "ada@example.com".into())).collect();
        endpoint::put(&mut tx, &endpoints).await.unwrap();
        tx.commit().await.unwrap();
        let (clock, numbers) = (Arc::new(AtomicI64::new(NOW)), Arc::new(AtomicU64::new(1)));
        Self { store, receiver, clock, numbers, _fresh: fresh }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.clock.load(Ordering::Relaxed)).unwrap()
    }

    fn later(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::Relaxed);
    }

    fn fresh_id(&self) -> BroadcastId {
        let mut bytes = [0; 12];
        bytes[..8]
            .copy_from_slice(&(self.numbers.fetch_add(1, Ordering::Relaxed) * 0x9E37_79B9).to_le_bytes());
        BroadcastId::from_random(bytes)
    }

    fn dispatch(&self) -> Arc<Dispatch> {
        self.dispatch_of(Arc::new(Webhook::new(http(&self.receiver, Duration::from_secs(2)), links())))
    }

    /// Text messages, through a gateway at the receiver.
    fn texts(&self) -> Arc<Dispatch> {
        let countries = vec!["+49".into()];
        let rules = SmsRules { countries, codes_per_day: 9, per_number: 999, in_all: 99_999, replies: false };
        let gateway = Gateway::Template(Template {
            url: Secret::new(self.receiver.url("/gateway?to={to}&text={text}")),
            body: None,
            headers: Vec::new(),
            from: "Acme".into(),
            report_to: None,
        });
        self.dispatch_of(Arc::new(Sms::new(http(&self.receiver, Duration::from_secs(2)), gateway, rules)))
    }

    fn dispatch_of(&self, messenger: Arc<dyn Messenger>) -> Arc<Dispatch> {
        let (clock, numbers) = (self.clock.clone(), self.numbers.clone());
        Arc::new(Dispatch::new(
            self.store.clone(),
            messenger,
            links(),
            settings(),
            Arc::new(move || Timestamp::from_second(clock.load(Ordering::Relaxed)).unwrap()),
            Arc::new(move |bytes: &mut [u8]| {
                let number = numbers.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                for (n, byte) in bytes.iter_mut().enumerate() {
                    *byte = number.to_le_bytes()[n % 8] ^ n as u8;
                }
            }),
        ))
    }

    async fn publish(&self, n: usize) -> BroadcastId {
        let id = self.fresh_id();
        let mut tx = self.store.begin().await.unwrap();
        let content = update(n, &format!("Word number {n}."));
        plan::enqueue(&mut tx, id.clone(), &content, "subject", Audience::default(), self.now())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        id
    }

    async fn counts(&self, id: &BroadcastId) -> Counts {
        broadcast::counts(&mut self.store.read().await.unwrap(), id).await.unwrap()
    }

    async fn one(&self, id: &BroadcastId, path: &str) -> Delivery {
        let ids = plan::delivery_ids(id, Channel::Webhook, &self.receiver.url(path));
        delivery::among(&mut self.store.read().await.unwrap(), &ids).await.unwrap().unwrap()
    }

    async fn mails(&self, to: &str) -> usize {
        delivery::to_address(&mut self.store.read().await.unwrap(), to, 100).await.unwrap().len()
    }

    fn words(&self, path: &str) -> Vec<String> {
        let posts = self.receiver.posts().into_iter().filter(|p| p.path == path);
        let text = |body: String| {
            let json: serde_json::Value = serde_json::from_str(&body).unwrap();
            json["incident"]["incident_updates"][0]["body"].as_str().unwrap().to_owned()
        };
        posts.map(|p| text(p.body)).collect()
    }
}

#[tokio::test]
async fn everybody_gets_it_once_signed_and_a_dead_one_delays_nobody() {
    for fresh in each().await {
        let paths: Vec<String> = (0..120).map(|n| format!("/hook/{n}")).collect();
        let mut all: Vec<&str> = paths.iter().map(String::as_str).collect();
        all.push("/stall");
        let c = Company::new(fresh, &all).await;
        let began = Instant::now();
        let id = c.publish(1).await;
        let working = tokio::spawn(c.dispatch().work_off());
        while c.counts(&id).await.accepted < 120 {
            assert!(began.elapsed() < Duration::from_secs(20), "{:?}", c.counts(&id).await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        working.await.unwrap();
        let counts = c.counts(&id).await;
        assert_eq!((counts.accepted, counts.deferred), (120, 1), "{counts:?}");
        let posts = c.receiver.posts();
        assert_eq!(posts.len(), 121, "each once");
        let ids: HashSet<_> = posts.iter().map(|p| p.field("webhook-id").unwrap().to_owned()).collect();
        assert_eq!(ids.len(), 121);
        assert!(posts.iter().all(|p| p.field("webhook-signature").is_some_and(|s| s.starts_with("v1,"))));
        c.dispatch().work_off().await;
        assert_eq!(c.receiver.posts().len(), 121, "and not again before its time");
    }
}

/// Servers that answer at once, and slow ones that do so when they are let; of those named "same", all are one.
struct Slow {
    let_go: tokio::sync::watch::Receiver<bool>,
    asked: AtomicU64,
}

impl Messenger for Slow {
    fn channel(&self) -> Channel {
        Channel::Webhook
    }

    fn destination(&self, address: &str) -> String {
        if address.contains("same") { "same".into() } else { address.to_owned() }
    }

    fn body(&self, _: &Notice) -> String {
        "word".into()
    }

    fn send<'a>(&'a self, errand: &'a Errand, _: &'a str, _: Timestamp) -> Boxed<'a, Said> {
        Box::pin(async move {
            if errand.delivery.address.contains("slow") {
                self.asked.fetch_add(1, Ordering::Relaxed);
                self.let_go.clone().wait_for(|let_go| *let_go).await.unwrap();
            }
            Said::new(Verdict::Accepted, "ok")
        })
    }
}

#[tokio::test]
async fn hundreds_of_slow_ones_delay_nobody_and_are_all_asked() {
    for (slow, asked) in [("slow", 400), ("slow/same", 8)] {
        for fresh in each().await {
            let paths: Vec<String> = (0..600)
                .map(|n| if n % 3 == 0 { format!("/quick/{n}") } else { format!("/{slow}/{n}") })
                .collect();
            let c = Company::new(fresh, &paths.iter().map(String::as_str).collect::<Vec<_>>()).await;
            let id = c.publish(1).await;
            let (say, let_go) = tokio::sync::watch::channel(false);
            let messenger = Arc::new(Slow { let_go, asked: AtomicU64::new(0) });
            let working = tokio::spawn(c.dispatch_of(messenger.clone()).work_off());
            let began = Instant::now();
            while c.counts(&id).await.accepted < 200 || messenger.asked.load(Ordering::Relaxed) < asked {
                assert!(began.elapsed() < Duration::from_secs(20), "{:?}", c.counts(&id).await);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            let counts = c.counts(&id).await;
            assert_eq!(
                (counts.accepted, messenger.asked.load(Ordering::Relaxed)),
                (200, asked),
                "{counts:?}"
            );
            say.send(true).unwrap();
            working.await.unwrap();
            assert_eq!(c.counts(&id).await.accepted, 600);
            assert_eq!(messenger.asked.load(Ordering::Relaxed), 400);
        }
    }
}

#[tokio::test]
async fn each_answer_is_recorded_and_tried_again_as_the_standard_says() {
    for fresh in each().await {
        let paths = ["/ok", "/status/500", "/status/404", "/status/410", "/say"];
        let c = Company::new(fresh, &paths).await;
        c.receiver.script(
            "/say",
            &[
                "HTTP/1.1 503 Busy\r\nRetry-After: 90\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            ],
        );
        let id = c.publish(1).await;
        c.dispatch().work_off().await;
        assert_eq!(c.one(&id, "/ok").await.state, DeliveryState::Accepted);
        assert_eq!(c.one(&id, "/status/404").await.state, DeliveryState::Refused);
        let gone = c.one(&id, "/status/410").await;
        assert_eq!(gone.state, DeliveryState::Bounced);
        let failed = c.one(&id, "/status/500").await;
        assert_eq!((failed.state, failed.attempts), (DeliveryState::Deferred, 1));
        assert!((5..=6).contains(&failed.next_at.duration_since(c.now()).as_secs()));
        assert!(failed.reply.unwrap().starts_with("HTTP 500"));
        let busy = c.one(&id, "/say").await;
        assert!((90..=99).contains(&busy.next_at.duration_since(c.now()).as_secs()), "Retry-After");

        let s = subscriber::get(&mut c.store.read().await.unwrap(), &gone.subscriber_id.unwrap())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(s.state, SubscriberState::Unsubscribed, "410 ends the subscription");
        assert_eq!(c.mails("ada@example.com").await, 1, "and its owner is told");

        c.later(100);
        c.dispatch().work_off().await;
        assert_eq!(c.one(&id, "/say").await.state, DeliveryState::Accepted);
        assert_eq!(c.one(&id, "/status/500").await.attempts, 2);
    }
}

#[tokio::test]
async fn nobody_hears_the_end_before_the_beginning_and_newer_word_replaces_a_retry() {
    for fresh in each().await {
        let c = Company::new(fresh, &["/say", "/fine"]).await;
        let no = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n";
        c.receiver.script("/say", &[no, "HTTP/1.1 204 Ok\r\n\r\n"]);
        let first = c.publish(1).await;
        c.later(1);
        let second = c.publish(2).await;
        c.dispatch().work_off().await;
        assert_eq!(c.words("/fine"), ["Word number 1.", "Word number 2."]);
        // The first was refused, the second was not: it says all.
        assert_eq!(c.one(&second, "/say").await.state, DeliveryState::Accepted);
        c.later(400);
        c.dispatch().work_off().await;
        let overtaken = c.one(&first, "/say").await;
        assert_eq!(overtaken.state, DeliveryState::Superseded, "{overtaken:?}");
        assert_eq!(c.words("/say"), ["Word number 1.", "Word number 2."]);
    }
}

#[tokio::test]
async fn what_another_node_has_in_hands_is_waited_for_before_the_next_word() {
    for fresh in each().await {
        let c = Company::new(fresh, &["/say", "/fine"]).await;
        let first = c.publish(1).await;
        // Another node plans the first word for one of both straight into its hands, and then answers no more.
        let mut tx = c.store.begin().await.unwrap();
        lease::begin(&mut tx, "elsewhere", "another node", c.now() + SignedDuration::from_secs(30))
            .await
            .unwrap();
        let s = a_subscriber(0, Channel::Webhook, &c.receiver.url("/say"));
        let planned = Delivery {
            id: plan::delivery_id(&first, Channel::Webhook, &s.address, Some(&s.id)),
            broadcast_id: first.clone(),
            subscriber_id: Some(s.id),
            channel: Channel::Webhook,
            address: s.address,
            state: DeliveryState::Queued,
            attempts: 0,
            next_at: c.now(),
            hold: None,
            reply: None,
            created_at: c.now(),
            updated_at: c.now(),
            delivered_at: None,
        };
        portion::take(&mut tx, "elsewhere", Priority::Broadcast, &[planned]).await.unwrap();
        broadcast::planned(&mut tx, &first, c.now()).await.unwrap();
        tx.commit().await.unwrap();
        c.later(1);
        let second = c.publish(2).await;
        c.dispatch().work_off().await;
        assert_eq!(c.words("/say"), [""; 0], "the end before the beginning");
        assert_eq!(c.words("/fine"), ["Word number 2."], "who has no part in it waits for nobody");
        assert_eq!(c.counts(&first).await, Counts { sending: 1, ..Counts::default() });
        assert_eq!(c.counts(&second).await, Counts { accepted: 1, queued: 1, ..Counts::default() });
        c.later(60);
        c.dispatch().work_off().await;
        assert_eq!(c.words("/say").last().unwrap(), "Word number 2.");
        let stood = [c.counts(&first).await, c.counts(&second).await];
        let superseded = Counts { superseded: 1, ..Counts::default() };
        assert_eq!(
            stood,
            [superseded, Counts { accepted: 2, ..Counts::default() }],
            "it was tried: newer word replaces it"
        );
    }
}

#[tokio::test]
async fn a_gateway_that_fails_is_told_holds_what_waits_and_goes_on_at_once() {
    for fresh in each().await {
        let engine = fresh.engine;
        let c = Company::new(fresh, &[]).await;
        let numbers: Vec<String> = (0..20).map(|n| format!("+49151234567{n:02}")).collect();
        let mut tx = c.store.begin().await.unwrap();
        let all: Vec<_> =
            numbers.iter().enumerate().map(|(n, to)| a_subscriber(100 + n, Channel::Sms, to)).collect();
        subscriber::insert_many(&mut tx, &all).await.unwrap();
        tx.commit().await.unwrap();
        let health = async || channel::get(&mut c.store.read().await.unwrap(), Channel::Sms).await.unwrap();
        let alarms = async || c.mails("ops@acme.example").await;
        let asked = || c.receiver.posts().len();
        c.receiver.script("/gateway", &["HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"]);
        let id = c.publish(1).await;
        let dispatch = c.texts();
        dispatch.clone().work_off().await;
        let failing = health().await.unwrap();
        assert!(failing.failing, "{engine}");
        assert_eq!(failing.reason, "the gateway for text messages does not work for us");
        assert!(asked() < 20, "{engine}: once it is known, it is left alone: {}", asked());
        assert_eq!(alarms().await, 1, "{engine}: the operators are told, by mail");
        // Days of it cost no message its attempts, and nobody their number.
        for _ in 0..15 {
            c.later(600);
            dispatch.clone().work_off().await;
        }
        let counts = c.counts(&id).await;
        assert_eq!((counts.deferred, counts.refused, counts.bounced), (20, 0, 0), "{engine}: {counts:?}");
        assert_eq!((health().await.unwrap().since, alarms().await), (failing.since, 1), "{engine}");
        c.receiver.script("/gateway", &["HTTP/1.1 202 Yes\r\nContent-Length: 0\r\n\r\n"]);
        c.later(600);
        dispatch.clone().work_off().await;
        assert_eq!(c.counts(&id).await.accepted, 20, "{engine}");
        assert!(!health().await.unwrap().failing, "{engine}");
        assert_eq!(alarms().await, 2, "{engine}: and that it works again");
    }
}

#[tokio::test]
async fn who_has_left_gets_nothing_and_a_failing_endpoint_is_ended_after_five_days() {
    for fresh in each().await {
        let c = Company::new(fresh, &["/left", "/status/500"]).await;
        let id = c.publish(1).await;
        let mut tx = c.store.begin().await.unwrap();
        while plan::step(&mut tx, c.now(), plan::Planning::default()).await.unwrap() {}
        let mut left = subscriber::get_by_address(&mut tx, Channel::Webhook, &c.receiver.url("/left"))
            .await
            .unwrap()
            .unwrap();
        left.state = SubscriberState::Unsubscribed;
        subscriber::update(&mut tx, &left).await.unwrap();
        tx.commit().await.unwrap();
        c.dispatch().work_off().await;
        assert_eq!(c.one(&id, "/left").await.state, DeliveryState::Cancelled);
        assert!(c.receiver.posts().iter().all(|p| p.path != "/left"));

        c.later(3_600);
        c.dispatch().work_off().await;
        assert_eq!(c.mails("ada@example.com").await, 1, "told that it does not answer");
        c.later(5 * 86_400);
        c.dispatch().work_off().await;
        assert_eq!(c.mails("ada@example.com").await, 2, "told that it has ended");
        let ended = c.one(&id, "/status/500").await.subscriber_id.unwrap();
        let mut tx = c.store.read().await.unwrap();
        assert_eq!(
            subscriber::get(&mut tx, &ended).await.unwrap().unwrap().state,
            SubscriberState::Unsubscribed
        );
        assert!(
            endpoint::get(&mut tx, &ended).await.unwrap().unwrap().ended_why.unwrap().contains("five days")
        );
    }
}

#[tokio::test]
async fn what_a_killed_node_held_is_sent_again_with_the_same_id() {
    for fresh in each().await {
        let c = Company::new(fresh, &["/hook"]).await;
        let id = c.publish(1).await;
        c.dispatch().work_off().await;
        // As if the answer had come and the node had died before it was kept.
        let mut tx = c.store.begin().await.unwrap();
        let found = c.one(&id, "/hook").await;
        amends_store::lease::begin(&mut tx, "dead", "alone with webhook", c.now()).await.unwrap();
        tx.exec(
            "UPDATE deliveries SET state = 'sending', lease_id = 'dead' WHERE id = $1",
            &[amends_store::Value::from(&found.id)],
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        c.later(60);
        c.dispatch().work_off().await;
        let posts = c.receiver.posts();
        assert_eq!(posts.len(), 2);
        assert_eq!(posts[0].field("webhook-id"), posts[1].field("webhook-id"));
        assert_eq!(posts[0].body, posts[1].body);
    }
}

/// The library that receivers use says so: PyPI's standardwebhooks, when it is installed.
#[tokio::test]
async fn the_librarys_own_verifier_takes_our_signature_and_both_secrets_while_one_is_renewed() {
    let known = std::process::Command::new(python()).args(["-c", "import standardwebhooks"]).output();
    let is_there = known.is_ok_and(|o| o.status.success());
    for fresh in each().await {
        let c = Company::new(fresh, &["/hook"]).await;
        let s = subscriber::get_by_address(
            &mut c.store.read().await.unwrap(),
            Channel::Webhook,
            &c.receiver.url("/hook"),
        )
        .await
        .unwrap()
        .unwrap();
        let test = Content::Test(Test {
            subscriber_id: s.id.to_string(),
            url: "https://status.acme.example".into(),
            at: c.now(),
        });
        for (renewed, after) in [(None, 0), (Some(c.now()), 10), (Some(c.now()), SECRET_STAYS.as_secs() + 10)]
        {
            c.clock.store(NOW + after, Ordering::Relaxed);
            let mut tx = c.store.begin().await.unwrap();
            let e = endpoint::get(&mut tx, &s.id).await.unwrap().unwrap();
            let generation = if renewed.is_some() { 2 } else { 1 };
            endpoint::put(&mut tx, &[Endpoint { generation, rotated_at: renewed, ..e }]).await.unwrap();
            let to = To { channel: Channel::Webhook, address: &s.address, subscriber: Some(s.id.clone()) };
            plan::enqueue_to(&mut tx, c.fresh_id(), &test, "Test", to, c.now()).await.unwrap();
            tx.commit().await.unwrap();
            c.dispatch().work_off().await;
            let post = c.receiver.posts().pop().unwrap();
            let signatures = post.field("webhook-signature").unwrap().split(' ').count();
            let both = renewed.is_some() && after < 100;
            assert_eq!(signatures, if both { 2 } else { 1 });
            if !is_there {
                continue;
            }
            let mut generations = vec![generation];
            generations.extend(both.then_some(1));
            for generation in generations {
                let secret = secret_text(&links().signing_secret(&s.id, generation));
                verify(&secret, &post, true);
            }
            verify(&secret_text(&links().signing_secret(&s.id, 9)), &post, false);
        }
        if !is_there {
            println!(
                "SKIPPED: PyPI standardwebhooks is not installed, so nobody else has verified the signature"
            );
        }
    }
}

/// Where the libraries of others are: the harness says so.
fn python() -> String {
    std::env::var("AMENDS_PYTHON").unwrap_or_else(|_| "python3".into())
}

fn verify(secret: &str, post: &receiver::Post, right: bool) {
    // The library compares with the clock of the machine; the test's clock is another, so that check is stepped over.
    let code = "import sys, json\nfrom standardwebhooks import Webhook\nfrom standardwebhooks.webhooks import WebhookVerificationError\n\
                w = Webhook(sys.argv[1])\nsetattr(w, '_Webhook__verify_timestamp', lambda h: __import__('datetime').datetime.fromtimestamp(float(h), tz=__import__('datetime').timezone.utc))\n\
                try:\n    w.verify(sys.argv[2], json.loads(sys.argv[3]))\nexcept WebhookVerificationError as e:\n    print(e); sys.exit(3)";
    let headers = serde_json::json!({
        "webhook-id": post.field("webhook-id"), "webhook-timestamp": post.field("webhook-timestamp"),
        "webhook-signature": post.field("webhook-signature"),
    });
    let out = std::process::Command::new(python())
        .args(["-c", code, secret, &post.body, &headers.to_string()])
        .output()
        .unwrap();
    let code = out.status.code();
    assert_eq!(code, Some(if right { 0 } else { 3 }), "{}", String::from_utf8_lossy(&out.stderr));
}
