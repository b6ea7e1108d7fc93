//! # A similar incident is not mentioned
//!
//! An incident that the record finds to be like this one and whose number or name stands nowhere in the text.
//!
//! ## Why it matters
//!
//! What happened before is the strongest argument for a lasting repair, and the first thing that customers
//! remember.
//!
//! ## Bad
//!
//! ```text
//! (record: like INC-12) a text that does not mention INC-12
//! ```
//!
//! ## Good
//!
//! ```text
//! The same mechanism as in INC-12, whose action on staging is still open.
//! ```
//!
//! ## Source
//!
//! A common complaint about incidents that come back.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("X04", Level::Warning, include_str!("x04.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let Some(record) = case.record else { return Vec::new() };
    let source = case.document().source;
    let absent: Vec<&str> = record.similar.iter().map(String::as_str).filter(|name| !name.is_empty() && !source.contains(name)).collect();
    if absent.is_empty() {
        return Vec::new();
    }
    let message = format!("{} is like this incident and is not mentioned.", absent.join(", "));
    vec![Finding::at(case.title_span(), message).instead("Say what is the same, what is different, and what became of its actions.")]
}
