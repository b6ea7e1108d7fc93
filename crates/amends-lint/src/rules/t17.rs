//! # The start is the time of detection
//!
//! A stated start that is, to the minute, when somebody noticed, while the change that set it off is earlier.
//!
//! ## Why it matters
//!
//! Users are hurt from the fault on, not from the alert on. Such a start hides how long the alert took, which is
//! what could be mended.
//!
//! ## Bad
//!
//! ```text
//! From 11:19 requests failed. * 11:05 Configuration pushed * 11:19 Alert fires
//! ```
//!
//! ## Good
//!
//! ```text
//! From 11:15 requests failed, as the access logs show. * 11:05 Configuration pushed * 11:19 Alert fires
//! ```
//!
//! ## Source
//!
//! PagerDuty's guide asks for the start of the impact, from metrics, not for the time of the page.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::MilestoneKind;
use crate::rule::Rule;
use crate::times;

pub(crate) const RULE: Rule = Rule::new("T17", Level::Warning, include_str!("t17.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let trigger = case.milestone(MilestoneKind::Trigger).and_then(|trigger| Some((trigger, trigger.local?)));
    let Some((trigger, changed)) = trigger else { return Vec::new() };
    let detected = case.milestone(MilestoneKind::Detected).and_then(|detected| Some((detected, detected.local?)));
    let Some((detected, noticed)) = detected else { return Vec::new() };
    let claim = times::claims(case, MilestoneKind::Start).into_iter().find(|claim| {
        let apart = times::minutes(claim.local.duration_since(noticed)).abs();
        apart <= 1 && claim.moment.span != detected.span && times::minutes(claim.local.duration_since(changed)) >= 5
    });
    let Some(claim) = claim else { return Vec::new() };
    let message = format!(
        "It starts at {}, which is when it was noticed; the change was at {}.",
        times::told(claim.local, changed),
        times::told(changed, claim.local)
    );
    vec![
        Finding::at(claim.moment.span, message)
            .with(detected.span, format!("It is noticed here: {}", times::short(&detected.text)))
            .with(trigger.span, format!("The change: {}", times::short(&trigger.text)))
            .instead("Take the start from metrics or logs: when did the first user fail?"),
    ]
}
