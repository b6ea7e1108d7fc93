//! What is known about subscribers who have a server of their own: owner, secret in use, health.

use crate::dialect::one_of;
use crate::{Result, Row, Tx, params, row};
use amends_model::{Channel, Endpoint, SubscriberId};
use jiff::Timestamp;
use std::collections::HashMap;

const COLUMNS: &str =
    "subscriber_id, owner, details, generation, rotated_at, failing_since, told_at, ended_why";

fn from_row(row: &Row) -> Result<Endpoint> {
    Ok(Endpoint {
        subscriber_id: row.word(0)?,
        owner: row.get(1)?,
        details: row.get(2)?,
        generation: row.get(3)?,
        rotated_at: row.get(4)?,
        failing_since: row.get(5)?,
        told_at: row.get(6)?,
        ended_why: row.get(7)?,
    })
}

/// Writes down many; one that is there is replaced.
pub async fn put(tx: &mut Tx, endpoints: &[Endpoint]) -> Result<()> {
    let rows = endpoints
        .iter()
        .map(|e| {
            row![
                &e.subscriber_id,
                &e.owner,
                &e.details,
                e.generation,
                e.rotated_at,
                e.failing_since,
                e.told_at,
                e.ended_why.as_deref()
            ]
        })
        .collect();
    tx.exec_many(
        "INSERT INTO endpoints (subscriber_id, owner, details, generation, rotated_at, failing_since, told_at, ended_why)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (subscriber_id) DO UPDATE SET owner = excluded.owner,
         details = excluded.details, generation = excluded.generation, rotated_at = excluded.rotated_at,
         failing_since = excluded.failing_since, told_at = excluded.told_at, ended_why = excluded.ended_why",
        rows,
    )
    .await?;
    Ok(())
}

/// One.
pub async fn get(tx: &mut Tx, id: &SubscriberId) -> Result<Option<Endpoint>> {
    let sql = format!("SELECT {COLUMNS} FROM endpoints WHERE subscriber_id = $1");
    tx.query_opt(&sql, params![id]).await?.as_ref().map(from_row).transpose()
}

/// Those of these subscribers that have one.
pub async fn of(tx: &mut Tx, ids: &[SubscriberId]) -> Result<HashMap<SubscriberId, Endpoint>> {
    let sql = format!("SELECT {COLUMNS} FROM endpoints WHERE subscriber_id {}", one_of(tx.kind(), 1));
    let rows = tx.query(&sql, params![ids]).await?;
    rows.iter().map(|row| from_row(row).map(|found| (found.subscriber_id.clone(), found))).collect()
}

/// Notes that it takes messages (again).
pub async fn works(tx: &mut Tx, ids: &[SubscriberId]) -> Result<()> {
    let rows = ids.iter().map(|id| row![id]).collect();
    let sql = "UPDATE endpoints SET failing_since = NULL, told_at = NULL WHERE subscriber_id = $1";
    tx.exec_many(sql, rows).await?;
    Ok(())
}

/// Notes since when it takes none, unless that is known.
pub async fn fails(tx: &mut Tx, ids: &[SubscriberId], since: Timestamp) -> Result<()> {
    let rows = ids.iter().map(|id| row![id, since]).collect();
    let sql = "UPDATE endpoints SET failing_since = $2 WHERE subscriber_id = $1 AND failing_since IS NULL";
    tx.exec_many(sql, rows).await?;
    Ok(())
}

/// Makes what an address did not take since `since` due again; answers how many messages that are.
pub async fn replay(
    tx: &mut Tx,
    channel: Channel,
    address: &str,
    since: Timestamp,
    now: Timestamp,
) -> Result<u64> {
    tx.exec(
        "UPDATE deliveries SET state = 'queued', attempts = 0, next_at = $4, updated_at = $4
         WHERE address = $2 AND channel = $1 AND created_at >= $3 AND state = 'refused'",
        params![channel, address, since, now],
    )
    .await
}
