//! # A branch of the analysis is missing
//!
//! From tier 2 on: the causes do not say why it was not caught before users were hurt, why it was not seen sooner,
//! or why it took so long.
//!
//! ## Why it matters
//!
//! These three branches are where most of the cheap improvements are.
//!
//! ## Bad
//!
//! ```text
//! Only why it broke
//! ```
//!
//! ## Good
//!
//! ```text
//! Why it broke, why tests did not catch it, why the alert was silent, why the repair took two hours
//! ```
//!
//! ## Source
//!
//! The five questions; the funnel of ‘Post mortems’ (2021).

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::section::Kinds;
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("C06", Level::Warning, include_str!("c06.rs"), check).applies_from(2);

const CAUGHT: Group = Group::of("why-not-caught");
const SEEN: Group = Group::of("why-not-seen");
const LONG: Group = Group::of("why-so-long");

fn check(case: &Case<'_>) -> Vec<Finding> {
    if !case.is_postmortem() {
        return Vec::new();
    }
    let told = Kinds::CAUSE | Kinds::LESSONS | Kinds::DETECTION | Kinds::FIX;
    let says = |list: Group| case.sentences_about(told).any(|sentence| sentence.has(list));
    let missing: Vec<&str> = [
        (says(CAUGHT), "why it was not caught before users were hurt"),
        (says(SEEN), "why it was not seen sooner"),
        (says(LONG), "why it took so long"),
    ]
    .into_iter()
    .filter_map(|(said, what)| (!said).then_some(what))
    .collect();
    if missing.is_empty() {
        return Vec::new();
    }
    let place = case.heading_of(Kinds::CAUSE).unwrap_or_else(|| case.title_span());
    let message = format!("The causes do not say {}.", missing.join(", or "));
    vec![Finding::at(place, message).instead("Add a branch for each, or say that there is nothing to it.")]
}
