//! # A counterfactual
//!
//! What people ‘should have’ done, what ‘could have’ or ‘would have’ prevented it, ‘if only’, ‘in hindsight’.
//! Advice for the future (‘we should have alerts on lag’) is none.
//!
//! ## Why it matters
//!
//! It describes a world that did not happen and says nothing about why what was done made sense. The same thought
//! is useful as an action.
//!
//! ## Bad
//!
//! ```text
//! We should have tested the restore.
//! ```
//!
//! ## Good
//!
//! ```text
//! No restore had been tested since May.
//! Action: restore the last backup into staging every week.
//! ```
//!
//! ## Source
//!
//! Sidney Dekker, The Field Guide to Understanding ‘Human Error’; Chef's and Etsy's guides.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::prose::first_of_sentences;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("B03", Level::Warning, include_str!("b03.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let found = first_of_sentences(case.phrases(&["should-have", "could-have", "would-have", "if-only"]));
    found
        .into_iter()
        // The person beside it is the graver news, and one finding is enough for one sentence.
        .filter(|phrase| !case.has_beside(phrase, &["named", "role"]))
        .map(|phrase| {
            let words = case.document().slice(phrase.span);
            Finding::at(phrase.clause, format!("‘{words}’ tells what did not happen."))
                .instead("Say what was in place instead, and make the wish an action.")
        })
        .collect()
}
