//! Incidents and the components they touch.

use crate::dialect::{self, one_of};
use crate::{Keyset, Result, Row, Tx, params, row};
use amends_model::page::Span;
use amends_model::{Affected, ComponentStatus, Impact, Incident, IncidentId};
use jiff::Timestamp;
use std::collections::HashMap;

const COLUMNS: &str =
    "id, number, title, summary, visibility, severity, impact, impact_override, state, phase, started_at,
    resolved_at, monitoring_at, next_update_at, backfilled, source_url, created_at, updated_at, version";

/// Which incidents a list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Which {
    /// All.
    #[default]
    All,
    /// Those whose internal state is not resolved.
    Open,
    /// Public ones.
    Public,
    /// Public ones that customers see as going on.
    OpenPublic,
    /// Public ones whose internal state is not resolved.
    PublicUnresolved,
}

impl Which {
    const fn condition(self) -> &'static str {
        match self {
            Which::All => "1 = 1",
            Which::Open => "state <> 'resolved'",
            Which::Public => "visibility = 'public'",
            Which::OpenPublic => "visibility = 'public' AND phase <> 'resolved'",
            Which::PublicUnresolved => "visibility = 'public' AND state <> 'resolved'",
        }
    }
}

fn from_row(row: &Row) -> Result<Incident> {
    Ok(Incident {
        id: row.word(0)?,
        number: row.get(1)?,
        title: row.get(2)?,
        summary: row.get(3)?,
        visibility: row.word(4)?,
        severity: row.word(5)?,
        impact: row.word(6)?,
        impact_override: row.opt_word(7)?,
        state: row.word(8)?,
        phase: row.word(9)?,
        started_at: row.get(10)?,
        resolved_at: row.get(11)?,
        monitoring_at: row.get(12)?,
        next_update_at: row.get(13)?,
        backfilled: row.get(14)?,
        source_url: row.get(15)?,
        created_at: row.get(16)?,
        updated_at: row.get(17)?,
        version: row.get(18)?,
        components: Vec::new(),
    })
}

/// Adds one with its components.
pub async fn insert(tx: &mut Tx, i: &Incident) -> Result<()> {
    let sql = format!(
        "INSERT INTO incidents ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)"
    );
    tx.exec(
        &sql,
        params![
            &i.id,
            i.number,
            &i.title,
            &i.summary,
            i.visibility,
            i.severity,
            i.impact,
            i.impact_override,
            i.state,
            i.phase,
            i.started_at,
            i.resolved_at,
            i.monitoring_at,
            i.next_update_at,
            i.backfilled,
            i.source_url.clone(),
            i.created_at,
            i.updated_at,
            i.version
        ],
    )
    .await?;
    set_affected(tx, i.id.as_str(), &i.components).await
}

/// Writes a changed one, components included, if nobody changed it since `expected`; answers whether it was so.
pub async fn update(tx: &mut Tx, i: &Incident, expected: i64) -> Result<bool> {
    let sql = "UPDATE incidents SET title = $2, summary = $3, visibility = $4, severity = $5, impact = $6, impact_override = $7,
               state = $8, phase = $9, started_at = $10, resolved_at = $11, monitoring_at = $12, next_update_at = $13,
               backfilled = $14, source_url = $15, updated_at = $16, version = $17 WHERE id = $1 AND version = $18";
    let changed = tx
        .exec(
            sql,
            params![
                &i.id,
                &i.title,
                &i.summary,
                i.visibility,
                i.severity,
                i.impact,
                i.impact_override,
                i.state,
                i.phase,
                i.started_at,
                i.resolved_at,
                i.monitoring_at,
                i.next_update_at,
                i.backfilled,
                i.source_url.clone(),
                i.updated_at,
                i.version,
                expected
            ],
        )
        .await?;
    if changed == 1 {
        set_affected(tx, i.id.as_str(), &i.components).await?;
    }
    Ok(changed == 1)
}

/// One, by id.
pub async fn get(tx: &mut Tx, id: &IncidentId) -> Result<Option<Incident>> {
    get_with(tx, id, "").await
}

