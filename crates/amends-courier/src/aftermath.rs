//! After a node that died, and after a clock that was wrong: what was in hands that are gone is taken back, and what waits
//! for a time that will not come soon goes now.

use std::time::Instant;

use amends_model::Channel;
use amends_store::{Store, StoreError, delivery, lease};
use jiff::{SignedDuration, Timestamp};

/// Leases and probes are a matter of minutes. One that lies further ahead was made by a clock that was ahead.
pub(crate) const FURTHEST: SignedDuration = SignedDuration::from_mins(10);
/// A clock that goes back by more was set. Less is a clock that keeps time.
const SET_BACK: SignedDuration = SignedDuration::from_secs(30);

/// Takes back what `node` held when it was ended, or without one what nodes held that did not renew it in time. It may
/// have been sent: it counts as tried, and the same message goes again.
///
/// # Errors
/// What the store says.
pub(crate) async fn take_back(store: &Store, node: Option<&str>, now: Timestamp) -> Result<(), StoreError> {
    let furthest = now + FURTHEST;
    if node.is_none() && !lease::is_any_expired(&mut store.read().await?, now, furthest).await? {
        return Ok(());
    }
    let mut tx = store.begin().await?;
    let leases = match node {
        Some(node) => lease::of_node(&mut tx, node).await?,
        None => lease::expired(&mut tx, now, furthest).await?,
    };
    for id in leases {
        let count = delivery::reclaim(&mut tx, &id, now).await?;
        lease::end(&mut tx, &id, now).await?;
        if count > 0 {
            tracing::warn!(count, "messages were left behind by a node that ended; they are sent again");
        }
    }
    tx.commit().await
}

/// Watches the clock on the wall beside one that nobody can set.
#[derive(Debug, Default)]
pub(crate) struct Wall(Option<(Instant, Timestamp)>);

impl Wall {
    /// Whether it was set back since the last look. At the first look nobody knows: it may have been.
    fn was_set_back(&mut self, mark: Instant, now: Timestamp) -> bool {
        let before = self.0.replace((mark, now));
        before.is_none_or(|(then, said)| {
            let passed = SignedDuration::try_from(mark - then).unwrap_or(SignedDuration::MAX);
            now.duration_since(said) < passed.saturating_sub(SET_BACK)
        })
    }

    /// Makes due what waits on a channel for the time of a clock that was ahead, if the clock was set back.
    ///
    /// # Errors
    /// What the store says; then the next look does it.
    pub(crate) async fn look(
        &mut self,
        store: &Store,
        channel: Channel,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let before = self.0;
        if !self.was_set_back(Instant::now(), now) {
            return Ok(());
        }
        let due = async {
            let mut tx = store.begin().await?;
            let count = delivery::due_despite_clock(&mut tx, channel, now).await?;
            tx.commit().await.map(|()| count)
        };
        match due.await {
            Ok(0) => Ok(()),
            Ok(count) => {
                tracing::warn!(count, %channel, "the clock was set back; what waited for its old time goes now");
                Ok(())
            }
            Err(error) => {
                self.0 = before;
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_clock_that_is_set_back_is_noticed_and_one_that_drifts_is_not() {
        let (mark, noon) = (Instant::now(), "2026-11-26T12:00:00Z".parse::<Timestamp>().unwrap());
        let mut wall = Wall::default();
        let mut look = |after: u64, said: i64| {
            wall.was_set_back(mark + Duration::from_secs(after), noon + SignedDuration::from_secs(said))
        };
        assert!(look(0, 0), "who knows");
        assert!(!look(10, 10));
        assert!(!look(20, 5), "it drifts");
        assert!(!look(30, 86_400), "it was set ahead: nothing waits longer than it should");
        assert!(look(40, 40), "it was set right");
        assert!(!look(50, 50));
        assert!(look(100, 60), "it stood still");
    }
}
