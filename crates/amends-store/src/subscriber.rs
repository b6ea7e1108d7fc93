//! Subscribers, what they chose, and the budget of confirmation mails.

use crate::audit::json;
use crate::dialect::one_of;
use crate::{EngineKind, Keyset, Result, Row, Tx, Value, params, row};
use amends_model::broadcast::Audience;
use amends_model::{Channel, ComponentId, Preferences, Subscriber, SubscriberId, SubscriberState};
use jiff::Timestamp;
use std::collections::HashMap;

const COLUMNS: &str =
    "id, channel, address, state, origin, created_at, confirmed_at, ended_at, updated_at, preferences";

fn from_row(row: &Row) -> Result<Subscriber> {
    Ok(Subscriber {
        id: row.word(0)?,
        channel: row.word(1)?,
        address: row.get(2)?,
        state: row.word(3)?,
        components: Vec::new(),
        preferences: preferences(row, 9)?.unwrap_or_default(),
        origin: row.word(4)?,
        created_at: row.get(5)?,
        confirmed_at: row.get(6)?,
        ended_at: row.get(7)?,
        updated_at: row.get(8)?,
    })
}

/// Preferences as they are kept; none for those that are as usual.
fn preferences(row: &Row, column: usize) -> Result<Option<Preferences>> {
    match row.get::<Option<String>>(column)? {
        Some(_) => row.json(column).map(Some),
        None => Ok(None),
    }
}

fn kept(preferences: &Preferences) -> Result<Option<String>> {
    if preferences.are_usual() { Ok(None) } else { json(preferences).map(Some) }
}

async fn with_components(tx: &mut Tx, mut found: Vec<Subscriber>) -> Result<Vec<Subscriber>> {
    let mut chosen: HashMap<String, Vec<ComponentId>> = HashMap::new();
    let sql = format!(
        "SELECT subscriber_id, component_id FROM subscriber_components WHERE subscriber_id {} ORDER BY component_id",
        one_of(tx.kind(), 1)
    );
    let ids: Vec<&str> = found.iter().map(|s| s.id.as_str()).collect();
    for row in tx.query(&sql, params![&ids[..]]).await? {
        chosen.entry(row.get(0)?).or_default().push(row.word(1)?);
    }
    for subscriber in &mut found {
        subscriber.components = chosen.remove(subscriber.id.as_str()).unwrap_or_default();
    }
    Ok(found)
}

/// Adds many, each with what it chose. Addresses that exist already on the channel are left alone; answers how many
/// were new.
pub async fn insert_many(tx: &mut Tx, subscribers: &[Subscriber]) -> Result<u64> {
    let rows = subscribers
        .iter()
        .map(|s| {
            Ok(row![
                &s.id,
                s.channel,
                &s.address,
                s.state,
                s.components.is_empty(),
                s.origin,
                s.created_at,
                s.confirmed_at,
                s.ended_at,
                s.updated_at,
                kept(&s.preferences)?
            ])
        })
        .collect::<Result<_>>()?;
    let added = tx
        .exec_many(
            "INSERT INTO subscribers (id, channel, address, state, everything, origin, created_at, confirmed_at, ended_at, updated_at,
             preferences) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (channel, address) DO NOTHING",
            rows,
        )
        .await?;
    // Choices only of those that were new: the others' rows have other ids.
    let chosen = subscribers.iter().flat_map(|s| s.components.iter().map(|c| row![&s.id, c])).collect();
    tx.exec_many(
        "INSERT INTO subscriber_components (subscriber_id, component_id)
         SELECT id, $2 FROM subscribers WHERE id = $1 ON CONFLICT (subscriber_id, component_id) DO NOTHING",
        chosen,
    )
    .await?;
    Ok(added)
}

/// Changes state, times, origin, choice and preferences of one.
pub async fn update(tx: &mut Tx, s: &Subscriber) -> Result<()> {
    tx.exec(
        "UPDATE subscribers SET state = $2, everything = $3, origin = $4, created_at = $5, confirmed_at = $6, ended_at = $7,
         updated_at = $8, preferences = $9 WHERE id = $1",
        params![
            &s.id,
            s.state,
            s.components.is_empty(),
            s.origin,
            s.created_at,
            s.confirmed_at,
            s.ended_at,
            s.updated_at,
            kept(&s.preferences)?
        ],
    )
    .await?;
    tx.exec("DELETE FROM subscriber_components WHERE subscriber_id = $1", params![&s.id]).await?;
    let rows = s.components.iter().map(|c| row![&s.id, c]).collect();
    tx.exec_many("INSERT INTO subscriber_components (subscriber_id, component_id) VALUES ($1, $2)", rows)
        .await?;
    Ok(())
}

