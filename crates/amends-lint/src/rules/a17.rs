//! # Closed without proof
//!
//! An action is marked as done, and nothing shows it: no link, no number, no test. Below tier 2 it is a hint.
//!
//! ## Why it matters
//!
//! Done is an opinion until somebody else can look at it.
//!
//! ## Bad
//!
//! ```text
//! - [x] Alert before certificates expire
//! ```
//!
//! ## Good
//!
//! ```text
//! - [x] Alert before certificates expire (#412; fired in the test of 12 May)
//! ```
//!
//! ## Source
//!
//! RCA²: actions are closed on evidence.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("A17", Level::Error, include_str!("a17.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let closed = case.facts().actions.iter().filter(|action| action.done);
    closed
        .filter(|action| action.tracker.is_none() && !PROOFS.is_in(&action.text))
        .map(|action| {
            let level = if case.tier() >= 2 { Level::Error } else { Level::Hint };
            Finding::at(action.span, "It is marked as done, and nothing shows it.")
                .at_most(level)
                .instead("Link the change, or the test that proves it.")
        })
        .collect()
}

const PROOFS: Group = Group::of("proofs");
