//! Deliveries that wait until their recipients want to hear.

use crate::dialect::one_of;
use crate::{Result, Tx, feed, params, portion, row};
use amends_model::{
    BroadcastId, BroadcastKind, Channel, DeliveryId, DeliveryState, Hold, SubscriberId, SubscriberState,
};
use jiff::Timestamp;
use std::collections::{BTreeSet, HashMap, HashSet};

/// One that is due, with what must be known before it is handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldOver {
    /// Its place in the order in which deliveries were written down.
    pub n: i64,
    /// Id.
    pub id: DeliveryId,
    /// Its broadcast.
    pub broadcast_id: BroadcastId,
    /// The subscriber.
    pub subscriber_id: Option<SubscriberId>,
    /// How it goes.
    pub channel: Channel,
    /// Where to.
    pub address: String,
    /// Why it waited.
    pub hold: Hold,
    /// The subscriber's state; none if gone.
    pub subscriber_state: Option<SubscriberState>,
    /// Whether the address was suppressed meanwhile.
    pub suppressed: bool,
    /// What its broadcast is.
    pub kind: BroadcastKind,
    /// The number of its broadcast: later words have larger ones.
    pub number: i64,
    /// What its broadcast hangs together with.
    pub thread: String,
    /// When its broadcast was made.
    pub made_at: Timestamp,
}

/// Whether anything that was held is due.
pub async fn is_any_due(tx: &mut Tx, now: Timestamp) -> Result<bool> {
    let sql = "SELECT 1 FROM deliveries WHERE state = 'held' AND next_at <= $1 LIMIT 1";
    Ok(tx.query_opt(sql, params![now]).await?.is_some())
}

/// How many wait.
pub async fn count(tx: &mut Tx) -> Result<u64> {
    let row = tx.query_opt("SELECT count(*) FROM deliveries WHERE state = 'held'", params![]).await?;
    row.map_or(Ok(0), |row| Ok(row.get::<i64>(0)?.unsigned_abs()))
}

/// All that is due for the subscribers of about `limit` that are due first. Holds a counter until the transaction ends, so
/// that one node at a time hands over.
pub async fn due(tx: &mut Tx, now: Timestamp, limit: usize) -> Result<Vec<HeldOver>> {
    feed::next(tx, "held").await?;
    let sql = "SELECT subscriber_id FROM deliveries WHERE state = 'held' AND next_at <= $1 ORDER BY next_at, n LIMIT $2";
    let first = tx.query(sql, params![now, limit]).await?;
    let whose: BTreeSet<String> = first.iter().map(|row| row.get(0)).collect::<Result<_>>()?;
    let whose: Vec<&str> = whose.iter().map(String::as_str).collect();
    let sql = format!(
        "SELECT d.n, d.id, d.broadcast_id, d.subscriber_id, d.channel, d.address, d.hold, s.state,
               CASE WHEN x.address IS NULL THEN 0 ELSE 1 END, b.kind, b.number, b.thread, b.created_at
             FROM deliveries d JOIN broadcasts b ON b.id = d.broadcast_id
             LEFT JOIN subscribers s ON s.id = d.subscriber_id
             LEFT JOIN suppressions x ON x.channel = d.channel AND x.address = d.address
             WHERE d.subscriber_id {} AND d.state = 'held' AND d.next_at <= $2 ORDER BY d.n",
        one_of(tx.kind(), 1)
    );
    let rows = tx.query(&sql, params![&whose[..], now]).await?;
    rows.iter()
        .map(|row| {
            Ok(HeldOver {
                n: row.get(0)?,
                id: row.word(1)?,
                broadcast_id: row.word(2)?,
                subscriber_id: row.opt_word(3)?,
                channel: row.word(4)?,
                address: row.get(5)?,
                hold: row.word(6)?,
                subscriber_state: row.opt_word(7)?,
                suppressed: row.get(8)?,
                kind: row.word(9)?,
                number: row.get(10)?,
                thread: row.get(11)?,
                made_at: row.get(12)?,
            })
        })
        .collect()
}

/// Lets some go: they are due since the time that stands with each.
pub async fn let_go(tx: &mut Tx, due: &[(i64, Timestamp)], now: Timestamp) -> Result<u64> {
    let rows = due.iter().map(|(n, since)| row![*n, *since, now]).collect();
    tx.exec_many(
        "UPDATE deliveries SET state = 'queued', next_at = $2, updated_at = $3 WHERE n = $1 AND state = 'held'",
        rows,
    )
    .await
}

/// Ends some that are not sent, or not by themselves.
pub async fn end(tx: &mut Tx, ended: &[(i64, DeliveryState, String)], now: Timestamp) -> Result<u64> {
    let rows = ended.iter().map(|(n, state, why)| row![*n, *state, why, now]).collect();
    tx.exec_many(
        "UPDATE deliveries SET state = $2, reply = $3, updated_at = $4 WHERE n = $1 AND state = 'held'",
        rows,
    )
    .await
}

/// Makes what is held for a subscriber due now: what they wish has changed.
pub async fn due_now(tx: &mut Tx, id: &SubscriberId, now: Timestamp) -> Result<u64> {
    tx.exec(
        "UPDATE deliveries SET next_at = $2 WHERE subscriber_id = $1 AND state = 'held' AND next_at > $2",
        params![id, now],
    )
    .await
}

/// What somebody got lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lately {
    /// How many messages.
    pub count: usize,
    /// When the first of them was written down.
    pub first: Option<Timestamp>,
    /// When the digest goes in which the rest is told, if something is held back already.
    pub digest_at: Option<Timestamp>,
}

/// What these subscribers got of broadcasts since `since`; nothing for those that got nothing.
pub async fn lately(
    tx: &mut Tx,
    ids: &[&SubscriberId],
    since: Timestamp,
) -> Result<HashMap<SubscriberId, Lately>> {
    let ids: Vec<&str> = ids.iter().map(|id| id.as_str()).collect();
    let mut found = HashMap::new();
    let sql = format!(
        "SELECT subscriber_id, sum(CASE WHEN state = 'held' THEN 0 ELSE 1 END), min(CASE WHEN state = 'held' THEN NULL ELSE created_at END),
           min(CASE WHEN state = 'held' AND hold = 'cap' THEN next_at END)
         FROM deliveries WHERE subscriber_id {} AND created_at > $2 AND priority = 1
           AND state NOT IN ('suppressed', 'cancelled', 'superseded', 'digested')
         GROUP BY subscriber_id",
        one_of(tx.kind(), 1)
    );
    for row in tx.query(&sql, params![&ids[..], since]).await? {
        let count = usize::try_from(row.get::<i64>(1)?).unwrap_or_default();
        found.insert(row.word(0)?, Lately { count, first: row.get(2)?, digest_at: row.get(3)? });
    }
    let asked: HashSet<&str> = ids.into_iter().collect();
    for (_, d) in portion::to_subscribers(tx).await? {
        let Some(id) = d.subscriber_id.filter(|id| asked.contains(id.as_str())) else { continue };
        let got = found.entry(id).or_insert(Lately { count: 0, first: None, digest_at: None });
        got.count += 1;
        got.first = Some(got.first.map_or(d.created_at, |first| first.min(d.created_at)));
    }
    Ok(found)
}
