//! Reads a postmortem that people wrote in Markdown and understands it: which times, which milestones, how
//! long, how many, why, and what was promised.
//!
//! Everything starts with [`read()`]: one pass over any text, never a panic, in time linear in its length. What
//! comes back is a [`read::Document`] (blocks and sections with their place in the source) and [`read::Facts`]
//! (typed, each with byte span and line). Rules that compare facts are built on these two and need nothing else.
//!
//! The crate is pure: no files, no clock, no network. It can be used as a library with nothing else of Amends.

#![deny(missing_docs)]

pub mod read;

pub use read::{Document, Facts, Reading, Source, read};
