//! One batch: claimed, sent over several lines at once, recorded as the answers come.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use amends_model::{BroadcastId, DeliveryState};
use amends_store::delivery::{Order, Outcome};
use amends_store::{StoreError, Tx, broadcast, delivery, lease, page};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::feed::Feed;
use super::round::{Round, Stopped, work};
use super::settle::Sent;
use super::{BATCH, Courier, LEASE, RENEW, State, Turn, canary, order};
use crate::channel::{Answer, Bundle, Task};
use crate::judge::Verdict;
use crate::outcome::{self, Decision};
use crate::trial::Trial;
use crate::{message, plan};

/// A claimed batch.
pub(super) struct Batch {
    pub(super) lease: String,
    pub(super) tasks: Vec<Task>,
    /// Broadcasts that may be finished after it.
    pub(super) broadcasts: BTreeSet<BroadcastId>,
    /// Whether nothing more was due.
    pub(super) was_all: bool,
    claimed: Instant,
}

impl Courier {
    pub(super) async fn batch(
        &self,
        state: &mut State,
        stop: &watch::Receiver<bool>,
    ) -> Result<Turn, StoreError> {
        let ahead = match state.ahead.take() {
            Some(ahead) if ahead.claimed.elapsed() < RENEW || self.are_ours(&[&ahead.lease]).await? => {
                Some(ahead)
            }
            _ => self.claim(BATCH, Order::OldestFirst, true).await?,
        };
        let Some(batch) = ahead else {
            self.put_down(state).await?;
            return Ok(Turn::Idle(None));
        };
        let (sent, ahead) = self.send_and_claim(batch, state, stop).await;
        state.ahead = ahead;
        match sent {
            Ok(End { held: false, .. }) if state.ahead.is_some() && !*stop.borrow() => Ok(Turn::More),
            sent => {
                self.put_down(state).await?;
                let End { held, was_all } = sent?;
                Ok(if held || was_all { Turn::Idle(Some(self.now())) } else { Turn::More })
            }
        }
    }

    /// Sends a batch, and meanwhile settles what was sent before it and claims the next ones, which join it if they may, so
    /// that the lines do not wait for the store. Answers how it ended, and a batch that was claimed and did not join.
    async fn send_and_claim(
        &self,
        batch: Batch,
        state: &mut State,
        stop: &watch::Receiver<bool>,
    ) -> (Result<End, StoreError>, Option<Batch>) {
        let mut is_last = batch.was_all;
        let before = std::mem::take(&mut state.sent);
        let feed = Feed::default();
        let sending = async {
            let end = self.send(batch, &feed, state, stop.clone()).await;
            feed.end();
            end
        };
        let meanwhile = async {
            if self.settle(&before, None, false).await.is_err() {
                return false;
            }
            while !is_last && !feed.is_over() {
                // What the store says against it, the next turn will hear.
                let Ok(Some(ahead)) = self.claim(BATCH, Order::OldestFirst, true).await else { break };
                is_last = ahead.was_all;
                if ahead.tasks.is_empty() {
                    continue;
                }
                let lease = ahead.lease.clone();
                feed.offer(ahead);
                while !feed.is_settled(RENEW).await {
                    // Whether it is still ours is asked again before it is sent.
                    self.renew(&[&lease]).await;
                }
            }
            true
        };
        // Both go on all the time: one that stood still in a transaction would keep the other from ever beginning its own.
        let (ended, is_settled) = tokio::join!(sending, meanwhile);
        if !is_settled {
            state.sent.extend(before);
        }
        let mut ahead = feed.into_rest();
        let end = match ended {
            Ok((end, Some(close))) => self.close(close, &mut ahead, state).await.map(|()| end),
            Ok((end, None)) => Ok(end),
            Err(e) => Err(e),
        };
        (end, ahead)
    }

    /// Settles what cannot be settled while the next batch is sent. If the channel is held, what was claimed ahead goes back
    /// with the others, and is told as waiting with them.
    async fn close(
        &self,
        close: Close,
        ahead: &mut Option<Batch>,
        state: &mut State,
    ) -> Result<(), StoreError> {
        let Close { mut sent, stopped, detour } = close;
        let is_held = stopped.is_some() && !detour;
        if let Some(batch) = ahead.as_ref().filter(|_| is_held) {
            sent.push(Sent { lease: batch.lease.clone(), answers: Vec::new(), broadcasts: BTreeSet::new() });
        }
        self.settle(&sent, stopped.as_ref(), detour).await?;
        if is_held {
            *ahead = None;
        }
        if stopped.is_none() { self.notice_the_way(state).await } else { Ok(()) }
    }

