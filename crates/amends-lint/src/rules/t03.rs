//! # A zone name that means several zones
//!
//! An abbreviation that stands for different offsets in different countries (IST, BST, CST, AST …) without an
//! offset or a name in words that settles it. It is a hint where the text spells the zone out somewhere.
//!
//! ## Why it matters
//!
//! IST is India, Israel and Ireland: eight hours of difference. A reader who takes the wrong one looks at the wrong
//! logs.
//!
//! ## Bad
//!
//! ```text
//! The outage began at 11:19 IST.
//! ```
//!
//! ## Good
//!
//! ```text
//! The outage began at 11:19 UTC+05:30 (05:49Z).
//! ```
//!
//! ## Source
//!
//! The tz database keeps the list of abbreviations that are used twice.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("T03", Level::Warning, include_str!("t03.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    // The names of North America's winter times are understood where their summer times are used.
    let clear = |name: &str| matches!(name.to_ascii_uppercase().as_str(), "EST" | "PST" | "MST");
    let ambiguous = |zone: &crate::read::zone::Zone| zone.ambiguous && !clear(&zone.text);
    let moments = case.facts().moments.iter().filter(|moment| moment.own_zone && moment.zone.as_ref().is_some_and(ambiguous));
    let places: Vec<_> = moments.map(|moment| (moment.span, moment.zone.as_ref())).collect();
    let stated = case.facts().time_zone.as_ref();
    let heading = stated.filter(|said| ambiguous(&said.value)).map(|said| (said.span, Some(&said.value)));
    let Some((span, Some(zone))) = heading.or(places.first().copied()) else { return Vec::new() };
    let name = zone.text.as_str();
    let offset = zone.said_minutes.map_or_else(String::new, offset);
    let message = format!("{name} is the name of several time zones.");
    let finding = Finding::at(span, message);
    // The zone in words, such as ‘Indian Standard Time’, settles it.
    let spelled = stated.filter(|said| !said.value.ambiguous && said.value.said_minutes == zone.said_minutes);
    let finding = match spelled {
        Some(said) => finding.with(said.span, format!("‘{}’ is told here.", said.value.text)).at_most(Level::Hint),
        None => finding,
    };
    vec![finding.instead(format!("Write the offset, if you mean {offset}: ‘{offset}’ instead of ‘{name}’."))]
}

pub(super) fn offset(minutes: i32) -> String {
    let (sign, minutes) = if minutes < 0 { ('-', -minutes) } else { ('+', minutes) };
    format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}
