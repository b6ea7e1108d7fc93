//! Where the public pages read from, and whom their forms ask: the application, or a double of it in tests.

use amends_app::{App, AppError};
use amends_model::page::{HistoryItem, PublicRecord};
use jiff::Timestamp;
use std::future::Future;
use std::pin::Pin;

/// An answer that is on its way.
pub type Reply<'a, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>>;

/// Why the record could not be read: a sentence for the log.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SourceError(pub String);

/// What the public may see, read anew.
pub trait Source: Send + Sync + 'static {
    /// Everything that the hot set shows.
    fn record(&self) -> Reply<'_, PublicRecord, SourceError>;
    /// One public incident or maintenance; none if there is none that the public may see.
    fn item(&self, id: String) -> Reply<'_, Option<HistoryItem>, SourceError>;
    /// What began in `[from, until)`, newest first.
    fn between(&self, from: Timestamp, until: Timestamp) -> Reply<'_, Vec<HistoryItem>, SourceError>;
    /// When the oldest began.
    fn start(&self) -> Reply<'_, Option<Timestamp>, SourceError>;
}

impl From<AppError> for SourceError {
    fn from(error: AppError) -> Self {
        SourceError(error.to_string())
    }
}

impl Source for App {
    fn record(&self) -> Reply<'_, PublicRecord, SourceError> {
        Box::pin(async { Ok(self.public_record().await?) })
    }

    fn item(&self, id: String) -> Reply<'_, Option<HistoryItem>, SourceError> {
        Box::pin(async move {
            let (Ok(incident), Ok(maintenance)) = (id.parse(), id.parse()) else { return Ok(None) };
            if let Some(found) = self.public_incident(&incident).await? {
                return Ok(Some(HistoryItem::Incident(found)));
            }
            Ok(self.public_maintenance(&maintenance).await?.map(HistoryItem::Maintenance))
        })
    }

    fn between(&self, from: Timestamp, until: Timestamp) -> Reply<'_, Vec<HistoryItem>, SourceError> {
        Box::pin(async move { Ok(self.public_history(from, until).await?) })
    }

    fn start(&self) -> Reply<'_, Option<Timestamp>, SourceError> {
        Box::pin(async { Ok(self.public_history_start().await?) })
    }
}
