//! # Which repair restored service?
//!
//! The timeline has several attempts (rollback, restart, repair), and the text about the repair names another one
//! than the last before the end, or leaves some out. Without a contradiction it is a warning.
//!
//! ## Why it matters
//!
//! The next responder will do what this text says, and it may be the attempt that did nothing.
//!
//! ## Bad
//!
//! ```text
//! 12:02 failed rollback … 13:55 restart … 14:23 restored. ‘We rolled back the change.’
//! ```
//!
//! ## Good
//!
//! ```text
//! The rollback at 12:02 failed, because …; the restart at 13:55 restored service at 14:23.
//! ```
//!
//! ## Source
//!
//! The web team's postmortem of November 2022.

use crate::case::Case;
use crate::events::{Class, Event};
use crate::finding::{Finding, Level};
use crate::read::facts::{MilestoneKind, Origin};
use crate::read::section::Kinds;
use crate::read::span::Span;
use crate::rule::Rule;
use crate::times;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("C10", Level::Error, include_str!("c10.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let end = case.milestone(MilestoneKind::Resolved).or(case.milestone(MilestoneKind::Mitigated)).and_then(|milestone| milestone.local);
    let Some(end) = end else { return Vec::new() };
    let attempts: Vec<&Event<'_>> = case
        .events()
        .iter()
        .filter(|event| event.moment.origin == Origin::Row && matches!(event.class, Class::Rollback | Class::Restart))
        .filter(|event| event.moment.local.is_some_and(|local| local <= end))
        .collect();
    let Some(last) = attempts.last() else { return Vec::new() };
    let told: Vec<(Class, Span)> = case
        .sentences_about(Kinds::FIX)
        .filter(|sentence| !sentence.kinds().has(Kinds::TIMELINE | Kinds::ACTIONS))
        .filter(|sentence| !sentence.has(FAILED))
        .filter_map(|sentence| {
            let class = if sentence.has(ROLLBACKS) {
                Class::Rollback
            } else if sentence.has(RESTARTS) {
                Class::Restart
            } else {
                return None;
            };
            Some((class, sentence.span()))
        })
        .collect();
    let (Some((class, span)), true) = (told.first(), told.iter().all(|(class, _)| *class != last.class)) else {
        return Vec::new();
    };
    let failed = attempts.iter().find(|event| event.failed && event.class == *class);
    let several = attempts.len() >= 2;
    if failed.is_none() && !several {
        return Vec::new();
    }
    let name = |class: Class| if class == Class::Rollback { "a rollback" } else { "a restart" };
    let message = format!(
        "The text tells {} as the repair; the last attempt before the end is {}.",
        name(*class),
        name(last.class)
    );
    let mut finding = Finding::at(*span, message).at_most(if failed.is_some() { Level::Error } else { Level::Warning });
    if let Some(failed) = failed {
        finding = finding.with(failed.moment.span, format!("it failed: {}", times::short(&failed.moment.text)));
    }
    finding = finding.with(last.moment.span, format!("the last attempt: {}", times::short(&last.moment.text)));
    vec![finding.instead("Say of each attempt what came of it, and which one restored service.")]
}

const FAILED: Group = Group::of("failed");
const ROLLBACKS: Group = Group::of("rollbacks");
const RESTARTS: Group = Group::of("restarts");
