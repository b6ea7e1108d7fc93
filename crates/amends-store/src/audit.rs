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

/// Which lines a list shows.
#[derive(Debug, Clone, Default)]
pub struct Which {
    /// Only what was done to this kind of thing.
    pub resource: Option<Resource>,
    /// Only what was done to this one.
    pub resource_id: Option<String>,
    /// Only what somebody did whose id this is, or whose name holds this text.
    pub actor: Option<String>,
    /// So many lines are looked through at most where no index knows what fits; all when nothing is said.
    pub stretch: Option<i64>,
}

/// A part of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The lines that fit, newest first.
    pub entries: Vec<Entry>,
    /// The oldest line that was looked at when the log goes on before it.
    pub reached: Option<i64>,
}

/// Lines before `before` (exclusive; none for the newest), newest first.
pub async fn list(tx: &mut Tx, which: &Which, before: Option<i64>, limit: usize) -> Result<Part> {
    let before = before.unwrap_or(i64::MAX);
    let is_indexed = which.resource_id.is_some() || (which.resource.is_none() && which.actor.is_none());
    let oldest = match which.stretch.filter(|_| !is_indexed) {
        None => 1,
        // The numbers of the lines have no gaps.
        Some(stretch) => {
            let row = tx.query_opt("SELECT n FROM counters WHERE name = 'audit'", params![]).await?;
            let newest = row.map(|row| row.get::<i64>(0)).transpose()?.unwrap_or_default();
            (before.min(newest + 1) - stretch).max(1)
        }
    };
    let mut values = params![before, limit, oldest].to_vec();
    let mut conditions = String::new();
    if let Some(resource) = which.resource {
        values.push(resource.into());
        conditions.push_str(&format!(" AND resource = ${}", values.len()));
    }
    if let Some(id) = &which.resource_id {
        values.push(id.into());
        conditions.push_str(&format!(" AND resource_id = ${}", values.len()));
    }
    if let Some(actor) = &which.actor {
        // The name is the last field of the actor's JSON: what follows it is the name alone.
        let quoted = json(&actor.to_lowercase())?;
        let inner = quoted.trim_matches('"');
        let text = inner.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        values.push(format!("%\"id\":\"{text}\"%").into());
        values.push(format!("%\"name\":\"%{text}%\"}}").into());
        conditions.push_str(&format!(
            " AND (lower(actor) LIKE ${} ESCAPE '\\' OR lower(actor) LIKE ${} ESCAPE '\\')",
            values.len() - 1,
            values.len()
        ));
    }
    let sql = format!(
        "SELECT seq, at, actor, action, resource, resource_id, detail FROM audit WHERE seq < $1 AND seq >= $3{conditions} ORDER BY seq DESC LIMIT $2"
    );
    let rows = tx.query(&sql, &values).await?;
    let entries = rows
        .iter()
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
        .collect::<Result<_>>()?;
    Ok(Part { entries, reached: Some(oldest).filter(|oldest| *oldest > 1) })
}

pub(crate) fn json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|e| crate::StoreError::Corrupt(e.to_string()))
}
