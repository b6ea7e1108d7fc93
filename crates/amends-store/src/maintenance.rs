//! Planned work.

use crate::dialect::{self, one_of};
use crate::incident::{affected_of, set_affected};
use crate::{Keyset, Result, Row, Tx, params};
use amends_model::page::Span;
use amends_model::{Affected, ComponentStatus, Maintenance, MaintenanceId};
use jiff::Timestamp;

const COLUMNS: &str = "id, number, title, visibility, state, scheduled_for, scheduled_until, started_at, completed_at, auto_start,
    auto_complete, remind_before_minutes, reminded_at, backfilled, created_at, updated_at, version";

/// Which maintenances a list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Which {
    /// All.
    #[default]
    All,
    /// Those that are not completed.
    Open,
    /// Public ones.
    Public,
    /// Public ones that are not completed.
    OpenPublic,
}

impl Which {
    const fn condition(self) -> &'static str {
        match self {
            Which::All => "1 = 1",
            Which::Open => "state <> 'completed'",
            Which::Public => "visibility = 'public'",
            Which::OpenPublic => "visibility = 'public' AND state <> 'completed'",
        }
    }
}

fn from_row(row: &Row) -> Result<Maintenance> {
    Ok(Maintenance {
        id: row.word(0)?,
        number: row.get(1)?,
        title: row.get(2)?,
        visibility: row.word(3)?,
        state: row.word(4)?,
        scheduled_for: row.get(5)?,
        scheduled_until: row.get(6)?,
        started_at: row.get(7)?,
        completed_at: row.get(8)?,
        auto_start: row.get(9)?,
        auto_complete: row.get(10)?,
        remind_before_minutes: row.get(11)?,
        reminded_at: row.get(12)?,
        backfilled: row.get(13)?,
        created_at: row.get(14)?,
        updated_at: row.get(15)?,
        version: row.get(16)?,
        components: Vec::new(),
    })
}

async fn write_components(tx: &mut Tx, m: &Maintenance) -> Result<()> {
    let affected: Vec<Affected> = m
        .components
        .iter()
        .map(|id| Affected {
            component_id: id.clone(),
            status: ComponentStatus::UnderMaintenance,
            current: ComponentStatus::UnderMaintenance,
        })
        .collect();
    set_affected(tx, m.id.as_str(), &affected).await
}

/// Adds one with its components.
pub async fn insert(tx: &mut Tx, m: &Maintenance) -> Result<()> {
    let sql = format!(
        "INSERT INTO maintenances ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
    );
    tx.exec(
        &sql,
        params![
            &m.id,
            m.number,
            &m.title,
            m.visibility,
            m.state,
            m.scheduled_for,
            m.scheduled_until,
            m.started_at,
            m.completed_at,
            m.auto_start,
            m.auto_complete,
            m.remind_before_minutes,
            m.reminded_at,
            m.backfilled,
            m.created_at,
            m.updated_at,
            m.version
        ],
    )
    .await?;
    write_components(tx, m).await
}

/// Writes a changed one, components included, if nobody changed it since `expected`; answers whether it was so.
pub async fn update(tx: &mut Tx, m: &Maintenance, expected: i64) -> Result<bool> {
    let sql = "UPDATE maintenances SET title = $2, visibility = $3, state = $4, scheduled_for = $5, scheduled_until = $6,
               started_at = $7, completed_at = $8, auto_start = $9, auto_complete = $10, remind_before_minutes = $11,
               reminded_at = $12, backfilled = $13, updated_at = $14, version = $15 WHERE id = $1 AND version = $16";
    let changed = tx
        .exec(
            sql,
            params![
                &m.id,
                &m.title,
                m.visibility,
                m.state,
                m.scheduled_for,
                m.scheduled_until,
                m.started_at,
                m.completed_at,
                m.auto_start,
                m.auto_complete,
                m.remind_before_minutes,
                m.reminded_at,
                m.backfilled,
                m.updated_at,
                m.version,
                expected
            ],
        )
        .await?;
    if changed == 1 {
        write_components(tx, m).await?;
    }
    Ok(changed == 1)
}

/// One, by id.
pub async fn get(tx: &mut Tx, id: &MaintenanceId) -> Result<Option<Maintenance>> {
    get_with(tx, id, "").await
}

/// One, held until the transaction ends.
pub async fn get_for_update(tx: &mut Tx, id: &MaintenanceId) -> Result<Option<Maintenance>> {
    let suffix = dialect::for_update(tx.kind());
    get_with(tx, id, suffix).await
}

