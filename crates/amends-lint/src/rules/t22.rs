//! # Weekday and date do not agree
//!
//! A day of the week beside a full date that is another day: ‘Tuesday, 14 May 2025’ was a Wednesday.
//!
//! ## Why it matters
//!
//! One of the two is wrong, and the reader cannot tell which. Whoever looks for the logs looks at the wrong day.
//!
//! ## Bad
//!
//! ```text
//! On Tuesday, 14 May 2025, mail was late.
//! ```
//!
//! ## Good
//!
//! ```text
//! On Wednesday, 14 May 2025, mail was late.
//! ```
//!
//! ## Source
//!
//! The calendar.

use jiff::civil::{Date, Weekday};

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::{Moment, Origin};
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("T22", Level::Error, include_str!("t22.rs"), check);

const DAYS: [(&str, Weekday); 7] = [
    ("Monday", Weekday::Monday),
    ("Tuesday", Weekday::Tuesday),
    ("Wednesday", Weekday::Wednesday),
    ("Thursday", Weekday::Thursday),
    ("Friday", Weekday::Friday),
    ("Saturday", Weekday::Saturday),
    ("Sunday", Weekday::Sunday),
];

/// Longest way of writing a date with its day, in bytes.
const LONGEST: usize = 48;
/// Most times that are asked for the year.
const MOST: usize = 40;

fn check(case: &Case<'_>) -> Vec<Finding> {
    case.facts().moments.iter().filter_map(|moment| judge(case, moment)).take(5).collect()
}

fn judge(case: &Case<'_>, moment: &Moment) -> Option<Finding> {
    if moment.origin == Origin::FrontMatter {
        return None;
    }
    let written = case.document().slice(moment.span);
    let written = written.get(..LONGEST).unwrap_or(written);
    let date = moment.local?.date();
    // A year that is only inferred may be the wrong one, unless the same day is written in full elsewhere.
    let year = tells_year(written, date) || same_day_in_full(case, date);
    let mut named = written.split(|c: char| !c.is_alphabetic()).filter_map(day);
    let (Some(said), None, true) = (named.next(), named.next(), year) else { return None };
    let right = DAYS.iter().find(|(_, day)| *day == date.weekday())?.0;
    if said == date.weekday() {
        return None;
    }
    let wrong = DAYS.iter().find(|(_, day)| *day == said)?.0;
    let message = format!("{} was a {right}, not a {wrong}.", date.strftime("%-d %B %Y"));
    Some(Finding::at(moment.span, message).instead("Correct the day or the date; the logs tell which."))
}

fn tells_year(written: &str, date: Date) -> bool {
    written.split(|c: char| !c.is_ascii_digit()).any(|digits| digits == date.year().to_string())
}

/// True if one of the first times of the text is of this day, with its year.
fn same_day_in_full(case: &Case<'_>, date: Date) -> bool {
    case.facts().moments.iter().take(MOST).any(|moment| {
        moment.local.is_some_and(|local| local.date() == date)
            && tells_year(case.document().slice(moment.span).get(..10).unwrap_or_default(), date)
    })
}

/// "Wednesday", "Wed": the day that a word names.
fn day(word: &str) -> Option<Weekday> {
    let lower = word.to_lowercase();
    DAYS.iter().find_map(|(name, day)| {
        let name = name.to_lowercase();
        let short = (3..=5).contains(&lower.len()) && name.starts_with(&lower);
        (lower == name || short).then_some(*day)
    })
}
