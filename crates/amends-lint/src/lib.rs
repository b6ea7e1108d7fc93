//! Reads a postmortem that people wrote in Markdown and understands it: which times, which milestones, how
//! long, how many, why, and what was promised. Then says what in it contradicts itself, blames, or promises nothing.
//!
//! Everything starts with [`read()`]: one pass over any text, never a panic, in time linear in its length. What
//! comes back is a [`read::Document`] (blocks and sections with their place in the source) and [`read::Facts`]
//! (typed, each with byte span and line). [`check()`] runs the [`rules`] over it, which compare facts and need nothing
//! else, and gives [`Finding`]s.
//!
//! The crate is pure: no files, no clock, no network. It can be used as a library with nothing else of Amends.

#![deny(missing_docs)]

mod actions;
mod case;
mod check;
pub mod config;
mod events;
pub mod finding;
pub mod fix;
pub mod output;
pub mod phrase;
mod prose;
pub mod read;
pub mod record;
pub mod rule;
pub mod rules;
mod secret;
mod times;
mod topic;
pub mod waiver;

pub use case::Case;
pub use check::check;
pub use config::Config;
pub use finding::{Finding, Level};
pub use prose::Sentence;
pub use read::{Document, Facts, Reading, Source, read};
pub use record::Record;
pub use rule::Rule;
