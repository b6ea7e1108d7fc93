//! # The stated length is not the time between start and end
//!
//! A length of the outage, of the repair or of the time until detection that fits no pair of the text's own
//! milestones, or two such lengths that differ. Round numbers and ‘about’ are given room.
//!
//! ## Why it matters
//!
//! A length is what readers remember and what credits are paid for. It must not be typed by guess when the times
//! beside it say another.
//!
//! ## Bad
//!
//! ```text
//! The outage lasted 2 hours. … 11:15 Outage begins … 14:23 Resolved
//! ```
//!
//! ## Good
//!
//! ```text
//! The outage lasted 3 h 8 min (11:15 to 14:23).
//! ```
//!
//! ## Source
//!
//! A common complaint: lengths are copied from an earlier report or from a draft.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::{Duration, DurationOf, Milestone, MilestoneKind as Kind};
use crate::rule::Rule;
use crate::times;

pub(crate) const RULE: Rule = Rule::new("T10", Level::Error, include_str!("t10.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut told: Vec<&Duration> = Vec::new();
    for duration in &case.facts().durations {
        let Some(of) = duration.of else { continue };
        let stated = minutes(duration.seconds);
        let twin = told.iter().find(|earlier| earlier.of == Some(of) && of == DurationOf::Outage);
        if let Some(earlier) = twin
            && !fits(duration, minutes(earlier.seconds), of)
            && !fits(earlier, stated, of)
        {
            let message = format!("The outage takes {} here and {} elsewhere.", duration.text, earlier.text);
            findings.push(
                Finding::at(duration.span, message)
                    .with(earlier.span, format!("It takes {} here.", earlier.text))
                    .instead("Give one length, from the times of the timeline."),
            );
        }
        told.push(duration);
        if let Some(finding) = against_times(case, duration, of, stated) {
            findings.push(finding);
        }
    }
    findings
}

fn against_times(case: &Case<'_>, duration: &Duration, of: DurationOf, stated: i64) -> Option<Finding> {
    let (starts, ends): (&[Kind], &[Kind]) = match of {
        DurationOf::Detection => (&[Kind::Start, Kind::Trigger], &[Kind::Detected, Kind::Declared]),
        DurationOf::Repair => {
            (&[Kind::Start, Kind::Detected, Kind::Declared, Kind::Trigger], &[Kind::Mitigated, Kind::Resolved])
        }
        DurationOf::Outage | DurationOf::Resolution => {
            (&[Kind::Start, Kind::Detected, Kind::Declared, Kind::Trigger], &[Kind::Resolved, Kind::Mitigated])
        }
    };
    // A repair that has its own time is measured to that.
    let ends = if of == DurationOf::Repair && labelled(case, Kind::Mitigated) { &ends[..1] } else { ends };
    let mut nearest: Option<(i64, &Milestone, &Milestone)> = None;
    for start in starts.iter().filter_map(|kind| case.milestone(*kind)) {
        for end in ends.iter().filter_map(|kind| case.milestone(*kind)) {
            let apart = match (start.at, end.at) {
                (Some(start), Some(end)) => times::minutes(end.duration_since(start)),
                _ => times::minutes(end.local?.duration_since(start.local?)),
            };
            if apart <= 0 {
                continue;
            }
            if fits(duration, apart, of) {
                return None;
            }
            if nearest.is_none_or(|(other, ..)| (apart - stated).abs() < (other - stated).abs()) {
                nearest = Some((apart, start, end));
            }
        }
    }
    // A length that any two times of the text are apart is told of something else.
    let (apart, start, end) = nearest?;
    if of == DurationOf::Outage && between_claims(case, duration) {
        return None;
    }
    let clock = |milestone: &Milestone| milestone.local.map(|local| local.strftime("%H:%M").to_string()).unwrap_or_default();
    let message = format!(
        "{} is stated, and from {} to {} it is {}.",
        duration.text,
        clock(start),
        clock(end),
        times::length(apart)
    );
    let named = |milestone: &Milestone| format!("{}: {}", clock(milestone), times::short(&milestone.text));
    Some(
        Finding::at(duration.span, message)
            .with(start.span, named(start))
            .with(end.span, named(end))
            .instead("Correct the length or the times; better still, give the times and leave the length to them."),
    )
}

fn labelled(case: &Case<'_>, kind: Kind) -> bool {
    use crate::read::facts::Origin;
    case.milestone(kind)
        .and_then(|milestone| case.facts().moments.get(milestone.moment))
        .is_some_and(|moment| matches!(moment.origin, Origin::Label | Origin::FrontMatter))
}

/// True if a start and an end that are told anywhere are as far apart as the length says.
fn between_claims(case: &Case<'_>, duration: &Duration) -> bool {
    let starts = times::claims(case, Kind::Start);
    let ends = times::claims(case, Kind::Resolved);
    starts.iter().take(20).any(|start| {
        ends.iter().take(20).any(|end| {
            let apart = times::minutes(end.local.duration_since(start.local));
            apart > 0 && fits(duration, apart, DurationOf::Outage)
        })
    })
}

/// True if the length may stand for `actual` minutes: exact ones within a minute or 2 %, round ones within half of
/// what they are rounded to, approximate ones within 15 %.
fn fits(duration: &Duration, actual: i64, of: DurationOf) -> bool {
    let stated = minutes(duration.seconds);
    let labelled = !matches!(of, DurationOf::Outage | DurationOf::Detection) || duration.text.contains(char::is_whitespace) && stated % 30 != 0;
    let rounding = match stated {
        _ if labelled && !duration.approximate && stated % 5 != 0 => 0,
        stated if stated >= 1440 && stated % 1440 == 0 => 720,
        stated if stated >= 120 && stated % 60 == 0 => 30,
        stated if stated >= 60 && stated % 30 == 0 => 15,
        stated if stated % 5 == 0 => 5,
        _ => 0,
    };
    let share = if duration.approximate { stated * 15 / 100 } else { stated * 2 / 100 };
    (stated - actual).abs() <= rounding.max(share).max(1)
}

#[expect(clippy::cast_possible_truncation, reason = "lengths of incidents are far below the limit; larger ones saturate")]
fn minutes(seconds: f64) -> i64 {
    (seconds / 60.0).round() as i64
}
