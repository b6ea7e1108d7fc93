//! One wave of a batch over several lines at once: what they share, and the work of each.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use crate::channel::{Answer, Carrier, Line, LineEnd, Task};
use crate::judge::Verdict;
use crate::trial::{Stop, Trial};

/// Answers are written down together when there are so many, or after so long: a commit for each would cost more than all
/// the rest. What a kill within that moment leaves unrecorded is sent again with the same Message-ID.
const GROUP: usize = 500;
const GATHER: Duration = Duration::from_millis(25);

/// Why the channel was stopped, with the words that did it.
pub(super) type Stopped = (Stop, String);

fn hash(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

/// When no more than this is left for each lane, the round takes another batch.
const LOW: usize = 10;

/// What the lines share that are at work on a batch, and on those that join it before it is done.
pub(super) struct Round {
    /// What any line may take.
    shared: Mutex<VecDeque<Task>>,
    /// What one line must take: several messages to one address, and what came back to it.
    lanes: Vec<Mutex<VecDeque<Task>>>,
    /// Hashes of the addresses that it has or had messages for.
    addresses: Mutex<HashSet<u64>>,
    low: Notify,
    /// What came back and is not written down yet. Whoever writes it is woken for the first one and for enough of them,
    /// not for each.
    answers: Mutex<Vec<(Task, Answer)>>,
    first: Notify,
    enough: Notify,
    halted: AtomicBool,
    /// Lanes that have not ended.
    at_work: AtomicUsize,
    /// Lines that are at work.
    open: AtomicUsize,
    verdict: Mutex<RoundVerdict>,
}

pub(super) struct RoundVerdict {
    pub(super) trial: Trial,
    pub(super) stopped: Option<Stopped>,
    /// A further line could not be opened while others worked.
    pub(super) crowded: bool,
}

impl Round {
    /// Of a first batch, number 0.
    pub(super) fn new(tasks: Vec<Task>, lanes: usize, trial: Trial) -> Self {
        let round = Self {
            shared: Mutex::default(),
            lanes: (0..lanes).map(|_| Mutex::default()).collect(),
            addresses: Mutex::default(),
            low: Notify::new(),
            answers: Mutex::default(),
            first: Notify::new(),
            enough: Notify::new(),
            halted: AtomicBool::new(false),
            at_work: AtomicUsize::new(lanes),
            open: AtomicUsize::new(0),
            verdict: Mutex::new(RoundVerdict { trial, stopped: None, crowded: false }),
        };
        round.add(tasks);
        round
    }

    /// Messages to one address stay on one line, so that they arrive in order.
    fn add(&self, tasks: Vec<Task>) {
        let of: Vec<u64> = tasks.iter().map(|t| hash(&t.delivery.address)).collect();
        let mut messages: HashMap<u64, usize> = HashMap::with_capacity(of.len());
        for address in &of {
            *messages.entry(*address).or_default() += 1;
        }
        let (mut free, mut bound) = (VecDeque::with_capacity(of.len()), Vec::new());
        for (task, address) in tasks.into_iter().zip(of) {
            if messages.get(&address).is_some_and(|count| *count > 1) {
                bound.push(((address % self.lanes.len() as u64) as usize, task));
            } else {
                free.push_back(task);
            }
        }
        self.addresses().extend(messages.into_keys());
        for (lane, task) in bound {
            self.lane(lane).push_back(task);
        }
        self.shared().append(&mut free);
    }

    /// Whether it does well and has so little left that another batch may join.
    pub(super) fn is_hungry(&self) -> bool {
        let all_at_work = self.at_work.load(Ordering::Relaxed) == self.lanes.len();
        all_at_work && !self.is_halted() && self.shared().len() <= LOW * self.lanes.len()
    }

    /// Whether these may join: nobody among them may still have a message here, which must arrive first.
    pub(super) fn is_open_to(&self, tasks: &[Task]) -> bool {
        let known = self.addresses();
        !tasks.iter().any(|t| known.contains(&hash(&t.delivery.address)))
    }

    /// Lets another batch join, under this number.
    pub(super) fn join(&self, mut tasks: Vec<Task>, number: usize) {
        for task in &mut tasks {
            task.batch = number;
        }
        self.add(tasks);
    }

    /// Waits until little is left.
    pub(super) async fn low(&self) {
        self.low.notified().await;
    }

    pub(super) fn halt(&self) {
        self.halted.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_halted(&self) -> bool {
        self.halted.load(Ordering::Relaxed)
    }

    pub(super) fn verdict(&self) -> MutexGuard<'_, RoundVerdict> {
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lane(&self, lane: usize) -> MutexGuard<'_, VecDeque<Task>> {
        self.lanes[lane].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shared(&self) -> MutexGuard<'_, VecDeque<Task>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn addresses(&self) -> MutexGuard<'_, HashSet<u64>> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self, lane: usize) -> Option<Task> {
        if self.is_halted() {
            return None;
        }
        if let Some(own) = self.lane(lane).pop_front() {
            return Some(own);
        }
        let mut shared = self.shared();
        let task = shared.pop_front();
        if task.is_some() && shared.len() == LOW * self.lanes.len() {
            self.low.notify_one();
        }
        task
    }

    fn has_more(&self, lane: usize) -> bool {
        !(self.is_halted() || self.lane(lane).is_empty() && self.shared().is_empty())
    }

    fn unwritten(&self) -> MutexGuard<'_, Vec<(Task, Answer)>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there are answers to write down: enough of them, or some and a moment has passed.
    pub(super) async fn answers(&self) {
        while self.unwritten().is_empty() {
            self.first.notified().await;
        }
        // Running out of time is the usual end.
        let _ = timeout(GATHER, self.enough.notified()).await;
    }

    /// The answers that are not written down yet.
    pub(super) fn take_answers(&self) -> Vec<(Task, Answer)> {
        std::mem::take(&mut self.unwritten())
    }

    fn answered(&self, task: Task, answer: Answer) {
        self.note(&task, &answer);
        let count = {
            let mut answers = self.unwritten();
            answers.push((task, answer));
            answers.len()
        };
        match count {
            1 => self.first.notify_one(),
            GROUP => self.enough.notify_one(),
            _ => {}
        }
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
pub(super) async fn work(
    round: Arc<Round>,
    lane: usize,
    line: Option<Box<dyn Line>>,
    carrier: Arc<dyn Carrier>,
) -> Option<Box<dyn Line>> {
    let line = work_off(&round, lane, line, &*carrier).await;
    if round.at_work.fetch_sub(1, Ordering::Relaxed) == 1 {
        // Nobody needs to wait for more answers.
        round.enough.notify_one();
    }
    line
}

async fn work_off(
    round: &Round,
    lane: usize,
    mut line: Option<Box<dyn Line>>,
    carrier: &dyn Carrier,
) -> Option<Box<dyn Line>> {
    let mut barren = 0;
    while round.has_more(lane) {
        let was_open = line.is_some();
        let mut open = match line.take() {
            Some(open) => open,
            None => match carrier.open().await {
                Ok(open) => open,
                Err(words) => {
                    // A server that works may not want more lines; what this one would have sent stays for the next batch.
                    if round.open.load(Ordering::Relaxed) == 0 {
                        round.stop(words);
                    } else {
                        round.verdict().crowded = true;
                    }
                    return None;
                }
            },
        };
        round.open.fetch_add(1, Ordering::Relaxed);
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
                round.answered(task, answer);
            })
            .await;
        round.open.fetch_sub(1, Ordering::Relaxed);
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
