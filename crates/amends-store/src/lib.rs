//! All SQL of Amends, for both engines: SQLite in a data folder and PostgreSQL.
//!
//! Every module holds the statements of one kind of row, as functions over a transaction ([`Tx`]); callers decide what
//! belongs together and commit. One SQL text serves both engines; the few differences are in [`dialect`].

pub mod action;
pub mod audit;
pub mod broadcast;
pub mod channel;
pub mod component;
pub mod delivery;
pub mod dialect;
pub mod endpoint;
mod engine;
mod error;
pub mod event;
pub mod feed;
pub mod held;
pub mod idempotency;
pub mod incident;
pub mod lease;
pub mod mailbox;
pub mod maintenance;
mod migrate;
pub mod page;
pub mod person;
pub mod portion;
pub mod postmortem;
pub mod session;
pub mod setting;
pub mod sms;
pub mod subscriber;
pub mod suppression;
pub mod token;

pub use engine::{EngineKind, FromValue, Row, Rows, Store, Tx, Value};
pub use error::StoreError;

use jiff::Timestamp;

/// What every function of this crate answers.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Where a list goes on: after the row with this time and id, in the list's order (newest first).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyset {
    /// The row's time.
    pub at: Timestamp,
    /// The row's id.
    pub id: String,
}

impl Keyset {
    /// A keyset before the first row of a newest-first list.
    pub fn start() -> Self {
        Keyset { at: Timestamp::MAX, id: "~".into() }
    }
}
