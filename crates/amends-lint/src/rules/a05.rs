//! # An action that cannot be checked
//!
//! ‘Improve’, ‘ensure’, ‘investigate’, ‘consider’, ‘look into’ as the head verb, without a number or a thing that
//! one could look at.
//!
//! Below tier 2 it is a warning.
//!
//! ## Why it matters
//!
//! Nobody can say when it is done, so it is never done or always.
//!
//! ## Bad
//!
//! ```text
//! - Improve monitoring of the gateway
//! ```
//!
//! ## Good
//!
//! ```text
//! - Alert when the gateway's error rate is over 1 % for 5 minutes
//! ```
//!
//! ## Source
//!
//! Lunney and Lueder, Postmortem action items, ;login: 2017.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::strength;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("A05", Level::Error, include_str!("a05.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let open = case.facts().actions.iter().filter(|action| !action.done && !action.verifiable);
    open.filter_map(|action| {
        let (verb, artefact) = strength::open_verb(&action.text)?;
        let message = format!("‘{verb}’ has no end that could be checked.");
        let finding = Finding::at(action.span, message)
            .instead("Say what will be there afterwards: an alert with its threshold, a limit, a test, a decision by a date.");
        // Something to look at is named, or a ticket will tell.
        let most = match (artefact || action.tracker.is_some(), case.tier()) {
            (true, _) => Level::Hint,
            (false, 2..) => Level::Error,
            (false, _) => Level::Warning,
        };
        Some(finding.at_most(most))
    })
    .collect()
}
