//! # A tier below what the facts say
//!
//! A text whose front matter gives a lower tier than the record makes of cost, severity and repetition.
//!
//! ## Why it matters
//!
//! The tier decides the review. Lowering it quietly lowers what is learned.
//!
//! ## Bad
//!
//! ```text
//! tier: 0 (record: tier 2, by cost)
//! ```
//!
//! ## Good
//!
//! ```text
//! tier: 2
//! ```
//!
//! ## Source
//!
//! A common complaint about severities that are lowered after the fact.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("X03", Level::Warning, include_str!("x03.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let Some(known) = case.record.and_then(|record| record.tier) else { return Vec::new() };
    let Some(field) = case.document().front.as_ref().and_then(|front| front.get("tier")) else { return Vec::new() };
    let Some(told) = field.value.trim().parse::<u8>().ok().filter(|told| *told < known) else { return Vec::new() };
    let message = format!("The text says tier {told}, and what is on the record makes it tier {known}.");
    vec![Finding::at(field.span, message).instead("Raise the tier, or waive this with the reason for lowering it.")]
}
