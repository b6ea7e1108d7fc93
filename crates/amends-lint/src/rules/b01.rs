//! # A word that blames
//!
//! Words that judge people instead of telling what happened: careless, sloppy, negligent, lazy, incompetent,
//! stupid, at fault, to blame. Technical terms such as ‘lazy loading’ are left alone.
//!
//! ## Why it matters
//!
//! Who is judged stops telling what they saw and why it made sense to them, and that is what the next person needs
//! to know.
//!
//! ## Bad
//!
//! ```text
//! A careless deploy took the site down.
//! ```
//!
//! ## Good
//!
//! ```text
//! A deploy without a dry run took the site down.
//! ```
//!
//! ## Source
//!
//! Google's guide to postmortem culture.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::prose::first_of_sentences;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("B01", Level::Error, include_str!("b01.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let found = first_of_sentences(case.phrases(&["blame-word"]));
    found
        .into_iter()
        .map(|phrase| {
            let words = case.document().slice(phrase.span);
            Finding::at(phrase.clause, format!("‘{words}’ judges people."))
                .instead("Say what happened, as a neutral fact.")
        })
        .collect()
}
