//! Messages on their way. Runners take one after another; there are as many of them as messages may be in their first moment
//! at once. Where it takes longer, another runner takes the place, so that a slow server costs the others that moment at most.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::Dispatch;
use super::breaker::Entry;
use crate::channel::{Errand, Said};

/// Messages in their first moment at once. A server that works answers within it; with more of them at once, connections and
/// what belongs to them fall out of the processor's caches, and everything takes longer.
const FRESH: usize = 128;
/// How long a message counts as one of those.
const FIRST_MOMENT: Duration = Duration::from_millis(20);

/// What became of an errand.
pub(super) enum Back {
    Said(Said),
    /// It was not tried, and is not before then.
    NotBefore(Timestamp),
    /// It was not tried, because the work is ending.
    Halted,
}

pub(super) type Answer = (Errand, Back);

/// Errands to one address, which go one after another; nearly always there is one.
struct Lane {
    first: Errand,
    more: Vec<Errand>,
}

impl Lane {
    /// In the order in which they were said.
    fn sorted(mut self) -> Self {
        if self.more.is_empty() {
            return self;
        }
        self.more.push(self.first);
        self.more.sort_by_key(|e| (e.notice.made_at, e.delivery.n));
        Self { first: self.more.remove(0), more: self.more }
    }
}

/// Where messages wait for a runner. Those who wait for the answers are the same for all of them.
pub(super) struct Yard {
    dispatch: Arc<Dispatch>,
    answers: mpsc::UnboundedSender<Answer>,
    waiting: Mutex<Waiting>,
}

struct Waiting {
    lanes: VecDeque<Lane>,
    /// How many more may be in their first moment.
    places: usize,
}

/// A place among those whose messages are in their first moment; free again when it is dropped.
struct Place(Arc<Yard>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.waiting().places += 1;
    }
}

impl Yard {
    pub(super) fn open(dispatch: Arc<Dispatch>, answers: mpsc::UnboundedSender<Answer>) -> Arc<Self> {
        let waiting = Mutex::new(Waiting { lanes: VecDeque::new(), places: FRESH });
        Arc::new(Self { dispatch, answers, waiting })
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets errands off; those to one address go one after another, in their order.
    pub(super) fn set_off(self: &Arc<Self>, errands: Vec<Errand>) {
        let lanes = lanes(errands);
        self.waiting().lanes.extend(lanes);
        self.hire();
    }

    /// Fills the places that are free, as long as something waits.
    fn hire(self: &Arc<Self>) {
        while let Some(lane) = self.next_for_a_free_place() {
            let runner = Runner { yard: self.clone(), place: Some(Place(self.clone())) };
            tokio::spawn(runner.carry(lane));
        }
    }

    fn next_for_a_free_place(&self) -> Option<Lane> {
        let mut waiting = self.waiting();
        if waiting.places == 0 {
            return None;
        }
        let lane = waiting.lanes.pop_front()?;
        waiting.places -= 1;
        Some(lane)
    }
}

/// Somebody who carries messages: with a place, until one takes long.
struct Runner {
    yard: Arc<Yard>,
    place: Option<Place>,
}

impl Runner {
    async fn carry(mut self, mut lane: Lane) {
        loop {
            for errand in std::iter::once(lane.first).chain(lane.more) {
                let back = self.go(&errand).await;
                // Nobody listens only at the very end; then the lease brings it back.
                let _ = self.yard.answers.send((errand, back));
            }
            match self.place.as_ref().and_then(|place| place.0.waiting().lanes.pop_front()) {
                Some(next) => lane = next,
                None => break,
            }
        }
        self.give_way();
    }

    /// What follows may take long: somebody else goes on with what waits.
    fn give_way(&mut self) {
        if self.place.take().is_some() {
            self.yard.hire();
        }
    }

    async fn go(&mut self, errand: &Errand) -> Back {
        let dispatch = self.yard.dispatch.clone();
        let destination = dispatch.breakers.of(&dispatch.messenger.destination(&errand.delivery.address));
        let entry = match destination.enter_at_once(dispatch.now()) {
            Some(entry) => entry,
            None => {
                self.give_way();
                destination.enter(|| dispatch.now()).await
            }
        };
        let permit = match entry {
            Entry::Go(permit) => permit,
            Entry::NotBefore(until) => return Back::NotBefore(until),
        };
        if dispatch.halted.load(Relaxed) {
            return Back::Halted;
        }
        let body = errand.body(&dispatch.links);
        let mut answer = dispatch.messenger.send(errand, &body, dispatch.now());
        let said = match timeout(FIRST_MOMENT, &mut answer).await {
            Ok(said) => said,
            Err(_) => {
                self.give_way();
                answer.await
            }
        };
        destination.note(said.answered && !dispatch.is_gateways(&said), dispatch.now());
        drop(permit);
        Back::Said(said)
    }
}

fn lanes(errands: Vec<Errand>) -> Vec<Lane> {
    let mut known = HashMap::with_capacity(errands.len());
    let places: Vec<usize> = errands
        .iter()
        .map(|errand| {
            let next = known.len();
            *known.entry(errand.delivery.address.as_str()).or_insert(next)
        })
        .collect();
    let mut lanes: Vec<Lane> = Vec::with_capacity(known.len());
    for (errand, place) in errands.into_iter().zip(places) {
        match lanes.get_mut(place) {
            Some(lane) => lane.more.push(errand),
            None => lanes.push(Lane { first: errand, more: Vec::new() }),
        }
    }
    lanes.into_iter().map(Lane::sorted).collect()
}
