//! Signed-in sessions, links that work once, and failed sign-ins. Only hashes of secrets are stored.

use crate::{Result, Row, Tx, params};
use amends_model::{PersonId, SessionId};
use jiff::Timestamp;

/// A signed-in session.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Session {
    /// Id, to end it by.
    pub id: SessionId,
    /// Who.
    pub person_id: PersonId,
    /// Since when.
    pub created_at: Timestamp,
    /// Last used, to the minute.
    pub last_seen_at: Timestamp,
    /// When it ends in any case.
    pub expires_at: Timestamp,
    /// Network address it was opened from.
    pub address: String,
    /// What the browser called itself.
    pub agent: String,
}

const COLUMNS: &str = "id, person_id, created_at, last_seen_at, expires_at, address, agent";

fn from_row(row: &Row) -> Result<Session> {
    Ok(Session {
        id: row.word(0)?,
        person_id: row.word(1)?,
        created_at: row.get(2)?,
        last_seen_at: row.get(3)?,
        expires_at: row.get(4)?,
        address: row.get(5)?,
        agent: row.get(6)?,
    })
}

/// Opens one.
pub async fn insert(tx: &mut Tx, s: &Session, secret_hash: &[u8]) -> Result<()> {
    tx.exec(
        "INSERT INTO sessions (id, secret_hash, person_id, created_at, last_seen_at, expires_at, address, agent)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![&s.id, secret_hash, &s.person_id, s.created_at, s.last_seen_at, s.expires_at, &s.address, &s.agent],
    )
    .await?;
    Ok(())
}

/// The session of a secret, whether or not it is still valid.
pub async fn get(tx: &mut Tx, secret_hash: &[u8]) -> Result<Option<Session>> {
    let row = tx
        .query_opt(&format!("SELECT {COLUMNS} FROM sessions WHERE secret_hash = $1"), params![secret_hash])
        .await?;
    row.as_ref().map(from_row).transpose()
}

/// A person's sessions, newest first.
pub async fn of(tx: &mut Tx, person: &PersonId) -> Result<Vec<Session>> {
    let sql = format!("SELECT {COLUMNS} FROM sessions WHERE person_id = $1 ORDER BY created_at DESC, id");
    tx.query(&sql, params![person]).await?.iter().map(from_row).collect()
}

/// Notes that it was used.
pub async fn touch(tx: &mut Tx, id: &SessionId, now: Timestamp) -> Result<()> {
    tx.exec("UPDATE sessions SET last_seen_at = $2 WHERE id = $1", params![id, now]).await?;
    Ok(())
}

/// Ends one of a person's; answers whether there was one.
pub async fn end(tx: &mut Tx, person: &PersonId, id: &SessionId) -> Result<bool> {
    Ok(tx.exec("DELETE FROM sessions WHERE person_id = $1 AND id = $2", params![person, id]).await? == 1)
}

/// Ends all of a person's but one; answers how many.
pub async fn end_all(tx: &mut Tx, person: &PersonId, but: Option<&SessionId>) -> Result<u64> {
    let but = but.map_or("", |id| id.as_str());
    tx.exec("DELETE FROM sessions WHERE person_id = $1 AND id <> $2", params![person, but]).await
}

/// Forgets sessions that have expired or were last used before `idle_before`, links that have expired, and failed
/// sign-ins from before `failures_before`; answers how many rows.
pub async fn forget_expired(
    tx: &mut Tx,
    now: Timestamp,
    idle_before: Timestamp,
    failures_before: Timestamp,
) -> Result<u64> {
    let sql = "DELETE FROM sessions WHERE expires_at <= $1 OR last_seen_at <= $2";
    let sessions = tx.exec(sql, params![now, idle_before]).await?;
    let links = tx.exec("DELETE FROM links WHERE expires_at <= $1", params![now]).await?;
    let sql = "DELETE FROM sign_in_failures WHERE at <= $1";
    Ok(sessions + links + tx.exec(sql, params![failures_before]).await?)
}

