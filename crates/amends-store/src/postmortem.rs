//! Postmortems with every saved version of their texts.

use crate::audit::json;
use crate::dialect::{self, one_of};
use crate::{Keyset, Result, Row, Tx, Value, params};
use amends_model::{
    Actor, Despite, ImportedFrom, IncidentId, Postmortem, PostmortemId, PostmortemState, PostmortemSummary,
    PostmortemVersion, Publication, PublishedLetter,
};
use std::collections::HashMap;

const COLUMNS: &str = "id, incident_id, title, template, letter_template, audience, state, document, letter_title, letter,
    published_letter, authors, reviewers, milestones, happened_at, published_at, source_path, source_hash, source_version,
    created_at, updated_at, version";

fn from_row(row: &Row) -> Result<Postmortem> {
    let source_path: Option<String> = row.get(16)?;
    let imported = source_path
        .map(|path| {
            Ok::<_, crate::StoreError>(ImportedFrom {
                path,
                hash: row.get::<Option<String>>(17)?.unwrap_or_default(),
                version: row.get::<Option<i64>>(18)?.unwrap_or_default(),
            })
        })
        .transpose()?;
    let published_letter = match row.get::<Option<String>>(10)? {
        Some(_) => Some(row.json::<PublishedLetter>(10)?),
        None => None,
    };
    Ok(Postmortem {
        id: row.word(0)?,
        incident_id: row.opt_word(1)?,
        title: row.get(2)?,
        template: row.get(3)?,
        letter_template: row.get(4)?,
        audience: row.word(5)?,
        state: row.word(6)?,
        document: row.get(7)?,
        letter_title: row.get(8)?,
        letter: row.get(9)?,
        published_letter,
        authors: row.json(11)?,
        reviewers: row.json(12)?,
        milestones: row.json(13)?,
        happened_at: row.get(14)?,
        published_at: row.get(15)?,
        imported,
        created_at: row.get(19)?,
        updated_at: row.get(20)?,
        version: row.get(21)?,
    })
}

/// The values after the id, in the order of the columns (with `letter_published_at` after `published_letter`).
fn values(p: &Postmortem) -> Result<Vec<Value>> {
    let letter = p.published_letter.as_ref();
    let imported = p.imported.as_ref();
    Ok(vec![
        (&p.id).into(),
        p.incident_id.clone().into(),
        (&p.title).into(),
        (&p.template).into(),
        (&p.letter_template).into(),
        p.audience.into(),
        p.state.into(),
        (&p.document).into(),
        (&p.letter_title).into(),
        (&p.letter).into(),
        letter.map(json).transpose()?.into(),
        letter.map(|l| l.published_at).into(),
        json(&p.authors)?.into(),
        json(&p.reviewers)?.into(),
        json(&p.milestones)?.into(),
        p.happened_at.into(),
        p.published_at.into(),
        imported.map(|i| i.path.clone()).into(),
        imported.map(|i| i.hash.clone()).into(),
        imported.map(|i| i.version).into(),
        p.created_at.into(),
        p.updated_at.into(),
        p.version.into(),
    ])
}

/// Adds one, and its first version to the history. [`crate::StoreError::Duplicate`] if the incident has one already.
pub async fn insert(tx: &mut Tx, p: &Postmortem, by: &Actor) -> Result<()> {
    tx.exec(
        "INSERT INTO postmortems (id, incident_id, title, template, letter_template, audience, state, document, letter_title,
         letter, published_letter, letter_published_at, authors, reviewers, milestones, happened_at, published_at, source_path,
         source_hash, source_version, created_at, updated_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)",
        &values(p)?,
    )
    .await?;
    keep(tx, p, by).await
}