/// One, held until the transaction ends, so that concurrent changes queue up instead of failing.
pub async fn get_for_update(tx: &mut Tx, id: &IncidentId) -> Result<Option<Incident>> {
    let suffix = dialect::for_update(tx.kind());
    get_with(tx, id, suffix).await
}

async fn get_with(tx: &mut Tx, id: &IncidentId, suffix: &str) -> Result<Option<Incident>> {
    let row =
        tx.query_opt(&format!("SELECT {COLUMNS} FROM incidents WHERE id = $1{suffix}"), params![id]).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(with_components(tx, vec![from_row(&row)?]).await?.pop())
}

/// One, by the number that people say.
pub async fn get_by_number(tx: &mut Tx, number: i64) -> Result<Option<Incident>> {
    let row =
        tx.query_opt(&format!("SELECT {COLUMNS} FROM incidents WHERE number = $1"), params![number]).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(with_components(tx, vec![from_row(&row)?]).await?.pop())
}

/// Those of these ids that exist, in no order.
pub async fn get_many(tx: &mut Tx, ids: &[&str]) -> Result<Vec<Incident>> {
    let sql = format!("SELECT {COLUMNS} FROM incidents WHERE id {}", one_of(tx.kind(), 1));
    let rows = tx.query(&sql, params![ids]).await?;
    let incidents = rows.iter().map(from_row).collect::<Result<Vec<_>>>()?;
    with_components(tx, incidents).await
}

/// Incidents by when they began, newest first, after `after`.
pub async fn list(tx: &mut Tx, which: Which, after: &Keyset, limit: usize) -> Result<Vec<Incident>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM incidents WHERE {} AND (started_at, id) < ($1, $2) ORDER BY started_at DESC, id DESC LIMIT $3",
        which.condition()
    );
    let rows = tx.query(&sql, params![after.at, &after.id, limit]).await?;
    let incidents = rows.iter().map(from_row).collect::<Result<Vec<_>>>()?;
    with_components(tx, incidents).await
}

/// Public incidents that began in `[from, until)`, newest first; one month of history.
pub async fn public_between(tx: &mut Tx, from: Timestamp, until: Timestamp) -> Result<Vec<Incident>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM incidents WHERE visibility = 'public' AND started_at >= $1 AND started_at < $2
         ORDER BY started_at DESC, id DESC"
    );
    let rows = tx.query(&sql, params![from, until]).await?;
    let incidents = rows.iter().map(from_row).collect::<Result<Vec<_>>>()?;
    with_components(tx, incidents).await
}

/// Notes that customers were told something at this version of the incident.
pub async fn set_told(tx: &mut Tx, id: &IncidentId, version: i64) -> Result<()> {
    tx.exec("UPDATE incidents SET told_version = $2 WHERE id = $1", params![id, version]).await?;
    Ok(())
}

/// The version at which customers were last told something; 0 if they never were.
pub async fn told(tx: &mut Tx, id: &IncidentId) -> Result<i64> {
    let row = tx.query_opt("SELECT told_version FROM incidents WHERE id = $1", params![id]).await?;
    row.map_or(Ok(0), |row| row.get(0))
}

/// When the oldest public incident began.
pub async fn oldest_public(tx: &mut Tx) -> Result<Option<Timestamp>> {
    let sql = "SELECT started_at FROM incidents WHERE visibility = 'public' ORDER BY started_at LIMIT 1";
    tx.query_opt(sql, params![]).await?.map(|row| row.get(0)).transpose()
}

/// How many there are.
pub async fn count(tx: &mut Tx, which: Which) -> Result<i64> {
    let row = tx
        .query_opt(&format!("SELECT COUNT(*) FROM incidents WHERE {}", which.condition()), params![])
        .await?;
    row.map_or(Ok(0), |row| row.get(0))
}

