//! One way to talk to both engines: transactions that take SQL text with `$1` placeholders and plain values.

mod postgres;
mod sqlite;
mod value;

pub use value::{FromValue, Row, Rows, Value};

use crate::error::StoreError;
use std::path::Path;

/// Which engine a store runs on; the few differences in SQL are decided by it in `dialect.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineKind {
    /// Embedded, one data folder, one process.
    Sqlite,
    /// A server, any number of nodes.
    Postgres,
}

#[derive(Clone)]
enum Engine {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

/// The record's store. Cheap to clone; all clones share the same connections.
#[derive(Clone)]
pub struct Store(Engine);

enum TxInner {
    Sqlite(sqlite::SqliteTx),
    Postgres(postgres::PostgresTx),
}

/// A transaction. Dropped without [`Tx::commit`], it is rolled back.
///
/// SQLite has one writer: a task that holds a writing transaction must not begin another one.
pub struct Tx {
    inner: TxInner,
    plans: Option<Vec<String>>,
}

impl Store {
    /// Opens (or creates) the SQLite store of a data folder and brings its schema up to date.
    ///
    /// Errors: the folder is in use by another process, cannot be written, or holds a newer schema.
    pub async fn open_folder(folder: &Path) -> Result<Store, StoreError> {
        let store = Store(Engine::Sqlite(sqlite::Sqlite::open(folder)?));
        crate::migrate::run(&store).await?;
        Ok(store)
    }

    /// Connects to PostgreSQL by `postgres://…` address and brings its schema up to date.
    ///
    /// Errors: the address is not understood, the server cannot be reached or refuses, or holds a newer schema.
    pub async fn open_postgres(url: &str) -> Result<Store, StoreError> {
        let store = Store(Engine::Postgres(postgres::Postgres::open(url)?));
        crate::migrate::run(&store).await?;
        Ok(store)
    }

    /// Which engine this is.
    pub fn kind(&self) -> EngineKind {
        match &self.0 {
            Engine::Sqlite(_) => EngineKind::Sqlite,
            Engine::Postgres(_) => EngineKind::Postgres,
        }
    }

    /// Begins a writing transaction.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(Tx::new(match &self.0 {
            Engine::Sqlite(engine) => TxInner::Sqlite(engine.begin().await?),
            Engine::Postgres(engine) => TxInner::Postgres(engine.begin(false).await?),
        }))
    }

    /// Begins a reading transaction: one consistent view, never blocked by writers.
    pub async fn read(&self) -> Result<Tx, StoreError> {
        Ok(Tx::new(match &self.0 {
            Engine::Sqlite(engine) => TxInner::Sqlite(engine.read().await?),
            Engine::Postgres(engine) => TxInner::Postgres(engine.begin(true).await?),
        }))
    }

    /// Copies the store of a data folder into `file`, which must not exist, while it may be in use (`VACUUM INTO`: one
    /// consistent view), and reads the copy back. Answers what the copy holds, in words.
    pub async fn copy_folder(folder: &Path, file: &Path) -> Result<String, StoreError> {
        sqlite::copy(folder.join(sqlite::FILE), file.to_owned()).await
    }

    /// Puts such a copy into a data folder that holds no store yet, after checking that it is whole.
    pub async fn restore_folder(file: &Path, folder: &Path) -> Result<String, StoreError> {
        std::fs::create_dir_all(folder)
            .map_err(|e| StoreError::Refused(format!("{} cannot be made: {e}", folder.display())))?;
        sqlite::copy(file.to_owned(), folder.join(sqlite::FILE)).await
    }
}

impl Tx {
    fn new(inner: TxInner) -> Self {
        Tx { inner, plans: None }
    }

    /// From now on, every query of this transaction is explained before it is run. Slow; for tests and measurements.
    pub fn explain(&mut self) {
        self.plans = Some(Vec::new());
    }

    /// The explanations since [`Tx::explain`]: each query, and how the engine goes about it.
    pub fn plans(&mut self) -> Vec<String> {
        self.plans.take().unwrap_or_default()
    }

    async fn note_plan(&mut self, sql: &str, params: &[Value]) -> Result<(), StoreError> {
        // What an explanation says stands in the last column on SQLite, in the only one on PostgreSQL.
        let (explain, column) = match self.kind() {
            EngineKind::Sqlite => ("EXPLAIN QUERY PLAN", 3),
            EngineKind::Postgres => ("EXPLAIN", 0),
        };
        let rows = self.rows(&format!("{explain} {sql}"), params).await?;
        let steps = rows.iter().map(|row| row.get::<String>(column)).collect::<Result<Vec<_>, _>>()?;
        if let Some(plans) = &mut self.plans {
            plans.push(format!("{sql}\n  {}", steps.join("\n  ")));
        }
        Ok(())
    }

    /// Which engine this runs on.
    pub fn kind(&self) -> EngineKind {
        match &self.inner {
            TxInner::Sqlite(_) => EngineKind::Sqlite,
            TxInner::Postgres(_) => EngineKind::Postgres,
        }
    }

    /// Runs a statement; answers how many rows it changed.
    pub async fn exec(&mut self, sql: &str, params: &[Value]) -> Result<u64, StoreError> {
        match &mut self.inner {
            TxInner::Sqlite(tx) => tx.exec(sql, params).await,
            TxInner::Postgres(tx) => tx.exec(sql, params).await,
        }
    }

    /// Runs one statement with each of many parameter rows, in one trip; answers how many rows changed in all.
    pub async fn exec_many(&mut self, sql: &str, rows: Rows) -> Result<u64, StoreError> {
        if rows.is_empty() {
            return Ok(0);
        }
        match &mut self.inner {
            TxInner::Sqlite(tx) => tx.exec_many(sql, rows).await,
            TxInner::Postgres(tx) => tx.exec_many(sql, rows).await,
        }
    }

    /// Runs a statement and answers its rows. Nothing is one of an empty list: then the engine is not asked.
    pub async fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        if params.iter().any(|value| matches!(value, Value::List(texts) if texts.is_empty())) {
            return Ok(Vec::new());
        }
        if self.plans.is_some() {
            self.note_plan(sql, params).await?;
        }
        self.rows(sql, params).await
    }

    async fn rows(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        match &mut self.inner {
            TxInner::Sqlite(tx) => tx.query(sql, params).await,
            TxInner::Postgres(tx) => tx.query(sql, params).await,
        }
    }

    /// Runs a statement and answers its first row, if there is one.
    pub async fn query_opt(&mut self, sql: &str, params: &[Value]) -> Result<Option<Row>, StoreError> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }

    /// Makes everything durable. Until this returns `Ok`, nothing is promised.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self.inner {
            TxInner::Sqlite(tx) => tx.commit().await,
            TxInner::Postgres(tx) => tx.commit().await,
        }
    }

    /// Runs several statements without parameters; for migrations.
    pub(crate) async fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        match &mut self.inner {
            TxInner::Sqlite(tx) => tx.batch(sql).await,
            TxInner::Postgres(tx) => tx.batch(sql).await,
        }
    }
}

/// Values for a statement's placeholders: `params![id, now, text]`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { &$crate::row![$($value),*] };
}

/// One of the [`Rows`] for a statement that is run many times.
#[macro_export]
macro_rules! row {
    ($($value:expr),* $(,)?) => { [$($crate::Value::from($value)),*] };
}
