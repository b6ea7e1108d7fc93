//! Answers already given to POSTs with an `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).

use crate::{Result, Tx, params};
use jiff::Timestamp;

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Nothing: it is ours now, and an answer is expected by [`finish`].
    New,
    /// Somebody is at it, since then.
    InProgress(Timestamp),
    /// The same key came with another request.
    OtherRequest,
    /// Answered: status and body.
    Answered(i64, String),
}

/// Takes a key for `caller`. `request` is a digest of method, path and body.
pub async fn begin(tx: &mut Tx, caller: &str, key: &str, request: &str, now: Timestamp) -> Result<Known> {
    let taken = tx
        .exec(
            "INSERT INTO idempotency (caller, key, request, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (caller, key) DO NOTHING",
            params![caller, key, request, now],
        )
        .await?;
    if taken == 1 {
        return Ok(Known::New);
    }
    let sql = "SELECT request, status, body, created_at FROM idempotency WHERE caller = $1 AND key = $2";
    // Given back between the two statements: whoever had it was at it just now.
    let Some(row) = tx.query_opt(sql, params![caller, key]).await? else { return Ok(Known::InProgress(now)) };
    if row.get::<String>(0)? != request {
        return Ok(Known::OtherRequest);
    }
    Ok(match row.get::<Option<i64>>(1)? {
        Some(status) => Known::Answered(status, row.get::<Option<String>>(2)?.unwrap_or_default()),
        None => Known::InProgress(row.get(3)?),
    })
}

/// Keeps the answer.
pub async fn finish(tx: &mut Tx, caller: &str, key: &str, status: i64, body: &str) -> Result<()> {
    tx.exec(
        "UPDATE idempotency SET status = $3, body = $4 WHERE caller = $1 AND key = $2",
        params![caller, key, status, body],
    )
    .await?;
    Ok(())
}

/// Gives a key back after a request that changed nothing (it failed), so that it can be tried again.
pub async fn release(tx: &mut Tx, caller: &str, key: &str) -> Result<()> {
    tx.exec(
        "DELETE FROM idempotency WHERE caller = $1 AND key = $2 AND status IS NULL",
        params![caller, key],
    )
    .await?;
    Ok(())
}

/// Dates those that are not answered back to `since`; answers how many. Whoever was at them has ended.
pub async fn date_back(tx: &mut Tx, since: Timestamp) -> Result<u64> {
    let sql = "UPDATE idempotency SET created_at = $1 WHERE status IS NULL AND created_at > $1";
    tx.exec(sql, params![since]).await
}

/// Forgets keys from before `before`.
pub async fn forget(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    tx.exec("DELETE FROM idempotency WHERE created_at < $1", params![before]).await
}
