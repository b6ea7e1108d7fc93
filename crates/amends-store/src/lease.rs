//! Leases: a batch of deliveries in one node's hands. While it works it renews; when it dies, the batch goes to
//! another.

use crate::{Result, Tx, delivery, dialect, params};
use jiff::Timestamp;

/// Takes one.
pub async fn begin(tx: &mut Tx, id: &str, node: &str, until: Timestamp) -> Result<()> {
    tx.exec("INSERT INTO leases (id, node, until) VALUES ($1, $2, $3)", params![id, node, until]).await?;
    Ok(())
}

/// Keeps it; answers whether it was still ours.
pub async fn renew(tx: &mut Tx, id: &str, until: Timestamp) -> Result<bool> {
    Ok(tx.exec("UPDATE leases SET until = $2 WHERE id = $1", params![id, until]).await? == 1)
}

/// Gives it back, and with it what it still holds, which was not tried: that is due as it was. Answers how many messages
/// those were.
pub async fn end(tx: &mut Tx, id: &str, now: Timestamp) -> Result<u64> {
    let held = delivery::release(tx, id, now).await?;
    tx.exec("DELETE FROM leases WHERE id = $1", params![id]).await?;
    Ok(held)
}

/// Whether any was not renewed in time, or ends after `furthest`: no clock that is right can have made that one.
pub async fn is_any_expired(tx: &mut Tx, now: Timestamp, furthest: Timestamp) -> Result<bool> {
    let sql = "SELECT 1 FROM leases WHERE until < $1 OR until > $2 LIMIT 1";
    Ok(tx.query_opt(sql, params![now, furthest]).await?.is_some())
}

/// Those that were not renewed in time or end after `furthest`, at most 10.
pub async fn expired(tx: &mut Tx, now: Timestamp, furthest: Timestamp) -> Result<Vec<String>> {
    let sql = format!(
        "SELECT id FROM leases WHERE until < $1 OR until > $2 ORDER BY until LIMIT 10{}",
        dialect::skip_locked(tx.kind())
    );
    tx.query(&sql, params![now, furthest]).await?.iter().map(|row| row.get(0)).collect()
}

/// Those of one node: what it held when it was ended, for a node that is alone and starts again.
pub async fn of_node(tx: &mut Tx, node: &str) -> Result<Vec<String>> {
    let rows = tx.query("SELECT id FROM leases WHERE node = $1 ORDER BY id", params![node]).await?;
    rows.iter().map(|row| row.get(0)).collect()
}
