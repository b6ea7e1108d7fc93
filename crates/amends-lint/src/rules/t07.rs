//! # A time that is written unusually
//!
//! A time that people can read and that a strict reader would stumble over: a blank inside, AM or PM in mixed case,
//! a 24-hour time with PM, a full stop between hours and minutes with PM.
//!
//! ## Why it matters
//!
//! Such times are where slips hide: ‘20:56 PM’ was once 8:56 PM, or 10:56 PM. Programs that sort a timeline lose
//! them.
//!
//! ## Bad
//!
//! ```text
//! * 1: 55 PM Server restart begins
//! ```
//!
//! ## Good
//!
//! ```text
//! * 1:55 PM Server restart begins
//! ```
//!
//! ## Source
//!
//! Found in published postmortems.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::clock::Style;
use crate::read::facts::Moment;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("T07", Level::Hint, include_str!("t07.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let odd = case.facts().moments.iter().filter(|moment| {
        let written = || case.document().slice(moment.span).as_bytes();
        let mixed = |pair: &[u8]| matches!(pair, b"Am" | b"aM" | b"Pm" | b"pM");
        moment.malformed || moment.style == Some(Style::Twelve) && written().windows(2).any(mixed)
    });
    odd.filter_map(|moment| finding(case, moment)).collect()
}

fn finding(case: &Case<'_>, moment: &Moment) -> Option<Finding> {
    let written = case.document().slice(moment.span);
    let tidy = tidied(written);
    let time = moment.local?.time().strftime("%H:%M").to_string();
    let finding = Finding::at(moment.span, format!("‘{written}’ is read as {time}."));
    Some(match tidy {
        Some(tidy) => finding.instead(format!("Write ‘{tidy}’.")).replace(format!("Write ‘{tidy}’"), tidy),
        None => finding.instead(format!("Write {time}, if that is meant.")),
    })
}

/// The same time without blanks after the colon and with AM and PM in capitals; none if it would still be odd.
fn tidied(written: &str) -> Option<String> {
    let mut tidy = String::with_capacity(written.len());
    let mut chars = written.char_indices().peekable();
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    while let Some((at, c)) = chars.next() {
        let before = tidy.chars().next_back();
        let rest = written[at + c.len_utf8()..].trim_start_matches(' ');
        if c == ' ' && (before == Some(':') && digit(rest.chars().next()) || digit(before) && rest.starts_with(':')) {
            continue;
        }
        let word_begins = !before.is_some_and(char::is_alphabetic);
        let two = written.get(at..at + 2).filter(|two| matches!(*two, "Am" | "aM" | "Pm" | "pM"));
        if let Some(two) = two.filter(|_| word_begins && !written[at + 2..].starts_with(char::is_alphanumeric)) {
            tidy.push_str(&two.to_ascii_uppercase());
            chars.next();
            continue;
        }
        tidy.push(c);
    }
    let still_odd = crate::read::clock::mentions(&tidy).first().and_then(|mention| mention.time).is_none_or(|time| time.malformed);
    (tidy != written && !still_odd).then_some(tidy)
}
