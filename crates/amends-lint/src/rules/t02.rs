//! # Times without a time zone
//!
//! Times of day in a text that names no time zone anywhere: not behind a time, not in a heading, not in a sentence
//! about all times, not in front matter.
//!
//! ## Why it matters
//!
//! Readers live elsewhere, and so do the logs that a reader compares. Without a zone a time is a guess of up to a
//! day.
//!
//! ## Bad
//!
//! ```text
//! At 3PM emails were rejected.
//! ```
//!
//! ## Good
//!
//! ```text
//! At 15:00 EDT (19:00Z) emails were rejected.
//! ```
//!
//! ## Source
//!
//! The complaint made most often about incident reports by readers in other countries.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::Origin;
use crate::rule::Rule;
use crate::times;

pub(crate) const RULE: Rule = Rule::new("T02", Level::Error, include_str!("t02.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    if case.facts().time_zone.is_some() {
        return Vec::new();
    }
    let timed = case.facts().moments.iter().filter(|moment| times::counts(case, moment));
    let timed: Vec<_> = timed.filter(|moment| moment.origin != Origin::FrontMatter).collect();
    // A single time may be a time of a schedule; two or more tell a story.
    let ([first, ..], true) = (timed.as_slice(), timed.len() >= 2) else { return Vec::new() };
    let message = format!("{} times are given and no time zone.", timed.len());
    vec![Finding::at(first.span, message).instead("Name the zone with its offset once, as ‘Timeline (all times UTC)’, or behind each time.")]
}