/// Writes a changed one, and its version to the history, if nobody changed it since `expected`; answers whether it was
/// so.
pub async fn update(tx: &mut Tx, p: &Postmortem, expected: i64, by: &Actor) -> Result<bool> {
    let mut values = values(p)?;
    values.push(expected.into());
    let changed = tx
        .exec(
            "UPDATE postmortems SET incident_id = $2, title = $3, template = $4, letter_template = $5, audience = $6, state = $7,
             document = $8, letter_title = $9, letter = $10, published_letter = $11, letter_published_at = $12, authors = $13,
             reviewers = $14, milestones = $15, happened_at = $16, published_at = $17, source_path = $18, source_hash = $19,
             source_version = $20, created_at = $21, updated_at = $22, version = $23 WHERE id = $1 AND version = $24",
            &values,
        )
        .await?;
    if changed == 1 {
        keep(tx, p, by).await?;
    }
    Ok(changed == 1)
}

async fn keep(tx: &mut Tx, p: &Postmortem, by: &Actor) -> Result<()> {
    tx.exec(
        "INSERT INTO postmortem_versions (postmortem_id, version, title, document, letter_title, letter, state, saved_at, saved_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        params![
            &p.id,
            p.version,
            &p.title,
            &p.document,
            &p.letter_title,
            &p.letter,
            p.state,
            p.updated_at,
            json(by)?
        ],
    )
    .await?;
    Ok(())
}

/// One, by id.
pub async fn get(tx: &mut Tx, id: &PostmortemId) -> Result<Option<Postmortem>> {
    let row = tx.query_opt(&format!("SELECT {COLUMNS} FROM postmortems WHERE id = $1"), params![id]).await?;
    row.as_ref().map(from_row).transpose()
}

/// Those of these ids that exist, in no order.
pub async fn get_many(tx: &mut Tx, ids: &[&str]) -> Result<Vec<Postmortem>> {
    let sql = format!("SELECT {COLUMNS} FROM postmortems WHERE id {}", one_of(tx.kind(), 1));
    tx.query(&sql, params![ids]).await?.iter().map(from_row).collect()
}

/// One, held until the transaction ends, so that concurrent changes queue up.
pub async fn get_for_update(tx: &mut Tx, id: &PostmortemId) -> Result<Option<Postmortem>> {
    let suffix = dialect::for_update(tx.kind());
    let sql = format!("SELECT {COLUMNS} FROM postmortems WHERE id = $1{suffix}");
    tx.query_opt(&sql, params![id]).await?.as_ref().map(from_row).transpose()
}

/// The one of an incident.
pub async fn of_incident(tx: &mut Tx, id: &IncidentId) -> Result<Option<Postmortem>> {
    let sql = format!("SELECT {COLUMNS} FROM postmortems WHERE incident_id = $1");
    tx.query_opt(&sql, params![id]).await?.as_ref().map(from_row).transpose()
}

/// The one that was imported from a file of this name.
pub async fn of_source(tx: &mut Tx, path: &str) -> Result<Option<Postmortem>> {
    let sql = format!("SELECT {COLUMNS} FROM postmortems WHERE source_path = $1");
    tx.query_opt(&sql, params![path]).await?.as_ref().map(from_row).transpose()
}

/// Postmortems by when what they are about began, newest first, after `after`; of one state if that is given.
pub async fn list(
    tx: &mut Tx,
    state: Option<PostmortemState>,
    after: &Keyset,
    limit: usize,
) -> Result<Vec<PostmortemSummary>> {
    let sql =
        "SELECT p.id, p.incident_id, i.number, p.title, p.template, p.state, p.happened_at, p.published_at,
        p.letter_published_at, p.updated_at, p.version,
        (SELECT COUNT(*) FROM actions a WHERE a.postmortem_id = p.id AND a.state = 'open'),
        (SELECT COUNT(*) FROM actions a WHERE a.postmortem_id = p.id)
        FROM postmortems p LEFT JOIN incidents i ON i.id = p.incident_id
        WHERE (p.happened_at, p.id) < ($1, $2) AND ($3 = '' OR p.state = $3)
        ORDER BY p.happened_at DESC, p.id DESC LIMIT $4";
    let state = state.map_or("", PostmortemState::as_str);
    let rows = tx.query(sql, params![after.at, &after.id, state, limit]).await?;
    rows.iter()
        .map(|row| {
            Ok(PostmortemSummary {
                id: row.word(0)?,
                incident_id: row.opt_word(1)?,
                incident_number: row.get(2)?,
                title: row.get(3)?,
                template: row.get(4)?,
                state: row.word(5)?,
                happened_at: row.get(6)?,
                published_at: row.get(7)?,
                letter_published_at: row.get(8)?,
                updated_at: row.get(9)?,
                version: row.get(10)?,
                open_actions: row.get(11)?,
                actions: row.get(12)?,
            })
        })
        .collect()
}

