//! Schema migrations: numbered, run once, each in a transaction of its own.

use crate::dialect::schema_text;
use crate::engine::{EngineKind, Store};
use crate::error::StoreError;
use crate::params;

/// Every migration there is, in order. Never change one that has been released; add another.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "record", include_str!("../migrations/0001_record.sql")),
    (2, "identity", include_str!("../migrations/0002_identity.sql")),
    (3, "postmortem", include_str!("../migrations/0003_postmortem.sql")),
    (5, "courier", include_str!("../migrations/0005_courier.sql")),
    (7, "told", include_str!("../migrations/0007_told.sql")),
    (8, "endpoints", include_str!("../migrations/0008_endpoints.sql")),
    (9, "publication", include_str!("../migrations/0009_publication.sql")),
    (10, "phones", include_str!("../migrations/0010_phones.sql")),
    (11, "preferences", include_str!("../migrations/0011_preferences.sql")),
    (12, "side_by_side", include_str!("../migrations/0012_side_by_side.sql")),
    (13, "delivered", include_str!("../migrations/0013_delivered.sql")),
    (14, "letters", include_str!("../migrations/0014_letters.sql")),
    (15, "by_subscriber", include_str!("../migrations/0015_by_subscriber.sql")),
    (16, "portions", include_str!("../migrations/0016_portions.sql")),
    (17, "clustered", include_str!("../migrations/0017_clustered.sqlite.sql")),
];

/// Those that say how rows lie on SQLite. PostgreSQL counts them and has nothing to do.
const SQLITE_ALONE: &[i64] = &[17];

/// Those after which programs that do not know them cannot go on: they take something away, give it another meaning, or
/// bring words into rows that older programs read. All others only add, so that an upgrade goes node after node.
const BREAKING: &[i64] = &[12, 16];

/// The first migration with which a database says what a program must know.
const SAYS_NEEDS: i64 = 12;

/// Brings the schema up to date. Safe on several nodes at once.
pub(crate) async fn run(store: &Store) -> Result<(), StoreError> {
    let known = MIGRATIONS.last().map_or(0, |m| m.0);
    let mut tx = store.begin().await?;
    if store.kind() == EngineKind::Postgres {
        // One node migrates, the others wait for it here; released with the transaction.
        tx.batch("SELECT pg_advisory_xact_lock(7110263004)").await?;
    }
    tx.batch(&schema_text(
        store.kind(),
        "CREATE TABLE IF NOT EXISTS migrations (number BIGINT PRIMARY KEY, name TEXT NOT NULL) STRICT_TABLE;",
    ))
    .await?;
    let done = tx.query("SELECT number FROM migrations ORDER BY number", params![]).await?;
    let done = done.iter().map(|row| row.get::<i64>(0)).collect::<Result<Vec<_>, _>>()?;
    let is_known = |number: &i64| MIGRATIONS.iter().any(|m| m.0 == *number);
    if let Some(found) = done.iter().rev().copied().find(|number| !is_known(number)) {
        let needs = tx.query_opt("SELECT max(needs) FROM migrations", params![]).await?;
        if needs.map_or(Ok(found), |row| row.get::<i64>(0))? > known {
            return Err(StoreError::NewerSchema { found, known });
        }
        tracing::info!(found, known, "another node is of a newer version; this one goes on beside it");
        return Ok(());
    }
    for (number, name, sql) in MIGRATIONS.iter().filter(|m| !done.contains(&m.0)) {
        if store.kind() == EngineKind::Sqlite || !SQLITE_ALONE.contains(number) {
            tx.batch(&schema_text(store.kind(), sql)).await?;
        }
        tx.exec("INSERT INTO migrations (number, name) VALUES ($1, $2)", params![*number, *name]).await?;
        if *number >= SAYS_NEEDS {
            let needs = BREAKING.iter().copied().filter(|breaking| *breaking <= *number).max().unwrap_or(0);
            tx.exec("UPDATE migrations SET needs = $2 WHERE number = $1", params![*number, needs]).await?;
        }
        tracing::debug!(number, name, "schema migrated");
    }
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{endpoint, subscriber};
    use amends_model::{Channel, ComponentId, SubscriberId};

    /// Makes a data folder as an older program left it, with the migrations before `number` and these rows; answers how many
    /// tables and indexes it has.
    fn older(number: i64, folder: &Path, rows: &str) -> i64 {
        let connection = rusqlite::Connection::open(folder.join("amends.db")).unwrap();
        let first = "PRAGMA foreign_keys = ON; CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;";
        connection.execute_batch(first).unwrap();
        for (number, name, sql) in MIGRATIONS.iter().filter(|m| m.0 < number) {
            connection.execute_batch(&schema_text(EngineKind::Sqlite, sql)).unwrap();
            connection
                .execute("INSERT INTO migrations (number, name) VALUES (?1, ?2)", (number, name))
                .unwrap();
        }
        connection.execute_batch(rows).unwrap();
        connection.query_row(NAMED, [], |row| row.get(0)).unwrap()
    }

    const NAMED: &str = "SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'";

    #[tokio::test]
    async fn subscribers_are_all_there_after_they_were_put_in_order() {
        let folder = amends_testkit::folder::temporary();
        let before = older(
            17,
            folder.path(),
            "INSERT INTO subscribers (id, channel, address, state, everything, origin, created_at, confirmed_at, updated_at, preferences)
             VALUES ('bbbbbbbbbbbb', 'webhook', 'https://b.example/', 'confirmed', 0, 'page', 1, 2, 3, '{\"digest\":\"daily\"}'),
                    ('aaaaaaaaaaaa', 'email', 'a@b.example', 'pending', 1, 'import', 4, NULL, 4, NULL);
             INSERT INTO subscriber_components VALUES ('bbbbbbbbbbbb', 'cccccccccccc');
             INSERT INTO endpoints (subscriber_id, owner, details, generation, rotated_at) VALUES ('bbbbbbbbbbbb', 'o@b.example', '', 3, 5);",
        );
        let store = Store::open_folder(folder.path()).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        let after = tx.query(NAMED, params![]).await.unwrap();
        assert_eq!(after[0].get::<i64>(0).unwrap(), before, "tables and indexes");

        let id: SubscriberId = "bbbbbbbbbbbb".parse().unwrap();
        let s = subscriber::get(&mut tx, &id).await.unwrap().unwrap();
        assert_eq!((s.channel, s.address.as_str()), (Channel::Webhook, "https://b.example/"));
        assert_eq!(s.components, ["cccccccccccc".parse::<ComponentId>().unwrap()]);
        assert!(!s.preferences.are_usual());
        let e = endpoint::get(&mut tx, &id).await.unwrap().unwrap();
        assert_eq!((e.owner.as_str(), e.generation, e.rotated_at.is_some()), ("o@b.example", 3, true));
        let other = subscriber::get_by_address(&mut tx, Channel::Email, "a@b.example").await.unwrap();
        assert!(other.is_some_and(|s| s.components.is_empty() && s.confirmed_at.is_none()));

        // Who is gone takes along what pointed to them, and nothing may point to nobody.
        assert!(subscriber::remove(&mut tx, &id).await.unwrap());
        let lost = tx.exec("INSERT INTO subscriber_components VALUES ($1, 'x')", params![&id]).await;
        assert!(lost.is_err());
    }
}
