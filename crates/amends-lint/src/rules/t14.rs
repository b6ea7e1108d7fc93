//! # A silent gap in the timeline
//!
//! Two neighbouring rows between start and end that are further apart than half an hour and than a quarter of the
//! whole incident. It is a warning if the gap is longer than half of the incident, a hint otherwise, and timelines
//! of few rows are left alone.
//!
//! ## Why it matters
//!
//! What was tried and failed in that time is what the next responder needs most.
//!
//! ## Bad
//!
//! ```text
//! - 12:02 Rollback fails
//! - 13:45 Puppet run on all servers
//! ```
//!
//! ## Good
//!
//! ```text
//! - 12:02 Rollback fails: the tool refuses the old manifest
//! - 12:20 Database team joins, suspects a lock
//! - 13:10 Lock ruled out
//! - 13:45 Puppet run on all servers
//! ```
//!
//! ## Source
//!
//! A published postmortem that says nothing about 103 of 188 minutes.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::MilestoneKind;
use crate::rule::Rule;
use crate::times;

pub(crate) const RULE: Rule = Rule::new("T14", Level::Warning, include_str!("t14.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let start = case.milestone(MilestoneKind::Start).and_then(|milestone| milestone.local);
    let end = case.milestone(MilestoneKind::Resolved).or(case.milestone(MilestoneKind::Mitigated));
    let (Some(start), Some(end)) = (start, end.and_then(|milestone| milestone.local)) else { return Vec::new() };
    let whole = times::minutes(end.duration_since(start));
    let mut rows: Vec<_> = times::rows(case)
        .into_iter()
        .filter_map(|row| Some((row.meant?, row)))
        .filter(|(local, _)| (start..=end).contains(local))
        .collect();
    rows.sort_by_key(|(local, row)| (*local, row.span));
    if rows.len() < 5 {
        return Vec::new();
    }
    let silent = |apart: i64| apart > 30.max(whole / 4);
    let mut gaps: Vec<_> = rows
        .windows(2)
        .map(|pair| (times::minutes(pair[1].0.duration_since(pair[0].0)), pair[0], pair[1]))
        .filter(|(apart, ..)| silent(*apart))
        .collect();
    gaps.sort_by_key(|(apart, ..)| -apart);
    let Some((apart, (before, above), (after, row))) = gaps.first().copied() else { return Vec::new() };
    let message = format!(
        "Nothing is told between {} and {}: {} of {}.",
        times::told(before, start),
        times::told(after, before),
        times::length(apart),
        times::length(whole)
    );
    let finding = Finding::at(row.span, message).with(above.span, "The row before it.");
    let finding = finding.instead("Say what was tried and ruled out, or that nobody was at work on it and why.");
    vec![if apart * 2 > whole { finding } else { finding.at_most(Level::Hint) }]
}
