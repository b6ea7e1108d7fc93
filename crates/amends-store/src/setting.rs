//! Settings and secrets of the installation: small named values.

use crate::{Result, Tx, params};

/// Reads one.
pub async fn get(tx: &mut Tx, name: &str) -> Result<Option<String>> {
    let row = tx.query_opt("SELECT value FROM settings WHERE name = $1", params![name]).await?;
    row.map(|row| row.get(0)).transpose()
}

/// Writes one.
pub async fn set(tx: &mut Tx, name: &str, value: &str) -> Result<()> {
    let sql =
        "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2";
    tx.exec(sql, params![name, value]).await?;
    Ok(())
}

/// Writes one; answers whether it was another before. Of two nodes that write the same at once, one hears yes.
pub async fn replace(tx: &mut Tx, name: &str, value: &str) -> Result<bool> {
    let sql = "INSERT INTO settings (name, value) VALUES ($1, $2)
               ON CONFLICT (name) DO UPDATE SET value = $2 WHERE settings.value <> $2";
    Ok(tx.exec(sql, params![name, value]).await? == 1)
}

/// Writes one unless it is there; answers the one that counts. Two nodes that start at once agree.
pub async fn get_or_set(tx: &mut Tx, name: &str, value: &str) -> Result<String> {
    let sql = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    tx.exec(sql, params![name, value]).await?;
    Ok(get(tx, name).await?.unwrap_or_else(|| value.to_owned()))
}
