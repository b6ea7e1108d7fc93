//! # A milestone is missing
//!
//! A text that does not say when it began, when it was noticed, when customers were first told, or when it was
//! over. That nothing tells the trigger or the first relief is a hint.
//!
//! Below tier 2 a single missing one is a hint, and the end is told by T20 where the start is known. A report of weeks may
//! be told in days.
//!
//! ## Why it matters
//!
//! The gaps between milestones are where time is won next time: an outage that was noticed late needs another
//! action than one that was repaired late.
//!
//! ## Bad
//!
//! ```text
//! - 11:15 Outage begins
//! - 14:23 Resolved
//! ```
//!
//! ## Good
//!
//! ```text
//! - 11:15 Outage begins
//! - 11:19 Alert api-5xx pages the on-call engineer
//! - 11:30 First notice on the status page
//! - 14:23 Resolved
//! ```
//!
//! ## Source
//!
//! The key times of Kehoe's template and of Morgue.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::{Audience, MilestoneKind as Kind, Origin};
use crate::read::section::Kinds;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("T15", Level::Warning, include_str!("t15.rs"), check).at_tier(2, Level::Error);

fn check(case: &Case<'_>) -> Vec<Finding> {
    if !case.is_postmortem() {
        return Vec::new();
    }
    let place = case.heading_of(Kinds::TIMELINE).unwrap_or_else(|| case.title_span());
    // Where no date is told the times are still there.
    let undated = |kind: Kind| {
        case.facts().moments.iter().any(|moment| moment.local.is_none() && moment.has_time && moment.cues.weight(kind) >= 2)
    };
    let felt = |kind: Kind| {
        kind == Kind::Start && case.facts().moments.iter().any(|moment| moment.local.is_none() && moment.has_time && moment.cues.effect)
    };
    let told = |kind: Kind| case.milestone(kind).is_some() || undated(kind) || felt(kind);
    let timed = case.facts().moments.iter().any(|moment| moment.has_time);
    // An incident of weeks may be told in days.
    let days = case.facts().moments.iter().filter(|moment| moment.origin == Origin::Row && moment.local.is_some());
    if !timed && days.count() >= 2 {
        return Vec::new();
    }
    if !timed {
        let message = "It gives no time at all: not when it began, was noticed or was over.";
        return vec![Finding::at(place, message).instead("Add a timeline with its zone, from the change before it to the end.")];
    }
    // A report that speaks to customers, or of them, owes the time of the first word to them.
    let public = case.audience() == Some(Audience::Customers);
    let unsaid = (!told(Kind::FirstWord), "when customers were first told");
    let mut grave = vec![
        (!told(Kind::Start), "when it began"),
        (!told(Kind::Detected) && !told(Kind::Declared), "when it was noticed"),
    ];
    // That the end is missing is told by T20 where the start is known.
    if !told(Kind::Start) && !told(Kind::Resolved) && !told(Kind::Mitigated) {
        grave.push((true, "when it was over"));
    }
    let mut light = vec![(!told(Kind::Trigger), "when the change was made that set it off")];
    if public { grave.push(unsaid) } else { light.push(unsaid) }
    let absent = grave.iter().chain(&light).filter(|(absent, _)| *absent);
    let missing: Vec<&str> = absent.map(|(_, what)| *what).collect();
    let [rest @ .., last] = missing.as_slice() else { return Vec::new() };
    let list = if rest.is_empty() { (*last).to_owned() } else { format!("{} or {last}", rest.join(", ")) };
    let finding = Finding::at(place, format!("It does not say {list}."));
    let finding = finding.instead("Add the time, or say that there is none and why.");
    // One of them may be told by words without a time.
    let slight = grave.iter().filter(|(absent, _)| *absent).count() <= 1;
    vec![if case.tier() < 2 && slight { finding.at_most(Level::Hint) } else { finding }]
}
