//! How each channel is doing, for all nodes.

use crate::{Result, Row, Tx, params};
use amends_model::{Channel, ChannelHealth};
use jiff::Timestamp;

fn from_row(row: &Row) -> Result<ChannelHealth> {
    Ok(ChannelHealth {
        channel: row.word(0)?,
        failing: row.get(1)?,
        since: row.get(2)?,
        reason: row.get(3)?,
        detail: row.get(4)?,
        probes: u32::try_from(row.get::<i64>(5)?).unwrap_or(u32::MAX),
        next_probe_at: row.get(6)?,
    })
}

/// One; `None` if nothing was ever sent on it.
pub async fn get(tx: &mut Tx, channel: Channel) -> Result<Option<ChannelHealth>> {
    let sql = "SELECT channel, failing, since, reason, detail, probes, next_probe_at FROM channels WHERE channel = $1";
    tx.query_opt(sql, params![channel]).await?.as_ref().map(from_row).transpose()
}

/// All.
pub async fn all(tx: &mut Tx) -> Result<Vec<ChannelHealth>> {
    let sql = "SELECT channel, failing, since, reason, detail, probes, next_probe_at FROM channels ORDER BY channel";
    tx.query(sql, params![]).await?.iter().map(from_row).collect()
}

/// Writes one.
pub async fn set(tx: &mut Tx, h: &ChannelHealth) -> Result<()> {
    tx.exec(
        "INSERT INTO channels (channel, failing, since, reason, detail, probes, next_probe_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (channel) DO UPDATE SET failing = $2, since = $3, reason = $4, detail = $5, probes = $6, next_probe_at = $7",
        params![h.channel, h.failing, h.since, &h.reason, &h.detail, h.probes, h.next_probe_at],
    )
    .await?;
    Ok(())
}

/// Takes the next probe of a failing channel for this node, if it is due, or lies so far off that only a clock that was ahead
/// can have put it there: puts the following one off until `until`, the furthest there is, so that only one node asks.
/// Answers whether it is ours.
pub async fn take_probe(tx: &mut Tx, channel: Channel, now: Timestamp, until: Timestamp) -> Result<bool> {
    let sql = "UPDATE channels SET next_probe_at = $3
               WHERE channel = $1 AND failing = 1 AND (next_probe_at <= $2 OR next_probe_at > $3)";
    Ok(tx.exec(sql, params![channel, now, until]).await? == 1)
}
