//! Deliveries: one message to one recipient, from being written down to its outcome.

use crate::dialect::{self, one_of};
use crate::{Result, Row, Tx, Value, feed, params, portion, row};
use amends_model::{
    BroadcastId, Channel, Delivery, DeliveryId, DeliveryState, SubscriberId, SubscriberState,
};
use jiff::Timestamp;
use std::collections::HashMap;

const COLUMNS: &str = "id, broadcast_id, subscriber_id, channel, address, state, attempts, next_at, reply, created_at, updated_at, hold, delivered_at";

fn from_row(row: &Row) -> Result<Delivery> {
    Ok(Delivery {
        id: row.word(0)?,
        broadcast_id: row.word(1)?,
        subscriber_id: row.opt_word(2)?,
        channel: row.word(3)?,
        address: row.get(4)?,
        state: row.word(5)?,
        attempts: u32::try_from(row.get::<i64>(6)?).unwrap_or(u32::MAX),
        next_at: row.get(7)?,
        reply: row.get(8)?,
        created_at: row.get(9)?,
        updated_at: row.get(10)?,
        hold: row.opt_word(11)?,
        delivered_at: row.get(12)?,
    })
}

/// What goes first: mails that one person waits for, then broadcasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// To one address.
    Single,
    /// To subscribers.
    Broadcast,
}

impl Priority {
    pub(crate) const fn number(self) -> i64 {
        match self {
            Self::Single => 0,
            Self::Broadcast => 1,
        }
    }

    pub(crate) const fn of(number: i64) -> Self {
        if number == 0 { Self::Single } else { Self::Broadcast }
    }
}

/// Writes down who gets it. One that is there already (planning was repeated) is left alone.
pub async fn insert_many(tx: &mut Tx, priority: Priority, deliveries: &[Delivery]) -> Result<u64> {
    let first = feed::take(tx, "deliveries", deliveries.len()).await?;
    tx.exec_many(INSERT, (first..).zip(deliveries).map(|(n, d)| line(n, priority, d)).collect()).await
}

/// Writes down what has its place already. One that is there is left alone.
pub(crate) async fn write_down(
    tx: &mut Tx,
    priority: Priority,
    deliveries: &[(i64, Delivery)],
) -> Result<u64> {
    tx.exec_many(INSERT, deliveries.iter().map(|(n, d)| line(*n, priority, d)).collect()).await
}

const INSERT: &str =
    "INSERT INTO deliveries (n, id, broadcast_id, subscriber_id, channel, address, state, priority, attempts, next_at, reply,
     created_at, updated_at, hold) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (id) DO NOTHING";

fn line(n: i64, priority: Priority, d: &Delivery) -> [Value; 14] {
    row![
        n,
        &d.id,
        &d.broadcast_id,
        d.subscriber_id.as_ref().map(SubscriberId::as_str),
        d.channel,
        &d.address,
        d.state,
        priority.number(),
        d.attempts,
        d.next_at,
        d.reply.as_deref(),
        d.created_at,
        d.updated_at,
        d.hold
    ]
}

/// A delivery that somebody took to send, with what must be known before it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Its place in the order in which deliveries were written down.
    pub n: i64,
    /// Id.
    pub id: DeliveryId,
    /// How it goes.
    pub channel: Channel,
    /// It stands in a portion only, and with this priority when it is written down.
    pub unwritten: Option<Priority>,
    /// Its broadcast.
    pub broadcast_id: BroadcastId,
    /// The subscriber; none for single mails.
    pub subscriber_id: Option<SubscriberId>,
    /// Where to.
    pub address: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was written down; from then on it counts as too old at some time.
    pub created_at: Timestamp,
    /// The subscriber's state; none if gone, or for single mails.
    pub subscriber_state: Option<SubscriberState>,
    /// Whether the address was suppressed meanwhile.
    pub suppressed: bool,
}

/// Which end of what is due is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// What has been due for longest.
    OldestFirst,
    /// What became due last.
    NewestFirst,
}

/// Takes up to `limit` waiting deliveries for `lease` (which exists), single mails first, then by when they are due.
/// The cost does not depend on how many there are or were.
pub async fn claim(
    tx: &mut Tx,
    channel: Channel,
    lease: &str,
    now: Timestamp,
    order: Order,
    limit: usize,
) -> Result<Vec<Claimed>> {
    let mut claimed = Vec::new();
    for priority in [Priority::Single, Priority::Broadcast] {
        if claimed.len() < limit {
            claimed.extend(claim_some(tx, channel, priority, now, order, limit - claimed.len()).await?);
        }
    }
    let rows = claimed.iter().map(|c| row![c.n, lease, now]).collect();
    tx.exec_many(
        "UPDATE deliveries SET state = 'sending', lease_id = $2, updated_at = $3 WHERE n = $1",
        rows,
    )
    .await?;
    Ok(claimed)
}

