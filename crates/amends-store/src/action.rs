//! Corrective actions.

use crate::dialect::{self, one_of};
use crate::{Result, Row, Tx, Value, params};
use amends_model::{ActionId, CorrectiveAction, IncidentId, PersonId, PostmortemId, Reminder};
use jiff::civil::Date;

const COLUMNS: &str =
    "id, postmortem_id, incident_id, text, owner, owner_id, due, term, state, note, tracker, closed_at,
    created_at, updated_at, version";

/// Sorts after every day that people write.
const NO_DUE: &str = "9999-12-31";

fn from_row(row: &Row) -> Result<CorrectiveAction> {
    let due = row
        .get::<Option<String>>(6)?
        .map(|due| {
            due.parse::<Date>().map_err(|e| crate::StoreError::Corrupt(format!("due day ‘{due}’: {e}")))
        })
        .transpose()?;
    Ok(CorrectiveAction {
        id: row.word(0)?,
        postmortem_id: row.opt_word(1)?,
        incident_id: row.opt_word(2)?,
        text: row.get(3)?,
        owner: row.get(4)?,
        owner_id: row.opt_word(5)?,
        due,
        term: row.word(7)?,
        state: row.word(8)?,
        note: row.get(9)?,
        tracker: row.get(10)?,
        closed_at: row.get(11)?,
        created_at: row.get(12)?,
        updated_at: row.get(13)?,
        version: row.get(14)?,
    })
}

fn values(a: &CorrectiveAction) -> Vec<Value> {
    vec![
        (&a.id).into(),
        a.postmortem_id.clone().into(),
        a.incident_id.clone().into(),
        (&a.text).into(),
        a.owner.clone().into(),
        a.owner_id.clone().into(),
        a.due.map(|due| due.to_string()).into(),
        a.term.into(),
        a.state.into(),
        (&a.note).into(),
        a.tracker.clone().into(),
        a.closed_at.into(),
        a.created_at.into(),
        a.updated_at.into(),
        a.version.into(),
    ]
}

/// Adds one.
pub async fn insert(tx: &mut Tx, a: &CorrectiveAction) -> Result<()> {
    let sql = format!(
        "INSERT INTO actions ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
    );
    tx.exec(&sql, &values(a)).await?;
    Ok(())
}

/// Writes a changed one if nobody changed it since `expected`; answers whether it was so.
pub async fn update(tx: &mut Tx, a: &CorrectiveAction, expected: i64) -> Result<bool> {
    let mut values = values(a);
    values.push(expected.into());
    let sql = "UPDATE actions SET postmortem_id = $2, incident_id = $3, text = $4, owner = $5, owner_id = $6, due = $7, term = $8,
        state = $9, note = $10, tracker = $11, closed_at = $12, created_at = $13, updated_at = $14, version = $15
        WHERE id = $1 AND version = $16";
    Ok(tx.exec(sql, &values).await? == 1)
}

/// Takes one away; answers whether there was one.
pub async fn remove(tx: &mut Tx, id: &ActionId) -> Result<bool> {
    Ok(tx.exec("DELETE FROM actions WHERE id = $1", params![id]).await? == 1)
}

/// One.
pub async fn get(tx: &mut Tx, id: &ActionId) -> Result<Option<CorrectiveAction>> {
    let row = tx.query_opt(&format!("SELECT {COLUMNS} FROM actions WHERE id = $1"), params![id]).await?;
    row.as_ref().map(from_row).transpose()
}

/// Those of these ids that exist, in no order.
pub async fn get_many(tx: &mut Tx, ids: &[&str]) -> Result<Vec<CorrectiveAction>> {
    let sql = format!("SELECT {COLUMNS} FROM actions WHERE id {}", one_of(tx.kind(), 1));
    tx.query(&sql, params![ids]).await?.iter().map(from_row).collect()
}

/// How many there are, open or not.
pub async fn count(tx: &mut Tx) -> Result<i64> {
    tx.query_opt("SELECT COUNT(*) FROM actions", params![]).await?.map_or(Ok(0), |row| row.get(0))
}

/// One, held until the transaction ends.
pub async fn get_for_update(tx: &mut Tx, id: &ActionId) -> Result<Option<CorrectiveAction>> {
    let suffix = dialect::for_update(tx.kind());
    let sql = format!("SELECT {COLUMNS} FROM actions WHERE id = $1{suffix}");
    tx.query_opt(&sql, params![id]).await?.as_ref().map(from_row).transpose()
}

