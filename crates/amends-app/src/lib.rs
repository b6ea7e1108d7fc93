//! The use cases: one public function on [`App`] for each thing that a person or a robot can do, and the background
//! duties. Deciding is pure; each use case is one transaction that leaves an audit line and a line in the change feed.

pub mod action;
pub mod broadcast;
pub mod caller;
pub mod component;
pub mod context;
pub mod demo;
mod error;
pub mod health;
pub mod idempotency;
pub mod identity;
pub mod import;
pub mod incident;
pub mod mail;
pub mod maintenance;
pub mod markdown;
mod metrics;
pub mod paging;
pub mod postmortem;
pub mod public;
mod record;
pub mod report;
pub mod search;
pub mod subscriber;

pub use caller::Caller;
pub use context::{App, Clock, Random, Settings};
pub use error::AppError;
pub use paging::{Listed, Paging};
