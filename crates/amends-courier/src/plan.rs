//! Putting something on its way, and writing down who gets it.

use amends_model::broadcast::Audience;
use amends_model::preference::Course;
use amends_model::{
    Broadcast, BroadcastId, BroadcastKind, Channel, Delivery, DeliveryId, DeliveryState, ID_ALPHABET,
    ID_LENGTH, SubscriberId, SubscriberState, id_text,
};
use amends_store::delivery::{Claimed, Priority};
use amends_store::{Store, StoreError, Tx, broadcast, delivery, portion, subscriber};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::engine::{Clock, Random};
use crate::message::{Content, Stored};
use crate::settings::MailSettings;
use crate::sift::Sieve;

/// Subscribers written down in one transaction; others wait with their writing for some 0.1 s.
const CHUNK: usize = 5_000;
/// Steps of planning at most in one transaction of somebody who sends: what was said one after another goes together, in
/// its order.
const STEPS: usize = 8;

/// What a content is called in the record: kind, thread, what it is about.
fn place(content: &Content) -> (BroadcastKind, String, String) {
    match content {
        Content::Update(c) => {
            (BroadcastKind::Update, format!("incident-{}", c.incident_id), c.update_id.clone())
        }
        Content::Maintenance(c) => {
            let kind = if c.reminder { BroadcastKind::Reminder } else { BroadcastKind::Maintenance };
            (kind, format!("maintenance-{}", c.maintenance_id), c.update_id.clone())
        }
        Content::Letter(c) => {
            (BroadcastKind::Letter, format!("incident-{}", c.incident_id), c.postmortem_id.clone())
        }
        Content::Component(c) => {
            (BroadcastKind::Component, format!("component-{}", c.component_id), c.update_id.clone())
        }
        Content::Digest(c) => (BroadcastKind::Digest, String::new(), c.digest_id.clone()),
        Content::Feed(c) => (BroadcastKind::Feed, "feeds".into(), c.digest.clone()),
        Content::Intent(c) => (BroadcastKind::Confirm, String::new(), c.subscriber_id.clone()),
        Content::Test(c) => (BroadcastKind::Test, String::new(), c.subscriber_id.clone()),
        Content::Endpoint(c) => {
            (BroadcastKind::Alarm, String::new(), format!("endpoint-{}", c.subscriber_id))
        }
        Content::Confirm(c) => (BroadcastKind::Confirm, String::new(), c.subscriber_id.clone()),
        Content::Action(c) => (BroadcastKind::Action, String::new(), c.action_id.clone()),
        Content::Alarm(c) => (BroadcastKind::Alarm, String::new(), c.about.clone()),
        Content::SignIn(c) => (BroadcastKind::SignIn, String::new(), c.link_id.clone()),
        Content::Invitation(c) => (BroadcastKind::Invitation, String::new(), c.link_id.clone()),
    }
}

/// What the messages about one matter hang together by; empty for what stands alone.
pub(crate) fn thread(content: &Content) -> String {
    place(content).1
}

pub(crate) fn made(
    id: BroadcastId,
    content: &Content,
    subject: &str,
    audience: Audience,
    now: Timestamp,
) -> Broadcast {
    let (kind, thread, about) = place(content);
    Broadcast {
        id,
        number: 0,
        kind,
        thread,
        about,
        subject: subject.to_owned(),
        audience,
        created_at: now,
        planned_at: None,
        cancelled_at: None,
        finished_at: None,
    }
}

pub(crate) fn written(stored: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(stored).map_err(|e| StoreError::Corrupt(format!("a message cannot be stored: {e}")))
}

/// Whether a channel carries broadcasts of a kind.
pub const fn carries(channel: Channel, kind: BroadcastKind) -> bool {
    match kind {
        // People read of components in the updates; programs want each change.
        BroadcastKind::Component => matches!(channel, Channel::Webhook),
        // What is told to readers of feeds is that the feeds changed, whatever changed them.
        BroadcastKind::Feed => matches!(channel, Channel::Websub),
        _ => kind.is_for_subscribers() && !matches!(channel, Channel::Websub),
    }
}

/// Puts a message to subscribers on its way within the caller's transaction, so that it goes out if and only if what
/// it tells about was stored. Who gets it is written down later. Call it late in the transaction.
///
/// # Errors
/// What the store says.
pub async fn enqueue(
    tx: &mut Tx,
    id: BroadcastId,
    content: &Content,
    subject: &str,
    audience: Audience,
    now: Timestamp,
) -> Result<Broadcast, StoreError> {
    enqueue_stored(tx, id, &content.clone().into(), subject, audience, now).await
}