/// The actions of a postmortem, and those that its incident was given apart from it, in the order in which they were
/// promised.
pub async fn of(
    tx: &mut Tx,
    postmortem: Option<&PostmortemId>,
    incident: Option<&IncidentId>,
) -> Result<Vec<CorrectiveAction>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM actions WHERE postmortem_id = $1 OR (incident_id = $2 AND (postmortem_id IS NULL OR postmortem_id = $1))
         ORDER BY created_at, id"
    );
    let params =
        params![postmortem.map_or("", PostmortemId::as_str), incident.map_or("", IncidentId::as_str)];
    tx.query(&sql, params).await?.iter().map(from_row).collect()
}

/// Which actions a list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Which {
    /// All.
    All,
    /// Open ones.
    #[default]
    Open,
    /// Open ones whose due day has passed on this day.
    Overdue(Date),
    /// Done or dropped ones.
    Closed,
}

/// Where a list of actions goes on: after the action with this due day and id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct After {
    /// The action's due day; none for one without.
    pub due: Option<Date>,
    /// Its id.
    pub id: String,
}

/// Actions over all incidents, the one that is due first first, those without a due day last.
pub async fn list(
    tx: &mut Tx,
    which: Which,
    owner: Option<&PersonId>,
    after: Option<&After>,
    limit: usize,
) -> Result<Vec<CorrectiveAction>> {
    let (condition, today) = match which {
        Which::All => ("$5 = ''", String::new()),
        Which::Open => ("state = 'open' AND $5 = ''", String::new()),
        Which::Overdue(today) => ("state = 'open' AND due < $5", today.to_string()),
        Which::Closed => ("state <> 'open' AND $5 = ''", String::new()),
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM actions WHERE {condition} AND ($1 = '' OR owner_id = $1)
         AND (COALESCE(due, '{NO_DUE}'), id) > ($2, $3)
         ORDER BY COALESCE(due, '{NO_DUE}'), id LIMIT $4"
    );
    let from = after
        .map_or(String::new(), |after| after.due.map_or_else(|| NO_DUE.to_owned(), |due| due.to_string()));
    let id = after.map_or("", |after| after.id.as_str());
    let params = params![owner.map_or("", PersonId::as_str), from, id, limit, today];
    tx.query(&sql, params).await?.iter().map(from_row).collect()
}

/// How many open actions there are and how many of them are overdue on this day.
pub async fn counts(tx: &mut Tx, today: Date) -> Result<(i64, i64)> {
    let sql = "SELECT COUNT(*), COALESCE(SUM(CASE WHEN due < $1 THEN 1 ELSE 0 END), 0) FROM actions WHERE state = 'open'";
    let row = tx.query_opt(sql, params![today.to_string()]).await?;
    row.map_or(Ok((0, 0)), |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Open actions with an owner who can be written to, whose reminder for this day (see [`amends_model::postmortem::reminder`])
/// was not sent yet; held until the transaction ends and stepped over by other nodes.
pub async fn to_remind(tx: &mut Tx, today: Date, limit: usize) -> Result<Vec<CorrectiveAction>> {
    let days = |days: i64| today.saturating_add(jiff::Span::new().days(days)).to_string();
    let sql = format!(
        "SELECT {COLUMNS} FROM actions WHERE state = 'open' AND owner_id IS NOT NULL AND due <= $1
         AND COALESCE(reminded, '') <> due || '/' ||
           CASE WHEN due > $2 THEN 'soon' WHEN due = $2 THEN 'due' WHEN due >= $3 THEN 'overdue' ELSE 'long_overdue' END
         ORDER BY due, id LIMIT $4{}",
        dialect::skip_locked(tx.kind())
    );
    let rows = tx.query(&sql, params![days(3), today.to_string(), days(-7), limit]).await?;
    rows.iter().map(from_row).collect()
}

/// Notes that a reminder was sent. Does not count as a change of the action.
pub async fn set_reminded(tx: &mut Tx, id: &ActionId, due: Date, step: Reminder) -> Result<()> {
    // With the due day, so that a day that is moved begins anew.
    tx.exec("UPDATE actions SET reminded = $2 WHERE id = $1", params![id, format!("{due}/{step}")]).await?;
    Ok(())
}

/// All of them in the order of their ids, after `after`, for an index that is built anew.
pub async fn all_after(tx: &mut Tx, after: &str, limit: usize) -> Result<Vec<CorrectiveAction>> {
    let sql = format!("SELECT {COLUMNS} FROM actions WHERE id > $1 ORDER BY id LIMIT $2");
    tx.query(&sql, params![after, limit]).await?.iter().map(from_row).collect()
}
