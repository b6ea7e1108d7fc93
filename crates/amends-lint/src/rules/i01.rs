//! # An impact without a number
//!
//! A section about the impact that holds no number at all: not how many users, requests or orders, not which share
//! of them, not how long.
//!
//! ## Why it matters
//!
//! The size decides what the incident deserves, and ‘many users’ is three for one reader and thirty thousand for
//! the next.
//!
//! ## Bad
//!
//! ```text
//! When users logged in, they were not able to see new transactions.
//! ```
//!
//! ## Good
//!
//! ```text
//! From 09:10 to 11:40, 1,240 of 9,800 users who logged in did not see new transactions.
//! ```
//!
//! ## Source
//!
//! Guides to blameless incident reports: ‘X customers were hurt for Y minutes’ is what a report must give at least.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::{Amount, DurationOf};
use crate::read::section::Kinds;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("I01", Level::Error, include_str!("i01.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let blocks = &case.document().blocks;
    let mut findings = Vec::new();
    for embedded in [false, true] {
        let here: Vec<_> = case
            .sentences_about(Kinds::IMPACT | Kinds::STOPPED)
            .filter(|sentence| blocks.get(sentence.block).is_some_and(|block| block.embedded == embedded))
            .collect();
        let Some(first) = here.first() else { continue };
        let known = |amount: &Amount| !matches!(amount, Amount::Woolly);
        let counted = case.facts().quantities.iter().any(|quantity| {
            known(&quantity.amount) && here.iter().any(|sentence| holds(sentence.span(), quantity.span.start))
        });
        // The title or the summary may have said it before.
        let length = case.facts().durations.iter().any(|length| length.of == Some(DurationOf::Outage));
        let title = case.title_span();
        let summed = case.facts().quantities.iter().any(|quantity| {
            known(&quantity.amount)
                && (holds(title, quantity.span.start) || case.kinds_at(quantity.span.start).has(Kinds::SUMMARY))
        });
        if counted || length || (!embedded && summed) || here.iter().any(|sentence| sentence.has_digit()) {
            continue;
        }
        let message = "The impact is told without a number: not how many users, and not for how long.";
        findings.push(Finding::at(first.span(), message).instead("Say how many of how many, and from when to when."));
    }
    findings
}

fn holds(outer: crate::read::span::Span, offset: usize) -> bool {
    outer.contains(offset)
}