/// Takes one out for good; answers whether there was one.
pub async fn remove(tx: &mut Tx, id: &SubscriberId) -> Result<bool> {
    tx.exec("DELETE FROM subscriber_components WHERE subscriber_id = $1", params![id]).await?;
    tx.exec("DELETE FROM endpoints WHERE subscriber_id = $1", params![id]).await?;
    Ok(tx.exec("DELETE FROM subscribers WHERE id = $1", params![id]).await? == 1)
}

/// One, by id.
pub async fn get(tx: &mut Tx, id: &SubscriberId) -> Result<Option<Subscriber>> {
    let row = tx.query_opt(&format!("SELECT {COLUMNS} FROM subscribers WHERE id = $1"), params![id]).await?;
    let found = row.iter().map(from_row).collect::<Result<Vec<_>>>()?;
    Ok(with_components(tx, found).await?.pop())
}

/// One, by address.
pub async fn get_by_address(tx: &mut Tx, channel: Channel, address: &str) -> Result<Option<Subscriber>> {
    let sql = format!("SELECT {COLUMNS} FROM subscribers WHERE channel = $1 AND address = $2");
    let row = tx.query_opt(&sql, params![channel, address]).await?;
    let found = row.iter().map(from_row).collect::<Result<Vec<_>>>()?;
    Ok(with_components(tx, found).await?.pop())
}

/// Those of `addresses` that exist, with their states.
pub async fn known(
    tx: &mut Tx,
    channel: Channel,
    addresses: &[&str],
) -> Result<HashMap<String, SubscriberState>> {
    let sql = format!(
        "SELECT address, state FROM subscribers WHERE channel = $1 AND address {}",
        one_of(tx.kind(), 2)
    );
    let rows = tx.query(&sql, params![channel, addresses]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.word(1)?))).collect()
}

/// Which subscribers a list shows.
#[derive(Debug, Clone, Default)]
pub struct Which {
    /// Only in this state.
    pub state: Option<SubscriberState>,
    /// Only whose address holds this text, in lower case.
    pub search: Option<String>,
    /// Only on this channel.
    pub channel: Option<Channel>,
}

/// Newest first.
pub async fn list(tx: &mut Tx, which: &Which, after: &Keyset, limit: usize) -> Result<Vec<Subscriber>> {
    let mut values = params![after.at, &after.id, limit].to_vec();
    let mut conditions = String::new();
    if let Some(state) = which.state {
        values.push(state.into());
        conditions.push_str(&format!(" AND state = ${}", values.len()));
    }
    if let Some(channel) = which.channel {
        values.push(channel.into());
        conditions.push_str(&format!(" AND channel = ${}", values.len()));
    }
    if let Some(search) = &which.search {
        let escaped = search.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        values.push(format!("%{escaped}%").into());
        conditions.push_str(&format!(" AND lower(address) LIKE ${} ESCAPE '\\'", values.len()));
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM subscribers WHERE (created_at, id) < ($1, $2){conditions}
         ORDER BY created_at DESC, id DESC LIMIT $3"
    );
    let found = tx.query(&sql, &values).await?.iter().map(from_row).collect::<Result<Vec<_>>>()?;
    with_components(tx, found).await
}

/// How many there are in each state.
pub async fn count(tx: &mut Tx) -> Result<HashMap<SubscriberState, u64>> {
    let rows = tx.query("SELECT state, count(*) FROM subscribers GROUP BY state", params![]).await?;
    rows.iter().map(|row| Ok((row.word(0)?, row.get::<i64>(1)?.unsigned_abs()))).collect()
}

/// How many get messages on each channel.
pub async fn confirmed(tx: &mut Tx) -> Result<HashMap<Channel, u64>> {
    let sql = "SELECT channel, count(*) FROM subscribers WHERE state = 'confirmed' GROUP BY channel";
    let rows = tx.query(sql, params![]).await?;
    rows.iter().map(|row| Ok((row.word(0)?, row.get::<i64>(1)?.unsigned_abs()))).collect()
}

/// Whether anybody confirmed gets messages on a channel.
pub async fn is_any_on(tx: &mut Tx, channel: Channel) -> Result<bool> {
    let sql = "SELECT 1 FROM subscribers WHERE channel = $1 AND state = 'confirmed' LIMIT 1";
    Ok(tx.query_opt(sql, params![channel]).await?.is_some())
}

/// The condition that a confirmed subscriber `s` belongs to an audience, and its value, which stands at `$place`.
fn belongs(kind: EngineKind, audience: &Audience, place: usize) -> (String, Option<Value>) {
    if audience.components.is_empty() {
        return ("s.everything = 1".into(), None);
    }
    let condition = format!(
        "(s.everything = 1 OR EXISTS (SELECT 1 FROM subscriber_components c WHERE c.subscriber_id = s.id AND c.component_id {}))",
        one_of(kind, place)
    );
    (condition, Some(audience.components.as_slice().into()))
}

