//! # The text and the record disagree
//!
//! A milestone whose time in the text is not the one on the incident's record, or a number of something that the
//! record counts differently. Needs the record: inside Amends, or a file given with the text.
//!
//! ## Why it matters
//!
//! The text is read for years, and the record is what was measured. A number that exists twice is wrong once.
//!
//! ## Bad
//!
//! ```text
//! 510 emails were not sent. (record: 500 emails)
//! ```
//!
//! ## Good
//!
//! ```text
//! 500 emails were not sent.
//! ```
//!
//! ## Source
//!
//! A common complaint: the public letter and the internal report give different numbers.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::Amount;
use crate::rule::Rule;
use crate::times;

pub(crate) const RULE: Rule = Rule::new("X01", Level::Error, include_str!("x01.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let Some(record) = case.record else { return Vec::new() };
    let mut findings = Vec::new();
    for milestone in &case.facts().milestones {
        let (Some(told), Some(known)) = (milestone.at, record.milestone(milestone.kind)) else { continue };
        let about = case.facts().moments.get(milestone.moment).is_some_and(|moment| moment.approximate);
        let apart = times::minutes(told.duration_since(known)).abs();
        if apart > if about { 15 } else { 1 } {
            let kind = milestone.kind.as_str().replace('_', " ");
            let message = format!("The record has {known} for ‘{kind}’, {} away from what is told here.", times::length(apart));
            findings.push(Finding::at(milestone.span, message).instead("Correct the text, or the record if that is wrong."));
        }
    }
    for quantity in &case.facts().quantities {
        let Amount::Count(told) = quantity.amount else { continue };
        let noun = quantity.noun.to_lowercase();
        let counted = record.quantities.iter().find(|(_, of)| {
            let of = of.to_lowercase();
            noun.split_whitespace().any(|word| word.trim_end_matches('s') == of.trim_end_matches('s'))
        });
        let Some((known, of)) = counted else { continue };
        let room = if quantity.approximate { 0.1 * known.abs() } else { 0.0 };
        if (told - known).abs() > room {
            let message = format!("The record counts {known} {of}, and this is ‘{}’.", quantity.text);
            findings.push(Finding::at(quantity.span, message).instead("Correct the text, or the record if that is wrong."));
        }
    }
    findings
}
