//! When to stop: the recent outcomes of a channel, taken together.
//!
//! One refusal is about one message; many refusals and no acceptance are about us. This is what turns 500 times
//! "rejected: unsigned" into one held broadcast instead of 500 lost messages.

use std::collections::VecDeque;

use crate::judge::Verdict;

/// Why a channel is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stop {
    /// The server or the way to it does not work.
    ChannelFailure,
    /// The server does not accept mail from us.
    SenderRejected,
    /// It refuses everybody, without saying why.
    RefusesEverybody,
    /// It calls every address unknown, which says more about the server than about the addresses.
    KnowsNobody,
    /// It asks to come back later, whoever the mail is for.
    PutsEverybodyOff,
}

impl Stop {
    /// Every reason.
    pub const ALL: [Self; 5] = [
        Self::ChannelFailure,
        Self::SenderRejected,
        Self::RefusesEverybody,
        Self::KnowsNobody,
        Self::PutsEverybodyOff,
    ];

    /// The reason with these words.
    pub fn from_words(words: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stop| stop.in_words() == words)
    }

    /// For the banner, the doctor and the log.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::ChannelFailure => "the mail server does not work for us",
            Self::SenderRejected => "the mail server does not accept mail from us",
            Self::RefusesEverybody => "the mail server refuses everybody",
            Self::KnowsNobody => "the mail server calls every address unknown",
            Self::PutsEverybodyOff => "the mail server puts everybody off until later",
        }
    }
}

/// How many outcomes are looked back upon.
const WINDOW: usize = 50;
/// So many doubtful refusals without one acceptance stop the channel.
const DOUBTFUL: usize = 3;
/// So many unknown addresses in a row, from the start, stop the channel.
const UNKNOWN_ADDRESSES: usize = 20;
/// So many times "later" and nothing else, from the start, stop the channel.
const PUT_OFF: usize = 10;
/// So many conversations in a row that broke at the end of a message stop the channel.
const BROKEN: usize = 3;

/// The recent outcomes of one channel, the last one of each message. Made anew whenever the channel is (re)opened.
#[derive(Debug, Clone, Default)]
pub struct Trial {
    recent: VecDeque<(u64, Verdict)>,
}

impl Trial {
    /// Notes the outcome of a message (`who` tells messages apart) and says whether to stop.
    ///
    /// - A channel failure stops at once.
    /// - A rejected sender stops when at least one in ten of the recent outcomes is one, so the first one always
    ///   stops, and one odd recipient among many accepted ones does not stop the others again and again.
    /// - Doubtful refusals stop when they are half of the recent outcomes, and there are at least three.
    ///
    /// A message that is tried again counts once: its fourth refusal says nothing about the others.
    pub fn note(&mut self, who: u64, verdict: Verdict) -> Option<Stop> {
        if verdict == Verdict::NotSent {
            return None;
        }
        self.recent.retain(|(known, _)| *known != who);
        if self.recent.len() == WINDOW {
            self.recent.pop_front();
        }
        self.recent.push_back((who, verdict));
        let count = |v: Verdict| self.recent.iter().filter(|(_, r)| *r == v).count();
        let accepted = count(Verdict::Accepted);
        match verdict {
            Verdict::ChannelFailure => Some(Stop::ChannelFailure),
            Verdict::SenderRejected => {
                (count(Verdict::SenderRejected) * 10 >= self.recent.len()).then_some(Stop::SenderRejected)
            }
            Verdict::Doubtful => {
                let doubtful = count(Verdict::Doubtful);
                (doubtful >= DOUBTFUL && doubtful * 2 >= self.recent.len()).then_some(Stop::RefusesEverybody)
            }
            Verdict::HardBounce => (accepted == 0 && count(Verdict::HardBounce) >= UNKNOWN_ADDRESSES)
                .then_some(Stop::KnowsNobody),
            Verdict::Unknown => {
                let in_a_row = self.recent.iter().rev().take_while(|(_, v)| *v == Verdict::Unknown).count();
                (in_a_row >= BROKEN).then_some(Stop::ChannelFailure)
            }
            Verdict::TryLater => {
                (count(Verdict::TryLater) >= PUT_OFF.max(self.recent.len())).then_some(Stop::PutsEverybodyOff)
            }
            // One full mailbox is its owner's affair; twenty and nothing else are the server's.
            Verdict::Refused => (accepted == 0 && count(Verdict::Refused) >= UNKNOWN_ADDRESSES)
                .then_some(Stop::RefusesEverybody),
            Verdict::Accepted | Verdict::NotSent => None,
        }
    }

    /// Asked when nothing is left to send: whether all that was tried was refused for unclear reasons. With few
    /// subscribers there are never three refusals to count.
    pub fn at_the_end(&self) -> Option<Stop> {
        let all_doubtful =
            !self.recent.is_empty() && self.recent.iter().all(|(_, v)| *v == Verdict::Doubtful);
        all_doubtful.then_some(Stop::RefusesEverybody)
    }
}

/// Whether a verdict, given while the channel was being stopped for `stop`, is held against the channel: the delivery
/// goes back to the queue as if it had not been tried.
pub fn is_excused(verdict: Verdict, stop: Stop) -> bool {
    match verdict {
        Verdict::Doubtful | Verdict::SenderRejected | Verdict::ChannelFailure | Verdict::NotSent => true,
        Verdict::HardBounce => stop == Stop::KnowsNobody,
        Verdict::TryLater => stop == Stop::PutsEverybodyOff,
        Verdict::Refused => stop == Stop::RefusesEverybody,
        Verdict::Accepted | Verdict::Unknown => false,
    }
}