/// As [`enqueue`], with the record behind the words.
///
/// # Errors
/// What the store says.
pub async fn enqueue_stored(
    tx: &mut Tx,
    id: BroadcastId,
    stored: &Stored,
    subject: &str,
    audience: Audience,
    now: Timestamp,
) -> Result<Broadcast, StoreError> {
    let mut b = made(id, &stored.content, subject, audience, now);
    b.number = broadcast::insert(tx, &b, &written(stored)?).await?;
    Ok(b)
}

/// Puts a mail to one address on its way, before all broadcasts.
///
/// # Errors
/// What the store says.
pub async fn enqueue_single(
    tx: &mut Tx,
    id: BroadcastId,
    content: &Content,
    subject: &str,
    address: &str,
    now: Timestamp,
) -> Result<DeliveryId, StoreError> {
    enqueue_to(tx, id, content, subject, To { channel: Channel::Email, address, subscriber: None }, now).await
}

/// Whom a single message is for.
#[derive(Debug, Clone)]
pub struct To<'a> {
    /// How it goes.
    pub channel: Channel,
    /// Where to.
    pub address: &'a str,
    /// The subscription that it is about, if it goes only while that stands.
    pub subscriber: Option<SubscriberId>,
}

/// Puts a message to one address on its way, on any channel, before all broadcasts.
///
/// # Errors
/// What the store says.
pub async fn enqueue_to(
    tx: &mut Tx,
    id: BroadcastId,
    content: &Content,
    subject: &str,
    to: To<'_>,
    now: Timestamp,
) -> Result<DeliveryId, StoreError> {
    let mut b = made(id, content, subject, Audience::default(), now);
    b.planned_at = Some(now);
    broadcast::insert(tx, &b, &written(content)?).await?;
    let d = delivery_of(&b, to, now);
    delivery::insert_many(tx, Priority::Single, std::slice::from_ref(&d)).await?;
    Ok(d.id)
}

/// Puts a copy of a broadcast on its way to the operators' own mailbox, before all others. `id` is the copy's own.
///
/// # Errors
/// What the store says.
async fn enqueue_canary(
    tx: &mut Tx,
    id: BroadcastId,
    of: &Broadcast,
    address: &str,
    now: Timestamp,
    hands: Option<Hands<'_>>,
) -> Result<Vec<Claimed>, StoreError> {
    let Some((content, _)) = broadcast::content(tx, &of.id).await? else { return Ok(vec![]) };
    let copy = Broadcast {
        id,
        kind: BroadcastKind::Canary,
        // No thread: it overtakes nothing and is not overtaken.
        thread: String::new(),
        audience: Audience::default(),
        planned_at: Some(now),
        ..of.clone()
    };
    broadcast::insert(tx, &copy, &content).await?;
    let d = delivery_of(&copy, To { channel: Channel::Email, address, subscriber: None }, now);
    write_down(tx, Priority::Single, vec![d], hands).await
}

/// Writes deliveries of one channel down; what the planner sends at once is answered, and in their hands already.
async fn write_down(
    tx: &mut Tx,
    priority: Priority,
    deliveries: Vec<Delivery>,
    hands: Option<Hands<'_>>,
) -> Result<Vec<Claimed>, StoreError> {
    let Some(hands) = hands.filter(|hands| deliveries.first().is_some_and(|d| d.channel == hands.channel))
    else {
        delivery::insert_many(tx, priority, &deliveries).await?;
        return Ok(vec![]);
    };
    let (due, others): (Vec<_>, Vec<_>) =
        deliveries.into_iter().partition(|d| d.state == DeliveryState::Queued);
    delivery::insert_many(tx, priority, &others).await?;
    let first = portion::take(tx, hands.lease, priority, &due).await?;
    Ok((first..).zip(due).map(|(n, d)| fresh(n, priority, d)).collect())
}

/// The id of a delivery follows from what it is: planning the same broadcast twice makes no second message, and its
/// Message-ID is the same for ever.
///
/// One character of the broadcast's id, two of the subscriber's, nine of a digest of broadcast, channel and address. Planning
/// goes through subscribers in the order of their ids, so what is written together lies together in the index of ids,
/// however many messages were ever sent; ids without order cost each message a page of its own. That two among a million
/// subscribers get the same id for one broadcast has a chance of 4 in a million.
pub fn delivery_id(
    broadcast: &BroadcastId,
    channel: Channel,
    address: &str,
    subscriber: Option<&SubscriberId>,
) -> DeliveryId {
    let digest = digest(broadcast, channel, address);
    let (place, rest) = digest.split_at(PLACE);
    joined(broadcast, subscriber.map_or(place, |id| &id.as_str()[..PLACE]), rest)
}

/// The ids that a delivery can have that went to an address, whoever was subscribed with it then.
pub fn delivery_ids(broadcast: &BroadcastId, channel: Channel, address: &str) -> Vec<DeliveryId> {
    let digest = digest(broadcast, channel, address);
    let places = ID_ALPHABET.chars().flat_map(|a| ID_ALPHABET.chars().map(move |b| format!("{a}{b}")));
    places.map(|place| joined(broadcast, &place, &digest[PLACE..])).collect()
}

