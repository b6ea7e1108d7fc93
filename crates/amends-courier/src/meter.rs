//! Counting what becomes of messages, for Prometheus: by this process, since it was started. Nothing is decided by it.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use amends_model::{Channel, DeliveryState};
use jiff::Timestamp;

/// Upper bounds of the buckets, in seconds from what was said to its being accepted.
pub const BOUNDS: [u64; 11] = [1, 2, 5, 10, 20, 30, 60, 120, 300, 900, 3600];

/// Outcomes that are counted; those of one attempt, so that one put off twice counts twice.
pub const OUTCOMES: [DeliveryState; 4] =
    [DeliveryState::Accepted, DeliveryState::Deferred, DeliveryState::Refused, DeliveryState::Bounced];

#[derive(Default)]
struct OfChannel {
    outcomes: [AtomicU64; OUTCOMES.len()],
    within: [AtomicU64; BOUNDS.len()],
    milliseconds: AtomicU64,
}

/// Counters of all channels.
pub struct Meter {
    channels: Vec<OfChannel>,
}

impl Default for Meter {
    fn default() -> Self {
        Self { channels: Channel::ALL.iter().map(|_| OfChannel::default()).collect() }
    }
}

/// What was counted on one channel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// How often each of [`OUTCOMES`] was.
    pub outcomes: [u64; OUTCOMES.len()],
    /// How many were accepted within each of [`BOUNDS`].
    pub within: [u64; BOUNDS.len()],
    /// All their times together, in milliseconds.
    pub milliseconds: u64,
}

impl Meter {
    /// Counts one outcome of a message that was said at `made_at`.
    pub(crate) fn note(&self, channel: Channel, state: DeliveryState, made_at: Timestamp, now: Timestamp) {
        let Some(of) = Channel::ALL.iter().position(|c| *c == channel).and_then(|n| self.channels.get(n))
        else {
            return;
        };
        let Some(place) = OUTCOMES.iter().position(|o| *o == state) else { return };
        of.outcomes[place].fetch_add(1, Relaxed);
        if state != DeliveryState::Accepted {
            return;
        }
        let took = u64::try_from(now.duration_since(made_at).as_millis()).unwrap_or_default();
        of.milliseconds.fetch_add(took, Relaxed);
        for (bound, within) in BOUNDS.iter().zip(&of.within) {
            if took <= bound * 1000 {
                within.fetch_add(1, Relaxed);
            }
        }
    }

    /// What was counted on a channel so far.
    pub fn counted(&self, channel: Channel) -> Counted {
        let place = Channel::ALL.iter().position(|c| *c == channel);
        let Some(of) = place.and_then(|n| self.channels.get(n)) else { return Counted::default() };
        let read = |n: &AtomicU64| n.load(Relaxed);
        Counted {
            outcomes: std::array::from_fn(|n| read(&of.outcomes[n])),
            within: std::array::from_fn(|n| read(&of.within[n])),
            milliseconds: read(&of.milliseconds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_and_times_are_counted() {
        let meter = Meter::default();
        let at = |ms: i64| Timestamp::from_millisecond(ms).unwrap();
        let note = |state, ms| meter.note(Channel::Email, state, at(0), at(ms));
        note(DeliveryState::Accepted, 1_000);
        note(DeliveryState::Accepted, 61_000);
        note(DeliveryState::Refused, 5);
        note(DeliveryState::Superseded, 5);
        let counted = meter.counted(Channel::Email);
        assert_eq!(counted.outcomes, [2, 0, 1, 0]);
        assert_eq!(counted.within, [1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2]);
        assert_eq!(counted.milliseconds, 62_000);
        assert_eq!(meter.counted(Channel::Slack), Counted::default());
    }
}
