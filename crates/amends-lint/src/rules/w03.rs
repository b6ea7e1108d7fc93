//! # A waiver for a rule that does not exist
//!
//! A waiver comment that names no rule, or one that is not in the catalogue.
//!
//! ## Why it matters
//!
//! A mistyped code allows nothing, and its author believes that it does.
//!
//! ## Bad
//!
//! ```text
//! <!-- amends: allow T41 nobody was on call -->
//! ```
//!
//! ## Good
//!
//! ```text
//! <!-- amends: allow T14 nobody was on call -->
//! ```
//!
//! ## Source
//!
//! How compilers treat allowed lints.

use crate::finding::Level;
use crate::rule::Rule;

/// The engine itself judges waivers, after every rule has spoken.
pub(crate) const RULE: Rule = Rule::new("W03", Level::Warning, include_str!("w03.rs"), |_| Vec::new());
