//! The work itself: what is due is claimed and set off at once, and recorded as the answers come.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use amends_model::{BroadcastId, DeliveryState, SubscriberId};
use amends_store::delivery::{Order, Outcome};
use amends_store::{EngineKind, StoreError, Tx, broadcast, delivery, endpoint, lease, page, sms};
use jiff::Timestamp;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::runner::{Answer, Back, Yard};
use super::{BATCH, Dispatch, LEASE, RENDERED, WINDOW, outcome};
use crate::aftermath::{self, Wall};
use crate::channel::{Errand, Notice, Said};
use crate::engine::order;
use crate::judge::Verdict;
use crate::message::Stored;
use crate::outcome::{Decision, decide, of_unsent};
use crate::plan;

/// Messages that wait for their answer, while more are to be sent, before answers are written down.
const READY: usize = 2 * BATCH;
/// Outcomes are written down together when there are so many, or after so long.
const GROUP: usize = 1_000;
const GATHER: Duration = Duration::from_millis(10);
/// How often leases are renewed.
const RENEW: Duration = Duration::from_secs(5);
/// How long messages on their way are waited for at the end.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// A claim that has messages on their way.
struct Load {
    left: usize,
    broadcasts: BTreeSet<BroadcastId>,
}

/// What is on its way.
#[derive(Default)]
struct Air {
    count: usize,
    loads: HashMap<Arc<str>, Load>,
}

/// What a look at the store brought.
struct Look {
    lease: Option<(Arc<str>, Load, Vec<Errand>)>,
    /// Whether more is due.
    more: bool,
    /// When something is due next, when nothing more is.
    next: Option<Timestamp>,
}

impl Dispatch {
    pub(super) async fn work(self: Arc<Self>, nudge: Option<&Notify>, mut stop: watch::Receiver<bool>) {
        let (sender, mut answers) = mpsc::unbounded_channel();
        let yard = Yard::open(self.clone(), sender);
        let (mut air, mut some) = (Air::default(), Vec::new());
        let mut renew = tokio::time::interval(RENEW);
        let (mut started, mut wall) = (false, Wall::default());
        let (mut look_now, mut ending) = (true, None);
        let mut wake = Instant::now();
        let mut said = String::new();
        loop {
            if ending.is_none() && look_now && air.count + BATCH <= WINDOW {
                match self.look(&mut started, &mut wall).await {
                    Ok(look) => {
                        said.clear();
                        look_now = look.more;
                        wake = Instant::now() + self.pause(look.next);
                        if let Some((id, load, errands)) = look.lease {
                            air.count += load.left;
                            air.loads.insert(id, load);
                            yard.set_off(errands);
                        }
                    }
                    Err(error) => {
                        let text = error.to_string();
                        if text != said {
                            tracing::warn!(error = %text, channel = %self.channel(), "messages wait for the store");
                            said = text;
                        }
                        (look_now, wake) = (false, Instant::now() + Duration::from_secs(2));
                    }
                }
                // What is on its way must not run out while answers are written down.
                if look_now && air.count - answers.len() < READY {
                    continue;
                }
            }
            if air.count == 0 && (ending.is_some() || nudge.is_none() && !look_now && said.is_empty()) {
                break;
            }
            let last = ending.unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
            tokio::select! {
                biased;
                _ = answers.recv_many(&mut some, GROUP), if air.count > 0 => {
                    if some.len() < air.count.min(GROUP / 4) {
                        gather(&mut answers, &mut some).await;
                    }
                    let due = self.record(&mut air, std::mem::take(&mut some)).await;
                    wake = wake.min(Instant::now() + self.pause(due));
                }
                _ = renew.tick() => self.renew(&air).await,
                () = sleep_until(last), if ending.is_some() => break,
                () = told_to_end(&mut stop), if ending.is_none() => {
                    self.halted.store(true, Relaxed);
                    ending = Some(Instant::now() + LAST_ANSWERS);
                }
                () = nudged(nudge), if ending.is_none() => look_now = true,
                () = sleep_until(wake), if ending.is_none() && !look_now && nudge.is_some() => look_now = true,
            }
        }
        self.give_back(&air).await;
    }

