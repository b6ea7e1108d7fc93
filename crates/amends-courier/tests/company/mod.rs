//! What tests of the courier have in common. The clock is the test's.

#![allow(clippy::unwrap_used, dead_code)]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use amends_courier::channel::{Address, Carrier, Email, Postmaster};
use amends_courier::message::{Content, Update};
use amends_courier::smtp::MailServer;
use amends_courier::trial::Stop;
use amends_courier::{Courier, Links, MailSettings, Turn, hold, plan};
use amends_egress::{Door, DoorConfig};
use amends_model::broadcast::{Audience, Counts};
use amends_model::page::Page;
use amends_model::{
    BroadcastId, Channel, ChannelHealth, Component, ComponentId, ComponentStatus, Impact, Origin, PageId,
    Preferences, Subscriber, SubscriberId, SubscriberState,
};
use amends_store::{Store, broadcast, channel, component, delivery, page, subscriber, suppression};
use amends_testkit::smtp::Sink;
use amends_testkit::stores::Fresh;
use jiff::Timestamp;
use tokio::sync::watch;

/// A small company with a page, subscribers, a mail server and a courier.
pub struct Company {
    pub store: Store,
    pub sink: Arc<Sink>,
    pub clock: Arc<AtomicI64>,
    pub settings: MailSettings,
    _fresh: Option<Fresh>,
    pub numbers: Arc<AtomicU64>,
}

pub const START: i64 = 1_790_000_000;
/// Where the operators are told besides.
pub const CHAT: &str = "https://hooks.slack.com/services/T0/B0/operators";

pub fn counted(numbers: &Arc<AtomicU64>) -> [u8; 12] {
    let mut out = [0; 12];
    out[..8].copy_from_slice(&(numbers.fetch_add(1, Ordering::Relaxed) * 0x9E37_79B9).to_le_bytes());
    out
}

impl Company {
    pub async fn new(fresh: Fresh, subscribers: usize) -> Self {
        let store = fresh.store.clone();
        let now = Timestamp::from_second(START).unwrap();
        let mut tx = store.begin().await.unwrap();
        let page = Page {
            id: PageId::from_random([1; 12]),
            name: "Acme".into(),
            url: "https://status.acme.example".into(),
            time_zone: "Etc/UTC".into(),
            description: None,
            support_url: None,
            language: "en".into(),
            created_at: now,
            updated_at: now,
            version: 1,
        };
        page::insert(&mut tx, &page).await.unwrap();
        let all: Vec<_> = (0..subscribers).map(|n| a_subscriber(n, now)).collect();
        subscriber::insert_many(&mut tx, &all).await.unwrap();
        tx.commit().await.unwrap();
        let settings = MailSettings {
            public_url: "https://status.acme.example".into(),
            from_address: Some("status@acme.example".into()),
            operators: vec!["ops@acme.example".into()],
            alarms: vec![Address::read(None, CHAT).unwrap()],
            ..MailSettings::default()
        };
        Self {
            store,
            sink: Arc::new(Sink::start()),
            clock: Arc::new(AtomicI64::new(START)),
            settings,
            _fresh: Some(fresh),
            numbers: Arc::new(AtomicU64::new(1)),
        }
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_second(self.clock.load(Ordering::Relaxed)).unwrap()
    }