/// One recipient of a broadcast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The subscriber.
    pub id: SubscriberId,
    /// The address.
    pub address: String,
    /// Whether it must not be written to.
    pub suppressed: bool,
    /// What they wish, as it is kept; none for those who wish nothing out of the ordinary.
    pub preferences: Option<String>,
}

/// The next confirmed subscribers of an audience, by id after `after`, who had confirmed by `before`.
pub async fn audience(
    tx: &mut Tx,
    channel: Channel,
    audience: &Audience,
    before: Timestamp,
    after: &str,
    limit: usize,
) -> Result<Vec<Recipient>> {
    let (condition, chosen) = belongs(tx.kind(), audience, 5);
    let sql = format!(
        "SELECT s.id, s.address, CASE WHEN x.address IS NULL THEN 0 ELSE 1 END, s.preferences FROM subscribers s
         LEFT JOIN suppressions x ON x.channel = s.channel AND x.address = s.address
         WHERE s.channel = $1 AND s.state = 'confirmed' AND s.id > $2 AND s.confirmed_at <= $3 AND {condition}
         ORDER BY s.id LIMIT $4"
    );
    let mut values = params![channel, after, before, limit].to_vec();
    values.extend(chosen);
    let rows = tx.query(&sql, &values).await?;
    rows.iter()
        .map(|row| {
            let (suppressed, preferences) = (row.get(2)?, row.get(3)?);
            Ok(Recipient { id: row.word(0)?, address: row.get(1)?, suppressed, preferences })
        })
        .collect()
}

/// What those of an audience who are written to wish, and how many wish the same; only what is out of the ordinary.
pub async fn audience_wishes(
    tx: &mut Tx,
    channel: Channel,
    audience: &Audience,
) -> Result<Vec<(Preferences, u64)>> {
    let (condition, chosen) = belongs(tx.kind(), audience, 2);
    let sql = format!(
        "SELECT s.preferences, count(*) FROM subscribers s
         LEFT JOIN suppressions x ON x.channel = s.channel AND x.address = s.address
         WHERE s.channel = $1 AND s.state = 'confirmed' AND s.preferences IS NOT NULL AND x.address IS NULL AND {condition}
         GROUP BY s.preferences"
    );
    let mut values = params![channel].to_vec();
    values.extend(chosen);
    let rows = tx.query(&sql, &values).await?;
    rows.iter().map(|row| Ok((row.json(0)?, row.get::<i64>(1)?.unsigned_abs()))).collect()
}

/// How many an audience has: those who will be written to, and those who are suppressed.
pub async fn audience_size(tx: &mut Tx, channel: Channel, audience: &Audience) -> Result<(u64, u64)> {
    let (condition, chosen) = belongs(tx.kind(), audience, 2);
    let sql = format!(
        "SELECT count(*), count(x.address) FROM subscribers s
         LEFT JOIN suppressions x ON x.channel = s.channel AND x.address = s.address
         WHERE s.channel = $1 AND s.state = 'confirmed' AND {condition}"
    );
    let mut values = params![channel].to_vec();
    values.extend(chosen);
    let Some(row) = tx.query_opt(&sql, &values).await? else { return Ok((0, 0)) };
    let (all, suppressed) = (row.get::<i64>(0)?.unsigned_abs(), row.get::<i64>(1)?.unsigned_abs());
    Ok((all - suppressed, suppressed))
}

/// Notes that a confirmation mail goes out.
pub async fn note_confirmation(tx: &mut Tx, id: &str, address: &str, now: Timestamp) -> Result<()> {
    tx.exec("INSERT INTO confirmations (id, address, at) VALUES ($1, $2, $3)", params![id, address, now])
        .await?;
    Ok(())
}

/// How many confirmation mails went out since `since`: to this address, and in all.
pub async fn confirmations(tx: &mut Tx, address: &str, since: Timestamp) -> Result<(u64, u64)> {
    let sql = "SELECT (SELECT count(*) FROM confirmations WHERE address = $1 AND at >= $2),
               (SELECT count(*) FROM confirmations WHERE at >= $2)";
    let Some(row) = tx.query_opt(sql, params![address, since]).await? else { return Ok((0, 0)) };
    Ok((row.get::<i64>(0)?.unsigned_abs(), row.get::<i64>(1)?.unsigned_abs()))
}

/// Forgets confirmation mails from before `before`.
pub async fn forget_confirmations(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    tx.exec("DELETE FROM confirmations WHERE at < $1", params![before]).await
}
