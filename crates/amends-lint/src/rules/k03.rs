//! # A part of the letter is missing
//!
//! A text for customers without regret, reason or remedy: no sentence that apologises, none that names a cause,
//! none that says what changes.
//!
//! ## Why it matters
//!
//! Each of the three answers a question that every hurt customer has: do you care, what was it, will it happen
//! again.
//!
//! ## Bad
//!
//! ```text
//! We are sorry. Everything works again.
//! ```
//!
//! ## Good
//!
//! ```text
//! We are sorry … The cause was … From today on …
//! ```
//!
//! ## Source
//!
//! Travis CI's template: regret, reason, remedy.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::Audience;
use crate::read::section::Kinds;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("K03", Level::Warning, include_str!("k03.rs"), check).only_for(Audience::Customers);

fn check(case: &Case<'_>) -> Vec<Finding> {
    if !case.is_postmortem() {
        return Vec::new();
    }
    let facts = case.facts();
    let reason = !facts.causes.is_empty() || case.has_section(Kinds::CAUSE);
    let remedy = !facts.actions.is_empty() || case.has_section(Kinds::ACTIONS);
    // Regret has a rule of its own.
    let missing = match (reason, remedy) {
        (true, true) => return Vec::new(),
        (false, true) => "why it happened",
        (true, false) => "what will change",
        (false, false) => "why it happened, nor what will change",
    };
    let message = format!("The letter does not say {missing}.");
    vec![Finding::at(case.title_span(), message).instead("Regret, reason, remedy: one paragraph for each is enough.")]
}
