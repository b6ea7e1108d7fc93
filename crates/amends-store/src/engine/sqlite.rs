//! SQLite: one writing connection and a few reading ones, each on a thread of its own.
//!
//! A transaction owns its connection's thread while it lives and talks to it by messages, so that nothing blocks the
//! async threads and "one writer" needs no further care.

use super::value::{Row, Rows, Value};
use crate::error::StoreError;
use compact_str::CompactString;
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql, params_from_iter};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore, oneshot};

/// Readers beside the one writer; lists and pages are read in well under a millisecond each.
const READERS: usize = 3;

type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

enum Command {
    Exec { sql: Arc<str>, params: Vec<Value>, reply: Reply<u64> },
    ExecMany { sql: Arc<str>, rows: Rows, reply: Reply<u64> },
    Query { sql: Arc<str>, params: Vec<Value>, reply: Reply<Vec<Row>> },
    Batch { sql: String, reply: Reply<()> },
    Rollback,
}

struct Handle(mpsc::Sender<Command>);

struct Inner {
    writer: Arc<Mutex<Handle>>,
    readers: Arc<std::sync::Mutex<Vec<Handle>>>,
    free_readers: Arc<Semaphore>,
    /// Held as long as the store is open, so that a second process cannot use the folder.
    _lock: File,
}

#[derive(Clone)]
pub(super) struct Sqlite(Arc<Inner>);

impl Sqlite {
    pub(super) fn open(folder: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(folder).map_err(|e| {
            StoreError::Refused(format!("the data folder {} cannot be made: {e}", folder.display()))
        })?;
        let lock_file = folder.join("amends.lock");
        let lock =
            File::options().create(true).truncate(false).write(true).open(&lock_file).map_err(|e| {
                StoreError::Refused(format!("{} cannot be written: {e}", lock_file.display()))
            })?;
        if lock.try_lock().is_err() {
            return Err(StoreError::FolderInUse(folder.to_owned()));
        }
        let file = folder.join(FILE);
        let writer = spawn(open_connection(&file, true)?, "store-writer")?;
        let readers = (0..READERS)
            .map(|n| spawn(open_connection(&file, false)?, &format!("store-reader-{n}")))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Sqlite(Arc::new(Inner {
            writer: Arc::new(Mutex::new(writer)),
            readers: Arc::new(std::sync::Mutex::new(readers)),
            free_readers: Arc::new(Semaphore::new(READERS)),
            _lock: lock,
        })))
    }

    pub(super) async fn begin(&self) -> Result<SqliteTx, StoreError> {
        let guard = self.0.writer.clone().lock_owned().await;
        let tx = SqliteTx { connection: Lease::Writer(guard), open: true };
        tx.control("BEGIN IMMEDIATE").await?;
        Ok(tx)
    }

    pub(super) async fn read(&self) -> Result<SqliteTx, StoreError> {
        let permit = self
            .0
            .free_readers
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| StoreError::Unavailable("the store is closed".into()))?;
        let handle =
            self.0.readers.lock().map_err(|_| StoreError::Unavailable("the store is closed".into()))?.pop();
        let handle = handle.ok_or_else(|| StoreError::Unavailable("no reading connection is left".into()))?;
        let lease = Lease::Reader { handle: Some(handle), home: self.0.readers.clone(), _permit: permit };
        let tx = SqliteTx { connection: lease, open: true };
        tx.control("BEGIN").await?;
        Ok(tx)
    }
}

/// The database's name in a data folder.
pub(super) const FILE: &str = "amends.db";

/// Copies a database that may be in use, and checks the copy. Answers what it holds, in words.
pub(super) async fn copy(source: PathBuf, target: PathBuf) -> Result<String, StoreError> {
    let copied = tokio::task::spawn_blocking(move || {
        let refused = |what: &Path, e: &dyn std::fmt::Display| {
            StoreError::Refused(format!("{} is not a store of Amends that can be read: {e}", what.display()))
        };
        if !source.exists() {
            return Err(refused(&source, &"there is no such file"));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let from = Connection::open_with_flags(&source, flags).map_err(|e| refused(&source, &e))?;
        from.query_row("SELECT MAX(number) FROM migrations", [], |row| row.get::<_, i64>(0))
            .map_err(|e| refused(&source, &e))?;
        from.execute("VACUUM INTO ?1", [target.to_string_lossy()])
            .map_err(|e| StoreError::Refused(format!("{} cannot be written: {e}", target.display())))?;
        let copy = Connection::open_with_flags(&target, flags).map_err(|e| refused(&target, &e))?;
        let verdict: String = copy.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
        if verdict != "ok" {
            return Err(refused(&target, &verdict));
        }
        let (incidents, events): (i64, i64) = copy.query_row(
            "SELECT (SELECT COUNT(*) FROM incidents), (SELECT COUNT(*) FROM events)",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        Ok(format!("{incidents} incidents, {events} timeline events"))
    });
    copied.await.map_err(|e| StoreError::Unavailable(e.to_string()))?
}

fn open_connection(file: &Path, writer: bool) -> Result<Connection, StoreError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)
        .map_err(|e| StoreError::Refused(format!("the database {} cannot be opened: {e}", file.display())))?;
    // WAL with FULL: a commit that was answered survives a power cut.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;
         PRAGMA temp_store = MEMORY;",
    )?;
    // SQLite goes through all of its cache at nearly every commit (pcache1Truncate), so more of it costs more than it saves.
    connection.execute_batch(if writer {
        "PRAGMA cache_size = -16000; PRAGMA wal_autocheckpoint = 16000;"
    } else {
        "PRAGMA cache_size = -4000; PRAGMA query_only = ON;"
    })?;
    connection.set_prepared_statement_cache_capacity(128);
    // A statement is planned once, whatever its values are; otherwise some are planned anew each time.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

