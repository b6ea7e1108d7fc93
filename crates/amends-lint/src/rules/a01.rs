//! # An action without an owner
//!
//! Actions that name nobody who will see to them: no column, no ‘owner:’, no handle. One finding for all of them.
//!
//! An action with a ticket has its owner there. A list in which no action has an owner is a warning below tier 2, a single
//! promise a hint: names may be kept elsewhere. A list that names some owners has forgotten the others, which is an error.
//!
//! ## Why it matters
//!
//! What belongs to everybody is done by nobody. One name makes the promise real.
//!
//! ## Bad
//!
//! ```text
//! - Test before deploying on all servers
//! ```
//!
//! ## Good
//!
//! ```text
//! - Add a staging step to the deploy pipeline (owner: Ada Lovelace, due 2026-12-01)
//! ```
//!
//! ## Source
//!
//! GitLab's and Google's rules for action items.

use crate::actions;
use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::Action;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("A01", Level::Error, include_str!("a01.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    // A ticket has an assignee of its own.
    let without = |action: &&Action| action.owner.is_none() && action.tracker.is_none() && !action.done;
    let findings = actions::one_for_all(case, without, |count, all| {
        let message = format!("{} nobody as its owner.", actions::share(count, all, "names", "name"));
        (message, "Name one person for each: (owner: Ada Lovelace).")
    });
    // A published list may leave all names out and have them elsewhere; one that names some has forgotten the others.
    let actions = &case.facts().actions;
    let some = actions.iter().any(|action| action.owner.is_some());
    let most = match (some || case.tier() >= 2, actions.len()) {
        (true, _) => Level::Error,
        // A single promise in a sentence is the whole team's.
        (false, 1) => Level::Hint,
        (false, _) => Level::Warning,
    };
    findings.into_iter().map(|finding| finding.at_most(most)).collect()
}
