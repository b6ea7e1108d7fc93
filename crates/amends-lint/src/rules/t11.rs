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
use crate::read::facts::{Milestone, MilestoneKind, Moment, Origin};
use jiff::civil::DateTime;
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
    if let Some(late) = case.facts().moments.iter().find(|moment| pleads(case, moment, began)) {
        return vec![finding(late, began, start)];
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
    vec![finding(late, began, start)]
}

fn finding(late: &Moment, began: DateTime, start: &Milestone) -> Finding {
    let local = late.local.unwrap_or(began);
    let message = format!(
        "What is given as the cause is at {}, {} after the outage began at {}.",
        times::told(local, began),
        times::length(times::minutes(local.duration_since(began))),
        times::told(began, local)
    );
    Finding::at(late.span, message)
        .with(start.span, format!("The outage begins here: {}", times::short(&start.text)))
        .instead("Give the cause its own time, before the outage, or look for another one.")
}

/// "The export was empty because the key had been rotated at 19:30": what had happened before is told as the reason, and
/// its time is after the beginning.
fn pleads(case: &Case<'_>, moment: &Moment, began: DateTime) -> bool {
    if moment.origin != Origin::Prose || moment.until.is_some() || !times::counts(case, moment) {
        return false;
    }
    let Some(local) = moment.local.filter(|local| local.date() == began.date() && *local > began) else { return false };
    let written = case.document().slice(moment.span);
    let Some(head) = moment.text.find(written).and_then(|at| moment.text.get(..at)) else { return false };
    let head = head.to_lowercase();
    let Some(at) = ["because ", "caused by ", "due to "].iter().filter_map(|word| head.rfind(word)).max() else {
        return false;
    };
    let reason = head.get(at..).unwrap_or_default();
    let end = case.milestone(MilestoneKind::Resolved).and_then(|end| end.local);
    reason.contains(" had been ") && !reason.contains([',', ';']) && !moment.approximate && end.is_none_or(|end| local < end)
}
