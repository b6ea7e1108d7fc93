//! Timeline events, with every earlier version of the edited ones.

use std::collections::{HashMap, HashSet};

use crate::audit::json;
use crate::dialect::one_of;
use crate::{Keyset, Result, Row, StoreError, Tx, Value, params};
pub use amends_model::event::EarlierVersion;
use amends_model::{Actor, Event, EventBody, EventId, IncidentId, MaintenanceId, Subject};
use jiff::Timestamp;

const COLUMNS: &str = "id, subject_kind, subject_id, at, written_at, actor, body, edited_at, version";

fn from_row(row: &Row) -> Result<Event> {
    let kind: String = row.get(1)?;
    let subject = match kind.as_str() {
        "incident" => Subject::Incident(row.word::<IncidentId>(2)?),
        "maintenance" => Subject::Maintenance(row.word::<MaintenanceId>(2)?),
        other => return Err(StoreError::Corrupt(format!("subject_kind ‘{other}’"))),
    };
    Ok(Event {
        id: row.word(0)?,
        subject,
        at: row.get(3)?,
        written_at: row.get(4)?,
        actor: row.json(5)?,
        body: row.json(6)?,
        edited_at: row.get(7)?,
        version: row.get(8)?,
    })
}

fn values(event: &Event) -> Result<[Value; 10]> {
    Ok([
        (&event.id).into(),
        event.subject.kind().into(),
        event.subject.id().into(),
        event.at.into(),
        event.written_at.into(),
        json(&event.actor)?.into(),
        event.body.kind().into(),
        json(&event.body)?.into(),
        event.edited_at.into(),
        event.version.into(),
    ])
}

const INSERT: &str =
    "INSERT INTO events (id, subject_kind, subject_id, at, written_at, actor, kind, body, edited_at, version)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

/// Adds one.
pub async fn insert(tx: &mut Tx, event: &Event) -> Result<()> {
    tx.exec(INSERT, &values(event)?).await?;
    Ok(())
}

/// Adds many in one trip.
pub async fn insert_many(tx: &mut Tx, events: &[Event]) -> Result<()> {
    tx.exec_many(INSERT, events.iter().map(values).collect::<Result<_>>()?).await?;
    Ok(())
}

/// One.
pub async fn get(tx: &mut Tx, id: &EventId) -> Result<Option<Event>> {
    let row = tx.query_opt(&format!("SELECT {COLUMNS} FROM events WHERE id = $1"), params![id]).await?;
    row.as_ref().map(from_row).transpose()
}

/// The whole timeline of one subject, oldest first.
pub async fn of(tx: &mut Tx, subject_id: &str) -> Result<Vec<Event>> {
    let sql = format!("SELECT {COLUMNS} FROM events WHERE subject_id = $1 ORDER BY at, id");
    tx.query(&sql, params![subject_id]).await?.iter().map(from_row).collect()
}

/// A part of the timeline, newest first, after `after`.
pub async fn list(tx: &mut Tx, subject_id: &str, after: &Keyset, limit: usize) -> Result<Vec<Event>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM events WHERE subject_id = $1 AND (at, id) < ($2, $3) ORDER BY at DESC, id DESC LIMIT $4"
    );
    tx.query(&sql, params![subject_id, after.at, &after.id, limit]).await?.iter().map(from_row).collect()
}

/// A part of the messages to customers of one subject, newest first, after `after`.
pub async fn list_updates(tx: &mut Tx, subject_id: &str, after: &Keyset, limit: usize) -> Result<Vec<Event>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM events WHERE subject_id = $1 AND kind IN ('update', 'maintenance_update')
         AND (at, id) < ($2, $3) ORDER BY at DESC, id DESC LIMIT $4"
    );
    tx.query(&sql, params![subject_id, after.at, &after.id, limit]).await?.iter().map(from_row).collect()
}

/// The messages to customers of many subjects, oldest first.
pub async fn updates_of(tx: &mut Tx, subject_ids: &[&str]) -> Result<Vec<Event>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM events WHERE subject_id {} AND kind IN ('update', 'maintenance_update') ORDER BY at, id",
        one_of(tx.kind(), 1)
    );
    tx.query(&sql, params![subject_ids]).await?.iter().map(from_row).collect()
}

/// What customers were told, without who wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Id of the event.
    pub id: EventId,
    /// When it happened.
    pub at: Timestamp,
    /// When it was written.
    pub written_at: Timestamp,
    /// When it was last edited.
    pub edited_at: Option<Timestamp>,
    /// An update or a maintenance update.
    pub body: EventBody,
}

