//! # No end time
//!
//! Nothing in the text says when it was over: no row of a timeline, no label, no sentence with a time, no length of the
//! outage either. It is a warning if rows of a timeline follow the beginning, because one of them may mean the end.
//!
//! Where rows of the timeline follow the start, it is a warning or a hint: one of them may tell the end in words that
//! are not understood.
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
use crate::times;

pub(crate) const RULE: Rule = Rule::new("T20", Level::Error, include_str!("t20.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let told = case.milestone(MilestoneKind::Resolved).or(case.milestone(MilestoneKind::Mitigated));
    let length = case.facts().durations.iter().any(|length| length.of == Some(DurationOf::Outage));
    if told.is_some() || length || !case.is_postmortem() {
        return Vec::new();
    }
    let timed: Vec<_> = case.facts().moments.iter().filter(|moment| times::counts(case, moment)).collect();
    // A range has an end, whatever its words are.
    if timed.iter().any(|moment| moment.until.is_some()) {
        return Vec::new();
    }
    let start = case.milestone(MilestoneKind::Start);
    // Without two times there is no timeline at all, which is another rule's.
    let Some(place) = start.map(|start| start.span).or_else(|| timed.get(1).and(timed.first()).map(|first| first.span)) else {
        return Vec::new();
    };
    let message = if start.is_some() { "It says when it began and nowhere when it ended." } else { "It gives times and nowhere the one when it ended." };
    let finding = Finding::at(place, message).instead("Give the time at which users were no longer hurt.");
    // A row may tell the end in words that are not understood.
    let later = times::rows(case).into_iter().filter(|row| row.span > place).count();
    vec![match later {
        0 => finding,
        1 => finding.at_most(Level::Warning),
        _ => finding.at_most(Level::Hint),
    }]
}
