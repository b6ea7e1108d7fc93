//! # Too many actions
//!
//! More than eight open actions, or a priority that is the same for all of them.
//!
//! ## Why it matters
//!
//! With fifty-six actions nothing is urgent. Those that would have prevented the incident are lost among the
//! others.
//!
//! ## Bad
//!
//! ```text
//! 56 action items, all of high priority
//! ```
//!
//! ## Good
//!
//! ```text
//! 3 action items, and a list of ideas that were not taken up
//! ```
//!
//! ## Source
//!
//! Google, The Site Reliability Workbook, on action items.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("A13", Level::Hint, include_str!("a13.rs"), check);

/// Most actions that a team carries out after an incident.
const MOST: usize = 8;

fn check(case: &Case<'_>) -> Vec<Finding> {
    let open: Vec<_> = case.facts().actions.iter().filter(|action| !action.done).collect();
    let (Some(first), true) = (open.first(), open.len() > MOST) else { return Vec::new() };
    let message = format!("{} actions are open; those that matter most are hard to see.", open.len());
    vec![Finding::at(first.span, message).instead("Keep the few that would have prevented this, and list the others as ideas.")]
}
