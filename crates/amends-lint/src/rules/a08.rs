//! # An action that serves no cause
//!
//! Nothing of what an action is about is mentioned anywhere else in the report.
//!
//! ## Why it matters
//!
//! Either a problem was left out of the report, or the action is there because it always is.
//!
//! ## Bad
//!
//! ```text
//! Cause: a misspelt file name.
//! - Deliver status notifications faster
//! ```
//!
//! ## Good
//!
//! ```text
//! Detection: customers heard 60 minutes late, because notices are written by hand.
//! - Deliver status notifications from the incident room
//! ```
//!
//! ## Source
//!
//! Google's 2013 report and its copies: the action survived, the problem did not.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::section::Kinds;
use crate::rule::Rule;
use crate::topic;
use std::collections::BTreeSet;

pub(crate) const RULE: Rule = Rule::new("A08", Level::Warning, include_str!("a08.rs"), check);

/// Words an action needs before anything can be said about it.
const ENOUGH: usize = 4;

fn check(case: &Case<'_>) -> Vec<Finding> {
    if !case.is_postmortem() || case.facts().actions.is_empty() {
        return Vec::new();
    }
    let mut told = BTreeSet::new();
    for sentence in case.sentences().filter(|sentence| !sentence.kinds().has(Kinds::ACTIONS)) {
        told.extend(topic::stems(sentence.text()));
    }
    // A report of few words cannot tell everything that its actions are about.
    if told.len() < 25 {
        return Vec::new();
    }
    let acts = case.facts().actions.iter().filter(|action| action.tracker.is_none() && !action.done);
    acts.filter_map(|action| {
        let about = topic::stems(&action.text);
        if about.len() < ENOUGH || topic::covered(&about, &told) > 0.0 {
            return None;
        }
        // The fewer words it has, the more it may be a matter of words alone.
        let level = if about.len() > ENOUGH { Level::Warning } else { Level::Hint };
        let finding = Finding::at(action.span, "Nothing that this action is about is told anywhere else in the report.");
        Some(finding.at_most(level).instead("Tell the problem that it answers, or drop it."))
    })
    .collect()
}
