//! # One time for several milestones
//!
//! A time of day that stands for three kinds of milestones in different places: the outage starts, somebody
//! notices, and the change is released, all at 11:19.
//!
//! ## Why it matters
//!
//! Three things hardly happen in one minute. The time of one of them was copied to the others, most often the time
//! of the alert.
//!
//! ## Bad
//!
//! ```text
//! From 11:19 requests failed. * 11:19 Error logs checked. At 11:19 a change was released.
//! ```
//!
//! ## Good
//!
//! ```text
//! From 11:15 requests failed. * 11:19 Error logs checked. At 11:05 a change was released.
//! ```
//!
//! ## Source
//!
//! A published postmortem in which one minute has three meanings.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::{MilestoneKind as Kind, Moment};
use crate::rule::Rule;
use crate::times;
use std::collections::BTreeMap;

pub(crate) const RULE: Rule = Rule::new("T13", Level::Warning, include_str!("t13.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut by_time: BTreeMap<jiff::civil::DateTime, Vec<(&Moment, Kind)>> = BTreeMap::new();
    for moment in case.facts().moments.iter().filter(|moment| times::counts(case, moment)) {
        let (Some(local), Some(kind)) = (moment.local, kind(moment)) else { continue };
        by_time.entry(local).or_default().push((moment, kind));
    }
    let mut findings = Vec::new();
    for (local, told) in by_time {
        let mut kinds: Vec<Kind> = told.iter().map(|(_, kind)| *kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let blocks: std::collections::BTreeSet<_> = told.iter().map(|(moment, _)| moment.block).collect();
        let ([(first, of), rest @ ..], true) = (told.as_slice(), kinds.len() >= 3 && blocks.len() >= 3) else { continue };
        let clock = local.strftime("%H:%M");
        let names: Vec<&str> = kinds.iter().map(|kind| named(*kind)).collect();
        let message = format!("{clock} is the time of {}.", names.join(", of "));
        let finding = Finding::at(first.span, message).instead("Give each its own time, as the logs show it.");
        let finding = rest.iter().take(8).fold(finding, |finding, (moment, kind)| {
            let what = if kind == of { "the same" } else { named(*kind) };
            finding.with(moment.span, format!("{clock} is {what} here: {}", times::short(&moment.text)))
        });
        findings.push(finding);
    }
    findings
}

/// What the words make of it most plainly.
fn kind(moment: &Moment) -> Option<Kind> {
    if moment.until.is_some() && moment.cues.effect {
        return Some(Kind::Start);
    }
    let best = Kind::ALL.into_iter().max_by_key(|kind| moment.cues.weight(*kind))?;
    (moment.cues.weight(best) >= 2).then_some(best)
}

fn named(kind: Kind) -> &'static str {
    match kind {
        Kind::Trigger => "the change",
        Kind::Start => "the start",
        Kind::Detected => "the detection",
        Kind::Declared => "the declaration",
        Kind::FirstWord => "the first notice",
        Kind::Mitigated => "the repair",
        Kind::Resolved => "the end",
    }
}
