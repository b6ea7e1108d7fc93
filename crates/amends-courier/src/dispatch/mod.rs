//! Messages to subscribers who have a server of their own: a webhook, a chat room, a browser's push service.
//!
//! Mail goes through one server for everybody, so what it says may be about everybody: [`crate::engine`] holds, probes and
//! goes around. Here each message has a destination of its own, and the one thing that matters besides is that a dead one
//! delays nobody else. So there are no batches that wait for their last message: whatever is due is on its way at once, up to
//! a number; each destination has a gate and a breaker; and outcomes are written down as they come.
//!
//! What is the same is shared: planning, claiming by lease, the order within a thread, and the same words for verdicts.

mod breaker;
mod care;
mod intent;
mod outcome;
mod runner;
mod standing;
mod work;

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use amends_model::{BroadcastId, Channel};
use amends_store::{EngineKind, Store};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, watch};

use crate::channel::{Messenger, Notice};
use crate::engine::{Around, Clock, Random};
use crate::links::Links;
use crate::settings::MailSettings;
use breaker::Breakers;
use standing::Heard;

/// Messages on their way at once, in all: most of them wait for servers that are slow or dead.
const WINDOW: usize = 4_096;
/// Messages claimed at once.
const BATCH: usize = 1_000;
/// How long a lease lasts without being renewed.
const LEASE: SignedDuration = SignedDuration::from_secs(30);
/// As many broadcasts are kept rendered.
const RENDERED: usize = 32;

/// Carries one channel's messages, each straight to its subscriber's own server.
pub struct Dispatch {
    store: Store,
    messenger: Arc<dyn Messenger>,
    links: Links,
    settings: MailSettings,
    clock: Clock,
    random: Random,
    node: String,
    breakers: Arc<Breakers>,
    halted: AtomicBool,
    rendered: Mutex<HashMap<BroadcastId, Arc<Notice>>>,
    heard: Mutex<Heard>,
    around: Around,
}

impl Dispatch {
    /// Over a store and a messenger. `links` makes each recipient's own links and secrets.
    pub fn new(
        store: Store,
        messenger: Arc<dyn Messenger>,
        links: Links,
        settings: MailSettings,
        clock: Clock,
        random: Random,
    ) -> Self {
        // As for the courier: a data folder has one process, nodes on PostgreSQL are many.
        let node = match store.kind() {
            EngineKind::Sqlite => format!("alone with {}", messenger.channel()),
            EngineKind::Postgres => id(&random),
        };
        Self {
            store,
            messenger,
            links,
            settings,
            clock,
            random,
            node,
            breakers: Arc::default(),
            halted: AtomicBool::new(false),
            rendered: Mutex::default(),
            heard: Mutex::default(),
            around: Around::default(),
        }
    }

    /// Among others.
    #[must_use]
    pub fn within(self, around: Around) -> Self {
        Self { around, ..self }
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Which channel it serves.
    pub fn channel(&self) -> Channel {
        self.messenger.channel()
    }

    fn id(&self) -> String {
        id(&self.random)
    }

    fn number(&self) -> u32 {
        let mut bytes = [0; 4];
        (self.random)(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn rendered(&self) -> std::sync::MutexGuard<'_, HashMap<BroadcastId, Arc<Notice>>> {
        self.rendered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn heard(&self) -> std::sync::MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works until `stop` says so. A store that cannot be reached is waited for.
    pub async fn run(self: Arc<Self>, nudge: &Notify, stop: watch::Receiver<bool>) {
        self.work(Some(nudge), stop).await;
    }

    /// Works until nothing is due any more.
    pub async fn work_off(self: Arc<Self>) {
        let (_keep, stop) = watch::channel(false);
        self.work(None, stop).await;
    }
}

fn id(random: &Random) -> String {
    let mut bytes = [0; amends_model::ID_LENGTH];
    random(&mut bytes);
    amends_model::id_text(bytes)
}
