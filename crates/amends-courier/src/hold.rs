//! Holding a channel that does not work, and letting it go on. Pure.

use amends_model::{Channel, ChannelHealth};
use jiff::Timestamp;

use crate::backoff::probe_at;
use crate::trial::Stop;

/// The health of a channel that was just stopped.
pub fn stopped(channel: Channel, stop: Stop, words: &str, now: Timestamp) -> ChannelHealth {
    ChannelHealth {
        channel,
        failing: true,
        since: now,
        reason: stop.in_words().to_owned(),
        detail: words.to_owned(),
        probes: 0,
        next_probe_at: Some(probe_at(now, 0)),
    }
}

/// After a probe that did not get through: the same stretch of failure, with what was said last.
pub fn still_failing(health: &ChannelHealth, stop: Stop, words: &str, now: Timestamp) -> ChannelHealth {
    let probes = health.probes.saturating_add(1);
    ChannelHealth {
        reason: stop.in_words().to_owned(),
        detail: words.to_owned(),
        probes,
        next_probe_at: Some(probe_at(now, probes)),
        ..health.clone()
    }
}

/// A channel that works (again).
pub fn working(channel: Channel, now: Timestamp) -> ChannelHealth {
    ChannelHealth {
        channel,
        failing: false,
        since: now,
        reason: String::new(),
        detail: String::new(),
        probes: 0,
        next_probe_at: None,
    }
}

/// Why a channel was stopped, from its health.
pub fn stop_of(health: &ChannelHealth) -> Stop {
    Stop::from_words(&health.reason).unwrap_or(Stop::ChannelFailure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_survives_being_stored_as_words() {
        for stop in Stop::ALL {
            assert_eq!(stop_of(&stopped(Channel::Email, stop, "x", Timestamp::UNIX_EPOCH)), stop);
        }
    }

    #[test]
    fn probes_become_rarer_and_since_stays() {
        let first = stopped(Channel::Email, Stop::ChannelFailure, "refused", Timestamp::UNIX_EPOCH);
        let later = Timestamp::from_second(100).unwrap();
        let second = still_failing(&first, Stop::SenderRejected, "550 5.7.1", later);
        assert_eq!((second.since, second.probes), (first.since, 1));
        assert_eq!(second.reason, "the mail server does not accept mail from us");
        assert_eq!(second.next_probe_at, Timestamp::from_second(115).ok());
    }
}
