//! How the channel as a whole does: said when nothing gets through, and when something does again.
//!
//! A server that does not answer is its subscriber's affair, and its owner is told. That none of them answers says something
//! about us; and text messages go through one gateway, which is the operator's own.

use std::collections::BTreeSet;

use amends_model::{Channel, ChannelHealth};
use amends_store::{StoreError, Tx, channel, delivery};
use jiff::{SignedDuration, Timestamp};

use super::Dispatch;
use crate::alarm;
use crate::backoff::probe_at;
use crate::channel::{Errand, Said};
use crate::hold;
use crate::judge::Verdict;

/// So many subscribers' servers in a row do not answer, and no other did meanwhile: that is not theirs.
const SILENT: usize = 5;
/// A gateway puts so many numbers in a row off, and takes none meanwhile.
const PUT_OFF: usize = 10;
/// What another node may have noted is looked at so often.
const LOOK: SignedDuration = SignedDuration::from_mins(1);

/// What was heard of late.
#[derive(Default)]
pub(super) struct Heard {
    silent: BTreeSet<String>,
    /// It was known to work then.
    worked_at: Option<Timestamp>,
}

/// What answers say about the channel.
#[derive(Debug, Clone, PartialEq, Eq)]
enum News {
    Works,
    Fails(&'static str, String),
}

impl Heard {
    /// What answers say, in the order in which they came; the last word counts. `own` is a gateway of ours.
    fn hear<'a>(&mut self, own: bool, answers: impl Iterator<Item = (&'a str, &'a Said)>) -> Option<News> {
        let mut news = None;
        for (address, said) in answers {
            let words = || said.words.clone();
            match said.verdict {
                Verdict::NotSent => {}
                Verdict::ChannelFailure if own => {
                    news = Some(News::Fails("the gateway for text messages does not work for us", words()));
                }
                _ if own && !said.answered => {
                    news = Some(News::Fails("the gateway for text messages does not answer", words()));
                }
                _ if !said.answered => {
                    self.silent.insert(address.to_owned());
                    if self.silent.len() >= SILENT {
                        news =
                            Some(News::Fails("no server that it goes to can be reached from here", words()));
                    }
                }
                Verdict::TryLater if own => {
                    self.silent.insert(address.to_owned());
                    if self.silent.len() >= PUT_OFF {
                        news = Some(News::Fails("the gateway for text messages puts everybody off", words()));
                    }
                }
                _ => {
                    self.silent.clear();
                    news = Some(News::Works);
                }
            }
        }
        // More names say nothing more.
        while self.silent.len() > PUT_OFF {
            self.silent.pop_first();
        }
        news
    }

    /// Whether it is to be looked up what is known of a channel that works here.
    fn is_due(&self, now: Timestamp) -> bool {
        self.worked_at.is_none_or(|at| now.duration_since(at).abs() >= LOOK)
    }
}

impl Dispatch {
    /// Whether who does not answer is the subscriber's own server. Text messages go through one of ours: that it does not
    /// work says nothing about a number.
    pub(super) fn is_theirs(&self) -> bool {
        self.channel() != Channel::Sms
    }

    /// Whether an answer is about our own gateway and not about the message, which is no worse for it.
    pub(super) fn is_gateways(&self, said: &Said) -> bool {
        let nothing_sent = said.verdict == Verdict::TryLater && !said.answered;
        !self.is_theirs() && (said.verdict == Verdict::ChannelFailure || nothing_sent)
    }

