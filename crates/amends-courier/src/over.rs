//! Handing over what was held until its recipients want to hear: after quiet hours the newest word of each matter by itself,
//! for digests and after too much in an hour all of them together.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use amends_model::{
    BroadcastId, BroadcastKind, Channel, DeliveryState, Hold, SubscriberState, broadcast::Audience,
};
use amends_store::delivery::Priority;
use amends_store::held::{self, HeldOver};
use amends_store::{Store, StoreError, Tx, broadcast, delivery, page};
use jiff::Timestamp;

use crate::engine::{Clock, Random};
use crate::message::{Content, Digest, Stored, compose};
use crate::plan::{To, delivery_id, delivery_of, made, written};
use crate::settings::MailSettings;

/// As many are handed over in one transaction.
const CHUNK: usize = 500;

/// What becomes of one that was held and is due.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fate {
    /// It goes by itself.
    Send,
    /// It is told in a digest.
    Digest,
    /// It does not go, and why.
    Drop(DeliveryState, &'static str),
}

/// Decides for all that is due, in their order. `told` are those about whose matter newer word has gone already.
fn fates(due: &[HeldOver], told: &HashSet<i64>) -> Vec<Fate> {
    let mut newest: HashMap<(Channel, &str, &str), i64> = HashMap::new();
    for h in due.iter().filter(|h| is_told_in_order(h)) {
        let number = newest.entry((h.channel, &h.address, &h.thread)).or_insert(h.number);
        *number = h.number.max(*number);
    }
    let mut fates: Vec<Fate> = due
        .iter()
        .map(|h| {
            let newer_is_due = newest.get(&(h.channel, h.address.as_str(), h.thread.as_str()));
            if h.suppressed {
                Fate::Drop(DeliveryState::Suppressed, "the address is suppressed")
            } else if h.subscriber_state != Some(SubscriberState::Confirmed) {
                Fate::Drop(DeliveryState::Cancelled, "no longer subscribed")
            } else if is_told_in_order(h)
                && (told.contains(&h.n) || newer_is_due.is_some_and(|n| *n > h.number))
            {
                Fate::Drop(DeliveryState::Superseded, "newer word on the same matter went instead")
            } else {
                Fate::Send
            }
        })
        .collect();
    // Where one of several waits for a digest, all that is due goes into it; one alone is better told by itself.
    let mut left: HashMap<(Channel, &str), Vec<usize>> = HashMap::new();
    for (n, h) in due.iter().enumerate().filter(|(n, _)| fates[*n] == Fate::Send) {
        left.entry((h.channel, &h.address)).or_default().push(n);
    }
    for together in left.into_values() {
        if together.len() > 1 && together.iter().any(|n| due[*n].hold != Hold::Quiet) {
            together.into_iter().for_each(|n| fates[n] = Fate::Digest);
        }
    }
    fates
}

/// Whether newer word of its thread takes its place. Letters stand alone.
fn is_told_in_order(h: &HeldOver) -> bool {
    !h.thread.is_empty() && h.kind != BroadcastKind::Letter
}

/// Hands over some of what is due; answers how many deliveries that were. Safe on all nodes at once.
///
/// # Errors
/// What the store says. Nothing is lost by that; the next time goes on.
pub async fn some(
    store: &Store,
    settings: &MailSettings,
    clock: &Clock,
    random: &Random,
) -> Result<usize, StoreError> {
    let now = clock();
    if !held::is_any_due(&mut store.read().await?, now).await? {
        return Ok(0);
    }
    let mut tx = store.begin().await?;
    let due = held::due(&mut tx, now, CHUNK).await?;
    let told = told(&mut tx, &due).await?;
    let (mut gone, mut ended, mut digests) = (Vec::new(), Vec::new(), Together::default());
    for (h, fate) in due.iter().zip(fates(&due, &told)) {
        match fate {
            Fate::Send => gone.push((h.n, h.made_at)),
            Fate::Drop(state, why) => ended.push((h.n, state, why.to_owned())),
            Fate::Digest => digests.add(h),
        }
    }
    let (single, dropped) = (gone.len(), ended.len());
    held::let_go(&mut tx, &gone, now).await?;
    let in_digests = digests.send(&mut tx, settings, random, now).await?;
    let count = in_digests.len();
    ended.extend(in_digests);
    held::end(&mut tx, &ended, now).await?;
    let broadcasts: BTreeSet<&BroadcastId> = due.iter().map(|h| &h.broadcast_id).collect();
    for b in broadcasts {
        broadcast::finish_if_done(&mut tx, b, now).await?;
    }
    tx.commit().await?;
    tracing::info!(single, in_digests = count, not_sent = dropped, "what was held over is due");
    Ok(due.len())
}