    /// How long to sleep until something is due.
    fn pause(&self, due: Option<Timestamp>) -> Duration {
        let longest = match self.store.kind() {
            EngineKind::Sqlite => 30_000,
            // Other nodes' nudges do not come here.
            EngineKind::Postgres => 5_000,
        };
        let left = due.map_or(longest, |at| at.duration_since(self.now()).as_millis() as i64);
        Duration::from_millis(left.clamp(50, longest).unsigned_abs())
    }

    async fn look(&self, started: &mut bool, wall: &mut Wall) -> Result<Look, StoreError> {
        if !*started {
            aftermath::take_back(&self.store, Some(&self.node), self.now()).await?;
            *started = true;
        }
        aftermath::take_back(&self.store, None, self.now()).await?;
        wall.look(&self.store, self.channel(), self.now()).await?;
        let now = self.now();
        let mut tx = self.store.read().await?;
        let next = delivery::next_due(&mut tx, self.channel()).await?;
        if next.is_none_or(|at| at > now) && !broadcast::is_any_to_plan(&mut tx).await? {
            return Ok(Look { lease: None, more: false, next });
        }
        drop(tx);
        self.claim(now).await
    }

    async fn claim(&self, now: Timestamp) -> Result<Look, StoreError> {
        let id: Arc<str> = self.id().into();
        let mut tx = self.store.begin().await?;
        lease::begin(&mut tx, &id, &self.node, now.checked_add(LEASE).unwrap_or(now)).await?;
        let mut claimed =
            delivery::claim(&mut tx, self.channel(), &id, now, Order::OldestFirst, BATCH).await?;
        let mut to_plan = false;
        let hands = plan::Hands { channel: self.channel(), lease: &id, room: BATCH - claimed.len() };
        if let Some((more, left)) =
            plan::into_hands(&mut tx, &self.settings, &self.random, now, hands).await?
        {
            claimed.extend(more);
            to_plan = left;
        } else if claimed.is_empty() {
            // Dropped without commit: the lease was never there. What is to be planned is in another node's hands.
            let next = delivery::next_due(&mut tx, self.channel()).await?;
            return Ok(Look { lease: None, more: false, next });
        }
        let more = claimed.len() == BATCH || to_plan;
        let broadcasts: BTreeSet<_> = claimed.iter().map(|c| c.broadcast_id.clone()).collect();
        let notices = self.notices(&mut tx, &broadcasts).await?;
        let around = order::around(&mut tx, self.channel(), &claimed, &broadcasts).await?;
        let ids: Vec<SubscriberId> = claimed.iter().filter_map(|c| c.subscriber_id.clone()).collect();
        let mut endpoints = endpoint::of(&mut tx, &ids).await?;
        let (mut unsent, mut errands) = (Vec::new(), Vec::new());
        for c in claimed {
            let mut decision = decide(&c, around.of(&c));
            if decision == Decision::Send
                && let Some(over) = self.spend(&mut tx, &c.address, now).await?
            {
                decision = Decision::Drop(DeliveryState::Refused, over);
            }
            match (decision, notices.get(&c.broadcast_id)) {
                (Decision::Drop(state, why), _) => unsent.push((c, Some((state, why)))),
                (Decision::Wait, _) => unsent.push((c, None)),
                (Decision::Send, Some(notice)) => {
                    let of = c.subscriber_id.as_ref();
                    // With one broadcast, each has one message in a claim.
                    let endpoint = match broadcasts.len() {
                        1 => of.and_then(|s| endpoints.remove(s)),
                        _ => of.and_then(|s| endpoints.get(s).cloned()),
                    };
                    errands.push(Errand { endpoint, lease: id.clone(), notice: notice.clone(), delivery: c });
                }
                (Decision::Send, None) => {
                    unsent.push((c, Some((DeliveryState::Cancelled, "its content cannot be read"))));
                }
            }
        }
        let outcomes: Vec<_> = unsent.iter().map(|(c, end)| of_unsent(c, *end, now)).collect();
        delivery::record(&mut tx, &id, &outcomes, now).await?;
        let next = outcomes.iter().filter(|o| !o.state.is_final()).map(|o| o.next_at).min();
        if errands.is_empty() {
            lease::end(&mut tx, &id, now).await?;
            for b in &broadcasts {
                broadcast::finish_if_done(&mut tx, b, now).await?;
            }
            tx.commit().await?;
            return Ok(Look { lease: None, more, next });
        }
        tx.commit().await?;
        let next = if more { None } else { next };
        let load = Load { left: errands.len(), broadcasts };
        Ok(Look { lease: Some((id, load, errands)), more, next })
    }

