//! Batches that follow one another without a gap: lines that are at work on one go on with the next. Over a carrier in
//! memory, on both engines. The clock is the test's.

#![allow(clippy::unwrap_used)]

mod company;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use amends_courier::channel::{Answer, Boxed, Carrier, Line, LineEnd, Task};
use amends_courier::judge::Verdict;
use amends_model::{BroadcastId, Channel};
use amends_store::{Store, broadcast, delivery};
use amends_testkit::stores::each;
use company::{Company, one_of};
use tokio::sync::watch;

const BATCH: usize = 2_000;
const LINES: usize = 4;
const TRIES: usize = 1_000;
const PAUSE: Duration = Duration::from_millis(5);

/// A carrier that notes what it carries.
struct Desk {
    store: Store,
    /// What is sent, and to how many each.
    broadcasts: Mutex<(Vec<BroadcastId>, usize)>,
    /// At so many the lines wait for the next batch.
    wait_at: AtomicUsize,
    /// Of so many carried messages the record may not tell when they go on.
    may_be_lost: usize,
    carried: Mutex<Vec<(String, String)>>,
    /// How often a line was given something to do.
    rounds: AtomicUsize,
    /// From this message on, everything is answered so; or nothing, by lines that stand still.
    from: AtomicUsize,
    answer: Mutex<Option<Verdict>>,
    /// Messages of this broadcast are refused, without a word about why.
    refused: Mutex<Option<BroadcastId>>,
    refusals: AtomicUsize,
    /// After so many, the next message of this broadcast stays on its line for a while, if nothing overtakes it.
    slow: Mutex<Option<(usize, BroadcastId)>>,
}

impl Desk {
    fn new(store: &Store) -> Self {
        Self {
            store: store.clone(),
            broadcasts: Mutex::default(),
            wait_at: AtomicUsize::new(BATCH - 20),
            may_be_lost: usize::MAX / 2,
            carried: Mutex::default(),
            rounds: AtomicUsize::new(0),
            from: AtomicUsize::new(usize::MAX),
            answer: Mutex::default(),
            refused: Mutex::default(),
            refusals: AtomicUsize::new(0),
            slow: Mutex::default(),
        }
    }

    fn sends(&self, ids: &[&BroadcastId], to: usize) {
        *self.broadcasts.lock().unwrap() = (ids.iter().map(|id| (*id).clone()).collect(), to);
    }

    /// Shortly before a batch ends, the lines wait until of the last broadcast so much is claimed that the next batch has
    /// joined; or everything, and what was carried is recorded, so that the courier has nothing else to do than to let it
    /// join.
    async fn wait_for_the_next_batch(&self, count: usize) {
        let (ids, to) = self.broadcasts.lock().unwrap().clone();
        for _ in 0..TRIES {
            tokio::time::sleep(PAUSE).await;
            let (mut accepted, mut claimed) = (0, 0);
            for id in &ids {
                let counts = broadcast::counts(&mut self.store.read().await.unwrap(), id).await.unwrap();
                accepted += counts.accepted as usize;
                claimed = (counts.total() - counts.queued) as usize;
            }
            let carried = self
                .carried
                .lock()
                .unwrap()
                .iter()
                .filter(|(_, of)| ids.iter().any(|id| of == id.as_str()))
                .count();
            if claimed > count + BATCH + 20 || (claimed == to && accepted + self.may_be_lost >= carried) {
                return;
            }
        }
        panic!("nothing joins");
    }

