//! From what a destination said to what is recorded. Pure.

use amends_model::DeliveryState;
use amends_store::delivery::{Claimed, Outcome};
use jiff::{SignedDuration, Timestamp};

use crate::backoff::probe_at;
use crate::channel::Said;
use crate::judge::Verdict;
use crate::outcome::shortened;

/// Waits after the first, second, … attempt, in seconds, as Standard Webhooks has them.
const WAITS: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// Nobody may put us off for longer.
const LONGEST: i64 = 86_400;
/// An endpoint that took nothing for so long is not written to any more.
pub(super) const GIVEN_UP_AFTER: SignedDuration = SignedDuration::from_hours(5 * 24);
/// Its owner is told when it took nothing for so long.
pub(super) const TOLD_AFTER: SignedDuration = SignedDuration::from_mins(30);

/// What is recorded for a message that was tried. `jitter` is any number.
pub(super) fn of<'a>(c: &'a Claimed, said: &Said, now: Timestamp, jitter: u32) -> Outcome<'a> {
    let attempts = c.attempts + 1;
    let words = shortened(&said.words);
    let (state, next_at, reply) = match said.verdict {
        Verdict::Accepted => (DeliveryState::Accepted, now, words),
        Verdict::HardBounce => (DeliveryState::Bounced, now, words),
        Verdict::Refused | Verdict::SenderRejected | Verdict::Doubtful => {
            (DeliveryState::Refused, now, words)
        }
        Verdict::TryLater | Verdict::Unknown | Verdict::NotSent | Verdict::ChannelFailure => {
            match WAITS.get(attempts.saturating_sub(1) as usize) {
                Some(wait) => {
                    let asked = said.after.map_or(0, |after| after.as_secs());
                    let wait = asked.clamp(*wait, LONGEST);
                    let spread = i64::from(jitter % 1000) * wait / 10_000;
                    let at = now.checked_add(SignedDuration::from_secs(wait + spread)).unwrap_or(now);
                    (DeliveryState::Deferred, at, words)
                }
                None => (
                    DeliveryState::Refused,
                    now,
                    format!("given up after {attempts} attempts; last: {words}"),
                ),
            }
        }
    };
    Outcome { of: c, state, attempts, next_at, reply: Some(reply) }
}

/// What is recorded for a message that a gateway of ours did not take because of itself: that costs the message nothing.
/// It is tried again when the gateway is.
pub(super) fn excused<'a>(c: &'a Claimed, said: &Said, now: Timestamp, jitter: u32) -> Outcome<'a> {
    let words = shortened(&said.words);
    Outcome { reply: Some(words), ..put_off(c, probe_at(now, 0), jitter) }
}

/// What is recorded for a message to a destination that is left alone: it was not tried. Deferred, so that newer word need
/// not wait for it.
pub(super) fn put_off(c: &Claimed, until: Timestamp, jitter: u32) -> Outcome<'_> {
    let spread = SignedDuration::from_millis(i64::from(jitter % 1000));
    Outcome {
        of: c,
        state: DeliveryState::Deferred,
        attempts: c.attempts,
        next_at: until.checked_add(spread).unwrap_or(until),
        reply: (c.attempts == 0).then(|| "not tried yet: the server did not answer just before".into()),
    }
}

/// What becomes of an endpoint that took nothing just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    /// Nothing more than to note it.
    Note,
    /// Its owner is told.
    Tell,
    /// It is not written to any more, and why.
    End(&'static str),
}

/// Decides it. `failing_since` and `told` are as they were before.
pub(super) fn care(verdict: Verdict, failing_since: Option<Timestamp>, told: bool, now: Timestamp) -> Care {
    let lasted = failing_since.map_or(SignedDuration::ZERO, |since| now.duration_since(since));
    match verdict {
        Verdict::HardBounce => Care::End("its server said that it is gone for good"),
        _ if lasted >= GIVEN_UP_AFTER => Care::End("its server took no message for five days"),
        _ if lasted >= TOLD_AFTER && !told => Care::Tell,
        _ => Care::Note,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use amends_model::{BroadcastId, Channel, DeliveryId, SubscriberState};

    fn claimed(attempts: u32) -> Claimed {
        Claimed {
            n: 1,
            channel: Channel::Webhook,
            unwritten: None,
            id: DeliveryId::from_random([1; 12]),
            broadcast_id: BroadcastId::from_random([2; 12]),
            subscriber_id: None,
            address: "https://example.com/".into(),
            attempts,
            created_at: Timestamp::UNIX_EPOCH,
            subscriber_state: Some(SubscriberState::Confirmed),
            suppressed: false,
        }
    }

    fn later(after: Option<i64>) -> Said {
        let after = after.map(SignedDuration::from_secs);
        Said { after, ..Said::new(Verdict::TryLater, "HTTP 503") }
    }

    #[test]
    fn retries_follow_the_schedule_and_the_other_side_may_ask_for_more() {
        let now = Timestamp::UNIX_EPOCH;
        let wait = |attempts, after| of(&claimed(attempts), &later(after), now, 0).next_at.as_second();
        assert_eq!([wait(0, None), wait(1, None), wait(2, None), wait(8, None)], [5, 300, 1_800, 86_400]);
        assert_eq!(wait(0, Some(120)), 120, "Retry-After");
        assert_eq!(wait(1, Some(1)), 300, "never sooner than we would");
        assert_eq!(wait(0, Some(i64::MAX)), 86_400, "nor for ever");
        let ninth = claimed(9);
        let end = of(&ninth, &later(None), now, 0);
        assert_eq!((end.state, end.attempts), (DeliveryState::Refused, 10));
        assert!(end.reply.unwrap().starts_with("given up after 10 attempts"));
        assert_eq!(put_off(&claimed(0), now, 0).attempts, 0, "not tried costs nothing");
        let excused = excused(&ninth, &later(None), now, 0);
        assert_eq!((excused.state, excused.attempts), (DeliveryState::Deferred, 9), "nor does our own fault");
        assert_eq!(excused.reply.as_deref(), Some("HTTP 503"));
    }

    #[test]
    fn owners_are_told_once_and_after_five_days_it_ends() {
        let at = |hours: i64| Timestamp::from_second(hours * 3600).unwrap();
        let of = |since, told, now| care(Verdict::TryLater, since, told, now);
        assert_eq!(of(None, false, at(0)), Care::Note);
        assert_eq!(of(Some(at(0)), false, at(1)), Care::Tell);
        assert_eq!(of(Some(at(0)), true, at(2)), Care::Note);
        assert!(matches!(of(Some(at(0)), true, at(120)), Care::End(_)));
        assert!(matches!(care(Verdict::HardBounce, None, false, at(0)), Care::End(_)));
    }
}
