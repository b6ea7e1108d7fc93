//! Sifting those whom a broadcast is for by what they wish: who gets it now, later, or not. Who wishes nothing out of the
//! ordinary, while little was said lately, costs nothing.

use std::collections::HashMap;

use amends_model::preference::{Course, Word};
use amends_model::{Broadcast, Channel, Preferences, SubscriberId};
use amends_store::held::Lately;
use amends_store::subscriber::Recipient;
use amends_store::{StoreError, Tx, broadcast, held};
use jiff::{SignedDuration, Timestamp};

/// The time that the cap is about.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Decides about the recipients of one broadcast.
pub(crate) struct Sieve {
    word: Word,
    now: Timestamp,
    most: usize,
    /// Whether so much was said in the last hour that somebody may have got as much as they may.
    much_was_said: bool,
    /// Until when those are full who are.
    full: HashMap<SubscriberId, Timestamp>,
    usual: Preferences,
    /// Preferences as they are kept, read once; many wish the same.
    read: HashMap<String, Preferences>,
}

impl Sieve {
    pub(crate) async fn new(
        tx: &mut Tx,
        b: &Broadcast,
        most_an_hour: Option<usize>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let much_was_said = match most_an_hour {
            // Besides this one.
            Some(most) => broadcast::lately(tx, ago(now), most + 1).await? > most,
            None => false,
        };
        Ok(Self {
            word: Word { kind: b.kind, impact: b.audience.impact },
            now,
            most: most_an_hour.unwrap_or(usize::MAX),
            much_was_said,
            full: HashMap::new(),
            usual: Preferences::default(),
            read: HashMap::new(),
        })
    }

    /// Looks up what these got lately, if that can be too much. Programs are not spared anything.
    pub(crate) async fn look(
        &mut self,
        tx: &mut Tx,
        channel: Channel,
        recipients: &[Recipient],
    ) -> Result<(), StoreError> {
        self.full.clear();
        if !self.much_was_said || channel.is_program() {
            return Ok(());
        }
        let ids: Vec<_> = recipients.iter().map(|r| &r.id).collect();
        let got = held::lately(tx, &ids, ago(self.now)).await?;
        let (most, now) = (self.most, self.now);
        self.full = got.into_iter().filter_map(|(to, got)| Some((to, full_until(got, most, now)?))).collect();
        Ok(())
    }

    /// What is done for one of those that were looked at last.
    pub(crate) fn course(&mut self, r: &Recipient) -> Result<Course, StoreError> {
        let full_until = self.full.get(&r.id).copied();
        let Some(kept) = &r.preferences else {
            return Ok(self.usual.course(self.word, self.now, full_until));
        };
        if !self.read.contains_key(kept) {
            let read = serde_json::from_str(kept);
            let read = read.map_err(|e| StoreError::Corrupt(format!("preferences of {}: {e}", r.id)))?;
            self.read.insert(kept.clone(), read);
        }
        let preferences = self.read.get(kept).unwrap_or(&self.usual);
        Ok(preferences.course(self.word, self.now, full_until))
    }
}

fn ago(now: Timestamp) -> Timestamp {
    now.checked_sub(HOUR).unwrap_or(now)
}

/// Until when somebody gets nothing more who got this lately; none while they may. What is held back goes together.
fn full_until(got: Lately, most: usize, now: Timestamp) -> Option<Timestamp> {
    let digest_at = got.digest_at.filter(|at| *at > now);
    digest_at.or_else(|| got.first.filter(|_| got.count >= most)?.checked_add(HOUR).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_got_as_much_as_they_may_gets_the_rest_together() {
        let at = |minute: i64| Timestamp::from_second(1_790_000_000 + minute * 60).unwrap();
        let got = |count, digest_at| Lately { count, first: Some(at(0)), digest_at };
        assert_eq!(full_until(got(2, None), 3, at(30)), None);
        assert_eq!(full_until(got(3, None), 3, at(30)), Some(at(60)), "until the first is an hour ago");
        assert_eq!(
            full_until(got(4, Some(at(50))), 3, at(30)),
            Some(at(50)),
            "with what is held back already"
        );
        assert_eq!(
            full_until(got(2, Some(at(20))), 3, at(30)),
            None,
            "that digest is due: it has room again"
        );
        assert_eq!(full_until(Lately { count: 0, first: None, digest_at: None }, 0, at(30)), None);
    }
}
