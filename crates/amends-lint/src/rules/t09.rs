//! # The stated end is not the timeline's end
//!
//! A sentence, label or front matter that says when it was repaired or over, when the timeline has another time for
//! that. Words such as ‘about’ allow a quarter of an hour.
//!
//! ## Why it matters
//!
//! The end decides the length that customers are told and the credits that they get.
//!
//! ## Bad
//!
//! ```text
//! From 11:15 to 14:25 requests failed. … * 14:23 Back online
//! ```
//!
//! ## Good
//!
//! ```text
//! From 11:15 to 14:23 requests failed. … * 14:23 Back online
//! ```
//!
//! ## Source
//!
//! Google's report on its API outage of 2013 and a reworked copy of it, in which summary and timeline disagree.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::{MilestoneKind, Origin};
use crate::rule::Rule;
use crate::times::{self, Mismatch};

pub(crate) const RULE: Rule = Rule::new("T09", Level::Error, include_str!("t09.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let kinds = [MilestoneKind::Mitigated, MilestoneKind::Resolved];
    times::mismatches(case, &kinds).into_iter().filter(|mismatch| !tells_a_part(case, mismatch)).map(finding).collect()
}

/// A sentence whose end is long before the end of the whole tells that a part of it was over.
fn tells_a_part(case: &Case<'_>, mismatch: &Mismatch<'_>) -> bool {
    let Mismatch { stated, other, .. } = mismatch;
    let Some(start) = case.milestone(MilestoneKind::Start).and_then(|start| start.local) else { return false };
    let whole = times::minutes(other.local.duration_since(start));
    let before = times::minutes(other.local.duration_since(stated.local));
    let early = stated.local > start && before > 60 && before * 4 > whole;
    early && stated.moment.origin == Origin::Prose && stated.kind == MilestoneKind::Resolved
}

fn finding(mismatch: Mismatch<'_>) -> Finding {
    let Mismatch { stated, other, minutes } = mismatch;
    let (here, there) = (times::told(stated.local, other.local), times::told(other.local, stated.local));
    let what = if stated.kind == MilestoneKind::Mitigated { "is repaired" } else { "ends" };
    let message = format!("It {what} at {here} here and at {there} elsewhere, {} apart.", times::length(minutes));
    Finding::at(stated.moment.span, message)
        .with(other.moment.span, format!("It {what} at {there} here: {}", times::short(&other.moment.text)))
        .instead("Keep the time at which users were no longer hurt and use it in both places.")
}
