//! Portions: what was planned straight into a lease. Its messages have no lines among deliveries before it is known what became
//! of them, so that each is written once and not twice; here all of them stand together until then, so that none is lost.

use std::collections::HashSet;

use amends_model::{BroadcastId, Channel, Delivery, DeliveryId, DeliveryState, SubscriberId};
use jiff::Timestamp;

use crate::audit::json;
use crate::delivery::Priority;
use crate::dialect::{self, one_of};
use crate::{Result, Row, Tx, Value, feed, params};

/// A message without a line, and its place in the order of deliveries.
pub(crate) type Unwritten = (i64, Delivery);

/// Writes down what goes into a lease (which exists): messages of one broadcast on one channel, planned just now. Answers the
/// place of the first; the others follow it.
pub async fn take(tx: &mut Tx, lease: &str, priority: Priority, deliveries: &[Delivery]) -> Result<i64> {
    let Some(one) = deliveries.first() else { return Ok(0) };
    let first = feed::take(tx, "deliveries", deliveries.len()).await?;
    // As [`Portion::messages`].
    let messages: Vec<_> = deliveries.iter().map(|d| (&d.id, &d.subscriber_id, &d.address)).collect();
    tx.exec(
        "INSERT INTO portions (first, size, lease_id, broadcast_id, channel, priority, due_at, planned_at, messages)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        params![
            first,
            deliveries.len(),
            lease,
            &one.broadcast_id,
            one.channel,
            priority.number(),
            one.next_at,
            one.created_at,
            json(&messages)?
        ],
    )
    .await?;
    Ok(first)
}

/// Ends those of a lease. What has no line yet gets one as `put` makes it; answers how many those were.
pub(crate) async fn close(tx: &mut Tx, lease: &str, put: impl Fn(Delivery) -> Delivery) -> Result<u64> {
    // Nearly always, there is one for each.
    let whole = "DELETE FROM portions WHERE lease_id = $1 AND size =
                 (SELECT count(*) FROM deliveries d WHERE d.n >= portions.first AND d.n < portions.first + portions.size)";
    tx.exec(whole, params![lease]).await?;
    let mut count = 0;
    for portion in find(tx, "lease_id = $1", params![lease]).await? {
        let left: Vec<Unwritten> =
            unwritten(tx, &portion).await?.into_iter().map(|(n, d)| (n, put(d))).collect();
        count += crate::delivery::write_down(tx, portion.priority, &left).await?;
    }
    tx.exec("DELETE FROM portions WHERE lease_id = $1", params![lease]).await?;
    Ok(count)
}

/// How many messages of a broadcast have no line yet, on each channel.
pub(crate) async fn sizes(tx: &mut Tx, broadcast: &BroadcastId) -> Result<Vec<(Channel, u64)>> {
    let sql = "SELECT channel, size - (SELECT count(*) FROM deliveries d WHERE d.n >= p.first AND d.n < p.first + p.size)
               FROM portions p WHERE broadcast_id = $1";
    let rows = tx.query(sql, params![broadcast]).await?;
    rows.iter().map(|row| Ok((row.word(0)?, row.get::<i64>(1)?.unsigned_abs()))).collect()
}

/// The messages of some broadcasts that have no line yet.
pub(crate) async fn of_broadcasts(tx: &mut Tx, broadcasts: &[BroadcastId]) -> Result<Vec<Unwritten>> {
    let which = format!("broadcast_id {}", one_of(tx.kind(), 1));
    all_of(tx, &which, params![broadcasts]).await
}

/// The messages to subscribers that have no line yet.
pub(crate) async fn to_subscribers(tx: &mut Tx) -> Result<Vec<Unwritten>> {
    all_of(tx, "priority = $1", params![Priority::Broadcast.number()]).await
}

/// The messages that have no line yet and `is` is true of, which have this text as their id or address.
pub(crate) async fn with(tx: &mut Tx, text: &str, is: impl Fn(&Delivery) -> bool) -> Result<Vec<Unwritten>> {
    let which = dialect::holds(tx.kind(), "messages", 1);
    let mut found = all_of(tx, &which, params![json(&text)?]).await?;
    found.retain(|(_, d)| is(d));
    Ok(found)
}

async fn all_of(tx: &mut Tx, which: &str, params: &[Value]) -> Result<Vec<Unwritten>> {
    let mut all = Vec::new();
    for portion in find(tx, which, params).await? {
        all.extend(unwritten(tx, &portion).await?);
    }
    Ok(all)
}

/// As it is kept.
struct Portion {
    first: i64,
    size: i64,
    broadcast_id: BroadcastId,
    channel: Channel,
    priority: Priority,
    due_at: Timestamp,
    planned_at: Timestamp,
    messages: Vec<(DeliveryId, Option<SubscriberId>, String)>,
}

async fn find(tx: &mut Tx, which: &str, params: &[Value]) -> Result<Vec<Portion>> {
    let sql = format!(
        "SELECT first, size, broadcast_id, channel, priority, due_at, planned_at, messages FROM portions WHERE {which} ORDER BY first"
    );
    let of = |row: &Row| {
        Ok(Portion {
            first: row.get(0)?,
            size: row.get(1)?,
            broadcast_id: row.word(2)?,
            channel: row.word(3)?,
            priority: Priority::of(row.get(4)?),
            due_at: row.get(5)?,
            planned_at: row.get(6)?,
            messages: row.json(7)?,
        })
    };
    tx.query(&sql, params).await?.iter().map(of).collect()
}

async fn unwritten(tx: &mut Tx, portion: &Portion) -> Result<Vec<Unwritten>> {
    let sql = "SELECT n FROM deliveries WHERE n >= $1 AND n < $2";
    let rows = tx.query(sql, params![portion.first, portion.first + portion.size]).await?;
    let written = rows.iter().map(|row| row.get(0)).collect::<Result<HashSet<i64>>>()?;
    let places = (portion.first..).zip(&portion.messages);
    Ok(places
        .filter(|(n, _)| !written.contains(n))
        .map(|(n, (id, subscriber, address))| {
            let d = Delivery {
                id: id.clone(),
                broadcast_id: portion.broadcast_id.clone(),
                subscriber_id: subscriber.clone(),
                channel: portion.channel,
                address: address.clone(),
                state: DeliveryState::Sending,
                attempts: 0,
                next_at: portion.due_at,
                hold: None,
                reply: None,
                created_at: portion.planned_at,
                updated_at: portion.planned_at,
                delivered_at: None,
            };
            (n, d)
        })
        .collect())
}
