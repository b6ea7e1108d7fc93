//! # An action copied from somewhere
//!
//! The words of an action are known from other companies' reports and templates.
//!
//! ## Why it matters
//!
//! It was an answer to their problem. Copied, it promises nothing about this one.
//!
//! ## Bad
//!
//! ```text
//! - Develop better mechanisms for quickly delivering status notifications during incidents
//! ```
//!
//! ## Good
//!
//! ```text
//! - Send the first notice from the incident room, within 10 minutes of detection
//! ```
//!
//! ## Source
//!
//! Google's report of May 2013, copied into many others.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("A14", Level::Warning, include_str!("a14.rs"), check);

const BOILERPLATE: Group = Group::of("boilerplate");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let acts = case.facts().actions.iter();
    acts.filter(|action| BOILERPLATE.is_in(&action.text))
        .map(|action| {
            Finding::at(action.span, "These words are known from other reports.")
                .instead("Say what changes here, in your own words, with its owner and date.")
        })
        .collect()
}
