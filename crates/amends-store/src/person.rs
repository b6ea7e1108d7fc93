//! People who sign in.

use crate::dialect::for_update;
use crate::{Result, Row, Tx, params};
use amends_model::{Person, PersonId};

const COLUMNS: &str = "id, email, name, role, time_zone, disabled, created_at, updated_at, version,
    CASE WHEN password_hash IS NULL THEN 0 ELSE 1 END";

fn from_row(row: &Row) -> Result<Person> {
    Ok(Person {
        id: row.word(0)?,
        email: row.get(1)?,
        name: row.get(2)?,
        role: row.word(3)?,
        time_zone: row.get(4)?,
        disabled: row.get(5)?,
        created_at: row.get(6)?,
        updated_at: row.get(7)?,
        version: row.get(8)?,
        has_password: row.get(9)?,
    })
}

/// Adds one, without a password. [`crate::StoreError::Duplicate`] if the address is taken.
pub async fn insert(tx: &mut Tx, p: &Person) -> Result<()> {
    tx.exec(
        "INSERT INTO people (id, email, name, role, time_zone, disabled, created_at, updated_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        params![
            &p.id,
            &p.email,
            &p.name,
            p.role,
            &p.time_zone,
            p.disabled,
            p.created_at,
            p.updated_at,
            p.version
        ],
    )
    .await?;
    Ok(())
}

/// Writes a changed one if nobody changed it since `expected`; answers whether it was so.
pub async fn update(tx: &mut Tx, p: &Person, expected: i64) -> Result<bool> {
    let sql = "UPDATE people SET email = $2, name = $3, role = $4, time_zone = $5, disabled = $6, updated_at = $7, version = $8
               WHERE id = $1 AND version = $9";
    let params = params![
        &p.id,
        &p.email,
        &p.name,
        p.role,
        &p.time_zone,
        p.disabled,
        p.updated_at,
        p.version,
        expected
    ];
    Ok(tx.exec(sql, params).await? == 1)
}

/// Sets the password's hash (PHC string).
pub async fn set_password(tx: &mut Tx, id: &PersonId, hash: &str) -> Result<()> {
    tx.exec("UPDATE people SET password_hash = $2 WHERE id = $1", params![id, hash]).await?;
    Ok(())
}

/// The password's hash.
pub async fn password_hash(tx: &mut Tx, id: &PersonId) -> Result<Option<String>> {
    let row = tx.query_opt("SELECT password_hash FROM people WHERE id = $1", params![id]).await?;
    row.map_or(Ok(None), |row| row.get(0))
}

/// One, by id.
pub async fn get(tx: &mut Tx, id: &PersonId) -> Result<Option<Person>> {
    let row = tx.query_opt(&format!("SELECT {COLUMNS} FROM people WHERE id = $1"), params![id]).await?;
    row.as_ref().map(from_row).transpose()
}

/// One, by address in lower case.
pub async fn get_by_email(tx: &mut Tx, email: &str) -> Result<Option<Person>> {
    let row = tx.query_opt(&format!("SELECT {COLUMNS} FROM people WHERE email = $1"), params![email]).await?;
    row.as_ref().map(from_row).transpose()
}

/// All, by name. Teams are small: no paging.
pub async fn all(tx: &mut Tx) -> Result<Vec<Person>> {
    let sql = format!("SELECT {COLUMNS} FROM people ORDER BY name, id");
    tx.query(&sql, params![]).await?.iter().map(from_row).collect()
}

/// How many administrators can sign in.
pub async fn active_administrators(tx: &mut Tx) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM people WHERE role = 'administrator' AND disabled = 0";
    tx.query_opt(sql, params![]).await?.map_or(Ok(0), |row| row.get(0))
}

/// As [`active_administrators`], and nobody else changes one of them until the transaction ends: two of them cannot
/// take the role from each other at the same moment.
pub async fn hold_administrators(tx: &mut Tx) -> Result<usize> {
    let sql = format!(
        "SELECT id FROM people WHERE role = 'administrator' AND disabled = 0 ORDER BY id{}",
        for_update(tx.kind())
    );
    Ok(tx.query(&sql, params![]).await?.len())
}
