//! # Told as somebody's failure
//!
//! ‘Failed to’, ‘forgot’, ‘overlooked’, ‘did not notice’, ‘nobody checked’ with people as the subject. A machine
//! that fails to start is not meant.
//!
//! ## Why it matters
//!
//! That something was not done explains nothing. What would have made it happen, and was absent, can be built.
//!
//! ## Bad
//!
//! ```text
//! We failed to notice the growing queue.
//! ```
//!
//! ## Good
//!
//! ```text
//! No alert existed for the length of the queue.
//! ```
//!
//! ## Source
//!
//! Sidney Dekker, The Field Guide to Understanding ‘Human Error’.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::prose::first_of_sentences;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("B04", Level::Warning, include_str!("b04.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let found = first_of_sentences(case.phrases(&["failure"]));
    found
        .into_iter()
        // One finding for one sentence: the person beside the verb is the graver one.
        .filter(|phrase| !case.has_beside(phrase, &["self", "role", "named"]))
        .map(|phrase| {
            let words = case.document().slice(phrase.span);
            Finding::at(phrase.clause, format!("‘{words}’ tells what people did not do."))
                .instead("Say what did not exist: the alert, the check, the page in the runbook.")
        })
        .collect()
}
