//! The audit log: every change, by whom.

use crate::{Result, Tx, feed, params};
use amends_model::{Action, Actor, Resource};
use jiff::Timestamp;
use serde_json::Value as Json;

/// One line of the log.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Entry {
    /// Place in the log, from 1, without gaps.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What was done.
    pub action: Action,
    /// To what kind of thing.
    pub resource: Resource,
    /// Which one.
    pub resource_id: String,
    /// More, as JSON; never a secret.
    pub detail: Json,
}

/// Adds a line.
pub async fn push(
    tx: &mut Tx,
    now: Timestamp,
    actor: &Actor,
    action: Action,
    resource: Resource,
    resource_id: &str,
    detail: &Json,
) -> Result<()> {
    let seq = feed::next(tx, "audit").await?;
    tx.exec(
        "INSERT INTO audit (seq, at, actor, action, resource, resource_id, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        params![seq, now, json(actor)?, action, resource, resource_id, detail.to_string()],
    )
    .await?;
    Ok(())
}

/// Lines before `before` (exclusive; none for the newest), newest first.
pub async fn list(tx: &mut Tx, before: Option<i64>, limit: usize) -> Result<Vec<Entry>> {
    let sql = "SELECT seq, at, actor, action, resource, resource_id, detail FROM audit WHERE seq < $1 ORDER BY seq DESC LIMIT $2";
    let rows = tx.query(sql, params![before.unwrap_or(i64::MAX), limit]).await?;
    rows.iter()
        .map(|row| {
            Ok(Entry {
                seq: row.get(0)?,
                at: row.get(1)?,
                actor: row.json(2)?,
                action: row.word(3)?,
                resource: row.word(4)?,
                resource_id: row.get(5)?,
                detail: row.json(6)?,
            })
        })
        .collect()
}

pub(crate) fn json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|e| crate::StoreError::Corrupt(e.to_string()))
}