async fn claim_some(
    tx: &mut Tx,
    channel: Channel,
    priority: Priority,
    now: Timestamp,
    order: Order,
    limit: usize,
) -> Result<Vec<Claimed>> {
    let order = match order {
        Order::OldestFirst => "next_at, n",
        Order::NewestFirst => "next_at DESC, n DESC",
    };
    let sql = format!(
        "SELECT d.n, d.id, d.broadcast_id, d.subscriber_id, d.address, d.attempts, d.created_at, s.state,
           CASE WHEN x.address IS NULL THEN 0 ELSE 1 END
         FROM (SELECT n, id, broadcast_id, subscriber_id, address, attempts, created_at, channel, next_at FROM deliveries
               WHERE channel = $1 AND state IN ('queued', 'deferred') AND priority = $2 AND next_at <= $3
               ORDER BY {order} LIMIT $4{}) d
         LEFT JOIN subscribers s ON s.id = d.subscriber_id
         LEFT JOIN suppressions x ON x.channel = d.channel AND x.address = d.address
         ORDER BY d.next_at, d.n",
        dialect::skip_locked(tx.kind())
    );
    let rows = tx.query(&sql, params![channel, priority.number(), now, limit]).await?;
    rows.iter()
        .map(|row| {
            Ok(Claimed {
                n: row.get(0)?,
                id: row.word(1)?,
                channel,
                unwritten: None,
                broadcast_id: row.word(2)?,
                subscriber_id: row.opt_word(3)?,
                address: row.get(4)?,
                attempts: u32::try_from(row.get::<i64>(5)?).unwrap_or(u32::MAX),
                created_at: row.get(6)?,
                subscriber_state: row.opt_word(7)?,
                suppressed: row.get(8)?,
            })
        })
        .collect()
}

/// What became of a claimed delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome<'a> {
    /// Of which.
    pub of: &'a Claimed,
    /// Where it stands now.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next; of no meaning for final states.
    pub next_at: Timestamp,
    /// The other side's last words; `None` keeps the earlier ones.
    pub reply: Option<String>,
}

