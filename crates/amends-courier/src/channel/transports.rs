//! Several mail servers in order: the first that works is used, and one that does not is left alone for a while, longer
//! each time (a circuit breaker for each). Pure but for its lock: the caller brings the clock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::backoff::probe_at;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The breakers of all servers, and which one is used now.
pub(super) struct Breakers {
    state: Mutex<State>,
}

struct State {
    now_used: usize,
    servers: Vec<Breaker>,
}

#[derive(Clone, Copy, Default)]
struct Breaker {
    /// How often in a row it did not work.
    failures: u32,
    /// When it last did not work, and until when it is left alone; none while it works.
    failed_at: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Breakers {
    pub(super) fn new(servers: usize) -> Self {
        Self { state: Mutex::new(State { now_used: 0, servers: vec![Breaker::default(); servers] }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The order in which to try them: as configured, without those that are left alone, which come last. When none is
    /// known to work, the one that was not asked for longest comes first, so that all are asked in turn.
    pub(super) fn order(&self, now: Timestamp) -> Vec<usize> {
        let state = self.state();
        let mut order: Vec<usize> = (0..state.servers.len()).collect();
        let none_works = state.servers.iter().all(|b| b.failures > 0);
        order.sort_by_key(|n| {
            let breaker = &state.servers[*n];
            if none_works { breaker.failed_at } else { breaker.until.filter(|until| *until > now) }
        });
        order
    }

    pub(super) fn used(&self) -> usize {
        self.state().now_used
    }

    /// It opened, and is used from now on. Whether it takes messages is not known yet.
    pub(super) fn opened(&self, server: usize) {
        self.state().now_used = server;
    }

    /// It took a message.
    pub(super) fn works(&self, server: usize) {
        self.state().servers[server] = Breaker::default();
    }

    /// It does not work. Answers whether another may be used now.
    pub(super) fn broke(&self, server: usize, now: Timestamp) -> bool {
        let mut state = self.state();
        let breaker = &mut state.servers[server];
        breaker.failed_at = Some(now);
        breaker.until = Some(probe_at(now, breaker.failures));
        breaker.failures = breaker.failures.saturating_add(1);
        state.servers.iter().any(|b| b.until.is_none_or(|until| until <= now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn the_first_that_works_is_used_and_comes_back() {
        let b = Breakers::new(3);
        assert_eq!(b.order(at(0)), [0, 1, 2]);
        assert!(b.broke(0, at(0)));
        assert_eq!(b.order(at(1)), [1, 2, 0], "left alone");
        assert_eq!(b.order(at(5)), [0, 1, 2], "and tried again");
        assert!(b.broke(0, at(5)));
        assert_eq!(b.order(at(19)), [1, 2, 0], "longer the second time");
        b.works(0);
        assert!(b.broke(0, at(20)));
        assert_eq!(b.order(at(25)), [0, 1, 2], "what worked in between is forgiven");
    }

    #[test]
    fn when_none_works_the_one_left_alone_for_longest_is_asked() {
        let b = Breakers::new(2);
        assert!(b.broke(0, at(0)));
        assert!(!b.broke(1, at(1)), "none is left");
        assert_eq!(b.order(at(2)), [0, 1]);
        assert!(!b.broke(0, at(2)));
        assert_eq!(b.order(at(3)), [1, 0], "in turn");
        assert_eq!(b.order(at(900)), [1, 0], "also when both were left alone for long");
    }
}
