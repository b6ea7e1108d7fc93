//! The demo: an invented company with a year of history, told relative to "now" so that it is always fresh.
//!
//! The texts are data files in the crate's `demo` folder. [`content`] reads them into typed values, [`timeline`] reads
//! the lines of a record, [`clock`] turns "38 days ago, 11:42" into instants and fills times into texts, and
//! [`subscribers`] makes up people to write to. All of these are pure.

pub mod clock;
pub mod content;
mod fill;
mod learned;
pub mod postmortem;
mod record;
pub mod subscribers;
pub mod timeline;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub use content::Company;
pub use fill::{Filled, Progress, fill};

/// What is wrong with the demo's data files, and where. Tests make sure that it never happens in a release.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("demo/{place}: {what}")]
pub struct ContentError {
    /// File, and entry or line within it.
    pub place: String,
    /// What is wrong.
    pub what: String,
}

impl ContentError {
    fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        ContentError { place: place.into(), what: what.into() }
    }
}
