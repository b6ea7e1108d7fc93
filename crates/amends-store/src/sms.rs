//! What text messages need besides: codes that were asked for, and what was spent.

use crate::{Result, Tx, params};
use amends_model::SubscriberId;
use jiff::Timestamp;

/// A code that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// Names it; the code itself follows from it.
    pub id: String,
    /// Which subscription it confirms; none when none was sent.
    pub subscriber_id: Option<SubscriberId>,
    /// How often it was typed in.
    pub tries: u32,
    /// Until when it works.
    pub until: Timestamp,
}

/// Keeps a code.
pub async fn put_code(tx: &mut Tx, code: &Code) -> Result<()> {
    let subscriber = code.subscriber_id.as_ref().map(|s| s.as_str());
    let sql = "INSERT INTO codes (id, subscriber_id, tries, until) VALUES ($1, $2, $3, $4)";
    tx.exec(sql, params![&code.id, subscriber, code.tries, code.until]).await?;
    Ok(())
}

/// Says which subscription a code confirms.
pub async fn give_code(tx: &mut Tx, id: &str, of: &SubscriberId) -> Result<()> {
    tx.exec("UPDATE codes SET subscriber_id = $2 WHERE id = $1", params![id, of]).await?;
    Ok(())
}

/// Looks at a code.
pub async fn code(tx: &mut Tx, id: &str) -> Result<Option<Code>> {
    let sql = "SELECT id, subscriber_id, tries, until FROM codes WHERE id = $1";
    let row = tx.query_opt(sql, params![id]).await?;
    row.map(|row| {
        Ok(Code {
            id: row.get(0)?,
            subscriber_id: row.opt_word(1)?,
            tries: u32::try_from(row.get::<i64>(2)?).unwrap_or(u32::MAX),
            until: row.get(3)?,
        })
    })
    .transpose()
}

/// Counts a try, and looks at the code as it is then. The row is held until the end of the transaction: two tries at once
/// are two.
pub async fn try_code(tx: &mut Tx, id: &str) -> Result<Option<Code>> {
    tx.exec("UPDATE codes SET tries = tries + 1 WHERE id = $1", params![id]).await?;
    code(tx, id).await
}

/// A code works once.
pub async fn use_code(tx: &mut Tx, id: &str) -> Result<()> {
    tx.exec("DELETE FROM codes WHERE id = $1", params![id]).await?;
    Ok(())
}

/// Counts a message to a number on a day (counted from 1970); answers how many went to the number and to all then, with
/// this one.
pub async fn spend(tx: &mut Tx, day: i64, address: &str) -> Result<(u64, u64)> {
    let mut of = [0; 2];
    for (place, whose) in [address, ""].into_iter().enumerate() {
        let sql = "INSERT INTO sms_spent (day, address, n) VALUES ($1, $2, 1)
                   ON CONFLICT (day, address) DO UPDATE SET n = sms_spent.n + 1";
        tx.exec(sql, params![day, whose]).await?;
        let sql = "SELECT n FROM sms_spent WHERE day = $1 AND address = $2";
        let row = tx.query_opt(sql, params![day, whose]).await?;
        of[place] = row.map_or(Ok(0), |row| row.get::<i64>(0))?.unsigned_abs();
    }
    Ok((of[0], of[1]))
}

/// Forgets codes that are over, and what was spent before a day.
pub async fn forget(tx: &mut Tx, before: Timestamp, day: i64) -> Result<u64> {
    let codes = tx.exec("DELETE FROM codes WHERE until < $1", params![before]).await?;
    Ok(codes + tx.exec("DELETE FROM sms_spent WHERE day < $1", params![day]).await?)
}
