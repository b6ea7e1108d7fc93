//! # Blaming oneself
//!
//! ‘I mistakenly’, ‘my fault’, ‘an oversight on my part’, ‘I forgot’.
//!
//! ## Why it matters
//!
//! It is decent, and it ends the search at the person who happened to be there. What made the mistake easy is still
//! there.
//!
//! ## Bad
//!
//! ```text
//! I mistakenly interpreted the change as a billing change.
//! ```
//!
//! ## Good
//!
//! ```text
//! The notice called it a billing change, and nothing said that sending domains would be verified again.
//! ```
//!
//! ## Source
//!
//! MoraleApp's letter of 2016.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::prose::first_of_sentences;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("B06", Level::Hint, include_str!("b06.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let found = first_of_sentences(case.phrases(&["self"]));
    found
        .into_iter()
        .map(|phrase| {
            let words = case.document().slice(phrase.span);
            Finding::at(phrase.clause, format!("‘{words}’ takes the blame where a cause could be named."))
                .instead("Say what the notice, the screen or the tool showed that made it look right.")
        })
        .collect()
}