/// What customers were told about many subjects, by the subject's id, newest first.
pub async fn told_of(tx: &mut Tx, subject_ids: &[&str]) -> Result<HashMap<String, Vec<Told>>> {
    let sql = format!(
        "SELECT subject_id, id, at, written_at, edited_at, body FROM events
         WHERE subject_id {} AND kind IN ('update', 'maintenance_update')",
        one_of(tx.kind(), 1)
    );
    let mut found: HashMap<String, Vec<Told>> = HashMap::with_capacity(subject_ids.len());
    for row in tx.query(&sql, params![subject_ids]).await? {
        let told = Told {
            id: row.word(1)?,
            at: row.get(2)?,
            written_at: row.get(3)?,
            edited_at: row.get(4)?,
            body: row.json(5)?,
        };
        found.entry(row.get(0)?).or_default().push(told);
    }
    // Each has few, so this is less work than the engine's sorting of all.
    for told in found.values_mut() {
        told.sort_by(|a, b| (b.at, &b.id).cmp(&(a.at, &a.id)));
    }
    Ok(found)
}

/// Kinds of events that hold a text which a person or a monitor wrote; what [`EventBody::text`] answers.
const WITH_TEXT: &str = "'note', 'update', 'maintenance_update', 'alert', 'change'";

/// Timelines with more events are measured before they are read.
const LONG: i64 = 100;

/// The events with a text of many subjects, oldest first; of each subject only the newest that begin within `bytes` of
/// stored text, so that one endless timeline cannot fill the memory.
pub async fn texts_of(tx: &mut Tx, subject_ids: &[&str], bytes: usize) -> Result<Vec<Event>> {
    let among = one_of(tx.kind(), 1);
    let sql = format!(
        "SELECT subject_id FROM events WHERE subject_id {among} GROUP BY subject_id HAVING count(*) > {LONG}"
    );
    let rows = tx.query(&sql, params![subject_ids]).await?;
    let long = rows.iter().map(|row| row.get(0)).collect::<Result<HashSet<String>>>()?;
    let (long, short): (Vec<&str>, Vec<&str>) = subject_ids.iter().partition(|id| long.contains(**id));
    let sql = format!(
        "SELECT {COLUMNS} FROM events WHERE subject_id {among} AND kind IN ({WITH_TEXT}) ORDER BY at, id"
    );
    let mut rows = newest(tx.query(&sql, params![&short[..]]).await?, bytes)?;
    if !long.is_empty() {
        // `octet_length` does not read the text itself, on neither engine.
        let sql = format!(
            "SELECT {COLUMNS} FROM events WHERE id IN (
                 SELECT id FROM (
                     SELECT id, octet_length(body) AS size,
                            SUM(octet_length(body)) OVER (PARTITION BY subject_id ORDER BY at DESC, id DESC) AS upto
                     FROM events WHERE subject_id {among} AND kind IN ({WITH_TEXT})
                 ) AS newest WHERE upto - size < $2)
             ORDER BY at, id"
        );
        rows.extend(tx.query(&sql, params![&long[..], bytes]).await?);
    }
    let mut found = rows.iter().map(from_row).collect::<Result<Vec<_>>>()?;
    found.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    Ok(found)
}

/// Of events that are there, oldest first, the newest of each subject that begin within `bytes`.
fn newest(rows: Vec<Row>, bytes: usize) -> Result<Vec<Row>> {
    let (mut upto, mut kept) = (HashMap::<String, usize>::new(), Vec::with_capacity(rows.len()));
    for row in rows.into_iter().rev() {
        let upto = upto.entry(row.get(2)?).or_default();
        let begins_within = *upto < bytes;
        *upto += row.get::<String>(6)?.len();
        if begins_within {
            kept.push(row);
        }
    }
    kept.reverse();
    Ok(kept)
}

/// Replaces an event's time and body if nobody edited it since version `expected`, and keeps the old one. `event` is
/// the new one, with its version already raised. Answers whether it was so.
pub async fn replace(tx: &mut Tx, old: &Event, event: &Event, by: &Actor) -> Result<bool> {
    let changed = tx
        .exec(
            "UPDATE events SET at = $2, body = $3, edited_at = $4, version = $5 WHERE id = $1 AND version = $6",
            params![&event.id, event.at, json(&event.body)?, event.edited_at, event.version, old.version],
        )
        .await?;
    if changed == 1 {
        tx.exec(
            "INSERT INTO event_versions (event_id, version, at, body, replaced_at, replaced_by) VALUES ($1, $2, $3, $4, $5, $6)",
            params![&old.id, old.version, old.at, json(&old.body)?, event.edited_at, json(by)?],
        )
        .await?;
    }
    Ok(changed == 1)
}

/// Earlier versions of an event, oldest first.
pub async fn earlier(tx: &mut Tx, id: &EventId) -> Result<Vec<EarlierVersion>> {
    let sql = "SELECT version, at, body, replaced_at, replaced_by FROM event_versions WHERE event_id = $1 ORDER BY version";
    let rows = tx.query(sql, params![id]).await?;
    rows.iter()
        .map(|row| {
            Ok(EarlierVersion {
                version: row.get(0)?,
                at: row.get(1)?,
                body: row.json(2)?,
                replaced_at: row.get(3)?,
                replaced_by: row.json(4)?,
            })
        })
        .collect()
}