fn spawn(connection: Connection, name: &str) -> Result<Handle, StoreError> {
    let (sender, receiver) = mpsc::channel();
    std::thread::Builder::new()
        .name(name.into())
        .spawn(move || serve(&connection, &receiver))
        .map_err(|e| StoreError::Unavailable(format!("no thread for the store: {e}")))?;
    Ok(Handle(sender))
}

fn serve(connection: &Connection, commands: &mpsc::Receiver<Command>) {
    while let Ok(command) = commands.recv() {
        // A reply that nobody waits for any more is no error: its transaction was dropped and will be rolled back.
        match command {
            Command::Exec { sql, params, reply } => drop(reply.send(exec(connection, &sql, &params))),
            Command::ExecMany { sql, rows, reply } => drop(reply.send(exec_many(connection, &sql, &rows))),
            Command::Query { sql, params, reply } => drop(reply.send(query(connection, &sql, &params))),
            Command::Batch { sql, reply } => {
                drop(reply.send(connection.execute_batch(&sql).map_err(StoreError::from)));
            }
            Command::Rollback => {
                if !connection.is_autocommit()
                    && let Err(error) = connection.execute_batch("ROLLBACK")
                {
                    tracing::error!(%error, "a transaction could not be rolled back");
                }
            }
        }
    }
}

fn exec(connection: &Connection, sql: &str, params: &[Value]) -> Result<u64, StoreError> {
    Ok(connection.prepare_cached(sql)?.execute(params_from_iter(params))? as u64)
}

fn exec_many(connection: &Connection, sql: &str, rows: &Rows) -> Result<u64, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut changed = 0;
    for row in rows.iter() {
        changed += statement.execute(params_from_iter(row))? as u64;
    }
    Ok(changed)
}

fn query(connection: &Connection, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query(params_from_iter(params))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let values =
            (0..columns).map(|n| Ok(owned(row.get_ref(n)?))).collect::<Result<Vec<_>, StoreError>>()?;
        found.push(Row(values));
    }
    Ok(found)
}

fn owned(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(n) => Value::Int(n),
        ValueRef::Real(n) => Value::Int(n as i64),
        ValueRef::Text(text) => Value::Text(match std::str::from_utf8(text) {
            Ok(text) => text.into(),
            Err(_) => CompactString::from_utf8_lossy(text),
        }),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Value::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Value::Int(n) => ToSqlOutput::Borrowed(ValueRef::Integer(*n)),
            Value::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Value::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
            Value::List(texts) => {
                let json = serde_json::to_string(texts);
                ToSqlOutput::from(json.map_err(|e| rusqlite::Error::ToSqlConversionFailure(e.into()))?)
            }
        })
    }
}

enum Lease {
    Writer(OwnedMutexGuard<Handle>),
    Reader { handle: Option<Handle>, home: Arc<std::sync::Mutex<Vec<Handle>>>, _permit: OwnedSemaphorePermit },
}

impl Lease {
    fn send(&self, command: Command) -> Result<(), StoreError> {
        let handle = match self {
            Lease::Writer(guard) => Some(&**guard),
            Lease::Reader { handle, .. } => handle.as_ref(),
        };
        let gone = || StoreError::Unavailable("the store's thread has ended".into());
        handle.ok_or_else(gone)?.0.send(command).map_err(|_| gone())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Lease::Reader { handle, home, .. } = self
            && let Some(handle) = handle.take()
            && let Ok(mut home) = home.lock()
        {
            home.push(handle);
        }
    }
}

pub(super) struct SqliteTx {
    connection: Lease,
    open: bool,
}

/// SQLite numbers `$1` by first appearance, but `?1` by the number, as PostgreSQL does.
fn sqlite_text(sql: &str) -> Arc<str> {
    sql.replace('$', "?").into()
}

impl SqliteTx {
    async fn ask<T>(&self, make: impl FnOnce(Reply<T>) -> Command) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.connection.send(make(reply))?;
        answer.await.map_err(|_| StoreError::Unavailable("the store's thread has ended".into()))?
    }

    async fn control(&self, sql: &str) -> Result<(), StoreError> {
        let sql = sql.to_owned();
        self.ask(|reply| Command::Batch { sql, reply }).await
    }

    pub(super) async fn exec(&mut self, sql: &str, params: &[Value]) -> Result<u64, StoreError> {
        let (sql, params) = (sqlite_text(sql), params.to_vec());
        self.ask(|reply| Command::Exec { sql, params, reply }).await
    }

    pub(super) async fn exec_many(&mut self, sql: &str, rows: Rows) -> Result<u64, StoreError> {
        let sql = sqlite_text(sql);
        self.ask(|reply| Command::ExecMany { sql, rows, reply }).await
    }

    pub(super) async fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        let (sql, params) = (sqlite_text(sql), params.to_vec());
        self.ask(|reply| Command::Query { sql, params, reply }).await
    }

    pub(super) async fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        self.control(sql).await
    }

    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        self.control("COMMIT").await?;
        self.open = false;
        Ok(())
    }
}

impl Drop for SqliteTx {
    fn drop(&mut self) {
        if self.open {
            // The next transaction's BEGIN queues behind this, so no waiting is needed.
            drop(self.connection.send(Command::Rollback));
        }
    }
}
