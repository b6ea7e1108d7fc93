//! # The effect comes before its cause
//!
//! A change that the analysis gives as the cause and that is told with a time after the outage had already begun.
//!
//! ## Why it matters
//!
//! What comes later cannot have caused it. Either a time is wrong or the cause is.
//!
//! ## Bad
//!
//! ```text
//! * 11:15 Outage begins … At 11:19 a configuration change was released to production.
//! ```
//!
//! ## Good
//!
//! ```text
//! * 11:15 Outage begins … At 11:05 a configuration change was released to production.
//! ```
//!
//! ## Source
//!
//! A published postmortem in which the change is released four minutes after the outage that it caused.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::{MilestoneKind, Moment, Origin};
use crate::read::section::Kinds;
use crate::rule::Rule;
use crate::times;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("T11", Level::Error, include_str!("t11.rs"), check);

const REPAIRS: Group = Group::of("repairs");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let Some(start) = case.milestone(MilestoneKind::Start) else { return Vec::new() };
    let (Some(began), Some(first)) = (start.local, case.facts().moments.get(start.moment)) else { return Vec::new() };
    if first.cues.weight(MilestoneKind::Start) < 4 {
        return Vec::new();
    }
    let change = |moment: &&Moment| {
        moment.origin == Origin::Prose
            && times::counts(case, moment)
            && moment.cues.weight(MilestoneKind::Trigger) >= 4
            && case.kinds_at(moment.span.start).has(Kinds::CAUSE | Kinds::SUMMARY)
            && !REPAIRS.is_in(&moment.text)
    };
    let changes: Vec<&Moment> = case.facts().moments.iter().filter(change).collect();
    let earlier = |moment: &&Moment| moment.local.is_some_and(|local| local <= began);
    let Some(late) = changes.first().filter(|_| !changes.iter().any(earlier)) else { return Vec::new() };
    let Some(local) = late.local else { return Vec::new() };
    let apart = times::minutes(local.duration_since(began));
    if apart <= times::tolerance(late, first) || case.milestone(MilestoneKind::Resolved).and_then(|end| end.local).is_some_and(|end| local >= end) {
        return Vec::new();
    }
    let message = format!(
        "The change that is given as the cause is at {}, {} after the outage began at {}.",
        times::told(local, began),
        times::length(apart),
        times::told(began, local)
    );
    vec![
        Finding::at(late.span, message)
            .with(start.span, format!("The outage begins here: {}", times::short(&start.text)))
            .instead("Give the change its own time, before the outage, or look for another cause."),
    ]
}
