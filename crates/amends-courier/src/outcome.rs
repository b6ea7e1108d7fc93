//! From a verdict to what is recorded. Pure.

use amends_model::{Channel, DeliveryState, SubscriberState, Suppression, SuppressionReason};
use amends_store::delivery::{Claimed, Outcome};
use jiff::{SignedDuration, Timestamp};

use crate::backoff::{retry_at, retry_doubtful_at};
use crate::channel::Answer;
use crate::judge::Verdict;

/// Most characters of the other side's words that are kept.
const WORDS: usize = 500;

/// The first of the other side's words.
pub(crate) fn shortened(words: &str) -> String {
    let end = words.char_indices().nth(WORDS).map_or(words.len(), |(at, _)| at);
    words[..end].to_owned()
}

/// What else there is in the same thread for the same address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Around {
    /// Newer word is on its way to everybody.
    pub newer: bool,
    /// Newer word is with this address already, or on the wire to it.
    pub newer_is_out: bool,
    /// Older word to this address was not tried yet, or is on the wire, in somebody else's hands.
    pub older_is_due: bool,
}

/// What is done with a claimed delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is sent.
    Send,
    /// It is not sent any more, and why.
    Drop(DeliveryState, &'static str),
    /// It waits a moment, so that what was said before arrives before.
    Wait,
}

/// What to do with a claimed delivery: what was true when it was written down may not be any more, and nobody is to hear
/// the end of a story before its beginning.
pub fn decide(c: &Claimed, around: Around) -> Decision {
    if c.suppressed {
        return Decision::Drop(DeliveryState::Suppressed, "the address is suppressed");
    }
    if c.subscriber_id.is_some() && c.subscriber_state != Some(SubscriberState::Confirmed) {
        return Decision::Drop(DeliveryState::Cancelled, "no longer subscribed");
    }
    if around.newer_is_out || around.newer && c.attempts > 0 {
        return Decision::Drop(
            DeliveryState::Superseded,
            "newer word on the same matter was on its way already",
        );
    }
    if around.older_is_due { Decision::Wait } else { Decision::Send }
}

/// How long a delivery waits for the word before it.
const MOMENT: SignedDuration = SignedDuration::from_secs(2);

/// What is recorded for a claimed delivery that is not sent now: it has ended in a state, and why, or else it waits for the word
/// before it.
pub fn of_unsent<'a>(c: &'a Claimed, end: Option<(DeliveryState, &str)>, now: Timestamp) -> Outcome<'a> {
    let waits = if c.attempts == 0 { DeliveryState::Queued } else { DeliveryState::Deferred };
    let (state, next_at, reply) = match end {
        Some((state, why)) => (state, now, Some(why.to_owned())),
        None => (waits, now.checked_add(MOMENT).unwrap_or(now), None),
    };
    Outcome { of: c, state, attempts: c.attempts, next_at, reply }
}

/// What is recorded for a delivery that was tried. `jitter` is any number.
pub fn of<'a>(c: &'a Claimed, answer: &Answer, now: Timestamp, jitter: u32) -> Outcome<'a> {
    let attempts = c.attempts + 1;
    let words = shortened(&answer.words);
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
    Outcome { of: c, state, attempts, next_at, reply: Some(reply) }
}

/// What is recorded for a delivery whose refusal is held against the channel: it waits on, as if it had not been
/// tried, behind those that were not.
pub fn excused<'a>(c: &'a Claimed, answer: &Answer, now: Timestamp) -> Outcome<'a> {
    let state = if c.attempts == 0 { DeliveryState::Queued } else { DeliveryState::Deferred };
    let words = shortened(&answer.words);
    Outcome { of: c, state, attempts: c.attempts, next_at: now, reply: Some(words) }
}

/// The suppression that follows, if one does.
pub fn suppression(c: &Claimed, answer: &Answer, channel: Channel, now: Timestamp) -> Option<Suppression> {
    (answer.verdict == Verdict::HardBounce).then(|| Suppression {
        channel,
        address: c.address.clone(),
        reason: SuppressionReason::Bounced,
        detail: shortened(&answer.words),
        at: now,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed(attempts: u32) -> Claimed {
        Claimed {
            n: 1,
            channel: Channel::Email,
            unwritten: None,
            id: "abcdefgh0123".parse().unwrap(),
            broadcast_id: "abcdefgh0124".parse().unwrap(),
            subscriber_id: Some("abcdefgh0125".parse().unwrap()),
            address: "ada@example.net".into(),
            attempts,
            created_at: Timestamp::UNIX_EPOCH,
            subscriber_state: Some(SubscriberState::Confirmed),
            suppressed: false,
        }
    }

    fn after(verdict: Verdict, attempts: u32) -> (DeliveryState, u32) {
        let answer = Answer { verdict, words: "550 x".into() };
        let c = claimed(attempts);
        let out = of(&c, &answer, Timestamp::UNIX_EPOCH, 0);
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
        let state = |c: Claimed| match decide(&c, Around::default()) {
            Decision::Drop(state, _) => Some(state),
            Decision::Send => None,
            Decision::Wait => panic!("nothing to wait for"),
        };
        assert_eq!(state(claimed(0)), None);
        assert_eq!(state(Claimed { suppressed: true, ..claimed(0) }), Some(DeliveryState::Suppressed));
        assert_eq!(state(Claimed { subscriber_state: None, ..claimed(0) }), Some(DeliveryState::Cancelled));
        let left = Some(SubscriberState::Unsubscribed);
        assert_eq!(state(Claimed { subscriber_state: left, ..claimed(0) }), Some(DeliveryState::Cancelled));
        let single = Claimed { subscriber_id: None, subscriber_state: None, ..claimed(0) };
        assert_eq!(state(single), None, "single mail");
    }

    #[test]
    fn nobody_hears_the_end_before_the_beginning() {
        let around = |newer, newer_is_out, older_is_due| Around { newer, newer_is_out, older_is_due };
        let superseded = |d| matches!(d, Decision::Drop(DeliveryState::Superseded, _));
        assert_eq!(
            decide(&claimed(0), around(true, false, false)),
            Decision::Send,
            "the first attempt goes out"
        );
        assert!(superseded(decide(&claimed(1), around(true, false, false))), "a retry does not");
        assert!(superseded(decide(&claimed(0), around(true, true, false))), "the address knows more already");
        assert_eq!(decide(&claimed(0), around(false, false, true)), Decision::Wait);
        let c = claimed(0);
        let later = of_unsent(&c, None, Timestamp::UNIX_EPOCH);
        assert_eq!((later.state, later.attempts), (DeliveryState::Queued, 0), "waiting costs no attempt");
        assert!(later.next_at > Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn an_excused_delivery_loses_no_attempt() {
        let answer = Answer { verdict: Verdict::Doubtful, words: "550 rejected: unsigned".into() };
        let c = claimed(0);
        let out = excused(&c, &answer, Timestamp::UNIX_EPOCH);
        assert_eq!(
            (out.state, out.attempts, out.reply.as_deref()),
            (DeliveryState::Queued, 0, Some("550 rejected: unsigned"))
        );
        assert_eq!(excused(&claimed(2), &answer, Timestamp::UNIX_EPOCH).state, DeliveryState::Deferred);
    }
}
