//! # An absolute promise
//!
//! ‘Will never happen again’, ‘guarantee’, ‘completely eliminate’.
//!
//! ## Why it matters
//!
//! It is false: there will be a next incident. Whoever was promised otherwise will remember.
//!
//! ## Bad
//!
//! ```text
//! We guarantee that this will never happen again.
//! ```
//!
//! ## Good
//!
//! ```text
//! The same change is now refused by the pipeline. There will be other incidents; you can follow them on our status page.
//! ```
//!
//! ## Source
//!
//! Mailgun's and AdTech's essays on postmortems.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::prose::first_of_sentences;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("A19", Level::Warning, include_str!("a19.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    first_of_sentences(case.phrases(&["absolute"]))
        .into_iter()
        .map(|phrase| {
            let words = case.document().slice(phrase.span);
            Finding::at(phrase.clause, format!("‘{words}’ promises what nobody can keep."))
                .instead("Say what is different now, and how one can see it.")
        })
        .collect()
}
