//! # Only weak actions
//!
//! Every action is training, documents, reviews, decisions to come or care: nothing is detected, limited or
//! removed.
//!
//! Below tier 2 it is a warning.
//!
//! ## Why it matters
//!
//! Studies of corrective actions find that weak ones alone do not lower recurrence. One stronger action is worth
//! ten weak ones.
//!
//! ## Bad
//!
//! ```text
//! - Document the renewal
//! - Train the team
//! ```
//!
//! ## Good
//!
//! ```text
//! - Document the renewal
//! - Renew the certificate automatically 30 days before it expires
//! ```
//!
//! ## Source
//!
//! RCA², the National Patient Safety Foundation's guideline.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::strength::Grade;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("A07", Level::Error, include_str!("a07.rs"), check).applies_from(1);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let acts = &case.facts().actions;
    let strongest = acts.iter().map(|action| action.strength).max();
    let (Some(first), Some(strongest)) = (acts.first(), strongest) else { return Vec::new() };
    if strongest.grade() > Grade::Weak || !case.is_postmortem() {
        return Vec::new();
    }
    let count = if acts.len() == 1 { "The only action is".to_owned() } else { format!("All {} actions are", acts.len()) };
    let message = format!("{count} weak: people have to know, remember or decide something.");
    let mut finding = Finding::at(first.span, message)
        .instead("Add one that a machine carries out: an alert, a limit, a check in the pipeline, a safer default.");
    for other in acts.iter().skip(1).take(20) {
        finding = finding.with(other.span, "weak as well");
    }
    vec![if case.tier() >= 2 { finding } else { finding.at_most(Level::Warning) }]
}
