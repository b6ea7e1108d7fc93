//! # Human error as a cause
//!
//! ‘Human error’, ‘operator error’, ‘fat finger’, and what was done ‘accidentally’, ‘by mistake’ or through ‘an
//! oversight’ (a warning).
//!
//! ## Why it matters
//!
//! Human error is where an analysis begins. People will slip again; what let one slip reach users can be changed.
//!
//! ## Bad
//!
//! ```text
//! The root cause was human error.
//! ```
//!
//! ## Good
//!
//! ```text
//! The tool accepted the production database as a target without asking.
//! ```
//!
//! ## Source
//!
//! PagerDuty's postmortem guide; James Reason, Human Error.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::prose::first_of_sentences;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("C01", Level::Error, include_str!("c01.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let found = first_of_sentences(case.phrases(&["human-error", "mishap"]));
    found
        .into_iter()
        .map(|phrase| {
            let words = case.document().slice(phrase.span);
            let (message, level) = match phrase.group {
                "human-error" => (format!("‘{words}’ is given as a cause."), Level::Error),
                _ => (format!("‘{words}’ stops at a slip."), Level::Warning),
            };
            Finding::at(phrase.clause, message)
                .at_most(level)
                .instead("Ask what made the slip easy, and what let it reach users.")
        })
        .collect()
}
