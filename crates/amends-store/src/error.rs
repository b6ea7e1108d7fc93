use std::path::PathBuf;

/// Why the store could not do something.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process uses the data folder.
    #[error(
        "the data folder {0} is in use by another Amends; stop that one first, or give another folder with --data"
    )]
    FolderInUse(PathBuf),
    /// It cannot be opened or written; the text says why and what to do.
    #[error("{0}")]
    Refused(String),
    /// The database cannot be reached now; later it may.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// Nothing more can be written.
    #[error("the disk that the data lies on is full; free some space")]
    Full,
    /// Something with that key exists already; names the constraint or columns.
    #[error("it exists already ({0})")]
    Duplicate(String),
    /// What is referred to does not exist; names the constraint.
    #[error("what it refers to does not exist ({0})")]
    Dangling(String),
    /// A row holds something that this version does not understand.
    #[error("a stored value is not understood: {0}")]
    Corrupt(String),
    /// The schema is from a newer version.
    #[error(
        "the database was written by a newer Amends (schema {found}, this one knows {known}); use that version or a newer one"
    )]
    NewerSchema {
        /// Schema number found.
        found: i64,
        /// Newest schema number that this program knows.
        known: i64,
    },
    /// Anything else the engine says.
    #[error("the database refused a statement: {0}")]
    Engine(String),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        if let rusqlite::Error::SqliteFailure(failure, message) = &error {
            let text = message.clone().unwrap_or_else(|| failure.to_string());
            return match failure.extended_code {
                rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY => {
                    StoreError::Duplicate(text)
                }
                rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY => StoreError::Dangling(text),
                _ => match failure.code {
                    rusqlite::ErrorCode::DiskFull => StoreError::Full,
                    rusqlite::ErrorCode::DatabaseBusy
                    | rusqlite::ErrorCode::DatabaseLocked
                    | rusqlite::ErrorCode::SystemIoFailure
                    | rusqlite::ErrorCode::CannotOpen
                    | rusqlite::ErrorCode::ReadOnly => StoreError::Unavailable(text),
                    _ => StoreError::Engine(text),
                },
            };
        }
        StoreError::Engine(error.to_string())
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        use tokio_postgres::error::SqlState;
        let Some(db) = error.as_db_error() else {
            return StoreError::Unavailable(error.to_string());
        };
        let what = db.constraint().unwrap_or(db.message()).to_owned();
        match db.code() {
            &SqlState::UNIQUE_VIOLATION => StoreError::Duplicate(what),
            &SqlState::FOREIGN_KEY_VIOLATION => StoreError::Dangling(what),
            &SqlState::DISK_FULL => StoreError::Full,
            &SqlState::ADMIN_SHUTDOWN
            | &SqlState::CRASH_SHUTDOWN
            | &SqlState::CANNOT_CONNECT_NOW
            | &SqlState::T_R_SERIALIZATION_FAILURE
            | &SqlState::T_R_DEADLOCK_DETECTED
            | &SqlState::TOO_MANY_CONNECTIONS => StoreError::Unavailable(db.message().to_owned()),
            _ => StoreError::Engine(db.message().to_owned()),
        }
    }
}
