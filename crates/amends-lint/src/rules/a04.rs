//! # An action that is not tracked
//!
//! Actions without a ticket, pull request or address where their state can be seen. One finding for all of them.
//!
//! A list in which no action has a ticket is a hint below tier 2; one that has some has forgotten the others.
//!
//! ## Why it matters
//!
//! A report is read once. What is in the tracker is seen when work is planned.
//!
//! ## Bad
//!
//! ```text
//! - Alert before certificates expire
//! ```
//!
//! ## Good
//!
//! ```text
//! - Alert before certificates expire (OPS-112)
//! ```
//!
//! ## Source
//!
//! Google, The Site Reliability Workbook, on action items.

use crate::actions;
use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::Action;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("A04", Level::Warning, include_str!("a04.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let without = |action: &&Action| action.tracker.is_none() && !action.done;
    let findings = actions::one_for_all(case, without, |count, all| {
        let message = format!("{} no ticket.", actions::share(count, all, "has", "have"));
        (message, "Add its number or address: (OPS-112).")
    });
    // A list without any ticket is kept elsewhere, or is too short to need one.
    let some = case.facts().actions.iter().any(|action| action.tracker.is_some());
    let most = if some || case.tier() >= 2 { Level::Warning } else { Level::Hint };
    findings.into_iter().map(|finding| finding.at_most(most)).collect()
}
