//! # No end time
//!
//! Nothing in the text says when it was over: no row of a timeline, no label, no sentence with a time, no length of the
//! outage either.
//!
//! ## Why it matters
//!
//! A reader who was hurt asks how long it lasted. Without an end there is no duration, and "is resolved" may mean any day.
//!
//! ## Bad
//!
//! ```text
//! Emails were rejected from 15:00. Subsequent emails were delivered successfully.
//! ```
//!
//! ## Good
//!
//! ```text
//! Emails were rejected from 15:00 to 15:22.
//! ```
//!
//! ## Source
//!
//! MoraleApp's letter of 2016, which dates the start to the minute and the end not at all.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::{DurationOf, MilestoneKind};
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("T20", Level::Error, include_str!("t20.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let told = case.milestone(MilestoneKind::Resolved).or(case.milestone(MilestoneKind::Mitigated));
    let length = case.facts().durations.iter().any(|length| length.of == Some(DurationOf::Outage));
    // Without any start there is a missing timeline, which is another rule's.
    let Some(start) = case.milestone(MilestoneKind::Start) else { return Vec::new() };
    if told.is_some() || length || !case.is_postmortem() {
        return Vec::new();
    }
    let message = "It says when it began and nowhere when it ended.";
    vec![Finding::at(start.span, message).instead("Give the time at which users were no longer hurt.")]
}