/// Those about whose matter newer word is with the same recipient, or on its way there.
async fn told(tx: &mut Tx, due: &[HeldOver]) -> Result<HashSet<i64>, StoreError> {
    let mut newer: HashMap<&BroadcastId, Vec<BroadcastId>> = HashMap::new();
    for h in due.iter().filter(|h| is_told_in_order(h)) {
        if !newer.contains_key(&h.broadcast_id) {
            newer.insert(&h.broadcast_id, broadcast::neighbours(tx, &h.broadcast_id).await?.newer);
        }
    }
    let others = |h: &HeldOver| -> Vec<_> {
        let newer = newer.get(&h.broadcast_id).into_iter().flatten();
        newer.map(|b| delivery_id(b, h.channel, &h.address, h.subscriber_id.as_ref())).collect()
    };
    let asked: Vec<_> = due.iter().flat_map(others).collect();
    let all: Vec<_> = newer.values().flatten().cloned().collect();
    let states = delivery::states(tx, &all, &asked).await?;
    use DeliveryState::{Accepted, Deferred, Digested, Queued, Sending};
    let is_told = |h: &&HeldOver| {
        let mut states = others(h).into_iter().filter_map(|id| states.get(&id).copied());
        states.any(|s| matches!(s, Queued | Sending | Deferred | Accepted | Digested))
    };
    Ok(due.iter().filter(is_told).map(|h| h.n).collect())
}

/// What goes into digests, by recipient.
#[derive(Default)]
struct Together<'a> {
    of: BTreeMap<(Channel, &'a str), Vec<&'a HeldOver>>,
}

impl<'a> Together<'a> {
    fn add(&mut self, h: &'a HeldOver) {
        self.of.entry((h.channel, &h.address)).or_default().push(h);
    }

    /// Puts the digests on their way. Those who are told the same share one, so that there are few. Answers what is
    /// recorded for each delivery that is told in one.
    async fn send(
        self,
        tx: &mut Tx,
        settings: &MailSettings,
        random: &Random,
        now: Timestamp,
    ) -> Result<Vec<(i64, DeliveryState, String)>, StoreError> {
        let mut same: BTreeMap<(Vec<i64>, Hold), Vec<Vec<&HeldOver>>> = BTreeMap::new();
        for mut held in self.of.into_values() {
            held.sort_by_key(|h| h.number);
            let hold = held.iter().map(|h| h.hold).max().unwrap_or(Hold::Digest);
            same.entry((held.iter().map(|h| h.number).collect(), hold)).or_default().push(held);
        }
        let mut told = Vec::new();
        for ((_, hold), recipients) in same {
            let Some(items) = recipients.first() else { continue };
            let items: Vec<&BroadcastId> = items.iter().map(|h| &h.broadcast_id).collect();
            let (b, subject) = digest(tx, &items, hold, settings, random, now).await?;
            let to = |held: &Vec<&HeldOver>| {
                let h = held.first()?;
                let subscriber = h.subscriber_id.clone();
                let to = To { channel: h.channel, address: &h.address, subscriber };
                Some(delivery_of(&b, to, now))
            };
            let deliveries: Vec<_> = recipients.iter().filter_map(to).collect();
            delivery::insert_many(tx, Priority::Broadcast, &deliveries).await?;
            let why = format!("told in the digest “{subject}”");
            told.extend(recipients.iter().flatten().map(|h| (h.n, DeliveryState::Digested, why.clone())));
        }
        Ok(told)
    }
}