/// Makes a link that works once. `purpose`: `setup` (no person yet), `sign_in` or `password`.
pub async fn insert_link(
    tx: &mut Tx,
    secret_hash: &[u8],
    purpose: &str,
    person: Option<&PersonId>,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    tx.exec(
        "INSERT INTO links (secret_hash, purpose, person_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
        params![secret_hash, purpose, person.cloned(), now, expires_at],
    )
    .await?;
    Ok(())
}

/// What a link that was not used and has not expired is for, and for whom; using it is [`use_link`].
pub async fn get_link(
    tx: &mut Tx,
    secret_hash: &[u8],
    now: Timestamp,
) -> Result<Option<(String, Option<PersonId>)>> {
    let sql =
        "SELECT purpose, person_id FROM links WHERE secret_hash = $1 AND used_at IS NULL AND expires_at > $2";
    let row = tx.query_opt(sql, params![secret_hash, now]).await?;
    row.map(|row| Ok((row.get(0)?, row.opt_word(1)?))).transpose()
}

/// Uses a link up; answers whether it was still good.
pub async fn use_link(tx: &mut Tx, secret_hash: &[u8], now: Timestamp) -> Result<bool> {
    let sql = "UPDATE links SET used_at = $2 WHERE secret_hash = $1 AND used_at IS NULL AND expires_at > $2";
    Ok(tx.exec(sql, params![secret_hash, now]).await? == 1)
}

/// Removes unused links of a purpose, so that only the newest works.
pub async fn drop_links(tx: &mut Tx, purpose: &str, person: Option<&PersonId>) -> Result<()> {
    match person {
        Some(person) => {
            tx.exec("DELETE FROM links WHERE purpose = $1 AND person_id = $2", params![purpose, person])
                .await?
        }
        None => {
            tx.exec("DELETE FROM links WHERE purpose = $1 AND person_id IS NULL", params![purpose]).await?
        }
    };
    Ok(())
}

/// Notes a failed sign-in.
pub async fn insert_failure(
    tx: &mut Tx,
    id: &SessionId,
    account: &str,
    address: &str,
    now: Timestamp,
) -> Result<()> {
    tx.exec(
        "INSERT INTO sign_in_failures (id, account, address, at) VALUES ($1, $2, $3, $4)",
        params![id, account, address, now],
    )
    .await?;
    Ok(())
}

/// Waits until no other transaction, on any node, counts attempts to sign in; the turn lasts until this one ends.
pub async fn take_turn(tx: &mut Tx) -> Result<()> {
    crate::feed::next(tx, "sign_in").await.map(|_| ())
}

/// Failed sign-ins of one account or from one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Failures {
    /// How many.
    pub count: i64,
    /// When the last of them was.
    pub last: Option<Timestamp>,
}

/// Failed sign-ins of an account after `since`.
pub async fn failures_of(tx: &mut Tx, account: &str, since: Timestamp) -> Result<Failures> {
    let sql = "SELECT COUNT(*), MAX(at) FROM sign_in_failures WHERE account = $1 AND at > $2";
    failures(tx, sql, account, since).await
}

/// Failed sign-ins from an address after `since`.
pub async fn failures_from(tx: &mut Tx, address: &str, since: Timestamp) -> Result<Failures> {
    let sql = "SELECT COUNT(*), MAX(at) FROM sign_in_failures WHERE address = $1 AND at > $2";
    failures(tx, sql, address, since).await
}

async fn failures(tx: &mut Tx, sql: &str, key: &str, since: Timestamp) -> Result<Failures> {
    let row = tx.query_opt(sql, params![key, since]).await?;
    row.map_or(Ok(Failures::default()), |row| Ok(Failures { count: row.get(0)?, last: row.get(1)? }))
}

/// Forgets an account's failed sign-ins, after one that worked.
pub async fn clear_failures(tx: &mut Tx, account: &str) -> Result<()> {
    tx.exec("DELETE FROM sign_in_failures WHERE account = $1", params![account]).await?;
    Ok(())
}
