//! From a verdict to what is recorded. Pure.

use amends_model::{Channel, DeliveryState, SubscriberState, Suppression, SuppressionReason};
use amends_store::delivery::{Claimed, Outcome};
use jiff::Timestamp;

use crate::backoff::{retry_at, retry_doubtful_at};
use crate::channel::Answer;
use crate::judge::Verdict;

/// Most characters of the other side's words that are kept.
const WORDS: usize = 500;

/// Why a claimed delivery is not sent after all, if so: what was true when it was written down may not be any more.
pub fn not_to_be_sent(c: &Claimed) -> Option<(DeliveryState, &'static str)> {
    if c.suppressed {
        return Some((DeliveryState::Suppressed, "the address is suppressed"));
    }
    if c.subscriber_id.is_some() && c.subscriber_state != Some(SubscriberState::Confirmed) {
        return Some((DeliveryState::Cancelled, "no longer subscribed"));
    }
    if c.overtaken && c.attempts > 0 {
        return Some((DeliveryState::Superseded, "newer word on the same matter was on its way already"));
    }
    None
}

/// A claimed delivery that is not sent.
pub fn unsent(c: &Claimed, state: DeliveryState, why: &str, now: Timestamp) -> Outcome {
    Outcome { id: c.id.clone(), state, attempts: c.attempts, next_at: now, reply: Some(why.to_owned()) }
}

/// What is recorded for a delivery that was tried. `jitter` is any number.
pub fn of(c: &Claimed, answer: &Answer, now: Timestamp, jitter: u32) -> Outcome {
    let attempts = c.attempts + 1;
    let words: String = answer.words.chars().take(WORDS).collect();
    let ended = |state| (state, now, words.clone());
    let again = |at: Option<Timestamp>| match at {
        Some(at) => (DeliveryState::Deferred, at, words.clone()),
        None => (DeliveryState::Refused, now, format!("given up after {attempts} attempts; last: {words}")),
    };
    let (state, next_at, reply) = match answer.verdict {
        Verdict::Accepted => ended(DeliveryState::Accepted),
        Verdict::HardBounce => ended(DeliveryState::Bounced),
        Verdict::Refused => ended(DeliveryState::Refused),
        Verdict::Doubtful | Verdict::SenderRejected => again(retry_doubtful_at(now, attempts, jitter)),
        Verdict::TryLater | Verdict::Unknown | Verdict::NotSent | Verdict::ChannelFailure => {
            again(retry_at(now, attempts, jitter))
        }
    };
    Outcome { id: c.id.clone(), state, attempts, next_at, reply: Some(reply) }
}

/// What is recorded for a delivery whose refusal is held against the channel: it waits on, as if it had not been
/// tried, behind those that were not.
pub fn excused(c: &Claimed, answer: &Answer, now: Timestamp) -> Outcome {
    let state = if c.attempts == 0 { DeliveryState::Queued } else { DeliveryState::Deferred };
    let words: String = answer.words.chars().take(WORDS).collect();
    Outcome { id: c.id.clone(), state, attempts: c.attempts, next_at: now, reply: Some(words) }
}

/// The suppression that follows, if one does.
pub fn suppression(c: &Claimed, answer: &Answer, channel: Channel, now: Timestamp) -> Option<Suppression> {
    (answer.verdict == Verdict::HardBounce).then(|| Suppression {
        channel,
        address: c.address.clone(),
        reason: SuppressionReason::Bounced,
        detail: answer.words.chars().take(WORDS).collect(),
        at: now,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed(attempts: u32) -> Claimed {
        Claimed {
            id: "abcdefgh0123".parse().unwrap(),
            broadcast_id: "abcdefgh0124".parse().unwrap(),
            subscriber_id: Some("abcdefgh0125".parse().unwrap()),
            address: "ada@example.net".into(),
            attempts,
            created_at: Timestamp::UNIX_EPOCH,
            subscriber_state: Some(SubscriberState::Confirmed),
            suppressed: false,
            overtaken: false,
        }
    }

    fn after(verdict: Verdict, attempts: u32) -> (DeliveryState, u32) {
        let answer = Answer { verdict, words: "550 x".into() };
        let out = of(&claimed(attempts), &answer, Timestamp::UNIX_EPOCH, 0);
        assert_eq!(out.state == DeliveryState::Deferred, out.next_at > Timestamp::UNIX_EPOCH);
        (out.state, out.attempts)
    }

    #[test]
    fn each_verdict_has_its_state() {
        use DeliveryState::*;
        assert_eq!(after(Verdict::Accepted, 0), (Accepted, 1));
        assert_eq!(after(Verdict::HardBounce, 0), (Bounced, 1));
        assert_eq!(after(Verdict::Refused, 2), (Refused, 3));
        for v in [
            Verdict::TryLater,
            Verdict::Unknown,
            Verdict::NotSent,
            Verdict::Doubtful,
            Verdict::SenderRejected,
        ] {
            assert_eq!(after(v, 0), (Deferred, 1), "{v:?}");
            assert_eq!(after(v, 50), (Refused, 51), "{v:?}: given up one day");
        }
        assert_eq!(after(Verdict::Doubtful, 3), (Refused, 4));
        let bounce = Answer { verdict: Verdict::HardBounce, words: "550 5.1.1 x".into() };
        assert!(suppression(&claimed(0), &bounce, Channel::Email, Timestamp::UNIX_EPOCH).is_some());
        for v in [Verdict::Refused, Verdict::Doubtful, Verdict::SenderRejected, Verdict::ChannelFailure] {
            let answer = Answer { verdict: v, words: String::new() };
            assert_eq!(suppression(&claimed(0), &answer, Channel::Email, Timestamp::UNIX_EPOCH), None);
        }
    }

    #[test]
    fn what_changed_since_it_was_planned_counts() {
        assert_eq!(not_to_be_sent(&claimed(0)), None);
        assert_eq!(
            not_to_be_sent(&Claimed { overtaken: true, ..claimed(0) }),
            None,
            "the first attempt goes out"
        );
        let state = |c: Claimed| not_to_be_sent(&c).map(|(s, _)| s);
        assert_eq!(state(Claimed { overtaken: true, ..claimed(1) }), Some(DeliveryState::Superseded));
        assert_eq!(state(Claimed { suppressed: true, ..claimed(0) }), Some(DeliveryState::Suppressed));
        assert_eq!(state(Claimed { subscriber_state: None, ..claimed(0) }), Some(DeliveryState::Cancelled));
        let left = Some(SubscriberState::Unsubscribed);
        assert_eq!(state(Claimed { subscriber_state: left, ..claimed(0) }), Some(DeliveryState::Cancelled));
        assert_eq!(
            state(Claimed { subscriber_id: None, subscriber_state: None, ..claimed(0) }),
            None,
            "single mail"
        );
    }

    #[test]
    fn an_excused_delivery_loses_no_attempt() {
        let answer = Answer { verdict: Verdict::Doubtful, words: "550 rejected: unsigned".into() };
        let out = excused(&claimed(0), &answer, Timestamp::UNIX_EPOCH);
        assert_eq!(
            (out.state, out.attempts, out.reply.as_deref()),
            (DeliveryState::Queued, 0, Some("550 rejected: unsigned"))
        );
        assert_eq!(excused(&claimed(2), &answer, Timestamp::UNIX_EPOCH).state, DeliveryState::Deferred);
    }
}
