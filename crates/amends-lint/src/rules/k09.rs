//! # Fog
//!
//! ‘Issues’, ‘certain conditions’, ‘various factors’, ‘an unexpected situation’ where something could be named.
//!
//! ## Why it matters
//!
//! People smell it, and wonder what is behind it.
//!
//! ## Bad
//!
//! ```text
//! Due to certain conditions some issues occurred.
//! ```
//!
//! ## Good
//!
//! ```text
//! When more than 500 mails were queued, the rest were refused.
//! ```
//!
//! ## Source
//!
//! Mailgun's essay: people can smell spin a mile away.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::prose::first_of_sentences;
use crate::read::section::Kinds;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("K09", Level::Hint, include_str!("k09.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let found = first_of_sentences(case.phrases(&["fog"]));
    found
        .into_iter()
        .filter(|phrase| !case.kinds_at(phrase.span.start).has(Kinds::APPENDIX | Kinds::ACTIONS))
        .map(|phrase| {
            let words = case.document().slice(phrase.span);
            Finding::at(phrase.clause, format!("‘{words}’ names nothing.")).instead("Say which.")
        })
        .collect()
}