/// One, by the number that people say.
pub async fn get_by_number(tx: &mut Tx, number: i64) -> Result<Option<Maintenance>> {
    let sql = format!("SELECT {COLUMNS} FROM maintenances WHERE number = $1");
    let row = tx.query_opt(&sql, params![number]).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(with_components(tx, vec![from_row(&row)?]).await?.pop())
}

/// Those of these ids that exist, in no order.
pub async fn get_many(tx: &mut Tx, ids: &[&str]) -> Result<Vec<Maintenance>> {
    let sql = format!("SELECT {COLUMNS} FROM maintenances WHERE id {}", one_of(tx.kind(), 1));
    let rows = tx.query(&sql, params![ids]).await?;
    let found = rows.iter().map(from_row).collect::<Result<Vec<_>>>()?;
    with_components(tx, found).await
}

async fn get_with(tx: &mut Tx, id: &MaintenanceId, suffix: &str) -> Result<Option<Maintenance>> {
    let row = tx
        .query_opt(&format!("SELECT {COLUMNS} FROM maintenances WHERE id = $1{suffix}"), params![id])
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(with_components(tx, vec![from_row(&row)?]).await?.pop())
}

/// Maintenances by planned start, newest first, after `after`.
pub async fn list(tx: &mut Tx, which: Which, after: &Keyset, limit: usize) -> Result<Vec<Maintenance>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM maintenances WHERE {} AND (scheduled_for, id) < ($1, $2)
         ORDER BY scheduled_for DESC, id DESC LIMIT $3",
        which.condition()
    );
    let rows = tx.query(&sql, params![after.at, &after.id, limit]).await?;
    let found = rows.iter().map(from_row).collect::<Result<Vec<_>>>()?;
    with_components(tx, found).await
}

/// Public maintenances planned to begin in `[from, until)`, newest first; one month of history.
pub async fn public_between(tx: &mut Tx, from: Timestamp, until: Timestamp) -> Result<Vec<Maintenance>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM maintenances WHERE visibility = 'public' AND scheduled_for >= $1 AND scheduled_for < $2
         ORDER BY scheduled_for DESC, id DESC"
    );
    let rows = tx.query(&sql, params![from, until]).await?;
    let found = rows.iter().map(from_row).collect::<Result<Vec<_>>>()?;
    with_components(tx, found).await
}

/// Stretches in which public maintenances touched components, as far as they reach into the time after `since`.
pub async fn spans(tx: &mut Tx, since: Timestamp) -> Result<Vec<Span>> {
    let sql = "SELECT a.component_id, a.status, m.started_at, m.completed_at, m.id, m.title
        FROM maintenances m JOIN affected a ON a.subject_id = m.id
        WHERE m.visibility = 'public' AND m.started_at IS NOT NULL AND m.scheduled_until >= $1
        ORDER BY m.started_at, m.id, a.component_id";
    let rows = tx.query(sql, params![since]).await?;
    rows.iter()
        .map(|row| {
            Ok(Span {
                component_id: row.word(0)?,
                status: row.word(1)?,
                from: row.get(2)?,
                until: row.get(3)?,
                cause: row.get(4)?,
                title: row.get(5)?,
            })
        })
        .collect()
}

/// How many there are.
pub async fn count(tx: &mut Tx, which: Which) -> Result<i64> {
    let sql = format!("SELECT COUNT(*) FROM maintenances WHERE {}", which.condition());
    tx.query_opt(&sql, params![]).await?.map_or(Ok(0), |row| row.get(0))
}

/// Ids of components that public work in progress touches.
pub async fn components_in_progress(tx: &mut Tx) -> Result<Vec<String>> {
    let sql = "SELECT a.component_id FROM maintenances m JOIN affected a ON a.subject_id = m.id
               WHERE m.visibility = 'public' AND m.state <> 'completed' AND m.state <> 'scheduled'";
    tx.query(sql, params![]).await?.iter().map(|row| row.get(0)).collect()
}

async fn with_components(tx: &mut Tx, mut found: Vec<Maintenance>) -> Result<Vec<Maintenance>> {
    let ids: Vec<&str> = found.iter().map(|m| m.id.as_str()).collect();
    let mut affected = affected_of(tx, &ids).await?;
    for maintenance in &mut found {
        let components = affected.remove(maintenance.id.as_str()).unwrap_or_default();
        maintenance.components = components.into_iter().map(|a| a.component_id).collect();
    }
    Ok(found)
}
