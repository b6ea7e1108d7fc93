//! The change feed: what changed, in commit order. Search indexes, rendered pages and other nodes follow it.

use crate::{Result, Tx, params};
use jiff::Timestamp;

/// One change: something of this kind and id is new, different or gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Place in commit order, from 1, without gaps.
    pub seq: i64,
    /// `incident`, `maintenance`, `component`, `page`, `postmortem`, `action`, ….
    pub kind: String,
    /// Its id.
    pub id: String,
    /// When.
    pub at: Timestamp,
}

/// Notes a change. Takes the feed's counter, so that changes are numbered in commit order: call it late in a
/// transaction.
pub async fn push(tx: &mut Tx, kind: &str, id: &str, now: Timestamp) -> Result<()> {
    let seq = next(tx, "feed").await?;
    tx.exec("INSERT INTO feed (seq, kind, id, at) VALUES ($1, $2, $3, $4)", params![seq, kind, id, now])
        .await?;
    Ok(())
}

/// Changes after `seq`, oldest first, at most `limit`.
pub async fn after(tx: &mut Tx, seq: i64, limit: usize) -> Result<Vec<Change>> {
    let rows = tx
        .query("SELECT seq, kind, id, at FROM feed WHERE seq > $1 ORDER BY seq LIMIT $2", params![seq, limit])
        .await?;
    rows.iter()
        .map(|row| Ok(Change { seq: row.get(0)?, kind: row.get(1)?, id: row.get(2)?, at: row.get(3)? }))
        .collect()
}

/// The newest change's number; 0 if nothing ever changed.
pub async fn newest(tx: &mut Tx) -> Result<i64> {
    let row = tx.query_opt("SELECT n FROM counters WHERE name = 'feed'", params![]).await?;
    row.map_or(Ok(0), |row| row.get(0))
}

/// The oldest change that is still kept; a follower that is further behind starts afresh.
pub async fn oldest(tx: &mut Tx) -> Result<i64> {
    let row = tx.query_opt("SELECT seq FROM feed ORDER BY seq LIMIT 1", params![]).await?;
    row.map_or(Ok(0), |row| row.get(0))
}

/// Forgets changes older than the newest `keep`.
pub async fn trim(tx: &mut Tx, keep: i64) -> Result<u64> {
    let newest = newest(tx).await?;
    tx.exec("DELETE FROM feed WHERE seq <= $1", params![newest - keep]).await
}

/// Takes the next number of a counter without gaps. Holds the counter until the transaction ends.
pub async fn next(tx: &mut Tx, counter: &str) -> Result<i64> {
    take(tx, counter, 1).await
}

/// The first of the next `count` numbers of a counter, which the caller takes.
pub async fn take(tx: &mut Tx, counter: &str, count: usize) -> Result<i64> {
    let sql = "UPDATE counters SET n = n + $2 WHERE name = $1 RETURNING n - $2 + 1";
    let row = tx.query_opt(sql, params![counter, count]).await?;
    row.ok_or_else(|| crate::StoreError::Corrupt(format!("the counter ‘{counter}’ is missing")))?.get(0)
}
