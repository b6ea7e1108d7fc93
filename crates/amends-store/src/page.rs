//! The status page's settings. There is one page.

use crate::{Result, Row, Tx, params};
use amends_model::page::Page;

const COLUMNS: &str =
    "id, name, url, time_zone, description, support_url, language, created_at, updated_at, version";

fn from_row(row: &Row) -> Result<Page> {
    Ok(Page {
        id: row.word(0)?,
        name: row.get(1)?,
        url: row.get(2)?,
        time_zone: row.get(3)?,
        description: row.get(4)?,
        support_url: row.get(5)?,
        language: row.get(6)?,
        created_at: row.get(7)?,
        updated_at: row.get(8)?,
        version: row.get(9)?,
    })
}

/// The page, if the installation was set up.
pub async fn get(tx: &mut Tx) -> Result<Option<Page>> {
    let row =
        tx.query_opt(&format!("SELECT {COLUMNS} FROM pages ORDER BY created_at LIMIT 1"), params![]).await?;
    row.as_ref().map(from_row).transpose()
}

/// Makes the page.
pub async fn insert(tx: &mut Tx, page: &Page) -> Result<()> {
    let sql = format!("INSERT INTO pages ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
    tx.exec(
        &sql,
        params![
            &page.id,
            &page.name,
            &page.url,
            &page.time_zone,
            page.description.clone(),
            page.support_url.clone(),
            &page.language,
            page.created_at,
            page.updated_at,
            page.version
        ],
    )
    .await?;
    Ok(())
}

/// Writes changed settings if nobody changed them since `expected`; answers whether it was so.
pub async fn update(tx: &mut Tx, page: &Page, expected: i64) -> Result<bool> {
    let sql = "UPDATE pages SET name = $2, url = $3, time_zone = $4, description = $5, support_url = $6, language = $7,
               updated_at = $8, version = $9 WHERE id = $1 AND version = $10";
    let changed = tx
        .exec(
            sql,
            params![
                &page.id,
                &page.name,
                &page.url,
                &page.time_zone,
                page.description.clone(),
                page.support_url.clone(),
                &page.language,
                page.updated_at,
                page.version,
                expected
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Notes that something the page shows has changed; the Statuspage API's `page.updated_at`.
pub async fn touch(tx: &mut Tx, now: jiff::Timestamp) -> Result<()> {
    tx.exec("UPDATE pages SET updated_at = $1 WHERE updated_at < $1", params![now]).await?;
    Ok(())
}