    async fn dawdle(&self, task: &Task) {
        let count = self.carried.lock().unwrap().len();
        let is_slow = |slow: &mut (usize, BroadcastId)| slow.0 <= count && slow.1 == task.bundle.broadcast_id;
        if self.slow.lock().unwrap().take_if(is_slow).is_none() {
            return;
        }
        for _ in 0..100 {
            if self.carried.lock().unwrap().iter().any(|(who, _)| *who == task.delivery.address) {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn has_carried(&self, count: usize) {
        for _ in 0..TRIES {
            if self.carried.lock().unwrap().len() >= count {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("nothing is carried");
    }

    /// How often each heard of a broadcast.
    fn copies(&self, id: &BroadcastId) -> HashMap<String, usize> {
        let mut out = HashMap::new();
        for (who, _) in self.carried.lock().unwrap().iter().filter(|(_, of)| of == id.as_str()) {
            *out.entry(who.clone()).or_default() += 1;
        }
        out
    }
}

struct Desks(Arc<Desk>);

impl Carrier for Desks {
    fn channel(&self) -> Channel {
        Channel::Email
    }
    fn lines(&self) -> usize {
        LINES
    }
    fn open(&self) -> Boxed<'_, Result<Box<dyn Line>, String>> {
        let line = Box::new(DeskLine(self.0.clone())) as Box<dyn Line>;
        Box::pin(async move { Ok(line) })
    }
}

struct DeskLine(Arc<Desk>);

impl Line for DeskLine {
    fn carry<'a>(
        &'a mut self,
        next: &'a mut (dyn FnMut() -> Option<Task> + Send),
        done: &'a mut (dyn FnMut(Task, Answer) + Send),
    ) -> Boxed<'a, LineEnd> {
        Box::pin(async move {
            let desk = &self.0;
            desk.rounds.fetch_add(1, Ordering::Relaxed);
            while let Some(task) = next() {
                let count = desk.carried.lock().unwrap().len();
                let at = desk.wait_at.load(Ordering::Relaxed);
                if count >= at {
                    desk.wait_for_the_next_batch(at).await;
                    desk.wait_at.fetch_max(at + BATCH, Ordering::Relaxed);
                }
                tokio::task::yield_now().await;
                desk.dawdle(&task).await;
                let is_refused = desk.refused.lock().unwrap().as_ref() == Some(&task.bundle.broadcast_id);
                let answer = if is_refused {
                    desk.refusals.fetch_add(1, Ordering::Relaxed);
                    Some(Verdict::Doubtful)
                } else if count >= desk.from.load(Ordering::Relaxed) {
                    *desk.answer.lock().unwrap()
                } else {
                    Some(Verdict::Accepted)
                };
                let Some(verdict) = answer else { std::future::pending().await };
                if verdict == Verdict::Accepted {
                    let of = task.bundle.broadcast_id.to_string();
                    desk.carried.lock().unwrap().push((task.delivery.address.clone(), of));
                }
                done(task, Answer { verdict, words: "so be it".into() });
            }
            LineEnd::Drained
        })
    }
    fn close(self: Box<Self>) -> Boxed<'static, ()> {
        Box::pin(async {})
    }
}

#[tokio::test]
async fn lines_go_on_with_the_next_batch() {
    for is_written in [false, true] {
        for fresh in each().await {
            let about = format!("{}, written down before: {is_written}", fresh.engine);
            let c = Company::new(fresh, 4 * BATCH).await;
            let desk = Arc::new(Desk::new(&c.store));
            let courier = c.courier_over(Arc::new(Desks(desk.clone())));
            // Its start, after which a channel that is held is left in peace.
            c.work(&courier).await;
            let id = c.publish(1).await;
            if is_written {
                c.plan(&courier).await;
                assert_eq!(c.counts(&id).await.queued, 4 * BATCH as u64, "{about}");
            }
            desk.sends(&[&id], 4 * BATCH);
            c.work(&courier).await;
            one_of(c.counts(&id).await, |c| c.accepted, 4 * BATCH as u64);
            let copies = desk.copies(&id);
            assert!(copies.len() == 4 * BATCH && copies.values().all(|n| *n == 1), "{about}");
            // Once for those that go ahead, and once for each line; four batches one by one would be sixteen.
            let rounds = desk.rounds.load(Ordering::Relaxed);
            assert!(rounds < 3 * LINES, "{about}: lines ran dry {rounds} times");
            let b = broadcast::get(&mut c.store.read().await.unwrap(), &id).await.unwrap().unwrap();
            assert!(b.finished_at.is_some(), "{about}");
        }
    }
}

#[tokio::test]
async fn a_refusal_holds_all_batches_at_hand() {
    for fresh in each().await {
        let engine = fresh.engine;
        let c = Company::new(fresh, 4 * BATCH).await;
        let desk = Arc::new(Desk::new(&c.store));
        desk.from.store(BATCH + 1_000, Ordering::Relaxed);
        *desk.answer.lock().unwrap() = Some(Verdict::SenderRejected);
        let courier = c.courier_over(Arc::new(Desks(desk.clone())));
        let id = c.publish(1).await;
        desk.sends(&[&id], 4 * BATCH);
        c.work(&courier).await;
        assert!(c.health().await.failing, "{engine}");
        let counts = c.counts(&id).await;
        let carried = desk.carried.lock().unwrap().len() as u64;
        assert_eq!(
            (counts.accepted, counts.sending, counts.refused),
            (carried, 0, 0),
            "{engine}: {counts:?}"
        );
        assert!(carried >= BATCH as u64 + 1_000, "{engine}: {carried}");
        *desk.answer.lock().unwrap() = Some(Verdict::Accepted);
        for _ in 0..4 {
            c.later(130);
            c.work(&courier).await;
        }
        one_of(c.counts(&id).await, |c| c.accepted, 4 * BATCH as u64);
        assert!(
            desk.copies(&id).len() == 4 * BATCH && desk.copies(&id).values().all(|n| *n == 1),
            "{engine}"
        );
    }
}

/// The next batch is claimed while the first few messages are refused: it waits with the others, and is told with them.
#[tokio::test]
async fn operators_are_told_of_all_that_waits() {
    for is_written in [false, true] {
        for fresh in each().await {
            let about = format!("{}, written down before: {is_written}", fresh.engine);
            let c = Company::new(fresh, 4 * BATCH).await;
            let desk = Arc::new(Desk::new(&c.store));
            desk.wait_at.store(0, Ordering::Relaxed);
            desk.from.store(0, Ordering::Relaxed);
            *desk.answer.lock().unwrap() = Some(Verdict::SenderRejected);
            let courier = c.courier_over(Arc::new(Desks(desk.clone())));
            c.work(&courier).await;
            let id = c.publish(1).await;
            if is_written {
                c.plan(&courier).await;
            }
            desk.sends(&[&id], 4 * BATCH);
            let (_keep, stop) = watch::channel(false);
            courier.turn(&stop).await.unwrap();
            let mut tx = c.store.read().await.unwrap();
            let waiting = delivery::waiting(&mut tx, Channel::Email).await.unwrap();
            let told = delivery::to_address(&mut tx, company::CHAT, 10).await.unwrap();
            let (content, _) = broadcast::content(&mut tx, &told[0].broadcast_id).await.unwrap().unwrap();
            // Who is not written down yet is so while the channel is held.
            let (all, least) = if is_written { (4 * BATCH, "") } else { (2 * BATCH, "at least ") };
            assert_eq!(waiting, all as u64, "{about}");
            assert!(content.contains(&format!("({least}{all} messages)")), "{about}: {content}");
            drop(tx);
            c.work(&courier).await;
            let counts = c.counts(&id).await;
            assert_eq!((counts.queued, counts.total()), (4 * BATCH as u64, 4 * BATCH as u64), "{about}");
        }
    }
}

#[tokio::test]
async fn who_dies_with_two_batches_at_hand_loses_nothing() {
    for fresh in each().await {
        let engine = fresh.engine;
        let c = Company::new(fresh, 4 * BATCH).await;
        let desk = Arc::new(Desk::new(&c.store));
        // Just after the second batch has joined the first.
        desk.from.store(BATCH + 20, Ordering::Relaxed);
        let courier = c.courier_over(Arc::new(Desks(desk.clone())));
        let id = c.publish(1).await;
        desk.sends(&[&id], 4 * BATCH);
        let (_keep, stop) = watch::channel(false);
        let victim = tokio::spawn(async move { while courier.turn(&stop).await.is_ok() {} });
        desk.has_carried(BATCH + 20).await;
        victim.abort();
        assert!(victim.await.is_err(), "{engine}");
        desk.from.store(usize::MAX, Ordering::Relaxed);
        c.later(61);
        c.work(&c.courier_over(Arc::new(Desks(desk.clone())))).await;
        one_of(c.counts(&id).await, |c| c.accepted, 4 * BATCH as u64);
        let copies = desk.copies(&id);
        assert!(copies.len() == 4 * BATCH && copies.values().all(|n| *n <= 2), "{engine}");
    }
}

/// Two incidents at once. The third batch has more of the second one, for some who have yet to hear of the first.
#[tokio::test]
async fn who_is_still_to_hear_one_thing_does_not_hear_the_next_first() {
    for fresh in each().await {
        let engine = fresh.engine;
        let c = Company::new(fresh, BATCH + 1_000).await;
        // The first few are recorded when their batch is done.
        let desk = Arc::new(Desk { may_be_lost: 10, ..Desk::new(&c.store) });
        let courier = c.courier_over(Arc::new(Desks(desk.clone())));
        let first = c.publish_of("in00000mail1", 1).await;
        c.later(1);
        let second = c.publish_of("in00000mail2", 2).await;
        *desk.slow.lock().unwrap() = Some((BATCH + 5, first.clone()));
        desk.wait_at.store(2 * BATCH - 20, Ordering::Relaxed);
        desk.sends(&[&first, &second], BATCH + 1_000);
        c.work(&courier).await;
        assert!(desk.slow.lock().unwrap().is_none(), "{engine}");
        let mut heard: HashMap<String, Vec<String>> = HashMap::new();
        for (who, of) in desk.carried.lock().unwrap().iter() {
            heard.entry(who.clone()).or_default().push(of.clone());
        }
        assert_eq!(heard.len(), BATCH + 1_000, "{engine}");
        for (who, of) in heard {
            assert_eq!(of, [first.to_string(), second.to_string()], "{engine}: {who}");
        }
    }
}

/// Two incidents at once, for different people. What joins is not tried first; so the second one must not.
#[tokio::test]
async fn what_was_never_taken_does_not_join_but_sends_a_few_ahead() {
    for fresh in each().await {
        let engine = fresh.engine;
        let c = Company::new(fresh, 0).await;
        let (one, other) =
            (c.add_component(1, 0, BATCH + 1_000).await, c.add_component(2, 5_000, BATCH).await);
        let desk = Arc::new(Desk { may_be_lost: 10, ..Desk::new(&c.store) });
        let courier = c.courier_over(Arc::new(Desks(desk.clone())));
        c.work(&courier).await;
        let first = c.publish_to(one, "in00000mail1", 1).await;
        c.later(1);
        let second = c.publish_to(other, "in00000mail2", 2).await;
        // The lines wait until the next batch is claimed, which has the rest of the first and half of the second.
        desk.sends(&[&first, &second], BATCH / 2);
        *desk.refused.lock().unwrap() = Some(second.clone());
        c.work(&courier).await;
        assert!(c.health().await.failing, "{engine}");
        assert_eq!(desk.refusals.load(Ordering::Relaxed), 3, "{engine}");
        *desk.refused.lock().unwrap() = None;
        desk.wait_at.store(usize::MAX, Ordering::Relaxed);
        for _ in 0..4 {
            c.later(130);
            c.work(&courier).await;
        }
        for (id, count) in [(&first, BATCH + 1_000), (&second, BATCH)] {
            one_of(c.counts(id).await, |c| c.accepted, count as u64);
            assert!(desk.copies(id).len() == count && desk.copies(id).values().all(|n| *n == 1), "{engine}");
        }
    }
}
