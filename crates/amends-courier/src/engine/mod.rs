//! The courier at work: a duty that looks what is due in the store and does it. Woken by a nudge or a timer, safe to
//! run on every node at once, and safe to be ended at any moment: what is not recorded is sent again as the same
//! message.
//!
//! One turn: take back what dead nodes held → claim a batch, writing down who gets what is new as needed → send it over several
//! lines → record. No transaction is open while something is sent. When the channel fails, nothing is claimed any more:
//! everything waits in the store, and a single message asks from time to time whether it is mended.

mod batch;
mod canary;
mod detour;
mod feed;
pub(crate) mod order;
mod probe;
mod round;
mod settle;

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use amends_model::{BroadcastId, Channel, ChannelHealth};
use amends_store::{EngineKind, Store, StoreError, channel, delivery, lease};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex, Notify, watch};

use crate::aftermath::{self, FURTHEST, Wall};
use crate::channel::{Carrier, Line, Way};
use crate::meter::Meter;
use crate::plan;
use crate::settings::MailSettings;
use crate::trial::Trial;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Fills a slice with random bytes.
pub type Random = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// Deliveries claimed at once.
const BATCH: usize = 2_000;
/// How long a lease lasts without being renewed.
const LEASE: SignedDuration = SignedDuration::from_secs(20);
/// How often it is renewed.
const RENEW: Duration = Duration::from_secs(5);
/// Lines that were not used for so long are closed.
const IDLE_LINE: Duration = Duration::from_secs(15);

/// What a turn left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// There is more to do now.
    More,
    /// Nothing to do before this time, unless somebody nudges.
    Idle(Option<Timestamp>),
}

/// What is around couriers and dispatches of all channels.
#[derive(Clone, Default)]
pub struct Around {
    /// Wakes those of all channels: one of them put something on its way.
    pub wake: Option<Arc<dyn Fn() + Send + Sync>>,
    /// Counts what becomes of messages.
    pub meter: Arc<Meter>,
}

impl Around {
    pub(crate) fn nudge(&self) {
        if let Some(wake) = &self.wake {
            wake();
        }
    }
}

/// Carries one channel's messages. Each channel has a courier of its own, so that a dead one delays nobody.
pub struct Courier {
    store: Store,
    carrier: Arc<dyn Carrier>,
    settings: MailSettings,
    clock: Clock,
    random: Random,
    node: String,
    around: Around,
    state: Mutex<State>,
}

struct State {
    /// Claimed while the last batch was sent; sent next.
    ahead: Option<batch::Batch>,
    /// Sent, and settled while the next one is sent.
    sent: Vec<settle::Sent>,
    lines: Vec<Box<dyn Line>>,
    used: Instant,
    trial: Trial,
    started: bool,
    wall: Wall,
    /// The way that the lines and the trial are about.
    way: Way,
    /// Broadcasts of which a message was accepted on it.
    proven: HashSet<BroadcastId>,
    /// The server wants no more lines than this, until then.
    fewer: Option<(usize, Instant)>,
}

/// As many broadcasts are remembered as proven.
const PROVEN: usize = 64;
/// How long a server that wants fewer lines gets fewer.
const CROWDED: Duration = Duration::from_secs(300);

impl State {
    fn new() -> Self {
        Self {
            ahead: None,
            sent: Vec::new(),
            lines: Vec::new(),
            used: Instant::now(),
            trial: Trial::default(),
            started: false,
            wall: Wall::default(),
            way: Way::default(),
            proven: HashSet::new(),
            fewer: None,
        }
    }

    fn meet_afresh(&mut self) {
        self.lines.clear();
        self.trial = Trial::default();
        self.proven.clear();
        self.fewer = None;
    }

    fn prove(&mut self, broadcasts: BTreeSet<BroadcastId>) {
        if self.proven.len() > PROVEN {
            self.proven.clear();
        }
        self.proven.extend(broadcasts);
    }

    fn crowded(&mut self, lines: usize) {
        let most = lines.saturating_sub(1).min(self.lines.len()).max(1);
        tracing::info!(most, "the mail server takes fewer connections at once than we would open");
        self.fewer = Some((most, Instant::now() + CROWDED));
    }
}

/// What a look at the store shows.
struct Glance {
    to_plan: bool,
    expired: bool,
    health: Option<ChannelHealth>,
    next_due: Option<Timestamp>,
}

impl Courier {
    /// Over a store and a carrier.
    pub fn new(
        store: Store,
        carrier: Arc<dyn Carrier>,
        settings: MailSettings,
        clock: Clock,
        random: Random,
    ) -> Self {
        // A data folder has one process: what it held when it was ended is its own. Nodes on PostgreSQL are many and
        // have no name that outlives them: their leases run out.
        let node = match store.kind() {
            EngineKind::Sqlite => "alone".to_owned(),
            EngineKind::Postgres => id(&random),
        };
        let (around, state) = (Around::default(), Mutex::new(State::new()));
        Self { store, carrier, settings, clock, random, node, around, state }
    }

