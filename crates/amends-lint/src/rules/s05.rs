//! # A wider audience than the incident
//!
//! The text is for customers, and the record says that the incident is internal.
//!
//! ## Why it matters
//!
//! What was decided to stay inside would be published by the way.
//!
//! ## Bad
//!
//! ```text
//! incident: internal
//! postmortem: audience: customers
//! ```
//!
//! ## Good
//!
//! ```text
//! incident: internal
//! postmortem: audience: internal
//! ```
//!
//! ## Source
//!
//! Common complaint.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::Audience;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("S05", Level::Error, include_str!("s05.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let inside = case.record.and_then(|record| record.visible_to) == Some(Audience::Internal);
    if !inside || case.audience() != Some(Audience::Customers) {
        return Vec::new();
    }
    let place = case.facts().audience.as_ref().map_or_else(|| case.title_span(), |said| said.span);
    let message = "The text is for customers, and the incident is internal.";
    vec![Finding::at(place, message).instead("Make the incident public first, or write for the company.")]
}
