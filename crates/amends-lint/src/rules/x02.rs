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
use crate::read::facts::MilestoneKind;
use crate::rule::Rule;
use crate::times;

pub(crate) const RULE: Rule = Rule::new("X02", Level::Warning, include_str!("x02.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let Some(record) = case.record else { return Vec::new() };
    let (Some(first), Some(told)) = (record.updates.first(), case.milestone(MilestoneKind::FirstWord)) else {
        return Vec::new();
    };
    let Some(at) = told.at else { return Vec::new() };
    let apart = times::minutes(at.duration_since(*first)).abs();
    if apart <= 1 {
        return Vec::new();
    }
    let message = format!("The first update was published at {first}, {} away from what is told here.", times::length(apart));
    vec![Finding::at(told.span, message).instead("Take the time from the status page.")]
}
