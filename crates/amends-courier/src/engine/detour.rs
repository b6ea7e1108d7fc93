//! When mail goes another way than before: the operators are told, by that way.

use amends_store::StoreError;
use jiff::SignedDuration;

use super::{Courier, State};
use crate::alarm::{self, News, Ways};
use crate::channel::Way;

/// Operators are told of the same change of way at most this often, all nodes together.
const AGAIN: SignedDuration = SignedDuration::from_mins(30);

impl Courier {
    /// Notices that the carrier uses another way than before: lines and what was learned belong to the old one.
    pub(super) async fn meet_the_way(&self, state: &mut State) -> Result<(), StoreError> {
        let now_used = self.carrier.way();
        if now_used == state.way || state.way.name.is_empty() {
            state.way = now_used;
            return Ok(());
        }
        let before = std::mem::replace(&mut state.way, now_used.clone());
        state.meet_afresh();
        self.say_way(&before, &now_used).await
    }

    /// Notices after a batch that a server could not be reached and another took it.
    pub(super) async fn notice_the_way(&self, state: &mut State) -> Result<(), StoreError> {
        let now_used = self.carrier.way();
        if now_used == state.way {
            return Ok(());
        }
        let before = std::mem::replace(&mut state.way, now_used.clone());
        self.say_way(&before, &now_used).await
    }

    async fn say_way(&self, before: &Way, now_used: &Way) -> Result<(), StoreError> {
        if now_used.place < before.place {
            tracing::info!(server = %now_used.name, "the mail server that did not work is tried again");
            return Ok(());
        }
        tracing::warn!(now = %now_used.name, before = %before.name, "mail goes another way: the server before it does not work");
        self.tell_of_detour(&before.name, &now_used.name).await
    }

    async fn tell_of_detour(&self, before: &str, now_used: &str) -> Result<(), StoreError> {
        let now = self.now();
        let about = format!("{} by {now_used}", self.channel().as_str());
        let mut tx = self.store.begin().await?;
        if alarm::was_told(&mut tx, &about, now.checked_sub(AGAIN).unwrap_or(now)).await? {
            return Ok(());
        }
        let text = format!(
            "The mail server {before} does not take our mail, so it goes through {now_used} now. Nothing was lost. \
             It is tried again from time to time; `amends doctor` says how it is."
        );
        let news = News { about, title: "Mail goes through another server", text };
        alarm::tell(&mut tx, &self.settings, &self.random, news, Ways::All, now).await?;
        tx.commit().await?;
        self.around.nudge();
        Ok(())
    }
}
