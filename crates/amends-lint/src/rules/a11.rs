//! # A later stage than needed
//!
//! The cause is one that a linter, a compiler or a schema finds (a misspelling, wrong casing, bad syntax), and the
//! actions only test or watch later.
//!
//! ## Why it matters
//!
//! The earlier a fault is caught, the cheaper: a lint rule takes a second, an end-to-end test minutes, a customer
//! trust.
//!
//! ## Bad
//!
//! ```text
//! Cause: a misspelt import.
//! - Add end-to-end tests of the checkout
//! ```
//!
//! ## Good
//!
//! ```text
//! Cause: a misspelt import.
//! - Enable the lint rule for import casing in CI
//! ```
//!
//! ## Source
//!
//! The funnel of ‘Post mortems’ (2021): editor, lint, compile, tests, canary, monitor, customer.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::rule::Rule;
use crate::times;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("A11", Level::Warning, include_str!("a11.rs"), check);

const EARLY_FAULTS: Group = Group::of("early-faults");
const EARLY_CHECKS: Group = Group::of("early-checks");
const LATE_CHECKS: Group = Group::of("late-checks");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let acts = &case.facts().actions;
    if acts.iter().any(|action| EARLY_CHECKS.is_in(&action.text)) {
        return Vec::new();
    }
    let Some(late) = acts.iter().find(|action| LATE_CHECKS.is_in(&action.text)) else { return Vec::new() };
    let Some(cause) = case.facts().causes.iter().find(|cause| EARLY_FAULTS.is_in(&cause.value)) else {
        return Vec::new();
    };
    vec![
        Finding::at(late.span, "This acts later than needed: the fault can be seen before anything runs.")
            .with(cause.span, times::short(&cause.value))
            .instead("Add a lint rule, a type or a schema check where the text is written, or say why that is not possible."),
    ]
}
