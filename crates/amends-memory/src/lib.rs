//! Search over everything that was written: incidents with their timelines, planned work, postmortems and actions.
//!
//! The index is derived from the store, one for each node, and never the truth: it says which records may answer, and
//! what is shown is read from the store. It is made when there is none and kept current by the change feed.

mod ask;
mod desk;
mod error;
mod fields;
mod memory;
mod passage;
mod phrase;
mod rank;
mod reading;
mod records;
mod words;

pub use error::MemoryError;
pub use fields::Sight;
pub use memory::{Hit, MOST_HITS, Memory, Passage, Progress, Query};
pub use passage::Piece;
pub use rank::Closeness;
pub use records::{Kind, Source};
