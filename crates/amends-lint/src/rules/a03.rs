//! # An action without a due date
//!
//! Actions with no date until when they are done, and dates before the report's own date. One finding for all that
//! have none.
//!
//! Below tier 2 a list without any date is a hint, because that nobody owns it (A01) is the graver news; one that has
//! some dates has forgotten the others.
//!
//! ## Why it matters
//!
//! Work without a date loses against work with one, every week.
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
//! - Alert before certificates expire (owner: Ada Lovelace, due 2026-12-01)
//! ```
//!
//! ## Source
//!
//! GitLab's incident reviews.

use crate::actions;
use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::Action;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("A03", Level::Error, include_str!("a03.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let without = |action: &&Action| action.due.is_none() && !action.done;
    let mut findings = actions::one_for_all(case, without, |count, all| {
        let message = format!("{} no due date.", actions::share(count, all, "has", "have"));
        (message, "Give each a date: (due 2026-12-01).")
    });
    // Where the list has no dates at all, that nobody owns it is the graver news, and one warning is enough.
    let some = case.facts().actions.iter().any(|action| action.due.is_some());
    if !some && case.tier() < 2 {
        findings = findings.into_iter().map(|finding| finding.at_most(Level::Hint)).collect();
    }
    let Some(date) = &case.facts().date else { return findings };
    let past = case.facts().actions.iter().filter(|action| !action.done);
    findings.extend(past.filter_map(|action| {
        let due = action.due_date.filter(|due| *due < date.value)?;
        let message = format!("It was due on {due}, before the incident of {}.", date.value);
        Some(Finding::at(action.span, message).with(date.span, format!("the date: {}", date.value)).instead("Correct the date."))
    }));
    findings
}
