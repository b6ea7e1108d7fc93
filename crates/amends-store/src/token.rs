//! API tokens. Only hashes of secrets are stored.

use crate::audit::json;
use crate::{Result, Row, Tx, params};
use amends_model::{PersonId, TokenId, TokenInfo};
use jiff::Timestamp;

const COLUMNS: &str =
    "id, name, role, scopes, prefix, created_by, person_id, created_at, expires_at, last_used_at, revoked_at";

fn from_row(row: &Row) -> Result<TokenInfo> {
    Ok(TokenInfo {
        id: row.word(0)?,
        name: row.get(1)?,
        role: row.word(2)?,
        scopes: row.json(3)?,
        prefix: row.get(4)?,
        created_by: row.get(5)?,
        person_id: row.opt_word(6)?,
        created_at: row.get(7)?,
        expires_at: row.get(8)?,
        last_used_at: row.get(9)?,
        revoked_at: row.get(10)?,
    })
}

/// Adds one.
pub async fn insert(tx: &mut Tx, t: &TokenInfo, secret_hash: &[u8]) -> Result<()> {
    tx.exec(
        "INSERT INTO tokens (id, secret_hash, name, role, scopes, prefix, created_by, person_id, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        params![
            &t.id,
            secret_hash,
            &t.name,
            t.role,
            json(&t.scopes)?,
            &t.prefix,
            &t.created_by,
            t.person_id.clone(),
            t.created_at,
            t.expires_at
        ],
    )
    .await?;
    Ok(())
}

/// The token of a secret, whether or not it is still valid.
pub async fn get_by_secret(tx: &mut Tx, secret_hash: &[u8]) -> Result<Option<TokenInfo>> {
    let row = tx
        .query_opt(&format!("SELECT {COLUMNS} FROM tokens WHERE secret_hash = $1"), params![secret_hash])
        .await?;
    row.as_ref().map(from_row).transpose()
}

/// One, by id.
pub async fn get(tx: &mut Tx, id: &TokenId) -> Result<Option<TokenInfo>> {
    let row = tx.query_opt(&format!("SELECT {COLUMNS} FROM tokens WHERE id = $1"), params![id]).await?;
    row.as_ref().map(from_row).transpose()
}

/// All, newest first. There are few: no paging.
pub async fn all(tx: &mut Tx) -> Result<Vec<TokenInfo>> {
    let sql = format!("SELECT {COLUMNS} FROM tokens ORDER BY created_at DESC, id");
    tx.query(&sql, params![]).await?.iter().map(from_row).collect()
}

/// Notes that it was used.
pub async fn touch(tx: &mut Tx, id: &TokenId, now: Timestamp) -> Result<()> {
    tx.exec("UPDATE tokens SET last_used_at = $2 WHERE id = $1", params![id, now]).await?;
    Ok(())
}

/// Revokes one; answers whether it was still valid.
pub async fn revoke(tx: &mut Tx, id: &TokenId, now: Timestamp) -> Result<bool> {
    Ok(tx
        .exec("UPDATE tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL", params![id, now])
        .await?
        == 1)
}

/// Revokes all that a person made; answers how many were still valid.
pub async fn revoke_all(tx: &mut Tx, person: &PersonId, now: Timestamp) -> Result<u64> {
    tx.exec(
        "UPDATE tokens SET revoked_at = $2 WHERE person_id = $1 AND revoked_at IS NULL",
        params![person, now],
    )
    .await
}