/// Writes a digest of these down.
async fn digest(
    tx: &mut Tx,
    of: &[&BroadcastId],
    hold: Hold,
    settings: &MailSettings,
    random: &Random,
    now: Timestamp,
) -> Result<(amends_model::Broadcast, String), StoreError> {
    let page = page::get(tx).await?.ok_or_else(|| StoreError::Corrupt("there is no page".into()))?;
    let mut items = Vec::with_capacity(of.len());
    for id in of {
        let Some((content, _)) = broadcast::content(tx, id).await? else { continue };
        match serde_json::from_str::<Stored>(&content) {
            Ok(stored) => items.push(stored.content),
            Err(error) => tracing::error!(broadcast = %id, %error, "a stored message cannot be read"),
        }
    }
    let mut id = [0; amends_model::ID_LENGTH];
    random(&mut id);
    let id = BroadcastId::from_random(id);
    let digest_id = id.to_string();
    let content =
        Content::Digest(Digest { digest_id, items, hold, url: settings.public_url.clone(), at: now });
    let subject = compose(&settings.letterhead(&page), &content).subject().to_owned();
    let mut b = made(id, &content, &subject, Audience::default(), now);
    b.planned_at = Some(now);
    broadcast::insert(tx, &b, &written(&content)?).await?;
    Ok((b, subject))
}

#[cfg(test)]
mod tests {
    use super::*;
    use amends_model::{DeliveryId, SubscriberId};

    fn held(n: i64, thread: &str, hold: Hold) -> HeldOver {
        HeldOver {
            n,
            id: DeliveryId::from_random([1; 12]),
            broadcast_id: BroadcastId::from_random([2; 12]),
            subscriber_id: Some(SubscriberId::from_random([3; 12])),
            channel: Channel::Email,
            address: "ada@example.net".into(),
            hold,
            subscriber_state: Some(SubscriberState::Confirmed),
            suppressed: false,
            kind: BroadcastKind::Update,
            number: n,
            thread: thread.into(),
            made_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn of(due: &[HeldOver], told: &[i64]) -> String {
        let fates = fates(due, &told.iter().copied().collect());
        let word = |fate: &Fate| match fate {
            Fate::Send => "send",
            Fate::Digest => "digest",
            Fate::Drop(DeliveryState::Superseded, _) => "overtaken",
            Fate::Drop(DeliveryState::Cancelled, _) => "left",
            Fate::Drop(..) => "suppressed",
        };
        fates.iter().map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn only_the_newest_word_of_each_matter_goes() {
        use Hold::{Cap, Quiet};
        let gone = Hold::Digest;
        let letter = HeldOver { kind: BroadcastKind::Letter, ..held(3, "a", Quiet) };
        let other = HeldOver { address: "bo@example.net".into(), ..held(2, "a", Quiet) };
        let left = HeldOver { subscriber_state: Some(SubscriberState::Unsubscribed), ..held(4, "b", Quiet) };
        let removed = HeldOver { subscriber_state: None, ..held(4, "b", Quiet) };
        let suppressed = HeldOver { suppressed: true, ..held(4, "b", gone) };
        let of_all = |due: &[&HeldOver]| of(&due.iter().map(|h| (*h).clone()).collect::<Vec<_>>(), &[]);
        assert_eq!(of(&[held(1, "a", Quiet), held(2, "a", Quiet)], &[]), "overtaken send");
        assert_eq!(of(&[held(1, "a", Quiet), held(2, "b", Quiet)], &[]), "send send", "each by itself");
        assert_eq!(of(&[held(1, "a", Quiet)], &[1]), "overtaken", "newer word went meanwhile");
        assert_eq!(of_all(&[&held(1, "a", Quiet), &letter]), "send send", "a letter overtakes nothing");
        assert_eq!(of_all(&[&held(1, "a", Quiet), &other]), "send send", "others have nights of their own");
        assert_eq!(of_all(&[&left, &held(5, "b", Quiet)]), "left send");
        assert_eq!(of_all(&[&removed, &suppressed]), "left suppressed");
        assert_eq!(of(&[held(1, "a", gone), held(2, "b", gone)], &[]), "digest digest");
        assert_eq!(
            of(&[held(1, "a", gone), held(2, "a", gone)], &[]),
            "overtaken send",
            "one alone: as it is"
        );
        assert_eq!(of(&[held(1, "a", Quiet), held(2, "b", Cap)], &[]), "digest digest");
        assert_eq!(
            of(&[held(1, "a", Cap), held(2, "b", Cap), held(3, "a", Cap)], &[]),
            "overtaken digest digest"
        );
    }
}
