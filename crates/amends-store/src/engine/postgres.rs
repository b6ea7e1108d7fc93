//! PostgreSQL, through a pool. Statements are prepared once a connection.

use super::value::{Row, Rows, Value};
use crate::error::StoreError;
use bytes::BytesMut;
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use futures_util::TryStreamExt;
use futures_util::future::try_join_all;
use std::pin::pin;
use std::time::Duration;
use tokio_postgres::NoTls;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type};

#[derive(Clone)]
pub(super) struct Postgres(Pool);

/// How long a caller waits for the server before it is told that the database cannot be reached.
const PATIENCE: Duration = Duration::from_secs(5);

impl Postgres {
    pub(super) fn open(url: &str) -> Result<Self, StoreError> {
        let mut config: tokio_postgres::Config = url.parse().map_err(|e: tokio_postgres::Error| {
            StoreError::Refused(format!(
                "the database address is not understood: {e}; write postgres://user@host/name"
            ))
        })?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(PATIENCE);
        }
        config.application_name("amends");
        let manager =
            Manager::from_config(config, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        let pool = Pool::builder(manager)
            .max_size(12)
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(PATIENCE))
            .recycle_timeout(Some(PATIENCE))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|e| StoreError::Unavailable(e.to_string()))?;
        Ok(Postgres(pool))
    }

    pub(super) async fn begin(&self, read_only: bool) -> Result<PostgresTx, StoreError> {
        let sql = if read_only { "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" } else { "BEGIN" };
        // A pooled connection may have died while it lay idle (server restart); another one is tried then.
        let mut last = None;
        for _ in 0..=self.0.status().max_size {
            let object = self.0.get().await.map_err(|e| StoreError::Unavailable(describe(&e)))?;
            // It rolls back from now on: who leaves before the server answers must not leave a transaction in the pool.
            let mut tx = PostgresTx { object: Some(object) };
            let Err(error) = tx.object()?.batch_execute(sql).await else { return Ok(tx) };
            let Some(object) = tx.object.take() else { continue };
            if !error.is_closed() && !object.is_closed() {
                return Err(error.into());
            }
            last = Some(error);
            drop(Object::take(object));
        }
        Err(StoreError::Unavailable(last.map_or_else(|| "no connection".into(), |e| e.to_string())))
    }
}

fn describe(error: &deadpool_postgres::PoolError) -> String {
    use std::error::Error;
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        source = inner.source();
    }
    text
}

pub(super) struct PostgresTx {
    object: Option<Object>,
}

impl PostgresTx {
    fn object(&self) -> Result<&Object, StoreError> {
        self.object.as_ref().ok_or_else(|| StoreError::Unavailable("the transaction has ended".into()))
    }

    pub(super) async fn exec(&mut self, sql: &str, params: &[Value]) -> Result<u64, StoreError> {
        let object = self.object()?;
        let statement = object.prepare_cached(sql).await?;
        Ok(object.execute_raw(&statement, params).await?)
    }

    pub(super) async fn exec_many(&mut self, sql: &str, rows: Rows) -> Result<u64, StoreError> {
        let object = self.object()?;
        let statement = &object.prepare_cached(sql).await?;
        // Polled together, the statements go out in one stream (the client pipelines them).
        let sent = rows.iter().map(|row| object.execute_raw(statement, row));
        Ok(try_join_all(sent).await?.into_iter().sum())
    }

    pub(super) async fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        let object = self.object()?;
        let statement = object.prepare_cached(sql).await?;
        let mut rows = pin!(object.query_raw(&statement, params).await?);
        let mut found = Vec::new();
        // Read as they come: the server goes on finding rows meanwhile.
        while let Some(row) = rows.try_next().await? {
            let values = (0..row.len()).map(|n| row.try_get::<_, Value>(n)).collect::<Result<_, _>>()?;
            found.push(Row(values));
        }
        Ok(found)
    }

    pub(super) async fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        Ok(self.object()?.batch_execute(sql).await?)
    }

    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        let Some(object) = self.object.take() else { return Ok(()) };
        if let Err(error) = object.batch_execute("COMMIT").await {
            drop(Object::take(object));
            return Err(error.into());
        }
        Ok(())
    }
}

impl Drop for PostgresTx {
    fn drop(&mut self) {
        let Some(object) = self.object.take() else { return };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(async move {
                    if object.batch_execute("ROLLBACK").await.is_err() {
                        drop(Object::take(object));
                    }
                });
            }
            // Without a runtime nothing can be said to the server: closing the connection rolls back as well.
            Err(_) => drop(Object::take(object)),
        }
    }
}

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Value::Null => Ok(IsNull::Yes),
            Value::Int(n) if *kind == Type::INT4 => i32::try_from(*n)?.to_sql(kind, out),
            Value::Int(n) if *kind == Type::BOOL => (*n != 0).to_sql(kind, out),
            Value::Int(n) if *kind == Type::TEXT => n.to_string().to_sql(kind, out),
            Value::Int(n) => n.to_sql(kind, out),
            Value::Text(text) => text.as_str().to_sql(kind, out),
            Value::Bytes(bytes) => bytes.to_sql(kind, out),
            Value::List(texts) => {
                texts.iter().map(|text| text.as_str()).collect::<Vec<_>>().to_sql(kind, out)
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(match *kind {
            Type::INT8 => Value::Int(i64::from_sql(kind, raw)?),
            Type::INT4 => Value::Int(i32::from_sql(kind, raw)?.into()),
            Type::INT2 => Value::Int(i16::from_sql(kind, raw)?.into()),
            Type::BOOL => Value::Int(bool::from_sql(kind, raw)?.into()),
            Type::BYTEA => Value::Bytes(raw.to_vec()),
            Type::TEXT | Type::VARCHAR | Type::NAME | Type::BPCHAR | Type::UNKNOWN | Type::JSON => {
                Value::Text(<&str>::from_sql(kind, raw)?.into())
            }
            ref other => return Err(format!("the type {other} is not used here; cast it").into()),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Value::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