/// Every saved version, newest first, before `before` (exclusive; none for the newest).
pub async fn versions(
    tx: &mut Tx,
    id: &PostmortemId,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<PostmortemVersion>> {
    let sql =
        "SELECT v.version, v.title, v.document, v.letter_title, v.letter, v.state, v.saved_at, v.saved_by,
        p.letter, p.reason, p.findings FROM postmortem_versions v
        LEFT JOIN postmortem_publications p ON p.postmortem_id = v.postmortem_id AND p.version = v.version
        WHERE v.postmortem_id = $1 AND v.version < $2 ORDER BY v.version DESC LIMIT $3";
    let rows = tx.query(sql, params![id, before.unwrap_or(i64::MAX), limit]).await?;
    rows.iter()
        .map(|row| {
            Ok(PostmortemVersion {
                version: row.get(0)?,
                title: row.get(1)?,
                document: row.get(2)?,
                letter_title: row.get(3)?,
                letter: row.get(4)?,
                state: row.word(5)?,
                saved_at: row.get(6)?,
                saved_by: row.json(7)?,
                publication: publication(row)?,
            })
        })
        .collect()
}

fn publication(row: &Row) -> Result<Option<Publication>> {
    let Some(letter) = row.get::<Option<i64>>(8)? else { return Ok(None) };
    let despite = match row.get::<Option<String>>(9)? {
        Some(reason) => Some(Despite { reason, findings: row.json(10)? }),
        None => None,
    };
    Ok(Some(Publication { letter: letter != 0, despite }))
}

/// Notes what is published with a version.
pub async fn publish(tx: &mut Tx, id: &PostmortemId, version: i64, publication: &Publication) -> Result<()> {
    let despite = publication.despite.as_ref();
    let findings = despite.map_or(&[][..], |despite| despite.findings.as_slice());
    tx.exec(
        "INSERT INTO postmortem_publications (postmortem_id, version, letter, reason, findings)
         VALUES ($1, $2, $3, $4, $5)",
        params![
            id,
            version,
            i64::from(publication.letter),
            despite.map(|despite| despite.reason.as_str()),
            json(&findings)?
        ],
    )
    .await?;
    Ok(())
}

/// The published letters of incidents, by incident id.
pub async fn letters_of(tx: &mut Tx, incident_ids: &[&str]) -> Result<HashMap<String, PublishedLetter>> {
    let sql = format!(
        "SELECT incident_id, published_letter FROM postmortems
         WHERE published_letter IS NOT NULL AND incident_id {}",
        one_of(tx.kind(), 1)
    );
    let rows = tx.query(&sql, params![incident_ids]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.json(1)?))).collect()
}

/// All of them in the order of their ids, after `after`, for an index that is built anew.
pub async fn all_after(tx: &mut Tx, after: &str, limit: usize) -> Result<Vec<Postmortem>> {
    let sql = format!("SELECT {COLUMNS} FROM postmortems WHERE id > $1 ORDER BY id LIMIT $2");
    tx.query(&sql, params![after, limit]).await?.iter().map(from_row).collect()
}

/// How many there are.
pub async fn count(tx: &mut Tx) -> Result<i64> {
    let row = tx.query_opt("SELECT COUNT(*) FROM postmortems", params![]).await?;
    row.map_or(Ok(0), |row| row.get(0))
}
