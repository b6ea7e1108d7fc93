//! Addresses that must not be written to.

use crate::{Keyset, Result, Row, Tx, dialect, params, row};
use amends_model::{Channel, Suppression};

fn from_row(row: &Row) -> Result<Suppression> {
    Ok(Suppression {
        channel: row.word(0)?,
        address: row.get(1)?,
        reason: row.word(2)?,
        detail: row.get(3)?,
        at: row.get(4)?,
    })
}

/// Suppresses addresses; one that is suppressed already keeps its first reason. Answers how many were new.
pub async fn add(tx: &mut Tx, suppressions: &[Suppression]) -> Result<u64> {
    let rows = suppressions.iter().map(|s| row![s.channel, &s.address, s.reason, &s.detail, s.at]).collect();
    tx.exec_many(
        "INSERT INTO suppressions (channel, address, reason, detail, at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (channel, address) DO NOTHING",
        rows,
    )
    .await
}

/// Lifts one; answers whether there was one.
pub async fn lift(tx: &mut Tx, channel: Channel, address: &str) -> Result<bool> {
    let sql = "DELETE FROM suppressions WHERE channel = $1 AND address = $2";
    Ok(tx.exec(sql, params![channel, address]).await? == 1)
}

/// One, if the address is suppressed.
pub async fn get(tx: &mut Tx, channel: Channel, address: &str) -> Result<Option<Suppression>> {
    let sql =
        "SELECT channel, address, reason, detail, at FROM suppressions WHERE channel = $1 AND address = $2";
    tx.query_opt(sql, params![channel, address]).await?.as_ref().map(from_row).transpose()
}

/// Those of `addresses` that are suppressed.
pub async fn among(tx: &mut Tx, channel: Channel, addresses: &[&str]) -> Result<Vec<String>> {
    let one_of = dialect::one_of(tx.kind(), 2);
    let sql = format!("SELECT address FROM suppressions WHERE channel = $1 AND address {one_of}");
    tx.query(&sql, params![channel, addresses]).await?.iter().map(|row| row.get(0)).collect()
}

/// Newest first.
pub async fn list(tx: &mut Tx, after: &Keyset, limit: usize) -> Result<Vec<Suppression>> {
    let sql = "SELECT channel, address, reason, detail, at FROM suppressions WHERE (at, address) < ($1, $2)
               ORDER BY at DESC, address DESC LIMIT $3";
    tx.query(sql, params![after.at, &after.id, limit]).await?.iter().map(from_row).collect()
}

/// How many there are.
pub async fn count(tx: &mut Tx) -> Result<u64> {
    let row = tx.query_opt("SELECT count(*) FROM suppressions", params![]).await?;
    row.map_or(Ok(0), |row| Ok(row.get::<i64>(0)?.unsigned_abs()))
}
