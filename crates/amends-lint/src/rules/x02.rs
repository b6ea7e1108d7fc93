//! # The first word to customers differs from the status page
//!
//! A time for the first notice in the text that is not when the first update was published, or an end that no
//! published update is near.
//!
//! ## Why it matters
//!
//! Customers have both. The one who compares them writes about it.
//!
//! ## Bad
//!
//! ```text
//! 10:45 First notice on the status page. (published: 11:02)
//! ```
//!
//! ## Good
//!
//! ```text
//! 11:02 First notice on the status page.
//! ```
//!
//! ## Source
//!
//! Google's first post on its API outage of 2013 and its report differ in three times.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::{Milestone, MilestoneKind};
use crate::record::Record;
use crate::rule::Rule;
use crate::times;
use jiff::Timestamp;

pub(crate) const RULE: Rule = Rule::new("X02", Level::Warning, include_str!("x02.rs"), check);

/// How far from every published update an end may be told, in minutes: people write the update after they have looked.
const NEAR: i64 = 30;

fn check(case: &Case<'_>) -> Vec<Finding> {
    let Some(record) = case.record else { return Vec::new() };
    [first(case, record), last(case, record)].into_iter().flatten().collect()
}

fn first(case: &Case<'_>, record: &Record) -> Option<Finding> {
    let (published, told) = (*record.updates.first()?, case.milestone(MilestoneKind::FirstWord)?);
    let at = told.at.filter(|_| timed(case, told))?;
    let apart = times::minutes(at.duration_since(published)).abs();
    if apart <= 1 {
        return None;
    }
    let message = format!(
        "The first update was published at {}, {} away from what is told here.",
        on_its_clock(told, published),
        times::length(apart)
    );
    Some(Finding::at(told.span, message).instead("Take the time from the status page."))
}

/// An end that customers were told at another time, and that the record does not know either.
fn last(case: &Case<'_>, record: &Record) -> Option<Finding> {
    let (published, told) = (*record.updates.last()?, case.milestone(MilestoneKind::Resolved)?);
    let at = told.at.filter(|_| timed(case, told))?;
    let near = |known: Timestamp, room: i64| times::minutes(at.duration_since(known)).abs() <= room;
    if record.milestone(MilestoneKind::Resolved).is_some() || record.updates.iter().any(|update| near(*update, NEAR)) {
        return None;
    }
    let message = format!(
        "The last update was published at {}, and it is told here that it was over {} {}.",
        on_its_clock(told, published),
        times::length(times::minutes(at.duration_since(published)).abs()),
        if at > published { "later" } else { "earlier" },
    );
    Some(Finding::at(told.span, message).instead("Take the time from the status page, or say what was still open."))
}

fn timed(case: &Case<'_>, milestone: &Milestone) -> bool {
    case.facts().moments.get(milestone.moment).is_some_and(|moment| moment.has_time)
}

/// An instant on the clock that the text uses for a milestone.
fn on_its_clock(milestone: &Milestone, instant: Timestamp) -> String {
    let clock = || {
        let (local, at) = (milestone.local?, milestone.at?);
        Some(times::told(local.checked_add(instant.duration_since(at)).ok()?, local))
    };
    clock().unwrap_or_else(|| instant.to_string())
}
