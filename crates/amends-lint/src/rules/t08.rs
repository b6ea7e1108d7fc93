//! # The stated start is not the timeline's start
//!
//! A sentence, label, title or front matter that says when it began, when the timeline has another time for the
//! beginning; so is a notice that was backdated, and a title or first sentence about a day on which no row of the timeline is. Words
//! such as ‘about’ allow a quarter of an hour.
//!
//! ## Why it matters
//!
//! The start decides the length, the detection gap and what was the cause. Two starts mean that one of them was
//! taken from something else, often from the alert.
//!
//! ## Bad
//!
//! ```text
//! From 11:19 to 14:25 requests failed. … * 11:15 Outage begins
//! ```
//!
//! ## Good
//!
//! ```text
//! From 11:15 to 14:23 requests failed. … * 11:15 Outage begins
//! ```
//!
//! ## Source
//!
//! Google's report on its API outage of 2013 and a reworked copy of it, in which summary and timeline disagree.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::{Dated, MilestoneKind, Moment, Origin};
use crate::rule::Rule;
use crate::times::{self, Mismatch};

pub(crate) const RULE: Rule = Rule::new("T08", Level::Error, include_str!("t08.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        times::mismatches(case, &[MilestoneKind::Start]).into_iter().map(finding).collect();
    if findings.is_empty() {
        findings.extend(other_day(case));
    }
    findings
}

/// The title, or the first sentence with a date, is about a day on which no row of the timeline is.
fn other_day(case: &Case<'_>) -> Option<Finding> {
    let rows: Vec<&Moment> = times::rows(case).into_iter().filter(|row| row.dated == Dated::Written || row.dated == Dated::Carried).collect();
    let (first, last) = (rows.first()?, rows.last()?);
    let written = |moment: &Moment| case.document().slice(moment.span).chars().filter(|c| c.is_ascii_digit()).count() > 4;
    if first.dated != Dated::Written || !written(first) {
        return None;
    }
    let dated = |moment: &&Moment| moment.local.is_some() && !matches!(moment.origin, Origin::FrontMatter);
    let claim = case.facts().moments.iter().find(dated).filter(|claim| {
        let told = claim.origin == Origin::Title || (claim.origin == Origin::Prose && claim.cues.effect);
        told && !claim.has_time && claim.dated == Dated::Written && claim.span.start < first.span.start && with_year(case, claim)
    })?;
    let (day, began, over) = (claim.local?.date(), first.local?, last.local?);
    let on = |row: &Moment| row.local.is_some_and(|local| local.date() == day);
    if rows.iter().any(|row| on(row)) || !with_year(case, first) {
        return None;
    }
    // Just over midnight, and in another zone, a day may be the next one.
    let night = (day.tomorrow().ok() == Some(began.date()) && began.hour() < MORNING)
        || (day.yesterday().ok() == Some(over.date()) && over.hour() >= EVENING);
    if night || (began.date() < day && day < over.date()) {
        return None;
    }
    let message = format!("It is about {day}, and the timeline begins on {}.", began.date());
    Some(
        Finding::at(claim.span, message)
            .with(first.span, format!("The timeline begins on {} here.", began.date()))
            .instead("Correct the day that was copied or mistyped."),
    )
}

fn with_year(case: &Case<'_>, moment: &Moment) -> bool {
    let Some(local) = moment.local else { return false };
    let year = local.year().to_string();
    case.document().slice(moment.span).split(|c: char| !c.is_ascii_digit()).any(|digits| digits == year)
}

/// Rows before this hour may belong to the day before.
const MORNING: i8 = 8;
/// Rows from this hour on may belong to the day after.
const EVENING: i8 = 16;

fn finding(mismatch: Mismatch<'_>) -> Finding {
    let Mismatch { stated, other, minutes } = mismatch;
    let (here, there) = (times::told(stated.local, other.local), times::told(other.local, stated.local));
    let message = format!("It starts at {here} here and at {there} elsewhere, {} apart.", times::length(minutes));
    Finding::at(stated.moment.span, message)
        .with(other.moment.span, format!("It starts at {there} here: {}", times::short(&other.moment.text)))
        .instead("Keep the time at which users were first hurt and use it in both places.")
}
