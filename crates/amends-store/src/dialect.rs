//! The few places in which the two engines' SQL differs.

use crate::engine::EngineKind;

/// What follows a `SELECT` that claims rows: on PostgreSQL other nodes' claims are stepped over; SQLite has one writer.
pub fn skip_locked(kind: EngineKind) -> &'static str {
    match kind {
        EngineKind::Sqlite => "",
        // Lines that point to a claimed row may come meanwhile; what they point with does not change.
        EngineKind::Postgres => " FOR NO KEY UPDATE SKIP LOCKED",
    }
}

/// What follows a `SELECT` whose rows are changed next, so that nobody changes them in between.
pub fn for_update(kind: EngineKind) -> &'static str {
    match kind {
        EngineKind::Sqlite => "",
        EngineKind::Postgres => " FOR UPDATE",
    }
}

/// What follows a column that is to be one of the values of a list, which stands at `$place`. One statement serves lists of
/// every length, so it is planned once. With an empty list, [`crate::Tx::query`] finds nothing.
pub fn one_of(kind: EngineKind, place: usize) -> String {
    match kind {
        EngineKind::Sqlite => format!("IN (SELECT value FROM json_each(${place}))"),
        EngineKind::Postgres => format!("= ANY(${place})"),
    }
}

/// Whether a text column holds the text at `$place`.
pub fn holds(kind: EngineKind, column: &str, place: usize) -> String {
    match kind {
        EngineKind::Sqlite => format!("instr({column}, ${place}) > 0"),
        EngineKind::Postgres => format!("strpos({column}, ${place}) > 0"),
    }
}

/// A migration's text for one engine. Migrations are written once, with PostgreSQL's type names; text is compared
/// byte by byte on both engines, so that lists have one order. Rows of a `CLUSTERED_TABLE` lie in the order of their key.
pub fn schema_text(kind: EngineKind, sql: &str) -> String {
    match kind {
        EngineKind::Sqlite => sql
            .replace("BIGINT", "INTEGER")
            .replace("BYTEA", "BLOB")
            .replace(" STRICT_TABLE", " STRICT")
            .replace(" CLUSTERED_TABLE", " STRICT, WITHOUT ROWID"),
        EngineKind::Postgres => sql.replace(" TEXT", " TEXT COLLATE \"C\"").replace(" STRICT_TABLE", ""),
    }
}
