//! The built-in mailbox: what was "sent" while no mail server is configured. Only the newest are kept.

use crate::{Result, Row, Tx, feed, params, row};
use amends_model::DeliveryId;
use jiff::Timestamp;

/// As many are kept.
pub const KEPT: i64 = 2_000;

/// A mail of the mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Counts mails from 1.
    pub number: i64,
    /// When it was sent.
    pub at: Timestamp,
    /// Envelope sender.
    pub sender: String,
    /// Envelope recipient.
    pub recipient: String,
    /// Subject, decoded.
    pub subject: String,
    /// The delivery that it was.
    pub delivery_id: DeliveryId,
}

fn from_row(row: &Row) -> Result<Mail> {
    Ok(Mail {
        number: row.get(0)?,
        at: row.get(1)?,
        sender: row.get(2)?,
        recipient: row.get(3)?,
        subject: row.get(4)?,
        delivery_id: row.word(5)?,
    })
}

/// Puts mails in (their numbers are given here) and forgets the oldest.
pub async fn put(tx: &mut Tx, mails: &[(Mail, Vec<u8>)]) -> Result<()> {
    let mut rows = Vec::with_capacity(mails.len());
    let mut newest = 0;
    for (mail, message) in mails {
        newest = feed::next(tx, "mailbox").await?;
        rows.push(row![
            newest,
            mail.at,
            &mail.sender,
            &mail.recipient,
            &mail.subject,
            &mail.delivery_id,
            message.clone()
        ]);
    }
    tx.exec_many(
        "INSERT INTO mailbox (number, at, sender, recipient, subject, delivery_id, message) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        rows.into_iter().collect(),
    )
    .await?;
    tx.exec("DELETE FROM mailbox WHERE number <= $1", params![newest - KEPT]).await?;
    Ok(())
}

const COLUMNS: &str =
    "m.number, m.at, m.sender, m.recipient, m.subject, m.delivery_id, COALESCE(b.thread, '')";
const JOINED: &str = "mailbox m LEFT JOIN deliveries d ON d.id = m.delivery_id LEFT JOIN broadcasts b ON b.id = d.broadcast_id";

/// Mails before `before`, newest first, each with the thread that it belongs to (empty for single mails); only those to
/// one recipient, if it is given.
pub async fn list(tx: &mut Tx, to: Option<&str>, before: i64, limit: usize) -> Result<Vec<(Mail, String)>> {
    let mut values = params![before, limit].to_vec();
    let mut only = "";
    if let Some(to) = to {
        values.push(to.into());
        only = " AND m.recipient = $3";
    }
    let sql =
        format!("SELECT {COLUMNS} FROM {JOINED} WHERE m.number < $1{only} ORDER BY m.number DESC LIMIT $2");
    let rows = tx.query(&sql, &values).await?;
    rows.iter().map(|row| Ok((from_row(row)?, row.get(6)?))).collect()
}

/// One, with its thread and the whole message.
pub async fn get(tx: &mut Tx, number: i64) -> Result<Option<(Mail, String, Vec<u8>)>> {
    let sql = format!("SELECT {COLUMNS}, m.message FROM {JOINED} WHERE m.number = $1");
    let row = tx.query_opt(&sql, params![number]).await?;
    row.map(|row| Ok((from_row(&row)?, row.get(6)?, row.get(7)?))).transpose()
}

/// Those of a thread to one recipient, newest first.
pub async fn of_thread(tx: &mut Tx, thread: &str, to: &str, limit: usize) -> Result<Vec<Mail>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {JOINED} WHERE b.thread = $1 AND m.recipient = $2 ORDER BY m.number DESC LIMIT $3"
    );
    tx.query(&sql, params![thread, to, limit]).await?.iter().map(from_row).collect()
}

/// How many there are.
pub async fn count(tx: &mut Tx) -> Result<u64> {
    let row = tx.query_opt("SELECT count(*) FROM mailbox", params![]).await?;
    row.map_or(Ok(0), |row| Ok(row.get::<i64>(0)?.unsigned_abs()))
}

/// Empties it; answers how many there were.
pub async fn clear(tx: &mut Tx) -> Result<u64> {
    tx.exec("DELETE FROM mailbox", params![]).await
}