/// Writes outcomes down. Those that are no longer in this lease (it expired, another node took over) are left alone;
/// answers how many were written.
pub async fn record(tx: &mut Tx, lease: &str, results: &[Outcome<'_>], now: Timestamp) -> Result<u64> {
    let known = results.iter().filter(|r| r.of.unwritten.is_none());
    let known = known.map(|r| row![r.of.n, lease, r.state, r.attempts, r.next_at, r.reply.as_deref(), now]);
    let updated = tx.exec_many(
        "UPDATE deliveries SET state = $3, attempts = $4, next_at = $5, reply = COALESCE($6, reply), updated_at = $7, lease_id = NULL
         WHERE n = $1 AND lease_id = $2 AND state = 'sending'",
        known.collect(),
    )
    .await?;
    // Whoever took over wrote all of them down. In their order, new lines lie side by side.
    let mut new: Vec<_> = results.iter().filter_map(|r| Some((r, r.of.unwritten?))).collect();
    new.sort_unstable_by_key(|(r, _)| r.of.n);
    let new = new.into_iter().map(|(r, priority)| {
        row![
            r.of.n,
            &r.of.id,
            &r.of.broadcast_id,
            r.of.subscriber_id.as_ref().map(SubscriberId::as_str),
            r.of.channel,
            &r.of.address,
            r.state,
            priority.number(),
            r.attempts,
            r.next_at,
            r.reply.as_deref(),
            r.of.created_at,
            now,
            None::<&str>
        ]
    });
    Ok(updated + tx.exec_many(INSERT, new.collect()).await?)
}

/// Puts back what a lease still holds, as it was, because it was not tried.
pub(crate) async fn release(tx: &mut Tx, lease: &str, now: Timestamp) -> Result<u64> {
    let known = tx.exec(
        "UPDATE deliveries SET state = CASE WHEN attempts = 0 THEN 'queued' ELSE 'deferred' END, lease_id = NULL, updated_at = $2
         WHERE lease_id = $1 AND state = 'sending'",
        params![lease, now],
    )
    .await?;
    let new = portion::close(tx, lease, |d| Delivery { state: DeliveryState::Queued, updated_at: now, ..d });
    Ok(known + new.await?)
}

/// Puts back what the lease of a node that died holds. It may have been sent: it counts as tried, and the same message
/// goes out again.
pub async fn reclaim(tx: &mut Tx, lease: &str, now: Timestamp) -> Result<u64> {
    let known = tx
        .exec(
            "UPDATE deliveries SET state = 'deferred', attempts = attempts + 1, next_at = $2, lease_id = NULL, updated_at = $2,
             reply = $3 WHERE lease_id = $1 AND state = 'sending'",
            params![lease, now, STOPPED],
        )
        .await?;
    let new = portion::close(tx, lease, |d| Delivery {
        state: DeliveryState::Deferred,
        attempts: d.attempts + 1,
        next_at: now,
        reply: Some(STOPPED.into()),
        updated_at: now,
        ..d
    });
    Ok(known + new.await?)
}

const STOPPED: &str = "Amends was stopped before the answer was kept; sent again with the same Message-ID";

/// Notes what was reported about a delivery after it was accepted; answers whether that was news.
pub async fn reported(
    tx: &mut Tx,
    id: &DeliveryId,
    state: DeliveryState,
    said: &str,
    now: Timestamp,
) -> Result<bool> {
    let sql =
        "UPDATE deliveries SET state = $2, reply = $3, updated_at = $4 WHERE id = $1 AND state = 'accepted'";
    let news = tx.exec(sql, params![id, state, said, now]).await? == 1;
    if news {
        // How far its broadcast got is another number now.
        let again = "UPDATE broadcasts SET reach = NULL WHERE id = (SELECT broadcast_id FROM deliveries WHERE id = $1)";
        tx.exec(again, params![id]).await?;
    }
    Ok(news)
}

/// Notes that a message that was accepted has arrived, with the words of who reported it. When it was accepted stays as it
/// was: that is what is measured. Answers whether that was news.
pub async fn delivered(tx: &mut Tx, id: &DeliveryId, said: &str, now: Timestamp) -> Result<bool> {
    let sql = "UPDATE deliveries SET delivered_at = $2, reply = $3
               WHERE id = $1 AND state = 'accepted' AND delivered_at IS NULL";
    Ok(tx.exec(sql, params![id, now, said]).await? == 1)
}

/// One.
pub async fn get(tx: &mut Tx, id: &DeliveryId) -> Result<Option<Delivery>> {
    let row = tx.query_opt(&format!("SELECT {COLUMNS} FROM deliveries WHERE id = $1"), params![id]).await?;
    match row {
        Some(row) => from_row(&row).map(Some),
        None => Ok(portion::with(tx, id.as_str(), |d| d.id == *id).await?.pop().map(|(_, d)| d)),
    }
}

/// The one among these that was written down.
pub async fn among(tx: &mut Tx, ids: &[DeliveryId]) -> Result<Option<Delivery>> {
    let sql = format!("SELECT {COLUMNS} FROM deliveries WHERE id {}", one_of(tx.kind(), 1));
    tx.query_opt(&sql, params![ids]).await?.as_ref().map(from_row).transpose()
}

/// Where those of these that exist stand, which are messages of these broadcasts.
pub async fn states(
    tx: &mut Tx,
    broadcasts: &[BroadcastId],
    ids: &[DeliveryId],
) -> Result<HashMap<DeliveryId, DeliveryState>> {
    let sql = format!("SELECT id, state FROM deliveries WHERE id {}", one_of(tx.kind(), 1));
    let rows = tx.query(&sql, params![ids]).await?;
    let mut found = rows
        .iter()
        .map(|row| Ok((row.word(0)?, row.word(1)?)))
        .collect::<Result<HashMap<DeliveryId, DeliveryState>>>()?;
    if found.len() < ids.len() {
        let unwritten = portion::of_broadcasts(tx, broadcasts).await?;
        let unwritten: HashMap<DeliveryId, DeliveryState> =
            unwritten.into_iter().map(|(_, d)| (d.id, d.state)).collect();
        found.extend(ids.iter().filter_map(|id| Some((id.clone(), *unwritten.get(id)?))));
    }
    Ok(found)
}

/// Those to one address, newest first: to who is subscribed with it, and to it alone.
pub async fn to_address(tx: &mut Tx, address: &str, limit: usize) -> Result<Vec<Delivery>> {
    let channels: Vec<&str> = Channel::ALL.iter().map(|channel| channel.as_str()).collect();
    let sql = format!("SELECT id FROM subscribers WHERE address = $1 AND channel {}", one_of(tx.kind(), 2));
    let rows = tx.query(&sql, params![address, &channels[..]]).await?;
    let subscribers = rows.iter().map(|row| row.get(0)).collect::<Result<Vec<String>>>()?;
    let unwritten = portion::with(tx, address, |d| d.address == address).await?;
    let mut found: Vec<Delivery> = unwritten.into_iter().rev().map(|(_, d)| d).collect();
    for (whose, value) in
        subscribers.into_iter().map(|id| ("subscriber_id = $1", id)).chain([(ALONE, address.to_owned())])
    {
        let sql = format!(
            "SELECT {COLUMNS} FROM deliveries WHERE {whose} AND address = $2 ORDER BY created_at DESC, n DESC LIMIT $3"
        );
        for row in tx.query(&sql, params![value, address, limit]).await? {
            found.push(from_row(&row)?);
        }
    }
    // Each part has its order already, which this keeps among those of one moment.
    found.sort_by_key(|d| std::cmp::Reverse(d.created_at));
    found.truncate(limit);
    Ok(found)
}

/// Which go to an address that need not be anybody's, such as an invitation.
const ALONE: &str = "subscriber_id IS NULL AND address = $1";

/// Those of a broadcast by state, and as they were written down; after `after` (a state and an id); only those in one state,
/// if it is given.
pub async fn of_broadcast(
    tx: &mut Tx,
    broadcast: &BroadcastId,
    state: Option<DeliveryState>,
    after: (&str, &str),
    limit: usize,
) -> Result<Vec<Delivery>> {
    let unwritten = portion::of_broadcasts(tx, std::slice::from_ref(broadcast)).await?;
    let place = match unwritten.iter().find(|(_, d)| d.id.as_str() == after.1) {
        Some((n, _)) => *n,
        None => {
            let row = tx.query_opt("SELECT n FROM deliveries WHERE id = $1", params![after.1]).await?;
            row.map_or(Ok(0), |row| row.get(0))?
        }
    };
    let mut values = params![broadcast, after.0, place, limit].to_vec();
    let mut only = "";
    if let Some(state) = state {
        values.push(state.into());
        only = " AND state = $5";
    }
    let sql = format!(
        "SELECT {COLUMNS}, n FROM deliveries WHERE broadcast_id = $1 AND (state, n) > ($2, $3){only} ORDER BY state, n LIMIT $4"
    );
    let rows = tx.query(&sql, &values).await?;
    let mut found =
        rows.iter().map(|row| Ok((row.get(13)?, from_row(row)?))).collect::<Result<Vec<(i64, _)>>>()?;
    let is_next = |(n, d): &(i64, Delivery)| {
        (d.state.as_str(), *n) > (after.0, place) && state.is_none_or(|state| state == d.state)
    };
    found.extend(unwritten.into_iter().filter(is_next));
    found.sort_by(|(n, d), (m, e)| (d.state.as_str(), n).cmp(&(e.state.as_str(), m)));
    found.truncate(limit);
    Ok(found.into_iter().map(|(_, d)| d).collect())
}

/// How many wait on a channel.
pub async fn waiting(tx: &mut Tx, channel: Channel) -> Result<u64> {
    let sql = "SELECT count(*) FROM deliveries WHERE channel = $1 AND state IN ('queued', 'deferred')";
    let row = tx.query_opt(sql, params![channel]).await?;
    row.map_or(Ok(0), |row| Ok(row.get::<i64>(0)?.unsigned_abs()))
}

/// When the next waiting delivery is due.
pub async fn next_due(tx: &mut Tx, channel: Channel) -> Result<Option<Timestamp>> {
    let mut soonest: Option<Timestamp> = None;
    for priority in [Priority::Single, Priority::Broadcast] {
        let sql = "SELECT next_at FROM deliveries WHERE channel = $1 AND priority = $2 AND state IN ('queued', 'deferred')
                   ORDER BY next_at LIMIT 1";
        if let Some(row) = tx.query_opt(sql, params![channel, priority.number()]).await? {
            let at: Timestamp = row.get(0)?;
            soonest = Some(soonest.map_or(at, |s| s.min(at)));
        }
    }
    Ok(soonest)
}

/// Makes everything that waits on a channel due at once: it was mended.
pub async fn all_due(tx: &mut Tx, channel: Channel, now: Timestamp) -> Result<u64> {
    tx.exec(
        "UPDATE deliveries SET next_at = $2 WHERE channel = $1 AND state IN ('queued', 'deferred') AND next_at > $2",
        params![channel, now],
    )
    .await
}

/// Makes due at once what waits and was written down by a clock that was ahead: what "later" meant then may be far off now.
pub async fn due_despite_clock(tx: &mut Tx, channel: Channel, now: Timestamp) -> Result<u64> {
    tx.exec(
        "UPDATE deliveries SET next_at = $2, updated_at = $2
         WHERE channel = $1 AND state IN ('queued', 'deferred') AND updated_at > $2",
        params![channel, now],
    )
    .await
}