    /// Among others.
    #[must_use]
    pub fn within(self, around: Around) -> Self {
        Self { around, ..self }
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    fn channel(&self) -> Channel {
        self.carrier.channel()
    }

    /// How many lines may be open at once now.
    fn lines(&self, state: &State) -> usize {
        let most = state.fewer.filter(|(_, until)| *until > Instant::now()).map(|(most, _)| most);
        most.unwrap_or(usize::MAX).min(self.carrier.lines())
    }

    /// Works until `stop` says so. A store that cannot be reached is waited for.
    pub async fn run(&self, nudge: &Notify, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let longest = match self.store.kind() {
                EngineKind::Sqlite => 30,
                // Other nodes' nudges do not come here.
                EngineKind::Postgres => 5,
            };
            let pause = match self.turn(&stop).await {
                Ok(Turn::More) => continue,
                Ok(Turn::Idle(until)) => {
                    let left =
                        until.map_or(longest * 1000, |at| at.duration_since(self.now()).as_millis() as i64);
                    Duration::from_millis(left.clamp(50, longest * 1000).unsigned_abs())
                }
                Err(error) => {
                    tracing::warn!(%error, "the courier waits for the store");
                    Duration::from_secs(2)
                }
            };
            tokio::select! {
                () = nudge.notified() => {}
                () = tokio::time::sleep(pause) => {}
                _ = stop.changed() => {}
            }
        }
        self.close_lines().await;
        if let Err(error) = self.put_down(&mut *self.state.lock().await).await {
            tracing::warn!(%error, "what was claimed is put back by the next start");
        }
    }

    async fn close_lines(&self) {
        let lines = std::mem::take(&mut self.state.lock().await.lines);
        for line in lines {
            line.close().await;
        }
    }

    /// Does what is due now, at most one batch of it. `stop` ends a batch early: what was not sent goes back.
    ///
    /// # Errors
    /// What the store says. Nothing is lost by that; the next turn goes on.
    pub async fn turn(&self, stop: &watch::Receiver<bool>) -> Result<Turn, StoreError> {
        let mut state = self.state.lock().await;
        if !state.started {
            self.take_back_own().await?;
            state.started = true;
        }
        state.wall.look(&self.store, self.channel(), self.now()).await?;
        let glance = self.glance().await?;
        if glance.expired {
            // Nothing of what was claimed ahead was sent: it goes back without having been tried.
            self.put_down(&mut state).await?;
            aftermath::take_back(&self.store, None, self.now()).await?;
        }
        if *stop.borrow() {
            return Ok(Turn::Idle(None));
        }
        if let Some(health) = glance.health.as_ref().filter(|h| h.failing) {
            // Another node may have stopped the channel.
            self.put_down(&mut state).await?;
            if glance.to_plan && plan::some(&self.store, &self.settings, &self.clock, &self.random).await? {
                return Ok(Turn::More);
            }
            let now = self.now();
            let due = health.next_probe_at.is_none_or(|at| at <= now || at > now + FURTHEST);
            return if due {
                self.probe(&mut state, health).await
            } else {
                Ok(Turn::Idle(health.next_probe_at))
            };
        }
        let due = state.ahead.is_some()
            || !state.sent.is_empty()
            || glance.to_plan
            || glance.expired
            || glance.next_due.is_some_and(|at| at <= self.now());
        if due {
            state.used = Instant::now();
            return self.batch(&mut state, stop).await;
        }
        if !state.lines.is_empty() && state.used.elapsed() > IDLE_LINE {
            drop(state);
            self.close_lines().await;
        }
        Ok(Turn::Idle(glance.next_due))
    }

    async fn glance(&self) -> Result<Glance, StoreError> {
        let now = self.now();
        let mut tx = self.store.read().await?;
        Ok(Glance {
            to_plan: amends_store::broadcast::is_any_to_plan(&mut tx).await?,
            expired: lease::is_any_expired(&mut tx, now, now + FURTHEST).await?,
            health: channel::get(&mut tx, self.channel()).await?,
            next_due: delivery::next_due(&mut tx, self.channel()).await?,
        })
    }

    async fn take_back_own(&self) -> Result<(), StoreError> {
        aftermath::take_back(&self.store, Some(&self.node), self.now()).await?;
        if self.store.kind() == EngineKind::Sqlite {
            // A probe that was under way when the process ended will not come back.
            let mut tx = self.store.begin().await?;
            if let Some(health) = channel::get(&mut tx, self.channel()).await?.filter(|h| h.failing) {
                let now = Some(self.now());
                channel::set(&mut tx, &ChannelHealth { next_probe_at: now, ..health }).await?;
            }
            tx.commit().await?;
        }
        Ok(())
    }

    fn id(&self) -> String {
        id(&self.random)
    }

    fn number(&self) -> u32 {
        let mut bytes = [0; 4];
        (self.random)(&mut bytes);
        u32::from_le_bytes(bytes)
    }
}

fn id(random: &Random) -> String {
    let mut bytes = [0; amends_model::ID_LENGTH];
    random(&mut bytes);
    amends_model::id_text(bytes)
}
