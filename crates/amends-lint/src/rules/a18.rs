//! # The fix opens a risk again
//!
//! A protection was reverted, disabled or bypassed to restore service, and no action or accepted risk speaks of
//! bringing it back.
//!
//! ## Why it matters
//!
//! The incident is closed, and what the protection was for is unprotected from then on.
//!
//! ## Bad
//!
//! ```text
//! Fix: the firewall change that blocked port 1433 was reverted.
//! ```
//!
//! ## Good
//!
//! ```text
//! Fix: the firewall change that blocked port 1433 was reverted. Port 1433 is open again until the static addresses are in place on 1 June.
//! ```
//!
//! ## Source
//!
//! The five-questions example report.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::Action;
use crate::read::section::Kinds;
use crate::rule::Rule;
use crate::topic;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("A18", Level::Warning, include_str!("a18.rs"), check);

const UNDONE: Group = Group::of("undone");
const PROTECTIONS: Group = Group::of("protections");
const ACCEPTED: Group = Group::of("accepted");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let fixes = case.sentences_about(Kinds::FIX).filter(|sentence| !sentence.kinds().has(Kinds::ACTIONS));
    let undone = fixes.filter(|sentence| sentence.has(UNDONE) && sentence.has(PROTECTIONS) && !sentence.has(ACCEPTED));
    undone
        .filter_map(|sentence| {
            let what = topic::stems(sentence.text());
            let again = |action: &Action| topic::covered(&what, &topic::stems(&action.text)) >= 0.6;
            if case.facts().actions.iter().any(again) {
                return None;
            }
            let message = "A protection was taken back, and nothing says what becomes of the risk.";
            Some(Finding::at(sentence.span(), message).instead("Add the action that brings it back with its date, or say who accepts the risk."))
        })
        .take(1)
        .collect()
}