/// Characters of a subscriber's id in those of their deliveries.
const PLACE: usize = 2;

/// Place and digest of a delivery: all of its id but the first character.
fn digest(broadcast: &BroadcastId, channel: Channel, address: &str) -> String {
    let digest = Sha256::new()
        .chain_update(broadcast.as_str())
        .chain_update([0])
        .chain_update(channel.as_str())
        .chain_update([0])
        .chain_update(address)
        .finalize();
    let mut bytes = [0; ID_LENGTH];
    bytes.copy_from_slice(&digest[..ID_LENGTH]);
    let mut text = id_text(bytes);
    text.truncate(ID_LENGTH - 1);
    text
}

#[expect(clippy::expect_used, reason = "pieces of ids make an id")]
fn joined(broadcast: &BroadcastId, place: &str, rest: &str) -> DeliveryId {
    let text = [&broadcast.as_str()[..1], place, rest].concat();
    text.parse().expect("12 characters of ids")
}

pub(crate) fn delivery_of(b: &Broadcast, to: To<'_>, now: Timestamp) -> Delivery {
    Delivery {
        id: delivery_id(&b.id, to.channel, to.address, to.subscriber.as_ref()),
        broadcast_id: b.id.clone(),
        subscriber_id: to.subscriber,
        channel: to.channel,
        address: to.address.to_owned(),
        state: DeliveryState::Queued,
        attempts: 0,
        // Due since the broadcast was made, so that what was said first goes first.
        next_at: b.created_at,
        hold: None,
        reply: None,
        created_at: now,
        updated_at: now,
        delivered_at: None,
    }
}

/// What planning must know besides the store.
#[derive(Default)]
pub struct Planning<'a> {
    /// Where a copy of each broadcast goes first.
    pub canary: Option<Canary<'a>>,
    /// How many messages each subscriber gets in an hour at most; what is more comes in one digest. None for no limit.
    pub most_an_hour: Option<usize>,
}

/// Where a copy of each broadcast goes first, and the id of the next copy.
pub struct Canary<'a> {
    /// The operators' own mailbox.
    pub address: &'a str,
    /// A fresh id.
    pub id: BroadcastId,
}

/// Somebody who plans to send at once.
#[derive(Clone, Copy)]
pub(crate) struct Hands<'a> {
    pub(crate) channel: Channel,
    /// Exists already.
    pub(crate) lease: &'a str,
    /// How many they can take, at least one.
    pub(crate) room: usize,
}

/// What a step of planning brought.
#[derive(Default)]
struct Step {
    /// Whether there was something to plan.
    planned: bool,
    /// What is in the planner's hands now.
    taken: Vec<Claimed>,
}

/// Writes down the next recipients of the oldest broadcast that is not planned yet; answers whether there was one.
/// The cursor moves in the same transaction: a crash repeats nothing and skips nobody.
///
/// # Errors
/// What the store says.
pub async fn step(tx: &mut Tx, now: Timestamp, planning: Planning<'_>) -> Result<bool, StoreError> {
    Ok(step_for(tx, now, planning, None).await?.planned)
}

async fn step_for(
    tx: &mut Tx,
    now: Timestamp,
    planning: Planning<'_>,
    hands: Option<Hands<'_>>,
) -> Result<Step, StoreError> {
    let Some((b, after)) = broadcast::to_plan(tx).await? else { return Ok(Step::default()) };
    let mut taken = Vec::new();
    if let Some(canary) = planning.canary.filter(|_| after.is_empty() && carries(Channel::Email, b.kind)) {
        taken = enqueue_canary(tx, canary.id, &b, canary.address, now, hands).await?;
    }
    let mut sieve = Sieve::new(tx, &b, planning.most_an_hour, now).await?;
    let (from, mut after) = reached(&after);
    let mut left = hands.map_or(CHUNK, |hands| hands.room);
    let channels = Channel::ALL.iter().copied().filter(|c| *c >= from && carries(*c, b.kind));
    for channel in channels {
        if channel != from {
            after.clear();
        }
        let found = subscriber::audience(tx, channel, &b.audience, b.created_at, &after, left).await?;
        sieve.look(tx, channel, &found).await?;
        let mut deliveries = Vec::with_capacity(found.len());
        for r in &found {
            let to = To { channel, address: &r.address, subscriber: Some(r.id.clone()) };
            let mut d = delivery_of(&b, to, now);
            match sieve.course(r)? {
                Course::Skip(_) => continue,
                _ if r.suppressed => d.state = DeliveryState::Suppressed,
                Course::Now => {}
                Course::NotBefore(at, hold) => {
                    (d.state, d.next_at, d.hold) = (DeliveryState::Held, at, Some(hold));
                }
            }
            deliveries.push(d);
        }
        taken.extend(write_down(tx, Priority::Broadcast, deliveries, hands).await?);
        if let Some(last) = found.last().filter(|_| found.len() == left) {
            broadcast::plan_reached(tx, &b.id, &format!("{channel}/{}", last.id)).await?;
            return Ok(Step { planned: true, taken });
        }
        left -= found.len();
    }
    broadcast::planned(tx, &b.id, now).await?;
    // Nobody to tell, or everybody suppressed: it is done already.
    broadcast::finish_if_done(tx, &b.id, now).await?;
    Ok(Step { planned: true, taken })
}

