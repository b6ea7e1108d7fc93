//! # Found late, and nothing will be faster
//!
//! A gap between start and detection above the limit of the tier (60 minutes for tier 0, 30 for 1, 15 for 2, 10 for
//! 3), with actions of which none is about noticing.
//!
//! ## Why it matters
//!
//! The minutes until somebody knows are the cheapest ones to win.
//!
//! ## Bad
//!
//! ```text
//! 09:00 Errors begin, 09:45 noticed. Actions: raise the memory limit.
//! ```
//!
//! ## Good
//!
//! ```text
//! 09:00 Errors begin, 09:45 noticed. Actions: raise the memory limit; alert when the error rate is above 1 % for 5 minutes.
//! ```
//!
//! ## Source
//!
//! A common complaint in reviews of incidents that were found by chance.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::MilestoneKind;
use crate::rule::Rule;
use crate::times;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("D03", Level::Warning, include_str!("d03.rs"), check);

const DETECTION: Group = Group::of("detection-actions");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let time = |kind| case.milestone(kind).and_then(|milestone| Some((milestone, milestone.local?)));
    let (Some((start, began)), Some((detected, noticed))) = (time(MilestoneKind::Start), time(MilestoneKind::Detected)) else {
        return Vec::new();
    };
    // Where only the change before it is told, nobody knows when there was something to notice.
    let plain = case.facts().moments.get(start.moment).is_some_and(|moment| {
        moment.cues.effect || moment.cues.weight(MilestoneKind::Start) >= 3 || moment.cues.weight(MilestoneKind::Trigger) < 3
    });
    if !plain {
        return Vec::new();
    }
    let limit = match case.tier() {
        0 => 60,
        1 => 30,
        2 => 15,
        _ => 10,
    };
    let gap = times::minutes(noticed.duration_since(began));
    let actions = &case.facts().actions;
    if gap <= limit || actions.is_empty() || actions.iter().any(|action| DETECTION.is_in(&action.text)) {
        return Vec::new();
    }
    let message = format!(
        "It took {} to notice ({} to {}), and no action shortens that.",
        times::length(gap),
        times::told(began, noticed),
        times::told(noticed, began)
    );
    vec![
        Finding::at(detected.span, message)
            .with(start.span, format!("It begins here: {}", times::short(&start.text)))
            .instead("Add an action with an alert, a probe or a check, and its threshold."),
    ]
}
