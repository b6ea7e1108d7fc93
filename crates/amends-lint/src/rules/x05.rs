//! # An open action would have helped
//!
//! An action of an earlier incident that is still open, that speaks of the same things as the causes here, and
//! whose incident the text does not mention.
//!
//! ## Why it matters
//!
//! That it was known before belongs into the text: it is the difference between a surprise and a promise that was
//! not kept.
//!
//! ## Bad
//!
//! ```text
//! (record: INC-12, open: alert on blocked database ports) a text about a blocked database port without INC-12
//! ```
//!
//! ## Good
//!
//! ```text
//! INC-12 had promised an alert on blocked database ports; it was still open.
//! ```
//!
//! ## Source
//!
//! A common complaint about promises that nobody remembered.

use crate::case::Case;
use crate::events;
use crate::finding::{Finding, Level};
use crate::rule::Rule;
use std::collections::BTreeSet;

pub(crate) const RULE: Rule = Rule::new("X05", Level::Error, include_str!("x05.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let Some(record) = case.record else { return Vec::new() };
    let source = case.document().source;
    let mut findings = Vec::new();
    for (from, action) in record.open_actions.iter().filter(|(from, _)| !source.contains(from.as_str())) {
        let promised = content(action);
        let cause = case.facts().causes.iter().take(100).find(|cause| {
            let (share, shared) = events::overlap(&promised, &content(&cause.value));
            share >= 0.5 && shared >= 3
        });
        if let Some(cause) = cause {
            let message = format!("{from} promised ‘{action}’, which is still open.");
            findings.push(Finding::at(cause.span, message).instead(format!("Say that it was known before, and name {from}.")));
        }
    }
    findings
}

fn content(text: &str) -> BTreeSet<String> {
    let words = crate::prose::split(&text.to_ascii_lowercase());
    events::content(&words.iter().map(String::as_str).collect::<Vec<_>>())
}
