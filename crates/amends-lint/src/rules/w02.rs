//! # A waiver that allows nothing
//!
//! A waiver comment whose rules find nothing where it counts: on its own line, in the block after it, in the section
//! under the heading after it, or in the whole text when it stands before everything.
//!
//! ## Why it matters
//!
//! A waiver that is left behind hides the next mistake of the same kind.
//!
//! ## Bad
//!
//! ```text
//! <!-- amends: allow T14 nobody was on call -->
//! * 12:02 Rollback failed
//! * 12:10 Restart restored the service
//! ```
//!
//! ## Good
//!
//! ```text
//! * 12:02 Rollback failed
//! * 12:10 Restart restored the service
//! ```
//!
//! ## Source
//!
//! How compilers treat allowed lints.

use crate::finding::Level;
use crate::rule::Rule;

/// The engine itself judges waivers, after every rule has spoken.
pub(crate) const RULE: Rule = Rule::new("W02", Level::Warning, include_str!("w02.rs"), |_| Vec::new());
