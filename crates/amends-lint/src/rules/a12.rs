//! # An action without bounds
//!
//! ‘All’, ‘every’, ‘always’, ‘any’ in something that people shall do, with nothing that says when it is finished.
//!
//! ## Why it matters
//!
//! It is kept for two weeks. A machine can do a thing every time; people do it until they are tired.
//!
//! ## Bad
//!
//! ```text
//! - Test every change on all servers, no matter how small
//! ```
//!
//! ## Good
//!
//! ```text
//! - The pipeline refuses a change that has not run in staging
//! ```
//!
//! ## Source
//!
//! The web team's postmortem of November 2022.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::strength::Grade;
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("A12", Level::Warning, include_str!("a12.rs"), check);

const UNBOUNDED: Group = Group::of("unbounded");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let human = case.facts().actions.iter().filter(|action| action.strength.grade() == Grade::Weak && !action.done);
    human
        .filter(|action| action.text.len() < 240 && !action.text.bytes().any(|byte| byte.is_ascii_digit()))
        .filter_map(|action| {
            let hit = UNBOUNDED.first_in(&action.text)?;
            let message = format!("‘{}’ has no end: nobody can finish this.", &action.text[hit.start..hit.end]);
            Some(Finding::at(action.span, message).instead("Let a tool do it each time, or say for what and until when."))
        })
        .collect()
}