    pub fn later(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::Relaxed);
    }

    pub fn postmaster(&self) -> Arc<Postmaster> {
        let links = Links::new(&self.settings.public_url, &[7; 32]);
        Arc::new(Postmaster::new(self.settings.clone(), links, None))
    }

    pub fn clock(&self) -> Arc<dyn Fn() -> Timestamp + Send + Sync> {
        let clock = self.clock.clone();
        Arc::new(move || Timestamp::from_second(clock.load(Ordering::Relaxed)).unwrap())
    }

    pub fn courier(&self) -> Courier {
        let door = Door::new(DoorConfig::default()).unwrap();
        self.courier_over(Arc::new(Email::new(
            door,
            vec![server_at(&self.sink)],
            self.clock(),
            self.postmaster(),
        )))
    }

    /// A courier with several mail servers, in this order.
    pub fn courier_by(&self, sinks: &[&Sink]) -> Courier {
        let door = Door::new(DoorConfig::default()).unwrap();
        let servers = sinks.iter().map(|s| server_at(s)).collect();
        self.courier_over(Arc::new(Email::new(door, servers, self.clock(), self.postmaster())))
    }

    pub fn courier_over(&self, carrier: Arc<dyn Carrier>) -> Courier {
        let numbers = self.numbers.clone();
        Courier::new(
            self.store.clone(),
            carrier,
            self.settings.clone(),
            self.clock(),
            Arc::new(move |bytes: &mut [u8]| {
                let number = counted(&numbers);
                for (n, byte) in bytes.iter_mut().enumerate() {
                    *byte = number[n % 12];
                }
            }),
        )
    }

    /// Publishes an update of an incident to everybody.
    pub async fn publish(&self, n: usize) -> BroadcastId {
        self.publish_of("in00000mail1", n).await
    }

    pub async fn publish_of(&self, incident: &str, n: usize) -> BroadcastId {
        self.publish_to(Audience::default(), incident, n).await
    }

    pub async fn publish_to(&self, audience: Audience, incident: &str, n: usize) -> BroadcastId {
        let content = Content::Update(Update {
            incident_id: incident.into(),
            update_id: format!("up{n:010}"),
            title: "Some daily emails are not being sent".into(),
            url: "https://status.acme.example/incidents/in00000mail1".into(),
            phase: "Investigating".into(),
            impact: Impact::Major,
            resolved: false,
            text: format!("Word number {n}."),
            components: vec![],
            at: self.now(),
            next_update_at: None,
        });
        let id = BroadcastId::from_random(counted(&self.numbers));
        let mut tx = self.store.begin().await.unwrap();
        plan::enqueue(&mut tx, id.clone(), &content, "subject", audience, self.now()).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// Adds a component and so many who want to hear of nothing else.
    pub async fn add_component(&self, number: u8, first: usize, subscribers: usize) -> Audience {
        let id = ComponentId::from_random([number; 12]);
        let now = self.now();
        let component = Component {
            id: id.clone(),
            name: format!("Part {number}"),
            description: None,
            group_id: None,
            is_group: false,
            position: i64::from(number),
            status: ComponentStatus::Operational,
            showcase: true,
            only_show_if_degraded: false,
            start_date: None,
            created_at: now,
            updated_at: now,
            archived: false,
            version: 1,
        };
        let all: Vec<_> = (first..first + subscribers)
            .map(|n| Subscriber { components: vec![id.clone()], ..a_subscriber(n, now) })
            .collect();
        let mut tx = self.store.begin().await.unwrap();
        component::insert(&mut tx, &component).await.unwrap();
        subscriber::insert_many(&mut tx, &all).await.unwrap();
        tx.commit().await.unwrap();
        Audience { components: vec![id], ..Audience::default() }
    }

    /// Has a courier write down who is to hear what was published, while the channel is held.
    pub async fn plan(&self, courier: &Courier) {
        let held = hold::stopped(Channel::Email, Stop::ChannelFailure, "not yet", self.now());
        let in_a_minute = self.now().checked_add(Duration::from_secs(60)).ok();
        self.set_health(&ChannelHealth { next_probe_at: in_a_minute, ..held }).await;
        self.work(courier).await;
        self.set_health(&hold::working(Channel::Email, self.now())).await;
    }

    async fn set_health(&self, health: &ChannelHealth) {
        let mut tx = self.store.begin().await.unwrap();
        channel::set(&mut tx, health).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub async fn counts(&self, id: &BroadcastId) -> Counts {
        broadcast::counts(&mut self.store.read().await.unwrap(), id).await.unwrap()
    }

    pub async fn health(&self) -> ChannelHealth {
        let mut tx = self.store.read().await.unwrap();
        channel::get(&mut tx, Channel::Email).await.unwrap().unwrap()
    }

    /// What operators were told in their chat room: how often mail was said to be held, and to go out again.
    pub async fn in_the_chat(&self) -> (usize, usize) {
        let mut tx = self.store.read().await.unwrap();
        let told = delivery::to_address(&mut tx, CHAT, 100).await.unwrap();
        let (mut held, mut again) = (0, 0);
        for d in told {
            let subject = broadcast::get(&mut tx, &d.broadcast_id).await.unwrap().unwrap().subject;
            assert_eq!((d.channel, d.subscriber_id), (Channel::Slack, None));
            held += usize::from(subject.ends_with("Mail to subscribers is held"));
            again += usize::from(subject.ends_with("Mail was held and goes out again"));
        }
        (held, again)
    }

    pub async fn suppressed(&self) -> u64 {
        suppression::count(&mut self.store.read().await.unwrap()).await.unwrap()
    }

    /// Works until there is nothing to do now.
    pub async fn work(&self, courier: &Courier) {
        let (_keep, stop) = watch::channel(false);
        for _ in 0..200 {
            match courier.turn(&stop).await.unwrap() {
                Turn::Idle(at) if at.is_none_or(|at| at > self.now()) => return,
                _ => {}
            }
        }
        panic!("the courier does not come to rest");
    }
}

/// So many that the next batch is claimed while one is sent.
pub const MORE_THAN_A_BATCH: usize = 2_040;

pub fn server_at(sink: &Sink) -> MailServer {
    let mut server =
        MailServer::from_url(&format!("smtp://{}", sink.address()), "status.acme.example").unwrap();
    server.patience.reply = Duration::from_secs(5);
    server.patience.end_of_data = Duration::from_secs(5);
    server
}

pub fn a_subscriber(n: usize, now: Timestamp) -> Subscriber {
    let mut id = [0; 12];
    id[..8].copy_from_slice(&(n as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes());
    Subscriber {
        id: SubscriberId::from_random(id),
        channel: Channel::Email,
        address: format!("user{n}@example.net"),
        state: SubscriberState::Confirmed,
        components: vec![],
        preferences: Preferences::default(),
        origin: Origin::Import,
        created_at: now,
        confirmed_at: Some(now),
        ended_at: None,
        updated_at: now,
    }
}

/// Whether all `n` stand as they should.
pub fn one_of(counts: Counts, pick: impl Fn(&Counts) -> u64, n: u64) {
    assert_eq!((pick(&counts), counts.total()), (n, n), "{counts:?}");
}
