//! Broadcasts: what is on its way, and how far it was written down who gets it.

use crate::audit::json;
use crate::{Keyset, Result, Row, Tx, dialect, feed, params, portion};
use amends_model::broadcast::{Counts, Reach, Tally};
use amends_model::{Broadcast, BroadcastId, DeliveryState, Impact};
use jiff::Timestamp;

const COLUMNS: &str =
    "id, number, kind, thread, about, subject, audience, created_at, planned_at, cancelled_at, finished_at";

fn from_row(row: &Row) -> Result<Broadcast> {
    Ok(Broadcast {
        id: row.word(0)?,
        number: row.get(1)?,
        kind: row.word(2)?,
        thread: row.get(3)?,
        about: row.get(4)?,
        subject: row.get(5)?,
        audience: row.json(6)?,
        created_at: row.get(7)?,
        planned_at: row.get(8)?,
        cancelled_at: row.get(9)?,
        finished_at: row.get(10)?,
    })
}

/// Adds one with its unchangeable content (JSON) and answers its number. Takes the counter of broadcasts: call it late
/// in a transaction.
pub async fn insert(tx: &mut Tx, b: &Broadcast, content: &str) -> Result<i64> {
    let number = feed::next(tx, "broadcast").await?;
    tx.exec(
        "INSERT INTO broadcasts (id, number, kind, thread, about, subject, content, audience, plan_after, created_at, planned_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', $9, $10)",
        params![
            &b.id,
            number,
            b.kind,
            &b.thread,
            &b.about,
            &b.subject,
            content,
            json(&b.audience)?,
            b.created_at,
            b.planned_at
        ],
    )
    .await?;
    Ok(number)
}

/// One.
pub async fn get(tx: &mut Tx, id: &BroadcastId) -> Result<Option<Broadcast>> {
    let row = tx.query_opt(&format!("SELECT {COLUMNS} FROM broadcasts WHERE id = $1"), params![id]).await?;
    row.as_ref().map(from_row).transpose()
}

/// The content of one (JSON), and when it was made. `None` if there is none, or it was a single mail whose content was
/// forgotten after it went.
pub async fn content(tx: &mut Tx, id: &BroadcastId) -> Result<Option<(String, Timestamp)>> {
    let row = tx
        .query_opt("SELECT content, created_at FROM broadcasts WHERE id = $1 AND content <> ''", params![id])
        .await?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// Those about one event, postmortem or other thing, oldest first.
pub async fn about(tx: &mut Tx, about: &str) -> Result<Vec<Broadcast>> {
    let sql = format!("SELECT {COLUMNS} FROM broadcasts WHERE about = $1 ORDER BY number");
    tx.query(&sql, params![about]).await?.iter().map(from_row).collect()
}

/// Those of one incident or planned work (`incident-…`, `maintenance-…`), oldest first.
pub async fn of_thread(tx: &mut Tx, thread: &str) -> Result<Vec<Broadcast>> {
    let sql = format!("SELECT {COLUMNS} FROM broadcasts WHERE thread = $1 ORDER BY number");
    tx.query(&sql, params![thread]).await?.iter().map(from_row).collect()
}

/// Those to subscribers, newest first.
pub async fn list(tx: &mut Tx, after: &Keyset, limit: usize) -> Result<Vec<Broadcast>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM broadcasts WHERE (created_at, id) < ($1, $2)
         AND kind IN ('update', 'maintenance', 'reminder', 'letter') ORDER BY created_at DESC, id DESC LIMIT $3"
    );
    tx.query(&sql, params![after.at, &after.id, limit]).await?.iter().map(from_row).collect()
}

/// The other words in a broadcast's thread: what the order of its messages depends on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Neighbours {
    /// Said later. One of them replaces a retry of this one.
    pub newer: Vec<BroadcastId>,
    /// Said before, and not with everybody yet.
    pub older: Vec<BroadcastId>,
}

