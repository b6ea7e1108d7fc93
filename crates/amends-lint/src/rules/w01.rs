//! # A waiver without a reason
//!
//! A waiver comment that names rules and gives no reason. It does not count, so the findings that it names stay.
//!
//! ## Why it matters
//!
//! What is accepted today is read by somebody next year. Without a reason nobody can tell whether it still holds.
//!
//! ## Bad
//!
//! ```text
//! <!-- amends: allow T14 -->
//! ```
//!
//! ## Good
//!
//! ```text
//! <!-- amends: allow T14 nobody was on call before 13:45 -->
//! ```
//!
//! ## Source
//!
//! How compilers treat allowed lints.

use crate::finding::Level;
use crate::rule::Rule;

/// The engine itself judges waivers, after every rule has spoken.
pub(crate) const RULE: Rule = Rule::new("W01", Level::Warning, include_str!("w01.rs"), |_| Vec::new());
