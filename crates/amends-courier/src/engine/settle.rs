//! The end of a batch: what waited for it is recorded, what was not sent goes back, and the channel stops if it must.
//!
//! When nothing but good news came, that is done while the next batch is sent already: the lines do not wait for the
//! store.

use std::collections::BTreeSet;

use amends_model::BroadcastId;
use amends_store::delivery::Claimed;
use amends_store::{StoreError, broadcast, channel, delivery, lease, suppression};

use super::{Courier, State};
use crate::channel::{Answer, Task};
use crate::engine::round::Stopped;
use crate::trial::is_excused;
use crate::{alarm, hold, outcome};

/// A batch that was sent, and has to be put down.
pub(super) struct Sent {
    pub(super) lease: String,
    /// Answers that are not written down yet: the last ones, and those that waited for the end.
    pub(super) answers: Vec<(Task, Answer)>,
    /// Broadcasts that may be finished now.
    pub(super) broadcasts: BTreeSet<BroadcastId>,
}

impl Courier {
    /// Settles what was sent, and puts back what was claimed ahead. While the store cannot take it, it stays in our hands.
    pub(super) async fn put_down(&self, state: &mut State) -> Result<(), StoreError> {
        self.settle(&state.sent, None, false).await?;
        state.sent.clear();
        if let Some(ahead) = &state.ahead {
            self.give_back(ahead).await?;
            state.ahead = None;
        }
        Ok(())
    }

    /// Ends batches, all of them or none. `stopped`: why the channel has to be, unless mail takes a `detour`.
    pub(super) async fn settle(
        &self,
        batches: &[Sent],
        stopped: Option<&Stopped>,
        detour: bool,
    ) -> Result<(), StoreError> {
        if batches.is_empty() {
            return Ok(());
        }
        let now = self.now();
        let (mut outcomes, mut suppressions) = (Vec::new(), Vec::new());
        for sent in batches {
            let mut of_batch = Vec::new();
            for (task, answer) in &sent.answers {
                let c: &Claimed = &task.delivery;
                if stopped.is_some_and(|(stop, _)| is_excused(answer.verdict, *stop)) {
                    of_batch.push(outcome::excused(c, answer, now));
                } else {
                    of_batch.push(outcome::of(c, answer, now, self.number()));
                    suppressions.extend(outcome::suppression(c, answer, self.channel(), now));
                }
            }
            outcomes.push(of_batch);
        }
        let mut tx = self.store.begin().await?;
        for (sent, of_batch) in batches.iter().zip(&outcomes) {
            delivery::record(&mut tx, &sent.lease, of_batch, now).await?;
            lease::end(&mut tx, &sent.lease, now).await?;
        }
        suppression::add(&mut tx, &suppressions).await?;
        let broadcasts: BTreeSet<_> = batches.iter().flat_map(|sent| &sent.broadcasts).collect();
        for b in broadcasts {
            broadcast::finish_if_done(&mut tx, b, now).await?;
        }
        let mut held = None;
        if let Some((stop, words)) = stopped.filter(|_| !detour) {
            // Another node may have been first; its words stand.
            let known = channel::get(&mut tx, self.channel()).await?;
            if !known.is_some_and(|h| h.failing) {
                channel::set(&mut tx, &hold::stopped(self.channel(), *stop, words, now)).await?;
                let waiting = delivery::waiting(&mut tx, self.channel()).await?;
                let what = (stop.in_words(), words.as_str(), waiting);
                alarm::tell_stopped(&mut tx, &self.settings, &self.random, self.channel(), what, now).await?;
                held = Some(what);
            }
        }
        tx.commit().await?;
        let answers = batches.iter().flat_map(|sent| &sent.answers);
        for (outcome, (task, _)) in outcomes.iter().flatten().zip(answers) {
            self.around.meter.note(self.channel(), outcome.state, task.bundle.made_at, now);
        }
        if let Some((reason, words, waiting)) = held {
            self.around.nudge();
            tracing::error!(reason, said = %words, waiting, "mail is held until the mail server takes it again");
        }
        Ok(())
    }
}
