//! # An action that names a thing, not what to do
//!
//! It does not begin with a verb: a noun phrase, a wish or a fact.
//!
//! ## Why it matters
//!
//! ‘Architecture diagram’ may mean draw it, read it or find it. A verb says who does what.
//!
//! ## Bad
//!
//! ```text
//! - Architecture diagram
//! ```
//!
//! ## Good
//!
//! ```text
//! - Draw the architecture of the sync process and link it from its runbook
//! ```
//!
//! ## Source
//!
//! Lunney and Lueder, Postmortem action items, ;login: 2017.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::strength;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("A16", Level::Hint, include_str!("a16.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let acts = case.facts().actions.iter().filter(|action| !action.done);
    acts.filter(|action| action.text.len() <= 80 && !strength::says_what_to_do(&action.text))
        .map(|action| {
            Finding::at(action.span, "It names a thing, not what will be done.")
                .instead("Begin with a verb: ‘Draw …’, ‘Alert on …’, ‘Remove …’.")
        })
        .collect()
}
