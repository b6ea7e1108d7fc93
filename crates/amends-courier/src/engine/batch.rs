//! One batch: claimed, sent over several lines at once, recorded as the answers come.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use amends_model::BroadcastId;
use amends_store::delivery::{Claimed, Order, Outcome};
use amends_store::{StoreError, Tx, broadcast, channel, delivery, lease, page, suppression};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::{BATCH, Courier, LEASE, RENEW, State, Turn};
use crate::channel::{Answer, Bundle, Carrier, Line, LineEnd, Task};
use crate::judge::Verdict;
use crate::outcome;
use crate::trial::{Stop, Trial, is_excused};
use crate::{hold, message};

/// A claimed batch.
pub(super) struct Batch {
    pub(super) lease: String,
    pub(super) tasks: Vec<Task>,
    /// Broadcasts that may be finished after it.
    pub(super) broadcasts: BTreeSet<BroadcastId>,
    /// Whether nothing more was due.
    pub(super) was_all: bool,
}

/// Why the channel was stopped, with the words that did it.
type Stopped = (Stop, String);

impl Courier {
    pub(super) async fn batch(
        &self,
        state: &mut State,
        stop: &watch::Receiver<bool>,
    ) -> Result<Turn, StoreError> {
        let Some(batch) = self.claim(BATCH, Order::OldestFirst).await? else { return Ok(Turn::Idle(None)) };
        let was_all = batch.was_all;
        let held = self.send(batch, state, stop.clone()).await?;
        Ok(if was_all || held { Turn::Idle(Some(self.now())) } else { Turn::More })
    }