    /// Notes what these answers say about the channel, and tells the operators what is news.
    pub(super) async fn note_standing(
        &self,
        tx: &mut Tx,
        answers: &[(&Errand, &Said)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let said = answers.iter().map(|(errand, said)| (errand.delivery.address.as_str(), *said));
        let (news, is_due) = {
            let mut heard = self.heard();
            let news = heard.hear(!self.is_theirs(), said);
            (news, heard.is_due(now))
        };
        match news {
            Some(News::Fails(reason, words)) => self.fails(tx, reason, &words, now).await,
            Some(News::Works) if is_due || !self.is_theirs() => self.works(tx, now).await,
            Some(News::Works) | None => Ok(()),
        }
    }

    async fn fails(&self, tx: &mut Tx, reason: &str, words: &str, now: Timestamp) -> Result<(), StoreError> {
        self.heard().worked_at = None;
        let known = channel::get(tx, self.channel()).await?;
        let was_failing = known.as_ref().is_some_and(|h| h.failing);
        let (since, probes) = known.filter(|h| h.failing).map_or((now, 0), |h| (h.since, h.probes + 1));
        let failing = ChannelHealth {
            channel: self.channel(),
            failing: true,
            since,
            reason: reason.to_owned(),
            detail: words.to_owned(),
            probes,
            next_probe_at: Some(probe_at(now, probes)),
        };
        channel::set(tx, &failing).await?;
        if was_failing {
            return Ok(());
        }
        let waiting = delivery::waiting(tx, self.channel()).await?;
        tracing::error!(channel = %self.channel(), reason, said = %words, waiting, "messages do not get through");
        let what = (reason, words, waiting);
        alarm::tell_stopped(tx, &self.settings, &self.random, self.channel(), what, now).await?;
        Ok(())
    }

    /// Everything that waits is due now, if it did not work before.
    async fn works(&self, tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
        let known = channel::get(tx, self.channel()).await?;
        let Some(was) = known.filter(|h| h.failing) else {
            self.heard().worked_at = Some(now);
            return Ok(());
        };
        channel::set(tx, &hold::working(self.channel(), now)).await?;
        let waiting = delivery::waiting(tx, self.channel()).await?;
        delivery::all_due(tx, self.channel(), now).await?;
        tracing::info!(channel = %self.channel(), waiting, reason = %was.reason, "messages get through again");
        alarm::tell_mended(tx, &self.settings, &self.random, &was, waiting, now).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(verdict: Verdict) -> Said {
        Said::new(verdict, "HTTP")
    }

    fn nobody() -> Said {
        Said { answered: false, ..Said::new(Verdict::TryLater, "refused") }
    }

    fn hear(heard: &mut Heard, own: bool, said: &[(&str, Said)]) -> Option<News> {
        heard.hear(own, said.iter().map(|(address, said)| (*address, said)))
    }

    fn fails(news: &Option<News>) -> bool {
        matches!(news, Some(News::Fails(..)))
    }

    #[test]
    fn one_dead_server_is_its_owners_affair_and_five_without_an_answer_are_ours() {
        let mut heard = Heard::default();
        for _ in 0..20 {
            assert_eq!(hear(&mut heard, false, &[("a", nobody())]), None);
        }
        let more = [("b", nobody()), ("c", nobody()), ("d", nobody())];
        assert_eq!(hear(&mut heard, false, &more), None);
        assert_eq!(hear(&mut heard, false, &[("e", answered(Verdict::Refused))]), Some(News::Works));
        assert_eq!(hear(&mut heard, false, &more), None, "it begins anew");
        assert!(fails(&hear(&mut heard, false, &[("a", nobody()), ("e", nobody())])));
        // Whatever a server of a subscriber says, it says something.
        for verdict in [Verdict::ChannelFailure, Verdict::TryLater, Verdict::HardBounce, Verdict::Accepted] {
            assert_eq!(hear(&mut heard, false, &[("a", answered(verdict))]), Some(News::Works));
        }
    }

    #[test]
    fn our_own_gateway_fails_at_once_and_a_number_that_is_refused_is_no_failure() {
        let mut heard = Heard::default();
        assert!(fails(&hear(&mut heard, true, &[("1", answered(Verdict::ChannelFailure))])));
        assert!(fails(&hear(&mut heard, true, &[("1", nobody())])));
        for verdict in [Verdict::Accepted, Verdict::Refused, Verdict::HardBounce] {
            assert_eq!(
                hear(&mut heard, true, &[("1", nobody()), ("2", answered(verdict))]),
                Some(News::Works)
            );
        }
        let busy: Vec<String> = (0..PUT_OFF).map(|n| n.to_string()).collect();
        let all: Vec<_> = busy.iter().map(|n| (n.as_str(), answered(Verdict::TryLater))).collect();
        assert_eq!(hear(&mut heard, true, &all[1..]), None);
        assert!(fails(&hear(&mut heard, true, &all)));
        assert!(heard.silent.len() <= PUT_OFF);
    }
}
