//! Components and groups.

use crate::{Result, Row, Tx, params};
use amends_model::{Component, ComponentId};

const COLUMNS: &str =
    "id, name, description, group_id, is_group, position, status, showcase, only_show_if_degraded,
    start_date, created_at, updated_at, archived, version";

fn from_row(row: &Row) -> Result<Component> {
    Ok(Component {
        id: row.word(0)?,
        name: row.get(1)?,
        description: row.get(2)?,
        group_id: row.opt_word(3)?,
        is_group: row.get(4)?,
        position: row.get(5)?,
        status: row.word(6)?,
        showcase: row.get(7)?,
        only_show_if_degraded: row.get(8)?,
        start_date: row
            .get::<Option<String>>(9)?
            .map(|d| d.parse().map_err(|e| crate::StoreError::Corrupt(format!("start_date: {e}"))))
            .transpose()?,
        created_at: row.get(10)?,
        updated_at: row.get(11)?,
        archived: row.get(12)?,
        version: row.get(13)?,
    })
}

/// All components and groups that are not archived, by position. There are few: no paging.
pub async fn all(tx: &mut Tx) -> Result<Vec<Component>> {
    let sql = format!("SELECT {COLUMNS} FROM components WHERE archived = 0 ORDER BY position, id");
    tx.query(&sql, params![]).await?.iter().map(from_row).collect()
}

/// All, archived ones too.
pub async fn all_with_archived(tx: &mut Tx) -> Result<Vec<Component>> {
    let sql = format!("SELECT {COLUMNS} FROM components ORDER BY position, id");
    tx.query(&sql, params![]).await?.iter().map(from_row).collect()
}

/// One.
pub async fn get(tx: &mut Tx, id: &ComponentId) -> Result<Option<Component>> {
    let row = tx.query_opt(&format!("SELECT {COLUMNS} FROM components WHERE id = $1"), params![id]).await?;
    row.as_ref().map(from_row).transpose()
}

/// Adds one.
pub async fn insert(tx: &mut Tx, c: &Component) -> Result<()> {
    let sql = format!(
        "INSERT INTO components ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
    );
    tx.exec(
        &sql,
        params![
            &c.id,
            &c.name,
            c.description.clone(),
            c.group_id.clone(),
            c.is_group,
            c.position,
            c.status,
            c.showcase,
            c.only_show_if_degraded,
            c.start_date.map(|d| d.to_string()),
            c.created_at,
            c.updated_at,
            c.archived,
            c.version
        ],
    )
    .await?;
    Ok(())
}

/// Writes a changed one if nobody changed it since `expected`; answers whether it was so.
pub async fn update(tx: &mut Tx, c: &Component, expected: i64) -> Result<bool> {
    let sql = "UPDATE components SET name = $2, description = $3, group_id = $4, position = $5, status = $6, showcase = $7,
               only_show_if_degraded = $8, start_date = $9, updated_at = $10, archived = $11, version = $12
               WHERE id = $1 AND version = $13";
    let changed = tx
        .exec(
            sql,
            params![
                &c.id,
                &c.name,
                c.description.clone(),
                c.group_id.clone(),
                c.position,
                c.status,
                c.showcase,
                c.only_show_if_degraded,
                c.start_date.map(|d| d.to_string()),
                c.updated_at,
                c.archived,
                c.version,
                expected
            ],
        )
        .await?;
    Ok(changed == 1)
}
