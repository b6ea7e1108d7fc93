//! # Blaming a vendor
//!
//! A provider beside words of blame: ‘let us down’, ‘botched’, ‘refused to’, ‘did not bother’.
//!
//! ## Why it matters
//!
//! Vendors fail. What can be changed is how much depends on one of them, and how soon it is seen.
//!
//! ## Bad
//!
//! ```text
//! Our provider let us down again.
//! ```
//!
//! ## Good
//!
//! ```text
//! Our mail had one route, through one provider. It refused mail from 14:40 to 15:20.
//! ```
//!
//! ## Source
//!
//! MoraleApp's letter of 2016.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::prose::first_of_sentences;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("B07", Level::Warning, include_str!("b07.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let found = first_of_sentences(case.phrases(&["vendor"]));
    found
        .into_iter()
        .map(|phrase| {
            let words = case.document().slice(phrase.span);
            Finding::at(phrase.clause, format!("‘{words}’ blames somebody outside."))
                .instead("Say what the provider did, in numbers, and what in our own system depended on it.")
        })
        .collect()
}
