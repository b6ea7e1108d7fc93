//! # The timeline starts at the detection
//!
//! A timeline whose first row is the alert or the report, when the text tells of a change that came before.
//!
//! ## Why it matters
//!
//! The first lines of a timeline should show what changed. What came before the alert is where the incident could
//! have been stopped.
//!
//! ## Bad
//!
//! ```text
//! - 11:19 Alert: error rate above 5 %
//! ```
//!
//! ## Good
//!
//! ```text
//! - 11:05 Configuration pushed to production
//! - 11:15 First requests fail
//! - 11:19 Alert: error rate above 5 %
//! ```
//!
//! ## Source
//!
//! PagerDuty's guide: start the timeline before the incident.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::MilestoneKind;
use crate::rule::Rule;
use crate::times;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("T19", Level::Warning, include_str!("t19.rs"), check);

const CHANGES: Group = Group::of("changes");
const ROLLBACKS: Group = Group::of("rollbacks");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let rows = times::rows(case);
    let first = rows.iter().min_by_key(|row| (row.meant, row.span));
    let (Some(first), true) = (first, rows.len() >= 3) else { return Vec::new() };
    let detects = first.cues.weight(MilestoneKind::Detected) >= 4
        && !first.cues.says(MilestoneKind::Start)
        && !first.cues.says(MilestoneKind::Trigger);
    if !detects {
        return Vec::new();
    }
    let cause = case.facts().causes.iter().find(|cause| CHANGES.is_in(&cause.value) && !ROLLBACKS.is_in(&cause.value));
    let Some(cause) = cause else { return Vec::new() };
    let message = "The first row is the detection, and the text tells of a change before it.";
    vec![
        Finding::at(first.span, message)
            .with(cause.span, format!("The change: {}", times::short(&cause.value)))
            .instead("Begin the timeline with the change and with the first user who was hurt."),
    ]
}
