//! The built-in mailbox: what was "sent" while no mail server is configured. Only the newest are kept.

use crate::{Result, Row, Tx, feed, params};
use amends_model::DeliveryId;
use jiff::Timestamp;

/// As many are kept.
pub const KEPT: i64 = 2_000;

/// A mail as the list shows it.
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
        let row = params![
            newest,
            mail.at,
            &mail.sender,
            &mail.recipient,
            &mail.subject,
            &mail.delivery_id,
            message.clone()
        ];
        rows.push(row.to_vec());
    }
    tx.exec_many(
        "INSERT INTO mailbox (number, at, sender, recipient, subject, delivery_id, message) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        rows,
    )
    .await?;
    tx.exec("DELETE FROM mailbox WHERE number <= $1", params![newest - KEPT]).await?;
    Ok(())
}

/// Mails before `before`, newest first.
pub async fn list(tx: &mut Tx, before: i64, limit: usize) -> Result<Vec<Mail>> {
    let sql = "SELECT number, at, sender, recipient, subject, delivery_id FROM mailbox WHERE number < $1
               ORDER BY number DESC LIMIT $2";
    tx.query(sql, params![before, limit]).await?.iter().map(from_row).collect()
}

/// One, with the whole message.
pub async fn get(tx: &mut Tx, number: i64) -> Result<Option<(Mail, Vec<u8>)>> {
    let sql =
        "SELECT number, at, sender, recipient, subject, delivery_id, message FROM mailbox WHERE number = $1";
    let row = tx.query_opt(sql, params![number]).await?;
    row.map(|row| Ok((from_row(&row)?, row.get(6)?))).transpose()
}

/// Empties it; answers how many there were.
pub async fn clear(tx: &mut Tx) -> Result<u64> {
    tx.exec("DELETE FROM mailbox", params![]).await
}
