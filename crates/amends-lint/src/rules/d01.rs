//! # Who found it is not told
//!
//! A text in which no sentence or row says how the fault was found: no alert, no monitor, no report, nobody who
//! noticed.
//!
//! ## Why it matters
//!
//! Whether an alert or a customer found it decides which action is worth most.
//!
//! ## Bad
//!
//! ```text
//! * 11:19 Error logs checked by the DevOps team
//! ```
//!
//! ## Good
//!
//! ```text
//! * 11:19 Alert api-5xx pages the on-call engineer, who checks the error logs
//! ```
//!
//! ## Source
//!
//! Templates of postmortems have a field for it; a published one leaves it out.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::MilestoneKind;
use crate::read::section::Kinds;
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("D01", Level::Warning, include_str!("d01.rs"), check);

const FINDERS: Group = Group::of("finders");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let timed = case.facts().milestones.len() >= 2;
    if !case.is_postmortem() || !timed {
        return Vec::new();
    }
    let story = Kinds::TIMELINE | Kinds::DETECTION | Kinds::SUMMARY | Kinds::IMPACT | Kinds::STOPPED | Kinds::CAUSE | Kinds::FIX;
    let sectioned = case.sentences_about(story).next().is_some();
    let aside = Kinds::ACTIONS | Kinds::APPENDIX | Kinds::PEOPLE;
    let mut told = case.sentences().filter(|sentence| {
        let kinds = sentence.kinds();
        if sectioned { kinds.has(story | Kinds::LESSONS) } else { !kinds.has(aside) }
    });
    if told.any(|sentence| sentence.has(FINDERS)) {
        return Vec::new();
    }
    let detected = case.milestone(MilestoneKind::Detected);
    let place = detected.map(|detected| detected.span).or_else(|| case.heading_of(Kinds::TIMELINE));
    let message = "Nothing says how it was found or by whom.";
    vec![Finding::at(place.unwrap_or_else(|| case.title_span()), message).instead("Name the alert, the person on call or the customer, and the time.")]
}