/// Whether this verdict on a probe shows that a channel that was stopped for `stop` works again.
pub fn mends(verdict: Verdict, stop: Stop) -> bool {
    match verdict {
        Verdict::Accepted => true,
        // Answers about one recipient: the conversation as such works.
        Verdict::Refused | Verdict::HardBounce | Verdict::TryLater => !is_excused(verdict, stop),
        Verdict::Doubtful
        | Verdict::SenderRejected
        | Verdict::ChannelFailure
        | Verdict::Unknown
        | Verdict::NotSent => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::*;

    fn run(verdicts: impl IntoIterator<Item = Verdict>) -> Option<(usize, Stop)> {
        let mut trial = Trial::default();
        verdicts.into_iter().enumerate().find_map(|(n, v)| trial.note(n as u64, v).map(|stop| (n + 1, stop)))
    }

    #[test]
    fn a_server_that_refuses_everybody_is_stopped_at_the_third() {
        assert_eq!(run([Doubtful; 500]), Some((3, Stop::RefusesEverybody)));
        assert_eq!(run([SenderRejected; 500]), Some((1, Stop::SenderRejected)));
        assert_eq!(run([ChannelFailure]), Some((1, Stop::ChannelFailure)));
    }

    #[test]
    fn single_refusals_among_acceptances_do_not_stop() {
        let one_in = |v, n: usize| (0..500).map(move |i| if i % n == n - 1 { v } else { Accepted });
        assert_eq!(run(one_in(Doubtful, 4)), None);
        assert_eq!(run(one_in(SenderRejected, 20)), None);
        assert_eq!(run(one_in(HardBounce, 2)), None);
        assert_eq!(run(one_in(Unknown, 2)), None);
    }

    #[test]
    fn a_server_that_begins_to_refuse_in_the_middle_is_stopped() {
        let (n, stop) = run((0..200).map(|i| if i < 100 { Accepted } else { Doubtful })).unwrap();
        assert!(n <= 100 + WINDOW / 2 + 1 && stop == Stop::RefusesEverybody, "{n}");
        let (n, stop) = run((0..200).map(|i| if i < 100 { Accepted } else { SenderRejected })).unwrap();
        assert!(n <= 100 + WINDOW / 10 + 1 && stop == Stop::SenderRejected, "{n}");
    }

    #[test]
    fn twenty_unknown_addresses_and_no_known_one_are_the_servers_fault() {
        assert_eq!(run([HardBounce; 19]), None);
        assert_eq!(run([HardBounce; 500]), Some((20, Stop::KnowsNobody)));
        assert!(is_excused(HardBounce, Stop::KnowsNobody) && !is_excused(HardBounce, Stop::RefusesEverybody));
    }

    #[test]
    fn twenty_full_mailboxes_and_no_other_are_the_servers_fault() {
        assert_eq!(run([Refused; 19]), None);
        assert_eq!(run([Refused; 500]), Some((20, Stop::RefusesEverybody)));
        assert_eq!(run([Accepted].into_iter().chain([Refused; 45])), None);
        assert!(is_excused(Refused, Stop::RefusesEverybody) && !is_excused(Refused, Stop::ChannelFailure));
        assert!(!mends(Refused, Stop::RefusesEverybody) && mends(Refused, Stop::ChannelFailure));
    }

    #[test]
    fn a_server_that_puts_everybody_off_is_asked_again_by_one_message_only() {
        assert_eq!(run([TryLater; 500]), Some((10, Stop::PutsEverybodyOff)));
        assert_eq!(run([Accepted].into_iter().chain([TryLater; 500])), Some((51, Stop::PutsEverybodyOff)));
        assert_eq!(run((0..500).map(|i| if i % 5 == 0 { Accepted } else { TryLater })), None, "greylisting");
    }

    #[test]
    fn only_an_answer_that_is_not_about_us_mends() {
        for stop in Stop::ALL {
            assert!(mends(Accepted, stop));
            for v in [Doubtful, SenderRejected, ChannelFailure, NotSent, Unknown] {
                assert!(!mends(v, stop), "{v:?} {stop:?}");
            }
        }
        assert!(mends(HardBounce, Stop::ChannelFailure) && !mends(HardBounce, Stop::KnowsNobody));
        assert!(mends(TryLater, Stop::ChannelFailure) && !mends(TryLater, Stop::PutsEverybodyOff));
    }

    #[test]
    fn one_subscriber_is_enough_to_notice_at_the_end() {
        let mut trial = Trial::default();
        assert_eq!(trial.at_the_end(), None);
        assert_eq!(trial.note(1, Doubtful), None);
        assert_eq!(trial.at_the_end(), Some(Stop::RefusesEverybody));
        trial.note(2, Accepted);
        assert_eq!(trial.at_the_end(), None);
    }

    #[test]
    fn one_message_that_is_refused_again_and_again_stops_nobody() {
        let mut trial = Trial::default();
        for n in 0..20 {
            trial.note(n, Accepted);
        }
        for _ in 0..10 {
            assert_eq!(trial.note(99, SenderRejected), None);
            assert_eq!(trial.note(98, Doubtful), None);
        }
    }

    #[test]
    fn conversations_that_always_break_are_stopped() {
        assert_eq!(run([Unknown, NotSent, Unknown, NotSent, Unknown]), Some((3 + 2, Stop::ChannelFailure)));
    }
}