/// Stretches in which public incidents hurt components, as far as they reach into the time after `since`.
pub async fn spans(tx: &mut Tx, since: Timestamp) -> Result<Vec<Span>> {
    // Two parts, as neither engine takes an index for one with an OR; and sorted here, as SQLite would rather read all in
    // this order than sort the few.
    let part = "SELECT a.component_id, a.status, i.started_at, i.resolved_at, i.id, i.title
        FROM incidents i JOIN affected a ON a.subject_id = i.id WHERE i.visibility = 'public' AND i.resolved_at";
    let sql = format!("{part} >= $1 UNION ALL {part} IS NULL");
    let rows = tx.query(&sql, params![since]).await?;
    let spans: Result<Vec<Span>> = rows
        .iter()
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
        .collect();
    let mut spans = spans?;
    spans.sort_by(|a, b| {
        (a.from, &a.cause, a.component_id.as_str()).cmp(&(b.from, &b.cause, b.component_id.as_str()))
    });
    Ok(spans)
}

/// The ids, from a set of ids, that exist already, with their versions; for imports.
pub async fn existing(tx: &mut Tx, ids: &[String]) -> Result<HashMap<String, i64>> {
    let sql = format!("SELECT id, version FROM incidents WHERE id {}", one_of(tx.kind(), 1));
    tx.query(&sql, params![ids]).await?.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

async fn with_components(tx: &mut Tx, mut incidents: Vec<Incident>) -> Result<Vec<Incident>> {
    let ids: Vec<&str> = incidents.iter().map(|i| i.id.as_str()).collect();
    let mut affected = affected_of(tx, &ids).await?;
    for incident in &mut incidents {
        incident.components = affected.remove(incident.id.as_str()).unwrap_or_default();
    }
    Ok(incidents)
}

/// The components that subjects touch, by subject id, each list in the order of the page.
pub(crate) async fn affected_of(tx: &mut Tx, subject_ids: &[&str]) -> Result<HashMap<String, Vec<Affected>>> {
    let mut found: HashMap<String, Vec<Affected>> = HashMap::new();
    let sql = format!(
        "SELECT a.subject_id, a.component_id, a.status, a.current FROM affected a JOIN components c ON c.id = a.component_id
         WHERE a.subject_id {} ORDER BY c.position, c.id",
        one_of(tx.kind(), 1)
    );
    for row in tx.query(&sql, params![subject_ids]).await? {
        let affected = Affected { component_id: row.word(1)?, status: row.word(2)?, current: row.word(3)? };
        found.entry(row.get(0)?).or_default().push(affected);
    }
    Ok(found)
}

/// Writes which components a subject touches.
pub(crate) async fn set_affected(tx: &mut Tx, subject_id: &str, components: &[Affected]) -> Result<()> {
    tx.exec("DELETE FROM affected WHERE subject_id = $1", params![subject_id]).await?;
    let rows = components.iter().map(|a| row![subject_id, &a.component_id, a.status, a.current]).collect();
    tx.exec_many(
        "INSERT INTO affected (subject_id, component_id, status, current) VALUES ($1, $2, $3, $4)",
        rows,
    )
    .await?;
    Ok(())
}

/// The worst current status that open public incidents give each component.
pub async fn current_statuses(tx: &mut Tx) -> Result<Vec<(String, ComponentStatus)>> {
    let sql = "SELECT a.component_id, a.current FROM incidents i JOIN affected a ON a.subject_id = i.id
               WHERE i.visibility = 'public' AND i.phase <> 'resolved' ORDER BY i.started_at, i.id";
    tx.query(sql, params![]).await?.iter().map(|row| Ok((row.get(0)?, row.word(1)?))).collect()
}

/// The worst impact of all open public incidents.
pub async fn worst_open_impact(tx: &mut Tx) -> Result<Impact> {
    let rows = tx
        .query(
            "SELECT impact, impact_override FROM incidents WHERE visibility = 'public' AND phase <> 'resolved'",
            params![],
        )
        .await?;
    rows.iter().try_fold(Impact::None, |worst, row| {
        let shown = row.opt_word::<Impact>(1)?.map_or_else(|| row.word(0), Ok)?;
        Ok(worst.max(shown))
    })
}