    /// Counts a message where each costs money; why it is not sent, when it would be one too many.
    async fn spend(
        &self,
        tx: &mut Tx,
        address: &str,
        now: Timestamp,
    ) -> Result<Option<&'static str>, StoreError> {
        let Some(budget) = self.messenger.budget() else { return Ok(None) };
        let (to_address, in_all) = sms::spend(tx, now.as_second().div_euclid(86_400), address).await?;
        if in_all > budget.in_all {
            if in_all == budget.in_all + 1 {
                tracing::error!(channel = %self.channel(), budget = budget.in_all, "no more messages are sent today: the budget is used up");
            }
            return Ok(Some("the budget of all messages for today is used up"));
        }
        Ok((to_address > budget.per_address).then_some("the budget of this number for today is used up"))
    }

    /// What the broadcasts say, rendered once for this channel.
    async fn notices(
        &self,
        tx: &mut Tx,
        ids: &BTreeSet<BroadcastId>,
    ) -> Result<HashMap<BroadcastId, Arc<Notice>>, StoreError> {
        let mut out = HashMap::new();
        let found = page::get(tx).await?;
        let page = Arc::new(found.ok_or_else(|| StoreError::Corrupt("there is no page".into()))?);
        for id in ids {
            let known = self.rendered().get(id).filter(|n| n.page.version == page.version).cloned();
            if let Some(known) = known {
                out.insert(id.clone(), known);
                continue;
            }
            let Some((content, made_at)) = broadcast::content(tx, id).await? else { continue };
            match serde_json::from_str::<Stored>(&content) {
                Ok(stored) => {
                    let notice = Notice::new(stored, made_at, page.clone(), &self.settings);
                    let notice = Arc::new(notice.rendered(&*self.messenger));
                    let mut rendered = self.rendered();
                    if rendered.len() >= RENDERED {
                        rendered.clear();
                    }
                    rendered.insert(id.clone(), notice.clone());
                    out.insert(id.clone(), notice);
                }
                Err(error) => tracing::error!(broadcast = %id, %error, "a stored message cannot be read"),
            }
        }
        Ok(out)
    }

    /// Writes down what came back, again and again until the store takes it; answers when something of it is due next.
    async fn record(&self, air: &mut Air, answers: Vec<Answer>) -> Option<Timestamp> {
        let now = self.now();
        let count = answers.len();
        let mut outcomes: HashMap<&Arc<str>, Vec<Outcome<'_>>> = HashMap::new();
        let (mut heard, mut halted) = (Vec::new(), 0);
        for (errand, back) in &answers {
            let c = &errand.delivery;
            let outcome = match back {
                Back::Said(said) if self.is_gateways(said) => outcome::excused(c, said, now, self.number()),
                Back::Said(said) => outcome::of(c, said, now, self.jitter(said.verdict)),
                Back::NotBefore(until) => outcome::put_off(c, *until, self.number()),
                Back::Halted => {
                    halted += 1;
                    continue;
                }
            };
            if !matches!(back, Back::NotBefore(_)) {
                self.around.meter.note(self.channel(), outcome.state, errand.notice.made_at, now);
            }
            outcomes.entry(&errand.lease).or_default().push(outcome);
            if let Back::Said(said) = back {
                heard.push((errand, said));
            }
        }
        let mut ended = Vec::new();
        for (lease, some) in &outcomes {
            if let Some(load) = air.loads.get_mut(*lease) {
                load.left -= some.len();
                if load.left == 0 {
                    ended.extend(air.loads.remove(*lease).map(|load| ((*lease).clone(), load)));
                }
            }
        }
        air.count -= count;
        if halted > 0 {
            // They stay in their lease, which is given back at the end.
            tracing::debug!(halted, "messages were not sent: the work is ending");
        }
        let mut warned = false;
        while let Err(error) = self.try_record(&outcomes, &heard, &ended, now).await {
            if !std::mem::replace(&mut warned, true) {
                tracing::warn!(%error, count, "outcomes cannot be recorded yet");
            }
            sleep(Duration::from_millis(500)).await;
        }
        outcomes.values().flatten().filter(|o| !o.state.is_final()).map(|o| o.next_at).min()
    }

    fn jitter(&self, verdict: Verdict) -> u32 {
        if verdict == Verdict::Accepted { 0 } else { self.number() }
    }

    async fn try_record(
        &self,
        outcomes: &HashMap<&Arc<str>, Vec<Outcome<'_>>>,
        heard: &[(&Errand, &Said)],
        ended: &[(Arc<str>, Load)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        for (lease, some) in outcomes {
            delivery::record(&mut tx, lease, some, now).await?;
        }
        self.look_after(&mut tx, heard, now).await?;
        self.heed_intents(&mut tx, heard, now).await?;
        self.note_standing(&mut tx, heard, now).await?;
        for (id, load) in ended {
            lease::end(&mut tx, id, now).await?;
            for b in &load.broadcasts {
                broadcast::finish_if_done(&mut tx, b, now).await?;
            }
        }
        tx.commit().await
    }

    async fn renew(&self, air: &Air) {
        if air.loads.is_empty() {
            return;
        }
        let until = self.now().checked_add(LEASE).unwrap_or(self.now());
        let renewed: Result<(), StoreError> = async {
            let mut tx = self.store.begin().await?;
            for id in air.loads.keys() {
                // One that is not ours any more records nothing.
                lease::renew(&mut tx, id, until).await?;
            }
            tx.commit().await
        }
        .await;
        if let Err(error) = renewed {
            tracing::warn!(%error, "leases could not be renewed");
        }
    }

    /// At the end: what was not answered goes back, and is sent again with the same id.
    async fn give_back(&self, air: &Air) {
        let given: Result<(), StoreError> = async {
            let mut tx = self.store.begin().await?;
            for id in air.loads.keys() {
                lease::end(&mut tx, id, self.now()).await?;
            }
            tx.commit().await
        }
        .await;
        if let Err(error) = given {
            tracing::warn!(%error, "what was on its way could not be given back; its lease will run out");
        }
    }
}

async fn told_to_end(stop: &mut watch::Receiver<bool>) {
    // Nobody left to say so is the end, too.
    let _ = stop.wait_for(|stop| *stop).await.is_ok();
}

async fn nudged(nudge: Option<&Notify>) {
    match nudge {
        Some(nudge) => nudge.notified().await,
        None => std::future::pending().await,
    }
}

/// Waits a moment for more answers, so that one commit serves many. They wake nobody while they come.
async fn gather(answers: &mut mpsc::UnboundedReceiver<Answer>, some: &mut Vec<Answer>) {
    sleep(GATHER).await;
    while let Ok(answer) = answers.try_recv() {
        some.push(answer);
    }
}
