//! # A zone name that did not hold on that day
//!
//! An abbreviation that says winter time on a day in summer, or the other way round: EST on a day in April, when
//! Eastern clocks were on EDT. The zone data of the program's tz database decides.
//!
//! ## Why it matters
//!
//! It is one hour off for everybody who takes it at its word, and it looks as if the times were not checked.
//!
//! ## Bad
//!
//! ```text
//! On April 21 emails were rejected at 3PM EST.
//! ```
//!
//! ## Good
//!
//! ```text
//! On April 21 emails were rejected at 3PM EDT (19:00Z).
//! ```
//!
//! ## Source
//!
//! MoraleApp's letter of 2016 writes EST for a day in April.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::Moment;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("T04", Level::Error, include_str!("t04.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let wrong = |moment: &&Moment| {
        let written = moment.own_zone && moment.has_time;
        written && wrong_offset(moment).is_some()
    };
    let places: Vec<&Moment> = case.facts().moments.iter().filter(wrong).collect();
    let Some(first) = places.first() else { return Vec::new() };
    let (Some(zone), Some(held), Some(local)) = (&first.zone, wrong_offset(first), first.local) else { return Vec::new() };
    let day = local.date();
    let right = swapped(&zone.text).unwrap_or("the offset");
    let offset = super::t03::offset(held);
    let message = format!("On {day} clocks there were on {right} ({offset}), not on {}.", zone.text);
    let finding = Finding::at(first.span, message);
    let finding = places.iter().skip(1).take(20).fold(finding, |finding, moment| {
        finding.with(moment.span, "The same here.")
    });
    vec![finding.instead(format!("Write {right}, or the time in UTC."))]
}

/// The offset that held, if the words say another. Zones named in words are used loosely all year.
fn wrong_offset(moment: &Moment) -> Option<i32> {
    let zone = moment.zone.as_ref()?;
    swapped(&zone.text)?;
    // Queensland and Arizona keep their winter time all year.
    if ["AEST", "MST"].iter().any(|name| zone.text.eq_ignore_ascii_case(name)) {
        return None;
    }
    zone.off_season(moment.local?)
}

/// The name for the other half of the year.
fn swapped(name: &str) -> Option<&'static str> {
    const PAIRS: [(&str, &str); 11] = [
        ("EST", "EDT"), ("CST", "CDT"), ("MST", "MDT"), ("PST", "PDT"), ("AKST", "AKDT"), ("AST", "ADT"),
        ("CET", "CEST"), ("EET", "EEST"), ("WET", "WEST"), ("AEST", "AEDT"), ("NZST", "NZDT"),
    ];
    let name = name.to_ascii_uppercase();
    PAIRS.iter().find_map(|(winter, summer)| {
        if name == *winter { Some(*summer) } else { (name == *summer).then_some(*winter) }
    })
}
