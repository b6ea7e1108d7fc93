//! # Two clocks or two zones in one timeline
//!
//! Rows of one timeline that are written partly on a 12-hour and partly on a 24-hour clock, or partly in one zone
//! and partly in another.
//!
//! ## Why it matters
//!
//! A reader adds and subtracts the rows of a timeline. With two clocks in it, 2:40 may come after 2:23 PM or twelve
//! hours before.
//!
//! ## Bad
//!
//! ```text
//! - 2:23 PM Restored
//! - 14:40 All clear
//! ```
//!
//! ## Good
//!
//! ```text
//! - 14:23 Restored
//! - 14:40 All clear
//! ```
//!
//! ## Source
//!
//! Guides to incident timelines ask for one zone and one clock.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::clock::Style;
use crate::read::facts::Moment;
use crate::rule::Rule;
use crate::times;

pub(crate) const RULE: Rule = Rule::new("T05", Level::Warning, include_str!("t05.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let rows = times::rows(case);
    let mut findings = Vec::new();
    let style = |style: Style| rows.iter().find(|row| row.style == Some(style) && !row.malformed);
    if let (Some(twelve), Some(day)) = (style(Style::Twelve), style(Style::TwentyFour)) {
        let (first, second) = if twelve.span < day.span { (twelve, day) } else { (day, twelve) };
        let message = "The rows of this timeline are on two clocks, one with AM and PM and one without.";
        let finding = Finding::at(second.span, message).with(first.span, "The other clock is used here.");
        findings.push(finding.instead("Write all of them on the 24-hour clock."));
    }
    let zoned: Vec<&&Moment> = rows.iter().filter(|row| row.own_zone).collect();
    let name = |moment: &Moment| moment.zone.as_ref().map(|zone| zone.text.to_ascii_uppercase());
    if let Some(first) = zoned.first()
        && let Some(other) = zoned.iter().find(|row| name(row) != name(first) && !same_place(first, row))
        && let (Some(a), Some(b)) = (name(first), name(other))
    {
        let message = format!("The rows of this timeline are in two zones, {a} and {b}.");
        let finding = Finding::at(other.span, message).with(first.span, format!("{a} is used here."));
        findings.push(finding.instead("Give all rows in one zone and name it in the heading."));
    }
    findings
}

/// True for two names of the same place's time, such as UTC and Z, or PST and PDT over the change of the clocks.
fn same_place(a: &Moment, b: &Moment) -> bool {
    let (Some(a), Some(b)) = (&a.zone, &b.zone) else { return true };
    match (a.region, b.region) {
        (Some(a), Some(b)) => a == b,
        (None, None) => a.said_minutes == b.said_minutes,
        _ => false,
    }
}
