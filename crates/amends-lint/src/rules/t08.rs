//! # The stated start is not the timeline's start
//!
//! A sentence, label, title or front matter that says when it began, when the timeline has another time for the
//! beginning; so is a notice that was backdated. Words such as ‘about’ allow a quarter of an hour.
//!
//! ## Why it matters
//!
//! The start decides the length, the detection gap and what was the cause. Two starts mean that one of them was
//! taken from something else, often from the alert.
//!
//! ## Bad
//!
//! ```text
//! From 11:19 to 14:25 requests failed. … * 11:15 Outage begins
//! ```
//!
//! ## Good
//!
//! ```text
//! From 11:15 to 14:23 requests failed. … * 11:15 Outage begins
//! ```
//!
//! ## Source
//!
//! Google's report on its API outage of 2013 and a reworked copy of it, in which summary and timeline disagree.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::MilestoneKind;
use crate::rule::Rule;
use crate::times::{self, Mismatch};

pub(crate) const RULE: Rule = Rule::new("T08", Level::Error, include_str!("t08.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    times::mismatches(case, &[MilestoneKind::Start]).into_iter().map(finding).collect()
}

fn finding(mismatch: Mismatch<'_>) -> Finding {
    let Mismatch { stated, other, minutes } = mismatch;
    let (here, there) = (times::told(stated.local, other.local), times::told(other.local, stated.local));
    let message = format!("It starts at {here} here and at {there} elsewhere, {} apart.", times::length(minutes));
    Finding::at(stated.moment.span, message)
        .with(other.moment.span, format!("It starts at {there} here: {}", times::short(&other.moment.text)))
        .instead("Keep the time at which users were first hurt and use it in both places.")
}