    /// Whether batches that were claimed a while ago are still in our hands; then they stay there for as long again.
    async fn are_ours(&self, leases: &[&str]) -> Result<bool, StoreError> {
        let until = self.now().checked_add(LEASE).unwrap_or(self.now());
        let mut tx = self.store.begin().await?;
        let mut ours = true;
        for lease in leases {
            ours &= lease::renew(&mut tx, lease, until).await?;
        }
        tx.commit().await?;
        Ok(ours)
    }

    /// Puts back a batch of which nothing was sent.
    pub(super) async fn give_back(&self, batch: &Batch) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        lease::end(&mut tx, &batch.lease, self.now()).await?;
        tx.commit().await
    }

    /// Claims up to `limit`; what is not to be sent any more is recorded as such at once. `None` if nothing is due.
    ///
    /// `in_order`: when not enough is written down, more is, and what has older word before it waits a moment. A question
    /// to a server that does not work is sent all the same; the older word is replaced by it.
    pub(super) async fn claim(
        &self,
        limit: usize,
        order: Order,
        in_order: bool,
    ) -> Result<Option<Batch>, StoreError> {
        let (now, id) = (self.now(), self.id());
        let mut tx = self.store.begin().await?;
        lease::begin(&mut tx, &id, &self.node, now.checked_add(LEASE).unwrap_or(now)).await?;
        let mut claimed = delivery::claim(&mut tx, self.channel(), &id, now, order, limit).await?;
        let mut to_plan = false;
        let hands = plan::Hands { channel: self.channel(), lease: &id, room: limit - claimed.len() };
        if in_order
            && let Some((more, left)) =
                plan::into_hands(&mut tx, &self.settings, &self.random, now, hands).await?
        {
            claimed.extend(more);
            to_plan = left;
        } else if claimed.is_empty() {
            // Dropped without commit: the lease was never there.
            return Ok(None);
        }
        let was_all = claimed.len() < limit && !to_plan;
        let broadcasts: BTreeSet<_> = claimed.iter().map(|c| c.broadcast_id.clone()).collect();
        let bundles = self.bundles(&mut tx, &broadcasts).await?;
        let around = order::around(&mut tx, self.channel(), &claimed, &broadcasts).await?;
        let (mut unsent, mut tasks, mut superseded) = (Vec::new(), Vec::new(), 0);
        for c in claimed {
            match (outcome::decide(&c, around.of(&c)), bundles.get(&c.broadcast_id)) {
                (Decision::Drop(state, why), _) => {
                    superseded += usize::from(state == DeliveryState::Superseded);
                    unsent.push((c, Some((state, why))));
                }
                (Decision::Wait, _) if in_order => unsent.push((c, None)),
                (Decision::Send | Decision::Wait, Some(bundle)) => {
                    tasks.push(Task { delivery: c, bundle: bundle.clone(), came_back: false, batch: 0 });
                }
                (Decision::Send | Decision::Wait, None) => {
                    unsent.push((c, Some((DeliveryState::Cancelled, "its content cannot be read"))));
                }
            }
        }
        if superseded > 0 {
            tracing::info!(
                count = superseded,
                "messages were not sent: newer word on the same matter goes instead"
            );
        }
        // What was put off and came back may be due later than what was said after it.
        tasks.sort_by_key(|t| (t.delivery.subscriber_id.is_some(), t.bundle.made_at));
        let outcomes: Vec<_> = unsent.iter().map(|(c, end)| outcome::of_unsent(c, *end, now)).collect();
        delivery::record(&mut tx, &id, &outcomes, now).await?;
        if tasks.is_empty() {
            lease::end(&mut tx, &id, now).await?;
            for b in &broadcasts {
                broadcast::finish_if_done(&mut tx, b, now).await?;
            }
        }
        tx.commit().await?;
        Ok(Some(Batch { lease: id, tasks, broadcasts, was_all, claimed: Instant::now() }))
    }

    async fn bundles(
        &self,
        tx: &mut Tx,
        ids: &BTreeSet<BroadcastId>,
    ) -> Result<HashMap<BroadcastId, Arc<Bundle>>, StoreError> {
        let mut out = HashMap::new();
        let page = page::get(tx).await?;
        let page = Arc::new(page.ok_or_else(|| StoreError::Corrupt("there is no page".into()))?);
        for id in ids {
            let Some((content, made_at)) = broadcast::content(tx, id).await? else { continue };
            match serde_json::from_str::<message::Content>(&content) {
                Ok(content) => {
                    let bundle = Bundle { broadcast_id: id.clone(), content, made_at, page: page.clone() };
                    out.insert(id.clone(), Arc::new(bundle));
                }
                Err(error) => tracing::error!(broadcast = %id, %error, "a stored mail cannot be read"),
            }
        }
        Ok(out)
    }

    /// Sends a batch, and those that join it, and records them.
    ///
    /// A broadcast's first few messages go alone: if they are refused, the others have not been tried.
    async fn send(
        &self,
        batch: Batch,
        feed: &Feed,
        state: &mut State,
        mut stop: watch::Receiver<bool>,
    ) -> Result<(End, Option<Close>), StoreError> {
        let Batch { lease, tasks, broadcasts, was_all, .. } = batch;
        if tasks.is_empty() {
            return Ok((End { held: false, was_all }, None));
        }
        self.meet_the_way(state).await?;
        let waves = canary::waves(tasks, &state.proven);
        if waves.len() > 1 {
            // What was accepted of other broadcasts says little about this one.
            state.trial = Trial::default();
        }
        let mut at_hand = AtHand { sent: vec![Sent { lease, answers: Vec::new(), broadcasts }], was_all };
        let (mut stopped, mut halted) = (None, false);
        let last = waves.len() - 1;
        for (n, wave) in waves.into_iter().enumerate() {
            if halted {
                break;
            }
            let about: BTreeSet<_> = wave.iter().map(|t| t.bundle.broadcast_id.clone()).collect();
            let lanes = wave.len().div_ceil(10).min(self.lines(state)).max(1);
            // A wave that does not need all lines does not get more to do.
            let feed = (n == last && lanes == self.lines(state)).then_some(feed);
            let ended = self.wave(wave, lanes, state, &mut stop, &mut at_hand, feed).await;
            (stopped, halted) = (ended.stopped, ended.halted);
            if stopped.is_none() && ended.accepted {
                state.prove(about);
            }
        }
        let uncertain = at_hand.uncertain();
        let AtHand { sent, was_all } = at_hand;
        if stopped.is_none() && was_all && !halted {
            stopped = state.trial.at_the_end().map(|stop| (stop, uncertain.clone().unwrap_or_default()));
        }
        let mut detour = false;
        if stopped.is_some() {
            // A server that was stopped is met afresh.
            state.meet_afresh();
            detour = self.carrier.fail_over();
        }
        if let Some((stop, words)) = stopped.as_ref().filter(|_| detour) {
            tracing::warn!(reason = stop.in_words(), said = %words, "the next mail server is tried");
        }
        let end = End { held: stopped.is_some() && !detour, was_all };
        if stopped.is_some() || halted || uncertain.is_some() {
            return Ok((end, Some(Close { sent, stopped, detour })));
        }
        state.sent.extend(sent);
        self.notice_the_way(state).await?;
        Ok((end, None))
    }

    /// Sends some tasks over so many lines and records what is certain as it comes; the last answers, and those that could
    /// turn out to be the channel's fault, stay with their batch. From `feed`, further batches join.
    async fn wave(
        &self,
        tasks: Vec<Task>,
        lanes: usize,
        state: &mut State,
        stop: &mut watch::Receiver<bool>,
        at_hand: &mut AtHand,
        feed: Option<&Feed>,
    ) -> Ended {
        let began = Instant::now();
        let round = Arc::new(Round::new(tasks, lanes, std::mem::take(&mut state.trial)));
        let threads = self.carrier.threads().clamp(1, lanes);
        let mut workers = JoinSet::new();
        for thread in 0..threads {
            let some: FuturesUnordered<_> = (thread..lanes)
                .step_by(threads)
                .map(|lane| work(round.clone(), lane, state.lines.pop(), self.carrier.clone()))
                .collect();
            workers.spawn(some.collect::<Vec<_>>());
        }
        let mut renew = tokio::time::interval(RENEW);
        renew.tick().await;
        let (mut listening, mut accepted) = (true, false);
        loop {
            // What is done once in a turn, as looking whether the channel is held, waits for nobody much longer than this.
            let feed = feed.filter(|_| began.elapsed() < RENEW);
            tokio::select! {
                biased;
                _ = renew.tick() => {
                    let leases: Vec<_> = at_hand.sent.iter().map(|sent| sent.lease.as_str()).collect();
                    if !self.renew(&leases).await {
                        round.halt();
                    }
                }
                () = round.answers() => {
                    let (now_final, may_be_excused): (Vec<_>, Vec<_>) =
                        round.take_answers().into_iter().partition(is_certain);
                    accepted |= !now_final.is_empty();
                    at_hand.keep(may_be_excused);
                    for (sent, answers) in at_hand.of_each(now_final) {
                        self.record(&sent.lease, &answers, &round).await;
                    }
                }
                lines = workers.join_next() => match lines {
                    Some(lines) => state.lines.extend(lines.unwrap_or_default().into_iter().flatten()),
                    None => break,
                },
                () = more(feed, &round), if feed.is_some() => {
                    let may_join = |batch: &Batch| {
                        round.is_hungry()
                            && canary::go_at_once(&batch.tasks, &state.proven)
                            && round.is_open_to(&batch.tasks)
                    };
                    if let Some(batch) = feed.and_then(|feed| feed.take_if(may_join)) {
                        round.join(at_hand.take(batch), at_hand.sent.len() - 1);
                    }
                }
                _ = stop.changed(), if listening => {
                    listening = false;
                    round.halt();
                }
            }
        }
        let last = round.take_answers();
        accepted |= last.iter().any(is_certain);
        at_hand.keep(last);
        let halted = round.is_halted();
        let mut verdict = round.verdict();
        state.trial = std::mem::take(&mut verdict.trial);
        if verdict.crowded {
            state.crowded(lanes);
        }
        Ended { stopped: verdict.stopped.take(), halted, accepted }
    }

    async fn renew(&self, leases: &[&str]) -> bool {
        // A store that cannot be reached is nobody's: a lease can neither be renewed nor taken.
        self.are_ours(leases).await.unwrap_or(true)
    }

    /// Writes final answers down. While the store cannot be reached, sending pauses (what was accepted and is not
    /// written down would be sent again) and this tries again.
    async fn record(&self, id: &str, answers: &[(Task, Answer)], round: &Round) {
        let mut warned = false;
        loop {
            let now = self.now();
            let outcomes: Vec<_> = answers.iter().map(|(t, a)| outcome::of(&t.delivery, a, now, 0)).collect();
            match self.try_record(id, &outcomes).await {
                Ok(()) => {
                    for (task, _) in answers {
                        self.around.meter.note(
                            self.channel(),
                            DeliveryState::Accepted,
                            task.bundle.made_at,
                            now,
                        );
                    }
                    return;
                }
                Err(error) => {
                    round.halt();
                    if !warned {
                        tracing::warn!(%error, count = answers.len(), "outcomes cannot be recorded yet");
                        warned = true;
                    }
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            }
        }
    }

    async fn try_record(&self, id: &str, outcomes: &[Outcome<'_>]) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        delivery::record(&mut tx, id, outcomes, self.now()).await?;
        tx.commit().await
    }
}

/// Batches that the lines are at work on.
struct AtHand {
    sent: Vec<Sent>,
    /// Whether nothing more was due than these.
    was_all: bool,
}

impl AtHand {
    /// Takes another one; what there is of it to send.
    fn take(&mut self, batch: Batch) -> Vec<Task> {
        let Batch { lease, tasks, broadcasts, was_all, .. } = batch;
        self.sent.push(Sent { lease, answers: Vec::new(), broadcasts });
        self.was_all = was_all;
        tasks
    }

    /// Keeps answers for the end.
    fn keep(&mut self, answers: Vec<(Task, Answer)>) {
        for answer in answers {
            self.sent[answer.0.batch].answers.push(answer);
        }
    }

    /// The words of an answer that was kept and is not certain.
    fn uncertain(&self) -> Option<String> {
        let mut answers = self.sent.iter().flat_map(|sent| sent.answers.iter());
        answers.find(|a| !is_certain(a)).map(|(_, answer)| answer.words.clone())
    }

    /// Answers by the batch that they are of.
    fn of_each(&self, answers: Vec<(Task, Answer)>) -> impl Iterator<Item = (&Sent, Vec<(Task, Answer)>)> {
        let mut of_each: BTreeMap<usize, Vec<(Task, Answer)>> = BTreeMap::new();
        for answer in answers {
            of_each.entry(answer.0.batch).or_default().push(answer);
        }
        of_each.into_iter().map(|(batch, answers)| (&self.sent[batch], answers))
    }
}

/// Waits until there may be a batch that can join.
async fn more(feed: Option<&Feed>, round: &Round) {
    let Some(feed) = feed else { return };
    tokio::select! {
        () = feed.offered() => {}
        () = round.low() => {}
    }
}

/// How sending ended.
struct End {
    /// Whether the channel is held now.
    held: bool,
    /// Whether nothing more was due.
    was_all: bool,
}

/// Batches that have to be settled before anything else is sent.
struct Close {
    sent: Vec<Sent>,
    /// Why the channel has to stop, unless mail takes a `detour`.
    stopped: Option<Stopped>,
    detour: bool,
}

/// How a wave ended.
struct Ended {
    stopped: Option<Stopped>,
    halted: bool,
    /// Whether anything was accepted.
    accepted: bool,
}

/// Answers that stay what they are, whatever the rest of the batch brings.
fn is_certain((_, answer): &(Task, Answer)) -> bool {
    answer.verdict == Verdict::Accepted
}
