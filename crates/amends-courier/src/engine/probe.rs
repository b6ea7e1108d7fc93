//! Asking a channel that failed whether it works again: with one message, by one node.

use amends_model::ChannelHealth;
use amends_store::delivery::Order;
use amends_store::{StoreError, Tx, broadcast, channel, delivery, lease, suppression};
use jiff::{SignedDuration, Timestamp};

use super::{Courier, State, Turn};
use crate::alarm;
use crate::channel::{Answer, LineEnd, Task};
use crate::judge::Verdict;
use crate::trial::{Stop, Trial, mends};
use crate::{hold, outcome};

/// If the node that asks dies, another asks after this long; longer than a mail server may take to answer.
const PROBE_LEASE: SignedDuration = SignedDuration::from_mins(7);

impl Courier {
    pub(super) async fn probe(&self, state: &mut State, health: &ChannelHealth) -> Result<Turn, StoreError> {
        let now = self.now();
        let mut tx = self.store.begin().await?;
        let until = now.checked_add(PROBE_LEASE).unwrap_or(now);
        let ours = channel::take_probe(&mut tx, self.channel(), now, until).await?;
        tx.commit().await?;
        if !ours {
            return Ok(Turn::Idle(Some(until)));
        }
        // From both ends in turn: if the oldest is refused for a reason of its own, another one gets its chance.
        let order = if health.probes.is_multiple_of(2) { Order::OldestFirst } else { Order::NewestFirst };
        let batch = self.claim(1, order, false).await?;
        let (lease, task) = match batch {
            Some(mut batch) => match batch.tasks.pop() {
                Some(task) => (batch.lease, Some(task)),
                // It was not to be sent any more. Ask again at once, with another.
                None => {
                    self.set_health(&ChannelHealth { next_probe_at: Some(now), ..health.clone() }).await?;
                    return Ok(Turn::More);
                }
            },
            None => (String::new(), None),
        };
        let (answer, mended) = self.ask(state, health, task.clone()).await;
        let now = self.now();
        let mut tx = self.store.begin().await?;
        if let Some(task) = &task {
            self.settle_probe(&mut tx, &lease, task, &answer, mended, now).await?;
        }
        let turn = if mended {
            self.mended(&mut tx, health, now).await?;
            state.trial = Trial::default();
            state.way = self.carrier.way();
            Turn::More
        } else {
            // With several servers the next question goes to another one.
            self.carrier.fail_over();
            let failing = hold::still_failing(health, stop_for(answer.verdict, health), &answer.words, now);
            channel::set(&mut tx, &failing).await?;
            Turn::Idle(failing.next_probe_at)
        };
        tx.commit().await?;
        if mended {
            self.around.nudge();
        }
        Ok(turn)
    }

    async fn set_health(&self, health: &ChannelHealth) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        channel::set(&mut tx, health).await?;
        tx.commit().await
    }

    /// Opens a line and sends the message, if there is one. Without one, a line that opens is enough only when lines
    /// were the trouble.
    async fn ask(&self, state: &mut State, health: &ChannelHealth, task: Option<Task>) -> (Answer, bool) {
        let stop = hold::stop_of(health);
        let mut line = match self.carrier.open().await {
            Ok(line) => line,
            Err(words) => return (Answer { verdict: Verdict::ChannelFailure, words }, false),
        };
        let Some(task) = task else {
            line.close().await;
            let mended = stop == Stop::ChannelFailure;
            return (Answer { verdict: Verdict::NotSent, words: health.detail.clone() }, mended);
        };
        let (mut to_send, mut answered) = (Some(task), None);
        let end = line.carry(&mut || to_send.take(), &mut |_, answer| answered = Some(answer)).await;
        if end == LineEnd::Drained {
            state.lines.push(line);
        }
        let none = Answer { verdict: Verdict::NotSent, words: "the message was not taken".into() };
        let answer = answered.unwrap_or(none);
        let mended = mends(answer.verdict, stop);
        (answer, mended)
    }

    async fn settle_probe(
        &self,
        tx: &mut Tx,
        lease_id: &str,
        task: &Task,
        answer: &Answer,
        mended: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let c = &task.delivery;
        // Unless it may have been taken, a probe that did not get through costs the message nothing.
        let tried = mended || answer.verdict == Verdict::Unknown;
        let outcome = if tried {
            suppression::add(tx, &Vec::from_iter(outcome::suppression(c, answer, self.channel(), now)))
                .await?;
            outcome::of(c, answer, now, self.number())
        } else {
            outcome::excused(c, answer, now)
        };
        delivery::record(tx, lease_id, &[outcome], now).await?;
        lease::end(tx, lease_id, now).await?;
        broadcast::finish_if_done(tx, &c.broadcast_id, now).await?;
        Ok(())
    }

    /// Everything that waits is due now, and the operators are told.
    async fn mended(&self, tx: &mut Tx, was: &ChannelHealth, now: Timestamp) -> Result<(), StoreError> {
        channel::set(tx, &hold::working(self.channel(), now)).await?;
        let waiting = delivery::waiting(tx, self.channel()).await?;
        delivery::all_due(tx, self.channel(), now).await?;
        let seconds = now.duration_since(was.since).as_secs();
        tracing::info!(waiting, seconds, reason = %was.reason, "mail goes out again");
        alarm::tell_mended(tx, &self.settings, &self.random, was, waiting, now).await
    }
}

/// What a failed probe says about the channel.
fn stop_for(verdict: Verdict, health: &ChannelHealth) -> Stop {
    match verdict {
        Verdict::SenderRejected => Stop::SenderRejected,
        Verdict::Doubtful => Stop::RefusesEverybody,
        Verdict::HardBounce => Stop::KnowsNobody,
        Verdict::TryLater => Stop::PutsEverybodyOff,
        Verdict::ChannelFailure | Verdict::Unknown => Stop::ChannelFailure,
        Verdict::NotSent | Verdict::Accepted | Verdict::Refused => hold::stop_of(health),
    }
}
