//! Reads records from the store: those that were found, those that changed, and all of them.

use crate::records::{Key, Kind, Record};
use amends_model::{Event, EventId, Incident, Maintenance, PostmortemId, Subject};
use amends_store::feed::Change;
use amends_store::{Keyset, StoreError, Tx, action, event, incident, maintenance, postmortem};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};

type Result<T> = std::result::Result<T, StoreError>;

/// Reads records with their texts: of each timeline the newest, up to `bytes`. Those that do not exist are left out.
pub(crate) async fn load(
    tx: &mut Tx,
    keys: impl IntoIterator<Item = &Key>,
    bytes: usize,
) -> Result<HashMap<Key, Record>> {
    let mut ids: HashMap<Kind, Vec<&str>> = HashMap::new();
    for key in keys {
        ids.entry(key.kind).or_default().push(&key.id);
    }
    let mut records = Vec::new();
    for (kind, ids) in ids {
        match kind {
            Kind::Incident => {
                let found = incident::get_many(tx, &ids).await?;
                records.extend(of_incidents(tx, found, bytes).await?);
            }
            Kind::Maintenance => {
                let found = maintenance::get_many(tx, &ids).await?;
                records.extend(of_maintenances(tx, found, bytes).await?);
            }
            Kind::Postmortem => {
                records.extend(postmortem::get_many(tx, &ids).await?.into_iter().map(Record::of_postmortem));
            }
            Kind::Action => {
                records.extend(action::get_many(tx, &ids).await?.into_iter().map(Record::of_action));
            }
        }
    }
    Ok(records.into_iter().map(|record| (record.key.clone(), record)).collect())
}

async fn of_incidents(tx: &mut Tx, found: Vec<Incident>, bytes: usize) -> Result<Vec<Record>> {
    let ids: Vec<&str> = found.iter().map(|i| i.id.as_str()).collect();
    let mut letters = postmortem::letters_of(tx, &ids).await?;
    let mut events = timelines(tx, &ids, bytes).await?;
    let whole = |incident: Incident| {
        let id = incident.id.as_str();
        let (events, letter) = (events.remove(id).unwrap_or_default(), letters.remove(id));
        Record::of_incident(incident, events, letter)
    };
    Ok(found.into_iter().map(whole).collect())
}

async fn of_maintenances(tx: &mut Tx, found: Vec<Maintenance>, bytes: usize) -> Result<Vec<Record>> {
    let ids: Vec<&str> = found.iter().map(|m| m.id.as_str()).collect();
    let mut events = timelines(tx, &ids, bytes).await?;
    let whole = |maintenance: Maintenance| {
        let events = events.remove(maintenance.id.as_str()).unwrap_or_default();
        Record::of_maintenance(maintenance, events)
    };
    Ok(found.into_iter().map(whole).collect())
}

async fn timelines(tx: &mut Tx, ids: &[&str], bytes: usize) -> Result<HashMap<String, Vec<Event>>> {
    let mut timelines: HashMap<String, Vec<Event>> = HashMap::new();
    for event in event::texts_of(tx, ids, bytes).await? {
        timelines.entry(event.subject.id().to_owned()).or_default().push(event);
    }
    Ok(timelines)
}

/// The record that people call by this number.
pub(crate) async fn by_number(tx: &mut Tx, number: i64) -> Result<Option<Key>> {
    if let Some(found) = incident::get_by_number(tx, number).await? {
        return Ok(Some(Key::new(Kind::Incident, found.id)));
    }
    let found = maintenance::get_by_number(tx, number).await?;
    Ok(found.map(|found| Key::new(Kind::Maintenance, found.id)))
}

/// Which records are to be looked at anew because of these changes.
pub(crate) async fn touched(tx: &mut Tx, changes: &[Change]) -> Result<BTreeSet<Key>> {
    let mut keys = BTreeSet::new();
    for change in changes {
        match change.kind.as_str() {
            "incident" => {
                keys.insert(Key::new(Kind::Incident, &change.id));
            }
            "maintenance" => {
                keys.insert(Key::new(Kind::Maintenance, &change.id));
            }
            "action" => {
                keys.insert(Key::new(Kind::Action, &change.id));
            }
            // The letter is also a text of its incident.
            "postmortem" | "letter" => {
                keys.insert(Key::new(Kind::Postmortem, &change.id));
                if let Ok(id) = change.id.parse::<PostmortemId>()
                    && let Some(incident) = postmortem::get(tx, &id).await?.and_then(|p| p.incident_id)
                {
                    keys.insert(Key::new(Kind::Incident, incident));
                }
            }
            // A change that names only the event.
            "update" | "event" => {
                let Ok(id) = change.id.parse::<EventId>() else { continue };
                match event::get(tx, &id).await?.map(|event| event.subject) {
                    Some(Subject::Incident(id)) => keys.insert(Key::new(Kind::Incident, id)),
                    Some(Subject::Maintenance(id)) => keys.insert(Key::new(Kind::Maintenance, id)),
                    None => false,
                };
            }
            _ => {}
        }
    }
    Ok(keys)
}

/// How far the making of the index has come: which kind of record, and after which one it goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    kind: Kind,
    /// Time (microseconds) and id of the last record that was read.
    after: Option<(i64, String)>,
}

impl Cursor {
    /// Before the first.
    pub(crate) fn start() -> Self {
        Cursor { kind: Kind::ALL[0], after: None }
    }

    fn keyset(&self) -> Keyset {
        match &self.after {
            Some((at, id)) => {
                Keyset { at: Timestamp::from_microsecond(*at).unwrap_or(Timestamp::MIN), id: id.clone() }
            }
            None => Keyset::start(),
        }
    }

    fn id(&self) -> &str {
        self.after.as_ref().map_or("", |(_, id)| id)
    }
}

/// Reads the next records (incidents and maintenances newest first) and where to go on; nowhere after the last.
pub(crate) async fn scan(
    tx: &mut Tx,
    cursor: &Cursor,
    limit: usize,
    bytes: usize,
) -> Result<(Vec<Record>, Option<Cursor>)> {
    let records: Vec<Record> = match cursor.kind {
        Kind::Incident => {
            let found = incident::list(tx, incident::Which::All, &cursor.keyset(), limit).await?;
            of_incidents(tx, found, bytes).await?
        }
        Kind::Maintenance => {
            let found = maintenance::list(tx, maintenance::Which::All, &cursor.keyset(), limit).await?;
            of_maintenances(tx, found, bytes).await?
        }
        Kind::Postmortem => {
            let found = postmortem::all_after(tx, cursor.id(), limit).await?;
            found.into_iter().map(Record::of_postmortem).collect()
        }
        Kind::Action => {
            let found = action::all_after(tx, cursor.id(), limit).await?;
            found.into_iter().map(Record::of_action).collect()
        }
    };
    let next = match records.last().filter(|_| records.len() == limit) {
        Some(last) => {
            Some(Cursor { kind: cursor.kind, after: Some((last.at.as_microsecond(), last.key.id.clone())) })
        }
        None => {
            let mut following = Kind::ALL.into_iter().skip_while(|kind| *kind != cursor.kind).skip(1);
            following.next().map(|kind| Cursor { kind, after: None })
        }
    };
    Ok((records, next))
}

/// How many records there are.
pub(crate) async fn count(tx: &mut Tx) -> Result<u64> {
    let all = incident::count(tx, incident::Which::All).await?
        + maintenance::count(tx, maintenance::Which::All).await?
        + postmortem::count(tx).await?
        + action::count(tx).await?;
    Ok(u64::try_from(all).unwrap_or(0))
}