/// A delivery that was planned just now: nothing can have changed since.
fn fresh(n: i64, priority: Priority, d: Delivery) -> Claimed {
    Claimed {
        n,
        channel: d.channel,
        unwritten: Some(priority),
        subscriber_state: d.subscriber_id.is_some().then_some(SubscriberState::Confirmed),
        id: d.id,
        broadcast_id: d.broadcast_id,
        subscriber_id: d.subscriber_id,
        address: d.address,
        attempts: 0,
        created_at: d.created_at,
        suppressed: false,
    }
}

/// The channel and the subscriber that a planning cursor stands at.
fn reached(cursor: &str) -> (Channel, String) {
    match cursor.split_once('/') {
        Some((channel, id)) => (channel.parse().unwrap_or(Channel::Email), id.to_owned()),
        None => (Channel::Email, cursor.to_owned()),
    }
}

async fn next(
    tx: &mut Tx,
    settings: &MailSettings,
    random: &Random,
    now: Timestamp,
    hands: Option<Hands<'_>>,
) -> Result<Step, StoreError> {
    let canary = settings.canary.as_deref().map(|address| {
        let mut id = [0; amends_model::ID_LENGTH];
        random(&mut id);
        Canary { address, id: BroadcastId::from_random(id) }
    });
    step_for(tx, now, Planning { canary, most_an_hour: settings.most_an_hour }, hands).await
}

/// Writes down the next recipients of what is new, for somebody who sends at once: what they have in hands now, and whether
/// more is to be planned. Nothing if there is nothing to plan, or all of it is in another node's hands.
///
/// # Errors
/// What the store says.
pub(crate) async fn into_hands(
    tx: &mut Tx,
    settings: &MailSettings,
    random: &Random,
    now: Timestamp,
    hands: Hands<'_>,
) -> Result<Option<(Vec<Claimed>, bool)>, StoreError> {
    let mut taken: Option<Vec<Claimed>> = None;
    for _ in 0..STEPS {
        let had = taken.as_ref().map_or(0, Vec::len);
        if had >= hands.room {
            break;
        }
        let step = next(tx, settings, random, now, Some(Hands { room: hands.room - had, ..hands })).await?;
        if !step.planned {
            break;
        }
        taken.get_or_insert_default().extend(step.taken);
    }
    Ok(match taken {
        Some(taken) => Some((taken, broadcast::is_any_to_plan(tx).await?)),
        None => None,
    })
}

/// Writes down the next recipients of what is new, for whoever sends it later; answers whether there were any.
///
/// # Errors
/// What the store says.
pub(crate) async fn some(
    store: &Store,
    settings: &MailSettings,
    clock: &Clock,
    random: &Random,
) -> Result<bool, StoreError> {
    let mut tx = store.begin().await?;
    let step = next(&mut tx, settings, random, clock(), None).await?;
    tx.commit().await?;
    Ok(step.planned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_s_id_follows_from_what_it_is_and_keeps_the_order_of_subscribers() {
        let id: BroadcastId = "abcdefgh0123".parse().unwrap();
        let other: BroadcastId = "abcdefgh0124".parse().unwrap();
        let (early, late) = ("0bcdefgh0123".parse().unwrap(), "z0cdefgh0123".parse().unwrap());
        let of = |b: &BroadcastId, a: &str| delivery_id(b, Channel::Email, a, Some(&early));
        assert_eq!(of(&id, "a@b.c"), of(&id, "a@b.c"));
        assert_ne!(of(&id, "a@b.c"), of(&id, "a@b.d"));
        assert_ne!(of(&id, "a@b.c"), of(&other, "a@b.c"));
        assert!(of(&id, "a@b.c") < delivery_id(&id, Channel::Email, "a@b.d", Some(&late)));
        let possible = delivery_ids(&id, Channel::Email, "a@b.c");
        for whose in [Some(&early), Some(&late), None] {
            assert!(possible.contains(&delivery_id(&id, Channel::Email, "a@b.c", whose)));
        }
        assert!(!possible.contains(&of(&id, "a@b.d")));
    }
}
