//! # A title that fits every incident
//!
//! A title made only of words such as postmortem, incident, report, outage, summary, and of dates and numbers.
//!
//! ## Why it matters
//!
//! In a list of fifty, nobody finds it again, and nobody who was hurt recognises it.
//!
//! ## Bad
//!
//! ```text
//! # Postmortem
//! ```
//!
//! ## Good
//!
//! ```text
//! # Users unable to see latest transactions
//! ```
//!
//! ## Source
//!
//! A published postmortem that is called ‘Postmortem’.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("H01", Level::Error, include_str!("h01.rs"), check);

const GENERIC: Group = Group::of("generic-titles");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let Some(title) = &case.facts().title else { return Vec::new() };
    let words = crate::prose::split(&title.value.to_ascii_lowercase());
    let dated = |word: &String| word.bytes().any(|byte| byte.is_ascii_digit());
    let empty = |word: &String| dated(word) || GENERIC.has(word);
    if words.is_empty() || !words.iter().all(empty) {
        return Vec::new();
    }
    let message = format!("‘{}’ could be the title of any incident.", title.value);
    vec![Finding::at(title.span, message).instead("Say what users could not do: ‘Users unable to see latest transactions’.")]
}
