//! # A failed attempt without an explanation
//!
//! A repair that failed stands in the timeline, and neither a cause nor an action speaks of it.
//!
//! ## Why it matters
//!
//! The means that everybody counts on did not work. That is a second incident.
//!
//! ## Bad
//!
//! ```text
//! 12:02 Failed configuration change rollback
//! ```
//!
//! ## Good
//!
//! ```text
//! The rollback failed because the old file was gone. Action: keep the last five versions.
//! ```
//!
//! ## Source
//!
//! Google's report of May 2013, which explains its failed rollback.

use crate::case::Case;
use crate::events::Class;
use crate::finding::{Finding, Level};
use crate::read::facts::Origin;
use crate::read::section::Kinds;
use crate::rule::Rule;
use crate::times;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("C11", Level::Warning, include_str!("c11.rs"), check);

const FAILED: Group = Group::of("failed");
const ROLLBACKS: Group = Group::of("rollbacks");
const RESTARTS: Group = Group::of("restarts");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let attempts = case.events()
        .iter()
        .filter(|event| event.failed && event.moment.origin == Origin::Row && event.class != Class::Declared && event.class != Class::Change);
    attempts
        .filter_map(|event| {
            let list = if event.class == Class::Rollback { ROLLBACKS } else { RESTARTS };
            let told = case.sentences().any(|sentence| {
                let outside = !sentence.kinds().has(Kinds::TIMELINE);
                outside && sentence.has(list) && (sentence.has(FAILED) || sentence.kinds().has(Kinds::ACTIONS))
            });
            if told {
                return None;
            }
            let message = format!("Nothing explains why this failed: ‘{}’.", times::short(&event.moment.text));
            Some(Finding::at(event.moment.span, message).instead("Say why, and what makes it work the next time."))
        })
        .take(3)
        .collect()
}
