//! Putting something on its way, and writing down who gets it.

use amends_model::broadcast::Audience;
use amends_model::{Broadcast, BroadcastId, BroadcastKind, Channel, Delivery, DeliveryId, DeliveryState};
use amends_store::delivery::Priority;
use amends_store::{StoreError, Tx, broadcast, delivery, subscriber};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::message::Content;

/// Subscribers written down in one transaction.
const CHUNK: usize = 1_000;

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
        Content::Confirm(c) => (BroadcastKind::Confirm, String::new(), c.subscriber_id.clone()),
        Content::Action(c) => (BroadcastKind::Action, String::new(), c.action_id.clone()),
        Content::Alarm(c) => (BroadcastKind::Alarm, String::new(), c.about.clone()),
        Content::SignIn(c) => (BroadcastKind::SignIn, String::new(), c.link_id.clone()),
        Content::Invitation(c) => (BroadcastKind::Invitation, String::new(), c.link_id.clone()),
    }
}

fn made(id: BroadcastId, content: &Content, subject: &str, audience: Audience, now: Timestamp) -> Broadcast {
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

fn stored(content: &Content) -> Result<String, StoreError> {
    serde_json::to_string(content).map_err(|e| StoreError::Corrupt(format!("a mail cannot be stored: {e}")))
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
    let mut b = made(id, content, subject, audience, now);
    b.number = broadcast::insert(tx, &b, &stored(content)?).await?;
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
    let mut b = made(id, content, subject, Audience::default(), now);
    b.planned_at = Some(now);
    broadcast::insert(tx, &b, &stored(content)?).await?;
    let d = delivery_of(&b, None, address, false, now);
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
) -> Result<(), StoreError> {
    let Some((content, _)) = broadcast::content(tx, &of.id).await? else { return Ok(()) };
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
    let d = delivery_of(&copy, None, address, false, now);
    delivery::insert_many(tx, Priority::Single, std::slice::from_ref(&d)).await?;
    Ok(())
}

/// The id of a delivery follows from what it is: planning the same broadcast twice makes no second message, and its
/// Message-ID is the same for ever.
pub fn delivery_id(broadcast: &BroadcastId, channel: Channel, address: &str) -> DeliveryId {
    let digest = Sha256::new()
        .chain_update(broadcast.as_str())
        .chain_update([0])
        .chain_update(channel.as_str())
        .chain_update([0])
        .chain_update(address)
        .finalize();
    let mut bytes = [0; amends_model::ID_LENGTH];
    bytes.copy_from_slice(&digest[..amends_model::ID_LENGTH]);
    DeliveryId::from_random(bytes)
}

fn delivery_of(
    b: &Broadcast,
    subscriber: Option<amends_model::SubscriberId>,
    address: &str,
    suppressed: bool,
    now: Timestamp,
) -> Delivery {
    let channel = Channel::Email;
    Delivery {
        id: delivery_id(&b.id, channel, address),
        broadcast_id: b.id.clone(),
        subscriber_id: subscriber,
        channel,
        address: address.to_owned(),
        state: if suppressed { DeliveryState::Suppressed } else { DeliveryState::Queued },
        attempts: 0,
        // Due since the broadcast was made, so that what was said first goes first.
        next_at: b.created_at,
        reply: None,
        created_at: now,
        updated_at: now,
    }
}

/// Where a copy of each broadcast goes first, and the id of the next copy.
pub struct Canary<'a> {
    /// The operators' own mailbox.
    pub address: &'a str,
    /// A fresh id.
    pub id: BroadcastId,
}

/// Writes down the next recipients of the oldest broadcast that is not planned yet; answers whether there was one.
/// The cursor moves in the same transaction: a crash repeats nothing and skips nobody.
///
/// # Errors
/// What the store says.
pub async fn step(tx: &mut Tx, now: Timestamp, canary: Option<Canary<'_>>) -> Result<bool, StoreError> {
    let Some((b, after)) = broadcast::to_plan(tx).await? else { return Ok(false) };
    if let Some(canary) = canary.filter(|_| after.is_empty()) {
        enqueue_canary(tx, canary.id, &b, canary.address, now).await?;
    }
    let found = subscriber::audience(tx, Channel::Email, &b.audience, b.created_at, &after, CHUNK).await?;
    let deliveries: Vec<_> =
        found.iter().map(|r| delivery_of(&b, Some(r.id.clone()), &r.address, r.suppressed, now)).collect();
    delivery::insert_many(tx, Priority::Broadcast, &deliveries).await?;
    match found.last() {
        Some(last) if found.len() == CHUNK => broadcast::plan_reached(tx, &b.id, last.id.as_str()).await?,
        _ => {
            broadcast::planned(tx, &b.id, now).await?;
            // Nobody to tell, or everybody suppressed: it is done already.
            broadcast::finish_if_done(tx, &b.id, now).await?;
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_s_id_follows_from_broadcast_and_address() {
        let id: BroadcastId = "abcdefgh0123".parse().unwrap();
        let other: BroadcastId = "abcdefgh0124".parse().unwrap();
        let of = |b: &BroadcastId, a: &str| delivery_id(b, Channel::Email, a);
        assert_eq!(of(&id, "a@b.c"), of(&id, "a@b.c"));
        assert_ne!(of(&id, "a@b.c"), of(&id, "a@b.d"));
        assert_ne!(of(&id, "a@b.c"), of(&other, "a@b.c"));
    }
}