/// The neighbours of a broadcast. Letters stand alone, and so do single mails: nothing overtakes them.
pub async fn neighbours(tx: &mut Tx, id: &BroadcastId) -> Result<Neighbours> {
    let sql = "SELECT n.id, n.number - b.number, n.finished_at FROM broadcasts b JOIN broadcasts n ON n.thread = b.thread
               WHERE b.id = $1 AND b.thread <> '' AND n.id <> b.id AND n.cancelled_at IS NULL
               AND b.kind IN ('update', 'maintenance', 'reminder', 'component')
               AND n.kind IN ('update', 'maintenance', 'reminder', 'component')
               ORDER BY n.number";
    let mut found = Neighbours::default();
    for row in tx.query(sql, params![id]).await? {
        let (is_newer, finished) = (row.get::<i64>(1)? > 0, row.get::<Option<i64>>(2)?.is_some());
        match (is_newer, finished) {
            (true, _) => found.newer.push(row.word(0)?),
            (false, false) => found.older.push(row.word(0)?),
            (false, true) => {}
        }
    }
    Ok(found)
}

/// The oldest broadcast of which it is not yet written down who gets it, and the subscriber up to whom it is. On
/// PostgreSQL, one that another node is at is stepped over, and so is what was said after it in the same thread: it
/// must not be with anybody before.
pub async fn to_plan(tx: &mut Tx) -> Result<Option<(Broadcast, String)>> {
    let sql = format!(
        "SELECT {COLUMNS}, plan_after FROM broadcasts b WHERE planned_at IS NULL AND (thread = '' OR NOT EXISTS
           (SELECT 1 FROM broadcasts e WHERE e.thread = b.thread AND e.number < b.number AND e.planned_at IS NULL))
         ORDER BY number LIMIT 1{}",
        dialect::skip_locked(tx.kind())
    );
    let row = tx.query_opt(&sql, params![]).await?;
    row.map(|row| Ok((from_row(&row)?, row.get(11)?))).transpose()
}

/// Whether there is any of which it is not yet written down who gets it.
pub async fn is_any_to_plan(tx: &mut Tx) -> Result<bool> {
    let sql = "SELECT 1 FROM broadcasts WHERE planned_at IS NULL LIMIT 1";
    Ok(tx.query_opt(sql, params![]).await?.is_some())
}

/// Moves the planning cursor.
pub async fn plan_reached(tx: &mut Tx, id: &BroadcastId, after: &str) -> Result<()> {
    tx.exec("UPDATE broadcasts SET plan_after = $2 WHERE id = $1", params![id, after]).await?;
    Ok(())
}

/// How many broadcasts at most somebody can have got since `since`; not more are counted than are `enough`.
pub async fn lately(tx: &mut Tx, since: Timestamp, enough: usize) -> Result<usize> {
    let sql = "SELECT 1 FROM broadcasts WHERE planned_at > $1
               AND kind IN ('update', 'maintenance', 'reminder', 'letter') LIMIT $2";
    let planned = tx.query(sql, params![since, enough]).await?.len();
    let sql = "SELECT 1 FROM broadcasts WHERE planned_at IS NULL LIMIT $1";
    Ok(planned + tx.query(sql, params![enough]).await?.len())
}

/// The worst that was told in a thread so far.
pub async fn worst_in(tx: &mut Tx, thread: &str) -> Result<Option<Impact>> {
    Ok(of_thread(tx, thread).await?.iter().filter_map(|b| b.audience.impact).max())
}

/// Ends planning.
pub async fn planned(tx: &mut Tx, id: &BroadcastId, now: Timestamp) -> Result<()> {
    tx.exec("UPDATE broadcasts SET planned_at = $2 WHERE id = $1 AND planned_at IS NULL", params![id, now])
        .await?;
    Ok(())
}

/// Marks a broadcast as finished if nothing is left to send; answers whether it did. The content of single mails is
/// forgotten then, because it may hold a link that signs somebody in.
pub async fn finish_if_done(tx: &mut Tx, id: &BroadcastId, now: Timestamp) -> Result<bool> {
    let done = tx
        .exec(
            "UPDATE broadcasts SET finished_at = $2,
             content = CASE WHEN kind IN ('confirm', 'sign_in', 'invitation') THEN '' ELSE content END
             WHERE id = $1 AND finished_at IS NULL AND planned_at IS NOT NULL AND NOT EXISTS
             (SELECT 1 FROM deliveries WHERE broadcast_id = $1 AND state IN ('queued', 'held', 'deferred', 'sending'))
             AND NOT EXISTS (SELECT 1 FROM portions WHERE broadcast_id = $1)",
            params![id, now],
        )
        .await?;
    Ok(done == 1)
}

