//! A gate and a breaker for each destination: how many messages may be on their way to it at once, and none while it is
//! known to be dead.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::backoff::probe_at;

/// Messages on their way to one destination at once.
const AT_ONCE: usize = 8;
/// Messages that wait for their turn at one destination; more than that come back a moment later, so that it cannot take up
/// all the room that others need.
const QUEUE: usize = 1_024;
/// How long what does not fit waits.
const MOMENT: SignedDuration = SignedDuration::from_secs(5);
/// Destinations that are remembered before those that work are forgotten.
const KNOWN: usize = 10_000;

#[derive(Default)]
pub(super) struct Breakers {
    known: Mutex<HashMap<String, Arc<Destination>>>,
}

pub(super) struct Destination {
    gate: Arc<Semaphore>,
    waiting: AtomicUsize,
    state: Mutex<State>,
}

/// How often in a row nobody was there, and until when it is left alone.
#[derive(Default)]
struct State {
    failures: u32,
    until: Option<Timestamp>,
}

/// Whether a message may go.
pub(super) enum Entry {
    /// It may; the permit is held meanwhile.
    Go(OwnedSemaphorePermit),
    /// Not before then.
    NotBefore(Timestamp),
}

impl Breakers {
    pub(super) fn of(&self, destination: &str) -> Arc<Destination> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(destination) {
            return found.clone();
        }
        if known.len() >= KNOWN {
            known.retain(|_, d| Arc::strong_count(d) > 1 || d.state().failures > 0);
        }
        let fresh = Arc::new(Destination {
            gate: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: AtomicUsize::new(0),
            state: Mutex::default(),
        });
        known.insert(destination.to_owned(), fresh.clone());
        fresh
    }
}

impl Destination {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn closed(&self, now: Timestamp) -> Option<Timestamp> {
        self.state().until.filter(|until| *until > now)
    }

    /// Whether a message may go, unless it has to wait for its turn.
    pub(super) fn enter_at_once(&self, now: Timestamp) -> Option<Entry> {
        if let Some(until) = self.closed(now) {
            return Some(Entry::NotBefore(until));
        }
        self.gate.clone().try_acquire_owned().ok().map(Entry::Go)
    }

    /// Waits for a turn. Who waited while the breaker opened does not go.
    pub(super) async fn enter(&self, now: impl Fn() -> Timestamp) -> Entry {
        let at = now();
        if let Some(entry) = self.enter_at_once(at) {
            return entry;
        }
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= QUEUE {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Entry::NotBefore(at.checked_add(MOMENT).unwrap_or(at));
        }
        let permit = self.gate.clone().acquire_owned().await;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        match (permit, self.closed(now())) {
            (Ok(permit), None) => Entry::Go(permit),
            (_, Some(until)) => Entry::NotBefore(until),
            // The gate is never closed; if it were, later is right.
            (Err(_), None) => Entry::NotBefore(at.checked_add(MOMENT).unwrap_or(at)),
        }
    }

    /// Notes whether somebody was there at all.
    pub(super) fn note(&self, answered: bool, now: Timestamp) {
        let mut state = self.state();
        if answered {
            *state = State::default();
        } else if state.until.is_none_or(|until| until <= now) {
            state.until = Some(probe_at(now, state.failures));
            state.failures = state.failures.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[tokio::test]
    async fn a_dead_destination_is_left_alone_longer_each_time() {
        let breakers = Breakers::default();
        let dead = breakers.of("dead");
        assert!(matches!(dead.enter(|| at(0)).await, Entry::Go(_)));
        dead.note(false, at(0));
        dead.note(false, at(1));
        assert!(matches!(dead.enter(|| at(1)).await, Entry::NotBefore(until) if until == at(5)));
        assert!(matches!(breakers.of("alive").enter(|| at(1)).await, Entry::Go(_)), "others go");
        assert!(matches!(dead.enter(|| at(5)).await, Entry::Go(_)), "asked again");
        dead.note(false, at(5));
        assert!(matches!(dead.enter(|| at(6)).await, Entry::NotBefore(until) if until == at(20)));
        dead.note(true, at(20));
        assert!(matches!(breakers.of("dead").enter(|| at(21)).await, Entry::Go(_)));
    }

    #[tokio::test]
    async fn who_waits_for_a_destination_that_dies_does_not_go() {
        let breakers = Breakers::default();
        let slow = breakers.of("slow");
        let mut on_their_way = Vec::new();
        for _ in 0..AT_ONCE {
            let Entry::Go(permit) = slow.enter(|| at(0)).await else { panic!("there is room") };
            on_their_way.push(permit);
        }
        let waits = {
            let slow = slow.clone();
            tokio::spawn(async move { slow.enter(|| at(0)).await })
        };
        tokio::task::yield_now().await;
        slow.note(false, at(0));
        drop(on_their_way);
        assert!(matches!(waits.await.unwrap(), Entry::NotBefore(_)));
    }
}
