//! # A passive that hides who decides
//!
//! ‘It has been decided’, ‘measures have been taken’, ‘steps will be taken’: a promise without anybody who makes
//! it.
//!
//! ## Why it matters
//!
//! Nobody can be asked how it is going.
//!
//! ## Bad
//!
//! ```text
//! It has been decided to improve testing.
//! ```
//!
//! ## Good
//!
//! ```text
//! We decided to block untested changes; Ada sees to it.
//! ```
//!
//! ## Source
//!
//! The web team's postmortem of November 2022.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::prose::first_of_sentences;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("K05", Level::Hint, include_str!("k05.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let found = first_of_sentences(case.phrases(&["agentless"]));
    found
        .into_iter()
        .map(|phrase| {
            let words = case.document().slice(phrase.span);
            Finding::at(phrase.clause, format!("‘{words}’ does not say by whom.")).instead("Begin with who: ‘We decided …’.")
        })
        .collect()
}