    /// Claims up to `limit`; what is not to be sent any more is recorded as such at once. `None` if nothing is due.
    pub(super) async fn claim(&self, limit: usize, order: Order) -> Result<Option<Batch>, StoreError> {
        let (now, id) = (self.now(), self.id());
        let mut tx = self.store.begin().await?;
        lease::begin(&mut tx, &id, &self.node, now.checked_add(LEASE).unwrap_or(now)).await?;
        let claimed = delivery::claim(&mut tx, self.channel(), &id, now, order, limit).await?;
        if claimed.is_empty() {
            // Dropped without commit: the lease was never there.
            return Ok(None);
        }
        let was_all = claimed.len() < limit;
        let broadcasts: BTreeSet<_> = claimed.iter().map(|c| c.broadcast_id.clone()).collect();
        let bundles = self.bundles(&mut tx, &broadcasts).await?;
        let (mut outcomes, mut tasks) = (Vec::new(), Vec::new());
        for c in claimed {
            if let Some((state, why)) = outcome::not_to_be_sent(&c) {
                outcomes.push(outcome::unsent(&c, state, why, now));
            } else if let Some(bundle) = bundles.get(&c.broadcast_id) {
                tasks.push(Task { delivery: c, bundle: bundle.clone(), came_back: false });
            } else {
                let why = "its content cannot be read";
                outcomes.push(outcome::unsent(&c, amends_model::DeliveryState::Cancelled, why, now));
            }
        }
        delivery::record(&mut tx, &id, &outcomes, now).await?;
        if tasks.is_empty() {
            lease::end(&mut tx, &id).await?;
            for b in &broadcasts {
                broadcast::finish_if_done(&mut tx, b, now).await?;
            }
        }
        tx.commit().await?;
        Ok(Some(Batch { lease: id, tasks, broadcasts, was_all }))
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

    /// Sends a batch and records it; answers whether the channel is held now.
    async fn send(
        &self,
        batch: Batch,
        state: &mut State,
        mut stop: watch::Receiver<bool>,
    ) -> Result<bool, StoreError> {
        let Batch { lease: id, tasks, broadcasts, was_all } = batch;
        if tasks.is_empty() {
            return Ok(false);
        }
        let lanes = tasks.len().div_ceil(10).min(self.carrier.lines()).max(1);
        let round = Arc::new(Round::new(tasks, lanes, std::mem::take(&mut state.trial)));
        let (sender, mut answers) = mpsc::unbounded_channel();
        let mut workers = JoinSet::new();
        for lane in 0..lanes {
            let line = state.lines.pop();
            workers.spawn(work(round.clone(), lane, line, self.carrier.clone(), sender.clone()));
        }
        drop(sender);

        // Answers that could turn out to be the channel's fault wait for the end of the batch.
        let mut later = Vec::new();
        let mut renew = tokio::time::interval(RENEW);
        renew.tick().await;
        let mut some = Vec::new();
        let mut listening = true;
        loop {
            tokio::select! {
                biased;
                _ = renew.tick() => {
                    if !self.renew(&id).await {
                        round.halt();
                    }
                }
                count = answers.recv_many(&mut some, BATCH) => {
                    if count == 0 {
                        break;
                    }
                    let (now_final, may_be_excused): (Vec<_>, Vec<_>) = some.drain(..).partition(is_certain);
                    later.extend(may_be_excused);
                    self.record(&id, &now_final, &round).await;
                }
                _ = stop.changed(), if listening => {
                    listening = false;
                    round.halt();
                }
            }
        }
        while let Some(line) = workers.join_next().await {
            state.lines.extend(line.ok().flatten());
        }
        let mut stopped = round.verdict().stopped.take();
        if stopped.is_none() && was_all && !round.is_halted() {
            stopped = round.verdict().trial.at_the_end().map(|stop| {
                let words = later.first().map(|(_, a): &(Task, Answer)| a.words.clone());
                (stop, words.unwrap_or_default())
            });
        }
        state.trial = if stopped.is_some() { Trial::default() } else { round.verdict().trial.clone() };
        if stopped.is_some() {
            // A server that was stopped is met afresh.
            state.lines.clear();
        }
        self.settle(&id, &later, &broadcasts, stopped.as_ref()).await?;
        Ok(stopped.is_some())
    }

    async fn renew(&self, id: &str) -> bool {
        let until = self.now().checked_add(LEASE).unwrap_or(self.now());
        let renewed: Result<bool, StoreError> = async {
            let mut tx = self.store.begin().await?;
            let ours = lease::renew(&mut tx, id, until).await?;
            tx.commit().await?;
            Ok(ours)
        }
        .await;
        // A store that cannot be reached is nobody's: the lease can neither be renewed nor taken.
        renewed.unwrap_or(true)
    }

    /// Writes final answers down. While the store cannot be reached, sending pauses (what was accepted and is not
    /// written down would be sent again) and this tries again.
    async fn record(&self, id: &str, answers: &[(Task, Answer)], round: &Round) {
        let mut warned = false;
        loop {
            let now = self.now();
            let outcomes: Vec<_> = answers.iter().map(|(t, a)| outcome::of(&t.delivery, a, now, 0)).collect();
            match self.try_record(id, &outcomes).await {
                Ok(()) => return,
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

    async fn try_record(&self, id: &str, outcomes: &[Outcome]) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        delivery::record(&mut tx, id, outcomes, self.now()).await?;
        tx.commit().await
    }

    /// Ends a batch: records what waited for the end, puts back what was not sent, and stops the channel if it must.
    async fn settle(
        &self,
        id: &str,
        later: &[(Task, Answer)],
        broadcasts: &BTreeSet<BroadcastId>,
        stopped: Option<&Stopped>,
    ) -> Result<(), StoreError> {
        let now = self.now();
        let (mut outcomes, mut suppressions) = (Vec::new(), Vec::new());
        for (task, answer) in later {
            let c: &Claimed = &task.delivery;
            if stopped.is_some_and(|(stop, _)| is_excused(answer.verdict, *stop)) {
                outcomes.push(outcome::excused(c, answer, now));
            } else {
                outcomes.push(outcome::of(c, answer, now, self.number()));
                suppressions.extend(outcome::suppression(c, answer, self.channel(), now));
            }
        }
        let mut tx = self.store.begin().await?;
        delivery::record(&mut tx, id, &outcomes, now).await?;
        suppression::add(&mut tx, &suppressions).await?;
        delivery::release(&mut tx, id, now).await?;
        lease::end(&mut tx, id).await?;
        for b in broadcasts {
            broadcast::finish_if_done(&mut tx, b, now).await?;
        }
        let mut held = None;
        if let Some((stop, words)) = stopped {
            // Another node may have been first; its words stand.
            let known = channel::get(&mut tx, self.channel()).await?;
            if !known.is_some_and(|h| h.failing) {
                channel::set(&mut tx, &hold::stopped(self.channel(), *stop, words, now)).await?;
                held = Some((stop.in_words(), words, delivery::waiting(&mut tx, self.channel()).await?));
            }
        }
        tx.commit().await?;
        if let Some((reason, words, waiting)) = held {
            tracing::error!(reason, said = %words, waiting, "mail is held until the mail server takes it again");
        }
        Ok(())
    }
}

/// Answers that stay what they are, whatever the rest of the batch brings.
fn is_certain((_, answer): &(Task, Answer)) -> bool {
    matches!(answer.verdict, Verdict::Accepted | Verdict::Refused)
}

fn hash(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

/// What the lines of one batch share.
struct Round {
    lanes: Vec<Mutex<VecDeque<Task>>>,
    halted: AtomicBool,
    verdict: Mutex<RoundVerdict>,
}

struct RoundVerdict {
    trial: Trial,
    stopped: Option<Stopped>,
}

impl Round {
    /// Messages to one address stay on one line, so that they arrive in order.
    fn new(tasks: Vec<Task>, lanes: usize, trial: Trial) -> Self {
        let mut queues: Vec<VecDeque<Task>> = (0..lanes).map(|_| VecDeque::new()).collect();
        for task in tasks {
            queues[(hash(&task.delivery.address) % lanes as u64) as usize].push_back(task);
        }
        Self {
            lanes: queues.into_iter().map(Mutex::new).collect(),
            halted: AtomicBool::new(false),
            verdict: Mutex::new(RoundVerdict { trial, stopped: None }),
        }
    }

    fn halt(&self) {
        self.halted.store(true, Ordering::Relaxed);
    }

    fn is_halted(&self) -> bool {
        self.halted.load(Ordering::Relaxed)
    }

    fn verdict(&self) -> MutexGuard<'_, RoundVerdict> {
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lane(&self, lane: usize) -> MutexGuard<'_, VecDeque<Task>> {
        self.lanes[lane].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self, lane: usize) -> Option<Task> {
        if self.is_halted() { None } else { self.lane(lane).pop_front() }
    }

    fn note(&self, task: &Task, answer: &Answer) {
        let mut verdict = self.verdict();
        if let Some(stop) = verdict.trial.note(hash(&task.delivery.id), answer.verdict)
            && verdict.stopped.is_none()
        {
            verdict.stopped = Some((stop, answer.words.clone()));
            self.halt();
        }
    }

    fn stop(&self, words: String) {
        let mut verdict = self.verdict();
        if verdict.stopped.is_none() {
            verdict.stopped = Some((Stop::ChannelFailure, words));
        }
        self.halt();
    }
}

/// Lines that broke one after another without carrying anything: the channel is broken, not the line.
const BARREN: usize = 2;

/// Works one lane off, opening lines as needed; gives back a line that is still good.
async fn work(
    round: Arc<Round>,
    lane: usize,
    mut line: Option<Box<dyn Line>>,
    carrier: Arc<dyn Carrier>,
    answers: mpsc::UnboundedSender<(Task, Answer)>,
) -> Option<Box<dyn Line>> {
    let mut barren = 0;
    while !round.is_halted() && !round.lane(lane).is_empty() {
        let was_open = line.is_some();
        let mut open = match line.take() {
            Some(open) => open,
            None => match carrier.open().await {
                Ok(open) => open,
                Err(words) => {
                    round.stop(words);
                    return None;
                }
            },
        };
        let mut carried = false;
        let end = open
            .carry(&mut || round.next(lane), &mut |mut task, answer| {
                if answer.verdict == Verdict::NotSent && !task.came_back {
                    // It never left: the next line takes it, and it costs no attempt.
                    task.came_back = true;
                    round.lane(lane).push_front(task);
                    return;
                }
                carried |= !matches!(answer.verdict, Verdict::NotSent | Verdict::Unknown);
                round.note(&task, &answer);
                // Nobody listens only if the batch was given up; then the lease brings the message back.
                let _ = answers.send((task, answer));
            })
            .await;
        match end {
            LineEnd::Drained => line = Some(open),
            LineEnd::Gone(why) => {
                // A line that was open from before may have been closed for being idle.
                if !carried && !was_open {
                    barren += 1;
                }
                if barren == BARREN {
                    round.stop(why);
                }
            }
        }
    }
    line
}