/// Stops a broadcast: what was not sent yet will not be. Answers how many deliveries that were.
pub async fn cancel(tx: &mut Tx, id: &BroadcastId, now: Timestamp) -> Result<u64> {
    tx.exec(
        "UPDATE broadcasts SET cancelled_at = $2, planned_at = COALESCE(planned_at, $2) WHERE id = $1 AND cancelled_at IS NULL",
        params![id, now],
    )
    .await?;
    let stopped = tx
        .exec(
            "UPDATE deliveries SET state = $2, updated_at = $3, reply = 'the broadcast was stopped'
             WHERE broadcast_id = $1 AND state IN ('queued', 'held', 'deferred')",
            params![id, DeliveryState::Cancelled, now],
        )
        .await?;
    finish_if_done(tx, id, now).await?;
    Ok(stopped)
}

/// How many deliveries stand where.
pub async fn counts(tx: &mut Tx, id: &BroadcastId) -> Result<Counts> {
    let sql = "SELECT state, count(*) FROM deliveries WHERE broadcast_id = $1 GROUP BY state";
    let mut counts = Counts::default();
    for row in tx.query(sql, params![id]).await? {
        *counts.of(row.word(0)?) = row.get::<i64>(1)?.unsigned_abs();
    }
    for (_, sending) in portion::sizes(tx, id).await? {
        *counts.of(DeliveryState::Sending) += sending;
    }
    Ok(counts)
}

/// How many deliveries of a broadcast stand where on each channel, and after how many milliseconds they were accepted.
pub async fn tallies(tx: &mut Tx, b: &Broadcast) -> Result<Vec<Tally>> {
    let sql = "SELECT channel, state, CASE WHEN state = 'accepted' AND hold IS NULL THEN (updated_at - $2) / 1000 END, count(*)
               FROM deliveries WHERE broadcast_id = $1 GROUP BY 1, 2, 3";
    let rows = tx.query(sql, params![&b.id, b.created_at]).await?;
    let sending = portion::sizes(tx, &b.id).await?.into_iter();
    let sending = sending
        .map(|(channel, count)| Ok(Tally { channel, state: DeliveryState::Sending, took: None, count }));
    let known = rows.iter().map(|row| {
        let took = row.get::<Option<i64>>(2)?.map(|ms| u64::try_from(ms).unwrap_or_default());
        Ok(Tally {
            channel: row.word(0)?,
            state: row.word(1)?,
            took,
            count: row.get::<i64>(3)?.unsigned_abs(),
        })
    });
    known.chain(sending).collect()
}

/// Finished broadcasts to subscribers that were not measured yet, the oldest first.
pub async fn unmeasured(tx: &mut Tx, limit: usize) -> Result<Vec<Broadcast>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM broadcasts WHERE reach IS NULL AND finished_at IS NOT NULL
         AND kind IN ('update', 'maintenance', 'reminder', 'letter') ORDER BY finished_at LIMIT $1"
    );
    tx.query(&sql, params![limit]).await?.iter().map(from_row).collect()
}

/// Keeps what was measured.
pub async fn measured(tx: &mut Tx, id: &BroadcastId, reach: &[Reach]) -> Result<()> {
    tx.exec("UPDATE broadcasts SET reach = $2 WHERE id = $1", params![id, json(&reach)?]).await?;
    Ok(())
}

/// What was measured; none if it was not yet.
pub async fn reach(tx: &mut Tx, id: &BroadcastId) -> Result<Option<Vec<Reach>>> {
    let sql = "SELECT reach FROM broadcasts WHERE id = $1 AND reach IS NOT NULL";
    tx.query_opt(sql, params![id]).await?.map(|row| row.json(0)).transpose()
}
